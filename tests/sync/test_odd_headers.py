"""Headers that servers and proxies send, and that mean nothing or something plain."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import SQLITE_ONLY

pytestmark = SQLITE_ONLY  # the databases see nothing of them


@pytest.mark.parametrize(
    "headers",
    [
        *({"Pagination-Next": value} for value in ("", " ", "null", "NULL")),
        *({"Content-Encoding": value} for value in ("", "none", "identity", "gzip", "x-gzip")),
    ],
    ids=str,
)
def test_odd_headers_change_nothing(round_: Any, headers: dict[str, str]) -> None:
    round_.world.fault("headers", times=None, headers=headers)

    backfill = round_.backfill("contacts")
    first, second = round_.ids("contacts")[:2]
    round_.sql(f"UPDATE contacts SET first_name = 'Ada' WHERE id = {first}")
    round_.sql(f"DELETE FROM contacts WHERE id = {second}")  # answered 204, without a body
    pushed = round_.push()

    assert (backfill.exit_code, pushed.exit_code) == (0, 0)
    assert len(round_.ids("contacts")) == 44
    assert round_.world.get("contacts", first)["first_name"] == "Ada"
    assert round_.world.get("contacts", second) is None
    assert round_.column("SELECT DISTINCT state FROM cf_outbox") == ["done"]
