"""Digests of the statements of the capture: to make all of them takes longer than a quiet pull.

`make docs` rewrites them, and a test compares them with the statements.
"""

from __future__ import annotations

DIGESTS = {
    "postgresql": "f1d74fbf29556ed9c73b36145c1bfe0c57b5ab7dc3e6a09e939d3364c9c02608",
    "sqlite": "14de58aff6a5b02842fa933755ecfa66b5d083eeac36d59a917cf9e4f7bfccd1",
}
"""By the kind of database."""
