"""What `/health` tells: part by part, and whether the bot can serve at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Part:
    """One part, such as `store` or `okta:contoso`. Of one that failed `reason` says why (free of
    secrets), `since` since when (UTC; None where nobody noted it), `do` what to do about it;
    `facts` are told in any case.

    Without a vital part nothing can be served; any other may fail and the bot goes on.
    """

    name: str
    ok: bool
    reason: str = ""
    vital: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None
    do: str = ""

    def as_json(self) -> dict[str, str]:
        """`status`, what is wrong with it, and the facts."""
        if self.ok:
            return {"status": "ok", **self.facts}
        since = self.since.isoformat(timespec="seconds") if self.since is not None else ""
        wrong = {"reason": self.reason, "since": since, "do": self.do}
        return {"status": "failed", **{k: v for k, v in wrong.items() if v}, **self.facts}


@dataclass(frozen=True, slots=True)
class Health:
    """How every part is."""

    parts: tuple[Part, ...]

    @property
    def serving(self) -> bool:
        """False when a vital part failed: then `/health` answers 503."""
        return all(part.ok for part in self.parts if part.vital)

    def as_json(self) -> dict[str, object]:
        """`{"status": "ok" | "degraded" | "failed", "parts": {name: {"status", …}}}`."""
        whole = "ok" if all(part.ok for part in self.parts) else "degraded"
        return {
            "status": whole if self.serving else "failed",
            "parts": {part.name: part.as_json() for part in self.parts},
        }
