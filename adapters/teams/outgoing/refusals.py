"""What Teams' refusals mean.

Source of the codes: Microsoft Learn, "Build conversational capability", section "Status codes from
bot conversational APIs". What is not in it says so beside the code. `PERSON` stands for whom the
conversation is with: in a team or group chat it is the channel.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from adapters.http.answers import retry_after
from bot.domain.likeness import exact
from bot.domain.refusals import Refusal, Scope
from bot.errors import (
    ChatError,
    ChatRefused,
    ChatThrottled,
    ChatUnreachable,
    PersonUnreachable,
    refused,
)

CONFLICT_PAUSE = 1.0  # seconds after which to try again when Teams says 412
# Whatever an answer says, it is neither tried again at once nor given up for days.
SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 3600.0

_CREDENTIALS = "Check teams.app_id, teams.tenant_id and the bot's secret, certificate or identity."
_INSTALL = "The app is not installed there: install it, or ask them to."
_BLOCKED = "The app was blocked or removed there: only they can let it in again."

CODES: Mapping[str, Refusal] = {
    "BotNotRegistered": Refusal(
        Scope.INSTALLATION, f"{_CREDENTIALS} The bot's registration needs the channel Teams."
    ),
    "BotDisabledByAdmin": Refusal(
        Scope.PERSON, "Allow the app for them: Teams admin center, the app's users and groups."
    ),
    "BotNotInConversationRoster": Refusal(Scope.PERSON, _INSTALL),
    "ForbiddenOperationException": Refusal(Scope.PERSON, _INSTALL),
    "ConversationBlockedByUser": Refusal(Scope.PERSON, _BLOCKED),
    # In `{"errorCode": 209, …}`, which is not on that page but in many public reports.
    "MessageWritesBlocked": Refusal(Scope.PERSON, _BLOCKED),
    "ConversationNotFound": Refusal(Scope.PERSON, _INSTALL),
    "MemberNotFoundInConversation": Refusal(Scope.PERSON, _INSTALL),
    "ActivityNotFoundInConversation": Refusal(Scope.GONE),
    "InvalidBotApiHost": Refusal(Scope.ADDRESS, "Add that host to teams.service_urls."),
    # From public reports: the whole tenant may not use Teams.
    "TenantNoPermission": Refusal(
        Scope.INSTALLATION, "Teams is switched off for this tenant: ask Microsoft or your admin."
    ),
    "MessageSizeTooBig": Refusal(Scope.MESSAGE),
    # Which one, the message of the answer says; it is not shown, since it may hold names.
    "NotEnoughPermissions": Refusal(Scope.UNTOLD, "The app lacks a permission in that place."),
}
"""By Teams' own code, whatever the status. What is not named here is judged by the status alone."""

_GONE = ("ServiceError", "Unknown", "")
"""So a change of a message that was deleted is refused with 403 (BotFramework-Services#269)."""

_CODE = re.compile(r"\w{1,60}")
_SUB_CODE = re.compile(r"subCode\W{1,5}(\w{1,60})")
_HOST = re.compile(r"https://[a-z0-9.-]{1,200}")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the Bot Connector, whatever it is."""

    status: int
    headers: httpx.Headers = field(repr=False)
    content: bytes = field(repr=False)


class ConversationLost(PersonUnreachable):
    """The conversation with this person is not known any more; a new one may be opened."""


class ServedElsewhere(ChatRefused):
    """The conversation lives on the host that Teams `named`; `service_url` is our address of it.

    That is "" until it is known that we have one.
    """

    def __init__(self, message: str, named: str, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.named = named
        self.service_url = ""


def meaning(answer: Answer, *, personal: bool, changes: bool) -> ChatError:
    """The error that an answer other than a success means.

    `personal`: the conversation is one with a person; `changes`: a message was to be changed.
    """
    status, body = answer.status, json_object(answer.content)
    code = _code(body)
    says = f"Teams answered {status}{f' {code}' if code else ''}."
    match status:
        case 412:  # two changes at the same time: nothing was taken
            return ChatThrottled(says, retry_after=CONFLICT_PAUSE)
        case 429:
            told = retry_after(answer.headers)
            return ChatThrottled(says, retry_after=min(max(told, SHORTEST_PAUSE), LONGEST_PAUSE))
        case _ if status >= 500 or status == 408:
            return ChatUnreachable(says)  # whether it was taken nobody knows
    refusal = _refusal(status, code, body, changes=changes)
    scope = refusal.scope
    if scope is Scope.ADDRESS:
        named = _HOST.search(_message(body))
        if named:
            return ServedElsewhere(f"{says[:-1]}: {named[0]}.", named[0], hint=refusal.hint)
    if code == "ConversationNotFound" and personal and scope is Scope.PERSON:
        return ConversationLost(says, hint=refusal.hint)
    if scope is Scope.PERSON and not personal:
        scope = Scope.CHANNEL
    return refused(scope, says, hint=refusal.hint)


def _refusal(status: int, code: str, body: dict[str, Any], *, changes: bool) -> Refusal:
    """By its code; without one that is known, by what a status can only mean."""
    if changes and (status in (404, 410) or (status == 403 and code in _GONE)):
        return Refusal(Scope.GONE)
    if code in CODES:
        return CODES[code]
    if "tenant is disabled" in exact(_message(body)):
        return CODES["TenantNoPermission"]
    match status:
        case 401:  # `{"message": "Authorization has been denied for this request."}`
            return Refusal(Scope.INSTALLATION, _CREDENTIALS)
        case 400 | 413 | 415 | 422:
            return Refusal(Scope.MESSAGE)
        case _ if 300 <= status < 400:
            return Refusal(Scope.UNTOLD, "A redirect, which is not followed: is a proxy between?")
        case _:
            return Refusal(Scope.UNTOLD)


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
    inner = _SUB_CODE.search(_message(body))
    return inner[1] if inner else ""


def _message(body: dict[str, Any]) -> str:
    """The words of an error. They are for reading codes alone: names may be in them."""
    error = body.get("error")
    inside = error.get("message") if isinstance(error, dict) else None
    return str(inside or body.get("message") or "")
