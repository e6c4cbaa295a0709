"""`make deploy-test`: the files of deploy/ put to use on real parts.

First everything is made that needs the network; then pytest runs these tests in namespaces of its
own (network, processes, mounts), so that nothing stays behind: no process, bridge or mount. Where
that can't be done it says why and ends well; with CI in the environment it fails.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.deploy.real import build, images, machine
from tests.deploy.real.machine import NAMESPACES, REPO, Unable, run_openly, say

_INSIDE = """
set -eu
ip link set lo up
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs "$0/containers/run"
mkdir /run/lock
exec "$@"
"""


LIMIT_S = 1080
"""Seconds that all of it may take; on an idle machine it takes about five minutes, less the next
time.
"""


def main() -> int:
    _end_in(LIMIT_S)
    recipe = Path(build.__file__).read_bytes() + Path(images.__file__).read_bytes()
    try:
        machine.check()
        machine.install()
        with machine.folder(recipe) as work:
            _prepare(work)
            return _tests(work, sys.argv[1:])
    except Unable as reason:
        say(f"skipped: {reason}")
        return 1 if os.environ.get("CI") else 0
    finally:
        _forget_cgroups()


def _end_in(seconds: int) -> None:
    """However it ends, what it started is ended too."""

    def end(number: int, _frame: object) -> None:
        sys.exit(f"deploy-test: ended by {signal.Signals(number).name}")

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)


def _prepare(work: Path) -> None:
    build.configure(work)
    build.tree(work)
    found = [str(build.tools(work)), str(build.programs(work)), "/usr/sbin", "/sbin"]
    os.environ["PATH"] = ":".join([*found, os.environ["PATH"]])
    images.bases(work)
    images.ours(work)
    images.installed(work)


def _tests(work: Path, arguments: list[str]) -> int:
    options = ["-q", "-p", "no:cacheprovider", "--timeout=300", "--durations=8"]
    pytest = [sys.executable, "-m", "pytest", *options, *(arguments or ["tests/deploy"])]
    inside = ["--propagation", "private", "sh", "-c", _INSIDE, str(work), *pytest]
    environ = os.environ | {"DEPLOY_TEST": str(work)}
    return run_openly(*NAMESPACES, *inside, patience=LIMIT_S, cwd=REPO, env=environ)


def _forget_cgroups() -> None:
    """The only thing that outlives a namespace: empty groups, in each hierarchy that there is."""
    groups = Path("/sys/fs/cgroup")
    for name in ("libpod_parent", "cfsync-deploy"):
        for place in [*groups.glob(name), *groups.glob(f"*/{name}")]:
            for group in [*sorted(place.glob("**/"), reverse=True)]:
                with suppress(OSError):  # not empty: somebody else's
                    group.rmdir()


if __name__ == "__main__":
    sys.exit(main())
