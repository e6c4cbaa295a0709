"""Digests of the statements of the capture: to make all of them takes longer than a quiet pull.

`make docs` rewrites them, and a test compares them with the statements.
"""

from __future__ import annotations

DIGESTS = {
    "postgresql": "717c0db6029fad043f0a89a6540daaac52106e4c05176e1db0050a2ebe5d4e6a",
    "sqlite": "e5903efb231913fbf9d0ef42f1921428f19fce9809fff8d21bedc46f7eede4c3",
}
"""By the kind of database."""
