"""What the classes of models, their columns and their relations are called. Pure."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cfsync.resources.model import Field, Resource

RESERVED = {"check", "clean", "delete", "metadata", "objects", "pk", "registry", "save"}
"""Names that the classes of models have for themselves."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column as an attribute, and as a relation where it holds the id of another record."""

    field: Field
    #: The attribute's name; it is the column's where nothing else is called so.
    name: str
    #: The relation's name; None: it is none.
    relation: str | None = None


def class_name(table: str) -> str:
    """`contact_tags` -> `ContactTag`."""
    words = table.split("_")
    words[-1] = _singular(words[-1])
    return "".join(word.capitalize() for word in words)


def _singular(word: str) -> str:
    for ending, one in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if word.endswith(ending):
            return word.removesuffix(ending) + one
    return word


def attributes(resource: Resource, tables: Collection[str]) -> list[Attribute]:
    """The columns; those that refer to one of the other `tables` as relations. A copy of the other
    record that would have the relation's name is called `..._copy`.
    """
    relations = {f.name: name for f in resource.columns if (name := _relation(f, resource, tables))}
    taken = set(relations.values())
    return [Attribute(f, _name(f.name, taken), relations.get(f.name)) for f in resource.columns]


def _relation(field: Field, resource: Resource, tables: Collection[str]) -> str | None:
    is_one = field.type == "integer" and field.name.endswith("_id")
    if not is_one or field.ref == resource.name or field.ref not in tables:
        return None
    return field.name.removesuffix("_id")


def _name(column: str, relations: Collection[str]) -> str:
    if column in relations:
        return f"{column}_copy"
    return f"{column}_value" if column in RESERVED or keyword.iskeyword(column) else column


def reverse_name(
    resource: Resource, relation: Attribute, target: Resource, tables: Collection[str]
) -> str:
    """What the other record calls the records that refer to it: `orders`, or, where there are
    several relations to it, `email_settings_by_system_emails_from_address`.
    """
    same = [f for f in resource.columns if f.ref == target.name and _relation(f, resource, tables)]
    taken = {name for a in attributes(target, tables) for name in (a.name, a.relation)}
    if len(same) > 1 or resource.name in taken:
        return f"{resource.name}_by_{relation.relation}"
    return resource.name


def tables_of(resources: Sequence[Resource]) -> set[str]:
    return {r.name for r in resources}
