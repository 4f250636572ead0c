"""What Teams' refusals mean.

Source of the codes: Microsoft Learn, "Build conversational capability", section "Status codes from
bot conversational APIs". What is not in it says so beside the code. `PERSON` stands for whom the
conversation is with: in a team or group chat it is the channel.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from adapters.http.answers import retry_after
from bot.domain.normalization import exact
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
    "ConversationNotFound": Refusal(Scope.PERSON, f"{_INSTALL} Of a channel: check its id."),
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

MESSAGES: Mapping[str, str] = {
    "tenant is disabled": "TenantNoPermission",
    "admin disabled this bot": "BotDisabledByAdmin",
    "blocked the conversation": "ConversationBlockedByUser",
    "part of the conversation roster": "BotNotInConversationRoster",
    "installed in user's personal scope": "ForbiddenOperationException",
    "no registration found for this bot": "BotNotRegistered",
    # With BadArgument or BadSyntax: an id of another bot's (bot-docs#1328), or none (bot-docs#681).
    "failed to decrypt conversation id": "ConversationNotFound",
    "bad format of conversation id": "ConversationNotFound",
}
"""What an answer without such a code says, as on that page or in public reports, and the code."""

_GONE = ("ServiceError", "Unknown", "")
"""So a change of a message that was deleted is refused with 403 (BotFramework-Services#269)."""

_CODE = re.compile(r"\w[\w ]{0,59}")
_IN_TEXT = re.compile(r"code\W{1,8}(\w{1,60})", re.IGNORECASE)
DEPTH = 8  # of objects within one another in an answer
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


def meaning(
    answer: Answer, *, personal: bool, changes: bool, pause: float = SHORTEST_PAUSE
) -> ChatError:
    """The error that an answer other than a success means.

    `personal`: the conversation is one with a person; `changes`: a message was to be changed.
    `pause`: seconds to wait where Teams asks for that and does not say how long.
    """
    status, body = answer.status, json_object(answer.content)
    code = _code(body)
    says = f"Teams answered {status}{f' {code}' if code else ''}."
    match status:
        case 412:  # two changes at the same time: nothing was taken
            return ChatThrottled(says, retry_after=CONFLICT_PAUSE)
        case 429:
            told = retry_after(answer.headers)
            wait = pause if told is None else told
            return ChatThrottled(says, retry_after=min(max(wait, SHORTEST_PAUSE), LONGEST_PAUSE))
        case _ if status >= 500 or status == 408:
            return ChatUnreachable(says)  # whether it was taken nobody knows
    refusal = _refusal(status, code, changes=changes)
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


def _refusal(status: int, code: str, *, changes: bool) -> Refusal:
    """By its code; without one that is known, by what a status can only mean."""
    lost = status in (404, 410) or code in (
        "ConversationNotFound",
        "ActivityNotFoundInConversation",
    )
    if changes and (lost or (status == 403 and code in _GONE)):
        return Refusal(Scope.GONE)
    if code in CODES:
        return CODES[code]
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
    """Teams' own word for an error, wherever it stands; "" without one.

    `{"error": {"code": …}}`, at times around the error of another service (`innerHttpError`);
    `{"errorCode": 209, "message": "{… subCode: MessageWritesBlocked …}"}` with the code inside the
    text; and for 401 a bare `{"message": …}`. One that is known counts before any other.
    """
    told = list(_texts(body, DEPTH))
    for text in told:
        for word in (text, *(named[1] for named in _IN_TEXT.finditer(text))):
            if word in CODES:
                return word
    for text in map(exact, told):
        for words, meant in MESSAGES.items():
            if words in text:
                return meant
    error = body.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Every text in an answer, from the outside in."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner, depth - 1)


def _message(body: dict[str, Any]) -> str:
    """The words of an error, for the host they name alone: names of people may be in them."""
    error = body.get("error")
    inside = error.get("message") if isinstance(error, dict) else None
    return str(inside or body.get("message") or "")
