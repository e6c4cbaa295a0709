"""The diagrams of docs/tables.md show every table, and every reference between them."""

from __future__ import annotations

from cfsync.resources import RESOURCES
from tests.meta import entities


def test_every_table_belongs_to_one_area_that_is_drawn() -> None:
    found = entities.areas()

    assert found.keys() == RESOURCES.keys()
    assert set(found.values()) == set(entities.TITLES)


def test_every_table_and_reference_is_drawn_once() -> None:
    text = entities.diagrams()

    for name, resource in RESOURCES.items():
        for column, of in resource.references.items():
            if of in RESOURCES and of != "workspaces":
                end = f"--o{{ {name} : {column}\n"
                assert text.count(end) == 1, end
        assert f" {name}" in text or f"--o{{ {name}" in text
