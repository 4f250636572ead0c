"""Where people are, in the settings: time zones, countries, regions; a wrong one has a proposal."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib.util import find_spec, module_from_spec
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from holidays import country_holidays as country_holidays  # for `adapters.calendar`, too
from pydantic import AfterValidator

from bot.domain.normalization import normalized

# The package of countries without what its __init__ does, which is to load all 250 whichever one is
# asked for (8 MiB, and 0.2 s in which the bot does nothing else). `holidays` finds each by its own
# module.
_COUNTRIES = "holidays.countries"
if _COUNTRIES not in sys.modules and (_spec := find_spec(_COUNTRIES)) is not None:
    sys.modules[_COUNTRIES] = module_from_spec(_spec)

# What CLDR has two letters for besides: unions, outlying waters, pseudo-locales, "unknown".
_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
MOST_NAMED = 20
"""Regions that a refusal names when none is near."""


def known_zone(value: str) -> str:
    """The zone's name. Raises ValueError with the nearest one that exists."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        close = get_close_matches(value, available_timezones(), n=1, cutoff=0.75)
        proposal = close[0] if close else "Europe/Berlin"
        raise ValueError(f"expected a zone name such as {proposal}") from None
    return value


def known_country(value: str) -> str:
    """A country, or a region of it: `DE`, `DE-BY`. Raises ValueError with the nearest one."""
    country, dash, region = value.strip().partition("-")
    code = _country(country)
    return f"{code}-{_region(code, region.strip())}" if dash else code


def _country(value: str) -> str:
    code = value.strip().upper()
    names = Locale("en").territories
    if code and (len(code) != 2 or code not in names or code in _NO_COUNTRY):
        by_name = {
            normalized(name): known
            for known, name in names.items()
            if len(known) == 2 and known not in _NO_COUNTRY
        }
        close = get_close_matches(normalized(value), by_name, n=1, cutoff=0.6)
        proposal = by_name[close[0]] if close else "DE"
        raise ValueError(f"expected a country's two letters such as {proposal}")
    return code


def _region(country: str, value: str) -> str:
    """As the `holidays` package names it: by ISO 3166-2, without the country."""
    try:
        calendar = country_holidays(country)
    except NotImplementedError:
        raise ValueError(f"{country!r} has no known regions; try {country or 'DE'}") from None
    by_name = {normalized(code): code for code in calendar.subdivisions}
    if normalized(value) in by_name:
        return by_name[normalized(value)]
    if not by_name:
        raise ValueError(f"{country} has no known regions; try {country}")
    by_name |= {normalized(name): code for name, code in calendar.subdivisions_aliases.items()}
    close = get_close_matches(normalized(value), by_name, n=1, cutoff=0.5)
    if close:
        raise ValueError(f"expected a known region such as {country}-{by_name[close[0]]}")
    known = [f"{country}-{code}" for code in calendar.subdivisions]
    more = ", …" if len(known) > MOST_NAMED else ""
    raise ValueError(f"expected one of {', '.join(known[:MOST_NAMED])}{more}")


Country = Annotated[str, AfterValidator(known_country)]
