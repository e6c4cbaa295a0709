"""Email: broadcasts, templates, topics and senders. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

EMAIL_DOMAINS = Resource(
    name="email_domains",
    body_key="emails_domain",
    parent="workspaces",
    list_path="/workspaces/{parent}/emails/domains",
    one_path="/emails/domains/{id}",
    group="standard",
    insert="create",
    natural=("name",),
    actions={
        "verify": Action(
            "POST", "/emails/domains/{id}/verify", does="checks its DNS records again"
        ),
    },
    fields=table("""
        id                       integer
        public_id                text?
        workspace_id             integer     ref=workspaces
        name                     text        create!
        ownership_verified       boolean
        verified                 boolean
        ready_for_sending        boolean
        dkim_verified            boolean
        spf_verified             boolean
        dmarc_verified           boolean
        smtp_verified            boolean
        return_address_verified  boolean
        dkim_record              json?
        spf_record               json?
        dmarc_record             json?
        return_address_record    json?
        next_steps               json
        created_at               timestamp?
        updated_at               timestamp?
    """),
)

EMAIL_ADDRESSES = Resource(
    name="email_addresses",
    body_key="emails_address",
    parent="workspaces",
    list_path="/workspaces/{parent}/emails/addresses",
    one_path="/emails/addresses/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("email_address",),
    natural=("name",),
    fields=table("""
        id                    integer
        public_id             text?
        workspace_id          integer     ref=workspaces
        email_address         text
        name                  text?       create! update
        is_workspace_default  boolean
        usable_as_sender      boolean
        emails_domain         json?
        created_at            timestamp?
        updated_at            timestamp?
        username              text        create! update write-only
        domain                text        create update write-only
        label                 text        create update write-only
        emails_domain_id      integer     create update write-only ref=email_domains
    """),
)

EMAIL_TOPICS = Resource(
    name="email_topics",
    body_key="emails_topic",
    parent="workspaces",
    list_path="/workspaces/{parent}/emails/topics",
    one_path="/emails/topics/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     ref=workspaces
        name          text        create! update
        description   text?       create update
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

EMAIL_TEMPLATES = Resource(
    name="email_templates",
    body_key="emails_template",
    parent="workspaces",
    list_path="/workspaces/{parent}/emails/templates",
    one_path="/emails/templates/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id               integer
        public_id        text?
        workspace_id     integer     ref=workspaces
        name             text?       create! update
        template_type    text
        created_at       timestamp?
        updated_at       timestamp?
        subject          text?       create update
        html_body        text?       create update on-request
        text_body        text?       create update on-request
        created_via_api  boolean
        from_address     json?       quote
        from_address_id  integer     create update write-only ref=email_addresses from=from_address
    """),
)

EMAIL_BROADCASTS = Resource(
    name="email_broadcasts",
    body_key="emails_broadcast",
    parent="workspaces",
    list_path="/workspaces/{parent}/emails/broadcasts",
    one_path="/emails/broadcasts/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("id", "status"),
    natural=("name", "from_email"),
    pull_every="15m",
    fields=table("""
        id                        integer
        public_id                 text?
        workspace_id              integer     ref=workspaces
        name                      text?       create! update
        subject                   text?       create update
        preheadline               text?       create update
        status                    text
        origination_channel_type  text?
        origination_channel_id    integer?
        external_id               text?       create update
        filter_id                 integer?    create update ref=refine_filters
        send_at                   timestamp?  create update
        send_at_local_time        text?       create update
        time_zone                 text?       create update
        send_immediately          boolean     create
        sending_at                timestamp?
        complete_at               timestamp?
        from_email                text?       create! update
        from_name                 text?
        reply_to_email            text?       create update
        template                  json?       quote
        topic_ids                 json        create update set ref=email_topics
        created_at                timestamp?
        updated_at                timestamp?
        smart_sending             boolean     create update
        smart_sending_time        number?     create update
        smart_sending_unit        text?       create update
        split_test                boolean     create update
        split_test_percentage     integer?    create update
        split_test_wait_time      integer?    create update
        variants                  json        create update
        html_body                 text        create update write-only
        text_body                 text        create update write-only
        template_id               integer     create update write-only ref=email_templates from=template
        recipients                json        create write-only
    """),
)

EMAIL_SEND_ACTIONS = Resource(
    name="email_send_actions",
    body_key="emails_broadcasts_send_action",
    parent="email_broadcasts",
    list_path="/emails/broadcasts/{parent}/send_actions",
    one_path="/emails/broadcasts/send_actions/{id}",
    group="all",
    insert="create",
    delete=True,
    push=False,
    fields=table("""
        id               integer
        public_id        text?
        workspace_id     integer     ref=workspaces
        send_type        text
        target_ids       json?       ref=contacts
        target_count     integer?
        performed_count  integer?
        scheduled_for    timestamp?
        started_at       timestamp?
        completed_at     timestamp?
        created_by_id    integer?
        approved_by_id   integer?
        created_at       timestamp?
        updated_at       timestamp?
        broadcast_id     integer?    ref=email_broadcasts
        send_at          timestamp   create write-only
    """),
)

EMAIL_SETTINGS = Resource(
    name="email_settings",
    body_key="marketing_setting",
    parent="workspaces",
    list_path="/workspaces/{parent}/emails/settings",
    one_path="/workspaces/{id}/emails/settings",
    group="all",
    single=True,
    update=True,
    refuse_insert="a workspace has them already",
    fields=table("""
        id                                  integer  path
        workspace_id                        integer  ref=workspaces
        system_emails_from_address          json?
        system_emails_reply_to_address      json?
        marketing_emails_from_address       json?
        marketing_emails_reply_to_address   json?
        address                             json?    update
        address_complete                    boolean
        name                                text?    update
        hide_branding                       boolean  update
        unsubscribe_footer                  text?    update
        footer_alignment                    text     update
        address_single_line                 boolean  update
        system_emails_from_address_id       integer  update write-only ref=email_addresses
        system_emails_reply_to_address_id   integer  update write-only ref=email_addresses
        marketing_emails_from_address_id    integer  update write-only ref=email_addresses
        marketing_emails_reply_to_address_id  integer  update write-only ref=email_addresses
    """),
)
