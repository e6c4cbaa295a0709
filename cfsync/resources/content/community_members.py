"""Members of communities, bans and their exports. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

COMMUNITY_MEMBERSHIPS = Resource(
    name="community_memberships",
    body_key="communities_membership",
    parent="communities",
    list_path="/communities/{parent}/memberships",
    one_path="/communities/memberships/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("contact_id",),
    pull_every="15m",
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer    path ref=workspaces
        community_id  integer    ref=communities
        moderator     boolean?   create update
        created_at    timestamp
        updated_at    timestamp
        contact       json?      quote
        contact_id    integer    create! write-only ref=contacts from=contact
        space_ids     json       create update write-only ref=community_spaces
    """),
)

COMMUNITY_BANS = Resource(
    name="community_bans",
    body_key="communities_ban",
    parent="communities",
    list_path="/communities/{parent}/bans",
    one_path="/communities/bans/{id}",
    group="all",
    insert="create",
    delete=True,
    natural=("contact_id",),
    fields=table("""
        id             integer
        public_id      text?
        workspace_id   integer    path ref=workspaces
        community_id   integer    ref=communities
        bannable_type  text
        bannable_id    integer
        banned_by_id   integer    ref=community_memberships
        reason         text?      create
        created_at     timestamp
        updated_at     timestamp
        contact        json?      quote
        contact_id     integer    create! write-only ref=contacts from=contact
    """),
)

COMMUNITY_MEMBERSHIP_EXPORTS = Resource(
    name="community_membership_exports",
    body_key="communities_memberships_export_action",
    parent="communities",
    list_path="/communities/{parent}/memberships/export_actions",
    one_path="/communities/memberships/export_actions/{id}",
    group="all",
    insert="create",
    natural=("target_all",),
    push=False,
    fields=table("""
        id               integer
        public_id        text?
        workspace_id     integer     path ref=workspaces
        community_id     integer     ref=communities
        target_all       boolean     create
        target_ids       json        create
        failed_ids       json
        target_count     integer?
        performed_count  integer?
        started_at       timestamp?
        completed_at     timestamp?
        created_at       timestamp
        updated_at       timestamp
        status           text
        fields           json        create
    """),
)

COMMUNITY_BAN_EXPORTS = Resource(
    name="community_ban_exports",
    body_key="communities_bans_export_action",
    parent="communities",
    list_path="/communities/{parent}/bans/export_actions",
    one_path="/communities/bans/export_actions/{id}",
    group="all",
    insert="create",
    natural=("target_all",),
    push=False,
    fields=table("""
        id               integer
        public_id        text?
        workspace_id     integer     path ref=workspaces
        community_id     integer     ref=communities
        target_all       boolean     create
        target_ids       json        create
        failed_ids       json
        target_count     integer?
        performed_count  integer?
        started_at       timestamp?
        completed_at     timestamp?
        created_at       timestamp
        updated_at       timestamp
        status           text
        fields           json        create
    """),
)
