"""Lists and settings: what is mirrored and how often, and each setting in force."""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h

from cfsync.config import Settings
from cfsync.config.sources import Source
from cfsync.resources import RESOURCES
from cfsync.web.console.html.layout import Shell, page
from cfsync.web.console.html.words import dot, took, words


def lists(shell: Shell, settings: Settings, sources: Sequence[Source]) -> h.Element:
    return page(
        shell,
        "Lists and settings",
        h.h1["Lists and settings"],
        h.section(".card")[h.header[h.h2["Lists"]], _lists(shell, settings)],
        h.section(".card")[
            h.header[h.h2["Settings in force"]],
            h.p(".hint")["Secrets are shown as ***. A setting is changed in its file, not here."],
            _settings(sources),
        ],
        here="lists",
    )


def _lists(shell: Shell, settings: Settings) -> h.Element:
    head = (
        "list",
        "rows",
        "mirrored",
        "pulled every",
        "at the latest after",
        "swept every",
        "edits are sent",
    )
    return h.div(".wide", tabindex="0", role="region", aria_label="Lists")[
        h.table[
            h.thead[h.tr[(h.th(scope="col")[name] for name in head)]],
            h.tbody[(_list(shell, settings, name) for name in RESOURCES)],
        ]
    ]


def _list(shell: Shell, settings: Settings, name: str) -> h.Element:
    mine = settings.resource(name)
    every = (mine.pull_every, mine.pull_max_every, mine.sweep_every)
    times = (h.td(".n")[took(s) if s and mine.enabled else dot()] for s in every)
    return h.tr(class_={"paused": not mine.enabled})[
        h.th(scope="row")[h.a(href=f"/records/{name}")[words(name)]],
        h.td(".n")[f"{shell.rows.get(name, 0):,}"],
        h.td["yes" if mine.enabled else "no"],
        times,
        h.td["yes" if mine.push and mine.enabled else "no"],
    ]


def _settings(sources: Sequence[Source]) -> h.Element:
    shown = [s for s in sources if not s.key.startswith("resources.") or s.source != "default"]
    return h.div(".wide", tabindex="0", role="region", aria_label="Settings")[
        h.table[
            h.thead[h.tr[(h.th(scope="col")[name] for name in ("setting", "value", "from"))]],
            h.tbody[
                (
                    h.tr[h.th(scope="row")[h.code[s.key]], h.td[_written(s.value)], h.td[s.source]]
                    for s in shown
                )
            ],
        ]
    ]


def _written(value: object) -> h.Node:
    if value in (None, "", []):
        return dot()
    return str(value).lower() if isinstance(value, bool) else str(value)
