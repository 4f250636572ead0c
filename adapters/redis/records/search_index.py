"""The order of the lists, kept in memory to be searched: an org is read again once it changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.commit import AT_A_TIME, text
from bot.domain.inventory.apps import AppRef
from bot.domain.normalization import exact, normalized
from bot.domain.summaries import RANKS, AppSummary, Wanted, by_urgency

LONGEST_NAME = 255
_RANKS = frozenset(map(str, range(len(RANKS))))


def place_of(summary: AppSummary) -> str:
    """Where it stands in its org, as text: how pressing, label, domain, app id."""
    rank, _, label, domain, app_id = by_urgency(summary)
    return "\t".join((str(rank), label[:LONGEST_NAME], domain[:LONGEST_NAME], app_id))


class Some(NamedTuple):
    """Some apps in order, and by what each is searched for; `all_names` is that of all of them."""

    all_names: str
    apps: Sequence[tuple[str, AppRef]]


class SearchIndex:
    """Finds apps in the order of the lists."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        # By org: how often one moved, and by rank what is there.
        self._read: dict[str, tuple[object, Sequence[Sequence[Some]]]] = {}

    async def found(self, wanted: Wanted, orgs: Sequence[str]) -> Sequence[AppRef]:
        """What is wanted of these orgs (in order), whoever is asked for it."""
        await self._refresh(orgs)
        said = normalized(wanted.text)
        read = [self._read[org][1] for org in orgs]
        found: list[AppRef] = []
        for rank in range(*wanted.ranks):
            for by_rank in read:
                for some in by_rank[rank]:
                    if said in some.all_names:
                        found += [ref for names, ref in some.apps if said in names]
            await asyncio.sleep(0)
        return found

    async def _refresh(self, orgs: Sequence[str]) -> None:
        if not orgs:
            return
        # Before the places: one that moves meanwhile is read again the next time.
        moved = await self._client.hmget(self._keys.moved(), list(orgs))
        for org, now in zip(orgs, moved, strict=True):
            if org not in self._read or self._read[org][0] != now:
                stored = await self._client.zrange(self._keys.places(org), 0, -1)
                self._read[org] = now, await _by_rank(org, list(map(text, stored)))


async def _by_rank(org: str, stored: Sequence[str]) -> Sequence[Sequence[Some]]:
    """Some at a time: what is left out is none of ours."""
    at, found = normalized(org), list[list[Some]]([] for _ in RANKS)
    for start in range(0, len(stored), AT_A_TIME):
        apps: list[list[tuple[str, AppRef]]] = [[] for _ in RANKS]
        for place in stored[start : start + AT_A_TIME]:
            rank, _, rest = place.partition("\t")
            names, _, app_id = rest.rpartition("\t")
            if rank in _RANKS and app_id:
                ref = AppRef(org, app_id)
                apps[int(rank)].append((f"{names}\t{at}/{exact(app_id)}", ref))
        for some, there in zip(apps, found, strict=True):
            if some:
                there.append(Some("\n".join(names for names, _ in some), some))
        await asyncio.sleep(0)
    return found
