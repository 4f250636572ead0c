"""How the migration goes, and where it leads at this pace."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.chat.campaign import reports
from bot.chat.words import Words
from bot.domain.campaign.channels.report import DayCount, burn_down, count, dates_of, main_deadline
from bot.domain.campaign.windows import OKTA_CONSENT, Campaign, Deadline, Scope
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.summaries import summary_of
from tests.examples import NOW, RECORD, record_of
from tests.there import there

START = date(2026, 9, 1)
DAY = timedelta(days=1)


def history(*open_ones: int, total: int = 40) -> list[DayCount]:
    return [
        DayCount(START + n * DAY, {State.NEEDS_CONSENT: left, State.MIGRATED: total - left})
        for n, left in enumerate(open_ones)
    ]


def on(day: date) -> Deadline:
    return Deadline("target", day, "ours")


def test_at_this_pace_it_is_said_how_many_miss_the_date() -> None:
    """One a day, ten left, six days to go: four miss it."""
    chart = burn_down(history(*range(20, 9, -1)), on(START + 16 * DAY))
    assert chart.forecast.missing == 4
    assert chart.forecast.per_week == 7
    assert chart.forecast.done_on == START + 20 * DAY
    said = reports.forecast(Words(), chart)
    assert said == "At this pace 4 apps will miss their deadline, September 17, 2026."


def test_from_a_few_days_no_pace_is_told() -> None:
    """Two days say nothing."""
    assert burn_down(history(9, 5), on(START + 9 * DAY)).forecast.per_week is None


def test_what_the_first_look_found_did_not_fall_back() -> None:
    """A day on which nothing had been looked at yet counts for no pace."""
    days = [DayCount(START - DAY), *history(9, 9, 8, 8)]
    assert burn_down(days, on(START + 30 * DAY)).forecast.per_week == pytest.approx(7 / 3)


def test_a_standstill_never_ends() -> None:
    """Nor does a step back; all that is open misses the date."""
    for days in (history(5, 5, 5, 5, 5), history(5, 6, 7, 8, 9)):
        found = burn_down(days, on(START + 30 * DAY)).forecast
        assert found.done_on is None
        assert found.missing == days[-1].open


def test_past_its_date_nothing_misses_it_any_more() -> None:
    """It is said when it will be done instead."""
    chart = burn_down(history(9, 8, 7, 6, 5), on(date(2024, 12, 31)))
    assert chart.forecast.missing is None
    assert reports.forecast(Words(), chart).endswith("September 10, 2026.")


@pytest.mark.parametrize(("ahead", "needed"), [(14, 5), (1, 70), (0, None), (-1, None)])
def test_the_pace_that_is_needed_is_told_until_the_day_before(
    ahead: int, needed: float | None
) -> None:
    """Ten are left; on the day itself no pace would do."""
    days = history(12, 10)
    assert burn_down(days, on(days[-1].on + ahead * DAY)).needed == needed


def test_old_days_do_not_count_for_the_pace() -> None:
    """A start with a storm does not promise anything after four calm weeks."""
    days = history(*[40, 20], *[20] * 40)
    assert burn_down(days, on(START + 90 * DAY)).forecast.per_week == 0


def test_what_the_migration_is_not_about_is_not_counted() -> None:
    """An app with provisioning off is neither open nor done."""
    states = (State.NOT_APPLICABLE, State.MIGRATED, State.UNREADABLE)
    day = DayCount(START, dict.fromkeys(states, 1))
    assert (day.open, day.done, day.total) == (1, 1, 2)


def test_a_day_is_counted_for_each_org_and_for_all_of_them() -> None:
    """A day of former times, or before an org was there, has no count of it."""
    day = count(
        START,
        {
            "contoso": {State.NEEDS_CONSENT: 2, None: 1},
            "fabrikam": {State.NEEDS_SAVE: 1},
            "adatum": {None: 4},
        },
    )
    contoso, fabrikam = (there(day.of(org)) for org in ("contoso", "fabrikam"))
    assert (day.open, contoso.open, fabrikam.open) == (3, 2, 1)
    assert day.of("") == day
    assert day.of("tailspin") is None
    assert DayCount(START, {State.MIGRATED: 1}).of("contoso") is None


def test_the_report_runs_against_the_next_date_of_the_organisation() -> None:
    """Then against its last one, and without any against the public one."""
    first, second = on(START), on(START + 9 * DAY)
    assert main_deadline((second, first), START) == first
    assert main_deadline((second, first), START + DAY) == second
    assert main_deadline((second, first), START + 99 * DAY) == second
    assert main_deadline((), START) == OKTA_CONSENT


def test_only_dates_that_open_apps_run_against_count() -> None:
    """An org's own date is not that of another one; when all is done, all of them count."""
    ours = Deadline("target", START, "ours", Scope(org="contoso"))
    theirs = Deadline("target", START + DAY, "theirs", Scope(org="fabrikam"))
    campaign = Campaign(targets=(ours, theirs))
    other = record_of("0oa9", org="fabrikam")
    used = Evidence(EvidenceKind.SERVICE_ACCOUNT_USED, NOW, NOW)
    done = replace(other, evidence=(Evidence(EvidenceKind.CONNECTION_ON, NOW), used))
    assert done.state(NOW) is State.MIGRATED
    assert dates_of(campaign, tuple(map(summary_of, (RECORD, other)))) == (ours, theirs)
    assert dates_of(campaign, tuple(map(summary_of, (other,)))) == (theirs,)
    assert dates_of(campaign, tuple(map(summary_of, (RECORD, done)))) == (ours,)
    assert dates_of(campaign, tuple(map(summary_of, (done,)))) == (theirs,)
    assert dates_of(Campaign(), tuple(map(summary_of, (RECORD,)))) == (OKTA_CONSENT,)


def test_the_dates_of_orgs_follow_from_their_counts() -> None:
    """As from the apps themselves, beside apps that have their own."""
    ours = Deadline("target", START, "ours", Scope(org="contoso"))
    theirs = Deadline("target", START + DAY, "theirs", Scope(org="fabrikam"))
    own = Deadline("target", START + 2 * DAY, "its own", Scope(app=str(RECORD.app.ref)))
    campaign = Campaign(targets=(theirs, ours, own))
    is_open: dict[State | None, int] = {State.NEEDS_SAVE: 1}
    done: dict[State | None, int] = {State.MIGRATED: 9, None: 2}
    for counts, dates in (
        ({"fabrikam": is_open, "contoso": is_open}, (ours, theirs)),
        ({"fabrikam": done, "contoso": is_open}, (ours,)),
        ({"fabrikam": done}, (theirs,)),
        ({"adatum": is_open}, (OKTA_CONSENT,)),
        ({}, ()),
    ):
        assert dates_of(campaign, (), counts) == dates
    assert dates_of(campaign, [summary_of(RECORD)], {"contoso": is_open}) == (ours, own)
    assert dates_of(campaign, [summary_of(RECORD)], {"contoso": done}) == (own,)
    assert campaign.apps == {str(RECORD.app.ref)}
    assert not campaign.tenants
