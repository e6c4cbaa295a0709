"""Models for Django."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from cfsync.orm.names import Attribute, attributes, class_name, reverse_name, tables_of
from cfsync.resources import RESOURCES
from cfsync.resources.model import Resource, Type

_HEAD = '''"""The mirror of a ClickFunnels account, for Django. Printed by `cfsync models`.

Django migrates none of these tables. `save()` writes all columns, `cf_rev` among them: so a save of
an object that ClickFunnels has changed since it was read is refused; `refresh_from_db()` then.
Columns that can only be read are `editable=False`. A new object has a provisional id until a push.
"""

from django.db import models
'''
_FIELDS: Mapping[Type, str] = {
    "integer": "BigIntegerField",
    "text": "TextField",
    "boolean": "BooleanField",
    "timestamp": "DateTimeField",
    "money": "DecimalField",
    "number": "FloatField",
    "json": "JSONField",
}
_MONEY = "max_digits=38, decimal_places=9, "


def module(resources: Sequence[Resource]) -> str:
    """The text of the module."""
    tables = tables_of(resources)
    return "\n\n".join([_HEAD, *("\n".join(_class(r, tables)) + "\n" for r in resources)])


def _class(resource: Resource, tables: Collection[str]) -> Iterator[str]:
    yield f"class {class_name(resource.name)}(models.Model):"
    for attribute in attributes(resource, tables):
        yield f"    {_line(resource, attribute, tables)}"
    yield "    cf_rev = models.BigIntegerField(null=True, editable=False)"
    yield ""
    yield "    class Meta:"
    yield "        managed = False"
    yield f'        db_table = "{resource.name}"'


def _line(resource: Resource, attribute: Attribute, tables: Collection[str]) -> str:
    field = attribute.field
    if field.name == "id":
        return "id = models.BigAutoField(primary_key=True)"
    only_read = "" if field.is_writable or field.only else ", editable=False"
    if attribute.relation is not None:
        target = RESOURCES[str(field.ref)]
        reverse = reverse_name(resource, attribute, target, tables)
        return (
            f'{attribute.relation} = models.ForeignKey("{class_name(target.name)}",'
            " models.DO_NOTHING, null=True, db_constraint=False,"
            f' related_name="{reverse}"{only_read})'
        )
    column = f', db_column="{field.name}"' if attribute.name != field.name else ""
    details = _MONEY if field.type == "money" else ""
    return f"{attribute.name} = models.{_FIELDS[field.type]}({details}null=True{column}{only_read})"
