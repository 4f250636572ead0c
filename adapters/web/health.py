"""What `/health` tells: part by part, and whether the bot can serve at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """One part, such as `store` or `okta:contoso`. `reason` says why it failed, free of secrets;
    `facts` are told of one that is well.

    Without a vital part nothing can be served; any other may fail and the bot goes on.
    """

    name: str
    ok: bool
    reason: str = ""
    vital: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """How every part is."""

    parts: tuple[Part, ...]

    @property
    def serving(self) -> bool:
        """False when a vital part failed: then `/health` answers 503."""
        return all(part.ok for part in self.parts if part.vital)

    def as_json(self) -> dict[str, object]:
        """`{"status": "ok" | "degraded" | "failed", "parts": {name: {"status", "reason"}}}`."""
        whole = "ok" if all(part.ok for part in self.parts) else "degraded"
        return {
            "status": whole if self.serving else "failed",
            "parts": {
                part.name: {"status": "ok", **part.facts}
                if part.ok
                else {"status": "failed", "reason": part.reason}
                for part in self.parts
            },
        }
