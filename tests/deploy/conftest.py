"""Shared parts: the files of deploy/, and tools that a machine may lack."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def tool() -> Callable[[str], str]:
    """`tool("hadolint")`: the command's path. Skips without it; `make deploy-test` must have it."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None:
            missing = f"{name} is not installed; make deploy-test brings it"
            (pytest.fail if "DEPLOY_TEST" in os.environ else pytest.skip)(missing)
        assert path is not None
        return path

    return find
