"""A fake ClickFunnels, served over HTTP on loopback for rehearsals, tests and the demo.

    with running(World(contacts=200)) as server:
        api = server.api                          # the base URL; server.gateway: its other form
        workspace = server.world.workspaces[0]
        contact = server.world.ids("contacts", workspace)[0]
        server.world.edit("contacts", contact, first_name="Ada")         # as a person would
        server.world.fault("reset_after", method="POST", path="/contacts")
        ...
        assert len(server.world.ledger.writes("contacts", "create")) == 1

The token is `TOKEN`. Read from the bottom up; an import only ever goes down this list:

    server/     requests from the network to answers on the network; control of a running sandbox
    world       `World`: an account, the faults in force, the rate limit and the webhook courier
    faults/     what can go wrong with an answer or with a webhook
    api/        one request of the API to its answer, without a network and without faults
    account/    the records, the API's rules for writing them, and what people do in the app
    seeds/      records to start with, computed from a seed
"""

from __future__ import annotations

from cfsync.sandbox.account.account import TOKEN
from cfsync.sandbox.account.ledger import Entry
from cfsync.sandbox.faults.fault import Fault
from cfsync.sandbox.server.server import Running, running, serve
from cfsync.sandbox.world import World

__all__ = ["TOKEN", "Entry", "Fault", "Running", "World", "running", "serve"]
