"""A new resource needs an entry in the catalogue, a migration and seeds, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

CODE = """
import sys
import tests.meta.toy_catalogue  # before all that reads the catalogue
from tests.meta.toy_passes import main
main(*sys.argv[1:])
"""


@pytest.mark.timeout(300)
def test_a_resource_that_is_only_an_entry_goes_through_all_passes(
    mirror_url: str, request: Any
) -> None:
    owner = mirror_url.replace("cfsync_daemon", "cfsync_owner")

    done = subprocess.run(
        [sys.executable, "-c", CODE, owner, mirror_url],
        cwd=request.config.rootpath,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
