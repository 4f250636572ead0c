"""Buttons of cards in Teams, and installing the app there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.domain.people import ChatIdentity, Platform
from bot.errors import PersonUnreachable
from bot.ports.chat import ConversationRef
from tests.contract.teams_world import ADA, APP, CHANNEL, PERSONAL, TENANT, World, teams_world
from tests.contract.test_teams_messages_out import ADA_IN_TEAMS, HELLO


@pytest_asyncio.fixture
async def teams() -> AsyncIterator[World]:
    async with teams_world() as world:
        yield world


# ------------------------------------------------------------------ buttons in


async def test_a_pressed_button_is_answered_with_the_new_card(teams: World) -> None:
    """Pressing is as if its presser had typed the words; the card comes with the response."""
    response = await teams.post(teams.pressed("who  Contoso Mail"))
    assert response.status_code == 200
    body = response.json()
    assert body["statusCode"] == 200
    assert body["type"] == "application/vnd.microsoft.card.adaptive"
    assert body["value"]["body"][0]["text"] == "You said: who Contoso Mail"
    assert teams.answers.asked[0][1].user_id == ADA
    assert teams.microsoft.calls == []


async def test_a_slow_button_says_so_and_its_card_changes_later() -> None:
    """No client waits long; in a personal chat the pressed card becomes the answer."""
    async with teams_world(answer_within=0.05) as teams:
        teams.answers.let_go.clear()
        body = (await teams.post(teams.pressed("apps"))).json()
        assert body == {
            "statusCode": 200,
            "type": "application/vnd.microsoft.activity.message",
            "value": "Working on it…",
        }
        teams.answers.let_go.set()
        (call,) = await teams.calls(1)
        assert call.method == "PUT"
        assert call.path == f"/emea/v3/conversations/{PERSONAL}/activities/1699999999999"
        assert call.card["body"][0]["text"] == "You said: apps"


async def test_a_slow_button_in_a_channel_leaves_everybodys_card_alone() -> None:
    """There the late answer is a reply."""
    async with teams_world(answer_within=0.05) as teams:
        teams.answers.let_go.clear()
        teams.answers.progress = ("1 of 2",)
        body = (await teams.post(teams.in_channel(teams.pressed("apps")))).json()
        assert body["value"]["body"][0]["text"] == "1 of 2"
        teams.answers.let_go.set()
        (call,) = await teams.calls(1)
        assert call.method == "POST"
        assert call.path.endswith(f"{CHANNEL};messageid=17/activities/1699999999999")


async def test_a_button_that_comes_twice_is_acted_on_once(teams: World) -> None:
    """The repetition ends the spinner and nothing else."""
    await teams.post(teams.pressed("send Mail"))
    again = await teams.post(teams.pressed("send Mail"))
    assert again.status_code == 200
    assert again.json()["value"] == "Working on it…"
    assert len(teams.answers.asked) == 1


async def test_a_button_on_an_old_client_comes_as_a_message(teams: World) -> None:
    """Action.Submit sends the same data as the value of a message without text."""
    await teams.post(teams.activity("message", value={"words": "who Mail", "id": "b1"}))
    await teams.calls(1)
    assert teams.answers.asked[0][0] == "who Mail"


async def test_a_bug_behind_a_button_is_an_error_of_the_card(teams: World) -> None:
    """Teams shows that something went wrong; the HTTP answer is still a proper one."""
    teams.answers.fails = True
    response = await teams.post(teams.pressed("apps"))
    assert response.status_code == 200
    assert response.json()["statusCode"] == 500
    assert response.json()["type"] == "application/vnd.microsoft.error"


NOT_OUR_BUTTONS: list[Any] = [
    None,
    "text",
    {},
    {"action": None},
    {"action": {"verb": "say"}},
    {"action": {"verb": "delete", "data": {"words": "apps"}}},
    {"action": {"verb": "say", "data": {"words": 5}}},
    {"action": {"type": "Action.Submit", "data": "x"}},
]


async def test_a_button_that_is_not_ours_is_refused(teams: World) -> None:
    """Only our verb with words in it means anything."""
    for value in NOT_OUR_BUTTONS:
        response = await teams.post(teams.pressed("apps") | {"value": value})
        assert response.status_code == 400, value
    assert teams.answers.asked == []


async def test_other_invokes_are_not_implemented(teams: World) -> None:
    """Search, tasks and sign-in cards are not served."""
    activity = teams.activity("invoke", name="composeExtension/query", value={})
    assert (await teams.post(activity)).status_code == 501


async def test_other_activities_are_taken_and_mean_nothing(teams: World) -> None:
    """Reactions, typing and what is yet to come."""
    for kind in ("typing", "messageReaction", "event", "somethingNew"):
        assert (await teams.post(teams.activity(kind))).status_code == 202
    assert teams.answers.asked == []
    assert teams.conversations.refs == {}


# ------------------------------------------------------------------ installing


async def test_who_installed_the_app_can_be_reached(teams: World) -> None:
    """Installing gives the conversation; the personal message goes there."""
    with pytest.raises(PersonUnreachable):
        await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert (await teams.post(teams.installed())).status_code == 202
    assert teams.conversations.refs[PERSONAL] == ConversationRef(
        conversation_id=PERSONAL,
        kind="personal",
        service_url=teams.microsoft.service_url,
        tenant_id=TENANT,
        bot_id=f"28:{APP}",
        user_id="29:1ada",
        object_id=ADA,
        name="Ada Byron",
        time_zone="Europe/London",
        language="en-GB",
    )
    sent = await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert sent.message_id == f"{PERSONAL}|1001"
    (call,) = teams.microsoft.calls
    assert call.path == f"/emea/v3/conversations/{PERSONAL}/activities"
    assert call.card["speak"] == "Hello."


async def test_teams_tells_where_an_account_is_by_what_it_wrote_last(teams: World) -> None:
    """Nothing of whoever never wrote to the bot."""
    stranger = ChatIdentity(Platform.TEAMS, ADA)
    assert await teams.messenger.profile(stranger) == stranger
    await teams.post(teams.installed())
    found = await teams.messenger.profile(stranger)
    assert (found.time_zone, found.language) == ("Europe/London", "en-GB")


async def test_members_added_and_removed_count_only_when_it_is_the_bot(teams: World) -> None:
    """A conversationUpdate also tells of people who come and go."""
    bot, other = {"id": f"28:{APP}"}, {"id": "29:1eve"}
    await teams.post(teams.activity("conversationUpdate", membersAdded=[other]))
    assert teams.conversations.refs == {}
    await teams.post(teams.activity("conversationUpdate", membersAdded=[other, bot]))
    assert set(teams.conversations.refs) == {PERSONAL}
    await teams.post(teams.activity("conversationUpdate", membersRemoved=[other]))
    assert set(teams.conversations.refs) == {PERSONAL}
    await teams.post(teams.activity("conversationUpdate", membersRemoved=[bot]))
    assert teams.conversations.refs == {}


async def test_who_removed_the_app_is_forgotten(teams: World) -> None:
    """An upgrade removes nothing; a removal does."""
    for action, known in (("add", 1), ("remove-upgrade", 1), ("remove", 0), ("add-upgrade", 1)):
        await teams.post(teams.installed(action))
        assert len(teams.conversations.refs) == known, action
