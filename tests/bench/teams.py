"""What a question in Teams costs: the running bot beside the SDK's own echo, in the same run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

import jwt

from sandbox.bot_process import free_port
from sandbox.teams.api import ISSUER
from tests.bench import running
from tests.bench.talking import Asked, Heard, Json, Platform, ask, say
from tests.contract.pretend_teams import APP, OLD_KEY, PASSWORD, TENANT
from tests.figures import Figure, at_least, at_most, measures

CONNECTIONS = 32
AHEAD = 8
"""Teams goes on once a message is taken; so many answers of one connection may be missing."""
PEOPLE = 512
"""Nobody says more than is answered (`bot.chat.answering.admission.rate_limit`)."""
MANY = 64
FAR = 0.2  # seconds that a connector takes over an ocean
SLOW = 2.0
TEAMS = """
[teams]
app_id = "{app}"
app_password = "{password}"
tenant_id = "{tenant}"
channel = "19:migration@thread.tacv2"
operators = {operators}
openid_metadata_url = "{url}/v1/.well-known/openidconfiguration"
login_url = "{url}"
service_urls = ["{url}/emea"]
"""
SAYS = {"hello": "Echo: hello", "help": "o365bot", "apps": "Office 365 0"}
"""What is only in the right answer."""


@measures("teams")
async def teams(tiny: bool) -> list[Figure]:
    """`help` and `apps` beside the echo, near and far; many people and a slow connector."""
    seconds, apps = (1.0, 20) if tiny else (10.0, 1_000)
    said = 200 if tiny else 20_000
    free = 1000.0 if tiny else 1.0  # the tiny size shows that it runs, and no speed
    rates: dict[float, Heard] = {}
    helps: dict[float, Heard] = {}
    lists, grown = Heard(), 0.0
    for delay in (0.0, FAR):
        async with Platform(_reply, delay).open() as platform:
            rates[delay] = await _echo(platform, seconds)
            async with running.bot_with(apps, _settings(platform)) as bot:
                await running.at_rest(bot.bot.pid)
                await _ask(bot.url, platform, "help", seconds / 5)  # warms up
                helps[delay] = await _ask(bot.url, platform, "help", seconds)
                if not delay:
                    lists = await _ask(bot.url, platform, "apps", seconds)
                    small = running.memory_of(bot.bot.pid)
                    await say(partial(_ask, bot.url, platform, "help", 2.0), said)
                    grown = running.memory_of(bot.bot.pid) - small
    async with (
        Platform(_reply, SLOW if not tiny else 0.1).open() as platform,
        running.bot_with(apps, _settings(platform)) as bot,
    ):
        slow = await _ask(bot.url, platform, "help", seconds, connections=MANY, ahead=1)
    near, far = (rates[delay].per_second for delay in (0.0, FAR))
    return [
        at_least("teams: stock echo, answers a second", near, 0, "/s"),
        at_least("teams: help against it", helps[0.0].per_second / near, 4 / free, "x"),
        at_least(f"teams: apps of {apps:,} against it", lists.per_second / near, 1.5 / free, "x"),
        at_least("teams: stock echo, connector 200 ms away", far, 0, "/s"),
        at_least("teams: help against that", helps[FAR].per_second / far, 6 / free, "x"),
        at_most("teams: answers lost", helps[0.0].lost + helps[FAR].lost + lists.lost, 0, ""),
        at_most(f"teams: {said:,} messages add", grown, 10, "MiB"),
        at_most(f"teams: lost of {MANY} people, connector 2 s away", slow.lost, 0, ""),
    ]


def _person(number: int) -> str:
    return f"33333333-cccc-4ccc-8ccc-{number:012}"


def _settings(platform: Platform) -> str:
    operators = json.dumps([_person(n) for n in range(PEOPLE)])
    return TEAMS.format(
        app=APP, password=PASSWORD, tenant=TENANT, url=platform.url, operators=operators
    )


async def _echo(platform: Platform, seconds: float) -> Heard:
    port = free_port()
    arguments = (str(port), platform.url, APP)
    async with running.process("tests.bench.stock_teams", *arguments, port=port):
        url = f"http://127.0.0.1:{port}"
        await _ask(url, platform, "hello", seconds / 5)  # warms up
        return await _ask(url, platform, "hello", seconds)


async def _ask(
    url: str,
    platform: Platform,
    words: str,
    seconds: float,
    connections: int = CONNECTIONS,
    ahead: int = AHEAD,
) -> Heard:
    return await ask(
        f"{url}/teams/messages",
        platform,
        _message(platform, words),
        connections=connections,
        seconds=seconds,
        ahead=ahead,
    )


def _message(platform: Platform, words: str) -> Callable[[int], Asked]:
    service = f"{platform.url}/emea/"
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": APP, "serviceurl": service, "nbf": now - 5, "exp": now + 3600}
    token = jwt.encode(claims, OLD_KEY, algorithm="RS256", headers={"kid": "old"})

    def make(number: int) -> Asked:
        name = f"{time.monotonic_ns()}{number}"
        person = number % PEOPLE
        activity = {
            "type": "message",
            "id": name,
            "timestamp": "2026-01-05T09:00:00.000Z",
            "channelId": "msteams",
            "serviceUrl": service,
            "from": {"id": f"29:1p{person}", "name": "Ola", "aadObjectId": _person(person)},
            "recipient": {"id": f"28:{APP}", "name": "O365 bot"},
            "conversation": {
                "conversationType": "personal",
                "tenantId": TENANT,
                "id": f"a:1p{person}",
            },
            "channelData": {"tenant": {"id": TENANT}},
            "locale": "en-GB",
            "localTimezone": "Europe/London",
            "text": words,
        }
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        return Asked(name, headers, json.dumps(activity).encode(), SAYS[words])

    return make


def _reply(path: str, url: str, body: Json) -> tuple[Json, str]:
    """What Microsoft says to a call, and to which message it was the answer."""
    if path.endswith("/openidconfiguration"):
        return {"issuer": ISSUER, "jwks_uri": f"{url}/v1/.well-known/keys"}, ""
    if path.endswith("/keys"):
        jwk: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(OLD_KEY.public_key(), as_dict=True)
        return {"keys": [{**jwk, "kid": "old", "use": "sig", "endorsements": ["msteams"]}]}, ""
    if path.endswith("/token"):
        return {"access_token": "a-token", "expires_in": 3599, "token_type": "Bearer"}, ""
    if "/members/" in path:
        member = {"aadObjectId": path.rpartition("/")[2], "tenantId": TENANT, "userRole": "user"}
        return member, ""
    return {"id": f"{time.monotonic_ns()}"}, unquote(path.rpartition("/activities/")[2])
