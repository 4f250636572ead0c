"""Times in people's words, in both languages: past and future, ambiguity, nonsense, and much of it.

Now is Tuesday, December 1, 2026, ten in the morning in Berlin.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.typed.times.moments import LONGEST, Moment, find_moment, read_moment
from bot.domain.time.calendar import Calendar
from tests.there import there

CALENDAR = Calendar(ZoneInfo("Europe/Berlin"))
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def local(said: str, now: datetime = NOW) -> tuple[str, str, str] | None:
    """When it begins (local), its last day, and the rest."""
    found = read_moment(said, now, CALENDAR)
    if found is None:
        return None
    return f"{found.at.astimezone(CALENDAR.zone):%Y-%m-%d %H:%M}", str(found.last), found.rest


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("Friday", "2026-12-04 09:00"),
        ("until Friday", "2026-12-04 09:00"),
        ("on Friday at 3pm", "2026-12-04 15:00"),
        ("Friday 14:30", "2026-12-04 14:30"),
        ("Fri", "2026-12-04 09:00"),
        ("this Friday", "2026-12-04 09:00"),
        ("next Friday", "2026-12-11 09:00"),
        ("Friday next week", "2026-12-11 09:00"),
        ("Tuesday", "2026-12-08 09:00"),
        ("Monday morning", "2026-12-07 09:00"),
        ("next week", "2026-12-07 09:00"),
        ("next week Wednesday", "2026-12-09 09:00"),
        ("early next week", "2026-12-07 09:00"),
        ("mid next week", "2026-12-10 09:00"),
        ("end of next week", "2026-12-11 09:00"),
        ("late next week", "2026-12-11 09:00"),
        ("in two weeks", "2026-12-15 09:00"),
        ("in a fortnight", "2026-12-15 09:00"),
        ("in a week", "2026-12-08 09:00"),
        ("two weeks from now", "2026-12-15 09:00"),
        ("in 3 working days", "2026-12-04 09:00"),
        ("in a month", "2027-01-01 09:00"),
        ("end of the month", "2026-12-31 09:00"),
        ("the end of next month", "2027-01-29 09:00"),
        ("EOM", "2026-12-31 09:00"),
        ("end of January", "2027-01-29 09:00"),
        ("in January", "2027-01-01 09:00"),
        ("mid-January", "2027-01-18 09:00"),
        ("tomorrow morning", "2026-12-02 09:00"),
        ("tomorrow afternoon", "2026-12-02 14:00"),
        ("the day after tomorrow", "2026-12-03 09:00"),
        ("day after tomorrow", "2026-12-03 09:00"),
        ("after the weekend", "2026-12-07 09:00"),
        ("in half an hour", "2026-12-01 10:30"),
        ("in an hour", "2026-12-01 11:00"),
        ("in an hour and a half", "2026-12-01 11:30"),
        ("at 3pm", "2026-12-01 15:00"),
        ("at 3", "2026-12-01 15:00"),
        ("at 9", "2026-12-02 09:00"),
        ("9:30", "2026-12-02 09:30"),
        ("12 pm", "2026-12-01 12:00"),
        ("this afternoon", "2026-12-01 14:00"),
        ("31 January", "2027-01-31 09:00"),
        ("January 31st", "2027-01-31 09:00"),
        ("Jan 31, 2028", "2028-01-31 09:00"),
        ("31st of January", "2027-01-31 09:00"),
        ("December 1", "2026-12-01 09:00"),
        ("the 15th", "2026-12-15 09:00"),
        ("31/1/2027", "2027-01-31 09:00"),
        ("1/31/2027", "2027-01-31 09:00"),
        ("2027–01–31", "2027-01-31 09:00"),
        ("2026-12-09T14:00", "2026-12-09 14:00"),
        ("tomorrow 8:30", "2026-12-02 08:30"),
        ("3 days", "2026-12-04 09:00"),
        ("in 2 hours", "2026-12-01 12:00"),
        ("1w", "2026-12-08 09:00"),
        ("after Christmas", "2026-12-28 09:00"),
        ("week 3", "2027-01-18 09:00"),
        ("bis Freitag", "2026-12-04 09:00"),
        ("am Freitag um 15 Uhr", "2026-12-04 15:00"),
        ("nächsten Freitag", "2026-12-11 09:00"),
        ("diesen Freitag", "2026-12-04 09:00"),
        ("Freitag nächster Woche", "2026-12-11 09:00"),
        ("nächste Woche Freitag", "2026-12-11 09:00"),
        ("nächste Woche", "2026-12-07 09:00"),
        ("naechste Woche", "2026-12-07 09:00"),
        ("Anfang nächster Woche", "2026-12-07 09:00"),
        ("Ende nächster Woche", "2026-12-11 09:00"),
        ("Mitte nächster Woche", "2026-12-10 09:00"),
        ("in zwei Wochen", "2026-12-15 09:00"),
        ("in einer Woche", "2026-12-08 09:00"),
        ("in 14 Tagen", "2026-12-15 09:00"),
        ("in 3 Werktagen", "2026-12-04 09:00"),
        ("Ende des Monats", "2026-12-31 09:00"),
        ("Monatsende", "2026-12-31 09:00"),
        ("Ende Januar", "2027-01-29 09:00"),
        ("Ende der Woche", "2026-12-04 09:00"),
        ("im Januar", "2027-01-01 09:00"),
        ("morgen früh", "2026-12-02 09:00"),
        ("morgen frueh", "2026-12-02 09:00"),
        ("morgen Nachmittag", "2026-12-02 14:00"),
        ("übermorgen", "2026-12-03 09:00"),
        ("uebermorgen", "2026-12-03 09:00"),
        ("heute Nachmittag", "2026-12-01 14:00"),
        ("nach dem Wochenende", "2026-12-07 09:00"),
        ("in einer halben Stunde", "2026-12-01 10:30"),
        ("in anderthalb Stunden", "2026-12-01 11:30"),
        ("um 15 Uhr", "2026-12-01 15:00"),
        ("15 Uhr", "2026-12-01 15:00"),
        ("31.1.", "2027-01-31 09:00"),
        ("31.1.27", "2027-01-31 09:00"),
        ("31. 1. 2027", "2027-01-31 09:00"),
        ("31. Januar", "2027-01-31 09:00"),
        ("31. Jänner 2027", "2027-01-31 09:00"),
        ("am 15.", "2026-12-15 09:00"),
        ("4.12. 14:00", "2026-12-04 14:00"),
        ("4.12. um 14 Uhr", "2026-12-04 14:00"),
        ("nach Weihnachten", "2026-12-28 09:00"),
        ("KW 3", "2027-01-18 09:00"),
        ("morgen um 8:30 Uhr", "2026-12-02 08:30"),
        ("in 3 Tagen", "2026-12-04 09:00"),
        ("2 Stunden", "2026-12-01 12:00"),
        ("1 Woche", "2026-12-08 09:00"),
        ("bis 9.12.2026", "2026-12-09 09:00"),
        ("09.12.2026 14:00", "2026-12-09 14:00"),
    ],
)
def test_a_time_is_the_next_one_that_is_meant(said: str, at: str) -> None:
    """Never one that is past; a day without a time is its opening."""
    found = there(local(said))
    assert (found[0], found[2]) == (at, "")
    assert found == local(f" {said.upper()} ")
    assert found == local(f"{said}.")


@pytest.mark.parametrize(
    ("said", "last"),
    [
        ("until Friday", "2026-12-04"),
        ("next week", "2026-12-13"),
        ("until next week", "2026-12-06"),
        ("through next week", "2026-12-13"),
        ("until the end of next week", "2026-12-13"),
        ("until the end of the week", "2026-12-06"),
        ("until January", "2026-12-31"),
        ("until the end of January", "2027-01-31"),
        ("until the end of the year", "2026-12-31"),
        ("until including Friday", "2026-12-04"),
        ("back on Monday", "2026-12-06"),
        ("back Monday", "2026-12-06"),
        ("for two weeks", "2026-12-15"),
        ("this week", "2026-12-06"),
        ("bis nächste Woche", "2026-12-06"),
        ("bis einschließlich nächster Woche", "2026-12-13"),
        ("bis Ende nächster Woche", "2026-12-13"),
        ("bis Ende des Monats", "2026-12-31"),
        ("bis zum 15.", "2026-12-15"),
        ("wieder da am Montag", "2026-12-06"),
        ("zurück ab Montag", "2026-12-06"),
    ],
)
def test_an_absence_lasts_as_long_as_it_is_said(said: str, last: str) -> None:
    """Up to and with a day; until a week or a month begins, through it, or until one is back."""
    assert there(local(said))[1:] == (last, "")


@pytest.mark.parametrize(
    "said",
    [
        "3/4/2027", "3/4", "12/11/2026", "31.2.2027", "2027-02-29", "31.13.", "0.1.", "40th",
        "Friday 25:00", "13 pm tomorrow's list", "may be next week", "march on", "do it later",
        "so far so good", "in progress", "on hold", "2 people are away", "soon", "some day",
        "the auditor is away", "9999999 days", "1e9 weeks", "when Ben is back", "irgendwann",
        "bald", "wenn Ben da ist", "in ein paar Tagen", "?", "", "  ", "week 99", "KW 0",
        "Fridayish", "0000-00-00", "99.99.9999", "2027-03-05 25:00", "99999 days",
    ],
)  # fmt: skip
def test_what_is_not_clear_is_not_read(said: str) -> None:
    """Nor is what is in no calendar, or could be two days."""
    assert local(said) is None


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("until Friday because the auditor is away", "because the auditor is away"),
        ("Friday: the change window", "the change window"),
        ("bis Freitag, weil Ben im Urlaub ist", "weil Ben im Urlaub ist"),
        ("tomorrow, 2 people are ill", "2 people are ill"),
        ("4.12. 10 Leute fehlen", "10 Leute fehlen"),
        ("next week – audit", "audit"),
        ("2026-12-09 14:00 change window", "change window"),
        ("tomorrow 8:30 busy", "busy"),
        ("in 2 hours in a meeting", "in a meeting"),
        ("morgen um 8:30 Uhr keine Zeit", "keine Zeit"),
    ],
)
def test_what_else_was_said_stays_as_it_was_said(said: str, rest: str) -> None:
    """Without what parts it from the time."""
    assert there(local(said))[2] == rest


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("waiting for the audit until Friday", "waiting for the audit"),
        ("warte auf die Prüfung bis Freitag", "warte auf die Prüfung"),
    ],
)
def test_a_time_may_stand_behind_the_reason(said: str, rest: str) -> None:
    """Where "until" leads to it."""
    found = find_moment(said, NOW, CALENDAR)
    assert found == Moment(datetime(2026, 12, 4, 8, tzinfo=UTC), date(2026, 12, 4), rest)


@given(
    st.text(max_size=60),
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
)
def test_nothing_typed_breaks_the_reading(said: str, now: datetime) -> None:
    """At any moment."""
    for lead in ("", "until ", "bis ", "in ", "next ", "3"):
        read_moment(lead + said, now, CALENDAR)


NAMED = ["Friday", "next week", "31.1.", "January 31", "the 15th", "in two weeks", "Monatsende",
         "29.2.", "tomorrow", "at 9", "um 15 Uhr", "after Christmas", "KW 3", "next Friday",
         "mid next week", "nächsten Montag", "in January", "Ende des Monats"]  # fmt: skip


@given(
    st.sampled_from(NAMED),
    st.datetimes(datetime(2020, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC)),
)
def test_no_time_without_a_year_is_past(said: str, now: datetime) -> None:
    """On whatever day it is said: its last day is today or later."""
    assert there(read_moment(said, now, CALENDAR)).last >= CALENDAR.day_of(now)


HOSTILE = ["1" * LONGEST, "until " * 90, "in " * 170, "1.1." * 125, "monday " * 70, "next " * 100,
           "a " * 250, "bis bis " * 60, " " * LONGEST, "1 " * 250, "until 1 until " * 35,
           "ü" * LONGEST, "12:" * 160, "ende der " * 55, "\u2010" * LONGEST]  # fmt: skip


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_words_cost_next_to_nothing(said: str) -> None:
    """Whatever fills a message: far below what an answer costs (figures in dependencies.md)."""
    started = time.process_time()
    for _ in range(20):
        find_moment(said, NOW, CALENDAR)
    assert time.process_time() - started < 1.0
