"""Passes as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import htpy as h

from cfsync.mirror.progress import runs
from cfsync.times import seconds
from cfsync.web.console.html.parts.tables import table
from cfsync.web.console.html.parts.words import chip, dot, lane, number, took, when, words

_HEADS = {
    "pass": "",
    "list": "",
    "what it did": "",
    "requests": "n",
    "took": "n",
    " ": "",
    "began": "n",
}


def passes(found: Sequence[Mapping[str, Any]], now: str, which: str = "") -> h.Element:
    """Passes as a table. `which`: the pass that they are limited to; `failed`: those that failed;
    '': all.
    """
    if not found:
        none = {"": "No pass has done anything yet.", "failed": "No pass has failed."}
        return h.p(".hint")[none.get(which, f"No {which} pass has done anything yet.")]
    return table("Passes", _HEADS, (_pass(run, now) for run in found), "passes")


def _pass(run: Mapping[str, Any], now: str) -> h.Element:
    has_failed = runs.has_failed(run["state"], run["trouble"])
    is_stopped = run["state"] == runs.RunState.STOPPED
    kind = "failed" if has_failed else run["pass"]
    began, ended = run["started_at"], run["ended_at"]
    end: h.Node = chip("failed", "parked") if has_failed else is_stopped and chip("stopped", "held")
    end = chip("running") if ended is None else end
    whole = None if ended is None or run["quiet"] else took(seconds(began, ended))
    is_cut = has_failed or is_stopped
    since = "ended alike" if is_cut else "had nothing to do"
    error = run["error"] and h.span(".err")[run["error"]]
    return h.tr[
        h.td[lane(kind, run["pass"])],
        h.td[words(run["resource"] or "all lists")],
        h.td[_done(run) or (not end and dot()), end, error],
        number(f"{run['requests'] or 0:,}"),
        number(whole),
        h.td(".n")[
            bool(run["quiet"])
            and h.small(title=f"Passes of the same kind since that {since}")[
                f"+{run['quiet']:,} {'alike' if is_cut else 'quiet'}, last ", when(now, ended)
            ]
        ],
        number(when(now, began)),
    ]


def _done(run: Mapping[str, Any]) -> str:
    total: Counter[str] = Counter()
    for counts in (run["counts"] or {}).values():
        total.update({k: n for k, n in counts.items() if n and k not in ("unchanged", "same")})
    if "parked" in total:
        total["refused"] += total.pop("parked")
    return ", ".join(f"{n:,} {_one(words(kind), n)}" for kind, n in total.items())


def _one(kind: str, n: int) -> str:
    """What is counted, of one without the `s`."""
    kind = "events" if kind == "hints" else kind
    return kind[:-1] if n == 1 and kind in ("conflicts", "events", "edits") else kind
