"""Saying what is waited for, once it takes longer than usual."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import structlog

log = structlog.get_logger(__name__)

SILENT = 2.0
"""Seconds before it is said."""


@contextmanager
def said(event: str, **values: str | int) -> Iterator[None]:
    """What is done inside is logged as this wait if it takes long."""
    later = asyncio.get_running_loop().call_later(SILENT, partial(log.info, event, **values))
    try:
        yield
    finally:
        later.cancel()
