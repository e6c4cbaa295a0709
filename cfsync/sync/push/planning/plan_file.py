"""Writes a plan to a file, and loads it for a push that sends nothing else.

The file is JSON. It contains personal data, so only its owner may read it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from cfsync.errors import UsageError
from cfsync.mirror.outgoing.claims import Claim
from cfsync.sync.push.calls import Call
from cfsync.sync.push.planning.cost import Planned
from cfsync.sync.push.planning.kept import Kept
from cfsync.sync.push.planning.plan import Plan

VERSION = 1
Key = tuple[str, tuple[int, ...]]
"""(resource, edit numbers): identifies a planned record, even if its id changes."""


def text_of(plan: Plan, dumps: Callable[[Any], str]) -> Iterator[str]:
    """The plan as JSON on one line, in parts: its records may be very many."""
    yield f'{{"plan": {VERSION}, "records": ['
    for place, record in enumerate(plan.records):
        yield (", " if place else "") + dumps(_record(record))
    rest = {
        "bulks": [asdict(bulk) for bulk in plan.bulks],
        "begun": [asdict(bulk) for bulk in plan.begun],
        "kept": [_kept(kept) for kept in plan.kept],
        "nulls_left": [asdict(left) for left in plan.nulls_left],
        "imports": {str(number): edits for number, edits in plan.imports.items()},
        "capture_problem": plan.capture_problem,
        "calls": plan.calls,
        "requests": plan.requests,
        "seconds": round(plan.seconds, 1),
    }
    yield "], " + dumps(rest).removeprefix("{") + "\n"


def _record(record: Planned) -> dict[str, Any]:
    return {
        "resource": record.resource,
        "id": record.record_id,
        "seqs": record.seqs,
        "base_rev": record.base_rev,
        "below": record.below,
        "after": record.after,
        "bulk": record.is_bulk,
        "calls": [_call(call) for call in record.calls],
    }


def _call(call: Call) -> dict[str, Any]:
    fields = {name: {"old": old, "new": new} for name, (old, new) in call.fields.items()}
    return {"kind": call.action or call.kind, "fields": fields}


def _kept(kept: Kept) -> dict[str, Any]:
    return {
        "resource": kept.resource,
        "ids": kept.record_ids,
        "seqs": kept.seqs,
        "reason": kept.reason,
    }


def write(plan: Plan, path: Path) -> None:
    """Write the plan, replacing the file. Raises UsageError if that fails."""
    try:
        path.unlink(missing_ok=True)  # so that the mode below holds from the first byte on
        with os.fdopen(
            os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8"
        ) as file:
            file.writelines(text_of(plan, json.dumps))
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from error


def load(path: Path) -> Approved:
    """Read a plan. Raises UsageError if the file can't be read or is no plan of this version."""
    try:
        found = orjson.loads(path.read_bytes())
        if found["plan"] != VERSION:
            raise UsageError(f"{path} is a plan of another version of cfsync: make a new one")
        return Approved({_key(r): (r["base_rev"], r["id"]) for r in found["records"]})
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise UsageError(f"{path} is not a plan; make one by cfsync plan --out {path}") from error


def _key(record: dict[str, Any]) -> Key:
    return record["resource"], tuple(record["seqs"])


@dataclass
class Approved:
    """The records that a plan approves, as long as their edits and base have not changed since.

    `records`: key -> (`cf_rev` of the base, id). The base is None of a statement that goes behind
    another one about the same record.
    """

    records: dict[Key, tuple[int | None, int]]
    _changed: dict[str, None] = field(default_factory=dict)
    _met: set[Key] = field(default_factory=set)
    _begun: set[tuple[str, int]] = field(default_factory=set)

    def __call__(self, claims: Iterable[Claim]) -> list[Claim]:
        """The claims that may be sent; remembers those whose edits were planned differently."""
        return [claim for claim in claims if self._allows(claim)]

    def _allows(self, claim: Claim) -> bool:
        name, key = claim.resource.name, (claim.resource.name, claim.seqs)
        if key in self.records and self._is_base(key, claim.base_rev):
            self._met.add(key)
            self._begun.add((name, self.records[key][1]))
            return True
        for other in self._overlapping(name, claim.seqs):
            self._met.add(other)
            self._changed[f"{name} {claim.record_id}"] = None
        return False

    def _is_base(self, key: Key, base_rev: int) -> bool:
        planned, record_id = self.records[key]
        return (key[0], record_id) in self._begun if planned is None else planned == base_rev

    def _overlapping(self, name: str, seqs: Iterable[int]) -> set[Key]:
        return {self._by_seq[name, seq] for seq in seqs if (name, seq) in self._by_seq}

    @cached_property
    def _by_seq(self) -> dict[tuple[str, int], Key]:
        return {(key[0], seq): key for key in self.records for seq in key[1]}

    def seqs(self, resource: str) -> set[int]:
        """The numbers of the planned edits of a resource."""
        return {seq for name, seqs in self.records if name == resource for seq in seqs}

    @property
    def changed(self) -> list[str]:
        """The planned records that were not sent because they have changed, as "resource id"."""
        unmet = [f"{key[0]} {self.records[key][1]}" for key in self.records if key not in self._met]
        return list(dict.fromkeys([*self._changed, *unmet]))
