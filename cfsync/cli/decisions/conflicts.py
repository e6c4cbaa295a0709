"""`conflicts list / resolve`: fields that were changed on both sides."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.changing import EDITS_BACK, Change, changes
from cfsync.cli.common import Config, Json, Resources, load_settings, with_mirror
from cfsync.cli.decisions.selection import Given, Preview, confirmation, selecting
from cfsync.cli.output.conflicts import lines_of, sides
from cfsync.cli.text import columns, plural, print_json, print_lines, shortened
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.mirror.bookkeeping.conflicts import Conflict
    from cfsync.sync.decisions.conflicts import Changed, Choice, Left, Resolved

    Outcome = Resolved | Changed | Left

Which = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID...|RESOURCE]", help="From `conflicts list`, or one resource."),
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="List and resolve fields that were changed on both sides.")
    group.command("list")(list_conflicts)
    group.command()(resolve)
    app.add_typer(group, name="conflicts")


def list_conflicts(
    resource: Resources = None,
    values: Annotated[
        bool,
        typer.Option("--values", help="Also show the values: people's data."),
    ] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """List the open conflicts, and which side has won for now.

    The setting `on_conflict` decides the winner; with `hold` the conflict waits for you. The other
    value is kept until you resolve the conflict.

    \b
    Example:
      cfsync conflicts list
      cfsync conflicts list contacts --values
    """
    from cfsync.sync.decisions import conflicts

    found = with_mirror(
        load_settings(config, quiet=True),
        lambda mirror: conflicts.open_conflicts(mirror, resource or []),
        read_only=True,
    )
    if json:
        print_json([_as_json(conflict, values=values) for conflict in found])
    elif found:
        print_lines(lines_of(found, values=values, whole=bool(resource)))
    else:
        print("no open conflicts")


_RESOLVE = Change(
    "each conflict takes the side that you choose; an edit that this needs waits for the next push",
    "`cfsync conflicts list --values` shows both sides, and `cfsync plan` what the push will send",
    f"{EDITS_BACK}, and `cfsync changes` keeps a value that you let go",
)


@selecting("all", "field", "since")
@changes(_RESOLVE)
def resolve(
    which: Which = None,
    local: Annotated[bool, typer.Option("--local", help="Take the mirror's value.")] = False,
    remote: Annotated[bool, typer.Option("--remote", help="Take ClickFunnels' value.")] = False,
    value: Annotated[
        str | None, typer.Option(metavar="JSON", help="Take this value, such as '\"Ada\"' or null.")
    ] = None,
    *,
    given: Given,
) -> int:
    """Choose a side, even if `on_conflict` has already chosen the other.

    The next push sends whatever your choice requires.

    If the record was deleted in ClickFunnels, --local creates it again and --remote deletes the
    row. If the row was deleted here, --local deletes the record and --remote restores the row. For
    what was changed here while edits were not captured, --local sends it. (As --field:
    deleted_remotely, deleted_here, drift.)

    If the record has changed since the conflict was found, nothing is resolved: the new value is
    shown, and you choose again. Conflicts that you don't name by number are shown first, and you
    are asked.

    \b
    Example:
      cfsync conflicts resolve 7 --local
      cfsync conflicts resolve 7 --value '"Ada"'
      cfsync conflicts resolve contacts --field phone_number --remote
    """
    from cfsync.sync.decisions import conflicts, consequences
    from cfsync.sync.selection import has_numbers

    named = which or []
    choice = _choice(local=local, remote=remote, value=value)
    decision = (choice, _parsed(value) if value is not None else None)
    head = ("resource", "field", "winner")

    def effects(found: Sequence[Conflict]) -> Iterator[str]:
        return consequences.lines(consequences.of_conflicts(found, choice))

    preview = Preview("resolve", head, _kind, _sides, effects)
    confirm = confirmation(_RESOLVE, preview, given, named=has_numbers(named))
    done = with_mirror(
        load_settings(given.config, quiet=True),
        lambda mirror: conflicts.resolve_all(mirror, named, given.filter, decision, confirm),
    )
    if given.json:
        found = [_outcome(one, choice) for one in done]
        is_one = len(named) == 1 and named[0].isdecimal()
        print_json(found[0] if is_one else {"conflicts": found})
    else:
        _print_outcomes(done, choice)
    return 0 if all(isinstance(one, conflicts.Resolved) for one in done) else 5


def _choice(*, local: bool, remote: bool, value: str | None) -> Choice:
    if local + remote + (value is not None) != 1:
        raise UsageError("choose one of --local, --remote and --value")
    return "local" if local else "remote" if remote else "value"


def _parsed(text: str) -> Any:
    try:
        return json_text.loads(text)
    except ValueError:
        raise UsageError("--value takes JSON: put text in double quotes") from None


def _kind(conflict: Conflict) -> tuple[str, str, str]:
    return conflict.resource, conflict.field or conflict.kind, conflict.winner


def _sides(conflict: Conflict) -> Iterator[str]:
    what = conflict.field or conflict.kind
    yield f"  {conflict.resource} {conflict.record_id}, {what} (conflict {conflict.id}):"
    yield from (f"      {side}" for side in sides(conflict))


def _outcome(one: Outcome, choice: Choice) -> dict[str, Any]:
    from cfsync.sync.decisions import conflicts

    match one:
        case conflicts.Resolved(conflict, edited, record_id, _):
            where = {"resource": conflict.resource, "record_id": record_id}
            found = {"id": conflict.id, "state": "resolved", **where, "edited": edited}
        case conflicts.Changed(was, now):
            sides = {"was": _as_json(was, values=True), "now": _as_json(now, values=True)}
            found = {"id": was.id, "state": "changed", **sides}
        case conflicts.Left(conflict_id, reason):
            found = {"id": conflict_id, "state": "left", "reason": reason}
    return found | {"choice": choice}


def _print_outcomes(done: Sequence[Outcome], choice: Choice) -> None:
    from cfsync.sync.decisions import conflicts

    resolved = [one for one in done if isinstance(one, conflicts.Resolved)]
    edits = sum(one.edited for one in resolved)
    if len(done) == 1 and resolved:
        what = f"{resolved[0].conflict.resource} {resolved[0].record_id}"
        print(f"resolved: {what}{'; the next push sends it' if edits else ''}")
    elif resolved:
        then = f"; the next push sends {plural(edits, 'edit')}" if edits else ""
        print(f"resolved: {plural(len(resolved), 'conflict')}{then}")
    for one in done:
        if isinstance(one, conflicts.Changed):
            _print_changed(one, choice)
        elif isinstance(one, conflicts.Left):
            print_lines([f"not resolved: conflict {one.conflict_id}: {one.reason}"])


def _print_changed(changed: Changed, choice: Choice) -> None:
    was, now = changed.was, changed.now
    what = f"{now.resource} {now.record_id} {now.field or f'({now.kind})'}"
    print(f"not resolved: {what} has changed since conflict {was.id} was found")
    rows = [
        ("", "then", "now"),
        ("local", shortened(was.local), shortened(now.local)),
        ("ClickFunnels", shortened(was.remote), shortened(now.remote)),
    ]
    print(columns(rows))
    option = "--value ..." if choice == "value" else f"--{choice}"
    print(f"to choose it all the same: cfsync conflicts resolve {now.id} {option}")


def _as_json(conflict: Conflict, *, values: bool) -> dict[str, Any]:
    hidden = () if values else ("base", "local", "remote")
    return {name: value for name, value in asdict(conflict).items() if name not in hidden}
