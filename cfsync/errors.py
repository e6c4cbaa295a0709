"""Every error that cfsync raises, grouped by what its catcher does about it.

    CfsyncError                     exit 1; the text is one line for a person
      UsageError                    exit 2: stop, a person must change something
        SettingsError  UnknownResource  UnknownWorkspace  MirrorError
      TokenRefused                  exit 3: stop every call, lose nothing, wait for a new token
      Interrupted                   exit 4: everything is kept, start again and it goes on
      ApiError                      a call of the API failed; evidence in its attributes
        Transient                   exit 4 when it lasts: the same call may work later
          Unreachable               no connection, or it broke; `sent`: it may have acted
          RateLimited               429; `retry_after` in seconds where the server said so
          ServerError               5xx
          NotJson                   an answer that isn't JSON: the CDN's page, a cut body
        Forbidden                   403: this list or record is not for this token
        NotFound                    404: gone, or never there, or its parent
        StateConflict               409: it is already so, or can't become so
        Refused                     400, 422: this body will never be accepted as it is
        BadAnswer                   a success whose content breaks the API's own rules

`exit_code` follows DESIGN 3.2. No error text ever holds a token, a body or a person's data.
"""

from __future__ import annotations

from collections.abc import Sequence


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
        super().__init__(f"there is no resource {name!r}; choose from {', '.join(known)}")


class UnknownWorkspace(UsageError):
    def __init__(self, workspace: str) -> None:
        super().__init__(
            f"the token reaches no workspace {workspace}; `cfsync doctor` lists those it reaches"
        )


class MirrorError(UsageError):
    """The database can't be used: absent, locked, newer, of another account, not writable."""


class TokenRefused(CfsyncError):
    exit_code = 3

    def __init__(self, hint: str = "check api.token", *, status: int = 401) -> None:
        super().__init__(f"ClickFunnels refuses the token ({status}); {hint}")


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


class Unreachable(Transient):
    """`sent` is False only where it is certain that the request never left this machine."""

    def __init__(self, text: str, *, call: str = "", sent: bool = True) -> None:
        super().__init__(text, call=call)
        self.sent = sent


class RateLimited(Transient):
    def __init__(self, *, call: str = "", retry_after: float | None = None) -> None:
        super().__init__("rate limit reached (429)", call=call, status=429)
        self.retry_after = retry_after


class ServerError(Transient):
    def __init__(self, text: str, *, call: str, status: int, retry_after: float | None = None):
        super().__init__(text, call=call, status=status)
        self.retry_after = retry_after


class NotJson(Transient):
    pass


class Forbidden(ApiError):
    pass


class NotFound(ApiError):
    pass


class StateConflict(ApiError):
    pass


class Refused(ApiError):
    """`text` is what the server said. It may quote what was sent: for tables, not for logs."""

    def __str__(self) -> str:
        return f"{self.call}: refused ({self.status})"


class BadAnswer(ApiError):
    exit_code = 1
