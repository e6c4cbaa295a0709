"""How many records ClickFunnels counts, beside the rows of the mirror. It is only to look at: edits
that wait and changes of the last minutes make a difference, and nothing is decided by it.

The workspace stats are in a closed trial: elsewhere they are refused (403). Their answer isn't
documented, so the figures are looked for by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from cfsync.errors import BadAnswer, Forbidden, NotFound, Refused, StateConflict, UsageError
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.lists import listings
from cfsync.mirror.progress import counted
from cfsync.mirror.reports import status
from cfsync.resources import Resource, named
from cfsync.sync.context import Context
from cfsync.sync.pass_run import wanted_resources
from cfsync.sync.workspaces import mirrored

SUMMED: Mapping[str, tuple[str, ...]] = {
    "contacts": (),
    "orders": ("total_amount", "tax_amount"),
}
"""The resources that the stats count -> the amounts of money that they add up."""

_REFUSED = "answered with 403: ClickFunnels tells them only to accounts in a closed trial"

Figures = Mapping[str, Decimal | None]
"""`count` and the sums; None: not known."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The figures of a resource in one workspace."""

    resource: str
    workspace_id: int
    here: Figures
    there: Figures
    #: Why ClickFunnels' figures are not known; '' where they are.
    why: str = ""
    #: Those of the mirror's amounts: of several, the sums mean nothing.
    currencies: tuple[str, ...] = ()


async def count(context: Context, names: Sequence[str] = ()) -> list[Counted]:
    """Ask for the figures of each workspace; keeps the counts for `cfsync status`. Raises
    UnknownResource, UsageError for a resource that has none, and what the client raises otherwise.
    """
    if others := [named(name).name for name in names if name not in SUMMED]:
        raise UsageError(f"only {' and '.join(SUMMED)} can be counted, not {', '.join(others)}")
    resources = [r for r in wanted_resources(context.settings, names) if r.name in SUMMED]
    known = await context.mirror.read(listings.workspaces)
    found: list[Counted] = []
    for workspace_id in mirrored(known, context.settings.api):
        why = ""
        for resource in resources:
            context.check_stop()
            found.append(await _count(context, resource, workspace_id, why))
            why = found[-1].why if found[-1].why == _REFUSED else ""
    await context.mirror.write(_keep, found)
    return found


async def _count(context: Context, resource: Resource, workspace_id: int, why: str) -> Counted:
    """`why`: the workspace has refused the figures of another resource, and isn't asked again."""
    summed = SUMMED[resource.name]
    here = await context.mirror.read(status.figures, resource, workspace_id, summed)
    found = Counted(resource.name, workspace_id, here, {}, why)
    if summed:
        currencies = await context.mirror.read(status.currencies, resource, workspace_id)
        found = replace(found, currencies=currencies)
    if why:
        return found
    query = {"resource": resource.body_key, "count": "true"}
    if summed:
        query["sum"] = ",".join(summed)
    try:
        answer = await context.api.raw("GET", f"/workspaces/{workspace_id}/stats", query=query)
    except Forbidden:
        return replace(found, why=_REFUSED)
    except (NotFound, Refused, StateConflict, BadAnswer) as error:
        return replace(found, why=f"answered with {error.status}")
    there = {name: _figure(answer.data, name) for name in here}
    why = "" if there["count"] is not None else "answered without a count"
    return replace(found, there=there, why=why)


def _figure(data: Any, name: str) -> Decimal | None:
    """A number by its name, wherever it stands in an answer. Pure."""
    if not isinstance(data, dict):
        return None
    value = data.get(name)
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return None
    return next((n for v in data.values() if (n := _figure(v, name)) is not None), None)


def _keep(tx: Tx, found: Sequence[Counted]) -> None:
    for one in found:
        if (records := one.there.get("count")) is not None:
            counted.save(tx, one.resource, one.workspace_id, int(records))
