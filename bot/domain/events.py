"""What other systems are told of: some rows of the audit, by names that stay.

docs/webhook.schema.json has the shape; types may be added, never renamed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.domain.audit import Row
from bot.domain.evidence.verdict import State
from bot.domain.pseudonyms import shown

TYPES: Mapping[str, str] = {
    "ask": "request.asked",
    "acknowledge": "request.acknowledged",
    "attest": "request.button_seen",
    "save": "request.saved",
    "prove": "request.done",
    "snooze": "request.postponed",
    "decline": "request.declined",
    "expire": "request.expired",
    "revoke": "request.revoked",
    "stuck": "request.stuck",
    "fail_delivery": "message.failed",
    "mail_came_back": "message.failed",
    "waive": "app.waived",
    "unwaive": "app.waiver_ended",
    "waiver_over": "app.waiver_ended",
    "nobody_reachable": "app.nobody_reachable",
    "reachable": "app.reachable",
    "incident": "incident.began",
    "incident_over": "incident.ended",
}
"""By the action of the audit; of `assess`, `app.migrated`, `app.reopened` and `app.changed`."""


def type_of(row: Row) -> str:
    """The event's type; "" for a row that others are not told of."""
    if row.action != "assess":
        return TYPES.get(row.action, "")
    before, after = row.told.get("from", ""), row.told.get("to", "")
    if after == State.MIGRATED:
        return "app.migrated" if before != after else ""
    if before == State.MIGRATED and after in _OPEN:
        return "app.reopened"
    return "app.changed" if before and before != after else ""


_OPEN = frozenset(state.value for state in State if state.is_open)


def payload(row: Row, names: Mapping[str, str]) -> bytes:
    """The event's body, with the names that are known."""
    app = row.subject if "/" in row.subject and ":" not in row.subject else None
    data: dict[str, Any] = {
        "number": row.number,
        "app": app,
        "subject": shown(row.subject, names),
        "actor": shown(row.actor, names),
        "detail": {k: shown(str(v), names) for k, v in row.told.items() if v != ""},
    }
    event = {"type": type_of(row), "timestamp": row.at, "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
