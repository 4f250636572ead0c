"""Until when something is put off, where its date is near or has moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.campaign.put_off import put_off_until
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.consent.snooze import Snooze
from tests.examples import DELIVERED, NOW, POLICY
from tests.there import there


@pytest.mark.parametrize(
    ("date_in", "wanted", "kept"),
    [
        (0, "2025-03-03T14:00", "2025-03-03T14:00"),  # later on the last day is kept
        (2, "2025-03-05T14:00", "2025-03-05T14:00"),
        (2, "2025-03-04T10:00", "2025-03-04T10:00"),
        (2, "2025-03-07T10:00", "2025-03-05T09:00"),  # the date has moved ahead of the plan
        (-3, "2025-03-07T10:00", "2025-03-07T10:00"),
    ],
)
def test_a_plan_is_kept_up_to_the_last_working_day(date_in: int, wanted: str, kept: str) -> None:
    """That day is the plan only where the plan would come after it."""
    target = Deadline("target", NOW.date() + timedelta(days=date_in), "ours")
    policy = replace(POLICY, campaign=Campaign(targets=(target,)))
    request = replace(DELIVERED, snooze=Snooze(datetime.fromisoformat(wanted), "UTC"))
    found = there(put_off_until(request, NOW, policy))
    assert found.replace(tzinfo=None) == datetime.fromisoformat(kept)
