"""A rehearsal: the bot's clock is set forward, and what comes in days is there in seconds.

Each has a world of its own, since nobody else wants to live in its future.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from adapters.calendar.days_off import days_off
from bot.domain.time.calendar import Calendar
from sandbox.browser import Browser
from sandbox.page import reading
from tests.scenario.conftest import NO_HOLIDAYS, Stage, open_stage, said
from tests.scenario.test_journeys import finish_in_okta, letter_for, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "Office 365 HQ"
TICK = 45.0
"""Seconds within which what is due is done, also on a busy machine: the bot looks every ten."""


@pytest_asyncio.fixture(loop_scope="session")
async def alone(tmp_path: Path, keys: Path) -> AsyncIterator[Stage]:
    """A stage whose clock may be set forward."""
    async with open_stage(tmp_path, keys, NO_HOLIDAYS) as stage:
        yield stage


def jump_to_a_morning(stage: Stage, zone: str, country: str) -> None:
    """To the next one of a working day there: what waits for it is put off where it is missed."""
    clock, calendar = (
        stage.world.clock,
        Calendar(ZoneInfo(zone), country=country, days_off=days_off),
    )
    clock.jump("morning")
    while clock.zone != zone or not calendar.is_open(clock.now()):
        clock.jump("morning")


def jump_to_a_working_day(stage: Stage) -> None:
    """To a morning that is no weekend; by then nothing of today is too fresh to be told."""
    stage.world.clock.jump("day")
    while stage.world.clock.now().weekday() > 4:
        stage.world.clock.jump("day")


async def test_what_was_done_is_told_in_the_boards_thread_next_morning(
    alone: Stage, browser: Browser
) -> None:
    """Whatever the hour is when somebody takes an app on, the channel hears it; and what the
    clouds show after a jump is news of the day that is rehearsed.
    """
    board = await alone.next(alone.slack_channel, 0, lambda m: not m.only_for and said("to go")(m))
    hq = next(app for app in alone.world.company.org("contoso").apps if app.label == APP)
    letter = await letter_for(alone, hq)
    guide = await sign_in(browser, reading.link(letter))

    def replies() -> list[str]:
        return [m.text for m in alone.slack_channel.messages if m.thread == board.id]

    jump_to_a_working_day(alone)
    await alone.world.log.wait_for(lambda: any(APP in text for text in replies()), TICK)
    assert replies() == [f"Taken on: {APP} (Gita Global)."]

    await finish_in_okta(browser, guide)
    await alone.command(f"/o365 check {APP}", said("migrated"))
    jump_to_a_working_day(alone)
    await alone.world.log.wait_for(lambda: len(replies()) > 1, TICK)
    assert replies()[-1] == f"Done: {APP}."


async def test_somebody_in_tokyo_is_reminded_in_their_morning(alone: Stage) -> None:
    """The clock goes to everybody's working hours, and not to those of one place."""
    clock, dm = alone.world.clock, alone.world.slack.dm_of("fay")
    await alone.command("/o365 send Office 365 Labs now", said("Office 365 Labs"))
    await alone.next(dm, 0, said("Office 365 Labs"))
    await alone.delivered("Office 365 Labs")  # by the clock as it is before a jump
    since = len(dm.messages)
    clock.jump("week")
    clock.jump("week")  # a reminder is due by then, and Tokyo's evening has come
    jump_to_a_morning(alone, "Asia/Tokyo", "JP")
    await alone.next(dm, since, said("Office 365 Labs", "Die Links sind neu"), TICK)
