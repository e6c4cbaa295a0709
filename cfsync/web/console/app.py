"""The application: routes, and what is wrapped around them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial
from importlib.resources import files

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cfsync.config import WebSettings
from cfsync.errors import CfsyncError, MirrorError
from cfsync.web.console import forms
from cfsync.web.console.access import LOOPBACK, WANTED, Guard, is_let_in, is_token, session_mark
from cfsync.web.console.actions import Actions
from cfsync.web.console.editing import Editing
from cfsync.web.console.html.login import login
from cfsync.web.console.html.parts.layout import Shell, sorry
from cfsync.web.console.list_actions import ListActions
from cfsync.web.console.pages import Pages
from cfsync.web.console.reversals import Reversals
from cfsync.web.console.session import Console, plain_name

log = structlog.get_logger()

WRONG_TOKEN_S = 1.0
"""Seconds that the answer to a wrong token takes, so that nobody can try many."""

LOGIN_BYTES = 4_096
"""The longest form of the login: anybody can send one."""

SESSION_S = 7 * 86_400
"""Seconds after which one has to log in again."""

Handler = Callable[[Request], Awaitable[Response]]


def create(console: Console) -> Starlette:
    """The console, to be mounted at `/`."""
    web = console.settings.web
    return Starlette(
        routes=_routes(console),
        middleware=[
            Middleware(
                SessionMiddleware,
                secret_key=_key(console.access_token),
                session_cookie="cfsync_console",
                max_age=SESSION_S,
                same_site="strict",
                https_only=web.tls_cert is not None,
            ),
            Middleware(Guard, hosts=_hosts(web), access_token=console.access_token),
        ],
        exception_handlers={HTTPException: _sorry(console)},
    )


def _routes(console: Console) -> list[Route | Mount]:
    """All of them. A handler changes something, or it doesn't: HEAD is answered as GET is."""
    pages, editing, entry = Pages(console), Editing(console), Entry(console)
    actions, lists, reversals = Actions(console), ListActions(console), Reversals(console)
    shown: dict[str, Handler] = {
        "/": pages.overview,
        "/waiting": pages.waiting,
        "/activity": pages.activity,
        "/lists": pages.lists,
        "/search": pages.search,
        "/records/{resource}.csv": pages.csv,
        "/records/{resource}": pages.records,
        "/records/{resource}/new": editing.new,
        "/records/{resource}/{id}/edit": editing.edit,
        "/records/{resource}/{id}": pages.record,
        "/login": entry.form,
    }
    done: dict[str, Handler] = {
        "/conflicts/{number}": actions.conflict,
        "/edits/{number}": actions.edit,
        "/held/{resource}": actions.held,
        "/parked/{resource}": actions.parked,
        "/deletions/{resource}": actions.deletion,
        "/pause/{resource}": lists.pause,
        "/start/{name}/{resource}": lists.start,
        "/revert/{number}": reversals.revert,
        "/undelete/{resource}/{id}": reversals.undelete,
        "/records/{resource}/new": editing.create,
        "/records/{resource}/{id}/edit": editing.save,
        "/login": entry.login,
        "/logout": entry.logout,
    }
    static = StaticFiles(directory=str(files("cfsync.web.console") / "static"))
    return [
        *(Route(path, _whole(console, handler)) for path, handler in shown.items()),
        *(
            Route(path, _whole(console, handler), methods=["POST"])
            for path, handler in done.items()
        ),
        Mount("/static", static),
    ]


def _whole(console: Console, handler: Handler) -> Handler:
    """A handler that answers with a page, whatever happens. What isn't foreseen is in the log."""
    show = _sorry(console)

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except CfsyncError as error:
            return await show(request, error)
        except Exception as error:
            log.error("console.failed", route=_template(request), exc_info=error)
            return await show(request, error)

    return answered


def _template(request: Request) -> str:
    """The route of a request without what it is about: a name may be somebody's."""
    route = request.scope.get("route")
    return route.path if isinstance(route, Route) else ""


def _hosts(web: WebSettings) -> Collection[str]:
    """The host names that are answered; empty: any, since each needs the token."""
    return LOOPBACK if web.access_token is None else ()


def _key(access_token: str | None) -> str:
    """What signs the sessions: a new token, or a restart without one, ends them all."""
    if access_token is None:
        return secrets.token_hex()
    return hashlib.sha256(b"cfsync console key " + access_token.encode()).hexdigest()


class Entry:
    """The handlers of the login."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def form(self, _: Request) -> Response:
        if self._console.access_token is None:
            return RedirectResponse("/", 303)
        return await self._console.html(login)

    async def login(self, request: Request) -> Response:
        token = self._console.access_token
        if token is None:
            return RedirectResponse("/", 303)
        form = await forms.read(request, LOGIN_BYTES)
        if not is_token(form.one("token"), token):
            await asyncio.sleep(WRONG_TOKEN_S)
            return await self._console.html(partial(login, is_wrong=True), status_code=401)
        wanted = request.session.pop(WANTED, "/")
        request.session.clear()
        name = plain_name(form.one("name"))
        request.session.update({"mark": session_mark(token), "name": name})
        return RedirectResponse(wanted, 303)

    async def logout(self, request: Request) -> Response:
        request.session.clear()
        return RedirectResponse("/login", 303)


def _sorry(console: Console) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answers an error with a page: to who may see nothing yet, one that shows nothing."""

    async def handler(request: Request, error: Exception) -> Response:
        status, title, text = _told(error)
        shell = Shell(database="", name="", waiting=0, rows={})
        if is_let_in(request, console.access_token):
            with suppress(Exception):
                shell = await console.shell(request)
        return await console.html(sorry, shell, title, text, status_code=status)

    return handler


def _told(error: Exception) -> tuple[int, str, str]:
    """What an error is for a browser and for a person."""
    match error:
        case MirrorError():
            return 503, "The mirror can't be used now", str(error)
        case CfsyncError():
            return 404, "This can't be shown", str(error)
        case HTTPException(status_code=405):
            return 405, "This can't be shown", "this address takes no such request"
        case HTTPException():
            return 404, "This can't be shown", "there is no such page"
    return 500, "This has failed", "cfsync has met an error that nobody foresaw; its log has more"
