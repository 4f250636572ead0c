"""What other systems are told of: some rows of the audit, by names that stay.

docs/webhook.schema.json has the shape; types may be added, never renamed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.domain.audit import Row
from bot.domain.changes import Action
from bot.domain.consent.requests import Step
from bot.domain.evidence.verdict import State
from bot.domain.pseudonyms import shown

TYPES: Mapping[str, str] = {
    Action.ASK: "request.asked",
    Step.ACKNOWLEDGE: "request.acknowledged",
    Step.ATTEST: "request.button_seen",
    Step.SAVE: "request.saved",
    Step.PROVE: "request.done",
    Step.SNOOZE: "request.postponed",
    Step.DECLINE: "request.declined",
    Step.EXPIRE: "request.expired",
    Step.REVOKE: "request.revoked",
    Action.STUCK: "request.stuck",
    Step.FAIL_DELIVERY: "message.failed",
    Action.MAIL_CAME_BACK: "message.failed",
    Action.WAIVE: "app.waived",
    Action.UNWAIVE: "app.waiver_ended",
    Action.WAIVER_OVER: "app.waiver_ended",
    Action.NOBODY_REACHABLE: "app.nobody_reachable",
    Action.SOMEBODY_REACHABLE: "app.reachable",
    Action.INCIDENT: "incident.began",
    Action.INCIDENT_OVER: "incident.ended",
}
"""By the action of the audit; of `assess`, `app.migrated`, `app.reopened` and `app.changed`."""


def type_of(row: Row) -> str:
    """The event's type; "" for a row that others are not told of."""
    if row.action != Action.ASSESS:
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
