"""Who belongs to this Slack workspace, to its user groups and to its channels.

Methods: users.info, auth.test, usergroups.users.list, usergroups.list, conversations.members and
conversations.info (docs.slack.dev/reference/methods). Whoever comes through Slack Connect has a
user object, too: of another team (docs.slack.dev/apis/slack-connect, "External members").
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack.outgoing.answers import UnexpectedAnswer, lenient, object_of, objects_of, text
from adapters.slack.outgoing.calls import call, code_of
from adapters.slack.people import is_colleague, look_up
from bot.domain.people.access import Group, GroupKind
from bot.domain.people.admins import ChatIdentity
from bot.errors import ChatError

PAGE = 1000
"""Members of a channel a page, the most that Slack gives."""
MOST_PAGES = 200
_NO_SUCH = ("no_such_subteam", "user_not_found")
"""There is none (any more). A channel that is not found may be one that the app is not in."""


class SlackDirectory:
    """Implements `bot.ports.access.Directory`."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._home: tuple[str, str] | None = None

    async def is_colleague(self, who: ChatIdentity) -> bool:
        """A full member of this workspace, or of another one of the same Enterprise Grid."""
        answer = await _or_nothing(self._web.users_info(user=who.user_id))
        if answer is None:
            return False
        user = object_of(answer, "user")
        if text(user, "id") != who.user_id:
            raise UnexpectedAnswer("user.id of whom was asked for")
        return is_colleague(user) and is_of(user, *await self._workspace())

    async def members(self, group: Group) -> Collection[str]:
        """Everybody in a user group, or in a channel; of a channel page by page."""
        if group.kind is GroupKind.USER_GROUP:
            listed = self._web.usergroups_users_list(usergroup=group.id)
            answer = await _or_nothing(listed)
            return () if answer is None else _texts(answer, "users")
        found: set[str] = set()
        cursor = ""
        for _ in range(MOST_PAGES):
            answer = await call(
                self._web.conversations_members(channel=group.id, limit=PAGE, cursor=cursor)
            )
            found.update(_texts(answer, "members"))
            cursor = lenient(answer, "response_metadata", "next_cursor")
            if not cursor:
                return found
        raise UnexpectedAnswer("end of a channel's members")

    async def person_name(self, who: ChatIdentity) -> str:
        return (await look_up(self._web, who.user_id)).display_name

    async def name_of(self, group: Group) -> str:
        if group.kind is GroupKind.CHANNEL:
            answer = await call(self._web.conversations_info(channel=group.id))
            name = lenient(answer, "channel", "name")
            return f"#{name}" if name else ""
        listed = objects_of(await call(self._web.usergroups_list()), "usergroups")
        handle = next((lenient(one, "handle") for one in listed if one.get("id") == group.id), "")
        return f"@{handle}" if handle else ""

    async def _workspace(self) -> tuple[str, str]:
        """The ids of the workspace, and of its Enterprise Grid ("": of none)."""
        if self._home is None:
            told = await call(self._web.auth_test())
            self._home = text(told, "team_id"), lenient(told, "enterprise_id")
        return self._home


async def _or_nothing(answer: Awaitable[AsyncSlackResponse]) -> Mapping[str, Any] | None:
    """The answer; None where Slack says that there is no such thing."""
    try:
        return await call(answer)
    except ChatError as error:
        if code_of(error) in _NO_SUCH:
            return None
        raise


def is_of(user: Mapping[str, Any], team: str, enterprise: str) -> bool:
    """Whether a user object is of this team, or of the enterprise that the team belongs to."""
    if text(user, "team_id") == team:
        return True
    return bool(enterprise) and lenient(user, "enterprise_user", "enterprise_id") == enterprise


def _texts(answer: Mapping[str, Any], name: str) -> list[str]:
    found = answer.get(name)
    if not isinstance(found, list):
        raise UnexpectedAnswer(name)
    return [one for one in found if isinstance(one, str)]
