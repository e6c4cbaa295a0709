"""What `make dist` finds wrong before anybody gets it."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

import pytest

from tests.dist import ROOT, installed, module, try_out


@pytest.mark.slow
def test_a_wheel_without_its_migrations_is_refused(tmp_path: Path) -> None:
    module("build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    environment = installed(wheel, tmp_path / "environment", "--no-index")
    (packages,) = environment.glob("lib/*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    try_out(environment)

    shutil.rmtree(packages / "cfsync" / "migrations")
    (environment / "new.db").unlink()
    with pytest.raises(SystemExit, match="migrate"):
        try_out(environment)
