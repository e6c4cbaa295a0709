from __future__ import annotations

from typing import Any

import pytest

from cfsync.json_types import as_shown
from cfsync.resources.model import Field


@pytest.mark.parametrize(
    ("field", "value", "shown", "sent"),
    [
        (Field("interval_count", "text"), "2", 1, 2),
        (Field("interval_count", "text"), "two", 1, "two"),
        (Field("interval_count", "text"), "02", 1, "02"),
        (Field("anonymous", "text"), "false", True, False),
        (Field("weight", "number"), 7.5, "92.0", "7.5"),
        (Field("sort_order", "integer"), 3, "2", "3"),
        (Field("amount", "money"), "13.50", 12, 13.5),
        (Field("visible", "boolean"), False, 1, 0),
        (Field("visible", "boolean"), True, "false", "true"),
        (Field("tag_ids", "json", merge="set"), [1, 2], ["1"], ["1", "2"]),
        (Field("weight", "number"), None, "92.0", None),
    ],
)
def test_a_value_is_sent_as_the_json_type_that_was_shown(
    field: Field, value: Any, shown: Any, sent: Any
):
    found = as_shown(field, value, shown)

    assert found == sent
    assert type(found) is type(sent)
