"""`Transport`: HTTP itself. The only module that knows httpx and aiohttp."""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport
from pydantic import SecretStr

from cfsync.api.gateway import is_gateway
from cfsync.api.network_errors import plain
from cfsync.config import ApiSettings
from cfsync.config.secret_sources import token_now
from cfsync.errors import (
    NO_CONNECTION,
    BadAnswer,
    Refused,
    SettingsError,
    TokenRefused,
    Unreachable,
    UsageError,
)

MAX_ANSWER = 32 * 2**20
"""The most bytes of an unpacked answer that are read. A page of a list has 25 to 100 KB."""

MAX_URL = 8000
"""The most characters of a URL: all servers should accept so many (RFC 9110, 4.1), few more."""

CHUNK = 256 * 2**10
"""The most bytes of a body that are sent or unpacked at once."""

CONNECT_S = 10.0
"""The most seconds until a connection is made."""

_UPWARDS = (".", "..")
"""Parts of a path that lead out of the base URL, to what else the token may open on its host."""

_JSON = {"Content-Type": "application/json"}

_NOT_PACKED, _GZIP = ("", "identity", "none"), ("gzip", "x-gzip")
"""What servers and proxies say in Content-Encoding of a plain body, and of a packed one."""

_NEVER_SENT = (
    aiohttp.ClientConnectorError,  # DNS, TCP, TLS, the connection to a proxy
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,  # the proxy refused the tunnel
    aiohttp.InvalidURL,
)

Query = Mapping[str, str | Sequence[str]]
"""The parameters of a URL; one of several values stands there for each."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came, with any status. Header names may be looked up in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Transport:
    """Sends requests below one base URL, and the token and `headers` nowhere else. TLS is verified
    (SSL_CERT_FILE names other authorities), the environment's proxies are used. A request and its
    whole answer may take `timeout_s` together.

    Requests go straight to the transport below httpx's client: the client's redirects, cookies and
    authentication are not wanted here and cost a third of a request's CPU time.
    """

    def __init__(self, settings: ApiSettings) -> None:
        if settings.token is None or not settings.base_url:
            raise SettingsError(["api.base_url and api.token are both needed"])
        self.is_gateway = is_gateway(settings.base_url)
        self.token_setting = settings.token_setting
        self._settings = settings
        self._renewing = asyncio.Lock()
        self._given_up: SecretStr | None = None
        self._base = settings.base_url.rstrip("/")
        self._timeout = settings.timeout_s
        self._transport = _transport(httpx.URL(self._base), settings.max_concurrency)
        self.use_token(settings.token)
        self._headers = {
            **{name: value.get_secret_value() for name, value in settings.headers.items()},
            "User-Agent": settings.user_agent,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        # a connection that can't be made should fail before the whole exchange does, because then
        # it is certain that nothing was sent
        timeout = httpx.Timeout(
            settings.timeout_s, connect=min(CONNECT_S, settings.timeout_s / 2), pool=2 * CONNECT_S
        )
        self._extensions = {"timeout": timeout.as_dict()}

    def use_token(self, token: SecretStr) -> None:
        """Send this token from now on."""
        self.token = token
        self._authorization = {"Authorization": f"Bearer {token.get_secret_value()}"}

    async def renew_token(self, refused: SecretStr) -> bool:
        """Ask for the token again where a file or a command gives it; returns whether there is
        another one than the refused one, for which it is asked once. Raises TokenRefused where the
        command fails.
        """
        async with self._renewing:
            if self.token == refused != self._given_up:
                self._given_up = refused
                try:
                    token = await asyncio.to_thread(token_now, self._settings)
                except ValueError as error:
                    raise TokenRefused(f"asked again, api.token_command {error}") from None
                self.use_token(token or refused)
            return self.token != refused

    async def send(self, method: str, path: str, query: Query, content: bytes | None) -> Reply:
        """The answer to one request. Raises Unreachable without one, BadAnswer on an answer longer
        than MAX_ANSWER, and Refused on a URL longer than MAX_URL.
        """
        call = f"{method} {path.partition('?')[0]}"
        request = self._request(call, method, path, query, content)
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request, call)
        except (httpx.HTTPError, aiohttp.ClientError, TimeoutError) as error:
            cause = error.__cause__ if isinstance(error, httpx.HTTPError) else error
            sent = not isinstance(cause, _NEVER_SENT)
            # the error's own text may hold the whole URL, and that an email address
            raise Unreachable(self._reason(cause), call=call, sent=sent) from None

    def _request(
        self, call: str, method: str, path: str, query: Query, content: bytes | None
    ) -> httpx.Request:
        url, headers = self._url(call, path, query), self._headers | self._authorization
        if content is None:
            return httpx.Request(method, url, headers=headers, extensions=self._extensions)
        headers |= _JSON | {"Content-Length": str(len(content))}
        body = content if len(content) <= CHUNK else _chunks(content)
        return httpx.Request(
            method, url, content=body, headers=headers, extensions=self._extensions
        )

    def _url(self, call: str, path: str, query: Query) -> httpx.URL:
        if any(unquote(part) in _UPWARDS for part in path.partition("?")[0].split("/")):
            raise UsageError(f"{path!r} would leave api.base_url")
        address = _joined(self._base + path, query)
        if len(address) > MAX_URL:
            raise Refused("too long for a URL", call=call, status=414)
        try:
            return httpx.URL(address)
        except httpx.InvalidURL:
            raise UsageError(f"{path!r} can't be part of a URL") from None

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def _exchange(self, request: httpx.Request, call: str) -> Reply:
        response = await self._transport.handle_async_request(request)
        try:
            content = await _content(response)
        except ValueError as error:
            raise BadAnswer(str(error), call=call, status=response.status_code) from None
        finally:
            await response.aclose()
        return Reply(response.status_code, response.headers, content)

    def _reason(self, cause: BaseException | None) -> str:
        match cause:
            case aiohttp.ClientConnectorCertificateError():
                return f"the server's certificate is refused: {plain(cause.os_error)}"
            case aiohttp.ClientConnectorError():
                return f"{NO_CONNECTION} to {cause.host}: {plain(cause.os_error)}"
            case aiohttp.ConnectionTimeoutError():
                return f"{NO_CONNECTION} in time"
            case aiohttp.ClientHttpProxyError():
                return f"the proxy refuses the way to the server ({cause.status})"
            case TimeoutError():
                return f"no whole answer within {self._timeout:g} s"
        return f"the connection broke ({type(cause).__name__})"


async def _content(response: httpx.Response) -> bytes:
    """The body, unpacked. Raises ValueError on more than MAX_ANSWER bytes, before more than that
    are unpacked: a few kilobytes can unpack to gigabytes.
    """
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed in _NOT_PACKED:
        return await _read_all(response.aiter_raw())
    if packed not in _GZIP:
        raise ValueError(f"an answer packed as {packed[:60]!r}, which was not asked for")
    return await _read_all(_gunzip(response.aiter_raw()))


async def _read_all(chunks: AsyncIterator[bytes]) -> bytes:
    content = bytearray()
    async for chunk in chunks:
        content += chunk
        if len(content) > MAX_ANSWER:
            raise ValueError(f"an answer of more than {MAX_ANSWER // 2**20} MiB")
    return bytes(content)


async def _gunzip(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The unpacked bytes, at most CHUNK at a time; what follows the end of the gzip is ignored. An
    answer without a body, such as a 204, has nothing to unpack.
    """
    unpacker, is_empty = zlib.decompressobj(zlib.MAX_WBITS | 16), True
    try:
        async for chunk in chunks:
            is_empty = is_empty and not chunk
            rest = b"" if unpacker.eof else chunk
            while rest:
                yield unpacker.decompress(rest, CHUNK)
                rest = unpacker.unconsumed_tail
    except zlib.error:
        raise aiohttp.ClientPayloadError("broken gzip") from None
    if not (unpacker.eof or is_empty):
        raise aiohttp.ClientPayloadError("gzip that breaks off")


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    """A large body a chunk at a time, so that no other task waits while it is written."""
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]


def _joined(url: str, query: Query) -> str:
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query, doseq=True, quote_via=quote)}"


class _AiohttpTransport(AiohttpTransport):
    def get_client(self) -> aiohttp.ClientSession:
        session = super().get_client()
        # else it would repeat a PUT or DELETE by itself when a kept connection breaks
        session._retry_connection = False
        session._cookie_jar = aiohttp.DummyCookieJar()
        return session


def _transport(base: httpx.URL, connections: int) -> httpx.AsyncBaseTransport:
    """The transport that sends the requests. It gets the environment's proxy itself, because httpx
    looks for one only with its own transport.
    """
    limits, proxy = httpx.Limits(max_connections=connections), _proxy(base)
    uses_tls = base.scheme == "https" or (proxy is not None and proxy.url.scheme == "https")
    verify = True if uses_tls else _trusts_nobody()
    return _AiohttpTransport(limits=limits, proxy=proxy, verify=verify)


def _trusts_nobody() -> ssl.SSLContext:
    """For plain HTTP: to load the authorities takes longer than a whole request."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _proxy(base: httpx.URL) -> httpx.Proxy | None:
    """The environment's proxy for the base URL; None without one. Raises SettingsError on one that
    is no http or https URL; its text isn't shown, since it may hold a password.
    """
    proxies = urllib.request.getproxies()
    text = proxies.get(base.scheme) or proxies.get("all")
    if not text or urllib.request.proxy_bypass(base.netloc.decode("ascii")):
        return None
    url = _proxy_url(text)
    if url is None:
        raise SettingsError(
            [f"the proxy in {base.scheme.upper()}_PROXY (or ALL_PROXY) is no URL of a host"]
        )
    if url.scheme not in ("http", "https"):
        raise SettingsError([f"a proxy of kind {url.scheme} can't be used, only http and https"])
    proxy = httpx.Proxy(url)
    proxy.url, proxy.auth = url, None  # aiohttp wants the password in the URL
    return proxy


def _proxy_url(text: str) -> httpx.URL | None:
    """The text as a URL; None if it names no host, or no port that there can be."""
    if "://" not in text and "/" in text.rstrip("/"):
        return None  # http:/host, of which the host would be "http"
    try:
        url = httpx.URL(text if "://" in text else f"http://{text}")
    except httpx.InvalidURL:
        return None
    has_port = url.port is None or 0 < url.port < 65536
    return url if has_port and url.host and "%" not in url.host else None
