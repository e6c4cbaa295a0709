"""Bulk tagging: a record of `contact_tag_actions` adds or removes tags of many contacts at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cfsync.sandbox.account.problems import invalid
from cfsync.sandbox.account.store import Store
from cfsync.sandbox.seeds.formats import id_of
from cfsync.sandbox.seeds.records import Values

ACTIONS = "contact_tag_actions"
_APPLIED = "contact_applied_tags"
_TARGETS = ("stable_id", "stored_filter_id", "target_ids", "target_all")


def with_real_ids(store: Store, workspace: int, sent: Mapping[str, Any]) -> Values:
    """What was sent, with real ids in place of public ones. Raises Problem (422)."""
    if sum(bool(sent.get(name)) for name in _TARGETS) > 1:
        raise invalid(base=f"only one of {', '.join(_TARGETS)} may be given")
    if "action_type" in sent and sent["action_type"] not in ("add", "remove"):
        raise invalid(action_type="is not included in the list")
    targets, tags = sent.get("target_ids") or [], sent.get("tag_ids") or []
    if not isinstance(targets, list) or len(targets) > store.bulk.bulk_limit:
        raise invalid(target_ids=f"is too long (maximum is {store.bulk.bulk_limit})")
    known = [i for t in targets if _is_in(store, i := _id(store, "contacts", t), workspace)]
    if len(known) < len(targets) and store.bulk.bulk_unknown == "refused":
        raise invalid(target_ids="must exist")
    found = {"target_ids": known if targets else None}
    if "tag_ids" in sent:
        found["tag_ids"] = [_id(store, "contact_tags", tag) for tag in tags]
    return {**sent, **found}


def _id(store: Store, resource: str, given: object) -> int:
    """The real id, 0 where there is none."""
    if isinstance(given, int) and not store.bulk.bulk_plain_ids:
        return 0
    return id_of(resource, str(given)) or 0


def _is_in(store: Store, contact: int, workspace: int) -> bool:
    values = store.get("contacts", contact) if contact else None
    return values is not None and values["workspace_id"] == workspace


def begin(store: Store, action_id: int) -> None:
    """Count the targets of a new action, and run it where it is run at once."""
    action = store.get(ACTIONS, action_id) or {}
    targets = action["target_ids"]
    first: Values = {"target_count": len(_targets(store, action)), "performed_count": 0}
    first |= {"_targets": targets, "target_ids": targets if store.bulk.bulk_shows_targets else None}
    store.put(ACTIONS, action | first)
    store.waiting_actions[action_id] = 0
    _run_due(store)


def look(store: Store) -> None:
    """Count a look at the actions that wait, and run those that have waited for so many."""
    for action_id in store.waiting_actions:
        store.waiting_actions[action_id] += 1
    _run_due(store)


def _run_due(store: Store) -> None:
    looks = store.bulk.bulk_looks
    for action_id, seen in list(store.waiting_actions.items()):
        if looks is not None and seen >= looks:
            del store.waiting_actions[action_id]
            if action := store.get(ACTIONS, action_id):  # else somebody has deleted it
                _run(store, action)


def _run(store: Store, action: Values) -> None:
    targets, began = _targets(store, action), store.now()
    real = targets[: round(len(targets) * store.bulk.bulk_share)]
    changed = [contact for contact in real if _change_tags(store, contact, action)]
    counted = real if store.bulk.bulk_counts == "targets" else changed
    times = {"started_at": began, "completed_at": store.now()}
    store.change(ACTIONS, action, {"performed_count": len(counted)} | times)


def _targets(store: Store, action: Values) -> list[int]:
    if named := action.get("_targets") or action["target_ids"]:
        return list(named)
    found = store.tables["contacts"].by_id(action["workspace_id"], None, False)
    return [id_ for id_ in found if store.is_listed("contacts", id_)]


def _change_tags(store: Store, contact: int, action: Values) -> bool:
    """Whether any tag of the contact has changed."""
    values, named = store.get("contacts", contact), set(action["tag_ids"])
    if values is None:
        return False
    applied = [a for a in store.children(_APPLIED, contact) if a["tag_id"] in named]
    missing = named - {a["tag_id"] for a in applied}
    is_add = action["action_type"] == "add"
    for record in () if is_add else applied:
        store.drop(_APPLIED, record)
    for tag in sorted(missing) if is_add else ():
        store.add(_APPLIED, store.draft(_APPLIED, contact, {"tag_id": tag}))
    has_changed = bool(missing if is_add else applied)
    if has_changed and store.bulk.bulk_touches:
        store.change("contacts", values, {})
    store.tables["contacts"].texts.pop(contact, None)
    return has_changed
