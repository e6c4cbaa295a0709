"""What an import would do and what it has done, in words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cfsync.cli.text import plural, print_json, shortened, visible

if TYPE_CHECKING:
    from cfsync.sync.importing.compare import Outcome
    from cfsync.sync.importing.job import Import
    from cfsync.sync.importing.report import Report

SHOWN = 20
"""Lines of a kind that are shown."""


def preview_lines(job: Import, found: Report, *, values: bool) -> Iterator[str]:
    """What would be written. `values`: also some rows of people's data."""
    from cfsync.sync.importing.compare import Kind

    columns, source = job.rules.columns, job.table.source
    yield f"{source.name}: {plural(job.rows, 'row')}, {source.encoding}" + (
        " probably: check the values below" if source.is_guess else ""
    )
    where = f" of workspace {job.rules.workspace_id}" if job.rules.workspace_id else ""
    yield f"into {columns.resource.name}{where}, matched by {columns.key.name}"
    for column, target in columns.targets.items():
        yield f"  {visible(column)} -> {visible(target.name)}"
    if columns.ignored:
        yield f"left out: {visible(', '.join(columns.ignored))}"
    if job.members:
        new = f" (new: {', '.join(found.new_members)})" if found.new_members else ""
        yield visible(f"every row gets: {', '.join(job.members.names)}{new}")
    yield _counts(found)
    for kind in (Kind.CHANGED, Kind.NEW) if values else ():
        if some := found.samples.get(kind):
            yield f"{kind}, for example:"
            yield from (f"  {_sample(job, one)}" for one in some)
    yield from _named(found)


def _sample(job: Import, one: Outcome) -> str:
    left = {job.members.field.name, "workspace_id"} if job.members else {"workspace_id"}
    shown = [
        text
        for name, value in one.values.items()
        if name not in left
        for text in _fields(name, one.before.get(name), value, is_new=one.record_id is None)
    ]
    who = f", {job.resource.name} {one.record_id}" if one.record_id else ""
    return f"line {one.line}{who}: {'; '.join(shown) or 'tags'}"


def _fields(name: str, before: Any, value: Any, *, is_new: bool) -> Iterator[str]:
    """What becomes of a field; of a map, of each of the keys that change."""
    if isinstance(value, dict):
        for key, new in value.items():
            if (old := (before or {}).get(key)) != new:
                yield from _fields(f"{name}.{key}", old, new, is_new=is_new)
    elif is_new:
        yield f"{name} {shortened(value)}"
    else:
        yield f"{name} {shortened(before)} -> {shortened(value)}"


def _counts(found: Report) -> str:
    from cfsync.sync.importing.compare import Kind

    return ", ".join(f"{found.counts[kind]:,} {kind}" for kind in Kind if found.counts[kind])


def _named(found: Report) -> Iterator[str]:
    """The lines that are left, and why."""
    for kind, lines in found.named.items():
        yield f"{kind}:"
        yield from (f"  line {line}: {visible(reason)}" for line, reason in lines[:SHOWN])
        if (more := found.counts[kind] - SHOWN) > 0:
            yield f"  ... and {more:,} more (--json names the first 1,000)"


def print_result(job: Import, found: Report, *, dry_run: bool, as_json: bool) -> None:
    """Print what an import has done, or with `dry_run` what it would do."""
    from cfsync.sync.importing.compare import Kind

    if as_json:
        print_json(_as_json(job, found))
        return
    if dry_run:
        print("\n".join(preview_lines(job, found, values=True)))
        print("nothing is written: --dry-run")
        return
    for line in _named(found):
        print(line, file=sys.stderr)
    if found.counts[Kind.GONE]:
        print("cfsync: --again also inserts the deleted ones", file=sys.stderr)
    if found.number is None:
        print(f"nothing to import: {_counts(found)}")
        return
    print(f"import {found.number}: {_counts(found)}")
    if found.to_write:
        print(
            "cfsync plan shows what the next push sends;"
            f" cfsync outbox discard --import {found.number} takes it back before"
        )


def _as_json(job: Import, found: Report) -> dict[str, Any]:
    from cfsync.sync.importing.compare import Kind

    columns = job.rules.columns
    return {
        "import": found.number,
        "resource": columns.resource.name,
        "matched_by": columns.key.name,
        "rows": job.rows,
        **{str(kind): found.counts[kind] for kind in Kind},
        "columns": {column: target.name for column, target in columns.targets.items()},
        "left_out": list(columns.ignored),
        "lines": [
            {"line": line, "kind": str(kind), "reason": reason}
            for kind, lines in found.named.items()
            for line, reason in lines
        ],
    }
