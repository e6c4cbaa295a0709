"""`make dist`: the files of a release, each tried in an environment of its own.

`dist/` then holds the sdist, the wheel, an SBOM of what the wheel installs, and their checksums.
Dependencies have the versions of `deploy/requirements.txt`, as in the image.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cfsync import __version__

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
PINS = ROOT / "deploy" / "requirements.txt"
TRIED = ("--version", "config example", "migrate", "status")
"""Together they need the metadata, the data files and the migrations."""


def main() -> None:
    shutil.rmtree(DIST, ignore_errors=True)
    module("build", "--outdir", DIST, ROOT)
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    module("twine", "check", "--strict", wheel, sdist)
    with tempfile.TemporaryDirectory() as folder:
        for archive in (sdist, wheel):
            environment = installed(archive, Path(folder, archive.name))
            pip(environment, "install", "--require-hashes", "--requirement", PINS)
            pip(environment, "check")
            try_out(environment)
            print(f"installed and tried {archive.name}", flush=True)
        write_sbom(environment, DIST / f"cfsync-{__version__}.cdx.json")
    sums = [f"{digest(path)}  {path.name}\n" for path in sorted(DIST.glob("cfsync-*"))]
    (DIST / "SHA256SUMS").write_text("".join(sums))
    print("".join(sums), end="")


def module(*command: str | Path) -> None:
    run(sys.executable, "-m", *command)


def run(*command: str | Path, **options: object) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if ended.returncode:
        shown = " ".join(map(str, command))
        raise SystemExit(f"dist: this failed: {shown}\n{ended.stdout}{ended.stderr}")


def installed(archive: Path, environment: Path, *options: str) -> Path:
    """A new virtual environment that holds the archive alone, and no pip."""
    module("venv", "--without-pip", environment)
    pip(environment, "install", "--no-deps", *options, archive)
    return environment


def pip(environment: Path, *command: str | Path) -> None:
    module("pip", "--python", environment, *command)


def try_out(environment: Path) -> None:
    """Away from the source, and with no settings but the database."""
    url = f"sqlite:///{environment / 'new.db'}"
    clean = {"PATH": os.defpath, "CFSYNC_DATABASE__URL": url}
    for arguments in TRIED:
        run(environment / "bin" / "cfsync", *arguments.split(), cwd=environment, env=clean)
    if not (environment / "share/man/man1/cfsync.1").is_file():
        raise SystemExit("dist: the manual page is missing")


def write_sbom(environment: Path, target: Path) -> None:
    """In CycloneDX, without the folder that cfsync was installed from."""
    for origin in environment.rglob("direct_url.json"):
        origin.unlink()
    options = ("--output-reproducible", "--pyproject", ROOT / "pyproject.toml", "-o", target)
    module("cyclonedx_py", "environment", *options, environment)
    sbom = json.loads(target.read_text())
    sbom["metadata"]["component"]["version"] = __version__  # pyproject.toml leaves it to hatch
    text = json.dumps(sbom, indent=2)
    if any(path in text for path in ("file:", str(environment), str(ROOT))):
        raise SystemExit(f"dist: {target.name} names a path of this machine")
    target.write_text(text + "\n")


def digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


if __name__ == "__main__":
    main()
