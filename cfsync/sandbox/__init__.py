"""A fake ClickFunnels over real HTTP on loopback, for rehearsals, tests and the demo.

    with running(World(contacts=200)) as server:
        api = server.api                          # the base URL; server.gateway: its other form
        workspace = server.world.workspaces[0]
        contact = server.world.ids("contacts", workspace)[0]
        server.world.edit("contacts", contact, first_name="Ada")         # as a person would
        server.world.fault("reset_after", method="POST", path="/contacts")
        ...
        assert len(server.world.ledger.writes("contacts", "create")) == 1

The token is `TOKEN`. `World` is the state and has no network; `Fault` and `kinds` say what can go
wrong; `world.courier` brings events to webhook endpoints on loopback; `control` offers the same
over HTTP to tests in another process.
"""

from __future__ import annotations

from cfsync.sandbox.account.ledger import Entry
from cfsync.sandbox.faults.faults import Fault
from cfsync.sandbox.server.server import Running, running, serve
from cfsync.sandbox.world import TOKEN, World

__all__ = ["TOKEN", "Entry", "Fault", "Running", "World", "running", "serve"]
