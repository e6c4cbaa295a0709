"""`conflicts list / resolve`: fields that were changed on both sides."""

from __future__ import annotations

import json as json_text
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.common import Config, Json, Resources, load_settings, with_mirror
from cfsync.cli.text import columns, print_json, shortened
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.mirror.bookkeeping.conflicts import Conflict
    from cfsync.sync.operator.conflicts import Changed, Choice, Resolved


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
    from cfsync.sync.operator import conflicts

    found = with_mirror(
        load_settings(config), lambda mirror: conflicts.open_conflicts(mirror, resource or [])
    )
    if json:
        print_json([_as_json(conflict, values=values) for conflict in found])
    elif found:
        print(columns([_head(values=values), *(_row(c, values=values) for c in found)]))
    else:
        print("no open conflicts")


def resolve(
    conflict_id: Annotated[int, typer.Argument(metavar="ID", help="From `conflicts list`.")],
    local: Annotated[bool, typer.Option("--local", help="Take the mirror's value.")] = False,
    remote: Annotated[bool, typer.Option("--remote", help="Take ClickFunnels' value.")] = False,
    value: Annotated[
        str | None, typer.Option(metavar="JSON", help="Take this value, such as '\"Ada\"' or null.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Choose a side, even if `on_conflict` has already chosen the other.

    The next push sends whatever your choice requires. If the record was deleted in ClickFunnels,
    --local creates it again and --remote deletes the row. If the row was deleted here, --local
    deletes the record and --remote restores the row.

    If the record has changed since the conflict was found, nothing is resolved: the new value is
    shown, and you choose again.

    \b
    Example:
      cfsync conflicts resolve 7 --local
      cfsync conflicts resolve 7 --value '"Ada"'
    """
    from cfsync.sync.operator import conflicts

    choice = _choice(local=local, remote=remote, value=value)
    wanted = _parsed(value) if value is not None else None
    done = with_mirror(
        load_settings(config),
        lambda mirror: conflicts.resolve(mirror, conflict_id, choice, wanted),
    )
    if isinstance(done, conflicts.Changed):
        _print_changed(done, choice, json=json)
        return 5
    if json:
        print_json(
            {"id": conflict_id, "state": "resolved", "choice": choice}
            | {"resource": done.conflict.resource, "record_id": done.record_id}
            | {"edited": done.edited}
        )
    else:
        print(_told(done))
    return 0


def _choice(*, local: bool, remote: bool, value: str | None) -> Choice:
    if local + remote + (value is not None) != 1:
        raise UsageError("choose one of --local, --remote and --value")
    return "local" if local else "remote" if remote else "value"


def _parsed(text: str) -> Any:
    try:
        return json_text.loads(text)
    except ValueError:
        raise UsageError("--value takes JSON: put text in double quotes") from None


def _told(done: Resolved) -> str:
    then = "; the next push sends it" if done.edited else ""
    return f"resolved: {done.conflict.resource} {done.record_id}{then}"


def _print_changed(changed: Changed, choice: Choice, *, json: bool) -> None:
    was, now = changed.was, changed.now
    if json:
        print_json(
            {"id": was.id, "state": "changed", "choice": choice}
            | {"was": _as_json(was, values=True), "now": _as_json(now, values=True)}
        )
        return
    what = f"{now.resource} {now.record_id} {now.field or '(deleted here)'}"
    print(f"not resolved: {what} has changed since conflict {was.id} was found")
    rows = [("", "then", "now")]
    rows += [
        (name, shortened(then), shortened(by_now))
        for name, then, by_now in (
            ("mirror", was.local, now.local),
            ("ClickFunnels", was.remote, now.remote),
        )
    ]
    print(columns(rows))
    option = "--value ..." if choice == "value" else f"--{choice}"
    print(f"to choose it all the same: cfsync conflicts resolve {now.id} {option}")


def _as_json(conflict: Conflict, *, values: bool) -> dict[str, Any]:
    hidden = () if values else ("base", "local", "remote")
    return {name: value for name, value in asdict(conflict).items() if name not in hidden}


def _head(*, values: bool) -> tuple[str, ...]:
    head = ("id", "resource", "record", "field", "winner", "since")
    return (*head, "base", "local", "remote") if values else head


def _row(conflict: Conflict, *, values: bool) -> tuple[object, ...]:
    row = (
        conflict.id,
        conflict.resource,
        conflict.record_id,
        conflict.field or "(deleted here)",
        conflict.winner,
        conflict.found_at,
    )
    if not values:
        return row
    return (*row, *map(shortened, (conflict.base, conflict.local, conflict.remote)))
