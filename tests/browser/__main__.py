"""Installs a browser if there is none (Debian, as root), fetches axe-core, and runs the tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser import axe

PACKAGES = ("chromium", "chromium-driver")


def install() -> None:
    """Install a browser if there is none."""
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        print(f"installing {' and '.join(PACKAGES)} ...", flush=True)
        quiet = {"check": True, "stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", *PACKAGES], **quiet)


def main() -> int:
    install()
    axe.download()
    return pytest.main(["-q", "--in-browser", str(Path(__file__).parent), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
