"""Which field each column of a file stands for. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from cfsync.errors import UsageError
from cfsync.mirror.capture.rules import insertable, updatable
from cfsync.resources import RESOURCES
from cfsync.resources.model import Field, Resource
from cfsync.values import snake_case

IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Target:
    """What the values of a column become."""

    field: Field
    #: A key of the map that the field holds; None: the field itself.
    key: str | None = None

    @property
    def name(self) -> str:
        return self.field.name if self.key is None else f"{self.field.name}.{self.key}"


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a file stand for."""

    resource: Resource
    #: The column whose values say which record a row is.
    key_column: str
    key: Field
    #: Column -> what is written; that of the key is there where it can be written.
    targets: Mapping[str, Target]
    #: The columns that are left out.
    ignored: tuple[str, ...] = ()


def importable(resource: Resource) -> bool:
    """Whether a file can be imported into it."""
    return resource.insert is not None or bool(updatable(resource))


def check_importable(resource: Resource) -> None:
    """Raise UsageError where neither an INSERT nor an UPDATE is possible."""
    if not importable(resource):
        names = ", ".join(r.name for r in RESOURCES.values() if importable(r))
        raise UsageError(f"nothing of {resource.name} can be written; choose from {names}")


def is_known(resource: Resource, column: str) -> bool:
    """Whether a column has the name of a field."""
    return _plain(column) in {_plain(f.name) for f in resource.columns}


def map_columns(
    resource: Resource,
    columns: Sequence[str],
    *,
    match: str | None,
    renamed: Mapping[str, str],
    rest: str | None,
) -> Columns:
    """What the columns stand for. `match`: the field that says which record a row is; `renamed`:
    column -> field, or '' to leave it out; `rest`: the field with a map for the columns that match
    nothing, or `ignore`. Raises UsageError, and names all that is wrong.
    """
    wanted = {name: _renamed(name, renamed) for name in columns}
    _check_renamed(columns, renamed)
    keys = {f.name: c for c, w in wanted.items() if (f := _field(resource, w)) is not None}
    key = _key(resource, keys, match, columns)
    found: dict[str, Target] = {}
    left, ignored, read_only = list[str](), list[str](), list[str]()
    for column, name in wanted.items():
        target = _target(resource, name)
        if not name:
            ignored.append(column)
        elif target is None:
            left.append(column)
        elif column != keys[key.name] and not _is_writable(resource, target.field):
            read_only.append(column)
        else:
            found[column] = target
    _check_twice(found)
    if rest == IGNORE:
        ignored += [*left, *read_only]
    elif read_only:
        raise UsageError(_told_read_only(resource, read_only))
    else:
        found |= _rest(resource, left, rest)
    return Columns(resource, keys[key.name], key, found, tuple(ignored))


def _plain(name: str) -> str:
    """A name without regard to case, spaces, hyphens and underscores."""
    return re.sub(r"[\s_-]+", "", name).casefold()


def _renamed(column: str, renamed: Mapping[str, str]) -> str:
    return next((to for name, to in renamed.items() if _plain(name) == _plain(column)), column)


def _check_renamed(columns: Sequence[str], renamed: Mapping[str, str]) -> None:
    have = set(map(_plain, columns))
    if unknown := [name for name in renamed if _plain(name) not in have]:
        raise UsageError(
            f"--map: the file has no column {', '.join(unknown)}; it has {', '.join(columns)}"
        )


def _field(resource: Resource, name: str) -> Field | None:
    plain = _plain(name)
    return next((f for f in resource.columns if plain and _plain(f.name) == plain), None)


def _target(resource: Resource, name: str) -> Target | None:
    """What a name stands for: a field, or `FIELD.KEY` of a map."""
    if (field := _field(resource, name)) is not None:
        return Target(field)
    before, _, key = name.partition(".")
    field = _field(resource, before)
    if field is not None and field.merge == "map" and key.strip():
        return Target(field, snake_case(key))
    return None


def _is_writable(resource: Resource, field: Field) -> bool:
    return field in insertable(resource) or field in updatable(resource)


def key_fields(resource: Resource) -> tuple[str, ...]:
    """The fields that can say which record a row is, the usual one first."""
    own = (resource.unique,) if resource.unique else resource.natural
    names = (*own, "id", "public_id")
    return tuple(n for n in names if n in resource.by_name and _is_plain(resource.by_name[n]))


def _is_plain(field: Field) -> bool:
    return field.type in ("text", "integer") and not field.secret


def _key(
    resource: Resource, have: Collection[str], match: str | None, columns: Sequence[str]
) -> Field:
    known = key_fields(resource)
    if match is not None and match not in known:
        raise UsageError(f"--match: {resource.name} are matched by {' or '.join(known)}")
    names = [n for n in known if n in have and match in (None, n)]
    if not names:
        wanted, field = match or " or ".join(known), match or known[0]
        likely = [c for c in columns if _plain(c) and _plain(field).startswith(_plain(c))]
        raise UsageError(
            f"no column says which of the {resource.name} a row is: it must be {wanted}"
            f" (--map '{(likely or ['COLUMN'])[0]}={field}' says which it is)"
        )
    return resource.by_name[names[0]]


def _check_twice(found: Mapping[str, Target]) -> None:
    by_name: dict[str, list[str]] = {}
    for column, target in found.items():
        by_name.setdefault(target.name, []).append(column)
    for name, columns in by_name.items():
        if len(columns) > 1:
            raise UsageError(
                f"the columns {' and '.join(columns)} are both {name}: leave one out"
                f" (--map '{columns[-1]}=')"
            )


def _told_read_only(resource: Resource, columns: Sequence[str]) -> str:
    return (
        f"read-only in {resource.name}: {', '.join(columns)}: leave them out (--map"
        f" '{columns[0]}=', or --rest ignore for every column that can't be written)"
    )


def _rest(resource: Resource, left: Sequence[str], rest: str | None) -> dict[str, Target]:
    """What the columns that match nothing become: keys of a map."""
    maps = [f for f in updatable(resource) if f.merge == "map"]
    if rest is not None and rest not in {f.name for f in maps}:
        also = "".join(f" or {f.name}" for f in maps)
        raise UsageError(f"--rest of {resource.name} is {IGNORE}{also}")
    if not left:
        return {}
    if rest is None:
        raise UsageError(_told_unknown(resource, left, maps))
    found = {column: Target(resource.by_name[rest], snake_case(column)) for column in left}
    _check_twice(found)
    return found


def _told_unknown(resource: Resource, left: Sequence[str], maps: Sequence[Field]) -> str:
    names = [f.name for f in (*insertable(resource), *updatable(resource))]
    likely = _likely(left[0], names)
    also = "".join(f", --rest {f.name} to keep them there" for f in maps)
    return (
        f"no field of {resource.name} has the name {', '.join(n or '(none)' for n in left)}: give"
        f" --map '{left[0]}={likely or 'FIELD'}'{also}, or --rest {IGNORE} to leave them out"
    )


def _likely(column: str, names: Sequence[str]) -> str | None:
    by_plain = {_plain(name): name for name in names}
    plain = _plain(column)
    begins = [name for known, name in by_plain.items() if plain and known.startswith(plain)]
    close = get_close_matches(plain, by_plain, 1)
    return begins[0] if begins else by_plain[close[0]] if close else None


def renaming(given: Sequence[str]) -> dict[str, str]:
    """`--map` options: column -> field. Raises UsageError. Pure."""
    found: dict[str, str] = {}
    for text in given:
        column, equals, field = text.rpartition("=")
        if not (column.strip() and equals):
            raise UsageError(f"--map takes COLUMN=FIELD, not {text!r}")
        found[column.strip()] = field.strip()
    return found
