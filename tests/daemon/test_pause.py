"""`pause` and `resume` reach a running daemon, and later passes, through the database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from cfsync.config import load
from cfsync.daemon.jobs.pusher import RETRY_S
from cfsync.sandbox import World
from tests.conftest import SQLITE_ONLY
from tests.daemon.harness import PATIENCE_S, Daemon, until

Start = Callable[..., Daemon]
Command = Callable[..., Any]


@SQLITE_ONLY
def test_no_pass_of_a_paused_resource_runs_until_it_is_resumed(
    start: Start, command: Command, world: World, sql: Any, contact: int
) -> None:
    daemon = start(RESOURCES__CONTACTS__PULL_EVERY="200ms")
    daemon.wait_for("pass.done", resource="contacts", new=30)

    said = command("pause", "contacts")
    assert said.stdout == "paused: contacts\n"
    daemon.wait_for("pauses.changed", paused=["contacts"], resumed=[])
    until(lambda: '"contacts":{"lag_s"' in daemon.ask("/healthz")[1])
    until(lambda: '"paused":true' in daemon.ask("/healthz")[1])
    sql("UPDATE contacts SET first_name = 'Zed' WHERE id = ?", contact)
    one_shot = command("push")
    assert one_shot.returncode == 4
    assert "paused: contacts\n" in one_shot.stderr
    assert "run `cfsync resume`, then `cfsync push`" in one_shot.stderr
    assert world.get("contacts", contact)["first_name"] != "Zed"

    assert command("resume").stdout == "nothing is paused\n"
    until(lambda: world.get("contacts", contact)["first_name"] == "Zed")
    daemon.wait_for("pauses.changed", paused=[], resumed=["contacts"])
    assert daemon.stop() == 0


@SQLITE_ONLY
def test_what_a_pause_has_stopped_is_sent_as_soon_as_it_is_over(
    start: Start, command: Command, world: World, sql: Any
) -> None:
    """Not only after RETRY_S, as is what a push has left open otherwise."""
    called, paused = threading.Event(), threading.Event()

    def during_the_first_call() -> None:
        called.set()
        paused.wait(PATIENCE_S)

    daemon = start(API__MAX_CONCURRENCY="1", API__TIMEOUT_S=str(PATIENCE_S))
    daemon.wait_for("pass.done", resource="contacts", new=30)
    first, second = world.ids("contacts", world.workspaces[0])[:2]
    world.fault("meanwhile", method="PUT", act=during_the_first_call)

    sql("UPDATE contacts SET first_name = 'Zed' WHERE id IN (?, ?)", first, second)
    called.wait(PATIENCE_S)
    command("pause", "contacts")
    daemon.wait_for("pauses.changed", paused=["contacts"])
    paused.set()
    daemon.wait_for("pass.stopped", **{"pass": "push"})
    assert sent(world) == [first]

    command("resume", "contacts")
    until(lambda: sent(world) == [first, second], patience=RETRY_S / 2)


def sent(world: World) -> list[int]:
    """The contacts that are called Zed in ClickFunnels."""
    ids = world.ids("contacts", world.workspaces[0])
    return [n for n in ids if world.get("contacts", n)["first_name"] == "Zed"]


@SQLITE_ONLY
def test_one_resource_can_be_resumed_after_all_were_paused(start: Start, command: Command) -> None:
    daemon = start()
    daemon.wait_for("clickfunnels.connected")

    said = command("pause")
    changed = daemon.wait_for("pauses.changed")
    status, push, contacts = command("status"), command("push"), command("push", "contacts")
    left = command("resume", "contacts").stdout

    assert said.stdout == "paused: everything\n"
    (line,) = [line for line in said.stderr.splitlines() if "resource.paused" in line]
    assert '"resource":"everything"' in line.replace(": ", ":")
    assert {"contacts"} < set(changed["paused"]) <= set(load(environ={}).wanted)
    assert "paused: everything; `cfsync resume`" in status.stdout
    assert "paused: everything\n" in push.stderr
    assert "paused: everything\n" in contacts.stderr
    assert left == "paused: everything but contacts\n"
    assert command("pause", "nothing").returncode == 2
