"""Saved filters. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

REFINE_FILTERS = Resource(
    name="refine_filters",
    body_key="refine_filter",
    parent="workspaces",
    list_path="/workspaces/{parent}/refine_filters",
    one_path="/refine_filters/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("name",),
    whole=True,
    natural=("name",),
    fields=table("""
        id            integer
        public_id     text
        workspace_id  integer    ref=workspaces
        name          text?      create update
        filter_class  text?      create
        conjunction   text       create update
        criteria      json       create! update
        created_at    timestamp
        updated_at    timestamp
    """),
)
