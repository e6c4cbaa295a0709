"""A fake ClickFunnels over real HTTP on loopback, for rehearsals, tests and the demo."""

from __future__ import annotations

from cfsync.sandbox.faults import Fault
from cfsync.sandbox.ledger import Entry
from cfsync.sandbox.server import Running, running, serve
from cfsync.sandbox.world import TOKEN, World

__all__ = ["TOKEN", "Entry", "Fault", "Running", "World", "running", "serve"]
