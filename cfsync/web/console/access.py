"""Who may see and do something: host names, where a form comes from, the login, and headers.

All of it is wrapped around the console alone. Webhooks, health and metrics stay as they are.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""The host names under which the console is served on loopback. Another name that leads there is a
web page of somebody's that wants to read the mirror (DNS rebinding).
"""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_OPEN, _OPEN_BELOW = "/login", "/static/"
"""The path, and what others begin with, for which nobody has to be logged in."""

_SAFE = ("GET", "HEAD")

WANTED, WANTED_CHARS = "wanted", 1_000
"""Under which name a session keeps the page to show after the login, and how long that can be."""


def is_own_origin(headers: Headers) -> bool:
    """Whether a request that changes something comes from a page of this server, or from no
    browser at all. Pure.

    Browsers say so in Sec-Fetch-Site; without TLS off loopback they don't, and the origin has to
    name this host.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def session_mark(access_token: str) -> str:
    """What a session holds after the login. It ends with the token. Pure."""
    return hashlib.sha256(b"cfsync console " + access_token.encode()).hexdigest()[:32]


def is_token(given: str, access_token: str) -> bool:
    return hmac.compare_digest(given.encode(), access_token.encode())


def is_let_in(request: Request, access_token: str | None) -> bool:
    """Whether a request may see what is in the mirror: it has logged in, or nobody has to."""
    return access_token is None or request.session.get("mark") == session_mark(access_token)


def remember(request: Request) -> None:
    """Keep the page that somebody has asked for until the login, in the session: it is signed, so
    no link of somebody else's can name another one.
    """
    is_page = "text/html" in request.headers.get("accept", "")
    path, query = quote(request.scope["path"]), request.scope["query_string"].decode("latin-1")
    wanted = f"{path}?{query}" if query else path
    if request.method != "GET" or not is_page or path.endswith(".csv"):
        return
    if is_local(wanted) and len(wanted) <= WANTED_CHARS:
        request.session[WANTED] = wanted


def is_local(address: str) -> bool:
    """Whether a browser takes an address as a path of the same server. Pure."""
    return address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable()


class Guard:
    """Refuses foreign hosts and forms, sends who is not logged in to the login, adds headers."""

    def __init__(self, app: ASGIApp, hosts: Collection[str], access_token: str | None) -> None:
        self._app = app
        #: Empty: any host name.
        self._hosts = frozenset(hosts)
        self._access_token = access_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        answer = self._refusal(Request(scope)) or self._app
        await answer(scope, receive, send_hardened)

    def _refusal(self, request: Request) -> ASGIApp | None:
        if self._hosts and _name(request.headers.get("host", "")) not in self._hosts:
            return PlainTextResponse("cfsync does not answer to this host name", 400)
        if request.method not in _SAFE and not is_own_origin(request.headers):
            return PlainTextResponse("this form is not from a page of cfsync", 403)
        path = request.scope["path"]  # a URL is made of the Host header, too
        is_open = path == _OPEN or path.startswith(_OPEN_BELOW)
        if is_open or is_let_in(request, self._access_token):
            return None
        remember(request)
        return RedirectResponse("/login", 303)


def _name(host: str) -> str:
    """A host without its port."""
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
