"""What this machine must be and have, and the folder that is kept between two runs."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

REPO = Path(__file__).parents[3]

PACKAGES = {
    "buildah": "buildah",
    "podman": "podman",
    "runc": "runc",
    "debootstrap": "debootstrap",
    "systemd-nspawn": "systemd-container",
    "/usr/lib/podman/netavark": "netavark",
    "/usr/lib/podman/aardvark-dns": "aardvark-dns",
    "iptables": "iptables",
    "dbus-daemon": "dbus",
    "nsenter": "util-linux",
    "ip": "iproute2",
}
"""A command that is needed -> the Debian package that has it."""

APT = ["-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"]
"""Mirrors stumble, and somebody else may be installing."""

NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


PATIENCE_S = 600
"""Seconds that a single step may take."""


class Unable(Exception):
    """Why this machine can't do it."""


def check() -> None:
    """Raise Unable for what no installation would mend."""
    if sys.platform != "linux" or not shutil.which("apt-get"):
        raise Unable("needs Debian or one of its children")
    if os.geteuid() != 0:
        raise Unable("needs root: images, namespaces, a booted systemd")
    tried = subprocess.run([*NAMESPACES, "true"], capture_output=True, text=True)
    if tried.returncode:
        raise Unable(f"namespaces are not allowed here: {tried.stderr.strip()}")


def install() -> None:
    """Install what is missing. Raises Unable where apt can't."""
    search = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [p for command, p in PACKAGES.items() if not shutil.which(command, path=search)]
    if not missing:
        return
    say(f"installing {' '.join(missing)}")
    try:
        run_again(_apt, missing)
    except subprocess.CalledProcessError as error:
        raise Unable(f"apt-get can't install {' '.join(missing)}: {error.output[-500:]}") from error


def _apt(packages: list[str]) -> None:
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *APT, "-qq"]
    run(*apt, "update")
    run(*apt, "install", "-y", "--no-install-recommends", *packages)


@contextmanager
def folder(recipe: bytes) -> Iterator[Path]:
    """The folder of everything made by this recipe, for this user alone, while nobody else uses it.
    It is kept for the next run; those of older recipes go.
    """
    key = hashlib.sha256(recipe + platform.machine().encode()).hexdigest()[:12]
    place = Path(tempfile.gettempdir())
    path = place / f"cfsync-deploy-{key}"
    with _locked(path, PATIENCE_S):
        for old in place.glob("cfsync-deploy-*"):
            if old != path and old.is_dir():
                _forget(old)
        yield path


@contextmanager
def _locked(path: Path, seconds: float) -> Iterator[None]:
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise Unable(f"{path} belongs to somebody else")
    try:
        with FileLock(path / "lock", timeout=seconds):
            yield
    except Timeout:
        raise Unable(f"another deploy-test is using {path}") from None


def _forget(path: Path) -> None:
    with suppress(Unable), _locked(path, 0):
        shutil.rmtree(path)


def run(*command: object) -> str:
    """Run to its end; what it printed. Its output is shown only where it fails."""
    with tempfile.TemporaryFile("w+") as output:
        code = run_openly(*command, stdout=output, stderr=subprocess.STDOUT)
        output.seek(0)
        printed = output.read()
    if code:
        print(printed[-4000:], file=sys.stderr)
        raise subprocess.CalledProcessError(code, list(map(str, command)), printed)
    return printed


def run_openly(*command: object, patience: float = PATIENCE_S, **how: Any) -> int:
    """Run to its end; the exit code. It is killed with all its children when this is interrupted
    or it takes longer than so many seconds.
    """
    arguments = list(map(str, command))
    options = {"stdin": subprocess.DEVNULL, "start_new_session": True, **how}
    with subprocess.Popen(arguments, **options) as process:
        try:
            return process.wait(patience)
        except subprocess.TimeoutExpired:
            say(f"{arguments[0]} took longer than {patience} s")
            return 124
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def run_again(step: Callable[..., object], *arguments: object) -> None:
    """A step that needs the network: up to four times, since mirrors that stumble soon recover."""
    for seconds in (5, 15, 30):
        try:
            step(*arguments)
        except subprocess.CalledProcessError as error:
            say(f"{error.cmd[0]} failed, again in {seconds} s")
            time.sleep(seconds)
        else:
            return
    step(*arguments)


def say(text: str) -> None:
    print(f"deploy-test: {text}", flush=True)
