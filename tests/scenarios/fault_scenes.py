"""The scenes of the fault matrix: for each pass a small account in which it makes every kind of
call, and what people have changed on either side before it runs.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from cfsync.sandbox import World
from cfsync.sync import passes
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from tests.push.conftest import Account

NAMES = ("contacts", "contact_tags", "products", "product_variants")
"""Three pages, a list of one page, its neighbour, and lists below other records."""

PUSHED = ("contact_tags", "contacts", "products", "orders", "fulfillments")

SIZES = {
    "contacts": 45,
    "contact_tags": 4,
    "contact_applied_tags": 20,
    "products": 3,
    "product_variants": 3,
    "orders": 2,
    "fulfillment_locations": 1,
    "fulfillments": 2,
}
FEW = {"contacts": 12}
SETTINGS = {"CFSYNC_EVENTS__LOG_EVERY": "1ms", "CFSYNC_PUSH__BULK_FROM": "3"}


TODAY = datetime(2026, 1, 1, tzinfo=UTC)


def world_of(**more: int) -> World:
    """Always the same, to the millisecond; its log holds an event, so that it is read again and
    again.
    """
    world = World(seed=3, bare=True, clock=lambda: TODAY, **SIZES | more)
    long_ago = {"updated_at": "2025-06-01T00:00:00.000Z"}
    world.edit("contacts", _ids(world, "contacts")[0], **long_ago)
    long_ago["created_at"] = long_ago["updated_at"]
    world.create("contact_tags", world.workspaces[0], name="Unused", **long_ago)
    world.ledger.clear()
    return world


@dataclass(frozen=True)
class Scene:
    """`do` is the pass. `given`: what is in the account from the beginning. `change`: what people
    did in ClickFunnels since the mirror was filled; `edit`: what they did by SQL. `empty`: the
    mirror is still empty. `hints`: some news come by looks that only save time; where such a look
    is refused a sweep finds them. `walkers`: so many calls at once; then the nth one is now this
    and now that one. `needless`: what stands in the path of calls without which the pass goes
    another way.
    """

    name: str
    do: Callable[[Account], Report]
    given: Callable[[World], None] = lambda _: None
    change: Callable[[World], None] = lambda _: None
    edit: Callable[[Account], None] = lambda _: None
    empty: bool = False
    hints: bool = False
    sizes: dict[str, int] = field(default_factory=dict)
    walkers: int = 1
    needless: str = "no such path"


def _ids(world: World, name: str) -> list[int]:
    return world.ids(name, world.workspaces[0])


def _changed_contacts(world: World) -> None:
    """Of more than one page, and of so many days that no overlap makes up for a place too far."""
    contacts = _ids(world, "contacts")
    for day, contact in enumerate(contacts[5:30], 1):
        when = f"2025-07-{day:02}T12:00:00.000Z"
        world.edit("contacts", contact, first_name=f"News {contact}", updated_at=when)
    world.create("contacts", world.workspaces[0], first_name="Fresh")


def _told_news(world: World) -> None:
    _changed_contacts(world)
    world.delete("contacts", _ids(world, "contacts")[2])


def _news(world: World) -> None:
    """News of which no event tells, but for the deletion."""
    products = _ids(world, "products")
    world.store.events = "never"
    _changed_contacts(world)
    world.edit("contact_tags", _ids(world, "contact_tags")[0], name="Renamed")
    world.create("product_variants", products[0], name="Large")
    world.edit("products", products[0], name="Renamed")
    world.store.events = "always"
    world.delete("contacts", _ids(world, "contacts")[2])


def _same_moment(world: World) -> None:
    """A hundred records that were changed by one statement."""
    world.store.events = "never"
    moment = "2030-01-01T00:00:00.000Z"
    for contact in _ids(world, "contacts")[10:]:
        world.edit("contacts", contact, last_name=f"Import {contact}", updated_at=moment)


def _everybody(world: World) -> None:
    """The filter of a census."""
    criteria = [{"attribute": "created_at", "clause": "gte", "value": "1970-01-01"}]
    more = {"filter_class": "ContactsFilter", "conjunction": "and", "criteria": criteria}
    world.create("refine_filters", world.workspaces[0], name="cfsync census", **more)


def _trust(account: Account) -> None:
    """A walk confirms the census."""
    account.settings["CFSYNC_CENSUS__CREATE_FILTER"] = "true"
    assert account.sweep("contacts").exit_code == 0
    state = account.one("SELECT value FROM cf_meta WHERE key LIKE 'census/%'")
    assert json.loads(state)["standing"] == "trusted"


def _differences(world: World) -> None:
    """One of each that a census finds: the deletion of a tag moves no `updated_at`."""
    _deleted_contacts(world)
    contacts = _ids(world, "contacts")
    world.edit("contacts", contacts[12], first_name="Changed")
    world.create("contacts", world.workspaces[0], first_name="Fresh")


def _deletions(world: World) -> None:
    _deleted_contacts(world)
    world.delete("contact_tags", _ids(world, "contact_tags")[3])


def _deleted_contacts(world: World) -> None:
    world.store.events = "never"
    contacts = _ids(world, "contacts")
    for contact in (contacts[0], contacts[21], contacts[-1]):
        world.delete("contacts", contact)
    world.edit("contacts", contacts[30], anonymous="anonymous")


def _known_email(world: World) -> None:
    world.store.events = "never"
    world.create(
        "contacts", world.workspaces[0], email_address="known@example.com", first_name="There"
    )


def _edits(account: Account) -> None:
    """Every kind of edit once, each with a value that nothing else has."""
    c, t = account.ids_of("contacts"), account.ids_of("contact_tags")
    p, o = account.ids_of("products"), account.ids_of("orders")
    f, place = account.ids_of("fulfillments"), account.ids_of("fulfillment_locations")[0]
    tagged = next(i for i in c[5:] if account.tags(i))
    mine = account.tags(tagged)
    others = sorted(set(t[:-1]) - set(mine))[:1]
    email = account.one("SELECT email_address FROM contacts WHERE id = ?", c[3])
    for statement, *params in (
        ("UPDATE contacts SET first_name = 'Edited' WHERE id = ?", c[0]),
        ('UPDATE contacts SET custom_attributes = \'{"hat": "7"}\' WHERE id = ?', c[0]),
        ("UPDATE contacts SET tag_ids = ? WHERE id = ?", json.dumps(others), tagged),
        ("DELETE FROM contacts WHERE id = ?", c[1]),
        ("INSERT INTO contacts (email_address, first_name) VALUES ('new@example.com', 'New')",),
        ("INSERT INTO contacts (email_address, first_name) VALUES ('known@example.com', 'Ours')",),
        (
            "INSERT INTO contacts (id, first_name, last_name, tag_ids)"
            " VALUES (950000000000007, 'No', 'Address', ?)",
            json.dumps(t[:1]),
        ),
        ("UPDATE contacts SET email_address = 'other@example.com' WHERE id = ?", c[3]),
        ("UPDATE contacts SET email_address = ? WHERE id = ?", email, c[4]),
        ("INSERT INTO contact_tags (name) VALUES ('VIP')",),
        ("UPDATE contact_tags SET name = 'Renamed' WHERE id = ?", t[0]),
        ("DELETE FROM contact_tags WHERE id = ?", t[-1]),
        ("INSERT INTO products (name, archived) VALUES ('Book', ?)", True),
        ("UPDATE products SET name = 'Renamed' WHERE id = ?", p[0]),
        ("UPDATE products SET archived = ? WHERE id = ?", True, p[1]),
        ("UPDATE orders SET notes = 'Noted' WHERE id = ?", o[0]),
        (
            "INSERT INTO fulfillments (contact_id, location_id, tracking_code,"
            " included_orders_invoices_line_items_attributes)"
            " VALUES (950000000000007, ?, 'T1', '[{\"id\": 7, \"quantity\": 1}]')",
            place,
        ),
        ("UPDATE fulfillments SET tracking_code = 'T2' WHERE id = ?", f[0]),
        ("UPDATE fulfillments SET status = 'cancelled' WHERE id = ?", f[1]),
    ):
        account.sql(statement, *params)


def _same_tags(account: Account) -> None:
    """The same tag of contacts that don't have it, and another one is taken from those that do."""
    new, old = account.ids_of("contact_tags")[:2]
    for contact in account.ids_of("contacts"):
        tags = sorted({*account.tags(contact), new} - {old})
        account.sql("UPDATE contacts SET tag_ids = ? WHERE id = ?", json.dumps(tags), contact)


def _lost_answers(account: Account) -> None:
    """The same edits after a push none of whose calls arrived."""
    _edits(account)
    for method in ("POST", "PUT", "DELETE"):
        account.world.fault("reset_before", method=method, times=None)
    for name in PUSHED:
        account.push(name)
        account.push(name)


def _some_arrived(world: World) -> None:
    """Of the calls without an answer some arrived all the same."""
    _known_email(world)
    world.create("contact_tags", world.workspaces[0], name="VIP")
    world.create("products", world.workspaces[0], name="Book")
    world.edit("contacts", _ids(world, "contacts")[0], first_name="Edited")


async def _events(context: Context) -> Report:
    """What the daemon does with the log and with what it tells of."""
    report = await passes.logs_due(context) or Report("events")
    for name in NAMES if report.state == "done" else ():
        if followed := await passes.events_due(context, name):
            report.problems += followed.problems
            report.unreachable += followed.unreachable
            report.waiting = followed.waiting
            report.state = followed.state
            if report.state != "done":
                break
    return report


SCENES = {
    s.name: s
    for s in (
        Scene("backfill", lambda a: a.run(passes.backfill, NAMES), empty=True),
        Scene(
            "backfill side by side",
            lambda a: a.run(passes.backfill, NAMES),
            empty=True,
            sizes={"contacts": 110},
            walkers=4,
        ),
        Scene("pull", lambda a: a.pull(*NAMES), change=_news, hints=True),
        Scene(
            "pull of one moment",
            lambda a: a.pull("contacts"),
            change=_same_moment,
            sizes={"contacts": 110},
        ),
        Scene("events", lambda a: a.run(_events), change=_told_news, hints=True),
        Scene("push", lambda a: a.push(), change=_known_email, edit=_edits, sizes=FEW),
        Scene(
            "push after lost answers",
            lambda a: a.push(),
            change=_some_arrived,
            edit=_lost_answers,
            sizes=FEW,
        ),
        Scene(
            "push in bulk",
            lambda a: a.push("contacts"),
            edit=_same_tags,
            sizes=FEW,
            needless="/contacts/tag_actions",
        ),
        Scene("sweep", lambda a: a.sweep(*NAMES), change=_deletions),
        Scene(
            "sweep side by side",
            lambda a: a.sweep(*NAMES),
            change=_deletions,
            sizes={"contacts": 110},
            walkers=4,
        ),
        Scene(
            "sweep by census",
            lambda a: a.sweep("contacts"),
            given=_everybody,
            change=_differences,
            edit=_trust,
            needless="refine_filters",
        ),
    )
}


def quiet_logs() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
