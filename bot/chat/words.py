"""The catalogue: every word that people read, one folder of TOML files per language.

    [apps]
    title = "Office 365 apps of {org}"
    left.one = "One app is left."
    left.other = "{count} apps are left."

`words("apps.left", count=3)` picks the plural by the language's own rules (CLDR, through Babel).
Values are put in as plain text; escaping is the business of whoever draws the message.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from datetime import date as datetime_date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from babel import Locale
from babel.dates import (
    format_date,
    format_skeleton,
    format_timedelta,
    get_day_names,
    get_timezone_gmt,
    get_timezone_name,
)
from babel.numbers import format_decimal

from bot.domain.normalization import exact
from bot.message import ChannelName, Mention, Moment, Said

FALLBACK = "en"


class Words:
    """One language's words. Unknown languages fall back to English; an unknown key is a bug."""

    def __init__(self, language: str = FALLBACK) -> None:
        wanted = exact(language.replace("_", "-").partition("-")[0])
        self.language = wanted if wanted in languages() else FALLBACK
        self._texts = _catalogue(self.language)
        self._locale = Locale(self.language)

    def __call__(self, key: str, /, **values: object) -> str:
        """The text for `key` with `values` put in. Raises KeyError for an unknown key."""
        text = self._texts[key]
        if isinstance(text, Mapping):
            count = values["count"]
            if not isinstance(count, int):
                raise TypeError(f"{key}: count must be an int")
            text = text.get(self._locale.plural_form(count), text["other"])
        return text.format_map(values)

    def said(self, key: str, /, **values: object) -> Said:
        """The same where some values are moments, mentions or channels, which they stay."""
        kept = [v for v in values.values() if isinstance(v, Moment | Mention | ChannelName)]
        signs = {
            name: f"\0{kept.index(value)}\0"
            if isinstance(value, Moment | Mention | ChannelName)
            else value.replace("\0", "")
            if isinstance(value, str)
            else value
            for name, value in values.items()
        }
        # Every other part is the number of one that was kept.
        parts = enumerate(self(key, **signs).split("\0"))
        return tuple(kept[int(part)] if n % 2 else part for n, part in parts if part)

    def date(self, day: date) -> str:
        """A date, long form."""
        return format_date(day, format="long", locale=self._locale)

    def moment(self, at: datetime, zone: tzinfo = UTC) -> str:
        """A date and time in `zone`, with the zone's name: "March 3, 2026, 14:05 CET"."""
        local = at.astimezone(zone)
        return f"{self.date(local.date())}, {local:%H:%M} {self._zone_name(local)}"

    def clock(self, at: datetime, zone: tzinfo = UTC) -> Moment:
        """The same by the reader's own clock, where there is one."""
        return Moment(at, self.moment(at, zone))

    def _zone_name(self, local: datetime) -> str:
        """The zone as the language calls it (MEZ), else its common short name, else GMT+05:45.

        CLDR names only the zones that are at home where the language is spoken.
        """
        for name in (get_timezone_name(local, "short", locale=self._locale), local.tzname()):
            if name and name.isalpha():
                return name
        return get_timezone_gmt(local, "long", locale=self._locale)

    def day(self, at: datetime_date) -> str:
        """A date, short: "Mar 3"."""
        return format_skeleton("MMMd", at, locale=self._locale)

    def weekday(self, day: int) -> str:
        """The name of a day of the week; Monday is 0."""
        return str(get_day_names("wide", "stand-alone", self._locale)[day])

    def soon(self, at: datetime, zone: tzinfo) -> str:
        """A moment of the next weeks, short: "Tue, Mar 3, 14:05"."""
        local = at.astimezone(zone)
        return f"{format_skeleton('MMMEd', local.date(), locale=self._locale)}, {local:%H:%M}"

    def number(self, value: float) -> str:
        """A number with one decimal at most."""
        return format_decimal(value, format="#,##0.#", locale=self._locale)

    def span(self, hours: int) -> str:
        """A length of time; in days where it is whole ones, and more than one: "14 days"."""
        if hours > 24 and hours % 24 == 0:
            return self("time.days", count=hours // 24)
        return self("time.hours", count=hours)

    def ago(self, at: datetime, now: datetime) -> str:
        """How long ago, rounded: "5 minutes ago"."""
        if abs((now - at).total_seconds()) < 45:
            return self("time.now")
        return format_timedelta(at - now, add_direction=True, locale=self._locale)

    def has(self, key: str) -> bool:
        """Whether there is a text for `key`."""
        return key in self._texts

    def forms(self, key: str) -> Mapping[str, str]:
        """A text by its plural forms, unfilled; one without any is `other`."""
        text = self._texts[key]
        return {"other": text} if isinstance(text, str) else text

    def keys(self) -> frozenset[str]:
        """Every key of this language."""
        return frozenset(self._texts)


Texts = Mapping[str, "str | Mapping[str, str]"]


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a catalogue."""
    return tuple(sorted(entry.name for entry in _folder().iterdir() if entry.is_dir()))


def _folder() -> Traversable:
    return files("bot.chat") / "texts"


@cache
def _catalogue(language: str) -> Texts:
    texts: dict[str, str | Mapping[str, str]] = {}
    for entry in sorted((_folder() / language).iterdir(), key=lambda e: e.name):
        if not entry.name.endswith(".toml"):
            continue
        for section, table in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            for name, text in table.items():
                key = f"{section}.{name}"
                if key in texts:
                    raise ValueError(f"{entry.name}: {key} stands in two files")
                texts[key] = text
    return texts
