"""Automations and the contacts' passes through them. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

WORKFLOWS = Resource(
    name="workflows",
    body_key="workflow",
    parent="workspaces",
    list_path="/workspaces/{parent}/workflows",
    one_path="/workflows/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    actions={
        "enable": Action("POST", "/workflows/{id}/enable", does="lets it run"),
        "disable": Action("POST", "/workflows/{id}/disable", does="stops it"),
    },
    fields=table("""
        id                    integer
        public_id             text?
        workspace_id          integer    ref=workspaces
        name                  text       create! update
        status                text
        disabled              boolean
        archived              boolean    update
        run_type              text
        active_runs_count     integer
        completed_runs_count  integer
        created_at            timestamp
        updated_at            timestamp
    """),
)

WORKFLOW_TRIGGERS = Resource(
    name="workflow_triggers",
    body_key="workflows_trigger",
    parent="workflows",
    list_path="/workflows/{parent}/triggers",
    one_path="/workflows/triggers/{id}",
    group="all",
    insert="create",
    update=True,
    delete=True,
    natural=("event_type_key",),
    fields=table("""
        id                                integer
        public_id                         text?
        workspace_id                      integer    path ref=workspaces
        workflow_id                       integer    ref=workflows
        event_type_key                    text?      create! update
        event_type_name                   text?
        active                            boolean    create update
        allow_anonymous_contacts          boolean    create update
        subscription_cancelation_reason   text?      create update
        contacts_tag_id                   integer?   create update ref=contact_tags
        funnel_id                         integer?   create update ref=funnels
        page_id                           integer?   create update ref=pages
        product_id                        integer?   create update ref=products
        cancellation_product_id           integer?   create update ref=products
        product_variant_id                integer?   create update ref=product_variants
        cancellation_product_variant_id   integer?   create update ref=product_variants
        subscription_variant_to_id        integer?   create update ref=product_variants
        sales_pipelines_id                integer?   create update ref=sales_pipelines
        current_sales_pipelines_stage_id  integer?   create update ref=sales_stages
        appointments_calendar_id          integer?   create update
        appointments_event_type_id        integer?   create update
        course_id                         integer?   create update ref=courses
        courses_lesson_id                 integer?   create update ref=course_lessons
        courses_section_id                integer?   create update ref=course_sections
        community_id                      integer?   create update ref=communities
        communities_space_id              integer?   create update ref=community_spaces
        communities_space_group_id        integer?   create update ref=community_space_groups
        emails_broadcasts_id              integer?   create update ref=email_broadcasts
        calendar_event_id                 integer?   create update
        survey_workflow_id                integer?   create update
        workflows_step_id                 integer?   create update ref=workflow_steps
        created_at                        timestamp
        updated_at                        timestamp
    """),
)

WORKFLOW_STEPS = Resource(
    name="workflow_steps",
    body_key="workflows_step",
    parent="workflows",
    list_path="/workflows/{parent}/steps",
    one_path="/workflows/steps/{id}",
    group="all",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id                   integer
        public_id            text?
        workspace_id         integer    path ref=workspaces
        workflow_id          integer    ref=workflows
        step_type            text
        name                 text       create update
        sort_order           integer
        state                text
        parent_step_id       integer?   create update ref=workflow_steps
        branch               text?      create update
        convergence_step_id  integer?   ref=workflow_steps
        step_type_settings   json       create! update
        created_at           timestamp
        updated_at           timestamp
        position             integer    create update write-only
        after_step_id        text       create update write-only ref=workflow_steps
    """),
)

WORKFLOW_RUNS = Resource(
    name="workflow_runs",
    body_key="run",
    parent="workflows",
    list_path="/workflows/{parent}/runs",
    one_path="/workflows/runs/{id}",
    group="standard",
    insert="create",
    filters=("contact_id", "status"),
    natural=("contact_id",),
    pull_every="15m",
    fields=table("""
        id                  integer
        public_id           text?
        workspace_id        integer     path ref=workspaces
        workflow_id         integer     ref=workflows
        contact_id          integer?    create! ref=contacts
        current_step_id     integer?    ref=workflow_steps
        event_id            integer?
        type                text?
        status              text
        skip_communication  boolean     create
        completed_at        timestamp?
        paused_at           timestamp?
        created_at          timestamp
        updated_at          timestamp
    """),
)
