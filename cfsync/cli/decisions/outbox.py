"""The `outbox` commands: edits made by SQL that are not confirmed yet."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cfsync.cli.changing import EDITS_BACK, Change, changes
from cfsync.cli.common import Config, Json, Resources, load_settings, with_mirror
from cfsync.cli.decisions import adopt
from cfsync.cli.decisions.selection import Given, Preview, confirmation, selecting
from cfsync.cli.output.outbox import differences, lines_of
from cfsync.cli.row_bars import row_bars
from cfsync.cli.text import plural, print_json, print_lines

if TYPE_CHECKING:
    from cfsync.mirror.bookkeeping.outbox import Edit

_LISTED = "`cfsync outbox list --values` shows them"
_APPROVE = Change(
    "held edits are released: the next push sends them",
    f"{_LISTED}, and `cfsync plan` what the push will send",
    EDITS_BACK,
)
_RETRY = replace(_APPROVE, will="parked edits wait again: the next push sends them")
_DISCARD = Change(
    "edits are dropped: the mirror shows ClickFunnels' values again",
    _LISTED,
    "to take it back, make them again: `cfsync outbox list --state discarded --values` keeps them",
)

_CHOICE = ("all", "field", "since", "workspace", "imported")

Which = Annotated[
    list[str] | None,
    typer.Argument(metavar="[SEQ...|RESOURCE]", help="Numbers of edits, or one resource."),
]
Values = Annotated[bool, typer.Option("--values", help="Also show the values: people's data.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="List the edits that wait, and decide about them.")
    group.command("list")(list_edits)
    for command in (approve, retry, discard):
        group.command()(command)
    adopt.register(group)
    app.add_typer(group, name="outbox")


def list_edits(
    resource: Resources = None,
    state: Annotated[
        str | None,
        typer.Option(
            metavar="pending|sending|parked|held|done|discarded", help="Only edits in this state."
        ),
    ] = None,
    values: Values = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """List the edits that ClickFunnels has not confirmed, oldest first.

    pending: not sent yet. sending: sent, outcome not known yet. parked: ClickFunnels refused it
    (the reason is the server's). held: cfsync stopped it, for example as a mass deletion.

    \b
    Example:
      cfsync outbox list
      cfsync outbox list contacts --state parked --values
    """
    from cfsync.sync.decisions import outbox

    edits = with_mirror(
        load_settings(config, quiet=True),
        lambda mirror: outbox.waiting(mirror, resource or [], state=state),
        read_only=True,
    )
    if json:
        print_json([_as_json(edit, values=values) for edit in edits])
    else:
        print_lines(lines_of(edits, values=values) if edits else ["nothing is waiting"])


@selecting(*_CHOICE)
@changes(_APPROVE)
def approve(
    which: Which = None,
    *,
    given: Given,
) -> None:
    """Release held edits: the next push sends them.

    By number, any held edit: also an insert, or a delete of a record that ClickFunnels has changed
    since. Otherwise the updates and deletes that were held because there were too many: what is
    meant is shown first, and you are asked.

    \b
    Example:
      cfsync outbox approve contacts
      cfsync outbox approve contacts --field phone_number --since 2h --yes
      cfsync outbox approve 1042 1043
    """
    from cfsync.sync.decisions import outbox

    _decide(outbox.approve, ("approve", "approved", "approve"), _APPROVE, which or [], given)


@selecting(*_CHOICE)
@changes(_RETRY)
def retry(
    which: Which = None,
    make_another: Annotated[
        bool,
        typer.Option("--make-another", help="Also create an insert that may have arrived."),
    ] = False,
    *,
    given: Given,
) -> None:
    """Send parked edits again with the next push.

    Edits that you don't name by number are shown first, and you are asked. An insert that may
    already have arrived ("unknown") is retried only by its number and with --make-another: it is
    then created, whatever was found in ClickFunnels. To give it the record that was found, use
    `cfsync outbox adopt`.

    \b
    Example:
      cfsync outbox retry 1042
      cfsync outbox retry contacts --yes
    """
    from cfsync.sync.decisions import outbox

    work = partial(outbox.retry, make_another=make_another)
    becomes = "make another" if make_another else "retry"
    _decide(work, ("retry", "pending", becomes), _RETRY, which or [], given)


@selecting(*_CHOICE)
@changes(_DISCARD)
def discard(
    which: Which = None,
    *,
    given: Given,
) -> None:
    """Drop edits: the mirror shows ClickFunnels' values again.

    A later edit of the same field stays. A row that was never sent is removed with all its edits;
    a deleted row is restored. Edits that you don't name by number are shown first, and you are
    asked; with --field, an edit of several fields is dropped as a whole.

    \b
    Example:
      cfsync outbox discard 1042
      cfsync outbox discard contacts --since 2h
      cfsync outbox discard --import 3
    """
    from cfsync.sync.decisions import outbox

    _decide(outbox.discard, ("discard", "discarded", "discard"), _DISCARD, which or [], given)


def _decide(
    decide: Callable[..., Coroutine[Any, Any, list[Edit]]],
    words: tuple[str, str, str],
    change: Change,
    which: list[str],
    given: Given,
) -> None:
    """Decide and print the result. `words`: the verb, what the edits are then, and the decision as
    `consequences` calls it.
    """
    from cfsync.sync.decisions import consequences
    from cfsync.sync.selection import has_numbers

    verb, done, decision = words
    head = ("resource", "op", "state", "fields")

    def effects(found: Sequence[Edit]) -> Iterator[str]:
        return consequences.lines(consequences.of_edits(found, decision))

    preview = Preview(verb, head, _kind, _sides, effects)
    confirm = confirmation(change, preview, given, named=has_numbers(which))
    settings = load_settings(given.config, quiet=True)
    with row_bars() as progress:
        edits = with_mirror(
            settings,
            lambda mirror: decide(mirror, which, given.filter, confirm=confirm, progress=progress),
        )
    if given.json:
        rows = [{"seq": e.seq, "resource": e.resource, "id": e.record_id} for e in edits]
        print_json({"state": done, "edits": rows})
    else:
        print(f"{done}: {plural(len(edits), 'edit')}")


def _sides(edit: Edit) -> Iterator[str]:
    """What the edit changes: the value before, and the one here."""
    yield f"  {edit.resource} {edit.record_id} (edit {edit.seq}, {edit.op}), before -> here:"
    yield from (f"      {line}" for line in differences(edit))


def _kind(edit: Edit) -> tuple[str, str, str, str | None]:
    return edit.resource, edit.op, edit.state, ", ".join(edit.fields) or None


def _as_json(edit: Edit, *, values: bool) -> dict[str, Any]:
    found = asdict(edit) | {"fields": edit.fields}
    found["id"] = found.pop("record_id")
    del found["highest_id"]
    return found if values else {n: v for n, v in found.items() if n not in ("patch", "sent")}
