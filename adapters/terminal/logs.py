"""Logging: lines for people on a terminal, JSON elsewhere; secrets never.

Everything goes through structlog, also what libraries log: what looks like a secret is blanked
(`blanking`), and a failure that comes again and again is written once a second (`repeats`).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.types import EventDict, WrappedLogger

from adapters.terminal.redaction import redact_secrets
from adapters.terminal.repeat_filter import RepeatFilter

LONGEST = 10_000
"""Characters of one value; a traceback fits."""
# Libraries that would log whole requests, or each step of theirs.
_QUIET = ("httpx", "httpcore", "slack_bolt", "slack_sdk", "uvicorn.access", "msrest")


def shorten(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Cut what is too long to be read: what others sent or stored must not fill the disk."""
    return {
        key: f"{value[:LONGEST]} … ({len(value)} characters)"
        if isinstance(value, str) and len(value) > LONGEST
        else value
        for key, value in event.items()
    }


def configure(level: str = "INFO") -> None:
    """Set logging up for this process; call once."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact_secrets,
        shorten,
        # Behind the blanking: these two hold nothing of others.
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Tracebacks are text by then, also for the terminal: a renderer that draws them itself would
    # show local variables, and after the blanking.
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    handler.addFilter(RepeatFilter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def say_reload(
    taken: Sequence[str] = (), waiting: Sequence[str] = (), *, failure: str = ""
) -> None:
    """What became of settings that were read again: the keys that changed, and no value."""
    log = structlog.get_logger(__name__)
    if failure:
        log.error("the settings were not taken over, nothing has changed", reason=failure)
    elif not (taken or waiting):
        log.info("the settings are as they were")
    if taken:
        log.info("changed settings are in force", keys=list(taken))
    if waiting:
        log.warning("changed settings wait for a restart", keys=list(waiting))
