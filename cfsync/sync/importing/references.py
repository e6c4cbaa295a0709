"""Refuses rows that refer to records which the mirror doesn't have, as ClickFunnels would."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import TABLES
from cfsync.mirror.reports import known_rows
from cfsync.resources.model import Field, Resource
from cfsync.sync.importing.compare import Kind, Outcome


def checked(tx: Tx, resource: Resource, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes, of which those that would refer to an unknown record are refused."""
    wanted = defaultdict[str, set[int]](set)
    for one in outcomes:
        for field, referred in _referred(resource, one):
            wanted[str(field.ref)] |= referred
    unknown = {name: known_rows.unknown(tx, name, found) for name, found in wanted.items()}
    return [_outcome(resource, one, unknown) for one in outcomes]


def _referred(resource: Resource, one: Outcome) -> Iterator[tuple[Field, set[int]]]:
    """The fields that refer to others, and the ids; not the stand-ins of tags to be made."""
    if one.kind not in (Kind.NEW, Kind.CHANGED):
        return
    for name, value in one.values.items():
        field = resource.by_name[name]
        if field.ref in TABLES and value is not None:
            before = one.before.get(name) or () if isinstance(value, list) else ()
            given = value if isinstance(value, list) else [value]
            found = {i for i in given if type(i) is int and i > 0}
            yield field, found - {i for i in before if type(i) is int}


def _outcome(resource: Resource, one: Outcome, unknown: Mapping[str, Set[int]]) -> Outcome:
    for field, referred in _referred(resource, one):
        if missing := sorted(referred & unknown[str(field.ref)]):
            reason = (
                f"{field.name}: the mirror has no {field.ref} {missing[0]}; if ClickFunnels has it,"
                f" run cfsync pull {field.ref}"
            )
            return replace(one, kind=Kind.REFUSED, reason=reason)
    return one
