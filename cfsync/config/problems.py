"""What is wrong with settings: one sentence for each problem, with the key and its origin.

No sentence holds a secret: neither the value of a secret setting, nor one under a misspelt name,
nor a file's name, unless it is an absolute path: somebody may have put the secret itself there.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from cfsync.config.model import COMMAND_KEYS, SECRET_KEYS, Settings, known_keys
from cfsync.resources import RESOURCES

_UNSAID = (
    *(*SECRET_KEYS, *COMMAND_KEYS),
    *("api.base_url", "api.token_file", "api.headers", "database.url_file"),
)
_SECTION = ("model_type", "dict_type")
"""Errors about a value in place of a section; the value may be a secret."""

_PLAIN = {
    f"{kind}_{how}": words
    for kind, words in (
        ("bool", "true or false"),
        ("int", "a whole number, such as 100"),
        ("float", "a number, such as 0.25"),
    )
    for how in ("type", "parsing")
}
"""Errors about a value of another type -> what is expected."""


def problem_of(error: ErrorDetails, origins: Mapping[str, str]) -> str:
    """The sentence for one of pydantic's errors. `origins`: dotted key -> where it was written."""
    key = ".".join(str(part) for part in error["loc"])
    owner = next((k for k in origins if key.startswith(f"{k}.")), key)
    told = [f"from {o}" for k, o in origins.items() if f"{k}.".startswith(f"{owner}.")][:1]
    if error["type"] == "extra_forbidden":
        return _sentence(f"{key} is not a setting{_meant(key)}", told)
    if not _is_unsaid(owner) and error["type"] not in _SECTION:
        told.insert(0, f"it is {_short(error['input'])}")
    return _sentence(f"{owner} {_words(error, key)}", told)


def _is_unsaid(key: str) -> bool:
    return any(key == secret or key.startswith(f"{secret}.") for secret in _UNSAID)


def unknown_resource(name: str, origin: str) -> str:
    known = ", ".join(RESOURCES)
    return _sentence(f"resources.{name}: no such resource; there are {known}", [f"from {origin}"])


def misnamed(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that looks like a setting and is none: a section that does not
    exist, or one underscore in place of two. Other names are ignored: a container platform sets
    CFSYNC_PORT and such.
    """
    meant = {key.upper().replace(".", "_"): key for key in known_keys()}
    meant |= {"TOKEN": "api.token", "BASE_URL": "api.base_url", "API_KEY": "api.token"}
    return [
        f"{name} is not a setting{_named(key)}"
        for name in sorted(environ)
        if name.startswith("CFSYNC_")
        for rest in [name.removeprefix("CFSYNC_")]
        for key in [meant.get(rest)]
        if key or ("__" in rest and rest.split("__")[0].lower() not in Settings.model_fields)
    ]


def _named(key: str | None) -> str:
    return f"; did you mean {variable(key)}?" if key else ""


def variable(key: str) -> str:
    """The environment variable of a setting."""
    return "CFSYNC_" + key.upper().replace(".", "__")


def _meant(key: str) -> str:
    close = difflib.get_close_matches(key, known_keys(), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _words(error: ErrorDetails, key: str) -> str:
    if error["type"] in _SECTION:
        example = next((k for k in known_keys() if k.startswith(f"{key}.")), f"{key}.KEY")
        return (
            f"must be a section: [{key}], or a variable for each key, such as {variable(example)}"
        )
    if error["type"] in _PLAIN:
        return f"must be {_PLAIN[error['type']]}"
    if "error" in error.get("ctx", {}):
        return str(error["ctx"]["error"])
    words = error["msg"].partition(", unable")[0].partition(", got")[0]
    return words.replace("Input should", "must").replace("String should", "must")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _sentence(text: str, told: Iterable[str]) -> str:
    more = ", ".join(told)
    return f"{text} ({more})" if more else text
