"""The campaign's settings: what holds by default, and what is refused, with a proposal."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapters.calendar.days_off import days_off, territories
from bot.domain.campaign.windows import (
    BUILT_IN,
    OKTA_CONSENT,
    WINDOWS,
    Audience,
    Campaign,
    Tone,
    WindowName,
)
from bot.domain.inventory.apps import AppRef
from bot.domain.time.calendar import Calendars
from bot.errors import SettingsInvalid
from bot.settings.policies import boards
from bot.settings.sections.campaign import CampaignSettings
from bot.settings.settings import load
from bot.wiring.base import reminding_policy
from tests.unit.test_settings import GOOD, written

MINUTE = timedelta(minutes=1)


def loaded(tmp_path: Path, campaign: str) -> CampaignSettings:
    return load(written(tmp_path, GOOD + campaign)).campaign


def test_without_settings_the_campaign_is_a_sensible_one(tmp_path: Path) -> None:
    """Okta's date, the usual windows, the working week from nine to five."""
    found = loaded(tmp_path, "")
    assert found.campaign().deadline_for(AppRef("contoso", "a")) == OKTA_CONSENT
    assert found.campaign().windows == WINDOWS
    assert found.working_hours().start == time(9)


def test_each_number_is_what_the_rules_go_by(tmp_path: Path) -> None:
    """None of these is a default."""
    said = {
        "per_week": 1,
        "early_rounds": 5,
        "early_every": 7,
        "ignored_rounds": 9,
        "patience": 11,
        "notice": 13,
        "gather_minutes": 15,
        "jitter_minutes": 17,
        "apps_a_day": 19,
        "board_days": 21,
    }
    lines = "".join(f"{name} = {number}\n" for name, number in said.items())
    settings = load(written(tmp_path, f"{GOOD}[campaign]\n{lines}"))
    policy = reminding_policy(settings)
    minutes = (policy.gather // MINUTE, policy.jitter // MINUTE)
    days = (policy.early_every, policy.patience, policy.notice, policy.a_day)
    counts = (policy.per_week, policy.early_rounds, policy.ignored_rounds)
    assert (counts, days, minutes) == ((1, 5, 9), (7, 11, 13, 19), (15, 17))
    assert boards(settings).post_anew_after == timedelta(days=21)


def test_the_most_specific_date_holds(tmp_path: Path) -> None:
    """App before tenant before org before all."""
    campaign = loaded(
        tmp_path,
        """
        [[campaign.targets]]
        on = 2027-01-01
        [[campaign.targets]]
        on = 2027-02-01
        org = "contoso"
        [[campaign.targets]]
        on = 2027-03-01
        tenant = "00000000-0000-0000-0000-0000000000AB"
        [[campaign.targets]]
        on = 2027-04-01
        app = "contoso/a1"
        """,
    ).campaign()
    asked = [
        (AppRef("fabrikam", "a9"), "t9", 1),
        (AppRef("contoso", "a9"), "t9", 2),
        (AppRef("contoso", "a9"), "00000000-0000-0000-0000-0000000000ab", 3),
        (AppRef("contoso", "a1"), "00000000-0000-0000-0000-0000000000ab", 4),
    ]
    for ref, tenant, month in asked:
        assert campaign.deadline_for(ref, tenant).on.month == month


def test_a_window_changes_only_in_what_is_given(tmp_path: Path) -> None:
    """Its other values stay as they are."""
    found = loaded(tmp_path, '[campaign.windows.imminent]\nevery = 3\ntone = "firm"\n')
    (imminent,) = [w for w in found.campaign().windows if w.name is WindowName.IMMINENT]
    assert (imminent.begins, imminent.every, imminent.tone) == (5, 3, Tone.FIRM)


def test_operators_are_told_where_a_date_can_still_be_saved(tmp_path: Path) -> None:
    """Unless the audience of a window says otherwise."""
    usual = loaded(tmp_path, "").campaign()
    given = loaded(
        tmp_path,
        '[campaign.windows.overdue]\naudience = ["operator"]\n'
        '[campaign.windows.due]\naudience = ["person"]\n',
    ).campaign()

    def told(campaign: Campaign) -> list[WindowName]:
        return [w.name for w in campaign.windows if Audience.OPERATOR in w.audience]

    assert told(usual) == [WindowName.IMMINENT, WindowName.DUE]
    assert told(given) == [WindowName.IMMINENT, WindowName.OVERDUE]


def test_a_quiet_span_covers_each_of_its_days(tmp_path: Path) -> None:
    """Over a new year, too."""
    found = loaded(tmp_path, '[campaign]\nquiet = ["2026-12-30/2027-01-02", "2027-05-14"]\n')
    assert len(found.quiet_days()) == 5
    assert date(2027, 1, 1) in found.quiet_days()


@pytest.mark.parametrize(
    ("campaign", "key", "proposal"),
    [
        ("[campaign]\nstart = 2027-02-01\n[[campaign.targets]]\non = 2027-01-01\n", "targets.0.on",
         "try start = 2026-11-02"),
        ("[campaign]\nworking_days = []\n", "campaign.working_days", 'try ["mon", "tue", "wed"]'),
        ('[campaign]\nhours = "17:00-09:00"\n', "campaign.hours", "09:00-17:00"),
        ('[campaign]\nhours = "22:00-06:00"\n', "campaign.hours", "within one day"),
        ('[campaign.countries]\n"Europe/Berln" = "DE"\n', "campaign.countries", "Europe/Berlin"),
        ('[campaign]\ncountry = "Germany"\n', "campaign.country", "DE"),
        ('[campaign]\nhours = "09:00Z-17:00Z"\n', "campaign.hours", "try 09:00-17:00"),
        ('[campaign]\nhours = "09:00-17:00Z"\n', "campaign.hours", "try 09:00-17:00"),
        ("[campaign]\nstart = 2027-01-01T00:00:00Z\n", "campaign.start", "try 2027-01-01"),
        ("[[campaign.targets]]\non = '2027-01-01T00:00:00+05:00'\n", "campaign.targets.0.on",
         "2027-01-15"),
        ("[campaign]\nstart = 1800000000\n", "campaign.start", "2027-01-15"),
        ('[campaign]\ncountry = "DE-Bayer"\n', "campaign.country", "such as DE-BY"),
        ('[campaign]\ncountry = "Germany-BY"\n', "campaign.country", "DE"),
        ('[campaign]\ncountry = "DE-"\n', "campaign.country", "one of DE-BB, DE-BE"),
        ('[campaign]\ncountry = "SG-X"\n', "campaign.country", "try SG"),
        ('[campaign]\ncountry = "AQ-X"\n', "campaign.country", "try AQ"),
        ('[campaign.countries]\n"America/Los_Angeles" = "US-Californ"\n',
         "campaign.countries.America/Los_Angeles", "such as US-CA"),
        ('[campaign]\nquiet = ["2027-02-30"]\n', "campaign.quiet", "2026-12-24/2027-01-02"),
        ("[campaign.windows.distant]\nevery = 1\n", "windows.distant.every", "try 3"),
        ("[campaign.windows.overdue]\nevery = 1\n", "windows.overdue.every", "try 3"),
        ("[campaign.windows.due]\nevery = 0.05\n", "campaign.windows.due.every", "try 2"),
        ('[campaign.windows.due]\nevery = "1h"\n', "campaign.windows.due.every", "try 2"),
        ("[campaign.windows.imminent]\nbegins = 30\n", "windows.imminent.begins", "try 19"),
        ("[campaign]\nper_week = 168\n", "campaign.per_week", "7"),
        ("[[campaign.targets]]\non = 2027-01-01\norg = 'a'\napp = 'a/b'\n", "targets.0.app",
         "one of"),
        ('[campaign.part_time]\n"ada@contoso.com" = []\n', "ada@contoso.com", "week is empty"),
        ('[campaign.part_time]\n"ada@contoso.com" = ["sat"]\n', "ada@contoso.com",
         "one of mon, tue"),
    ],
)  # fmt: skip
def test_an_impossible_campaign_is_refused_with_its_key_and_a_proposal(
    tmp_path: Path, campaign: str, key: str, proposal: str
) -> None:
    """Before anything starts."""
    with pytest.raises(SettingsInvalid) as caught:
        loaded(tmp_path, campaign)
    assert key in str(caught.value)
    assert proposal in str(caught.value)


def test_the_public_dates_are_in_order_and_have_sources() -> None:
    """They are facts: each is written down somewhere."""
    assert [d.on for d in BUILT_IN] == sorted(d.on for d in BUILT_IN)
    assert all(d.source for d in BUILT_IN)
    assert OKTA_CONSENT in BUILT_IN


def test_public_holidays_follow_the_country_of_a_zone() -> None:
    """The day of German unity is one in Berlin; an unknown country has none."""
    country = territories()["Europe/Berlin"]
    assert country == "DE"
    assert date(2026, 10, 3) in days_off(country, 2026)
    assert not days_off("XX", 2026)
    assert not days_off("DE-XX", 2026)


def test_a_region_has_holidays_of_its_own(tmp_path: Path) -> None:
    """Epiphany is one in Bavaria and not in Berlin; those of the whole country are everywhere."""
    epiphany, unity = date(2027, 1, 6), date(2027, 10, 3)
    assert epiphany in days_off("DE-BY", 2027)
    assert epiphany not in days_off("DE-BE", 2027)
    assert epiphany not in days_off("DE", 2027)
    assert all(unity in days_off(place, 2027) for place in ("DE", "DE-BY", "DE-BE"))
    found = loaded(
        tmp_path, '[campaign]\ncountry = "de-by"\ncountries = {"Europe/Berlin" = "DE-be"}\n'
    )
    assert (found.country, found.countries) == ("DE-BY", {"Europe/Berlin": "DE-BE"})


@pytest.mark.parametrize(
    ("zone", "works"),
    [("", False), ("Europe/Busingen", False), ("Europe/Berlin", True), ("Asia/Tokyo", True)],
)
def test_a_region_holds_in_its_country_but_where_another_is_named(zone: str, works: bool) -> None:
    """On Epiphany with Bavaria for everybody: other zones of Germany too, not what is excepted."""
    calendars = Calendars(
        ZoneInfo("UTC"),
        country="DE-BY",
        countries={"Europe/Berlin": "DE-BE"},
        territories=territories(),
        days_off=days_off,
    )
    assert calendars.of(zone).works_on(date(2027, 1, 6)) is works


def test_a_part_time_week_gives_the_days_off_of_an_account(tmp_path: Path) -> None:
    """By its account in lower case; Monday is 0, and Saturday and Sunday are off as well."""
    found = loaded(tmp_path, '[campaign.part_time]\n"Ada@contoso.com" = ["mon", "tue", "thu"]\n')
    assert found.days_off() == {"ada@contoso.com": frozenset({2, 4, 5, 6})}
