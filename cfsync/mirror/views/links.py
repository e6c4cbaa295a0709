"""The tags of records, a row for each: views that can be written, too."""

from __future__ import annotations

from functools import partial

from cfsync.mirror.db.dialect.view_sql import ViewSql
from cfsync.mirror.views.model import Links, View, columns


def _tags(table: str, tags: str, sql: ViewSql) -> str:
    tag_id = sql.member("tag", "integer")
    return f"""FROM {table} r
JOIN {sql.rows("r.tag_ids", "tag")} ON {tag_id} IS NOT NULL
LEFT JOIN {tags} t ON t.id = {tag_id}"""


def _contact_tags(sql: ViewSql) -> str:
    tag_id, of_tag = sql.member("tag", "integer"), sql.value("shown.value", "id", "integer")
    return f"""FROM contacts c
JOIN {sql.rows("c.tag_ids", "tag")} ON {tag_id} IS NOT NULL
LEFT JOIN {sql.rows("c.tags", "shown")}
  ON CASE WHEN {sql.is_object("shown")} THEN {of_tag} END = {tag_id}
LEFT JOIN contact_tags t ON t.id = {tag_id}"""


CONTACT_TAG_LINKS = View(
    "contact_tag_links",
    "tag of a contact",
    columns("""
        contact_id    integer    c.id
        tag_id        integer    tag:
        workspace_id  integer    c.workspace_id
        tag_name      text       t.name
        applied_at    timestamp  shown:applied_at
    """),
    _contact_tags,
    links=Links("contacts", "tag_ids", "contact_id", "tag_id", "tag_name"),
)


def _of(table: str, record: str, tags: str) -> View:
    one = record.removesuffix("_id")
    return View(
        f"{one}_tag_links",
        f"tag of {'an' if one[0] in 'aeiou' else 'a'} {one}",
        columns(f"""
            {record}      integer    r.id
            tag_id        integer    tag:
            workspace_id  integer    r.workspace_id
            tag_name      text       t.name
        """),
        partial(_tags, table, tags),
        links=Links(table, "tag_ids", record, "tag_id", "tag_name"),
    )


VIEWS = (
    CONTACT_TAG_LINKS,
    _of("orders", "order_id", "order_tags"),
    _of("products", "product_id", "product_tags"),
)
