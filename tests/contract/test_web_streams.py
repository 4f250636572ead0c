"""Live streams under simultaneity: the caps hold however many ask in the same moment."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import cache

import httpx

from adapters.web.links.live import MOST_OF_ONE, MOST_STREAMS, Live
from adapters.web.pages import Pages
from bot.chat.words import Words
from bot.domain.consent.requests import ProofKind
from bot.domain.consent.sign_in import Session
from bot.services.consent.actors import BySession
from tests.person import Asked as People
from tests.site import ASKED, a_site
from tests.waiting import wait_until

CROWD = 400


async def test_of_four_hundred_streams_at_once_a_hundred_are_let_in() -> None:
    """Counted before the first of them has begun; each gives its place back."""
    live = Live(People().request_steps, Pages(cache(Words)), asyncio.Event())
    answers = [live.stream(Words(), BySession(f"s{n}", "r1")) for n in range(CROWD)]
    assert [one.status_code for one in answers].count(200) == MOST_STREAMS
    scope = {"type": "http", "method": "GET", "asgi": {"spec_version": "2.3"}}

    async def gone() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(_: object) -> None: ...

    for answer in answers[:MOST_STREAMS]:
        await answer(scope, gone, send)
    assert live.stream(Words(), BySession("late", "r1")).status_code == 200


async def test_one_session_has_a_few_however_it_asks() -> None:
    """Four hundred at once over as many connections: the others stay still, and 503 says so."""
    async with a_site() as site, AsyncExitStack() as stack:
        await site.sign_in()
        until = site.people.clock.now() + timedelta(hours=1)
        session = Session((ASKED.id,), "entra:ada", ProofKind.SIGNED_IN, until, ASKED.person)
        await site.people.sign_ins.open_session("secret", session)
        limits = httpx.Limits(max_connections=None)
        browser = await stack.enter_async_context(
            httpx.AsyncClient(base_url=site.url, trust_env=False, timeout=60, limits=limits)
        )
        cookie = {"Cookie": "o365bot-session=secret"}

        async def status(path: str) -> int:
            request = browser.build_request("GET", path, headers=cookie)
            answer = await browser.send(request, stream=True)
            stack.push_async_callback(answer.aclose)
            return answer.status_code

        path = f"/r/{ASKED.id}/live"
        asked = [status(f"{path}?n={number}") for number in range(CROWD // 4)]
        answers = await asyncio.gather(*asked)
        assert answers.count(200) == MOST_OF_ONE
        assert set(answers) == {200, 503}
        await stack.aclose()
        await wait_until(lambda: is_let_in(site.url, path, cookie), what="the places are free")


async def is_let_in(url: str, path: str, cookie: dict[str, str]) -> bool:
    async with (
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as browser,
        browser.stream("GET", path, headers=cookie) as answer,
    ):
        return answer.status_code == 200
