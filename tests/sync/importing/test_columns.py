"""Which field a column stands for."""

from __future__ import annotations

from typing import Any

import pytest

from cfsync.errors import UsageError
from cfsync.resources import RESOURCES
from cfsync.sync.importing.columns import (
    Columns,
    check_importable,
    importable,
    map_columns,
    renaming,
)


def mapped(columns: str, into: str = "contacts", **options: Any) -> Columns:
    given = {"match": None, "renamed": {}, "rest": None} | options
    return map_columns(RESOURCES[into], columns.split(","), **given)


def names(found: Columns) -> dict[str, str]:
    return {column: target.name for column, target in found.targets.items()}


def test_names_without_regard_to_case_spaces_and_underscores() -> None:
    found = mapped("EMAIL ADDRESS,firstName,Last-Name,custom_attributes.T-Shirt Size")

    assert names(found) == {
        "EMAIL ADDRESS": "email_address",
        "firstName": "first_name",
        "Last-Name": "last_name",
        "custom_attributes.T-Shirt Size": "custom_attributes.t_shirt_size",
    }
    assert found.key.name == "email_address"


def test_a_column_is_given_a_field_or_left_out() -> None:
    renamed = renaming(["E-Mail=email_address", "Size=custom_attributes.size", "Notes="])

    found = mapped("e-mail,size,Notes", renamed=renamed)

    assert names(found) == {"e-mail": "email_address", "size": "custom_attributes.size"}
    assert found.ignored == ("Notes",)


def test_other_columns_go_where_a_person_says() -> None:
    assert names(mapped("id,T-Shirt", rest="custom_attributes"))["T-Shirt"] == (
        "custom_attributes.t_shirt"
    )
    left = mapped("id,T-Shirt,created_at", rest="ignore")
    assert left.ignored == ("T-Shirt", "created_at")


@pytest.mark.parametrize(
    ("have", "match", "key"),
    [
        ("id,email_address", None, "email_address"),
        ("id,first_name", None, "id"),
        ("public_id,first_name", None, "public_id"),
        ("id,email_address", "id", "id"),
    ],
)
def test_what_rows_are_matched_by(have: str, match: str | None, key: str) -> None:
    rest = "ignore" if match is None else None
    assert mapped(have, match=match, rest=rest).key.name == key


@pytest.mark.parametrize(
    ("columns", "options", "words"),
    [
        ("email_address,T-Shirt", {}, "no field of contacts has the name T-Shirt"),
        ("email_address,Phone", {}, "--map 'Phone=phone_number'"),
        ("email_address,created_at", {}, "read-only in contacts: created_at"),
        ("email_address,created_at", {"rest": "custom_attributes"}, "read-only in contacts"),
        ("email_address,x", {"rest": "tags"}, "--rest of contacts is ignore or custom_attributes"),
        ("email_address,first_name,First Name", {}, "are both first_name"),
        ("email_address,Size!,size", {"rest": "custom_attributes"}, "are both custom_attributes"),
        ("E-Mail,x", {}, r"--map 'E-Mail=email_address'"),
        ("first_name", {"match": "first_name"}, "matched by email_address or id or public_id"),
        ("first_name", {"match": "id"}, "it must be id"),
        ("id", {"renamed": {"Name": "first_name"}}, "the file has no column Name; it has id"),
    ],
)
def test_what_is_refused_before_anything_is_written(
    columns: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        mapped(columns, **options)


def test_a_map_option_has_a_column_and_a_field() -> None:
    with pytest.raises(UsageError, match="COLUMN=FIELD, not 'x'"):
        renaming(["x"])


@pytest.mark.parametrize("name", RESOURCES)
def test_every_table_that_can_be_written_can_be_imported(name: str) -> None:
    resource = RESOURCES[name]

    assert importable(resource) == bool(resource.insert or resource.update)
    if importable(resource):
        assert mapped("id", name).key.name == "id"
    else:
        with pytest.raises(UsageError, match=f"nothing of {name} can be written"):
            check_importable(resource)
