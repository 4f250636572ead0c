"""The audit in the store: a stream of rows, each with its seal, written with what it tells of.

The head (number and seal of the newest row) is what the script checks, as it checks the revision of
a record: whoever was overtaken seals anew. Within one process those who wait are sealed together.
The head also names the commit that wrote it, and the one that last removed whom pseudonyms stand
for, so that replicas know when to read all names again. Whom another replica named anew is learned
from its rows: that costs the same however many are known.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.commit import Commit, milliseconds, register, text
from adapters.redis.records.rows import StoredHead, fields_of, people, read_row, row_of
from adapters.redis.server.store import errors
from bot.domain import audit, pseudonyms
from bot.domain.audit import Head, Row, UnchainedRows
from bot.domain.changes import Action, AuditEntry
from bot.domain.pseudonyms import Somebody
from bot.errors import Conflict

AT_A_TIME = 500
TOGETHER = 25  # commits that are sealed and sent at once
MEANWHILE = 8  # rows that others may write while some are read


@dataclass(slots=True, eq=False)
class _Waiting:
    """A commit with audit entries, and who waits for it."""

    commit: Commit
    entries: Sequence[AuditEntry]
    written: asyncio.Future[None]

    def tell(self, error: BaseException | None) -> None:
        """That it is written, or why not; nobody, where it was cancelled."""
        if self.written.done():
            return
        if error is None:
            self.written.set_result(None)
        else:
            self.written.set_exception(error)


class Trail:
    """Writes commits with their audit entries, and reads the audit. `key` seals it, if not empty.

    Implements `bot.ports.store.audit.AuditTrail`.
    """

    def __init__(self, client: Redis, keys: Keys, key: bytes = b"") -> None:
        self._client = client
        self._keys = keys
        self._key = key
        self._script = register(client)
        self._turn = asyncio.Lock()
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None
        self._stand: StoredHead | None = None
        self._pseudonyms: dict[str, str] = {}

    async def commit(self, commit: Commit, entries: Sequence[AuditEntry] = ()) -> None:
        """Carry it out, and append the entries. Raises Conflict."""
        if not entries:
            with errors():
                await commit.run(self._script, self._keys)
            return
        waiting = _Waiting(commit, entries, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        with errors():
            await waiting.written

    async def _write(self) -> None:
        """Write what waits until nothing does; a failure is told to those whom it met."""
        try:
            async with self._turn:
                while some := self._waiting[:TOGETHER]:
                    del self._waiting[:TOGETHER]
                    some = [one for one in some if not one.written.done()]
                    try:
                        self._waiting[:0] = await self._write_some(some)
                    except Exception as error:  # noqa: BLE001 - whoever waits is told
                        self._stand = None
                        for one in some:
                            one.tell(error)
        finally:
            self._writing = None

    async def _write_some(self, some: Sequence[_Waiting]) -> list[_Waiting]:
        """Seal them one behind the other and send them together; returns those to seal anew.

        Each is a step of its own. Behind one that is not written no other is: its seal would be
        missing in the chain.
        """
        stand = self._stand or await self._read()
        mark = secrets.token_hex(4)
        fresh: dict[str, str] = {}
        stands, names, steps = [], [], []
        for one in some:
            step = one.commit.copy()
            stand, new = self._append(step, stand, one.entries, mark, fresh)
            stands.append(stand)
            names.append(new)
            steps.append(step.run(self._script, self._keys))
        answers = await asyncio.gather(*steps, return_exceptions=True)
        again, moved = [], ""
        for one, stand, new, answer in zip(some, stands, names, answers, strict=True):
            if answer is None:
                self._stand = stand
                self._pseudonyms |= people(new)
                one.tell(None)
            elif isinstance(answer, str):
                again.append(one)
                moved = answer
            else:
                one.tell(answer)
                if not isinstance(answer, Conflict):
                    self._stand = None
        if again and (self._stand is None or moved != self._stand.stored):
            await self._follow(moved)
        return again

    async def names(self, texts: Iterable[str]) -> Mapping[str, str]:
        """What the pseudonyms in these texts stand for, as far as that is still known."""
        wanted = sorted({one for each in texts for one in pseudonyms.PSEUDONYM.findall(each)})
        if not wanted:
            return {}
        with errors():
            found = await self._client.hmget(self._keys.audit_names(), wanted)
        return {one: text(name) for one, name in zip(wanted, found, strict=True) if name}

    async def newest(self, limit: int) -> tuple[AuditEntry, ...]:
        """The newest entries, newest first, with the names that are known."""
        with errors():
            stored = await self._client.xrevrange(self._keys.audit(), count=limit)
        rows = [read_row(text(at), fields) for at, fields in stored or () if fields]
        return await self._entries(row for row in rows if row.at)

    async def rows(self, after: str = "", until: str = "") -> AsyncIterator[Row]:
        """Every row behind one position, oldest first, as it is kept."""
        while True:
            start = f"({after}" if after else "-"
            with errors():
                stored = await self._client.xrange(
                    self._keys.audit(), start, until or "+", count=AT_A_TIME
                )
            for position, fields in stored or ():
                after = text(position)
                yield read_row(after, fields or {})
            if not stored:
                return

    async def head(self) -> Head:
        """The newest row, as the store names it."""
        with errors():
            stored = await self._client.get(self._keys.audit_head())
        return StoredHead.parse(text(stored or "")).head

    async def removed(self) -> Mapping[str, str]:
        """Digests of the rows in front of the chain that are gone, by position."""
        with errors():
            found = await self._client.hgetall(self._keys.audit_removed())
        return {text(position): text(digest) for position, digest in found.items()}

    async def seal_unchained(self, now: datetime) -> None:
        """Begin the chain behind the rows of releases that had none. Done again it does nothing."""
        if (await self.head()).number:
            return
        former = UnchainedRows()
        async for row in self.rows():
            former.take(audit.digest_of(row))
        if former.rows:
            entry = AuditEntry(now, "o365bot", Action.SEALED, "audit", former.told)
            async with self._turn:
                with errors():
                    stand = await self._read()
                    if not stand.head.number:
                        attempt = Commit()
                        self._append(attempt, stand, (entry,), secrets.token_hex(4))
                        await attempt.run(self._script, self._keys)  # else another replica did
                self._stand = None

    async def forget(self, somebody: Somebody, entry: AuditEntry) -> Mapping[str, int]:
        """Remove whom their pseudonyms stand for, and rows in front of the chain that name them.

        `entry` says that it was done. The chain stays as it is. Returns how many names and rows.
        """
        gone = {row.position: audit.digest_of(row) async for row in self._former(somebody)}
        told = dict(entry.detail) | {"removed": " ".join(gone)}
        mark = secrets.token_hex(4)
        async with self._turn:
            while True:
                with errors():
                    stand = await self._read()
                    names = await self._client.hgetall(self._keys.audit_names())
                    lost = somebody.stands_behind({text(k): text(v) for k, v in names.items()})
                    attempt = Commit()
                    self._unlearn(lost)
                    entry = replace(entry, detail=told | {"names": str(len(lost))})
                    self._append(attempt, stand, (entry,), mark, renamed=True)
                    for pseudonym in lost:
                        attempt.remove(self._keys.audit_names(), pseudonym)
                    for position, digest in gone.items():
                        attempt.drop(self._keys.audit(), position)
                        attempt.field(self._keys.audit_removed(), position, digest)
                    moved = await attempt.run(self._script, self._keys)
                self._stand = None
                if moved is None:
                    return {"names": len(lost), "rows": len(gone)}

    async def trim(self, before: datetime, now: datetime) -> int:
        """Remove rows that were written before then, some at a time; returns how many.

        Those in front of the chain go with its first row. A row tells where the rest begins.
        """
        mark = secrets.token_hex(4)
        removed = await self.removed()
        async with self._turn:
            while True:
                with errors():
                    stand = await self._read()
                    last, count = await self._oldest(before)
                    if last is None:
                        return 0
                    told = {"through": str(last.number), "seal": last.seal}
                    entry = AuditEntry(now, "o365bot", Action.TRIMMED, "audit", told)
                    at, _, number = last.position.partition("-")
                    attempt = Commit()
                    self._append(attempt, stand, (entry,), mark)
                    attempt.trim(self._keys.audit(), f"{at}-{int(number) + 1}")
                    for position in removed:
                        attempt.remove(self._keys.audit_removed(), position)
                    moved = await attempt.run(self._script, self._keys)
                self._stand = None
                if moved is None:
                    return count

    async def drop_unused_names(self) -> int:
        """Remove what pseudonyms stand for that are in no row any more; returns how many."""
        used: set[str] = set()
        after, mark = "", secrets.token_hex(4)
        async with self._turn:
            while True:
                with errors():
                    stand = await self._read()
                    found = await self._client.hgetall(self._keys.audit_names())
                    async for row in self.rows(after):
                        used.update(pseudonyms.PSEUDONYM.findall(f"{row.actor} {row.subject}"))
                        used.update(pseudonyms.PSEUDONYM.findall(row.detail))
                        after = row.position
                    unused = [text(one) for one in found if text(one) not in used]
                    if not unused:
                        return 0
                    attempt = Commit()
                    self._unlearn(unused)
                    for pseudonym in unused:
                        attempt.remove(self._keys.audit_names(), pseudonym)
                    now = f"{stand.head} {mark} {mark}"
                    number = stand.head.number
                    attempt.head(self._keys.audit_head(), stand.stored, now, number, mark)
                    moved = await attempt.run(self._script, self._keys)
                self._stand = None
                if moved is None:
                    return len(unused)

    async def _oldest(self, before: datetime) -> tuple[Row | None, int]:
        """The last of some rows that were written before then, and how many go with it."""
        last, count = None, 0
        async for row in self.rows(until=f"{milliseconds(before) - 1}"):
            count += 1
            last = row if row.number else last
            if count >= AT_A_TIME and last is not None:
                break
        return last, count

    async def _former(self, somebody: Somebody) -> AsyncIterator[Row]:
        """The rows in front of the chain that name somebody."""
        async for row in self.rows():
            if row.number:
                return
            if somebody.is_in(f"{row.actor} {row.subject} {row.detail}"):
                yield row

    def _unlearn(self, lost: Iterable[str]) -> None:
        gone = frozenset(lost)
        self._pseudonyms = {k: v for k, v in self._pseudonyms.items() if v not in gone}

    async def _entries(self, rows: Iterable[Row]) -> tuple[AuditEntry, ...]:
        rows = tuple(rows)
        names = await self.names(f"{r.actor} {r.subject} {r.detail}" for r in rows)
        return tuple(
            AuditEntry(
                datetime.fromisoformat(row.at),
                pseudonyms.shown(row.actor, names),
                row.action,
                pseudonyms.shown(row.subject, names),
                {k: pseudonyms.shown(str(v), names) for k, v in row.told.items()},
            )
            for row in rows
        )

    async def _read(self) -> StoredHead:
        stored = await self._client.get(self._keys.audit_head())
        found = await self._client.hgetall(self._keys.audit_names())
        self._pseudonyms = people({text(one): text(name) for one, name in found.items()})
        self._stand = StoredHead.parse(text(stored or ""))
        return self._stand

    async def _follow(self, moved: str) -> None:
        """Another replica wrote: learn whom its rows name. If that does not do, all is read anew.

        That is so where names were removed, and where too much was written to go through it.
        """
        known, self._stand = self._stand, None
        stand = StoredHead.parse(moved)
        if known is None or stand.names != known.names:
            return
        behind = stand.head.number - known.head.number
        if not 0 < behind <= AT_A_TIME:
            return
        with errors():
            stored = await self._client.xrevrange(self._keys.audit(), count=behind + MEANWHILE)
        rows = [read_row(text(at), fields or {}) for at, fields in stored or ()]
        new = [row for row in rows if row.number > known.head.number]
        if not any(row.number == known.head.number + 1 for row in new):
            return
        names = await self.names(f"{row.actor} {row.subject} {row.detail}" for row in new)
        self._pseudonyms |= people(names)
        self._stand = stand

    def _append(
        self,
        commit: Commit,
        stand: StoredHead,
        entries: Sequence[AuditEntry],
        mark: str,
        fresh: dict[str, str] | None = None,
        *,
        renamed: bool = False,
    ) -> tuple[StoredHead, dict[str, str]]:
        """Rows, the names that are new in them, and the head; returns where it stands then.

        `fresh` are the pseudonyms that those before it bring along.
        """
        new: dict[str, str] = {}
        fresh = {} if fresh is None else fresh

        def person(name: str) -> str:
            known = self._pseudonyms.get(name) or fresh.get(name)
            if known is None:
                known = fresh[name] = f"person:{secrets.token_hex(6)}"
                new[known] = name
            return known

        def said(actor: str, words: str) -> str:
            digits = person(actor).partition(":")[2]
            pseudonym = f"text:{digits}.{secrets.token_hex(4)}"
            new[pseudonym] = words
            return pseudonym

        head = stand.head
        for entry in entries:
            row = row_of(pseudonyms.hidden(entry, person, said), head.number + 1)
            head = Head(row.number, audit.sealed(head.seal, row, self._key))
            commit.append(self._keys.audit(), fields_of(replace(row, seal=head.seal)))
        for pseudonym, name in new.items():
            commit.field(self._keys.audit_names(), pseudonym, name)
        names = mark if renamed else stand.names
        stored = f"{head} {mark} {names}"
        commit.head(self._keys.audit_head(), stand.stored, stored, head.number, mark)
        return StoredHead(head, mark, names, stored), new
