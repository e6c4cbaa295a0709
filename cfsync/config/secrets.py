"""Which texts in the settings are secrets, so that nothing that is printed shows one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from cfsync.config.model import Settings

_SECRET_NAME = re.compile(r"pass|pwd|secret|token|key", re.IGNORECASE)
"""Query parameters of a database URL that hold one: `password`, `sslpassword`, `sslkey`, ..."""

_ASSIGNED = re.compile(r"(\w+)\s*=\s*(\S+)")
"""Names and values, as libpq takes them in place of a URL."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)

_PLAIN_NAME = re.compile(r"[\w./-]*")
"""A file or a host: a text that holds no password, though it is no URL either."""

SHORTEST = 4
"""Secrets of fewer characters are not looked for in texts: they are part of too many words."""


def secrets_of(settings: Settings) -> list[str]:
    """Every secret in the settings, as written and as sent."""
    notify = settings.notify
    tokens = (settings.api.token, settings.web.access_token, *settings.api.headers.values())
    found = [token.get_secret_value() for token in (*tokens, notify.webhook, notify.smtp) if token]
    smtp = secrets_in(notify.smtp.get_secret_value()) if notify.smtp else []
    return [*found, *smtp, *secrets_in(settings.database.url)]


def secrets_in(url: str) -> list[str]:
    """The password and the secret parameters of a URL, as written and unquoted. Of a text that is
    no URL, what a reader could take for them: the values behind such names, and whatever stands
    between a colon and the last @.
    """
    if _is_url(url):
        login, place = _parts(url)
        texts = [login.partition(":")[2]]
        texts += [value for name, value in _parameters(place) if _SECRET_NAME.search(name)]
    else:
        login = url.rpartition("@")[0]
        texts = [login[found.end() :] for found in re.finditer(":", login)]
        texts += _assigned_secrets(url)
    return [form for text in texts if text for form in {text, unquote(text)}]


def without_secrets(url: str) -> str:
    """The URL with `***` in place of its password and of its secret parameters. A text that is no
    URL is hidden as a whole, unless it is a plain name: nobody can tell where its password is.
    """
    if not _is_url(url):
        return url if _PLAIN_NAME.fullmatch(url) else "***"
    scheme, mark, _ = url.partition("://")
    login, place = _parts(url)
    user, colon, _ = login.partition(":")
    address, question, _ = place.partition("?")
    query = "&".join(
        f"{name}=***" if _SECRET_NAME.search(name) else f"{name}={value}" if value else name
        for name, value in _parameters(place)
    )
    at = "@" if login else ""
    return f"{scheme}{mark}{user}{':***' if colon else ''}{at}{address}{question}{query}"


def _is_url(text: str) -> bool:
    """Whether it is certain which part of the text is the password."""
    if not _SCHEME.match(text):
        return False
    login, place = _parts(text)
    address = place.partition("?")[0]
    if re.search(":.*@", address) or _assigned_secrets(login) or _assigned_secrets(address):
        return False
    try:
        urlsplit(f"//{address}").port  # noqa: B018 - it raises
    except ValueError:  # a port that is none, such as a password without its @
        return False
    return True


def _assigned_secrets(text: str) -> list[str]:
    return [value for name, value in _ASSIGNED.findall(text) if _SECRET_NAME.search(name)]


def _parts(url: str) -> tuple[str, str]:
    """`user:password`, '' where there is none, and what stands behind it."""
    rest = url.partition("://")[2]
    login, _, place = rest.rpartition("@")
    # An @ behind a / belongs to the path or the query, unless a : before it began a password.
    return (login, place) if login and "/" not in login.partition(":")[0] else ("", rest)


def _parameters(place: str) -> Iterator[tuple[str, str]]:
    query = place.partition("?")[2]
    for part in re.split("[&;]", query) if query else ():
        name, _, value = part.partition("=")
        yield name, value
