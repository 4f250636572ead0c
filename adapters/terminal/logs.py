"""Logging: lines for people on a terminal, JSON elsewhere; secrets never.

Everything goes through structlog, also what libraries log. What looks like a secret is blanked,
whoever logs it; the first defence is still not to log it.
"""

from __future__ import annotations

import logging
import re
import sys

import structlog
from structlog.types import EventDict, WrappedLogger

_SECRET_NAMES = re.compile(
    r"token|secret|password|authorization|assertion|signature|cookie|private|api_key", re.IGNORECASE
)
# A personal link, the code and state of a sign-in, a bearer token, a Slack token: wherever they
# turn up.
_SECRET_TEXT = re.compile(
    r"(/[co]/)[A-Za-z0-9_-]{16,}|([?&](?:code|state)=)[^&\s\"']+"
    r"|((?:Bearer|DPoP|SSWS)\s+)\S+|(xox[a-z]-)[A-Za-z0-9-]+"
)
# Libraries that would log whole requests, or each step of theirs.
_QUIET = ("httpx", "httpcore", "slack_bolt", "slack_sdk", "uvicorn.access", "msrest")


def blank_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: blank values of secret-looking names, and secrets inside texts."""
    for name, value in event.items():
        if _SECRET_NAMES.search(name):
            event[name] = "[blanked]"
        elif isinstance(value, str):
            event[name] = _SECRET_TEXT.sub(_keep_label, value)
    return event


def _keep_label(found: re.Match[str]) -> str:
    return next(group for group in found.groups() if group) + "[blanked]"


def configure(level: str = "INFO") -> None:
    """Set logging up for this process; call once."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        blank_secrets,
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
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
