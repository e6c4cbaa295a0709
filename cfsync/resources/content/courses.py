"""What is learned: courses and enrollments. Field facts: the API's OpenAPI document, version 2.0.0."""

from __future__ import annotations

from cfsync.resources.field_table import table
from cfsync.resources.model import Action, Resource

COURSES = Resource(
    name="courses",
    body_key="course",
    parent="workspaces",
    list_path="/workspaces/{parent}/courses",
    one_path="/courses/{id}",
    insert="create",
    update=True,
    natural=("title",),
    actions={
        "publish": Action(
            "POST",
            "/courses/{id}/publish",
            does="publishes it",
            fields=table("""
                published_at                  timestamp?  create
                publish_sections_and_lessons  boolean     create
            """),
        ),
    },
    events=("course.created", "course.updated", "course.deleted", "course.published"),
    fields=table("""
        id                         integer
        public_id                  text?
        workspace_id               integer     path ref=workspaces
        title                      text        create! update
        published_at               timestamp?
        root_section_id            text?       ref=course_sections
        description                text        create update
        current_path               text?
        sharing_fingerprint        text?
        show_in_community          boolean?    create update
        show_to_non_members        boolean?
        upgrade_url                text?
        redirect_to_full_course    boolean?    create update
        unauthorized_redirect_url  text?
        comments_enabled           boolean?
        created_at                 timestamp?
        updated_at                 timestamp?
        image_url                  text?
        image_id                   text?       create update write-only ref=images
    """),
)

ENROLLMENTS = Resource(
    name="enrollments",
    body_key="courses_enrollment",
    parent="courses",
    list_path="/courses/{parent}/enrollments",
    one_path="/courses/enrollments/{id}",
    insert="create",
    update=True,
    refuse_delete="set suspended to true instead",
    filters=("id", "contact_id"),
    natural=("contact_id",),
    events=(
        "courses/enrollment.created",
        "courses/enrollment.updated",
        "courses/enrollment.deleted",
        "courses/enrollment.suspended",
        "courses/enrollment.course_completed",
    ),
    pull_every="5m",
    fields=table("""
        id                       integer
        public_id                text?
        workspace_id             integer     path ref=workspaces
        contact_id               integer     create! ref=contacts
        course_id                integer     ref=courses
        created_at               timestamp?
        updated_at               timestamp?
        suspended                boolean?    create update
        suspension_reason        text?       create update
        current_path             text?
        origination_source_type  text?
        origination_source_id    integer
        contact                  json?       quote
    """),
)
