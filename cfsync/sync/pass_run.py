"""One run of a pass: which resources it is about, and the record of how it went in `cf_runs`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from cfsync import tracing
from cfsync.config import Settings
from cfsync.errors import CfsyncError, MirrorError, description
from cfsync.mirror.coordination import pauses
from cfsync.mirror.progress import runs
from cfsync.mirror.progress.runs import End, PassName, RunState
from cfsync.resources import RESOURCES, Resource, named
from cfsync.sync import history
from cfsync.sync.capture_check import ensure_capture
from cfsync.sync.context import Context
from cfsync.sync.report import Report
from cfsync.sync.trouble import kind_that_ended


def wanted_resources(settings: Settings, names: Sequence[str]) -> list[Resource]:
    """The resources named, or all that are enabled, in the order of the catalogue: parents first.

    Raises UnknownResource.
    """
    wanted = {named(n).name for n in names} or {
        n for n in RESOURCES if settings.resource(n).enabled
    }
    return [r for r in RESOURCES.values() if r.name in wanted]


async def runnable(
    context: Context, report: Report, resources: Sequence[Resource]
) -> list[Resource]:
    """The resources whose tables can be used and that nobody has paused; the report names the
    others.
    """
    all_paused = await context.mirror.read(pauses.paused)
    report.paused = [r.name for r in resources if r.name in all_paused]
    if report.paused:
        report.state = RunState.STOPPED
        report.problems.append(f"paused: {pauses.in_words(all_paused, of=report.paused)}")
    return [r for r in resources if r.name not in {*all_paused, *report.unusable}]


@asynccontextmanager
async def recorded(
    context: Context, name: PassName, resources: Sequence[Resource]
) -> AsyncIterator[tuple[Context, Report]]:
    """What a pass works with, whose changes name its row of `cf_runs`, and its report.

    Time a pass, count its requests and record in `cf_runs` how it ended, whatever ended it.

    An error that only stops it (exit code 4) goes into the report; any other one is raised, and so
    is one that comes before the pass could begin.
    """
    report, began, sent = Report(name), time.monotonic(), context.api.requests
    resource = resources[0].name if len(resources) == 1 else None
    run = runs.begin(name, resource, await context.now())
    error: BaseException | None = None
    has_begun = False
    end_span = tracing.begin_pass(name, [r.name for r in resources])
    try:
        await _ensure_capture(context, report, resources)
        await history.switch(context)
        has_begun = True
        yield replace(context, mirror=context.mirror.of_pass(run)), report
        _note_unusable(report)
    except BaseException as raised:
        error = raised
        _note_end(report, error)
        if not has_begun or report.state == RunState.FAILED or not isinstance(error, CfsyncError):
            raise
    finally:
        report.requests = context.api.requests - sent
        report.seconds = time.monotonic() - began
        end_span(report.state, report.requests)
        try:
            report.waiting = await context.mirror.write(
                runs.save, run, _end_of(report, error), quiet=report.idle
            )
        except MirrorError:
            if error is None:
                raise  # otherwise what ended the pass says more


async def _ensure_capture(context: Context, report: Report, resources: Sequence[Resource]) -> None:
    """Raises MirrorError where no table of the pass can be used."""
    ensured = await ensure_capture(context.mirror)
    report.unusable = [r.name for r in resources if r.name in ensured.unusable]
    if report.unusable and len(report.unusable) == len(resources):
        raise MirrorError(ensured.line)
    if ensured.line:
        report.problems.append(ensured.line)


def _note_unusable(report: Report) -> None:
    """A pass that has left out a resource for its broken table doesn't count as done."""
    if report.unusable and report.is_done:
        report.state = RunState.FAILED
        report.cause = MirrorError(f"left out: {', '.join(report.unusable)}")
        report.problems.append(str(report.cause))


def _note_end(report: Report, error: BaseException) -> None:
    """Write into the report what ended the pass."""
    if isinstance(error, CfsyncError):
        report.state = RunState.STOPPED if error.exit_code == 4 else RunState.FAILED
        report.cause = error
        if not any(problem.endswith(str(error)) for problem in report.problems):
            report.problems.append(str(error))
    elif isinstance(error, Exception):
        report.state = RunState.FAILED
        report.problems.append(description(error))
    else:
        report.state = RunState.STOPPED
        report.problems.append("interrupted")


def _end_of(report: Report, error: BaseException | None) -> End:
    return End(
        report.state,
        report.requests,
        {name: dict(counts) for name, counts in report.counts.items()},
        "; ".join(report.problems) or None,
        kind_that_ended(report, error),
    )
