"""Recorded requests, played through the real borders of both platforms."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import structlog

from sandbox.slack.workspace import BOT_USER, CHANNEL
from tests.contract import pretend_teams
from tests.contract import teams_world as teams
from tests.contract.slack_stage import FORM, JSON, OLA, staged
from tests.recorded import recorded
from tests.waiting import wait_until


async def test_slacks_requests_say_what_was_typed() -> None:
    """Each is taken, and the words are heard once, or nothing is where nothing was said."""
    async with staged() as border:
        direct = border.people.dm_of("ola").id
        url = border.workspace.new_response_url(border.channel(), OLA, None, time.time())
        ids = {"BOT": BOT_USER, "OLA": OLA, "DM": direct, "CHANNEL": CHANNEL, "RESPONSE": url}
        heard: dict[str, str | None] = {}
        requests = recorded("slack", ids)
        with structlog.testing.capture_logs() as logs:
            for number, one in enumerate(requests):
                body = one["body"]
                for name in ("event_id", "trigger_id"):
                    if name in body:
                        body[name] = f"{body[name]}{number}"
                said = {
                    "json": lambda b: json.dumps(b).encode(),
                    "form": lambda b: urlencode(b).encode(),
                    "payload": lambda b: urlencode({"payload": json.dumps(b)}).encode(),
                }[one["as"]](body)
                kind = JSON if one["as"] == "json" else FORM
                before = len(border.talk.asked)
                for _ in range(2):
                    assert (await border.send(said, kind=kind)).status_code == 200, one["what"]
                    await wait_until(lambda: not border.inbound.under_way)
                heard[one["what"]] = _once(border.talk.words[before:])
        assert heard == {one["what"]: one["words"] for one in requests}
        assert {who.user_id for _, who in border.talk.asked} == {OLA}
        assert not [line for line in logs if line["log_level"] == "error"]


async def test_teams_requests_say_what_was_typed() -> None:
    """The same for Teams' activities; what nobody serves is 2xx or 501."""
    async with teams.teams_world() as world:
        ids = pretend_teams.IDS | {"SERVICE": world.microsoft.service_url}
        heard: dict[str, str | None] = {}
        requests = recorded("teams", ids)
        for number, one in enumerate(requests):
            before = len(world.answers.asked)
            activity = one["body"] | {"id": f"{one['body']['id']}{number}"}
            for _ in range(2):
                assert (await world.post(activity)).status_code in (200, 202, 501), one["what"]
                await world.inbound.drain(20)
            heard[one["what"]] = _once([words for words, _ in world.answers.asked[before:]])
        assert heard == {one["what"]: one["words"] for one in requests}


def _once(words: list[str]) -> str | None:
    """What was heard of a request that came twice; None for nothing."""
    assert len(words) < 2, words
    return next(iter(words), None)
