"""What every Bot Framework activity must have before anything is done with it.

Plain JSON, read strictly: the SDK's own reader takes a number for a type and a missing
conversation, and fails on others with errors of many kinds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from bot.domain.normalization import exact

MAX_BYTES = 256 * 1024
MAX_DEPTH = 40
MAX_ID = 1024  # characters
COPILOT = "copilot"


class ActivityInvalid(ValueError):
    """This is no activity that Teams sends. The words name the member, never its value."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The outside of one activity.

    `tenant_id` is `channelData.tenant.id`, or that of the conversation; "" when neither is there.
    `elsewhere`: written in Microsoft 365 Copilot or another client, which comes through Teams.
    """

    kind: str
    activity_id: str
    channel_id: str
    service_url: str
    conversation_id: str
    tenant_id: str
    elsewhere: bool
    body: dict[str, Any] = field(repr=False)


def open_envelope(raw: bytes) -> Envelope:
    """Read the JSON of a request. Raises ActivityInvalid."""
    try:
        body = json.loads(raw, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ActivityInvalid("the body is not JSON") from error
    if not isinstance(body, dict):
        raise ActivityInvalid("the body is not an object")
    _check_depth_and_texts(body)
    kind = _text(body, "type")
    channel_data = _object(body, "channelData")
    tenant = _object(channel_data, "tenant")
    conversation = _object(body, "conversation")
    channel_id, _, client = _text(body, "channelId").partition(":")
    for name in ("from", "recipient"):
        _text(_object(body, name), "id", required=False)
    return Envelope(
        kind=kind,
        activity_id=_text(body, "id", required=kind in ("message", "invoke")),
        channel_id=channel_id,
        service_url=_text(body, "serviceUrl"),
        conversation_id=_text(conversation, "id"),
        tenant_id=_text(tenant, "id", required=False)
        or _text(conversation, "tenantId", required=False),
        elsewhere=bool(client) or COPILOT in _products(body, channel_data),
        body=body,
    )


def _products(body: dict[str, Any], channel_data: dict[str, Any]) -> set[str]:
    """What Teams says that it was written in (microsoft/Agents#77, microsoft/teams.py#180).

    Microsoft's SDKs write it behind a colon of the channel: `msteams:COPILOT`.
    """
    found = body.get("entities")
    entities = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    told = [one.get("id") for one in entities if one.get("type") == "ProductInfo"]
    return {exact(str(one)) for one in (*told, channel_data.get("productContext"))}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ActivityInvalid(f"{name} is not an object")
    return value


def _text(holder: dict[str, Any], name: str, *, required: bool = True) -> str:
    value = holder.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value) or len(value) > MAX_ID:
        raise ActivityInvalid(f"{name} is missing or not a proper text")
    return value


def _check_depth_and_texts(body: Any) -> None:
    """Refuse what deep readers stumble over, and halves of characters, which no UTF-8 can carry."""
    level = [body]
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                deeper.extend(value)
                deeper.extend(value.values())
            elif isinstance(value, list):
                deeper.extend(value)
            elif isinstance(value, str) and not _is_encodable(value):
                raise ActivityInvalid("a text is not Unicode")
        if not deeper:
            return
        level = deeper
    raise ActivityInvalid("the body is nested too deep")


def _is_encodable(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)
