"""What can happen to an account, as data, and the seeded generator that makes it up. Pure.

A step names its record and field by number (`pick`, `field`): whoever does the step takes them
modulo what is there then. So any part of a list of steps is a list of steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, TypeVar

from cfsync.resources import RESOURCES

Side = Literal["here", "there"]
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Edit:
    """A change by SQL (`here`) or by a person in ClickFunnels (`there`). Records that exist count
    from 0, the newest from -1.
    """

    side: Side
    verb: str
    table: str
    pick: int = 0
    field: int = 0


@dataclass(frozen=True, slots=True)
class Together:
    """Edits by SQL in one transaction."""

    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault of the sandbox, as `World.fault` takes it; `status` only where the kind has one."""

    kind: str
    method: str
    nth: int
    times: int
    status: int = 500
    applied: bool = False


@dataclass(frozen=True, slots=True)
class Pass:
    """One command, in a process of its own where it is `real`: this one may be killed when it comes
    to a place in the code (`crash`), or when it has made so many requests (`kill`). While its
    request number `nth` is being answered the edits `meanwhile` are made.
    """

    name: str
    real: bool = False
    crash: str = ""
    kill: int = 0
    nth: int = 1
    meanwhile: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Calm:
    """No fault strikes any more."""


Step = Edit | Together | Trouble | Pass | Calm

HERE = {
    "contacts": (
        *["update"] * 8,
        *["attribute"] * 3,
        *["tag"] * 3,
        *["insert"] * 3,
        "insert twin",
        "delete",
        *["hand over", "swap", "give up", "take"] * 2,
    ),
    "contact_tags": ("update", "insert", "delete"),
    "products": ("update", "update", "toggle", "insert"),
    "product_variants": ("update", "toggle", "insert"),
    "product_prices": ("update", "toggle", "insert"),
    "orders": ("update",),
    "fulfillments": ("update", "toggle", "insert"),
    "fulfillment_locations": ("update", "insert", "delete"),
    "enrollments": ("update", "toggle", "insert"),
    "forms": ("update", "insert", "delete"),
    "submissions": ("insert", "delete"),
    "images": ("update", "insert", "delete"),
    "webhook_endpoints": ("update", "insert", "delete"),
}
"""Table -> what programs do to it by SQL, as often as it is named."""

THERE = {
    "contacts": (
        *["update"] * 8,
        *["attribute"] * 3,
        *["tag"] * 3,
        *["insert"] * 2,
        "insert twin",
        "late",
        "appear",
        "delete",
        "delete new",
        "redact",
        "identify",
        "identify",
    ),
    "contact_tags": ("update", "insert", "delete"),
    "products": ("update", "update", "archive", "insert"),
    "product_variants": ("update", "insert"),
    "product_prices": ("update", "insert"),
    "orders": ("update", "update", "insert", "delete"),
    "order_invoices": ("update", "insert"),
    "order_transactions": ("update", "insert"),
    "fulfillments": ("update", "insert"),
    "fulfillment_locations": ("update", "insert", "delete"),
    "courses": ("update", "insert"),
    "enrollments": ("update", "insert", "delete"),
    "forms": ("update", "insert", "delete"),
    "submissions": ("insert", "delete"),
    "form_submissions": ("insert", "delete"),
    "images": ("update", "insert", "delete"),
    "webhook_endpoints": ("update", "insert", "delete"),
}
"""Table -> what people do to it in ClickFunnels."""

PASSES = ("pull", "pull", "push", "push", "push", "sync", "sweep", "backfill")

SENDERS = ("push", "sync")
"""What changes in ClickFunnels between their look at a record and their write of it is overwritten
unseen: the API has no means against that. So people rest while they run, but for deleting.
"""

READS = (
    *("reset_before", "reset_after", "truncated", "empty_body", "html_200", "html_403"),
    *("html_503", "error_under_200", "not_a_list", "page_twice", "page_skips", "repeat_cursor"),
    *("ignore_sort", "ignore_after_between", "wrong_order", "foreign_link", "wrong_content_type"),
)
WRITES = (
    *["reset_before", "reset_after"] * 3,
    *("truncated", "empty_body", "html_200", "html_503", "error_under_200", "errors_under_200"),
)
READ_STATUS = (401, 403, 404, 429, 500, 503)
WRITE_STATUS = (401, 409, 422, 429, 500, 503)
"""Not 404: a server that lies about a deletion can't be told from one that is right."""


@dataclass(frozen=True, slots=True)
class Mix:
    """How a list of steps is made up: its length, the share of passes that run in a process of
    their own, the share of those that are killed, and whether faults strike.
    """

    length: int = 25
    real: float = 0.0
    killed: float = 0.5
    troubled: bool = True


def steps(dice: Random, mix: Mix) -> list[Step]:
    found: list[Step] = []
    while len(found) < mix.length:
        found.append(_step(dice, mix))
        if dice.random() < 0.3:
            found += _answer(dice, found[-1])
    return found


def _answer(dice: Random, step: Step) -> list[Step]:
    """What makes a step matter: the same edit on the other side, as far as that can be; something
    to create and a push for a fault that strikes writes.
    """
    if isinstance(step, Trouble) and step.method == "POST":
        table = dice.choice([name for name, verbs in HERE.items() if "insert" in verbs])
        return [Edit("here", "insert", table, 0, dice.randrange(9)), Pass("push")]
    if not isinstance(step, Edit):
        return []
    side: Side = "there" if step.side == "here" else "here"
    can = (HERE if side == "here" else THERE).get(step.table, ())
    return [replace(step, side=side)] if step.verb in can else []


def _step(dice: Random, mix: Mix) -> Step:
    chance = dice.random()
    if chance < 0.62:
        return _edit(dice, "here" if dice.random() < 0.55 else "there")
    if chance < 0.70:
        return Together(tuple(_edit(dice, "here") for _ in range(dice.randint(2, 4))))
    if chance < 0.80 and mix.troubled:
        return _trouble(dice)
    if chance < 0.83:
        return Calm()
    return _pass(dice, mix)


def _edit(dice: Random, side: Side) -> Edit:
    """Contacts as often as all others, and the same few records again and again: only where both
    sides meet can anything be lost.
    """
    tables = HERE if side == "here" else THERE
    table = "contacts" if dice.random() < 0.5 else dice.choice(list(tables))
    verb = dice.choice(tables[table])
    pick = dice.choice([0, 1, 2, -1, -2, dice.randrange(1000)])
    return Edit(side, verb, table, pick, dice.choice([0, 0, 1, 2, dice.randrange(1000)]))


def _value_there(dice: Random) -> Edit:
    """An edit of one value in ClickFunnels. Not of an email: that decides whom an INSERT meets."""
    table = dice.choice(["contacts", "contacts", "products", "orders", "fulfillments"])
    verb = dice.choice(["attribute", "value"]) if table == "contacts" else "value"
    return Edit("there", verb, table, dice.choice([0, 1, -1, -2]), dice.choice([0, 0, 1, 2]))


def _trouble(dice: Random) -> Trouble:
    """With one read; or with one kind of write."""
    method = dice.choice(["GET", "POST", "PUT", "DELETE", "POST", "PUT"])
    kinds, states = (READS, READ_STATUS) if method == "GET" else (WRITES, WRITE_STATUS)
    kind = dice.choice([*kinds, *["status"] * 4])
    nth, times = dice.randint(1, 12 if method == "GET" else 2), dice.choice([1, 1, 1, 2, 5])
    if kind != "status":
        return Trouble(kind, method, nth, times, applied=dice.random() < 0.5)
    status = dice.choice(states)
    return Trouble(kind, method, nth, times, status, status >= 500 and dice.random() < 0.5)


def _pass(dice: Random, mix: Mix) -> Pass:
    found = _command(dice, mix)
    if dice.random() < 0.5:
        return found
    sides: tuple[Side, ...] = ("here",) if found.name in SENDERS else ("here", "there")
    edits = [_edit(dice, dice.choice(sides)) for _ in range(dice.randint(1, 3))]
    if found.name in SENDERS and dice.random() < 0.3:  # a deletion overwrites nothing
        edits.append(Edit("there", "delete new", "contacts"))
    if found.name in SENDERS and dice.random() < 0.5:
        edits.append(_value_there(dice))
    return replace(
        found, nth=dice.choice([1, 2, 3, 4, dice.randint(1, 30)]), meanwhile=tuple(edits)
    )


def _command(dice: Random, mix: Mix) -> Pass:
    name = dice.choice(PASSES)
    if dice.random() >= mix.real:
        return Pass(name)
    if dice.random() >= mix.killed:
        return Pass(name, real=True)
    if dice.random() < 0.5:
        return Pass(name, real=True, kill=dice.randint(1, 30))
    where = dice.choice(["before_commit", "after_commit"])
    return Pass(name, real=True, crash=f"{where}:{dice.randint(1, 15)}")


def shortest(found: Sequence[S], fails: Callable[[list[S]], bool]) -> list[S]:
    """As few of the steps as still fail: halves are left out first, in the end single ones."""
    left, size = list(found), len(found) // 2
    while size:
        start = 0
        while start < len(left):
            part = [*left[:start], *left[start + size :]]
            if fails(part):
                left = part
            else:
                start += size
        size //= 2
    return left


def as_code(found: Sequence[object]) -> str:
    """The steps as they can be pasted into a test."""
    return "[\n" + "".join(f"    {step!r},\n" for step in found) + "]"


assert HERE.keys() <= RESOURCES.keys() >= THERE.keys()
