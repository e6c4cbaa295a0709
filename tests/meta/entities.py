"""The diagrams of tables and their references in docs/tables.md, from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from cfsync import resources
from cfsync.resources import RESOURCES
from cfsync.resources.model import Field, Resource

TITLES = {
    "account": "People and the account",
    "shop": "The shop",
    "content": "Courses, forms, funnels, blogs and communities",
    "marketing": "Emails, sales and automations",
}


def diagrams() -> str:
    """A diagram for each area: its tables, and those that they refer to."""
    return "\n".join(
        f"### {title}\n\n```mermaid\nerDiagram\n" + "".join(_lines(area)) + "```\n"
        for area, title in TITLES.items()
    )


def areas() -> dict[str, str]:
    """Table -> its area: the package that defines the resource."""
    found = {}
    for module in resources._MODULES:
        package = module.__name__.split(".")[2:-1]
        for resource in vars(module).values():
            if isinstance(resource, Resource) and resource.name in RESOURCES:
                found[resource.name] = package[0] if package else "account"
    return found


def _lines(area: str) -> Iterator[str]:
    tables = [RESOURCES[name] for name, of in areas().items() if of == area]
    for resource in tables:
        edges = [f for f in resource.columns if _is_drawn(resource, f)]
        yield from (f"    {_edge(resource, field)}\n" for field in edges)
        if not edges:
            yield f"    {resource.name}\n"


def _is_drawn(resource: Resource, field: Field) -> bool:
    """Nearly every table refers to its workspace: this is drawn where nothing else places it."""
    if not field.ref or field.name == "id" or field.ref not in RESOURCES:
        return False
    return field.ref != "workspaces" or resource.name == "contacts"


def _edge(resource: Resource, field: Field) -> str:
    one = "}o" if field.type == "json" else "|o" if field.null else "||"
    return f"{field.ref} {one}--o{{ {resource.name} : {field.name}"
