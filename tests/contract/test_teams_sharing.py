"""An answer that one person sees is shown to others, once that was confirmed."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import JSONResponse

from bot.message import Buttons, Command, Confirm, Message, Text
from tests.contract.pretend_teams import CHANNEL, PERSONAL, Call
from tests.contract.teams_world import TeamsBorder, teams_world
from tests.drawing import CARDS

SURE = Confirm("Share in the channel?", "Everybody there will see it.", "Share", "Cancel")
LISTED = Message(
    "Two apps left",
    (Text("Two apps left"), Buttons((Command("next", "Next", "apps 2"),))),
    share=Command("share", "Share in channel", "apps 1 shared", confirm=SURE),
)
FOR_ALL = replace(LISTED, private=False, share=None)


def offers(card: Any) -> bool:
    """Whether it can be shared; then it asks before."""
    drawn = json.dumps(card)
    CARDS.validate(card)
    assert ("apps 1 shared" in drawn) == ("Everybody there will see it." in drawn)
    return "apps 1 shared" in drawn


async def answered(teams: TeamsBorder, activity: Any) -> Call:
    teams.answers.says = LISTED
    await teams.post(activity)
    return (await teams.calls(1))[0]


@pytest.mark.parametrize(("targeted", "offered"), [(True, True), (False, False)])
async def test_it_is_offered_in_a_channel_where_others_do_not_see_it(
    targeted: bool, offered: bool
) -> None:
    """Where everybody sees the answer there is nothing to share."""
    async with teams_world(targeted=targeted) as teams:
        call = await answered(teams, teams.in_channel(teams.said("apps")))
        assert offers(call.card) is offered


async def test_where_teams_shows_it_to_everybody_it_is_offered_no_more() -> None:
    """A tenant without targeted messages."""
    async with teams_world(targeted=True) as teams:
        refusal = {"error": {"code": "BadArgument"}}
        teams.microsoft.refusals = [JSONResponse(refusal, 400), JSONResponse(refusal, 400)]
        call = await answered(teams, teams.in_channel(teams.said("apps")))
        assert not offers(call.card)


async def test_it_is_offered_in_a_personal_chat_and_on_what_a_press_shows() -> None:
    """The next page is seen by whoever turned it."""
    async with teams_world() as teams:
        call = await answered(teams, teams.said("apps"))
        assert offers(call.card)
        page = await teams.post(teams.pressed("apps 2", own=True, id="1"))
        assert offers(page.json()["value"])
        there = await teams.post(teams.in_channel(teams.pressed("apps 2", own=True, id="2")))
        assert offers(there.json()["value"])


async def test_a_share_from_a_channel_goes_to_its_thread() -> None:
    """To all who are there; the presser reads that it was done, and keeps their list."""
    async with teams_world(targeted=True) as teams:
        teams.answers.says = FOR_ALL
        pressed = teams.in_channel(teams.pressed("apps 1 shared", own=True))
        said = (await teams.post(pressed)).json()
        assert said["type"] == "application/vnd.microsoft.activity.message"
        assert said["value"] == "Shared in the channel."
        (call,) = await teams.calls(1)
        assert call.method == "POST"
        assert call.path.endswith(f"{CHANNEL}%3Bmessageid%3D17/activities") or (
            f"{CHANNEL};messageid=17/activities" in call.path
        )
        assert call.query == ""
        assert "recipient" not in call.body


async def test_a_share_from_a_personal_chat_starts_a_thread_of_the_channel() -> None:
    """The one of the settings; nothing of the personal chat comes with it."""
    async with teams_world() as teams:
        teams.answers.says = FOR_ALL
        said = (await teams.post(teams.pressed("apps 1 shared", own=True))).json()
        assert said["value"] == "Shared in the channel."
        (call,) = await teams.calls(1)
        assert call.body["channelData"]["channel"] == {"id": CHANNEL}


async def test_what_is_typed_in_a_personal_chat_stays_there() -> None:
    """It was confirmed by nobody."""
    async with teams_world() as teams:
        teams.answers.says = FOR_ALL
        await teams.post(teams.said("apps shared"))
        (call,) = await teams.calls(1)
        assert PERSONAL in call.path


async def test_impatience_and_repetition_share_once() -> None:
    """Teams may send a press again with another id, half a minute later."""
    async with teams_world() as teams:
        teams.answers.says = FOR_ALL
        presses = [teams.pressed("apps 1 shared", own=True, id=str(n)) for n in range(4)]
        await asyncio.gather(*(teams.post(press) for press in presses[:3]))
        said = (await teams.post(presses[3])).json()
        assert said["value"] == "Shared in the channel."
        await teams.inbound.drain(20)
        assert len(teams.microsoft.calls) == 1


async def test_a_share_that_fails_is_not_called_done() -> None:
    """The bot was taken off the team, say."""
    async with teams_world() as teams:
        teams.answers.says = FOR_ALL
        gone = {"error": {"code": "BotNotInConversationRoster"}}
        teams.microsoft.refusals = [JSONResponse(gone, 403)]
        said = (await teams.post(teams.pressed("apps 1 shared", own=True))).json()
        assert said["statusCode"] == 500
