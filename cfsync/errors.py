"""Every error that cfsync raises, grouped by what its catcher does about it.

    CfsyncError                     exit 1; the text is one line for a person
      UsageError                    exit 2: stop, a person must change something
        SettingsError  UnknownResource  UnknownWorkspace
        MirrorError                 exit 4 where it may work later: `mirror.db.errors.Away`
      TokenRefused                  exit 3: stop every call, lose nothing, wait for a new token
        NothingReached              the token is taken, and shows no workspace
        GatewayRefused              a gateway's connection is missing, or not authorised
      Interrupted                   exit 4: everything is kept, start again and it goes on
      ApiError                      a call of the API failed; evidence in its attributes
        Transient                   exit 4 when it lasts: the same call may work later
          Unreachable               no connection, or it broke; `sent`: it may have acted
          Later                     `retry_after` in seconds where the server said so
            RateLimited             429
            ServerError             5xx, and 4xx that say "not now"
          NotJson                   an answer that isn't JSON: the CDN's page, a cut body
        Forbidden                   403, and others that close a list: it is not for this token
        NotFound                    404: gone, or never there, or its parent
        StateConflict               409: it is already so, or can't become so
        Refused                     other 4xx: this body will never be accepted as it is
        OutcomeUnknown              exit 5: it may have been applied, and a person has to look
        BadAnswer                   a success whose content breaks the API's own rules

`exit_code` follows DESIGN 3.2. No error text ever holds a token, a body or a person's data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from difflib import get_close_matches
from types import MappingProxyType

SOON_S = 60.0
"""Seconds below which a time to come back isn't worth telling."""

LONGEST_S = 30 * 86400.0
"""The longest time to come back that is told, in seconds: a date must hold it."""


class CfsyncError(Exception):
    exit_code = 1


class UsageError(CfsyncError):
    exit_code = 2


class SettingsError(UsageError):
    """Settings that are missing or wrong; `problems` has a line for each, all found at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class UnknownResource(UsageError):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        close = get_close_matches(name, known, 1)
        hint = f"did you mean {close[0]}?" if close else "`cfsync status` lists them"
        super().__init__(f"there is no resource {name!r}; {hint}")


class UnknownWorkspace(UsageError):
    def __init__(self, workspace: str) -> None:
        self.workspace = workspace
        super().__init__(
            f"the token reaches no workspace {workspace}; `cfsync doctor` lists those it reaches"
        )


class MirrorError(UsageError):
    """The database can't be used: absent, newer, of another account, not writable."""


class TokenRefused(CfsyncError):
    exit_code = 3

    def __init__(
        self,
        hint: str = "check api.token",
        *,
        status: int = 401,
        what: str = "ClickFunnels refuses the token",
    ) -> None:
        super().__init__(f"{what} ({status}); {hint}")


class NothingReached(TokenRefused):
    """`why`: what the lists of teams and workspaces answered."""

    def __init__(self, why: str) -> None:
        CfsyncError.__init__(
            self,
            f"the token reaches no workspace ({why}); use another token, or name the workspaces in"
            " api.workspaces",
        )


class GatewayRefused(TokenRefused):
    """The gateway takes its key and has no way to ClickFunnels. It is put right at the gateway, so
    the same settings may work later.
    """


class Interrupted(CfsyncError):
    exit_code = 4


class ApiError(CfsyncError):
    """`call` is 'METHOD /path' without a query, `status` the HTTP status or 0."""

    def __init__(self, text: str, *, call: str = "", status: int = 0) -> None:
        super().__init__(f"{call}: {text}" if call else text)
        self.call = call
        self.status = status
        self.text = text


class Transient(ApiError):
    exit_code = 4


NO_CONNECTION = "no connection"
"""How the text begins of an error for which nothing was sent."""


class Unreachable(Transient):
    """`sent` is False only where it is certain that the request never left this machine."""

    def __init__(self, text: str, *, call: str = "", sent: bool = True) -> None:
        super().__init__(text, call=call)
        self.sent = sent


class Later(Transient):
    """The server may have said when to come back: after `retry_after` seconds."""

    def __init__(
        self, text: str, *, call: str = "", status: int, retry_after: float | None = None
    ) -> None:
        super().__init__(text + _come_back(retry_after), call=call, status=status)
        self.retry_after = retry_after

    @property
    def is_dated(self) -> bool:
        """Whether the text says when to come back."""
        return bool(_come_back(self.retry_after))


def _come_back(retry_after: float | None) -> str:
    """The time of day at which to come back, in the local time zone; '' where it is soon."""
    if retry_after is None or retry_after < SOON_S:
        return ""
    now = datetime.now().astimezone()
    at = now + timedelta(seconds=min(retry_after, LONGEST_S))
    day = "" if at.date() == now.date() else f"{at:%Y-%m-%d} "
    return f"; come back at {day}{at:%H:%M %Z}"


class RateLimited(Later):
    def __init__(
        self,
        *,
        call: str = "",
        retry_after: float | None = None,
        text: str = "rate limit reached (429)",
    ) -> None:
        super().__init__(text, call=call, status=429, retry_after=retry_after)


class ServerError(Later):
    """The server could not answer. It may have acted all the same."""


class NotJson(Transient):
    pass


class Forbidden(ApiError):
    pass


class NotFound(ApiError):
    pass


class StateConflict(ApiError):
    pass


class Refused(ApiError):
    """`text` is what the server said. It may quote what was sent: for tables, not for logs.

    `fields`: those that the server named, each with what it said of it; {} where it named none.
    """

    def __init__(
        self,
        text: str,
        *,
        call: str = "",
        status: int = 0,
        fields: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(text, call=call, status=status)
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.call}: refused ({self.status})"


class OutcomeUnknown(ApiError):
    """A call that had no usable answer, and that nobody may repeat before a person has looked."""

    exit_code = 5


class BadAnswer(ApiError):
    exit_code = 1


class Endless(ApiError):
    """A list that gives far more records than the mirror knew."""

    exit_code = 1


SERVER_FAILED = (ServerError, NotJson)
"""Errors of the server's about one call, which say nothing of others."""


@contextmanager
def located(place: object) -> Iterator[None]:
    """Note on an unforeseen error in the block at which record or list it happened, for
    `description`. The innermost block counts.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, CfsyncError) and not getattr(error, "__notes__", None):
            error.add_note(str(place))
        raise


UNFORESEEN = "unexpected"
"""How the description begins of an error that nobody foresaw."""


def description(error: BaseException) -> str:
    """An unforeseen error in one line: its class, the line of code, what it was working on, and
    words only where they come from the operating system or the database. Those of other errors
    might quote a record.
    """
    cause, notes = error, [*getattr(error, "__notes__", ())]
    while isinstance(cause, BaseExceptionGroup):
        cause = cause.exceptions[0]
        notes = [*getattr(cause, "__notes__", ()), *notes]
    words = _words(cause)
    parts = [type(cause).__name__ + (f": {words}" if words else ""), _code_line(cause), *notes[:1]]
    return f"{UNFORESEEN} {', at '.join(part for part in parts if part)}"


def _code_line(error: BaseException) -> str:
    """`module:line` where it was raised, or where cfsync called what raised it."""
    lines, where = [], error.__traceback__
    while where:
        lines.append(f"{where.tb_frame.f_globals.get('__name__')}:{where.tb_lineno}")
        where = where.tb_next
    return next(
        (line for line in reversed(lines) if line.startswith("cfsync.")), (lines or [""])[-1]
    )


def _words(error: BaseException) -> str:
    """The words of the operating system or the database without values; empty for any other."""
    if isinstance(error, OSError):
        return error.strerror or ""
    lines = str(getattr(error, "orig", "")).splitlines()
    return _QUOTED.sub(_without_value, _EMAIL.sub("...", lines[0])) if lines else ""


_EMAIL = re.compile(r"\S+@\S+")
_QUOTED = re.compile(
    r"(?P<kind>(?:column|constraint|function|index|relation|role|schema|table|type) )?"
    r"(?:\"[^\"]*\"|'[^']*')"
)
"""A name or a value in quotes: only what kind of thing stands before it tells which."""


def _without_value(found: re.Match[str]) -> str:
    return found[0] if found["kind"] else "..."
