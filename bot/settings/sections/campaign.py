"""The settings of the campaign: an impossible one is refused, with the key and a proposal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from bot.domain.campaign.windows import (
    FOREVER,
    WINDOWS,
    Audience,
    Campaign,
    Deadline,
    Scope,
    Tone,
    Window,
    WindowName,
)
from bot.domain.normalization import normalized
from bot.domain.time.calendar import Hours
from bot.settings.places import Country, known_zone
from bot.settings.section import OptionalGuid, Section, shaped, wrong

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
LONG = 10
"""A window that lasts longer than so many working days must not remind every day."""
REACH = (date(2020, 1, 1), date(2100, 12, 31))
"""Between these dates may be; the days until then are counted one by one."""


def _plain_date(value: object) -> object:
    """Not a moment: whether it is still that day would depend on where it is read."""
    if isinstance(value, datetime):
        raise ValueError(f"expected a date without a time; try {value.date()}")
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("expected a date without a time such as 2027-01-15") from None


PlainDate = Annotated[date, BeforeValidator(_plain_date)]


class TargetSettings(Section):
    """A date of your own: for all apps, or for one org, tenant or app."""

    on: PlainDate = Field(description="The date, such as `2027-01-15`.")
    org: str = Field("", description="For the apps of this Okta org, by its name.")
    tenant: OptionalGuid = Field("", description="For the apps of this Entra tenant, by its id.")
    app: Annotated[
        str, shaped(r"([^\s/]+/[^\s/]+)?", "org/app id such as contoso/0oa1b2c3d4e5f6g7h8i9")
    ] = Field("", validate_default=True, description="For one app: `org/app id`.")
    source: str = Field("the organisation", description="Who set it, or where it is written.")

    @field_validator("on")
    @classmethod
    def _within_reach(cls, value: date) -> date:
        first, last = REACH
        if not first <= value <= last:
            raise ValueError(f"expected a date from {first} to {last}")
        return value

    @field_validator("app")
    @classmethod
    def _one_scope(cls, value: str, info: ValidationInfo) -> str:
        if sum(map(bool, (info.data.get("org"), info.data.get("tenant"), value))) > 1:
            raise ValueError("give only one of org, tenant and app (or none, for all apps)")
        return value

    @property
    def of_org(self) -> tuple[str, str]:
        """The key by which it names an Okta org, and that org's name; both empty without."""
        if self.app:
            return "app", self.app.partition("/")[0]
        return ("org", self.org) if self.org else ("", "")


class WindowSettings(Section):
    """How to remind while a date is that near. What is left out stays as it is."""

    begins: int | None = Field(
        None, description="Begins with this many working days left (`distant` has no beginning)."
    )
    every: int | None = Field(
        None, description="Working days between two messages to the same person."
    )
    tone: Tone | None = Field(None, description="`calm`, `plain` or `firm`.")
    audience: tuple[Audience, ...] | None = Field(
        None,
        description="Who is told: `person`, `channel` (its board is there in any case), `operator` "
        "(one message with all apps that close to their deadline).",
    )

    @field_validator("every", mode="before")
    @classmethod
    def _whole_days(cls, value: object) -> object:
        if value is not None and (not isinstance(value, int) or not 1 <= value <= 120):
            raise ValueError(
                "expected whole working days from 1 to 120; more often would wear people out, try 2"
            )
        return value


Given = dict[WindowName, WindowSettings]


def _windows(given: Given) -> tuple[Window, ...]:
    """All of them, in their order; what is not given is as usual."""
    return tuple(
        Window(
            name=usual.name,
            begins=usual.begins if own.begins is None else own.begins,
            every=usual.every if own.every is None else own.every,
            tone=usual.tone if own.tone is None else own.tone,
            audience=usual.audience if own.audience is None else frozenset(own.audience),
        )
        for usual in WINDOWS
        for own in (given.get(usual.name, WindowSettings()),)
    )


class CampaignSettings(Section):
    """Your dates, working time, and how people are reminded."""

    start: PlainDate | None = Field(None, description="Nobody is reminded before this date.")
    targets: tuple[TargetSettings, ...] = Field(
        (), description="Your own deadlines. Without any, Okta's applies, 31 December 2024."
    )
    hours: str = Field(
        "09:00-17:00",
        description="When people may get messages, in their local time; a span within one day.",
    )
    working_days: tuple[Day, ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"), description="On which days."
    )
    country: Country = Field(
        "",
        description="Public holidays of people whose time zone names no country: `DE`, or "
        "`DE-BY` for those of a region (also for the other zones of its country).",
    )
    countries: dict[str, Country] = Field(
        default_factory=dict,
        description="Time zone to country or region, where the default is wrong.",
    )
    quiet: tuple[str, ...] = Field(
        (), description="Days without messages: `2026-12-24`, or `2026-12-24/2027-01-02`."
    )
    windows: dict[WindowName, WindowSettings] = Field(
        default_factory=dict,
        description="`distant`, `approaching`, `imminent`, `due`, `overdue`: what to change "
        "there. `o365bot campaign` shows what applies.",
    )
    per_week: int = Field(
        3,
        ge=1,
        le=7,
        description="The most messages to one person in seven days, whatever they are about. Only "
        "what they put off to that moment, and an operator’s `now`, go past it.",
    )
    early_rounds: int = Field(
        2,
        ge=0,
        le=10,
        description="How many reminders of an app come quickly; later ones follow the pace "
        "of its window.",
    )
    early_every: int = Field(
        2,
        ge=1,
        le=30,
        description="Working days before each of those quick reminders.",
    )
    ignored_rounds: int = Field(
        2,
        ge=1,
        le=50,
        description="After this many unanswered messages that named an app, the next candidate "
        "is asked. Fewer get an app done sooner, but involve more people.",
    )
    gather_minutes: int = Field(
        5,
        ge=0,
        le=120,
        description="How long a first message waits for others to the same person, so that several "
        "`send` commands become one message.",
    )
    apps_a_day: int = Field(
        4,
        ge=1,
        le=100,
        description="How many apps one person can do in a working day; nobody gets more than "
        "that before the deadline, if others can do them.",
    )
    part_time: dict[str, tuple[Day, ...]] = Field(
        default_factory=dict,
        description="Chat account or address to the days that person works. What they "
        "say themselves in chat counts more.",
    )
    patience: int = Field(
        3,
        ge=1,
        le=30,
        description="Working days for which somebody who took an app on is left alone.",
    )
    notice: int = Field(
        2, ge=0, le=30, description="Working days before anybody hears more than a calm tone."
    )
    longest_waiver_days: int = Field(
        180,
        ge=1,
        le=3650,
        description="The most days for which an app may be accepted as it is (`waive`).",
    )
    jitter_minutes: int = Field(
        20, ge=0, le=120, description="Minutes over which the morning messages are spread."
    )
    boards: Literal["one", "per_org"] = Field(
        "one",
        description="`one` board in each channel for everything, or one `per_org`, each with its "
        "own thread and weekly report.",
    )
    board_days: int = Field(
        30,
        ge=1,
        le=365,
        description="A board this many days old is posted again further down once it has "
        "scrolled away (in Teams, where a bot cannot see that, in any case).",
    )

    @field_validator("hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        first, last = _span(value)
        if not first < last:
            raise ValueError("expected a span within one day such as 09:00-17:00")
        return value

    @field_validator("working_days")
    @classmethod
    def _some_day(cls, value: tuple[Day, ...]) -> tuple[Day, ...]:
        if not value:
            raise ValueError(
                'the week is empty, so nobody would ever be told; try ["mon", "tue", "wed"]'
            )
        return value

    @field_validator("part_time")
    @classmethod
    def _some_day_each(
        cls, value: dict[str, tuple[Day, ...]], info: ValidationInfo
    ) -> dict[str, tuple[Day, ...]]:
        week = info.data.get("working_days", ())
        empty = [
            (account, "the week is empty, so this person would never be told; name a day")
            for account, days in value.items()
            if not days
        ] + [
            (account, f"none of these is a working day; name one of {', '.join(week)}")
            for account, days in value.items()
            if days and week and not set(days) & set(week)
        ]
        if empty:
            raise wrong(*empty)
        return value

    @field_validator("countries")
    @classmethod
    def _zones(cls, value: dict[str, str]) -> dict[str, str]:
        for zone in value:
            known_zone(zone)
        return value

    @field_validator("quiet")
    @classmethod
    def _days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for span in value:
            list(_each_day(span))
        return value

    @field_validator("targets")
    @classmethod
    def _after_the_start(
        cls, value: tuple[TargetSettings, ...], info: ValidationInfo
    ) -> tuple[TargetSettings, ...]:
        start = info.data.get("start")
        early = [
            (
                f"{number}.on",
                f"({target.on}) is before campaign.start ({start}); "
                f"try start = {target.on - timedelta(days=60)}",
            )
            for number, target in enumerate(value)
            if start is not None and target.on < start
        ]
        if early:
            raise wrong(*early)
        return value

    @field_validator("windows")
    @classmethod
    def _one_after_the_other(cls, value: Given) -> Given:
        windows = _windows(value)
        usual = {window.name: window for window in WINDOWS}
        found: list[tuple[str, str]] = []
        for window, following in pairwise(windows):
            if following.begins < window.begins:
                continue
            given, early, late = value.get(following.name), window.begins, following.begins
            if given is not None and given.begins is not None:
                says = (
                    f"({late}) must be less than that of {window.name} ({early}); try {early - 1}"
                )
                found.append((f"{following.name}.begins", says))
            else:
                before = usual[window.name].begins
                proposal = f"try {before}" if before < FOREVER else "leave it out"
                says = f"({early}) must be more than that of {following.name} ({late}); {proposal}"
                found.append((f"{window.name}.begins", says))
        for window, ends in zip(windows, (*(w.begins for w in windows[1:]), -FOREVER), strict=True):
            if window.every == 1 and window.begins - ends > LONG:
                says = "1 would send a message every working day for weeks or months; try 3"
                found.append((f"{window.name}.every", says))
        if found:
            raise wrong(*found)
        return value

    def campaign(self) -> Campaign:
        """The campaign as the domain knows it."""
        targets = tuple(
            Deadline("target", t.on, t.source, Scope(t.org, t.tenant, t.app)) for t in self.targets
        )
        return Campaign(self.start, targets, _windows(self.windows))

    def working_hours(self) -> Hours:
        """The working week."""
        first, last = _span(self.hours)
        return Hours(first, last, frozenset(DAYS.index(day) for day in self.working_days))

    def days_off(self) -> dict[str, frozenset[int]]:
        """The weekdays that those with a part-time week do not work; Monday is 0."""
        return {
            normalized(account): frozenset(range(7)) - {DAYS.index(day) for day in days}
            for account, days in self.part_time.items()
        }

    def quiet_days(self) -> frozenset[date]:
        """Every single quiet day."""
        return frozenset(day for span in self.quiet for day in _each_day(span))


def _span(hours: str) -> tuple[time, time]:
    """Beginning and end. An offset is refused: the hours are those of each person's own clock."""
    first, _, last = hours.partition("-")
    try:
        begin, end = time.fromisoformat(first), time.fromisoformat(last)
    except ValueError:
        raise ValueError("expected a span within one day such as 09:00-17:00") from None
    if begin.tzinfo is not None or end.tzinfo is not None:
        plain = f"{begin:%H:%M}-{end:%H:%M}"
        raise ValueError(f"hours are always in each person's local time; try {plain}")
    return begin, end


def _each_day(span: str) -> Iterator[date]:
    first, slash, last = span.partition("/")
    try:
        begin = date.fromisoformat(first)
        end = date.fromisoformat(last) if slash else begin
    except ValueError:
        raise ValueError(
            f"{span!r}: expected a date or a span such as 2026-12-24/2027-01-02"
        ) from None
    if not timedelta(0) <= end - begin <= timedelta(days=60):
        raise ValueError(f"{span!r}: expected a span of at most 60 days, the first one first")
    for number in range((end - begin).days + 1):
        yield begin + timedelta(days=number)
