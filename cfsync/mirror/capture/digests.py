"""Digests of the statements of the capture: to make all of them takes longer than a quiet pull.

`make docs` rewrites them, and a test compares them with the statements.
"""

from __future__ import annotations

DIGESTS = {
    "postgresql": "10730606ba874fd16c9e499680a39141b828595d96d2ee6856e60d2078fd66f2",
    "sqlite": "7ab57beb5043941d8fca9fa613c8de5ce65ee257f5b6df7da8df38af395dfcd1",
}
"""By the kind of database."""
