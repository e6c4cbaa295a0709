"""Who works in the account. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

TEAM_MEMBERSHIPS = Resource(
    name="team_memberships",
    body_key="membership",
    parent="teams",
    list_path="/teams/{parent}/memberships",
    one_path="/teams/{parent}/memberships/{id}",
    group="standard",
    has_get=False,
    refuse_insert="people are invited in the app",
    fields=table("""
        id                     integer
        public_id              text?
        team_id                integer?    ref=teams
        user_id                integer?
        user_first_name        text?
        user_last_name         text?
        user_profile_photo_id  text?
        user_email             text?
        added_by_id            integer?
        platform_agent_of_id   integer?
        role_ids               json?
        created_at             timestamp?
        updated_at             timestamp?
        user                   json        quote
    """),
)

USERS = Resource(
    name="users",
    body_key="user",
    parent=None,
    list_path="/users",
    one_path="/users/{id}",
    group="all",
    pull_every="24h",
    fields=table("""
        id          integer
        public_id   text?
        email       text
        first_name  text
        last_name   text
        time_zone   text?
        locale      text?
        created_at  timestamp?
        updated_at  timestamp?
    """),
)
