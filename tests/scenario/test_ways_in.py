"""Every way in asks who it is: what is typed, pressed, filled in and chosen, by signed requests.

What somebody sees of others' is pressed by them, too: a button or a form that was drawn for an
operator is an operator's only in an operator's hand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from bot.domain.people.access import Group, GroupKind
from bot.domain.people.admins import Platform
from sandbox.chatlog import Conversation
from sandbox.page import reading
from sandbox.slack import workspace as slack_workspace
from sandbox.slack.people import SlackPeople
from sandbox.teams.people import TeamsPeople
from tests.scenario.buttons.chat import Chat
from tests.scenario.conftest import WITHIN, Stage, listed, own_stage
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

OPERATOR, STRANGER = "ola", "greta"
ONLY = "Only operators"
ACCOUNT = "nobody@contoso.example"
Way = Callable[[Stage, Chat, Chat], Awaitable[None]]


stage = own_stage  # nobody else may change what is denied here.


async def slash_command(stage: Stage, stranger: Chat, _: Chat) -> None:
    await stage.world.slack.command(stranger.user, f"/o365 deny {ACCOUNT}")


async def direct_message(_: Stage, stranger: Chat, __: Chat) -> None:
    await stranger.types(f"deny {ACCOUNT}")


async def mention(stage: Stage, stranger: Chat, _: Chat) -> None:
    people = stage.world.slack if stranger.slack else stage.world.teams
    await people.say(stranger.user, f"deny {ACCOUNT}")


async def reply_in_a_thread(stage: Stage, stranger: Chat, _: Chat) -> None:
    people, where = _channel(stage, stranger)
    board = await stage.next(where, 0, lambda m: m.only_for is None)
    await people.say(stranger.user, f"deny {ACCOUNT}", thread=board.id)


async def button_of_a_board(stage: Stage, stranger: Chat, _: Chat) -> None:
    _people, where = _channel(stage, stranger)
    board = await stage.next(
        where, 0, lambda m: m.only_for is None and stranger.way(m, "apps") is not None
    )
    await stranger.press(board, "apps")


async def button_of_an_operators_list(stage: Stage, stranger: Chat, operator: Chat) -> None:
    if stranger.slack:
        apps = await operator.says("apps", " done", "send .*")
    else:
        apps = await stage.ask_in_teams("apps", lambda m: bool(operator.way(m, "send .*")))
    await stranger.press(apps, "send .*")


async def form_of_an_operator(stage: Stage, stranger: Chat, operator: Chat) -> None:
    if operator.slack:
        await operator.types("deny", command=True)
        slack = stage.world.slack
        mine, theirs = (slack.slack_id(one.user) for one in (operator, stranger))
        modals = slack.workspace.modals
        await wait_until(lambda: mine in modals, within=WITHIN, what="a form is open")
        modals[theirs] = modals.pop(mine)
        await slack.fill(stranger.user, {"account": ACCOUNT})
        return
    asked = await stage.ask_in_teams("deny", lambda m: "field.account" in str(m.card))
    await stage.world.teams.press(stranger.user, asked, "send", {"field.account": ACCOUNT})


async def shortcut_of_a_message(stage: Stage, stranger: Chat, _: Chat) -> None:
    people, where = _channel(stage, stranger)
    stuck = await people.say("carl", "is Office 365 HQ stuck?", where.id, mention=False)
    await people.ask_about(stranger.user, stuck)


def _channel(stage: Stage, chat: Chat) -> tuple[SlackPeople | TeamsPeople, Conversation]:
    """Who is there to speak, and the channel."""
    if chat.slack:
        return stage.world.slack, stage.slack_channel
    return stage.world.teams, stage.teams_channel


IN_BOTH = (
    direct_message,
    mention,
    reply_in_a_thread,
    button_of_a_board,
    button_of_an_operators_list,
    form_of_an_operator,
    shortcut_of_a_message,
)
WAYS = [*((way, slack) for way in IN_BOTH for slack in (True, False)), (slash_command, True)]


@pytest.mark.parametrize(("way", "slack"), WAYS, ids=lambda one: getattr(one, "__name__", str(one)))
async def test_a_stranger_is_told_who_can_and_nothing_is_done(
    stage: Stage, way: Way, slack: bool
) -> None:
    """By name, and in answer to them alone where the platform can do that."""
    stranger, operator = Chat(stage, STRANGER, slack), Chat(stage, OPERATOR, slack)
    before = stranger.looks()
    await way(stage, stranger, operator)
    answer = await stranger.comes(before, ONLY)
    assert "Ola" in f"{answer.text}\n{reading.text(answer)}"
    notes = await operator.says("notes", "")
    assert ACCOUNT not in reading.text(notes)


async def test_the_home_tab_of_a_stranger_has_no_app(stage: Stage) -> None:
    """It says what waits for them, which is nothing; an operator's has the list."""
    slack = stage.world.slack
    homes = slack.workspace.homes
    for user, has in ((STRANGER, False), (OPERATOR, True)):
        who = slack.slack_id(user)
        await slack.open_home(user)
        await wait_until(partial(homes.__contains__, who), within=WITHIN, what="the Home tab")
        assert ("Office 365 HQ" in str(homes[who])) is has


async def test_the_home_tab_is_pressed_and_answered_in_person(stage: Stage) -> None:
    """ "By person" in its menu comes as a direct message."""
    slack = stage.world.slack
    await slack.open_home(OPERATOR)
    who, dm = slack.slack_id(OPERATOR), slack.dm_of(OPERATOR)
    since = len(dm.messages)
    await wait_until(partial(slack.workspace.homes.__contains__, who), within=WITHIN)
    await slack.press_home(OPERATOR, "By person")
    answer = await stage.next(dm, since, listed)
    assert "Gita Global" in {item.heading.rpartition(" (")[0] for item in reading.items(answer)}


async def test_a_reader_reads_by_buttons_and_changes_nothing_by_them(stage: Stage) -> None:
    """A member of a channel of readers sees the list; what an operator's offers is refused."""
    readers = Group(Platform.SLACK, GroupKind.CHANNEL, slack_workspace.READERS)
    async with stage.noticed(str(readers)):
        stage.world.slack.join(STRANGER, slack_workspace.READERS)
    reader, operator = Chat(stage, STRANGER, True), Chat(stage, OPERATOR, True)
    try:
        apps = await reader.says("apps", " done")
        assert reader.way(apps, "send .*") is None
        assert reader.way(apps, "why .*") is not None
        before = reader.looks()
        await button_of_an_operators_list(stage, reader, operator)
        await reader.comes(before, "takes an operator")
    finally:
        stage.world.slack.leave(STRANGER, slack_workspace.READERS)
