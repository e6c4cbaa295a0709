"""The application: routes, and what is wrapped around them."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from importlib.resources import files

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from cfsync.config import WebSettings
from cfsync.errors import CfsyncError, MirrorError
from cfsync.web.console import forms
from cfsync.web.console.access import LOOPBACK, Guard, is_token, session_mark
from cfsync.web.console.actions import Actions
from cfsync.web.console.editing import Editing
from cfsync.web.console.html.layout import Shell, sorry
from cfsync.web.console.html.login import login
from cfsync.web.console.pages import Pages
from cfsync.web.console.session import Console, html

WRONG_TOKEN_S = 1.0
"""Seconds that the answer to a wrong token takes, so that nobody can try many."""

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
        exception_handlers={CfsyncError: _sorry(console), 404: _not_found(console)},
    )


def _routes(console: Console) -> list[Route | Mount]:
    pages, actions, editing = Pages(console), Actions(console), Editing(console)
    both = ["GET", "POST"]
    shown: dict[str, Handler] = {
        "/": pages.overview,
        "/waiting": pages.waiting,
        "/activity": pages.activity,
        "/lists": pages.lists,
        "/search": pages.search,
        "/records/{resource}.csv": pages.csv,
        "/records/{resource}": pages.records,
    }
    done: dict[str, Handler] = {
        "/conflicts/{number}": actions.conflict,
        "/edits/{number}": actions.edit,
        "/held/{resource}": actions.held,
        "/deletions/{resource}": actions.deletion,
        "/pause/{resource}": actions.pause,
        "/start/{name}/{resource}": actions.start,
        "/revert/{number:int}": actions.revert,
        "/undelete/{resource}/{id}": actions.undelete,
        "/logout": _logout,
    }
    static = StaticFiles(directory=str(files("cfsync.web.console") / "static"))
    return [
        *(Route(path, handler) for path, handler in shown.items()),
        Route("/records/{resource}/new", editing.new, methods=both),
        Route("/records/{resource}/{id:int}/edit", editing.edit, methods=both),
        Route("/records/{resource}/{id}", pages.record),
        *(Route(path, handler, methods=["POST"]) for path, handler in done.items()),
        Route("/login", _login(console), methods=both),
        Mount("/static", static),
    ]


def _hosts(web: WebSettings) -> Collection[str]:
    """The host names that are answered; empty: any, since each needs the token."""
    return LOOPBACK if web.access_token is None else ()


def _key(access_token: str | None) -> str:
    """What signs the sessions: a new token, or a restart without one, ends them all."""
    if access_token is None:
        return secrets.token_hex()
    return hashlib.sha256(b"cfsync console key " + access_token.encode()).hexdigest()


def _login(console: Console) -> Handler:
    async def handler(request: Request) -> Response:
        token = console.access_token
        if token is None:
            return RedirectResponse("/", 303)
        if request.method == "GET":
            return await html(login)
        form = await forms.read(request)
        if not is_token(form.one("token"), token):
            await asyncio.sleep(WRONG_TOKEN_S)
            return await html(partial(login, is_wrong=True), status_code=401)
        request.session.clear()
        request.session.update({"mark": session_mark(token), "name": form.one("name")[:60]})
        return RedirectResponse("/", 303)

    return handler


async def _logout(request: Request) -> Response:
    request.session.clear()
    return RedirectResponse("/login", 303)


def _sorry(console: Console) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        is_away = isinstance(error, MirrorError)
        title = "The mirror can't be read now" if is_away else "This can't be shown"
        try:
            shell = await console.shell(request)
        except CfsyncError:
            shell = Shell(database="", waiting=0, rows={})
        return await html(sorry, shell, title, str(error), status_code=503 if is_away else 404)

    return handler


def _not_found(console: Console) -> Callable[[Request, Exception], Awaitable[Response]]:
    show = _sorry(console)

    async def handler(request: Request, _: Exception) -> Response:
        return await show(request, CfsyncError("there is no such page"))

    return handler
