"""Whom to remind of what, and when."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.campaign.intents import (
    Escalate,
    Intent,
    Open,
    Policy,
    Reason,
    SendRound,
    Snapshot,
    Worklist,
)
from bot.domain.campaign.planned_messages import Wait, after, decide, next_messages, planned
from bot.domain.campaign.reminders import evaluate, ignored, spoils
from bot.domain.campaign.rounds import MOST_NAMED
from bot.domain.campaign.windows import Audience, Campaign, Deadline, Scope, Tone, WindowName
from bot.domain.consent.requests import ConsentRequest, Proof, ProofKind, Stage, Stuck
from bot.domain.consent.snooze import Snooze, plan
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import Calendars, Hours
from tests.examples import ADA_IN_CHAT, DELIVERED
from tests.strategies import ZONES, any_moments, hours, some_days_off

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


WINDOWS_ALONE = {
    "jitter": timedelta(0),
    "gather": timedelta(0),
    "early_rounds": 0,
    "ignored_rounds": 4,
}


def policy(on: date | None = None, **more: Any) -> Policy:
    targets = (Deadline("target", on, "ours"),) if on is not None else ()
    return Policy(
        Campaign(targets=targets), Calendars(ZoneInfo("UTC"), Hours()), **{**WINDOWS_ALONE, **more}
    )


FAR = policy(date(2026, 12, 1))
MEASURED = replace(FAR, early_rounds=2, ignored_rounds=2)
AWAY_UNTIL = date(2026, 9, 25)
AWAY = Stuck(MONDAY, Reason.AWAY.value)
NEAR = policy(date(2026, 3, 6), ignored_rounds=9)


def asked(at: datetime = MONDAY, name: str = "r1", **more: Any) -> Open:
    request = replace(DELIVERED, id=name, app=AppRef("contoso", name), requested_at=at, **more)
    return Open(request, State.NEEDS_CONSENT)


def taken_on(at: datetime) -> Open:
    return asked(stage=Stage.ACKNOWLEDGED, proof=Proof(ProofKind.PERSONAL_LINK, "slack:U1", at))


def told(found: list[Intent]) -> list[tuple[datetime, tuple[str, ...], Reason]]:
    return [(i.at, i.notice.requests, i.reason) for i in found if isinstance(i, SendRound)]


def ada(*items: Open, **more: Any) -> Worklist:
    return Worklist(Recipient(ADA_IN_CHAT, **more), items)


def rounds(
    worklist: Worklist, by: Policy, days: int = 30, start: datetime = MONDAY
) -> list[Intent]:
    return list(planned(Snapshot((worklist,)), start, start + days * DAY, by))


def test_far_from_the_date_a_person_hears_every_ten_working_days() -> None:
    """Two weeks after they were asked, at nine in the morning."""
    assert [i.at for i in rounds(ada(asked()), FAR)] == [MONDAY + 14 * DAY, MONDAY + 28 * DAY]


def test_near_the_date_every_other_day_and_on_the_day_itself() -> None:
    """Asked on Monday for Friday: Wednesday, and the last call on Friday."""
    found = rounds(ada(asked()), NEAR, days=5)
    assert [i.at for i in found] == [MONDAY + 2 * DAY, MONDAY + 4 * DAY]
    assert [i.reason for i in found] == [Reason.ROUND, Reason.LAST_CALL]


def test_a_person_gets_one_message_with_all_their_apps() -> None:
    """The most urgent of them sets the pace."""
    campaign = Campaign(
        targets=(
            Deadline("target", date(2026, 12, 1), "ours"),
            replace(
                Deadline("target", date(2026, 3, 6), "ours"),
                scope=replace(Deadline("", date(2026, 1, 1), "").scope, app="contoso/r2"),
            ),
        )
    )
    by = replace(FAR, campaign=campaign)
    (first, *_) = rounds(ada(asked(), asked(name="r2")), by)
    assert isinstance(first, SendRound)
    assert first.notice.requests == ("r2", "r1")
    assert first.notice.window == WindowName.IMMINENT
    assert first.at == MONDAY + 2 * DAY


def test_who_has_many_apps_hears_of_a_few_at_a_time_and_of_all_in_turn() -> None:
    """What was named longest ago comes first; the message links to the others, and counts them."""
    items = [asked(name=f"r{n}", told=(MONDAY - (n == 9) * DAY,)) for n in range(10)]
    first, second = (i for i in rounds(ada(*items), FAR) if isinstance(i, SendRound))
    assert len(first.notice.requests) == MOST_NAMED
    assert first.notice.requests[0] == "r9"
    assert (first.notice.more, first.notice.also) == (2, ("r7", "r8"))
    assert second.notice.requests[:2] == ("r7", "r8")


def test_the_first_message_of_an_overdue_app_is_a_calm_one() -> None:
    """Somebody who was asked on Friday evening does not hear a sharp word on Monday."""
    by = replace(policy(notice=3), campaign=Campaign())
    found = rounds(ada(asked()), by, days=9)
    assert all(isinstance(i, SendRound) and i.notice.window == WindowName.OVERDUE for i in found)
    friday = MONDAY - 3 * DAY + timedelta(hours=8)
    late = evaluate(ada(asked(friday)), MONDAY + 2 * DAY, replace(by, notice=9)).intents
    assert [i.notice.tone for i in late if isinstance(i, SendRound)] == [Tone.CALM]


def test_a_done_app_stops_everything_about_it_at_once() -> None:
    """Whether the evidence says so, or the request ended."""
    done = replace(asked(), state=State.MIGRATED)
    ended = asked(stage=Stage.DONE)
    assert rounds(ada(done, ended), FAR) == []
    assert evaluate(ada(done), MONDAY + 99 * DAY, FAR).again is None


def test_who_took_it_on_is_left_alone_and_then_asked_how_it_goes() -> None:
    """The acknowledgement decays after three working days without a change."""
    found = rounds(ada(taken_on(MONDAY)), NEAR, days=10)
    assert found[0].at == MONDAY + 3 * DAY
    assert found[0].reason is Reason.NOTHING_FOLLOWED


def test_silence_goes_sideways_and_not_louder() -> None:
    """After the first message and two rounds somebody else is asked, and the person is left be."""
    found = rounds(ada(asked()), policy(ignored_rounds=3), days=60)
    assert [type(i) for i in found] == [SendRound, SendRound, Escalate]
    assert found[-1].reason is Reason.IGNORED


def test_later_is_kept_to_the_minute() -> None:
    """Nothing before it; and then the link anew, whatever the cadence says."""
    until = MONDAY + 3 * DAY + timedelta(hours=5)
    worklist = ada(asked(snooze=Snooze(until.replace(tzinfo=None), "UTC", "change window")))
    found = rounds(worklist, NEAR, days=5)
    assert [i.at for i in found] == [until, MONDAY + 4 * DAY]
    assert [i.reason for i in found] == [Reason.SNOOZE_ENDED, Reason.LAST_CALL]


def test_what_is_put_off_keeps_no_other_app_waiting() -> None:
    """The round speaks of the others; when its time comes, they come along in one message."""
    snooze = Snooze(datetime(2026, 3, 5, 14), "UTC", "change window")
    found = rounds(ada(asked(snooze=snooze), asked(name="r2")), NEAR, days=4)
    assert told(found) == [
        (MONDAY + 2 * DAY, ("r2",), Reason.ROUND),
        (snooze.until, ("r1", "r2"), Reason.SNOOZE_ENDED),
    ]


def test_apps_that_were_put_off_to_one_moment_come_in_one_message() -> None:
    """And once only, also where the date was moved ahead of the plan."""
    snooze = Snooze(datetime(2026, 3, 5, 14), "UTC", "change window")
    both = ada(asked(snooze=snooze), asked(name="r2", snooze=snooze))
    assert told(rounds(both, FAR, days=10)) == [(snooze.until, ("r1", "r2"), Reason.SNOOZE_ENDED)]
    sooner = rounds(both, policy(date(2026, 3, 4)), days=3)
    assert [at for at, _, _ in told(sooner)] == [MONDAY + 2 * DAY]


def test_a_plan_whose_message_did_not_get_through_is_taken_up_by_the_rounds() -> None:
    """It was told of as far as anybody knows: not at once again, and not never."""
    snooze = Snooze(datetime(2026, 3, 3, 9), "UTC")
    worklist = ada(asked(snooze=snooze), rounds=(snooze.until,))
    assert [at for at, _, _ in told(rounds(worklist, NEAR, days=4))] == [MONDAY + 3 * DAY]


def test_who_said_later_has_answered() -> None:
    """Silence is counted from there."""
    told = tuple(MONDAY + day * DAY for day in (0, 1, 2, 4))
    silent, spoke = asked(told=told), asked(told=told, answered_at=MONDAY + 3 * DAY)
    recipient = Recipient(ADA_IN_CHAT, told)
    assert ignored(silent.request, recipient) == 4
    assert ignored(spoke.request, recipient) == 1


def test_messages_that_did_not_speak_of_an_app_count_for_no_silence_about_it() -> None:
    """While somebody is left alone with one app, the rounds are about the others."""
    recipient = Recipient(ADA_IN_CHAT, tuple(MONDAY + day * DAY for day in (0, 1, 2, 4)))
    assert ignored(asked(told=(MONDAY,)).request, recipient) == 1
    assert ignored(taken_on(MONDAY).request, recipient) == 0


def test_whoever_does_some_of_their_apps_ignores_none_of_them() -> None:
    """Two of twelve after every message is an answer each time."""
    told = (MONDAY, MONDAY + 2 * DAY, MONDAY + 4 * DAY)
    items = [asked(name=f"r{n}", told=told) for n in range(10)]
    diligent = Recipient(ADA_IN_CHAT, told, answered_at=MONDAY + 5 * DAY)
    assert {ignored(item.request, diligent) for item in items} == {0}
    found = rounds(Worklist(diligent, tuple(items)), MEASURED, days=7)
    assert all(isinstance(intent, SendRound) for intent in found)


def test_first_and_second_reminder_come_after_two_working_days_then_somebody_else() -> None:
    """By the measured defaults: the first message at nine, a reminder, and then the next one."""
    found = rounds(ada(asked(MONDAY, stage=Stage.REQUESTED, told=())), MEASURED)
    assert [(i.at, i.reason) for i in found] == [
        (MONDAY, Reason.ASKED),
        (MONDAY + 2 * DAY, Reason.ROUND),
        (MONDAY + 4 * DAY, Reason.IGNORED),
    ]


def test_where_nobody_is_left_the_windows_go_on_and_the_first_one_is_asked_once_more() -> None:
    """After four weeks, while more than twenty working days are left; nearer the date not."""
    told = (MONDAY - 6 * DAY, MONDAY - 4 * DAY)
    stuck = asked(told=told, stuck=Stuck(MONDAY, Reason.IGNORED.value))
    far = rounds(ada(stuck, rounds=told), MEASURED, days=60)
    assert [i.at for i in far[:-1]] == [MONDAY, MONDAY + 14 * DAY]
    assert (far[-1].at, far[-1].reason) == (MONDAY + 28 * DAY, Reason.AGAIN)
    near = replace(MEASURED, campaign=policy(date(2026, 4, 20)).campaign)
    assert Reason.AGAIN not in {i.reason for i in rounds(ada(stuck, rounds=told), near, days=60)}
    twice = asked(told=told, stuck=Stuck(MONDAY, Reason.AGAIN.value))
    assert Reason.AGAIN not in {i.reason for i in rounds(ada(twice), MEASURED, days=90)}


def test_twelve_apps_that_are_sent_for_at_once_are_one_message_in_their_morning() -> None:
    """At half past nine in Berlin it is half past midnight in Los Angeles."""
    there = replace(ADA_IN_CHAT, time_zone="America/Los_Angeles")
    items = tuple(
        asked(MONDAY + timedelta(minutes=n), f"r{n}", stage=Stage.REQUESTED, told=(), chat=there)
        for n in range(12)
    )
    first, *_ = rounds(Worklist(Recipient(there), items), MEASURED)
    assert isinstance(first, SendRound)
    assert first.at == datetime(2026, 3, 2, 17, tzinfo=UTC)
    assert (len(first.notice.requests), first.notice.more) == (8, 4)
    assert len(first.notice.links_to) == 12


def test_all_of_twenty_four_apps_are_named_before_anybody_else_is_asked() -> None:
    """Each one twice; what goes to the next one is eight at a time."""
    items = [asked(MONDAY, f"r{n:02}", stage=Stage.REQUESTED, told=()) for n in range(24)]
    found = rounds(ada(*items), MEASURED, days=40)
    told = [i.notice.requests for i in found if isinstance(i, SendRound)]
    named = Counter(itertools.chain.from_iterable(told))
    assert len(named) == 24
    assert set(named.values()) == {2}
    away = Counter(i.at.date() for i in found if isinstance(i, Escalate))
    assert max(away.values()) <= MOST_NAMED


def test_what_is_due_today_is_named_first_however_many_are_overdue() -> None:
    """Eight overdue apps and one due on the 21st, spoken of on the 20th and on the day."""
    due = Deadline("target", date(2026, 3, 5), "ours", Scope(app="contoso/r9"))
    campaign = Campaign(targets=(Deadline("target", date(2026, 1, 1), "ours"), due))
    items = [asked(name=f"r{n}", told=(MONDAY,)) for n in range(1, 10)]
    by = replace(MEASURED, campaign=campaign, ignored_rounds=9)
    found = rounds(ada(*items), by, days=4)
    last = next(i for i in found if i.reason is Reason.LAST_CALL and isinstance(i, SendRound))
    assert last.at == MONDAY + 3 * DAY
    assert last.notice.requests[0] == "r9"


DATES = Campaign(
    targets=tuple(
        Deadline("target", (MONDAY + (3 + n) * DAY).date(), "ours", Scope(app=f"contoso/r{n}"))
        for n in range(9)
    )
)


def test_the_reminders_before_a_date_leave_room_for_its_last_call() -> None:
    """A week has three messages: two, then Friday's, whatever pace the windows have."""
    daily = replace(NEAR, early_rounds=9, early_every=1)
    found = rounds(ada(asked(MONDAY - 3 * DAY)), daily, days=5)
    assert [(i.at - MONDAY).days for i in found] == [0, 1, 4]
    assert [i.reason for i in found][-1] == Reason.LAST_CALL


@pytest.mark.parametrize(
    ("on", "spoilt"), [("2026-03-05", None), ("2026-03-06", date(2026, 3, 6)), ("2026-03-09", None)]
)
def test_another_message_on_the_day_of_the_last_call_takes_its_room(
    on: str, spoilt: date | None
) -> None:
    """Before that day the week has room for both; after it there is no last call."""
    another = date.fromisoformat(on), datetime.fromisoformat(f"{on}T09:00Z")
    assert spoils(ada(asked()), another, MONDAY, NEAR) == spoilt


def test_where_the_week_has_no_room_on_its_last_day_an_app_is_named_first_before() -> None:
    """A date on each day of a week and the next, and three messages in seven days."""
    by = replace(FAR, campaign=DATES, ignored_rounds=99, early_rounds=99, early_every=1)
    items = tuple(asked(MONDAY - 3 * DAY, f"r{n}") for n in range(9))
    found = rounds(ada(*items), by, days=12)
    sent = [i for i in found if isinstance(i, SendRound)]
    for first, fourth in zip(sent, sent[3:], strict=False):
        assert fourth.at - first.at >= 7 * DAY
    last = {
        item.request.id: by.calendars.of("").last_working_day((MONDAY + (3 + n) * DAY).date())
        for n, item in enumerate(items)
    }
    for name, on in last.items():
        before = [i for i in sent if i.at.date() <= on][-1]
        names = before.notice.requests
        overdue = [one for one in names if last[one] < before.at.date()]
        assert name in names
        assert all(names.index(name) < names.index(one) for one in overdue)


def test_a_message_that_was_wanted_comes_also_in_a_full_week() -> None:
    """ "Later" is a promise to them; it counts, so that the next of ours waits."""
    until = MONDAY + timedelta(hours=4)
    heard = (MONDAY - 4 * DAY, MONDAY - 3 * DAY, MONDAY - DAY)
    wanted = asked(snooze=Snooze(until.replace(tzinfo=None), "UTC"))
    items = (wanted, asked(MONDAY - 9 * DAY, "r2"))
    found = told(rounds(ada(*items, rounds=heard), NEAR, days=5))
    assert found[0] == (until, ("r1", "r2"), Reason.SNOOZE_ENDED)


def test_whoever_is_away_until_a_day_hears_when_they_are_back() -> None:
    """Away until 25 September, a Friday, asked on the 14th: on Monday, or somebody else at once."""
    asked_on = datetime(2026, 9, 14, 9, tzinfo=UTC)
    item = asked(asked_on, stage=Stage.REQUESTED, told=())
    away = ada(item, absences=(Absence(None, date(2026, 9, 25)),))
    (only,) = rounds(away, MEASURED, days=3, start=asked_on)
    assert (only.reason, only.at) == (Reason.AWAY, asked_on)
    alone = ada(
        replace(item, request=replace(item.request, stuck=AWAY)),
        absences=(Absence(None, AWAY_UNTIL),),
    )
    first, *_ = rounds(alone, MEASURED, start=asked_on)
    assert (first.reason, first.at) == (Reason.ASKED, datetime(2026, 9, 28, 9, tzinfo=UTC))


@pytest.mark.parametrize("more", [(), (Absence(date(2026, 6, 1), date(2026, 6, 5)),)])
@pytest.mark.parametrize(
    ("first", "last", "by", "found"),
    [
        # Due on the 16th: when they are back.
        (date(2026, 3, 16), date(2026, 3, 18), FAR, [(17, None)]),
        # Due before it: as ever.
        (date(2026, 3, 17), date(2026, 3, 18), FAR, [(14, None)]),
        # The last day before the date is in it: the last call comes before, then somebody else.
        (
            date(2026, 3, 6),
            date(2026, 3, 10),
            NEAR,
            [(2, Reason.ROUND), (3, Reason.LAST_CALL), (4, Reason.AWAY)],
        ),
        # For too long to wait, and overdue on its first day: somebody else, on that day.
        (date(2026, 3, 9), date(2026, 3, 27), NEAR, [(2, None), (4, None), (7, Reason.AWAY)]),
    ],
)
def test_an_absence_to_come_is_planned_around(
    first: date,
    last: date,
    by: Policy,
    found: list[tuple[int, Reason | None]],
    more: tuple[Absence, ...],
) -> None:
    """What would fall into it is told after it, or before where the date is in it."""
    worklist = ada(asked(), absences=(Absence(first, last), *more))
    looks = rounds(worklist, by, days=25)[: len(found)]
    assert [i.at for i in looks] == [MONDAY + n * DAY for n, _ in found]
    assert all(i.reason == why for i, (_, why) in zip(looks, found, strict=True) if why)


def test_each_of_several_absences_is_planned_around() -> None:
    """Due on the 16th, which is in the first one, and on the 7th, which is in the second one."""
    absences = (
        Absence(date(2026, 3, 16), date(2026, 3, 23)),
        Absence(date(2026, 3, 30), date(2026, 4, 10)),
    )
    found = rounds(ada(asked(), absences=absences), FAR, days=50)
    assert [f"{i.at:%d.%m.}" for i in found] == ["24.03.", "13.04."]


def test_what_is_passed_on_takes_no_message_with_it() -> None:
    """What else waits would have come along; alone it has no message on that day."""
    gone = asked(MONDAY - 4 * DAY, told=(MONDAY - 4 * DAY, MONDAY - 3 * DAY))
    near, far = ("contoso/r1", date(2026, 3, 6)), ("contoso/r2", date(2026, 12, 1))
    targets = tuple(Deadline("target", on, "ours", Scope(app=app)) for app, on in (near, far))
    by = replace(policy(), campaign=Campaign(targets=targets), ignored_rounds=2)
    other = asked(MONDAY - 3 * DAY, "r2", told=(MONDAY - 3 * DAY,))
    found = rounds(ada(gone, other, rounds=(MONDAY - 4 * DAY, MONDAY - 3 * DAY)), by, days=7)
    assert [(type(i), i.at) for i in found] == [(Escalate, MONDAY + DAY)]


def test_away_beats_ignored() -> None:
    """Two messages went unanswered, and they say that they are away: no silence."""
    told = (MONDAY - 4 * DAY, MONDAY - 2 * DAY)
    recipient = Recipient(ADA_IN_CHAT, told).away((Absence(None, date(2026, 3, 4)),), MONDAY)
    found = rounds(Worklist(recipient, (asked(told=told),)), MEASURED, days=10)
    assert isinstance(found[0], SendRound)


def test_what_was_put_off_is_not_passed_on_as_ignored_at_its_time() -> None:
    """Put off until ten o'clock; whatever was said of other apps meanwhile did not name it."""
    snooze = Snooze(datetime(2026, 3, 12, 10), "UTC")
    put_off = asked(told=(MONDAY - DAY, MONDAY), snooze=snooze, answered_at=MONDAY + DAY)
    found = rounds(ada(put_off, asked(name="r2", told=())), MEASURED, days=11)
    come = next(i for i in found if i.reason is Reason.SNOOZE_ENDED and isinstance(i, SendRound))
    assert come.notice.requests[0] == "r1"


def test_nobody_has_a_second_message_on_the_day_of_another() -> None:
    """What is sent for after it goes out the next day, and the answer says why."""
    late = asked(MONDAY + timedelta(hours=3), "r2", stage=Stage.REQUESTED, told=())
    worklist = ada(asked(told=(MONDAY,)), late, rounds=(MONDAY,))
    now = MONDAY + timedelta(hours=3)
    found = next_messages(worklist, ["r2"], now, MEASURED)["r2"]
    assert (found.at, found.why) == (MONDAY + DAY, Wait.HEARD)


@pytest.mark.parametrize(
    ("now", "recipient", "at", "why"),
    [
        (MONDAY, {}, MONDAY + timedelta(minutes=5), Wait.GATHER),
        (MONDAY - timedelta(hours=8), {}, MONDAY, Wait.HOURS),
        (MONDAY - 2 * DAY, {}, MONDAY, Wait.HOURS),
        (MONDAY - 3 * DAY, {}, MONDAY, Wait.START),
        (MONDAY, {"absences": (Absence(None, date(2026, 3, 3)),)}, MONDAY + 2 * DAY, Wait.AWAY),
        (
            MONDAY + timedelta(hours=9),
            {"absences": (Absence(date(2026, 3, 3), date(2026, 3, 3)),)},
            MONDAY + 2 * DAY,
            Wait.AWAY,
        ),
        (
            MONDAY + 2 * DAY,
            {"rounds": (MONDAY - 3 * DAY, MONDAY, MONDAY + DAY)},
            MONDAY + 4 * DAY,
            Wait.WEEK,
        ),
        (
            MONDAY + 2 * DAY,
            {"rounds": (MONDAY - 4 * DAY, MONDAY, MONDAY + DAY)},
            MONDAY + 3 * DAY,
            Wait.WEEK,
        ),
    ],
)
def test_a_first_message_says_when_it_goes_out_and_why_not_at_once(
    now: datetime, recipient: dict[str, Any], at: datetime, why: Wait
) -> None:
    """By the same rules that send it. The campaign began on Saturday."""
    item = asked(now, stage=Stage.REQUESTED, told=())
    campaign = replace(MEASURED.campaign, start=(MONDAY - 2 * DAY).date())
    by = replace(MEASURED, campaign=campaign, gather=timedelta(minutes=5))
    found = next_messages(ada(item, **recipient), ["r1"], now, by)["r1"]
    assert (found.at, found.why) == (at, why)


def test_who_says_that_it_is_saved_is_asked_once_and_then_the_operators() -> None:
    """Their word counts on the board; but while nothing shows it, it is not done."""
    saved = replace(
        asked(stage=Stage.SAVED, answered_at=MONDAY - 3 * DAY, told=()), state=State.SAID_SAVED
    )
    found = rounds(ada(saved), NEAR, days=30)
    assert [type(i) for i in found] == [SendRound, Escalate]
    assert {i.reason for i in found} == {Reason.NOT_SEEN}
    assert found[0].at == MONDAY + 2 * DAY
    away = rounds(ada(saved, absences=(Absence(None, date(2026, 3, 9)),)), NEAR, days=7)
    assert away == [], "nobody else could do more about it"


def test_later_never_goes_past_a_date_that_was_moved_forward() -> None:
    """The last working day's morning at the latest."""
    worklist = ada(asked(snooze=Snooze(datetime(2026, 4, 1, 9), "UTC", "busy")))
    assert rounds(worklist, NEAR)[0].at == MONDAY + 4 * DAY


def test_what_is_put_off_on_the_last_evening_comes_when_they_said() -> None:
    """The date has no later working day to keep to: not a day after what they said, either."""
    evening, until = MONDAY + timedelta(hours=10), MONDAY + DAY + timedelta(hours=2)
    item = asked(
        MONDAY - 9 * DAY, snooze=Snooze(until.replace(tzinfo=None), "UTC"), answered_at=evening
    )
    person = ada(item, rounds=(MONDAY,))
    assert evaluate(person, evening, policy(MONDAY.date())).again == until


def test_nothing_reaches_somebody_who_is_away_for_a_few_days() -> None:
    """They hear again once they are back, by the cadence."""
    found = rounds(ada(asked(), absences=(Absence(None, date(2026, 3, 17)),)), FAR)
    assert found[0].at == datetime(2026, 3, 18, 9, tzinfo=UTC)


def test_an_absence_for_ever_is_one_of_a_year() -> None:
    """Nothing is counted day by day for thousands of years."""
    by = policy(date(2026, 3, 6), longest_absence=500)
    worklist = ada(asked(), absences=(Absence(None, date.max),))
    (gone,) = evaluate(worklist, MONDAY, by).intents
    assert isinstance(gone, Escalate)


def test_an_absence_over_the_date_is_not_waited_for() -> None:
    """Somebody else is asked at once."""
    (only,) = rounds(ada(asked(), absences=(Absence(None, date(2026, 3, 9)),)), NEAR)
    assert isinstance(only, Escalate)
    assert only.reason is Reason.AWAY
    assert only.at == MONDAY


def test_nobody_is_reminded_before_the_campaign_starts() -> None:
    """The start is a local date."""
    by = replace(NEAR, campaign=replace(NEAR.campaign, start=date(2026, 3, 5)))
    assert rounds(ada(asked()), by, days=5)[0].at == MONDAY + 3 * DAY


def test_a_window_without_persons_in_its_audience_tells_them_nothing() -> None:
    """The channel may still be told; the next window reaches the person."""
    windows = tuple(
        replace(w, audience=frozenset({Audience.CHANNEL}))
        if w.name in (WindowName.IMMINENT, WindowName.APPROACHING, WindowName.DISTANT)
        else w
        for w in FAR.campaign.windows
    )
    by = replace(NEAR, campaign=replace(NEAR.campaign, windows=windows))
    assert [i.at for i in rounds(ada(asked()), by, days=5)] == [MONDAY + 4 * DAY]


@pytest.mark.parametrize(("on", "apps"), [(9, 20), (3, 4), (2, 4), (1, 20)])
def test_one_person_can_do_four_apps_a_day_until_the_date(on: int, apps: int) -> None:
    """On the day itself as well; for what is overdue they have a week of theirs."""
    by = policy()
    assert by.can_do(by.calendars.of(""), MONDAY, date(2026, 3, on)) == apps


def test_a_morning_is_no_burst() -> None:
    """A hundred people are spread over the jitter; the same person has the same minute again."""
    by = replace(NEAR, jitter=timedelta(minutes=20))
    people = [
        Worklist(Recipient(ChatIdentity(Platform.SLACK, f"U{n}")), (asked(),)) for n in range(100)
    ]
    found = list(planned(Snapshot(people), MONDAY, MONDAY + 3 * DAY, by))
    minutes = Counter(i.at.minute for i in found)
    assert len(found) == 100
    assert max(minutes.values()) < 20
    assert set(minutes) <= set(range(20))
    assert found == list(planned(Snapshot(people), MONDAY, MONDAY + 3 * DAY, by))


# ------------------------------------------------------------------ for any zone and season

people = st.builds(
    lambda zone, name: ChatIdentity(Platform.SLACK, name, time_zone=zone),
    st.sampled_from(ZONES),
    st.sampled_from(["U1", "U2", "U3"]),
)
policies = st.builds(
    lambda hours, jitter, per_week, silent, targets: Policy(
        Campaign(targets=targets),
        Calendars(ZoneInfo("UTC"), hours, country="X", days_off=some_days_off),
        per_week=per_week,
        ignored_rounds=silent,
        jitter=jitter,
    ),
    hours,
    st.integers(0, 60).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(1, 5),
    st.integers(2, 30),
    st.just(()),
)


def requested(chat: ChatIdentity, at: datetime, count: int) -> tuple[Open, ...]:
    request: ConsentRequest = replace(DELIVERED, chat=chat, requested_at=at)
    return tuple(
        Open(replace(request, id=f"r{n}", app=AppRef("contoso", f"a{n}")), State.NEEDS_CONSENT)
        for n in range(count)
    )


@given(people, policies, any_moments, st.integers(-40, 90), st.integers(1, 3))
def test_a_person_is_told_in_their_hours_once_a_day_and_before_the_date(
    chat: ChatIdentity, by: Policy, start: datetime, ahead: int, count: int
) -> None:
    """Over changes of the clock, leap days and new years, from +14 to -11, for three months."""
    calendar = by.calendars.of_person(chat)
    on = calendar.today(start) + ahead * DAY
    by = replace(by, campaign=Campaign(targets=(Deadline("target", on, "ours"),)))
    worklist = Worklist(Recipient(chat), requested(chat, start, count))
    found = rounds(worklist, by, days=95, start=start)
    told = [i for i in found if isinstance(i, SendRound)]
    days = [calendar.today(i.at) for i in told]
    assert all(calendar.is_open(i.at) for i in found)
    assert len(set(days)) == len(days)
    assert len({i.key for i in found}) == len(found)
    for first, other in itertools.pairwise(i.at for i in told):
        assert first < other
    for i in told:
        recent = [other for other in told if i.at - 7 * DAY < other.at <= i.at]
        assert len(recent) <= by.per_week + (i.reason is Reason.LAST_CALL)
    last_day = calendar.last_working_day(on)
    gone_sideways = any(isinstance(i, Escalate) for i in found)
    if last_day > calendar.today(start) and not gone_sideways:
        assert any(i.at.astimezone(calendar.zone).date() <= on for i in told)
        assert last_day in days


@given(people, policies, any_moments, st.integers(0, 60))
def test_looking_every_hour_finds_what_looking_when_told_to_finds(
    chat: ChatIdentity, by: Policy, start: datetime, ahead: int
) -> None:
    """`again` is never too late: a tick that reads only what is due misses nothing."""
    on = by.calendars.of_person(chat).today(start) + ahead * DAY
    by = replace(by, campaign=Campaign(targets=(Deadline("target", on, "ours"),)))
    worklist = Worklist(Recipient(chat), requested(chat, start, 1))
    jumped = rounds(worklist, by, days=14, start=start)
    walked: list[Intent] = []
    for hour in range(14 * 24):
        now = start + timedelta(hours=hour)
        for intent in decide(Snapshot((worklist,)), now, by):
            walked.append(intent)
            worklist = after(worklist, intent)
    calendar = by.calendars.of_person(chat)
    assume(all(i.at < start + 13 * DAY for i in jumped))
    assert [(type(i), calendar.today(i.at)) for i in jumped] == [
        (type(i), calendar.today(i.at)) for i in walked
    ]


@given(people, any_moments, st.integers(-20, 40), st.integers(-30, 60), st.integers(-40, 40))
def test_a_snooze_is_heard_of_again_in_hours_and_not_past_the_date(
    chat: ChatIdentity, start: datetime, ahead: int, wanted: int, moved: int
) -> None:
    """Whatever moment was wanted, and wherever the date is moved afterwards."""
    by = policy()
    calendar = by.calendars.of_person(chat)
    on = calendar.today(start) + ahead * DAY
    by = replace(by, campaign=Campaign(targets=(Deadline("target", on, "ours"),)))
    local = (start + wanted * DAY).astimezone(calendar.zone).replace(tzinfo=None)
    snooze = plan(local, "busy", start, on + moved * DAY, calendar)
    (item,) = requested(chat, start - 9 * DAY, 1)
    put_off = replace(item, request=replace(item.request, snooze=snooze))
    worklist = Worklist(Recipient(chat), (put_off,))
    found = rounds(worklist, by, days=70, start=start)
    assert found
    assert all(calendar.is_open(i.at) for i in found)
    if ahead > 7:
        assert calendar.today(found[0].at) <= on


def test_hours_by_night_are_kept_too() -> None:
    """Somebody who works from three to five is told between three and five."""
    by = replace(
        NEAR,
        calendars=Calendars(
            ZoneInfo("America/New_York"), Hours(time(3), time(5), frozenset(range(7)))
        ),
    )
    found = rounds(ada(asked()), by, days=20)
    zone = ZoneInfo("America/New_York")
    assert {i.at.astimezone(zone).hour for i in found} <= {3, 4}


def test_all_that_waits_for_a_person_is_foreseen_together_as_it_is_alone() -> None:
    """More apps than one message names, so that the later ones come with a later one."""
    names = [f"r{number}" for number in range(25)]
    worklist = ada(*(asked(MONDAY, name, stage=Stage.REQUESTED, told=()) for name in names))
    together = next_messages(worklist, [*names, "gone"], MONDAY, MEASURED)
    assert together == {
        name: next_messages(worklist, [name], MONDAY, MEASURED)[name] for name in (*names, "gone")
    }
    assert together["gone"].at is None
