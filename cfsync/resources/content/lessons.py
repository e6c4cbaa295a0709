"""What courses hold: sections, lessons and their completions. Field facts: the API's OpenAPI document, August 2026."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

COURSE_SECTIONS = Resource(
    name="course_sections",
    body_key="courses_section",
    parent="courses",
    list_path="/courses/{parent}/sections",
    one_path="/courses/sections/{id}",
    actions={"publish": Action("POST", "/courses/sections/{id}/publish", does="publishes it")},
    group="standard",
    insert="create",
    update=True,
    natural=("title",),
    events=(
        "courses/section.created",
        "courses/section.updated",
        "courses/section.deleted",
        "courses/section.published",
    ),
    fields=table("""
        id                          integer
        public_id                   text?
        workspace_id                integer     path ref=workspaces
        course_id                   integer     ref=courses
        title                       text        create! update
        published_at                timestamp?
        description                 text?       create update
        days_till_drip_access       integer?    create update
        blocker_section_id          integer?    create update ref=course_sections
        blocker_lesson_id           integer?    create update ref=course_lessons
        current_path                text?
        is_hidden_from_non_members  boolean?    create update
        upgrade_url                 text?
        parent_id                   integer?    ref=course_sections
        sort_order                  integer?
        created_at                  timestamp?
        updated_at                  timestamp?
    """),
)

COURSE_LESSONS = Resource(
    name="course_lessons",
    body_key="courses_lesson",
    parent="course_sections",
    list_path="/courses/sections/{parent}/lessons",
    one_path="/courses/lessons/{id}",
    actions={"publish": Action("POST", "/courses/lessons/{id}/publish", does="publishes it")},
    group="standard",
    insert="create",
    update=True,
    natural=("title",),
    events=(
        "courses/lesson.created",
        "courses/lesson.updated",
        "courses/lesson.deleted",
        "courses/lesson.published",
    ),
    fields=table("""
        id              integer
        public_id       text?
        workspace_id    integer     path ref=workspaces
        title           text        create! update
        body            text?       create update
        section_id      integer?    ref=course_sections
        published_at    timestamp?
        current_path    text?
        sort_order      integer?
        created_at      timestamp?
        updated_at      timestamp?
        lesson_content  text        create update write-only
        image_id        text        create update write-only ref=images
    """),
)

LESSON_COMPLETIONS = Resource(
    name="lesson_completions",
    body_key="courses_lesson_completion",
    parent="courses",
    list_path="/courses/{parent}/lesson_completions",
    one_path="/courses/lesson_completions/{id}",
    group="standard",
    insert="create",
    delete=True,
    filters=("enrollment_id", "lesson_id"),
    natural=("enrollment_id", "lesson_id"),
    pull_every="15m",
    fields=table("""
        id             integer
        public_id      text?
        workspace_id   integer    path ref=workspaces
        course_id      integer    path ref=courses
        enrollment_id  integer    create! ref=enrollments
        lesson_id      integer    create! ref=course_lessons
        completed_at   timestamp
    """),
)

SECTION_PUBLISH_ACTIONS = Resource(
    name="section_publish_actions",
    body_key="courses_sections_publish_action",
    parent="courses",
    list_path="/courses/{parent}/sections/publish_actions",
    one_path="/courses/sections/publish_actions/{id}",
    group="all",
    insert="create",
    delete=True,
    natural=("target_all", "auto_enroll", "send_email"),
    push=False,
    fields=table("""
        id                                         integer
        public_id                                  text?
        workspace_id                               integer     path ref=workspaces
        course_id                                  integer     ref=courses
        target_all                                 boolean?    create
        target_ids                                 json?       create set ref=course_sections
        auto_enroll                                boolean?    create
        send_email                                 boolean?    create
        offer_new_section_via_all_access_products  boolean?    create
        target_count                               integer?
        performed_count                            integer?
        published_lessons_count                    integer?
        status                                     text
        scheduled_for                              timestamp?  create
        started_at                                 timestamp?
        completed_at                               timestamp?
        created_by_id                              integer?
        approved_by_id                             integer?
        created_at                                 timestamp?
        updated_at                                 timestamp?
    """),
)
