"""The proxies of the environment."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cfsync.errors import SettingsError, Unreachable
from tests.api.calls import CONTACTS, ONCE, refused
from tests.api.conftest import TOKEN, Fake, Say, client


class Proxy:
    """A real forward proxy: absolute requests over HTTP, tunnels for HTTPS. It notes the heads."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.heads: list[list[str]] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.heads.append(list(head))
        method, target, _ = head[0].split(" ")
        to = urlsplit(target if "://" in target else f"//{target}")
        if self.refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        else:
            there, back = await asyncio.open_connection(to.hostname, to.port)
            if method == "CONNECT":
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                head[0] = f"{method} {to.path}?{to.query} HTTP/1.1"
                back.write("\r\n".join(head).encode())
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    with suppress(OSError):
        writer.close()


def test_http_goes_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    proxy, fake = Proxy(), Fake(Say([]))

    async def main() -> str:
        async with proxy.serving() as place, fake.serving() as url:
            monkeypatch.setenv("HTTP_PROXY", f"http://us%40er:pass@{place}")
            async with client(f"{url}/api/v2") as api:
                await api.page(CONTACTS, after=9)
            return url

    url = asyncio.run(main())

    head = proxy.heads[0]
    assert head[0] == f"GET {url}/api/v2/workspaces/7/contacts?after=9 HTTP/1.1"
    assert "Proxy-Authorization: Basic dXNAZXI6cGFzcw==" in head
    assert len(fake.seen) == 1


def test_https_goes_through_a_tunnel_in_which_nobody_reads(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    proxy, fake = Proxy(), Fake(Say([]))

    async def main() -> str:
        async with proxy.serving() as place, fake.serving(tls) as url:
            monkeypatch.setenv("HTTPS_PROXY", place)
            async with client(f"{url}/api/v2") as api:
                await api.page(CONTACTS)
            return urlsplit(url).netloc

    netloc = asyncio.run(main())

    assert proxy.heads[0][0] == f"CONNECT {netloc} HTTP/1.1"
    assert TOKEN not in "".join(proxy.heads[0])
    assert len(fake.seen) == 1


def test_a_proxy_that_refuses_was_sent_nothing(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
):
    proxy, fake = Proxy(refuses=True), Fake(Say([]))

    async def main() -> None:
        async with proxy.serving() as place, fake.serving(tls) as url:
            monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@{place}")
            async with client(f"{url}/api/v2", retry=ONCE) as api:
                await api.create(CONTACTS, {})

    with pytest.raises(Unreachable, match=r"the proxy refuses .* \(407\)") as caught:
        asyncio.run(main())

    assert caught.value.sent is False
    assert "pass" not in str(caught.value)


def test_a_proxy_that_is_not_there_was_sent_nothing(monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        monkeypatch.setenv("ALL_PROXY", f"http://user:pass@127.0.0.1:{closed.getsockname()[1]}")

    error = refused("http://127.0.0.1:1", retry=ONCE)

    assert error.sent is False
    assert "pass" not in str(error)


@pytest.mark.parametrize("exempt", ["127.0.0.1", "*", "example.com, 127.0.0.1"])
def test_no_proxy_for_the_exempt(exempt: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", exempt)
    fake = Fake(Say([]))

    fake.ask(lambda api: api.page(CONTACTS))

    assert len(fake.seen) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://user:pass@[::1",
        "http://user:pass@::1:3128",
        "http://user:pass@host:port",
        "http://user:pass@host:99999",
        "http://user:pass@host:65536",
        "http://user:pass@host:-1",
        "http://user:pass@host:0",
        "user:pass@host:99999",
        "http://user:pass@:3128",
        "http://user:pass@ :3128",
        "http:/user:pass@host:3128",
        "http//user:pass@host:3128",
        "http://",
        "user:pass@",
    ],
)
def test_a_proxy_that_is_no_url_is_told_without_it(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", url)

    with pytest.raises(SettingsError, match=r"the proxy in HTTPS_PROXY .* is no URL") as caught:
        client("https://127.0.0.1/api/v2")

    assert "pass" not in str(caught.value)


def test_a_proxy_of_another_kind_is_told_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://user:pass@127.0.0.1:1")

    with pytest.raises(SettingsError, match="a proxy of kind socks5 can't be used"):
        client("http://127.0.0.1/api/v2")


@pytest.mark.parametrize("url", ["{}", "{}/", "http://{}/", "http://{}"])
def test_a_proxy_may_lack_its_scheme_or_end_in_a_slash(url: str, monkeypatch: pytest.MonkeyPatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        place = f"127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("HTTP_PROXY", url.format(place))

    assert f"no connection to {place.partition(':')[0]}" in str(refused("http://h:1", retry=ONCE))
