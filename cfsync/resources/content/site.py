"""The site of a workspace, its styles, and the steps of its funnels. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

SITE = Resource(
    name="site",
    body_key="site",
    parent="workspaces",
    list_path="/workspaces/{parent}/site",
    one_path="/workspaces/{id}/site",
    group="standard",
    single=True,
    update=True,
    refuse_insert="a workspace has one already",
    fields=table("""
        id                integer
        public_id         text
        workspace_id      integer    ref=workspaces
        name              text       update
        created_at        timestamp
        updated_at        timestamp
        head_code         text?      update on-request
        footer_code       text?      update on-request
        homepage_id       text?      update ref=pages
        theme_id          text?      ref=themes
        blog_theme_id     text?      ref=themes
        store_theme_id    text?      ref=themes
        head_code_mode    text       update write-only
        footer_code_mode  text       update write-only
    """),
)

STYLES = Resource(
    name="styles",
    body_key="style",
    parent="workspaces",
    list_path="/workspaces/{parent}/styles",
    one_path="/styles/{id}",
    group="all",
    has_get=False,
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     ref=workspaces
        theme_id      integer?    ref=themes
        name          text
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

SPLIT_TEST_STEPS = Resource(
    name="split_test_steps",
    body_key="split_test_step",
    parent="funnels",
    list_path="/funnels/{parent}/split_test_steps",
    one_path="/funnels/{parent}/split_test_steps/{id}",
    group="all",
    insert="create",
    update=True,
    delete=True,
    has_get=False,
    whole=True,
    fields=table("""
        id                 integer
        public_id          text
        workspace_id       integer    path ref=workspaces
        funnel_id          integer    path ref=funnels
        funnel             json       quote
        variants           json       create! update item=page_id:pages:page item=weight
        created_at         timestamp
        updated_at         timestamp
        show_page_step_id  integer    create write-only
    """),
)

CONDITIONAL_SPLIT_STEPS = Resource(
    name="conditional_split_steps",
    body_key="conditional_split_step",
    parent="funnels",
    list_path="/funnels/{parent}/conditional_split_steps",
    one_path="/funnels/{parent}/conditional_split_steps/{id}",
    group="all",
    insert="create",
    update=True,
    delete=True,
    has_get=False,
    whole=True,
    fields=table("""
        id                 integer
        public_id          text
        workspace_id       integer    path ref=workspaces
        funnel_id          integer    ref=funnels
        funnel_public_id   text
        condition          json       create update
        branches           json       create update item=page_id:pages:page item=page_ids:pages
        created_at         timestamp
        updated_at         timestamp
        show_page_step_id  integer    create write-only
    """),
)
