"""The calls that replicas share: counted in the store, and alone while it is away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from redis.asyncio import Redis

from adapters.http.answers import Answer
from adapters.okta.calls.pacing import ALONE_FOR, OktaPace
from adapters.redis.keys import Keys
from adapters.redis.shared.rate import KEPT, RedisRateBudget
from bot.errors import StoreUnavailable
from bot.ports.store.limits import RateBudget, RateWindow
from tests.contract.loopback import SteppingClock

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WINDOW = RateWindow(1, 50, 40, NOW + MINUTE)
BUCKET = "/api/v1/apps"


@pytest.fixture
def budget(store: Redis) -> RateBudget:
    return RedisRateBudget(store, Keys(), "okta:contoso")


async def test_nothing_is_known_before_the_first_answer(budget: RateBudget) -> None:
    """Somebody has to ask to learn of the limit."""
    assert await budget.take(BUCKET, 0.2, NOW) == 0


async def test_of_all_replicas_together_only_the_share_goes_out(store: Redis) -> None:
    """40 left of 50, 10 of them for others: 30 go out, the rest waits for the window's end."""
    replicas = [RedisRateBudget(store, Keys(), "okta:contoso") for _ in range(4)]
    await replicas[0].learn(BUCKET, WINDOW, NOW)
    waits = await asyncio.gather(*(replicas[n % 4].take(BUCKET, 0.2, NOW) for n in range(100)))
    assert waits.count(0) == 30
    assert set(waits) == {0, 60}


async def test_orgs_and_buckets_are_counted_apart(store: Redis, budget: RateBudget) -> None:
    """A full bucket holds up no other."""
    await budget.learn(BUCKET, RateWindow(1, 50, 0, NOW + MINUTE), NOW)
    assert await budget.take(BUCKET, 0, NOW) == 60
    assert await budget.take("/api/v1/logs", 0, NOW) == 0
    assert await RedisRateBudget(store, Keys(), "okta:fabrikam").take(BUCKET, 0, NOW) == 0


async def test_within_a_window_what_is_left_only_shrinks(budget: RateBudget) -> None:
    """Answers overtake one another; one of a former window says nothing any more."""
    await budget.learn(BUCKET, RateWindow(7, 50, 2, NOW + MINUTE), NOW)
    await budget.learn(BUCKET, RateWindow(7, 50, 9, NOW + MINUTE), NOW)
    await budget.learn(BUCKET, RateWindow(6, 50, 49, NOW + MINUTE), NOW)
    assert [await budget.take(BUCKET, 0, NOW) for _ in range(3)] == [0, 0, 60]
    await budget.learn(BUCKET, RateWindow(8, 50, 49, NOW + 2 * MINUTE), NOW + MINUTE)
    assert await budget.take(BUCKET, 0, NOW + MINUTE) == 0


async def test_a_window_that_is_over_holds_nobody_up(budget: RateBudget) -> None:
    """Then nothing is known again."""
    await budget.learn(BUCKET, RateWindow(1, 50, 0, NOW + MINUTE), NOW)
    assert await budget.take(BUCKET, 0, NOW + MINUTE) == 0


async def test_a_refusal_holds_everybody_up(budget: RateBudget) -> None:
    """One replica met a 429: none of them asks before the reset."""
    await budget.block(BUCKET, NOW + MINUTE / 2, NOW)
    assert await budget.take(BUCKET, 0.2, NOW) == 30
    assert await budget.take(BUCKET, 0.2, NOW + MINUTE) == 0


async def test_a_bucket_goes_by_itself(store: Redis, budget: RateBudget) -> None:
    """Soon after its window."""
    await budget.learn(BUCKET, WINDOW, NOW)
    await budget.block("/api/v1/logs", NOW + MINUTE, NOW)
    for bucket in (BUCKET, "/api/v1/logs"):
        ttl = await store.pttl(Keys().rate("okta:contoso", bucket))
        assert 0 < ttl <= 60_000 + KEPT


# ------------------------------------------------------------------ in the pace of a client


class Away:
    """A store that is away until `back`."""

    def __init__(self) -> None:
        self.asked = 0
        self.back = False

    async def take(self, bucket: str, keep_free: float, now: datetime) -> float:
        self.asked += 1
        if not self.back:
            raise StoreUnavailable("away")
        return 0.0

    async def learn(self, bucket: str, window: RateWindow, now: datetime) -> None:
        await self.take(bucket, 0, now)

    async def block(self, bucket: str, until: datetime, now: datetime) -> None:
        await self.take(bucket, 0, now)


def request() -> httpx.Request:
    return httpx.Request("GET", "https://contoso.okta.com/api/v1/apps")


def answer(clock: SteppingClock, left: int) -> Answer:
    """An answer whose window ends in half a minute."""
    ends = clock.now().replace(microsecond=0) + timedelta(seconds=30)
    headers = {
        "x-rate-limit-limit": "50",
        "x-rate-limit-remaining": str(left),
        "x-rate-limit-reset": str(int(ends.timestamp())),
        "date": clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT"),
    }
    return Answer("contoso", "GET /api/v1/apps", 200, httpx.Headers(headers), [])


async def call(pace: OktaPace, clock: SteppingClock, left: int) -> None:
    async with pace.turn(request()):
        pace.learn(request(), answer(clock, left))


async def test_two_replicas_share_what_one_of_them_learnt(store: Redis) -> None:
    """The second has not asked anything yet, and waits all the same."""
    clock = SteppingClock(NOW)
    first, second = (
        OktaPace(
            clock,
            sleep=clock.sleep,
            shared=RedisRateBudget(store, Keys(), "okta:contoso"),
        )
        for _ in range(2)
    )
    await call(first, clock, left=10)
    assert clock.slept == []
    await call(second, clock, left=49)
    assert clock.slept == [31.0]


async def test_while_the_store_is_away_each_replica_counts_for_itself() -> None:
    """It is asked again only after a while: each try takes time."""
    clock, shared = SteppingClock(NOW), Away()
    pace = OktaPace(clock, sleep=clock.sleep, shared=shared)
    await call(pace, clock, left=10)
    assert shared.asked == 1
    await call(pace, clock, left=49)
    assert clock.slept == [31.0], "by what this process knows"
    assert shared.asked == 2
    shared.back = True
    clock.forward(ALONE_FOR.total_seconds())
    await call(pace, clock, left=48)
    assert shared.asked == 4, "the call is taken there, and its answer passed on"
