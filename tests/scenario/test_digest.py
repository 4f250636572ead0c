"""An operator's digest on the day of the date, in Slack and in Teams."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.chatlog import Message
from sandbox.page import reading
from sandbox.page.stored import Stored
from tests.scenario.conftest import listed, open_stage, said
from tests.waiting import wait_until

FABRIKAM = "Office 365 Fabrikam"
HQ = "Office 365 HQ"
WITHIN = 45.0
# The date may be a Sunday or Christmas, according to when this runs.
EVERY_DAY = """
[campaign]
working_days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
countries = { "Europe/Berlin" = "AQ" }
"""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_operator_hears_who_holds_what_when_its_date_has_come(
    keys: Path, tmp_path: Path
) -> None:
    """Once, in the chat where they are, though they operate the bot in both; of no app done."""
    async with open_stage(tmp_path, keys, EVERY_DAY) as stage:
        apps = await stage.command("/o365 scan", listed)
        await stage.command(f"/o365 send {FABRIKAM} now", said(FABRIKAM))
        await stage.next(stage.world.slack.dm_of("fay"), 0, said(FABRIKAM))

        stage.world.clock.jump("deadline")
        here, there = stage.world.slack.dm_of("ola"), stage.world.teams.dm_of("ola")
        digest = await stage.next(here, 0, said("close to their deadline"), WITHIN)
        assert "Today is the last working day to meet the deadline" in reading.text(digest)
        assert "Why am I getting this? You are an operator" in reading.text(digest)
        assert "Fay Fabrikam was asked" in reading.item(digest, FABRIKAM).said
        assert "Nobody asked yet." in reading.item(digest, HQ).said
        assert close(digest) <= {one.name for one in reading.items(apps)}, "open ones alone"

        async with stage.stored() as stored:
            await wait_until(lambda: both_are_settled(stored), within=WITHIN)
        told = [m for where in (here, there) for m in where.messages]
        assert len([m for m in told if said("close to their")(m)]) == 1


async def both_are_settled(stored: Stored) -> bool:
    """Whether one digest was sent, and none planned for the other account."""
    return await stored.outcomes("digest:") == ["sent"]


def close(digest: Message) -> set[str]:
    """The apps in the digest."""
    return {one.name for one in reading.items(digest)}
