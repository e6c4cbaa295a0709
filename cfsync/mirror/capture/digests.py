"""Digests of the statements of the capture: to make all of them takes longer than a quiet pull.

`make docs` rewrites them, and a test compares them with the statements.
"""

from __future__ import annotations

DIGESTS = {
    "postgresql": "aad9bf283ac94a4b0d8a646894d8ae04e0cf0d5b6041b153f4a040aaf716de0e",
    "sqlite": "cfc4196b6837ccb4c58d01e6e47d19fe7076e71d298639ac75692310e38d5a60",
}
"""By the kind of database."""
