"""`act`: an action that no column can say."""

from __future__ import annotations

import asyncio
import json as json_
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, open_context, until_stopped
from cfsync.cli.fields import pairs
from cfsync.cli.questions import ask, asked
from cfsync.cli.text import print_json
from cfsync.errors import UsageError

if TYPE_CHECKING:
    from cfsync.records import Record
    from cfsync.resources.model import Action, Field
    from cfsync.sync.decisions.act import Task


_ACT = Change(
    "ClickFunnels does it at once",
    "--dry-run shows the record and the call",
    "`cfsync revert` can't take it back",
)


def register(app: typer.Typer) -> None:
    app.command()(act)


@changes(_ACT)
def act(
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="Such as orders.")],
    record: Annotated[str, typer.Argument(metavar="ID", help="Id or public id.")],
    action: Annotated[str, typer.Argument(metavar="ACTION", help="Such as cancel.")],
    field: Annotated[
        list[str] | None,
        typer.Option("-f", "--field", metavar="FIELD=VALUE", help="A field of the action."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask for confirmation.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the record and the call; send nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also where an earlier call had no answer.")
    ] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make ClickFunnels do what no column can say, such as a refund.

    The actions: orders cancel, order_invoices abandon, order_transactions refund; publish of
    courses, course_sections and course_lessons; enable and disable of workflows; approve, decline
    and dismiss_reports of community_posts and community_comments, pin and unpin of posts;
    email_domains verify; themes set_default; pages remove_products. The record is read again
    afterwards, so that the mirror shows the result. What moves money shows the record and asks
    first. A call that had no answer may have been applied: it is not repeated, unless you say
    --again. It takes effect at once.

    \b
    Example:
      cfsync act courses 7 publish -f publish_sections_and_lessons=true
      cfsync act orders 1042 cancel -f effective_date=next_renewal -f cancel_reason=unused
      cfsync act order_transactions 5 refund -f reason=damaged --dry-run
    """
    from cfsync.sync.decisions import act as inner

    kind, found = inner.action_of(resource, action)
    values = _values(found, action, field or [])
    settings = load_settings(config, quiet=True)

    async def body(stop: asyncio.Event) -> tuple[Task, Record | None]:
        async with open_context(settings, stop) as context:
            task = await inner.prepare(context, kind, record, action, values)
            if dry_run:
                return task, None
            await inner.check_unanswered(context, task, again=again)
            change = replace(_ACT, will=f"{task.call} is sent at once")
            if found.confirms and not yes:
                print(_line(task, task.record), file=sys.stderr)
                await asked(stop, lambda: _ask(task, change))
            else:
                change.say(json=json)
            return task, await inner.act(context, task, again=again)

    _print(*until_stopped(body), as_json=json)


def _values(action: Action, name: str, given: list[str]) -> dict[str, Any]:
    """The values of an action's body. Raises UsageError on one that it does not take."""
    fields = {f.name: f for f in action.fields}
    found = {}
    for key, text in pairs(given):
        if key not in fields:
            takes = f"takes {', '.join(fields)}" if fields else "takes no fields"
            raise UsageError(f"{name} {takes}, not {key!r}")
        found[key] = _value(fields[key], text)
    return found


def _value(field: Field, text: str) -> Any:
    if field.type not in ("boolean", "integer", "json"):
        return text
    types = {"boolean": (bool,), "integer": (int,), "json": (list, dict)}[field.type]
    try:
        value = json_.loads(text)
    except ValueError:
        value = None
    if type(value) not in types:
        kind = {"boolean": "true or false", "integer": "a whole number"}.get(field.type, "JSON")
        raise UsageError(f"-f {field.name} must be {kind}, not {text!r}")
    return value


def _ask(task: Task, change: Change) -> None:
    ask(f"{task.name.capitalize()} it?", needs=f"{task.name} needs --yes", change=change)


def _line(task: Task, record: Record) -> str:
    shown = ", ".join(f"{name} {value}" for name, value in task.shown(record).items())
    return f"{task.resource.name} {record.id}: {shown}"


def _print(task: Task, record: Record | None, *, as_json: bool) -> None:
    after = task.shown(record) if record else None
    if as_json:
        print_json(
            {"resource": task.resource.name, "id": task.record.id, "action": task.name}
            | {"call": task.call, "fields": task.values, "sent": record is not None}
            | {"before": task.shown(task.record), "after": after}
        )
    elif record:
        print(f"{task.name}: done; {_line(task, record)}")
    else:
        print(f"{_line(task, task.record)}\nnot sent: {task.call}")
        for name, value in task.values.items():
            print(f"  {name} = {value}")
