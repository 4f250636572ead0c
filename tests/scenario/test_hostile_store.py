"""Somebody else can write to the store: in every key lies what a reader could stumble over.

The bot runs as it is run, with a hook that notes whatever Python would execute or unpickle. Beside
what was planted lie real records and real work: they stay, and are carried out.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import pickle
import sys
import urllib.request
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.records.packed import MARK
from adapters.redis.server.store import connect
from bot.domain.changes import Changes
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity, Platform
from sandbox.bot_process import free_port
from tests.examples import LETTER, RECORD, REQUEST
from tests.forked import LOADED, ForkedBot, run_logged
from tests.terminal import settings_file
from tests.waiting import wait_until

KEYS = Keys()
MONITORED = '[monitoring]\ntoken = "none-none-none-none"\n'


def run_watched(noted: str, config: str, log: str) -> None:
    """In the new process: the bot, and a file in which stands whatever it is made to execute."""

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "pickle.find_class" and arguments[0].startswith("babel."):
            return  # the language data inside its own package
        if event in ("pickle.find_class", "os.system", "os.exec", "subprocess.Popen"):
            with open(noted, "a") as file:
                file.write(f"{event} {arguments!r}\n")

    sys.addaudithook(note)
    run_logged(("run", "--config", config), os.environ, log)


class Bang:
    """What a pickle can do to whoever reads it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo executed",)


@cache
def _bomb() -> bytes:
    """A gigabyte of blanks as some bytes, packed as app records were."""
    import base64

    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b" " * 2**20) for _ in range(64)) + packer.flush()
    return MARK.encode() + base64.b64encode(packed)


@cache
def payloads() -> tuple[bytes, ...]:
    """What is planted."""
    return (
        pickle.dumps(Bang()),
        b"1|" + pickle.dumps(Bang()),
        b'1|{"py/reduce": [{"py/function": "os.system"}, {"py/tuple": ["echo"]}]}',
        b'{"__class__": "os.system", "revision": 1}',
        b"[" * 100_000,
        b"1|" + b'{"a":' * 50_000,
        b"1|" + b"9" * 100_000,
        b"\xff\xfe\x00\x80",
        b"",
        b"1|null",
        b"|",
        _bomb(),
        b"1|" + _bomb(),
        # Well-formed, and not what it should be: another schema, another type, far too much.
        b'1|{"id": [], "app": 5, "stage": {"x": 1}, "requested_at": "yesterday", "link": "none"}',
        b'1|{"name": "tick", "arguments": {"x": 1}, "id": null, "evidence": 1e999}',
        b'1|[{"object_id": 1}]',
        b"NaN",
        b"1|" + b'{"app_label": "' + b"x" * 3_000_000 + b'"}',
    )


def _arguments(method: Any) -> Iterator[str | int | AppRef]:
    """What real records stand under, so that what is planted is found."""
    for name, parameter in inspect.signature(method).parameters.items():
        if parameter.annotation == "int":
            yield 1
        elif parameter.annotation == "AppRef":
            yield RECORD.app.ref
        else:
            yield {"org": "contoso", "chat": "slack:U2", "request_id": "evil"}.get(name, "evil")


async def plant(client: Redis) -> set[str]:
    """Every key of the table with every payload, whatever its type; the names of the keys."""
    planted: set[str] = set()
    for name, method in inspect.getmembers(KEYS, inspect.ismethod):
        if name.startswith("_"):
            continue
        key = method(*_arguments(method))
        kind = (inspect.getdoc(method) or "").partition(":")[0]
        raw: Any = client
        for number, payload in enumerate(payloads()):
            match kind:
                case "Hash":
                    await raw.hset(key, f"evil-{number}", payload)
                    await raw.hset(key, payload, payload)
                case "Set":
                    await raw.sadd(key, payload)
                case "Sorted set":
                    await raw.zadd(key, {payload: ("-inf", 0, 1e300)[number % 3]})
                    await raw.zadd(key, {f"evil-{number}": 1})
                case "List":
                    await raw.lpush(key, payload)
                case "Stream":
                    await raw.xadd(key, {"at": payload, "detail": payload, payload: payload})
                case "String":
                    await raw.set(key, payload)
                case _:
                    raise AssertionError(f"{name} has no type in its first word")
        planted.add(key)
    # The names of work that is known, with arguments of no use.
    for number, task in enumerate(("deliver", "deliver_batch", "scan_org", "verify_app", "tick")):
        for arguments in ([], ["evil"], ["../x"] * 3, ["\0"], ["x" * 10_000]):
            record = json.dumps({"name": task, "arguments": arguments, "id": "x"})
            await client.hset(KEYS.tasks(), f"evil-task-{number}-{len(arguments)}", record)
            await client.zadd(KEYS.tasks_due(), {f"evil-task-{number}-{len(arguments)}": 1})
    return planted


async def test_whoever_can_write_to_the_store_runs_nothing_and_stops_nothing(
    redis_url: str, redis_client: Redis, tmp_path: Path
) -> None:
    """No code is executed, the real records stay, real work goes on, and the log says why not."""
    noted, log, port = tmp_path / "noted", tmp_path / "log", free_port()
    config = settings_file(tmp_path, redis_url, port=port, more=MONITORED)
    noted.touch()
    now = datetime.now(UTC)
    who = ChatIdentity(Platform.SLACK, "U1", "Ada", "ada@contoso.com")
    request = replace(REQUEST, chat=who, requested_at=now)
    letter = replace(LETTER, due_at=now)
    async with connect(redis_url) as client:
        ledger = RedisLedger(client, KEYS)
        await ledger.commit(Changes(apps=(RECORD,), requests=(request,), planned=(letter,)))
        planted = await plant(redis_client)
        assert len(planted) > 45

        process = LOADED.Process(target=run_watched, args=(str(noted), str(config), str(log)))
        process.start()
        try:

            async def tried() -> bool:
                assert process.is_alive(), log.read_text()[-3000:]
                delivery = await ledger.delivery(letter.key)
                return delivery is not None and delivery.revision > letter.revision

            await wait_until(tried, within=90, what="the real delivery is tried")
            first = await redis_client.hget(KEYS.tasks(), "tick")

            async def ticked() -> bool:
                assert process.is_alive(), log.read_text()[-3000:]
                now = await redis_client.hget(KEYS.tasks(), "tick")
                return now is not None and now != first

            await wait_until(ticked, within=60, what="time goes on")
            await asyncio.to_thread(_health, port)
        finally:
            process.terminate()
            await asyncio.to_thread(process.join, 60)
            assert process.exitcode == 0, log.read_text()[-3000:]

        assert noted.read_text() == ""
        assert await ledger.request(request.id) is not None
        assert RECORD.app.ref in {record.app.ref for record in await ledger.apps()}
        aside = await redis_client.xlen(KEYS.tasks_aside())
        assert aside >= len(payloads())
    said = log.read_text()
    assert "a task cannot be read and is put aside" in said
    assert len(said) < 2_000_000
    assert "executed" not in said.replace("echo executed", "")


def _health(port: int) -> None:
    """It answers, whatever it says of the parts."""
    headers = {"Authorization": "Bearer none-none-none-none"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers=headers)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert b"o365bot_engine_poison_total" in answer.read()


WRONG = ("string", "list", "set", "zset", "hash", "stream")
KINDS = dict(zip(("String", "List", "Set", "Sorted set", "Hash", "Stream"), WRONG, strict=True))


async def plant_as(client: Redis, shift: int) -> None:
    """Every key of the table as something of another type than it should be."""
    raw: Any = client
    for name, method in inspect.getmembers(KEYS, inspect.ismethod):
        if name.startswith("_"):
            continue
        key = method(*_arguments(method))
        kind = KINDS[(inspect.getdoc(method) or "").partition(":")[0]]
        await raw.delete(key)
        match WRONG[(WRONG.index(kind) + shift) % len(WRONG)]:
            case "string":
                await raw.set(key, "x")
            case "list":
                await raw.rpush(key, "x")
            case "set":
                await raw.sadd(key, "x")
            case "zset":
                await raw.zadd(key, {"x": 1})
            case "hash":
                await raw.hset(key, "x", "x")
            case "stream":
                await raw.xadd(key, {"x": "x"})


async def test_keys_of_another_type_stop_what_needs_them_and_end_nothing(
    redis_url: str, redis_client: Redis, tmp_path: Path
) -> None:
    """The process lives and tells what is wrong; when it is mended, work goes on by itself."""
    port, log = free_port(), tmp_path / "log"
    config = settings_file(tmp_path, redis_url, port=port, more=MONITORED)
    token = {"Authorization": "Bearer none-none-none-none"}
    async with (
        ForkedBot(config, log, f"http://127.0.0.1:{port}"),
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60
        ) as client,
    ):
        for shift in range(1, len(WRONG)):
            await plant_as(redis_client, shift)
            health = await client.get("/health", headers=token)
            assert health.status_code == 503
            assert "another kind" in health.text
            assert (await client.get("/health/live")).status_code == 200
            for path in ("/", f"/c/{'x' * 43}", "/r/evil", "/auth/callback?code=a&state=b"):
                assert (await client.get(path)).status_code in (200, 400, 404, 503), path
        await redis_client.flushdb()

        async def well() -> bool:
            answer = await client.get("/health", headers=token)
            return answer.status_code == 200 and await redis_client.hexists(KEYS.tasks(), "tick")

        await wait_until(well, within=90, what="it goes on")
    assert "Traceback" not in log.read_text()
