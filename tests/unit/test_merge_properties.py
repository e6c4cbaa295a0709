"""What holds for every merge, whatever the three legs are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from cfsync.merge import FieldEdit, Merged, Policy, merge
from cfsync.records import ABSENT
from cfsync.resources.field_table import table
from cfsync.resources.model import Resource
from cfsync.values import equal, normal_map

quick = settings(max_examples=40, deadline=None, database=None)

THINGS = Resource(
    name="things",
    body_key="thing",
    parent=None,
    list_path="/things",
    one_path="/things/{id}",
    fields=table("""
        id           integer
        updated_at   timestamp?
        name         text?       create update
        amount       money?      create update
        starts_at    timestamp?  create update
        address      json?       create update
        attributes   json        create update map
        tag_ids      json        create update set
        notify       boolean     create update write-only
    """),
)
EDITABLE = tuple(f.name for f in THINGS.fields[2:])

times = st.sampled_from([f"2025-05-21T12:00:0{i}.000Z" for i in range(3)])
keys = st.sampled_from(["size", "hat", "Favourite Colour", "favourite_colour"])
shown_keys = st.sampled_from(["size", "hat", "favourite_colour", "utm__source", "größe"])
tags = st.lists(st.integers(1, 5), unique=True)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from([None, "", "Ann", "Bea", "Cid"]),
    "amount": st.sampled_from([None, "0", "1", "1.0", "1.00", "2"]),
    "starts_at": st.none() | times,
    "address": st.sampled_from([None, {}, {"a": 1, "b": [2]}, {"b": [2], "a": 1}, {"a": None}]),
    "tag_ids": tags,
}
attributes = st.dictionaries(keys, st.sampled_from([None, "", "S", "M"]))
shown_attributes = st.dictionaries(shown_keys, st.sampled_from(["", "S", "M"]))


class Case(NamedTuple):
    base: dict[str, Any]
    local: dict[str, Any]
    remote: dict[str, Any]
    edits: dict[str, FieldEdit]
    policy: Policy

    def merge(self) -> Merged:
        return merge(THINGS, **self._asdict())


mirrored = st.fixed_dictionaries(
    {**VALUES, "attributes": attributes | shown_attributes, "notify": st.none() | st.booleans()}
)
shown = st.fixed_dictionaries(
    {**VALUES, "attributes": shown_attributes, "id": st.just(5), "updated_at": st.none() | times}
)
policies = st.sampled_from(["clickfunnels", "local", "newest", "hold"])
held = st.frozensets(st.sampled_from(["name", "amount", "attributes.size", "attributes.hat"]))


def edit_of(name: str) -> st.SearchStrategy[FieldEdit]:
    values = VALUES.get(name, attributes if name == "attributes" else st.none())
    return st.builds(
        FieldEdit, at=times, sent=st.just(ABSENT) | values, parked=st.booleans(), held=held
    )


edits = st.fixed_dictionaries({}, optional={name: edit_of(name) for name in EDITABLE})


@st.composite
def all_legs(draw: st.DrawFn) -> Case:
    """ClickFunnels never takes a key away: at most its value becomes ''."""
    base, local, remote = draw(shown), draw(mirrored), draw(shown)
    remote["attributes"] = dict.fromkeys(base["attributes"], "") | remote["attributes"]
    return Case(base, local, remote, draw(edits), draw(policies))


cases = all_legs()


@quick
@given(cases)
def test_without_edits_the_merge_is_what_clickfunnels_shows(case: Case):
    assert case._replace(edits={}).merge() == Merged(case.remote, {}, ())


@quick
@given(cases)
def test_a_field_without_an_edit_is_never_sent_and_takes_the_remote_value(case: Case):
    result = case.merge()

    assert result.send.keys() <= case.edits.keys()
    for name in case.remote.keys() - case.edits.keys():
        assert result.row[name] == case.remote[name]


@quick
@given(cases)
def test_nothing_is_sent_that_clickfunnels_has(case: Case):
    for name, value in case.merge().send.items():
        assert not equal(THINGS.by_name[name], value, case.remote.get(name, ABSENT))


@quick
@given(cases)
def test_what_is_sent_of_a_field_with_one_value_is_what_the_row_holds(case: Case):
    result = case.merge()

    for name in result.send.keys() - {"attributes"}:
        assert result.send[name] == result.row[name]


@quick
@given(cases)
def test_what_waits_for_a_human_is_not_sent(case: Case):
    result = case.merge()

    for name, edit in case.edits.items():
        assert not {name} & edit.held & result.send.keys()
        for key in ("size", "hat"):
            if f"{name}.{key}" in edit.held and name in result.send:
                assert result.send[name].get(key, "") == case.remote[name].get(key, "")


@quick
@given(cases)
def test_a_conflict_keeps_all_three_values(case: Case):
    for conflict in case.merge().conflicts:
        kept = (conflict.base, conflict.local, conflict.remote)
        name, _, key = conflict.field.partition(".")
        base, local, remote = (leg[name] for leg in case[:3])
        if key:
            known = {*base, *remote}
            base, remote, local = (normal_map(m, known).get(key, "") for m in (base, remote, local))
        assert kept == (base, local, remote)
        assert remote not in (base, local)


@quick
@given(cases)
def test_the_loser_of_a_conflict_is_in_neither_the_row_nor_the_call(case: Case):
    result = case.merge()

    for conflict in (c for c in result.conflicts if "." not in c.field):
        winner = conflict.remote if conflict.winner == "clickfunnels" else conflict.local
        assert result.row[conflict.field] == winner
        assert (conflict.field in result.send) <= (conflict.winner == "local")


@quick
@given(cases)
def test_a_second_merge_of_the_same_finds_no_conflict_and_sends_the_same(case: Case):
    first = case.merge()
    waiting = frozenset(c.field for c in first.conflicts if c.winner == "hold")
    edits = {n: replace(e, held=e.held | waiting) for n, e in case.edits.items()}

    second = Case(case.remote, {**case.local, **first.row}, case.remote, edits, case.policy).merge()

    assert second == Merged(first.row, first.send, ())


@quick
@given(cases)
def test_a_local_edit_is_sent_or_in_the_row_or_kept_in_a_conflict(case: Case):
    result = case.merge()
    kept = {c.field: c.local for c in result.conflicts}

    for name in case.edits.keys() - {"attributes", "tag_ids", "notify"}:
        field, mine = THINGS.by_name[name], case.local[name]
        if not equal(field, mine, case.base[name]):
            assert equal(field, result.row[name], mine) or kept[name] == mine


@quick
@given(tags, tags, tags)
def test_a_set_keeps_every_addition_of_both_sides_and_loses_no_removal(
    base: list[int], local: list[int], remote: list[int]
):
    values = [{"tag_ids": leg} for leg in (base, local, remote)]

    result = Case(*values, {"tag_ids": FieldEdit("")}, "clickfunnels").merge()

    before, ours, theirs = set(base), set(local), set(remote)
    merged = set(result.row["tag_ids"])
    assert (ours | theirs) - before <= merged
    assert not merged & ((before - ours) | (before - theirs))
    assert before & ours & theirs <= merged
    assert merged <= ours | theirs


@quick
@given(tags, tags, tags, st.data())
def test_a_set_whose_call_did_a_part_and_was_lost_ends_as_the_user_has_it(
    base: list[int], wanted: list[int], local: list[int], data: st.DataObject
):
    """Members go one by one. Nobody else writes, so the last word of the user stands."""
    differing = sorted(set(base) ^ set(wanted))
    done = data.draw(st.sets(st.sampled_from(differing)) if differing else st.just(set()))
    remote = sorted(set(base) ^ done)
    values = [{"tag_ids": leg} for leg in (base, local, remote)]

    result = Case(*values, {"tag_ids": FieldEdit("", sent=wanted)}, "clickfunnels").merge()

    assert result.row["tag_ids"] == sorted(local)
    assert result.conflicts == ()


@quick
@given(cases)
def test_a_map_never_loses_a_key_of_clickfunnels_that_was_not_touched_here(case: Case):
    result = case.merge()
    base, remote = case.base["attributes"], case.remote["attributes"]
    local = normal_map(case.local["attributes"], {*base, *remote})

    edit = case.edits.get("attributes")
    for key in remote if edit is None or edit.sent is ABSENT else ():
        if local.get(key, "") == base.get(key, ""):
            assert result.row["attributes"][key] == remote[key]
            assert result.send.get("attributes", remote)[key] == remote[key]


@quick
@given(shown_attributes, attributes, shown_attributes, policies)
def test_a_map_sends_no_key_that_nobody_touched_here(
    base: dict[str, str], local: dict[str, str], remote: dict[str, str], policy: Policy
):
    values = [{"attributes": leg} for leg in (base, local, remote)]

    result = Case(*values, {"attributes": FieldEdit("")}, policy).merge()

    ours = normal_map(local, {*base, *remote})
    sent = result.send.get("attributes", remote)
    changed = {k for k in sent.keys() | remote.keys() if sent.get(k, "") != remote.get(k, "")}
    assert changed <= {k for k in base.keys() | ours.keys() if base.get(k, "") != ours.get(k, "")}
    assert remote.keys() <= sent.keys()
