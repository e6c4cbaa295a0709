"""The buttons: each decides as its command does, leaves a message, and goes back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from cfsync.errors import CfsyncError, UsageError
from cfsync.mirror.coordination import pauses
from cfsync.mirror.db.engine import Mirror
from cfsync.mirror.history.person import acting_as
from cfsync.mirror.user_decisions.undelete import How
from cfsync.resources import named
from cfsync.sync.decisions import conflicts, deletions, outbox, revert, undelete
from cfsync.sync.decisions.conflicts import Resolved
from cfsync.sync.selection import NOT_GIVEN, Filter
from cfsync.web.console import forms
from cfsync.web.console.forms import Form
from cfsync.web.console.html.words import plural, words
from cfsync.web.console.session import Console, person, say

log = structlog.get_logger()

Work = Callable[[Mirror, str, Form], Awaitable[str]]
"""Does what was chosen, and returns what is said about it. Raises an error where it can't."""


def _agree(_: Sequence[object]) -> None:
    """The page has shown what will be done."""


class Actions:
    """The handlers of POST requests."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def conflict(self, request: Request) -> Response:
        number = request.path_params["number"]

        async def work(mirror: Mirror, choice: str, _: Form) -> str:
            _check(choice, "local", "remote")
            which, given = (
                ((), Filter(everything=True)) if number == "all" else ((number,), NOT_GIVEN)
            )
            decision = ("local" if choice == "local" else "remote", None)
            done = await conflicts.resolve_all(
                mirror,
                which,
                given,
                decision,  # type: ignore[arg-type]  # one of the two that the check lets pass
                _agree,
            )
            return _settled([one for one in done if isinstance(one, Resolved)], len(done))

        return await self._do(request, work, "/waiting#conflict")

    async def edit(self, request: Request) -> Response:
        async def work(mirror: Mirror, choice: str, _: Form) -> str:
            return await self._decide_edits(mirror, choice, [request.path_params["number"]])

        return await self._do(request, work, "/waiting")

    async def held(self, request: Request) -> Response:
        """All held edits of a resource."""

        async def work(mirror: Mirror, choice: str, _: Form) -> str:
            _check(choice, "approve", "discard")
            return await self._decide_edits(mirror, choice, [request.path_params["resource"]])

        return await self._do(request, work, "/waiting#held")

    async def _decide_edits(self, mirror: Mirror, choice: str, which: Sequence[str]) -> str:
        verbs = {"retry": outbox.retry, "approve": outbox.approve, "discard": outbox.discard}
        _check(choice, *verbs)
        done = len(await verbs[choice](mirror, which))
        if choice == "discard":
            return f"{plural(done, 'edit')} dropped. The row shows what ClickFunnels has."
        then = "The next push sends what was released; `cfsync revert` takes a push back."
        return f"{plural(done, 'edit')} released. {then}"

    async def deletion(self, request: Request) -> Response:
        resource = request.path_params["resource"]

        async def work(mirror: Mirror, choice: str, form: Form) -> str:
            _check(choice, "approve", "reject")
            ids = form.values.get("id", ())
            if not ids:
                raise UsageError("nothing was picked")
            approve = choice == "approve"
            done = await deletions.decide(
                mirror, [resource, *ids], NOT_GIVEN, approve=approve, confirm=_agree
            )
            if approve:
                return f"{plural(len(done), 'deletion')} approved. The next sweep looks once more."
            return f"{plural(len(done), 'deletion')} rejected: the rows stay."

        return await self._do(request, work, "/waiting#deletion")

    async def pause(self, request: Request) -> Response:
        which = request.path_params["resource"]

        async def work(mirror: Mirror, choice: str, _: Form) -> str:
            _check(choice, "pause", "resume")
            names = [] if which == "all" else [named(which).name]
            change = pauses.pause if choice == "pause" else pauses.resume
            await mirror.write(change, names)
            what = words(names[0]) if names else "All lists"
            if choice == "pause":
                return f"{what}: paused. Edits by SQL are kept; Resume sends them."
            return f"{what}: resumed."

        return await self._do(request, work, "/")

    async def start(self, request: Request) -> Response:
        """A pass of a list, now."""
        resource, name = request.path_params["resource"], request.path_params["name"]

        async def work(_: Mirror, choice: str, _form: Form) -> str:
            _check(choice, "start")
            _check(name, "pull", "sweep")
            daemon = self._console.daemon
            if daemon is None:
                raise UsageError(f"no daemon runs here: `cfsync {name} {named(resource).name}`")
            if not daemon.start_pass(name, named(resource).name):
                raise UsageError(
                    f"{words(resource)}: another daemon has it, or it is off or paused"
                )
            return f"{words(resource)}: the {name} has begun."

        return await self._do(request, work, f"/records/{resource}")

    async def revert(self, request: Request) -> Response:
        number = request.path_params["number"]

        async def work(mirror: Mirror, choice: str, _: Form) -> str:
            _check(choice, "revert")
            done = await revert.revert(mirror, int(number))
            left = (
                f" {plural(len(done.left), 'thing')} could not be taken back." if done.left else ""
            )
            taken = plural(len(done.fields), "record")
            return f"Push {number}: {taken} will be as before with the next push.{left}"

        return await self._do(request, work, "/activity")

    async def undelete(self, request: Request) -> Response:
        resource, name = request.path_params["resource"], request.path_params["id"]

        async def work(mirror: Mirror, choice: str, _: Form) -> str:
            _check(choice, "undelete")
            (done,) = await undelete.undelete(mirror, resource, [name], _agree)
            if done.how == How.REFUSE:
                raise UsageError(done.reason or "it can't be brought back")
            if done.how == How.TAKE_BACK:
                return "The row is back: its delete had not been sent."
            left = ", ".join(one.field for one in done.left)
            lost = f" Not brought back: {left}." if left else ""
            return f"It is back as a new record; the next push creates it.{lost}"

        return await self._do(request, work, f"/records/{resource}/{name}")

    async def _do(self, request: Request, work: Work, back: str) -> Response:
        """Do it unless the console is read-only, say how it went, and show where one came from."""
        who = person(request, self._console.settings)
        try:
            if self._console.read_only:
                raise UsageError("this console is read-only (web.console)")
            form = await forms.read(request)
            async with self._console.writing() as mirror:
                with acting_as(who):
                    say(request, "ok", await work(mirror, form.one("choice"), form))
        except CfsyncError as error:
            say(request, "bad", str(error))
        else:
            log.info("console.action", path=request.url.path, choice=form.one("choice"))
        self._console.forget()
        return RedirectResponse(back, 303)


def _check(choice: str, *known: str) -> None:
    if choice not in known:
        raise UsageError(f"choose {' or '.join(known)}")


def _settled(done: Sequence[Resolved], asked: int) -> str:
    if not done:
        raise UsageError("nothing was settled: it has changed since the page was made; look again")
    left = f" {asked - len(done):,} are left: they have changed since." if asked > len(done) else ""
    sent = " The next push sends it." if any(one.edited for one in done) else ""
    return f"{plural(len(done), 'conflict')} settled.{sent}{left}"
