"""Part-time weeks, as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.chat.typed.commands import PartTime
from bot.chat.typed.understanding import parse
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign
from bot.domain.time.calendar import Calendars
from bot.services.campaign.postpone import Postpone
from tests.examples import ADA_IN_CHAT, NOW
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock
from tests.there import there


@pytest.mark.parametrize(
    ("said", "off"),
    [
        ("I don't work Fridays", {4}),
        ("I don’t work on Mondays and Fridays.", {0, 4}),
        ("i'm off on wednesdays", {2}),
        ("I do not work Monday to Wednesday", {0, 1, 2}),
        ("Ich arbeite freitags nicht", {4}),
        ("freitags arbeite ich nicht", {4}),
        ("Ich habe mittwochs und freitags frei", {2, 4}),
        ("ich arbeite Montag bis Mittwoch nicht", {0, 1, 2}),
        ("I don't work on Friday\u017f", {4}),
        ("I work every day", set()),
        ("Ich arbeite jeden Tag.", set()),
    ],
)
def test_a_part_time_week_is_understood(said: str, off: set[int]) -> None:
    """In both languages."""
    assert parse(said) == PartTime(frozenset(off))


@pytest.mark.parametrize("said", ["why Fridays", "I don't work here", "send Monday app", "apps"])
def test_what_says_nothing_of_a_week_is_something_else(said: str) -> None:
    """A name of a day alone is none."""
    assert not isinstance(parse(said), PartTime)


async def test_it_is_kept_like_hours_and_never_empties_the_week() -> None:
    """With an audit line; a week without any day is refused, and nothing changes."""
    ledger, policy = FakeLedger(), Policy(Campaign(), Calendars(ZoneInfo("UTC")))
    postpone = Postpone(ledger=ledger, clock=FakeClock(NOW), policy=policy)
    assert await postpone.part_time(ADA_IN_CHAT, frozenset({4})) == frozenset(range(4))
    known = there(await ledger.recipient(ADA_IN_CHAT))
    calendar = policy.calendars.of_person(known.chat)
    assert not calendar.is_open(datetime(2025, 3, 7, 10, tzinfo=UTC))
    assert await postpone.part_time(ADA_IN_CHAT, frozenset(range(5))) is None
    assert await ledger.recipient(ADA_IN_CHAT) == known
    assert [e.action for e in await ledger.audit()] == ["part_time"]
