"""Boards of their own for each Okta org, in Slack and in Teams, and back to one."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from sandbox.browser import Browser
from sandbox.chatlog import Conversation, Message
from sandbox.page import reading
from sandbox.world import World
from tests.scenario.conftest import NO_HOLIDAYS, Stage, open_stage, said

FABRIKAM = "Office 365 Fabrikam"
WITHIN = 45.0
MONDAY = 0

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_each_org_has_its_own_board_thread_and_report(
    keys: Path, tmp_path: Path, browser: Browser
) -> None:
    """What happens in one org is told under its board alone; with one board these are closed."""
    async with open_stage(tmp_path, keys, NO_HOLIDAYS, boards="per_org") as stage:
        channels = (stage.slack_channel, stage.teams_channel)
        boards = {
            org: [await shown(stage, channel, f"migration of {org}:") for channel in channels]
            for org in ("contoso", "fabrikam")
        }
        for board in boards["fabrikam"]:
            assert {one.name for one in reading.items(board)} >= {FABRIKAM}
            assert "Office 365 HQ" not in str(reading.items(board))

        # Whatever the present hour is, the second Monday has a report.
        for _ in range(2):
            edits = [board.edited_at for both in boards.values() for board in both]
            jump_to_monday(stage.world)
            for board, edit in zip(chain(*boards.values()), edits, strict=True):
                await stage.world.log.wait_for(partial(edited_since, board, edit), WITHIN)
        for channel in channels:
            for org in boards:
                await shown(stage, channel, f"{org}: ", "apps done.")

        await take_on(stage, browser)
        for channel, contoso, fabrikam in zip(channels, *boards.values(), strict=True):
            reply = await shown(stage, channel, f"Taken on: {FABRIKAM} (")
            assert reply.thread == fabrikam.id
            assert not [m for m in channel.messages if m.thread == contoso.id]

        await stage.bot.stop()
        settings = stage.directory / "o365bot.toml"
        text = settings.read_text()
        settings.write_text(text.replace('boards = "per_org"', 'boards = "one"'))
        await stage.bot.start()
        for channel in channels:
            await shown(stage, channel, "Office 365 migration:")
        for old in chain(*boards.values()):
            await stage.world.log.wait_for(partial(is_closed, old), WITHIN)


async def shown(stage: Stage, channel: Conversation, *words: str) -> Message:
    """The bot's message with these words, for all to see, as soon as it is there."""

    def wanted(message: Message) -> bool:
        return message.only_for is None and said(*words)(message)

    return await stage.next(channel, 0, wanted, WITHIN)


def edited_since(board: Message, edit: datetime | None) -> bool:
    return board.edited_at != edit


def is_closed(board: Message) -> bool:
    return "This board is closed" in reading.text(board)


def jump_to_monday(world: World) -> None:
    """Half past nine on the next one."""
    world.clock.jump("day")
    while world.clock.now().weekday() != MONDAY:
        world.clock.jump("day")


async def take_on(stage: Stage, browser: Browser) -> None:
    """Fay is asked for an app of fabrikam, and signs in."""
    await stage.command(f"/o365 send {FABRIKAM} now", said(FABRIKAM))
    letter = await stage.next(stage.world.slack.dm_of("fay"), 0, said(FABRIKAM))
    page = await browser.open(reading.link(letter))
    microsoft = await browser.press(page, page.buttons[0])
    guide = await browser.press(microsoft, "Sign in", {"account": "fay@fabrikam.example"})
    assert guide.status == 200
