"""`table` reads a field table: the fields of a resource, as text.

A field table has a line for each field, in the order of the columns:

    name   type[?]   option ...

`?` means that the API may send null. The options:

    create, create!       may / must be sent when the record is created
    update                may be sent when the record is changed
    update-if=F:V         may be sent in a change while the record's field F is V
    write-only            the API takes it and never shows it
    secret                kept in `cf_secrets` and nowhere else; it has no column
    path                  not in the API's answers: filled in from the list that showed the record
    ref=R                 holds the id of a record of resource R (in a list: many ids)
    from=F                not in the API's answers: the ids of the object or objects in field F; a text
                          is that of field F itself
    set, map              changes to it on both sides are merged member by member, or key by key
    via=R:F               a set that changes by creating and deleting records of R, whose field F
                          names the member
    bulk=R                a set that a record of R changes, by one member, in many records at once
    email                 an email address
    quote                 a copy of other records: a difference in it is no change of this record
    V=>A                  the change to value V is made by calling the action A
    default=F             an INSERT that gives no value means the one in field F of the parent
    only=V                an INSERT has to give the value V, which is not sent: ClickFunnels lets no
                          other records be created
    sent-as=N             the API takes it under the name N
    item=K[:R[:F]]        its items are sent with the key K: the id of a record of R, shown as F
    later                 ClickFunnels may apply a change later, and show the old value until then
    on-request             lists leave it out: the API shows it with the single record, where the
                           request names it (`expand[]`)
"""

from __future__ import annotations

from collections.abc import Mapping

from cfsync.resources.items import ItemKey
from cfsync.resources.model import Field


def table(text: str) -> tuple[Field, ...]:
    """The fields of a field table. Raises ValueError, naming the field, on an unknown option."""
    return tuple(_field(line.split()) for line in text.splitlines() if line.strip())


def _field(words: list[str]) -> Field:
    name, type_, *options = words
    known: dict[str, object] = {}
    for option in options:
        known |= _option(option, known, name)
    return Field(name, type_.rstrip("?"), type_.endswith("?"), **known)  # type: ignore[arg-type]


_PLAIN: Mapping[str, dict[str, object]] = {
    "create": {"create": True},
    "create!": {"create": True, "required": True},
    "update": {"update": True},
    "write-only": {"write_only": True},
    "secret": {"secret": True},
    "path": {"path": True},
    "set": {"merge": "set"},
    "map": {"merge": "map"},
    "quote": {"merge": "quote"},
    "email": {"email": True},
    "later": {"later": True},
    "on-request": {"on_request": True},
}


def _option(option: str, known: Mapping[str, object], name: str) -> dict[str, object]:
    if option in _PLAIN:
        return _PLAIN[option]
    if "=>" in option:
        value, action = option.split("=>")
        actions = known.get("actions", {})
        assert isinstance(actions, dict)
        return {"actions": {**actions, value: action}}
    match option.split("="):
        case ["from", source]:
            return {"derived": source}
        case ["via", members]:
            return {"via": tuple(members.split(":"))}
        case ["update-if", condition]:
            return {"update_if": tuple(condition.split(":"))}
        case ["ref" | "default" | "only" | "bulk" as rule, word]:
            return {rule: word}
        case ["sent-as", other]:
            return {"sent_as": other}
        case ["item", key]:
            keys = known.get("items", ())
            assert isinstance(keys, tuple)
            return {"items": (*keys, ItemKey(*key.split(":")))}
    raise ValueError(f"field {name}: unknown option {option!r}")
