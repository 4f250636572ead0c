"""Public holidays, by the package that knows them, which is loaded a country at a time."""

from __future__ import annotations

import subprocess
import sys

import holidays
import pytest

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


@pytest.mark.parametrize("country", sorted(holidays.list_supported_countries()))
def test_each_country_that_the_package_knows_can_be_loaded_by_itself(country: str) -> None:
    """Also one that is written as a part of another's calendar."""
    assert country_holidays(country, years=2027) is not None
