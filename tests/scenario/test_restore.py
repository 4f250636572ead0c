"""An older backup is restored under a bot that has written to people since."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.redis.keys import Keys
from sandbox.browser import Browser
from sandbox.page import reading
from sandbox.world import World
from tests.scenario.conftest import NO_HOLIDAYS, Stage, open_stage, said
from tests.scenario.test_rehearsal import jump_to_a_morning
from tests.terminal import Terminal
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "Office 365 HQ"


def told(world: World) -> list[str]:
    """Every message of the bot, apart from answers that only the asker sees."""
    messages = (message for conversation in world.log for message in conversation.messages)
    return [message.text for message in messages if message.from_bot and not message.only_for]


async def look_twice(stage: Stage) -> None:
    """Return once the bot has looked two times at all that is due."""
    async with stage.redis() as client:

        async def tick() -> str | None:
            found = await client.hget(Keys().tasks(), "tick")
            return str(found) if found else None

        for _ in range(2):
            last = await tick()

            async def looked(before: str | None = last) -> bool:
                return await tick() not in (None, before)

            await wait_until(looked, within=60, what="the bot looks at what is due")


async def test_nothing_is_sent_twice_after_an_older_backup_was_restored(
    tmp_path: Path, keys: Path
) -> None:
    """A first message that waited when the backup was made, and was sent after that.

    The backup is made beside the running bot, and restored while it is stopped.
    """
    async with open_stage(tmp_path, keys, NO_HOLIDAYS) as stage:
        terminal = Terminal(tmp_path / "o365bot.toml")
        dm = stage.world.slack.dm_of("gita")
        for channel in (stage.slack_channel, stage.teams_channel):
            await stage.next(channel, 0, lambda m: not m.only_for and said("to go")(m))
        await look_twice(stage)
        await stage.command(f"/o365 send {APP}", said(APP))
        ran = await terminal.run("backup", str(tmp_path / "old.gz"))
        assert ran.status == 0, ran.err
        jump_to_a_morning(stage, "Europe/Berlin", "AQ")
        await stage.next(dm, 0, said(APP), within=60)
        await stage.delivered(APP)
        await look_twice(stage)

        await stage.bot.stop()
        ran = await terminal.run("restore", str(tmp_path / "old.gz"), "--over", "--yes")
        assert ran.status == 0, ran.err
        before = told(stage.world)
        await stage.bot.start()
        await look_twice(stage)
        assert sorted(told(stage.world)) == sorted(before)
        async with stage.stored() as stored:
            request = await stored.request(APP)
        assert request["stage"] == "delivered"
        ran = await terminal.run("audit", "verify")
        assert (ran.status, ran.err) == (0, "")


async def test_what_was_asked_in_teams_since_is_not_asked_again(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot in Teams cannot read what it wrote: the store that is replaced tells of it.

    The message that is there stays the one that counts: its link opens.
    """
    async with open_stage(tmp_path, keys, NO_HOLIDAYS) as stage:
        monkeypatch.setattr(stage.world.company.person("gita"), "slack_id", None)
        terminal, dm = Terminal(tmp_path / "o365bot.toml"), stage.world.teams.dm_of("gita")
        ran = await terminal.run("backup", str(tmp_path / "old.gz"))
        assert ran.status == 0, ran.err
        await stage.ask_in_teams(f"send {APP} now", said(APP, "Gita Global"))
        letter = await stage.next(dm, 0, said(APP), within=60)
        await stage.delivered(APP)
        await look_twice(stage)

        await stage.bot.stop()
        ran = await terminal.run("restore", str(tmp_path / "old.gz"), "--over", "--yes")
        assert ran.status == 0, ran.err
        await stage.bot.start()
        await look_twice(stage)
        await stage.ask_in_teams(f"send {APP}", said("Gita Global"))
        await look_twice(stage)
        assert [message for message in dm.messages if said(APP)(message)] == [letter]
        async with Browser() as browser:
            page = await browser.open(reading.link(letter))
        assert page.status == 200
        assert APP in page.text


async def test_what_a_lost_store_had_sent_is_not_sent_again(tmp_path: Path, keys: Path) -> None:
    """The store is killed and its files are gone; only a backup from before is left.

    Slack is asked, and tells of the message that is there: the same is held and counts as sent.
    """
    async with open_stage(tmp_path, keys, NO_HOLIDAYS) as stage:
        terminal = Terminal(tmp_path / "o365bot.toml")
        backup = str(tmp_path / "old.gz")
        dm = stage.world.slack.dm_of("gita")
        await stage.next(stage.slack_channel, 0, lambda m: not m.only_for and said("to go")(m))
        await look_twice(stage)
        ran = await terminal.run("backup", backup)
        assert ran.status == 0, ran.err
        await stage.command(f"/o365 send {APP} now", said(APP))
        letter = await stage.next(dm, 0, said(APP), within=60)
        await stage.delivered(APP)
        await look_twice(stage)

        await stage.bot.stop()
        shutil.rmtree(tmp_path / "var" / "store")
        ran = await terminal.run("restore", backup)
        assert (ran.status, "Nobody knows what was sent since" in ran.out) == (0, True), ran.err
        await stage.bot.start()
        await stage.command(f"/o365 send {APP} now", said(APP))
        await held(terminal, 1)
        assert [message for message in dm.messages if said(APP)(message)] == [letter]
        async with stage.stored() as stored:
            assert (await stored.request(APP))["stage"] == "delivered"

        before = len(dm.messages)
        ran = await terminal.run("release", "--all")
        assert ran.status == 0, ran.err
        await stage.next(dm, before, said(APP), within=60)
        ran = await terminal.run("release")
        assert (ran.status, ran.out) == (0, "Nothing is held.\n")


async def held(terminal: Terminal, count: int) -> None:
    """Return once so many messages are held."""

    async def are_held() -> bool:
        return f"{count} messages" in (await terminal.run("release")).out

    await wait_until(are_held, within=60, what=f"{count} are held")
