"""Each command of the documentation, run as it stands there: from an empty environment on.

The README's come first, in its order: they install the bot and start it. Then all others, page by
page, beside the running bot. What a machine without root, engine, cluster or registry cannot do is
in `INSTEAD`, with what is looked at in its place.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
import yaml

from sandbox.bot_process import free_address, free_port
from sandbox.slack import workspace
from sandbox.teams import service
from sandbox.world import OPERATOR, SLACK_SECRET, SLACK_TOKEN, TEAMS_SECRET, World
from tests.documented import PAGES, ROOT, Command, blocks, mentions, variants
from tests.drills.machine import Machine, Ran
from tests.servers import Server
from tests.unit.test_deploy import IMAGE
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

README = tuple(one.text for one in blocks(ROOT / "README.md"))
DEMO, TEST, *INSTALL, INIT, CHECK, DOCTOR, RUN = README

EXAMPLES = {
    "APP": "'Office 365 Sales'",
    "DATE": (datetime.now(UTC) + timedelta(days=60)).date().isoformat(),
    "REASON": "'it will be retired'",
    "PERSON": "gita@contoso.example",
    "STATE": "needs_consent",
    "LEVEL": "INFO",
    "DIRECTORY": "another",
    "URL": "https://o365bot.example.com",
}
"""What the capital words of a page stand for, apart from those that another command tells."""


@pytest_asyncio.fixture(loop_scope="session")
async def world(keys: Path) -> AsyncIterator[World]:
    async with World(key_directory=keys, page_port=None) as world:
        yield world


def answers(world: World, url: str) -> Iterator[str]:
    """What the operator of the pretend company answers to `init`."""
    org = world.company.org("contoso")
    yield from (url, "", world.company.addresses["okta-contoso"], "contoso")
    yield from (org.client_id, org.key_id, world.company.bot.client_id)
    yield from ("y", "n", workspace.CHANNEL, world.slack.slack_id(OPERATOR))
    teams = world.teams.service
    yield from ("y", teams.app_id, teams.tenant_id, service.CHANNEL)
    yield teams.object_id(world.company.person(OPERATOR))


def bring_secrets(world: World, folder: Path) -> None:
    """What `init` asks to be put there; the certificate is the one that this company knows."""
    (folder / "okta_private_key").write_text(world.company.okta_private_key_pem("contoso"))
    (folder / "entra_certificate").write_text(world.company.entra_certificate_pem())
    (folder / "slack_bot_token").write_text(SLACK_TOKEN)
    (folder / "slack_signing_secret").write_text(SLACK_SECRET)
    (folder / "teams_app_password").write_text(TEAMS_SECRET)


def pretend(world: World) -> dict[str, str]:
    """Where this company's clouds live, instead of the real ones."""
    at = world.company.addresses
    return {
        "O365BOT_ENTRA__LOGIN_URL": at["login"],
        "O365BOT_ENTRA__GRAPH_URL": at["graph"],
        "O365BOT_SLACK__API_URL": f"{at['slack']}/api",
        "O365BOT_TEAMS__LOGIN_URL": at["teams-login"],
        "O365BOT_TEAMS__GRAPH_URL": at["graph"],
        "O365BOT_TEAMS__SERVICE_URLS": json.dumps([f"{at['teams']}/"]),
        "O365BOT_TEAMS__OPENID_METADATA_URL": (
            f"{at['botframework']}/v1/.well-known/openidconfiguration"
        ),
    }


async def answered(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(url)).is_success
        except httpx.TransportError:
            return False


class Operator:
    """Types what the pages say, on a machine where the bot was installed and started."""

    def __init__(self, machine: Machine, world: World, url: str, store: Server) -> None:
        self.machine = machine
        self.url = url
        self._store = store
        self._clouds = pretend(world)
        self._settings = machine.home / "o365bot" / "settings"
        self._count = 0

    def new(self, name: str) -> Path:
        """A path that there is not."""
        self._count += 1
        return self.machine.root / f"{name}-{self._count}"

    async def type(self, text: str) -> Ran:
        """One line, with what it needs around it."""
        instead = next((do for begins, (_, do) in INSTEAD.items() if text.startswith(begins)), None)
        if instead is not None:
            return await instead(self, text)
        words = shlex.split(text.partition("\n")[0])
        if words[:2] == ["o365bot", "run"]:
            return await self.run(text)
        if "--follow" in words:
            return await self.follow(text)
        folder, more, said = self.machine.sources, self._clouds, "y\n" * 4
        more = more | {"O365BOT_CONFIG": str(self._settings / "o365bot.toml")}
        if words[:2] == ["o365bot", "init"]:
            folder, said = self.new("empty"), "https://o365bot.example.com\n\nhttps://a.okta.com\n"
            folder.mkdir()
            said += "a\n\n\n\n" + "n\n" * 3
        elif words[:2] == ["o365bot", "restore"]:
            more = more | {"O365BOT_DATA_DIR": str(self.new("restored"))}
        elif words[0] == "redis-cli":
            folder = self._settings
            more = more | {"SOCKET": (self._settings / "var/store/socket").read_text()}
        elif words[0] == "curl":
            text, more = f"{text} --fail {self.url}/health/ready", {"TOKEN": "none"}
        return await self.machine.run(text, said, more, folder)

    async def fill_in(self, text: str) -> str:
        """With values instead of its capital words."""
        if "backup FILE" in text:
            text = text.replace("FILE", f"{self.new('backup')}.gz")
        if "restore FILE" in text:
            made = await self.machine_backup()
            text = text.replace("FILE", str(made))
        if "--key-file FILE" in text:
            key = self.new("key")
            key.write_text("a former key of this audit, long enough")
            text = text.replace("FILE", str(key))
        if "HEAD" in text or "POSITION" in text:
            ran = await self.type("o365bot audit export")
            head = re.findall(r"^Head: (.+)$", ran.said, re.MULTILINE)[0]
            position = json.loads(ran.said.splitlines()[0])["position"]
            text = text.replace(" HEAD", f" '{head}'").replace("POSITION", position)
        text = text.replace("--org NAME", "--org contoso")
        text = text.replace("--config FILE", f"--config {self._settings / 'o365bot.toml'}")
        for word, value in EXAMPLES.items():
            text = re.sub(rf"\b{word}\b", value, text)
        return text

    async def machine_backup(self) -> Path:
        """A backup of the bot that runs."""
        path = self.new("backup").with_suffix(".gz")
        ran = await self.type(f"o365bot backup {path}")
        assert ran.status == 0, ran.said
        return path

    async def run(self, text: str) -> Ran:
        """Started, ready, and ended by a signal; parts of it share a store as its page makes it."""
        port = free_port()
        more = self._clouds | {
            "O365BOT_CONFIG": str(self._settings / "o365bot.toml"),
            "O365BOT_LISTEN": f"127.0.0.1:{port}",
            "O365BOT_WORKER_LISTEN": f"127.0.0.1:{port}",
            "O365BOT_DATA_DIR": str(self.new("data")),
        }
        if "--w" in text:
            url = (self.machine.sources / "secrets" / "store_url").read_text().strip()
            more |= {
                "O365BOT_REDIS__URL": url.replace("store:6379", f"127.0.0.1:{self._store.port}")
            }
        return await self.machine.started(text, f"http://127.0.0.1:{port}/health/ready", more)

    async def follow(self, text: str) -> Ran:
        """Until it has said something."""
        config = str(self._settings / "o365bot.toml")
        process = await self.machine.start(text, self._clouds | {"O365BOT_CONFIG": config})
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        return Ran(0, json.loads(line)["action"])

    # -- what this machine cannot do ---------------------------------------------------------

    async def nothing(self, text: str) -> Ran:
        """Its spelling is looked at by tests/unit/test_documented.py."""
        return Ran(0, "")

    async def unit(self, text: str) -> Ran:
        """The unit stands where it was copied to, systemd takes it where there is one, and what it
        starts is ready, reloads, and ends.
        """
        path = self.machine.root / "etc" / "systemd" / "system" / "o365bot.service"
        if not re.search(r"o365bot|daemon-reload", text) or not path.is_file():
            return Ran(1, f"no unit in {path}")
        if shutil.which("systemd-analyze"):
            here = self.machine.root / path.name
            here.write_text(self.machine.placed(path.read_text()))
            for what in ("verify", f"security {EXPOSURE}"):
                ran = await self.machine.run(f"systemd-analyze {what} {here}")
                if ran.status:
                    return ran
        if "enable" not in text:
            return Ran(0, "")
        unit = self.machine.placed(path.read_text())
        port = free_port()
        more = self._clouds | dict(re.findall(r"^Environment=(\w+)=(.*)$", unit, re.MULTILINE))
        for name, secret in re.findall(r"^LoadCredential=(\w+):(\S+)$", unit, re.MULTILINE):
            there = self.machine.root / "run" / "secrets" / name
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(secret, there)
        more |= {"O365BOT_LISTEN": f"127.0.0.1:{port}"}
        (command,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
        return await self.machine.started(
            command, f"http://127.0.0.1:{port}/health/ready", more, signal.SIGHUP
        )

    async def services(self, text: str) -> Ran:
        """Every word after the subcommand is a service of docker-compose.yml, or an option."""
        known = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
        _, _, _, *words = shlex.split(text.replace("--signal HUP", "--signal=HUP"))
        strange = [one for one in words if not one.startswith("--") and one not in known]
        return Ran(len(strange), f"no service {strange}")

    async def image(self, text: str) -> Ran:
        """The image is one that the files pin."""
        files = (ROOT / "Dockerfile", ROOT / "docker-compose.yml", *ROOT.glob("deploy/*/*.yaml"))
        pinned = {
            one.partition("@")[0] for file in files for one in IMAGE.findall(file.read_text())
        }
        wanted = shlex.split(text)[4]
        return Ran(wanted not in pinned, f"{wanted} is none of {pinned}")

    async def cluster(self, text: str) -> Ran:
        """What would be sent is built, where there is a kubectl; else its files are there."""
        text = text.replace("apply --kustomize", "kustomize")
        if "create" in text:
            text += " --dry-run=client --output=yaml"
        if shutil.which("kubectl"):
            return await self.machine.run(text)
        named = re.findall(r"--from-file=(\S+)|(deploy/\S+)", text)
        lost = [
            one
            for pair in named
            for one in pair
            if one and not (self.machine.sources / one).exists()
        ]
        return Ran(len(lost), f"no {lost}")


Instead = Callable[[Operator, str], Awaitable[Ran]]
INSTEAD: dict[str, tuple[str, Instead]] = {
    "make ": ("takes hours, or is this very test", Operator.nothing),
    "pipx ": ("the README's own three commands install the same", Operator.nothing),
    "o365bot release NAME": ("nothing is held: tests/scenario/test_restore.py", Operator.nothing),
    ".venv/bin/detect-secrets": ("the environment of those who develop it", Operator.nothing),
    "systemd-analyze ": ("asks a systemd that runs; the unit is verified", Operator.nothing),
    "kubectl kustomize": ("is named, not to be typed; `apply` does it", Operator.nothing),
    "sudo systemctl": ("there is no systemd to talk to", Operator.unit),
    "systemctl": ("there is no systemd to talk to", Operator.unit),
    "journalctl": ("there is no systemd to talk to", Operator.unit),
    "docker compose": ("there is no engine", Operator.services),
    "docker buildx": ("there is no registry", Operator.image),
    "kubectl": ("there is no cluster", Operator.cluster),
}
"""How a command begins -> why it cannot be run here, and what is done instead."""

EXPOSURE = "--offline=true --threshold=15"
"""At most 1.5 of 10, as systemd counts; beyond 2 it no longer calls it OK."""
ATTENTION = ("o365bot doctor", "o365bot check --live")
"""End with 1, for the pretend company's address is one of this machine alone."""


def others() -> Iterator[Command]:
    """Each beside the README's own, once: first docs/store.md makes what others use, and last
    docs/deploy.md moves the settings.
    """
    seen = {*README}
    names = ("store.md", *(page.name for page in PAGES if page.name != "deploy.md"), "deploy.md")
    for page in sorted(PAGES, key=lambda page: names.index(page.name)):
        for one in (*blocks(page), *mentions(page)):
            for text in variants(one.text):
                if text not in seen:
                    seen.add(text)
                    yield Command(one.where, text)


async def test_each_documented_command_does_what_it_is_there_for(
    world: World, tmp_path: Path
) -> None:
    """From nothing to a bot that is ready, and no step beside those that are written down."""
    machine = Machine.new(tmp_path)
    for command in INSTALL:
        ran = await machine.run(command)
        if "Failed to establish a new connection" in ran.said and os.environ.get("CI") != "true":
            pytest.skip("no package index can be reached from here")
        assert ran.status == 0, ran.said
    url = free_address()
    world.connect(url)
    ran = await machine.run(INIT, "\n".join(answers(world, url)) + "\n")
    assert ran.status == 0, ran.said
    folder = machine.home / "o365bot" / "settings"
    assert f"o365bot doctor --config {folder / 'o365bot.toml'}" in ran.said
    bring_secrets(world, folder / "secrets")
    clouds = pretend(world) | {"O365BOT_LISTEN": urlsplit(url).netloc}
    ran = await machine.run(CHECK, "", clouds)
    assert (ran.status, "The settings are valid" in ran.said) == (0, True), ran.said
    bot = await machine.start(RUN, clouds, output=tmp_path / "bot.log")
    try:
        await wait_until(lambda: answered(f"{url}/health/ready"), within=60, what="it is ready")
        await world.start_chat()
        ran = await machine.run(DOCTOR, "", clouds)
        assert ran.status == 1, ran.said
        assert "broken " not in ran.said, ran.said
        await everything_else(machine, world, url)
    finally:
        bot.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(bot.wait(), 60) == 0
    assert (folder / "var" / "store").is_dir()


async def everything_else(machine: Machine, world: World, url: str) -> None:
    """All that fail are told of, each with its place."""
    machine.stand_in("sudo", 'exec "$@"')
    machine.stand_in("redis-cli", f"exec {sys.executable} -c '{REDIS_CLI}' \"$@\"")
    for folder in ("backups", "var/lib/o365bot", "etc/systemd/system", "opt"):
        (machine.root / folder).mkdir(parents=True)
    settings = machine.home / "o365bot" / "settings"
    shutil.copy(settings / "o365bot.toml", machine.sources)
    shutil.copytree(settings / "secrets", machine.sources / "secrets")
    users = machine.sources / "secrets" / "store_users.acl"
    store = Server(machine.root / "server", "--aclfile", str(users))
    operator, wrong = Operator(machine, world, url, store), []
    started = False
    try:
        for one in others():
            if users.exists() and not started:
                started = True
                await store.start()
            try:
                ran = await operator.type(await operator.fill_in(one.text))
            except AssertionError as error:
                ran = Ran(1, str(error))
            if ran.status not in ((0, 1) if one.text.startswith(ATTENTION) else (0,)):
                wrong.append(f"{one.where}: {one.text}\n{ran.said[-600:]}")
    finally:
        if started:
            await store.kill()
    assert not wrong, "\n\n".join(wrong)


REDIS_CLI = """
import os, sys
from redis import Redis
words = sys.argv[1:]
path = os.environ["SOCKET"]
if words[0] == "-s":
    assert words[1] == path
    words = ["PING"]
print(Redis(unix_socket_path=path).execute_command(*words))
"""
"""What Valkey's own program would do; it is in no package that is installed here."""
