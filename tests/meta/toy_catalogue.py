"""Two more entries for the catalogue, and all else that a new resource needs.

Import it before anything that reads the catalogue, in a process of its own: `toy_passes` follows.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cfsync.resources import ALL, RESOURCES
from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

if TYPE_CHECKING:
    import sqlalchemy as sa

    from cfsync.sandbox.seeds.records import Seed

MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"

GADGETS = Resource(
    name="gadgets",
    body_key="gadget",
    parent="workspaces",
    list_path="/workspaces/{parent}/gadgets",
    one_path="/gadgets/{id}",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    events=("gadget.created", "gadget.updated", "gadget.deleted"),
    pull_every="7m",
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     ref=workspaces
        contact_id    integer?    create update ref=contacts
        name          text        create! update
        price         money?      create update
        sold          integer
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

PARTS = Resource(
    name="gadget_parts",
    body_key="gadgets_part",
    parent="gadgets",
    list_path="/gadgets/{parent}/parts",
    one_path="/gadgets/parts/{id}",
    insert="create",
    update=True,
    refuse_delete="parts are never taken off",
    natural=("label",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     path ref=workspaces
        gadget_id     integer     ref=gadgets
        label         text        create! update
        sizes         json?       create update
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

for toy in (GADGETS, PARTS):
    ALL[toy.name] = RESOURCES[toy.name] = toy


def gadget(seed: Seed) -> dict[str, Any]:
    return {"name": f"gadget {seed.index}", "price": "9.50", "sold": seed.chance % 100}


def part(seed: Seed) -> dict[str, Any]:
    return {"gadget_id": seed.parent("gadgets"), "label": f"part {seed.index}", "sizes": [1, 2]}


SEEDS = {"gadgets": gadget, "gadget_parts": part}
SIZES = {"gadgets": 45, "gadget_parts": 60}


def migration(conn: sa.Connection) -> None:
    """What a migration for them does: tables with ids like those of every other table."""
    from cfsync.mirror.db.tables import TABLES

    frozen = MIGRATIONS.joinpath(f"0001_tables_{conn.dialect.name}.sql").read_text()
    (id_,) = set(re.findall(r"^    id (.*?),\n    public_id ", frozen, re.MULTILINE | re.DOTALL))
    for name in SEEDS:
        columns = [(c.name, c.type.compile(conn.dialect)) for c in TABLES[name].columns]
        lines = ", ".join(f'"{column}" {type_}' for column, type_ in columns if column != "id")
        conn.exec_driver_sql(f"CREATE TABLE {name} (id {id_}, {lines})")
