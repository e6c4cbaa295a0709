"""Runs the unit and command tests on the newest Python of this machine beside the default one.

Looks on PATH and where pyenv keeps its versions. The packages go into `build/pythonX.Y`. Where
there is no newer Python, it says so and ends well.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
NEWEST_MINOR = 14
TESTS = ("tests/unit", "tests/cli")


def main() -> int:
    found = {version: path for path in candidates() if (version := version_of(path))}
    newer = [version for version in found if sys.version_info[:2] < version]
    if not newer:
        print(f"there is no Python newer than {name(sys.version_info[:2])} on this machine")
        return 0
    newest = max(newer)
    print(f"running {' and '.join(TESTS)} on Python {name(newest)} ...", flush=True)
    python = installed(found[newest], ROOT / "build" / f"python{name(newest)}")
    run = [python, "-m", "pytest", "-q", "-n", str(2 * (os.cpu_count() or 1)), *TESTS]
    return subprocess.run([*run, *sys.argv[1:]], cwd=ROOT, check=False).returncode


def candidates() -> Iterator[Path]:
    """Where an interpreter that cfsync supports may be."""
    names = [f"python3.{minor}" for minor in range(11, NEWEST_MINOR + 1)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for folder in [*map(Path, os.get_exec_path()), *pyenv.glob("versions/*/bin")]:
        yield from (folder / name for name in names if (folder / name).is_file())


def version_of(python: Path) -> tuple[int, int] | None:
    """Major and minor version, or None if it doesn't run or can't make a venv."""
    program = "import ensurepip, sys, venv; print(*sys.version_info[:2])"
    run = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False)
    if run.returncode:
        return None
    major, minor = map(int, run.stdout.split())
    return major, minor


def name(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def installed(python: Path, folder: Path) -> Path:
    """The interpreter of a venv that has cfsync and its tests' packages."""
    subprocess.run([python, "-m", "venv", folder], check=True)
    mine = folder / "bin" / "python"
    pip = [mine, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    pins = ["--require-hashes", "--requirement", "deploy/requirements.txt"]
    subprocess.run([*pip, *pins], cwd=ROOT, check=True)
    wanted = ["--editable", ".[postgres]", "--group", "dev"]
    pinned = ROOT / ".venv" / "pins.txt"
    subprocess.run([*pip, "--constraint", pinned, *wanted], cwd=ROOT, check=True)
    return mine


if __name__ == "__main__":
    sys.exit(main())
