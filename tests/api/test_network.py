"""Connections: certificates, time-outs, and whether a request may have acted."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web

from cfsync.api import Api, network_errors
from cfsync.errors import BadAnswer, Unreachable
from cfsync.resources import ALL
from tests.api.calls import CONTACTS, ONCE, refused
from tests.api.conftest import Fake, Say, Time, client

CONTACT = ALL["contacts"]


def test_a_server_that_is_not_there_was_sent_nothing():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    error = refused(f"http://127.0.0.1:{port}")

    assert error.sent is False
    assert str(error).endswith("no connection to 127.0.0.1: connection refused")


def test_a_name_that_does_not_exist_was_sent_nothing():
    error = refused("http://nowhere.invalid")

    assert error.sent is False
    assert str(error).endswith("no connection to nowhere.invalid: its name can't be looked up")


def test_a_connection_that_is_not_made_in_time_was_sent_nothing():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        error = refused(f"http://127.0.0.1:{full.getsockname()[1]}", timeout_s=0.2, retry=ONCE)
        for filler in fillers:
            filler.close()

    assert error.sent is False
    assert "no connection in time" in str(error)


def test_a_write_that_never_left_is_repeated():
    fake, time = Fake(Say({"id": 5})), Time()

    async def main() -> int:
        async with fake.serving() as url:
            port = urlsplit(url).port
        again = web.ServerRunner(web.Server(fake, access_log=None))
        await again.setup()

        async def sleep(seconds: float) -> None:
            await web.TCPSite(again, "127.0.0.1", port).start()

        api = client(f"{url}/api/v2", time=time)
        api.budget.sleep = sleep
        async with api:
            record = await api.create(CONTACTS, {"first_name": "Anna"})
        await again.cleanup()
        return record.id

    assert asyncio.run(main()) == 5
    assert len(fake.seen) == 1


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize("method", ["create", "update", "delete"])
def test_a_broken_connection_may_have_acted_and_no_write_is_sent_twice(method: str):
    fake = Fake(Say([]), reset)

    async def use(api: Api) -> None:
        await api.page(CONTACTS)  # the connection is kept, which is where a library would repeat
        if method == "create":
            await api.create(CONTACTS, {})
        elif method == "update":
            await api.update(CONTACT, 5, {})
        else:
            await api.delete(CONTACT, 5)

    with pytest.raises(Unreachable) as caught:
        fake.ask(use)

    assert caught.value.sent is True
    assert [seen.method for seen in fake.seen][1:] == [fake.seen[1].method]


def test_a_broken_connection_is_no_matter_to_a_get():
    fake = Fake(reset, reset, Say({"id": 5}))

    assert fake.ask(lambda api: api.get(CONTACT, 5)).id == 5


def test_an_answer_that_takes_too_long_may_have_acted():
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(Unreachable, match=r"no whole answer within 0\.2 s") as caught:
        Fake(slow).ask(lambda api: api.create(CONTACTS, {}), timeout_s=0.2)

    assert caught.value.sent is True


def test_an_answer_that_comes_in_drips_is_cut_off_in_time():
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.02)
        return response

    with pytest.raises(Unreachable, match=r"no whole answer within 1 s"):
        Fake(drip).ask(lambda api: api.get(CONTACT, 5), timeout_s=1, retry=ONCE)


def test_no_answer_that_was_given_up_keeps_its_connection_from_the_next():
    """Too large, reset, cancelled half-way, and there is one connection for all."""
    begun = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b" " * 2**20)
                begun.set()
        return response

    async def hang(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"[")
        begun.set()
        await asyncio.Event().wait()
        return response

    async def main() -> None:
        fake = Fake(endless, reset, hang, Say([{"id": 5}]))
        async with fake.serving() as url:
            options = {"retry": ONCE, "timeout_s": 30.0, "max_concurrency": 1}
            async with client(f"{url}/api/v2", **options) as api:  # type: ignore[arg-type]
                for error in (BadAnswer, Unreachable):
                    with pytest.raises(error):
                        await api.page(CONTACTS)
                begun.clear()
                call = asyncio.create_task(api.page(CONTACTS))
                await begun.wait()
                call.cancel()
                await asyncio.wait([call])
                assert [r.id for r in (await api.page(CONTACTS)).records] == [5]

    asyncio.run(main())


def test_no_cookie_is_sent_back():
    fake = Fake(Say([], headers={"Set-Cookie": "visitor=7; Path=/"}))

    async def main() -> None:
        async with fake.serving() as url:
            port = urlsplit(url).port
            async with client(f"http://localhost:{port}/api/v2") as api:
                await api.page(CONTACTS)
                await api.page(CONTACTS)

    asyncio.run(main())

    assert ["Cookie" in seen.headers for seen in fake.seen] == [False, False]


def test_an_answer_that_is_not_http_is_a_broken_connection():
    async def main() -> None:
        async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"220 smtp.example.com ESMTP\r\n")
            writer.close()

        async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with client(f"http://127.0.0.1:{port}/api/v2", retry=ONCE) as api:
                await api.page(CONTACTS)

    with pytest.raises(Unreachable, match="the connection broke"):
        asyncio.run(main())


def test_no_error_tells_the_query():
    with pytest.raises(Unreachable) as caught:
        Fake(reset).ask(
            lambda api: api.find(CONTACTS, "email_address", ["anna@example.com"]), retry=ONCE
        )

    error: BaseException = caught.value
    assert "anna" not in f"{error} {error.__cause__}"
    assert error.__suppress_context__


def test_a_certificate_that_nobody_vouches_for_is_refused(tls: ssl.SSLContext):
    fake = Fake(Say({"id": 5}))

    async def main() -> None:
        async with fake.serving(tls) as url, client(f"{url}/api/v2", retry=ONCE) as api:
            await api.create(CONTACTS, {})

    with pytest.raises(Unreachable, match=r"is refused: self-signed certificate$") as caught:
        asyncio.run(main())

    assert caught.value.sent is False
    assert fake.seen == []


def test_a_server_without_tls_is_told_apart():
    fake = Fake(Say([]))

    async def main() -> None:
        async with fake.serving() as url, client(f"https{url[4:]}/api/v2", retry=ONCE) as api:
            await api.page(CONTACTS)

    with pytest.raises(Unreachable, match=r"no connection to 127.0.0.1: TLS fails: [a-z ]+$"):
        asyncio.run(main())


def test_of_several_addresses_the_first_error_is_told():
    tried = OSError("Multiple exceptions: [Errno 101] Connect call failed ('::1', 80), [Errno 111]")

    assert network_errors.plain(tried) == "network is unreachable"


def test_a_certificate_of_the_environment_is_trusted(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    fake = Fake(Say([]))

    async def main() -> None:
        async with fake.serving(tls) as url, client(f"{url}/api/v2") as api:
            await api.page(CONTACTS)

    asyncio.run(main())

    assert len(fake.seen) == 1
