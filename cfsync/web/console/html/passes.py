"""Passes as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import htpy as h

from cfsync.values import seconds
from cfsync.web.console.html.words import age, dot, number, took, words


def passes(found: Sequence[Mapping[str, Any]], now: str) -> h.Element:
    """Passes as a table."""
    if not found:
        return h.p(".hint")["No pass has done anything yet."]
    head = ("pass", "list", "what it did", "requests", "took", "quiet since", "ended")
    return h.div(".wide", tabindex="0", role="region", aria_label="Passes")[
        h.table(".passes")[
            h.thead[h.tr[(h.th(scope="col")[name] for name in head)]],
            h.tbody[(_pass(run, now) for run in found)],
        ]
    ]


def _pass(run: Mapping[str, Any], now: str) -> h.Element:
    kind = "failed" if run["state"] == "failed" else run["pass"]
    ended = run["ended_at"]
    whole = None if ended is None or run["quiet"] else seconds(run["started_at"], ended)
    error = run["error"] and h.span(".err")[run["error"]]
    return h.tr[
        h.td[h.span(class_=f"k k-{kind}")[run["pass"]]],
        h.td[words(run["resource"] or "all lists")],
        h.td[_done(run) or dot(), error],
        number(f"{run['requests'] or 0:,}"),
        number(None if whole is None else took(whole)),
        number(f"{run['quiet']:,}" if run["quiet"] else None),
        number(
            "running" if ended is None else h.time(datetime=ended, title=ended)[age(now, ended)]
        ),
    ]


def _done(run: Mapping[str, Any]) -> str:
    total: Counter[str] = Counter()
    for counts in (run["counts"] or {}).values():
        total.update({k: n for k, n in counts.items() if n and k not in ("unchanged", "same")})
    return ", ".join(f"{n:,} {words(kind)}" for kind, n in total.items())
