"""Random companies: what is promised to people who are reminded is kept.

`make drills` tries more, `make bench ONLY=promises` many; `O365BOT_PROMISES=1000:3000` runs
these cases here.
"""

from __future__ import annotations

import os

from tests.promises.living import probe


def test_every_promise_is_kept_in_random_lives() -> None:
    """The first thing that was not kept says which case it was, and when."""
    first, _, last = os.environ.get("O365BOT_PROMISES", "0:4").partition(":")
    assert probe(range(int(first), int(last))) == []
