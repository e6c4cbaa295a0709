"""How far people have come: courses, forms, pipelines."""

from __future__ import annotations

from cfsync.mirror.db.dialect.view_sql import ViewSql
from cfsync.mirror.views.model import View, columns


def _course_progress(_sql: ViewSql) -> str:
    return """FROM enrollments e
LEFT JOIN courses k ON k.id = e.course_id
LEFT JOIN contacts c ON c.id = e.contact_id
LEFT JOIN (
  SELECT s.course_id, count(*) AS lessons
  FROM course_sections s JOIN course_lessons l ON l.section_id = s.id
  WHERE l.published_at IS NOT NULL
  GROUP BY s.course_id
) a ON a.course_id = e.course_id
LEFT JOIN (
  SELECT d.enrollment_id, s.course_id, count(DISTINCT d.lesson_id) AS lessons,
    max(d.completed_at) AS last_at
  FROM lesson_completions d
  JOIN course_lessons l ON l.id = d.lesson_id JOIN course_sections s ON s.id = l.section_id
  WHERE l.published_at IS NOT NULL
  GROUP BY d.enrollment_id, s.course_id
) done ON done.enrollment_id = e.id AND done.course_id = e.course_id"""


COURSE_PROGRESS = View(
    "course_progress",
    "enrollment",
    columns("""
        enrollment_id      integer    e.id
        workspace_id       integer    e.workspace_id
        course_id          integer    e.course_id
        course_title       text       k.title
        contact_id         integer    e.contact_id
        email_address      text       c.email_address
        suspended          boolean    e.suspended
        lessons            integer    coalesce(a.lessons, 0)
        lessons_done       integer    coalesce(done.lessons, 0)
        percent            number     round(100.0 * coalesce(done.lessons, 0) / a.lessons, 1)
        last_completed_at  timestamp  done.last_at
        enrolled_at        timestamp  e.created_at
    """),
    _course_progress,
    without="lessons that are not published",
)

_FIELD_NAME = "coalesce(nullif(f.key, ''), nullif(f.label, ''), CAST(a.field_id AS TEXT), '')"


def _form_answers(sql: ViewSql) -> str:
    option = sql.member("option", "integer")
    return f"""FROM submissions s
LEFT JOIN forms f ON f.id = s.form_id
LEFT JOIN contacts c ON c.id = s.contact_id
LEFT JOIN (
  SELECT n.submission_id, {sql.object_of("n.name", sql.as_json("n.answer"))} AS answers FROM (
    SELECT a.submission_id, {_FIELD_NAME} AS name,
      coalesce((
        SELECT {sql.list_of("o.label")}
        FROM {sql.rows("a.fields_option_ids", "option")}
        JOIN form_field_options o ON o.id = {option}
        HAVING count(*) > 0
      ), {sql.quoted("coalesce(one.label, a.entry)")}) AS answer,
      row_number() OVER (PARTITION BY a.submission_id, {_FIELD_NAME} ORDER BY a.id DESC) AS latest
    FROM form_answers a
    LEFT JOIN form_fields f ON f.id = a.field_id
    LEFT JOIN form_field_options one ON one.id = a.fields_option_id
  ) n WHERE n.latest = 1
  GROUP BY n.submission_id
) w ON w.submission_id = s.id"""


FORM_ANSWERS_WIDE = View(
    "form_answers_wide",
    "submission of a form",
    columns("""
        submission_id  integer    s.id
        workspace_id   integer    s.workspace_id
        form_id        integer    s.form_id
        form_name      text       f.name
        contact_id     integer    s.contact_id
        email_address  text       c.email_address
        answers        json       coalesce(w.answers, '{}')
        submitted_at   timestamp  s.created_at
    """),
    _form_answers,
)


def _pipeline(sql: ViewSql) -> str:
    id_, email = (sql.value("m.value", *of) for of in (("id", "integer"), ("user_email", "text")))
    return f"""FROM sales_opportunities d
LEFT JOIN sales_stages s ON s.id = d.pipelines_stage_id
LEFT JOIN sales_pipelines p ON p.id = coalesce(s.pipeline_id, d.pipeline_id)
LEFT JOIN contacts c ON c.id = d.primary_contact_id
LEFT JOIN (
  SELECT {id_} AS id, min({email}) AS email
  FROM teams k JOIN {sql.rows("k.memberships", "m")} ON {sql.is_object("m")}
  GROUP BY 1
) a ON a.id = d.assignee_id"""


PIPELINE = View(
    "pipeline",
    "sales opportunity",
    columns("""
        opportunity_id     integer    d.id
        workspace_id       integer    d.workspace_id
        name               text       d.name
        pipeline_id        integer    coalesce(s.pipeline_id, d.pipeline_id)
        pipeline_name      text       p.name
        stage_id           integer    d.pipelines_stage_id
        stage_name         text       s.name
        stage_position     integer    s.sort_order
        close_probability  number     s.close_probability
        value              money      d.value
        weighted_value     money      round(d.value * CAST(s.close_probability / 100 AS NUMERIC), 2)
        contact_id         integer    d.primary_contact_id
        email_address      text       c.email_address
        assignee_id        integer    d.assignee_id
        closed_at          timestamp  d.closed_at
        created_at         timestamp  d.created_at
        assignee_email     text       a.email
    """),
    _pipeline,
)

VIEWS = (COURSE_PROGRESS, FORM_ANSWERS_WIDE, PIPELINE)
