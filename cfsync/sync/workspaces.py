"""Which workspaces to mirror, of those that are known. Pure.

Apart from `account`, so that commands that make no request don't load the HTTP client.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cfsync.config import ApiSettings
from cfsync.errors import UnknownWorkspace

Known = Sequence[tuple[int, str | None]]
"""Workspaces by id and public_id."""


def choose(known: Known, wanted: Sequence[str], exclude: Sequence[str]) -> list[int]:
    """The ids of the wanted workspaces (all, if none is named) without the excluded ones. Pure.

    `known` is (id, public_id); names may be either. Raises UnknownWorkspace.
    """
    for name in (*wanted, *exclude):
        if not all_known(known, [name]):
            raise UnknownWorkspace(name)
    return _chosen(known, wanted, exclude)


def mirrored(known: Known, api: ApiSettings) -> list[int]:
    """The ids of the workspaces that the settings choose; one that they name and nobody knows is
    none of them. Pure.
    """
    return _chosen(known, [str(w) for w in api.workspaces], [str(w) for w in api.exclude])


def _chosen(known: Known, wanted: Sequence[str], exclude: Sequence[str]) -> list[int]:
    return [
        i
        for i, public in known
        if (not wanted or _is(i, public, wanted)) and not _is(i, public, exclude)
    ]


def all_known(known: Iterable[tuple[int, str | None]], names: Sequence[str]) -> bool:
    """Whether each name is the id or public_id of a known workspace."""
    pairs = list(known)
    return all(any(_is(i, public, [name]) for i, public in pairs) for name in names)


def _is(record_id: int, public_id: str | None, names: Sequence[str]) -> bool:
    return str(record_id) in names or public_id in names
