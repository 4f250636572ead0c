"""The rate limits of the pretend chat platforms: a steady rate with a burst, per conversation."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field


@dataclass
class RateLimit:
    """`per_second` calls for each key, after a burst of `burst`; `on` switches it off and on.

    The default burst is one that a person playing never uses up, while a loop that ignores the
    limit meets it within a second.
    """

    per_second: float = 1.0
    burst: int = 60
    on: bool = True
    _full_at: dict[str, float] = field(default_factory=dict)

    def retry_after(self, key: str) -> int | None:
        """Count one call; None when it is allowed, else the whole seconds to wait."""
        if not self.on:
            return None
        now = time.monotonic()
        cost = 1 / self.per_second
        full_at = max(self._full_at.get(key, now), now)
        if full_at + cost - now > self.burst * cost:
            return max(1, math.ceil(full_at + cost - now - self.burst * cost))
        self._full_at[key] = full_at + cost
        return None
