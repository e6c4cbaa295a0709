"""Every write that the account's owner may make, by `cfsync api`; by SQL: `tests/push`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from cfsync.sandbox import TOKEN, World, running
from tests.cli.conftest import Command

# One process makes all the calls: what is tried is the commands, not how fast Python starts.
_EACH = """
import json, sys
from cfsync.cli import command
sys.exit(max(command(["api", *arguments, "--json"]) for arguments in json.loads(sys.argv[1])))
"""


def cfsync_api(url: str, directory: Path, calls: list[list[str]]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-c", _EACH, json.dumps(calls)],
        env={"CFSYNC_API__BASE_URL": url, "CFSYNC_API__TOKEN": TOKEN},
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def posted(folder: Path, name: str, record: dict[str, Any]) -> list[str]:
    """A body from a file, which has numbers and lists."""
    file = folder / f"{name}.json"
    file.write_text(json.dumps({name: record}))
    return ["--input", str(file)]


def test_every_write_goes_through_the_raw_call_too(tmp_path: Path) -> None:
    world = World(bare=True, contacts=3, courses=1, fulfillment_locations=1)
    (workspace,) = world.workspaces
    one, two, *_ = world.ids("contacts", workspace)
    (course,) = world.ids("courses", workspace)
    (location,) = world.ids("fulfillment_locations", workspace)
    to = {"contact_id": one, "location_id": location}
    lines = {"included_orders_invoices_line_items_attributes": [{"id": 7, "quantity": 1}]}
    product = world.create("products", workspace, name="Mug")
    hook = world.create("webhook_endpoints", workspace, name="h", url="https://h.org/1")
    shipped = world.create("fulfillments", workspace, **to)
    at, hooks = f"/workspaces/{workspace}", "/webhooks/outgoing/endpoints"
    field, new = "contact[first_name]=New", {"url": "https://h.org/2", "name": "h2"}
    wanted = [
        ("create", "contacts", ["POST", f"{at}/contacts", "-f", field]),
        ("update", "contacts", ["PUT", f"/contacts/{one}", "-f", field]),
        ("upsert", "contacts",
         ["POST", f"{at}/contacts/upsert", "-f", "contact[email_address]=n@e.org"]),
        ("delete", "contacts", ["DELETE", f"/contacts/{two}"]),
        ("create", "products", ["POST", f"{at}/products", "-f", "product[name]=Cup"]),
        ("archive", "products", ["POST", f"/products/{product}/archive"]),
        ("unarchive", "products", ["POST", f"/products/{product}/unarchive"]),
        ("create", "fulfillments",
         ["POST", f"{at}/fulfillments", *posted(tmp_path, "fulfillment", to | lines)]),
        ("cancel", "fulfillments", ["POST", f"/fulfillments/{shipped}/cancel"]),
        ("create", "enrollments",
         ["POST", f"/courses/{course}/enrollments",
          *posted(tmp_path, "courses_enrollment", {"contact_id": one})]),
        ("create", "webhook_endpoints",
         ["POST", at + hooks, *posted(tmp_path, "webhooks_outgoing_endpoint", new)]),
        ("delete", "webhook_endpoints", ["DELETE", f"{hooks}/{hook}"]),
        ("create", "images",
         ["POST", f"{at}/images", "-f", "image[upload_source_url]=https://e.org/logo.png"]),
    ]  # fmt: skip

    with running(world) as served:
        answers = cfsync_api(served.api, tmp_path, [arguments for *_, arguments in wanted])

    made = [(entry.verb, entry.resource) for entry in world.ledger.writes()]
    assert made == [(verb, resource) for verb, resource, _ in wanted]
    assert {answer["status"] for answer in answers} <= {200, 201, 204}


def test_a_refused_call_gives_the_servers_words(cfsync: Command, world: World) -> None:
    path = f"/workspaces/{world.workspaces[0]}/contacts/tags"

    done = cfsync("api", "POST", path, "-f", "contacts_tag[color]=#111111")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.said[0].startswith(f"POST {path}: refused (422): ")
    assert "name" in done.said[0]
