"""The sets that bulk actions change."""

from __future__ import annotations

from cfsync.resources import Field, Resource


def bulk_field(resource: Resource) -> Field | None:
    """The set of a resource that bulk actions change; None where there is none."""
    return next((f for f in resource.columns if f.bulk), None)
