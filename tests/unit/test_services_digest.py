"""Digests: what the operators are told, by ticks, deliveries and letters together."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.chat.campaign.plans import line
from bot.chat.words import Words
from bot.domain.campaign.channels.board import BoardPolicy
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign, Deadline, Scope
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Stage, Step, step
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.notices import OperatorDigest
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.news import News, NewsKind
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import ScheduleEntry, operator
from bot.domain.time.calendar import Calendars
from bot.errors import PersonUnreachable
from bot.message import Message, Note, plainly
from bot.services.campaign.planning import Planner
from bot.services.delivery.notify import with_news
from tests.examples import NOW, OPERATOR, RECORD, REQUEST
from tests.reading import items_of, text_of
from tests.there import there
from tests.whole_bot import Bot

DAY = timedelta(days=1)
FRIDAY = date(2025, 3, 7)
IN_TOKYO = replace(OPERATOR, time_zone="Asia/Tokyo", language="de")
DONE = (Evidence(EvidenceKind.CONNECTION_OFF, NOW),)


def app(name: str, label: str) -> AppRecord:
    ref = AppRef("contoso", name)
    return replace(RECORD, app=replace(RECORD.app, ref=ref, label=label), revision=1)


CAMPAIGN = Campaign(
    targets=(
        Deadline("target", FRIDAY, "ours"),
        Deadline("target", date(2025, 9, 1), "ours", Scope(app="contoso/far")),
        Deadline("target", date(2025, 3, 5), "ours", Scope(app="contoso/first")),
    )
)
POLICY = Policy(CAMPAIGN, Calendars(ZoneInfo("UTC")), jitter=timedelta(0))


class Working(Bot):
    """Olga operates the bot; it is Monday at nine, and an app's date is Friday."""

    def __init__(self, olga: ChatIdentity = OPERATOR) -> None:
        super().__init__(people=(olga,), policy=POLICY)
        no_channel = there(self.settings.slack).model_copy(update={"channel": ""})
        self.settings = self.settings.model_copy(update={"slack": no_channel})

    async def days(self, count: float) -> None:
        """Let working life go on: the bot starts, ticks every half hour, sends what it planned."""
        remind = self.replica().remind
        await remind.start()
        for _ in range(int(count * 48)):
            await remind.tick()
            for delivery in self.ledger.planned(OperatorDigest):
                if delivery.phase is Phase.DUE:
                    await self.deliver(delivery.key)
            self.clock.forward(timedelta(minutes=30))

    @property
    def told(self) -> list[Message]:
        return [posted.message for posted in self.slack.posted.values()]


def operates_by_a_group(world: Working, who: ChatIdentity) -> None:
    """They are in the channel whose members operate."""
    by_channel = there(world.settings.slack).model_copy(update={"operator_channels": ("C9",)})
    world.settings = world.settings.model_copy(update={"slack": by_channel})
    world.directory.groups["C9"] = {who.user_id}


@pytest.fixture
async def world() -> Working:
    world = Working()
    await world.ledger.commit(Changes(apps=(replace(RECORD, request_id=REQUEST.id),)))
    await world.ledger.commit(Changes(requests=(REQUEST,)))
    await world.ledger.commit(Changes(requests=(step(REQUEST, Step.DELIVER, NOW),)))
    return world


def rows(message: Message) -> list[list[str]]:
    return [[item.title, item.beside, *map(plainly, item.lines)] for item in items_of(message)]


async def test_who_leaves_hears_before_of_what_comes_close_meanwhile() -> None:
    """From Tuesday to Thursday the week after, on the last day before; and again after it."""
    world = Working()
    await world.ledger.commit(Changes(apps=(app("later", "Later"),)))
    away = (Absence(date(2025, 3, 4), date(2025, 3, 13)),)
    await world.ledger.commit(Changes(recipients=(Recipient(OPERATOR).away(away, NOW),)))
    monday = replace(POLICY.campaign, targets=(Deadline("target", date(2025, 3, 17), "ours"),))
    world.policy = replace(POLICY, campaign=monday)
    await world.days(1)
    (told,) = world.told
    assert "Later" in text_of(told)


async def test_operators_hear_of_what_is_close_every_other_day_until_its_date(
    world: Working,
) -> None:
    """With who holds each app, the most urgent first, and why they get it."""
    await world.ledger.commit(Changes(apps=(app("far", "Far"), app("first", "First"))))
    await world.days(12)
    sent = [d.sent_at for d in world.ledger.planned(OperatorDigest)]
    assert sent == [NOW, NOW + 2 * DAY, NOW + 4 * DAY]
    first, second, last = world.told
    assert rows(first) == [
        ["First", "contoso", "due Mar 5 · needs consent", "Nobody asked yet."],
        [
            "Contoso O365",
            "contoso",
            "due Mar 7 · needs consent",
            "Ada Moreau was asked March 3, 2025, 09:00 UTC.",
        ],
    ]
    assert len(rows(second)) == 2
    assert [row[0] for row in rows(last)] == ["Contoso O365"], "past its date, for the board"
    notes = [block.text for block in first.blocks if isinstance(block, Note)]
    assert "Why am I getting this?" in notes[-1]
    audit = [e for e in await world.ledger.audit() if e.action == "remind"]
    assert [e.detail["why"] for e in audit if e.subject == str(OPERATOR)] == ["digest"] * 3


async def test_nobody_is_told_of_nothing(world: Working) -> None:
    """No open app is that near."""
    await world.ledger.commit(Changes(apps=(replace(RECORD, evidence=DONE, revision=2),)))
    await world.ledger.commit(Changes(apps=(app("far", "Far"),)))
    await world.days(12)
    assert world.ledger.planned(OperatorDigest) == []


async def test_what_is_done_before_a_digest_is_sent_is_not_in_it(world: Working) -> None:
    """It is written from the present truth; where nothing is left it is not sent at all."""
    await world.ledger.commit(Changes(apps=(app("first", "First"),)))
    remind = world.replica().remind
    await remind.start()
    await remind.tick()
    done = replace(RECORD, evidence=DONE, revision=2)
    await world.ledger.commit(Changes(apps=(done,)))
    (planned,) = world.ledger.planned(OperatorDigest)
    await world.deliver(planned.key)
    (message,) = world.told
    assert [row[0] for row in rows(message)] == ["First"]
    world.clock.forward(2 * DAY)
    await remind.tick()
    await world.ledger.commit(
        Changes(apps=(replace(app("first", "First"), evidence=DONE, revision=2),))
    )
    await world.deliver(world.ledger.planned(OperatorDigest)[-1].key)
    assert len(world.told) == 1


async def test_an_operator_is_told_in_their_own_hours_and_language() -> None:
    """The settings name an account; where it lives, its platform says."""
    world = Working(IN_TOKYO)
    await world.ledger.commit(Changes(apps=(app("first", "First"),)))
    await world.days(1)
    (told,) = world.ledger.planned(OperatorDigest)
    assert told.sent_at is not None
    assert told.sent_at.astimezone(ZoneInfo("Asia/Tokyo")).hour == 9
    assert "kurz vor ihrem Termin" in world.told[0].summary
    recipient = there(await world.ledger.recipient(OPERATOR))
    assert recipient.chat == IN_TOKYO
    assert recipient.digests == (told.sent_at,)


async def test_an_operator_who_cannot_be_looked_up_has_the_hours_of_the_organisation(
    world: Working,
) -> None:
    """The platform's incident keeps nobody uninformed."""
    world.slack.refuses = [PersonUnreachable("no such user")]
    remind = world.replica().remind
    await remind.start()
    await remind.tick()
    (planned,) = world.ledger.planned(OperatorDigest)
    assert planned.due_at == NOW


async def test_two_replicas_that_tick_at_once_plan_a_digest_once(world: Working) -> None:
    """And so do a restart and a worker that is slow to send."""
    remind = world.replica().remind
    await remind.start()
    await asyncio.gather(remind.tick(), world.replica().remind.tick())
    await remind.start()
    await remind.tick()
    assert len(world.ledger.planned(OperatorDigest)) == 1
    assert len([e for e in await world.ledger.audit() if e.action == "remind"]) == 1


async def test_a_digest_that_was_held_up_past_its_hours_is_dropped(world: Working) -> None:
    """The next day has one of its own, for this one was never told."""
    remind = world.replica().remind
    await remind.start()
    await remind.tick()
    world.clock.forward(timedelta(hours=10))
    (held_up,) = world.ledger.planned(OperatorDigest)
    await world.deliver(held_up.key)
    assert world.told == []
    await world.days(1)
    assert [d.notice.round for d in world.ledger.planned(OperatorDigest)][-1] == "2025-03-04"  # type: ignore[union-attr]  # a digest
    assert len(world.told) == 1


async def test_all_apps_are_read_for_a_digest_that_has_some_and_not_at_a_tick(
    world: Working,
) -> None:
    """Boards, and the looks at operators, go by counts."""
    await world.days(5)
    assert len(world.told) == 3
    assert world.ledger.called["summaries"] == 3


async def test_who_is_an_operator_no_more_is_taken_off_the_agenda(world: Working) -> None:
    """The settings say who is one."""
    gone = ChatIdentity(Platform.SLACK, "U7")
    await world.ledger.commit(Changes(schedule=(ScheduleEntry(operator(gone), NOW),)))
    await world.replica().remind.tick()
    assert world.ledger.planned(OperatorDigest) == []
    lines = await world.ledger.due_entries(NOW + 9 * DAY, 10)
    assert operator(gone) not in {line.name for line in lines}


async def test_on_the_day_of_a_round_of_their_own_an_operator_gets_no_digest(
    world: Working,
) -> None:
    """It comes on the next working day: one message a day is enough."""
    await world.ledger.commit(Changes(recipients=(Recipient(OPERATOR).told(NOW),)))
    await world.days(2)
    (digest,) = world.ledger.planned(OperatorDigest)
    assert digest.sent_at == NOW + DAY


async def test_a_plan_and_a_dry_run_show_the_digests_that_ticks_would_send(world: Working) -> None:
    """To whom, when by their clock, what and why; and nothing once it is sent."""
    planner = Planner(
        ledger=world.ledger,
        clock=world.clock,
        policy=world.policy,
        kept=BoardPolicy(),
        operators=(ChatIdentity(OPERATOR.platform, OPERATOR.user_id),),
    )
    (due,) = (await planner.due()).digests
    plan = await planner.plan(12)
    assert line(Words(), plan, due) == (
        "an operator in Slack",
        "March 3, 2025, 09:00 UTC",
        "digest: apps close to their deadline",
        "close: every 2 working days",
    )
    assert due in plan.lines
    named = replace(due, notice=replace(due.notice, to=replace(due.to, display_name="Olga")))
    assert line(Words(), plan, named)[0] == "Olga, in Slack"
    await world.days(0.1)
    assert (await planner.due()).digests == ()
    (again, last) = (await planner.plan(12)).digests
    assert (await planner.plan(12, NOW.date())).digests[0].at == NOW
    await world.days(12)
    sent = [d.sent_at for d in world.ledger.planned(OperatorDigest)]
    assert sent == [d.at for d in plan.digests] == [due.at, again.at, last.at]


async def hears(world: Working, to: ChatIdentity, *subjects: str) -> None:
    """Somebody else was asked, for each of these requests."""
    news = [News(NewsKind.REASSIGNED, one) for one in subjects]
    changes = await with_news(world.ledger, Changes(), [to], news, world.clock.now())
    await world.ledger.commit(changes)


def moved_on(number: int) -> ConsentRequest:
    label = f"App {number}"
    return replace(REQUEST, id=f"n{number}", app_label=label, code=f"N-{number}", stage=Stage.DONE)


async def test_a_dozen_refusals_are_one_message_and_a_week_of_them_has_room(world: Working) -> None:
    """What came of what they asked for waits for the digest, which counts in their week."""
    await world.ledger.commit(Changes(apps=(replace(RECORD, evidence=DONE, revision=2),)))
    for number in range(36):
        await world.ledger.commit(Changes(requests=(moved_on(number),)))
    for number in range(12):
        await hears(world, OPERATOR, f"n{number}")
    await world.days(1)
    (message,) = world.told
    assert [row[0] for row in rows(message)] == [f"App {number}" for number in range(4, 12)]
    assert "said “not me” for App 11. I have asked the next candidate." in text_of(message)
    for number in range(12, 36):
        await hears(world, OPERATOR, f"n{number}")
        await world.days(0.25)
    sent = [d.sent_at for d in world.ledger.planned(OperatorDigest) if d.sent_at is not None]
    assert len(sent) == world.policy.per_week
    assert sent[-1] - sent[0] < 7 * DAY
    assert len({at.date() for at in sent}) == len(sent)


async def test_who_asked_and_is_no_operator_by_the_settings_reads_the_news_alone(
    world: Working,
) -> None:
    """They may operate by a group of their platform; the digest of all apps is not theirs."""
    olaf = replace(OPERATOR, user_id="U8", display_name="Olaf")
    operates_by_a_group(world, olaf)
    await world.ledger.commit(Changes(requests=(moved_on(1),)))
    await hears(world, olaf, "n1")
    await world.days(1)
    his = [p.message for p in world.slack.posted.values() if str(p.to) == str(olaf)]
    assert [[row[0] for row in rows(one)] for one in his] == [["App 1"]]
    assert there(await world.ledger.recipient(olaf)).news == ()
    assert operator(olaf) not in world.ledger.schedule or len(his) == 1


async def test_who_asked_and_lost_the_right_since_reads_nothing(world: Working) -> None:
    """News name apps and people."""
    olaf = replace(OPERATOR, user_id="U8", display_name="Olaf")
    await world.ledger.commit(Changes(requests=(moved_on(1),)))
    await hears(world, olaf, "n1")
    await world.days(1)
    assert [p for p in world.slack.posted.values() if str(p.to) == str(olaf)] == []
    assert there(await world.ledger.recipient(olaf)).news == ()


async def test_the_news_of_an_operator_who_is_gone_are_for_the_others_once(world: Working) -> None:
    """Else nobody hears of it; and it does not go round between two who are gone."""
    gone = replace(OPERATOR, user_id="U7")
    await world.ledger.commit(Changes(requests=(moved_on(1),)))
    both = there(world.settings.slack).model_copy(
        update={"operators": (OPERATOR.user_id, gone.user_id)}
    )
    world.settings = world.settings.model_copy(update={"slack": both})
    deliver = world.replica().deliver
    for to, other in ((gone, OPERATOR), (OPERATOR, gone)):
        known = await world.ledger.recipient(to)
        news = known.news if known is not None else (News(NewsKind.WRONG_ACCOUNT, "n1"),)
        lost = Delivery(OperatorDigest(to, NOW.date().isoformat(), "", news), NOW, "digest")
        await world.ledger.commit(Changes(planned=(lost,)))
        world.slack.refuses.append(PersonUnreachable("deactivated"))
        await deliver(lost.key)
        heard = there(await world.ledger.recipient(other))
        passed_on = News(NewsKind.WRONG_ACCOUNT, "n1", inherited=True)
        assert heard.news == ((passed_on,) if other is OPERATOR else ())
