"""`verify`: compare mirror and ClickFunnels, record by record."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from cfsync.cli.common import Config, Json, Resources, load_settings, open_context, until_stopped
from cfsync.cli.reports import as_json, as_text, print_problems
from cfsync.cli.text import columns, print_json, print_lines

if TYPE_CHECKING:
    from cfsync.config import Settings
    from cfsync.sync.inspection.counts import Counted
    from cfsync.sync.inspection.verify import Verified

SHOWN = 50


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    resource: Resources = None,
    quick: Annotated[
        bool,
        typer.Option("--quick", help="Only compare how many contacts and orders there are."),
    ] = False,
    config: Config = None,
    json: Json = False,
) -> int:
    """Compare every record with ClickFunnels, and change none.

    Exits 5 if they differ. What was changed here while edits were not captured (drift) is kept as a
    conflict. Edits that wait to be sent don't count as differences.

    \b
    Example:
      cfsync verify contacts
      cfsync verify --quick
    """
    from cfsync.sync.inspection import verify as inner

    settings = load_settings(config, quiet=True)
    if quick:
        return _quick(settings, resource or [], json=json)

    async def body(stop: asyncio.Event) -> tuple[Verified, str]:
        async with open_context(settings, stop, bars=True) as context:
            return await inner.verify(context, resource or []), str(context.mirror.place)

    verified, place = until_stopped(body)
    if json:
        differences = [asdict(d) for d in verified.differences]
        print_json(as_json(verified.report) | {"database": place, "differences": differences})
    else:
        print_lines([_text(verified, place)])
    print_problems(verified.report, "verify")
    return verified.exit_code


def _quick(settings: Settings, names: Sequence[str], *, json: bool) -> int:
    """Show ClickFunnels' own figures beside the mirror's."""
    from cfsync.sync.inspection.counts import count

    async def body(stop: asyncio.Event) -> list[Counted]:
        async with open_context(settings, stop) as context:
            return await count(context, names)

    found = until_stopped(body)
    if json:
        print_json([asdict(one) for one in found])
    else:
        print_lines(_quick_lines(found))
    return 0


def _quick_lines(found: Sequence[Counted]) -> Iterator[str]:
    if not found:
        yield "nothing to count: contacts and orders are not mirrored"
        return
    rows = [
        (c.resource, c.workspace_id, _figure(c, n), c.here[n], _there(c.there.get(n)))
        for c in found
        for n in c.here
    ]
    yield columns([("", "workspace", "", "mirror", "ClickFunnels"), *rows])
    for why in dict.fromkeys(c.why for c in found if c.why):
        workspaces = dict.fromkeys(str(c.workspace_id) for c in found if c.why == why)
        yield f"ClickFunnels' figures of workspace {', '.join(workspaces)} are unknown: {why}"


def _there(figure: Decimal | None) -> str:
    return "unknown" if figure is None else str(figure)


def _figure(counted: Counted, name: str) -> str:
    """`total_amount (EUR + USD)`, where the sum is of amounts that don't add up."""
    is_mixed = name != "count" and len(counted.currencies) > 1
    return f"{name} ({' + '.join(counted.currencies)})" if is_mixed else name


def _text(verified: Verified, place: str) -> str:
    shown = verified.differences[:SHOWN]
    lines = [as_text(verified.report), f"database: {place}"]
    if shown:
        rows = [(d.resource, d.id, d.kind, ", ".join(d.fields)) for d in shown]
        lines.append(columns(rows))
    if len(verified.differences) > SHOWN:
        lines.append(f"... and {len(verified.differences) - SHOWN:,} more (--json has all)")
    return "\n".join(lines)
