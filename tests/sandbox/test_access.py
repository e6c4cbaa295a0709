from __future__ import annotations

import pytest

from cfsync.sandbox import TOKEN, World

from .conftest import HEADERS, Client


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", TOKEN, f"Basic {TOKEN}"])
def test_a_wrong_token_is_told_so(authorization: str | None, client: Client) -> None:
    headers = {"User-Agent": "x"} | ({"Authorization": authorization} if authorization else {})

    answer = client.ask("GET", "/teams", headers=headers)

    assert (answer.status, answer.data) == (401, {"error": "API key missing or invalid"})


def test_without_a_user_agent_the_cdn_answers(client: Client) -> None:
    answer = client.ask("GET", "/teams", headers={"Authorization": HEADERS["Authorization"]})

    assert answer.status == 403
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.raw.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("DELETE", "/teams"), ("GET", "/contacts/zzz"), ("GET", "/contacts/1")],
)
def test_what_is_not_there_is_not_found(method: str, path: str, client: Client) -> None:
    answer = client.ask(method, path)

    assert (answer.status, answer.data) == (404, {"error": "Not found: Record missing"})


def test_a_public_id_of_another_resource_names_nothing(client: Client, world: World) -> None:
    team = client.get("/teams").data[0]

    assert client.get(f"/workspaces/{team['public_id']}").status == 404


def test_a_token_reaches_its_workspaces_only(client: Client, world: World) -> None:
    mine, other = world.workspaces
    theirs = world.ids("contacts", other)[0]
    team = world.ids("teams")[0]
    world.add_token("one", workspaces=[mine])
    headers = HEADERS | {"Authorization": "Bearer one"}

    def status(path: str) -> int:
        return client.ask("GET", path, headers=headers).status

    assert client.ask("GET", f"/teams/{team}/workspaces", headers=headers).ids == [mine]
    assert status(f"/workspaces/{mine}/contacts") == 200
    assert status(f"/workspaces/{other}/contacts") == 404
    assert status(f"/contacts/{theirs}") == 404


def test_a_token_may_reach_no_workspace_and_no_team(client: Client, world: World) -> None:
    team = world.ids("teams")[0]
    world.add_token("none", workspaces=[])
    world.add_token("nothing", workspaces=[], teams=[])

    def ask(path: str, token: str) -> list[int]:
        return client.ask("GET", path, headers=HEADERS | {"Authorization": f"Bearer {token}"}).ids

    assert ask("/teams", "none") == [team]
    assert ask(f"/teams/{team}/workspaces", "none") == []
    assert ask("/teams", "nothing") == []


def test_a_workspace_can_be_refused_and_allowed_again(
    client: Client, world: World, workspace: int, contact: int
) -> None:
    paths = (
        f"/workspaces/{workspace}",
        f"/workspaces/{workspace}/contacts",
        f"/contacts/{contact}",
    )

    for status in (403, 404, 0):
        world.refuse(workspace, status)
        assert [client.get(path).status for path in paths] == [status or 200] * 3


def test_a_workspace_can_answer_as_if_it_were_empty(
    client: Client, world: World, workspace: int, contact: int
) -> None:
    world.empty(workspace)

    assert client.get(f"/workspaces/{workspace}").status == 200
    assert client.get(f"/workspaces/{workspace}/contacts").data == []
    assert client.get(f"/contacts/{contact}").status == 404
    world.empty(workspace, False)
    assert client.get(f"/contacts/{contact}").status == 200
