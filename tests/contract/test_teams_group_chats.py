"""A chat of a few in Teams: it has no threads, and everybody in it sees what is said."""

from __future__ import annotations

from typing import Any

from tests.contract.teams_world import TENANT, teams_world

FEW = "19:few@thread.v2"


def in_group(activity: dict[str, Any]) -> dict[str, Any]:
    """The same in a group chat ("Conversation basics", Microsoft Learn)."""
    place = {"conversationType": "groupChat", "isGroup": True, "id": FEW, "tenantId": TENANT}
    return activity | {"conversation": place, "channelData": {"tenant": {"id": TENANT}}}


async def test_an_answer_stands_in_the_chat() -> None:
    """Where it was asked, in no thread."""
    async with teams_world() as teams:
        await teams.post(in_group(teams.said("apps")))
        (call,) = await teams.calls(1)
        assert call.path.startswith(f"/emea/v3/conversations/{FEW}/activities")


async def test_it_is_for_the_asker_alone_where_that_is_switched_on() -> None:
    """Microsoft Learn, "Targeted messages": in channels and in group chats."""
    async with teams_world(targeted=True) as teams:
        await teams.post(in_group(teams.said("apps")))
        (call,) = await teams.calls(1)
        assert call.query == "isTargetedActivity=true"


async def test_what_takes_longer_than_a_second_shows_that_the_bot_is_at_it() -> None:
    """A sign in the chat, then the answer."""
    async with teams_world() as teams:
        teams.answers.let_go.clear()
        await teams.post(in_group(teams.said("scan")))
        (sign,) = await teams.calls(1)
        assert sign.body["type"] == "typing"
        teams.answers.let_go.set()
        assert (await teams.calls(2))[1].body["type"] == "message"


async def test_a_press_on_an_answer_there_is_one_persons() -> None:
    """The card that takes its place comes to whoever pressed; the others keep theirs."""
    async with teams_world() as teams:
        response = await teams.post(in_group(teams.pressed("why x", own=True)))
        assert response.status_code == 200
        assert response.json()["statusCode"] == 200
        assert [words for words, _ in teams.answers.asked] == ["why x"]
        assert not [call for call in teams.microsoft.calls if call.method == "PUT"]
