"""Sign-ins under way, sessions, and limits: on a real Valkey, and in memory where it must agree."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.commit import text
from adapters.redis.shared.limits import RedisLimits
from adapters.redis.shared.sign_ins import RedisSignIns
from bot.domain.consent.requests import ProofKind
from bot.domain.consent.sign_in import ATTEMPT_LIFETIME, SESSION_LIFETIME, Attempt, Session
from bot.ports.sign_in import SignIns
from bot.ports.store.limits import Limits
from tests.fakes import LimitsInMemory, SignInsInMemory

ATTEMPT = Attempt("r1", "tenant-1", "link-digest", "browser-digest", "nonce", "verifier")
SESSION = Session(("r1", "r2"), "entra:ada", ProofKind.SIGNED_IN, datetime.now(UTC))
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["valkey", "memory"])
def sign_ins(request: pytest.FixtureRequest) -> SignIns:
    if request.param == "memory":
        return SignInsInMemory()
    return RedisSignIns(request.getfixturevalue("store"), Keys())


@pytest.fixture(params=["valkey", "memory"])
def limits(request: pytest.FixtureRequest) -> Limits:
    if request.param == "memory":
        return LimitsInMemory()
    return RedisLimits(request.getfixturevalue("store"), Keys(), clock=lambda: 1_000_000.0)


async def test_of_two_hundred_answers_one_takes_the_attempt(sign_ins: SignIns) -> None:
    """Whatever is replayed finds nothing."""
    await sign_ins.begin("state", ATTEMPT)
    taken = await asyncio.gather(*(sign_ins.take("state") for _ in range(200)))
    assert [attempt for attempt in taken if attempt is not None] == [ATTEMPT]
    assert await sign_ins.take("another") is None


async def test_a_session_is_read_by_its_secret_alone(sign_ins: SignIns) -> None:
    """As often as wanted."""
    await sign_ins.open_session("secret", SESSION)
    assert await sign_ins.session("secret") == await sign_ins.session("secret") == SESSION
    assert await sign_ins.session("entra:ada") is None


async def test_nothing_in_the_store_opens_anything(store: Redis) -> None:
    """Keys are digests, values hold no secret of the browser; all of it ends by itself."""
    sign_ins = RedisSignIns(store, Keys())
    await sign_ins.begin("the-state", ATTEMPT)
    await sign_ins.open_session("the-secret", SESSION)
    await RedisLimits(store, Keys()).hit("begin:address:192.0.2.1", 1, MINUTE)
    for key in await store.keys("*"):
        kept = " ".join(map(text, (key, await store.get(key))))
        assert not any(secret in kept for secret in ("the-state", "the-secret", "192.0.2.1"))
        assert 0 < await store.ttl(key) <= SESSION_LIFETIME.total_seconds()
    (attempt,) = await store.keys("*sign-in*")
    assert await store.ttl(attempt) <= ATTEMPT_LIFETIME.total_seconds()


async def test_a_state_is_never_written_over(store: Redis) -> None:
    """Two attempts with one state cannot be; the first stays."""
    sign_ins = RedisSignIns(store, Keys())
    await sign_ins.begin("state", ATTEMPT)
    await sign_ins.begin("state", replace(ATTEMPT, subject="r2"))
    assert await sign_ins.take("state") == ATTEMPT


async def test_a_limit_lets_through_what_it_says_and_then_tells_when(limits: Limits) -> None:
    """Counted over all callers at once; others are counted for themselves."""
    waits = await asyncio.gather(*(limits.hit("link", 5, MINUTE) for _ in range(20)))
    assert sorted(waits)[:5] == [0.0] * 5
    assert all(0 < wait <= 60 for wait in sorted(waits)[5:])
    assert await limits.hit("other", 5, MINUTE) == 0.0


async def test_replicas_count_together_and_a_new_window_begins_anew(store: Redis) -> None:
    """Two clients, one count; the next minute is another one."""
    now = [1_000_000.0]
    one, two = (RedisLimits(store, Keys(), clock=lambda: now[0]) for _ in range(2))
    assert await one.hit("x", 1, MINUTE) == 0.0
    wait = await two.hit("x", 1, MINUTE)
    assert 0 < wait <= 60
    now[0] += wait
    assert await two.hit("x", 1, MINUTE) == 0.0
    assert await one.hit("x", 1, MINUTE) > 0


async def test_of_one_person_there_is_one_session(sign_ins: SignIns) -> None:
    """The newest; others keep theirs. Ended ones stay so, also for whoever kept the secret."""
    ada = replace(SESSION, person="tenant-1/ada")
    await sign_ins.open_session("first", ada)
    await sign_ins.open_session("bens", replace(SESSION, person="tenant-1/ben"))
    await sign_ins.open_session("second", ada)
    assert await sign_ins.session("first") is None
    assert await sign_ins.session("second") == ada
    assert await sign_ins.end_sessions("tenant-1/ada")
    assert await sign_ins.session("second") is None
    assert await sign_ins.session("bens") is not None
    assert not await sign_ins.end_sessions("tenant-1/ada")
