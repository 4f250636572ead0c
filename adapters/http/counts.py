"""Calls that go out, counted by API and status for Prometheus; for every adapter that calls one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from http import HTTPStatus

from prometheus_client import Counter, Histogram

from bot.ports.spans import SpanKind, span

UNANSWERED = "none"
"""In place of a status: there was no answer."""
OTHER = "other"


class Api(StrEnum):
    """Whom a connection pool calls. Microsoft: Graph, its sign-in, and Teams' keys and tokens."""

    OKTA = "okta"
    MICROSOFT = "microsoft"
    SLACK = "slack"
    TEAMS = "teams"
    MAIL = "mail"


_CALLS = Counter("o365bot_api_calls", "Calls that went out, by API and status.", ["api", "status"])
_SECONDS = Histogram(
    "o365bot_api_seconds",
    "How long calls took, answered or not.",
    ["api"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90),
)
for _api in Api:
    _SECONDS.labels(_api)
    for _status in ("200", "429", "500", UNANSWERED):
        _CALLS.labels(_api, _status)
# HTTP's, and of SMTP those that its servers answer with (RFC 5321, 4.2.3).
_KNOWN = {*HTTPStatus} | {250, 421, 450, 451, 452, 501, 503, 535, 550, 551, 552, 553, 554}


class Call:
    """One call under way; set `status` once there is an answer."""

    status: int | None = None


@contextmanager
def counted(api: Api) -> Iterator[Call]:
    """Counts what is called inside."""
    call, begun = Call(), time.perf_counter()
    try:
        with span(f"call {api}", SpanKind.CLIENT) as told:
            try:
                yield call
            finally:
                told.note(api=api.value, status=_told(call.status))
    finally:
        _SECONDS.labels(api).observe(time.perf_counter() - begun)
        _CALLS.labels(api, _told(call.status)).inc()


def _told(status: int | None) -> str:
    """A label: what others send may be any number."""
    if status is None:
        return UNANSWERED
    return str(status) if status in _KNOWN else OTHER
