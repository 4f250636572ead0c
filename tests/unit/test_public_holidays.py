"""Public holidays, by the package that knows them, which is loaded a country at a time."""

from __future__ import annotations

import subprocess
import sys

import holidays

from bot.settings.places import country_holidays

LOADED = """
import sys
from adapters.calendar.days_off import days_off
assert days_off("DE", 2027)
print(sum(name.startswith("holidays.countries.") for name in sys.modules))
"""


def test_one_country_does_not_load_all_of_them() -> None:
    """All 250 take 8 MiB, and 0.2 s during which the bot answers nobody."""
    ran = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(ran.stdout) == 1


def test_each_country_that_the_package_knows_can_be_loaded_by_itself() -> None:
    """Also one that is written as a part of another's calendar."""
    countries = holidays.list_supported_countries()
    assert [one for one in countries if country_holidays(one, years=2027) is None] == []
