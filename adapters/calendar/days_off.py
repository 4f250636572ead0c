"""Which days a country, or a region of it, rests, and which country a time zone lies in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

from babel.core import get_global

from bot.settings.places import country_holidays


@cache
def days_off(place: str, year: int) -> frozenset[date]:
    """The public holidays of a country (ISO 3166 code), or of one of its regions (`DE-BY`).

    Of a country those of its regions are left out. Empty for a place that is not known. Source: the
    `holidays` package.
    """
    country, _, region = place.partition("-")
    try:
        return frozenset(country_holidays(country, subdiv=region or None, years=year))
    except NotImplementedError:
        return frozenset()


def territories() -> Mapping[str, str]:
    """Time zone to ISO 3166 country code, by CLDR."""
    found: Mapping[str, str] = get_global("zone_territories")
    return found
