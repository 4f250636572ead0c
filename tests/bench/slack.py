"""What a question in Slack costs: the running bot beside a bare slack-bolt app, in the same run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from sandbox.bot_process import free_port
from tests.bench import running
from tests.bench.talking import Asked, Heard, Json, Platform, ask, percentile, say
from tests.contract.slack_stage import FORM, signature
from tests.figures import Figure, at_least, at_most, measures

SECRET = "a-signing-secret"
CONNECTIONS = 32
PEOPLE = 512
"""Nobody says more than is answered (`bot.chat.answering.admission.rate_limit`)."""
SLACK = """
[slack]
bot_token = "xoxb-none"
signing_secret = "{secret}"
channel = "C1"
api_url = "{url}/api/"
operators = {operators}
"""
SAYS = {"hello": "", "help": "o365bot", "apps": "Office 365 0"}
"""What is only in the right answer."""


@measures("slack")
async def slack(tiny: bool) -> list[Figure]:
    """Acknowledging and answering with 1,000 apps; a page among few apps and many; memory."""
    seconds = 1.0 if tiny else 10.0
    few, usual, many = (10, 20, 40) if tiny else (100, 1_000, 10_000)
    said = 200 if tiny else 20_000
    free = 1000.0 if tiny else 1.0  # the tiny size shows that it runs, and no speed
    async with Platform(_reply).open() as platform:
        bare = await _bare(platform, seconds)
        async with running.bot_with(usual, _settings(platform)) as bot:
            await running.at_rest(bot.bot.pid)
            heard = await _ask(bot.url, platform, "apps", CONNECTIONS, seconds)
            small = running.memory_of(bot.bot.pid)
            some = partial(_ask, bot.url, platform, "help", CONNECTIONS, 2.0)
            await say(some, said)
            grown = running.memory_of(bot.bot.pid) - small
        pages = {}
        added = 0.0
        for size in (few, many):
            async with running.bot_with(size, _settings(platform)) as bot:
                await running.at_rest(bot.bot.pid)
                await _ask(bot.url, platform, "apps", 1, seconds / 10)  # the first one warms up
                before = running.memory_of(bot.bot.pid)
                alone = await _ask(bot.url, platform, "apps", 1, seconds / 3)
                pages[size] = percentile(alone.answered, 0.5)
                await _ask(bot.url, platform, "apps", CONNECTIONS, seconds / 3)
                added = running.memory_of(bot.bot.pid, "VmHWM") - before
    p50, p99 = (
        percentile(heard.acknowledged, share) / percentile(bare.acknowledged, share)
        for share in (0.5, 0.99)
    )
    return [
        at_most("slack: bare hello, acknowledged at p50", _ms(bare, 0.5), 1000, "ms"),
        at_most("slack: bare hello, acknowledged at p99", _ms(bare, 0.99), 1000, "ms"),
        at_most(f"slack: apps of {usual:,}, acknowledged at p50", p50, 1.5 * free, "x"),
        at_most(f"slack: apps of {usual:,}, acknowledged at p99", p99, 2 * free, "x"),
        at_least(f"slack: apps of {usual:,}, answers a second", heard.per_second, 200 / free, "/s"),
        at_most("slack: answers lost", heard.lost, 0, ""),
        at_most(
            f"slack: a page of {many:,}, against {few:,}", pages[many] / pages[few], 1.5 * free, "x"
        ),
        at_most(f"slack: {CONNECTIONS} at once of {many:,} add", added, 50, "MiB"),
        at_most(f"slack: {said:,} messages add", grown, 10, "MiB"),
    ]


def _settings(platform: Platform) -> str:
    operators = json.dumps([f"U{n}" for n in range(PEOPLE)])
    return SLACK.format(secret=SECRET, url=platform.url, operators=operators)


async def _bare(platform: Platform, seconds: float) -> Heard:
    port = free_port()
    arguments = (str(port), f"{platform.url}/api/", SECRET)
    async with running.process("tests.bench.bare_slack", *arguments, port=port):
        url = f"http://127.0.0.1:{port}"
        await _ask(url, platform, "hello", CONNECTIONS, seconds / 5)  # warms up
        return await _ask(url, platform, "hello", CONNECTIONS, seconds)


async def _ask(url: str, platform: Platform, words: str, connections: int, seconds: float) -> Heard:
    return await ask(
        f"{url}/slack/events",
        platform,
        _command(platform, words),
        connections=connections,
        seconds=seconds,
    )


def _command(platform: Platform, words: str) -> Callable[[int], Asked]:
    def make(number: int) -> Asked:
        name = f"{time.monotonic_ns()}-{number}"
        body = urlencode(
            {
                "command": "/o365",
                "text": words,
                "user_id": f"U{number % PEOPLE}",
                "team_id": "T1",
                "channel_id": "C1",
                "channel_name": "general",
                "trigger_id": name,
                "response_url": f"{platform.url}/respond/{name}",
            }
        ).encode()
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": FORM,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature(body, stamp, SECRET),
        }
        return Asked(name, headers, body, SAYS[words])

    return make


def _reply(path: str, url: str, body: Json) -> tuple[Json, str]:
    """What Slack says to a call, and to which question it was the answer."""
    if path.startswith("/respond/"):
        return {"ok": True}, path.removeprefix("/respond/")
    method: dict[str, Any] = {"ok": True}
    if path.endswith("users.info"):
        name = body.get("user", "U1")
        user = {"id": name, "team_id": "T1", "profile": {"real_name": f"Olga {name}"}}
        method["user"] = user | {"locale": "en-GB"}
    elif path.endswith("auth.test"):
        method["team_id"] = "T1"
    elif path.endswith("chat.postMessage"):
        method |= {"channel": body.get("channel", "C1"), "ts": f"{time.time():.6f}"}
    return method, ""


def _ms(heard: Heard, share: float) -> float:
    return 1000 * percentile(heard.acknowledged, share)
