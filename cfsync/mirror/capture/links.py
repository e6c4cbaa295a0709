"""The words in which the triggers of a view of links refuse what can't be one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cfsync.mirror.capture.rules import HAS_REAL_ID
from cfsync.mirror.views import VIEWS
from cfsync.mirror.views.model import Links, View


def writable(without: Collection[str] = ()) -> Iterator[tuple[View, Links]]:
    """The views that can be written and read none of the tables `without`."""
    for view in VIEWS.values():
        if view.links and not view.tables.intersection(without):
            yield view, view.links


def given(links: Links) -> tuple[str, ...]:
    """The columns that an INSERT may give a value."""
    return (links.record, links.member, links.name, "workspace_id")


def read_only(view: View, links: Links) -> list[str]:
    """The other ones."""
    return [c.name for c in view.columns if c.name not in given(links)]


@dataclass(frozen=True, slots=True)
class Words:
    """What a refusal says."""

    view: View
    links: Links

    def read_only(self, column: str) -> str:
        return f"{self.view.name}.{column} is read-only in ClickFunnels"

    @property
    def incomplete(self) -> str:
        links = self.links
        return f"{self.view.name}: give {links.record}, and {links.member} or {links.name}"

    @property
    def unknown_record(self) -> str:
        table = self.links.resource
        return (
            f"{self.view.name}.{self.links.record}: the mirror has no such row in {table}; if"
            f" ClickFunnels has it, run cfsync pull {table}"
        )

    @property
    def real_id(self) -> str:
        return f"{self.view.name}.{self.links.record}: {HAS_REAL_ID}"

    @property
    def other_workspace(self) -> str:
        return (
            f"{self.view.name}.workspace_id: the row in {self.links.resource} is in another"
            " workspace; leave it out"
        )

    @property
    def unknown_name(self) -> str:
        table = self.links.members
        return (
            f"{self.view.name}.{self.links.name}: the mirror has no such row in {table} of this"
            f" workspace; insert it there first, or run cfsync pull {table}"
        )

    @property
    def ambiguous_name(self) -> str:
        links = self.links
        return (
            f"{self.view.name}.{links.name}: several rows in {links.members} have this name; give"
            f" {links.member}"
        )

    @property
    def update(self) -> str:
        return f"{self.view.name}: UPDATE is refused: DELETE the link and INSERT the other one"
