"""Absences that people speak of: a few, in order and apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.typed.times.spans import read_spans
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign
from bot.domain.people.absences import MOST_ABSENCES, Absence, still, together, with_another
from bot.domain.people.admins import Platform
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import DAY, Calendar, Calendars
from bot.errors import TooManyAbsences
from bot.services.campaign.postpone import Absences, Postpone
from tests.examples import ADA_IN_CHAT, NOW
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock
from tests.there import there

TODAY = NOW.date()
FRIDAY = date(2025, 3, 7)
Days = tuple[int | None, int]


def in_days(days: Days) -> Absence:
    first, last = days
    return Absence(None if first is None else TODAY + first * DAY, TODAY + last * DAY)


@pytest.fixture
def ledger() -> FakeLedger:
    return FakeLedger()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def postpone(ledger: FakeLedger, clock: FakeClock) -> Postpone:
    policy = Policy(Campaign(), Calendars(ZoneInfo("UTC")))
    return Postpone(ledger=ledger, clock=clock, policy=policy)


async def say(postpone: Postpone, days: Days) -> Absences:
    said = in_days(days)
    return await postpone.away(ADA_IN_CHAT, said.last, said.first)


@pytest.mark.parametrize(
    ("before", "said", "noted", "beside"),
    [
        ([], (20, 24), (20, 24), []),
        ([(20, 24)], (30, 31), (30, 31), [(20, 24)]),
        ([(30, 31)], (20, 24), (20, 24), [(30, 31)]),
        ([(20, 24)], (None, 3), (None, 3), [(20, 24)]),
        ([(None, 9)], (20, 24), (20, 24), [(None, 9)]),
        ([(20, 24)], (22, 27), (20, 27), []),
        ([(20, 27)], (22, 24), (20, 27), []),
        ([(20, 24), (30, 34)], (23, 31), (20, 34), []),
        ([(20, 24)], (None, 25), (None, 25), []),
        ([(None, 4)], (7, 11), (None, 11), []),  # until Friday, and from Monday on
        ([(7, 11)], (14, 15), (7, 15), []),  # the weekend between them is no work
        ([(7, 11)], (15, 15), (15, 15), [(7, 11)]),  # Monday is
        ([(None, 9), (20, 24)], (None, 3), (None, 3), [(20, 24)]),  # said anew
        ([(20, 24)], (20, 22), (20, 22), []),
        ([(7, 11), (22, 33)], (None, -1), None, [(7, 11), (22, 33)]),
        ([(None, 4), (22, 33)], (None, -1), None, [(22, 33)]),
    ],
)
async def test_several_absences_are_kept(
    postpone: Postpone,
    ledger: FakeLedger,
    before: list[Days],
    said: Days,
    noted: Days | None,
    beside: list[Days],
) -> None:
    """What overlaps or touches is one; one that begins on the same day is said anew."""
    for days in before:
        await say(postpone, days)
    found = await say(postpone, said)
    others = tuple(map(in_days, beside))
    assert found == Absences(None if noted is None else in_days(noted), others)
    known = there(await ledger.recipient(ADA_IN_CHAT))
    kept = sorted((*beside, *([noted] if noted else [])), key=lambda one: one[1])
    assert known.away_from(TODAY) == tuple(map(in_days, kept))


@pytest.mark.parametrize(
    ("kept", "last", "ended", "left"),
    [
        ([], None, None, []),
        ([(None, 4)], None, (None, 4), []),
        ([(20, 24)], None, (20, 24), []),
        ([(None, 4), (20, 24)], None, (None, 4), [(20, 24)]),
        ([(20, 24), (30, 34)], None, None, [(20, 24), (30, 34)]),
        ([(None, 4), (20, 24), (30, 34)], 34, (30, 34), [(None, 4), (20, 24)]),
        ([(20, 24)], 25, None, [(20, 24)]),
    ],
)
async def test_back_ends_the_present_one_or_the_one_that_is_meant(
    postpone: Postpone,
    ledger: FakeLedger,
    kept: list[Days],
    last: int | None,
    ended: Days | None,
    left: list[Days],
) -> None:
    """Of several to come none is called off before somebody says which."""
    for days in kept:
        await say(postpone, days)
    named = None if last is None else TODAY + last * DAY
    found = await postpone.back(ADA_IN_CHAT, last=named)
    stay = tuple(map(in_days, left))
    assert found == Absences(None if ended is None else in_days(ended), stay)
    known = await ledger.recipient(ADA_IN_CHAT) or Recipient(ADA_IN_CHAT)
    assert known.away_from(TODAY) == stay


async def test_no_more_than_a_dozen_are_kept(
    postpone: Postpone, ledger: FakeLedger, clock: FakeClock
) -> None:
    """The next one is refused, and those that are over make room."""
    for n in range(MOST_ABSENCES):
        await say(postpone, (14 * n + 1, 14 * n + 2))
    with pytest.raises(TooManyAbsences):
        await say(postpone, (300, 301))
    assert len(there(await ledger.recipient(ADA_IN_CHAT)).absences) == MOST_ABSENCES
    assert (await say(postpone, (1, 5))).said == in_days((1, 5))  # it is one of them
    clock.forward(10 * DAY)
    await say(postpone, (300, 301))
    known = there(await ledger.recipient(ADA_IN_CHAT))
    assert len(known.absences) == MOST_ABSENCES
    assert known.absences[0] == in_days((15, 16))


async def test_an_absence_is_of_a_year_at_most(postpone: Postpone, ledger: FakeLedger) -> None:
    """The audit has what is said."""
    assert (await postpone.away(ADA_IN_CHAT, date.max)).said == in_days((None, 366))
    assert [(e.action, e.detail["until"]) for e in await ledger.audit()] == [("away", "2026-03-04")]


@pytest.mark.parametrize(
    ("first", "day", "is_away", "back_on", "is_over"),
    [
        (None, 1, True, 6, False),
        (3, 1, False, 1, False),
        (3, 3, True, 6, False),
        (3, 5, True, 6, False),
        (3, 6, False, 6, True),
    ],
)
def test_an_absence_has_a_first_and_a_last_day(
    first: int | None, day: int, is_away: bool, back_on: int, is_over: bool
) -> None:
    """Up to and with the fifth day; `back_on` is the first one on which they are there."""
    today = TODAY + day * DAY
    ada = Recipient(ADA_IN_CHAT).away((in_days((first, 5)),), NOW)
    assert ada.is_away(today) == is_away
    assert ada.back_on(today) == TODAY + back_on * DAY
    assert (ada.away_from(today) == ()) == is_over


def test_an_absence_ends_after_it_begins() -> None:
    """Whatever a store holds."""
    with pytest.raises(ValueError, match="before it begins"):
        Absence(FRIDAY, FRIDAY - DAY)


SPANS = st.tuples(st.integers(0, 60), st.integers(0, 9)).map(lambda n: (n[0], sum(n)))


@given(st.lists(SPANS, max_size=8), SPANS, st.integers(-5, 70))
def test_nobody_is_there_on_a_day_of_which_they_said_otherwise(
    kept: list[tuple[int, int]], said: tuple[int, int], day: int
) -> None:
    """In order and apart, whatever is said: the days are those of all of them."""
    before = together(map(in_days, kept), lambda last: last + DAY)
    found = with_another(before, in_days(said), lambda last: last + DAY)
    assert all(two.first and one.last + DAY < two.first for one, two in pairwise(found))
    others = [one for one in before if one.first != in_days(said).first]
    then = TODAY + day * DAY
    away = any(one.covers(then) for one in (*others, in_days(said)))
    assert any(one.covers(then) for one in found) == away
    assert [one.covers(then) for one in still(found, then)] == [True] * away + [False] * (
        len(still(found, then)) - away
    )


def test_an_absence_said_on_one_account_outlasts_an_answer_on_another() -> None:
    """Only "back" ends it, wherever that is said."""
    later, away = NOW + timedelta(hours=1), (Absence(None, FRIDAY),)
    gone = Recipient(ADA_IN_CHAT).away(away, NOW)
    here = Recipient(replace(ADA_IN_CHAT, platform=Platform.TEAMS)).answered(later)
    assert here.joined([gone]).absences == away
    assert gone.joined([here.away((), later)]).absences == ()
    assert here.joined([replace(gone, away_said_at=None)]).absences == away


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("7-11 April and 22 Apr - 2 May", ["7.4.-11.4.", "22.4.-2.5."]),
        ("vom 7. bis 11.4. und dann wieder vom 22.4. bis 2.5.", ["7.4.-11.4.", "22.4.-2.5."]),
        ("vom 24. bis 28.4. sowie am 4.5.", ["24.4.-28.4.", "4.5.-4.5."]),
        ("7-11 April, 22 April to 2 May", ["7.4.-11.4.", "22.4.-2.5."]),
        ("until Friday and from 22 to 24 April", ["-7.3.", "22.4.-24.4."]),
        ("between 7 and 11 April", ["7.4.-11.4."]),
        ("from 24 and 25 April", ["24.4.-25.4."]),
        ("Friday, 11 April to Monday, 14 April", ["11.4.-14.4."]),
        ("Tuesday and Wednesday", ["4.3.-5.3."]),
        ("Tuesday and Thursday", []),  # two days, or three? It is asked back.
    ],
)
def test_several_spans_are_read_where_each_has_its_dates(said: str, days: list[str]) -> None:
    """ "And" also joins the two ends of one."""
    found = read_spans(said, NOW, Calendar(ZoneInfo("UTC")), begins=True)
    spans = [(f"{one.first:%-d.%-m.}" if one.first else "", one.last) for one in found]
    assert [f"{first}-{last:%-d.%-m.}" for first, last in spans if last] == days
