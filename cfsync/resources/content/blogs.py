"""Blogs and their posts. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Resource

BLOGS = Resource(
    name="blogs",
    body_key="blog",
    parent="workspaces",
    list_path="/workspaces/{parent}/blogs",
    one_path="/blogs/{id}",
    group="standard",
    update=True,
    fields=table("""
        id                                  integer
        public_id                           text
        workspace_id                        integer    ref=workspaces
        site_id                             integer?
        name                                text       update
        current_path                        text
        url                                 text
        theme_id                            integer?   update ref=themes
        resolved_template_page_id           integer?   ref=pages
        resolved_post_template_page_id      integer?   ref=pages
        resolved_category_template_page_id  integer?   ref=pages
        style_id                            integer?   ref=styles
        seo_image_id                        integer?   update ref=images
        seo_title                           text?      update
        seo_description                     text?      update
        created_at                          timestamp
        updated_at                          timestamp
    """),
)

BLOG_TAGS = Resource(
    name="blog_tags",
    body_key="blogs_tag",
    parent="blogs",
    list_path="/blogs/{parent}/tags",
    one_path="/blogs/tags/{id}",
    group="all",
    insert="create",
    natural=("name",),
    fields=table("""
        id            integer
        public_id     text
        workspace_id  integer    path ref=workspaces
        blog_id       integer    ref=blogs
        name          text       create!
        created_at    timestamp
        updated_at    timestamp
    """),
)

BLOG_CATEGORIES = Resource(
    name="blog_categories",
    body_key="blogs_category",
    parent="blogs",
    list_path="/blogs/{parent}/categories",
    one_path="/blogs/categories/{id}",
    group="all",
    fields=table("""
        id            integer
        public_id     text
        workspace_id  integer    path ref=workspaces
        blog_id       integer    ref=blogs
        name          text
        current_path  text?
        created_at    timestamp
        updated_at    timestamp
        url           text?
    """),
)

BLOG_AUTHORS = Resource(
    name="blog_authors",
    body_key="blogs_author",
    parent="blogs",
    list_path="/blogs/{parent}/authors",
    one_path="/blogs/authors/{id}",
    group="all",
    fields=table("""
        id             integer
        public_id      text
        workspace_id   integer    path ref=workspaces
        blog_id        integer    ref=blogs
        first_name     text?
        last_name      text?
        email_address  text?
        image_id       integer?   ref=images
        created_at     timestamp
        updated_at     timestamp
        full_name      text?
        display_name   text?
        image_url      text?
    """),
)

BLOG_POSTS = Resource(
    name="blog_posts",
    body_key="blogs_post",
    parent="blogs",
    list_path="/blogs/{parent}/posts",
    one_path="/blogs/posts/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("title",),
    events=(
        "blogs/post.created",
        "blogs/post.updated",
        "blogs/post.deleted",
        "blogs/post.published",
    ),
    fields=table("""
        id               integer
        public_id        text
        workspace_id     integer     path ref=workspaces
        blog_id          integer     ref=blogs
        title            text        create! update
        published_at     timestamp?  create update
        current_path     text
        url              text
        visibility       text        create update
        excerpt_content  text?       create update
        seo_title        text?       create update
        seo_description  text?       create update
        image_id         integer?    create update ref=images
        image_url        text?
        categories       json        quote
        tags             json        quote
        authors          json        quote
        markup           text        create update on-request
        created_at       timestamp
        updated_at       timestamp
        author_ids       json        create update write-only set ref=blog_authors
        tag_ids          json        create update write-only set ref=blog_tags
        category_ids     json        create update write-only set ref=blog_categories
    """),
)
