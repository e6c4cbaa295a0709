"""Uploaded images. Field facts: the API's OpenAPI document, version 2.0.0."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

IMAGES = Resource(
    name="images",
    body_key="image",
    parent="workspaces",
    list_path="/workspaces/{parent}/images",
    one_path="/images/{id}",
    insert="create",
    update=True,
    delete=True,
    natural=("name", "alt_text"),
    fields=table("""
        id                 integer
        public_id          text?
        url                text
        workspace_id       integer     ref=workspaces
        alt_text           text?       create update
        name               text?       create update
        created_at         timestamp?
        updated_at         timestamp?
        upload_source_url  text        create! update write-only
    """),
)
