"""Logs: `noun.verb` events with bound keys, one line each on standard error.

Written with `structlog.get_logger()` everywhere. They carry ids, not people; and whatever was
written, a token that cfsync knows never gets through: the finished line is searched for it.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable

from cfsync.config import LogSettings
from cfsync.lean import without

with without("rich"):
    import structlog
    from structlog.typing import EventDict, Processor

_PASSING = {"timestamp", "pass_id"}
"""What differs between two lines that say the same."""

_LEVELS = logging.getLevelNamesMapping()


def configure(
    settings: LogSettings,
    *,
    secrets: Iterable[str] = (),
    quiet: bool = False,
    repeats: Repeats | None = None,
) -> None:
    """Set up this process's logs. `quiet`: below debug, only warnings (progress bars are shown).
    With `repeats` what is wrong again and again is not said each time.
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
    render = _Rendered(_console() if console else _json, secrets)
    structlog.configure(
        processors=[*shared, *([repeats] if repeats else []), render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    _adopt_others(shared, render, repeats)


def _adopt_others(shared: list[Processor], render: _Rendered, repeats: Repeats | None) -> None:
    """Warnings of libraries come in the same form, and no more often; what they say below that may
    hold people.
    """
    handler = logging.StreamHandler()
    if repeats:
        handler.addFilter(repeats.lets_through)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class Repeats:
    """The same warning or error is said once, and then every 15 minutes with how often it came."""

    EVERY_S = 900.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[str, tuple[float, int]] = {}

    def __call__(self, _logger: object, method: str, event: EventDict) -> EventDict:
        if _LEVELS.get(method.upper(), 0) < logging.WARNING:
            return event
        key = repr(sorted((k, str(v)) for k, v in event.items() if k not in _PASSING))
        now = self._clock()
        at, swallowed = self._said.get(key, (-self.EVERY_S, 0))
        if now - at < self.EVERY_S:
            self._said[key] = at, swallowed + 1
            raise structlog.DropEvent
        said = {k: v for k, v in self._said.items() if now - v[0] < 2 * self.EVERY_S}
        self._said = {**said, key: (now, 0)}
        return {**event, "repeated": swallowed} if swallowed else event

    def lets_through(self, record: logging.LogRecord) -> bool:
        """The same for a library's line, which then says at its end how often it came."""
        try:
            said = self(None, record.levelname, {"event": record.getMessage()})
        except structlog.DropEvent:
            return False
        if "repeated" in said:
            record.msg, record.args = f"{said['event']} ({said['repeated']} times more)", ()
        return True


class _Traceback:
    """An exception is a line unless tracebacks are asked for."""

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


class _Rendered:
    """The finished line, with each secret replaced by `***`."""

    def __init__(self, render: Callable[..., str], secrets: Iterable[str]) -> None:
        self._render = render
        self._hide = hider(secrets)

    def __call__(self, logger: object, method: str, event: EventDict) -> str:
        return self._hide(self._render(logger, method, event))


def hider(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that puts `***` for each secret in a text, plain or as JSON or Python quote it.
    Less than four characters are no secret: they stand in half of all words.
    """
    known = {
        form for s in secrets if len(s) > 3 for form in (s, json.dumps(s)[1:-1], repr(s)[1:-1])
    }

    def hide(text: str) -> str:
        for secret in sorted(known, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    return hide


def _console() -> Callable[..., str]:
    colors = sys.stderr.isatty()
    return structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )


def _json(_logger: object, _method: str, event: EventDict) -> str:
    first = {"event": event.pop("event", ""), "level": event.pop("level", "")}
    return json.dumps({**first, **event}, default=str, ensure_ascii=False)
