"""Lists that are none like the others: whole, in an object, with one record, or the only place that
shows a record.
"""

from __future__ import annotations

import pytest

from tests.sync.conftest import Round

SIZES = {
    "bare": True,
    "teams": 1,
    "workspaces": 2,
    "contacts": 4,
    "domains": 50,
    "refine_filters": 50,
    "appointments": 60,
    "styles": 4,
    "site": 2,
    "email_settings": 2,
    "communities": 2,
    "community_space_groups": 2,
    "community_spaces": 2,
    "community_posts": 4,
    "community_post_likes": 8,
}

pytestmark = pytest.mark.parametrize("sizes", [SIZES], ids=["odd"])


@pytest.fixture
def odd(round_: Round) -> Round:
    round_.settings["CFSYNC_API__MIRROR"] = "all"
    return round_


def here(round_: Round, name: str) -> list[int]:
    """The ids of the account's records of that resource, of all workspaces."""
    return sorted(i for w in round_.world.workspaces for i in round_.world.ids(name, w))


@pytest.mark.parametrize("name", ["domains", "refine_filters"])
@pytest.mark.parametrize("comes_whole", [True, False], ids=["whole", "in pages"])
def test_a_list_without_pages_is_read_whole_whatever_the_server_makes_of_it(
    odd: Round, name: str, comes_whole: bool
) -> None:
    odd.world.whole_lists = comes_whole
    odd.backfill(name)
    assert odd.ids(name) == here(odd, name)

    workspace = odd.workspace
    changed, gone = odd.world.ids(name, workspace)[3:5]
    odd.world.edit(name, changed, name="changed")
    made = odd.world.create(name, workspace, name="new")
    odd.world.delete(name, gone)
    report = odd.pull(name)

    assert report.exit_code == 0
    assert odd.one(f"SELECT name FROM {name} WHERE id = ?", changed) == "changed"
    assert odd.one(f"SELECT name FROM {name} WHERE id = ?", made) == "new"

    odd.sweep(name)
    odd.sweep(name)
    assert odd.ids(name) == here(odd, name)


@pytest.mark.parametrize(
    ("name", "column"), [("site", "name"), ("email_settings", "unsubscribe_footer")]
)
def test_the_one_record_of_a_workspace_is_its_row_and_can_be_changed(
    odd: Round, name: str, column: str
) -> None:
    odd.backfill(name)
    first, second = odd.world.workspaces
    assert odd.sql(f"SELECT id, workspace_id FROM {name} ORDER BY id") == [
        (w, w) for w in sorted([first, second])
    ]

    odd.sql(f"UPDATE {name} SET {column} = 'ours' WHERE id = ?", first)
    odd.push(name)
    (ours,), (others,) = (odd.world.records(name, w) for w in (first, second))
    odd.world.edit(name, odd.world.ids(name, second)[0], **{column: "theirs"})
    assert odd.pull(name).exit_code == 0

    assert ours[column] == "ours"
    assert others[column] != "ours"
    assert odd.column(f"SELECT {column} FROM {name} WHERE id = ?", second) == ["theirs"]
    assert odd.sweep(name).quiet


def test_a_record_that_only_its_list_shows_comes_changes_and_leaves(odd: Round) -> None:
    odd.backfill("appointments")
    assert odd.ids("appointments") == here(odd, "appointments")

    changed, gone = odd.world.ids("appointments", odd.workspace)[10:12]
    odd.world.edit("appointments", changed, status="canceled")
    odd.world.delete("appointments", gone)
    odd.pull("appointments")
    assert odd.one("SELECT status FROM appointments WHERE id = ?", changed) == "canceled"

    odd.sweep("appointments")
    odd.sweep("appointments")
    assert odd.ids("appointments") == here(odd, "appointments")


def test_the_last_records_of_such_a_list_leave_too(odd: Round) -> None:
    odd.backfill()
    for id_ in odd.world.ids("styles", odd.workspace):
        odd.world.delete("styles", id_)
    odd.sweep()
    odd.sweep()

    assert odd.ids("styles") == here(odd, "styles")


def test_a_like_is_made_and_taken_back_by_sql(odd: Round) -> None:
    odd.backfill()
    post = odd.one("SELECT min(id) FROM community_posts")
    workspace = odd.one("SELECT workspace_id FROM community_posts WHERE id = ?", post)
    contact = odd.one("SELECT max(id) FROM contacts WHERE workspace_id = ?", workspace)
    before = odd.world.ids("community_post_likes", post)
    odd.sql("INSERT INTO community_post_likes (post_id, contact_id) VALUES (?, ?)", post, contact)
    odd.push("community_post_likes")
    (made,) = set(odd.world.ids("community_post_likes", post)) - set(before)
    assert odd.one("SELECT contact_id FROM community_post_likes WHERE id = ?", made) == contact

    odd.clock.go_on(3600)
    odd.sql("DELETE FROM community_post_likes WHERE id = ?", made)
    odd.push("community_post_likes")

    assert odd.world.ids("community_post_likes", post) == before
    assert odd.one("SELECT count(*) FROM cf_waiting") == 0
