"""Questions to a person before something is done."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import typer

from cfsync.cli.changing import Change
from cfsync.errors import Interrupted, UsageError


class Declined(Interrupted):
    """A person has said no, or ended the command instead of an answer."""

    def __init__(self) -> None:
        super().__init__("nothing was changed")


def ask(question: str, *, needs: str, change: Change | None = None) -> None:
    """Say what the change is, and return if the answer is yes. Raises Declined on any other, and
    UsageError where there is no terminal to ask on; `needs` says what --yes is needed for.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"nothing is done: without a terminal, {needs}")
    if change:
        change.say()
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:  # Ctrl-C, or the end of the input: the question's line isn't ended
        print(file=sys.stderr)
        agreed = False
    if not agreed:
        raise Declined


async def asked(stop: asyncio.Event, question: Callable[[], None]) -> None:
    """Ask while other work may go on. A signal to stop is an answer too: it doesn't wait for the
    person, whose thread ends with the process.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[None] = loop.create_future()

    def work() -> None:
        failure: BaseException | None = None
        try:
            question()
        except BaseException as error:  # it is raised where the answer is awaited
            failure = error
        with suppress(RuntimeError):  # nobody waits any more: the loop is closed
            loop.call_soon_threadsafe(_answer, answer, failure)

    threading.Thread(target=work, daemon=True).start()
    stopped = asyncio.create_task(stop.wait())
    either: tuple[asyncio.Future[Any], ...] = (answer, stopped)
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not answer.done():
        raise Declined
    answer.result()


def _answer(answer: asyncio.Future[None], failure: BaseException | None) -> None:
    if answer.done():
        return
    if failure:
        answer.set_exception(failure)
    else:
        answer.set_result(None)
