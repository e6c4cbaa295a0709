"""Leases: one holder each, by the database's clock, with a fence before every write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from cfsync.daemon.ownership import LeasedOwnership
from cfsync.mirror.coordination import leases
from cfsync.mirror.coordination.leases import Lease, LeaseTimes, LostLease
from cfsync.mirror.db.engine import Mirror, Tx
from tests.conftest import POSTGRESQL_ONLY

pytestmark = POSTGRESQL_ONLY
Write = Callable[..., Any]


@pytest.fixture
def other(mirror_url: str) -> Iterator[Mirror]:
    """Another process' connection."""
    opened = Mirror.open(mirror_url, must_exist=True, clock=lambda: datetime.now(UTC))
    yield opened
    opened.close()


def take(write: Write, owner: str, *names: str, ttl: float = 60, grace: float = 60) -> list[str]:
    taken = write(leases.acquire, owner, names, LeaseTimes(ttl, grace), limit=len(names))
    return sorted(lease.name for lease in taken)


def test_a_lease_has_one_holder_until_it_expires_and_the_last_call_has_ended(
    write: Write,
) -> None:
    assert take(write, "a", "contacts", "orders") == ["contacts", "orders"]
    assert take(write, "b", "contacts") == []

    write(leases.renew, "a", -1.0)

    assert take(write, "b", "contacts", grace=60) == []
    assert take(write, "b", "contacts", grace=0) == ["contacts"]
    assert [(held.name, held.fence) for held in write(leases.renew, "a", 60.0)] == [("orders", 1)]
    assert [(held.name, held.fence) for held in write(leases.renew, "b", 60.0)] == [("contacts", 2)]


def test_a_lease_given_back_is_free_at_once(write: Write) -> None:
    take(write, "a", "contacts", "orders")

    write(leases.release, "a", ["contacts"])

    assert take(write, "b", "contacts", "orders") == ["contacts"]


def test_at_most_limit_leases_are_taken_in_the_order_given(write: Write) -> None:
    taken = write(leases.acquire, "a", ["orders", "contacts"], LeaseTimes(60, 60), limit=1)

    assert [lease.name for lease in taken] == ["orders"]


def test_a_write_of_a_former_holder_is_refused(mirror: Mirror, write: Write) -> None:
    (old,) = write(leases.acquire, "a", ["contacts"], LeaseTimes(-1, 0), limit=1)
    bound = mirror.checked(lambda tx: leases.check_held(tx, old))
    asyncio.run(bound.write(_note, "in time"))

    take(write, "b", "contacts", grace=0)

    with pytest.raises(LostLease):
        asyncio.run(bound.write(_note, "too late"))
    assert asyncio.run(mirror.read(_notes)) == ["in time"]


def test_no_lease_is_taken_during_its_holders_transaction(
    mirror: Mirror, other: Mirror, write: Write
) -> None:
    (held,) = write(leases.acquire, "a", ["contacts"], LeaseTimes(-1, 0), limit=1)

    def work(tx: Tx) -> tuple[list[Lease], list[Lease]]:
        leases.check_held(tx, held)
        taken = asyncio.run(
            other.write(leases.acquire, "b", ["contacts"], LeaseTimes(60, 0), limit=1)
        )
        return taken, asyncio.run(other.write(leases.renew, "a", -1.0))

    taken, renewed = write(work)

    assert taken == []
    assert renewed == [held]
    assert take(write, "b", "contacts", grace=0) == ["contacts"]


def test_daemons_share_fairly_and_make_room_for_another(mirror: Mirror, other: Mirror) -> None:
    async def turns() -> Iterator[tuple[set[str], set[str]]]:
        names = ["contacts", "orders", "products"]
        first, second = (LeasedOwnership(m, names, ttl=60, grace=60) for m in (mirror, other))
        seen = []
        for who in (first, second, first, second, first):
            await who.update(lambda name: name == "orders")
            seen.append((set(first.owned), set(second.owned)))
        await first.release(["orders"])
        await second.update(lambda _: False)
        return iter([*seen, (set(), set(second.owned))])

    seen = list(asyncio.run(turns()))

    assert seen[0] == ({"contacts", "orders", "products"}, set())
    assert seen[1][1] == set()
    assert len(seen[2][0]) == 2
    assert "orders" in seen[2][0]
    assert seen[3][1] == {"contacts", "products"} - seen[2][0]
    assert seen[4] == seen[3]
    assert seen[5][1] == {"contacts", "products"}  # orders may have a call under way: it runs out


def test_a_holder_that_could_not_renew_in_time_starts_no_call(mirror: Mirror) -> None:
    now = [0.0]
    ownership = LeasedOwnership(mirror, ["contacts"], ttl=30, grace=30, clock=lambda: now[0])
    asyncio.run(ownership.update(lambda _: False))

    now[0] = 29.0
    ownership.check("contacts")
    now[0] = 30.0

    with pytest.raises(LostLease):
        ownership.check("contacts")
    assert not ownership.owned


def _note(tx: Tx, text: str) -> None:
    tx.conn.exec_driver_sql(
        "INSERT INTO cf_meta (key, value) VALUES (%(key)s, '')", {"key": f"note/{text}"}
    )


def _notes(tx: Tx) -> list[str]:
    found = tx.conn.exec_driver_sql("SELECT key FROM cf_meta WHERE starts_with(key, 'note/')")
    return [key.removeprefix("note/") for (key,) in found]
