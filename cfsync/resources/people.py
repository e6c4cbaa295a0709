"""People: contacts and their tags. Field facts: the API's OpenAPI document, version 2.0.0."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

CONTACT_TAGS = Resource(
    name="contact_tags",
    body_key="contacts_tag",
    parent="workspaces",
    list_path="/workspaces/{parent}/contacts/tags",
    one_path="/contacts/tags/{id}",
    insert="create",
    update=True,
    delete=True,
    filters=("id", "name"),
    natural=("name",),
    unique="name",
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     ref=workspaces
        name          text        create! update
        color         text        create update
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

CONTACTS = Resource(
    name="contacts",
    body_key="contact",
    parent="workspaces",
    list_path="/workspaces/{parent}/contacts",
    one_path="/contacts/{id}",
    insert="upsert",
    update=True,
    delete=True,
    actions={
        "upsert": Action("POST", "/workspaces/{parent}/contacts/upsert"),
        "gdpr_destroy": Action("DELETE", "/contacts/{id}/gdpr_destroy"),
    },
    filters=("email_address", "id"),
    upsert_key="email_address",
    unique="email_address",
    natural=("email_address", "first_name", "last_name", "phone_number"),
    events=(
        "contact.created",
        "contact.updated",
        "contact.deleted",
        "contact.identified",
    ),
    pull_every="1m",
    filter_class="ContactsFilter",
    unfiltered={"anonymous": "", "first_name": "REDACTED"},
    fields=table("""
        id                               integer
        public_id                        text?
        workspace_id                     integer     ref=workspaces
        anonymous                        integer?
        email_address                    text?       create update email
        first_name                       text?       create update
        last_name                        text?       create update
        phone_number                     text?       create update
        time_zone                        text?       create update
        uuid                             text
        unsubscribed_at                  timestamp?
        last_notification_email_sent_at  timestamp?
        fb_url                           text?       create update
        twitter_url                      text?       create update
        instagram_url                    text?       create update
        linkedin_url                     text?       create update
        website_url                      text?       create update
        created_at                       timestamp?
        updated_at                       timestamp?
        tags                             json?       quote
        custom_attributes                json        create update map
        visits                           json?       quote
        avatar_image                     json        quote
        tag_ids                          json        create update write-only ref=contact_tags from=tags set via=contact_applied_tags:tag_id bulk=contact_tag_actions
        is_active                        boolean?
        email_suppression_reason         text?
        deleted_at                       timestamp?
    """),
)

CONTACT_APPLIED_TAGS = Resource(
    name="contact_applied_tags",
    body_key="contacts_applied_tag",
    parent="contacts",
    list_path="/contacts/{parent}/applied_tags",
    one_path="/contacts/applied_tags/{id}",
    insert="create",
    delete=True,
    filters=("id", "tag_id"),
    natural=("tag_id",),
    events=("contacts/applied_tag.created", "contacts/applied_tag.deleted"),
    mirrored=False,
    fields=table("""
        id          integer
        public_id   text?
        contact_id  integer     ref=contacts
        tag_id      integer     create! ref=contact_tags
        created_at  timestamp?
        updated_at  timestamp?
        tag         json        quote
        contact     json?       quote
    """),
)
