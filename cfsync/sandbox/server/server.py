"""The sandbox over real HTTP, on loopback."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from aiohttp import web

from cfsync.sandbox.api.answers import Answer
from cfsync.sandbox.api.requests import request_of
from cfsync.sandbox.faults.exchange import Reply
from cfsync.sandbox.server import control
from cfsync.sandbox.server.dispatch import beside, handle
from cfsync.sandbox.world import World

MAX_BODY = 32 * 1024 * 1024
"""Bytes of a request's body; more is answered 413."""

_RESET = struct.pack("ii", 1, 0)


class Listener:
    """The listening socket; while it is closed, connections are refused."""

    async def open(self, runner: web.ServerRunner, host: str, port: int) -> str:
        """Start to listen; returns the URL."""
        self._runner, self._loop = runner, asyncio.get_running_loop()
        self._site = web.TCPSite(runner, host, port, reuse_address=True, backlog=512)
        await self._site.start()
        self._at = host, runner.addresses[0][1]
        return f"http://{host}:{self._at[1]}"

    async def close(self) -> None:
        if self._runner.sites:
            await self._site.stop()

    async def _reopen(self) -> None:
        if not self._runner.sites:
            await self.open(self._runner, *self._at)

    def set_open(self, *, open_: bool) -> None:
        """Open or close it, from another thread."""
        work = self._reopen() if open_ else self.close()
        asyncio.run_coroutine_threadsafe(work, self._loop).result()


@dataclass(frozen=True)
class Running:
    """A sandbox that is being served. `api` is the base URL, `gateway` its other form."""

    world: World
    url: str
    listener: Listener

    @property
    def api(self) -> str:
        return f"{self.url}/api/v2"

    @property
    def gateway(self) -> str:
        return f"{self.url}/clickfunnels/api/v2"


async def serve(
    world: World,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    ready: Callable[[str], None] | None = None,
    listener: Listener | None = None,
) -> None:
    """Serve until cancelled; `ready` is called with the URL once requests are accepted."""
    listener = listener or Listener()
    server = web.Server(_handler(world, listener), access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    courier = asyncio.create_task(world.courier.run())
    try:
        url = await listener.open(runner, host, port)
        if ready:
            ready(url)
        await asyncio.Event().wait()
    finally:
        courier.cancel()
        await asyncio.gather(courier, return_exceptions=True)
        await runner.cleanup()


@contextmanager
def running(world: World, *, port: int = 0) -> Iterator[Running]:
    """Serve from a thread and event loop of its own, on any free port unless one is given."""
    started: list[str] = []
    listener = Listener()
    is_up = threading.Event()
    loop = asyncio.new_event_loop()

    def ready(url: str) -> None:
        started.append(url)
        is_up.set()

    task = loop.create_task(serve(world, port=port, ready=ready, listener=listener))
    thread = threading.Thread(target=_run, args=(loop, task, is_up), daemon=True)
    thread.start()
    is_up.wait()
    try:
        if not started:
            task.result()
        yield Running(world, started[0], listener)
    finally:
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(task.cancel)
        thread.join()


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None], is_up: threading.Event) -> None:
    with suppress(asyncio.CancelledError, OSError):
        loop.run_until_complete(task)
    loop.run_until_complete(_cancel_pending())
    loop.close()
    is_up.set()


async def _cancel_pending() -> None:
    """Cancel answers that are still being sent."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def _handler(
    world: World, listener: Listener
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        body = await _body(request)
        if body is None:
            return _response(Answer(413, b'{"error":"Request entity too large"}'))
        if request.path.startswith(control.PREFIX):
            return _response(control.handle(world, request.method, request.path, body))
        reply = _reply(world, request, body)
        if reply.last:
            await listener.close()
        return await _send(request, reply)

    return answer


async def _body(request: web.BaseRequest) -> bytes | None:
    """The body; None if it is too large."""
    if not request.can_read_body:
        return b""
    parts = bytearray()
    async for part in request.content.iter_any():
        parts += part
        if len(parts) > MAX_BODY:
            return None
    return bytes(parts)


def _reply(world: World, request: web.BaseRequest, body: bytes) -> Reply:
    target = request.raw_path
    headers = {name.lower(): value for name, value in request.headers.items()}
    origin = f"http://{headers.get('host', '')}"
    parsed = request_of(request.method, target, headers, body, origin)
    if parsed is None:
        return Reply(beside(world, request.path, headers))
    return handle(world, parsed, target.partition("?")[2])


async def _send(request: web.BaseRequest, reply: Reply) -> web.StreamResponse:
    if reply.delay:
        await asyncio.sleep(reply.delay)
    if reply.answer is None:
        return _reset(request)
    if reply.pause:
        return await _send_in_halves(request, reply.answer, reply.pause)
    response = _response(reply.answer)
    if reply.last:
        response.force_close()
    return response


def _response(answer: Answer) -> web.Response:
    headers = {**answer.headers, "Content-Type": answer.content_type}
    if answer.status == 204:
        del headers["Content-Type"]
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def _reset(request: web.BaseRequest) -> web.Response:
    """Reset the connection: the client sees ECONNRESET, not an end."""
    if request.transport is not None:
        if sock := request.transport.get_extra_info("socket"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        request.transport.abort()
    return web.Response()


async def _send_in_halves(
    request: web.BaseRequest, answer: Answer, pause: float
) -> web.StreamResponse:
    """Send half of the body, pause for `pause` seconds, send the rest."""
    response = web.StreamResponse(status=answer.status, headers=dict(answer.headers))
    response.content_type = answer.content_type.partition(";")[0]
    response.content_length = len(answer.body)
    await response.prepare(request)
    half = len(answer.body) // 2
    with suppress(ConnectionError):
        await response.write(answer.body[:half])
        await asyncio.sleep(pause)
        await response.write(answer.body[half:])
    return response
