"""Lists and settings: what is mirrored and how often, and each setting in force."""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h

from cfsync.config import Settings
from cfsync.config.sources import Source
from cfsync.resources import RESOURCES
from cfsync.web.console.html.parts.layout import Shell, page
from cfsync.web.console.html.parts.tables import table
from cfsync.web.console.html.parts.words import dot, plural, took, words


def lists(shell: Shell, settings: Settings, sources: Sequence[Source]) -> h.Element:
    return page(
        shell,
        "Lists and settings",
        h.h1["Lists and settings"],
        h.section(".card")[h.header[h.h2["Lists"]], _lists(shell, settings)],
        h.section(".card")[
            h.header[h.h2["Settings in force"]],
            h.p(".hint")["Secrets are shown as ***. A setting is changed in its file, not here."],
            _needs_restart(sources),
            _settings(sources),
        ],
        here="lists",
    )


def _lists(shell: Shell, settings: Settings) -> list[h.Node]:
    on = [name for name in RESOURCES if settings.resource(name).enabled]
    off = [words(name) for name in RESOURCES if name not in on]
    hint = "api.mirror, or resources.NAME.enabled, says what is mirrored."
    return [
        _table(shell, settings, on),
        bool(off)
        and h.details(".rest")[
            h.summary[f"{plural(len(off), 'list')} of ClickFunnels not mirrored"],
            h.p(".hint")[", ".join(off), ". ", hint],
        ],
    ]


def _table(shell: Shell, settings: Settings, names: Sequence[str]) -> h.Element:
    head = {
        "list": "",
        "rows": "n",
        "pulled every": "",
        "compared in full every": "",
        "edits here": "",
    }
    return table("Lists", head, (_list(shell, settings, name) for name in names))


def _list(shell: Shell, settings: Settings, name: str) -> h.Element:
    mine = settings.resource(name)
    quiet = mine.pull_max_every > mine.pull_every and f", up to {took(mine.pull_max_every)}"
    return h.tr[
        h.th(scope="row")[h.a(href=f"/records/{name}")[words(name)]],
        h.td(".n")[f"{shell.rows.get(name, 0):,}"],
        h.td[took(mine.pull_every), quiet and h.small[f"{quiet} while nothing changes"]],
        h.td[took(mine.sweep_every) if mine.sweep_every else "never"],
        h.td["are sent" if mine.push else "stay here"],
    ]


def _needs_restart(sources: Sequence[Source]) -> h.Node:
    if waiting := [s.key for s in sources if s.needs_restart]:
        return h.p(".flash.warn")[f"Changed in the file; a restart takes it: {', '.join(waiting)}."]
    return None


def _settings(sources: Sequence[Source]) -> h.Element:
    shown = [s for s in sources if not s.key.startswith("resources.") or s.source != "default"]
    rows = (
        h.tr[h.th(scope="row")[h.code[s.key]], h.td[_written(s.value)], h.td[s.source]]
        for s in shown
    )
    return table("Settings", {"setting": "", "value": "", "from": ""}, rows)


def _written(value: object) -> h.Node:
    if value in (None, "", [], {}):
        return dot()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
