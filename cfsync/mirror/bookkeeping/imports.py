"""Imports: the edits that one `cfsync import` has made, by the name that they bear."""

from __future__ import annotations

import re

import sqlalchemy as sa

from cfsync.mirror.bookkeeping.outbox import OPEN_STATES, Edit
from cfsync.mirror.db.engine import Tx
from cfsync.mirror.db.tables import OUTBOX
from cfsync.mirror.progress import meta

_NAME = "cfsync import "


def name_of(number: int) -> str:
    """The `application` of its edits."""
    return f"{_NAME}{number}"


def number_of(edit: Edit) -> int | None:
    """The number of the import that has made an edit; None: none has."""
    found = re.fullmatch(rf"{_NAME}(\d+)", edit.application or "")
    return int(found[1]) if found else None


def new_number(tx: Tx) -> int:
    """A number for an import, which begin at 1."""
    return meta.increment(tx.conn, meta.IMPORT_NUMBER)


def waiting(tx: Tx) -> dict[int, int]:
    """Number of an import -> how many of its edits ClickFunnels has not confirmed."""
    query = (
        sa.select(OUTBOX.c.application, sa.func.count())
        .where(OUTBOX.c.state.in_(OPEN_STATES), OUTBOX.c.application.startswith(_NAME))
        .group_by(OUTBOX.c.application)
    )
    found = {name.removeprefix(_NAME): n for name, n in tx.conn.execute(query)}
    return {int(number): n for number, n in sorted(found.items()) if number.isdecimal()}
