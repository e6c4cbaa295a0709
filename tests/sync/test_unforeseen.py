"""A pass that dies of an error which nobody foresaw is a failed one, and says where it died."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cfsync.errors import description, located
from cfsync.sync.health_facts import problems

FIELDS = {"contacts": "first_name", "products": "name"}


def failed(round_: Any, name: str) -> str:
    """The error of the last run of a pass, which failed."""
    state, error = round_.sql(
        f"SELECT state, error FROM cf_runs WHERE pass = '{name}' ORDER BY id DESC LIMIT 1"
    )[0]
    assert state == "failed"
    return str(error)


def test_a_dead_pass_is_failed_and_names_what_it_wrote(round_: Any) -> None:
    round_.backfill()
    contact = round_.ids("contacts")[0]
    round_.world.edit("contacts", contact, first_name="Ann")
    round_.sql("DROP TABLE cf_found")

    with pytest.raises(Exception):  # noqa: B017, PT011
        round_.pull()

    error = failed(round_, "pull")
    assert error.startswith("unexpected ")
    assert "cf_found" in error
    assert f", at contacts {contact} to " in error
    assert ", at cfsync.mirror." in error
    assert "the last pull failed" in asyncio.run(problems(round_.mirror, round_.configured()))


def test_a_dead_pass_of_one_resource_is_a_problem_until_that_is_pulled(round_: Any) -> None:
    round_.backfill()
    for name in ("contacts", "products"):
        round_.world.create(name, round_.workspace, **{FIELDS[name]: "New"})
    round_.sql("ALTER TABLE cf_found RENAME TO away")
    with pytest.raises(Exception):  # noqa: B017, PT011
        round_.pull("contacts")
    round_.sql("ALTER TABLE away RENAME TO cf_found")

    def found() -> list[str]:
        return asyncio.run(problems(round_.mirror, round_.configured()))

    assert "the last pull of contacts failed" in found()
    round_.clock.go_on(1)
    round_.pull("products")
    assert "the last pull of contacts failed" in found()
    round_.pull("contacts")
    assert found() == []


def test_a_dead_push_names_the_record(round_: Any) -> None:
    round_.backfill()
    (contact,) = round_.sql("SELECT min(id) FROM contacts")[0]
    round_.sql(f"UPDATE contacts SET first_name = 'Ann' WHERE id = {contact}")
    round_.sql("ALTER TABLE cf_base RENAME COLUMN lane TO way")

    with pytest.raises(Exception):  # noqa: B017, PT011
        round_.push()

    assert f", at contacts {contact}" in failed(round_, "push")


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ('relation "cf_found" does not exist', 'relation "cf_found" does not exist'),
        (
            'invalid input syntax for type bigint: "Ada"',
            "invalid input syntax for type bigint: ...",
        ),
        ("no such table: cf_found\nDETAIL: Ada", "no such table: cf_found"),
        ("ada@example.com is taken", "... is taken"),
    ],
)
def test_the_words_of_the_database_show_no_values(words: str, shown: str) -> None:
    class DriverError(Exception):
        orig = words

    assert description(DriverError()) == f"unexpected DriverError: {shown}"


def test_the_innermost_place_is_named_and_words_from_elsewhere_are_not() -> None:
    with pytest.raises(KeyError) as raised, located("list contacts"), located("contacts 7"):
        raise KeyError("ada@example.com")

    group = ExceptionGroup("several", [raised.value])
    assert description(group).startswith(f"unexpected KeyError, at {__name__}:")
    assert description(group).endswith(", at contacts 7")
