"""The ledger on Redis: every read is one call, every change one atomic step.

What has ended is kept for a while, then expires by itself (`writing.Lifetimes`). Apps stay, and the
audit as long as `retention` leaves it.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records import codec
from adapters.redis.records.commit import Commit, batches, is_name, milliseconds, split, text
from adapters.redis.records.lists import VERSION, RedisLists
from adapters.redis.records.trail import Trail
from adapters.redis.records.writing import DAY, ENDED_DELIVERIES, Lifetimes, Writing, plain_code
from adapters.redis.server.durability import NONE, Durability
from adapters.redis.server.store import errors
from bot.domain.campaign.channels.board import Board
from bot.domain.campaign.channels.report import DayCount
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.onboarding import Onboarding
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.incidents import Incident
from bot.domain.delivery.notices import Channel
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.gaps import AdminGap
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, OktaAdmin
from bot.domain.people.policy import AccountNote
from bot.domain.people.prospects import Prospect
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import HOLD, ScheduleEntry
from bot.errors import Conflict, NotDurable, RecordUnreadable
from bot.ports.spans import span

log = structlog.get_logger(__name__)

PEOPLE = DAY
LAST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()

_TAKE_DUE = """
local keys = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, key in ipairs(keys) do redis.call('ZADD', KEYS[1], 'XX', ARGV[2], key) end
return keys
"""


_HOLD = """
local due = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[3],
                       'WITHSCORES')
for i = 1, #due, 2 do redis.call('ZADD', KEYS[1], ARGV[2], due[i]) end
return due
"""


class RedisLedger(RedisLists):
    """The ledger (`bot.ports.store.ledger`). `orgs` are those in the settings (None: all count)."""

    def __init__(
        self,
        client: Redis,
        keys: Keys,
        durability: Durability = NONE,
        orgs: frozenset[str] | None = None,
        trail: Trail | None = None,
        lifetimes: Lifetimes | None = None,
    ) -> None:
        super().__init__(client, keys, orgs)
        self._durability = durability
        self._trail = trail if trail is not None else Trail(client, keys)
        self._writing = Writing(keys, lifetimes)
        self._hold = client.register_script(_HOLD)
        self._take_due = client.register_script(_TAKE_DUE)

    async def commit(self, changes: Changes) -> None:
        commit = Commit()
        self._writing.all_of(commit, changes)
        with span("commit"):
            await self._trail.commit(commit, changes.audit)
        # A proof is what a person is told "it is recorded" about.
        if proven := [request for request in changes.requests if request.proof is not None]:
            await self._settle(proven)

    async def app(self, ref: AppRef) -> AppRecord | None:
        if not self._counts(ref.org):
            return None
        with errors():
            stored = await self._client.hget(self._keys.apps(ref.org), ref.app_id)
        return codec.APP.load(split(stored)) if stored else None

    async def bring_lists_up_to_date(self) -> None:
        """Write what lists show of each record that the former release wrote, some at a time.

        Done again at every start, and cheap where there is nothing to do. A pass that dies is gone
        on with: what it wrote is not written again.
        """
        with errors():
            known = await self._client.get(self._keys.listed())
            staged = await self._client.zcard(self._keys.stages())
            behind = staged != await self._client.zcard(self._keys.open_requests())
            orgs = sorted(map(text, await self._client.smembers(self._keys.orgs())))
        if known != VERSION or behind:
            await self._index_open_requests()
        for org in orgs:
            cursor = ""
            while cursor != "0":
                cursor = await self._list_some(org, cursor or "0")
        with errors():
            await self._client.set(self._keys.listed(), VERSION)

    async def _index_open_requests(self) -> None:
        """Which app each is about, and at which stage it stands."""
        with errors():
            await self._client.delete(self._keys.stages())
        for request in await self.open_requests():
            commit = Commit()
            commit.expect(self._keys.request(request.id), None, request.revision)
            self._writing.asked(commit, request)
            self._writing.stage(commit, request)
            with suppress(Conflict):  # whoever changed it has written both
                await self._trail.commit(commit)

    async def _list_some(self, org: str, cursor: str) -> str:
        """Where to go on: further, or here again when one of them changed meanwhile."""
        following, records = await self.outdated(org, cursor)
        if records:
            commit = Commit()
            for record in records:
                ref = record.app.ref
                commit.expect(self._keys.apps(ref.org), ref.app_id, record.revision)
                self._writing.listed(commit, record)
            try:
                await self._trail.commit(commit)
            except Conflict:
                return cursor
        return following

    async def apps(self, org: str = "") -> tuple[AppRecord, ...]:
        # Some at a time: their text takes more memory than they do.
        found: dict[AppRef, AppRecord] = {}
        with errors():
            for name in await self._orgs(org):
                async for stored in batches(self._client, self._keys.apps(name)):
                    records = codec.APP.readable("apps", map(split, stored.values()))
                    found |= {record.app.ref: record for record in records}
        return tuple(found.values())

    async def scans(self) -> Mapping[str, OrgScan]:
        with errors():
            stored = await self._client.hgetall(self._keys.scans())
        scans = codec.SCAN.readable("scans", stored.values())
        return {scan.org: scan for scan in scans if self._counts(scan.org)}

    async def save_scan(self, scan: OrgScan) -> None:
        with errors():
            await self._client.hset(self._keys.scans(), scan.org, codec.SCAN.dump(scan))

    async def global_admins(self, tenant_id: str) -> tuple[GlobalAdmin, ...] | None:
        stored = await self._read(self._keys.global_admins(tenant_id))
        return codec.GLOBAL_ADMINS.load(stored) if stored else None

    async def save_global_admins(
        self,
        tenant_id: str,
        admins: Sequence[GlobalAdmin],
        gaps: Sequence[AdminGap] = (),
    ) -> None:
        with errors():
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.set(
                    self._keys.global_admins(tenant_id),
                    codec.GLOBAL_ADMINS.dump(tuple(admins)),
                    ex=PEOPLE,
                )
                pipeline.set(
                    self._keys.admin_gaps(tenant_id), codec.ADMIN_GAPS.dump(tuple(gaps)), ex=PEOPLE
                )
                await pipeline.execute()

    async def admin_gaps(self, tenant_id: str) -> tuple[AdminGap, ...]:
        stored = await self._read(self._keys.admin_gaps(tenant_id))
        return codec.ADMIN_GAPS.load(stored) if stored else ()

    async def account_notes(self) -> tuple[AccountNote, ...]:
        with errors():
            stored = await self._client.hvals(self._keys.account_notes())
        # All or none: an account that may not be asked must not be asked by oversight.
        return tuple(codec.ACCOUNT_NOTE.load(split(note)) for note in stored)

    async def prospects(self, org: str = "") -> Mapping[AppRef, Prospect]:
        found = []
        with errors():
            for name in await self._orgs(org):
                found += await self._client.hvals(self._keys.prospects(name))
        return {one.app: one for one in codec.PROSPECT.readable("prospects", found)}

    async def okta_admins(self, org: str) -> tuple[OktaAdmin, ...] | None:
        stored = await self._read(self._keys.okta_admins(org))
        return codec.OKTA_ADMINS.load(stored) if stored else None

    async def save_okta_admins(self, org: str, admins: Sequence[OktaAdmin]) -> None:
        record = codec.OKTA_ADMINS.dump(tuple(admins))
        with errors():
            await self._client.set(self._keys.okta_admins(org), record, ex=PEOPLE)

    async def request(self, request_id: str) -> ConsentRequest | None:
        stored = await self._read(self._keys.request(request_id))
        return codec.REQUEST.load(split(stored)) if stored else None

    async def request_by_link(self, digest: str) -> ConsentRequest | None:
        found = await self._read(self._keys.link(digest))
        return await self.request(found) if found else None

    async def request_by_code(self, code: str) -> ConsentRequest | None:
        found = await self._read(self._keys.code(plain_code(code)))
        return await self.request(found) if found else None

    async def onboarding(self, onboarding_id: str) -> Onboarding | None:
        stored = await self._read(self._keys.onboarding(onboarding_id))
        return codec.ONBOARDING.load(split(stored)) if stored else None

    async def onboarding_by_link(self, digest: str) -> Onboarding | None:
        found = await self._read(self._keys.onboarding_link(digest))
        return await self.onboarding(found) if found else None

    async def onboarding_of(self, tenant_id: str) -> Onboarding | None:
        found = await self._read(self._keys.onboarding_of(tenant_id))
        return await self.onboarding(found) if found else None

    async def open_requests(self, org: str = "") -> tuple[ConsentRequest, ...]:
        if not org:
            return await self._requests(self._keys.open_requests())
        with errors():
            ids = await self._client.hvals(self._keys.asked(org))
            found = await self._some_requests(list(map(text, ids)))
        return tuple(sorted(found, key=lambda one: one.requested_at))

    async def requests_for(self, app: AppRef) -> tuple[ConsentRequest, ...]:
        # All or none: whoever said no, or nothing, must not be asked again by oversight.
        return tuple(map(codec.REQUEST.load, await self._stored(self._keys.requests_for(app))))

    async def _read(self, key: str) -> str | None:
        with errors():
            stored = await self._client.get(key)
        return text(stored) if stored else None

    async def _requests(self, index: str) -> tuple[ConsentRequest, ...]:
        return codec.REQUEST.readable("requests", await self._stored(index))

    async def _stored(self, index: str) -> list[str]:
        with errors():
            ids = await self._client.zrange(index, 0, -1)
            if not ids:
                return []
            stored = await self._client.mget([self._keys.request(text(i)) for i in ids])
        return [split(one) for one in stored if one]

    async def delivery(self, key: str) -> Delivery | None:
        stored = await self._read(self._keys.delivery(key))
        return codec.DELIVERY.load(split(stored)) if stored else None

    async def deliveries(self, keys: Sequence[str]) -> Mapping[str, Delivery]:
        if not keys:
            return {}
        with errors():
            stored = await self._client.mget([self._keys.delivery(key) for key in keys])
        found = {}
        for key, one in zip(keys, stored, strict=True):
            with suppress(RecordUnreadable):  # whoever asks for it alone is told
                if one:
                    found[key] = codec.DELIVERY.load(split(one))
        return found

    async def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        with errors():
            keys = await self._client.zrangebyscore(
                self._keys.due(), "-inf", now.timestamp(), start=0, num=limit
            )
        return tuple(map(text, keys))

    async def take_due(self, now: datetime, limit: int, hold: timedelta) -> tuple[str, ...]:
        with errors():
            keys = await self._take_due(
                keys=[self._keys.due()], args=[now.timestamp(), (now + hold).timestamp(), limit]
            )
            if strange := [key for key in keys if not is_name(text(key))]:
                log.error("deliveries with unusable names are left out", count=len(strange))
                await self._client.zrem(self._keys.due(), *strange)
        return tuple(key for key in map(text, keys) if is_name(key))

    async def set_aside(self, key: str, until: datetime) -> None:
        with errors():
            await self._client.zadd(self._keys.due(), {key: until.timestamp()}, xx=True)

    async def incidents(self) -> Mapping[str, Incident]:
        with errors():
            stored = await self._client.hgetall(self._keys.incidents())
        found = codec.INCIDENT.readable("incidents", map(split, stored.values()))
        return {incident.place: incident for incident in found}

    async def settle(self) -> None:
        await self._settle(())

    async def _settle(self, written: Sequence[ConsentRequest]) -> None:
        """Wait for the replicas. What was just written must be where it is waited: a primary that
        died since may have taken it along.
        """
        if not self._durability.replicas:
            return
        with errors():
            async with self._client.pipeline(transaction=False) as pipe:
                # Replication keeps the order: whoever has this has all before it.
                pipe.set(self._keys.settled(), "1", ex=60)
                for request in written:
                    pipe.get(self._keys.request(request.id))
                self._durability.wait(pipe)
                answers = await pipe.execute()
        self._durability.check(answers[-1])
        for request, stored in zip(written, answers[1:], strict=False):
            there = codec.REQUEST.load(split(stored)) if stored else None
            if there is None or there.revision < request.revision or there.proof != request.proof:
                raise NotDurable(
                    "The store moved before a replica had it.",
                    hint="Please try again in a moment.",
                )

    async def due_entries(self, now: datetime, limit: int) -> tuple[ScheduleEntry, ...]:
        until = now + HOLD
        with errors():
            found = await self._hold(
                keys=[self._keys.schedule()], args=[milliseconds(now), milliseconds(until), limit]
            )
        names, scores = found[::2], found[1::2]
        return tuple(
            ScheduleEntry(text(name), _moment(float(at)), until)
            for name, at in zip(names, scores, strict=True)
        )

    async def requests_of(self, chat: ChatIdentity) -> tuple[ConsentRequest, ...]:
        return await self._requests(self._keys.requests_of(str(chat)))

    async def requests_elsewhere(self, chat: ChatIdentity) -> tuple[ConsentRequest, ...]:
        found = [await self._requests(self._keys.requests_by_sign(one)) for one in chat.signs]
        theirs = {r.id: r for each in found for r in each if r.is_known_elsewhere_as(chat)}
        return tuple(sorted(theirs.values(), key=lambda one: (one.requested_at, one.id)))

    async def recipient(self, chat: ChatIdentity) -> Recipient | None:
        stored = await self._read(self._keys.recipient(str(chat)))
        return codec.RECIPIENT.load(split(stored)) if stored else None

    async def board(self, channel: Channel, org: str = "") -> Board | None:
        with errors():
            stored = await self._client.hget(self._keys.boards(), Board(channel, org=org).place)
        return codec.BOARD.load(split(stored)) if stored else None

    async def boards(self) -> tuple[Board, ...]:
        with errors():
            stored = await self._client.hvals(self._keys.boards())
        # All or none: a board that was left out would be posted a second time.
        return tuple(codec.BOARD.load(split(board)) for board in stored)

    async def history(self) -> tuple[DayCount, ...]:
        with errors():
            stored = await self._client.hgetall(self._keys.history())
        return codec.DAY_COUNT.readable("history", (stored[on] for on in sorted(stored)))

    async def save_day(self, day: DayCount) -> None:
        with errors():
            await self._client.hset(
                self._keys.history(), day.on.isoformat(), codec.DAY_COUNT.dump(day)
            )

    async def picture(self, name: str) -> bytes | None:
        stored = await self._read(self._keys.picture(name))
        return base64.b64decode(stored) if stored else None

    async def save_picture(self, name: str, png: bytes) -> None:
        with errors():
            # The connection speaks text.
            await self._client.set(
                self._keys.picture(name), base64.b64encode(png).decode(), ex=ENDED_DELIVERIES
            )

    async def audit(self, limit: int = 100) -> tuple[AuditEntry, ...]:
        return await self._trail.newest(limit)


def _moment(at: float) -> datetime:
    """A time of the schedule, in milliseconds; one beyond all calendars as the nearest in them."""
    return datetime.fromtimestamp(min(max(at / 1000, 0.0), LAST), UTC)
