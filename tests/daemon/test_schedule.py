"""Actions are called at their intervals, which begin again after a clock change."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from cfsync.daemon.jobs.schedule import Schedule


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
    async def body() -> tuple[timedelta, timedelta]:
        schedule = Schedule()
        schedule.every(60.0, lambda: None)
        schedule.start()
        (job,) = schedule._scheduler.get_jobs()
        now = datetime.now(UTC)
        job.modify(next_run_time=now + timedelta(days=1))  # as it is when a day was taken back
        late = job.next_run_time - now
        schedule.restart()
        (job,) = schedule._scheduler.get_jobs()
        early = job.next_run_time - now
        schedule.shut_down()
        return late, early

    late, early = asyncio.run(body())

    assert late == timedelta(days=1)
    assert early < timedelta(seconds=70)


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
