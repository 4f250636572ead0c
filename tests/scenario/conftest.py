"""One pretend world and one real bot in a process of its own, for all scenarios.

Scenarios stay apart by using apps of their own (`new_app`), so each can be run alone.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.server.store import connect
from adapters.redis.shared.memberships import RedisMemberships
from sandbox.bot_process import BotProcess, free_address
from sandbox.browser import Browser
from sandbox.chatlog import Conversation, Message
from sandbox.company.records import OktaApp, okta_id
from sandbox.page import reading
from sandbox.page.stored import Stored
from sandbox.slack import workspace as slack_workspace
from sandbox.teams import service as teams_service
from sandbox.world import World
from tests.forked import ForkedBot, looking_often
from tests.mail_server import Certificates, MailServer, mail_server
from tests.there import there
from tests.waiting import wait_until

WITHIN = 45.0
"""Seconds: the bot keeps Microsoft's limit of five reports in ten seconds, and may wait twice."""
Wanted = Callable[[Message], bool]
# For scenarios that are not about hours: these run at night, on Sundays and at Christmas, too.
AT_ANY_HOUR = """
[campaign]
working_days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
hours = "00:00-23:59"
countries = { "Europe/Berlin" = "AQ" }
"""


# For scenarios that jump to another day: none of them is a holiday.
NO_HOLIDAYS = '[campaign]\ncountries = { "Europe/Berlin" = "AQ" }\n'


def patient(world: World) -> None:
    """Scenarios ask more often than people do, on a machine that may be busy: neither is refused.
    The limits, and Slack's three seconds, have tests of their own.
    """
    for org in world.company.orgs.values():
        org.limits = dict.fromkeys(org.limits, 100_000)
    world.slack.delivery.timeout = world.slack.workspace.trigger_seconds = 60.0


def said(*words: str) -> Wanted:
    """Accepts a message of the bot that says all of these, in its text."""

    def wanted(message: Message) -> bool:
        told = f"{message.text}\n{reading.text(message)}"
        return all(word in told for word in words)

    return wanted


def listed(message: Message) -> bool:
    """Accepts the list of apps (and no interim message)."""
    return " done · " in reading.text(message) and bool(reading.items(message))


@dataclass
class Stage:
    """The world and the bot, with what scenarios do again and again."""

    world: World
    bot: BotProcess
    directory: Path

    @property
    def slack_channel(self) -> Conversation:
        """The Slack channel that follows the migration."""
        return self._conversation(slack_workspace.CHANNEL)

    @property
    def teams_channel(self) -> Conversation:
        """The Teams channel that follows the migration."""
        return self._conversation(teams_service.CHANNEL)

    def _conversation(self, conversation_id: str) -> Conversation:
        return there(self.world.log.get(conversation_id))

    def stored(self) -> Stored:
        """What the bot has stored; an async context manager."""
        return Stored(self.directory / "var")

    def redis(self) -> AbstractAsyncContextManager[Redis]:
        """A client of the bot's own store, made as the bot makes it."""
        return connect(f"unix://{(self.directory / 'var' / 'store' / 'socket').read_text()}")

    async def delivered(self, label: str) -> None:
        """The bot knows that its message about this app came: that is later than it is there."""
        async with self.stored() as stored:

            async def is_known() -> bool:
                return bool((await stored.request(label))["stage"] == "delivered")

            await wait_until(is_known, within=WITHIN, what=f"the message about {label} is known")

    @asynccontextmanager
    async def noticed(self, name: str) -> AsyncIterator[None]:
        """What happens within is told by the platform: the bot forgets what it knew by this name.

        Its acknowledgement does not show that: it comes before.
        """
        async with self.redis() as store:
            memberships = RedisMemberships(store, Keys())

            async def revision() -> str:
                return (await memberships.known([name], ""))[0].revision

            async def changed() -> bool:
                return await revision() != before

            before = await revision()
            yield
            await wait_until(changed, within=WITHIN, what=f"{name} is forgotten")

    async def command(self, words: str, wanted: Wanted, user: str = "ola") -> Message:
        """Type a line in the Slack channel; the answer, which only the asker sees."""
        channel, since = self.slack_channel, len(self.slack_channel.messages)
        typed = await self.world.slack.command(user, words)
        who = self.world.slack.slack_id(user)

        def answers(message: Message) -> bool:
            return message.only_for == who and message.answers in (typed.id, None)

        return await self.next(channel, since, lambda m: answers(m) and wanted(m))

    async def ask_in_teams(self, words: str, wanted: Wanted, user: str = "ola") -> Message:
        """Ask the bot in the Teams channel; the answer."""
        channel, since = self.teams_channel, len(self.teams_channel.messages)
        asked = await self.world.teams.say(user, words)
        return await self.next(channel, since, lambda m: m.thread == asked.id and wanted(m))

    async def next(
        self, where: Conversation, since: int, wanted: Wanted, within: float = WITHIN
    ) -> Message:
        """The bot's first wanted message after the first `since`; TimeoutError tells the last."""
        return await self.world.log.wait_for(
            lambda: next((m for m in where.messages[since:] if m.from_bot and wanted(m)), None),
            within,
        )


@asynccontextmanager
async def open_stage(
    directory: Path,
    keys: Path,
    more: str = "",
    *,
    boards: str = "",
    minimum_proof: str = "",
    socket_mode: bool = False,
) -> AsyncIterator[Stage]:
    """A running world and a running bot, which have met; `more` are settings besides.

    With a `minimum_proof` in chat nobody signs in anywhere.
    """
    async with World(key_directory=keys, page_port=None, socket_mode=socket_mode) as world:
        patient(world)
        url = free_address()
        settings = world.settings_toml(url, directory, boards=boards, minimum_proof=minimum_proof)
        text = settings.read_text()
        if minimum_proof:
            text = re.sub(r"\[(sign_in|operators_page)\]\n[^\[]*", "", text)
        if boards:  # the section is there already
            text, more = text.replace("[campaign]\n", more), ""
        settings.write_text(f"{text}\n{more}")
        async with (
            ForkedBot(settings, directory / "bot.log", url) as bot,
            looking_often(directory / "var"),
        ):
            await world.start_chat()
            stage = Stage(world, bot, directory)
            # The look that the bot takes at its start is over, so that the next sees what is new.
            await stage.command("/o365 scan", listed)
            yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_stage(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> AsyncIterator[Stage]:
    """One for a whole module, which says `stage = own_stage`, and why."""
    async with open_stage(tmp_path_factory.mktemp("own"), keys, AT_ANY_HOUR) as stage:
        yield stage


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> AsyncIterator[Stage]:
    """The one that all scenarios share."""
    async with open_stage(tmp_path_factory.mktemp("scenario"), keys, AT_ANY_HOUR) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(certificates: Certificates) -> AsyncIterator[MailServer]:
    """Somebody's mail server, for one module."""
    async with mail_server(certificates) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A browser without any cookie."""
    async with Browser() as fresh:
        yield fresh


NewApp = Callable[[str], Awaitable[OktaApp]]
_numbers = itertools.count(1)


@pytest.fixture
def new_app(stage: Stage) -> NewApp:
    """Adds an app on a password to the Okta org `contoso`, and has the bot look."""

    async def add(name: str) -> OktaApp:
        label = f"Office 365 {name} {next(_numbers)}"
        company = stage.world.company
        now = company.now()
        app = OktaApp(
            okta_id("0oa", f"contoso/{label}"),
            label,
            "contoso.example",
            "contoso",
            created=now,
            last_updated=now,
        )
        company.org("contoso").apps.append(app)
        await stage.command("/o365 scan", lambda m: listed(m) and said(label)(m))
        return app

    return add
