"""Finds the contact with an email address: seeded ones by the number in it, others by an index."""

from __future__ import annotations

import re

from cfsync.sandbox.account.table import Table
from cfsync.sandbox.seeds.people import email
from cfsync.sandbox.seeds.plan import Plan
from cfsync.sandbox.seeds.records import Values

_SEEDED = re.compile(r"\w+\.(\d{1,12})@example\.com")


class Emails:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._ids: dict[tuple[int, str], int] = {}

    def update(self, old: Values | None, new: Values | None) -> None:
        """Note that a contact was changed, created (`old` is None) or deleted (`new` is None)."""
        if old and old["email_address"]:
            self._ids.pop((old["workspace_id"], old["email_address"].lower()), None)
        if new and new["email_address"]:
            self._ids[new["workspace_id"], new["email_address"].lower()] = new["id"]

    def find(self, contacts: Table, workspace: int, address: str) -> int | None:
        address = address.lower()
        if (id_ := self._ids.get((workspace, address))) is not None:
            return id_
        if not (match := _SEEDED.fullmatch(address)):
            return None
        index = int(match[1])
        if not self._is_seeded(contacts, index, address):
            return None
        owner = self._plan.id("workspaces", self._plan.workspace("contacts", index))
        return self._plan.id("contacts", index) if owner == workspace else None

    def _is_seeded(self, contacts: Table, index: int, address: str) -> bool:
        plan = self._plan
        return (
            index < plan.counts["contacts"]
            and not plan.is_anonymous(index)
            and email(plan.chance("contacts", index), index) == address
            and contacts.seed_number(plan.id("contacts", index)) is not None
        )
