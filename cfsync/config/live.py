"""Which settings a running daemon takes from a changed file, and which need a restart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from cfsync.config.model import Settings
from cfsync.config.sections import Section
from cfsync.config.sources import Source

LIVE = (
    *("log.*", "pull.*", "sweep.*", "census.*", "push.*", "deletions.*", "retention.*"),
    *("events.log_every", "events.stretch_pulls"),
    *("backup.every", "backup.keep", "daemon.stop_timeout"),
    *(f"resources.*.{key}" for key in ("pull_every", "pull_max_every", "sweep_every")),
    "resources.*.on_conflict",
)
"""Patterns of the settings that are read each time they are needed."""


WHEN_REFUSED = ("api.token", "api.headers")
"""Settings that are taken once those in use are refused, unless the token is fixed."""


class Change(NamedTuple):
    """The names of settings that differ from those in force."""

    taken: list[str]
    needs_restart: list[str]


def take(settings: Settings, new: Settings) -> Change:
    """Change the settings in force, which all parts of the daemon share, to new ones as far as that
    is possible.
    """
    change = compare(settings, new)
    for section in {name.partition(".")[0] for name in change.taken}:
        settings.__dict__[section] = _merged(section, getattr(settings, section), new)
    return change


def take_sources(
    sources: list[Source], new: Sequence[Source], needs_restart: Collection[str]
) -> None:
    """As `take`, of where the settings in force are from. `needs_restart`: the settings whose new
    values are not taken.
    """
    taken = {one.key: one for one in new if is_live(one.key)}
    sources[:] = [
        taken.get(one.key) or replace(one, needs_restart=one.key in needs_restart)
        for one in sources
    ]


def compare(settings: Settings, new: Settings) -> Change:
    """What differs. Pure."""
    before, after = dict(_flat("", settings)), dict(_flat("", new))
    differs = [name for name, value in after.items() if before[name] != value]
    return Change(
        [name for name in differs if is_live(name)],
        [name for name in differs if not is_live(name)],
    )


def is_live(name: str) -> bool:
    """Whether a change of the setting is taken without a restart. Pure."""
    return any(fnmatchcase(name, pattern) for pattern in LIVE)


def _merged(prefix: str, old: Any, new: Any) -> Any:
    """The old section with the new values of the settings that can change."""
    found = getattr(new, prefix) if isinstance(new, Settings) else new
    if isinstance(old, dict):
        return {name: _merged(f"{prefix}.{name}", old[name], found[name]) for name in old}
    live = [name for name in type(old).model_fields if is_live(f"{prefix}.{name}")]
    return old.model_copy(update={name: getattr(found, name) for name in live})


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Section):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    elif prefix != "resources":
        yield prefix, value
        return
    for name, one in value.items():
        yield from _flat(f"{prefix}.{name}".lstrip("."), one)
