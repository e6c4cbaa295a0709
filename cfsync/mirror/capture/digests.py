"""Digests of the statements of the capture: to make all of them takes longer than a quiet pull.

`make docs` rewrites them, and a test compares them with the statements.
"""

from __future__ import annotations

DIGESTS = {
    "postgresql": "2c79163ba6d43eccb8ae7926839ca8a0a2eee081f5e3ff1c99ec9a26fb609a4d",
    "sqlite": "372a7f7dcc6c1b75afc6ed6373a4eecf5442b3d5b2ec03fc2619faab93d42702",
}
"""By the kind of database."""
