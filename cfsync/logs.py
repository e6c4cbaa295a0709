"""Logs: `noun.verb` events with bound keys, one line each on standard error.

Written with `structlog.get_logger()` everywhere. Events carry ids and no personal data, and every
finished line is searched for the secrets that cfsync knows, so that none gets into the log.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog
from structlog.typing import EventDict, Processor

from cfsync.config import LogSettings
from cfsync.config.secrets import SHORTEST
from cfsync.log_sentences import as_sentence, is_told

_VARYING = {"timestamp", "pass_id"}
"""Keys that differ between repetitions of one event."""

_LEVELS = logging.getLevelNamesMapping()


def configure(
    settings: LogSettings,
    *,
    secrets: Iterable[str] = (),
    quiet: bool = False,
    repeat_filter: RepeatFilter | None = None,
) -> None:
    """Set up this process's logs.

    `secrets`: texts to hide. `quiet`: only warnings and errors, the first few of a kind, as
    sentences for a person, because progress bars are shown; at level debug, everything.
    `repeat_filter` drops repeated warnings; None keeps them all.
    """
    level = _LEVELS[settings.level.upper()]
    if quiet and level > logging.DEBUG:
        level = max(level, logging.WARNING)
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _Traceback(shown=level <= logging.DEBUG),
    ]
    is_plain = console and quiet and level > logging.DEBUG
    line = _plain if is_plain else _console() if console else _json
    render = _SecretHider(line, secrets)
    filters: list[Processor] = [_FirstFew()] if is_plain else []
    filters += [repeat_filter] if repeat_filter else []
    structlog.configure(
        processors=[*shared, *filters, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    _include_libraries(shared, render, repeat_filter)


def _include_libraries(
    shared: list[Processor], render: _SecretHider, repeat_filter: RepeatFilter | None
) -> None:
    """Write warnings of libraries in the same form. Their other messages are left out: they may
    contain personal data.
    """
    handler = logging.StreamHandler()
    if repeat_filter:
        handler.addFilter(repeat_filter.allows)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class RepeatFilter:
    """Lets each warning or error through once, and then every 15 minutes, with how often it was
    repeated. What answers a person's SIGHUP comes each time.
    """

    EVERY_S = 900.0
    ANSWERS = "settings."

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._written: dict[str, tuple[float, int]] = {}  # event -> when, dropped since

    def __call__(self, _logger: object, method: str, event: EventDict) -> EventDict:
        if _LEVELS.get(method.upper(), 0) < logging.WARNING:
            return event
        if str(event.get("event", "")).startswith(self.ANSWERS):
            return event
        key = repr(sorted((k, str(v)) for k, v in event.items() if k not in _VARYING))
        now = self._clock()
        at, dropped = self._written.get(key, (-self.EVERY_S, 0))
        if now - at < self.EVERY_S:
            self._written[key] = at, dropped + 1
            raise structlog.DropEvent
        recent = {k: v for k, v in self._written.items() if now - v[0] < 2 * self.EVERY_S}
        self._written = {**recent, key: (now, 0)}
        return {**event, "repeated": dropped} if dropped else event

    def allows(self, record: logging.LogRecord) -> bool:
        """The same for a library's record, which then ends with how often it was repeated."""
        try:
            event = self(None, record.levelname, {"event": record.getMessage()})
        except structlog.DropEvent:
            return False
        if "repeated" in event:
            record.msg, record.args = f"{event['event']} ({event['repeated']} times more)", ()
        return True


@dataclass(frozen=True, slots=True)
class Memory:
    """What the logs of a daemon keep when they are set up again. A secret that was read once may
    be in use for as long as the process runs.
    """

    repeat_filter: RepeatFilter | None
    secrets: set[str] = field(default_factory=set)


class _FirstFew:
    """Lets the first few events of a kind through, because the report of the command counts all of
    them; what it repeats in full is left out.
    """

    SHOWN = 5
    REPORTED = ("list.failed", "list.in_trouble", "list.unreachable")

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        name = event.get("event", "")
        self._seen[name] += 1
        if name in self.REPORTED or self._seen[name] > self.SHOWN + 1:
            raise structlog.DropEvent
        if self._seen[name] > self.SHOWN:
            return {"event": "... and more like this; `cfsync status` counts what waits for you"}
        return event


class _Traceback:
    """Reduces an exception to its name unless tracebacks are shown."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown

    def __call__(self, logger: object, method: str, event: EventDict) -> EventDict:
        if self._shown:
            return structlog.processors.format_exc_info(logger, method, event)
        error = event.pop("exc_info", None)
        if error:
            kind = sys.exc_info()[0] if error is True else type(error)
            event["exception"] = getattr(kind, "__name__", "")
        return event


class _SecretHider:
    """Renders a line, with each secret replaced by `***`."""

    def __init__(self, render: Callable[..., str], secrets: Iterable[str]) -> None:
        self._render = render
        self._hide = hider(secrets)

    def __call__(self, logger: object, method: str, event: EventDict) -> str:
        return self._hide(self._render(logger, method, event))


def hider(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that replaces each secret in a text by `***`, plain or as JSON or Python quote it.
    Secrets shorter than `SHORTEST` are left.
    """
    known = {
        form
        for s in secrets
        if len(s) >= SHORTEST
        for form in (s, json.dumps(s)[1:-1], repr(s)[1:-1])
    }

    def hide(text: str) -> str:
        for secret in sorted(known, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    return hide


def _console() -> Callable[..., str]:
    colors = sys.stderr.isatty()
    render = structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )
    return lambda logger, method, event: render(logger, method, as_sentence(event))


def _plain(_logger: object, _method: str, event: EventDict) -> str:
    """A line as the command itself prints problems."""
    told = as_sentence(event)
    left = {n: v for n, v in told.items() if n not in ("event", "level", *_VARYING)}
    keys = "".join(f" {name}={value}" for name, value in left.items())
    return f"cfsync: {told.get('event', '')}" + ("" if is_told(event) else keys)


def _json(_logger: object, _method: str, event: EventDict) -> str:
    first = {"event": event.pop("event", ""), "level": event.pop("level", "")}
    return json.dumps({**first, **event}, default=str)
