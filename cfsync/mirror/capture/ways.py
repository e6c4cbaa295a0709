"""What can be written where a column can't: for the words of a refusal."""

from __future__ import annotations

from collections.abc import Callable

from cfsync.mirror.views import links
from cfsync.resources.model import Field, Resource


def instead(resource: Resource, field: Field, is_written: Callable[[Field], bool]) -> str:
    """`; write tag_ids or contact_tag_links`: the column by which, and the view through which, what
    a read-only column shows is written; empty: there is none.
    """
    if is_written(field):
        return ""
    columns = [f.name for f in resource.columns if is_written(f) and _shows(field, f)]
    views = [
        view.name
        for view in links.VIEWS
        if view.links and view.links.resource == resource.name and view.links.field in columns
    ]
    return f"; write {' or '.join(columns + views)}" if columns else ""


def _shows(field: Field, written: Field) -> bool:
    """Whether a column shows what the other one is for: an object and its id, a list and its items'
    ids or forms.
    """
    one = field.name.removesuffix("s")
    names = (f"{field.name}_id", f"{one}_ids", f"{field.name}_attributes")
    return written.derived == field.name or written.name in names
