"""The oracle itself: it sees what it is there for, and nothing where all is well."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.scenarios import oracle
from tests.scenarios.conftest import Play
from tests.scenarios.fates import fates
from tests.scenarios.machine import Machine
from tests.scenarios.snapshot import Snapshot, snapshot
from tests.scenarios.stage import Setup
from tests.scenarios.steps import Edit, Mix, shortest, steps

MADE = [
    Edit("there", "update", "contacts", 0, 1),
    Edit("here", "update", "contacts", 0, 1),  # a conflict, which ClickFunnels wins
    Edit("here", "insert", "forms"),
    Edit("here", "delete", "images"),
    Edit("here", "hand over", "contacts", 1),
]


@pytest.fixture
def machine(machine_on: Play) -> Iterator[Machine]:
    with machine_on("sqlite", Setup()) as machine:
        machine.play(MADE)
        machine.settle()
        yield machine


def lost(machine: Machine, now: Snapshot) -> list[str]:
    return [made.side for made, fate in fates(now, machine.book) if fate == "lost"]


def test_it_sees_what_is_lost_doubled_different_or_was_not_asked_for(machine: Machine) -> None:
    now, book = snapshot(machine.account), machine.book
    table, made = "forms", next(e for e in now.entries if e.resource == "forms")
    form = now.there[table][made.id]

    assert oracle.faults(now, book) == []
    assert lost(machine, now) == []
    assert lost(machine, replace(now, conflicts=[])) == ["here"]
    assert oracle.faults(replace(now, created=[*now.created, made]), book) == [
        "forms: 2 were created, 1 inserted"
    ]
    twice = {**now.there, table: {**now.there[table], 1: form}}
    assert f"forms: 2 with name {form['name']}" in oracle.faults(replace(now, there=twice), book)
    less = {**now.rows, table: {}}
    assert f"forms {made.id}: not in the mirror" in oracle.differences(replace(now, rows=less))
    stray = replace(made, verb="update", id=min(now.there[table]), fields={"name": "x"})
    assert f"forms {stray.id}: name was sent unasked" in oracle.faults(
        replace(now, entries=[*now.entries, stray]), book
    )
    assert len(oracle.faults(replace(now, tombstones={}), book)) == 1, "a deletion unexplained"
    swapped = [e for e in now.entries if "email_address" in e.fields]
    assert not list(oracle.out_of_order(replace(now, entries=swapped), book))
    wrong = [replace(e, id=swapped[0].id) for e in swapped]
    assert list(oracle.out_of_order(replace(now, entries=wrong), book))


def test_a_value_that_one_side_has_not_is_seen(machine: Machine) -> None:
    contact = machine.account.ids_of("contacts")[0]
    machine.account.world.edit("contacts", contact, last_name="Other")

    found = oracle.differences(snapshot(machine.account))

    assert {line.partition(" is ")[0] for line in found} == {
        f"contacts {contact}: last_name",
        f"contacts {contact}: updated_at",
    }


def test_a_seed_makes_the_same_steps_of_which_those_that_fail_are_found() -> None:
    one, other = (steps(random.Random(7), Mix(30)) for _ in range(2))

    assert one == other
    assert shortest(one, lambda part: one[11] in part) == [one[11]]
