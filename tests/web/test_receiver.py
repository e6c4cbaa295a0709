"""The receiver over its routes: what it answers, and what it stores."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from cfsync.errors import MirrorError
from cfsync.hints import Hint
from cfsync.web import app
from cfsync.web.daemon_health import Health
from cfsync.web.metrics import Metrics
from cfsync.web.receiver import MAX_DELIVERIES, Receiver
from cfsync.web.signature import MAX_BODY

NOW, SECRET, WORKSPACE = 1_748_000_000, "whsec-0123456789abcdef", 42
EVENT = {
    "event_id": "e1",
    "event_type": "contact.updated",
    "subject_id": 5,
    "data": {"id": 5, "updated_at": "2025-05-21T12:18:51.772Z", "email_address": "a@example.com"},
}


class Shelf:
    """Keeps hints by their id, as the mirror does."""

    def __init__(self) -> None:
        self.kept: dict[str, Hint] = {}

    async def store(self, hint: Hint) -> bool:
        is_new = hint.event_id not in self.kept
        self.kept.setdefault(hint.event_id, hint)
        return is_new


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def outcomes() -> list[str]:
    return []


@pytest.fixture
def receiver(shelf: Shelf, outcomes: list[str]) -> Receiver:
    it = Receiver(outcomes.append, clock=lambda: NOW)
    it.secrets = {WORKSPACE: (SECRET,), 43: ()}
    it.store = shelf.store
    return it


Post = Callable[..., int]


@pytest.fixture
def post(receiver: Receiver) -> Post:
    """`post(body, workspace=..., secret=..., at=...)`: the status."""
    transport = httpx.ASGITransport(
        app.create(Health, Metrics(Health), receiver, "asked-of-readers")
    )

    def one(
        event: Any = EVENT, *, workspace: Any = WORKSPACE, secret: str = SECRET, at: int = NOW
    ) -> int:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                headers = signed(body, secret, at)
                return await client.post(f"/webhooks/{workspace}", content=body, headers=headers)

        answer = asyncio.run(send())
        assert answer.text in ("", "Not Found")
        return answer.status_code

    return one


def signed(body: bytes, secret: str, at: int) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "X-Webhook-ClickFunnels-Timestamp": str(at),
        "X-Webhook-ClickFunnels-Signature": digest,
    }


def test_a_genuine_delivery_is_stored_and_then_answered(post: Post, shelf: Shelf) -> None:
    assert post() == 200

    (hint,) = shelf.kept.values()
    assert (hint.resource, hint.record_id, hint.workspace_id) == ("contacts", 5, WORKSPACE)


def test_a_repeated_delivery_is_answered_and_ignored(
    post: Post, shelf: Shelf, outcomes: list[str]
) -> None:
    assert [post(), post(at=NOW - 30)] == [200, 200]

    assert outcomes == ["stored", "repeated"]
    assert len(shelf.kept) == 1


@pytest.mark.parametrize(
    ("sent", "status", "outcome"),
    [
        ({"secret": "another"}, 401, "unknown_secret"),
        ({"workspace": 43}, 401, "unknown_secret"),
        ({"at": NOW - 601}, 401, "stale"),
        ({"workspace": 44}, 404, "unknown"),
        ({"event": b"x" * (MAX_BODY + 1)}, 413, "large"),
        ({"event": b"not JSON"}, 400, "unreadable"),
        ({"event": [1, 2]}, 400, "unreadable"),
    ],
)
def test_an_invalid_delivery_is_refused_counted_and_not_stored(
    sent: dict[str, Any], status: int, outcome: str, post: Post, shelf: Shelf, outcomes: list[str]
) -> None:
    assert post(**sent) == status

    assert outcomes == [outcome]
    assert shelf.kept == {}


@pytest.mark.parametrize("workspace", ["", "x", "-1", "1/2", "0", "٤٢", "4" * 5000])
def test_an_invalid_workspace_id_is_not_found(workspace: str, post: Post) -> None:
    assert post(workspace=workspace) == 404


def test_an_event_without_an_id_is_recognized_by_its_body(post: Post, outcomes: list[str]) -> None:
    event = {key: value for key, value in EVENT.items() if key != "event_id"}

    assert [post(event), post(event), post({**event, "subject_id": 6})] == [200] * 3
    assert outcomes == ["stored", "repeated", "stored"]


async def _away(_hint: Hint) -> bool:
    raise MirrorError("the database is away")


async def _hangs(_hint: Hint) -> bool:
    await asyncio.Event().wait()
    return True


@pytest.mark.parametrize("store", [_away, _hangs])
def test_what_cannot_be_stored_is_to_be_delivered_again(
    store: Callable[[Hint], Awaitable[bool]],
    receiver: Receiver,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cfsync.web.receiver.TIMEOUT_S", 0.05)
    receiver.store = store

    assert post() == 503


def test_before_the_database_is_available_all_is_to_be_delivered_again(
    receiver: Receiver, post: Post
) -> None:
    receiver.secrets = None
    assert post() == 503


def test_too_many_deliveries_at_a_time_are_to_be_repeated(receiver: Receiver) -> None:
    transport = httpx.ASGITransport(app.create(Health, Metrics(Health), receiver, None))
    goes_on = asyncio.Event()

    async def slow(_hint: Hint) -> bool:
        await goes_on.wait()
        return True

    async def all_at_once() -> list[int]:
        receiver.store = slow
        body = json.dumps(EVENT).encode()
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            tasks = [
                asyncio.create_task(
                    client.post("/webhooks/42", content=body, headers=signed(body, SECRET, NOW))
                )
                for _ in range(MAX_DELIVERIES + 5)
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            goes_on.set()
            return [(await task).status_code for task in tasks]

    assert sorted(asyncio.run(all_at_once())) == [200] * MAX_DELIVERIES + [503] * 5
