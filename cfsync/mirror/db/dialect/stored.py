"""How a database holds a kind of value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Stored:
    """How a database holds a kind of value. The converters never get NULL; None: nothing to do."""

    type: sa.types.TypeEngine[Any]
    #: canonical value (`cfsync.values`) -> what the driver takes
    to_driver: Callable[[Any], Any] | None = None
    #: what the driver returns -> canonical value
    from_driver: Callable[[Any], Any] | None = None
