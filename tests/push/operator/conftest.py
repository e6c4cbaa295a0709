"""The account of tests/push with another mirror than its own: a restored one, or one that moved."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest

from cfsync.mirror.db.engine import Mirror
from tests.conftest import Sql
from tests.push.conftest import Account, now, settings_for


@pytest.fixture
def opened(account: Account) -> Iterator[Callable[[str], Account]]:
    """`opened(url)`: the account with the mirror that is there."""
    with ExitStack() as stack:

        def open_at(url: str) -> Account:
            mirror = stack.enter_context(closing(Mirror.open(url, must_exist=True, clock=now)))
            sql = Sql(url, "postgres")
            stack.enter_context(closing(sql.conn))
            return replace(
                account, mirror=mirror, sql=sql, settings=settings_for(account.served, url)
            )

        yield open_at
