"""Every resource of the catalogue, in both directions, on an account with a few of everything."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cfsync.api import Api
from cfsync.decode import decode_record
from cfsync.mirror.capture import rules
from cfsync.resources import ALL, RESOURCES, Resource
from cfsync.sandbox import World
from cfsync.sync.context import Context
from cfsync.sync.inspection.verify import verify
from tests.plain_values import for_create, for_update
from tests.sync.conftest import Round

TWO_OF_EACH = {"bare": True, **dict.fromkeys(ALL, 2), "teams": 1, "workspaces": 1}

pytestmark = pytest.mark.parametrize("sizes", [TWO_OF_EACH], ids=["two of each"])

MADE = [r for r in RESOURCES.values() if r.insert == "create" and r.push and r.group != "core"]


@pytest.fixture
def whole(round_: Round) -> Round:
    """The mirror of the account, complete."""
    round_.settings["CFSYNC_API__MIRROR"] = "all"
    assert round_.backfill().exit_code == 0
    return round_


def test_every_record_of_the_account_is_in_the_mirror(whole: Round) -> None:
    for name in RESOURCES:
        assert whole.ids(name) == shown(whole.world, name), name
        assert whole.ids(name), name
    assert differences(whole) == []
    assert whole.pull().idle
    assert whole.sweep().quiet


def differences(whole: Round) -> list[Any]:
    async def main() -> list[Any]:
        settings = whole.configured()
        async with Api(settings.api) as api:
            return list((await verify(Context(api, whole.mirror, settings))).differences)

    return asyncio.run(main())


def shown(world: World, name: str) -> list[int]:
    """The ids of all records that its lists show."""
    resource = RESOURCES[name]
    parents = [0] if resource.parent is None else shown(world, resource.parent)
    if resource.single:
        return parents
    if resource.key:
        above = world.ids(resource.parent) if resource.parent else [0]
        found = [record for parent in above for record in world.records(name, parent)]
        return sorted(decode_record(resource, record).id for record in found)
    return sorted(id_ for parent in parents for id_ in world.ids(name, parent))


def test_what_is_inserted_changed_and_deleted_by_sql_reaches_clickfunnels(whole: Round) -> None:
    made = {r.name: inserted(whole, r) for r in MADE}
    whole.push()
    real = {name: whole.one(f"SELECT id FROM cf_ids WHERE resource = '{name}'") for name in made}

    assert whole.one("SELECT count(*) FROM cf_waiting") == 0
    for resource in MADE:
        assert whole.world.get(resource.name, real[resource.name]) is not None, resource.name

    for resource in MADE:
        for column, value in for_update(resource).items():
            statement = f'UPDATE {resource.name} SET "{column}" = ? WHERE id = ?'
            whole.sql(statement, as_sql(value), real[resource.name])
    whole.push()
    for resource in MADE:
        record = whole.world.get(resource.name, real[resource.name]) or {}
        assert record | for_update(resource) == record, resource.name

    deleted = [r for r in reversed(MADE) if r.delete]
    for resource in deleted:
        whole.sql(f"DELETE FROM {resource.name} WHERE id = ?", real[resource.name])
    whole.push()
    for resource in deleted:
        assert whole.world.get(resource.name, real[resource.name]) is None, resource.name
    assert differences(whole) == []


def inserted(round_: Round, resource: Resource) -> None:
    """Insert a row with what it needs; it refers to the first rows of the workspace."""

    def first(name: str) -> int:
        return int(round_.one(f"SELECT min(id) FROM {name}"))

    parents = {c: resource.by_name[c].ref or "" for c in rules.parents(resource)}
    values = for_create(resource, first) | {c: first(name) for c, name in parents.items()}
    columns = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join("?" for _ in values)
    given = map(as_sql, values.values())
    round_.sql(f"INSERT INTO {resource.name} ({columns}) VALUES ({marks})", *given)


def as_sql(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value


def test_a_split_test_is_changed_in_the_form_in_which_it_is_shown(whole: Round) -> None:
    step, *_ = whole.ids("split_test_steps")
    before = [
        way["page"]["id"] for way in (whole.world.get("split_test_steps", step) or {})["variants"]
    ]
    text = whole.one("SELECT CAST(variants AS TEXT) FROM split_test_steps WHERE id = ?", step)
    changed = [way | {"weight": 50} for way in json.loads(text)]

    whole.sql("UPDATE split_test_steps SET variants = ? WHERE id = ?", as_sql(changed), step)
    assert whole.push().exit_code == 0

    ways = (whole.world.get("split_test_steps", step) or {})["variants"]
    assert [(way["page"]["id"], way["weight"]) for way in ways] == [(i, 50) for i in before]
    (entry,) = whole.world.ledger.writes("split_test_steps")
    assert entry.fields["variants"] == [{"page_id": i, "weight": 50} for i in before]
    assert differences(whole) == []
