"""A file system in memory of a server's own, which can be full. Only root can mount one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SIZE = "1g"


def mount(folder: Path) -> None:
    """Mount one where that is allowed."""
    if os.geteuid() == 0:
        _run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder))


def unmount(folder: Path) -> None:
    if is_at(folder):
        _run("umount", str(folder))


def is_at(folder: Path) -> bool:
    return os.path.ismount(folder)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """It has no room but for what is in it."""
    tries = (_resize(folder, str(_used(folder))) for _ in range(1_000))
    assert any(tries), "it grows all the time"
    try:
        yield
    finally:
        assert _resize(folder, SIZE)


def _used(folder: Path) -> int:
    found = os.statvfs(folder)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def _resize(folder: Path, size: str) -> bool:
    return _run("mount", "-o", f"remount,size={size}", str(folder))


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
