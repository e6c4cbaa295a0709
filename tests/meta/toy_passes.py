"""Backfill, pull, push and sweep of the resources of `toy_catalogue`, on an account with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest

from cfsync.api import Api
from cfsync.config import load
from cfsync.hints import WITH_EVENTS
from cfsync.mirror import capture
from cfsync.mirror.db.connect import place_of
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.progress import meta
from cfsync.sandbox import TOKEN, Running, World, running
from cfsync.sandbox.seeds import makers
from cfsync.sync import passes
from cfsync.sync.context import Context
from cfsync.sync.inspection.verify import verify
from cfsync.sync.push.conductor import push
from tests.conftest import Sql
from tests.meta.toy_catalogue import SEEDS, SIZES, migration


@dataclass
class Toy:
    """An account with gadgets, its mirror, and a program of the user's (`sql`)."""

    served: Running
    mirror: Mirror
    sql: Sql
    settings: dict[str, str]

    @property
    def world(self) -> World:
        return self.served.world

    def run(self, do: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> Any:
        async def main() -> Any:
            settings = load(environ=self.settings)
            async with Api(settings.api) as api:
                return await do(Context(api, self.mirror, settings, started_at="9999"), *args)

        outcome = asyncio.run(main())
        assert outcome.exit_code == 0, outcome
        return outcome

    def column(self, statement: str, *params: Any) -> list[Any]:
        return [row[0] for row in self.sql(statement, *params)]

    def refused(self, statement: str, words: str) -> None:
        with pytest.raises(Exception, match=words):
            self.sql(statement)


def main(owner_url: str, daemon_url: str) -> None:
    """`owner_url` may change the schema, `daemon_url` runs the passes; the mirror is migrated."""
    engine = place_of(owner_url).engine()
    with engine.begin() as conn:
        migration(conn)
        meta.delete(conn, meta.CAPTURE)  # the digests are not of this catalogue
        assert capture.install(conn)
    engine.dispose()
    world = World(bare=True, workspaces=2, contacts=4, **SIZES)
    with mock.patch.object(makers, "MAKERS", makers.MAKERS | SEEDS), running(world) as served:
        mirror = Mirror.open(daemon_url, must_exist=True, clock=lambda: datetime.now(UTC))
        sql = Sql(daemon_url, "cfsync_app")
        settings = {
            "CFSYNC_API__BASE_URL": served.api,
            "CFSYNC_API__TOKEN": TOKEN,
            "CFSYNC_API__MAX_REQUESTS_PER_SECOND": "0",
            "CFSYNC_API__MIRROR": "core",
            "CFSYNC_DATABASE__URL": daemon_url,
            "CFSYNC_DELETIONS__CONFIRM_AFTER": "0s",
            "CFSYNC_PUSH__SETTLE": "0s",
        }
        toy = Toy(served, mirror, sql, settings)
        for step in (settings_know_them, backfilled, pulled, pushed, swept):
            step(toy)
        sql.conn.close()
        mirror.close()


def settings_know_them(toy: Toy) -> None:
    settings = load(environ=toy.settings | {"CFSYNC_RESOURCES__GADGET_PARTS__ENABLED": "false"})

    assert settings.resource("gadgets").pull_every == 420.0
    assert "gadget_parts" not in settings.wanted
    assert "gadgets" in WITH_EVENTS


def backfilled(toy: Toy) -> None:
    toy.run(passes.backfill)

    assert toy.column("SELECT count(*) FROM gadgets WHERE price = '9.50'") == [45]
    assert toy.column(
        "SELECT count(*) FROM gadget_parts p JOIN gadgets g"
        " ON g.id = p.gadget_id AND g.workspace_id = p.workspace_id"
    ) == [60]
    toy.run(verify)


def pulled(toy: Toy) -> None:
    first = toy.world.ids("gadgets", toy.world.workspaces[0])[0]
    toy.world.edit("gadgets", first, name="pulled")
    new = toy.world.create("gadget_parts", first, label="new")

    toy.run(passes.pull)

    assert toy.column("SELECT name FROM gadgets WHERE id = ?", first) == ["pulled"]
    assert toy.column("SELECT gadget_id FROM gadget_parts WHERE id = ?", new) == [first]


def pushed(toy: Toy) -> None:
    changed, deleted = toy.column("SELECT id FROM gadgets ORDER BY id")[:2]
    workspace = toy.world.workspaces[1]
    toy.sql("UPDATE gadgets SET name = 'pushed', price = '1.25' WHERE id = ?", changed)
    toy.sql("DELETE FROM gadgets WHERE id = ?", deleted)
    with toy.sql.transaction():
        toy.sql("INSERT INTO gadgets (name, workspace_id) VALUES ('made', ?)", workspace)
        (made,) = toy.column("SELECT id FROM gadgets WHERE name = 'made'")
        toy.sql("INSERT INTO gadget_parts (label, gadget_id) VALUES ('of it', ?)", made)
    toy.refused("UPDATE gadgets SET sold = 0", "gadgets.sold is read-only in ClickFunnels")
    toy.refused("DELETE FROM gadget_parts", "parts are never taken off")

    toy.run(push)

    (made,) = toy.column("SELECT id FROM gadgets WHERE name = 'made'")
    assert made in toy.world.ids("gadgets", workspace)
    (part,) = toy.world.ids("gadget_parts", made)
    assert (toy.world.get("gadget_parts", part) or {})["label"] == "of it"
    assert (toy.world.get("gadgets", changed) or {})["name"] == "pushed"
    assert toy.world.get("gadgets", deleted) is None
    assert {(e.verb, e.resource): e.fields for e in toy.world.ledger.writes()} == {
        ("update", "gadgets"): {"name": "pushed", "price": "1.25"},
        ("delete", "gadgets"): {},
        ("create", "gadgets"): {"name": "made"},
        ("create", "gadget_parts"): {"label": "of it"},
    }


def swept(toy: Toy) -> None:
    gadget = toy.column("SELECT id FROM gadgets ORDER BY id")[-1]
    part = toy.column("SELECT max(id) FROM gadget_parts WHERE gadget_id <> ?", gadget)[0]
    toy.world.delete("gadget_parts", part)
    toy.world.delete("gadgets", gadget)

    toy.run(passes.sweep)

    assert toy.column("SELECT id FROM gadgets WHERE id = ?", gadget) == []
    assert toy.column("SELECT id FROM gadget_parts WHERE id = ?", part) == []
    toy.run(verify)
