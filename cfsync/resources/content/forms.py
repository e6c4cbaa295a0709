"""What visitors fill in: forms and their submissions. Field facts: the API's OpenAPI document, version 2.0.0."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

FORMS = Resource(
    name="forms",
    body_key="form",
    parent="workspaces",
    list_path="/workspaces/{parent}/forms",
    one_path="/forms/{id}",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     ref=workspaces
        name          text        create! update
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

SUBMISSIONS = Resource(
    name="submissions",
    body_key="forms_submission",
    parent="forms",
    list_path="/forms/{parent}/submissions",
    one_path="/forms/submissions/{id}",
    insert="create",
    update=True,
    delete=True,
    natural=("contact_id",),
    pull_every="5m",
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     path ref=workspaces
        form_id       integer     ref=forms
        contact_id    integer?    create update ref=contacts
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

FORM_SUBMISSIONS = Resource(
    name="form_submissions",
    body_key="form_submission",
    parent="workspaces",
    list_path="/workspaces/{parent}/form_submissions",
    one_path="/form_submissions/{id}",
    filters=("id", "contact_id", "page_id"),
    events=("form_submission.created",),
    pull_every="5m",
    fields=table("""
        id            integer
        public_id     text?
        contact_id    integer?    create update ref=contacts
        workspace_id  integer     ref=workspaces
        page_id       integer?    create update ref=pages
        created_at    timestamp?
        updated_at    timestamp?
        data          json        create update
    """),
)
