"""The account itself: teams and workspaces. Field facts: the API's OpenAPI document, version 2.0.0."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

TEAMS = Resource(
    name="teams",
    body_key="team",
    parent=None,
    list_path="/teams",
    one_path="/teams/{id}",
    update=True,
    push=False,
    scope=True,
    refuse_delete="a team can't be deleted through the API",
    fields=table("""
        id          integer
        public_id   text?
        name        text        update
        time_zone   text?       update
        locale      text        update
        created_at  timestamp?
        updated_at  timestamp?
        billing_subscriptions  json?  quote
        memberships            json?  quote
    """),
)

WORKSPACES = Resource(
    name="workspaces",
    body_key="workspace",
    parent="teams",
    list_path="/teams/{parent}/workspaces",
    one_path="/workspaces/{id}",
    update=True,
    push=False,
    scope=True,
    refuse_delete="a workspace can't be deleted through the API",
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     path ref=workspaces
        team_id       integer     ref=teams
        name          text        create update
        subdomain     text        create update
        created_at    timestamp?
        updated_at    timestamp?
    """),
)
