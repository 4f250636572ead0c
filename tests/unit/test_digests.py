"""What operators are told of all apps that are close to their date, and when."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.campaign import reminders
from bot.domain.campaign.digests import Digest, after, evaluate, planned_digests
from bot.domain.campaign.intents import Escalate, Intent, Open, Policy, Reason, SendRound, Worklist
from bot.domain.campaign.windows import EVERYBODY, WINDOWS, Campaign, Deadline, WindowName
from bot.domain.evidence.verdict import State
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import Calendars, Hours
from tests.examples import DELIVERED, OPERATOR
from tests.strategies import ZONES, any_moments, hours, some_days_off

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FRIDAY = date(2026, 3, 6)
DAY = timedelta(days=1)
BY = Policy(Campaign(), Calendars(ZoneInfo("UTC"), Hours()), jitter=timedelta(0), per_week=7)


def olga(*items: Open, **more: Any) -> Worklist:
    return Worklist(Recipient(OPERATOR, **more), items)


def digests(
    *dates: date,
    by: Policy = BY,
    days: int = 14,
    start: datetime = MONDAY,
    worklist: Worklist | None = None,
) -> list[Digest]:
    found = planned_digests(worklist or olga(), dates, start, start + days * DAY, by)
    return [each for each in found if isinstance(each, Digest)]


def test_every_other_day_when_a_date_is_close_on_the_day_itself_and_not_after() -> None:
    """Friday's date: from Monday on, with four working days left; past it the board is enough."""
    found = digests(FRIDAY)
    assert [d.at for d in found] == [MONDAY, MONDAY + 2 * DAY, MONDAY + 4 * DAY]
    assert [d.notice.window for d in found] == [
        WindowName.IMMINENT,
        WindowName.IMMINENT,
        WindowName.DUE,
    ]


def test_far_from_any_date_there_is_no_digest_and_a_plan_knows_the_first_one() -> None:
    """It comes when five working days are left."""
    assert digests(date(2026, 12, 1)) == []
    assert digests() == []
    (first, *_) = digests(date(2026, 4, 10), days=60)
    assert first.at == datetime(2026, 4, 3, 9, tzinfo=UTC)


def test_the_most_urgent_window_that_tells_operators_names_the_digest() -> None:
    """A date that is past tells them nothing, and hides nothing."""
    (first, *_) = digests(date(2026, 2, 20), date(2026, 3, 9), FRIDAY)
    assert first.notice.window == WindowName.IMMINENT


def test_a_window_tells_operators_when_its_audience_has_them() -> None:
    """Any window may; the digest then comes in its cadence."""
    windows = tuple(
        replace(w, audience=EVERYBODY) if w.name is WindowName.OVERDUE else w for w in WINDOWS
    )
    by = replace(BY, campaign=Campaign(windows=windows))
    found = digests(date(2026, 2, 20), by=by, days=7)
    assert [d.at for d in found] == [MONDAY, MONDAY + 3 * DAY]


def test_an_operator_who_is_away_hears_nothing_until_they_are_back() -> None:
    """Also when they are away for ever."""
    away = olga(absences=(Absence(None, date(2026, 3, 4)),))
    assert [d.at for d in digests(FRIDAY, worklist=away)] == [MONDAY + 3 * DAY, MONDAY + 4 * DAY]
    assert digests(FRIDAY, worklist=olga(absences=(Absence(None, date.max),))) == []


def test_an_absence_to_come_has_no_digest_in_it() -> None:
    """From Wednesday to Thursday: on Monday and Friday."""
    away = olga(absences=(Absence(date(2026, 3, 4), date(2026, 3, 5)),))
    assert [d.at for d in digests(FRIDAY, worklist=away)] == [MONDAY, MONDAY + 4 * DAY]


def test_no_operator_is_told_before_the_campaign_starts() -> None:
    """The start is a local date."""
    by = replace(BY, campaign=Campaign(start=date(2026, 3, 5)))
    assert digests(FRIDAY, by=by)[0].at == MONDAY + 3 * DAY


def test_the_morning_of_the_operators_is_no_burst() -> None:
    """Each has a minute of their own, another one than for a round."""
    by = replace(BY, jitter=timedelta(minutes=20))
    people = [Worklist(Recipient(ChatIdentity(Platform.SLACK, f"U{n}")), ()) for n in range(60)]
    minutes = Counter(digests(FRIDAY, by=by, worklist=one)[0].at.minute for one in people)
    assert max(minutes.values()) < 15
    assert set(minutes) <= set(range(20))


def test_what_an_operator_hears_as_global_administrator_counts_in_the_same_week() -> None:
    """Two messages a week: one is the round's, and one message a day is enough."""
    item = asked(OPERATOR, MONDAY - 3 * DAY)
    by = replace(BY, per_week=2, campaign=campaign(FRIDAY))
    worklist = olga(item, rounds=(MONDAY - 3 * DAY,))
    found = list(planned_digests(worklist, (FRIDAY,), MONDAY, MONDAY + 4 * DAY, by))
    assert [type(each) for each in found] == [Digest]
    last_call = list(planned_digests(worklist, (FRIDAY,), MONDAY, MONDAY + 5 * DAY, by))[-1]
    assert isinstance(last_call, SendRound)
    assert last_call.reason is Reason.LAST_CALL


def test_what_is_stuck_comes_before_another_reminder_and_after_a_last_call() -> None:
    """An operator with apps of their own, whose week is full: the first room there is has it."""
    rounds = tuple(MONDAY - n * DAY for n in (6, 4, 3))
    by = replace(BY, per_week=3)
    kinds = {
        due: [
            type(each)
            for each in planned_digests(
                olga(asked(OPERATOR, MONDAY - 6 * DAY), rounds=rounds, answered_at=MONDAY),
                (),
                MONDAY,
                MONDAY + 14 * DAY,
                replace(by, campaign=campaign(due)),
                MONDAY,
            )
        ][:2]
        for due in (MONDAY.date() + 20 * DAY, MONDAY.date() - 9 * DAY, MONDAY.date() + DAY)
    }
    assert list(kinds.values()) == [[Digest, SendRound], [Digest, SendRound], [SendRound, Digest]]


def test_what_gets_stuck_each_week_leaves_a_turn_for_reminders() -> None:
    """One message a week, and always something new that is stuck: digest and reminder take turns.

    One alone would leave the operator without a word about the apps they are asked for.
    """
    by = replace(BY, per_week=1, campaign=campaign(MONDAY.date() + 120 * DAY))
    worklist = olga(asked(OPERATOR, MONDAY - 20 * DAY), rounds=(MONDAY - 20 * DAY,))
    told: list[str] = []
    for day in range(70):
        now = MONDAY + day * DAY
        owing = replace(worklist, owed=True)
        digest = evaluate(owing, (), now, by, stuck_at=now - DAY).digest
        reminder = any(
            isinstance(each, SendRound) for each in reminders.evaluate(owing, now, by).intents
        )
        if reminder:
            told.append("reminder")
            worklist = replace(worklist, recipient=worklist.recipient.told(now))
        elif digest is not None:
            told.append("digest")
            worklist = after(worklist, digest)
    assert told[:6] == ["digest", "reminder"] * 3


# ------------------------------------------------------------------ for any zone and season

people = st.builds(
    lambda zone, name: ChatIdentity(Platform.SLACK, name, time_zone=zone),
    st.sampled_from(ZONES),
    st.sampled_from(["U1", "U2", "U3"]),
)
windows = st.tuples(*(st.integers(1, 6) for _ in WINDOWS), st.frozensets(st.sampled_from(WINDOWS)))


def campaign(on: date) -> Campaign:
    return Campaign(targets=(Deadline("target", on, "ours"),))


policies = st.builds(
    lambda hours, jitter, per_week, shape: Policy(
        Campaign(
            windows=tuple(
                replace(w, every=every, audience=EVERYBODY if w in shape[-1] else w.audience)
                for w, every in zip(WINDOWS, shape, strict=False)
            )
        ),
        Calendars(ZoneInfo("UTC"), hours, country="X", days_off=some_days_off),
        per_week=per_week,
        jitter=jitter,
        ignored_rounds=30,
    ),
    hours,
    st.integers(0, 60).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(1, 7),
    windows,
)
days_ahead = st.lists(st.integers(-20, 60), max_size=4)


def asked(chat: ChatIdentity, at: datetime) -> Open:
    return Open(replace(DELIVERED, chat=chat, requested_at=at), State.NEEDS_CONSENT)


@given(people, policies, any_moments, days_ahead, st.booleans())
def test_an_operator_is_told_in_their_hours_once_a_day_and_within_the_week(
    chat: ChatIdentity, by: Policy, start: datetime, ahead: list[int], also_admin: bool
) -> None:
    """Over changes of the clock and new years, from +14 to -11, also as Global Administrator."""
    calendar = by.calendars.of_person(chat)
    dates = [calendar.today(start) + days * DAY for days in ahead]
    by = replace(
        by, campaign=replace(by.campaign, targets=campaign(dates[0]).targets if dates else ())
    )
    worklist = Worklist(Recipient(chat), (asked(chat, start),) if also_admin and dates else ())
    intents = list(planned_digests(worklist, dates, start, start + 80 * DAY, by))
    assert all(calendar.is_open(each.at) for each in intents)
    # Asking somebody else instead tells this person nothing.
    found = [each for each in intents if not isinstance(each, Escalate)]
    told = [each for each in found if isinstance(each, Digest)]
    days = [calendar.day_of(each.at) for each in found]
    free = [d for d, e in zip(days, found, strict=True) if not _last_call(e)]
    assert len(set(free)) == len(free), "one message a day"
    assert len({each.key for each in found}) == len(found)
    for digest in told:
        today = calendar.day_of(digest.at)
        tells = [by.campaign.window(calendar.days_left(today, on)) for on in sorted(dates)]
        near = [w for w in tells if "operator" in w.audience]
        assert digest.notice.window == near[0].name
        assert digest.notice.round == today.isoformat()
        recent = [e.at for e in found if digest.at - 7 * DAY < e.at <= digest.at]
        assert len(recent) <= by.per_week
    for one, other in itertools.pairwise(told):
        assert one.at < other.at


def _last_call(each: Digest | Intent) -> bool:
    return isinstance(each, SendRound) and each.reason is Reason.LAST_CALL


@given(people, policies, any_moments, days_ahead)
def test_looking_every_hour_finds_what_looking_when_told_to_finds(
    chat: ChatIdentity, by: Policy, start: datetime, ahead: list[int]
) -> None:
    """`again` is never too late."""
    calendar = by.calendars.of_person(chat)
    dates = [calendar.today(start) + days * DAY for days in ahead]
    worklist = Worklist(Recipient(chat), ())
    jumped = digests(*dates, by=by, start=start, worklist=worklist)
    walked: list[Digest] = []
    for hour in range(14 * 24):
        found = evaluate(worklist, dates, start + timedelta(hours=hour), by).digest
        if found is not None:
            walked.append(found)
            worklist = after(worklist, found)
    assume(all(each.at < start + 13 * DAY for each in (*jumped, *walked)))
    assert [(d.key, d.notice.window) for d in jumped] == [(d.key, d.notice.window) for d in walked]


@given(people, policies, any_moments, st.integers(0, 60))
def test_before_a_date_operators_hear_of_it_when_the_week_has_room(
    chat: ChatIdentity, by: Policy, start: datetime, ahead: int
) -> None:
    """No zone and no season loses a digest: one comes on the first day of a window that tells."""
    by = replace(by, per_week=7)
    calendar = by.calendars.of_person(chat)
    on = calendar.today(start) + ahead * DAY
    told = [
        calendar.day_of(d.at)
        for d in digests(on, by=by, start=start, days=80, worklist=Worklist(Recipient(chat), ()))
    ]
    tomorrow = calendar.today(start) + DAY
    days = [tomorrow + n * DAY for n in range(ahead)]
    tells = [
        day
        for day in days
        if calendar.opening(day) is not None
        and "operator" in by.campaign.window(calendar.days_left(day, on)).audience
    ]
    assert not tells or min(told) <= tells[0]


def test_a_round_and_a_digest_share_one_rule_book() -> None:
    """The reminders of somebody who is no operator are not changed by it."""
    item = asked(OPERATOR, MONDAY)
    by = replace(BY, campaign=campaign(FRIDAY))
    alone = reminders.evaluate(olga(item), MONDAY + 2 * DAY, by)
    told = reminders.evaluate(olga(item, digests=(MONDAY + 2 * DAY,)), MONDAY + 2 * DAY, by)
    assert [type(i) for i in alone.intents] == [SendRound]
    assert (told.intents, told.again) == ((), MONDAY + 3 * DAY)
