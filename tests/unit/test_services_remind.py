"""What comes due with time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.changes import Changes
from bot.domain.consent.requests import Button, Proof, ProofKind, Stage, Step, Stuck, step
from bot.domain.consent.snooze import Snooze
from bot.domain.delivery.deliveries import Phase
from bot.domain.delivery.notices import Alarm, Channel, OperatorDigest, PersonalLink, PersonalRound
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.policy import PeoplePolicy
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import BOARDS, HOLD, person
from bot.domain.time.calendar import Calendars
from bot.errors import ChatThrottled, ChatUnreachable, RecordUnreadable
from bot.services.campaign.digest import Digests
from bot.services.campaign.remind import Remind
from bot.services.consent.ask import Ask
from bot.services.consent.reassign import Reassign
from bot.services.delivery.requeue import BATCH
from bot.services.inventory.verdicts import Verdicts
from bot.services.people.candidates import Candidates
from tests.examples import (
    ADA,
    ADA_IN_CHAT,
    BEN,
    BEN_IN_CHAT,
    DELIVERED,
    LETTER,
    NOW,
    OPERATOR,
    RECORD,
    REQUEST,
    TENANT,
)
from tests.fakes import FakeEntra, FakeMessenger
from tests.there import there
from tests.unit.delivering import Delivering

CHANNELS = (Channel(Platform.SLACK, "C1"), Channel(Platform.TEAMS, "19:x"))
DAY = timedelta(days=1)
NOT_SEEN = Stuck(NOW, "not_seen")
IN_TEN_DAYS = Deadline("target", datetime(2025, 3, 17, tzinfo=UTC).date(), "ours")


POLICY = Policy(
    Campaign(targets=(IN_TEN_DAYS,)),
    Calendars(ZoneInfo("UTC")),
    jitter=timedelta(0),
    ignored_rounds=3,
    early_rounds=0,
)


class RemindedApp(Delivering):
    """One app, Ada was asked on a Monday at nine; its date is the Monday in two weeks."""

    def __init__(self) -> None:
        super().__init__(policy=POLICY)
        self.shown: list[datetime] = []
        self.reached = True
        self.entra = FakeEntra(TENANT)
        self.entra.admins[TENANT.id] = (ADA, BEN)
        self.slack.people = (ADA_IN_CHAT, BEN_IN_CHAT)
        self.candidates = Candidates(
            ledger=self.ledger,
            entra=self.entra,
            messengers=self.messengers,
            clock=self.clock,
            policy=PeoplePolicy(),
            reminding=self.policy,
        )
        self.ask = Ask(
            ledger=self.ledger,
            candidates=self.candidates,
            engine=self.engine,
            clock=self.clock,
            secrets=self.secrets,
        )
        self.remind = self.replica()

    def replica(self, patience: float = 60.0) -> Remind:
        return Remind(
            ledger=self.ledger,
            engine=self.engine,
            clock=self.clock,
            reassign=Reassign(
                ledger=self.ledger,
                clock=self.clock,
                ask=self.ask,
                candidates=self.candidates,
                reminding=self.policy,
            ),
            look_after={BOARDS: self._show},
            renew_verdicts=Verdicts(ledger=self.ledger, engine=self.engine).renew,
            digests=Digests(
                ledger=self.ledger,
                messengers=self.messengers,
                engine=self.engine,
                policy=self.policy,
                operators=(OPERATOR,),
            ),
            channels=CHANNELS,
            policy=self.policy,
            patience=patience,
        )

    async def _show(self, now: datetime) -> datetime:
        self.shown.append(now)
        return now + timedelta(hours=1)

    async def days(self, count: int) -> None:
        """Let working life go on, with a tick every hour, and send the rounds."""
        for _ in range(count * 24):
            await self.remind.tick()
            for delivery in self.ledger.planned(PersonalRound) if self.reached else ():
                await self.worker()(delivery.key)
            self.clock.forward(timedelta(hours=1))


@pytest.fixture
async def reminded() -> RemindedApp:
    reminded = RemindedApp()
    await reminded.ledger.commit(Changes(apps=(replace(RECORD, request_id=REQUEST.id),)))
    await reminded.ledger.commit(Changes(requests=(REQUEST,)))
    await reminded.ledger.commit(Changes(requests=(step(REQUEST, Step.DELIVER, NOW),)))
    return reminded


async def test_a_person_is_reminded_once_a_round_however_often_it_ticks(
    reminded: RemindedApp,
) -> None:
    """Five working days after they were asked; with why in the audit."""
    await reminded.days(8)
    (round,) = reminded.ledger.planned(PersonalRound)
    assert round.due_at == NOW + 7 * DAY
    assert [e.detail["why"] for e in await reminded.ledger.audit() if e.action == "remind"] == [
        "round"
    ]


async def test_a_tick_reads_only_who_is_due(reminded: RemindedApp) -> None:
    """Between two rounds a person is looked at once a day, not at every tick."""
    before = reminded.ledger.called["requests_of"]
    for _ in range(5 * 24 * 6):
        await reminded.remind.tick()
        reminded.clock.forward(timedelta(minutes=10))
    assert reminded.ledger.called["requests_of"] - before <= 7


async def test_two_replicas_that_tick_at_once_plan_each_round_once(reminded: RemindedApp) -> None:
    """A line of the schedule is held by one, and a round of one day has one name."""
    reminded.clock.forward(7 * DAY)
    await asyncio.gather(reminded.remind.tick(), reminded.replica().tick())
    reminded.clock.forward(HOLD)
    await asyncio.gather(reminded.remind.tick(), reminded.replica().tick())
    assert len(reminded.ledger.planned(PersonalRound)) == 1
    assert [e.action for e in await reminded.ledger.audit()].count("remind") == 1


async def test_a_worker_that_dies_while_it_looks_loses_nothing(reminded: RemindedApp) -> None:
    """Its hold on the line ends, and the next tick finds the person."""
    reminded.clock.forward(7 * DAY)
    await reminded.ledger.due_entries(reminded.clock.now(), 100)
    await reminded.remind.tick()
    assert reminded.ledger.planned(PersonalRound) == []
    reminded.clock.forward(HOLD)
    await reminded.remind.tick()
    assert len(reminded.ledger.planned(PersonalRound)) == 1


async def test_a_round_that_was_held_up_is_dropped_and_the_next_one_comes(
    reminded: RemindedApp,
) -> None:
    """Nobody is told by night, nor three times at once after an outage; nor was it silence."""
    reminded.reached = False
    await reminded.days(9)
    reminded.reached = True
    await reminded.days(1)
    assert len(reminded.slack.posted) == 1
    assert [at.hour for at in there(await reminded.ledger.recipient(ADA_IN_CHAT)).rounds] == [9]
    dropped = [d for d in reminded.ledger.planned(PersonalRound) if d.failure == "nothing_to_tell"]
    assert len(dropped) == 2


async def test_one_record_that_cannot_be_read_keeps_nobody_else_waiting(
    reminded: RemindedApp,
) -> None:
    """It is tried again when its hold ends; all others are told."""
    await reminded.ledger.commit(
        Changes(requests=(replace(DELIVERED, id="r0", chat=BEN_IN_CHAT, revision=1),))
    )
    unreadable = RecordUnreadable("Not for this version.")
    reminded.ledger.broken[f"recipient {BEN_IN_CHAT}"] = unreadable
    with capture_logs() as logs:
        await reminded.days(8)
    assert {d.notice.to for d in reminded.ledger.planned(PersonalRound)} == {ADA_IN_CHAT}
    assert {log["entry"] for log in logs if "entry" in log} == {person(BEN_IN_CHAT)}


async def test_who_acts_after_the_operators_were_told_is_asked_how_it_goes(
    reminded: RemindedApp,
) -> None:
    """What was stuck has moved on, so it is in the person's hands again."""
    proof = Proof(ProofKind.SIGNED_IN, "entra:ada", NOW)
    request = there(await reminded.ledger.request(REQUEST.id))
    for taken in (Step.ACKNOWLEDGE, Step.SAVE, Step.HAND_OVER):
        request = step(request, taken, NOW, proof=proof, stuck=NOT_SEEN)
        await reminded.ledger.commit(Changes(requests=(request,)))
    await reminded.days(9)
    assert reminded.ledger.planned(PersonalRound) == []
    again = step(request, Step.ATTEST, reminded.clock.now(), saw=Button.AUTHENTICATE)
    assert again.stuck is None
    await reminded.ledger.commit(Changes(requests=(again,)))
    await reminded.days(9)
    assert reminded.ledger.planned(PersonalRound)


async def test_an_org_that_is_in_the_settings_no_more_is_spoken_of_no_more(
    reminded: RemindedApp,
) -> None:
    """Nobody can look at its apps any more, so nobody is reminded of them."""
    reminded.ledger.orgs = frozenset({"fabrikam"})
    await reminded.days(21)
    assert reminded.ledger.planned(PersonalRound) == []


async def test_whoever_is_asked_instead_for_several_apps_is_looked_up_once(
    reminded: RemindedApp,
) -> None:
    """A platform lets few people be looked up in a minute."""
    others = [
        replace(
            REQUEST,
            id=f"other-{n}",
            code=f"C{n}",
            app=AppRef("contoso", f"0ob{n}"),
            stage=Stage.DELIVERED,
        )
        for n in range(5)
    ]
    apps = [
        replace(RECORD, app=replace(RECORD.app, ref=one.app), request_id=one.id) for one in others
    ]
    await reminded.ledger.commit(Changes(apps=tuple(apps), requests=tuple(others)))
    await reminded.days(24)
    asked = await reminded.ledger.requests_of(BEN_IN_CHAT)
    assert len(asked) == 6
    found = Counter(reminded.slack.searched)
    assert max(found.values()) <= 2


async def test_silence_goes_to_the_next_candidate_and_then_to_the_operators(
    reminded: RemindedApp,
) -> None:
    """Ada hears three times, Ben is asked, and when he is silent too, the operators are told once.

    He is reminded by the windows all the same: nobody else is left.
    """
    await reminded.days(24)
    assert there(await reminded.ledger.request(REQUEST.id)).stage is Stage.EXPIRED
    first = next(d for d in reminded.ledger.planned(PersonalRound) if d.notice.to == BEN_IN_CHAT)
    assert first.why == "asked"
    await reminded.days(40)
    (second,) = await reminded.ledger.requests_of(BEN_IN_CHAT)
    assert second.stuck is not None
    assert second.stuck.why == "ignored"
    assert len([e for e in await reminded.ledger.audit() if e.action == "stuck"]) == 1
    assert reminded.ledger.planned(Alarm) == []
    assert {str(d.notice.to) for d in reminded.ledger.planned(OperatorDigest)} == {str(OPERATOR)}
    assert reminded.ledger.planned(PersonalRound)[-1].due_at > second.stuck.at


async def test_what_is_put_off_is_heard_of_again_at_its_time(reminded: RemindedApp) -> None:
    """The schedule follows at once; nothing comes before, and the rounds go on after it."""
    await reminded.days(1)
    wanted = NOW + 10 * DAY + timedelta(hours=3)
    request = there(await reminded.ledger.request(REQUEST.id))
    snooze = Snooze(wanted.replace(tzinfo=None), "UTC", "change window")
    put_off = step(request, Step.SNOOZE, reminded.clock.now(), snooze=snooze)
    await reminded.ledger.commit(Changes(requests=(put_off,)))
    await reminded.days(9)
    assert reminded.ledger.planned(PersonalRound) == []
    await reminded.days(1)
    (again,) = reminded.ledger.planned(PersonalRound)
    assert (again.due_at, again.why) == (wanted, "snooze_ended")
    told = there(await reminded.ledger.request(REQUEST.id))
    assert told.snooze is None, "the plan ends with its message"
    await reminded.days(4)
    _, following = reminded.ledger.planned(PersonalRound)
    assert reminded.policy.calendars.of("").today(following.due_at) > wanted.date()


async def test_a_plan_outlives_a_platform_that_is_away_at_its_time(reminded: RemindedApp) -> None:
    """Tried in vain until the evening, it is told on the next morning, as they wanted it."""
    request = there(await reminded.ledger.request(REQUEST.id))
    wanted = NOW + DAY + timedelta(hours=7)
    snooze = Snooze(wanted.replace(tzinfo=None), "UTC", "change window")
    put_off = step(request, Step.SNOOZE, reminded.clock.now(), snooze=snooze)
    await reminded.ledger.commit(Changes(requests=(put_off,)))
    reminded.slack.refuses.append(ChatUnreachable("no connection", nothing_sent=True))
    await reminded.days(3)
    late, told = reminded.ledger.planned(PersonalRound)
    assert (late.due_at.date(), late.failure) == (wanted.date(), "nothing_to_tell")
    assert (told.phase, told.why) == (Phase.SENT, "snooze_ended")
    assert told.due_at.date() == (wanted + DAY).date()
    assert there(await reminded.ledger.request(REQUEST.id)).snooze is None


async def test_boards_are_shown_when_something_changed_and_once_an_hour(
    reminded: RemindedApp,
) -> None:
    """A tick without news leaves them alone."""
    for _ in range(3):
        await reminded.remind.tick()
    assert len(reminded.shown) == 1
    await reminded.ledger.commit(Changes(requests=(replace(DELIVERED, revision=3),)))
    await reminded.remind.tick()
    assert len(reminded.shown) == 2
    reminded.clock.forward(timedelta(hours=1))
    await reminded.remind.tick()
    assert len(reminded.shown) == 3


async def test_what_is_due_and_unsent_is_added_again_at_every_tick(reminded: RemindedApp) -> None:
    """A delivery whose task was lost is found in the ledger, which is the truth."""
    await reminded.ledger.commit(Changes(planned=(LETTER,)))
    await reminded.remind.tick()
    assert LETTER.key in {key for batch in reminded.engine.batches for key in batch}


async def test_all_that_is_due_is_handed_out_in_batches_and_not_again_at_once(
    reminded: RemindedApp,
) -> None:
    """Thousands cost little to queue; while a batch waits for a worker it is in no second one."""
    many = tuple(
        replace(LETTER, notice=PersonalLink(ADA_IN_CHAT, f"r{n}")) for n in range(3 * BATCH + 1)
    )
    await reminded.ledger.commit(Changes(planned=many))
    await reminded.remind.tick()
    await reminded.remind.tick()
    handed_out = [key for batch in reminded.engine.batches for key in batch]
    links = sorted(key for key in handed_out if key.startswith("link:"))
    assert links == sorted(each.key for each in many)
    assert max(len(batch) for batch in reminded.engine.batches) == BATCH
    reminded.clock.forward(HOLD)
    await reminded.remind.tick()
    assert sum(map(len, reminded.engine.batches)) == 2 * len(handed_out)


async def test_asking_for_a_reminder_reaches_every_channel_and_names_who_asked(
    reminded: RemindedApp,
) -> None:
    """Twice within a minute is once; a minute later it is said again."""
    await reminded.remind.now("slack:U9")
    await reminded.remind.now("slack:U9")
    keys = {key for key, _ in reminded.engine.deliveries}
    assert len(keys) == len(CHANNELS)
    assert {entry.actor for entry in await reminded.ledger.audit()} == {"slack:U9"}
    reminded.clock.forward(timedelta(minutes=1))
    await reminded.remind.now("slack:U9")
    assert len({key for key, _ in reminded.engine.deliveries}) == 2 * len(CHANNELS)


async def test_whoever_could_not_be_looked_for_is_looked_for_again(reminded: RemindedApp) -> None:
    """A platform that is down ends nothing."""
    reminded.slack.hidden = ChatUnreachable("Not now.")
    await reminded.days(25)
    request = there(await reminded.ledger.request(REQUEST.id))
    assert request.stage.is_open
    reminded.slack.hidden = None
    await reminded.days(1)
    request = there(await reminded.ledger.request(REQUEST.id))
    assert request.stage is Stage.EXPIRED


async def test_a_cloud_that_hangs_holds_up_nobody_else(reminded: RemindedApp) -> None:
    """What is due is handed out before, others have their turn, and next time they come first."""
    bens = replace(DELIVERED, id="r2", app=AppRef("contoso", "0oa2"), chat=BEN_IN_CHAT)
    app = replace(RECORD.app, ref=bens.app)
    await reminded.ledger.commit(
        Changes(apps=(replace(RECORD, app=app, request_id="r2"),), planned=(LETTER,))
    )
    await reminded.ledger.commit(Changes(requests=(replace(bens, revision=1),)))
    handed_out: list[int] = []

    class Hanging(FakeMessenger):
        async def find_person(
            self, addresses: Sequence[str], object_id: str, tenant_id: str
        ) -> tuple[ChatIdentity, ...]:
            handed_out.append(len(reminded.engine.batches))
            await asyncio.Event().wait()
            raise AssertionError

    reminded.messengers[Platform.SLACK] = Hanging()
    request = there(await reminded.ledger.request(REQUEST.id))
    told = (NOW, NOW + DAY, NOW + 2 * DAY)
    ignored = replace(request, told=told, revision=request.revision + 1)
    await reminded.ledger.commit(Changes(requests=(ignored,)))
    reminded.clock.forward(9 * DAY)
    await reminded.replica(patience=1.0).tick()
    assert handed_out == [1]
    assert {str(d.notice.to) for d in reminded.ledger.planned(PersonalRound)} == {str(BEN_IN_CHAT)}
    assert reminded.ledger.schedule[person(ADA_IN_CHAT)] == reminded.clock.now() + HOLD


async def test_an_app_that_can_be_read_again_is_spoken_of_again(reminded: RemindedApp) -> None:
    """Nothing of the person changed meanwhile; they are looked at once a day in any case."""
    record = there(await reminded.ledger.app(RECORD.app.ref))
    failed = Evidence(EvidenceKind.READ_FAILED, reminded.clock.now() + DAY)
    hidden = replace(record, evidence=(*record.evidence, failed), revision=record.revision + 1)
    await reminded.ledger.commit(Changes(apps=(hidden,)))
    await reminded.days(2)
    weighed = there(await reminded.ledger.app(RECORD.app.ref))
    await reminded.ledger.commit(Changes(apps=(replace(record, revision=weighed.revision + 1),)))
    await reminded.days(10)
    assert reminded.ledger.planned(PersonalRound)


async def test_a_message_that_is_held_up_brings_no_second_one(reminded: RemindedApp) -> None:
    """Its plan has ended with the fresh link; the cadence finds the same round of the day."""
    request = there(await reminded.ledger.request(REQUEST.id))
    wanted = NOW + 7 * DAY + timedelta(hours=5)
    snooze = Snooze(wanted.replace(tzinfo=None), "UTC", "change window")
    await reminded.ledger.commit(
        Changes(requests=(step(request, Step.SNOOZE, NOW, snooze=snooze),))
    )
    reminded.clock.forward(wanted - NOW)
    reminded.slack.refuses.append(ChatThrottled("slow down", retry_after=60))
    for _ in range(3):
        await reminded.remind.tick()
        for delivery in reminded.ledger.planned(PersonalRound):
            await reminded.worker()(delivery.key)
        reminded.clock.forward(timedelta(seconds=40))
    assert len(reminded.slack.posted) == 1


async def test_whoever_comes_back_is_reminded_though_the_operators_were_told(
    reminded: RemindedApp,
) -> None:
    """Of an absence that nobody could stand in for they hear once."""
    reminded.entra.admins[TENANT.id] = (ADA,)
    away = Recipient(ADA_IN_CHAT).away((Absence(None, (NOW + 16 * DAY).date()),), NOW)
    await reminded.ledger.commit(Changes(recipients=(away,)))
    await reminded.days(30)
    stuck = [e.detail["why"] for e in await reminded.ledger.audit() if e.action == "stuck"]
    assert stuck[-1] == "away"
    assert reminded.ledger.planned(PersonalRound)
