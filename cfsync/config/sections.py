"""The sections of the settings file; `config.example.toml` explains them.

Durations are seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt, PositiveInt

from cfsync import __version__
from cfsync.config.values import (
    Addresses,
    BaseUrl,
    Command,
    Duration,
    Headers,
    Interval,
    Listen,
    Names,
    PositiveDuration,
    SmtpUrl,
    Token,
    WebhookUrl,
)
from cfsync.resources import RESOURCES, Group

DEFAULT_GROUP: Group = "standard"
"""The default of `api.mirror`."""

_SECOND, _MINUTE, _HOUR, _DAY = 1.0, 60.0, 3600.0, 86400.0

EXPANDABLE = [resource for resource in RESOURCES.values() if resource.on_request]
"""The resources with fields that ClickFunnels shows on request."""

Conflict = Literal["clickfunnels", "local", "newest", "hold"]
Share = Annotated[float, Field(ge=0, le=1)]


def _expandable(value: Any) -> list[str]:
    """Names of resources: a list, or text with commas, or `none` (the environment, where an empty
    text is no value). Raises ValueError.
    """
    if value == "none":
        return []
    parts = value.split(",") if isinstance(value, str) else value
    known = [resource.name for resource in EXPANDABLE]
    names = [str(part).strip() for part in parts] if isinstance(parts, list) else [""]
    if not set(names) <= set(known):
        raise ValueError(f"must be a list of some of {', '.join(known)}; in a variable also none")
    return names


Expandable = Annotated[list[str], BeforeValidator(_expandable)]


class Section(BaseModel):
    """A section of the settings file: no other keys, no changes, no values in error texts."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ApiSettings(Section):
    """How the API is reached. `Settings.for_api` makes sure that URL and token are there."""

    #: Up to `/api/v2`, without a slash at the end; '' where it is not given.
    base_url: BaseUrl = ""
    #: None where it is not given.
    token: Token | None = None
    #: A file that holds the token.
    token_file: Path | None = None
    #: A program that prints the token, and its arguments.
    token_command: Command = []
    #: Sent with each request, to the host of `base_url` alone. Secrets.
    headers: Headers = {}
    #: Sent with each request: printable ASCII.
    user_agent: Annotated[str, Field(pattern=r"^[!-~]([ -~]*[!-~])?$")] = f"cfsync/{__version__}"
    #: Ids or public ids of the workspaces to mirror; all where it is empty. Needed where the token
    #: may not list them.
    workspaces: Names = []
    #: Ids or public ids of those to leave out.
    exclude: Names = []
    #: Which resources are mirrored, where their own `enabled` says nothing else.
    mirror: Group = DEFAULT_GROUP
    #: Resources of which the fields that only a request for one record shows are read, too, with
    #: another request for each record that is new or has changed.
    expand: Expandable = [r.name for r in EXPANDABLE if r.expand]
    #: 0 for no ceiling: the rate is learned.
    max_requests_per_second: Annotated[float, Field(ge=0)] = 50
    #: Requests in flight.
    max_concurrency: Annotated[int, Field(ge=1, le=1000)] = 16
    #: The part of the learned rate that is left to other programs.
    reserve: Annotated[float, Field(ge=0, lt=1)] = 0.1
    #: Seconds for a request and its whole answer.
    timeout_s: Annotated[float, Field(gt=0)] = 30
    #: The longest wait that a 429 may ask for with Retry-After.
    longest_rate_limit_wait: PositiveDuration = 5 * _MINUTE
    #: The same for a 503, and for others that say to come back later.
    longest_outage_wait: PositiveDuration = 15 * _MINUTE

    @property
    def token_setting(self) -> str:
        """The name of the setting that gives the token."""
        if self.token_command:
            return "api.token_command"
        return "api.token_file" if self.token_file else "api.token"


class DatabaseSettings(Section):
    """`url` may hold a password."""

    url: Annotated[str, Field(repr=False, min_length=1)] = "sqlite:///cfsync.db"
    url_file: Path | None = None
    url_command: Command = []


class ResourceSettings(Section):
    """The settings of one resource. `resource_defaults` gives those that have no default here."""

    #: Mirror it at all.
    enabled: bool
    #: Between two pulls.
    pull_every: Interval
    #: Between two pulls of a list in which nothing changes.
    pull_max_every: Interval = 15 * _MINUTE
    #: Between two sweeps.
    sweep_every: Interval = 24 * _HOUR
    #: Send edits made by SQL.
    push: bool
    #: Who wins a field that both sides changed.
    on_conflict: Conflict = "clickfunnels"


class PullSettings(Section):
    overlap: Duration = 2 * _MINUTE


class SweepSettings(Section):
    on_drift: Literal["ask", "clickfunnels", "local"] = "ask"


class CensusSettings(Section):
    """A saved filter that names all contacts in a few answers."""

    #: Make the filter, which people see in their account, wherever there is none.
    create_filter: bool = False
    #: Between two readings of one that is trusted.
    every: Interval = 6 * _HOUR
    #: Between two walks that check it.
    check_every: Interval = 7 * _DAY


class PushSettings(Section):
    batch: PositiveInt = 100
    debounce: Duration = 2 * _SECOND
    hold_updates: NonNegativeInt = 10_000
    hold_fraction: Share = 0.25
    bulk_from: NonNegativeInt = 50
    settle: Duration = 30 * _SECOND


class DeletionsSettings(Section):
    max_count: NonNegativeInt = 100
    max_fraction: Share = 0.05
    confirm_after: Duration = 60 * _SECOND
    on_remote_delete: Literal["delete", "keep"] = "delete"


class EventsSettings(Section):
    use_payload: bool = False
    log_every: Duration = 15 * _SECOND
    stretch_pulls: bool = False


class WebSettings(Section):
    listen: Listen = "127.0.0.1:8787"
    console: Literal["on", "read-only", "off"] = "on"
    access_token: Token | None = None
    #: The header in which a trusted proxy names the person.
    user_header: str | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def read_only(self) -> bool:
        """Whether the console takes no forms."""
        return self.console == "read-only"


class DaemonSettings(Section):
    stop_timeout: Duration = 10 * _SECOND
    lease_ttl: PositiveDuration = 30 * _SECOND


class RetentionSettings(Section):
    runs: Duration = 30 * _DAY
    changes: Duration = 90 * _DAY
    outbox_done: Duration = 90 * _DAY
    events: Duration = 7 * _DAY
    conflicts: Duration = 90 * _DAY
    tombstones: Duration = 365 * _DAY


class BackupSettings(Section):
    #: The folder that the daemon backs up the mirror to; None: it makes no backups.
    dir: Path | None = None
    #: Between two backups.
    every: PositiveDuration = 24 * _HOUR
    #: How many to keep.
    keep: PositiveInt = 7


class NotifySettings(Section):
    """How people are told that something needs them."""

    #: The URL that a chat service gives for messages. A secret.
    webhook: WebhookUrl | None = None
    webhook_style: Literal["slack", "teams"] = "slack"
    email_to: Addresses = []
    #: None: the first of `email_to`.
    email_from: str | None = None
    #: A mail server: smtp://USER:PASSWORD@HOST:587, or smtps:// for one that begins encrypted.
    smtp: SmtpUrl | None = None
    #: A program that is given the text on its standard input, and its arguments.
    command: Command = []
    #: How long something must last before people are told.
    after: Duration = 5 * _MINUTE


class LogSettings(Section):
    format: Literal["auto", "json", "console"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"
