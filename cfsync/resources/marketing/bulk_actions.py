"""The log of what was done to many contacts at once. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

CONTACT_TAG_ACTIONS = Resource(
    name="contact_tag_actions",
    body_key="contacts_tag_action",
    parent="workspaces",
    list_path="/workspaces/{parent}/contacts/tag_actions",
    one_path="/contacts/tag_actions/{id}",
    group="all",
    insert="create",
    delete=True,
    natural=("action_type", "target_all", "scheduled_for"),
    push=False,
    fields=table("""
        id                integer
        public_id         text?
        workspace_id      integer     ref=workspaces
        tag_ids           json        create! set ref=contact_tags
        action_type       text        create
        filter_id         integer?    ref=refine_filters
        target_all        boolean?    create
        target_ids        json?       create ref=contacts
        target_count      integer?
        performed_count   integer?
        created_by_id     integer?
        approved_by_id    integer?
        scheduled_for     timestamp?  create
        started_at        timestamp?
        completed_at      timestamp?
        created_at        timestamp?
        updated_at        timestamp?
        stable_id         text        create write-only
        stored_filter_id  text        create write-only ref=refine_filters
    """),
)

CONTACT_ENROLL_ACTIONS = Resource(
    name="contact_enroll_actions",
    body_key="contacts_enroll_action",
    parent="workspaces",
    list_path="/workspaces/{parent}/contacts/enroll_actions",
    one_path="/contacts/enroll_actions/{id}",
    group="all",
    insert="create",
    delete=True,
    natural=("target_all", "scheduled_for"),
    push=False,
    fields=table("""
        id                integer
        public_id         text?
        workspace_id      integer     ref=workspaces
        course_ids        json?       create set ref=courses
        section_ids       json?       create set ref=course_sections
        filter_id         integer?    ref=refine_filters
        target_all        boolean?    create
        target_ids        json?       create ref=contacts
        target_count      integer?
        performed_count   integer?
        created_by_id     integer?
        scheduled_for     timestamp?  create
        started_at        timestamp?
        completed_at      timestamp?
        created_at        timestamp?
        updated_at        timestamp?
        stable_id         text        create write-only
        stored_filter_id  text        create write-only ref=refine_filters
    """),
)

CONTACT_RUN_WORKFLOW_ACTIONS = Resource(
    name="contact_run_workflow_actions",
    body_key="contacts_run_workflow_action",
    parent="workspaces",
    list_path="/workspaces/{parent}/contacts/run_workflow_actions",
    one_path="/contacts/run_workflow_actions/{id}",
    group="all",
    insert="create",
    delete=True,
    natural=("workflow_id",),
    push=False,
    fields=table("""
        id                integer
        public_id         text?
        workspace_id      integer     ref=workspaces
        workflow_id       integer     create! ref=workflows
        force_run         boolean?    create
        filter_id         integer?    ref=refine_filters
        target_all        boolean?    create
        target_ids        json?       create ref=contacts
        target_count      integer?
        performed_count   integer?
        created_by_id     integer?
        approved_by_id    integer?
        scheduled_for     timestamp?  create
        started_at        timestamp?
        completed_at      timestamp?
        created_at        timestamp?
        updated_at        timestamp?
        stable_id         text        create write-only
        stored_filter_id  text        create write-only ref=refine_filters
    """),
)

CONTACT_UNSUBSCRIBE_ACTIONS = Resource(
    name="contact_unsubscribe_actions",
    body_key="contacts_unsubscribe_action",
    parent="workspaces",
    list_path="/workspaces/{parent}/contacts/unsubscribe_actions",
    one_path="/contacts/unsubscribe_actions/{id}",
    group="all",
    insert="create",
    delete=True,
    natural=("target_all", "scheduled_for"),
    push=False,
    fields=table("""
        id                integer
        public_id         text?
        workspace_id      integer     ref=workspaces
        filter_id         integer?    ref=refine_filters
        target_all        boolean?    create
        target_ids        json?       create ref=contacts
        target_count      integer?
        performed_count   integer?
        created_by_id     integer?
        approved_by_id    integer?
        scheduled_for     timestamp?  create
        started_at        timestamp?
        completed_at      timestamp?
        created_at        timestamp?
        updated_at        timestamp?
        stable_id         text        create write-only
        stored_filter_id  text        create write-only ref=refine_filters
    """),
)

CONTACT_EXPORT_ACTIONS = Resource(
    name="contact_export_actions",
    body_key="contacts_export_action",
    parent="workspaces",
    list_path="/workspaces/{parent}/contacts/export_actions",
    one_path="/contacts/export_actions/{id}",
    group="all",
    insert="create",
    delete=True,
    natural=("target_all", "scheduled_for"),
    push=False,
    fields=table("""
        id                integer
        public_id         text?
        workspace_id      integer     ref=workspaces
        fields            json?       create!
        file_url          text?
        filter_id         integer?    ref=refine_filters
        target_all        boolean?    create
        target_ids        json?       create ref=contacts
        target_count      integer?
        performed_count   integer?
        created_by_id     integer?
        approved_by_id    integer?
        scheduled_for     timestamp?  create
        started_at        timestamp?
        completed_at      timestamp?
        created_at        timestamp?
        updated_at        timestamp?
        stable_id         text        create write-only
        stored_filter_id  text        create write-only ref=refine_filters
    """),
)
