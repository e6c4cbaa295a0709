"""`revert`: undo what a push sent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes, once
from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.decisions.selection import EXAMPLES, Yes
from cfsync.cli.questions import ask
from cfsync.cli.text import columns, plural, print_json, print_lines, shortened

if TYPE_CHECKING:
    from cfsync.mirror.db.engine import Mirror
    from cfsync.sync.decisions.revert import Left, Reverted

_NAMED = 5
"""Records that are named in a line about several."""


_REVERT = Change(
    "what the push sent is taken back, as edits that the next push sends",
    "--dry-run shows it, and `cfsync plan` what the next push will send",
    "`cfsync outbox discard` takes that back until the push, `cfsync revert` of its batch after it",
)


def register(app: typer.Typer) -> None:
    app.command()(revert)


@changes(_REVERT)
def revert(
    batch: Annotated[int, typer.Argument(metavar="BATCH", help="The push's number.")],
    with_created: Annotated[
        bool, typer.Option("--with-created", help="Also delete the records that it created.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be taken back, and stop.")
    ] = False,
    yes: Yes = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Undo what a push sent, as edits that the next push sends.

    Each field that still has the value sent by that push gets back the value that ClickFunnels had
    before. A row that ClickFunnels refused to create is discarded. With --with-created, records
    that it created are deleted: it asks first. All else is listed (what has changed since, deletes,
    cancellations, uploads); then it exits 5. `cfsync pushes` lists the numbers. On a terminal it
    shows both sides and asks.

    \b
    Example:
      cfsync revert 12 --dry-run
      cfsync revert 12
      cfsync revert 12 --with-created
    """
    how = _How(batch, with_created=with_created, dry_run=dry_run, yes=yes, json=json)
    done = with_mirror(load_settings(config, quiet=True), lambda mirror: _revert(mirror, how))
    if json:
        print_json(_as_json(done))
    elif dry_run:
        print_lines(_told(done, sys.maxsize))
        print("nothing is written: --dry-run")
    else:
        _print(done)
    return done.exit_code


@dataclass(frozen=True, slots=True)
class _How:
    """What is taken back, and how the command is run."""

    batch: int
    with_created: bool
    dry_run: bool
    yes: bool
    json: bool


async def _revert(mirror: Mirror, how: _How) -> Reverted:
    from cfsync.sync.decisions import revert as inner

    asks = not how.yes and sys.stdin.isatty() and sys.stderr.isatty()
    if how.dry_run or asks:
        told = await inner.preview(mirror, how.batch, with_created=how.with_created)
        if how.dry_run or not told.is_any:
            return told
        print_lines(_told(told, EXAMPLES), sys.stderr)
    change = replace(_REVERT, will=f"what push {how.batch} sent is taken back, as edits")
    say = once(change, json=how.json and not asks)
    if asks:
        say()
        ask("Take it back?", needs="revert needs --yes")
    delete = _confirmation(yes=how.yes or asks) if how.with_created else None
    return await inner.revert(mirror, how.batch, delete, say)


def _told(told: Reverted, most: int) -> Iterator[str]:
    """What would be done: of the first few records, both sides of each field."""
    for (resource, record_id), fields in list(told.sides.items())[:most]:
        yield f"{resource} {record_id}, now -> then:"
        for name, (now, back) in fields.items():
            yield f"  {name}: {shortened(now)} -> {shortened(back)}"
    if (more := len(told.sides) - most) > 0:
        yield f"... and {plural(more, 'record')} more"
    if told.deleted:
        yield f"deleted: {_named(told.deleted)}"
    if told.discarded:
        yield f"discarded, because ClickFunnels does not have it: {_named(told.discarded)}"
    if told.left:
        yield "not reverted:"
        yield columns(_summed(told.left))


def _confirmation(*, yes: bool) -> Callable[[Sequence[tuple[str, int]]], None]:
    def confirm(created: Sequence[tuple[str, int]]) -> None:
        if yes:
            return
        print(
            f"{_named(created)} will be deleted, here and with the next push in ClickFunnels.\n"
            "To take that back: cfsync outbox discard before the push, cfsync undelete after it,"
            " which makes new records.",
            file=sys.stderr,
        )
        ask("Delete them?", needs="--with-created needs --yes")

    return confirm


def _as_json(done: Reverted) -> dict[str, object]:
    return {
        "batch": done.batch,
        "edits": [{"resource": r, "id": i, "fields": names} for r, i, names in done.fields],
        "deleted": [{"resource": r, "id": i} for r, i in done.deleted],
        "discarded": [{"resource": r, "id": i} for r, i in done.discarded],
        "left": [asdict(one) for one in done.left],
    }


def _print(done: Reverted) -> None:
    if done.left:
        print(columns(_summed(done.left)))
    count = sum(len(names) for *_, names in done.fields)
    said = [f"{plural(count, 'field')} of {plural(len(done.fields), 'record')}"]
    if done.deleted:
        said.append(f"{_named(done.deleted)} deleted")
    if done.discarded:
        said.append(f"{_named(done.discarded)} that ClickFunnels does not have discarded")
    if done.left:
        records = len({(one.resource, one.record_id) for one in done.left})
        said.append(f"not reverted: something of {plural(records, 'record')}")
    then = "; the next push sends it" if count or done.deleted else ""
    print(f"taken back: {', '.join(said)}{then}")


def _summed(left: Iterable[Left]) -> list[tuple[str, str | None, str]]:
    """A line for each reason: (records, field, reason)."""
    groups: dict[tuple[str, str | None, str], list[int]] = {}
    for one in left:
        command, _, name = one.reason.rpartition(" ")
        shared = f"{command} ID" if name == str(one.record_id) else one.reason
        groups.setdefault((one.resource, one.field, shared), []).append(one.record_id)
    return [
        (
            _named([(resource, record) for record in ids])
            if len(ids) > 1
            else f"{resource} {ids[0]}",
            name,
            reason.removesuffix("ID") + " ".join(map(str, ids))
            if reason.endswith(" ID")
            else reason,
        )
        for (resource, name, reason), ids in groups.items()
    ]


def _named(records: Sequence[tuple[str, int]]) -> str:
    """`3 contacts (7, 8, 9), 1 images (4)`."""
    ids: dict[str, list[int]] = {}
    for resource, record_id in records:
        ids.setdefault(resource, []).append(record_id)
    return ", ".join(f"{len(found):,} {r} ({_first(sorted(found))})" for r, found in ids.items())


def _first(ids: Sequence[int]) -> str:
    more = ", ..." if len(ids) > _NAMED else ""
    return ", ".join(map(str, ids[:_NAMED])) + more
