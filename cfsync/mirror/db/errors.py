"""Why a transaction failed. `Dialect.explained` turns a driver's error into one of these."""

from __future__ import annotations

from collections.abc import Mapping

from cfsync.errors import Interrupted, MirrorError, UsageError

NO_MIRROR = "no mirror at"
"""How the error begins where there is no database, or an empty one."""
NOT_OWNER = "this role may not do that; run `cfsync migrate` as the owner (deploy/roles.sql)"
"""What helps where PostgreSQL denies a role something."""
OWN_CONSTRAINT = "a constraint or trigger of your own refuses the row"
"""How the error begins of a row that a user's own constraint or trigger refuses."""


class Away(MirrorError):
    """The database can't be used at the moment: it is unreachable, or its disk is full. What was
    done is kept, and the same command may work later.
    """

    exit_code = Interrupted.exit_code


class Busy(Away):
    """Other programs held what a transaction needed, at every try. It may work later."""


class Replaced(Interrupted):
    """A file of the mirror was replaced or removed while it was open: what is written from here on
    would be lost with it.
    """

    def __init__(self, file: str) -> None:
        super().__init__(
            f"{file} was replaced or removed while cfsync had it open: nothing more is written to"
            " it; start again with the file that is there now"
        )


class Constrained(MirrorError):
    """A constraint or trigger that a user added to the mirror's tables refuses a row. `words`: the
    database's own.
    """

    def __init__(self, words: str) -> None:
        super().__init__(f"{OWN_CONSTRAINT}: {words}")
        self.words = words


class Undone(Exception):
    """A transaction that can't go on, since a row was refused too late or too thoroughly to leave
    out that row alone. `refused`: the database's words about each, by table and id.
    """

    def __init__(self, refused: Mapping[tuple[str, int], str]) -> None:
        super().__init__()
        self.refused = refused


def is_about_row(error: UsageError) -> bool:
    """Whether it concerns only the row that was to be written, so that others may still be; if not,
    the database as a whole can't be used.
    """
    return isinstance(error, (Busy, Constrained)) or not isinstance(error, MirrorError)
