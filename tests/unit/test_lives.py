"""Simulated lives, a few of them: what is called proven is true, and little is left open.

`make drills` runs some more, `make bench ONLY=lives` many, and prints the counts.
"""

from __future__ import annotations

import os

import pytest

from tests.lives.measure import measure
from tests.lives.world import BREAKS


@pytest.mark.parametrize("unsure", [False, True])
def test_what_is_called_proven_is_true(unsure: bool) -> None:
    """None that a look had shown to be otherwise, and hardly one that nobody could see."""
    counts = measure(int(os.environ.get("O365BOT_LIVES", "5")), 160, unsure=unsure)
    assert counts.seen == 0, counts.examples
    assert counts.false <= counts.proven * (0.005 if unsure else 0.001), counts.examples
    assert counts.left <= counts.working * 0.1
    assert counts.working_proven >= counts.working * 0.15


@pytest.mark.parametrize("row", BREAKS)
def test_what_befalls_a_migrated_app_is_not_called_proven_a_week_later(row: str) -> None:
    """Whether it is seen, or the proof is just not confirmed any more."""
    counts = measure(1, 140, unsure=False, row=row)
    assert counts.rows[row]
    assert counts.rows_held[row] == 0
