"""Settings: from a TOML file, the environment and files with secrets to `Settings`.

A path and the environment come in; `load` gives the `Settings`, `explain_sources` also where each
value is from, `examine` also what keeps the daemon from running with them; SettingsError names
everything that is wrong. Read them in this order:

    model           every setting, with its default and limits
    values          the kinds of value: durations, URLs, lists of ids
    sources         file and environment, merged and validated
    secret_sources  secrets from files, credentials and programs
    secrets         which of their texts are secrets
    problems        what is wrong with them, in words for a person
    runnable        what they must hold together before the daemon runs
    live            which of them a running daemon takes from a changed file
"""

from __future__ import annotations

from cfsync.config.model import Settings
from cfsync.config.sections import (
    ApiSettings,
    DaemonSettings,
    DatabaseSettings,
    DeletionsSettings,
    LogSettings,
    PullSettings,
    PushSettings,
    ResourceSettings,
    RetentionSettings,
    WebSettings,
)
from cfsync.config.sources import (
    Source,
    database_url,
    examine,
    explain_sources,
    find_file,
    load,
    readable_by,
    token_is_fixed,
)

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
    "database_url",
    "examine",
    "explain_sources",
    "find_file",
    "load",
    "readable_by",
    "token_is_fixed",
]
