"""What keeps a transaction from its end. `Dialect.explained` turns a driver's error into one."""

from __future__ import annotations

from cfsync.errors import MirrorError


class Away(MirrorError):
    """The database can't be used just now: not reached, its disk full. Later it may."""


class Busy(Away):
    """Other programs held what a transaction needed, at every try; later it may work."""


class Constrained(MirrorError):
    """A constraint that somebody else put on the mirror's tables refuses a row."""
