"""`cfsync status --health` and the daemon's `/healthz` follow one rule."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from cfsync.daemon.health.observer import HealthObserver
from cfsync.daemon.jobs import polling
from cfsync.daemon.jobs.runner import Runner
from cfsync.mirror.coordination import pauses
from cfsync.mirror.coordination.pauses import Trouble
from cfsync.mirror.db.engine import Tx
from cfsync.sync.health_facts import problems
from cfsync.sync.health_rule import PullAge, is_late, late_after
from cfsync.times import later
from cfsync.web.daemon_health import Health, freshness_problems

Change = Callable[[Any], object]


def by_command(round_: Any) -> list[str]:
    return asyncio.run(problems(round_.mirror, round_.configured()))


def by_daemon(round_: Any) -> list[str]:
    """What `/healthz` says in a daemon whose jobs are in the troubles that the mirror keeps."""
    settings, read = round_.configured(), round_.mirror.read
    observer = HealthObserver(settings, round_.mirror, workspaces=[round_.workspace])
    asyncio.run(observer.refresh())
    troubles = asyncio.run(read(pauses.troubles))
    runner = Runner(None, polling.create_jobs(settings))  # type: ignore[arg-type]
    for trouble in troubles:
        runner.jobs[trouble.name, trouble.resource].trouble = trouble
    token_ok = not any(trouble.kind == "token" for trouble in troubles)
    base = Health(database_problem="", token_ok=token_ok)
    return freshness_problems(observer.health(base, runner, asyncio.run(read(pauses.paused))))


def trouble(kind: str, ago_s: float) -> Change:
    def keep(tx: Tx) -> None:
        since = later(tx.now, -ago_s)
        pauses.save_trouble(tx, Trouble("pull", "contacts", kind, "no way", since))

    return lambda round_: asyncio.run(round_.mirror.write(keep))


def pause(round_: Any) -> None:
    asyncio.run(round_.mirror.write(pauses.pause, ["contacts"]))


def passes_failed(round_: Any) -> None:
    round_.sql("UPDATE cf_runs SET state = 'failed'")


def pull_later(round_: Any) -> None:
    round_.clock.go_on(30)
    round_.pull()


def wait(seconds: float) -> Change:
    return lambda round_: round_.clock.go_on(seconds)


def backfill(round_: Any) -> None:
    round_.backfill()


@pytest.mark.parametrize(
    ("changes", "of_contacts"),
    [
        ([], None),
        ([backfill], None),
        ([backfill, wait(200)], None),
        ([backfill, wait(7200)], "contacts: the last pull began N s ago"),
        (
            [backfill, wait(7200), trouble("server", 60)],
            "contacts: the last pull began N s ago (server)",
        ),
        ([backfill, wait(7200), pause], None),
        ([trouble("server", 200)], None),
        ([trouble("server", 300)], "contacts: never pulled to its end (server)"),
        ([backfill, wait(30), trouble("token", 10)], "ClickFunnels refuses the token"),
        ([backfill, trouble("error", 10)], "contacts: pull: no way"),
        ([backfill, trouble("error", 10), pause], None),
        ([backfill, passes_failed], "the last backfill failed"),
        ([backfill, passes_failed, pull_later], None),
    ],
)
def test_the_command_and_the_daemon_agree(
    round_: Any, changes: list[Change], of_contacts: str | None
) -> None:
    for change in changes:
        change(round_)

    said = [re.sub(r"\d+ s", "N s", line) for line in by_command(round_)]

    assert [re.sub(r"\d+ s", "N s", line) for line in by_daemon(round_)] == said
    about_contacts = [line for line in said if not re.match(r"(?!contacts:)\w+:", line)]
    assert about_contacts == ([of_contacts] if of_contacts else [])


def test_a_list_is_late_after_three_intervals_and_a_minute() -> None:
    assert late_after(60) == 240
    assert not is_late(PullAge(240.0, late_in_s=0.0), 60, failing_s=999)
    assert is_late(PullAge(240.0, late_in_s=0.0).after(0.1), 60, failing_s=0)


def test_what_was_never_pulled_is_late_only_when_it_fails_for_long() -> None:
    assert not is_late(PullAge().after(9999), 60, failing_s=0)
    assert not is_late(PullAge(), 60, failing_s=240)
    assert is_late(PullAge(), 60, failing_s=241)


def test_a_trouble_that_a_stopped_daemon_left_behind_does_not_count(round_: Any) -> None:
    trouble("token", 10)(round_)
    round_.clock.go_on(60)
    round_.backfill()

    assert by_command(round_) == []


def test_a_crash_that_a_stopped_daemon_left_behind_is_over_when_the_pass_succeeds(
    round_: Any,
) -> None:
    round_.backfill()
    trouble("error", 10)(round_)
    assert by_command(round_) == ["contacts: pull: no way"]

    round_.pull()

    assert by_command(round_) == []
