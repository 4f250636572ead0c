"""Requests of every kind and none at the four doors to the bot: the endpoint keeps its word.

Each is like a real one and wrong somewhere. Counted is what must never be: an answer of 5xx but 501
and 503, a traceback or a secret in the log, and anything done for a request that was not signed.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import Any

import httpx
import structlog
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from adapters.okta.hooks import OktaHooks
from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.outgoing.calls import open_web
from bot.domain.changes import Changes
from sandbox.slack.workspace import BOT_USER, CHANNEL
from tests.chaos.mutants import as_form, as_json, dumped, mutant
from tests.contract import pretend_teams
from tests.contract import teams_world as teams
from tests.contract.slack_stage import (
    FORM,
    JSON,
    OLA,
    SECRET,
    TOKEN,
    Talk,
    settings,
    signed_headers,
)
from tests.examples import NOW, RECORD
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEngine, LimitsInMemory, OnceInMemory
from tests.figures import Figure, at_least, at_most, measures
from tests.recorded import recorded
from tests.site import TOKEN as LINK
from tests.site import a_site
from tests.waiting import wait_until

REQUESTS, FEW = 20_000, 60
AT_ONCE = 16
HOOK = "a-secret-of-the-admins-choice"
ALLOWED = (501, 503)
QUIET = 120.0
"""Seconds until what was taken is done."""

Send = Callable[[Random, bool], Awaitable[int]]
"""Make one request and send it, signed or not; the status of its answer."""


@dataclass
class Door:
    """One border: how it is asked, what it did, what it must not tell."""

    name: str
    send: Send
    done: Callable[[], Awaitable[int]]
    quiet: Callable[[], Awaitable[None]]
    secrets: tuple[str, ...]
    acts: bool = True
    """Whether a signed request does something by itself."""


@dataclass
class Log:
    """What was written: whole lines, and how many of them had a traceback."""

    lines: list[str] = field(default_factory=list)
    tracebacks: int = 0


@measures("borders")
async def borders(tiny: bool) -> list[Figure]:
    """20,000 requests a border; half of them signed, as far as whoever sends them could."""
    count = FEW if tiny else REQUESTS
    figures: list[Figure] = []
    for number, opened in enumerate((_slack, _teams, _hook, _pages)):
        async with opened() as door:
            figures += await _tried(door, count, Random(20_261_129 + number))
    return figures


async def _tried(door: Door, count: int, random: Random) -> list[Figure]:
    with _logged() as log:
        broken = await _many(door, count // 2, random, signed=False)
        unsigned = await door.done()
        broken += await _many(door, count - count // 2, random, signed=True)
        signed = await door.done() - unsigned
    told = sum(secret in line for line in log.lines for secret in door.secrets)
    figures = [
        at_most(f"borders: {door.name}, 5xx of {count:,}", broken, 0, ""),
        at_most(f"borders: {door.name}, tracebacks", log.tracebacks, 0, ""),
        at_most(f"borders: {door.name}, secrets in the log", told, 0, ""),
        at_most(f"borders: {door.name}, done unsigned", unsigned, 0, ""),
    ]
    if door.acts:  # else the requests would not be like real ones
        figures.append(at_least(f"borders: {door.name}, done signed", signed, count // 50, ""))
    return figures


async def _many(door: Door, count: int, random: Random, *, signed: bool) -> int:
    """Send that many; how many answers were a server error that is none of the deliberate ones."""
    broken = 0
    for start in range(0, count, AT_ONCE):
        some = min(AT_ONCE, count - start)
        statuses = await asyncio.gather(*(door.send(random, signed) for _ in range(some)))
        broken += sum(status >= 500 and status not in ALLOWED for status in statuses)
    await door.quiet()
    return broken


class _Handler(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.DEBUG)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("httpx", "httpcore", "hpack")):
            return  # the sender's own, not the bot's
        self._log.lines.append(record.getMessage())
        self._log.tracebacks += bool(record.exc_info)


@contextmanager
def _logged() -> Iterator[Log]:
    log = Log()
    handler, root = _Handler(log), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with structlog.testing.capture_logs() as ours:
            yield log
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    log.lines += [repr(line) for line in ours]
    log.tracebacks += sum(bool(line.get("exc_info")) for line in ours)


@asynccontextmanager
async def _asked(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app itself: without sockets, so that thousands take seconds."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://bot.example.com") as client:
        yield client


def _odd_headers(headers: dict[str, str], random: Random) -> dict[str, str]:
    if random.random() < 0.1 and headers:
        name = random.choice(list(headers))
        value = random.choice(("", "x", "0", "é", "-1", "v0=", "Bearer", "Bearer x.y.z", "9" * 400))
        return headers | {name: value}
    return headers


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]


# ------------------------------------------------------------------ Slack


@asynccontextmanager
async def _slack() -> AsyncIterator[Door]:
    talk, config = Talk(), settings("http://127.0.0.1:9/api")
    answer_at = "https://hooks.example.com/actions/T1/" + "response-secret"
    ids = {"BOT": BOT_USER, "OLA": OLA, "DM": "D1", "CHANNEL": CHANNEL, "RESPONSE": answer_at}
    real = recorded("slack", ids)
    async with open_web(config) as web:
        inbound = SlackInbound(config, talk, OnceInMemory(), web)
        app = Starlette(routes=[Route("/", inbound.endpoint, methods=["GET", "POST"])])
        async with _asked(app) as client:

            async def send(random: Random, signed: bool) -> int:
                one = random.choice(real)
                body = mutant(one["body"], random) if random.random() < 0.9 else dict(one["body"])
                if isinstance(body, dict):
                    for name in ("event_id", "trigger_id"):
                        if isinstance(body.get(name), str):
                            body[name] += secrets.token_hex(6)
                match one["as"]:
                    case "form" if isinstance(body, dict):
                        raw, kind = as_form(body, random), FORM
                    case "payload":
                        raw, kind = as_form({"payload": dumped(body)}, random), FORM
                    case _:
                        raw, kind = as_json(body, random), JSON
                if random.random() < 0.02:
                    raw = b"ssl_check=1&token=x"
                headers = {"content-type": kind}
                if signed:
                    headers = _odd_headers(signed_headers(raw, kind), random)
                elif random.random() < 0.5:
                    headers = signed_headers(raw + b" ", kind)
                return (await client.post("/", content=raw, headers=_raw(headers))).status_code

            async def done() -> int:
                return len(talk.asked)

            async def quiet() -> None:
                await wait_until(lambda: not inbound.under_way, within=QUIET)

            yield Door("Slack", send, done, quiet, (SECRET, TOKEN, "response-secret"))


# ------------------------------------------------------------------ Teams


@asynccontextmanager
async def _teams() -> AsyncIterator[Door]:
    async with teams.teams_world() as world:
        real = recorded("teams", pretend_teams.IDS | {"SERVICE": world.microsoft.service_url})
        good, foreign = world.token(), world.token(aud="somebody-else")

        async def send(random: Random, signed: bool) -> int:
            one = random.choice(real)
            body = mutant(one["body"], random) if random.random() < 0.9 else dict(one["body"])
            if isinstance(body, dict) and isinstance(body.get("id"), str):
                body["id"] += secrets.token_hex(6)
            raw = as_json(body, random)
            token = good if signed else random.choice(("x", foreign, good[:-9] + "AAAAAAAAA"))
            headers = {"content-type": JSON, "authorization": f"Bearer {token}"}
            if signed:
                headers = _odd_headers(headers, random)
            answer = await world.client.post(world.bot_url, content=raw, headers=_raw(headers))
            return answer.status_code

        async def done() -> int:
            return len(world.answers.asked) + len(world.welcomes.people)

        async def quiet() -> None:
            await wait_until(lambda: not world.inbound.under_way, within=QUIET)

        yield Door("Teams", send, done, quiet, (good, foreign, pretend_teams.PASSWORD))


# ------------------------------------------------------------------ Okta's event hook


EVENT = {
    "eventType": "com.okta.event_hook",
    "eventTypeVersion": "1.0",
    "cloudEventsVersion": "0.1",
    "source": "https://contoso.okta.com/api/v1/eventHooks/who1",
    "eventId": "event-1",
    "data": {
        "events": [
            {
                "uuid": "u1",
                "published": "2026-11-29T09:00:00.000Z",
                "eventType": "application.lifecycle.update",
                "outcome": {"result": "SUCCESS"},
                "target": [{"id": "0oa1", "type": "AppInstance", "alternateId": "Office 365"}],
            }
        ]
    },
    "eventTime": "2026-11-29T09:00:01.000Z",
    "contentType": "application/json",
}


@asynccontextmanager
async def _hook() -> AsyncIterator[Door]:
    ledger, engine = FakeLedger(), FakeEngine()
    await ledger.commit(Changes(apps=(RECORD,)))
    hooks = OktaHooks(
        {"contoso": SecretStr(HOOK)}, ledger=ledger, engine=engine, clock=FakeClock(NOW)
    )
    app = Starlette(routes=[Route("/okta/events/{org}", hooks.endpoint, methods=["GET", "POST"])])
    async with _asked(app) as client:

        async def send(random: Random, signed: bool) -> int:
            body = mutant(EVENT, random) if random.random() < 0.9 else EVENT
            secret = HOOK if signed else random.choice(("", "x", HOOK[:-1], HOOK.upper()))
            headers = {"content-type": JSON, "authorization": secret}
            if signed:
                headers = _odd_headers(headers, random)
            org = (
                "contoso" if random.random() < 0.9 else random.choice(("fabrikam", "%00", "x" * 99))
            )
            path, method = f"/okta/events/{org}", "GET" if random.random() < 0.1 else "POST"
            if random.random() < 0.5:
                headers["x-okta-verification-challenge"] = random.choice(
                    ("abc", "", "é", "x" * 9999)
                )
            sent = None if method == "GET" else as_json(body, random)
            answer = await client.request(method, path, content=sent, headers=_raw(headers))
            return answer.status_code

        async def done() -> int:
            return len(engine.verifications)

        async def quiet() -> None:
            return None

        yield Door("Okta hook", send, done, quiet, (HOOK,))


# ------------------------------------------------------------------ the pages


class _NoLimits(LimitsInMemory):
    """Else all but the first would only be told to wait."""

    async def hit(self, what: str, most: int, per: timedelta) -> float:
        return 0.0


PATHS = (
    *(f"/c/{LINK}", f"/c/{LINK}/", f"/c/{LINK[:-1]}A", "/c/x", "/c/%00", f"/c/{'x' * 3000}", "/"),
    *("/auth/callback", "/r/r1", "/r/r1/live", "/r/x", "/g/x", "/health", "/metrics", "/p/x.png"),
    *("/static/../../etc/passwd", "/privacy", "/c", "/é", "//x"),
)
FIELDS: dict[str, Any] = {
    "csrf": "x",
    "do": "begin",
    "saw": "authenticate",
    "until": "2026-12-01T09:00",
    "reason": "busy",
    "code": "ada@tenant-1",
    "state": "x" * 43,
    "error": "access_denied",
    "admin_consent": "True",
    "tenant": "t",
}


@asynccontextmanager
async def _pages() -> AsyncIterator[Door]:
    async with a_site(limits=_NoLimits()) as site:
        before = await site.asked()
        page = await site.open()
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]

        async def send(random: Random, signed: bool) -> int:
            fields = mutant(FIELDS | ({"csrf": csrf} if signed else {}), random)
            if not isinstance(fields, dict):
                fields = {"do": fields}
            headers = {"accept": random.choice(("text/html", "*/*", "application/json", "é", ""))}
            if signed:  # with the form's own value, from its own page; nobody signs in
                headers |= {"sec-fetch-site": "same-origin", "origin": "null"}
            else:
                headers |= {"cookie": f"o365bot-session={random.choice(('x', LINK, 'é' * 50))}"}
            path = random.choice(PATHS) if random.random() < 0.6 else PATHS[0]
            method = random.choice(("GET", "POST", "POST", "POST", "HEAD", "PUT"))
            body = as_form(fields, random)
            if method in ("GET", "HEAD"):
                path, body = f"{path}?{body.decode('latin-1')}"[:4000], b""
            try:
                answer = await site.browser.request(
                    method,
                    path,
                    content=body,
                    headers=_raw(headers | {"content-type": FORM, "connection": "close"}),
                    timeout=5,
                )
            except (httpx.InvalidURL, httpx.LocalProtocolError, httpx.ReadTimeout):
                return 0  # none that can be sent; a page that follows live has no end
            return answer.status_code

        async def done() -> int:
            """Whether anything was taken on, though nobody proved who they are."""
            asked = replace(await site.asked(), revision=before.revision)
            return int(asked.proof is not None or asked.stage is not before.stage)

        async def quiet() -> None:
            return None

        told = (csrf,)
        yield Door("pages", send, done, quiet, told, acts=False)
