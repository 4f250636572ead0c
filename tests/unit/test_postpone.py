"""What somebody who is reminded may ask for, and a plan that is rehearsed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.system.rehearsal import OnRealTime, RehearsalClock
from bot.chat.campaign.plans import line, plan
from bot.chat.words import Words
from bot.domain.campaign.channels.board import BoardPolicy
from bot.domain.campaign.intents import Policy, Reason, SendRound
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.consent.snooze import Snooze, snooze_choices
from bot.domain.delivery.notices import Channel
from bot.domain.people.admins import Platform
from bot.domain.time.calendar import Calendar, Calendars
from bot.services.campaign.planning import Planner
from bot.services.campaign.postpone import Absences, Postpone
from tests.examples import ADA_IN_CHAT, DELIVERED, NOW, RECORD
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEngine
from tests.strategies import any_moments, calendars
from tests.there import there

DAY = timedelta(days=1)
FRIDAY = date(2025, 3, 7)


def test_far_from_the_date_there_are_this_afternoon_tomorrow_and_two_days_more() -> None:
    """The third and the tenth working day from now, in the morning."""
    monday = datetime(2025, 3, 3, 9, tzinfo=UTC)
    found = snooze_choices(monday, date(2025, 6, 1), Calendar(ZoneInfo("UTC")))
    assert [f"{at:%d.%m. %H}" for at in found] == [
        "03.03. 14",
        "04.03. 09",
        "06.03. 09",
        "17.03. 09",
    ]


@given(calendars(), any_moments, st.integers(-60, 200))
def test_choices_are_fewer_the_nearer_the_date_is(
    calendar: Calendar, now: datetime, ahead: int
) -> None:
    """Each is in hours and leaves the last working day; a day nearer never offers more."""
    deadline = calendar.today(now) + ahead * DAY
    found = snooze_choices(now, deadline, calendar)
    assert list(found) == sorted(set(found))
    assert all(calendar.is_open(at) and at > now for at in found)
    if ahead >= 0:
        assert all(calendar.today(at) < calendar.last_working_day(deadline) for at in found)
        nearer = snooze_choices(now, deadline - DAY, calendar) if ahead > 1 else ()
        assert len(nearer) <= len(found)


# ------------------------------------------------------------------ the services


def policy(on: date = FRIDAY) -> Policy:
    campaign = Campaign(targets=(Deadline("target", on, "ours"),))
    return Policy(campaign, Calendars(ZoneInfo("UTC")), ignored_rounds=4, jitter=timedelta(0))


@pytest.fixture
async def ledger() -> FakeLedger:
    ledger = FakeLedger()
    await ledger.commit(Changes(apps=(RECORD,)))
    await ledger.commit(Changes(requests=(replace(DELIVERED, revision=1),)))
    return ledger


async def test_back_shows_that_they_are_there_also_without_an_absence(ledger: FakeLedger) -> None:
    """It is no silence; whoever was never sent anything is not written down for it."""
    clock = FakeClock(NOW)
    postpone = Postpone(ledger=ledger, clock=clock, policy=policy())
    await postpone.back(ADA_IN_CHAT)
    assert await ledger.recipient(ADA_IN_CHAT) is None
    await postpone.away(ADA_IN_CHAT, NOW.date())
    clock.forward(2 * DAY)
    assert await postpone.back(ADA_IN_CHAT) == Absences()
    assert there(await ledger.recipient(ADA_IN_CHAT)).answered_at == clock.now()


async def test_a_plan_shows_what_was_put_off_at_its_time(ledger: FakeLedger) -> None:
    """With its reason, and no round about it before."""
    snooze = Snooze(datetime(2025, 3, 6, 14), "UTC", "change window")
    await ledger.commit(Changes(requests=(replace(DELIVERED, snooze=snooze, revision=2),)))
    found = await Planner(
        ledger=ledger, clock=FakeClock(NOW), policy=policy(), kept=BoardPolicy()
    ).plan(4)
    assert [(i.reason, i.at) for i in found.intents] == [(Reason.SNOOZE_ENDED, snooze.until)]
    _, when, what, why = line(Words(), found, found.intents[0])
    assert when.startswith("March 6, 2025, 14:00")
    assert (what, why) == ("reminder: Contoso O365", "asked to be reminded then")


async def test_a_plan_tells_what_ticks_would_do(ledger: FakeLedger) -> None:
    """Who, when by their clock, what and why; looking changes nothing."""
    ada = replace(DELIVERED, chat=replace(ADA_IN_CHAT, time_zone="Europe/Berlin"), id="r2")
    await ledger.commit(Changes(requests=(replace(ada, revision=1),)))
    before = await ledger.audit()
    planner = Planner(ledger=ledger, clock=FakeClock(NOW), policy=policy(), kept=BoardPolicy())
    found = await planner.plan(5)
    assert [type(i) for i in found.intents] == [SendRound, SendRound]
    who, when, what, why = line(Words(), found, found.intents[0])
    assert who == "Ada Moreau"
    assert when.startswith("March 5, 2025, 09:00")
    assert (what, why) == ("reminder: 2 apps", "close: every 2 working days")
    assert plan(Words(), found, 5).summary.startswith("2 messages")
    assert await ledger.audit() == before


async def test_a_plan_reads_what_waits_once_and_no_other_app(ledger: FakeLedger) -> None:
    """Ten thousand apps take seconds to read."""
    planner = Planner(
        ledger=ledger,
        clock=FakeClock(NOW),
        policy=policy(),
        kept=BoardPolicy((Channel(Platform.SLACK, "C1"),)),
    )
    assert (await planner.plan(5)).lines
    assert (ledger.called["summaries"], ledger.called["open_requests"]) == (0, 1)


async def test_a_plan_can_start_at_any_date(ledger: FakeLedger) -> None:
    """From the day of the date on: the last call, by the same rules."""
    planner = Planner(ledger=ledger, clock=FakeClock(NOW), policy=policy(), kept=BoardPolicy())
    found = await planner.plan(1, FRIDAY)
    assert [i.at for i in found.intents] == [datetime(2025, 3, 7, 9, tzinfo=UTC)]


async def test_what_is_over_is_in_no_plan(ledger: FakeLedger) -> None:
    """A request that ended tells nobody anything."""
    await ledger.commit(Changes(requests=(replace(DELIVERED, stage=Stage.DONE, revision=2),)))
    planner = Planner(ledger=ledger, clock=FakeClock(NOW), policy=policy(), kept=BoardPolicy())
    assert (await planner.plan(30)).intents == ()


async def test_the_rehearsal_clock_is_ahead_by_what_its_file_says(tmp_path: Path) -> None:
    """It follows the file, and a broken one changes nothing; the engine keeps real time."""
    file = tmp_path / "ahead"
    clock = RehearsalClock(FakeClock(NOW), file)
    assert clock.now() == NOW
    file.write_text("86400")
    assert clock.now() == NOW + DAY
    engine = FakeEngine()
    await OnRealTime(engine, clock).deliver("key", NOW + DAY)
    assert engine.deliveries == [("key", NOW)]
    file.write_text("tomorrow, please")
    assert clock.now() == NOW + DAY
