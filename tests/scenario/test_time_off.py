"""What people say of their own time, in signed requests and either language, is kept as they meant.

The days are counted from today, so that it holds on any.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sandbox.chatlog import Message
from tests.scenario.conftest import WITHIN, Stage, own_stage
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY = timedelta(days=1)
stage = own_stage  # whom others ask must not depend on who is away here


def anything(message: Message) -> bool:
    return True


async def _known(stage: Stage, account: str) -> dict[str, Any]:
    """What is kept of somebody."""
    async with stage.redis() as client:
        found = await client.get(f"{{o365bot}}:recipient:{account}")
    text = found.decode() if isinstance(found, bytes) else found
    return dict(json.loads(text.partition("|")[2])) if text else {}


async def is_kept(stage: Stage, *absences: tuple[date | None, date]) -> None:
    """Wait until exactly these are, in order."""

    async def are_kept() -> bool:
        found = (await _known(stage, "slack:U0FAY")).get("absences", [])
        wanted = [{"first": first and str(first), "last": str(last)} for first, last in absences]
        return bool(found == wanted)

    await wait_until(are_kept, within=WITHIN, what=f"{absences} are kept")


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("ich bin bis {d}.{m}. im Urlaub", 5),
        ("bin bis zum {d}.{m}.{y} nicht da", 9),
        ("away until {y}-{m:02}-{d:02}", 12),
        ("I'm on vacation until {y}-{m:02}-{d:02}", 7),
    ],
)
async def test_an_absence_is_kept_up_to_and_with_its_last_day(
    stage: Stage, words: str, days: int
) -> None:
    """Fay speaks German; what she types in English is understood as well. "Back" ends it."""
    until = datetime.now(UTC).date() + timedelta(days=days)
    said = words.format(d=until.day, m=until.month, y=until.year)
    await stage.command(f"/o365 {said}", anything, user="fay")
    await is_kept(stage, (None, until))
    await stage.command("/o365 back", anything, user="fay")
    await is_kept(stage)


@pytest.mark.parametrize(
    "words", ["away from {0} until {1}", "ich bin vom {0:%d.%m.%Y} bis {1:%d.%m.%Y} im Urlaub"]
)
async def test_an_absence_that_begins_later_is_kept_and_called_off(
    stage: Stage, words: str
) -> None:
    """With its first day."""
    first = datetime.now(UTC).date() + timedelta(days=20)
    last = first + timedelta(days=4)
    await stage.command(f"/o365 {words.format(first, last)}", anything, user="fay")
    await is_kept(stage, (first, last))
    await stage.command("/o365 back", anything, user="fay")
    await is_kept(stage)


async def test_several_absences_are_kept_and_taken_back_one_by_one(stage: Stage) -> None:
    """In either language; "back" ends none of several to come, each button its own."""
    today = datetime.now(UTC).date()
    soon, late = ((today + n * DAY, today + (n + 4) * DAY) for n in (20, 40))
    await stage.command(f"/o365 away from {late[0]} until {late[1]}", anything, user="fay")
    await is_kept(stage, late)
    words = f"ich bin vom {soon[0]:%d.%m.%Y} bis {soon[1]:%d.%m.%Y} im Urlaub"
    await stage.command(f"/o365 {words}", anything, user="fay")
    await is_kept(stage, soon, late)
    asked = await stage.command("/o365 back", lambda message: "vorgemerkt" in message.text, "fay")
    assert all(f"forget away slack:U0FAY {last}" in str(asked.blocks) for _, last in (soon, late))
    await stage.command(f"/o365 forget away slack:U0FAY {soon[1]}", anything, user="fay")
    await is_kept(stage, late)
    await stage.command("/o365 back", anything, user="fay")
    await is_kept(stage)


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        ("freitags arbeite ich nicht", "ich arbeite jeden Tag"),
        ("I don't work Fridays", "I work every day"),
    ],
)
async def test_a_part_time_week_is_kept_and_taken_back(
    stage: Stage, words: str, whole: str
) -> None:
    """Monday is 0."""

    async def works_without(days: list[int]) -> bool:
        chat = (await _known(stage, "slack:U0FAY")).get("chat", {})
        return bool(chat.get("days_off") == days)

    await stage.command(f"/o365 {words}", anything, user="fay")
    await wait_until(lambda: works_without([4]), within=WITHIN, what=f"{words!r} is kept")
    await stage.command(f"/o365 {whole}", anything, user="fay")
    await wait_until(lambda: works_without([]), within=WITHIN, what=f"{whole!r} is kept")
