"""Faults of the results of a saved filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from cfsync.sandbox.api.answers import Answer
from cfsync.sandbox.api.limits import too_many
from cfsync.sandbox.faults.exchange import Exchange, Kind, Reply
from cfsync.sandbox.faults.fault import Fault


def _spoilt(change: Callable[[Fault, dict[str, Any]], dict[str, Any] | None]) -> Kind:
    """A kind that changes the results in the right answer; None: it has none."""

    def reply(fault: Fault, exchange: Exchange) -> Reply:
        proper = exchange.proper()
        data = orjson.loads(proper.body)
        if (results := data.pop("results", None)) is not None:
            changed = change(fault, results)
            data |= {} if changed is None else {"results": changed}
        return Reply(replace(proper, body=orjson.dumps(data)))

    return reply


def _busy(fault: Fault, _: Exchange) -> Reply:
    """Two such reads run already."""
    wait = fault.retry_after or 1.0
    body = {"error": "Too many filtered reads at once", "retry_after": wait}
    return Reply(Answer(429, orjson.dumps(body), too_many(wait).headers))


def _one_field(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    return results | {"fields": ["id"], "rows": [row[:1] for row in results["rows"]]}


def _swapped(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    """The fields are named as they were asked for, and come in another order."""
    return results | {"rows": [row[::-1] for row in results["rows"]]}


def _reversed(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    return results | {"rows": results["rows"][::-1]}


def _lost(fault: Fault, results: dict[str, Any]) -> dict[str, Any]:
    """The first row is missing, or those with these `ids`."""
    gone = results["rows"][0][:1] if fault.ids is None else fault.ids
    return results | {"rows": [row for row in results["rows"] if row[0] not in gone]}


def _extra(fault: Fault, results: dict[str, Any]) -> dict[str, Any]:
    """It names these `ids`, too, whatever became of them."""
    rows = [[id_, "2020-01-01T00:00:00.000Z"] for id_ in fault.ids or ()]
    return results | {"rows": [*results["rows"], *rows]}


def _twice(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    return results | {"rows": [*results["rows"], results["rows"][0]]}


def _old_times(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    """Every `updated_at` is another than that of the record."""
    return results | {"rows": [[i, "2020-01-01T00:00:00.000Z"] for i, _ in results["rows"]]}


def _no_times(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    return results | {"rows": [[i, None] for i, _ in results["rows"]]}


def _endless(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    """The answer says that there is more, and the next one begins where this one did."""
    return results | {"truncated": True, "stop_reason": "time_budget", "next_after": "c0"}


def _cut(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    """Time was up after half of the records: the next answer goes on there."""
    rows = results["rows"][: len(results["rows"]) // 2]
    more = {"truncated": True, "stop_reason": "time_budget", "next_after": f"c{rows[-1][0]}"}
    return results | {"rows": rows} | more


def _too_slow(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    """Time was up before the first record."""
    more = {"truncated": True, "stop_reason": "time_budget", "next_after": "c0"}
    return results | {"rows": []} | more


def _capped(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    """It counts, unasked, and gives up."""
    return results | {"count": 2, "count_capped_at": 2}


def _text_ids(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    return results | {"rows": [[str(i), time] for i, time in results["rows"]]}


def _no_cursor(_: Fault, results: dict[str, Any]) -> dict[str, Any]:
    return results | {"truncated": True, "stop_reason": "row_limit", "next_after": None}


RESULT_KINDS: Mapping[str, Kind] = {
    "results_ignored": _spoilt(lambda *_: None),
    "results_busy": _busy,
    "results_one_field": _spoilt(_one_field),
    "results_swapped": _spoilt(_swapped),
    "results_reversed": _spoilt(_reversed),
    "results_lost": _spoilt(_lost),
    "results_extra": _spoilt(_extra),
    "results_twice": _spoilt(_twice),
    "results_old_times": _spoilt(_old_times),
    "results_no_times": _spoilt(_no_times),
    "results_endless": _spoilt(_endless),
    "results_no_cursor": _spoilt(_no_cursor),
    "results_cut": _spoilt(_cut),
    "results_too_slow": _spoilt(_too_slow),
    "results_capped": _spoilt(_capped),
    "results_text_ids": _spoilt(_text_ids),
    "results_empty": _spoilt(lambda _, results: results | {"rows": []}),
}
