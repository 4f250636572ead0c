"""Lists on Redis: summaries beside the records, in the order in which lists show them.

A record's summary has a place in its org's sorted set, by name: how pressing it is, then the label.
So a page is a range, and a count two steps in a tree; a search goes through places in memory. What
nobody can be asked for is a set, which each commit of an app, a prospect or a request keeps right
(`commit`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version
from typing import cast

from pydantic import TypeAdapter
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records import codec
from adapters.redis.records.commit import AT_A_TIME, milliseconds, split, text
from adapters.redis.records.search_index import SearchIndex
from adapters.redis.server.store import errors
from bot.domain.consent.requests import ConsentRequest
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import (
    EVERY_OPEN,
    RANKS,
    AppSummary,
    By,
    Counts,
    Page,
    Wanted,
    by_urgency,
)
from bot.ports.store.lists import Asked

VERSION = version("o365bot")
"""Verdicts follow the rules of a release: another one takes each of them again at its start."""

_PAGE = """
local rows, number = tonumber(ARGV[1]), tonumber(ARGV[2])
local first, last, ranks = tonumber(ARGV[3]) + 1, tonumber(ARGV[4]), tonumber(ARGV[5])
local orgs = #KEYS / 4
local counts, whole, unreachable, shown = {}, 0, 0, {}
for org = 1, orgs do
  unreachable = unreachable + redis.call('SCARD', KEYS[4 * org])
  for rank = 1, ranks do
    local from = '[' .. (rank - 1) .. '\\t'
    local to = '(' .. (rank - 1) .. '\\n'
    local count = redis.call('ZLEXCOUNT', KEYS[4 * org - 3], from, to)
    counts[(rank - 1) * orgs + org] = count
    if rank >= first and rank <= last then whole = whole + count end
  end
end
local pages = math.max(1, math.ceil(whole / rows))
number = math.min(number, pages)
local skip, left, before = (number - 1) * rows, rows, {}
local outer, inner = last, orgs
if ARGV[6] == 'org' then outer, inner = orgs, last end
for i = 1, outer do
  for j = 1, inner do
    local rank, org = i, j
    if ARGV[6] == 'org' then rank, org = j, i end
    local count = counts[(rank - 1) * orgs + org]
    local begins = before[org] or 0
    before[org] = begins + count
    if rank < first then count = 0 end
    if skip >= count then skip = skip - count
    elseif left > 0 then
      local take = math.min(left, count - skip)
      local from = begins + skip
      for _, place in ipairs(redis.call('ZRANGE', KEYS[4 * org - 3], from, from + take - 1)) do
        local app = string.match(place, '[^\\t]*$')
        shown[#shown + 1] = redis.call('HGET', KEYS[4 * org - 2], app)
        shown[#shown + 1] = redis.call('HGET', KEYS[4 * org - 1], app)
      end
      skip, left = 0, left - take
    end
  end
end
return {number, pages, unreachable, counts, shown}
"""

# Records whose summary is not of this release, or not of their revision.
_OUTDATED = """
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local outdated = {}
for i = 1, #found[2], 2 do
  local tag = ARGV[3] .. '.' .. (string.match(found[2][i + 1], '^(%d+)|') or '')
  local summary = redis.call('HGET', KEYS[2], found[2][i])
  if not summary or string.match(summary, '^([^|]*)|') ~= tag then
    outdated[#outdated + 1] = found[2][i + 1]
  end
end
return {found[1], outdated}
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A summary as it is stored. `place` is its member of the sorted set; `wants` a consent."""

    place: str
    wants: bool
    summary: AppSummary


LISTED = codec.Codec(TypeAdapter(Listed), sparse=True)


class RedisLists:
    """Implements `bot.ports.store.lists.Lists`; the ledger's half that only reads."""

    def __init__(self, client: Redis, keys: Keys, orgs: frozenset[str] | None = None) -> None:
        self._client = client
        self._keys = keys
        self._configured = orgs
        self._search_index = SearchIndex(client, keys)
        self._page = client.register_script(_PAGE)
        self._outdated = client.register_script(_OUTDATED)
        self._names: tuple[str, tuple[tuple[AppRef, str], ...]] = ("", ())

    def _counts(self, org: str) -> bool:
        """Whether an org is in the settings: what was kept of any other is not told of."""
        return self._configured is None or org in self._configured

    async def _orgs(self, org: str) -> list[str]:
        """That one, or all of them (""); of these the ones that count."""
        names = [org] if org else map(text, await self._client.smembers(self._keys.orgs()))
        return sorted(filter(self._counts, names))

    def _by_org(self, refs: Iterable[AppRef]) -> Mapping[str, list[str]]:
        wanted: dict[str, list[str]] = {}
        for ref in refs:
            if self._counts(ref.org):
                wanted.setdefault(ref.org, []).append(ref.app_id)
        return wanted

    async def page(self, number: int, rows: int, wanted: Wanted = EVERY_OPEN) -> Page:
        if wanted.text:
            return await self._searched(number, rows, wanted)
        with errors():
            orgs = await self._orgs(wanted.org)
            keys = [
                key
                for org in orgs
                for key in (
                    self._keys.places(org),
                    self._keys.summaries(org),
                    self._keys.prospects(org),
                    self._keys.unreachable(org),
                )
            ]
            number, pages, unreachable, counts, shown = (
                await self._page(
                    keys=keys,
                    args=[rows, max(number, 1), *wanted.ranks, len(RANKS), wanted.by.value],
                )
                if keys
                else (1, 1, 0, [], [])
            )
            summaries = [
                one.summary for one in LISTED.readable("summaries", map(split, shown[::2]))
            ]
            asked = [one.request_id for one in summaries if one.request_id]
            requests = await self._some_requests(asked)
        by_rank = [sum(counts[n : n + len(orgs)]) for n in range(0, len(counts), len(orgs) or 1)]
        found = zip(RANKS, by_rank, strict=False)
        states = {state: count for state, count in found if state is not None and count}
        waived = next((n for state, n in zip(RANKS, by_rank, strict=False) if state is None), 0)
        prospects = codec.PROSPECT.readable("prospects", filter(None, shown[1::2]))
        first, behind = wanted.ranks
        by_org = (
            (org, sum(counts[rank * len(orgs) + n] for rank in range(first, behind)))
            for n, org in enumerate(orgs)
        )
        return Page(
            number,
            pages,
            states,
            tuple(summaries),
            {request.id: request for request in requests},
            {one.app: one for one in prospects},
            unreachable,
            waived,
            dict(by_org) if wanted.by is By.ORG else {},
        )

    async def counts(self) -> Counts:
        with errors():
            orgs = await self._orgs("")
            pipe = self._client.pipeline(transaction=False)
            for org in orgs:
                for rank in range(len(RANKS)):
                    pipe.zlexcount(self._keys.places(org), f"[{rank}\t", f"({rank}\n")
            found = iter(await pipe.execute())
        by_org = {org: {state: n for state in RANKS if (n := next(found))} for org in orgs}
        return {org: states for org, states in by_org.items() if states}

    async def _searched(self, number: int, rows: int, wanted: Wanted) -> Page:
        whole = await self.page(1, 1, replace(wanted, text=""))  # for the counts
        with errors():
            refs = await self._search_index.found(wanted, await self._orgs(wanted.org))
        pages = max(1, -(-len(refs) // rows))
        number = min(max(number, 1), pages)
        shown = await self._page_of(refs[(number - 1) * rows : number * rows])
        return replace(
            shown,
            number=number,
            pages=pages,
            counts=whole.counts,
            unreachable=whole.unreachable,
            waived=whole.waived,
        )

    async def pages(self, rows: int, wanted: Wanted = EVERY_OPEN) -> AsyncIterator[Page]:
        with errors():
            refs = await self._search_index.found(wanted, await self._orgs(wanted.org))
        for start in range(0, len(refs), rows):
            yield await self._page_of(refs[start : start + rows])

    async def _page_of(self, refs: Sequence[AppRef]) -> Page:
        stored = await self._some_summaries(refs)
        read = [one.summary for one in LISTED.readable("summaries", map(split, stored))]
        there = {one.ref: one for one in read}
        shown = tuple(there[ref] for ref in refs if ref in there)
        with errors():
            requests = await self._some_requests([a.request_id for a in shown if a.request_id])
        return Page(
            shown=shown,
            requests={request.id: request for request in requests},
            prospects=await self.prospects_of(refs),
        )

    async def _some_requests(self, ids: Sequence[str]) -> list[ConsentRequest]:
        """Those of them that are open."""
        stored = await self._client.mget([self._keys.request(one) for one in ids]) if ids else []
        found = codec.REQUEST.readable("requests", (split(one) for one in stored if one))
        return [request for request in found if request.stage.is_open]

    async def requests(self, number: int, rows: int) -> Asked:
        index = self._keys.open_requests()
        with errors():
            pages = max(1, -(-await self._client.zcard(index) // rows))
            number = min(max(number, 1), pages)
            ids = await self._client.zrange(index, (number - 1) * rows, number * rows - 1)
            shown = await self._some_requests([text(one) for one in ids])
        return Asked(number, pages, tuple(shown))

    async def prospects_of(self, refs: Iterable[AppRef]) -> Mapping[AppRef, Prospect]:
        stored: list[str | bytes | None] = []
        with errors():
            for org, ids in self._by_org(refs).items():
                stored += await self._client.hmget(self._keys.prospects(org), ids)
        found = codec.PROSPECT.readable("prospects", filter(None, stored))
        return {one.app: one for one in found}

    async def summaries(self, org: str = "") -> tuple[AppSummary, ...]:
        stored: list[str | bytes] = []
        with errors():
            for name in await self._orgs(org):
                stored += await self._client.hvals(self._keys.summaries(name))
        return await _in_order(stored)

    async def summaries_of(self, refs: Iterable[AppRef]) -> tuple[AppSummary, ...]:
        return await _in_order(await self._some_summaries(refs))

    async def _some_summaries(self, refs: Iterable[AppRef]) -> list[str | bytes]:
        stored: list[str | bytes] = []
        with errors():
            for org, ids in self._by_org(refs).items():
                found = await self._client.hmget(self._keys.summaries(org), ids)
                stored += [one for one in found if one]
        return stored

    async def tenants(self) -> Mapping[str, frozenset[str]]:
        with errors():
            orgs = await self._orgs("")
            pipe = self._client.pipeline(transaction=False)
            for org in orgs:
                pipe.smembers(self._keys.tenants(org))
            found = await pipe.execute()
        return {org: frozenset(map(text, ids)) for org, ids in zip(orgs, found, strict=True)}

    async def still(self) -> tuple[AppRef, ...]:
        with errors():
            found = await self._client.zrange(self._keys.still(), 0, -1)
        refs = map(_ref, found)
        return tuple(ref for ref in refs if ref is not None and self._counts(ref.org))

    async def unreachable(self) -> tuple[AppRef, ...]:
        with errors():
            orgs = await self._orgs("")
            pipe = self._client.pipeline(transaction=False)
            for org in orgs:
                pipe.smembers(self._keys.unreachable(org))
            found = zip(orgs, await pipe.execute(), strict=True)
        return tuple(AppRef(org, app_id) for org, ids in found for app_id in sorted(map(text, ids)))

    async def names(self) -> tuple[tuple[AppRef, str], ...]:
        with errors():
            changed = await self._client.hget(self._keys.names(), "")
            if changed is None:
                return ()
            if text(changed) != self._names[0]:
                stored = await self._client.hgetall(self._keys.names())
                changed = stored.pop("")
                found = ((_ref(ref), text(name)) for ref, name in stored.items())
                self._names = (
                    text(changed),
                    tuple((ref, name) for ref, name in found if ref and self._counts(ref.org)),
                )
        return self._names[1]

    async def due_verdicts(self, now: datetime, limit: int) -> tuple[AppRef, ...]:
        due: list[tuple[float, AppRef]] = []
        with errors():
            orgs = await self._orgs("")
            pipe = self._client.pipeline(transaction=False)
            for org in orgs:
                pipe.zrangebyscore(
                    self._keys.verdicts(org),
                    "-inf",
                    milliseconds(now),
                    start=0,
                    num=limit,
                    withscores=True,
                )
            found = cast("list[list[tuple[str, float]]]", await pipe.execute())
        for org, pairs in zip(orgs, found, strict=True):
            due += [(until, AppRef(org, app_id)) for app_id, until in pairs]
        return tuple(ref for _, ref in sorted(due)[:limit])

    async def outdated(self, org: str, cursor: str) -> tuple[str, tuple[AppRecord, ...]]:
        """The next records of an org without a summary of their own, and where to go on."""
        with errors():
            following, found = await self._outdated(
                keys=[self._keys.apps(org), self._keys.summaries(org)],
                args=[cursor, AT_A_TIME, VERSION],
            )
        return text(following), codec.APP.readable("apps", map(split, found))


def _ref(stored: object) -> AppRef | None:
    """None for what names no app, and so is none of ours."""
    try:
        return AppRef.parse(text(stored))
    except ValueError:
        return None


async def _in_order(stored: Sequence[str | bytes]) -> tuple[AppSummary, ...]:
    found: list[AppSummary] = []
    for start in range(0, len(stored), AT_A_TIME):
        part = LISTED.readable("summaries", map(split, stored[start : start + AT_A_TIME]))
        found += [one.summary for one in part]
        await asyncio.sleep(0)
    return tuple(sorted(found, key=by_urgency))
