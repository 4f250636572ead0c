"""The outgoing webhook: as another's client verifies it, at least once, holding up nothing."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from jsonschema_rs import Draft202012Validator
from pydantic import ValidationError
from redis.asyncio import Redis
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.trail import Trail
from adapters.redis.server.store import connect
from adapters.redis.shared.webhook_position import RedisWebhookPosition
from adapters.webhook.outbox import Outbox
from adapters.webhook.post import EventRejected, Post
from bot.domain.audit import Row
from bot.domain.changes import AuditEntry, Changes
from bot.domain.events import TYPES, type_of
from bot.settings.sections.webhook import WebhookSettings
from tests.examples import NOW, OPERATOR
from tests.fakes import FakeClock
from tests.mail_server import Certificates, make_certificates
from tests.serving import served
from tests.waiting import wait_until

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
KEYS = Keys()
SHAPE = Draft202012Validator(
    json.loads((Path(__file__).parents[2] / "docs" / "webhook.schema.json").read_text()),
    validate_formats=True,
)


class Receiver:
    """Somebody's ticket system: verifies with another's library, and answers as it is told to."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.asked = 0
        self.answer: Callable[[], Response] = lambda: Response(status_code=204)
        self.answers = asyncio.Event()
        """While it is not set, it hangs."""
        self.answers.set()

    async def take(self, request: Request) -> Response:
        self.asked += 1
        await self.answers.wait()
        body = await request.body()
        event = Webhook(SECRET).verify(body, dict(request.headers))
        answer = self.answer()
        if answer.status_code < 300:
            self.events.append((request.headers["webhook-id"], event))
        return answer


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    one = Receiver()
    app = Starlette(routes=[Route("/hook", one.take, methods=["POST"])])
    async with served(lambda _: app) as address:
        yield one, f"{address}/hook"
        one.answers.set()


@asynccontextmanager
async def over_tls(
    take: Callable[[Request], Awaitable[Response]], certificates: Certificates
) -> AsyncIterator[str]:
    """A receiver, by name: the certificate is for that, wherever the connection leads."""
    app = Starlette(routes=[Route("/hook", take, methods=["POST"])])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            app, ssl_certfile=certificates.server, lifespan="off", log_config=None
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await wait_until(lambda: server.started, what="the receiver is up")
        try:
            yield f"https://localhost:{listening.getsockname()[1]}/hook"
        finally:
            server.should_exit = True
            await serving


def settings(url: str, **more: Any) -> WebhookSettings:
    return WebhookSettings.model_validate(
        {"url": url, "secret": SECRET, "allow_private": True} | more
    )


@asynccontextmanager
async def outbox(
    store: Redis, url: str, clock: FakeClock, **bounds: float
) -> AsyncIterator[Outbox]:
    post = Post(settings(url), time.time, **bounds)
    trail = Trail(store, KEYS)
    ledger = RedisLedger(store, KEYS, trail=trail)
    yield Outbox(
        trail=trail,
        ledger=ledger,
        position=RedisWebhookPosition(store, KEYS),
        post=post,
        clock=clock,
        name="abc",
        operators=(OPERATOR,),
    )
    await post.aclose()


def entry(action: str, subject: str = "contoso/0oa1", **detail: str) -> AuditEntry:
    return AuditEntry(NOW, "slack:U1", action, subject, detail)


async def test_what_happens_is_told_signed_and_in_order(
    store: Redis, receiver: tuple[Receiver, str]
) -> None:
    """From when it was switched on; each once, in the shape that the docs have."""
    one, url = receiver
    ledger = RedisLedger(store, KEYS)
    await ledger.commit(Changes(audit=(entry("ask"),)))
    async with outbox(store, url, FakeClock(NOW)) as box:
        assert await box.pump() == 0
        await ledger.commit(
            Changes(
                audit=(
                    entry("acknowledge", request="r1"),
                    entry("deliver"),
                    entry("assess", **{"from": "migrated", "to": "needs_consent"}),
                    entry("waive", why="It is retired"),
                    entry("incident", "slack:C1", code="channel_unreachable"),
                )
            )
        )
        assert await box.pump() == 4
        assert await box.pump() == 0
    assert [event["type"] for _, event in one.events] == [
        "request.acknowledged",
        "app.reopened",
        "app.waived",
        "incident.began",
    ]
    assert len({name for name, _ in one.events}) == 4
    for _, event in one.events:
        SHAPE.validate(event)
    first = one.events[0][1]
    assert first["data"]["app"] == "contoso/0oa1"
    assert (first["data"]["actor"], first["data"]["detail"]) == ("slack:U1", {"request": "r1"})


@pytest.mark.parametrize("status", [301, 308, 400, 410, 429, 500, 503])
async def test_what_is_not_taken_is_told_again_with_the_same_id(
    store: Redis, receiver: tuple[Receiver, str], status: int
) -> None:
    """Later and later; redirects are not followed. It stands in the health, and then no more."""
    one, url = receiver
    clock = FakeClock(NOW)
    ledger = RedisLedger(store, KEYS)
    async with outbox(store, url, clock) as box:
        await box.pump()
        await ledger.commit(Changes(audit=(entry("ask"), entry("acknowledge"))))
        elsewhere = RedirectResponse(url, status) if status < 400 else Response(status_code=status)
        one.answer = lambda: elsewhere
        assert await box.pump() == 0
        assert await box.pump() == 0
        assert one.asked == 1
        assert "webhook" in await ledger.incidents()
        clock.forward(timedelta(seconds=6))
        assert await box.pump() == 0
        clock.forward(timedelta(seconds=6))
        assert await box.pump() == 0
        assert one.asked == 2
        one.answer = lambda: Response(status_code=200)
        clock.forward(timedelta(minutes=1))
        assert await box.pump() == 2
    assert "webhook" not in await ledger.incidents()
    assert [event["type"] for _, event in one.events] == ["request.asked", "request.acknowledged"]


async def test_operators_are_told_once_when_it_lasts(
    store: Redis, receiver: tuple[Receiver, str]
) -> None:
    """Not of a receiver that is restarted; and not again while it stays away."""
    one, url = receiver
    clock = FakeClock(NOW)
    ledger = RedisLedger(store, KEYS)
    one.answer = lambda: Response(status_code=503)
    told = []
    async with outbox(store, url, clock) as box:
        await box.pump()
        await ledger.commit(Changes(audit=(entry("ask"),)))
        for _ in range(6):
            await box.pump()
            told.append(len(await store.keys(f"{KEYS.delivery('alarm:webhook:')}*")))
            clock.forward(timedelta(hours=12))
    assert told == [0, 0, 0, 1, 1, 1]


async def test_an_answer_that_is_lost_makes_the_same_event_come_twice(
    store: Redis, receiver: tuple[Receiver, str]
) -> None:
    """At least once: the receiver knows it by its id."""
    one, url = receiver
    clock = FakeClock(NOW)
    async with outbox(store, url, clock) as box:
        await box.pump()
        await RedisLedger(store, KEYS).commit(Changes(audit=(entry("ask"),)))
        mark = await store.get(KEYS.webhook())
        await box.pump()
        await store.set(KEYS.webhook(), str(mark))  # as if it had died before it noted that
        await box.pump()
    assert len(one.events) == 2
    assert one.events[0] == one.events[1]


async def test_a_receiver_that_hangs_holds_up_nothing_but_itself(
    store: Redis, receiver: tuple[Receiver, str]
) -> None:
    """Work goes on meanwhile, and the post ends within its limit."""
    one, url = receiver
    one.answers.clear()
    ledger = RedisLedger(store, KEYS)
    async with outbox(store, url, FakeClock(NOW), limit=2.0) as box:
        await box.pump()
        await ledger.commit(Changes(audit=(entry("ask"),)))
        telling = asyncio.create_task(box.pump())
        await ledger.commit(Changes(audit=(entry("waive"),)))
        assert not telling.done()
        assert await telling == 0
    assert "no answer within" in (await ledger.incidents())["webhook"].reason


async def test_a_receiver_whose_certificate_nobody_vouches_for_gets_nothing(
    store: Redis, tmp_path: Path
) -> None:
    """The reason names the setting, in the log, too; of what happens not a byte goes out."""
    one, ledger = Receiver(), RedisLedger(store, KEYS)
    async with (
        over_tls(one.take, make_certificates(tmp_path, "localhost")) as url,
        outbox(store, url, FakeClock(NOW)) as box,
    ):
        await box.pump()
        await ledger.commit(Changes(audit=(entry("ask"),)))
        with capture_logs() as lines:
            assert await box.pump() == 0
    assert "webhook.ca_file" in (await ledger.incidents())["webhook"].reason
    assert any("webhook.ca_file" in str(line) for line in lines)
    assert one.asked == 0


async def test_one_replica_tells_at_a_time(
    redis_url: str, store: Redis, receiver: tuple[Receiver, str]
) -> None:
    """The others look whether it is their turn."""
    one, url = receiver
    async with (
        connect(redis_url) as second,
        outbox(store, url, FakeClock(NOW)) as first_box,
        outbox(second, url, FakeClock(NOW)) as second_box,
    ):
        await first_box.pump()
        await RedisLedger(store, KEYS).commit(Changes(audit=(entry("ask"),)))
        assert await second_box.pump() == 0
        assert await first_box.pump() == 1
        await store.delete(KEYS.webhook_turn())
        assert await second_box.pump() == 0
    assert len(one.events) == 1


async def test_whoever_lost_its_turn_moves_nothing(store: Redis) -> None:
    """It stood still for longer than its turn: where the other one stands is kept."""
    slow, other = RedisWebhookPosition(store, KEYS), RedisWebhookPosition(store, KEYS)
    assert await slow.take() == ("0-0", 0, None)
    await store.delete(KEYS.webhook_turn())
    assert await other.take() is not None
    assert await other.save("2-0", 0, None)
    assert not await slow.save("1-0", 0, None)
    assert await other.take() == ("2-0", 0, None)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_address_in_a_private_network_is_not_called(
    receiver: tuple[Receiver, str], host: str
) -> None:
    """Whatever its name is, unless the settings say so."""
    one, url = receiver
    private = settings(url).model_copy(update={"allow_private": False})
    address = url.replace("127.0.0.1", host)
    post = Post(private.model_copy(update={"url": address}), time.time)
    with pytest.raises(EventRejected, match="private network"):
        await post("id", b"{}")
    await post.aclose()
    assert one.asked == 0


GOOD = {"url": "https://tickets.example.com/hook", "secret": SECRET}


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://tickets.example.com/hook"},
        {"url": "ftp://tickets.example.com"},
        {"url": "https://user:secret@tickets.example.com"},
        {"url": "https://"},
        {"url": "https://tickets.example.com:99999"},
        {"url": "nonsense"},
        {"secret": "whsec_short"},
        {"secret": "whsec_" + "A" * 200},
        {"secret": "not base64 at all, but long enough to be"},
        {"url": "http://127.0.0.1/hook", "allow_private": False},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, Any]) -> None:
    """Clear text, other schemes, credentials in the address, keys that are none."""
    assert WebhookSettings.model_validate(GOOD).key
    with pytest.raises(ValidationError) as caught:
        WebhookSettings.model_validate(GOOD | wrong)
    assert "secret@" not in str(caught.value)


def test_each_type_has_the_shape_that_is_documented() -> None:
    """And each is in docs/webhook.md."""
    page = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text()
    row = Row("1-0", 1, "2026-11-16T09:00:00+00:00", "o365bot", "assess", "a/1", "{}")
    assert type_of(row) == ""
    for name in {*TYPES.values(), "app.migrated", "app.reopened", "app.changed"}:
        assert f"`{name}`" in page
