"""How news is sent: webhook endpoints, the types of events, and the events log. Field facts: the API's OpenAPI document, version 2.0.0."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

WEBHOOK_ENDPOINTS = Resource(
    name="webhook_endpoints",
    body_key="webhooks_outgoing_endpoint",
    parent="workspaces",
    list_path="/workspaces/{parent}/webhooks/outgoing/endpoints",
    one_path="/webhooks/outgoing/endpoints/{id}",
    insert="create",
    update=True,
    delete=True,
    natural=("url", "name"),
    fields=table("""
        id              integer
        public_id       text?
        workspace_id    integer     ref=workspaces
        url             text        create! update
        name            text        create! update
        event_type_ids  json?       create update
        api_version     integer?
        created_at      timestamp?
        updated_at      timestamp?
        page_ids        json        create update ref=pages
        funnel_ids      json        create update ref=funnels
        webhook_secret  text?       secret
    """),
)

WEBHOOK_EVENTS = Resource(
    name="webhook_events",
    body_key="webhooks_outgoing_event",
    parent="workspaces",
    list_path="/workspaces/{parent}/webhooks/outgoing/events",
    one_path="/webhooks/outgoing/events/{id}",
    mirrored=False,
    fields=table("""
        id             integer
        public_id      text?
        workspace_id   integer     ref=workspaces
        uuid           text?
        event_type_id  text?
        subject_id     integer
        subject_type   text?
        data           json
        api_version    integer?
        created_at     timestamp?
        page           json?       quote
        funnel         json?       quote
    """),
)

WEBHOOK_EVENT_TYPES = Resource(
    name="webhook_event_types",
    body_key="webhooks_outgoing_event_type",
    parent=None,
    list_path="/webhooks/outgoing/event_types",
    one_path="/webhooks/outgoing/event_types/{id}",
    group="all",
    refuse_insert="it is ClickFunnels' own list",
    pull_every="24h",
    key=("id",),
    has_get=False,
    whole=True,
    fields=table("""
        id     integer  path
        name   text     from=id
        topic  text
    """),
)
