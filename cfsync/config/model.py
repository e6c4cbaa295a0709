"""Every setting with its default and its limits; `config.example.toml` explains each of them.

Durations are seconds.
"""

from __future__ import annotations

from functools import cache
from typing import Any, get_args

from pydantic.fields import FieldInfo

from cfsync.config.sections import (
    DEFAULT_GROUP,
    ApiSettings,
    BackupSettings,
    CensusSettings,
    DaemonSettings,
    DatabaseSettings,
    DeletionsSettings,
    EventsSettings,
    LogSettings,
    NotifySettings,
    PullSettings,
    PushSettings,
    ResourceSettings,
    RetentionSettings,
    Section,
    SweepSettings,
    WebSettings,
)
from cfsync.config.values import DURATION, duration_text
from cfsync.errors import SettingsError
from cfsync.resources import RESOURCES, Group, Resource, named

SECRET_KEYS = (
    *("api.token", "web.access_token", "database.url"),
    *("notify.webhook", "notify.smtp"),
)

COMMAND_KEYS = ("api.token_command", "database.url_command")
"""Programs that print a secret; an argument may be one, too."""

MISSING = {
    "base_url": "api.base_url is not set: give the whole URL up to /api/v2,"
    " as in https://SUBDOMAIN.myclickfunnels.com/api/v2",
    "token": "api.token is not set: give it as CFSYNC_API__TOKEN, as api.token_file or"
    " api.token_command, or as the systemd credential cfsync-token",
}


class Settings(Section):
    """All settings, validated. `cfsync.config.load` builds it and knows where each value is from.

    `resources` has an entry for each mirrored resource once it is loaded.
    """

    api: ApiSettings = ApiSettings()
    database: DatabaseSettings = DatabaseSettings()
    resources: dict[str, ResourceSettings]
    pull: PullSettings = PullSettings()
    sweep: SweepSettings = SweepSettings()
    census: CensusSettings = CensusSettings()
    push: PushSettings = PushSettings()
    deletions: DeletionsSettings = DeletionsSettings()
    events: EventsSettings = EventsSettings()
    web: WebSettings = WebSettings()
    daemon: DaemonSettings = DaemonSettings()
    retention: RetentionSettings = RetentionSettings()
    backup: BackupSettings = BackupSettings()
    notify: NotifySettings = NotifySettings()
    log: LogSettings = LogSettings()

    @property
    def wanted(self) -> set[str]:
        """The names of the resources that are mirrored."""
        return {name for name, resource in self.resources.items() if resource.enabled}

    def wanted_with(self, mirror: Group) -> set[str]:
        """The names of those that would be mirrored with another value of `api.mirror`. One that
        is switched on or off by itself stays so.
        """
        given = {
            name: mine.enabled
            for name, mine in self.resources.items()
            if mine.enabled != resource_defaults(RESOURCES[name], self.api.mirror)["enabled"]
        }
        usual = {n: resource_defaults(r, mirror)["enabled"] for n, r in RESOURCES.items()}
        return {name for name, enabled in (usual | given).items() if enabled}

    def resource(self, name: str) -> ResourceSettings:
        """The settings of a mirrored resource. Raises UnknownResource."""
        return self.resources[named(name).name]

    def why_unsent(self, name: str) -> str:
        """The setting that keeps edits of a resource from being sent; '' where none does."""
        mine = self.resource(name)
        off = "push" if mine.enabled else "enabled"
        return "" if mine.push and mine.enabled else f"resources.{name}.{off} is off"

    def for_api(self) -> ApiSettings:
        """The settings of the API. Raises SettingsError if the URL or the token is missing."""
        if problems := [text for name, text in MISSING.items() if not getattr(self.api, name)]:
            raise SettingsError(problems)
        return self.api


@cache
def known_keys(mirror: Group = DEFAULT_GROUP) -> dict[str, Any]:
    """Dotted key -> default as a person would write it, for every setting. `mirror`: the value of
    `api.mirror`, on which the defaults of resources depend.
    """
    keys: dict[str, Any] = {}
    for section, field in Settings.model_fields.items():
        if isinstance(field.default, Section):
            keys |= _defaults(section, type(field.default))
    for name, resource in RESOURCES.items():
        own = resource_defaults(resource, mirror)
        keys |= _defaults(f"resources.{name}", ResourceSettings)
        keys |= {f"resources.{name}.{key}": value for key, value in own.items()}
    return keys


def resource_defaults(resource: Resource, mirror: Group) -> dict[str, Any]:
    """The settings of a resource of which the catalogue gives the defaults."""
    groups = get_args(Group)
    return {
        "enabled": groups.index(resource.group) <= groups.index(mirror),
        "pull_every": resource.pull_every,
        "push": resource.push,
    }


def _defaults(section: str, model: type[Section]) -> dict[str, Any]:
    return {f"{section}.{name}": _written(field) for name, field in model.model_fields.items()}


def _written(field: FieldInfo) -> Any:
    if DURATION in field.metadata and isinstance(field.default, float):
        return duration_text(field.default)
    return field.default
