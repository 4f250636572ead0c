"""Every log line of a whole journey, of every library, at DEBUG: no secret is in any of them."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from urllib.parse import unquote

import aiohttp
import pytest
import pytest_asyncio
import structlog

from adapters.entra.signing_in.sign_in import EntraSignIn
from adapters.http.client import open_http
from bot.settings.sections.clouds import SignInSettings
from tests.contract.entra.login import SCOPE, Login, new_key
from tests.contract.entra.microsoft import CLIENT_SECRET, START, TENANT_ID
from tests.contract.loopback import SteppingClock
from tests.serving import served
from tests.site import ASKED, TOKEN, WebSite, state_in

OWN = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


def assert_silent(secrets: dict[str, str], written: str) -> None:
    assert written, "something is logged, or this shows nothing"
    told = [name for name, value in secrets.items() if value in written]
    assert told == [], written


async def test_no_log_line_of_a_journey_holds_a_secret(
    site: WebSite, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Token, code, state, cookies, whole addresses: whatever happens on the way, and after it.

    The browser is aiohttp, which writes nothing itself; so whatever is found is ours.
    """
    caplog.set_level(logging.DEBUG)
    code, secrets = "ada@tenant-1", {"token": TOKEN}
    jar = aiohttp.CookieJar(unsafe=True)
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        async with aiohttp.ClientSession(cookie_jar=jar, headers=OWN) as browser:

            async def get(path: str) -> str:
                async with browser.get(site.url + path, allow_redirects=False) as answer:
                    return await answer.text()

            async def press(path: str, **form: str) -> str:
                csrf = re.findall(r'name="csrf" value="([^"]+)"', await get(path))[0]
                data = {"csrf": csrf, **form}
                async with browser.post(
                    site.url + path, data=data, allow_redirects=False
                ) as answer:
                    return unquote(answer.headers.get("location", ""))

            state = state_in(await press(f"/c/{TOKEN}", do="begin"))
            wrong = state_in(await press(f"/c/{TOKEN}", do="begin"))
            await get(f"/auth/callback?code=ben@tenant-1&state={wrong}")
            await get(f"/auth/callback?code={code}&state={state}")
            await get(f"/auth/callback?code={code}&state={state}")
            await get(f"/auth/callback?error=server_error&error_description={code}&state=x")
            await press(f"/r/{ASKED.id}", do="saved")
            await get(f"/c/{TOKEN}?again=1")
            secrets |= {f"cookie {one.key}": one.value for one in jar} | {"state": state}
            site.people.ledger.down = True
            await get(f"/c/{TOKEN}")
            await get(f"/r/{ASKED.id}")
    session = site.people.sign_ins.sessions
    assert session, "the journey came to its end"
    secrets |= {"wrong state": wrong, "code": code, "another code": "ben@tenant-1"}
    written = str(lines) + caplog.text + "".join(capfd.readouterr())
    assert_silent(secrets, written)
    assert {line["route"] for line in lines if "route" in line} == {
        "/c/{token}",
        "/r/{request_id}",
        "/auth/callback",
    }


@pytest_asyncio.fixture
async def login() -> AsyncIterator[Login]:
    async with open_http() as http:
        login = Login(new_key(), http)
        async with served(login.app):
            yield login


async def test_the_exchange_with_microsoft_writes_no_secret(
    login: Login, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """httpx at DEBUG included: the code, the verifier, the tokens and our secret stay out."""
    for name in (None, "httpx", "httpcore"):  # another test may have quietened them
        caplog.set_level(logging.DEBUG, logger=name)
    login.tokens = {
        "id_token": login.sign(login.id_claims("the-nonce-of-it")),
        "access_token": login.sign(login.access_claims()),
    }
    sign_in = EntraSignIn(
        login.settings(),
        SignInSettings(api_scope=SCOPE),
        "https://o365bot.example.com",
        login.http,
        SteppingClock(START),
    )
    await sign_in.redeem(
        TENANT_ID, code="the-code-of-it", nonce="the-nonce-of-it", verifier="verifier-of-it"
    )
    secrets = {
        "code": "the-code-of-it",
        "nonce": "the-nonce-of-it",
        "verifier": "verifier-of-it",
        "client secret": CLIENT_SECRET,
        **login.tokens,
    }
    assert_silent(secrets, caplog.text + "".join(capfd.readouterr()))
