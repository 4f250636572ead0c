"""Figures about the whole installation, from the indexes: what exists is counted, never read.

Whichever replica is asked tells the same, since it is the store that counts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from attrs import define
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.writing import OPEN_STAGES
from adapters.redis.server.store import errors
from bot.domain.inventory.records import OrgScan
from bot.domain.summaries import RANKS
from bot.ports.store.figures import Figures, OrgFigures, Queued

WAIVED = "waived"


@define(eq=False)
class RedisFigures:
    """The overview (`bot.ports.store.figures`). `buckets` are the names of an org's rate limits."""

    _client: Redis
    _keys: Keys
    _ledger: RedisLedger
    _orgs: Sequence[str]
    _buckets: Sequence[str]

    async def read(self) -> Figures:
        keys = self._keys
        with errors():
            seconds, micros = await self._client.time()
            now = float(seconds) + float(micros) / 1_000_000
            info = await self._client.info("memory")
            async with self._client.pipeline(transaction=False) as pipe:
                asked: dict[Any, Awaitable[Any] | Any] = {
                    ("stage", stage): pipe.zcount(keys.stages(), number, number)
                    for number, stage in enumerate(OPEN_STAGES)
                }
                asked |= self._of_queue(pipe, "tasks", keys.tasks_due(), now * 1000)
                asked |= self._of_queue(pipe, "deliveries", keys.due(), now)
                for org in self._orgs:
                    asked |= self._of_org(pipe, org)
                found = dict(zip(asked, await pipe.execute(), strict=True))
        scans = await self._ledger.scans()
        incidents = await self._ledger.incidents()
        return Figures(
            orgs={org: self._org(found, org, scans.get(org), now) for org in self._orgs},
            requests={stage: found["stage", stage] for stage in OPEN_STAGES},
            tasks=_queued(found, "tasks", now, 1000),
            deliveries=_queued(found, "deliveries", now, 1),
            incidents=Counter(incident.platform for incident in incidents.values()),
            memory=int(info.get("used_memory", 0)),
            memory_limit=int(info.get("maxmemory", 0)),
        )

    async def late(self) -> float:
        """By how many seconds the oldest work or message that is due is late."""
        with errors():
            seconds, micros = await self._client.time()
            now = float(seconds) + float(micros) / 1_000_000
            async with self._client.pipeline(transaction=False) as pipe:
                asked = self._of_queue(pipe, "tasks", self._keys.tasks_due(), now * 1000)
                asked |= self._of_queue(pipe, "deliveries", self._keys.due(), now)
                found = dict(zip(asked, await pipe.execute(), strict=True))
        return max(
            _queued(found, "tasks", now, 1000).late, _queued(found, "deliveries", now, 1).late
        )

    def _of_queue(self, pipe: Any, name: str, key: str, now: float) -> dict[Any, Any]:
        return {
            (name, "waiting"): pipe.zcard(key),
            (name, "due"): pipe.zcount(key, "-inf", now),
            (name, "oldest"): pipe.zrange(key, 0, 0, withscores=True),
        }

    def _of_org(self, pipe: Any, org: str) -> dict[Any, Any]:
        keys = self._keys
        return (
            {
                (org, rank): pipe.zlexcount(keys.places(org), f"[{rank}\t", f"({rank}\n")
                for rank in range(len(RANKS))
            }
            | {(org, "unreachable"): pipe.scard(keys.unreachable(org))}
            | {
                (org, bucket): pipe.hmget(
                    keys.rate(f"okta:{org}", bucket), ["limit", "left", "ends", "blocked"]
                )
                for bucket in self._buckets
            }
        )

    def _org(
        self, found: Mapping[Any, Any], org: str, scan: OrgScan | None, now: float
    ) -> OrgFigures:
        ranks = enumerate(RANKS)
        return OrgFigures(
            apps={(WAIVED if s is None else s.value): found[org, rank] for rank, s in ranks},
            unreachable=found[org, "unreachable"],
            scanned_at=scan.finished_at if scan else None,
            scan_failed=bool(scan and scan.failure),
            budget=min((_left(found[org, one], now) for one in self._buckets), default=1.0),
        )


def _queued(found: Mapping[Any, Any], name: str, now: float, unit: int) -> Queued:
    """`unit`: how many of the index's own units a second has."""
    oldest = found[name, "oldest"]
    due_at = float(oldest[0][1]) / unit if oldest else now
    late = max(0.0, now - due_at) if math.isfinite(due_at) else 0.0
    return Queued(found[name, "waiting"], found[name, "due"], late)


def _left(bucket: Sequence[str | None], now: float) -> float:
    """The share of one limit that is left; whole where its window is over, or nothing is known."""
    limit, left, ends, blocked = map(_number, bucket)
    if blocked > now * 1000:
        return 0.0
    if limit <= 0 or ends <= now * 1000:
        return 1.0
    return min(max(left / limit, 0.0), 1.0)


def _number(stored: str | None) -> float:
    """A number, whatever stands there; 0 for none."""
    try:
        return float(stored or 0)
    except ValueError:
        return 0.0
