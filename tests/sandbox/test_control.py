from __future__ import annotations

import http.client
from collections.abc import Callable

import pytest

from cfsync.sandbox import Running, World, running
from cfsync.sandbox.server.server import MAX_BODY

from .conftest import HEADERS, Client, Got


@pytest.fixture
def control(server: Running, client_of: Callable[[str], Client]) -> Client:
    return client_of(f"{server.url}/_sandbox")


def result(answer: Got) -> int | None:
    assert answer.status == 200, answer.raw
    return answer.data["result"]


def test_a_person_can_act_over_http(control: Client, client: Client, workspace: int) -> None:
    made = result(
        control.post(
            "/create",
            {"resource": "contacts", "parent": workspace, "fields": {"first_name": "Ada"}},
        )
    )
    control.post("/edit", {"resource": "contacts", "id": made, "fields": {"last_name": "King"}})

    assert client.get(f"/contacts/{made}").data["last_name"] == "King"
    assert control.get(f"/record/contacts/{made}").data["first_name"] == "Ada"
    assert control.get(f"/records/contacts/{workspace}").ids[-1] == made
    assert [e["verb"] for e in control.get("/ledger").data] == ["create", "update"]
    result(control.post("/delete", {"resource": "contacts", "id": made}))
    assert control.get(f"/record/contacts/{made}").data is None


def test_actions_by_id(control: Client, client: Client, world: World, workspace: int) -> None:
    hidden = min(
        set(world.ids("contacts", workspace, hidden=True)) - set(world.ids("contacts", workspace))
    )
    product = next(p["id"] for p in world.records("products", workspace) if not p["archived"])

    control.post("/identify", {"id": hidden, "fields": {"email_address": "k@example.com"}})
    control.post("/archive", {"id": product})

    assert hidden in world.ids("contacts", workspace)
    assert client.get(f"/products/{product}").data["archived"] is True
    control.post("/redact", {"id": hidden})
    assert client.get(f"/contacts/{hidden}").status == 404


def test_late_records_over_http(control: Client, client: Client, workspace: int) -> None:
    late = result(
        control.post(
            "/appear_late", {"resource": "forms", "parent": workspace, "fields": {"name": "x"}}
        )
    )

    assert client.get(f"/forms/{late}").status == 404
    control.post("/appear")
    assert client.get(f"/forms/{late}").status == 200


def test_faults_limits_and_tokens_over_http(
    control: Client, client: Client, world: World, workspace: int
) -> None:
    control.post("/fault", {"kind": "status", "status": 503, "path": "^/teams", "times": None})
    control.post("/set", {"per_second": 0.001, "burst": 2, "retry_after": 7})

    answers = [client.get("/teams"), client.get("/teams"), client.get("/teams")]

    assert [a.status for a in answers] == [503, 503, 429]
    assert answers[2].headers["Retry-After"] == "7"
    control.post("/set", {"per_second": 0})
    control.post("/clear", {"what": "faults"})
    control.post("/add_token", {"token": "other", "workspaces": []})
    control.post("/refuse", {"workspace": workspace, "status": 404})
    assert client.get("/teams").status == 200
    assert client.get(f"/workspaces/{workspace}").status == 404
    assert control.get("/requests").data["GET /teams 503"] == 2
    assert control.get("/calls").data[0] == ["GET", "/teams", 503]
    assert control.get("/workspaces").data == world.workspaces
    assert "reset_after" in control.get("/kinds").data


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/explode", {}),
        ("/edit", {"resource": "contacts", "id": 1, "fields": {}}),
        ("/set", {"speed": 1}),
        ("/fault", {"kind": "earthquake"}),
        ("/create", {"resource": "people"}),
        ("/create", b"{"),
    ],
)
def test_what_can_not_be_done_is_told(path: str, body: object, control: Client) -> None:
    answer = control.post(path, body)

    assert answer.status == 400
    assert answer.data["error"]


def test_a_body_that_is_too_large_is_refused(client: Client, contact: int) -> None:
    answer = client.put(f"/contacts/{contact}", b" " * (MAX_BODY + 1))

    assert answer.status == 413


def test_a_path_outside_of_the_api_is_not_found(
    server: Running, client_of: Callable[[str], Client]
) -> None:
    assert client_of(server.url).get("/teams").status == 404


def test_connections_stay_open(server: Running, client: Client) -> None:
    client.get("/teams")
    first = client.connection.sock

    client.get("/teams")

    assert client.connection.sock is first


def test_a_sandbox_can_be_stopped_and_started_on_the_same_port() -> None:
    world = World()
    with running(world) as first:
        port = int(first.url.rpartition(":")[2])
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(first.url[7:]).connect()

    with running(world, port=port) as second:
        connection = http.client.HTTPConnection(second.url[7:])
        connection.request("GET", "/api/v2/teams", headers=HEADERS)
        assert connection.getresponse().status == 200
        connection.close()


def test_a_port_that_is_taken_is_an_error(server: Running) -> None:
    port = int(server.url.rpartition(":")[2])

    with pytest.raises(OSError, match="in use"), running(World(), port=port):
        pass


def test_texts_can_be_made_before_they_are_asked_for(control: Client, world: World) -> None:
    result(control.post("/warm", {"resource": "contacts"}))

    assert len(world.store.tables["contacts"].texts) == 120
