"""How a part that could not be read is told among the evidence."""

from __future__ import annotations

from datetime import datetime

from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.errors import CloudError, CloudRefused


def read_failed(error: CloudError, seen_at: datetime) -> Evidence:
    """What failed, where, and how; `missing` is there when it is known what would help.

    `needed` is "no": without Microsoft's part an app's state can still be told from Okta's.
    """
    detail = {
        "call": error.call,
        "where": error.where,
        "reason": error.code,
        "says": error.message,
        "needed": "no",
    }
    if isinstance(error, CloudRefused) and error.missing:
        detail["missing"] = error.missing
    return Evidence(EvidenceKind.READ_FAILED, seen_at, detail=detail, event_id=error.call)
