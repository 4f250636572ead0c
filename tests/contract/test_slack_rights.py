"""What Slack tells of people and groups, in requests that it signed, in the shapes it documents.

docs.slack.dev/reference/events: user_change, subteam_members_changed, subteam_updated,
member_joined_channel, member_left_channel.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from adapters.slack.incoming.inbound import SlackInbound
from adapters.slack.outgoing.calls import open_web
from bot.domain.people.admins import Platform
from bot.errors import StoreUnavailable
from tests.contract.slack_stage import JSON, Talk, event, settings, signed_headers
from tests.fakes import OnceInMemory
from tests.serving import served
from tests.waiting import wait_until

Json = dict[str, Any]
USER: Json = {
    "id": "U1", "team_id": "T1", "name": "ada", "deleted": True, "updated": 1764400000,
    "profile": {"real_name": "Ada", "team": "T1"}, "is_bot": False, "is_app_user": False,
}  # fmt: skip
SUBTEAM: Json = {
    "id": "S1", "team_id": "T1", "is_usergroup": True, "name": "Identity", "handle": "identity-ops",
    "date_delete": 1764400000, "auto_type": None, "users": ["U1"], "user_count": 1,
}  # fmt: skip


class Rights:
    """Notes what it is told; `down` is a store that is away."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.down = False

    async def person_changed(self, platform: Platform, user_id: str) -> None:
        await self._note(f"{platform} {user_id}")

    async def group_changed(self, platform: Platform, group_id: str) -> None:
        await self._note(f"{platform} {group_id}")

    async def _note(self, what: str) -> None:
        self.told.append(what)
        if self.down:
            raise StoreUnavailable("The store cannot be reached.")


class RightsEndpoint:
    """The endpoint, and what is told of rights."""

    def __init__(self, inbound: SlackInbound, rights: Rights, talk: Talk, url: str) -> None:
        self.inbound, self.rights, self.talk, self.url = inbound, rights, talk, url

    async def send(self, what: Json, number: str = "Ev1") -> None:
        body = event(what, number)
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.post(self.url, content=body, headers=signed_headers(body, JSON))
        assert answer.status_code == 200
        await wait_until(lambda: not self.inbound.under_way, what="it is served")


@pytest.fixture
async def endpoint() -> AsyncIterator[RightsEndpoint]:
    rights, talk = Rights(), Talk()
    async with AsyncExitStack() as stack:
        config = settings("http://127.0.0.1:9/api")
        web = await stack.enter_async_context(open_web(config))
        inbound = SlackInbound(config, talk, OnceInMemory(), web, rights)
        app = Starlette(routes=[Route("/e", inbound.endpoint, methods=["POST"])])
        url = await stack.enter_async_context(served(lambda url: app))
        yield RightsEndpoint(inbound, rights, talk, f"{url}/e")


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ({"type": "user_change", "user": USER, "cache_ts": 1}, "slack U1"),
        ({"type": "subteam_members_changed", "subteam_id": "S1", "team_id": "T1",
          "date_previous_update": 1, "date_update": 2, "added_users": [], "added_users_count": "0",
          "removed_users": ["U1"], "removed_users_count": "1"}, "slack S1"),
        ({"type": "subteam_updated", "subteam": SUBTEAM}, "slack S1"),
        ({"type": "member_left_channel", "user": "U1", "channel": "C1", "channel_type": "C",
          "team": "T1"}, "slack C1"),
        ({"type": "member_joined_channel", "user": "U1", "channel": "G1", "channel_type": "G",
          "team": "T1", "inviter": "U2"}, "slack G1"),
    ],
)  # fmt: skip
async def test_a_change_is_noted_once_and_said_by_nobody(
    endpoint: RightsEndpoint, what: Json, told: str
) -> None:
    """Sent again it is the same; the conversation hears nothing of it."""
    for _ in range(2):
        await endpoint.send(what)
    assert endpoint.rights.told == [told]
    assert endpoint.talk.asked == []


@pytest.mark.parametrize(
    "what",
    [
        {"type": "user_change"},
        {"type": "user_change", "user": {"id": 7}},
        {"type": "subteam_updated", "subteam": {}},
        {"type": "subteam_members_changed", "subteam_id": ["S1"]},
        {"type": "member_left_channel", "channel": None, "user": {}},
    ],
)
async def test_an_odd_shape_breaks_nothing(endpoint: RightsEndpoint, what: Json) -> None:
    """It names nobody."""
    await endpoint.send(what)
    assert all(one == "slack " for one in endpoint.rights.told)


async def test_while_the_store_is_away_nothing_breaks(endpoint: RightsEndpoint) -> None:
    """What was read counts for a minute at most, then it is read anew."""
    endpoint.rights.down = True
    await endpoint.send({"type": "user_change", "user": USER})
    assert endpoint.rights.told == ["slack U1"]
