"""Settings: what they are (`model`), and how a file and the environment become them (`sources`)."""

from __future__ import annotations

from cfsync.config.model import (
    ApiSettings,
    DaemonSettings,
    DatabaseSettings,
    DeletionsSettings,
    LogSettings,
    PullSettings,
    PushSettings,
    ResourceSettings,
    RetentionSettings,
    Settings,
    WebSettings,
)
from cfsync.config.sources import Source, explain_sources, find_file, load, world_readable

__all__ = [
    "ApiSettings",
    "DaemonSettings",
    "DatabaseSettings",
    "DeletionsSettings",
    "LogSettings",
    "PullSettings",
    "PushSettings",
    "ResourceSettings",
    "RetentionSettings",
    "Settings",
    "Source",
    "WebSettings",
    "explain_sources",
    "find_file",
    "load",
    "world_readable",
]
