"""Look at every part of an installation at once, and say what is good and what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar

from attrs import define, field

from bot.domain.doctor.checks import examine
from bot.domain.doctor.finding import Finding
from bot.domain.doctor.seen import OktaSeen, Silent
from bot.ports.doctor import MicrosoftProbe, OrgProbe, Probe
from bot.ports.system import Clock

T = TypeVar("T")

PATIENCE = 40
"""Seconds after which a part counts as silent; the calls within have limits of their own."""


@define(kw_only=True, eq=False)
class Doctor:
    """`probes` are by place. One examination at a time: whoever asks meanwhile waits for it."""

    _probes: Mapping[str, Probe]
    _orgs: Mapping[str, OrgProbe]
    _microsoft: MicrosoftProbe | None
    _clock: Clock
    _patience: int = PATIENCE
    _one_looks: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def examine(self) -> tuple[Finding, ...]:
        """All findings, part by part, in the order of the settings."""
        async with self._one_looks:
            parts, clouds = await asyncio.gather(
                self._all({place: probe.probe() for place, probe in self._probes.items()}),
                self._clouds(),
            )
        return tuple(examine({**parts, **clouds}, self._clock.now()))

    async def _clouds(self) -> Mapping[str, object]:
        """Okta tells which tenants there are, so it is looked at before Microsoft."""
        orgs = await self._all({f"okta:{name}": org.probe() for name, org in self._orgs.items()})
        if self._microsoft is None:
            return orgs
        named: dict[str, Sequence[str]] = {}
        for seen in orgs.values():
            if isinstance(seen, OktaSeen):
                named |= seen.tenants
        looked = await self._in_time(self._microsoft.probe(named))
        return {**orgs, **({"entra": looked} if isinstance(looked, Silent) else looked)}

    async def _all(self, looks: Mapping[str, Awaitable[object]]) -> Mapping[str, object]:
        seen = await asyncio.gather(*map(self._in_time, looks.values()))
        return dict(zip(looks, seen, strict=True))

    async def _in_time(self, look: Awaitable[T]) -> T | Silent:
        try:
            async with asyncio.timeout(self._patience):
                return await look
        except TimeoutError:
            return Silent(self._patience)
