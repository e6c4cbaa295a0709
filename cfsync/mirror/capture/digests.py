"""Digests of the statements of the capture: to make all of them takes longer than a quiet pull.

`make docs` rewrites them, and a test compares them with the statements.
"""

from __future__ import annotations

DIGESTS = {
    "postgresql": "aad9bf283ac94a4b0d8a646894d8ae04e0cf0d5b6041b153f4a040aaf716de0e",
    "sqlite": "595906e398c01896f11514ecca6e66f3af5f25028f556627d35afaf0e0072c5f",
}
"""By the kind of database."""
