"""Actions are called at their intervals, which begin again after a clock change."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cfsync.daemon.jobs.schedule import Schedule
from cfsync.sandbox import World
from tests.conftest import SQLITE_ONLY, Sql
from tests.daemon.harness import until
from tests.scenarios.daemons import clock
from tests.scenarios.daemons.crew import ROOT, QuickDaemon


def test_an_action_is_called_repeatedly_until_shut_down() -> None:
    async def body() -> int:
        schedule, ticks, enough = Schedule(), [], asyncio.Event()

        def tick() -> None:
            ticks.append(True)
            if len(ticks) == 3:
                enough.set()

        schedule.every(0.05, tick)
        schedule.start()
        async with asyncio.timeout(10):
            await enough.wait()
        schedule.pause()
        schedule.shut_down()
        return len(ticks)

    assert asyncio.run(body()) >= 3


def test_after_the_clock_was_set_back_no_action_waits_for_the_old_time() -> None:
    async def body() -> tuple[datetime, datetime, datetime]:
        schedule = Schedule()
        schedule.every(60.0, lambda: None)
        schedule.start()
        (job,) = schedule._scheduler.get_jobs()
        before = job.next_run_time
        await schedule.follow_clock()
        (job,) = schedule._scheduler.get_jobs()
        same = job.next_run_time
        job.modify(next_run_time=same + timedelta(days=1))  # as it is when a day was taken back
        await schedule.follow_clock()
        (job,) = schedule._scheduler.get_jobs()
        early = job.next_run_time
        schedule.shut_down()
        return before, same, early

    before, same, early = asyncio.run(body())

    assert before == same
    assert early - datetime.now(UTC) < timedelta(seconds=70)


@SQLITE_ONLY
def test_a_clock_that_is_set_forth_and_back_at_once_delays_no_pull(
    settings: dict[str, str], tmp_path: Path, world: World, contact: int, sql: Sql
) -> None:
    often = {"RESOURCES__CONTACTS__PULL_EVERY": "200ms", "EVENTS__LOG_EVERY": "0s"}
    offset = tmp_path / "offset"
    offset.write_text("0")
    environ = {clock.FILE: str(offset), "PYTHONPATH": str(ROOT)}
    daemon = QuickDaemon(tmp_path, settings | often, None, **environ)
    try:
        daemon.wait_for("pass.done", resource="contacts", new=30)
        set_file(offset, "86400")
        before = pulls(world)
        until(lambda: pulls(world) > before + 2)  # at least one was due by that clock
        set_file(offset, "0")
        world.edit("contacts", contact, first_name="Zed")

        until(lambda: sql("SELECT 1 FROM contacts WHERE first_name = 'Zed'"))

        assert daemon.stop() == 0
    finally:
        daemon.kill()


def pulls(world: World) -> int:
    return sum("/contacts" in target for _, target, _ in world.ledger.calls)


def set_file(file: Path, text: str) -> None:
    """At once, so that nobody reads an empty one."""
    new = file.with_suffix(".new")
    new.write_text(text)
    new.rename(file)


def test_what_was_missed_is_not_counted_call_by_call() -> None:
    async def body() -> int:
        schedule = Schedule()
        schedule.every(1.0, lambda: None)
        schedule.start()
        (job,) = schedule._scheduler.get_jobs()
        tomorrow = datetime.now(UTC) + timedelta(days=1)  # the clock was set, or the machine slept
        missed = len(job._get_run_times(tomorrow))
        schedule.shut_down()
        return missed

    assert asyncio.run(body()) == 1


def test_before_its_start_it_can_be_restarted_paused_and_ended() -> None:
    schedule = Schedule()

    schedule.restart()
    schedule.pause()
    schedule.shut_down()
