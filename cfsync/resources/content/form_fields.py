"""What forms ask and what was answered. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

FORM_FIELD_SETS = Resource(
    name="form_field_sets",
    body_key="forms_field_set",
    parent="forms",
    list_path="/forms/{parent}/field_sets",
    one_path="/forms/field_sets/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("title",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     path ref=workspaces
        form_id       integer     ref=forms
        title         text        create! update
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

FORM_FIELDS = Resource(
    name="form_fields",
    body_key="forms_field",
    parent="form_field_sets",
    list_path="/forms/field_sets/{parent}/fields",
    one_path="/forms/fields/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("label", "key"),
    fields=table("""
        id              integer
        public_id       text?
        workspace_id    integer     path ref=workspaces
        field_set_id    integer     ref=form_field_sets
        label           text        create! update
        field_type      text?       create update
        allow_multiple  boolean?    create update
        key             text        create! update
        hidden          boolean?    create update
        sort_order      integer?
        created_at      timestamp?
        updated_at      timestamp?
    """),
)

FORM_FIELD_OPTIONS = Resource(
    name="form_field_options",
    body_key="forms_fields_option",
    parent="form_fields",
    list_path="/forms/fields/{parent}/options",
    one_path="/forms/fields/options/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("label",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     path ref=workspaces
        field_id      integer     ref=form_fields
        label         text        create! update
        sort_order    integer?
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

FORM_ANSWERS = Resource(
    name="form_answers",
    body_key="forms_submissions_answer",
    parent="submissions",
    list_path="/forms/submissions/{parent}/answers",
    one_path="/forms/submissions/answers/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("field_id",),
    pull_every="15m",
    fields=table("""
        id                 integer
        public_id          text?
        workspace_id       integer     path ref=workspaces
        submission_id      integer     ref=submissions
        field_id           integer     create! update ref=form_fields
        fields_option_id   integer?    create update ref=form_field_options
        entry              text?       create update
        fields_option_ids  json?       create update set ref=form_field_options
        created_at         timestamp?
        updated_at         timestamp?
    """),
)
