"""A Teams that takes its time: no answer is lost, and none is called doubtful that is not."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from bot.errors import ChatUnreachable
from tests.contract.teams_world import ADAS_CHAT, TeamsBorder, messenger_over, teams_world
from tests.contract.test_teams_messages_out import ADA_IN_TEAMS, HELLO
from tests.waiting import wait_until


async def _are_answered(teams: TeamsBorder, people: int) -> None:
    """They ask at once, and each gets one answer."""
    asked = [teams.post(teams.said(f"why {n}", id=str(n))) for n in range(people)]
    assert {response.status_code for response in await asyncio.gather(*asked)} == {202}
    answered = teams.microsoft.calls
    await wait_until(lambda: len(answered) == people, within=60, what="every answer")
    assert len({call.path for call in answered}) == people


async def test_sixty_four_people_ask_while_teams_takes_two_seconds() -> None:
    """Each gets one answer, and the last has not waited for the others."""
    async with teams_world() as teams:
        teams.microsoft.takes = 2.0
        await _are_answered(teams, 64)


async def test_who_finds_no_free_connection_waits_and_tries_again() -> None:
    """Half of the connections, and no patience: still each is answered once."""
    async with teams_world(connections=16, turn=0.4) as teams:
        teams.microsoft.takes = 0.6
        await _are_answered(teams, 32)


@pytest.mark.parametrize(
    ("error", "nothing_sent", "tries"),
    [
        (httpx.PoolTimeout("no connection is free"), True, 2),
        (httpx.ConnectError("refused"), True, 2),
        (httpx.ConnectTimeout("slow"), True, 2),
        (httpx.ProxyError("407"), True, 2),
        (httpx.LocalProtocolError("illegal header"), True, 2),
        (httpx.UnsupportedProtocol("ftp"), True, 2),
        (httpx.WriteError("reset"), False, 1),
        (httpx.WriteTimeout("slow"), False, 1),
        (httpx.ReadError("reset"), False, 1),
        (httpx.ReadTimeout("slow"), False, 1),
        (httpx.RemoteProtocolError("disconnected"), False, 1),
        (httpx.DecodingError("not gzip"), False, 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
async def test_what_surely_did_not_leave_is_sent_once_more(
    error: httpx.RequestError, nothing_sent: bool, tries: int
) -> None:
    """And what may have left is not: nobody reads it twice."""
    tried = []

    def fails(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3599})
        tried.append(request.url.path)
        raise error

    async with messenger_over(fails, ADAS_CHAT) as (messenger, _):
        with pytest.raises(ChatUnreachable) as raised:
            await messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert raised.value.nothing_sent is nothing_sent
    assert len(tried) == tries


@pytest.mark.parametrize(
    "body",
    [
        b'{"access_token": "t", "expires_in": "soon"}',
        b'{"access_token": "t", "expires_in": NaN}',
        b'{"access_token": "t", "expires_in": -5}',
        b'{"access_token": "t", "expires_in": 1e999}',
        b'{"access_token": "t", "expires_in": null}',
        b'{"access_token": "t"}',
        b'{"access_token": "t", "expires_in": 120}',
    ],
)
async def test_a_token_of_an_odd_age_is_kept_for_a_little_while(body: bytes) -> None:
    """It is neither asked for with each message nor used for ever."""
    asked = []

    def answers(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token"):
            asked.append(request)
            return httpx.Response(200, content=body)
        return httpx.Response(201, json={"id": "1"})

    async with messenger_over(answers, ADAS_CHAT) as (messenger, _):
        for _ in range(3):
            await messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"access_token": "a b", "expires_in": 3599}'),
        (200, b'{"access_token": "t\\r\\nX-Evil: 1", "expires_in": 3599}'),
        (200, '{"access_token": "tök", "expires_in": 3599}'.encode()),
        (200, b'{"access_token": ["t"], "expires_in": 3599}'),
        (200, b'{"token_type": "Bearer"}'),
        (200, b'["x"]'),
        (200, b"<html>"),
        (200, b"null"),
        (400, b'{"error": "temporarily_unavailable", "error_codes": [90033]}'),
        (403, b"<html>proxy</html>"),
        (404, b""),
        (307, b""),
        (503, b""),
    ],
)
async def test_a_sign_in_that_is_none_may_be_tried_again(status: int, body: bytes) -> None:
    """It blames nobody's settings, and nothing was sent."""

    def answers(request: httpx.Request) -> httpx.Response:
        assert request.url.path.endswith("/token")
        return httpx.Response(status, content=body, headers={"Location": "https://evil/t"})

    async with messenger_over(answers, ADAS_CHAT) as (messenger, _):
        with pytest.raises(ChatUnreachable) as raised:
            await messenger.send_personal(ADA_IN_TEAMS, HELLO, "k")
    assert raised.value.nothing_sent
