"""Activity: the last passes, and the history of both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import htpy as h

from cfsync.web.console.html.layout import Shell, page
from cfsync.web.console.html.passes import passes
from cfsync.web.console.html.words import chip, link, moment, patch, words

PASSES = ("pull", "push", "events", "sweep", "census", "backfill", "verify", "recover")


@dataclass(frozen=True, slots=True)
class Activity:
    """What the page shows."""

    #: Rows of `cf_runs`, newest first.
    passes: Sequence[Mapping[str, Any]]
    #: The pass that they are limited to; `failed`: those that failed; '': all.
    which: str
    #: Rows of `cf_feed`, newest first; None: no history is kept.
    changes: Sequence[Mapping[str, Any]] | None
    #: The side to which they are limited; '': both.
    side: str
    now: str


def activity(shell: Shell, found: Activity) -> h.Element:
    kinds = ("", *PASSES, "failed")
    return page(
        shell,
        "Activity",
        h.h1["Activity"],
        h.div("#live")[
            h.section(".card")[
                h.header[h.h2["Passes"], _choice("pass", found.which, kinds, {"side": found.side})],
                passes(found.passes, found.now),
            ],
            h.section(".card")[
                h.header[
                    h.h2["Changes"],
                    _choice(
                        "side", found.side, ("", "clickfunnels", "local"), {"pass": found.which}
                    ),
                ],
                changes(found.changes),
            ],
        ],
        here="activity",
    )


def _choice(name: str, chosen: str, among: Sequence[str], others: Mapping[str, str]) -> h.Element:
    return h.span(".ranges")[
        (
            h.a(
                href="/activity?" + urlencode({**others, name: one}),
                class_={"here": one == chosen},
            )[one or "all"]
            for one in among
        )
    ]


def changes(found: Sequence[Mapping[str, Any]] | None) -> h.Node:
    """Changes as a table."""
    if found is None:
        return h.p(".hint")["No history is kept: retention.changes is 0."]
    if not found:
        return h.p(".hint")["No change yet. The first filling of the mirror is none."]
    head = ("when", "record", "where", "what", "")
    return h.div(".wide", tabindex="0", role="region", aria_label="Changes")[
        h.table(".feed")[
            h.thead[h.tr[(h.th(scope="col")[name] for name in head)]],
            h.tbody[(_change(row) for row in found)],
        ]
    ]


def _change(row: Mapping[str, Any]) -> h.Element:
    who = row["db_user"] or row["source"]
    side = "ClickFunnels" if row["side"] == "clickfunnels" else "here"
    record = row["record_id"] and link(row["resource"], row["record_id"])
    return h.tr[
        h.td[moment(row["at"])],
        h.td[words(row["resource"]), " ", record],
        h.td[chip(side, str(row["side"])), h.small[f" {who}"]],
        h.td[patch(row["patch"], row["op"])],
        h.td(".n")[h.small[f"{row['op']} {row['seq']}"]],
    ]
