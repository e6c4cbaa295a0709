"""The web server. It leaves signals to the daemon, which uvicorn would otherwise handle."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import structlog
import uvicorn
from starlette.applications import Starlette

from cfsync.config import WebSettings
from cfsync.config.runnable import certificate_problems, host_and_port
from cfsync.errors import SettingsError
from cfsync.web.connection import BACKLOG, ConnectionLimit

log = structlog.get_logger()

CERTIFICATE_CHECK_S = 3600.0
"""Seconds between two reads of the certificate's files."""


@asynccontextmanager
async def serving(app: Starlette, settings: WebSettings) -> AsyncIterator[int | None]:
    """Serve while the body runs; yields the port, which the system chooses for 0, and None where
    nothing is served. Raises SettingsError if the address or the certificate can't be used.
    """
    if settings.listen == "off":
        yield None
        return
    limit = ConnectionLimit()
    config = _config(app, settings, limit)
    listener = _bind(settings.listen)
    server = _SignalFreeServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    reloading = asyncio.create_task(_reload_certificate(settings, limit))
    host, port = listener.getsockname()[:2]
    log.info("web.listening", host=host, port=port, tls=limit.tls is not None)
    try:
        yield port
    finally:
        reloading.cancel()
        server.should_exit = True
        limit.close()
        await task


def _config(app: Starlette, settings: WebSettings, limit: ConnectionLimit) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=limit.protocol,  # type: ignore[arg-type]  # anything that makes a protocol
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=1,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    if problems := certificate_problems(settings):
        raise SettingsError(problems)
    config.load()
    limit.tls, config.ssl = config.ssl, None  # connections are counted before their handshake
    return config


async def _reload_certificate(settings: WebSettings, limit: ConnectionLimit) -> None:
    """Use a renewed certificate without a restart: it lasts for weeks, the daemon for months."""
    while limit.tls and settings.tls_cert:
        await asyncio.sleep(CERTIFICATE_CHECK_S)
        files = settings.tls_cert, settings.tls_key
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files)
            limit.tls.load_cert_chain(*files)
        except OSError as error:
            log.warning("web.certificate_not_reloaded", error=str(error))


class _SignalFreeServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(listen: str) -> socket.socket:
    host, port = host_and_port(listen)
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as on_error:
            listener = on_error.enter_context(socket.socket(family, kind))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
            on_error.pop_all()
    except OSError as error:
        reason = f"web.listen = {listen} can't be used: {error.strerror}"
        raise SettingsError([f"{reason}; choose another one, or `off`"]) from None
    return listener
