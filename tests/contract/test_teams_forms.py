"""What an answer asks back for, as inputs of a card in Teams: drawn, filled in, said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.teams.rendering.card import render
from bot.message import Buttons, Command, Menu
from sandbox.teams.cards import actions
from tests.contract.teams_world import TeamsBorder
from tests.contract.test_slack_forms import ASKS, LATER
from tests.drawing import CARDS


async def test_the_card_has_a_field_each_and_one_button() -> None:
    """Required ones say what is missing."""
    card = render(ASKS)
    day, reason = (one for one in card["body"] if one["type"].startswith("Input."))
    assert (day["type"], day["label"], day["isRequired"]) == ("Input.Date", "Until", True)
    assert day["errorMessage"] == "Please fill this in."
    assert (reason["type"], reason["isMultiline"]) == ("Input.Text", True)
    assert "isRequired" not in reason
    (send,) = card["body"][-1]["actions"]
    assert send["title"] == LATER.send


async def test_other_buttons_of_the_card_need_no_field() -> None:
    """Else no choice that is offered could be taken while the day is empty."""
    choice = Command("later0", "Tomorrow", "later ABC-DEF 2027-01-31 09:00")
    menu = Menu("more", "More…", (choice,))
    card = render(replace(ASKS, blocks=(*ASKS.blocks, Buttons((choice, menu), (choice,)))))
    CARDS.validate(card)
    found = {action["id"]: action for action in actions(card) if action["type"] == "Action.Execute"}
    assert found["later0"]["associatedInputs"] == "none"
    assert found["later0"]["fallback"]["associatedInputs"] == "none"
    assert "associatedInputs" not in found["send"]
    assert sum(one.get("associatedInputs") == "none" for one in actions(card)) == 3
    assert "associatedInputs" not in str(render(replace(ASKS, form=None)))


async def test_what_is_filled_in_is_said_by_its_sender(teams: TeamsBorder) -> None:
    """As one line, with what is optional left out where it is empty."""
    form = list(LATER.said)
    filled = {"form": form, "field.day": "2027-01-31", "field.reason": "the\nauditor {day}"}
    await teams.post(teams.pressed("", data=filled))
    await teams.post(teams.pressed("", data={"form": form, "field.day": "2027-02-01"}, id="2"))
    assert [words for words, _ in teams.answers.asked] == [
        "later ABC-DEF 2027-01-31 the auditor {day}",
        "later ABC-DEF 2027-02-01",
    ]


@pytest.mark.parametrize("form", ["later", [1], {"a": "b"}, [["later"]]])
async def test_odd_forms_say_nothing(teams: TeamsBorder, form: object) -> None:
    """Signed, and yet not as we made it."""
    answer = await teams.post(teams.pressed("", data={"form": form, "field.day": "x"}))
    assert answer.status_code in (200, 400)
    assert [words for words, _ in teams.answers.asked] in ([], [""])
