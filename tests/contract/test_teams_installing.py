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
from bot.settings.whole import load
from sandbox.company.records import Person
from sandbox.world import World
from tests.contract.teams_world import Clock
from tests.fakes import ConversationsInMemory, OnceInMemory

HELLO = Message("Hello.")


@dataclass
class Stage:
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
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with World(page_port=None) as world, open_http() as http:
        settings = load(world.settings_toml("http://127.0.0.1:9", tmp_path)).teams
        assert settings is not None
        yield Stage(world, settings, http)


async def test_the_app_is_installed_with_the_first_message_and_not_before(stage: Stage) -> None:
    """Looking for somebody finds them, and changes nothing; the welcome is the message itself."""
    assert await stage.found()
    assert not stage.has_app()
    sent = await stage.messenger.send_personal(stage.to, HELLO, "k")
    assert stage.has_app()
    conversation, _, message = sent.message_id.partition("|")
    shown = stage.world.log.get(conversation)
    assert shown is not None
    assert shown.message(message) is not None
    assert not await stage.once.first_time(welcome_key(stage.to.user_id), timedelta(minutes=1))


async def test_whoever_has_it_gets_it_no_second_time(stage: Stage) -> None:
    """Graph says 409 where the bot has not heard of an installation; that is none of its faults."""
    service = stage.world.teams.service
    app = OwnApp(stage.settings, stage.http)
    assert await app.install(stage.to.user_id)
    assert not await app.install(stage.to.user_id)
    assert stage.person.key in service.installed
    await stage.messenger.send_personal(stage.to, HELLO, "k")


async def test_whoever_removed_it_is_left_alone(stage: Stage) -> None:
    """To take something off is to say no."""
    sent = await stage.messenger.send_personal(stage.to, HELLO, "k")
    await stage.conversations.forget(sent.message_id.partition("|")[0])
    stage.world.teams.service.installed.discard(stage.person.key)
    assert not await stage.found()
    assert isinstance(await stage.refusal(), PersonUnreachable)
    assert not stage.has_app()


@pytest.mark.parametrize("granted", [INSTALL, CATALOGUE, ""])
async def test_a_missing_permission_is_named_and_nobody_is_blamed(
    stage: Stage, granted: str
) -> None:
    """Lists say that nobody can be reached by it, until it is granted."""
    service = stage.world.teams.service
    service.graph_roles = {granted} - {""}
    error = await stage.refusal()
    assert isinstance(error, PersonUnreachable)
    missing = INSTALL if granted == CATALOGUE else CATALOGUE
    assert missing in error.hint
    service.graph_roles = {INSTALL, CATALOGUE}
    assert not await stage.found()
    stage.clock.now += max(CLOSED_FOR, ABSENT_FOR) + 1
    assert await stage.found()
    await stage.messenger.send_personal(stage.to, HELLO, "k")


async def test_a_person_to_whom_a_policy_forbids_it_is_not_asked(stage: Stage) -> None:
    """The next candidate is; others can be reached as before."""
    service = stage.world.teams.service
    service.forbidden.add(stage.person.key)
    error = await stage.refusal()
    assert isinstance(error, PersonUnreachable)
    assert "does not allow" in error.message
    assert not await stage.found()
    other = next(p for p in service.people() if p.key not in {*service.installed, stage.person.key})
    tenant = stage.settings.tenant_id
    assert await stage.messenger.find_person((), service.object_id(other), tenant)


async def test_somebody_who_is_not_in_the_tenant_is_not_found_there(stage: Stage) -> None:
    """Neither by their tenant, nor by Graph."""
    unknown = "00000000-0000-4000-8000-00000000aaaa"
    assert not await stage.messenger.find_person((), unknown, unknown)
    stage.to = ChatIdentity(Platform.TEAMS, unknown)
    error = await stage.refusal()
    assert isinstance(error, PersonUnreachable)
    assert "404" in error.message


async def test_an_app_that_is_not_in_the_catalogue_is_to_be_uploaded(stage: Stage) -> None:
    """And is found as soon as it is there."""
    stage.world.teams.service.in_catalogue = False
    assert "o365bot teams package" in (await stage.refusal()).hint
    stage.world.teams.service.in_catalogue = True
    stage.clock.now += max(CLOSED_FOR, ABSENT_FOR) + 1
    await stage.messenger.send_personal(stage.to, HELLO, "k")


@pytest.mark.parametrize("down", ["graph", "teams-login"])
async def test_while_microsoft_is_down_the_message_waits(stage: Stage, down: str) -> None:
    """Nothing was sent, and nobody is given up."""
    stage.world.down.add(down)
    error = await stage.refusal()
    assert isinstance(error, ChatUnreachable)
    assert error.nothing_sent
    stage.world.down.clear()
    await stage.messenger.send_personal(stage.to, HELLO, "k")


async def test_a_rate_limit_is_kept_and_the_catalogue_read_once(stage: Stage) -> None:
    """However many people the app is installed for."""
    service, asked = stage.world.teams.service, list[str]()

    async def note(request: httpx.Request) -> None:
        if "/v1.0/" in request.url.path:
            asked.append(request.method)

    stage.http.event_hooks["request"].append(note)
    service.installed.clear()
    app = OwnApp(stage.settings, stage.http)
    first, second, third = (service.object_id(person) for person in service.people()[:3])
    assert await app.install(first)
    stage.world.company.throttle_graph = 1
    with pytest.raises(ChatThrottled) as caught:
        await app.install(second)
    assert caught.value.retry_after == 7
    assert await app.install(second)
    assert await app.install(third)
    assert asked == ["GET", "POST", "POST", "POST", "POST"]
