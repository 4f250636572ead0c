"""How a part that could not be read is told among the evidence."""

from __future__ import annotations

from datetime import datetime

from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.errors import CloudError, CloudRefused


def read_failed(error: CloudError, seen_at: datetime, part: str = "") -> Evidence:
    """What failed, where, and how; `missing` is there when it is known what would help.

    `part` of a look is `connection`, `log` or `microsoft`. `needed`: without it the app's state
    cannot be told at all.
    """
    detail = {
        "call": error.call,
        "where": error.where,
        "reason": error.code,
        "says": error.message,
        "needed": "yes" if part == "connection" else "no",
    }
    if part:
        detail["part"] = part
    if isinstance(error, CloudRefused) and error.missing:
        detail["missing"] = error.missing
    return Evidence(EvidenceKind.READ_FAILED, seen_at, detail=detail, event_id=error.call)
