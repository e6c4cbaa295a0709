"""`conflicts list / resolve`: what both sides changed."""

from __future__ import annotations

import json as json_text
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.common import Config, Json, Resources, configured, reading
from cfsync.cli.text import columns, print_json, shortly
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.mirror.bookkeeping.conflicts import Conflict
    from cfsync.sync.operator.conflicts import Choice, Resolved


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="What both sides changed.")
    group.command("list")(list_conflicts)
    group.command()(resolve)
    app.add_typer(group, name="conflicts")


def list_conflicts(
    resource: Resources = None,
    values: Annotated[
        bool, typer.Option("--values", help="Show people's data too: base, local and remote.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Conflicts that nobody has resolved, and who won for the time being.

    The winner is what `on_conflict` says; `hold` waits for you. The other value is kept.

    \b
    Example:
      cfsync conflicts list
      cfsync conflicts list contacts --values
    """
    from cfsync.sync.operator import conflicts

    found = reading(
        configured(config), lambda mirror: conflicts.open_conflicts(mirror, resource or [])
    )
    if json:
        print_json([_as_json(conflict, values=values) for conflict in found])
    elif found:
        print(columns([_head(values=values), *(_row(c, values=values) for c in found)]))
    else:
        print("no conflict is open")


def resolve(
    conflict_id: Annotated[int, typer.Argument(metavar="ID", help="From `conflicts list`.")],
    local: Annotated[bool, typer.Option("--local", help="What the mirror had.")] = False,
    remote: Annotated[bool, typer.Option("--remote", help="What ClickFunnels has.")] = False,
    value: Annotated[
        str | None, typer.Option(metavar="JSON", help="Another value, such as '\"Ada\"' or null.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Choose a side, also where a policy has chosen the other one already.

    What is to be sent for it goes with the next push. Of a record that was deleted in
    ClickFunnels, --local creates it anew and --remote deletes the row; of a row that was deleted
    here, --local deletes the record and --remote brings the row back.

    \b
    Example:
      cfsync conflicts resolve 7 --local
      cfsync conflicts resolve 7 --value '"Ada"'
    """
    from cfsync.sync.operator import conflicts

    choice = _choice(local=local, remote=remote, value=value)
    wanted = _parsed(value) if value is not None else None
    done = reading(
        configured(config),
        lambda mirror: conflicts.resolve(mirror, conflict_id, choice, wanted),
    )
    if json:
        print_json(
            {"id": conflict_id, "state": "resolved", "choice": choice}
            | {"resource": done.conflict.resource, "record_id": done.record_id}
            | {"edited": done.edited}
        )
    else:
        print(_told(done))


def _choice(*, local: bool, remote: bool, value: str | None) -> Choice:
    if local + remote + (value is not None) != 1:
        raise UsageError("choose one of --local, --remote and --value")
    return "local" if local else "remote" if remote else "value"


def _parsed(text: str) -> Any:
    try:
        return json_text.loads(text)
    except ValueError:
        raise UsageError("--value takes JSON: text stands in double quotes") from None


def _told(done: Resolved) -> str:
    then = "; the next push sends it" if done.edited else ""
    return f"resolved: {done.conflict.resource} {done.record_id}{then}"


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
    return (*row, *map(shortly, (conflict.base, conflict.local, conflict.remote)))
