"""What Teams' refusals mean (Microsoft Learn, "Error codes in bot conversations")."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from adapters.http.answers import retry_after
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    MessageGone,
    MessageRefused,
    PersonUnreachable,
)

CONFLICT_PAUSE = 1.0  # seconds after which to try again when Teams says 412
# Whatever an answer says, it is neither tried again at once nor given up for days.
SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 3600.0

_CODE = re.compile(r"\w{1,60}")
_SUB_CODE = re.compile(r"subCode\W{1,5}(\w{1,60})")


def meaning(response: httpx.Response, *, personal: bool, changes: bool) -> ChatError:
    """The error that an answer other than a success means.

    `personal`: the conversation is one with a person; `changes`: a message was to be changed.
    """
    code = _code(json_object(response.content))
    says = f"Teams answered {response.status_code}{f' {code}' if code else ''}."
    match response.status_code:
        case 401:
            return ChatMisconfigured(
                says, hint="Check teams.app_id, teams.app_password and teams.tenant_id."
            )
        case 403 if code == "BotDisabledByAdmin":
            return ChatMisconfigured(says, hint="Allow the app in the Teams admin center.")
        case 404 if changes:
            return MessageGone(says)
        case 403 | 404 if personal:
            return PersonUnreachable(says, hint="The app was removed or blocked there.")
        case 403 | 404:
            return ChannelUnreachable(says, hint="Install the app in that team.")
        case 412:  # two changes at the same time: nothing was taken
            return ChatThrottled(says, retry_after=CONFLICT_PAUSE)
        case 429:
            told = retry_after(response.headers)
            return ChatThrottled(says, retry_after=min(max(told, SHORTEST_PAUSE), LONGEST_PAUSE))
        case status if 400 <= status < 500 and status != 408:
            return MessageRefused(says)
        case _:
            return ChatUnreachable(says)


def json_object(content: bytes) -> dict[str, Any]:
    """The JSON object of an answer; {} for anything else (a gateway answers in HTML)."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _code(body: dict[str, Any]) -> str:
    """Teams' own word for an error, of the shapes that errors have; "" without one.

    `{"error": {"code": …}}`; `{"errorCode": 209, "message": "{… subCode: MessageWritesBlocked …}"}`
    with the code inside the text; and for 401 a bare `{"message": …}`.
    """
    error = body.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and _CODE.fullmatch(code):
        return code
    inner = _SUB_CODE.search(str(body.get("message", "")))
    return inner[1] if inner else ""
