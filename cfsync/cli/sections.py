"""The commands by section, and the group that loads each of them when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

import typer.core

SECTIONS: dict[str, dict[str, str]] = {
    "Sync": {
        "backfill": "passes.backfill",
        "pull": "passes.pull",
        "push": "passes.push",
        "sync": "passes.sync",
        "sweep": "passes.sweep",
        "run": "passes.run",
        "pause": "decisions.pause",
        "resume": "decisions.pause",
    },
    "Look": {
        "status": "inspection.status",
        "plan": "inspection.plan",
        "verify": "inspection.verify",
        "show": "inspection.show",
        "explain": "inspection.explain",
        "changes": "inspection.changes",
        "sql": "inspection.sql",
        "export": "inspection.export",
        "web": "inspection.web",
        "open": "inspection.web",
    },
    "Decide": {
        "import": "importing.command",
        "outbox": "decisions.outbox",
        "conflicts": "decisions.conflicts",
        "deletions": "decisions.deletions",
        "decisions": "inspection.decisions",
        "pushes": "inspection.pushes",
        "revert": "decisions.revert",
        "undelete": "decisions.undelete",
        "act": "decisions.act",
        "redact": "decisions.redact",
    },
    "Set up": {
        "config": "setup.config",
        "doctor": "setup.doctor",
        "migrate": "setup.migrate",
        "backup": "setup.backup",
        "restore": "setup.backup",
        "recover": "decisions.recover",
        "move": "setup.move",
        "notify": "setup.notify",
        "views": "setup.views",
        "models": "setup.models",
        "webhooks": "setup.webhooks",
        "census": "setup.census",
        "api": "setup.api",
        "completion": "setup.completion",
    },
    "Try it out": {"demo": "setup.demo", "sandbox": "setup.sandbox"},
}
"""Title -> commands, in the order in which `cfsync --help` lists them -> the module of each."""

_MODULES = {name: module for names in SECTIONS.values() for name, module in names.items()}


class _Commands(MutableMapping[str, Any]):
    """Loads each command when it is first asked for: all of them cost a tenth of `status`."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            app = typer.Typer(rich_markup_mode=None, callback=lambda: None)
            import_module(f"cfsync.cli.{_MODULES[name]}").register(app)
            self._loaded |= typer.main.get_group(app).commands
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_MODULES)

    def __len__(self) -> int:
        return len(_MODULES)


class SectionedHelp(typer.core.TyperGroup):
    """A group of all commands whose help lists them by section."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = _Commands()

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        width = formatter.width - 6 - max(map(len, self.commands))
        for title, names in SECTIONS.items():
            helps = [(name, self.commands[name].get_short_help_str(width)) for name in names]
            with formatter.section(title):
                formatter.write_dl(helps)
