"""The topology of the compose file as plain processes: the shipped proxy, two replicas, one store
with the shipped user.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.bot_process import BotProcess, free_address, free_port
from sandbox.browser import Browser
from sandbox.page import reading
from sandbox.world import World
from tests.drills.nginx import running_nginx
from tests.scenario.conftest import Stage, listed, said
from tests.scenario.test_journeys import finish_in_okta, sign_in
from tests.scenario.test_reload import reload
from tests.servers import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEPLOY = Path(__file__).parents[2] / "deploy"
PASSWORD = "of-the-store-0123456789"


@dataclass
class Replicas:
    """What stands behind one address."""

    stage: Stage
    replicas: list[BotProcess]


def proxy_config(port: int, replicas: list[str]) -> str:
    """The shipped one for these replicas, without TLS: `tests/contract/test_proxy.py` has that."""
    config = (DEPLOY / "nginx.conf").read_text()
    config = re.sub(
        r"    server \{\s+listen 8443 ssl default_server;.*?\n    \}\n", "", config, flags=re.S
    )
    config = re.sub(r"\n\s+ssl_certificate(_key)? [^;]+;", "", config)
    servers = "\n".join(f"        server {one.removeprefix('http://')};" for one in replicas)
    config = config.replace("        server bot:8080;", servers)
    config = config.replace("listen 8443 ssl", f"listen 127.0.0.1:{port}")
    return config.replace("server_name o365bot.example.com", "server_name 127.0.0.1")


@pytest_asyncio.fixture(loop_scope="session")
async def behind(nginx_path: str, tmp_path: Path, keys: Path) -> AsyncIterator[Replicas]:
    """All up, and the world has met them at the proxy's address."""
    users = (DEPLOY / "store-users.acl").read_text()
    digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
    acl = tmp_path / "store_users.acl"
    acl.write_text(users.replace("SHA256_OF_THE_PASSWORD", digest))
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(World(key_directory=keys, page_port=None))
        port = free_port()
        settings = world.settings_toml(f"http://127.0.0.1:{port}", tmp_path)
        store = Server(
            tmp_path / "store",
            "--appendonly",
            "yes",
            "--maxmemory-policy",
            "noeviction",
            "--aclfile",
            str(acl),
        )
        stack.push_async_callback(store.kill)
        await store.start()
        url = tmp_path / "store_url"
        url.write_text(f"redis://o365bot:{PASSWORD}@127.0.0.1:{store.port}/0\n")
        replicas = []
        for number in range(2):
            address = free_address()
            replica = BotProcess(
                settings,
                tmp_path / f"replica{number}.log",
                address,
                environment={
                    "O365BOT_LISTEN": address.removeprefix("http://"),
                    "O365BOT_REDIS__URL_FILE": str(url),
                    "O365BOT_TRUSTED_PROXIES": '["127.0.0.1"]',
                },
            )
            replicas.append(await stack.enter_async_context(replica))
        config = proxy_config(port, [one.url for one in replicas])
        await stack.enter_async_context(running_nginx(nginx_path, config, port, tmp_path))
        await world.start_chat()
        yield Replicas(Stage(world, replicas[0], tmp_path), replicas)


async def test_changed_settings_are_in_force_at_each_replica_that_was_told(
    behind: Replicas,
) -> None:
    """Behind one address: a new operator is answered by both, and the former one by neither."""
    stage = behind.stage
    config = stage.directory / "o365bot.toml"
    gita = stage.world.slack.slack_id("gita")
    await stage.command("/o365 scan", listed)
    config.write_text(config.read_text().replace('"U0OLA"', f'"{gita}"'))
    for replica in behind.replicas:
        await reload(replica)
    for _ in range(4):  # the proxy takes turns
        await stage.command("/o365 apps", listed, user="gita")
        await stage.command("/o365 apps", said("operator"), user="ola")


async def test_the_journey_goes_on_when_a_replica_dies(behind: Replicas) -> None:
    """Asked while both live, taken on and finished at the one that is left, under one address."""
    stage, label = behind.stage, "Office 365 HQ"
    await stage.command("/o365 scan", listed)
    dm = stage.world.slack.dm_of("gita")
    since = len(dm.messages)
    await stage.command(f"/o365 send {label} now", said(label))
    letter = await stage.next(dm, since, said(label))
    await behind.replicas[0].kill()
    async with Browser() as browser:
        guide = await sign_in(browser, reading.link(letter))
        # Killed before it could confirm the letter, its lease of a minute has to run out first.
        await stage.world.log.wait_for(lambda: letter.edited_at, within=180)
        assert "Thank you" in letter.text
        await finish_in_okta(browser, guide)
    for _ in range(4):  # the proxy takes turns: none of them meets the one that is gone
        checked = await stage.command(f"/o365 check {label}", said(label))
    assert "migrated" in checked.text
    assert [m for m in dm.messages[since:] if m.from_bot][:1] == [letter]
