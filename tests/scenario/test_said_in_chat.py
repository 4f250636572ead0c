"""What the person says in chat, in requests that the platforms signed: who they are by then counts.

Gita takes an app on with a sign-in; then she loses the role, or what she proved is no longer
enough. Each act is refused with its reason, and "not me" goes through.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from bot.domain.changes import Changes
from bot.domain.consent.requests import ProofKind
from bot.errors import Conflict
from sandbox.browser import Browser
from sandbox.chatlog import Message
from sandbox.page import reading
from tests.scenario.conftest import WITHIN, NewApp, Stage, Wanted, own_stage, said
from tests.scenario.test_journeys import sign_in
from tests.there import there
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


stage = own_stage  # what is done to people here must not change whom others ask.


ACTS = ("saved {}", "already {}", "saw {} fields no", "later {} tomorrow 10:00")
Speak = Callable[[str, Wanted], Awaitable[Message]]


@pytest.fixture(params=["slack", "teams"])
def speak(request: pytest.FixtureRequest, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Speak:
    """Gita says something on her platform, by a signed request; the answer."""
    if request.param == "slack":
        return lambda words, wanted: stage.command(f"/o365 {words}", wanted, user="gita")
    monkeypatch.setattr(stage.world.company.person("gita"), "slack_id", None)
    return lambda words, wanted: stage.ask_in_teams(words, wanted, user="gita")


@asynccontextmanager
async def no_role(stage: Stage, label: str) -> AsyncIterator[None]:
    """Gita is no Global Administrator for a while, and the bot has read so; then she is again."""
    tenant = stage.world.company.tenant("contoso")
    gita, before = tenant.account("gita@contoso.example").id, list(tenant.admins)
    tenant.admins[:] = [holding for holding in before if holding.principal_id != gita]
    try:
        await stage.command(f"/o365 check {label}", said(label, "How I know"))
        yield
    finally:
        tenant.admins[:] = before
        await stage.command(f"/o365 check {label}", said(label, "How I know"))


async def _taken_on(stage: Stage, browser: Browser, label: str, speak: Speak) -> str:
    """The code of a request that Gita took on with a sign-in."""
    await speak("help", lambda message: True)  # people are written to where they spoke last
    in_slack = stage.world.company.person("gita").slack_id is not None
    dm = (stage.world.slack if in_slack else stage.world.teams).dm_of("gita")
    since = len(dm.messages)
    await stage.command(f"/o365 send {label} now", said(label))
    letter = await stage.next(dm, since, said(label))
    code = reading.code(letter)
    assert (await sign_in(browser, reading.link(letter))).status == 200
    return code


async def _stage_of(stage: Stage, label: str) -> Any:
    async with stage.stored() as stored:
        return (await stored.request(label))["stage"]


async def test_whoever_lost_the_role_can_only_pass_it_on(
    stage: Stage, browser: Browser, new_app: NewApp, speak: Speak
) -> None:
    """The last scan saw the role gone: nothing is said in its name any more."""
    app = await new_app("Lost")
    code = await _taken_on(stage, browser, app.label, speak)
    await speak(f"saw {code} fields no", said("noted what you see"))
    async with no_role(stage, app.label):
        for act in (*ACTS, "me {}"):
            await speak(act.format(code), said("no longer a Global Administrator"))
        assert await _stage_of(stage, app.label) == "acknowledged"
        await speak(f"notme {code} sure", said("somebody else"))


async def test_what_was_proven_must_be_enough_now(
    stage: Stage, browser: Browser, new_app: NewApp, speak: Speak
) -> None:
    """It was taken on by a press in chat, before the settings wanted a sign-in."""
    app = await new_app("Weak")
    code = await _taken_on(stage, browser, app.label, speak)
    async with stage.redis() as client:
        ledger = RedisLedger(client, Keys())

        async def weakened() -> bool:
            request = there(await ledger.request_by_code(code))
            assert request.proof is not None
            weak = replace(request.proof, kind=ProofKind.CHAT_ACCOUNT)
            former = replace(request, proof=weak, revision=request.revision + 1)
            try:
                await ledger.commit(Changes(requests=(former,)))
            except Conflict:  # the bot is still at it, too
                return False
            return True

        await wait_until(weakened, within=WITHIN, what="the proof is the weaker one")
    for act in ACTS:
        await speak(act.format(code), said("sign in at Microsoft"))
    assert await _stage_of(stage, app.label) == "acknowledged"
    # "It's me" says nothing more about the app: it leads to the sign-in that is missing.
    await speak(f"me {code}", said(app.label))
    await speak(f"notme {code} sure", said("somebody else"))
