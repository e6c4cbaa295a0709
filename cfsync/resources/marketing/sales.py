"""Sales: pipelines, stages and opportunities. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

SALES_PIPELINES = Resource(
    name="sales_pipelines",
    body_key="sales_pipeline",
    parent="workspaces",
    list_path="/workspaces/{parent}/sales/pipelines",
    one_path="/sales/pipelines/{id}",
    group="standard",
    insert="create",
    update=True,
    filters=("id",),
    natural=("name",),
    fields=table("""
        id                 integer
        public_id          text?
        workspace_id       integer     ref=workspaces
        name               text        create! update
        created_at         timestamp?
        updated_at         timestamp?
        total_value        integer?
        stages             json?       quote
        stages_attributes  json        create! update write-only
    """),
)

SALES_STAGES = Resource(
    name="sales_stages",
    body_key="sales_pipelines_stage",
    parent="sales_pipelines",
    list_path="/sales/pipelines/{parent}/stages",
    one_path="/sales/pipelines/stages/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("id",),
    natural=("name", "close_probability"),
    fields=table("""
        id                 integer
        public_id          text?
        workspace_id       integer?    ref=workspaces
        pipeline_id        integer     ref=sales_pipelines
        name               text        create! update
        sort_order         integer?    create update
        close_probability  number      create! update
        opportunity_ids    json?       ref=sales_opportunities
        created_at         timestamp?
        updated_at         timestamp?
        total_value        integer?    quote
        weighted_value     money?      quote
    """),
)

SALES_OPPORTUNITIES = Resource(
    name="sales_opportunities",
    body_key="sales_opportunity",
    parent="workspaces",
    list_path="/workspaces/{parent}/sales/opportunities",
    one_path="/sales/opportunities/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("id", "pipeline_id", "pipelines_stage_id", "primary_contact_id", "assignee_id"),
    natural=("name", "pipelines_stage_id", "primary_contact_id"),
    events=(
        "sales/opportunity.created",
        "sales/opportunity.updated",
        "sales/opportunity.deleted",
        "sales/opportunity.closed",
        "sales/opportunity.moved_stage",
    ),
    pull_every="5m",
    fields=table("""
        id                  integer
        public_id           text?
        name                text        create! update
        workspace_id        integer     ref=workspaces
        pipeline_id         integer?    ref=sales_pipelines
        pipelines_stage_id  integer     create! update ref=sales_stages
        primary_contact_id  integer     create! update ref=contacts
        value               money?      create update
        sort_order          integer?
        closed_at           timestamp?  create update
        created_at          timestamp?
        updated_at          timestamp?
        pipeline            json        quote
        pipelines_stage     json        quote
        primary_contact     json        quote
        assignee_id         integer?    create update ref=team_memberships
        notes               json?       quote
    """),
)

SALES_OPPORTUNITY_NOTES = Resource(
    name="sales_opportunity_notes",
    body_key="sales_opportunities_note",
    parent="sales_opportunities",
    list_path="/sales/opportunities/{parent}/notes",
    one_path="/sales/opportunities/notes/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("id", "created_by_id"),
    natural=("content",),
    fields=table("""
        id              integer
        public_id       text?
        workspace_id    integer     path ref=workspaces
        opportunity_id  integer     ref=sales_opportunities
        content         text        create! update
        created_by_id   integer?    create update ref=team_memberships
        created_at      timestamp?
        updated_at      timestamp?
    """),
)
