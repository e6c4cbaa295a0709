"""The sections of `cfsync --help`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer.core

SECTIONS: Mapping[str, tuple[str, ...]] = {
    "Sync": ("backfill", "pull", "push", "sync", "sweep", "run", "pause", "resume"),
    "Look": (
        *("status", "plan", "verify", "show", "explain", "changes", "sql", "export"),
        *("web", "open"),
    ),
    "Decide": (
        "import",
        "outbox",
        "conflicts",
        "deletions",
        "pushes",
        "revert",
        "undelete",
        "act",
        "redact",
        "recover",
    ),
    "Set up": (
        "config",
        "doctor",
        "migrate",
        "backup",
        "restore",
        "notify",
        "views",
        "models",
        "webhooks",
        "census",
        "api",
        "completion",
    ),
    "Try it out": ("demo", "sandbox"),
}
"""Title -> commands, in the order in which `cfsync --help` lists them."""


class SectionedHelp(typer.core.TyperGroup):
    """A group of commands whose help lists them by section."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        width = formatter.width - 6 - max(map(len, self.commands))
        for title, names in SECTIONS.items():
            helps = [(name, self.commands[name].get_short_help_str(width)) for name in names]
            with formatter.section(title):
                formatter.write_dl(helps)
