"""What the API does with a write. Rules of single resources are in `resource_rules`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cfsync.resources import ALL, Field, Resource
from cfsync.resources.model import holds
from cfsync.sandbox.account import bulk_tagging, resource_rules
from cfsync.sandbox.account.checks import Invalid, accepted
from cfsync.sandbox.account.problems import invalid, malformed, missing
from cfsync.sandbox.account.store import Store
from cfsync.sandbox.seeds.records import Values

_AS_SENT: Mapping[str, Callable[[Store, int, Mapping[str, Any]], Values]] = {
    bulk_tagging.ACTIONS: bulk_tagging.with_real_ids,
}
"""What reads the fields of a create that come in another form than the record's."""


def body_of(resource: Resource, body: Any, of_action: Sequence[Field] = ()) -> Values:
    """The fields in a request's body; `of_action`: those that an action takes beside the record's.
    Raises Problem (400).
    """
    sent = body.get(resource.body_key) if isinstance(body, dict) else None
    if not isinstance(sent, dict):
        raise malformed(f"param is missing or the value is empty: {resource.body_key}")
    names: dict[str, str] = {f.sent_as or f.name: f.name for f in (*resource.fields, *of_action)}
    shown_only = {f.name for f in resource.fields if f.sent_as}
    taken = {str(n): value for n, value in sent.items() if n not in shown_only}
    return {names.get(n, n): value for n, value in taken.items()}


def create(
    store: Store,
    name: str,
    parent: int,
    sent: Mapping[str, Any],
    *,
    fixed: Mapping[str, Any] | None = None,
) -> Values:
    """Create a record below `parent`; `fixed` comes from the path. Raises Problem (404, 422)."""
    resource = ALL[name]
    workspace = _workspace_below(store, resource, parent)
    fields = {f.name: f for f in resource.fields if f.create}
    if name in _AS_SENT:
        sent = _AS_SENT[name](store, workspace, sent)
    accepted_fields = _accepted(store, fields, sent, workspace, _missing(fields, sent))
    draft = resource_rules.Draft(
        store, name, parent, workspace, None, accepted_fields | dict(fixed or {})
    )
    resource_rules.check(draft)
    first = resource_rules.defaults(name) | draft.stored
    values = store.draft(name, parent, first)
    store.add(name, values)
    resource_rules.after_write(draft, values["id"])
    return _current(store, name, values["id"])


def update(store: Store, name: str, old: Values, sent: Mapping[str, Any]) -> Values:
    """Change the fields sent that may be changed; the others are ignored. Raises Problem (422)."""
    fields = {f.name: f for f in ALL[name].fields if _is_writable(f, old)}
    accepted_fields = _accepted(store, fields, sent, old["workspace_id"], {})
    draft = resource_rules.Draft(store, name, 0, old["workspace_id"], old, accepted_fields)
    resource_rules.check(draft)
    changes = {k: v for k, v in draft.stored.items() if old.get(k) != v}
    if changes:
        store.change(name, old, changes)
    resource_rules.after_write(draft, old["id"])
    return _current(store, name, old["id"])


def delete(store: Store, name: str, old: Values) -> None:
    store.drop(name, old)
    resource_rules.after_delete(store, name, old)


def check_delete(store: Store, resource: str, old: Values) -> None:
    """Raises Problem (422) where the API refuses to delete a contact that others need."""
    if resource != "contacts" or not store.strict_deletes:
        return
    for course in store.children("courses", old["workspace_id"]):
        if old["id"] in [e["contact_id"] for e in store.children("enrollments", course["id"])]:
            raise invalid(base="Contact has course enrollments and can't be deleted")


def upsert(store: Store, name: str, parent: int, sent: Mapping[str, Any]) -> tuple[Values, bool]:
    """Create a contact, or update the one with this address without clearing any field. Returns the
    record and whether it was created."""
    address = sent.get("email_address")
    if not isinstance(address, str) or not address:
        raise invalid(email_address="can't be blank")
    if (id_ := store.by_email(parent, address)) is None:
        return create(store, name, parent, sent), True
    given = {key: value for key, value in sent.items() if value not in (None, [], {})}
    return update(store, name, _current(store, name, id_), given), False


def _current(store: Store, name: str, id_: int) -> Values:
    values = store.get(name, id_)
    if values is None:
        raise missing()
    return values


def _workspace_below(store: Store, resource: Resource, parent: int) -> int:
    """The workspace of a record created below `parent`."""
    above = store.get(resource.parent, parent) if resource.parent else {}
    if above is None:
        raise missing()
    return int(above.get("workspace_id", 0))


def _is_writable(field: Field, old: Values) -> bool:
    if field.update_if:
        return holds(field.update_if, old)
    return field.update


def _missing(fields: Mapping[str, Field], sent: Mapping[str, Any]) -> dict[str, str]:
    """Errors for required fields that were not sent."""
    required = (f for f in fields.values() if f.required)
    return {f.name: "can't be blank" for f in required if sent.get(f.name) in (None, "")}


def _accepted(
    store: Store,
    fields: Mapping[str, Field],
    sent: Mapping[str, Any],
    workspace: int,
    errors: dict[str, str],
) -> Values:
    """The sent fields that may be written, as the server stores them. Raises Problem (422) if there
    are errors; `errors` holds those found so far.
    """
    accepted_fields: Values = {}
    for name, value in sent.items():
        if name not in fields or name in errors:
            continue
        try:
            accepted_fields[name] = accepted(fields[name], value)
            _check_reference(store, fields[name], accepted_fields[name], workspace)
        except Invalid as wrong:
            errors[name] = str(wrong)
    if errors:
        raise invalid(**errors)
    return accepted_fields


def _check_reference(store: Store, field: Field, value: Any, workspace: int) -> None:
    """A referenced record must exist in the same workspace."""
    ids = value if isinstance(value, list) else [value]
    for id_ in ids if field.ref and field.type in ("integer", "json") else ():
        found = store.get(field.ref or "", id_) if type(id_) is int else None
        is_elsewhere = found and ALL[field.ref or ""].in_workspace
        if value is not None and (
            found is None or (is_elsewhere and found["workspace_id"] != workspace)
        ):
            raise Invalid("must exist")
