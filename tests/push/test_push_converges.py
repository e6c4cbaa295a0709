"""Random edits on both sides of one contact, with pushes, pulls and lost answers between them: both
sides end the same, and every value that was overwritten unseen is kept as a conflict.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from cfsync.api.retry import Retry
from cfsync.mirror.engine import Mirror
from cfsync.sandbox import running
from tests.conftest import Sql
from tests.push.checks import differences, json_of, sent
from tests.push.conftest import Account, now, settings_for, small_world

FIELDS = ("first_name", "phone_number", "custom_attributes.hat", "custom_attributes.shoe")
VALUES = [f"value {n}" for n in range(6)]
SIDES = st.sampled_from(["here", "there"])
EDIT = st.tuples(SIDES, st.sampled_from(FIELDS), st.sampled_from(VALUES))
TAG = st.tuples(SIDES, st.just("tag"), st.integers(0, 2))
PASS = st.sampled_from(["push", "pull", "lost after", "lost before"]).map(lambda p: ("pass", p, ""))
STEPS = st.lists(st.one_of(EDIT, EDIT, TAG, PASS), min_size=2, max_size=12)


@contextmanager
def fresh_account(template: Path, policy: str) -> Iterator[Account]:
    with tempfile.TemporaryDirectory() as folder, running(small_world()) as served:
        url = f"sqlite:///{copy(template, Path(folder) / 'cfsync.db')}"
        mirror, sql = Mirror.open(url, must_exist=True, clock=now), Sql(url, "")
        more = {"CFSYNC_RESOURCES__CONTACTS__ON_CONFLICT": policy}
        try:
            yield Account(
                served, mirror, settings_for(served, url) | more, sql, retry=Retry(attempts=1)
            )
        finally:
            sql.conn.close()
            mirror.close()


@pytest.mark.parametrize("policy", ["clickfunnels", "local", "newest"])
@seed(2026)
@settings(
    max_examples=8,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_both_sides_end_the_same_and_nothing_is_lost_unseen(
    filled_sqlite: Path, policy: str, steps: list[tuple[str, str, Any]]
) -> None:
    with fresh_account(filled_sqlite, policy) as account:
        contact = account.ids_of("contacts")[1]
        for side, what, value in steps:
            _do(account, contact, side, what, value)
        _settle(account)

        assert differences(account, "contacts", contact) == []
        assert set(account.states()) <= {"done"}
        _nothing_is_lost(account, contact)
        writes = len(account.world.ledger.entries)
        _settle(account)
        assert len(account.world.ledger.entries) == writes


def _settle(account: Account) -> None:
    account.world.faults.clear()
    account.push()
    account.pull("contacts")
    account.push()


def _do(account: Account, contact: int, side: str, what: str, value: Any) -> None:
    match side, what:
        case "pass", "pull":
            account.pull("contacts")
        case "pass", _:
            kind = {"lost after": "reset_after", "lost before": "reset_before"}.get(value or what)
            if kind:
                account.world.fault(kind, method="PUT")
            account.push()
            account.world.faults.clear()
        case "here", "tag":
            _toggle_here(account, contact, account.ids_of("contact_tags")[value])
        case "there", "tag":
            _toggle_there(account, contact, account.ids_of("contact_tags")[value])
        case "here", _:
            _edit_here(account, contact, what, value)
        case _:
            _edit_there(account, contact, what, value)


def _toggle_here(account: Account, contact: int, tag: int) -> None:
    stored = account.one("SELECT tag_ids FROM contacts WHERE id = ?", contact)
    tags = json.dumps(sorted(set(json_of(account, stored)) ^ {tag}))
    account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", tags, contact)


def _toggle_there(account: Account, contact: int, tag: int) -> None:
    for applied in account.world.records("contact_applied_tags", contact):
        if applied["tag_id"] == tag:
            account.world.delete("contact_applied_tags", applied["id"])
            return
    account.world.create("contact_applied_tags", contact, tag_id=tag)


def _edit_here(account: Account, contact: int, what: str, value: str) -> None:
    field, _, key = what.partition(".")
    new: Any = value
    if key:
        stored = account.one("SELECT custom_attributes FROM contacts WHERE id = ?", contact)
        new = json.dumps({**json_of(account, stored), key: value})
    account.sql(f"UPDATE contacts SET {field} = ? WHERE id = ?", new, contact)


def _edit_there(account: Account, contact: int, what: str, value: str) -> None:
    field, _, key = what.partition(".")
    new: Any = value
    if key:
        shown = account.world.get("contacts", contact) or {}
        new = {**shown["custom_attributes"], key: value}
    account.world.edit("contacts", contact, **{field: new})


def _nothing_is_lost(account: Account, contact: int) -> None:
    for what in FIELDS:
        edits = _edits_of(account, what)
        kept = account.sql("SELECT local, remote FROM cf_conflicts WHERE field = ?", what)
        ours = {json_of(account, local) for local, _ in kept}
        theirs = {json_of(account, remote) for _, remote in kept}
        final = _part(account.world.get("contacts", contact) or {}, what)
        _local_values(account, what, edits, ours, final)
        _remote_values(account, what, edits, theirs)


def _part(values: dict[str, Any], what: str) -> Any:
    field, _, key = what.partition(".")
    return (values.get(field) or {}).get(key, "") if key else values.get(field)


def _edits_of(account: Account, what: str) -> list[tuple[Any, Any]]:
    """(old, new) of each edit by SQL of a field or of a key of a map."""
    field = what.partition(".")[0]
    patches = [json_of(account, p) for p in account.column("SELECT patch FROM cf_outbox")]
    pairs = [[{field: value} for value in p[field]] for p in patches if field in p]
    parts = [(_part(old, what), _part(new, what)) for old, new in pairs]
    return [(old, new) for old, new in parts if old != new]


def _local_values(
    account: Account, what: str, edits: list[tuple[Any, Any]], kept: set[Any], final: Any
) -> None:
    """What was written here arrived, or was overwritten by who saw it, or is kept."""
    field = what.partition(".")[0]
    there = {_part(e.fields, what) for e in account.world.ledger if field in e.fields}
    for place, (_, new) in enumerate(edits):
        seen = any(old == new for old, _ in edits[place + 1 :])
        assert new == final or new in there or new in kept or seen, (what, new)


def _remote_values(
    account: Account, what: str, edits: list[tuple[Any, Any]], kept: set[Any]
) -> None:
    """What stood in ClickFunnels when we wrote there had been seen here, or is kept."""
    field = what.partition(".")[0]
    before: Any = None
    for entry in account.world.ledger:
        if entry.resource != "contacts" or field not in entry.fields:
            continue
        value = _part(entry.fields, what)
        if entry.by == "api" and before is not None and value != before:
            assert (before, value) in _chains(edits) or before in kept, (what, before, value)
        before = value


def _chains(edits: list[tuple[Any, Any]]) -> set[tuple[Any, Any]]:
    """(a, b): somebody here saw a and, perhaps in several steps, made it b."""
    found = set(edits)
    for old, new in edits:
        found |= {(a, new) for a, b in found if b == old}
    return found


def test_the_check_itself_finds_a_lost_value(filled_sqlite: Path) -> None:
    with fresh_account(filled_sqlite, "clickfunnels") as account:
        contact = account.ids_of("contacts")[1]
        _edit_there(account, contact, "first_name", "theirs")
        _edit_here(account, contact, "first_name", "ours")
        _settle(account)
        _nothing_is_lost(account, contact)
        assert sent(account) == []
        account.sql("DELETE FROM cf_conflicts")

        with pytest.raises(AssertionError, match="ours"):
            _nothing_is_lost(account, contact)
