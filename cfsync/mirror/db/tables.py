"""The mirror's tables for SQLAlchemy: one for each resource, from the catalogue, and all of `cf_`.

The DDL itself is frozen in `migrations/`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Table

from cfsync.mirror.db.dialect import secrets_table
from cfsync.mirror.db.types import TYPES, Json, Timestamp
from cfsync.resources import RESOURCES, Resource

metadata = sa.MetaData()


def _bookkeeping(name: str, *columns: Column[object], schema: str | None = None) -> Table:
    return Table(f"cf_{name}", metadata, *columns, schema=schema)


def _text(name: str, *, key: bool = False) -> Column[object]:
    return Column(name, sa.Text, primary_key=key)


def _big(name: str, *, key: bool = False) -> Column[object]:
    return Column(name, sa.BigInteger, primary_key=key)


def _time(name: str) -> Column[object]:
    return Column(name, Timestamp)


def _decided() -> tuple[Column[object], ...]:
    """What a person has decided about it, who it was, and when."""
    return _text("decision"), _text("decided_by"), _time("decided_at")


def _json(name: str) -> Column[object]:
    return Column(name, Json)


def _table(resource: Resource) -> Table:
    columns: list[Column[Any]] = [
        Column(f.name, TYPES[f.type], primary_key=f.name == "id") for f in resource.columns
    ]
    return Table(resource.name, metadata, *columns, _big("cf_rev"), _time("cf_synced_at"))


class _Tables(Mapping[str, Table]):
    """Creates each table when it is first asked for: all of them cost more than a quiet pull."""

    def __init__(self) -> None:
        self._made: dict[str, Table] = {}
        self._making = Lock()

    def __getitem__(self, name: str) -> Table:
        if name not in self._made:
            with self._making:
                if name not in self._made:
                    self._made[name] = _table(RESOURCES[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(RESOURCES)

    def __len__(self) -> int:
        return len(RESOURCES)


TABLES: Mapping[str, Table] = _Tables()
"""Resource name -> its table."""


SCHEMA_VERSION = "cf_schema"
"""The table in which Alembic keeps the schema's revision."""

VIEW_NAMES = (
    "order_line_items",
    "invoice_line_items",
    "fulfillment_items",
    "custom_attributes",
    "visits",
    "team_members",
    "contact_tag_links",
    "order_tag_links",
    "product_tag_links",
    "sales",
    "subscriptions",
    "refunds",
    "customers",
    "course_progress",
    "form_answers_wide",
    "pipeline",
    "confirmed_contacts",
    "confirmed_products",
    "confirmed_product_variants",
    "confirmed_product_prices",
    "confirmed_orders",
    "confirmed_fulfillments",
    "confirmed_enrollments",
    "confirmed_sales_opportunities",
    "cf_waiting",
    "cf_my_edits",
    "cf_feed",
)
"""The views beside the tables, which `mirror.views` defines in this order."""

OUTBOX = _bookkeeping(
    "outbox",
    _big("seq", key=True),
    _text("resource"),
    _big("workspace_id"),
    _big("record_id"),
    _text("op"),  # insert, update, delete
    _json("patch"),  # {field: [old, new]}; a delete: the whole row as old
    _text("state"),
    _big("attempts"),
    _text("error"),
    _text("db_user"),
    _text("application"),
    _time("captured_at"),
    _time("sent_at"),
    _big("batch"),
    _json("sent"),  # {field: value} as journalled before the call
    Column("approved", sa.Boolean),  # a human has said that this mass may be sent
    _big("highest_id"),  # insert: the highest id that the mirror then had of that resource
    Column("is_news", sa.Boolean),  # False: of what the row holds already; NULL: a change of it
    *_decided(),  # approved, retried, discarded, adopted
)
BASE = _bookkeeping(
    "base",
    _text("resource", key=True),
    _big("id", key=True),
    _text("body"),
    _time("updated_at"),
    _big("rev"),
    _text("lane"),  # which lane brought this body
    # What users can write in the row is the same since it had this `cf_rev`; NULL: since `rev`. It
    # holds while the row's `cf_rev` is `rev`.
    _big("same_since"),
    _text("stored_forms"),  # {field: [value last sent, the other form in which it was stored]}
)
CHECKPOINTS = _bookkeeping(
    "checkpoints",
    _text("resource", key=True),
    _big("parent_id", key=True),  # 0: the list hangs below nothing
    _text("lane", key=True),  # backfill, pull, sweep, events
    _big("part", key=True),  # a range of ids of a walk that is cut in several; 0 otherwise
    _big("cursor"),  # the id behind which the walk goes on
    _big("upper"),  # the last id of the range; NULL: open
    _time("watermark"),
    _time("seen_at"),  # when the watermark was first seen, by the mirror's clock
    _time("pending"),  # the watermark to be, while a walk is under way
    _time("began_at"),  # when the last pass began
    _time("done_at"),  # when the last walk ended; NULL: under way
)
CONFLICTS = _bookkeeping(
    "conflicts",
    _big("id", key=True),
    _text("resource"),
    _big("record_id"),
    _text("kind"),  # changed, drift, deleted_here, deleted_remotely
    _text("field"),  # empty: it is about the whole record
    _json("base"),
    _json("local"),
    _json("remote"),
    _text("winner"),
    _text("state"),
    _time("found_at"),
    *_decided(),  # local, remote, value
)
TOMBSTONES = _bookkeeping(
    "tombstones",
    _text("resource", key=True),
    _big("record_id", key=True),
    _big("parent_id"),
    _big("workspace_id"),
    _text("side"),
    _text("cause"),
    _text("state"),
    _time("first_seen"),
    _time("confirmed_at"),
    _text("body"),
    _big("rev"),
    *_decided(),  # approved, rejected, redacted
)
IDS = _bookkeeping("ids", _text("resource", key=True), _big("local_id", key=True), _big("id"))
RUNS = _bookkeeping(
    "runs",
    _big("id", key=True),
    _text("pass"),
    _text("resource"),
    _text("state"),
    _time("started_at"),
    _time("ended_at"),
    _big("requests"),
    _big("quiet"),  # quiet passes since, counted here instead of being rows
    _json("counts"),
    _text("error"),
    _text("trouble"),  # what ended it early: token, limit, server, database, answer or error
)
LEASES = _bookkeeping(
    "leases", _text("name", key=True), _text("owner"), _big("fence"), _time("expires_at")
)
DAEMONS = _bookkeeping(
    "daemons",
    _text("name", key=True),
    _text("host"),
    _big("pid"),
    _time("started_at"),
    _time("seen_at"),
    _time("ended_at"),
)
BUDGET = _bookkeeping(
    "budget", _text("kind", key=True), Column("value", sa.Double), _time("updated_at")
)
EVENTS = _bookkeeping(
    "events",
    _text("event_id", key=True),
    _text("source"),  # receiver, log, busy (somebody held the row), refused
    _big("workspace_id"),
    _text("event_type"),
    _text("resource"),
    _big("record_id"),
    _text("state"),  # new, done
    _time("received_at"),
    _text("body"),
    _text("error"),
)
SECRETS = _bookkeeping(
    "secrets",
    _text("resource", key=True),
    _big("record_id", key=True),
    _text("field", key=True),
    _text("value"),
    _time("since"),
    _text("previous"),
    schema=secrets_table.SCHEMA,
)
META = _bookkeeping("meta", _text("key", key=True), _text("value"))
CHANGES = _bookkeeping(
    "changes",
    _big("seq", key=True),  # of the numbers of `cf_outbox`
    _text("resource"),
    _big("record_id"),  # NULL: `start`
    _big("workspace_id"),
    _text("op"),  # insert, update, delete, renumber, start
    _text("side"),  # clickfunnels, local
    _text("source"),  # backfill, pull, events, sweep, census, push, user
    _text("db_user"),
    _time("at"),  # when the mirror learned of it
    _time("changed_at"),  # `updated_at` of ClickFunnels
    _json("patch"),  # {field: [old, new]}
    _big("run"),
    _big("batch"),
)
FEED = Table("cf_feed", sa.MetaData(), *(Column(c.name, c.type) for c in CHANGES.columns))
"""The view of the whole history: `CHANGES`, and what is in `OUTBOX` alone."""
SAMPLES = _bookkeeping(
    "samples",
    Column("at", Timestamp, primary_key=True),  # when the span begins
    _big("minutes", key=True),  # 5; after two weeks 1440, a whole day
    _text("resource", key=True),  # '': a pass over several
    _text("lane", key=True),  # the pass; '': how the list stood
    *map(_big, ("passes", "quiet", "failed", "requests", "news", "sent")),
    *map(_big, ("lag_s", "open_edits", "p50_ms")),
)
FOUND = _bookkeeping(
    "found",
    _text("resource", key=True),
    _text("lane", key=True),
    _big("delay_ms", key=True),  # the longest of its class; 0: not measured
    _big("records"),
)
NOTES = _bookkeeping(
    "notes",
    _text("resource", key=True),
    _text("field", key=True),
    # unholdable, unknown, converted, ahead, foreign, tidied, null_left, vanished, absent
    _text("kind", key=True),
    _big("record_id"),  # an example
    _time("seen_at"),
)
