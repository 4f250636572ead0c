"""Backups: of one moment, whole or refused, and restored into another store."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import inspect
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records import schema
from adapters.redis.records.commit import SCHEMA, text
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.schema import migrate
from adapters.redis.records.trail import Trail
from adapters.redis.server.store import connect
from adapters.redis.shared.webhook_position import MARK
from adapters.redis.upkeep.backup import RedisBackup, left_out
from adapters.terminal.commands.store import archive
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import LinkBinding, Stage, Step, step
from bot.domain.delivery.deliveries import Phase
from bot.domain.delivery.incidents import Incident
from bot.domain.delivery.notices import PersonalRound
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.scanning import AppReading, scanned
from bot.domain.people.recipients import Recipient
from bot.domain.summaries import Wanted
from bot.ports.store.backup import StoredKey
from tests.audits import findings
from tests.examples import ADA_IN_CHAT, BEN_IN_CHAT, DELIVERED, NOW, RECORD, REQUEST
from tests.servers import Server
from tests.stores import lay_down, picked_up
from tests.terminal import Terminal, settings_file
from tests.there import there

KEYS = Keys()


@pytest_asyncio.fixture
async def another(tmp_path: Path) -> AsyncIterator[str]:
    """The address of another, empty store."""
    server = Server(tmp_path / "another", "--maxmemory-policy", "noeviction")
    await server.start()
    yield f"redis://127.0.0.1:{server.port}"
    await server.kill()


@pytest.mark.parametrize("former", range(1, SCHEMA + 1))
async def test_a_backup_of_every_released_form_can_be_restored(
    store: Redis, another: str, tmp_path: Path, former: int
) -> None:
    """As the release wrote it whose form that was; it is brought up where it is restored."""
    if former == SCHEMA:
        await filled(store)
    else:
        await lay_down(store, former)
        await store.set(KEYS.installation(), '["http://127.0.0.1:8080"]')
    found, file = await RedisBackup(store, KEYS).snapshot(), tmp_path / "backup.gz"
    with archive.writing(file, found.at, found.schema, "0.0.1") as put:
        async for kept in found.kept:
            put(kept)
    assert archive.examine(file).schema == former
    (tmp_path / "other").mkdir()
    other = Terminal(settings_file(tmp_path / "other", another))
    ran = await other.run("restore", str(file))
    assert ran.status == 0, ran.err
    async with connect(another) as client:
        assert len(await RedisLedger(client, KEYS).apps()) == 4
        assert await schema.check(client, KEYS) == SCHEMA
        assert await findings(client) == []
    assert (await other.run("apps")).status in (0, 1)


async def test_a_disk_that_fills_up_leaves_no_backup_behind(
    terminal: Terminal, store: Redis, tmp_path: Path
) -> None:
    """One message; what was there before is as it was, the store too."""
    await filled(store)
    before = await picked_up(store)
    ran = await terminal.run("backup", str(tmp_path / "new.gz"), longest=512)
    assert (ran.status, "Traceback" in ran.err) == (2, False), ran.err
    assert "cannot be written: File too large" in ran.err
    assert not [name for name in os.listdir(tmp_path) if name.startswith("new.gz")]
    assert await picked_up(store) == before


async def test_what_the_webhook_told_since_is_not_told_again(
    terminal: Terminal, store: Redis, tmp_path: Path
) -> None:
    """Over the old store it goes on from where it was; into an empty one from the backup's."""
    await filled(store)
    file = tmp_path / "backup.gz"
    for mark in ("1-1", "2-2"):
        await store.set(KEYS.webhook(), MARK.dump((mark, 0, None)))
        if mark == "1-1":
            assert (await terminal.run("backup", str(file))).status == 0
    assert (await terminal.run("restore", str(file), "--over", "--yes")).status == 0
    assert MARK.load(text(await store.get(KEYS.webhook())))[0] == "2-2"
    await store.flushall()
    assert (await terminal.run("restore", str(file))).status == 0
    assert MARK.load(text(await store.get(KEYS.webhook())))[0] == "1-1"


async def filled(store: Redis) -> None:
    """With every kind of record, in the form of this release."""
    await lay_down(store, 1)
    await migrate(store, KEYS, Trail(store, KEYS))
    await store.set(KEYS.installation(), '["http://127.0.0.1:8080"]')


async def everything(backup_store: RedisBackup) -> list[StoredKey]:
    return [kept async for kept in (await backup_store.snapshot()).kept]


async def test_what_is_laid_down_is_what_was_kept(store: Redis, another: str) -> None:
    """Each key with its type, content and end; but for what is about the moment."""
    await filled(store)
    async with connect(another) as client:
        backup_store = RedisBackup(client, KEYS)
        for kept in await everything(RedisBackup(store, KEYS)):
            await backup_store.write(kept)
        restored = await picked_up(client)
        assert await findings(client) == []
    before = await picked_up(store)
    gone = before.keys() - restored.keys()
    assert restored == {name: one for name, one in before.items() if name not in gone}
    assert all(name.startswith(left_out(KEYS)) for name in gone)
    assert len(restored) > 40


def test_each_kind_of_key_is_kept_or_left_out_on_purpose() -> None:
    """Whoever adds one decides: what is left out is named in `left_out`."""
    named = set(left_out(KEYS))
    kinds = {
        name
        for name, method in inspect.getmembers(KEYS, inspect.ismethod)
        if not name.startswith("_")
        for parts in [len(inspect.signature(method).parameters)]
        if method(*(["x"] * parts)).partition(":")[2].removesuffix(":x").removesuffix(":x") in named
    }
    assert kinds == {
        "sign_in", "session", "session_of", "pause", "conversation_pace", "shared_pace",
        "shared_run", "rate", "limit", "once", "settled", "probe", "migrating", "restoring",
        "webhook_turn",
        "tasks", "tasks_due", "tasks_aside",
    }  # fmt: skip


async def test_a_backup_is_of_one_moment(store: Redis) -> None:
    """While somebody writes two records in each step, no backup has the one without the other."""
    ledger = RedisLedger(store, KEYS)
    await ledger.commit(Changes(apps=(RECORD,), requests=(REQUEST,)))
    going = True

    async def write() -> None:
        app, request = RECORD, REQUEST
        while going:
            app = replace(app, revision=app.revision + 1)
            request = replace(request, revision=request.revision + 1)
            entry = AuditEntry(NOW, "slack:U1", "ask", "a/1", {"n": str(app.revision)})
            await ledger.commit(Changes(apps=(app,), requests=(request,), audit=(entry,)))

    writing = asyncio.create_task(write())
    try:
        for _ in range(10):
            found = await everything(RedisBackup(store, KEYS))
            by_key = {kept.key: kept for kept in found}
            (app,) = by_key["apps:contoso"].holds.values()
            request = by_key["request:r1"].holds
            assert app.partition("|")[0] == request.partition("|")[0]
            rows = [row for kept in found if kept.key == "audit" for row in kept.holds]
            head = by_key["audit:head"].holds if rows else "0|"
            assert str(len(rows)) == head.partition("|")[0]
            assert len(rows) == int(app.partition("|")[0]) - 1
    finally:
        going = False
        await writing


async def test_a_file_is_written_and_restored_into_another_store(
    terminal: Terminal, store: Redis, another: str, tmp_path: Path
) -> None:
    """For its owner alone; by the command line, beside whatever uses the store."""
    await filled(store)
    file = tmp_path / "backup.gz"
    ran = await terminal.run("backup", str(file))
    assert ran.status == 0, ran.err
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"slack:U1" in gzip.decompress(file.read_bytes())
    (tmp_path / "other").mkdir()
    other = Terminal(settings_file(tmp_path / "other", another))
    ran = await other.run("restore", str(file))
    assert ran.status == 0, ran.err
    async with connect(another) as client:
        ledger = RedisLedger(client, KEYS)
        assert len(await ledger.apps()) == 4
        assert await findings(client) == []
        assert [entry.action for entry in await ledger.audit(2)] == ["incident", "restore"]
        assert (await ledger.incidents())["restored"].code == "restored"
    assert (await other.run("apps")).status in (0, 1)


async def test_what_was_due_is_held_and_what_is_to_come_keeps_its_distance(
    terminal: Terminal, store: Redis, tmp_path: Path
) -> None:
    """The first message of a request that was not confirmed, a round, an operator's note; and who
    releases one has it sent.
    """
    await filled(store)
    ledger = RedisLedger(store, KEYS)
    waiting = replace(REQUEST, id="r9", code="XYZ-XYZ", chat=BEN_IN_CHAT)
    await ledger.commit(Changes(requests=(waiting,)))
    file = tmp_path / "backup.gz"
    assert (await terminal.run("backup", str(file))).status == 0
    ran = await terminal.run("restore", str(file), "--over", "--yes")
    assert ran.status == 0, ran.err
    assert "2 messages may have been sent" in ran.out
    name = "round:2026-11-20:slack:U1"
    assert f"  {name}\n" in ran.out
    held = there(await ledger.delivery(name))
    assert (held.phase, held.failure) == (Phase.FAILED, "restored")
    assert isinstance(held.notice, PersonalRound)
    assert await ledger.due(held.due_at.replace(year=9000), 10) == ()
    known, ben = await ledger.recipient(ADA_IN_CHAT), await ledger.recipient(BEN_IN_CHAT)
    assert known is not None
    assert ben is not None
    (reported,) = await ledger.boards()
    request = there(await ledger.request("r9"))
    assert request.stage is Stage.DELIVERED
    assert request.told == ben.rounds[-1:] == known.rounds[-1:]
    assert reported.told_until == known.rounds[-1]
    assert f"  {name}\n" in (await terminal.run("release")).out
    ran = await terminal.run("release", name)
    assert ran.status == 0, ran.err
    released = there(await ledger.delivery(name))
    assert (released.phase, released.in_doubt) == (Phase.DUE, True)
    assert (await terminal.run("release", name)).status == 2
    assert await findings(store) == []


async def test_what_went_out_since_is_taken_along(
    terminal: Terminal, store: Redis, tmp_path: Path
) -> None:
    """Whom somebody asked since, for an app that is new since; who was told what; what ended."""
    await filled(store)
    ledger = RedisLedger(store, KEYS)
    file = tmp_path / "backup.gz"
    before = Incident("okta:fabrikam", "scan_failed", "It was away.", NOW)
    await ledger.commit(Changes(incidents=(before,)))
    assert (await terminal.run("backup", str(file))).status == 0
    now = datetime.now(UTC)
    ref = AppRef("contoso", "0oanew")
    record = replace(RECORD, app=replace(RECORD.app, ref=ref, label="New since"))
    link = LinkBinding(link_digest("since"), now + timedelta(hours=9))
    asked = replace(
        DELIVERED,
        id="since",
        app=ref,
        chat=BEN_IN_CHAT,
        code="NEW-NEW",
        requested_at=now,
        link=link,
    )
    (former,) = [one for one in await ledger.open_requests() if one.chat == ADA_IN_CHAT][:1]
    ended = step(former, Step.DECLINE, now)
    await ledger.commit(Changes(apps=(replace(record, request_id=asked.id),), requests=(asked,)))
    await ledger.commit(Changes(requests=(ended,)))
    ben = await ledger.recipient(BEN_IN_CHAT) or Recipient(BEN_IN_CHAT)
    wrong = Incident("okta:contoso", "cloud_refused", "The key was refused.", now)
    seen = await ledger.app(RECORD.app.ref)
    assert seen is not None
    proven = Evidence(EvidenceKind.OWN_SECRET_RENEWED, now, now)
    news = scanned(seen, seen.app, AppReading((), (proven,)), now)
    await ledger.commit(Changes(apps=(news,), solved=(before.place,)))
    await ledger.commit(Changes(recipients=(ben.told(now),), incidents=(wrong,)))
    (board,) = await ledger.boards()
    newer = replace(board, message_id="C1:since", revision=board.revision + 1)
    await ledger.commit(Changes(boards=(newer,)))

    ran = await terminal.run("restore", str(file), "--over", "--yes")
    assert ran.status == 0, ran.err
    assert "2 requests that changed since" in ran.out
    found = there(await ledger.request_by_link(link.token_sha256))
    assert (found.id, found.stage, found.chat) == ("since", Stage.DELIVERED, BEN_IN_CHAT)
    page = await ledger.page(1, 100, Wanted(text="new since"))
    assert [app.request_id for app in page.shown] == list(page.requests) == ["since"]
    assert there(await ledger.request(former.id)).stage is ended.stage
    assert now in there(await ledger.recipient(BEN_IN_CHAT)).rounds
    assert [one.message_id for one in await ledger.boards()] == ["C1:since"]
    incidents = await ledger.incidents()
    assert incidents[wrong.place].since == now
    assert before.place not in incidents
    again = await ledger.app(RECORD.app.ref)
    assert again is not None
    assert (again.evidence, again.verdict) == (news.evidence, news.verdict)
    assert await findings(store) == []


async def test_a_store_in_use_is_not_replaced_unless_told(
    terminal: Terminal, store: Redis, tmp_path: Path
) -> None:
    """Nor without an answer to the question."""
    await filled(store)
    file = tmp_path / "backup.gz"
    await terminal.run("backup", str(file))
    before = await picked_up(store)
    ran = await terminal.run("restore", str(file))
    assert (ran.status, "The store is not empty" in ran.err) == (2, True)
    ran = await terminal.run("restore", str(file), "--over", typed="n\n")
    assert ran.status == 2
    assert "Replace all that the store has" in ran.out
    assert await picked_up(store) == before


@pytest.mark.parametrize("whose", ["the backup", "the store"])
async def test_what_is_another_bots_is_told_before_anything_is_written(
    terminal: Terminal, store: Redis, tmp_path: Path, whose: str
) -> None:
    """Its orgs and its address are others: the backup may be the wrong file, the store in use."""
    await filled(store)
    file, own = tmp_path / "backup.gz", text(await store.get(KEYS.installation()))
    another = '["https://bot.fabrikam.example","https://fabrikam.okta.com"]'
    await store.set(KEYS.installation(), another if whose == "the backup" else own)
    assert (await terminal.run("backup", str(file))).status == 0
    await store.set(KEYS.installation(), another if whose == "the store" else own)
    before = await picked_up(store)
    ran = await terminal.run("restore", str(file), "--over", "--yes")
    assert (ran.status, "Traceback" in ran.err) == (2, False)
    assert f"{whose} is" in ran.err.lower()
    assert "https://fabrikam.okta.com" in ran.err
    assert await picked_up(store) == before
    if whose == "the backup":
        await store.flushall()
        assert (await terminal.run("restore", str(file))).status == 2
        assert await picked_up(store) == {}


async def test_a_store_that_lacks_its_replicas_is_told_before_anything_is_written(
    store: Redis, terminal: Terminal, tmp_path: Path, redis_url: str
) -> None:
    """No bot would start on it."""
    await filled(store)
    file = tmp_path / "backup.gz"
    assert (await terminal.run("backup", str(file))).status == 0
    before, text_ = await picked_up(store), terminal.config.read_text()
    terminal.config.write_text(text_.replace("[redis]", "[redis]\nreplicas = 1"))
    ran = await terminal.run("restore", str(file), "--over", "--yes")
    assert (ran.status, "Of 1 replicas" in ran.err) == (2, True), ran.err
    assert await picked_up(store) == before


async def test_a_key_of_okta_that_is_of_no_use_stops_no_restore(
    terminal: Terminal, store: Redis, tmp_path: Path
) -> None:
    """What is restored is restored whole: only the running bot signs in there."""
    await filled(store)
    file = tmp_path / "backup.gz"
    assert (await terminal.run("backup", str(file))).status == 0
    key = 'client_id = "0oa1"\nkey_id = "k"\nprivate_key = "none"'
    text_ = terminal.config.read_text()
    terminal.config.write_text(text_.replace('api_token = "none"', key))
    ran = await terminal.run("restore", str(file), "--over", "--yes")
    assert ran.status == 0, ran.err
    assert await store.get(KEYS.restoring()) is None
    assert (await terminal.run("audit", "verify")).status == 0


async def test_a_restore_that_was_cut_off_lets_no_bot_start(
    terminal: Terminal, store: Redis, tmp_path: Path
) -> None:
    """Half of the records would be a wrong truth; restoring again ends it."""
    await filled(store)
    file = tmp_path / "backup.gz"
    await terminal.run("backup", str(file))
    await store.set(KEYS.restoring(), "1")
    for command in ("apps", "run"):
        ran = await terminal.run(command)
        assert (ran.status, "was not restored completely" in ran.err) == (2, True)
    assert (await terminal.run("restore", str(file), "--over", "--yes")).status == 0
    assert (await terminal.run("apps")).status in (0, 1)


def spoilt(file: Path, how: str) -> None:
    """A backup that is not good."""
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    match how:
        case "cut off":
            file.write_bytes(file.read_bytes()[:-200])
        case "a line is missing":
            file.write_bytes(gzip.compress(b"".join([*lines[:3], *lines[4:]])))
        case "the end is missing":
            file.write_bytes(gzip.compress(b"".join(lines[:-1])))
        case "a record was changed":
            file.write_bytes(gzip.compress(b"".join(lines).replace(b"Ada", b"Eve")))
        case "bytes flipped":
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 0xFF
            file.write_bytes(bytes(data))
        case "newer file" | "newer records":
            head = json.loads(lines[0])
            head |= {"version": 2} if how == "newer file" else {"schema": SCHEMA + 1}
            whole = [json.dumps(head, separators=(",", ":")).encode() + b"\n", *lines[1:-1]]
            end = json.loads(lines[-1]) | {"sha256": hashlib.sha256(b"".join(whole)).hexdigest()}
            file.write_bytes(gzip.compress(b"".join([*whole, json.dumps(end).encode() + b"\n"])))
        case "no backup":
            file.write_bytes(b"%PDF-1.7 something else")
        case "other JSON":
            file.write_bytes(gzip.compress(b'{"hello": "world"}\n'))
        case "nothing":
            file.write_bytes(b"")


@pytest.mark.parametrize(
    "how",
    [
        "cut off",
        "a line is missing",
        "the end is missing",
        "a record was changed",
        "bytes flipped",
        "newer file",
        "newer records",
        "no backup",
        "other JSON",
        "nothing",
    ],
)
async def test_a_backup_that_is_not_good_changes_nothing(
    terminal: Terminal, store: Redis, tmp_path: Path, how: str
) -> None:
    """One message, status 2, and the store as it was."""
    await filled(store)
    file = tmp_path / "backup.gz"
    await terminal.run("backup", str(file))
    before = await picked_up(store)
    spoilt(file, how)
    ran = await terminal.run("restore", str(file), "--over", "--yes")
    assert (ran.status, "Traceback" in ran.err) == (2, False)
    assert "backup" in ran.err
    assert await picked_up(store) == before


async def test_a_file_that_cannot_be_written_is_told(
    terminal: Terminal, store: Redis, tmp_path: Path
) -> None:
    """Also one that is there, and one for which there is no room; nothing half is left."""
    await filled(store)
    (tmp_path / "there").write_text("mine")
    for file in (str(tmp_path / "there"), str(tmp_path / "no" / "where"), "/dev/full/x"):
        ran = await terminal.run("backup", file)
        assert (ran.status, "Traceback" in ran.err) == (2, False), file
    assert (tmp_path / "there").read_text() == "mine"
    assert not (tmp_path / "there.part").exists()


async def test_bytes_that_are_no_text_come_back_as_they_were(store: Redis, another: str) -> None:
    """Whoever wrote them."""
    raw: Any = store
    await raw.set(KEYS.request("x"), b"\xff\xfe|{\x00}")
    await raw.hset(KEYS.names(), b"\xff", b"\x80")
    kept = [through_json(one) for one in await everything(RedisBackup(store, KEYS))]
    async with connect(another) as client:
        for one in kept:
            await RedisBackup(client, KEYS).write(one)
        assert await picked_up(client) == await picked_up(store)
    await store.delete(KEYS.request("x"))


def through_json(kept: StoredKey) -> StoredKey:
    return replace(kept, holds=json.loads(json.dumps(kept.holds)))
