"""The bot as a user of the store that may do what docs/store.md says, and nothing else."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from adapters.redis.server.store import connect
from bot.domain.consent.requests import Stage as ConsentStage
from sandbox.bot_process import free_address
from sandbox.browser import Browser
from sandbox.page import reading
from sandbox.world import World
from tests.forked import ForkedBot
from tests.scenario.conftest import Stage, listed, patient, said
from tests.scenario.test_journeys import sign_in, thanked
from tests.servers import Server
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
PASSWORD = "s3cret"


def acl(prefix: str = "o365bot") -> str:
    """The user as it is shipped, with a password."""
    digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
    text = (ROOT / "deploy" / "store-users.acl").read_text()
    return text.replace("SHA256_OF_THE_PASSWORD", digest).replace("{o365bot}", f"{{{prefix}}}")


def test_every_command_of_the_adapters_is_allowed() -> None:
    """Also what a journey does not come to: pauses, limits, what is rarely deleted."""
    allowed, for_backups = (
        set(re.findall(r"\+([a-z|]+)", (ROOT / "deploy" / name).read_text()))
        for name in ("store-users.acl", "store-backup-user.acl")
    )
    modules = {path.stem: path.read_text() for path in (ROOT / "adapters" / "redis").rglob("*.py")}
    backup_store = modules.pop("backup")
    code = "".join(modules.values())
    whole = set(re.findall(r"(?:pipe|client)\.([a-z]+)\(", backup_store)) - {"execute", "pipeline"}
    whole |= {name.lower() for name in re.findall(r"redis\.call\('([A-Z]+)'", backup_store)}
    assert len(whole) > 10
    assert {{"delete": "del"}.get(name, name) for name in whole} <= for_backups
    assert for_backups - allowed == {"scan", "type", "lrange", "rpush", "xlen"}
    in_scripts = {name.lower() for name in re.findall(r"redis\.call\('([A-Z]+)'", code)}
    assert len(in_scripts) > 20
    assert in_scripts <= allowed
    called = set(re.findall(r"(?:client|pipe|pipeline)\.([a-z]+)\(", code))
    called = {{"delete": "del"}.get(name, name) for name in called}
    ours = {"aclose", "execute", "pipeline", "wait", "shutdown"}
    assert called - ours <= allowed
    assert not {"keys", "flushall", "config", "eval_ro", "debug", "scan", "subscribe"} & allowed


@pytest.mark.asyncio(loop_scope="session")
async def test_a_journey_as_a_user_with_the_least_rights(
    tmp_path: Path, keys: Path, browser: Browser
) -> None:
    """Scanned, sent, signed in, acknowledged, with a prefix of its own; nothing was denied."""
    users = tmp_path / "users.acl"
    users.write_text(acl("o365bot-test") + f"\nuser admin on >{PASSWORD} ~* &* +@all\n")
    server = Server(tmp_path / "store", "--aclfile", str(users))
    await server.start()
    try:
        async with World(key_directory=keys, page_port=None) as world:
            patient(world)
            url = free_address()
            settings = world.settings_toml(url, tmp_path / "bot")
            with settings.open("a") as file:
                file.write(
                    f'\n[redis]\nurl = "redis://o365bot:{PASSWORD}@127.0.0.1:{server.port}"\n'
                    'prefix = "o365bot-test"\n'
                )
            async with ForkedBot(settings, tmp_path / "bot.log", url) as bot:
                await world.start_chat()
                stage = Stage(world, bot, tmp_path / "bot")
                await stage.command("/o365 scan", listed)
                listing = await stage.command("/o365 apps", listed)
                label = next(one.name for one in reading.items(listing) if "consent" in one.heading)
                dm = world.slack.dm_of("gita")
                await stage.command(f"/o365 send {label} now", said(label))
                letter = await stage.next(dm, 0, said(label))
                async with connect(f"redis://admin:{PASSWORD}@127.0.0.1:{server.port}") as client:
                    ledger = RedisLedger(client, Keys("o365bot-test"))

                    async def delivered() -> bool:
                        (request,) = await ledger.open_requests()
                        return request.stage is ConsentStage.DELIVERED

                    await wait_until(delivered, within=60, what="the delivery is confirmed")
                guide = await sign_in(browser, reading.link(letter))
                assert guide.status == 200
                await thanked(stage, letter)
                await stage.command("/o365 remind sure", said("2 channels"))
        async with server.client(username="admin", password=PASSWORD) as admin:
            assert [entry["object"] for entry in await admin.acl_log()] == []
            found = {str(key) async for key in admin.scan_iter(count=1000)}
            assert found
            assert all(key.startswith("{o365bot-test}:") for key in found)
    finally:
        await server.kill()
