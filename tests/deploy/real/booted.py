"""A booted systemd: its own processes and files (an overlay that is forgotten), our network."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from tests.deploy.conftest import DEPLOY
from tests.deploy.operating import commands

UNITS = ("cfsync.service", "cfsync@.service", "cfsync-sync.service", "cfsync-sync.timer")
SOURCE = "/usr/local/src/cfsync"
"""Where the one who installs it has unpacked the source."""

CONFIG = """[api]
base_url = "http://127.0.0.1:8788/api/v2"
[resources.contacts]
pull_every = "1s"
pull_max_every = "1s"
"""

_BOOT = """
set -eu
umount -l -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /sys/fs/cgroup/cfsync-deploy
echo $$ > /sys/fs/cgroup/cfsync-deploy/cgroup.procs
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec systemd-nspawn --quiet --boot --volatile=overlay --register=no --keep-unit --link-journal=no \\
  --resolv-conf=off --timezone=off --console=read-only \\
  --rlimit=RLIMIT_NOFILE=1024:$(ulimit -Hn) -D "$0/base" --bind-ro="$0/opt:/opt/cfsync" \\
  -- systemd.unit=multi-user.target
"""


class Booted:
    def __init__(self, nspawn: subprocess.Popen[bytes], init: int) -> None:
        self._nspawn = nspawn
        self._init = init

    @classmethod
    @contextmanager
    def boot(cls, work: Path) -> Iterator[Self]:
        with (work / "boot.log").open("wb") as log:
            nspawn = subprocess.Popen(
                ["unshare", "--mount", "--propagation", "private", "bash", "-c", _BOOT, work],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            booted = cls(nspawn, _init(nspawn))
            booted._await_boot()
            yield booted
            os.kill(booted._init, signal.SIGRTMIN + 4)  # power off
            nspawn.wait(60)
        finally:
            print((work / "boot.log").read_text())  # shown where the test fails
            nspawn.kill()
            nspawn.wait()

    def _await_boot(self) -> None:
        for _ in range(300):
            if self.attempt("systemctl", "is-system-running").stdout.strip() == "running":
                return
            time.sleep(0.1)
        raise AssertionError(self.attempt("systemctl", "--failed").stdout)

    def install(self) -> None:
        """As docs/operating.md says, but for the program, which is there."""
        for file in filter(Path.is_file, DEPLOY.iterdir()):
            self.write(f"{SOURCE}/deploy/{file.name}", file.read_text())
        _, units, command, _ = commands("systemd")
        self.write("/etc/cfsync/config.toml", CONFIG)
        self.shell(units)
        self.shell(command)
        self.write("/etc/cfsync/token", "sandbox-token", mode="600")

    def shell(self, script: str) -> str:
        """What root types, in the top folder of the source."""
        return self("sh", "-euc", f"cd {SOURCE}; {script}")

    def attempt(self, *command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as root."""
        inside = ["nsenter", "-t", str(self._init), "-m", "-u", "-i", "-p", "-n", "-C", "--"]
        path = "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
        clean = ["env", "-i", path, "LC_ALL=C.UTF-8"]
        return subprocess.run(
            [*inside, *clean, *command],
            input=text or "",
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def __call__(self, *command: str, text: str | None = None) -> str:
        done = self.attempt(*command, text=text)
        assert done.returncode == 0, f"{command}: {done.stdout}"
        return done.stdout.strip()

    def write(self, path: str, text: str, mode: str = "644") -> None:
        self("install", "-D", "-m", mode, "/dev/stdin", path, text=text)

    def shown(self, name: str, unit: str = "cfsync") -> str:
        """A property of a unit, as systemd tells it."""
        return self("systemctl", "show", unit, "--value", "-p", name)

    def log(self, unit: str = "cfsync") -> str:
        return self("journalctl", "-u", unit, "-o", "cat")


def _init(nspawn: subprocess.Popen[bytes]) -> int:
    """The booted system's first process: the child of nspawn that has become systemd."""
    for _ in range(600):
        for child in Path(f"/proc/{nspawn.pid}/task/{nspawn.pid}/children").read_text().split():
            with suppress(FileNotFoundError):  # a helper of nspawn's, which has ended
                if Path(f"/proc/{child}/comm").read_text() == "systemd\n":
                    return int(child)
        assert nspawn.poll() is None, "systemd-nspawn has ended"
        time.sleep(0.05)
    raise AssertionError("systemd-nspawn does not boot")
