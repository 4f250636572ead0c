"""Which days a country rests, and which country a time zone lies in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import holidays
from babel.core import get_global


@cache
def days_off(country: str, year: int) -> frozenset[date]:
    """The public holidays of a whole country (ISO 3166 code), those of its regions left out.

    Empty for a country that is not known. Source: the `holidays` package.
    """
    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()


def territories() -> Mapping[str, str]:
    """Time zone to ISO 3166 country code, by CLDR."""
    found: Mapping[str, str] = get_global("zone_territories")
    return found
