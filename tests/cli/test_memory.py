"""What a walk takes of memory does not depend on how long it is."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from cfsync.mirror.lists.census_state import CensusState, Standing
from cfsync.sandbox import TOKEN, World, running
from cfsync.sandbox.seeds import formats
from cfsync.sync.incoming import census_filter
from cfsync.times import time_text

COMMAND = """
import atexit
atexit.register(lambda: print(open("/proc/self/status").read()))
from cfsync.__main__ import main
main()
"""


def peak_mb(told: str, settings: Mapping[str, str], *arguments: str, given: str = "") -> float:
    """The peak of a command's memory; `told`: what it must print, `given`: its standard input."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env=settings,
        cwd=Path.cwd(),
        input=given,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert told in done.stdout, done.stderr
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert peak
    return int(peak[1]) / 1024


def peak_with(world: World, folder: Path, told: str, *arguments: str) -> float:
    with running(world) as server:
        settings = {
            "CFSYNC_API__BASE_URL": server.api,
            "CFSYNC_API__TOKEN": TOKEN,
            "CFSYNC_API__MAX_REQUESTS_PER_SECOND": "0",
            "CFSYNC_DATABASE__URL": f"sqlite:///{folder}/mirror.db",
        }
        return peak_mb(told, settings, *arguments)


def of_contacts(number: int, folder: Path) -> float:
    folder.mkdir()
    world = World(bare=True, workspaces=1, contacts=number)
    return peak_with(world, folder, f"{number:,} new", "backfill", "contacts")


def test_a_backfill_of_ten_times_as_much_takes_no_more(tmp_path: Path) -> None:
    assert of_contacts(30_000, tmp_path / "many") <= 1.1 * of_contacts(3_000, tmp_path / "few")


def of_census(number: int, database: Path, folder: Path) -> float:
    """The peak of a sweep by census of contacts that are all known."""
    folder.mkdir()
    world = World(bare=True, workspaces=1, contacts=number)
    (workspace,) = world.workspaces
    shown = world.store.tables["contacts"]
    times = [(i, formats.time_text(shown.key(i)[0])) for i in shown.by_id(workspace, None, False)]  # type: ignore[index]
    everybody = {"criteria": [{"attribute": "created_at", "clause": "gte", "value": "1970-01-01"}]}
    filter_ = world.create("refine_filters", workspace, name="cfsync census", **everybody)
    with closing(sqlite3.connect(shutil.copy(database, folder / "mirror.db"))) as sql, sql:
        sql.execute("UPDATE cf_writer SET mark = 1")
        sql.executemany(
            "INSERT INTO contacts (id, workspace_id, updated_at, cf_rev)"
            f" VALUES (?, {workspace}, ?, 1)",
            times,
        )
        sql.executemany(
            "INSERT INTO cf_base (resource, id, body, updated_at, rev)"
            " VALUES ('contacts', ?, '{}', ?, 1)",
            times,
        )
        now = time_text(datetime.now(UTC))
        shown_as = census_filter.shown_of(world.get("refine_filters", filter_) or {})
        state = CensusState(Standing.TRUSTED, filter_, shown_as, checked_at=now)
        text = json.dumps(asdict(state))
        sql.execute("INSERT INTO cf_meta VALUES (?, ?)", (f"census/{workspace}", text))
        sql.execute("UPDATE cf_writer SET mark = 0")
    told = f"{number:,} unchanged"
    found = peak_with(world, folder, told, "sweep", "contacts")
    assert world.ledger.requests["GET /workspaces/{parent}/contacts 200"] == 0
    return found


def test_a_census_of_ten_times_as_many_takes_no_more(tmp_path: Path, migrated_sqlite: Path) -> None:
    few = of_census(20_000, migrated_sqlite, tmp_path / "few")

    assert of_census(200_000, migrated_sqlite, tmp_path / "many") <= 1.05 * few


def of_import(rows: int, database: Path, folder: Path) -> float:
    """The peak of an import from standard input, in megabytes."""
    folder.mkdir()
    url = f"sqlite:///{shutil.copy(database, folder / 'mirror.db')}"
    table = "email address,first name\n" + "".join(
        f"p{n}@example.org,First {n}\n" for n in range(rows)
    )
    settings = {"CFSYNC_DATABASE__URL": url}
    told = f"import 1: {rows:,} new"
    return peak_mb(told, settings, "import", "-", "--tags", "Tag 1", "--yes", given=table)


def test_an_import_of_four_times_as_much_takes_no_more(tmp_path: Path, full_database: Path) -> None:
    few = of_import(10_000, full_database, tmp_path / "few")  # by then SQLite's caches are full

    assert of_import(40_000, full_database, tmp_path / "many") <= 1.05 * few


def of_plan(rows: int, database: Path, folder: Path) -> float:
    """The peak of a plan of so many new contacts, in megabytes."""
    folder.mkdir()
    with closing(sqlite3.connect(shutil.copy(database, folder / "mirror.db"))) as sql, sql:
        sql.executemany(
            "INSERT INTO contacts (email_address) VALUES (?)",
            ((f"p{n}@example.org",) for n in range(rows)),
        )
    settings = {"CFSYNC_DATABASE__URL": f"sqlite:///{folder}/mirror.db"}
    return peak_mb(f"plan: {rows:,} calls", settings, "plan")


def test_a_plan_of_ten_times_as_much_takes_little_more(tmp_path: Path, full_database: Path) -> None:
    """The numbers and emails of all its edits are in memory, and their values are not."""
    few = of_plan(2_000, full_database, tmp_path / "few")

    assert of_plan(20_000, full_database, tmp_path / "many") <= 1.2 * few


def test_a_first_backfill_of_all_lists_takes_little(tmp_path: Path) -> None:
    assert peak_with(World(workspaces=1, contacts=1), tmp_path, "workflows  ", "backfill") <= 124
