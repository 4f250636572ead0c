"""Traces of the running bot, as a collector gets them: what is in them, and what never is."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.browser import Browser
from sandbox.page import reading
from tests.collector import attributes_of, collecting
from tests.scenario.conftest import open_stage, said

pytestmark = pytest.mark.asyncio(loop_scope="session")

APP = "Office 365 HQ"
SETTINGS = """
[traces]
url = "{url}"
authorization = "Bearer what-the-collector-asks-for"
"""


async def test_what_somebody_asks_for_is_one_trace_from_the_command_to_the_message(
    tmp_path: Path, keys: Path
) -> None:
    """Across the queue; with calls, commits and routes by template, and nothing personal."""
    async with (
        collecting() as collector,
        open_stage(tmp_path, keys, SETTINGS.format(url=collector.url)) as stage,
    ):
        dm = stage.world.slack.dm_of("gita")
        await stage.command(f"/o365 send {APP} now", said(APP))
        letter = await stage.next(dm, 0, said(APP), within=60)
        link = reading.link(letter)
        async with Browser() as browser:
            assert (await browser.open(link)).status == 200
            await browser.open(f"{stage.bot.url}/c/what-nobody-made")
        await stage.bot.stop()  # what waits goes out
        names = {span.name for span in collector.spans}
        assert names >= {"scan", "command", "delivery", "commit", "task tick"}
        assert names >= {"call okta", "call microsoft", "call slack"}
        opened = [attributes_of(span) for span in collector.named("GET /c/{token}")]
        assert len(opened) == 2, "also one that is refused"
        assert {one["http.route"] for one in opened} == {"/c/{token}"}
        asked = {span.trace_id for span in collector.named("command")}
        sent = {span.trace_id for span in collector.named("delivery")}
        assert asked & sent, "the delivery belongs to the trace of the command"
        called = [attributes_of(span) for span in collector.named("call slack")]
        assert {one["status"] for one in called} == {"200"}
        assert collector.services == {"o365bot"}
        assert collector.authorization == {"Bearer what-the-collector-asks-for"}
        token = urlsplit(link).path.rpartition("/")[2]
        settings = (tmp_path / "o365bot.toml").read_text()
        secrets = [line.split('"')[1] for line in settings.splitlines() if "token = " in line]
        for secret in (token, "what-nobody-made", "gita", "Gita", APP, "127.0.0.1", *secrets):
            assert secret.encode() not in collector.raw, secret


async def test_a_collector_that_is_away_holds_nothing_up(tmp_path: Path, keys: Path) -> None:
    """The bot starts, answers, and ends in time."""
    nowhere = SETTINGS.format(url="http://127.0.0.1:9/v1/traces")
    async with open_stage(tmp_path, keys, nowhere) as stage:
        await stage.command("/o365 help", said("apps"))
