"""Who and what gets in: forged, repeated, not allowed, not understood."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from sandbox.slack.delivery import sign
from sandbox.world import SLACK_SECRET
from tests.scenario.conftest import Stage, own_stage

pytestmark = pytest.mark.asyncio(loop_scope="session")


stage = own_stage  # what is done to people here must not change whom others ask.


Json = dict[str, Any]


async def test_a_repeated_event_is_acted_on_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack delivers every event three times; each is answered once."""
    delivery = stage.world.slack.delivery
    answered: dict[str, list[int | None]] = {}

    async def three_times(body: bytes, what: str) -> None:
        told = answered.setdefault(json.loads(body)["event"]["ts"], [])
        for _ in range(3):
            told.append((await delivery.request(what, body)).status)

    monkeypatch.setattr(delivery, "event", three_times)
    channel, since = stage.slack_channel, len(stage.slack_channel.messages)
    asked = await stage.world.slack.say("ola", "help")
    await stage.world.log.wait_for(lambda: len(answered.get(asked.id, ())) == 3)
    # What is said after all three were delivered is answered after a second answer would be.
    last = await stage.world.slack.say("ola", "why Office 365 Nowhere")
    await stage.next(channel, since, lambda m: m.thread == last.id)

    answers = [m for m in channel.messages[since:] if m.from_bot and m.thread == asked.id]
    assert len(answers) == 1
    assert answered[asked.id] == [200] * 3


@pytest.mark.parametrize(("secret", "age"), [("not-the-secret", 0), (SLACK_SECRET, 600)])
async def test_a_forged_slack_request_is_refused(stage: Stage, secret: str, age: int) -> None:
    """A command that Slack did not sign, just now, gets 401 and has no effect; the contract tests
    have every way to forge one.
    """
    channel = stage.slack_channel
    before = [message for message in channel.messages if message.only_for]
    body = urlencode({"command": "/o365", "text": "apps", "user_id": "U0OLA"}).encode()
    stamp = str(int(time.time()) - age)
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Signature": sign(secret, stamp, body),
    }
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        answer = await client.post(f"{stage.bot.url}/slack/events", content=body, headers=headers)
    assert answer.status_code == 401
    assert [message for message in channel.messages if message.only_for] == before


@pytest.mark.parametrize("claims", [None, {"aud": "00000000-0000-4000-8000-000000000000"}])
async def test_a_forged_teams_activity_is_refused(stage: Stage, claims: Json | None) -> None:
    """An activity without a token of the Bot Framework for this bot gets 401; the contract tests
    have every way to forge one.
    """
    people, service = stage.world.teams, stage.world.teams.service
    dm = people.dm_of("ola")
    before = list(dm.messages)
    ola = stage.world.company.person("ola")
    activity = {
        "type": "message",
        "id": "f:" + secrets.token_hex(8),
        "text": "which O365 apps need migration",
        "serviceUrl": service.service_url,
        "channelId": "msteams",
        "from": {"id": service.user_id(ola), "aadObjectId": service.object_id(ola)},
        "conversation": service.conversation_object(dm),
        "recipient": {"id": service.bot_id},
    }
    headers = (
        {} if claims is None else {"Authorization": f"Bearer {people.delivery.token(**claims)}"}
    )
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        answer = await client.post(
            f"{stage.bot.url}/teams/messages", json=activity, headers=headers
        )
    assert answer.status_code == 401
    assert dm.messages == before
