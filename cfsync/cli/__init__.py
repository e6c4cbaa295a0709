"""The command line: arguments in, a report and an exit code out. `command` is the one place where
errors become exit codes:

    0 done  1 unexpected error  2 settings or usage  3 ClickFunnels refuses the token
    4 stopped before the end, can be continued  5 done, but something waits for a human

A module for each command, in the order in which you meet them:

    setup/       config, doctor, migrate, backup, restore, notify, views, models, census, webhooks,
                 api, completion, sandbox, demo
    passes/      backfill, pull, push, sync, sweep, and the daemon (run)
    inspection/  what a person looks at: status, verify, plan, show, explain, changes, sql,
                 export
    importing/   import
    decisions/   what a person decides: outbox, conflicts, deletions, revert, undelete, ...
    common       options that all commands share; opens both sides; signals
    sections, reports, text, progress, bars, row_bars, fields
                 how help, results and progress are written, and how `-f` arguments are read
    changing     what a command says before it changes something
    candidates   what a shell offers for a word that is being typed

Only the module of the command that is run is loaded. It imports what is slow to load (the database,
the network) inside its function, so that `cfsync --help` is quick.
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import Annotated

import typer

from cfsync import __version__
from cfsync.cli.sections import SectionedHelp
from cfsync.cli.text import print_problem
from cfsync.errors import CfsyncError, SettingsError, description

INTERRUPTED = 4

_UsageError = typer.BadParameter.__base__
"""The base class of typer's errors about arguments, which typer itself doesn't export."""

app = typer.Typer(
    name="cfsync",
    cls=SectionedHelp,
    help="Keeps a ClickFunnels account and your own SQL database the same.",
    epilog="Example:  cfsync backfill  (`cfsync COMMAND --help` shows one for each command)",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"cfsync {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(2)
    if "--help" not in sys.argv:
        _load_structlog()


def _load_structlog() -> None:
    """Without rich, which it loads where it can, for tracebacks that cfsync doesn't show: that is a
    tenth of the start of a command.
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import_module("structlog")
    finally:
        del sys.modules["rich"]


def command(arguments: list[str]) -> int:
    """Run the command that the arguments name; returns the exit code."""
    try:
        code = app(args=arguments, prog_name="cfsync", standalone_mode=False)
        sys.stdout.flush()
    except CfsyncError as error:
        return _known_error(error)
    except (typer.Abort, KeyboardInterrupt):
        return _interrupted()
    except Exception as error:
        if isinstance(error, _UsageError or ()):
            return _usage_error(error)
        return _unexpected_error(error)
    return _interrupted() if code == 128 + signal.SIGINT else int(code or 0)


def _known_error(error: CfsyncError) -> int:
    for line in error.problems if isinstance(error, SettingsError) else [str(error)]:
        print_problem(line)
    return error.exit_code


def _interrupted() -> int:
    print_problem("interrupted; everything that was done is kept, start it again and it goes on")
    return INTERRUPTED


def _usage_error(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "cfsync"
    print_problem(f"{getattr(error, 'format_message', lambda: error)()} (see `{command} --help`)")
    return 2


def _unexpected_error(error: Exception) -> int:
    """A bug in cfsync."""
    import structlog

    print_problem(
        f"{description(error)}; everything that was done is kept."
        " CFSYNC_LOG__LEVEL=debug shows the traceback"
    )
    if structlog.is_configured():
        structlog.get_logger().debug("command.failed", exc_info=error)
    return 1
