"""Where visitors go: domains, funnels, pages, themes and stores. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

FUNNEL_TAGS = Resource(
    name="funnel_tags",
    body_key="funnels_tag",
    parent="workspaces",
    list_path="/workspaces/{parent}/funnels/tags",
    one_path="/funnels/tags/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    filters=("id", "name"),
    natural=("name",),
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

THEMES = Resource(
    name="themes",
    body_key="theme",
    parent="workspaces",
    list_path="/workspaces/{parent}/themes",
    one_path="/themes/{id}",
    group="all",
    update=True,
    actions={
        "set_default": Action("POST", "/themes/{id}/set_default", does="makes it the default one"),
    },
    fields=table("""
        id                integer
        public_id         text?
        workspace_id      integer     ref=workspaces
        name              text
        custom_name       text?       update
        current_style_id  integer?    update ref=styles
        created_at        timestamp?
        updated_at        timestamp?
        styles            json?       quote
        template_pages    json        update
    """),
)

DOMAINS = Resource(
    name="domains",
    body_key="domain",
    parent="workspaces",
    list_path="/workspaces/{parent}/domains",
    one_path="/domains/{id}",
    group="standard",
    whole=True,
    fields=table("""
        id            integer
        public_id     text
        workspace_id  integer    ref=workspaces
        name          text
        status        text
        connected     boolean
        created_at    timestamp
        updated_at    timestamp
    """),
)

FUNNELS = Resource(
    name="funnels",
    body_key="funnel",
    parent="workspaces",
    list_path="/workspaces/{parent}/funnels",
    one_path="/funnels/{id}",
    group="standard",
    insert="create",
    update=True,
    filters=("id",),
    natural=("name",),
    fields=table("""
        id                integer
        public_id         text
        workspace_id      integer    ref=workspaces
        name              text       create! update
        archived          boolean
        current_path      text       create
        live_mode         boolean    create update
        domain_id         integer?   create update ref=domains
        favicon_image_id  text?      ref=images
        created_at        timestamp
        updated_at        timestamp
        tags              json       quote
        head_code         text?      create update on-request
        footer_code       text?      create update on-request
        head_code_mode    text       create update write-only
        footer_code_mode  text       create update write-only
        tag_ids           json       create write-only set ref=funnel_tags from=tags
    """),
)

PAGES = Resource(
    name="pages",
    body_key="page",
    parent="workspaces",
    list_path="/workspaces/{parent}/pages",
    one_path="/pages/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    actions={
        "remove_products": Action(
            "DELETE",
            "/pages/{id}/products",
            does="takes products off it, all of product_ids or none",
            fields=table("product_ids json create ref=products"),
            wrapped=False,
        ),
    },
    filters=("id", "theme_id"),
    natural=("name",),
    fields=table("""
        id                integer
        public_id         text
        workspace_id      integer    ref=workspaces
        name              text       create! update
        description       text?      create update
        theme_id          integer?   create ref=themes
        created_at        timestamp
        seo_title         text?      create update
        seo_description   text?      create update
        seo_index         boolean    create update
        updated_at        timestamp
        type              text?
        current_path      text?      create
        url               text?
        show_page_step    json?      create update
        funnel            json?      create update
        sdk               json?
        head_code         text?      create update on-request
        footer_code       text?      create update on-request
        custom_css        text?      create update on-request
        markup            text       create update on-request
        sort_order        integer    create update write-only
        head_code_mode    text       create update write-only
        footer_code_mode  text       create update write-only
        custom_css_mode   text       create update write-only
        external_url      text       update write-only
    """),
)

STORES = Resource(
    name="stores",
    body_key="store",
    parent="workspaces",
    list_path="/workspaces/{parent}/stores",
    one_path="/stores/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id               integer
        public_id        text?
        name             text        create! update
        current_path     text?       create update
        seo_title        text?       create update
        seo_description  text?       create update
        seo_indexable    boolean?    create update
        social_image_id  text?       create update ref=images
        status           text?       create update
        created_at       timestamp?
        updated_at       timestamp?
        workspace_id     integer?    ref=workspaces
    """),
)
