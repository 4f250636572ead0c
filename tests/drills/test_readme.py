"""Setting it up as the README says, word for word, in an empty environment."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from sandbox.bot_process import free_address
from sandbox.slack import workspace
from sandbox.world import SLACK_SECRET, SLACK_TOKEN, World
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def documented() -> list[str]:
    """The commands of the README's section on setting it up, as they stand there."""
    section = README.partition("\n## With your own")[2].partition("\n## ")[0]
    return re.findall(r"^ {4,}((?:~/|python3 ).+)$", section, re.MULTILINE)


INSTALL, SET_UP = documented()[:3], documented()[3:]


@dataclass(frozen=True)
class Machine:
    """A home and a copy of the sources with nothing installed."""

    home: Path
    sources: Path

    @property
    def environment(self) -> dict[str, str]:
        """Of a new user: nothing of the bot, and this Python first."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("O365BOT_", "VIRTUAL_"))}
        path = f"{Path(sys.executable).resolve().parent}{os.pathsep}{plain.get('PATH', '')}"
        return plain | {"HOME": str(self.home), "PATH": path, "PYTHONPATH": ""}

    async def start(self, command: str, **more: str) -> asyncio.subprocess.Process:
        """As somebody types it in the folder of the sources."""
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", f"exec {command}"),
            cwd=self.sources,
            env=self.environment | more,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def run(self, command: str, said: str = "", **more: str) -> tuple[int, str]:
        """Its status and what it printed; `said` is typed."""
        process = await self.start(command, **more)
        out, _ = await process.communicate(said.encode())
        assert process.returncode is not None
        return process.returncode, out.decode()


def copy_sources(to: Path) -> None:
    """What is committed of what an installation takes."""
    parts = ["bot", "adapters", "*.md", "*.toml", "*.lock", "LICENSE"]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *parts], cwd=ROOT, capture_output=True, check=True
    )
    packed = subprocess.run(
        ["tar", "--create", "--null", "--files-from=-", "--file=-"],
        cwd=ROOT,
        input=listed.stdout,
        capture_output=True,
        check=True,
    )
    subprocess.run(["tar", "--extract", "--file=-"], cwd=to, input=packed.stdout, check=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Installed by the README's own commands."""
    folder = tmp_path_factory.mktemp("machine")
    machine = Machine(folder / "home", folder / "sources")
    for path in (machine.home, machine.sources):
        path.mkdir()
    copy_sources(machine.sources)
    for command in INSTALL:
        status, said = await machine.run(command)
        if "Failed to establish a new connection" in said and os.environ.get("CI") != "true":
            pytest.skip("no package index can be reached from here")
        assert status == 0, said
    return machine


@pytest_asyncio.fixture(loop_scope="session")
async def world(keys: Path) -> AsyncIterator[World]:
    async with World(key_directory=keys, page_port=None) as world:
        yield world


def answers(world: World, url: str) -> Iterator[str]:
    """What the operator of the pretend company answers to `init`."""
    org = world.company.org("contoso")
    yield from (url, "", world.company.addresses["okta-contoso"], "contoso")
    yield from (org.client_id, org.key_id, world.company.bot.client_id)
    yield from ("y", "n", workspace.CHANNEL, world.slack.slack_id("ola"), "n")


def bring_secrets(world: World, folder: Path) -> None:
    """What `init` asks to be put there; the certificate is the one that this company knows."""
    (folder / "okta_private_key").write_text(world.company.okta_private_key_pem("contoso"))
    (folder / "entra_certificate").write_text(world.company.entra_certificate_pem())
    (folder / "slack_bot_token").write_text(SLACK_TOKEN)
    (folder / "slack_signing_secret").write_text(SLACK_SECRET)


async def test_each_documented_command_does_what_it_is_there_for(
    machine: Machine, world: World
) -> None:
    """From nothing to a bot that is ready, and no step beside those that are written down."""
    init, check, doctor, run = SET_UP
    url = free_address()
    world.connect(url)
    status, said = await machine.run(init, "\n".join(answers(world, url)) + "\n")
    assert status == 0, said
    folder = machine.home / "o365bot" / "settings"
    assert f"o365bot doctor --config {folder / 'o365bot.toml'}" in said
    bring_secrets(world, folder / "secrets")
    # Where this company's clouds live, instead of the real ones.
    pretend = {
        "O365BOT_ENTRA__LOGIN_URL": world.company.addresses["login"],
        "O365BOT_ENTRA__GRAPH_URL": world.company.addresses["graph"],
        "O365BOT_SLACK__API_URL": f"{world.company.addresses['slack']}/api",
        "O365BOT_LISTEN": urlsplit(url).netloc,
    }
    status, said = await machine.run(check, **pretend)
    assert (status, "The settings are valid" in said) == (0, True), said
    bot = await machine.start(run, **pretend)
    try:
        async with httpx.AsyncClient(trust_env=False) as client:

            async def ready() -> bool:
                try:
                    return (await client.get(f"{url}/health/ready")).is_success
                except httpx.TransportError:
                    return False

            await wait_until(ready, within=60, what="the bot is ready")
        status, said = await machine.run(doctor, **pretend)
        assert status == 1, said  # the address is one of this machine alone, which it says
        assert "broken " not in said, said
    finally:
        bot.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(bot.wait(), 60) == 0
    assert (folder / "var" / "store").is_dir()


async def test_the_pages_name_the_same_commands(machine: Machine) -> None:
    """docs/deploy.md installs as the README does, elsewhere; what the help lists is there."""
    deploy = (ROOT / "docs" / "deploy.md").read_text()
    for command in INSTALL:
        assert f"sudo {command}".replace("~/", "/opt/") in deploy
    status, said = await machine.run("~/o365bot/bin/o365bot --help")
    assert status == 0
    for command in SET_UP:
        assert shlex.split(command)[1] in said
