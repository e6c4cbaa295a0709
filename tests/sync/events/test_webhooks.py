"""Endpoints that lead to the receiver: made once, looked after, replaced, removed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cfsync.api import Api
from cfsync.errors import CfsyncError, UnknownWorkspace, UsageError
from cfsync.mirror.bookkeeping import webhook_secrets
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import SECRETS
from cfsync.resources import RESOURCES
from cfsync.sync.context import Context
from cfsync.sync.events import event_types, webhooks
from cfsync.sync.events.webhooks import Endpoint, targets
from cfsync.sync.inspection import doctor
from tests.conftest import SQLITE_ONLY
from tests.sync.conftest import Round

URL = "https://hooks.example.com"
CORE = {name for name, resource in RESOURCES.items() if resource.group == "core"}
DOCUMENTED = event_types.documented(CORE)


def call(round_: Round, work: Callable[[Context], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        settings = round_.configured()
        async with Api(settings.api) as api:
            return await work(Context(api, round_.mirror, settings))

    return asyncio.run(main())


def register(round_: Round, url: str = URL) -> list[Endpoint]:
    return call(round_, lambda context: webhooks.register(context, url))  # type: ignore[no-any-return]


def keys(round_: Round) -> tuple[str, ...]:
    return asyncio.run(round_.mirror.read(webhook_secrets.valid_secrets)).get(round_.workspace, ())


def kept(round_: Round) -> dict[int, str]:
    """Endpoint -> its secret, as kept."""

    def rows(tx: Tx) -> list[tuple[int, str]]:
        return [(row.record_id, row.value) for row in tx.conn.execute(SECRETS.select())]

    return dict(asyncio.run(round_.mirror.read(rows)))


def secret_of(round_: Round, endpoint: int) -> str:
    return str(round_.world.store.get("webhook_endpoints", endpoint)["webhook_secret"])


def there(round_: Round) -> list[int]:
    return round_.world.ids("webhook_endpoints", round_.workspace)


@SQLITE_ONLY
def test_it_makes_one_endpoint_with_all_event_types_and_keeps_the_secret_in_its_place(
    round_: Round,
) -> None:
    (made,) = register(round_)

    (record,) = round_.world.records("webhook_endpoints", round_.workspace)
    assert record["url"] == f"{URL}/webhooks/{round_.workspace}"
    assert record["event_type_ids"] == DOCUMENTED
    assert (made.id, made.state, made.done) == (record["id"], "ok", "made")
    secret = secret_of(round_, made.id)
    assert keys(round_) == (secret,)
    for table in ("webhook_endpoints", "cf_base", "cf_outbox", "cf_meta", "cf_runs"):
        assert secret not in str(round_.sql(f"SELECT * FROM {table}"))


@pytest.mark.parametrize(
    ("types", "asked", "missing"),
    [
        (["contact.created", "blogs/post.created"], ["contact.created"], True),
        (["order.refunded", *DOCUMENTED], [*DOCUMENTED, "order.refunded"], False),
        (None, DOCUMENTED, False),
    ],
    ids=["fewer", "a new one", "no list"],
)
@SQLITE_ONLY
def test_it_asks_for_what_clickfunnels_offers(
    round_: Round, types: list[str] | None, asked: list[str], missing: bool
) -> None:
    round_.world.store.event_types = types

    (made,) = register(round_)

    assert round_.world.get("webhook_endpoints", made.id)["event_type_ids"] == sorted(asked)
    assert [e.state for e in call(round_, webhooks.list_endpoints)] == ["ok"]
    assert (
        bool(event_types.not_offered(None if types is None else frozenset(types), CORE)) is missing
    )


@SQLITE_ONLY
def test_again_it_changes_nothing(round_: Round) -> None:
    (made,) = register(round_)
    round_.world.ledger.clear()

    (again,) = register(round_, f"{URL}/webhooks/{round_.workspace}")

    assert (again.id, again.done) == (made.id, "kept")
    assert round_.world.ledger.writes() == []


@SQLITE_ONLY
def test_one_that_was_deleted_is_made_anew_and_its_secret_stays_valid_for_a_day(
    round_: Round,
) -> None:
    (first,) = register(round_)
    old = secret_of(round_, first.id)
    round_.world.delete("webhook_endpoints", first.id)
    assert [e.state for e in call(round_, webhooks.list_endpoints)] == ["deleted"]

    (second,) = register(round_)

    assert second.done == "made"
    assert keys(round_) == (secret_of(round_, second.id), old)
    assert [e.state for e in call(round_, webhooks.list_endpoints)] == ["ok"]


@pytest.mark.parametrize("then", ["register", "remove"])
def test_one_that_was_deleted_is_missed_until_it_is_made_anew_or_removed(
    round_: Round, then: str
) -> None:
    round_.settings["CFSYNC_DELETIONS__CONFIRM_AFTER"] = "0s"
    (first,) = register(round_)
    round_.world.create("webhook_endpoints", round_.workspace, url="https://others.example.com")
    round_.world.delete("webhook_endpoints", first.id)
    round_.sweep("webhook_endpoints")
    assert first.id not in round_.ids("webhook_endpoints")

    missed = [(e.id, e.url) for e in call(round_, webhooks.list_endpoints) if e.state == "deleted"]
    assert missed == [(first.id, first.url)]
    assert asyncio.run(round_.mirror.read(webhook_secrets.workspaces_with_own)) == {
        round_.workspace
    }

    if then == "register":
        register(round_)
    else:
        call(round_, lambda context: webhooks.remove(context, str(first.id)))
    assert "deleted" not in [e.state for e in call(round_, webhooks.list_endpoints)]
    assert first.id not in kept(round_)


def test_one_at_an_address_that_was_left_is_named_with_what_helps(round_: Round) -> None:
    (old,) = register(round_)
    (new,) = register(round_, "https://new.example.com")

    listed = {e.id: e for e in call(round_, webhooks.list_endpoints)}
    assert {i: e.state for i, e in listed.items()} == {old.id: "old address", new.id: "ok"}
    assert webhooks.remedy(listed[old.id]).endswith(f"cfsync webhooks remove {old.id}")
    (back,) = register(round_)
    assert (back.id, back.done) == (old.id, "kept")
    states = {e.id: e.state for e in call(round_, webhooks.list_endpoints)}
    assert states == {old.id: "ok", new.id: "old address"}

    call(round_, lambda context: webhooks.remove(context, str(new.id)))

    assert [e.state for e in call(round_, webhooks.list_endpoints)] == ["ok"]


@SQLITE_ONLY
def test_one_that_was_changed_is_put_right(round_: Round) -> None:
    (first,) = register(round_)
    round_.world.edit("webhook_endpoints", first.id, event_type_ids=["contact.created"])
    assert [e.state for e in call(round_, webhooks.list_endpoints)] == ["types differ"]

    (second,) = register(round_)

    assert (second.id, second.done) == (first.id, "changed")
    assert round_.world.get("webhook_endpoints", first.id)["event_type_ids"] == DOCUMENTED
    assert keys(round_) == (secret_of(round_, first.id),)


@SQLITE_ONLY
def test_one_whose_secret_never_arrived_is_replaced(round_: Round) -> None:
    round_.world.fault("reset_after", method="POST", path="/endpoints")
    with pytest.raises(CfsyncError):
        register(round_)
    (lost,) = there(round_)
    assert [e.state for e in call(round_, webhooks.list_endpoints)] == ["no secret"]

    (made,) = register(round_)

    assert there(round_) == [made.id] != [lost]
    assert keys(round_) == (secret_of(round_, made.id),)


def test_a_new_secret_leaves_the_old_ones_valid_for_25_hours(round_: Round) -> None:
    (first,) = register(round_)
    secrets = [secret_of(round_, first.id)]
    for _ in range(2):
        (made,) = call(round_, webhooks.rotate)
        secrets.append(secret_of(round_, made.id))
        round_.clock.go_on(3600)

    assert there(round_) == [made.id]
    assert set(keys(round_)) == set(secrets)
    round_.clock.go_on(23.5 * 3600)
    assert set(keys(round_)) == set(secrets[1:])
    round_.clock.go_on(3600)
    assert keys(round_) == (secrets[2],)
    assert round_.ids("webhook_endpoints") == [made.id]


@SQLITE_ONLY
def test_a_rotation_that_was_cut_off_is_finished_by_the_next_call(round_: Round) -> None:
    (first,) = register(round_)
    old = secret_of(round_, first.id)
    round_.world.fault("reset_before", method="DELETE", times=20)
    with pytest.raises(CfsyncError):
        call(round_, webhooks.rotate)
    assert old in keys(round_)
    assert len(there(round_)) == 2
    round_.world.faults.clear()

    (kept,) = register(round_)

    assert there(round_) == [kept.id]
    assert keys(round_) == (secret_of(round_, kept.id), old)


def test_after_a_restore_without_the_secrets_each_endpoint_is_named_with_what_helps(
    round_: Round,
) -> None:
    (first,) = register(round_)
    asyncio.run(round_.mirror.write(lambda tx: tx.conn.execute(SECRETS.delete()).rowcount))

    (listed,) = call(round_, webhooks.list_endpoints)
    assert (listed.id, listed.state) == (first.id, "no secret")
    assert webhooks.remedy(listed).endswith("cfsync webhooks rotate")
    (check,) = call(round_, doctor._webhooks)
    assert (check.state, "cfsync webhooks rotate" in check.text) == ("todo", True)

    (second,) = call(round_, webhooks.rotate)

    assert kept(round_) == {second.id: secret_of(round_, second.id)}
    assert [check.state for check in call(round_, doctor._webhooks)] == ["ok"]


@SQLITE_ONLY
def test_one_of_another_program_is_left_alone_unless_it_is_named(round_: Round) -> None:
    other = round_.world.create("webhook_endpoints", round_.workspace, url="https://else.where/in")
    register(round_)
    assert {e.state for e in call(round_, webhooks.list_endpoints)} == {"foreign", "ok"}

    call(round_, webhooks.rotate)
    with pytest.raises(UsageError, match=r"another program \(https://else.where/in\).*--foreign"):
        call(round_, lambda context: webhooks.remove(context, str(other)))
    assert other in there(round_)
    call(round_, lambda context: webhooks.remove(context, str(other), foreign=True))
    assert other not in there(round_)


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("https://hooks.example.com", False),
        ("https://8.8.8.8", False),
        ("http://127.0.0.1:8787", True),
        ("http://localhost:8787/webhooks/1", True),
        ("https://192.168.1.7", True),
        ("https://[fd00::1]:8787", True),
        ("https://cfsync:8787", True),
        ("https://nas.local", True),
    ],
)
def test_an_address_that_clickfunnels_cannot_reach_is_warned_about(url: str, warned: bool) -> None:
    assert bool(webhooks.unreachable(url)) == warned


def test_what_is_removed_takes_its_secret_along(round_: Round) -> None:
    (made,) = register(round_)

    call(round_, lambda context: webhooks.remove(context, str(made.id)))

    assert there(round_) == []
    assert keys(round_) == ()
    assert kept(round_) == {}
    with pytest.raises(UsageError, match="no webhook endpoint"):
        call(round_, lambda context: webhooks.remove(context, str(made.id)))
    with pytest.raises(UsageError, match="no endpoint to rotate"):
        call(round_, webhooks.rotate)


@pytest.mark.parametrize(
    "url",
    [
        "hooks.example.com",
        "ftp://hooks.example.com",
        "https://",
        "https://[",
        "https://hooks.example.com:99999",
        "https://hooks example.com",
        "https://user@hooks.example.com",
        "https://hooks.example.com/?a=1",
        "https://hooks.example.com/#a",
    ],
)
def test_an_address_that_can_not_be_meant_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="give the address"):
        targets(url, [1])


@pytest.mark.parametrize("host", ["hooks.example.com", "10.0.0.5:8787", "192.168.1.4", "[fd00::1]"])
def test_over_http_only_this_machine_is_taken_and_the_refusal_says_so(host: str) -> None:
    with pytest.raises(UsageError, match="give an https:// address"):
        targets(f"http://{host}/hook", [1])

    assert targets(f"https://{host}/hook", [1]) == {1: f"https://{host}/hook/webhooks/1"}


def test_the_address_is_that_of_every_workspace_or_of_one() -> None:
    both = {1: f"{URL}/webhooks/1", 2: f"{URL}/webhooks/2"}

    assert targets(URL, [1, 2]) == targets(f"{URL}/", [1, 2]) == targets(f"{URL}/webhooks", [1, 2])
    assert targets(URL, [1, 2]) == both
    assert targets(f"{URL}/webhooks/2", [1, 2]) == {2: f"{URL}/webhooks/2"}
    assert targets("http://[::1]:8787", [1]) == {1: "http://[::1]:8787/webhooks/1"}
    assert targets("http://127.0.0.1:8787", [1]) == {1: "http://127.0.0.1:8787/webhooks/1"}
    with pytest.raises(UnknownWorkspace):
        targets(f"{URL}/webhooks/3", [1, 2])
