"""Backfill: complete, resumable, and followed by pulls without a gap."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cfsync.errors import MirrorError, TokenRefused, UnknownResource, UnknownWorkspace
from cfsync.resources import RESOURCES
from cfsync.sync import passes
from tests.conftest import SQLITE_ONLY
from tests.sync.conftest import Round, a_few_of_everything


@a_few_of_everything
def test_every_record_of_every_resource_is_mirrored(round_: Round) -> None:
    report = round_.backfill()

    assert report.state == "done"
    for resource in (r for r in RESOURCES.values() if r.group == "core"):
        listed = {
            record["id"]: record
            for parent in (round_.ids(resource.parent) if resource.parent else [0])
            for record in round_.world.records(resource.name, parent)
        }
        assert listed
        assert round_.ids(resource.name) == sorted(listed)


@a_few_of_everything
def test_children_carry_their_parent_and_workspace(round_: Round) -> None:
    round_.backfill()

    for resource in RESOURCES.values():
        if resource.parent_field:
            query = f"SELECT count(*) FROM {resource.name} WHERE {resource.parent_field} IS NULL"
            assert round_.one(query) == 0
        if resource.in_workspace:
            assert (
                round_.one(f"SELECT count(*) FROM {resource.name} WHERE workspace_id IS NULL") == 0
            )


def test_values_arrive_as_sent(round_: Round) -> None:
    contact = round_.world.ids("contacts", round_.workspace)[0]
    round_.world.edit(
        "contacts", contact, first_name="Zoë 🦊", custom_attributes={"b": "1", "a": ""}
    )

    round_.backfill("contacts")

    first, attributes, updated_at, tag_ids = round_.sql(
        "SELECT first_name, custom_attributes, updated_at, tag_ids FROM contacts WHERE id = ?",
        contact,
    )[0]
    shown = round_.world.get("contacts", contact)
    assert shown is not None
    assert first == "Zoë 🦊"
    assert _json(attributes) == {"b": "1", "a": ""}
    assert _json(tag_ids) == sorted(t["id"] for t in shown["tags"])
    assert _time(updated_at) == shown["updated_at"]


def test_a_second_backfill_brings_only_news(round_: Round) -> None:
    round_.backfill()
    round_.settle()
    new = round_.world.create("contacts", round_.workspace, email_address="n@example.com")

    report = round_.backfill()

    assert report.total("new") == 1
    assert new in round_.ids("contacts")


def test_restart_walks_every_list_from_its_beginning(round_: Round) -> None:
    round_.backfill("contacts")

    again = round_.backfill("contacts", restart=True)

    assert again.counts["contacts"] == {"unchanged": 45}


def test_an_empty_account_is_done_at_once(round_: Round) -> None:
    for contact in round_.world.ids("contacts", round_.workspace):
        round_.world.delete("contacts", contact)

    assert round_.backfill("contacts").state == "done"
    assert round_.ids("contacts") == []


def test_a_change_made_while_the_walk_runs_is_not_missed(round_: Round) -> None:
    """The walk is stopped while its second page is slow, and goes on behind the change. Nothing but
    the watermark leads back to it.
    """
    round_.settings["CFSYNC_PULL__OVERLAP"] = "0s"
    early = round_.world.ids("contacts", round_.workspace)[0]
    round_.world.fault("slow", path="contacts.*after=", seconds=0.5)

    stopped = round_.run(
        passes.backfill, ["contacts"], stop_when=lambda: early in round_.ids("contacts")
    )
    round_.world.edit("contacts", early, first_name="Later")
    round_.backfill("contacts")

    assert stopped.state == "stopped"
    assert len(round_.ids("contacts")) == 45
    assert round_.one("SELECT first_name FROM contacts WHERE id = ?", early) != "Later"
    round_.pull("contacts")
    assert round_.one("SELECT first_name FROM contacts WHERE id = ?", early) == "Later"


@SQLITE_ONLY
def test_a_page_that_the_mirror_refused_is_read_again(round_: Round) -> None:
    """The place behind a page is saved with its records or not at all."""
    odd = round_.world.ids("contacts", round_.workspace)[25]
    refuse = "SELECT RAISE(ABORT, 'not this one')"
    round_.sql(
        "CREATE TRIGGER mine BEFORE INSERT ON cf_checkpoints"
        f" WHEN EXISTS (SELECT 1 FROM contacts WHERE id = {odd}) BEGIN {refuse}; END"
    )
    with pytest.raises(MirrorError):
        round_.backfill("contacts")
    assert odd not in round_.ids("contacts")

    round_.sql("DROP TRIGGER mine")
    round_.backfill("contacts")

    assert round_.ids("contacts") == round_.world.ids("contacts", round_.workspace)


def test_only_the_named_workspace_is_walked(round_: Round) -> None:
    other = round_.world.create("workspaces", round_.world.ids("teams")[0], name="Other")
    round_.world.create("contacts", other, email_address="x@example.com")

    round_.backfill("contacts", workspace=str(other))

    assert round_.column("SELECT DISTINCT workspace_id FROM contacts") == [other]


def test_what_can_not_be_used_is_refused(round_: Round) -> None:
    with pytest.raises(UnknownResource, match="'contact'"):
        round_.backfill("contact")
    with pytest.raises(UnknownWorkspace, match="77"):
        round_.backfill(workspace="77")
    round_.settings["CFSYNC_API__TOKEN"] = "wrong"
    with pytest.raises(TokenRefused):
        round_.backfill()


def test_a_mirror_of_other_teams_is_refused(round_: Round) -> None:
    round_.backfill("contacts")
    round_.sql("UPDATE cf_meta SET value = '[999]' WHERE key = 'teams'")

    with pytest.raises(MirrorError, match="holds team 999"):
        round_.pull("contacts")


def test_a_token_that_reaches_nothing_says_so(round_: Round) -> None:
    round_.world.add_token("none", workspaces=[])
    round_.settings["CFSYNC_API__TOKEN"] = "none"

    with pytest.raises(TokenRefused, match="no workspace"):
        round_.backfill()


def test_a_refused_list_is_said_and_the_others_go_on(round_: Round) -> None:
    round_.world.fault("status", status=403, path="/contacts(\\?|$)", times=None)

    report = round_.backfill("contacts", "contact_tags", "products")

    assert report.unreachable == [f"contacts/{round_.workspace}"]
    assert report.exit_code == 5


@pytest.mark.parametrize(
    ("value", "kept"),
    [({"a": 1}, '{"a":1}'), ("\x00", '"\\u0000"'), ("\ud800", '"\\ud800"'), (["a"], '["a"]')],
    ids=["object", "NUL", "lone surrogate", "list"],
)
def test_a_value_that_no_column_holds_is_kept_in_the_base(
    round_: Round, value: object, kept: str
) -> None:
    contact = round_.world.ids("contacts", round_.workspace)[0]
    round_.world.fault("body", times=None, ids=(contact,), fields={"first_name": value})

    assert round_.backfill("contacts").state == "done"

    assert round_.one("SELECT first_name FROM contacts WHERE id = ?", contact) is None
    body = round_.one("SELECT body FROM cf_base WHERE resource = 'contacts' AND id = ?", contact)
    assert f'"first_name":{kept}' in body.replace(": ", ":").replace(", ", ",")
    assert ("contacts", "first_name", "unholdable", contact) in round_.sql(
        "SELECT resource, field, kind, record_id FROM cf_notes"
    )


def test_a_year_out_of_range_is_null_and_noted(round_: Round) -> None:
    contact = round_.world.ids("contacts", round_.workspace)[0]
    fields = {"unsubscribed_at": "0000-01-01T00:00:00.000Z", "brand_new": {"x": 1}}
    round_.world.fault("body", times=None, ids=(contact,), fields=fields)

    round_.backfill("contacts")

    assert round_.one("SELECT unsubscribed_at FROM contacts WHERE id = ?", contact) is None
    assert round_.sql("SELECT field, kind FROM cf_notes ORDER BY field") == [
        ("brand_new", "unknown"),
        ("unsubscribed_at", "unholdable"),
    ]


def _json(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _time(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)
