"""The command for webhook endpoints: what it prints, and how it ends."""

from __future__ import annotations

from cfsync.sandbox import World
from tests.cli.conftest import Command


def test_from_register_to_remove(cfsync: Command, world: World) -> None:
    cfsync("backfill", "webhook_endpoints")
    workspace = world.workspaces[0]
    url = "https://hooks.example.com"

    made = cfsync("webhooks", "register", url, "--json")
    (endpoint,) = made.json["endpoints"]
    assert endpoint == {
        "workspace_id": workspace,
        "id": world.ids("webhook_endpoints", workspace)[0],
        "url": f"{url}/webhooks/{workspace}",
        "state": "ok",
        "done": "made",
    }
    world.edit("webhook_endpoints", endpoint["id"], event_type_ids=["contact.created"])
    listed = cfsync("webhooks", "list")
    assert (listed.returncode, "types differ" in listed.stdout) == (5, True)
    assert listed.said == [
        f"endpoint {endpoint['id']}: it does not send all events: cfsync webhooks register"
        f" {endpoint['url']}"
    ]
    assert "changed" in cfsync("webhooks", "register", url).stdout
    world.store.event_types = ["contact.created", "order.created"]
    fewer = cfsync("webhooks", "register", url)
    assert (fewer.returncode, fewer.said[0].split(":")[0][:38]) == (
        0,
        "ClickFunnels doesn't offer contact.del",
    )
    secrets = [_secret(world, endpoint["id"])]
    turned = cfsync("webhooks", "rotate", "--json", LOG__LEVEL="debug")
    (rotated,) = turned.json["endpoints"]
    secrets += [_secret(world, rotated["id"])]
    removed = cfsync("webhooks", "remove", str(rotated["id"]), LOG__LEVEL="debug")
    assert removed.returncode == 0
    assert cfsync("webhooks", "list").stdout.startswith("there are no endpoints")

    for secret in secrets:
        assert not any(secret in done.stdout + done.stderr for done in (made, turned, removed))


def _secret(world: World, endpoint: int) -> str:
    return str(world.store.get("webhook_endpoints", endpoint)["webhook_secret"])


def test_a_mirror_that_was_moved_without_its_secrets_says_so(cfsync: Command) -> None:
    cfsync("backfill", "webhook_endpoints")
    cfsync("webhooks", "register", "https://hooks.example.com")
    cfsync.database.with_name("cfsync.db-secrets").unlink()

    listed = cfsync("webhooks", "list")
    checks = {check["name"]: check["text"] for check in cfsync("doctor", "--json").json}

    assert listed.returncode == 5
    for text in (*listed.said, checks["webhooks"]):
        assert "its secret is not in this mirror" in text
        assert text.endswith("cfsync webhooks rotate")


def test_what_is_wrong_is_said_in_one_line(cfsync: Command, world: World) -> None:
    cfsync("backfill", "webhook_endpoints")

    for arguments, words in (
        (["register", "hooks.example.com"], "give the address"),
        (["register", "https://hooks.example.com/webhooks/1"], "reaches no workspace 1"),
        (["remove", "999999"], "there is no webhook endpoint 999999"),
        (["rotate"], "there is no endpoint to rotate"),
    ):
        done = cfsync("webhooks", *arguments)
        assert done.returncode == 2, done.stderr
        (line,) = done.said
        assert words in line


def test_without_a_mirror_it_says_what_to_do(cfsync: Command) -> None:
    done = cfsync("webhooks", "list")

    assert done.returncode == 2
    assert "run cfsync backfill" in done.said[0]
