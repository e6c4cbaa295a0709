"""The kinds of value that settings have: each takes TOML's types and the environment's text."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

import durationpy
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

_UNITS = (("d", 86400), ("h", 3600), ("m", 60))
_SHORTEST = 0.1
_LONGEST = 100 * 365 * 86400

_NOT_YOURS = frozenset(
    [
        *("authorization", "user-agent", "content-type", "accept", "accept-encoding"),
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "te"),
        *("trailer", "upgrade", "expect", "proxy-authorization", "proxy-connection"),
    ]
)
"""Headers that cfsync sets, and those of the connection."""

_ODD_PORT = re.compile(
    r"^((?:https?://)?(?:\[[\da-f:.]*\]|(?!\[[\da-f:.]*\])[^:/]*):)(?!\d{0,5}(?:/|$))[^/]*",
    re.IGNORECASE,
)
"""Host and colon at the beginning of a URL, and what follows if it is no port."""


def seconds_of(value: Any) -> float:
    """A duration with its unit (`30s`, `5m`, `1h30m`, `30d`), or a number of seconds."""
    try:
        seconds = _of_text(value) if isinstance(value, str) else float(value)
    except (durationpy.DurationError, TypeError, OverflowError):
        seconds = -1
    if isinstance(value, bool) or not 0 <= seconds < _LONGEST:
        raise ValueError('must be a duration such as "30s", "5m", "24h" or "30d"')
    return seconds


def _regular(seconds: float) -> float:
    """An interval that leaves the daemon time for something else."""
    if seconds < _SHORTEST:
        raise ValueError(f"must be at least {_SHORTEST * 1000:.0f}ms")
    return seconds


def _of_text(text: str) -> float:
    if text.isdecimal():
        return float(text)
    return float(durationpy.from_str(text).total_seconds())


def duration_text(seconds: float) -> str:
    """That duration as a person would write it: 90.0 -> '90s', 86400.0 -> '24h'."""
    for unit, size in _UNITS:
        if seconds % size == 0 and seconds >= (2 * size if unit == "d" else size):
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s"


def _names(value: Any) -> Any:
    """Ids and public ids: a list, or text with commas (the environment); '12' is the id 12."""
    parts = [p.strip() for p in value.split(",")] if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(map(_is_name, parts)):
        raise ValueError(
            'must be a list of workspace ids, such as [2003, "AbC"]; in a variable 2003,AbC'
        )
    return [int(p) if isinstance(p, str) and p.isdecimal() else p for p in parts if p != ""]


def _is_name(part: Any) -> bool:
    return type(part) is int or (isinstance(part, str) and bool(re.fullmatch(r"[\w-]*", part)))


def token_of(value: Any) -> str:
    """A token, without the space and line ends that files and forms leave around it. Raises
    ValueError.
    """
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str):
        raise ValueError("must be text")  # noqa: TRY004
    if not text.strip():
        raise ValueError("must not be empty")
    if not re.fullmatch(r"[!-~]+", text.strip()):
        raise ValueError("must be one word of ASCII characters")
    return text.strip()


def words_of(value: Any) -> list[str]:
    """A command and its arguments: a list; in the environment, text that is such a list, or that is
    split as a shell splits it. Raises ValueError.
    """
    try:
        words = _split(value) if isinstance(value, str) else value
    except ValueError:  # a quote or a list that doesn't end
        words = None
    if not isinstance(words, list) or not all(isinstance(w, str) and "\0" not in w for w in words):
        raise ValueError('must be a program and its arguments, such as ["pass", "show", "NAME"]')
    return words


def _split(text: str) -> Any:
    return json.loads(text) if text.lstrip().startswith("[") else shlex.split(text)


def _header_name(name: str) -> str:
    if name.lower() in _NOT_YOURS:
        raise ValueError("is a header that cfsync sets itself: leave it out")
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise ValueError("is no name of a header: use letters, digits and hyphens")
    return name


def _header_value(value: Any) -> str:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str):
        raise ValueError('must be text, or { file = "/PATH" }')  # noqa: TRY004
    if not re.fullmatch(r"[!-~]([ -~]*[!-~])?", text.strip()):
        raise ValueError("must be one line of ASCII characters, and not empty")
    return text.strip()


def _base_url(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    url = value.strip().rstrip("/")
    place = url.partition("://")[2].partition("/")[0]
    if "@" in url:
        raise ValueError("must not hold a user or password")
    if not url:
        return url
    if re.match(r"https?://", url, re.IGNORECASE) and _ends_well(url):
        if not _names_host(url):
            raise ValueError(f"names no host that there can be: {_without_odd_port(place)!r}")
        return url
    raise ValueError(
        "must begin with https:// (or http://) and end in /api/v2;"
        f" did you mean {_without_odd_port(_likely_url(url))}?"
    )


def _without_odd_port(url: str) -> str:
    """What stands for a port may be a password whose @ is missing."""
    return _ODD_PORT.sub(r"\1***", url)


def _names_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(re.fullmatch(r"[\w.:-]+", parts.hostname or "")) and parts.port != 0
    except ValueError:  # a port that is none, brackets that don't pair
        return False
    return has_host and not parts.path.startswith("//")  # https://https://host


def _ends_well(url: str) -> bool:
    return url.endswith("/api/v2") and "?" not in url and "#" not in url


def _likely_url(url: str) -> str:
    url = re.split(r"[?#]", url)[0].rstrip("/")
    if not re.match(r"https?://", url):
        url = "https://" + url.rpartition("://")[2].lstrip("/")
    return re.split(r"/api(/|$)", url)[0] + "/api/v2"


def _listen(value: Any) -> Any:
    host, _, port = str(value).rpartition(":")
    if value == "off" or (host and port.isdecimal() and int(port) < 65536):
        return value
    raise ValueError('must be HOST:PORT or "off"')


def _url_with(*schemes: str) -> Callable[[Any], str]:
    """Takes a secret URL with one of the schemes and a host."""

    def url_of(value: Any) -> str:
        text = token_of(value)
        try:
            parts = urlsplit(text)
            parts.port  # noqa: B018 - raises ValueError for one that is none
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"must be a URL that begins with {' or '.join(schemes)}://")
        return text

    return url_of


def _addresses(value: Any) -> list[str]:
    """Addresses of mail: a list, or text with commas (the environment)."""
    parts = [p.strip() for p in value.split(",")] if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(map(_is_address, parts)):
        raise ValueError('must be a list of addresses, such as ["ops@example.com"]')
    return parts


def _is_address(part: Any) -> bool:
    return isinstance(part, str) and bool(re.fullmatch(r"[!-~]+@[!-~]+", part))


DURATION = BeforeValidator(seconds_of)
Duration = Annotated[float, DURATION]
PositiveDuration = Annotated[Duration, Field(gt=0)]
Interval = Annotated[Duration, AfterValidator(_regular)]
Names = Annotated[list[int | str], BeforeValidator(_names)]
Token = Annotated[SecretStr, BeforeValidator(token_of)]
Command = Annotated[list[str], BeforeValidator(words_of)]
Headers = dict[
    Annotated[str, AfterValidator(_header_name)],
    Annotated[SecretStr, BeforeValidator(_header_value)],
]
BaseUrl = Annotated[str, BeforeValidator(_base_url)]
WebhookUrl = Annotated[SecretStr, BeforeValidator(_url_with("https", "http"))]
SmtpUrl = Annotated[SecretStr, BeforeValidator(_url_with("smtp", "smtps"))]
Addresses = Annotated[list[str], BeforeValidator(_addresses)]
Listen = Annotated[str, BeforeValidator(_listen)]
