"""Booked appointments. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

APPOINTMENTS = Resource(
    name="appointments",
    body_key="appointments_scheduled_event",
    parent="workspaces",
    list_path="/workspaces/{parent}/appointments/scheduled_events",
    one_path="/appointments/scheduled_events/{id}",
    group="standard",
    has_get=False,
    events=(
        "appointments/scheduled_event.created",
        "appointments/scheduled_event.canceled",
        "appointments/scheduled_event.rescheduled",
    ),
    pull_every="15m",
    fields=table("""
        id                  integer
        public_id           text?
        workspace_id        integer     ref=workspaces
        start_on            timestamp
        end_on              timestamp?
        status              text?
        max_invitees        integer?
        order_id            text?       ref=orders
        comments            text?
        tzid                text?
        created_at          timestamp?
        updated_at          timestamp?
        event_type          json?
        primary_contact     json?       quote
        primary_contact_id  integer?    ref=contacts from=primary_contact
    """),
)
