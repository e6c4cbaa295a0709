"""Communities: groups, spaces and posts. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

COMMUNITIES = Resource(
    name="communities",
    body_key="community",
    parent="workspaces",
    list_path="/workspaces/{parent}/communities",
    one_path="/communities/{id}",
    group="standard",
    insert="create",
    update=True,
    natural=("name",),
    fields=table("""
        id                         integer
        public_id                  text?
        site_id                    integer
        workspace_id               integer     ref=workspaces
        name                       text?       create! update
        status                     text?       create update
        private                    boolean     create update
        current_path               text?       create update
        logo_image_id              integer?    create update ref=images
        social_image_id            integer?    create update ref=images
        seo_title                  text?       create update
        seo_description            text?       create update
        seo_indexable              boolean     create update
        white_label                boolean     create update
        allow_public_signup        boolean     create update
        upgrade_url                text?       create update
        send_membership_email      boolean?    create update
        send_digest_email          boolean     create update
        require_post_approvals     boolean?    create update
        require_comment_approvals  boolean?    create update
        anyone_can_invite          boolean     create update
        invite_only                boolean     create update
        enable_block_list          boolean     create update
        notifications              text?       create update
        created_at                 timestamp?
        updated_at                 timestamp?
    """),
)

COMMUNITY_SPACE_GROUPS = Resource(
    name="community_space_groups",
    body_key="communities_space_group",
    parent="communities",
    list_path="/communities/{parent}/space_groups",
    one_path="/communities/space_groups/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id                                  integer
        public_id                           text?
        community_id                        integer     ref=communities
        workspace_id                        integer     ref=workspaces
        name                                text?       create! update
        description                         text?       create update
        access                              text        create update
        group_type                          text        create update
        current_path                        text?       create update
        emoji                               text?       create update
        card_image_id                       integer?    create update ref=images
        auto_add_to_spaces                  boolean     create update
        approval_terms                      text?       create update
        require_post_approvals              boolean?    create update
        require_post_approvals_override     boolean?    create update
        require_comment_approvals           boolean?    create update
        require_comment_approvals_override  boolean?    create update
        is_hidden                           boolean     create update
        is_hidden_from_non_members          boolean     create update
        always_on                           boolean?    create update
        upgrade_url                         text?       create update
        sort_order                          integer?    create update
        created_at                          timestamp?
        updated_at                          timestamp?
    """),
)

COMMUNITY_SPACES = Resource(
    name="community_spaces",
    body_key="communities_space",
    parent="community_space_groups",
    list_path="/communities/space_groups/{parent}/spaces",
    one_path="/communities/spaces/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("name",),
    fields=table("""
        id                    integer
        public_id             text?
        space_group_id        integer     ref=community_space_groups
        workspace_id          integer     ref=workspaces
        name                  text?       create! update
        access                text        create update
        current_path          text?       create update
        emoji                 text?       create update
        card_image_id         integer?    create update ref=images
        social_image_id       integer?    create update ref=images
        members_can_post      boolean     create update
        members_can_invite    boolean?    create update
        allow_post_titles     boolean?    create update
        allow_cover_images    boolean?    create update
        hide_from_featured    boolean?    create update
        layout_style          text?       create update
        default_tab           text?       create update
        default_post_sort     text?       create update
        default_comment_sort  text?       create update
        default_member_sort   text?       create update
        pinned_posts_label    text?       create update
        seo_title             text?       create update
        seo_description       text?       create update
        sort_order            integer?    create update
        always_on             boolean?    create update
        upgrade_url           text?       create update
        created_at            timestamp?
        updated_at            timestamp?
    """),
)

COMMUNITY_POSTS = Resource(
    name="community_posts",
    body_key="communities_spaces_post",
    parent="community_spaces",
    list_path="/communities/spaces/{parent}/posts",
    one_path="/communities/spaces/posts/{id}",
    group="standard",
    insert="create",
    update=True,
    delete=True,
    natural=("title", "contact_id", "body"),
    events=("communities/post.created",),
    actions={
        "approve": Action("POST", "/communities/spaces/posts/{id}/approve", does="shows it to all"),
        "decline": Action("POST", "/communities/spaces/posts/{id}/decline", does="declines it"),
        "dismiss_reports": Action(
            "POST",
            "/communities/spaces/posts/{id}/dismiss_reports",
            does="dismisses what members reported",
        ),
        "pin": Action("POST", "/communities/spaces/posts/{id}/pin", does="pins it"),
        "unpin": Action("POST", "/communities/spaces/posts/{id}/unpin", does="unpins it"),
    },
    fields=table("""
        id                  integer
        public_id           text?
        workspace_id        integer     path ref=workspaces
        community_space_id  integer     path ref=community_spaces
        contact_id          integer?    create ref=contacts
        title               text?       create! update
        body                text?       create update
        url                 text?
        contact             json?       quote
        group               json        quote
        topic               json        quote
        created_at          timestamp?
        updated_at          timestamp?
        image_id            integer     create update write-only ref=images
        is_pinned           boolean     create update write-only
        current_path        text        create update write-only
    """),
)

COMMUNITY_COMMENTS = Resource(
    name="community_comments",
    body_key="communities_spaces_posts_comment",
    parent="community_posts",
    list_path="/communities/spaces/posts/{parent}/comments",
    one_path="/communities/spaces/posts/comments/{id}",
    group="all",
    insert="create",
    update=True,
    delete=True,
    natural=("body", "contact_id"),
    events=("communities/posts/comment.created",),
    actions={
        "approve": Action(
            "POST", "/communities/spaces/posts/comments/{id}/approve", does="shows it to all"
        ),
        "decline": Action(
            "POST", "/communities/spaces/posts/comments/{id}/decline", does="declines it"
        ),
        "dismiss_reports": Action(
            "POST",
            "/communities/spaces/posts/comments/{id}/dismiss_reports",
            does="dismisses what members reported",
        ),
    },
    fields=table("""
        id                  integer
        public_id           text?
        workspace_id        integer     path ref=workspaces
        community_post_id   integer     path ref=community_posts
        contact_id          integer?    create ref=contacts
        body                text?       create! update
        url                 text?
        contact             json?       quote
        group               json        quote
        post                json        quote
        created_at          timestamp?
        updated_at          timestamp?
        parent_comment_id   integer     create write-only ref=community_comments
        skip_notifications  boolean     create update write-only
    """),
)

COMMUNITY_VIDEO_EMBEDS = Resource(
    name="community_video_embeds",
    body_key="communities_spaces_posts_video_embed",
    parent="community_posts",
    list_path="/communities/spaces/posts/{parent}/video_embeds",
    one_path="/communities/spaces/posts/video_embeds/{id}",
    group="all",
    insert="create",
    delete=True,
    natural=("url",),
    fields=table("""
        id            integer
        public_id     text?
        post_id       integer     ref=community_posts
        provider      text?       create
        url           text?       create!
        data          json?       create
        workspace_id  integer?    ref=workspaces
        created_at    timestamp?
        updated_at    timestamp?
    """),
)

COMMUNITY_POST_LIKES = Resource(
    name="community_post_likes",
    body_key="communities_spaces_posts_like",
    parent="community_posts",
    list_path="/communities/spaces/posts/{parent}/likes",
    one_path="/communities/spaces/posts/likes/{id}",
    group="all",
    insert="create",
    delete=True,
    has_get=False,
    natural=("contact_id",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     path ref=workspaces
        post_id       integer     ref=community_posts
        contact       json?       quote
        created_at    timestamp?
        updated_at    timestamp?
        contact_id    integer     create write-only ref=contacts from=contact
    """),
)

COMMUNITY_COMMENT_LIKES = Resource(
    name="community_comment_likes",
    body_key="communities_spaces_posts_comments_like",
    parent="community_comments",
    list_path="/communities/spaces/posts/comments/{parent}/likes",
    one_path="/communities/spaces/posts/comments/likes/{id}",
    group="all",
    insert="create",
    delete=True,
    has_get=False,
    natural=("contact_id",),
    fields=table("""
        id            integer
        public_id     text?
        workspace_id  integer     path ref=workspaces
        comment_id    integer     ref=community_comments
        contact       json?       quote
        created_at    timestamp?
        updated_at    timestamp?
        contact_id    integer     create write-only ref=contacts from=contact
    """),
)
