"""Answers in a Teams channel that the asker alone sees, and the sign that one is on its way."""

from __future__ import annotations

import pytest
from starlette.responses import JSONResponse

from adapters.teams.incoming import inbound
from bot.message import Message
from tests.contract.teams_world import TeamsBorder, teams_world
from tests.waiting import wait_until


async def ask(teams: TeamsBorder, words: str = "apps") -> None:
    """Ada asks in the channel."""
    assert (await teams.post(teams.in_channel(teams.said(words)))).status_code == 202


@pytest.mark.parametrize(
    ("targeted", "private", "there", "alone"),
    [
        (True, True, "channel", True),
        (False, True, "channel", False),
        (True, False, "channel", False),  # such as what was confirmed to be posted
        (True, True, "personal chat", False),  # there is nobody else
    ],
)
async def test_an_answer_is_for_the_asker_where_that_is_switched_on_and_others_are(
    targeted: bool, private: bool, there: str, alone: bool
) -> None:
    """Microsoft Learn, "Targeted messages": the query, and the recipient among the members."""
    async with teams_world(targeted=targeted) as teams:
        teams.answers.says = Message("Listed.", private=private)
        asked = teams.said("apps")
        await teams.post(teams.in_channel(asked) if there == "channel" else asked)
        (call,) = await teams.calls(1)
        assert call.query == ("isTargetedActivity=true" if alone else "")
        assert call.body.get("recipient") == ({"id": asked["from"]["id"]} if alone else None)


async def test_where_teams_does_not_have_it_everybody_sees_the_answer() -> None:
    """No answer is lost, and none is given twice."""
    async with teams_world(targeted=True) as teams:
        refusal = {"error": {"code": "BadArgument", "message": "Unknown query"}}
        teams.microsoft.refusals.append(JSONResponse(refusal, 400))
        teams.microsoft.refusals.append(JSONResponse(refusal, 400))
        await ask(teams)
        (call,) = await teams.calls(1)
        assert call.query == ""
        assert "recipient" not in call.body


@pytest.mark.parametrize("targeted", [False, True])
async def test_what_takes_longer_than_a_moment_shows_that_the_bot_is_at_it(targeted: bool) -> None:
    """Once, and to whoever will see the answer."""
    async with teams_world(targeted=targeted, typing_after=0) as teams:
        teams.answers.let_go.clear()
        await ask(teams)
        (typing,) = await teams.calls(1)
        assert typing.body["type"] == "typing"
        assert ("recipient" in typing.body) is targeted
        teams.answers.let_go.set()
        _, answer = await teams.calls(2)
        assert answer.body["type"] == "message"


async def test_while_a_crowd_waits_no_signs_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would take the connections that the answers need."""
    for connections, shown in ((2, ["typing", "message"]), (0, ["message"])):
        monkeypatch.setattr(inbound, "CONNECTIONS", connections)
        async with teams_world(typing_after=0) as teams:
            teams.answers.let_go.clear()
            await ask(teams)
            await wait_until(lambda: bool(teams.answers.asked))
            await teams.calls(len(shown) - 1)
            teams.answers.let_go.set()
            await teams.calls(len(shown))
            await teams.inbound.drain(20)
            assert [call.body["type"] for call in teams.microsoft.calls] == shown


async def test_a_quick_answer_shows_no_sign_before() -> None:
    """It would only flicker."""
    async with teams_world() as teams:
        await ask(teams)
        await teams.calls(1)
        await teams.inbound.drain(20)
        assert [call.body["type"] for call in teams.microsoft.calls] == ["message"]
