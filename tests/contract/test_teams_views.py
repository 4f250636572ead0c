"""Cards that many see: operators see on them what they can do, and others what was sent.

Microsoft Learn, "User Specific Views": `refresh` with at most 60 `userIds`, an invoke whenever one
of those clients shows the card, and the card in its response, for that client alone.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from adapters.teams.outgoing.viewers import KEPT_FOR, MOST, Viewers
from adapters.teams.rendering.card import MAX_CARD_BYTES, render
from bot.domain.delivery.notices import Channel
from bot.domain.people.admins import Platform
from bot.message import Buttons, Command, Message, Role, Text
from bot.ports.chat import ConversationRef
from bot.settings.sections.chat import TeamsSettings
from tests.contract.pretend_teams import ADA, ADA_IS, APP, CHANNEL, TENANT
from tests.contract.teams_world import Clock, TeamsBorder, teams_world
from tests.drawing import CARDS
from tests.fakes import ConversationsInMemory

BOARD = Message("Three to do", (Text("Three to do"),), private=False, view="board:")
MORE = Message("Three to do", (Buttons((Command("go", "Go on", "go on"),)),), view="board:")
IN_CHANNEL = Channel(Platform.TEAMS, CHANNEL)


@pytest_asyncio.fixture
async def teams() -> AsyncIterator[TeamsBorder]:
    """Ada is an operator who has the app."""
    async with teams_world(operators=(ADA,)) as world:
        await world.post(world.installed())
        yield world


async def test_a_board_names_the_operators_whose_clients_may_ask(teams: TeamsBorder) -> None:
    """By the ids of Teams; the card itself is the same for everybody."""
    await teams.messenger.post(IN_CHANNEL, BOARD, "k")
    (call,) = teams.microsoft.calls
    card = call.body["activity"]["attachments"][0]["content"]
    assert card["refresh"]["userIds"] == [ADA_IS]
    CARDS.validate(card)
    assert "actions" not in json.dumps(card["body"])
    sent = f"{CHANNEL};messageid=1001|1001"
    await teams.messenger.update(sent, BOARD)
    assert teams.microsoft.calls[-1].card["refresh"] == card["refresh"]


async def test_where_nobody_is_known_a_card_is_as_ever() -> None:
    """Clients that know nothing of it see the same."""
    async with teams_world(operators=(ADA,)) as world:
        await world.messenger.post(IN_CHANNEL, BOARD, "k")
        (call,) = world.microsoft.calls
        assert "refresh" not in call.body["activity"]["attachments"][0]["content"]


async def test_what_one_person_sees_names_nobody(teams: TeamsBorder) -> None:
    """A personal chat, and an answer to one alone: there is nobody else."""
    teams.answers.says = BOARD
    await teams.post(teams.said("apps"))
    (call,) = await teams.calls(1)
    assert "refresh" not in call.card


async def test_the_client_of_an_operator_gets_their_card(teams: TeamsBorder) -> None:
    """And asks again the next time: nothing is said, posted or kept by it."""
    teams.answers.views[ADA] = MORE
    before = dict(teams.conversations.refs)
    for _ in range(2):  # the same activity again is the same answer
        answer = await teams.post(teams.views("board:"))
        assert answer.status_code == 200
        body = answer.json()
        assert body["type"] == "application/vnd.microsoft.card.adaptive"
        assert body["value"]["refresh"]["userIds"] == [ADA_IS]
        assert "Go on" in json.dumps(body["value"])
        assert '"own"' not in json.dumps(body["value"])
    await teams.inbound.drain(20)
    assert teams.answers.asked == []
    assert [name for name, _ in teams.answers.viewed] == ["board:", "board:"]
    assert {who.user_id for _, who in teams.answers.viewed} == {ADA}
    assert teams.microsoft.calls == []
    assert teams.conversations.refs == before


async def test_whoever_may_not_keeps_the_card_that_is_there(teams: TeamsBorder) -> None:
    """No card comes, and no text stands beside it."""
    body = (await teams.post(teams.views("board:"))).json()
    assert body["statusCode"] == 500
    assert body["type"] == "application/vnd.microsoft.error"


async def test_a_view_that_takes_too_long_leaves_the_card() -> None:
    """It comes with the next look."""

    class Slow(dict[str, Message]):
        def get(self, key: str, default: Any = None) -> Any:
            raise TimeoutError

    async with teams_world(operators=(ADA,)) as world:
        world.answers.views = Slow()
        assert (await world.post(world.views("board:"))).json()["statusCode"] == 500


@pytest.mark.parametrize("view", [None, "", 7, ["board:"], {"view": "board:"}, "x" * 2001])
async def test_what_names_no_view_is_refused(teams: TeamsBorder, view: object) -> None:
    """As is a request of anybody else than Teams."""
    assert (await teams.post(teams.views(view))).status_code == 400
    assert (await teams.post(teams.views("board:"), headers={})).status_code == 401
    assert (await teams.post(teams.views("board:"), teams.token(aud="x"))).status_code == 401
    assert teams.answers.viewed == []


async def test_a_press_on_their_card_is_a_press_as_any(teams: TeamsBorder) -> None:
    """Its outcome is theirs alone: the board itself is changed by what keeps it."""
    teams.answers.role = Role.OUTCOME
    press = teams.in_channel(teams.pressed("go on"))
    assert (await teams.post(press)).json()["statusCode"] == 200
    await teams.inbound.drain(20)
    assert [words for words, _ in teams.answers.asked] == ["go on"]
    assert teams.microsoft.calls == []


# ------------------------------------------------------------------ who they are


class Groups:
    """Entra, with one group of many."""

    def __init__(self, *members: str) -> None:
        self.members = members
        self.asked = 0

    async def group_members(self, tenant_id: str, group_id: str) -> tuple[str, ...]:
        self.asked += 1
        return self.members


async def test_at_most_sixty_are_named_those_of_the_settings_first() -> None:
    """More Teams does not take; the others press "apps" as ever."""
    conversations = ConversationsInMemory()
    people = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(100)]
    for number, one in enumerate(people):
        user = "" if number == 50 else f"29:{number}"  # opened by the bot, never heard of
        ref = ConversationRef(f"a:{number}", "personal", "https://x", TENANT, "", user, one)
        await conversations.remember(ref)
    settings = TeamsSettings(
        app_id=APP,
        app_password="secret",
        tenant_id=TENANT,
        operators=(people[99], "00000000-0000-4000-8000-00000000dead"),
        operator_groups=("00000000-0000-4000-8000-0000000000aa",),
    )
    groups, clock = Groups(*people[:99]), Clock()
    viewers = Viewers(settings, conversations, groups, clock)
    ids = await viewers.ids()
    assert len(ids) == MOST
    assert ids[0] == "29:99"
    assert "29:50" not in ids
    assert await viewers.ids() == ids
    assert groups.asked == 1
    clock.now += KEPT_FOR
    await viewers.ids()
    assert groups.asked == 2


def test_a_full_card_with_sixty_viewers_is_small_enough() -> None:
    """What Teams takes at all; real ids have some ninety letters."""
    lines = tuple(Text(f"Line {number} " + "x" * 300) for number in range(200))
    viewers = tuple(f"29:{number:090}" for number in range(MOST))
    card = render(Message("Much", lines, private=False, view="board:"), viewers=viewers)
    assert len(json.dumps(card, separators=(",", ":"), ensure_ascii=False)) <= MAX_CARD_BYTES
    assert len(card["refresh"]["userIds"]) == MOST
