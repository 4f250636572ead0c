"""Three replicas on one store while people ask, one of them killed again and again.

Real processes, signed requests, a pretend Slack. A balancer stands before them as the shipped proxy
does: what could not be handed to one replica goes to the next, what was cut off is not tried again.
Meanwhile the store is demoted for a moment, and restarted once. Beside the questions, people take
on what they were asked for; whatever was confirmed to them must be in the store at the end.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from urllib.parse import urlencode

import httpx

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.store import connect
from bot.domain.changes import Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import LinkBinding, Stage
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity, Platform
from sandbox.bot_process import BotProcess, free_port
from tests.bench.running import SETTINGS, fill
from tests.bench.slack import SECRET, SLACK
from tests.bench.talking import Json
from tests.bench.talking import Platform as Slack
from tests.contract.slack_stage import FORM, signature
from tests.examples import DELIVERED
from tests.figures import Figure, at_least, at_most, measures
from tests.servers import Server
from tests.waiting import wait_until

DATA = ("--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction")
REPLICAS = 3
PEOPLE = 512
CONFIRMS = "is in your hands now"


@dataclass
class Seen:
    """What the pretend Slack and the askers saw."""

    answers: Counter[str] = field(default_factory=Counter)
    confirmed: set[str] = field(default_factory=set)
    posted: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    cut: int = 0
    asked: int = 0

    def reply(self, path: str, url: str, told: Json) -> tuple[Json, str]:
        """What Slack says; every answer and every message is counted by what it is about."""
        if path.startswith("/respond/"):
            name = path.removeprefix("/respond/")
            self.answers[name] += 1
            if CONFIRMS in json.dumps(told):
                self.confirmed.add(name.partition(".")[2])
            return {"ok": True}, ""
        method = path.rpartition("/")[2]
        if method == "users.info":
            user = told.get("user", "U1")
            return {
                "ok": True,
                "user": {"id": user, "profile": {"real_name": user}, "locale": "en-GB"},
            }, ""
        if method == "chat.postMessage":
            metadata = told.get("metadata")
            kept = json.loads(metadata) if isinstance(metadata, str) else metadata
            if kept:
                self.posted[json.dumps(kept, sort_keys=True)] += 1
            return {"ok": True, "channel": told.get("channel", "C1"), "ts": _ts()}, ""
        return {"ok": True, "messages": [], "channel": {"id": "D1"}}, ""


CONNECTIONS = httpx.Limits(max_connections=200, max_keepalive_connections=20)
"""Few are kept: httpx looks at each of them with each request, and the machine is the bots'."""


@measures("replicas")
async def replicas(tiny: bool) -> list[Figure]:
    """Questions at a steady rate, acknowledgements between them, kills, a demotion, a restart."""
    seconds, rate, requests = (8, 20, 10) if tiny else (180, 200, 400)
    kill_every = 4.0 if tiny else 10.0
    seen = Seen()
    slack = Slack(seen.reply)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await stack.enter_async_context(slack.open())
        store = Server(folder / "store", *DATA)
        stack.push_async_callback(store.kill)
        await store.start()
        url = f"redis://127.0.0.1:{store.port}/0"
        client = await stack.enter_async_context(connect(url))
        ledger = RedisLedger(client, Keys())
        await fill(ledger, 20 if tiny else 200)
        await _ask_for(ledger, requests)
        bots = [
            await stack.enter_async_context(_bot(folder, n, url, slack)) for n in range(REPLICAS)
        ]
        http = await stack.enter_async_context(
            httpx.AsyncClient(trust_env=False, timeout=10, limits=CONNECTIONS)
        )
        ends = time.monotonic() + seconds
        asking = asyncio.create_task(_ask(http, bots, slack, seen, ends, rate, requests))
        killing = asyncio.create_task(_kill(bots, ends, kill_every))
        await asyncio.sleep(seconds / 3)  # the world goes on meanwhile
        await _demote(store, 1.0 if tiny else 3.0)
        await asyncio.sleep(seconds / 3)  # likewise
        await store.kill()
        await store.start()
        await asyncio.gather(asking, killing)
        await wait_until(lambda: _settled(seen), within=60, what="no more answers come")
        taken = {
            request.code
            for request in await ledger.open_requests()
            if request.stage in (Stage.ACKNOWLEDGED, Stage.SAVED)
        }
    lost = len(seen.confirmed - taken)
    twice = sum(n - 1 for n in (*seen.answers.values(), *seen.posted.values()) if n > 1)
    broken = sum(n for status, n in seen.statuses.items() if status >= 500 and status != 503)
    refused = seen.statuses[503] / max(1, seen.asked)
    return [
        at_least("replicas: commands a second", seen.asked / seconds, rate * 0.9, "/s"),
        at_most("replicas: 5xx other than a deliberate 503", broken, 0, ""),
        at_most("replicas: told to try again (store away)", 100 * refused, 10, "%"),
        at_most("replicas: connections cut by kills", 100 * seen.cut / max(1, seen.asked), 2, "%"),
        at_least("replicas: acknowledgements confirmed", len(seen.confirmed), requests * 0.8, ""),
        at_most("replicas: confirmed and lost", lost, 0, ""),
        at_most("replicas: answers and messages given twice", twice, 0, ""),
    ]


def _bot(folder: Path, number: int, store: str, slack: Slack) -> BotProcess:
    port = free_port()
    operators = json.dumps([f"U{n}" for n in range(PEOPLE)])
    config = folder / f"bot{number}.toml"
    config.write_text(
        SETTINGS.format(port=port, store=store)
        + SLACK.format(secret=SECRET, url=slack.url, operators=operators)
    )
    return BotProcess(config, folder / f"log{number}", f"http://127.0.0.1:{port}")


def code_of(number: int) -> str:
    """As people read them to each other: three letters, three letters."""
    letters = "ABCDEFGHJKMNPQRSTVWXYZ"
    found = "".join(letters[number // len(letters) ** place % len(letters)] for place in range(6))
    return f"{found[:3]}-{found[3:]}"


async def _ask_for(ledger: RedisLedger, many: int) -> None:
    """So many people were asked, each for one app."""
    now = datetime.now(UTC)
    for number in range(many):
        request = replace(
            DELIVERED,
            id=f"r{number}",
            app=AppRef("contoso", f"0oa{number:017}"),
            code=code_of(number),
            chat=ChatIdentity(Platform.SLACK, f"U{number % PEOPLE}", f"Ada {number}"),
            requested_at=now,
            link=LinkBinding(link_digest(f"token-{number}"), now + timedelta(days=3)),
        )
        await ledger.commit(Changes(requests=(request,)))


async def _ask(
    http: httpx.AsyncClient,
    bots: list[BotProcess],
    slack: Slack,
    seen: Seen,
    ends: float,
    rate: int,
    requests: int,
) -> None:
    """A command every 1/rate seconds, whatever became of the others."""
    turns, tasks = cycle(range(len(bots))), set[asyncio.Task[None]]()
    began, left = time.monotonic(), ends - time.monotonic()
    pressed = 0
    words = cycle(("help", "apps", "who Office 365 3", "why Office 365 7"))
    while (now := time.monotonic()) < ends:
        number = seen.asked
        taken = int((now - began) / left * requests)
        if taken > pressed:
            code = code_of(pressed)
            said, user, name = f"me {code}", f"U{pressed % PEOPLE}", f"{number}.{code}"
            pressed += 1
        else:
            said, user, name = next(words), f"U{number % PEOPLE}", str(number)
        body = _command(slack, said, user, name)
        task = asyncio.create_task(_post(http, bots, next(turns), body, seen))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        seen.asked += 1
        await asyncio.sleep(max(0.0, began + seen.asked / rate - time.monotonic()))
    await asyncio.gather(*tasks)


async def _post(
    http: httpx.AsyncClient, bots: list[BotProcess], first: int, body: bytes, seen: Seen
) -> None:
    """As the proxy: on to the next replica where one does not take the connection."""
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": FORM,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature(body, stamp, SECRET),
    }
    for turn in range(len(bots)):
        url = bots[(first + turn) % len(bots)].url
        host = {"Host": url.removeprefix("http://")}
        try:
            answer = await http.post(f"{url}/slack/events", content=body, headers=headers | host)
        except httpx.ConnectError:
            continue
        except httpx.TransportError:
            seen.cut += 1
            return
        seen.statuses[answer.status_code] += 1
        return
    seen.statuses[502] += 1


def _command(slack: Slack, words: str, user: str, name: str) -> bytes:
    fields = {
        "command": "/o365",
        "text": words,
        "user_id": user,
        "team_id": "T1",
        "channel_id": "C1",
        "channel_name": "general",
        "trigger_id": f"t-{name}",
        "response_url": f"{slack.url}/respond/{name}",
    }
    return urlencode(fields).encode()


async def _kill(bots: list[BotProcess], ends: float, every: float) -> None:
    """One after the other, kill -9 and start again."""
    for bot in cycle(bots):
        if time.monotonic() + every > ends:
            return
        await asyncio.sleep(every)
        await bot.revive()


async def _demote(store: Server, seconds: float) -> None:
    """A replica of nobody for a while, as in a failover."""
    async with store.client() as client:
        await client.slaveof("127.0.0.1", 1)
        await asyncio.sleep(seconds)  # what a failover takes
        await client.slaveof()


async def _settled(seen: Seen) -> bool:
    before = sum(seen.answers.values())
    await asyncio.sleep(2)  # answers that come do so within that
    return sum(seen.answers.values()) == before


def _ts() -> str:
    return f"{time.time():.6f}"
