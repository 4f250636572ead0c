"""Two replicas on one store: a person's messages have their turns, and one week. Both ledgers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from bot.domain.campaign.cadence import WEEK
from bot.domain.campaign.intents import Reason
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.delivery.deliveries import LEASE, Delivery, Phase, claim
from bot.domain.delivery.notices import Introduction, Notice, OperatorDigest, PersonalRound
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.recipients import Recipient
from bot.message import Message
from bot.ports.chat import Sent
from bot.ports.store.ledger import Ledger
from bot.services.delivery.deliver import Deliver
from bot.services.delivery.incidents import Incidents
from bot.services.delivery.send import Send
from bot.services.delivery.sequencing import WAIT
from tests.examples import ADA_IN_CHAT, BEN_IN_CHAT, LINK_FOR, NOW, POLICY, REQUEST
from tests.fake_ledger import FakeLedger
from tests.fakes import (
    CountingSecrets,
    FakeClock,
    FakeEngine,
    FakeMessenger,
    FreePace,
    PlainComposer,
)
from tests.there import there

CARL_IN_CHAT = ChatIdentity(Platform.SLACK, "U3", "Carl")
BROUGHT_TOGETHER = (
    Introduction(BEN_IN_CHAT, ADA_IN_CHAT, "r1"),
    Introduction(CARL_IN_CHAT, ADA_IN_CHAT, "r2"),
)
TODAY = NOW.date().isoformat()
SECOND = replace(REQUEST, id="r2", code="DEF-GHJ")
REMINDED = PersonalRound(ADA_IN_CHAT, TODAY, ("r1", "r2"), Reason.ROUND, "due", "calm")
DIGEST = OperatorDigest(ADA_IN_CHAT, TODAY, "due")
NOW_AT = tuple(
    PersonalRound(ADA_IN_CHAT, f"now {one}", ("r1", "r2"), Reason.NOW, "due", "calm")
    for one in ("r1", "r2")
)


class SlowMessenger(FakeMessenger):
    """A chat whose first message takes until `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go = asyncio.Event(), asyncio.Event()

    async def introduce(self, people: Sequence[ChatIdentity], message: Message, key: str) -> Sent:
        self.begun.set()
        await self.go.wait()
        return await super().introduce(people, message, key)


class Replicas:
    """Two of them: each has a ledger of its own on the same store."""

    def __init__(self, ledgers: Callable[[], Ledger]) -> None:
        self.clock = FakeClock(NOW)
        self.slack = SlowMessenger()
        self.ledger = ledgers()
        self.both = (self._replica(ledgers()), self._replica(ledgers()))

    def _replica(self, ledger: Ledger) -> Deliver:
        return Deliver(
            ledger=ledger,
            send=Send(
                ledger=ledger,
                messengers={Platform.SLACK: self.slack},
                composer=PlainComposer(),
                clock=self.clock,
                secrets=CountingSecrets(),
                policy=POLICY,
                public_url="https://bot.contoso.com",
                link_lifetime=LINK_FOR,
            ),
            engine=FakeEngine(),
            pace=FreePace(),
            incidents=Incidents(ledger),
            clock=self.clock,
        )

    async def plan(self, notices: Sequence[Notice], heard: int) -> list[str]:
        """Plan these for somebody who had so many messages this week; returns their keys."""
        known = Recipient(ADA_IN_CHAT, revision=1)
        for days in range(heard, 0, -1):
            known = replace(known.told(NOW - timedelta(days=days)), revision=1)
        planned = tuple(Delivery(one, NOW, "test") for one in notices)
        requests = (REQUEST, SECOND)
        await self.ledger.commit(Changes(planned=planned, requests=requests, recipients=(known,)))
        return [one.key for one in planned]

    async def race(self, keys: Sequence[str], until: timedelta) -> None:
        """Each replica carries out one of them at the same instant, and whatever is due till then.

        Neither knows what the other one is about.
        """
        self.slack.go.set()
        end = self.clock.now() + until
        while self.clock.now() < end:
            await asyncio.gather(*(one(key) for one, key in zip(self.both, keys, strict=True)))
            self.clock.forward(WAIT)

    async def delivery(self, key: str) -> Delivery:
        return there(await self.ledger.delivery(key))

    async def heard(self) -> int:
        known = there(await self.ledger.recipient(ADA_IN_CHAT))
        return len(known.rounds) + len(known.digests)

    @property
    def told(self) -> int:
        return len(self.slack.posted) + len(self.slack.introduced)


@pytest.fixture(params=["valkey", "memory"])
def replicas(request: pytest.FixtureRequest) -> Replicas:
    if request.param == "memory":
        one = FakeLedger()
        return Replicas(lambda: one)
    store: Redis = request.getfixturevalue("store")
    return Replicas(lambda: RedisLedger(store, Keys()))


@pytest.mark.parametrize(
    "notices",
    [
        BROUGHT_TOGETHER,
        (BROUGHT_TOGETHER[0], REMINDED),
        (DIGEST, REMINDED),
        (DIGEST, BROUGHT_TOGETHER[0]),
    ],
    ids=lambda both: "+".join(one.kind for one in both),
)
async def test_two_at_the_same_instant_do_not_share_the_last_room_of_a_week(
    replicas: Replicas, notices: Sequence[Notice]
) -> None:
    """One is told; the other one waits for room, or is decided anew another day."""
    keys = await replicas.plan(notices, POLICY.per_week - 1)
    await replicas.race(keys, 3 * WAIT)
    assert await replicas.heard() == POLICY.per_week
    assert sorted([(await replicas.delivery(key)).phase is Phase.SENT for key in keys]) == [
        False,
        True,
    ]


async def test_where_the_week_has_room_both_come(replicas: Replicas) -> None:
    """None is lost by waiting for the other one."""
    keys = await replicas.plan(BROUGHT_TOGETHER, POLICY.per_week - 2)
    await replicas.race(keys, 3 * WAIT)
    assert {(await replicas.delivery(key)).phase for key in keys} == {Phase.SENT}
    assert await replicas.heard() == POLICY.per_week


async def test_one_waits_while_the_other_is_under_way(replicas: Replicas) -> None:
    """However slow the platform is: what it does to the week is not known before."""
    first, second = await replicas.plan(BROUGHT_TOGETHER, POLICY.per_week - 1)
    under_way = asyncio.create_task(replicas.both[0](first))
    await replicas.slack.begun.wait()
    for _ in range(3):
        await replicas.both[1](second)
        waits = await replicas.delivery(second)
        assert (waits.phase, waits.due_at) == (Phase.DUE, replicas.clock.now() + WAIT)
        replicas.clock.forward(WAIT)
    replicas.slack.go.set()
    await under_way
    await replicas.both[1](second)
    assert (await replicas.delivery(second)).due_at >= NOW + WEEK - timedelta(days=2)
    assert await replicas.heard() == POLICY.per_week


async def test_a_replica_that_dies_holds_up_nobody_for_longer_than_its_lease(
    replicas: Replicas,
) -> None:
    """The other message comes then, whatever becomes of the one that was being sent."""
    first, second = await replicas.plan(BROUGHT_TOGETHER, 0)
    begun = claim(await replicas.delivery(first), NOW)
    known = await replicas.ledger.recipient(ADA_IN_CHAT)
    assert begun is not None
    assert known is not None
    await replicas.ledger.commit(Changes(deliveries=(begun,), recipients=(known.begun(first),)))
    replicas.slack.go.set()
    await replicas.both[1](second)
    assert (await replicas.delivery(second)).phase is Phase.DUE
    replicas.clock.forward(LEASE)
    await replicas.both[1](second)
    assert (await replicas.delivery(second)).phase is Phase.SENT


async def test_two_who_say_now_at_the_same_moment_disturb_once(replicas: Replicas) -> None:
    """Either message names both apps; whichever comes second has nothing more to tell."""
    keys = await replicas.plan(NOW_AT, 0)
    await replicas.race(keys, 3 * WAIT)
    assert len(replicas.slack.posted) == 1
    assert await replicas.heard() == 1
    for name in ("r1", "r2"):
        assert there(await replicas.ledger.request(name)).stage is Stage.DELIVERED


async def test_of_different_people_nobody_waits(replicas: Replicas) -> None:
    """A message under way to one is nothing to another."""
    (first,) = await replicas.plan(BROUGHT_TOGETHER[:1], 0)
    to_carl = PersonalRound(CARL_IN_CHAT, "now r1", ("r1",), Reason.NOW, "due", "calm")
    second = Delivery(to_carl, NOW, "test")
    await replicas.ledger.commit(Changes(planned=(second,)))
    under_way = asyncio.create_task(replicas.both[0](first))
    await replicas.slack.begun.wait()
    await replicas.both[1](second.key)
    assert (await replicas.delivery(second.key)).phase is Phase.SENT
    replicas.slack.go.set()
    await under_way
