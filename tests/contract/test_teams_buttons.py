"""Buttons of cards in Teams, and installing the app there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.teams.rendering.card import render
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import PersonUnreachable
from bot.message import Buttons, Command, Message, Role
from bot.ports.chat import ConversationRef
from tests.contract.pretend_teams import ADA, ADA_IS, APP, CHANNEL, PERSONAL, TENANT
from tests.contract.teams_world import TeamsBorder, teams_world
from tests.contract.test_teams_messages_out import ADA_IN_TEAMS, HELLO
from tests.waiting import wait_until

# ------------------------------------------------------------------ buttons in


async def test_a_pressed_button_is_answered_with_the_new_card(teams: TeamsBorder) -> None:
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
    """No client waits long; in a personal chat our own answer becomes the next one."""
    async with teams_world(answer_within=0.05) as teams:
        teams.answers.let_go.clear()
        body = (await teams.post(teams.pressed("apps", own=True))).json()
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


async def test_a_slow_button_on_a_letter_leaves_the_letter_alone() -> None:
    """The letter holds the link: what keeps it changes it, and nothing else."""
    async with teams_world(answer_within=0.05) as teams:
        for role in Role:
            teams.answers.role = role
            teams.answers.let_go.clear()
            await teams.post(teams.pressed(f"later {role}", id=f"slow-{role}"))
            teams.answers.let_go.set()
        calls = await teams.calls(len(Role))
        assert {call.method for call in calls} == {"POST"}


async def test_an_outcome_takes_the_place_of_what_offered_it(teams: TeamsBorder) -> None:
    """For everybody and for good: the button that was pressed is gone."""
    teams.answers.role = Role.OUTCOME
    for number, where in enumerate((lambda a: a, teams.in_channel), start=1):
        activity = where(teams.pressed("send Mail", own=True, id=f"p{number}"))
        body = (await teams.post(activity)).json()
        calls = await teams.calls(number)
        assert calls[-1].method == "PUT"
        assert calls[-1].path.endswith("/activities/1699999999999")
        assert calls[-1].card == body["value"]


async def test_an_outcome_leaves_boards_and_letters_as_they_are(teams: TeamsBorder) -> None:
    """They are changed by what keeps them. In a chat of one's own the outcome is a message."""
    teams.answers.role = Role.OUTCOME
    board = (await teams.post(teams.in_channel(teams.pressed("send Mail")))).json()
    assert board["type"] == "application/vnd.microsoft.card.adaptive"
    await teams.post(teams.pressed("send Mail", id="p2"))
    (call,) = await teams.calls(1)
    assert call.method == "POST"
    assert call.path == f"/emea/v3/conversations/{PERSONAL}/activities/1699999999999"


async def test_a_refusal_is_a_text_and_never_replaces_the_card(teams: TeamsBorder) -> None:
    """Whoever may not press a board's button goes on seeing the board."""
    teams.answers.role = Role.REFUSAL
    for own in (True, False):
        body = (await teams.post(teams.in_channel(teams.pressed("who X", own=own)))).json()
        assert body == {
            "statusCode": 200,
            "type": "application/vnd.microsoft.activity.message",
            "value": "You said: who X" if own else "Working on it…",
        }
    await teams.inbound.drain(20)
    assert teams.microsoft.calls == []


async def test_presses_at_the_same_time_are_one_act(teams: TeamsBorder) -> None:
    """Impatient fingers: each gets the answer of the first; another button is another press."""
    teams.answers.role = Role.OUTCOME
    teams.answers.let_go.clear()
    presses = [
        asyncio.create_task(teams.post(teams.pressed(words, own=True, id=f"p{n}")))
        for n, words in enumerate(("send Mail", "send Mail", "send Mail", "send Post"))
    ]
    await wait_until(lambda: len(teams.once.seen) == 4, what="all presses came")
    await wait_until(lambda: len(teams.answers.asked) == 2, what="the first press of each")
    teams.answers.let_go.set()
    bodies = [response.json() for response in await asyncio.gather(*presses)]
    assert len(teams.answers.asked) == 2
    assert all(body["value"] == bodies[0]["value"] for body in bodies[:3])
    await teams.calls(2)


async def test_our_answers_and_no_other_cards_are_marked_as_such(teams: TeamsBorder) -> None:
    """The mark comes back with the press, so that an outcome knows what it may replace."""
    offer = Message("Who?", (Buttons((Command("send", "Send it", "send Mail"),)),))
    assert "own" not in str(render(offer))
    assert render(offer, own=True)["body"][0]["actions"][0]["data"]["own"] is True
    teams.answers.says = offer
    await teams.post(teams.said("who Mail"))
    (answer,) = await teams.calls(1)
    assert answer.card == render(offer, own=True)
    board = (await teams.post(teams.in_channel(teams.pressed("who Mail", id="p1")))).json()
    assert board["value"] == render(offer)
    mine = (await teams.post(teams.pressed("who Mail", own=True, id="p2"))).json()
    assert mine["value"] == render(offer, own=True)


async def test_a_slow_button_in_a_channel_leaves_everybodys_card_alone() -> None:
    """There the late answer is a reply."""
    async with teams_world(answer_within=2) as teams:  # by then it is told how far it is
        teams.answers.let_go.clear()
        teams.answers.progress = ("1 of 2",)
        body = (await teams.post(teams.in_channel(teams.pressed("apps")))).json()
        assert body["value"]["body"][0]["text"] == "1 of 2"
        teams.answers.let_go.set()
        (call,) = await teams.calls(1)
        assert call.method == "POST"
        assert call.path.endswith(f"{CHANNEL};messageid=17/activities/1699999999999")


async def test_a_button_that_comes_twice_is_acted_on_once(teams: TeamsBorder) -> None:
    """The repetition ends the spinner and nothing else."""
    await teams.post(teams.pressed("send Mail"))
    again = await teams.post(teams.pressed("send Mail"))
    assert again.status_code == 200
    assert again.json()["value"] == "Working on it…"
    assert len(teams.answers.asked) == 1


async def test_a_button_on_an_old_client_comes_as_a_message(teams: TeamsBorder) -> None:
    """Action.Submit sends the same data as the value of a message without text.

    The id of such a message begins with `f:`. Its outcome takes the place of our answer, too.
    """
    value = {"words": "who Mail", "id": "b1", "own": True}
    pressed = {"id": "f:5f3e1a2c-8d10", "replyToId": "1699999999999", "value": value}
    await teams.post(teams.activity("message", **pressed))
    (answer,) = await teams.calls(1)
    assert (answer.method, teams.answers.asked[0][0]) == ("POST", "who Mail")
    teams.answers.role = Role.OUTCOME
    for number, data in enumerate((value, {"words": "send Mail"}), start=2):
        again = {"id": f"f:{number}", "replyToId": "1699999999999", "value": data}
        await teams.post(teams.activity("message", **again))
        call = (await teams.calls(number))[-1]
        assert call.method == ("PUT" if number == 2 else "POST")


async def test_a_bug_behind_a_button_is_an_error_of_the_card(teams: TeamsBorder) -> None:
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


async def test_a_button_that_is_not_ours_is_refused(teams: TeamsBorder) -> None:
    """Only our verb with words in it means anything."""
    for value in NOT_OUR_BUTTONS:
        response = await teams.post(teams.pressed("apps") | {"value": value})
        assert response.status_code == 400, value
    assert teams.answers.asked == []


async def test_other_invokes_are_not_implemented(teams: TeamsBorder) -> None:
    """Search, tasks and sign-in cards are not served."""
    for number, name in enumerate(
        (
            *("composeExtension/query", "composeExtension/submitAction", "task/fetch"),
            *("task/submit", "signin/verifyState", "signin/tokenExchange", "fileConsent/invoke"),
            *("message/submitAction", "config/fetch", "application/search", "tab/fetch"),
            *("actionableMessage/executeAction", "handoff/action", "", None),
        )
    ):
        body = teams.activity("invoke", id=str(number), name=name, value={"words": "send all"})
        assert (await teams.post(body)).status_code == 501, name
    assert teams.answers.asked == []


async def test_other_activities_are_taken_and_mean_nothing(teams: TeamsBorder) -> None:
    """Reactions, typing and what is yet to come."""
    told = {"eventType": "channelRenamed", "channel": {"id": "19:x", "name": "send all"}}
    reaction = {"reactionsAdded": [{"type": "like"}], "replyToId": "1"}
    for kind, more in (
        ("typing", {}),
        ("messageReaction", reaction),
        ("messageReaction", {"reactionsRemoved": [{"type": "send all"}]}),
        ("event", {"name": "application/vnd.microsoft.readReceipt", "value": {"words": "apps"}}),
        ("event", {"name": "application/vnd.microsoft.meetingStart"}),
        ("conversationUpdate", {"channelData": told | {"tenant": {"id": TENANT}}}),
        ("conversationUpdate", {"membersAdded": [{"id": "29:somebody"}]}),
        ("conversationUpdate", {"topicName": "send all"}),
        ("endOfConversation", {"code": "unknown"}),
        ("messageUpdate", {"text": "send all"}),
        ("messageDelete", {}),
        ("suggestion", {"text": "apps"}),
        ("trace", {}),
        ("command", {"name": "apps", "value": {}}),
        ("Message ", {"text": "apps"}),
        ("somethingNew", {}),
    ):
        assert (await teams.post(teams.activity(kind, **more))).status_code == 202, kind
    assert teams.answers.asked == []
    assert teams.conversations.refs == {}


# ------------------------------------------------------------------ installing


async def test_who_installed_the_app_can_be_reached(teams: TeamsBorder) -> None:
    """Installing gives the conversation; the personal message goes there."""
    teams.microsoft.installed.clear()
    with pytest.raises(PersonUnreachable):
        await teams.messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    teams.microsoft.installed.add("ada")
    assert (await teams.post(teams.installed())).status_code == 202
    assert teams.conversations.refs[PERSONAL] == ConversationRef(
        conversation_id=PERSONAL,
        kind="personal",
        service_url=teams.microsoft.service_url,
        tenant_id=TENANT,
        bot_id=f"28:{APP}",
        user_id=ADA_IS,
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


async def test_teams_tells_where_an_account_is_by_what_it_wrote_last(teams: TeamsBorder) -> None:
    """Nothing of whoever never wrote to the bot."""
    stranger = ChatIdentity(Platform.TEAMS, ADA)
    assert await teams.messenger.profile(stranger) == stranger
    await teams.post(teams.installed())
    found = await teams.messenger.profile(stranger)
    assert (found.time_zone, found.language) == ("Europe/London", "en-GB")


async def test_members_added_and_removed_count_only_when_it_is_the_bot(teams: TeamsBorder) -> None:
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


async def test_who_removed_the_app_is_forgotten(teams: TeamsBorder) -> None:
    """An upgrade removes nothing; a removal does."""
    for action, known in (("add", 1), ("remove-upgrade", 1), ("remove", 0), ("add-upgrade", 1)):
        await teams.post(teams.installed(action))
        assert len(teams.conversations.refs) == known, action
