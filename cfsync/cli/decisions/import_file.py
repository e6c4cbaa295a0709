"""`import`: a file becomes edits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.decisions.selection import Yes
from cfsync.cli.text import plural, print_json, shortened, visible
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.mirror.db.engine import Mirror
    from cfsync.sync.importing.compare import Outcome
    from cfsync.sync.importing.job import Import, Options
    from cfsync.sync.importing.report import Report
    from cfsync.sync.importing.source import Source

SHOWN = 20
"""Lines of a kind that are shown."""


class OnMissing(StrEnum):
    INSERT = "insert"
    SKIP = "skip"


class Blank(StrEnum):
    KEEP = "keep"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class _How:
    """How the command is run."""

    dry_run: bool
    yes: bool
    json: bool


def register(app: typer.Typer) -> None:
    app.command("import")(import_file)


def import_file(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV or JSON lines; - for stdin.")],
    into: Annotated[
        str, typer.Option("--into", metavar="RESOURCE", help="The table that gets the rows.")
    ] = "contacts",
    match: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD", help="What tells which record a row is: email_address, id ..."
        ),
    ] = None,
    map: Annotated[  # noqa: A002
        list[str] | None,
        typer.Option(
            "--map", metavar="COLUMN=FIELD", help="A column's field; COLUMN= leaves it out."
        ),
    ] = None,
    rest: Annotated[
        str | None,
        typer.Option(metavar="FIELD|ignore", help="Where other columns go: custom_attributes."),
    ] = None,
    workspace: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Where the rows belong, if the mirror has several."),
    ] = None,
    tags: Annotated[str, typer.Option(metavar="A;B", help="Tags that every row gets.")] = "",
    create_tags: Annotated[
        bool, typer.Option("--create-tags", help="Make the tags that don't exist.")
    ] = False,
    on_missing: Annotated[OnMissing, typer.Option(help="What to do with new ones.")] = (
        OnMissing.INSERT
    ),
    blank: Annotated[Blank, typer.Option(help="Whether a blank value empties.")] = Blank.KEEP,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that were deleted or redacted.")
    ] = False,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="The encoding of the file.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and stop.")
    ] = False,
    yes: Yes = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Change many records from a CSV file or JSON lines.

    The columns are matched with the fields by name, without regard to case, spaces and underscores.
    First it shows what is new, changed, unchanged and refused, and asks; then it writes edits, as
    SQL would: `cfsync plan` shows what the next push sends, and `cfsync outbox discard --import N`
    takes them back before it. Values that stay the same are not written, so that a file can be
    imported again.

    \b
    Example:
      cfsync import guests.csv --map "E-Mail=email_address" --tags "Summit 2026" --create-tags
      cfsync import - --match id --blank clear --yes < contacts.jsonl
    """
    from cfsync.sync.importing.job import Options
    from cfsync.sync.importing.source import open_source

    settings = load_settings(config, quiet=True)
    options = Options(
        into=into,
        match=match,
        map=map or (),
        rest=rest,
        workspace=workspace,
        tags=tags,
        create_tags=create_tags,
        insert=on_missing == OnMissing.INSERT,
        clear=blank == Blank.CLEAR,
        again=again,
    )
    how = _How(dry_run, yes, json)
    with open_source(file, sys.stdin.buffer, encoding) as source:
        return with_mirror(settings, lambda mirror: _import(mirror, source, options, how))


async def _import(mirror: Mirror, source: Source, options: Options, how: _How) -> int:
    from cfsync.sync.importing import job as jobs
    from cfsync.sync.importing import run
    from cfsync.sync.importing.seen import Seen

    with Seen() as seen:
        with _bars() as progress:
            job = await jobs.prepare(mirror, source, options, seen, progress)
            found = await run.preview(job)
        if how.dry_run:
            _print_result(job, found, how)
            return found.exit_code
        if found.to_write:
            _confirm(job, found, how)
            with _bars(job.rows) as progress:
                found = await run.write(job, progress)
    _print_result(job, found, how)
    return found.exit_code


@contextmanager
def _bars(rows: int | None = None) -> Iterator[Callable[[str, int], None]]:
    """Shows on a terminal how many rows are done, of `rows` where that is known."""
    if not sys.stderr.isatty():
        yield lambda _what, _n: None
        return
    from cfsync.cli.bars import new_bars

    tasks: dict[str, Any] = {}
    done: dict[str, int] = {}
    with new_bars() as live:

        def progress(what: str, n: int) -> None:
            if what not in tasks:
                total = rows or next(iter(done.values()), None)
                tasks[what] = live.add_task(what, total=total, records=0)
            done[what] = done.get(what, 0) + n
            live.update(tasks[what], completed=done[what], records=done[what])

        yield progress


def _confirm(job: Import, found: Report, how: _How) -> None:
    """Show what would be written and ask. Raises UsageError where nobody can be asked."""
    source, asked = job.table.source, sys.stdin.isatty() and not how.yes
    if source.is_guess and not asked:
        raise UsageError(
            f"nothing is done: {source.name} is not UTF-8 and looks like {source.encoding}; if that"
            f" is right, give --encoding {source.encoding}"
        )
    if how.yes:
        return
    print("\n".join(_preview(job, found, values=sys.stderr.isatty())), file=sys.stderr)
    if not asked:
        raise UsageError("nothing is done: without a terminal, --yes is needed to import")
    typer.confirm(f"Import {plural(found.to_write, 'row')}?", abort=True, err=True)


def _preview(job: Import, found: Report, *, values: bool) -> Iterator[str]:
    """What would be written. `values`: also some rows of people's data."""
    from cfsync.sync.importing.compare import Kind

    columns, source = job.rules.columns, job.table.source
    yield f"{source.name}: {plural(job.rows, 'row')}, {source.encoding}" + (
        " as far as one can tell: look whether the values below are right"
        if source.is_guess
        else ""
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


def _print_result(job: Import, found: Report, how: _How) -> None:
    from cfsync.sync.importing.compare import Kind

    if how.json:
        print_json(_as_json(job, found))
        return
    if how.dry_run:
        print("\n".join(_preview(job, found, values=True)))
        print("nothing is written: --dry-run")
        return
    for line in _named(found):
        print(line, file=sys.stderr)
    if found.counts[Kind.GONE]:
        print("cfsync: --again makes those again that are gone", file=sys.stderr)
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
