"""What still stands when something does not: a missing permission, an org that is away, a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.bot_process import BotFailed, free_address
from sandbox.page import reading
from tests.forked import ForkedBot
from tests.scenario.conftest import Stage, listed, open_stage, said
from tests.waiting import wait_until

TAKE_OVER = 90.0
"""Seconds: a dead worker's task is taken over after 30, a delivery it had begun after 60."""

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_app_that_cannot_be_read_says_which_permission_is_missing(stage: Stage) -> None:
    """Legal is outside of the bot's role: UNREADABLE with the reason; the others are assessed."""
    answer = await stage.command("/o365 apps unreadable", listed)
    assert [one.name for one in reading.items(answer)] == ["Office 365 Legal"]
    answer = await stage.command("/o365 apps review", listed)
    assert "Office 365 Kiosk" in [one.name for one in reading.items(answer)]

    why = await stage.command("/o365 why Office 365 Legal", said("cannot be read"))
    reasons = reading.text(why)
    assert "okta.apps.read is missing" in reasons
    assert "/connections/default" in reasons, "says for which call"


async def test_one_org_that_is_away_does_not_touch_the_other(stage: Stage) -> None:
    """Fabrikam's Okta answers 503: the list says so, and Contoso's apps are there, looked at."""
    stage.world.down.add("okta-fabrikam")
    try:
        answer = await stage.command("/o365 scan", lambda m: listed(m) and said("org fabrikam")(m))
    finally:
        stage.world.down.clear()
    assert any("org fabrikam" in line for line in reading.lines(answer)), "says which org, and why"
    assert "Needs" in reading.item(answer, "Office 365 Northwind").heading
    again = await stage.command("/o365 scan", listed)
    assert not any("org fabrikam" in line for line in reading.lines(again)), "and is well again"


async def test_a_kill_between_send_and_delivery_loses_nothing_and_repeats_nothing(
    keys: Path, tmp_path: Path
) -> None:
    """kill -9 while Slack takes no message: the next bot adopts the store and sends it, once."""
    async with open_stage(tmp_path, keys) as stage:
        limit = stage.world.slack.workspace.limit
        limit.burst, burst = 0, limit.burst  # Slack takes no message now: 429
        dm = stage.world.slack.dm_of("gita")
        await stage.command("/o365 send Office 365 HQ now", said("Office 365 HQ"))
        async with stage.stored() as stored:
            server = stored.server_pid
            request = await stored.request("Office 365 HQ")

            async def put_off() -> bool:
                letter = await stored.letter(request)
                return bool(letter["phase"] == "due" and letter["attempt"] > 0)

            await wait_until(put_off, within=60, what="the bot tried, and put the message off")
            await stage.bot.kill()
        assert not dm.messages

        limit.burst = burst
        await stage.bot.start()
        async with stage.stored() as stored:
            assert stored.server_pid == server, "the store that went on was adopted"
        letter = await stage.next(dm, 0, said("Office 365 HQ"), within=TAKE_OVER)
        # Whatever else is due goes out with the next reminder; a second copy would be there.
        since = len(stage.slack_channel.messages)
        await stage.world.slack.command("ola", "/o365 remind sure")
        await stage.next(stage.slack_channel, since, said("not done yet"))
        assert [m for m in dm.messages if m.from_bot] == [letter]


async def test_a_bot_that_cannot_start_ends_with_its_own_words(tmp_path: Path) -> None:
    """Whoever starts it is told what it said last."""
    settings = tmp_path / "o365bot.toml"
    settings.write_text('public_url = "not an address"\n')
    bot = ForkedBot(settings, tmp_path / "bot.log", free_address())
    with pytest.raises(BotFailed, match="okta: is missing"):
        await bot.start()
