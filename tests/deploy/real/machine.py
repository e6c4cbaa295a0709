"""What this machine must be and have, and the folder that is kept between two runs."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

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

NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


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
    quiet = {"env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"}}
    try:
        run("apt-get", "update", "-qq", **quiet)
        run("apt-get", "install", "-qq", "-y", "--no-install-recommends", *missing, **quiet)
    except subprocess.CalledProcessError as error:
        raise Unable(f"apt-get can't install {' '.join(missing)}: {error.output[-500:]}") from error


def folder(recipe: bytes) -> Path:
    """The folder of everything made by this recipe, for this user alone; an old one is reused."""
    key = hashlib.sha256(recipe + platform.machine().encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir(), f"cfsync-deploy-{key}")
    path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise Unable(f"{path} belongs to somebody else")
    return path


def run(*command: str | Path, **how: Any) -> str:
    """Run to its end; what it printed. Its output is shown only where it fails."""
    done = subprocess.run(
        command,
        stdin=how.pop("stdin", subprocess.DEVNULL),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **how,
    )
    if done.returncode:
        print(done.stdout[-4000:], file=sys.stderr)
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout)
    return done.stdout


def say(text: str) -> None:
    print(f"deploy-test: {text}", flush=True)
