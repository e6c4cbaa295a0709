"""Programs that write the mirror, people who write in ClickFunnels, passes of two processes, all at
once: what the writers did, by their own ledger, stands on both sides afterwards.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cfsync.sync.report import Report
from tests.conftest import Sql
from tests.push.checks import differences, json_of
from tests.push.conftest import Account

STEPS = 25
OWN = ("first_name", "phone_number", "website_url")
"""One field for each writer: what it wrote last must stand in the end."""
THEIRS = "fb_url"
"""Only people in ClickFunnels write it."""
SHARED = "twitter_url"
"""Everybody writes it, so that they meet: each value that a program wrote arrives, was seen by who
wrote the next one, or is kept as a conflict. What people write in ClickFunnels just between the
last look and the call nobody can see; their other timelines are played in tests/scenarios.
"""


@dataclass
class Writer:
    """A program that writes the mirror, and its ledger. `own`: contact -> what it wrote last;
    `made` and `gone`: last names of its own contacts; `shared`: (contact, value).
    """

    number: int
    sql: Sql
    account: Account
    contacts: list[int]
    own: dict[int, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    edited: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    shared: list[tuple[int, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return OWN[self.number]

    def work(self) -> None:
        chance = random.Random(self.number)
        steps: list[Callable[[random.Random, str], None]] = [
            *[self.update] * 4,
            *[self.contest] * 2,
            *[self.insert] * 2,
            self.touch_up,
            self.delete,
        ]
        for step in range(STEPS):
            chance.choice(steps)(chance, f"w{self.number}s{step}")
            _wait_for_passes(self.account)
        self.sql.conn.close()

    def update(self, chance: random.Random, token: str) -> None:
        contact = chance.choice(self.contacts)
        self.sql(f"UPDATE contacts SET {self.name} = ? WHERE id = ?", token, contact)
        self.own[contact] = token

    def contest(self, chance: random.Random, token: str) -> None:
        contact = chance.choice(self.contacts)
        self.sql(f"UPDATE contacts SET {SHARED} = ? WHERE id = ?", token, contact)
        self.shared.append((contact, token))

    def insert(self, chance: random.Random, token: str) -> None:
        email = chance.choice([None, f"{token}@example.com"])
        self.sql(
            "INSERT INTO contacts (first_name, last_name, email_address) VALUES ('New', ?, ?)",
            token,
            email,
        )
        self.made.append(token)

    def touch_up(self, chance: random.Random, token: str) -> None:
        """Edit a contact of its own, which may be on its way just now, by what it knows it by."""
        if self.made:
            mine = chance.choice(self.made)
            changed = self.sql(
                "UPDATE contacts SET phone_number = ? WHERE last_name = ? RETURNING id", token, mine
            )
            assert changed, mine
            self.edited[mine] = token

    def delete(self, chance: random.Random, token: str) -> None:  # noqa: ARG002
        if self.made:
            mine = self.made.pop(chance.randrange(len(self.made)))
            assert self.sql("DELETE FROM contacts WHERE last_name = ? RETURNING id", mine), mine
            self.gone.append(mine)


def people(account: Account, contacts: list[int], theirs: dict[int, str]) -> None:
    chance = random.Random(99)
    for step in range(STEPS):
        contact, token = chance.choice(contacts), f"p{step}"
        field = chance.choice([THEIRS, SHARED])
        account.world.edit("contacts", contact, **{field: token})
        if field == THEIRS:
            theirs[contact] = token
        _wait_for_passes(account)


def _wait_for_passes(account: Account) -> None:
    """Until two more requests have come, so that edits fall between all steps of a pass."""
    requests = account.world.ledger.requests
    enough = requests.total() + 2
    while requests.total() < enough:
        time.sleep(0.002)


def test_no_edit_is_lost_whoever_writes_at_once(
    account: Account, other: Account, app_sql: Sql
) -> None:
    account.settings |= {
        "CFSYNC_DELETIONS__MAX_FRACTION": "1.0",
        "CFSYNC_PUSH__SETTLE": "1s",
        "CFSYNC_PUSH__BATCH": "7",
    }
    contacts = account.ids_of("contacts")
    writers = [Writer(n, app_sql.again(), account, contacts) for n in range(len(OWN))]
    theirs: dict[int, str] = {}

    passes = [w for it in (account, other) for w in (it.push, partial(it.pull, "contacts"))]
    with ThreadPoolExecutor(len(writers) + 1 + len(passes)) as pool:
        idle = threading.Event()
        running = [pool.submit(_keep, idle, work) for work in passes]
        begun = [pool.submit(writer.work) for writer in writers]
        begun.append(pool.submit(people, account, contacts, theirs))
        wait(begun, timeout=60)
        idle.set()
        for one in [*begun, *running]:
            one.result(timeout=60)
    for step in (account.push, account.pull, account.push, account.pull):
        step()

    assert set(account.states()) == {"done"}
    for writer in writers:
        _arrived(account, writer)
    for contact, token in theirs.items():
        assert _both(account, contact, THEIRS) == (token, token)
    _nothing_shared_is_lost(account, writers)
    everybody = account.world.ids("contacts", account.workspace)
    assert account.ids_of("contacts") == sorted(everybody)
    assert [d for i in everybody for d in differences(account, "contacts", i)] == []


def _keep(idle: threading.Event, work: Callable[[], Report]) -> None:
    """Passes without end, as a daemon's beside those of cron."""
    while not idle.is_set():
        work()


def _both(account: Account, contact: int, name: str) -> tuple[Any, Any]:
    shown = account.world.get("contacts", contact) or {}
    return account.one(f"SELECT {name} FROM contacts WHERE id = ?", contact), shown[name]


def _arrived(account: Account, writer: Writer) -> None:
    for contact, token in writer.own.items():
        assert _both(account, contact, writer.name) == (token, token)
    there = account.world.records("contacts", account.workspace)
    names = [r["last_name"] for r in there]
    for mine in writer.made:
        assert names.count(mine) == 1, mine
        if mine in writer.edited:
            (phone,) = [r["phone_number"] for r in there if r["last_name"] == mine]
            assert phone == writer.edited[mine]
    assert not set(writer.gone) & set(names)


def _nothing_shared_is_lost(account: Account, writers: list[Writer]) -> None:
    known: set[tuple[int, Any]] = set()
    for contact, local in account.sql(
        "SELECT record_id, local FROM cf_conflicts WHERE field = ?", SHARED
    ):
        known.add((contact, json_of(account, local)))
    for contact, patch in account.sql("SELECT record_id, patch FROM cf_outbox WHERE op = 'update'"):
        if SHARED in (pairs := json_of(account, patch)):
            known.add((contact, pairs[SHARED][0]))
    for entry in account.world.ledger.writes("contacts"):
        if SHARED in entry.fields:
            known.add((entry.id, entry.fields[SHARED]))
    written = {pair for writer in writers for pair in writer.shared}
    assert written <= known
