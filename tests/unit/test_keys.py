"""Records without a number: each gets one from its text, and a path names it by its text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cfsync.decode import decode_record
from cfsync.records import Listing, is_provisional
from cfsync.resources import ALL
from cfsync.resources.keys import number, of

CODES = st.from_regex(r"[A-Z1-9][A-Z0-9]{0,8}", fullmatch=True)


def test_the_numbers_stay_as_they_are():
    assert [number(text) for text in ("US", "DE", "contact.created")] == [
        1108,
        482,
        518816705322922,
    ]


@given(CODES)
def test_a_path_names_a_country_by_its_code(code: str):
    assert of(ALL["countries"], number(code)) == code
    assert of(ALL["orders"], number(code)) == number(code)


@given(st.text(min_size=1))
def test_a_number_is_an_id(text: str):
    assert number(text) > 0
    assert not is_provisional(number(text))


def test_a_text_id_stands_in_a_column_of_its_own():
    event = decode_record(ALL["webhook_event_types"], {"id": "contact.created", "topic": "contact"})

    assert event.values == {
        "id": number("contact.created"),
        "name": "contact.created",
        "topic": "contact",
    }
    assert (event.unknown, event.noted) == ((), ())


def test_regions_without_a_code_are_told_apart_by_their_names():
    place = Listing("regions", number("DE"))
    bodies = [{"country_code": "DE", "code": None, "name": name} for name in ("Hesse", "Bavaria")]

    found = [decode_record(ALL["regions"], body, place) for body in bodies]

    assert found[0].id != found[1].id
    assert {record.values["country_id"] for record in found} == {number("DE")}
