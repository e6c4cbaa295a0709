"""`load`: from a TOML file and the environment to `Settings`, or to everything that is wrong.

Both are read into one flat table, dotted key -> value and origin; the environment wins key by key.
Secrets may stand elsewhere (`secret_sources`).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from cfsync.config import runnable, secret_sources
from cfsync.config.model import (
    COMMAND_KEYS,
    SECRET_KEYS,
    Settings,
    known_keys,
    resource_defaults,
)
from cfsync.config.problems import misnamed, problem_of, unknown_resource, variable
from cfsync.config.secret_sources import HEADERS, Given
from cfsync.config.secrets import without_secrets
from cfsync.config.sections import DEFAULT_GROUP
from cfsync.errors import SettingsError
from cfsync.resources import RESOURCES, Group

DEFAULT_FILES = (Path("cfsync.toml"), Path("/etc/cfsync/config.toml"))


@dataclass(frozen=True, slots=True)
class Source:
    """A line of `cfsync config show`: secrets are hidden, durations are as written."""

    key: str
    value: Any
    source: str
    #: Whether a running daemon has seen another value, which it takes when it is restarted.
    needs_restart: bool = False


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises SettingsError with every problem that there is."""
    settings, problems = _validated(*_given(path, environ))
    if problems:
        raise SettingsError(problems)
    return settings


def examine(
    path: Path | None = None, environ: Mapping[str, str] = os.environ
) -> tuple[Settings, list[str]]:
    """The settings, with the default in place of what is wrong, and every problem because of which
    the daemon doesn't run with them. A setting has one problem at a time.
    """
    settings, problems = _validated(*_given(path, environ))
    wrong = [text.split(" ")[0] for text in problems]
    unsafe = [t for t in runnable.problems(settings) if not any(key in t for key in wrong)]
    return settings, problems + unsafe


def explain_sources(
    path: Path | None = None, environ: Mapping[str, str] = os.environ
) -> list[Source]:
    """Each setting, its value and origin (`default`, else as in `Given`). No program is asked for a
    secret, since none is shown. Raises SettingsError.
    """
    given, problems = _given(path, environ, ask=False)
    if problems := _validated(given, problems)[1]:
        raise SettingsError(problems)
    return [
        Source(key, _hidden(key, entry.value), entry.origin)
        for key, default in _keys(given).items()
        for entry in [given.get(key, Given(default, "default"))]
    ]


def database_url(path: Path | None, environ: Mapping[str, str]) -> str | None:
    """The mirror's URL, whatever else is wrong with the settings; None where a program would have
    to be asked for it.
    """
    given = _written(path, environ, [])
    if "database.url_command" in given:
        return None
    only = {key: entry for key, entry in given.items() if key.startswith("database.")}
    secret_sources.read(only, {}, [])
    return str(only.get("database.url", Given(known_keys()["database.url"], "default")).value)


def token_is_fixed(path: Path | None, environ: Mapping[str, str]) -> bool:
    """Whether the token stays the same until the process restarts: it comes from a variable, or is
    a systemd credential.
    """
    given = _written(path, environ, [])
    if "api.token" in given:
        return given["api.token"].origin in environ
    return not {"api.token_file", "api.token_command"} & given.keys()


def find_file(path: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The settings file: `path`, else CFSYNC_CONFIG, else the first of the usual places that has
    one; None without any.

    A named file need not exist: reading it reports that.
    """
    named = path or (Path(text) if (text := environ.get("CFSYNC_CONFIG")) else None)
    return named or next((file for file in DEFAULT_FILES if file.is_file()), None)


def readable_by(path: Path, whom: int) -> bool:
    """Whether the file's mode lets others read it: bits of `stat`, such as `stat.S_IROTH`. False
    where it is gone: SQLite removes its log whenever the last program closes the mirror.
    """
    try:
        return os.name == "posix" and bool(path.stat().st_mode & whom)
    except FileNotFoundError:
        return False


def _given(
    path: Path | None, environ: Mapping[str, str], *, ask: bool = True
) -> tuple[dict[str, Given], list[str]]:
    problems = misnamed(environ)
    given = _written(path, environ, problems)
    secret_sources.read(given, environ, problems, ask=ask)
    return given, problems


def _written(
    path: Path | None, environ: Mapping[str, str], problems: list[str]
) -> dict[str, Given]:
    """What file and environment say, before secrets are read that stand elsewhere."""
    file = find_file(path, environ)
    written = _from_file(file, problems) if file else {}
    exported = secret_sources.with_plain_names(_from_environment(environ), problems)
    written = secret_sources.with_plain_names(written, problems)
    return _of_known_resources(secret_sources.merged(written, exported, problems), problems)


def _of_known_resources(given: dict[str, Given], problems: list[str]) -> dict[str, Given]:
    names = {key: key.split(".")[1] for key in given if key.startswith("resources.")}
    unknown = {name: given[key].origin for key, name in names.items() if name not in RESOURCES}
    problems += [unknown_resource(name, origin) for name, origin in unknown.items()]
    return {key: entry for key, entry in given.items() if names.get(key) not in unknown}


def _from_file(file: Path, problems: list[str]) -> dict[str, Given]:
    try:
        tree = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{file}: can't be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{file}: is not TOML: not UTF-8")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{file}: is not TOML: {error}")
    else:
        return {key: Given(value, str(file)) for key, value in _flat(tree)}
    return {}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Given]:
    """The variables that begin with a section's name, in upper or lower case; empty ones count as
    absent. Others are left to `misnamed`.
    """
    found = {}
    for name, value in environ.items():
        prefix, _, rest = name.lower().partition("_")
        section, *path = rest.split("__")
        if value and prefix == "cfsync" and section in Settings.model_fields:
            key = ".".join([section, *path])
            found[key] = Given(value, variable(key))
    return found


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _validated(given: Mapping[str, Given], problems: list[str]) -> tuple[Settings, list[str]]:
    """The settings, with the default in place of what is wrong, and all problems."""
    while True:
        try:
            return Settings(**_tree(given)), problems
        except ValidationError as error:
            origins = {key: entry.origin for key, entry in given.items()}
            found = [problem_of(e, origins) for e in error.errors()]
            given, problems = _without(given, found), problems + found


def _without(given: Mapping[str, Given], problems: list[str]) -> Mapping[str, Given]:
    """What is left when the keys that the problems begin with are left out: where nobody gave such
    a key itself, those below it.
    """
    named = [text.split(" ")[0] for text in problems]
    below = tuple(f"{key}." for key in named if key not in given)
    left = {k: e for k, e in given.items() if k not in named and not k.startswith(below)}
    return left if len(left) < len(given) else {}


def _tree(given: Mapping[str, Given]) -> dict[str, Any]:
    """The nested form, with every resource: the catalogue's defaults below what is given."""
    group = _group(given)
    tree: dict[str, Any] = {
        "resources": {name: resource_defaults(r, group) for name, r in RESOURCES.items()}
    }
    for key, entry in given.items():
        *path, last = key.split(".")
        node: Any = tree
        for name in path:
            node = node.setdefault(name, {}) if isinstance(node, dict) else node
        if isinstance(node, dict) and (entry.value != {} or last not in node):
            node[last] = entry.value
    return tree


def _group(given: Mapping[str, Given]) -> Group:
    """The value of `api.mirror`; its default where the given one is not valid."""
    entry = given.get("api.mirror")
    return entry.value if entry and entry.value in get_args(Group) else DEFAULT_GROUP


def _keys(given: Mapping[str, Given]) -> dict[str, Any]:
    """Each setting's default; the headers that are given stand for themselves."""
    headers = dict.fromkeys(key for key in given if key.startswith(HEADERS))
    keys: dict[str, Any] = {}
    for key, default in known_keys(_group(given)).items():
        keys |= headers if headers and f"{key}." == HEADERS else {key: default}
    return keys


def _hidden(key: str, value: Any) -> Any:
    is_secret = key in (*SECRET_KEYS, *COMMAND_KEYS) or key.startswith(HEADERS)
    if not value or not is_secret:
        return value
    return without_secrets(str(value)) if key == "database.url" else "***"
