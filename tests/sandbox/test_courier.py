"""Deliveries to webhook endpoints, as the API's facts describe them."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cfsync.sandbox import Running, World, running
from cfsync.sandbox.faults.courier import RETRIES_S
from tests.sandbox.conftest import Client


class Inbox:
    """A receiver: keeps (headers, body) of what came, and answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self._news = threading.Condition()
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with inbox._news:
                    inbox.got.append((dict(self.headers), body))
                    status = inbox.answers.pop(0) if inbox.answers else 200
                    inbox._news.notify_all()
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The first `count` payloads."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.got) >= count, 20), len(self.got)
        return [json.loads(body) for _, body in self.got]

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    it = Inbox()
    yield it
    it.close()


@pytest.fixture
def world() -> World:
    return World(bare=True, workspaces=1, contacts=3)


@pytest.fixture
def endpoint(world: World, server: Running, workspace: int, inbox: Inbox) -> int:
    world.courier.pace = 0.001
    types = ["contact.created", "contact.updated"]
    return world.create("webhook_endpoints", workspace, url=inbox.url, event_type_ids=types)


def is_signed(headers: dict[str, str], body: bytes, secret: str) -> bool:
    text = headers["X-Webhook-ClickFunnels-Timestamp"].encode() + b"." + body
    expected = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return headers["X-Webhook-ClickFunnels-Signature"] == expected


def test_an_event_is_delivered_signed_to_those_who_want_its_type(
    world: World, client: Client, inbox: Inbox, endpoint: int, workspace: int, contact: int
) -> None:
    secret = world.store.get("webhook_endpoints", endpoint)["webhook_secret"]

    world.delete("contacts", world.ids("contacts", workspace)[0])
    world.edit("contacts", contact, first_name="Ada")

    (payload,) = inbox.wait_for(1)
    headers, body = inbox.got[0]
    assert is_signed(headers, body, secret)
    log = client.get(f"/workspaces/{workspace}/webhooks/outgoing/events").data
    assert payload["event_id"] == log[-1]["uuid"]
    assert payload["event_type"] == "contact.updated"
    assert payload["subject_id"] == contact
    assert payload["data"]["first_name"] == "Ada"
    assert payload["workspace_id"] == workspace


@pytest.fixture
def contact(world: World, workspace: int) -> int:
    return world.ids("contacts", workspace)[1]


def test_what_is_not_taken_is_sent_again_until_it_is(
    world: World, inbox: Inbox, endpoint: int, contact: int
) -> None:
    inbox.answers = [500, 404, 301, 226]

    world.edit("contacts", contact, first_name="Ada")
    first, *others = inbox.wait_for(4)

    assert all(other == first for other in others)
    assert until(lambda: world.courier.under_way == 0)
    assert [a.status for a in world.courier.tried] == [500, 404, 301, 226]


def test_it_is_given_up_after_the_documented_attempts(
    world: World, inbox: Inbox, endpoint: int, contact: int
) -> None:
    world.courier.pace = 0
    inbox.answers = [503] * 20

    world.edit("contacts", contact, first_name="Ada")

    assert until(lambda: world.courier.under_way == 0 and world.courier.tried)
    assert [a.number for a in world.courier.tried] == list(range(len(RETRIES_S) + 1))


def test_on_request_they_are_lost_doubled_shuffled_and_wrongly_signed(
    world: World, inbox: Inbox, endpoint: int, workspace: int
) -> None:
    courier = world.courier
    courier.lose, courier.double, courier.forge, courier.spread = 0.3, 0.2, 0.1, 0.3
    secret = world.store.get("webhook_endpoints", endpoint)["webhook_secret"]

    made = [world.create("contacts", workspace, first_name=f"No {i}") for i in range(200)]
    sent = courier.under_way
    order = [payload["subject_id"] for payload in inbox.wait_for(sent)]

    assert 0.6 < len(set(order)) / len(made) < 0.8
    assert 1.1 < len(order) / len(set(order)) < 1.3
    assert order != sorted(order)
    forged = [not is_signed(headers, body, secret) for headers, body in inbox.got]
    assert 0.04 < sum(forged) / len(forged) < 0.2


def test_nothing_leaves_the_machine(world: World, workspace: int, contact: int, client: Client):
    world.create("webhook_endpoints", workspace, url="https://hooks.example.com/1")

    world.edit("contacts", contact, first_name="Ada")

    assert world.courier.under_way == 0


def test_it_can_be_told_over_http(world: World, client_of: Callable[[str], Client]) -> None:
    with running(world) as server:
        client = client_of(server.url)
        assert client.post("/_sandbox/set", {"lose": 0.5, "pace": 0.1}).status == 200
        assert (world.courier.lose, world.courier.pace) == (0.5, 0.1)
        assert client.get("/_sandbox/deliveries").data == {"under_way": 0, "tried": []}


def until(true: Callable[[], Any]) -> Any:
    """Look until it is so; its value, false after ten seconds."""
    never = threading.Event()
    return next((found for _ in range(1000) if (found := true()) or never.wait(0.01)), False)
