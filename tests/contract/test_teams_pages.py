"""Turning the pages of a list in Teams, by the buttons of the card that is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.teams.rendering.card import render
from bot.chat.inventory.overview import overview
from bot.chat.words import Words
from bot.domain.inventory.apps import AppRef
from bot.message import Message
from tests.contract.teams_world import teams_world
from tests.examples import NOW, RECORD
from tests.pages import page_of

FORTH, BACK = "Next page", "Previous page"


def listed(number: int, *, label: str = "App") -> Message:
    """A page of three."""
    apps = [
        replace(RECORD, app=replace(RECORD.app, ref=AppRef("contoso", f"0oa{n}"), label=label))
        for n in range(40)
    ]
    return overview(Words(), page_of(apps, number=number), {}, NOW)


def pressed_on(card: Any, title: str) -> str:
    """What the button of that title says, wherever it stands."""
    buttons = (one for one in objects_in(card) if one.get("type") == "Action.Execute")
    (words,) = {str(one["data"]["words"]) for one in buttons if one["title"] == title}
    return words


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from objects_in(inner)


@pytest.mark.parametrize("where", ["a chat of one's own", "a channel"])
async def test_pages_are_turned_forth_and_back_as_quickly_as_one_presses(where: str) -> None:
    """Each press is from the card that is shown; the same page again is no repetition."""
    async with teams_world() as teams:

        async def press(words: str, page: int) -> Any:
            teams.answers.says = listed(page)
            asked = len(teams.answers.asked)
            activity = teams.pressed(words, own=True, id=f"p{asked}")
            sent = activity if where == "a chat of one's own" else teams.in_channel(activity)
            card = (await teams.post(sent)).json()["value"]
            assert [words for words, _ in teams.answers.asked[asked:]] == [words]
            assert card == render(listed(page), own=True, shared=True)
            return card

        card = await press("apps", 1)
        for title, page in ((FORTH, 2), (FORTH, 3), (BACK, 2), (FORTH, 3), (BACK, 2), (BACK, 1)):
            words = pressed_on(card, title)
            assert words == f"apps {page}"
            card = await press(words, page)


def test_the_ways_to_other_pages_stay_on_the_longest_page() -> None:
    """What is too long for Teams loses rows before it loses buttons."""
    card = render(listed(2, label="é" * 2000), own=True)
    assert (pressed_on(card, BACK), pressed_on(card, FORTH)) == ("apps 1", "apps 3")
