"""What must hold when edits have stopped and the passes have come to rest. Pure: on a snapshot.

Mirror = ClickFunnels = base, but for what waits for a human with a reason. No record twice. No
write of a field that nobody edited. The edits of one email went in an order that was made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from cfsync.resources import RESOURCES, Field, Resource
from cfsync.values import equal
from tests.scenarios.book import Book
from tests.scenarios.snapshot import Snapshot, Values

HELD_STONES = ("held", "rejected")


def faults(now: Snapshot, book: Book) -> list[str]:
    """All that should not be; nothing when all is well."""
    return [
        *differences(now),
        *unexplained(now),
        *doubles(now, book),
        *uncalled_for(now, book),
        *vanished(now, book),
        *out_of_order(now, book),
        *refused_too_early(now, book),
    ]


def differences(
    now: Snapshot, names: Collection[str] = tuple(RESOURCES), *, quotes: bool = True
) -> list[str]:
    """Where mirror, ClickFunnels and base are not the same, and nothing that waits says why.
    Without `quotes` copies of other records may be old: only a sweep refreshes them.
    """
    resources = (RESOURCES[name] for name in names)
    return [line for resource in resources for line in _of_resource(now, resource, quotes)]


def _of_resource(now: Snapshot, resource: Resource, quotes: bool) -> Iterator[str]:
    fields = [f for f in resource.columns if quotes or f.merge != "quote"]
    name = resource.name
    there, rows, bases = now.there[name], now.rows[name], now.bases[name]
    for record in sorted(there.keys() | rows.keys() | bases.keys()):
        waits = now.open_of(name, record)
        if record not in there:
            if not (waits or _is_held(now, resource, record)):
                kept = [k for k, found in (("row", rows), ("base", bases)) if record in found]
                yield f"{name} {record}: {' and '.join(kept)} of a record that is not there"
        elif record not in rows:
            if not any(r["op"] == "delete" for r in waits):
                yield f"{name} {record}: not in the mirror"
        else:
            edited = {field for r in waits for field in r["patch"]}
            where, base = f"{name} {record}", bases.get(record, {})
            yield from _fields(where, fields, there[record], rows[record], "row", edited)
            yield from _fields(where, fields, there[record], base, "base", set())


def _is_held(now: Snapshot, resource: Resource, record: int) -> bool:
    """Whether a guard keeps the record, or the one below which it hangs; or its list is empty."""
    stone = now.tombstones.get((resource.name, record), {})
    if stone.get("state") in HELD_STONES or now.is_unprovable(resource.name, record):
        return True
    row = now.rows[resource.name].get(record, {})
    above = row.get(resource.parent_field or "") if resource.nested else None
    return (
        above is not None
        and above not in now.there[resource.parent or ""]
        and (
            bool(now.open_of(resource.parent or "", above))
            or _is_held(now, RESOURCES[resource.parent or ""], above)
        )
    )


def _fields(
    where: str, fields: Sequence[Field], there: Values, here: Values, what: str, edited: set[str]
) -> Iterator[str]:
    for field in fields:
        name = field.name
        if name in edited or (what == "base" and name not in here and field.path):
            continue
        wanted = there.get(name) if name in there else None
        if not equal(field, here.get(name), wanted):
            legs = f"{here.get(name)!r} in {what}, {wanted!r} there"
            yield f"{where}: {name} is {legs}"


def unexplained(now: Snapshot) -> Iterator[str]:
    """Edits that are neither done nor wait for a human with a reason."""
    for row in now.outbox:
        waits = row["state"] in ("parked", "held") and row["error"]
        if not (waits or _is_undecided(now, row)):
            what = f"{row['op']} of {row['resource']} {row['record_id']}"
            yield f"edit {row['seq']} ({what}) is {row['state']}: {row['error']}"


def _is_undecided(now: Snapshot, row: Values) -> bool:
    """Whether it waits for another that waits for a human: for the word on a conflict, for the id
    of a row that is not made, for an email that another record gives up. An edit whose answer was
    lost, of a row that was deleted since, waits with that delete.
    """
    if row["state"] == "sending":
        behind = (
            r for r in now.open_of(row["resource"], row["record_id"]) if r["seq"] > row["seq"]
        )
        return any(r["op"] == "delete" and r["state"] == "held" for r in behind)
    if row["state"] != "pending":
        return False
    clashes = [c for c in now.conflicts if c["state"] == "open" and c["winner"] == "hold"]
    if any((c["resource"], c["record_id"]) == (row["resource"], row["record_id"]) for c in clashes):
        return True
    return (row["error"] or "").startswith("waits for ")


def doubles(now: Snapshot, book: Book) -> Iterator[str]:
    """Records that were made more often than somebody asked for. What an undeleted record is known
    by, one that was there from the beginning may have too.
    """
    asked = Counter(m.table for m in book.by("here") if m.verb == "insert" and not m.field)
    lost = _deleted_there(book)
    made = Counter(e.resource for e in now.created if (e.resource, e.id) not in lost)
    for table, count in made.items():
        if count > asked[table] and table in RESOURCES:
            yield f"{table}: {count} were created, {asked[table]} inserted"
    for table, records in now.there.items():
        for name in RESOURCES[table].natural:
            wanted = {m.new for m in book.made if m.table == table and m.field == name and m.new}
            found = Counter(
                (v[name], v["workspace_id"])
                for record, v in records.items()
                if v.get(name) in wanted and (table, record) not in now.first
            )
            yield from (f"{table}: {n} with {name} {v}" for (v, _), n in found.items() if n > 1)
    for (table, local), real in now.real.items():
        if local in now.rows[table] and not now.open_of(table, real):
            yield f"{table} {local}: still there, beside {real}"


def _deleted_there(book: Book) -> set[tuple[str, int]]:
    """Of these one may have been made whose answer was lost, and then, rightly, once more."""
    return {(m.table, m.record) for m in book.by("there") if m.verb == "delete"}


def uncalled_for(now: Snapshot, book: Book) -> Iterator[str]:
    """Fields that were written, and records that were deleted, though nobody had asked for it."""
    edited: dict[tuple[str, int], set[str]] = defaultdict(set)
    deleted: set[tuple[str, int]] = set()
    born = {(table, real) for (table, _), real in now.real.items()}
    for made in book.by("here"):
        key = (made.table, now.final(made.table, made.record))
        edited[key].add(made.field.partition(".")[0].partition(":")[0])
        if made.verb == "delete":
            deleted.add(key)
    for entry in (e for e in now.entries if e.by == "api" and e.resource in RESOURCES):
        key = (entry.resource, entry.id)
        if entry.verb == "delete" and key not in deleted:
            yield f"{entry.resource} {entry.id}: deleted, and nobody had said so"
        if entry.verb == "update" and key not in born:
            more = sorted(set(entry.fields) - edited[key])
            yield from (f"{entry.resource} {entry.id}: {n} was sent unasked" for n in more)


def vanished(now: Snapshot, book: Book) -> Iterator[str]:
    """Records that were in the mirror at first, are not now, and left no tombstone."""
    for table, record in sorted(book.first):
        proved = (table, record) in now.tombstones or now.open_of(table, record)
        if record not in now.rows[table] and not proved:
            yield f"{table} {record}: left the mirror without a tombstone"


def out_of_order(now: Snapshot, book: Book) -> Iterator[str]:
    """Emails that did not go from contact to contact in the order in which they were given."""
    lost = _deleted_there(book)
    for name in (r.name for r in RESOURCES.values() if r.upsert_key):
        key = RESOURCES[name].upsert_key or ""
        taken, sent = defaultdict(list), defaultdict(list)
        for made in book.by("here"):
            if made.table == name and made.field == key and made.new:
                record = now.final(name, made.record)
                taken[_workspace(now, name, record), made.new.lower()].append(record)
        for entry in now.entries:
            ours = entry.by == "api" and entry.resource == name and (name, entry.id) not in lost
            if ours and entry.fields.get(key):
                place = _workspace(now, name, entry.id), entry.fields[key].lower()
                sent[place].append(entry.id)
        for place, ids in sent.items():
            if not _is_within([i for i, _ in groupby(ids)], taken[place]):
                yield f"{place[1]} was given to {taken[place]} and sent for {ids}"


def _workspace(now: Snapshot, table: str, record: int) -> int | None:
    """In which an email can be given once; None of a record that is gone."""
    found = now.there[table].get(record) or now.rows[table].get(record) or {}
    workspace: int | None = found.get("workspace_id")
    return workspace


def _is_within(some: Sequence[int], all_: Sequence[int]) -> bool:
    """Whether `some` are among `all_`, in the same order."""
    rest = iter(all_)
    return all(any(one == other for other in rest) for one in some)


def refused_too_early(now: Snapshot, book: Book) -> Iterator[str]:
    """Emails that ClickFunnels refused because another contact had them, which has given them up
    and was asked to before.
    """
    for row in now.outbox:
        key = RESOURCES[row["resource"]].upsert_key or ""
        wanted = (row["patch"].get(key) or [None, None])[1]
        if not wanted or "already been taken" not in (row["error"] or ""):
            continue
        held = any(v[key] == wanted for v in now.there[row["resource"]].values())
        theirs = any(m.field == key and m.new == wanted for m in book.by("there"))
        if not (held or theirs):
            yield f"edit {row['seq']}: {wanted} is free, and was refused as taken"


def unrest(now: Snapshot) -> list[str]:
    """What more passes may still put right."""
    return [*differences(now), *unexplained(now)]
