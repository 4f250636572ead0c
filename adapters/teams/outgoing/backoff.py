"""How long Teams is left alone when it asks for a pause and does not say for how long.

Exponential, with jitter, until something gets through (Microsoft Learn, "Optimize your bot with
rate limiting in Teams"). Without the jitter replicas would come back at the same moment.
"""

from __future__ import annotations

import random

FIRST = 1.0
LONGEST = 64.0
"""Seconds of the first pause and of the longest, before up to half of it comes on top."""


class Backoff:
    """The pause under way. `now` is in seconds, by whichever clock."""

    def __init__(self) -> None:
        self._next = FIRST
        self._until = 0.0

    def pause(self, now: float) -> float:
        """Seconds to wait. Those who are refused during a pause wait for the end of that one."""
        if now >= self._until:
            self._until = now + self._next * random.uniform(1, 1.5)
            self._next = min(2 * self._next, LONGEST)
        return self._until - now

    def over(self) -> None:
        """Something got through."""
        self._next = FIRST
