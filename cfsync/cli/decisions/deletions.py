"""`deletions list / approve / reject`: deletions held because there were too many at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.changing import Change, changes
from cfsync.cli.common import Config, Json, load_settings, with_mirror
from cfsync.cli.decisions.selection import Given, Preview, confirmation, selecting
from cfsync.cli.text import columns, moment, plural, print_json

if TYPE_CHECKING:
    from cfsync.mirror.bookkeeping.tombstones import Tombstone

Resource = Annotated[str | None, typer.Argument(metavar="[RESOURCE]", help="Only this resource.")]
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Only these records (id, public id).")
]


_LISTED = "`cfsync deletions list` shows the records"
_APPROVE = Change(
    "the next sweep asks for each record once more, and deletes the rows of those that are gone",
    _LISTED,
    "`cfsync deletions reject` takes it back until then, and `cfsync undelete` makes new records"
    " of those that are deleted",
)
_REJECT = Change(
    "the rows stay in the mirror, though their records are missing in ClickFunnels",
    _LISTED,
    "`cfsync deletions approve RESOURCE ID` takes it back",
)


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Decide about deletions in ClickFunnels that wait for you.")
    group.command("list")(list_held)
    group.command()(approve)
    group.command()(reject)
    app.add_typer(group, name="deletions")


def list_held(config: Config = None, json: Json = False) -> None:
    """List the records that are missing in ClickFunnels and held.

    When more than `deletions.max_count` or `deletions.max_fraction` go missing at once, none is
    deleted here until you approve it.

    \b
    Example:
      cfsync deletions list
    """
    from cfsync.sync.decisions import deletions

    stones = with_mirror(load_settings(config, quiet=True), deletions.held, read_only=True)
    rows = [(s.resource, s.record_id, s.workspace_id, s.first_seen) for s in stones]
    if json:
        names = ("resource", "id", "workspace_id", "first_seen")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif rows:
        shown = [(*row[:3], moment(row[3])) for row in rows]
        print(columns([("resource", "id", "workspace", "missing since"), *shown]))
    else:
        print("nothing is held")


@selecting("all", "since", "workspace")
@changes(_APPROVE)
def approve(
    resource: Resource = None,
    ids: Ids = None,
    *,
    given: Given,
) -> None:
    """Accept the deletions: the next sweep checks again, then deletes the rows here.

    Deletions that you don't name by their ids are shown first, and you are asked. By its id, also
    one that was rejected before.

    \b
    Example:
      cfsync deletions approve contacts 1042
      cfsync deletions approve contacts --since 2h
      cfsync deletions approve --all --yes
    """
    which = [*([resource] if resource else []), *(ids or [])]
    decided = _decide(which, given, approve=True)
    _print("approved", decided, "; the next sweep deletes them", json=given.json)


@selecting("all", "since", "workspace")
@changes(_REJECT)
def reject(
    resource: Resource = None,
    ids: Ids = None,
    *,
    given: Given,
) -> None:
    """Reject the deletions: the rows stay in the mirror.

    Also those that were approved and that no sweep has acted on yet, if you name them by their ids
    or no other is held. Deletions that you don't name are shown first, and you are asked.

    \b
    Example:
      cfsync deletions reject contacts 1042
      cfsync deletions reject contacts --yes
    """
    which = [*([resource] if resource else []), *(ids or [])]
    decided = _decide(which, given, approve=False)
    _print("rejected", decided, json=given.json)


def _decide(which: list[str], given: Given, *, approve: bool) -> list[Tombstone]:
    """Approve or reject; returns what was decided."""
    from cfsync.sync.decisions import deletions

    verb = "approve" if approve else "reject"
    change, preview = _APPROVE if approve else _REJECT, Preview(verb, ("resource",), _kind, _sides)
    confirm = confirmation(change, preview, given, named=len(which) > 1)
    return with_mirror(
        load_settings(given.config, quiet=True),
        lambda mirror: deletions.decide(
            mirror, which, given.filter, approve=approve, confirm=confirm, again=True
        ),
    )


def _sides(stone: Tombstone) -> Iterator[str]:
    since = moment(stone.first_seen)
    yield f"  {stone.resource} {stone.record_id}: a row here, missing in ClickFunnels since {since}"


def _kind(stone: Tombstone) -> tuple[str]:
    return (stone.resource,)


def _print(word: str, decided: Sequence[Tombstone], then: str = "", *, json: bool) -> None:
    if json:
        print_json({"state": word, "ids": [[s.resource, s.record_id] for s in decided]})
    else:
        print(f"{word} {plural(len(decided), 'deletion')}{then if decided else ''}")
