"""How the migration goes, and where it leads at this pace."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageFont

from adapters.picture.burn_down import SIZE, draw
from adapters.picture.lettering import write
from bot.chat.campaign import reports
from bot.chat.words import Words, languages
from bot.domain.campaign.report import (
    BurnDown,
    DayCount,
    burn_down,
    count,
    dates_of,
    main_deadline,
)
from bot.domain.campaign.windows import OKTA_CONSENT, Campaign, Deadline, Scope
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.summaries import summary_of
from tests.examples import APP, NOW, RECORD
from tests.reading import text_of

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
    other = replace(RECORD, app=replace(APP, ref=AppRef("fabrikam", "0oa9")))
    day = count(START, map(summary_of, [RECORD, RECORD, other]))
    contoso, fabrikam = day.of("contoso"), day.of("fabrikam")
    assert contoso is not None
    assert fabrikam is not None
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
    other = replace(RECORD, app=replace(APP, ref=AppRef("fabrikam", "0oa9")))
    used = Evidence(EvidenceKind.SERVICE_ACCOUNT_USED, NOW, NOW)
    done = replace(other, evidence=(Evidence(EvidenceKind.CONNECTION_ON, NOW), used))
    assert done.state(NOW) is State.MIGRATED
    assert dates_of(campaign, tuple(map(summary_of, (RECORD, other)))) == (ours, theirs)
    assert dates_of(campaign, tuple(map(summary_of, (other,)))) == (theirs,)
    assert dates_of(campaign, tuple(map(summary_of, (RECORD, done)))) == (ours,)
    assert dates_of(campaign, tuple(map(summary_of, (done,)))) == (theirs,)
    assert dates_of(Campaign(), tuple(map(summary_of, (RECORD,)))) == (OKTA_CONSENT,)


charts = st.builds(
    lambda counts, ahead: burn_down(history(*counts), on(START + ahead * DAY)),
    st.lists(st.integers(0, 40), min_size=1, max_size=60),
    st.integers(-700, 700),
)


@given(charts)
def test_a_forecast_never_promises_the_past(chart: BurnDown) -> None:
    """Whatever the history looks like."""
    today, found = chart.days[-1], chart.forecast
    assert found.done_on is None or found.done_on >= today.on
    assert found.missing is None or 0 <= found.missing <= max(day.open for day in chart.days)
    if found.missing == 0 and today.open and found.done_on is not None:
        assert found.done_on <= chart.deadline.on


@given(charts)
def test_any_history_can_be_drawn_and_told(chart: BurnDown) -> None:
    """One day or many, all done or none, a date near, far or past; in every language."""
    for language in languages():
        words = Words(language)
        png = draw(chart, reports.labels(words, chart))
        assert Image.open(io.BytesIO(png)).size == SIZE
        message = reports.report(words, chart, "https://o365bot.example.com/p/x.png")
        assert message.summary


def test_the_picture_shows_the_days_the_date_and_the_forecast() -> None:
    """Each has its colour somewhere; without a date ahead its line is not there."""
    deadline = (0xB3, 0x26, 0x1E)
    days = history(*range(20, 9, -1))
    words = Words()
    for ahead, shown in ((16, True), (-400, False)):
        chart = burn_down(days, on(START + ahead * DAY))
        image = Image.open(io.BytesIO(draw(chart, reports.labels(words, chart)))).convert("RGB")
        colours = {colour for _, colour in image.getcolors(1 << 20) or []}
        assert (deadline in colours) is shown
        assert (0x12, 0x64, 0xA3) in colours


def test_the_first_day_is_not_written_over_by_today() -> None:
    """While the two are close, today alone is named."""
    words = Words()
    for days, told in ((2, False), (20, True)):
        chart = burn_down(history(*range(days, 0, -1)), on(START + 30 * DAY))
        labels = dict(reports.labels(words, chart))
        assert (draw(chart, labels) != draw(chart, labels | {"start": ""})) is told


@pytest.mark.parametrize("language", languages())
def test_a_picture_is_told_to_whoever_cannot_see_it(language: str) -> None:
    """Its alt text has the numbers, the days and the forecast."""
    words = Words(language)
    chart = burn_down(history(*range(20, 9, -1)), on(START + 16 * DAY))
    told = reports.alt(words, chart)
    assert "20" in told
    assert "10" in told
    assert reports.forecast(words, chart) in told


def test_the_pace_that_is_needed_is_told_until_the_date() -> None:
    """What is open, over the weeks that are left; none where nothing is left, or the date past."""
    days = history(*range(20, 9, -1))
    ahead = burn_down(days, on(days[-1].on + 7 * DAY))
    assert ahead.needed == days[-1].open
    assert burn_down(days, on(days[-1].on)).needed is None
    assert burn_down(history(3, 0), on(START + 30 * DAY)).needed is None
    assert "Needed per week" in text_of(reports.report(Words(), ahead, ""))


def test_umlauts_are_written_in_pictures() -> None:
    """The font has none: they are their letters with dots, and differ from those."""
    for german, ascii_only in (("nötig", "notig"), ("März", "Marz"), ("Ü", "U")):
        drawn = []
        for text in (german, ascii_only):
            image = Image.new("RGB", (200, 60), "#ffffff")
            font = ImageFont.load_default(28)
            assert isinstance(font, ImageFont.FreeTypeFont)
            write(ImageDraw.Draw(image), (10, 50), text, "#000000", font, "lb")
            drawn.append(image)
        changed = ImageChops.difference(*drawn).getbbox()
        assert changed is not None
        assert changed[3] - changed[1] <= 8, "dots above, and nothing else"
