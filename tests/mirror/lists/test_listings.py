"""Which lists below other records are due: read from little, however many there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.lists import listings
from cfsync.mirror.progress import checkpoints
from cfsync.records import Listing
from cfsync.resources import RESOURCES

VARIANTS = RESOURCES["product_variants"]
EARLY, NOON, LATE = (f"2026-01-01T{hour}:00:00.000Z" for hour in ("06", "12", "18"))
SOON = "2026-01-01T12:00:05.000Z"
FUTURE = "2999-01-01T00:00:00.000Z"
Write = Callable[..., Any]


def add_products(tx: Tx, written_at: str, *ids: int, workspace: int = 7) -> None:
    rev = tx.rev()
    for product in ids:
        row = {"id": product, "workspace_id": workspace, "name": "Shirt"}
        row |= {"cf_rev": rev, "cf_synced_at": written_at}
        tx.conn.execute(TABLES["products"].insert().values(row))


def pulled(tx: Tx, at: str, *products: int) -> None:
    places = [checkpoints.fresh(Listing(VARIANTS.name, p), "pull") for p in products]
    checkpoints.save(tx, *(replace(place, began_at=at) for place in places))


def due(tx: Tx, *workspaces: int) -> list[int]:
    return [listing.parent_id for listing in listings.due_lists(tx, VARIANTS, workspaces or (7,))]


def rotated(tx: Tx, *products: int) -> None:
    listings.mark_tried(tx, [Listing(VARIANTS.name, p, 7) for p in products])


def turned(tx: Tx, at: str, *workspaces: int) -> None:
    listings.mark_pulled(tx, [VARIANTS], workspaces or (7,), at)


def test_lists_that_were_never_pulled_are_due_before_and_after_a_turn(write: Write) -> None:
    write(add_products, EARLY, 1, 2)
    assert write(due) == [1, 2]
    write(pulled, NOON, 1, 2)
    write(turned, NOON)

    write(add_products, LATE, 3)

    assert write(due)[0] == 3


def test_a_list_whose_parent_was_written_since_is_due(write: Write) -> None:
    write(add_products, LATE, 2)
    write(add_products, EARLY, 1, 3)
    write(pulled, NOON, 1, 2, 3)
    write(turned, NOON)

    assert write(due) == [2, 1]


def test_quiet_lists_take_turns_and_a_parent_that_is_gone_holds_up_none(write: Write) -> None:
    write(add_products, EARLY, *range(1, 300))
    write(pulled, EARLY, 999)
    write(pulled, NOON, *range(1, 300))
    write(turned, NOON)
    assert write(due) == [1, 2]

    write(rotated, 1, 2)

    assert write(due) == [3, 4]


def test_a_list_that_can_not_be_read_holds_up_no_other(write: Write) -> None:
    write(add_products, EARLY, *range(1, 6))
    write(pulled, NOON, *range(1, 6))
    write(turned, NOON)

    seen = []
    for _ in range(6):
        seen.append(write(due))
        write(rotated, *seen[-1])  # tried, and never pulled

    assert seen == [[1], [2], [3], [4], [5], [1]]


def test_what_another_process_wrote_shortly_before_is_not_missed(write: Write) -> None:
    """Its transaction took longer, or its clock is behind: it is dated before the turn began."""
    write(turned, SOON)

    write(add_products, NOON, 1)

    assert write(due) == [1]


def test_a_clock_that_is_set_back_hides_no_list(write: Write) -> None:
    write(add_products, EARLY, 1)
    write(pulled, FUTURE, 1)
    write(turned, FUTURE)

    write(add_products, LATE, 2)

    assert write(due) == [2, 1]
    assert write(listings._changed, VARIANTS, (7,)) == [
        Listing(VARIANTS.name, 2, 7),
        Listing(VARIANTS.name, 1, 7),
    ]


def test_a_pull_that_runs_beside_a_new_beginning_is_no_turn_of_it(write: Write) -> None:
    write(add_products, EARLY, 1)
    write(pulled, NOON, 1)
    write(turned, NOON)
    began_at = write(lambda tx: tx.now)

    write(listings.restart, [Listing(VARIANTS.name, 1, 7)])
    write(turned, began_at)

    assert write(due) == [1]


def test_a_workspace_that_comes_back_is_looked_through(write: Write) -> None:
    write(add_products, EARLY, 1)
    write(add_products, EARLY, 2, workspace=8)
    write(pulled, NOON, 1)
    write(turned, NOON)

    assert write(due, 7, 8) == [2, 1]


def test_without_a_parent_of_these_workspaces_nothing_is_due(write: Write) -> None:
    write(add_products, EARLY, 1)

    assert write(due, 8) == []
