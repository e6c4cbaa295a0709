"""Two daemons are upgraded to a version with another schema, while programs write."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfsync.mirror import migrate as migrating
from cfsync.sandbox import World
from tests.conftest import POSTGRESQL_ONLY
from tests.daemon.harness import Daemon, until
from tests.daemon.test_several_daemons import QUICK, owners
from tests.push.operator.test_backup import Storm

pytestmark = [POSTGRESQL_ONLY, pytest.mark.slow, pytest.mark.timeout(300)]
Start = Callable[..., Daemon]
Version = dict[str, str]

REVISION = f'''
from alembic import op

from cfsync.mirror.capture import installed

revision = "0999"
down_revision = "{migrating.REVISIONS[-1]}"


def upgrade():
    conn = op.get_bind()
    for statement in installed.database(conn).drops(conn):
        conn.exec_driver_sql(statement)
    conn.exec_driver_sql("ALTER TABLE contacts ADD COLUMN nickname TEXT")
'''


@pytest.fixture
def next_version(tmp_path: Path) -> Version:
    """The environment of a cfsync that is this one with a revision more: a column of contacts."""
    folder = tmp_path / "cfsync-99.0.0"
    package = folder / "cfsync"
    shutil.copytree(Path(migrating.cfsync.__file__).parent, package)
    shutil.copytree(migrating._migrations(), package / "migrations", dirs_exist_ok=True)
    (package / "migrations/versions/0999_next.py").write_text(REVISION)
    _change(package / "__init__.py", '__version__ = ".*"', '__version__ = "99.0.0"')
    _change(package / "mirror/capture/digests.py", '": "', '": "next ')
    last = r"( +)deleted_at +timestamp\?\n"  # views can be replaced where a column comes last
    _change(package / "resources/people.py", last, r"\g<0>\1nickname  text?\n")
    return {"PYTHONPATH": str(folder)}


def _change(file: Path, pattern: str, text: str) -> None:
    changed, places = re.subn(pattern, text, file.read_text())
    assert places, f"{pattern} is not in {file}"
    file.write_text(changed)


def migrate(version: Version, url: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "cfsync", "migrate"],
        cwd=version["PYTHONPATH"],
        env={"CFSYNC_DATABASE__URL": url.replace("cfsync_daemon@", "cfsync_owner@")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_edit_arrives_once_and_what_waits_goes_on_waiting(
    start: Start,
    world: World,
    sql: Any,
    contact: int,
    mirror_url: str,
    next_version: Version,
) -> None:
    old = [start(**QUICK), start(**QUICK)]
    until(lambda: sql("SELECT 1 FROM contacts WHERE id = ?", contact))
    until(lambda: len(set(owners(sql).values())) == 2)
    sql("INSERT INTO contacts (first_name, email_address) VALUES ('Bad', 'no@address')")
    waiting = "SELECT seq, record_id, error FROM cf_outbox WHERE state = 'parked'"
    parked = until(lambda: sql(waiting))
    storm = Storm(sql)
    storm.start()
    storm.more(20)

    early = start(environ=next_version, **QUICK)
    assert early.process.wait(30) == 2
    until(lambda: "has an older schema: run cfsync migrate" in early.output)

    assert "0999" in migrate(next_version, mirror_url)
    storm.more(20)
    new = []
    for daemon in old:  # as systemd does
        assert daemon.process.wait(30) == 4
        until(lambda: "was made by a newer cfsync (0999)" in daemon.output)  # noqa: B023
        new.append(start(environ=next_version, **QUICK))
    late = start(**QUICK)
    assert late.process.wait(30) == 2
    until(lambda: "was made by a newer cfsync (0999): upgrade cfsync" in late.output)
    storm.more(20)
    storm.end()

    until(lambda: not sql("SELECT 1 FROM cf_outbox WHERE state IN ('pending', 'sending')"))
    workspace = world.workspaces[0]
    there = Counter(c["first_name"] for c in world.records("contacts", workspace))
    assert {name: there[name] for name in storm.names} == dict.fromkeys(storm.names, 1)
    in_mirror = Counter(n for (n,) in sql("SELECT first_name FROM contacts WHERE last_name = 'x'"))
    assert in_mirror == dict.fromkeys(storm.names, 1)
    assert sql(waiting) == parked
    with pytest.raises(Exception, match=r"contacts\.nickname is read-only in ClickFunnels"):
        sql("UPDATE contacts SET nickname = 'Bob' WHERE id = ?", contact)
    pids = {int(owner.split(":")[1]) for owner in owners(sql).values()}
    assert pids <= {daemon.process.pid for daemon in new}
    assert [daemon.stop() for daemon in new] == [0, 0]
