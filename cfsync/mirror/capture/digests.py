"""Digests of the statements of the capture: to make all of them takes longer than a quiet pull.

`make docs` rewrites them, and a test compares them with the statements.
"""

from __future__ import annotations

DIGESTS = {
    "postgresql": "991594aca6e9a655c6c39c1a22b600a87228c98b51214d601d94193b103b803e",
    "sqlite": "21d8b67be5a610c21e591db9c00a94b66fe0027ad2ae2999dbe991ff9f1f6bbb",
}
"""By the kind of database."""
