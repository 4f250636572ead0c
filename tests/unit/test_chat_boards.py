"""The line of a board that tells how near the date is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from bot.chat.campaign.boards import board
from bot.chat.words import Words
from bot.domain.campaign.windows import Deadline
from bot.domain.inventory.records import OrgScan
from bot.ports.writing import BoardContents
from tests.examples import NOW, RECORD
from tests.pages import page_of
from tests.reading import text_of

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = date(2027, 3, 12)
STANDINGS = BoardContents(
    page=page_of([RECORD]),
    scans={},
    deadline=Deadline("target", FRIDAY, "ours"),
    working_days_left=2,
    today=date(2027, 3, 10),
    now=NOW,
)


@pytest.mark.parametrize(
    ("today", "left", "says"),
    [
        (date(2027, 3, 10), 2, "2 working days left until March 12, 2027."),
        (date(2027, 3, 11), 1, "One working day left until March 12, 2027."),
        (FRIDAY, 0, "Today, March 12, 2027, is the deadline."),
        (date(2027, 3, 13), -1, "The deadline, March 12, 2027, has passed."),
    ],
)
def test_the_board_counts_down_to_the_day_itself(today: date, left: int, says: str) -> None:
    """On the day it says so, instead of counting to nothing."""
    contents = replace(STANDINGS, today=today, working_days_left=left)
    assert says in text_of(board(Words(), contents))


def test_a_date_on_a_day_off_leaves_no_working_day_before_it() -> None:
    """On the Saturday before a Sunday's date."""
    sunday = replace(STANDINGS.deadline, on=date(2027, 3, 14))
    contents = replace(STANDINGS, deadline=sunday, today=date(2027, 3, 13), working_days_left=0)
    assert "No working days left until March 14" in text_of(board(Words(), contents))


def test_a_board_tells_how_fresh_it_is_by_the_clock_of_the_organisation() -> None:
    """In `time_zone`, as the plan and the report do."""
    looked = OrgScan("contoso", started_at=NOW, finished_at=NOW)
    said = text_of(board(Words(), replace(STANDINGS, scans={"contoso": looked}), BERLIN))
    assert "As of March 3, 2025, 10:00 CET." in said
