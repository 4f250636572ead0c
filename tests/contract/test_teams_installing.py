"""The app is installed for people, by the pretend Graph and with tokens of the pretend login."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from adapters.http.client import open_http
from adapters.teams.outgoing.connector import Connector
from adapters.teams.outgoing.installing import (
    CATALOGUE,
    CLOSED_FOR,
    INSTALL,
    Installer,
    OwnApp,
    welcome_key,
)
from adapters.teams.outgoing.messenger import ABSENT_FOR, TeamsMessenger
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatError, ChatThrottled, ChatUnreachable, PersonUnreachable
from bot.message import Message
from bot.settings.sections.chat import TeamsSettings
from bot.settings.settings import load
from sandbox.company.records import Person
from sandbox.world import World
from tests.contract.teams_world import Clock
from tests.fakes import ConversationsInMemory, OnceInMemory
from tests.there import there

HELLO = Message("Hello.")


@dataclass
class Installing:
    """The world, and a messenger that may install the app."""

    world: World
    settings: TeamsSettings
    http: httpx.AsyncClient
    clock: Clock = field(default_factory=Clock)
    once: OnceInMemory = field(default_factory=OnceInMemory)
    conversations: ConversationsInMemory = field(default_factory=ConversationsInMemory)

    def __post_init__(self) -> None:
        self.messenger = TeamsMessenger(
            self.settings,
            self.conversations,
            Connector(self.settings, self.http),
            self.clock,
            Installer(OwnApp(self.settings, self.http), self.once, self.clock),
        )
        service = self.world.teams.service
        service.graph_roles = {INSTALL, CATALOGUE}
        self.person: Person = next(
            one for one in service.people() if one.key not in service.installed
        )
        self.to = ChatIdentity(Platform.TEAMS, service.object_id(self.person))

    def has_app(self) -> bool:
        return self.person.key in self.world.teams.service.installed

    async def found(self) -> bool:
        tenant = self.settings.tenant_id
        return bool(await self.messenger.find_person((), self.to.user_id, tenant))

    async def refusal(self) -> ChatError:
        with pytest.raises(ChatError) as caught:
            await self.messenger.send_personal(self.to, HELLO, "k")
        return caught.value


@pytest.fixture
async def installing(tmp_path: Path, keys: Path) -> AsyncIterator[Installing]:
    async with World(key_directory=keys, page_port=None) as world, open_http() as http:
        settings = there(load(world.settings_toml("http://127.0.0.1:9", tmp_path)).teams)
        world.teams.delivery.retry_delays = ()  # no bot listens here, also not the second time
        yield Installing(world, settings, http)


async def test_the_app_is_installed_with_the_first_message_and_not_before(
    installing: Installing,
) -> None:
    """Looking for somebody finds them, and changes nothing; the welcome is the message itself."""
    assert await installing.found()
    assert not installing.has_app()
    sent = await installing.messenger.send_personal(installing.to, HELLO, "k")
    assert installing.has_app()
    conversation, _, message = sent.message_id.partition("|")
    assert there(installing.world.log.get(conversation)).message(message) is not None
    assert not await installing.once.first_time(
        welcome_key(installing.to.user_id), timedelta(minutes=1)
    )


async def test_whoever_has_it_gets_it_no_second_time(installing: Installing) -> None:
    """Graph says 409 where the bot has not heard of an installation; that is none of its faults."""
    service = installing.world.teams.service
    app = OwnApp(installing.settings, installing.http)
    assert await app.install(installing.to.user_id)
    assert not await app.install(installing.to.user_id)
    assert installing.person.key in service.installed
    await installing.messenger.send_personal(installing.to, HELLO, "k")


async def test_whoever_removed_it_is_left_alone(installing: Installing) -> None:
    """To take something off is to say no."""
    sent = await installing.messenger.send_personal(installing.to, HELLO, "k")
    await installing.conversations.forget(sent.message_id.partition("|")[0])
    installing.world.teams.service.installed.discard(installing.person.key)
    assert not await installing.found()
    assert isinstance(await installing.refusal(), PersonUnreachable)
    assert not installing.has_app()


@pytest.mark.parametrize("granted", [INSTALL, CATALOGUE, ""])
async def test_a_missing_permission_is_named_and_nobody_is_blamed(
    installing: Installing, granted: str
) -> None:
    """Lists say that nobody can be reached by it, until it is granted."""
    service = installing.world.teams.service
    service.graph_roles = {granted} - {""}
    error = await installing.refusal()
    assert isinstance(error, PersonUnreachable)
    missing = INSTALL if granted == CATALOGUE else CATALOGUE
    assert missing in error.hint
    service.graph_roles = {INSTALL, CATALOGUE}
    assert not await installing.found()
    installing.clock.now += max(CLOSED_FOR, ABSENT_FOR) + 1
    assert await installing.found()
    await installing.messenger.send_personal(installing.to, HELLO, "k")


async def test_a_person_to_whom_a_policy_forbids_it_is_not_asked(installing: Installing) -> None:
    """The next candidate is; others can be reached as before."""
    service = installing.world.teams.service
    service.forbidden.add(installing.person.key)
    error = await installing.refusal()
    assert isinstance(error, PersonUnreachable)
    assert "does not allow" in error.message
    assert not await installing.found()
    other = next(
        p for p in service.people() if p.key not in {*service.installed, installing.person.key}
    )
    tenant = installing.settings.tenant_id
    assert await installing.messenger.find_person((), service.object_id(other), tenant)


async def test_somebody_who_is_not_in_the_tenant_is_not_found_there(installing: Installing) -> None:
    """Neither by their tenant, nor by Graph."""
    unknown = "00000000-0000-4000-8000-00000000aaaa"
    assert not await installing.messenger.find_person((), unknown, unknown)
    installing.to = ChatIdentity(Platform.TEAMS, unknown)
    error = await installing.refusal()
    assert isinstance(error, PersonUnreachable)
    assert "404" in error.message


async def test_an_app_that_is_not_in_the_catalogue_is_to_be_uploaded(
    installing: Installing,
) -> None:
    """And is found as soon as it is there."""
    installing.world.teams.service.in_catalogue = False
    assert "o365bot teams package" in (await installing.refusal()).hint
    installing.world.teams.service.in_catalogue = True
    installing.clock.now += max(CLOSED_FOR, ABSENT_FOR) + 1
    await installing.messenger.send_personal(installing.to, HELLO, "k")


@pytest.mark.parametrize("down", ["graph", "teams-login"])
async def test_while_microsoft_is_down_the_message_waits(installing: Installing, down: str) -> None:
    """Nothing was sent, and nobody is given up."""
    installing.world.down.add(down)
    error = await installing.refusal()
    assert isinstance(error, ChatUnreachable)
    assert error.nothing_sent
    installing.world.down.clear()
    await installing.messenger.send_personal(installing.to, HELLO, "k")


async def test_a_rate_limit_is_kept_and_the_catalogue_read_once(installing: Installing) -> None:
    """However many people the app is installed for."""
    service, asked = installing.world.teams.service, list[str]()

    async def note(request: httpx.Request) -> None:
        if "/v1.0/" in request.url.path:
            asked.append(request.method)

    installing.http.event_hooks["request"].append(note)
    service.installed.clear()
    app = OwnApp(installing.settings, installing.http)
    first, second, third = (service.object_id(person) for person in service.people()[:3])
    assert await app.install(first)
    installing.world.company.throttle_graph = 1
    with pytest.raises(ChatThrottled) as caught:
        await app.install(second)
    assert caught.value.retry_after == 7
    assert await app.install(second)
    assert await app.install(third)
    assert asked == ["GET", "POST", "POST", "POST", "POST"]
