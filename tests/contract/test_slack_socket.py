"""Slack by Socket Mode: slack_sdk's own client against a pretend Slack's connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.incoming.socket import SlackSocket
from adapters.slack.outgoing.calls import open_web
from bot.settings.sections.chat import SlackSettings
from sandbox.chatlog import ChatLog, Conversation
from sandbox.chatlog import Message as Shown
from sandbox.company.company import contoso
from sandbox.slack.api import web_api
from sandbox.slack.people import SlackPeople
from sandbox.slack.socket import SocketMode
from sandbox.slack.workspace import APP_ID, BOT_USER, CHANNEL, Workspace
from tests.contract.slack_stage import TOKEN, Talk
from tests.fakes import OnceInMemory
from tests.serving import served
from tests.waiting import wait_until

APP_TOKEN = "xapp-test-000-contoso"


@dataclass
class Wire:
    """A pretend Slack with two replicas of the bot on its line."""

    people: SlackPeople
    slack: SocketMode
    talk: Talk
    once: OnceInMemory
    sockets: list[SlackSocket]
    inbounds: list[SlackInbound]

    @property
    def channel(self) -> Conversation:
        found = self.people.workspace.conversation(CHANNEL)
        assert found is not None
        return found

    async def answer(self, text: str) -> Shown:
        """The bot's message with this text, as soon as it is there."""

        def found() -> Shown | None:
            said = (m for m in self.channel.messages if m.author_id == BOT_USER)
            return next((m for m in said if m.text == text), None)

        return await self.people.workspace.log.wait_for(found)

    async def joined(self, connections: int) -> None:
        """Until so many connections are open."""

        async def there() -> bool:
            return len(self.slack.connections) == connections

        await wait_until(there, what=f"{connections} connections")


@pytest.fixture
async def wire(keys: Path) -> AsyncIterator[Wire]:
    """Both replicas are connected, and share what was seen."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(SocketMode(APP_TOKEN, APP_ID))
        workspace = Workspace(contoso(key_directory=keys), ChatLog(), TOKEN, "unused", socket=slack)
        url = await stack.enter_async_context(served(lambda _: web_api(workspace)))
        workspace.base_url = url
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=60))
        people = SlackPeople(workspace, client)
        settings = SlackSettings.model_validate(
            {
                "bot_token": TOKEN,
                "app_token": APP_TOKEN,
                "channel": CHANNEL,
                "api_url": f"{url}/api",
            }
        )
        wire = Wire(people, slack, Talk(), OnceInMemory(), [], [])
        for _ in range(2):
            web = await stack.enter_async_context(open_web(settings))
            inbound = SlackInbound(settings, wire.talk, wire.once, web)
            stack.push_async_callback(inbound.drain, 20)
            socket = SlackSocket(settings, inbound)
            await socket.open()
            stack.push_async_callback(socket.close)
            wire.sockets.append(socket)
            wire.inbounds.append(inbound)
        await wire.joined(2)
        yield wire
        await people.aclose()


async def test_commands_mentions_and_presses_are_answered(wire: Wire) -> None:
    """Each over whichever connection it comes."""
    for number in range(6):
        await wire.people.command("ola", f"/o365 apps {number}")
        await wire.answer(f"You said: apps {number}")
    await wire.people.say("ola", "which apps are left?")
    await wire.answer("You said: which apps are left?")


async def test_what_slack_sends_twice_is_done_once(wire: Wire) -> None:
    """Also where the second time goes to the other replica."""
    body = (
        b'{"type":"event_callback","event_id":"Ev1","team_id":"T0CONTOSO","event":{"type":'
        b'"app_mention","user":"U0OLA","text":"once","channel":"C0O365MIGR","ts":"1.2"}}'
    )
    for retry in range(4):
        assert await wire.slack.send(body, retry)
    for inbound in wire.inbounds:
        await inbound.drain(20)
    assert wire.talk.words == ["once"]


async def test_what_cannot_be_marked_is_not_acknowledged(wire: Wire) -> None:
    """So Slack sends it again, perhaps to a replica that can."""
    wire.once.down = True
    body = b'{"type":"event_callback","event_id":"Ev2","event":{"type":"app_mention"}}'
    assert not await wire.slack.send(body)
    wire.once.down = False
    assert await wire.slack.send(body, 1, "timeout")


async def test_odd_envelopes_are_acknowledged_and_do_nothing(wire: Wire) -> None:
    """Nobody would be helped if Slack sent them again."""
    for odd in (
        b'{"type":"event_callback","event":"x"}',
        b'{"type":"hello"}',
        b'{"type":"future"}',
    ):
        assert await wire.slack.send(odd)
    assert wire.talk.words == []


async def test_when_slack_moves_the_connection_the_bot_comes_again(wire: Wire) -> None:
    """Slack asks for that every few hours."""
    await wire.slack.refresh()
    await wire.joined(2)

    async def works() -> bool:
        return await wire.slack.send(b'{"type":"event_callback","event_id":"Ev3","event":{}}')

    await wait_until(works, what="the new connections work")


async def test_a_replica_that_stops_takes_nothing_more(wire: Wire) -> None:
    """The other one goes on."""
    await wire.sockets[0].close()
    await wire.joined(1)
    await wire.people.command("ola", "/o365 apps")
    await wire.answer("You said: apps")


async def test_over_http_nothing_is_taken_without_a_signing_secret(wire: Wire) -> None:
    """An empty secret would sign everything."""
    app = Starlette(routes=[Route("/slack/events", wire.inbounds[0].endpoint, methods=["POST"])])
    async with (
        served(lambda _: app) as url,
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        forged = await client.post(f"{url}/slack/events", content=b"{}")
    assert forged.status_code == 404


async def test_a_token_that_is_refused_is_tried_again_and_never_logged(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, keys: Path
) -> None:
    """The bot starts all the same: Teams and the pages work."""
    async with SocketMode("xapp-another", APP_ID) as slack:
        workspace = Workspace(contoso(key_directory=keys), ChatLog(), TOKEN, "unused", socket=slack)
        async with served(lambda _: web_api(workspace)) as url:
            settings = SlackSettings.model_validate(
                {"bot_token": TOKEN, "app_token": APP_TOKEN, "api_url": f"{url}/api"}
            )
            async with open_web(settings) as web:
                socket = SlackSocket(settings, SlackInbound(settings, Talk(), OnceInMemory(), web))
                await socket.open()

                async def told() -> bool:
                    return "not_allowed_token_type" in caplog.text

                await wait_until(told, what="it is said in the log")
                await asyncio.wait_for(socket.close(), 30)
    assert APP_TOKEN not in caplog.text + capfd.readouterr().err
