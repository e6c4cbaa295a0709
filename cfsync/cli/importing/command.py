"""`import`: a file becomes edits."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.decisions.selection import Yes
from cfsync.cli.importing.progress import bars
from cfsync.cli.importing.texts import preview_lines, print_result
from cfsync.cli.questions import ask
from cfsync.cli.text import plural
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.mirror.db.engine import Mirror
    from cfsync.sync.importing.job import Import, Options
    from cfsync.sync.importing.report import Report
    from cfsync.sync.importing.source import Source


_IMPORT = Change(
    "the rows become edits, which the next push sends",
    "--dry-run shows what would change, and `cfsync plan` what the push will send",
    "`cfsync outbox discard --import N` takes them back until the push, `cfsync revert BATCH` after"
    " it",
)


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


@changes(_IMPORT)
def import_file(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV or JSON lines; - for stdin.")],
    into: Annotated[
        str, typer.Option("--into", metavar="RESOURCE", help="The table that gets the rows.")
    ] = "contacts",
    match: Annotated[
        str | None,
        typer.Option(
            metavar="FIELD",
            help="The field that identifies the record of each row: email_address, id ...",
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
        typer.Option(
            metavar="FIELD|ignore", help="Where columns without a field go: custom_attributes."
        ),
    ] = None,
    workspace: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Where the rows belong, if the mirror has several."),
    ] = None,
    tags: Annotated[str, typer.Option(metavar="A;B", help="Tags that every row gets.")] = "",
    create_tags: Annotated[
        bool, typer.Option("--create-tags", help="Make the tags that don't exist.")
    ] = False,
    on_missing: Annotated[
        OnMissing, typer.Option(help="What to do with rows that match no record.")
    ] = (OnMissing.INSERT),
    blank: Annotated[
        Blank, typer.Option(help="Keep or clear the field where a cell is empty.")
    ] = Blank.KEEP,
    again: Annotated[
        bool, typer.Option("--again", help="Also insert records that were deleted or redacted.")
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

    The columns are matched with the fields by name, without regard to case, spaces, hyphens and
    underscores.
    First it shows what is new, changed, unchanged and refused, and asks; then it writes edits, as
    SQL would. Values that stay the same are not written, so that a file can be imported again.

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
        with bars() as progress:
            job = await jobs.prepare(mirror, source, options, seen, progress)
            found = await run.preview(job)
        if how.dry_run:
            print_result(job, found, dry_run=how.dry_run, as_json=how.json)
            return found.exit_code
        if found.to_write:
            _confirm(job, found, how)
            with bars(job.rows) as progress:
                found = await run.write(job, progress)
    print_result(job, found, dry_run=how.dry_run, as_json=how.json)
    return found.exit_code


def _confirm(job: Import, found: Report, how: _How) -> None:
    """Show what would be written and ask. Raises UsageError where nobody can be asked."""
    source, asked = job.table.source, sys.stdin.isatty() and not how.yes
    if source.is_guess and not asked:
        raise UsageError(
            f"nothing is done: {source.name} is not UTF-8 and looks like {source.encoding}; if that"
            f" is right, give --encoding {source.encoding}"
        )
    if not how.yes:
        print("\n".join(preview_lines(job, found, values=sys.stderr.isatty())), file=sys.stderr)
    if how.yes:
        _IMPORT.say(json=how.json)
        return
    question = f"Import {plural(found.to_write, 'row')}?"
    ask(question, needs="--yes is needed to import", change=_IMPORT)
