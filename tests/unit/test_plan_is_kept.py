"""`plan` says exactly what will be sent: held to the running bot over random lives."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.campaign.board import BoardPolicy
from bot.domain.campaign.intents import Escalate, Policy, SendRound
from bot.domain.campaign.windows import Campaign, Deadline, Scope
from bot.domain.changes import Changes
from bot.domain.consent.later import plan
from bot.domain.consent.requests import ConsentRequest, Proof, ProofKind, Stage, Step, allowed, step
from bot.domain.delivery.notices import PersonalRound
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.policy import PeoplePolicy
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import Calendars, Hours
from bot.ports.chat import Messenger
from bot.services.campaign.digest import Digests
from bot.services.campaign.rehearse import Rehearse
from bot.services.campaign.remind import Remind
from bot.services.consent.ask import Ask
from bot.services.delivery.deliver import Deliver
from bot.services.delivery.incidents import Incidents
from bot.services.delivery.send import Send
from tests.examples import LINK_FOR, NOW, RECORD, REQUEST
from tests.fake_ledger import FakeLedger
from tests.fakes import (
    CountingSecrets,
    FakeClock,
    FakeEngine,
    FakeMessenger,
    FreePace,
    PlainComposer,
)
from tests.strategies import ZONES, hours, some_days_off

DAY = timedelta(days=1)
DAYS = 25

people = st.builds(
    lambda name, zone, off: ChatIdentity(
        Platform.SLACK, name, time_zone=zone, days_off=frozenset(off)
    ),
    st.sampled_from(["U1", "U2", "U3"]),
    st.sampled_from(ZONES),
    st.sets(st.integers(0, 6), max_size=4),
)
asked = st.tuples(
    st.integers(0, 2),  # whose
    st.integers(-9, 3),  # since when, in days
    st.sampled_from([Stage.REQUESTED, Stage.DELIVERED, Stage.ACKNOWLEDGED, Stage.SAVED]),
    st.none() | st.integers(1, 20),  # put off for so many days
    st.integers(0, 3),  # named so often
)


class Life:
    """The real services over a ledger in memory; time jumps to whatever is due next."""

    def __init__(self, policy: Policy) -> None:
        self.policy, self.ledger, self.clock = policy, FakeLedger(), FakeClock(NOW)
        engine, secrets = FakeEngine(), CountingSecrets()
        chats: dict[Platform, Messenger] = {Platform.SLACK: FakeMessenger()}
        ask = Ask(
            ledger=self.ledger,
            entra=None,
            messengers=chats,
            engine=engine,
            clock=self.clock,
            secrets=secrets,
            policy=PeoplePolicy(),
            reminding=policy,
        )
        digests = Digests(
            ledger=self.ledger, messengers=chats, engine=engine, policy=policy, operators=()
        )
        self.remind = Remind(
            ledger=self.ledger,
            engine=engine,
            clock=self.clock,
            ask=ask,
            look_after={},
            renew_verdicts=self._no_verdicts,
            digests=digests,
            channels=(),
            policy=policy,
        )
        self.deliver = Deliver(
            ledger=self.ledger,
            send=Send(
                ledger=self.ledger,
                messengers=chats,
                composer=PlainComposer(),
                clock=self.clock,
                secrets=secrets,
                policy=policy,
                public_url="https://bot.contoso.com",
                link_lifetime=LINK_FOR,
            ),
            engine=engine,
            pace=FreePace(),
            incidents=Incidents(self.ledger),
            clock=self.clock,
        )

    async def _no_verdicts(self, now: datetime) -> None:
        """What is known of the apps stays as it is."""

    async def goes_on(self, until: datetime) -> None:
        """Nobody does anything until then."""
        while self.clock.now() < until:
            await self.remind.tick()
            for delivery in list(self.ledger._deliveries.values()):
                if isinstance(delivery.notice, PersonalRound) and delivery.sent_at is None:
                    await self.deliver(delivery.key)
            due = [at for at in self.ledger._schedule.values() if at > self.clock.now()]
            soonest = min(due, default=until)
            now = [at for at in self.ledger._schedule.values() if at <= self.clock.now()]
            step_by = timedelta(seconds=1) if now else soonest - self.clock.now()
            self.clock.forward(min(step_by, until - self.clock.now()))

    def sent(self) -> list[tuple[datetime, str, tuple[str, ...], tuple[str, ...]]]:
        return sorted(
            (d.sent_at.replace(second=0), str(d.notice.to), d.notice.requests, d.notice.also)
            for d in self.ledger._deliveries.values()
            if isinstance(d.notice, PersonalRound) and d.sent_at is not None
        )


def moved(request: ConsentRequest, stage: Stage, named: int, at: datetime) -> ConsentRequest:
    """The request as it went, message by message, to that stage."""
    if stage is Stage.REQUESTED:
        return request
    for turn in range(max(named, 1)):
        request = step(request, Step.DELIVER, at + turn * timedelta(hours=25), named=True)
    proof = Proof(ProofKind.SIGNED_IN, "entra:ada", request.changed_at or at)
    acts = {Stage.ACKNOWLEDGED: (Step.ACKNOWLEDGE,), Stage.SAVED: (Step.ACKNOWLEDGE, Step.SAVE)}
    for taken in acts.get(stage, ()):
        request = step(request, taken, proof.at, proof=proof)
    return request


@settings(max_examples=25, deadline=None)
@given(
    st.tuples(people, people, people),
    st.lists(asked, min_size=1, max_size=14),
    st.tuples(st.integers(-30, 60), st.integers(-30, 60)),
    hours,
    st.dictionaries(st.integers(0, 2), st.integers(0, 12), max_size=2),
    st.integers(1, 4),
)
def test_a_plan_is_kept_to_the_message(
    who: tuple[ChatIdentity, ...],
    apps: list[tuple[int, int, Stage, int | None, int]],
    dates: tuple[int, int],
    week: Hours,
    away: dict[int, int],
    per_week: int,
) -> None:
    """Until somebody else would be asked for an app of that person: who that is depends on then."""
    chats = [replace(chat, user_id=f"U{n}") for n, chat in enumerate(who)]
    own = Deadline("target", NOW.date() + dates[1] * DAY, "ours", Scope(app="contoso/a0"))
    policy = Policy(
        Campaign(targets=(Deadline("target", NOW.date() + dates[0] * DAY, "ours"), own)),
        Calendars(ZoneInfo("UTC"), week, country="X", days_off=some_days_off),
        per_week=per_week,
        jitter=timedelta(minutes=0),
    )
    asyncio.run(_kept(policy, chats, apps, away))


async def _kept(
    policy: Policy,
    chats: list[ChatIdentity],
    apps: list[tuple[int, int, Stage, int | None, int]],
    away: dict[int, int],
) -> None:
    life = Life(policy)
    told: dict[str, list[datetime]] = {}
    for number, (whose, since, stage, later, named) in enumerate(apps):
        at = NOW + min(since, 0) * DAY - DAY
        chat = chats[whose]
        ref = AppRef("contoso", f"a{number}")
        first = replace(REQUEST, id=f"r{number}", app=ref, chat=chat, requested_at=at, told=())
        request = moved(replace(first, code=f"C{number}"), stage, named, at)
        if later is not None and Step.SNOOZE in allowed(request.stage):
            calendar = policy.calendars.of_person(chat)
            on = policy.deadline(request).on
            snooze = plan((NOW + later * DAY).replace(tzinfo=None), "", NOW, on, calendar)
            request = step(request, Step.SNOOZE, NOW - timedelta(hours=1), snooze=snooze)
        told.setdefault(str(chat), []).extend(at for at in request.named if at < NOW)
        record = replace(RECORD, app=replace(RECORD.app, ref=ref), request_id=request.id)
        await life.ledger.commit(Changes(apps=(record,)))
        await life.ledger.commit(Changes(requests=(replace(request, revision=1),)))
    for number, chat in enumerate(chats):
        until = NOW.date() + away[number] * DAY if number in away else None
        rounds = tuple(sorted(set(told.get(str(chat), ()))))
        known = Recipient(chat, rounds, away_until=until, revision=1)
        await life.ledger.commit(Changes(recipients=(known,)))
    rehearse = Rehearse(ledger=life.ledger, clock=life.clock, policy=policy, kept=BoardPolicy())
    found = await rehearse.plan(DAYS)
    await life.goes_on(NOW + DAYS * DAY)
    ends: dict[str, datetime] = {}
    for intent in found.intents:
        if isinstance(intent, Escalate):
            ends.setdefault(str(intent.to), intent.at)
    far = NOW + DAYS * DAY
    planned = sorted(
        (i.at.replace(second=0), str(i.to), i.notice.requests, i.notice.also)
        for i in found.intents
        if isinstance(i, SendRound) and i.at < ends.get(str(i.to), far)
    )
    sent = [one for one in life.sent() if one[0] < ends.get(one[1], far)]
    assert sent == planned
