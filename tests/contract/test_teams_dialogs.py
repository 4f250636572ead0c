"""Asking about a message in Teams: by its menu, answered in a dialog of the asker's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.message import Buttons, Command, Message, OpenLink, Text
from sandbox.teams import cards
from tests.contract.pretend_teams import ADA
from tests.contract.teams_world import TeamsBorder, teams_world

Json = dict[str, Any]
WHO = Message(
    "Who *can* do it",
    (
        Text("Office 365 HQ"),
        Buttons((Command("who", "Who?", "who x"), OpenLink("okta", "Okta", "https://x.example"))),
    ),
)


def chosen(teams: TeamsBorder, payload: object, **other: Any) -> Json:
    """Somebody chose "Ask about this app" in the menu of a message, in a chat of any kind."""
    value = {"commandId": "about", "commandContext": "message", "messagePayload": payload}
    asked: Json = teams.activity("invoke", name="composeExtension/fetchTask", value=value | other)
    place = {"isGroup": True, "conversationType": "groupChat", "id": "19:other@thread.v2"}
    return asked | {"conversation": place}


def message(content: object, **other: Any) -> Json:
    return {"id": "1", "messageType": "message", "body": {"content": content}} | other


@pytest.mark.parametrize(
    ("payload", "asked"),
    [
        (message("<p>is <strong>Sales</strong> &amp; co stuck?</p>"), "is Sales & co stuck?"),
        (
            message("ask <at id='0'>O365 bot</at> of Sales", contentType="text"),
            "ask O365 bot of Sales",
        ),
        (message(None), ""),
        (message("x", attachments=[{"contentType": "reference", "content": None}]), "x"),
        (message("x", attachments=[{"content": "no card"}, None, "y"]), "x"),
        (
            message(
                "",
                attachments=[
                    {
                        "contentType": "application/vnd.microsoft.card.adaptive",
                        "content": json.dumps(
                            {"body": [{"items": [{"text": "Sales"}, {"facts": [{"title": "a"}]}]}]}
                        ),
                    }
                ],
            ),
            "Sales a",
        ),
    ],
)
async def test_what_the_message_says_is_asked_about(
    teams: TeamsBorder, payload: Json, asked: str
) -> None:
    """Whatever it consists of; and nothing is remembered of a chat that the bot is not in."""
    response = await teams.post(chosen(teams, payload))
    assert response.status_code == 200
    (words, asker), *_ = teams.answers.asked
    assert words.removeprefix("about:").strip() == asked
    assert asker.user_id == ADA
    assert teams.microsoft.calls == []
    assert await teams.conversations.conversation("19:other@thread.v2") is None


async def test_the_answer_is_a_dialog_whose_buttons_go_on_in_it(teams: TeamsBorder) -> None:
    """A dialog knows Action.Submit, whose data comes with the next request."""
    teams.answers.says = WHO
    shown = (await teams.post(chosen(teams, message("HQ")))).json()["task"]
    assert shown["type"] == "continue"
    assert shown["value"]["title"] == "Who *can* do it"
    card = shown["value"]["card"]["content"]
    assert not cards.problems(card)
    submit, link = cards.actions(card)
    assert (submit["type"], link["type"]) == ("Action.Submit", "Action.OpenUrl")
    pressed = chosen(teams, None, data=submit["data"]) | {
        "name": "composeExtension/submitAction",
        "id": "next",
    }
    again = (await teams.post(pressed)).json()
    assert again["task"]["value"]["card"]["content"] == card
    assert teams.answers.asked[-1][0] == "who x"


async def test_what_takes_long_is_under_way() -> None:
    """Teams waits for no dialog without end; the same request again is not asked again."""
    async with teams_world(answer_within=0.05) as teams:
        teams.answers.let_go.clear()
        asked = chosen(teams, message("HQ"))
        for _ in range(2):
            body = (await teams.post(asked)).json()
            assert body["task"]["value"]["title"] == "Working on it…"
        teams.answers.let_go.set()
        assert len(teams.answers.asked) == 1


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (None, 501),
        ({"commandId": "other", "messagePayload": message("HQ")}, 501),
        ({"commandId": "about"}, 400),
        ({"commandId": "about", "messagePayload": "HQ"}, 400),
    ],
)
async def test_what_is_none_of_ours_is_refused(
    teams: TeamsBorder, value: object, status: int
) -> None:
    """Nothing is asked; so is a press whose data no button of ours has."""
    for name in ("composeExtension/fetchTask", "composeExtension/submitAction"):
        refused = await teams.post(teams.activity("invoke", name=name, value=value, id=name))
        assert refused.status_code == status
    assert teams.answers.asked == []
