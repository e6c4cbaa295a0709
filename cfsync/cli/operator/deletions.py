"""`deletions list / approve / reject`: deletions held because there were too many at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from cfsync.cli.common import Config, Json, configured, reading
from cfsync.cli.text import columns, counted, print_json
from cfsync.errors import UsageError

Resource = Annotated[str | None, typer.Argument(metavar="[RESOURCE]", help="Only this resource.")]
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ID]...", help="Only these records (id, public id).")
]
All = Annotated[bool, typer.Option("--all", help="All held deletions.")]


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
    from cfsync.sync.operator import deletions

    stones = reading(configured(config), deletions.held)
    rows = [(s.resource, s.record_id, s.workspace_id, s.first_seen) for s in stones]
    if json:
        names = ("resource", "id", "workspace_id", "first_seen")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    elif rows:
        print(columns([("resource", "id", "workspace", "missing since"), *rows]))
    else:
        print("nothing is held")


def approve(
    resource: Resource = None,
    ids: Ids = None,
    all: All = False,  # noqa: A002
    config: Config = None,
    json: Json = False,
) -> None:
    """Accept the deletions: the next sweep checks again, then deletes.

    \b
    Example:
      cfsync deletions approve contacts 1042
      cfsync deletions approve contacts
      cfsync deletions approve --all
    """
    _decide(resource, ids or [], config, everything=all, approve=True, json=json)


def reject(
    resource: Resource = None,
    ids: Ids = None,
    all: All = False,  # noqa: A002
    config: Config = None,
    json: Json = False,
) -> None:
    """Reject the deletions: the rows stay in the mirror.

    \b
    Example:
      cfsync deletions reject contacts 1042
    """
    _decide(resource, ids or [], config, everything=all, approve=False, json=json)


def _decide(
    resource: str | None,
    ids: Sequence[str],
    config: Path | None,
    *,
    everything: bool,
    approve: bool,
    json: bool,
) -> None:
    from cfsync.sync.operator import deletions

    if (resource is None) != everything:
        raise UsageError("name a resource, with or without ids, or use --all")
    decided = reading(
        configured(config), lambda mirror: deletions.decide(mirror, resource, ids, approve=approve)
    )
    word, then = ("approved", "; the next sweep deletes them") if approve else ("rejected", "")
    if json:
        print_json({"state": word, "ids": [[s.resource, s.record_id] for s in decided]})
    else:
        print(f"{word} {counted(len(decided), 'deletion')}{then if decided else ''}")
