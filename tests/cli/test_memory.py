"""What a walk takes of memory does not depend on how long it is."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from cfsync.sandbox import TOKEN, World, running

COMMAND = """
import atexit
atexit.register(lambda: print(open("/proc/self/status").read()))
from cfsync.__main__ import main
main()
"""


def peak_mb(world: World, folder: Path, told: str, *resources: str) -> float:
    with running(world) as server:
        settings = {
            "CFSYNC_API__BASE_URL": server.api,
            "CFSYNC_API__TOKEN": TOKEN,
            "CFSYNC_API__MAX_REQUESTS_PER_SECOND": "0",
            "CFSYNC_DATABASE__URL": f"sqlite:///{folder}/mirror.db",
        }
        command = [sys.executable, "-c", COMMAND, "backfill", *resources]
        done = subprocess.run(
            command, env=settings, cwd=Path.cwd(), capture_output=True, text=True, timeout=120
        )
    assert told in done.stdout, done.stderr
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert peak
    return int(peak[1]) / 1024


def of_contacts(number: int, folder: Path) -> float:
    folder.mkdir()
    world = World(bare=True, workspaces=1, contacts=number)
    return peak_mb(world, folder, f"{number:,} new", "contacts")


def test_a_backfill_of_ten_times_as_much_takes_no_more(tmp_path: Path) -> None:
    assert of_contacts(30_000, tmp_path / "many") <= 1.1 * of_contacts(3_000, tmp_path / "few")


def of_import(rows: int, database: Path, folder: Path) -> float:
    """The peak of an import from standard input, in megabytes."""
    folder.mkdir()
    url = f"sqlite:///{shutil.copy(database, folder / 'mirror.db')}"
    table = "email address,first name\n" + "".join(
        f"p{n}@example.org,First {n}\n" for n in range(rows)
    )
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "import", "-", "--tags", "Tag 1", "--yes"],
        env={"CFSYNC_DATABASE__URL": url},
        cwd=Path.cwd(),
        input=table,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert f"import 1: {rows:,} new" in done.stdout, done.stderr
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert peak
    return int(peak[1]) / 1024


def test_an_import_of_ten_times_as_much_takes_no_more(tmp_path: Path, full_database: Path) -> None:
    few = of_import(2_000, full_database, tmp_path / "few")

    assert of_import(20_000, full_database, tmp_path / "many") <= 1.15 * few


def test_a_first_backfill_of_all_lists_takes_little(tmp_path: Path) -> None:
    assert peak_mb(World(workspaces=1, contacts=1), tmp_path, "workflows  ") <= 124
