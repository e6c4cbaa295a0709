"""Digests of the statements of the capture: to make all of them takes longer than a quiet pull.

`make docs` rewrites them, and a test compares them with the statements.
"""

from __future__ import annotations

DIGESTS = {
    "postgresql": "d689530d1f2aa9ca5f52ba571398582af050ae1e5cfe2239da788fb621294a5c",
    "sqlite": "20bf5f766ac90b496d337f9a577129f5e2f74dfd8f81e04574710dc316b030bb",
}
"""By the kind of database."""
