"""Fields that ClickFunnels shows on request alone: the markup of a page, the body of a template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cfsync.api import Retry
from cfsync.config.sections import EXPANDABLE
from cfsync.sandbox import World
from tests.sync.conftest import Round

PAGES = "/pages/[0-9]"
FEW = {"bare": True, "pages": 3, "funnels": 1, "email_templates": 2, "blogs": 1, "blog_posts": 2}
FEW |= {"site": 1, "external_purchase_endpoints": 1, "external_purchase_events": 2}

pytestmark = pytest.mark.parametrize("sizes", [FEW], ids=["a few"])


@pytest.fixture
def round_(round_: Round) -> Round:
    """Beside the core, all that has such fields and what it lies in: no other list has a part."""
    for name in ("blogs", "external_purchase_endpoints", *(r.name for r in EXPANDABLE)):
        round_.settings[f"CFSYNC_RESOURCES__{name.upper()}__ENABLED"] = "true"
    return round_


def reads(world: World) -> int:
    """How many pages were read by themselves."""
    return sum(path.startswith("/pages/") for _, path, _ in world.ledger.calls)


def markup(round_: Round, page: int) -> str | None:
    found = round_.one("SELECT markup FROM pages WHERE id = ?", page)
    assert found is None or isinstance(found, str)
    return found


def test_the_mirror_has_them(round_: Round) -> None:
    round_.settings["CFSYNC_API__EXPAND"] = ",".join(r.name for r in EXPANDABLE)

    assert round_.backfill().is_done

    for resource in EXPANDABLE:
        (first, *_) = round_.ids(resource.name)
        record = round_.world.get(resource.name, first)
        for name in resource.on_request if not resource.single else ():
            kept = round_.one(f"SELECT {name} FROM {resource.name} WHERE id = ?", first)
            assert (kept is None) == ((record or {})[name] is None), name
    (page, *_) = round_.ids("pages")
    assert markup(round_, page) == (round_.world.get("pages", page) or {})["markup"]
    (head,) = round_.world.records("site", round_.workspace)
    assert round_.column("SELECT footer_code FROM site") == [head["footer_code"]]


def test_only_what_has_changed_is_read_again(round_: Round) -> None:
    round_.backfill()
    round_.settle()
    (page, *_) = round_.ids("pages")
    round_.world.ledger.clear()

    assert round_.pull().quiet
    assert round_.sweep().quiet
    assert reads(round_.world) == 0

    round_.world.edit("pages", page, markup="<h1>New</h1>")
    round_.clock.go_on(60)
    report = round_.pull()

    assert markup(round_, page) == "<h1>New</h1>"
    assert report.counts["pages"]["changed"] == 1
    assert reads(round_.world) == 1


def test_a_write_of_one_reaches_clickfunnels_and_shows_what_it_made_of_it(round_: Round) -> None:
    round_.backfill()
    (page, other, *_) = round_.ids("pages")
    before = markup(round_, other)

    round_.sql("UPDATE pages SET markup = '<p>Ours</p>' WHERE id = ?", page)
    round_.sql("UPDATE pages SET name = 'Renamed' WHERE id = ?", other)
    round_.sql("INSERT INTO pages (name, markup) VALUES ('Made', '<p>Made</p>')")
    assert round_.push().exit_code == 0

    (made,) = round_.column("SELECT id FROM pages WHERE name = 'Made'")
    assert (round_.world.get("pages", page) or {})["markup"] == "<p>Ours</p>"
    assert (round_.world.get("pages", made) or {})["markup"] == "<p>Made</p>"
    assert [markup(round_, i) for i in (page, other, made)] == [
        "<p>Ours</p>",
        before,
        "<p>Made</p>",
    ]
    assert round_.pull().exit_code == 0
    assert round_.sweep().exit_code == 0
    assert markup(round_, page) == "<p>Ours</p>"


def test_the_answer_to_a_create_is_kept_before_anything_else_is_read(round_: Round) -> None:
    round_.backfill()
    round_.world.ledger.clear()

    round_.sql("INSERT INTO pages (name, markup) VALUES ('Made', '<p>Made</p>')")
    assert round_.push().exit_code == 0

    (made,) = round_.column("SELECT id FROM pages WHERE name = 'Made'")
    assert reads(round_.world) == 0
    assert markup(round_, made) == "<p>Made</p>"
    assert round_.pull().exit_code == 0
    assert reads(round_.world) == 1
    assert markup(round_, made) == "<p>Made</p>"
    assert round_.one("SELECT count(*) FROM cf_conflicts") == 0


def test_a_change_in_clickfunnels_is_not_overwritten_unseen(round_: Round) -> None:
    round_.backfill()
    (page, *_) = round_.ids("pages")
    round_.sql("UPDATE pages SET markup = '<p>Ours</p>' WHERE id = ?", page)
    round_.world.edit("pages", page, markup="<p>Theirs</p>")

    round_.push()

    assert (round_.world.get("pages", page) or {})["markup"] == "<p>Theirs</p>"
    assert round_.column("SELECT field FROM cf_conflicts") == ["markup"]
    assert "<p>Ours</p>" in round_.one("SELECT local FROM cf_conflicts")
    assert markup(round_, page) == "<p>Theirs</p>"


@pytest.mark.parametrize("status", [500, 503])
def test_what_can_not_be_read_is_read_by_a_later_pass(round_: Round, status: int) -> None:
    round_ = replace(round_, retry=Retry(attempts=1))
    round_.world.fault("status", status=status, path=PAGES, times=None)

    report = round_.backfill()

    assert report.exit_code == 4
    assert len(report.problems) == 3
    assert len(round_.ids("funnels")) == 1
    round_.world.faults.clear()
    assert round_.pull().exit_code == 0
    assert all(markup(round_, page) for page in round_.ids("pages"))
    assert len(round_.ids("pages")) == 3


def test_a_stop_before_they_are_read_loses_no_record(round_: Round) -> None:
    def stops() -> Iterator[bool]:
        while reads(round_.world) == 0:
            yield False
        while True:
            yield True

    slow = round_.world.fault("slow", path=PAGES, times=None, seconds=0.2)
    states = stops()
    round_.settings["CFSYNC_API__MAX_CONCURRENCY"] = "1"
    round_.backfill(stop_when=lambda: next(states))
    assert slow.struck < 3

    round_.pull()

    assert len(round_.ids("pages")) == 3
    assert all(markup(round_, page) for page in round_.ids("pages"))


def test_where_the_request_by_name_is_refused_the_record_comes_without_them(
    round_: Round,
) -> None:
    round_.world.fault("status", status=403, path=r"/pages/\d+\?expand", times=None)

    assert round_.backfill().exit_code == 0

    assert len(round_.ids("pages")) == 3
    assert round_.column("SELECT markup FROM pages WHERE markup IS NOT NULL") == []


@pytest.mark.parametrize(("table", "field"), [("pages", "markup"), ("site", "footer_code")])
def test_what_is_refused_later_stays_as_it_was_until_it_is_shown_again(
    round_: Round, table: str, field: str
) -> None:
    round_.backfill()
    record = round_.world.ids(table, round_.workspace)[0]
    of = f"SELECT {field} FROM {table} WHERE name = ?"

    def edited(name: str, value: str) -> None:
        round_.world.edit(table, record, name=name, **{field: value})
        round_.clock.go_on(60)
        assert round_.pull().exit_code == 0
        assert round_.sweep().exit_code == 0

    edited("First", "before")
    assert round_.column(of, "First") == ["before"]
    refused = round_.world.fault("status", status=403, path=r"[?&]expand", times=None)
    edited("Second", "theirs")
    assert refused.struck
    assert round_.column(of, "Second") == ["before"]

    round_.world.faults.clear()
    assert round_.sweep().exit_code == 0
    assert round_.column(of, "Second") == ["theirs"]
    assert round_.one("SELECT count(*) FROM cf_conflicts") == 0


def test_without_the_setting_they_are_null_and_can_be_sent(round_: Round) -> None:
    round_.settings["CFSYNC_API__EXPAND"] = "none"
    round_.backfill()
    (page, *_) = round_.ids("pages")
    assert reads(round_.world) == 0
    assert markup(round_, page) is None

    round_.sql("UPDATE pages SET markup = '<p>Ours</p>' WHERE id = ?", page)
    assert round_.push().exit_code == 0

    assert (round_.world.get("pages", page) or {})["markup"] == "<p>Ours</p>"
    assert round_.one("SELECT count(*) FROM cf_conflicts") == 0
    round_.world.edit("pages", page, markup="<p>Theirs</p>")
    assert round_.pull().exit_code == 0
    assert markup(round_, page) is None


def test_a_table_that_is_named_no_longer_keeps_nothing_that_may_be_old(round_: Round) -> None:
    round_.settings["CFSYNC_RETENTION__CHANGES"] = "90d"
    round_.backfill()
    changed, same, *_ = round_.ids("pages")
    before = markup(round_, same)
    round_.settings["CFSYNC_API__EXPAND"] = "none"
    round_.world.edit("pages", changed, name="New", markup="<p>New</p>")

    assert round_.pull().exit_code == 0
    assert (markup(round_, changed), markup(round_, same)) == (None, before)
    assert round_.sweep().exit_code == 0
    assert (markup(round_, changed), markup(round_, same)) == (None, None)
    emptied = round_.column(
        "SELECT record_id FROM cf_feed WHERE resource = 'pages' AND side = 'local'"
        " AND source = 'settings' AND db_user = 'cfsync' ORDER BY record_id"
    )
    assert emptied == round_.ids("pages")
    (patch,) = round_.column(
        "SELECT patch FROM cf_feed WHERE side = 'clickfunnels' AND op = 'update'"
    )
    assert "name" in str(patch)
    assert "markup" not in str(patch)

    del round_.settings["CFSYNC_API__EXPAND"]
    assert round_.sweep().exit_code == 0
    assert (markup(round_, changed), markup(round_, same)) == ("<p>New</p>", before)
