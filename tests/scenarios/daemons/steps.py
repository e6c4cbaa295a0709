"""What can happen to daemons and to those who decide, as data, and its generator. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from cfsync.resources import RESOURCES
from tests.scenarios import steps as plain
from tests.scenarios.stage import POLICIES
from tests.scenarios.steps import Edit, Mix, Pass, Together


@dataclass(frozen=True, slots=True)
class Settings:
    """What a start may change; `every`: how often a daemon pulls."""

    policy: str = "clickfunnels"
    every: str = "1s"
    debounce: str = "50ms"
    batch: int = 100


@dataclass(frozen=True, slots=True)
class Start:
    """Start a daemon with these settings; one that runs is stopped first, and ends well."""

    which: int
    settings: Settings = Settings()


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL."""

    which: int


@dataclass(frozen=True, slots=True)
class Suspend:
    """SIGSTOP."""

    which: int


@dataclass(frozen=True, slots=True)
class Wake:
    """SIGCONT, when another daemon could have taken over."""

    which: int


@dataclass(frozen=True, slots=True)
class Amid:
    """Edits that are made while the daemons' request number `nth` of this `method` is answered."""

    nth: int
    method: str | None
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Decide:
    """A person decides about what waits, number `pick` of it, by command or in the console."""

    what: str
    pick: int = 0
    console: bool = False


@dataclass(frozen=True, slots=True)
class Outage:
    """From the daemons' request number `nth` of this `method` on, the database can't be used, for
    so many `seconds`: `how` is one of `OUTAGES`. Meanwhile people edit in ClickFunnels, and one
    daemon may be killed.
    """

    how: str
    nth: int = 1
    method: str | None = None
    seconds: float = 1.0
    edits: tuple[Edit, ...] = ()
    killed: int | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of that daemon's machine is so many seconds off from now on."""

    which: int
    off: int


@dataclass(frozen=True, slots=True)
class Misfit:
    """A daemon meets a settings file with a key of a later version: when it is started again, or
    with SIGHUP (`reload`). It says so, and does not start, or goes on as it was.
    """

    which: int
    reload: bool = False


Step = plain.Step | Start | Kill | Suspend | Wake | Clock | Misfit | Amid | Decide | Outage

OFF = (-86_400, -3_600, -5, 5, 3_600, 86_400, 0)

OUTAGES = {
    "sqlite": ("locked", "full", "nearly full"),
    "postgresql": ("stopped", "crashed", "locked"),
}
"""What can happen to a database: a SQLite file has no server; the disk of a server that others use
is never full.
"""

DECISIONS = (
    *("approve", "retry", "discard", "local", "remote"),
    *("accept", "reject", "revert", "pause", "resume"),
    *("undelete", "undelete", "import", "import"),
)


FEW = ("teams", "workspaces", "contacts", "contact_tags", "products", "orders", "forms")
FEW += ("submissions", "webhook_endpoints")
"""Enough tables for a daemon that shares a processor with many."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: so many daemons on such a database. With `tables`, nobody edits others.
    `own_disk`: of the server, so that it may be full.
    """

    dialect: str
    daemons: int = 1
    tables: Sequence[str] = ()
    own_disk: bool = False

    @property
    def outages(self) -> Sequence[str]:
        return (*OUTAGES[self.dialect], *(["full"] if self.own_disk else []))


def steps(dice: Random, mix: Mix, cast: Cast) -> list[Step]:
    """As for passes, where something happens to a daemon instead of a pass."""
    found: list[Step] = [Start(which, _settings(dice)) for which in range(cast.daemons)]
    for step in plain.steps(dice, mix):
        if isinstance(step, Pass):
            found += _instead(dice, step, cast)
        else:
            found.append(step)
    return [kept for step in found if (kept := _kept(step, cast.tables or RESOURCES.keys()))]


def _kept(step: Step, tables: Collection[str]) -> Step | None:
    """The step as far as it is about these tables."""
    match step:
        case Edit():
            return _without_emails(step) if _is_about(step, tables) else None
        case Together(edits) | Amid(edits=edits):
            left = _edits_about(edits, tables)
            return replace(step, edits=left) if left else None
        case Outage(edits=edits):
            return replace(step, edits=_edits_about(edits, tables))
    return step


def _edits_about(edits: Sequence[Edit], tables: Collection[str]) -> tuple[Edit, ...]:
    return tuple(_without_emails(e) for e in edits if _is_about(e, tables))


def _is_about(edit: Edit, tables: Collection[str]) -> bool:
    """ClickFunnels makes a variant with each new product."""
    makes_variant = edit.table == "products" and edit.verb == "insert"
    return edit.table in tables and (not makes_variant or "product_variants" in tables)


def _without_emails(edit: Edit) -> Edit:
    """An edit in ClickFunnels of anything but an email: a push that has looked whom an email leads
    to may be under way at any time.
    """
    if edit.side == "there" and edit.table == "contacts":
        verb = {"update": "value", "insert twin": "insert"}.get(edit.verb, edit.verb)
        return replace(edit, verb=verb)
    return edit


def _instead(dice: Random, step: Pass, cast: Cast) -> Iterator[Step]:
    which, chance = dice.randrange(cast.daemons), dice.random()
    edits = step.meanwhile
    if chance < 0.10:
        yield from (Kill(which), *edits, Start(which, _settings(dice)))
    elif chance < 0.22:
        yield from (Suspend(which), *edits, *_some(dice), Wake(which))
    elif chance < 0.29:
        yield Start(which, _settings(dice))
    elif chance < 0.36:
        if dice.random() < 0.5:
            yield Misfit(which, reload=True)
        else:
            yield from (Misfit(which), *edits, Start(which, _settings(dice)))
    elif chance < 0.48:
        yield from _outage(dice, which, cast)
    elif chance < 0.56:
        yield Clock(which, dice.choice(OFF))
    elif chance < 0.76:
        yield Decide(dice.choice(DECISIONS), dice.randrange(9), dice.random() < 0.5)
    elif chance < 0.95 or not step.real:
        method = dice.choice([None, "GET", "POST", "PUT"])
        yield Amid(1 if method else step.nth, method, edits or tuple(_some(dice)))
    else:
        yield replace(step, meanwhile=())


def _outage(dice: Random, which: int, cast: Cast) -> Iterator[Step]:
    edits = tuple(edit for edit in _some(dice) if edit.side == "there")
    found = Outage(
        dice.choice(cast.outages),
        nth=dice.choice([1, 1, 2, 5]),
        method=dice.choice([None, "GET", "POST", "PUT"]),
        seconds=dice.choice([0.2, 1.0, 3.0]),
        edits=edits,
    )
    if dice.random() < 0.3:
        yield from (replace(found, killed=which), Start(which, _settings(dice)))
    else:
        yield found


def _some(dice: Random) -> list[Edit]:
    found = plain.steps(dice, Mix(3, troubled=False))
    return [step for step in found if isinstance(step, Edit)]


def _settings(dice: Random) -> Settings:
    return Settings(
        policy=dice.choice(POLICIES),
        every=dice.choice(["1s", "2s", "4s"]),
        debounce=dice.choice(["0s", "50ms", "500ms"]),
        batch=dice.choice([1, 3, 100]),
    )
