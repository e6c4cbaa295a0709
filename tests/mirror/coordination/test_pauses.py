"""Pauses and troubles are kept in the mirror."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cfsync.mirror.coordination import pauses
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.resources import RESOURCES

Write = Callable[..., Any]


def paused(write: Write) -> set[str]:
    return set(write(pauses.paused))


def test_pausing_all_pauses_each_resource(write: Write) -> None:
    write(pauses.pause, [])
    assert paused(write) == set(RESOURCES)

    write(pauses.resume, ["contacts"])
    assert paused(write) == set(RESOURCES) - {"contacts"}

    write(pauses.resume, [])
    assert paused(write) == set()


def test_pausing_some_leaves_the_others_running(write: Write) -> None:
    write(pauses.pause, ["contacts", "orders"])

    write(pauses.resume, ["contacts"])

    assert paused(write) == {"orders"}


def test_troubles_are_kept_and_removed_by_pass_and_resource(write: Write) -> None:
    late = Trouble("pull", "contacts", "server", "no connection", "2025-05-21T12:18:51.772Z")
    odd = Trouble("sweep", "contacts", "answer", "not a list", "2025-05-21T12:18:51.772Z")
    other = Trouble("pull", "contact_tags", "limit", "429", "2025-05-21T12:18:51.772Z")
    for trouble in (late, odd, other, late):
        write(pauses.save_trouble, trouble)
    assert write(pauses.troubles) == [other, late, odd]

    write(pauses.delete_troubles, ["contacts"], "pull")
    assert write(pauses.troubles) == [other, odd]

    write(pauses.delete_troubles, ["contacts"])
    assert write(pauses.troubles) == [other]
