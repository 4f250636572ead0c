"""Slack's user objects as people (docs.slack.dev/reference/objects/user-object)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.outgoing.answers import UnexpectedAnswer, lenient, object_of, text
from adapters.slack.outgoing.calls import call
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatError

log = structlog.get_logger(__name__)

REMEMBER_SECONDS = 3600.0
MAX_REMEMBERED = 1000
PATIENCE = 2.0
_NOT_A_COLLEAGUE = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")


def is_colleague(user: Mapping[str, Any]) -> bool:
    """True for a full member: no bot, guest or stranger, and not deactivated."""
    return not any(user.get(mark) for mark in _NOT_A_COLLEAGUE)


def email_of(user: Mapping[str, Any]) -> str:
    """The address in the profile, lower case; "" when there is none."""
    return exact(lenient(user, "profile", "email"))


def identity(user_id: str, user: Mapping[str, Any]) -> ChatIdentity:
    """The person with this member id; of the object only what is told of them is taken.

    `language` is Slack's locale (`de-DE`) when the object came with it.
    """
    return ChatIdentity(
        platform=Platform.SLACK,
        user_id=user_id,
        display_name=lenient(user, "profile", "real_name") or lenient(user, "real_name"),
        email=email_of(user),
        time_zone=lenient(user, "tz"),
        language=lenient(user, "locale"),
    )


async def user_of(web: AsyncWebClient, user_id: str) -> Mapping[str, Any]:
    """Slack's object of the person with this member id, with the locale. Raises ChatError."""
    answer = await call(web.users_info(user=user_id, include_locale=True))
    user = object_of(answer, "user")
    if text(user, "id") != user_id:
        raise UnexpectedAnswer("user.id of whom was asked for")
    return user


async def look_up(web: AsyncWebClient, user_id: str) -> ChatIdentity:
    """The person with this member id, with time zone and language. Raises ChatError."""
    return identity(user_id, await user_of(web, user_id))


class Askers:
    """Those who ask, with their language; looked up once an hour and never waited for long."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._known: dict[str, tuple[float, ChatIdentity]] = {}

    async def asker(self, user_id: str) -> ChatIdentity:
        """The asker; with nothing but the id when Slack does not tell more soon enough."""
        now = asyncio.get_running_loop().time()
        until, known = self._known.get(user_id, (0.0, ChatIdentity(Platform.SLACK, user_id)))
        if now < until:
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                known = await look_up(self._web, user_id)
        except (ChatError, TimeoutError) as error:
            log.warning("slack does not say who is asking", user=user_id, reason=str(error))
            return known
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[user_id] = (now + REMEMBER_SECONDS, known)
        return known
