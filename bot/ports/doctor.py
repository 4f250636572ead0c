"""What looks at each part of an installation. None raises: what went wrong is in what it saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from bot.domain.doctor.seen import OktaSeen


class Probe(Protocol):
    """Looks at one part."""

    async def probe(self) -> object:
        """What was seen, as one of `bot.domain.doctor.seen`."""
        ...


class OrgProbe(Protocol):
    """Looks at one Okta org."""

    async def probe(self) -> OktaSeen: ...


class MicrosoftProbe(Protocol):
    """Looks at Microsoft."""

    async def probe(self, tenants: Mapping[str, Sequence[str]]) -> Mapping[str, object]:
        """What was seen by place, of each tenant that Okta names (with its apps' domains)."""
        ...
