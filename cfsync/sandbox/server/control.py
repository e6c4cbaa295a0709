"""Controls a world over HTTP, below `/_sandbox/`, for tests in another process.

GET    /_sandbox/ledger | requests | calls | workspaces | kinds | deliveries
GET    /_sandbox/records/{resource}[/{parent}]      a whole list as it is now
GET    /_sandbox/record/{resource}/{id}
POST   /_sandbox/{method}   create, edit, delete, archive, identify, redact, appear_late, appear,
       unlist, live, warm, add_token, refuse, empty, fault; the body is a JSON object of the
       arguments, those of a record in "fields":
       {"resource": "contacts", "id": 5, "fields": {"first_name": "Ada"}};
       answers {"result": the id, or null}
POST   /_sandbox/set        any of latency, gone_cursor, closed_routes, whole_lists, events,
       subjects, soft_deletes, strict_deletes, late_changes, redacts_in_place, per_second,
       burst, retry_after, stats_open, stats_nested, of saved filters filter_results,
       filter_shows, filter_order, filter_rows_in_time, filter_count_cap, filter_seconds, of
       deliveries lose, double, forge, spread, pace, and those of `BulkRules`
POST   /_sandbox/clear      {"what": "faults" | "ledger"}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from cfsync.sandbox.account.store import BulkRules
from cfsync.sandbox.api.answers import Answer, answer
from cfsync.sandbox.faults.kinds import KINDS
from cfsync.sandbox.world import World

PREFIX = "/_sandbox/"

_RECORDS = frozenset(["create", "edit", "delete", "archive", "identify", "redact", "appear_late"])
_WORLD_METHODS = _RECORDS | {
    "appear",
    "live",
    "unlist",
    "warm",
    "add_token",
    "refuse",
    "empty",
    "fault",
}


def handle(world: World, method: str, path: str, body: bytes) -> Answer:
    """Answer a control request; 400 with the reason for anything that can't be done."""
    words = path.removeprefix(PREFIX).split("/")
    try:
        with world.lock:
            if method == "GET":
                return answer(200, _QUERIES[words[0]](world, words[1:]))
            arguments = orjson.loads(body) if body else {}
            return answer(200, {"result": _do(world, words[0], arguments)})
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        return answer(400, {"error": f"{type(error).__name__}: {error}"})


def _do(world: World, name: str, arguments: dict[str, Any]) -> Any:
    if name in _COMMANDS:
        return _COMMANDS[name](world, **arguments)
    if name not in _WORLD_METHODS:
        raise ValueError(f"no command {name!r}")
    fields = arguments.pop("fields", {}) if name in _RECORDS else {}
    places = [arguments.pop(key) for key in ("resource", "id") if key in arguments]
    result = getattr(world, name)(*places, **arguments, **fields)
    return result if isinstance(result, int) else None


_OF_WORLD = frozenset(
    [
        *("latency", "gone_cursor", "closed_routes", "whole_lists", "stats_open", "stats_nested"),
        *("filter_results", "filter_shows", "filter_order", "filter_rows_in_time"),
        *("filter_count_cap", "filter_seconds"),
    ]
)
_OF_STORE = frozenset(
    ["events", "event_types", "subjects", "soft_deletes", "late_changes", "strict_deletes"]
) | {"redacts_in_place"}


def _set(world: World, **settings: Any) -> None:
    for name, value in settings.items():
        setattr(_owner(world, name), name, value)


def _owner(world: World, name: str) -> object:
    """The object that has this setting."""
    if name in _OF_WORLD:
        return world
    if name in ("per_second", "burst", "retry_after"):
        return world.limit
    if name in _OF_STORE:
        return world.store
    if name in BulkRules.__dataclass_fields__:
        return world.store.bulk
    if name in ("lose", "double", "forge", "spread", "pace"):
        return world.courier
    raise ValueError(f"no setting {name!r}")


def _clear(world: World, what: str) -> None:
    {"faults": world.faults.clear, "ledger": world.ledger.clear}[what]()


_COMMANDS: Mapping[str, Callable[..., None]] = {"set": _set, "clear": _clear}

_QUERIES: Mapping[str, Callable[[World, list[str]], Any]] = {
    "ledger": lambda world, _: world.ledger.as_json(),
    "requests": lambda world, _: dict(world.ledger.requests),
    "calls": lambda world, _: [list(call) for call in world.ledger.calls],
    "workspaces": lambda world, _: world.workspaces,
    "kinds": lambda *_: sorted(KINDS),
    "deliveries": lambda world, _: world.courier.as_json(),
    "records": lambda world, words: world.records(words[0], *words[1:2]),
    "record": lambda world, words: world.get(words[0], words[1]),
}
