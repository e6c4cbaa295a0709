"""Digests of the statements of the capture: to make all of them takes longer than a quiet pull.

`make docs` rewrites them, and a test compares them with the statements.
"""

from __future__ import annotations

DIGESTS = {
    "postgresql": "89b032d970a14c56fc5de17c717f754368b560b2de3040786716893f88946f0f",
    "sqlite": "90437b523bc4c4a47ccbc2d756daedcad70258fdde6a822298f3eb108870834e",
}
"""By the kind of database."""
