"""Every setting with its default and its limits. Durations are seconds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cfsync import __version__
from cfsync.config.values import (
    DURATION,
    BaseUrl,
    Duration,
    Listen,
    Names,
    PositiveDuration,
    Token,
    duration_text,
)
from cfsync.errors import SettingsError
from cfsync.resources import RESOURCES, named

SECRET_KEYS = ("api.token", "web.access_token", "database.url")

MISSING = {
    "base_url": "api.base_url is not set: give the whole URL up to /api/v2,"
    " as in https://SUBDOMAIN.myclickfunnels.com/api/v2",
    "token": "api.token is not set: give it as CFSYNC_API__TOKEN, as api.token_file,"
    " or as the systemd credential cfsync-token",
}

_SECOND, _MINUTE, _HOUR, _DAY = 1.0, 60.0, 3600.0, 86400.0

Conflict = Literal["clickfunnels", "local", "newest", "hold"]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ApiSettings(Section):
    """`base_url` is '' and `token` None where they are not given: `Settings.for_api` sees to it."""

    base_url: BaseUrl = ""
    token: Token | None = None
    token_file: Path | None = None
    user_agent: Annotated[str, Field(pattern=r"^[!-~]([ -~]*[!-~])?$")] = f"cfsync/{__version__}"
    workspaces: Names = []
    exclude: Names = []
    max_requests_per_second: Annotated[float, Field(ge=0)] = 50
    max_concurrency: Annotated[int, Field(ge=1, le=1000)] = 16
    reserve: Annotated[float, Field(ge=0, lt=1)] = 0.1
    timeout_s: Annotated[float, Field(gt=0)] = 30


class DatabaseSettings(Section):
    """`url` may hold a password."""

    url: Annotated[str, Field(repr=False, min_length=1)] = "sqlite:///cfsync.db"
    url_file: Path | None = None


class ResourceSettings(Section):
    """One resource. `pull_every` and `push` have no default here: the catalogue gives them."""

    enabled: bool = True
    pull_every: PositiveDuration
    pull_max_every: PositiveDuration = 15 * _MINUTE
    sweep_every: PositiveDuration = 24 * _HOUR
    push: bool
    on_conflict: Conflict = "clickfunnels"


class PullSettings(Section):
    overlap: Duration = 2 * _MINUTE


class PushSettings(Section):
    batch: PositiveInt = 100
    debounce: Duration = 2 * _SECOND
    hold_updates: NonNegativeInt = 10_000
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
    access_token: SecretStr | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


class DaemonSettings(Section):
    stop_timeout: Duration = 10 * _SECOND
    lease_ttl: PositiveDuration = 30 * _SECOND


class RetentionSettings(Section):
    runs: Duration = 30 * _DAY
    outbox_done: Duration = 90 * _DAY
    events: Duration = 7 * _DAY
    conflicts: Duration = 90 * _DAY
    tombstones: Duration = 365 * _DAY


class LogSettings(Section):
    format: Literal["auto", "json", "console"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """All settings, validated. Made by `cfsync.config.load`, which knows where each came from.

    `resources` has an entry for each mirrored resource once it is loaded.
    """

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix="CFSYNC_",
        env_nested_delimiter="__",
        enable_decoding=False,
    )

    api: ApiSettings = ApiSettings()
    database: DatabaseSettings = DatabaseSettings()
    resources: dict[str, ResourceSettings]
    pull: PullSettings = PullSettings()
    push: PushSettings = PushSettings()
    deletions: DeletionsSettings = DeletionsSettings()
    events: EventsSettings = EventsSettings()
    web: WebSettings = WebSettings()
    daemon: DaemonSettings = DaemonSettings()
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` hands over: it has merged file and environment, and noted which won."""
        return (init_settings,)

    @property
    def wanted(self) -> set[str]:
        """The resources that are mirrored."""
        return {name for name, resource in self.resources.items() if resource.enabled}

    def resource(self, name: str) -> ResourceSettings:
        """The settings of a mirrored resource. Raises UnknownResource."""
        return self.resources[named(name).name]

    def for_api(self) -> ApiSettings:
        """What every call needs. Raises SettingsError if the URL or the token is missing."""
        if problems := [text for name, text in MISSING.items() if not getattr(self.api, name)]:
            raise SettingsError(problems)
        return self.api


@cache
def known_keys() -> dict[str, Any]:
    """Every setting, by its dotted key -> its default as a person would write it."""
    keys: dict[str, Any] = {}
    for section, field in Settings.model_fields.items():
        if isinstance(field.default, Section):
            keys |= _defaults(section, type(field.default))
    for name, resource in RESOURCES.items():
        keys |= _defaults(f"resources.{name}", ResourceSettings)
        keys[f"resources.{name}.pull_every"] = resource.pull_every
        keys[f"resources.{name}.push"] = resource.push
    return keys


def _defaults(section: str, model: type[Section]) -> dict[str, Any]:
    return {f"{section}.{name}": _written(field) for name, field in model.model_fields.items()}


def _written(field: FieldInfo) -> Any:
    if DURATION in field.metadata and isinstance(field.default, float):
        return duration_text(field.default)
    return field.default
