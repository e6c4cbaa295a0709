"""The tags that every row of an import gets, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from cfsync.errors import UsageError
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.outgoing import many_edits
from cfsync.mirror.outgoing.many_edits import NewEdit
from cfsync.mirror.reports import known_rows
from cfsync.resources import RESOURCES
from cfsync.resources.model import Field, Resource


@dataclass(frozen=True, slots=True)
class Members:
    """Names of records that are members of a field with a set."""

    field: Field
    target: Resource
    names: tuple[str, ...]
    #: Name -> id, of those that there are.
    ids: Mapping[str, int]

    @property
    def missing(self) -> list[str]:
        return [name for name in self.names if name not in self.ids]


def names_in(text: str) -> tuple[str, ...]:
    """The names in `A;B`, each once. Pure."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(";") if name.strip()))


def load(
    tx: Tx, resource: Resource, names: Sequence[str], workspace_id: int | None, *, create: bool
) -> Members | None:
    """The records with these names in a workspace; None where no name is given. Raises UsageError
    for a resource without such a field, and for an unknown name unless it is to be created.
    """
    if not names:
        return None
    sets = (f for f in resource.columns if f.merge == "set")
    field = next((f for f in sets if (f.ref or "").endswith("_tags")), None)
    if field is None:
        raise UsageError(f"--tags: {resource.name} have none")
    target = RESOURCES[field.ref or ""]
    known = known_rows.names(tx, target, target.by_name[_name_field(target)], workspace_id)
    found = Members(field, target, tuple(names), {n: known[n] for n in names if n in known})
    if found.missing and not create:
        raise UsageError(_unknown(target, found.missing[0], list(known), workspace_id))
    return found


def create(tx: Tx, members: Members, workspace_id: int | None) -> dict[str, int]:
    """Make those that are missing; returns the ids of all. Raises UsageError if one is refused."""
    name = _name_field(members.target)
    for missing in members.missing:
        values = {name: missing, "workspace_id": workspace_id}
        refused = many_edits.write(tx, members.target, [NewEdit(0, None, values)])
        if refused:
            raise UsageError(f"the tag {missing!r} can't be made: {refused[0]}")
    known = known_rows.names(tx, members.target, members.target.by_name[name], workspace_id)
    return {n: known[n] for n in members.names}


def _name_field(target: Resource) -> str:
    return target.unique or target.natural[0]


def _unknown(target: Resource, name: str, known: Sequence[str], workspace_id: int | None) -> str:
    folded = {n.casefold(): n for n in known}
    close = get_close_matches(name.casefold(), folded, 1)
    hint = f"did you mean {folded[close[0]]!r}? " if close else ""
    return (
        f"--tags: {target.name} of workspace {workspace_id} has no {name!r}; {hint}--create-tags"
        " makes it"
    )
