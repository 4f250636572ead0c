"""Every kind of notice says of itself when it may come and why; who delivers keeps to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar, Literal, cast, get_args, get_type_hints
from zoneinfo import ZoneInfo

import pytest

from bot.domain.campaign.cadence import at_work
from bot.domain.campaign.intents import Reason
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.kinds import BaseNotice, Method, Promise, SendTime, Traits
from bot.domain.delivery.notices import (
    ASKED,
    KINDS,
    Alarm,
    Introduction,
    Notice,
    OperatorNote,
    PersonalRound,
)
from bot.domain.delivery.notices import NOW as AT_ONCE
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.news import NewsKind
from bot.domain.people.recipients import Recipient
from bot.message import Message
from bot.ports.chat import Sent
from tests.examples import ADA_IN_CHAT, BEN_IN_CHAT, NOW, OPERATOR, POLICY, RECORD, REQUEST
from tests.fakes import FakeMessenger
from tests.there import there
from tests.unit.delivering import Delivering

AT_ANY_HOUR = {
    "personal_link": "earlier versions sent it",
    "channel_reminder": "an operator asked for it",
    "request_changed": "notifies nobody",
    "alarm": "no message gets through",
}
"""What may come at once, and a part of why: whoever adds to this has a reason to give."""

NIGHT = NOW - timedelta(hours=6)  # three in the morning
TOKYO, BERLIN, LOS_ANGELES = "Asia/Tokyo", "Europe/Berlin", "America/Los_Angeles"


def name_of(kind: type[BaseNotice]) -> str:
    (name,) = get_args(get_type_hints(kind)["kind"])
    return str(name)


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_each_kind_says_when_it_may_come_and_why(kind: type[BaseNotice]) -> None:
    """Its own traits, not those of another: a kind without an answer fails here."""
    traits = vars(kind).get("traits")
    assert isinstance(traits, Traits)
    assert len(traits.why.split()) > 3
    name = name_of(kind)
    assert (traits.send_time is SendTime.AT_ONCE) == (name in AT_ANY_HOUR)
    assert AT_ANY_HOUR.get(name, "") in traits.why
    if traits.method is Method.CHANGE:
        assert traits.when_unknown is Promise.NEVER_LOST  # the same change twice is seen once


def test_the_names_of_first_messages_are_those_of_the_rules() -> None:
    """They stand below the rules, as values."""
    assert (Reason.ASKED.value, Reason.NOW.value) == (ASKED, AT_ONCE)


@pytest.mark.parametrize("reason", Reason)
def test_a_round_comes_at_once_only_on_an_operators_word(reason: Reason) -> None:
    """And is held to its day else."""
    notice = PersonalRound(ADA_IN_CHAT, "2025-03-03", ("r1",), reason.value, "due", "calm")
    at_once = reason is Reason.NOW
    assert (notice.send_time is SendTime.AT_ONCE, notice.day == "") == (at_once, at_once)


@pytest.mark.parametrize(
    ("about", "send_time"),
    [
        *((platform.value, SendTime.AT_ONCE) for platform in Platform),
        ("slack:C1", SendTime.AT_ONCE),
        ("okta:contoso", SendTime.AT_WORK),
        ("entra:contoso", SendTime.AT_WORK),
        ("engine", SendTime.AT_WORK),
        ("webhook", SendTime.AT_WORK),
        ("expires:entra.certificate", SendTime.AT_WORK),
    ],
)
def test_of_alarms_those_wake_somebody_that_cannot_wait(about: str, send_time: SendTime) -> None:
    """A secret that ends in a month does not."""
    assert Alarm(OPERATOR, about, "x", "2025-03-03").send_time is send_time


async def sent_at(delivering: Delivering, notice: Notice, planned_at: datetime) -> datetime | None:
    """When it was sent, with a worker that takes it up whenever it is due."""
    delivering.clock = type(delivering.clock)(planned_at)
    delivery = Delivery(notice, planned_at, "test")
    await delivering.ledger.commit(Changes(planned=(delivery,)))
    for _ in range(9):
        found = await delivering.delivery(delivery.key)
        if found.phase in (Phase.SENT, Phase.FAILED):
            return found.sent_at
        delivering.clock.forward(max(found.due_at - delivering.clock.now(), timedelta()))
        await delivering.worker()(delivery.key)
    raise AssertionError(delivery.key)


@pytest.mark.parametrize("happened", NewsKind)
async def test_a_note_waits_until_the_operator_is_at_work(happened: NewsKind) -> None:
    """Whatever it says, and whenever it was planned."""
    for planned_at, sent in (
        (NIGHT, NOW),
        (NOW + timedelta(hours=1), NOW + timedelta(hours=1)),
        (NOW - timedelta(days=1), NOW),  # a Sunday
    ):
        note = OperatorNote(OPERATOR, happened, "r1", str(planned_at))
        assert await sent_at(Delivering(), note, planned_at) == sent


async def test_an_alarm_that_cannot_wait_does_not() -> None:
    """Nothing gets through until somebody acts."""
    assert await sent_at(Delivering(), Alarm(OPERATOR, "slack", "x", "2025-03-03"), NIGHT) == NIGHT


@pytest.mark.parametrize(
    ("of", "partners", "pressed", "sent"),
    [
        # Both are at work.
        ("UTC", "UTC", "2025-03-03T09:00", "2025-03-03T09:00"),
        # Ada works late; Ben is asleep.
        ("UTC", "UTC", "2025-03-03T22:00", "2025-03-04T09:00"),
        ("UTC", "UTC", "2025-03-08T12:00", "2025-03-10T09:00"),
        # From 9:00 in Berlin until 17:00 in Tokyo there is nothing in winter: Ben's own hours.
        (BERLIN, TOKYO, "2025-03-03T09:00", "2025-03-04T00:00"),
        # 16:00 in Los Angeles is 9:00 in Tokyo: an hour that both have.
        (TOKYO, LOS_ANGELES, "2025-03-03T06:00", "2025-03-04T00:00"),
        (LOS_ANGELES, TOKYO, "2025-03-03T18:00", "2025-03-04T00:00"),
    ],
)
async def test_two_people_are_brought_together_when_both_are_at_work(
    of: str, partners: str, pressed: str, sent: str
) -> None:
    """Whoever pressed is at it; the other one is not woken for that."""
    zone = ZoneInfo("UTC")
    ada, ben = (
        replace(chat, time_zone=where)
        for chat, where in ((ADA_IN_CHAT, of), (BEN_IN_CHAT, partners))
    )
    notice = Introduction(ada, ben, "r1")
    at, expected = (datetime.fromisoformat(one).replace(tzinfo=zone) for one in (pressed, sent))
    assert at_work((Recipient(ada), Recipient(ben)), at, at, POLICY) == expected
    delivering = Delivering()
    assert await sent_at(delivering, notice, at) == expected
    for one in (ada, ben):
        known = there(await delivering.ledger.recipient(one))
        assert known.rounds == (expected,)  # it counts, for both


FULL_WEEK = tuple(NOW - timedelta(hours=n) for n in reversed(range(POLICY.per_week)))


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (
            Recipient(BEN_IN_CHAT).away((Absence(None, NOW.date() + timedelta(days=1)),), NOW),
            NOW + timedelta(days=2),
        ),
        (
            Recipient(replace(BEN_IN_CHAT, days_off=frozenset({0, 1})), revision=1),
            NOW + timedelta(days=2),
        ),
        (Recipient(BEN_IN_CHAT, FULL_WEEK, revision=1), NOW + timedelta(days=7)),
    ],
)
@pytest.mark.parametrize("platform", [Platform.SLACK, Platform.TEAMS])
async def test_an_introduction_waits_for_whom_it_disturbs(
    said: Recipient, sent: datetime, platform: Platform
) -> None:
    """Also for what they said, or were told, after it was planned, there or elsewhere: away,
    part-time, a full week.
    """
    delivering = Delivering()
    in_teams = replace(BEN_IN_CHAT, platform=Platform.TEAMS, user_id="T2")
    delivering.messengers[Platform.TEAMS] = FakeMessenger(in_teams, platform=Platform.TEAMS)
    account = in_teams if platform is Platform.TEAMS else BEN_IN_CHAT
    said = replace(said, chat=replace(account, days_off=said.chat.days_off))
    await delivering.ledger.commit(Changes(recipients=(said,)))
    introduction = Introduction(ADA_IN_CHAT, BEN_IN_CHAT, "r1")
    assert await sent_at(delivering, introduction, NOW) == sent


async def test_an_introduction_leaves_room_for_the_last_call() -> None:
    """Ben is asked himself, for an app that is due today, and hears of that today."""
    campaign = Campaign(targets=(Deadline("target", NOW.date(), "ours"),))
    policy = replace(POLICY, campaign=campaign)
    delivering = Delivering(policy=policy)
    asked_at = NOW - timedelta(days=4)
    mine = replace(REQUEST, chat=BEN_IN_CHAT, stage=Stage.DELIVERED, told=(asked_at,))
    told = Recipient(BEN_IN_CHAT, (asked_at,), revision=1)
    await delivering.ledger.commit(Changes(apps=(RECORD,), requests=(mine,), recipients=(told,)))
    introduction = Introduction(ADA_IN_CHAT, BEN_IN_CHAT, "r9")
    assert await sent_at(delivering, introduction, NOW) == NOW + timedelta(days=1)


# ------------------------------------------------------------------ a kind of one's own


@dataclass(frozen=True, slots=True)
class Thanks(BaseNotice):
    """Thank somebody for an app that is done."""

    to: ChatIdentity
    request_id: str
    kind: Literal["thanks"] = "thanks"
    traits: ClassVar[Traits] = Traits(
        SendTime.AT_WORK, "is kind, and can wait for their hours", Promise.NEVER_TWICE, counts=True
    )

    @property
    def key(self) -> str:
        return f"thanks:{self.request_id}:{self.to}"


async def test_a_new_kind_is_its_own_module_and_texts() -> None:
    """Who delivers asks the notice: hours, promise, pacing, what it counts as. None knows it."""
    delivering = Delivering()
    thanks = cast("Notice", Thanks(ADA_IN_CHAT, "r1"))
    assert await sent_at(delivering, thanks, NIGHT) == NOW
    (posted,) = delivering.slack.posted.values()
    assert (posted.to, posted.key) == (ADA_IN_CHAT, "thanks:r1:slack:U1")
    assert there(await delivering.ledger.recipient(ADA_IN_CHAT)).rounds == (NOW,)


async def test_the_promise_of_a_new_kind_is_kept() -> None:
    """Where nobody can tell whether it got through, it is not sent twice."""
    delivering = Delivering(tells=False)
    lost = replace(
        Delivery(cast("Notice", Thanks(ADA_IN_CHAT, "r1")), NOW, "test"),
        phase=Phase.SENDING,
        leased_until=NOW,
    )
    await delivering.ledger.commit(Changes(deliveries=(replace(lost, revision=1),)))
    await delivering.worker()(lost.key)
    assert (await delivering.delivery(lost.key)).failure == "outcome_unknown"
    assert delivering.slack.posted == {}


async def test_of_two_who_want_the_same_partner_one_waits_for_the_week() -> None:
    """Both are due at once: the second sees that the first one filled it."""

    class Slow(FakeMessenger):
        async def introduce(
            self, people: Sequence[ChatIdentity], message: Message, key: str
        ) -> Sent:
            delivering.clock.forward(timedelta(seconds=1))
            return await super().introduce(people, message, key)

    delivering = Delivering()
    delivering.messengers[Platform.SLACK] = Slow()
    rounds = tuple(NOW - timedelta(days=n) for n in range(POLICY.per_week - 1, 0, -1))
    nearly_full = Recipient(BEN_IN_CHAT, rounds, revision=1)
    eve = replace(ADA_IN_CHAT, user_id="U9")
    notices = [Introduction(one, BEN_IN_CHAT, "r1") for one in (ADA_IN_CHAT, eve)]
    planned = tuple(Delivery(one, NOW, "introduce") for one in notices)
    await delivering.ledger.commit(Changes(planned=planned, recipients=(nearly_full,)))
    await delivering.worker().batch([one.key for one in planned])
    phases = [(await delivering.delivery(one.key)).phase for one in planned]
    assert phases == [Phase.SENT, Phase.DUE]
