"""Changes as a table for people, which fits the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cfsync.cli.text import shortened, visible

Change = Mapping[str, Any]

FIELDS = 4
"""How many fields of an inserted or deleted row are shown."""
ROOM = 40
"""Characters for what has changed; where fewer are left in a line, it has a line of its own."""
INDENT = "    "

_HEAD = ("seq", "at (UTC)", "op", "record", "by")


class ChangeTable:
    """Lines whose columns never become narrower again."""

    def __init__(self, width: int | None, *, workspaces: bool = False) -> None:
        """`width`: how many characters a line may have; None: any number. `workspaces`: whether the
        workspace of each record is shown.
        """
        self._width, self._workspaces = width, workspaces
        self._widths: list[int] = []

    def lines(self, changes: Sequence[Change]) -> Iterator[str]:
        """Lines for some changes, below a heading at the first time."""
        rows = [(self._cells(change), visible(_what(change) or "-")) for change in changes]
        if not self._widths:
            head = [*_HEAD, "workspace"] if self._workspaces else [*_HEAD]
            rows = [(head, "what"), *rows]
            self._widths = [0] * len(head)
        for cells, _ in rows:
            self._widths = [*map(max, self._widths, map(len, cells))]
        for cells, what in rows:
            yield from self._fitting("  ".join(map(str.ljust, cells, self._widths)), what)

    def _cells(self, change: Change) -> list[str]:
        by = change["db_user"] or "SQL" if change["side"] == "local" else change["source"]
        cells = [
            str(change["seq"]),
            change["at"][:19].replace("T", " "),
            change["op"],
            f"{change['resource']} {change['record_id']}",
            visible(f"{change['side']}: {by}"),
        ]
        return [*cells, str(change["workspace_id"] or "-")] if self._workspaces else cells

    def _fitting(self, row: str, what: str) -> Iterator[str]:
        if self._width is None or self._width - len(row) - 2 >= ROOM:
            yield _cut(f"{row}  {what}", self._width)
            return
        yield _cut(row.rstrip(), self._width)
        yield _cut(f"{INDENT}{what}", self._width)


def _cut(text: str, width: int | None) -> str:
    return text if width is None or len(text) <= width else text[: width - 3] + "..."


def _what(change: Change) -> str | None:
    """What has changed, shortened; None where nothing of it is kept."""
    op, patch = change["op"], change["patch"]
    if op in ("update", "renumber"):
        named = [n for n in patch if n != "updated_at"] or list(patch)
        return ", ".join(part for n in named for part in _difference(n, *patch[n])) or None
    side = 0 if op == "delete" else 1
    told = {n: pair[side] for n, pair in patch.items() if pair[side] not in (None, "", [], {})}
    return _listed((f"{n}: {_value(v)}" for n, v in list(told.items())[:FIELDS]), len(told))


def _difference(name: str, old: Any, new: Any) -> Iterator[str]:
    """Of a map the keys that differ, of lists the members; else both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            if old.get(key) != new.get(key):
                yield f"{name}.{key}: {_value(old.get(key))} -> {_value(new.get(key))}"
    elif isinstance(old, list) and isinstance(new, list):
        gone, come = [v for v in old if v not in new], [v for v in new if v not in old]
        said = [*(f"-{_value(v)}" for v in gone), *(f"+{_value(v)}" for v in come)]
        yield f"{name}: {' '.join(said) or 'in another order'}"
    else:
        yield f"{name}: {_value(old)} -> {_value(new)}"


def _listed(parts: Iterable[str], total: int) -> str | None:
    found = [*parts]
    more = [f"{total - len(found)} more"] if total > len(found) else []
    return ", ".join(found + more) or None


def _value(value: Any) -> str:
    return shortened(value, 40)
