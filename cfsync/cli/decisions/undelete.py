"""`undelete`: bring back deleted records."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.decisions.selection import Yes
from cfsync.cli.questions import ask
from cfsync.cli.text import print_json, print_lines, print_problem

if TYPE_CHECKING:
    from cfsync.mirror.user_decisions.undelete import Left, Undelete


_UNDELETE = Change(
    "deletes that wait are dropped, and a new row is inserted for each record that is gone: the"
    " next push creates it",
    "what it would do is shown before it asks, and `cfsync plan` shows what the push will send",
    "`cfsync outbox discard` takes a new row back until the push, `cfsync revert BATCH"
    " --with-created` after it",
)


def register(app: typer.Typer) -> None:
    app.command()(undelete)


@changes(_UNDELETE)
def undelete(
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="Such as contacts.")],
    records: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids or public ids.")],
    yes: Yes = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Bring back records that were deleted on either side.

    A delete that was not sent yet is taken back. Any other record becomes a new one with a new id:
    a row with its last state is inserted, and the next push creates it. What a new record can't
    have is listed: read-only fields, and references to records that are gone themselves (bring
    those back first). What was redacted stays deleted. It shows what it would do and asks.

    \b
    Example:
      cfsync undelete contacts 1042
      cfsync undelete contact_tags 7 8 --yes
    """
    from cfsync.sync.decisions.undelete import undelete as inner

    settings = load_settings(config, quiet=True)
    done = with_mirror(
        settings, lambda mirror: inner(mirror, resource, records, _confirmation(yes=yes, json=json))
    )
    if json:
        print_json({"records": [_as_json(one) for one in done]})
    else:
        _print(done)
    refused = [one for one in done if one.reason]
    if len(refused) == len(done):
        return 2
    return 5 if refused or any(left.is_gone for one in done for left in one.left) else 0


def _confirmation(*, yes: bool, json: bool) -> Callable[[Sequence[Undelete]], None]:
    def confirm(planned: Sequence[Undelete]) -> None:
        if yes:
            _UNDELETE.say(json=json)
            return
        print_lines(_plan(planned), sys.stderr)
        count = sum(one.reason is None for one in planned)
        which = "it" if count == 1 else f"these {count:,}"
        ask(f"Bring back {which}?", needs="undelete needs --yes", change=_UNDELETE)

    return confirm


def _plan(planned: Iterable[Undelete]) -> Iterator[str]:
    """What would be done, in lines."""
    found = list(planned)
    for one in found:
        if one.reason:
            yield f"{one.name}: stays deleted: {one.reason}"
        elif one.seqs:
            yield f"{one.name}: its delete was not sent yet and is taken back"
        else:
            yield f"{one.name}: becomes a new record with a new id"
    yield from _left(found)


def _print(done: Sequence[Undelete]) -> None:
    for one in done:
        if one.reason:
            print_problem(f"{one.name} stays deleted: {one.reason}")
        elif one.new_id is None:
            print(f"{one.name}: its delete is taken back")
        else:
            print(
                f"{one.name}: the new row is {one.new_id}; its record has another id after the push"
            )
    for line in _left(done):
        print_lines([line])


def _left(found: Iterable[Undelete]) -> Iterator[str]:
    """What new records don't have: references one by one, fields for all together."""
    fields: dict[str, dict[str, None]] = {}
    for one in found:
        for left in one.left:
            if left.is_gone:
                yield f"{one.name}: without {_text(left)}"
            else:
                fields.setdefault(left.reason, {})[left.field] = None
    for reason, names in fields.items():
        yield f"not given ({reason}): {', '.join(names)}"


def _text(left: Left) -> str:
    return f"{left.field}: {left.reason}"


def _as_json(one: Undelete) -> dict[str, object]:
    return {
        "resource": one.resource,
        "id": one.unknown or one.record_id,
        "outcome": {"take_back": "taken back", "insert": "inserted", "refuse": "refused"}[one.how],
        "new_id": one.new_id,
        "reason": one.reason,
        "left": [asdict(left) for left in one.left],
    }
