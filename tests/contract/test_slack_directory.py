"""Who belongs to a Slack workspace: real shapes, and answers that are none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.slack.directory import SlackDirectory
from adapters.slack.outgoing.calls import open_web
from bot.domain.people.access import Group, GroupKind
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatError
from tests.contract.slack_stage import says, scripted, settings

Json = dict[str, Any]
WHO = ChatIdentity(Platform.SLACK, "U1")
HOME: Json = {"ok": True, "team_id": "T1", "enterprise_id": "E1"}
# As docs.slack.dev/reference/objects/user-object has it.
USER: Json = {
    "id": "U1", "team_id": "T1", "name": "ada", "deleted": False, "real_name": "Ada", "tz": "UTC",
    "profile": {"real_name": "Ada", "email": "ada@contoso.com"}, "is_admin": False,
    "is_restricted": False, "is_ultra_restricted": False, "is_bot": False, "is_app_user": False,
}  # fmt: skip
CHANNEL = Group(Platform.SLACK, GroupKind.CHANNEL, "C1")
USER_GROUP = Group(Platform.SLACK, GroupKind.USER_GROUP, "S1")


@asynccontextmanager
async def directory(answers: dict[str, Any]) -> AsyncIterator[SlackDirectory]:
    """Slack that gives these answers, by method; a list is given one after another."""
    each = {name: one if isinstance(one, list) and one else [one] for name, one in answers.items()}
    by_method = {name: [says(one) for one in some] for name, some in each.items()}
    nothing = {"": [says({"ok": False, "error": "no_such"})]}
    async with (
        scripted(nothing | by_method) as slack,
        open_web(settings(f"{slack.url}/api")) as web,
    ):
        yield SlackDirectory(web)


@pytest.mark.parametrize(
    ("more", "colleague"),
    [
        ({}, True),
        ({"is_admin": True}, True),
        ({"deleted": True}, False),
        ({"is_restricted": True}, False),
        ({"is_ultra_restricted": True}, False),
        ({"is_bot": True}, False),
        ({"is_stranger": True}, False),
        ({"team_id": "T9"}, False),
        ({"team_id": "T9", "is_stranger": False}, False),  # Slack Connect, in a shared channel
        ({"team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}}, True),
        ({"team_id": "T9", "enterprise_user": {"enterprise_id": "E9"}}, False),
        ({"team_id": "T9", "enterprise_user": {"enterprise_id": ""}}, False),
    ],
)
async def test_a_colleague_is_a_full_member_of_this_very_organisation(
    more: Json, colleague: bool
) -> None:
    """Slack tells guests, strangers and other teams apart by these members alone."""
    answers = {"users.info": {"ok": True, "user": USER | more}, "auth.test": HOME}
    async with directory(answers) as here:
        assert await here.is_colleague(WHO) is colleague


async def test_without_an_enterprise_nobody_is_of_the_same() -> None:
    """An empty id on both sides is no match."""
    other = USER | {"team_id": "T9", "enterprise_user": {"enterprise_id": ""}}
    home = {"ok": True, "team_id": "T1", "enterprise_id": None}
    answers = {"users.info": {"ok": True, "user": other}, "auth.test": home}
    async with directory(answers) as here:
        assert not await here.is_colleague(WHO)


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": True},
        {"ok": True, "user": []},
        {"ok": True, "user": USER | {"id": "U2"}},
        {"ok": True, "user": {"id": "U1"}},
        {"ok": True, "user": USER | {"team_id": 7}},
        {"ok": False, "error": "ratelimited"},
        {"ok": False, "error": "missing_scope", "needed": "users:read"},
        {"ok": False, "error": "internal_error"},
        [],
    ],
)
async def test_what_slack_does_not_say_clearly_is_no_yes(answer: Any) -> None:
    """It is an error: then what is known counts, for a while."""
    async with directory({"users.info": answer, "auth.test": HOME}) as here:
        with pytest.raises(ChatError):
            await here.is_colleague(WHO)


async def test_whom_slack_does_not_know_is_no_colleague() -> None:
    """As documented: `user_not_found`."""
    async with directory({"users.info": {"ok": False, "error": "user_not_found"}}) as here:
        assert not await here.is_colleague(WHO)


async def test_a_channel_is_read_to_its_end() -> None:
    """Page by page, by the cursor."""
    pages = [
        {"ok": True, "members": ["U1", "U2"], "response_metadata": {"next_cursor": "a="}},
        {"ok": True, "members": ["U3"], "response_metadata": {"next_cursor": ""}},
    ]
    async with directory({"conversations.members": pages}) as here:
        assert set(await here.members(CHANNEL)) == {"U1", "U2", "U3"}


@pytest.mark.parametrize(
    "answer",
    [
        {"ok": True},
        {"ok": True, "members": "U1"},
        {"ok": True, "members": ["U1"], "response_metadata": {"next_cursor": "same"}},  # no end
        {"ok": False, "error": "channel_not_found"},
        {"ok": False, "error": "missing_scope", "needed": "groups:read"},
    ],
)
async def test_a_channel_that_cannot_be_read_has_not_nobody(answer: Json) -> None:
    """A private one that the app is not in is "not found", too: it grants nothing, and says so."""
    async with directory({"conversations.members": answer}) as here:
        with pytest.raises(ChatError):
            await here.members(CHANNEL)


@pytest.mark.parametrize(
    ("answer", "members"),
    [
        ({"ok": True, "users": ["U1", "U2"]}, {"U1", "U2"}),
        ({"ok": True, "users": []}, set()),
        ({"ok": True, "users": ["U1", 5, None]}, {"U1"}),
        ({"ok": False, "error": "no_such_subteam"}, set()),
    ],
)
async def test_a_user_group_has_its_members(answer: Json, members: set[str]) -> None:
    """One that was deleted or disabled has none."""
    async with directory({"usergroups.users.list": answer}) as here:
        assert set(await here.members(USER_GROUP)) == members
