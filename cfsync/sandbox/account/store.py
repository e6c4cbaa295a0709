"""The account's records, how an answer shows them, and the log of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

import orjson

from cfsync.resources import ALL, ROOT, Resource
from cfsync.sandbox.account.emails import Emails
from cfsync.sandbox.account.table import Table
from cfsync.sandbox.account.views import QUOTED_IN, VIEWS
from cfsync.sandbox.seeds.catalogues import EVENT_TYPES
from cfsync.sandbox.seeds.formats import EPOCH, id_of, public_id, time_ms, time_text
from cfsync.sandbox.seeds.makers import seeded
from cfsync.sandbox.seeds.people import tag_of
from cfsync.sandbox.seeds.plan import Plan, mix
from cfsync.sandbox.seeds.records import Values, blank

CACHED = 250_000
"""Most JSON texts cached for one resource: about 300 MB for contacts."""

HIDDEN = {"contacts": "anonymous"}
"""A record with a value in this field is not listed; a GET of it works."""


def _owners(resource: Resource) -> tuple[tuple[str, str], ...]:
    if resource.scope:
        return ()
    above = ((resource.parent_field or "", resource.parent),) if resource.parent else ()
    here = (("workspace_id", "workspaces"),) if resource.in_workspace else ()
    return tuple(dict.fromkeys((*above, *here)))


OWNERS: Mapping[str, tuple[tuple[str, str], ...]] = {
    name: _owners(r) for name, r in ALL.items()
} | {
    "contact_applied_tags": (
        ("contact_id", "contacts"),
        ("tag_id", "contact_tags"),
        ("workspace_id", "workspaces"),
    ),
}
"""Resource -> (field, resource) of the records without which its records are gone too."""


@dataclass
class BulkRules:
    """How the account runs bulk actions, where the documents leave it open."""

    #: After how many looks at it an action runs; 0: before it is answered; None: never.
    bulk_looks: int | None = 0
    #: The most targets of an action.
    bulk_limit: int = 5000
    #: Whether it takes plain ids beside public ones.
    bulk_plain_ids: bool = False
    #: Whether a contact that doesn't exist is passed over, or the whole action is refused.
    bulk_unknown: Literal["passed over", "refused"] = "passed over"
    #: The share of the targets, the first ones, that an action really changes.
    bulk_share: float = 1.0
    #: Whether `performed_count` counts all targets that were looked at, or those that changed.
    bulk_counts: Literal["targets", "changes"] = "targets"
    #: Whether the contacts' `updated_at` moves.
    bulk_touches: bool = True
    #: Whether an action shows its `target_ids`.
    bulk_shows_targets: bool = True


class Store:
    """Records by resource and id. It enforces no rule of the API: see `rules`."""

    def __init__(self, plan: Plan, clock: Callable[[], datetime]) -> None:
        self.plan = plan
        self.clock = clock
        self.events: Literal["always", "endpoints", "never"] = "always"
        self.event_types: Sequence[str] | None = EVENT_TYPES
        """The types that an endpoint may ask for; None: the API has no list of them."""
        self.subjects: Literal["typed", "text", "untyped"] = "typed"
        """How events name their subject: type and id, the id as text, or only the id."""
        self.soft_deletes = False
        """Whether a GET or PUT still shows a deleted record, with `deleted_at`."""
        self.redacts_in_place = False
        """Whether a redacted contact stays, unlisted and without its name, but with its tags."""
        self.strict_deletes = False
        """Whether a contact with enrollments, or an active subscription, can't be deleted."""
        self.late_changes = True
        """Whether the answer to a change that is applied later still shows the old value."""
        self.bulk = BulkRules()
        self.waiting_actions: dict[int, int] = {}
        """Bulk actions that have not run yet, and how often each was looked at."""
        self.deleted: dict[tuple[str, int], Values] = {}
        self.unlisted: set[tuple[str, int]] = set()
        """Records that no list shows; a GET of them works."""
        self.live_products: set[int] = set()
        self.listeners: list[Callable[[Values, list[Values]], None]] = []
        self.tables = {name: Table(r, plan, partial(seeded, plan, name)) for name, r in ALL.items()}
        self.emails = Emails(plan)
        self._names = {name: _shown_names(name) for name in ALL}

    def get(self, resource: str, id_: int) -> Values | None:
        """The record, listed or not; None if it or one of its parents is gone."""
        values = self.tables[resource].get(id_)
        return values if values is not None and self._is_owned(resource, values) else None

    def id_in_path(self, resource: str, text: str) -> int | None:
        """The id that a path names, by itself, by a public_id, or by the text that tells records of
        the resource apart; None if it is none of them.
        """
        for name in ALL[resource].key[:1]:
            for values in self.children(resource, ROOT):
                if values[name] == text:
                    return int(values["id"])
        return id_of(resource, text)

    def _is_owned(self, resource: str, values: Values) -> bool:
        return all(
            self.get(owner, values[field]) is not None
            for field, owner in OWNERS[resource]
            if self.tables[owner].has_deletions
        )

    def is_listed(self, resource: str, id_: int) -> bool:
        """Whether the list that holds this id shows it."""
        if (resource, id_) in self.unlisted:
            return False
        if not any(self.tables[owner].has_deletions for _, owner in OWNERS[resource]):
            if resource not in HIDDEN:
                return True
            if (index := self.tables[resource].seed_number(id_)) is not None:
                return not self.plan.is_anonymous(index)
        values = self.get(resource, id_)
        return values is not None and not values.get(HIDDEN.get(resource, ""))

    def children(self, resource: str, parent: int) -> list[Values]:
        """The records listed below one record, in the order of their ids."""
        found = (
            self.get(resource, id_) for id_ in self.tables[resource].by_id(parent, None, False)
        )
        return [values for values in found if values is not None]

    def tags_of(self, contact: Values) -> list[tuple[int, str]]:
        """The ids of a contact's tags, and when each was applied: those to start with when the
        contact was created.
        """
        table, tags = self.tables["contact_applied_tags"], self.tables["contact_tags"]
        found: list[tuple[int, str]] = []
        for id_ in table.by_id(contact["id"], None, False):
            if (number := table.seed_number(id_)) is not None:
                found.append((tag_of(self.plan, number), contact["created_at"]))
            elif applied := table.get(id_):
                found.append((applied["tag_id"], applied["created_at"]))
        return [(tag, at) for tag, at in found if not tags.has_deletions or tags.get(tag)]

    def shown(self, resource: str, values: Values, expand: Iterable[str] = ()) -> Values:
        """The record as an answer shows it; `expand`: what is asked for by name."""
        more = (name for name in expand if name in ALL[resource].on_request)
        shown = {name: values[name] for name in (*self._names[resource], *more)}
        if view := VIEWS.get(resource):
            shown |= view(self, values)
        return shown

    def text(self, resource: str, id_: int) -> bytes:
        """The record as JSON, from the cache if it was served before. Raises KeyError."""
        texts = self.tables[resource].texts
        if (text := texts.get(id_)) is not None:
            return text
        if (values := self.get(resource, id_)) is None:
            raise KeyError(id_)
        if len(texts) >= CACHED:
            texts.clear()
        text = texts[id_] = orjson.dumps(self.shown(resource, values))
        return text

    def now(self, before: str | None = None) -> str:
        """The time now as text, but always later than `before`."""
        ms = int((self.clock() - EPOCH).total_seconds() * 1000)
        return time_text(max(ms, time_ms(before) + 1) if before else ms)

    def draft(self, resource: str, parent: int, values: Mapping[str, Any]) -> Values:
        """A new record below `parent` with an id and times, not yet stored."""
        id_, now = self.tables[resource].new_id(), self.now()
        frame: Values = {"id": id_, "public_id": public_id(resource, id_)}
        owner = ALL[resource]
        if owner.parent is not None:
            above = self.get(owner.parent, parent) or {}
            frame |= {"workspace_id": above.get("workspace_id") or id_}
            frame[owner.parent_field or ""] = parent
        return blank(resource) | self._server_fields(resource, id_, now) | frame | dict(values)

    def _server_fields(self, resource: str, id_: int, now: str) -> Values:
        """The fields that the server generates for a new record."""
        chance = self.plan.chance(resource, id_)
        given: Values = {"created_at": now, "updated_at": now}
        given["uuid"] = f"{chance:016x}-4a1b-8c2d-{id_:012x}"
        secret = f"{mix(chance):016x}{mix(chance + 1):016x}"
        return given | dict.fromkeys(ALL[resource].secrets, secret)

    def add(self, resource: str, values: Values) -> None:
        self.put(resource, values)
        self.log_event(resource, "created", values)

    def change(self, resource: str, old: Values, changes: Mapping[str, Any]) -> Values:
        """Change fields of a record; moves `updated_at`, even where nothing differs."""
        new = old | {"updated_at": self.now(old["updated_at"])} | dict(changes)
        self.put(resource, new)
        self.log_event(resource, "updated", new)
        return new

    def put(self, resource: str, values: Values) -> None:
        """Store a record exactly as given, without a new `updated_at` and without an event."""
        table = self.tables[resource]
        if resource in HIDDEN:
            self.emails.update(table.get(values["id"]), values)
        table.put(values)
        self._clear_quoting_texts(resource)

    def drop(self, resource: str, values: Values) -> None:
        self.log_event(resource, "deleted", values)
        if self.soft_deletes:
            self.deleted[resource, values["id"]] = values | {"deleted_at": self.now()}
        table = self.tables[resource]
        if resource in HIDDEN:
            self.emails.update(values, None)
        table.drop(values["id"], table.parent_of(values))
        self._clear_quoting_texts(resource)

    def _clear_quoting_texts(self, resource: str) -> None:
        for name in QUOTED_IN.get(resource, ()):
            self.tables[name].texts.clear()

    def by_email(self, workspace: int, email: str) -> int | None:
        """The id of the contact with this address, ignoring case; None if there is none."""
        return self.emails.find(self.tables["contacts"], workspace, email)

    def log_event(self, resource: str, verb: str, values: Values) -> None:
        """Log the event of a change, and tell the listeners, if the API has a type for it."""
        event_type = event_name(resource, verb)
        workspace = values.get("workspace_id", 0)
        if event_type not in EVENT_TYPES or not self._is_logged(event_type, workspace):
            return
        event = self.draft(
            "webhook_events",
            workspace,
            {
                "event_type_id": event_type,
                "subject_id": str(values["id"]) if self.subjects == "text" else values["id"],
                "subject_type": None if self.subjects == "untyped" else subject_type(resource),
                "data": self.shown(resource, values),
                "api_version": 2,
            },
        )
        self.tables["webhook_events"].put(event)
        for listener in self.listeners:
            listener(event, self._subscribers(event_type, workspace))

    def _is_logged(self, event_type: str, workspace: int) -> bool:
        if self.events != "endpoints":
            return self.events == "always"
        return bool(self._subscribers(event_type, workspace))

    def _subscribers(self, event_type: str, workspace: int) -> list[Values]:
        """The workspace's webhook endpoints for this event type; one without types gets all."""
        endpoints = self.children("webhook_endpoints", workspace)
        return [e for e in endpoints if event_type in (e["event_type_ids"] or [event_type])]


def _shown_names(resource: str) -> tuple[str, ...]:
    return tuple(name for name in blank(resource) if name not in ALL[resource].on_request)


def event_name(resource: str, verb: str) -> str:
    """'enrollments', 'created' -> 'courses/enrollment.created'."""
    key = ALL[resource].body_key
    plain = f"{key}.{verb}"
    return plain if plain in EVENT_TYPES else f"{key.replace('_', '/', 1)}.{verb}"


def subject_type(resource: str) -> str:
    """'enrollments' -> 'Courses::Enrollment'."""
    return "::".join(word.capitalize() for word in ALL[resource].body_key.split("_"))
