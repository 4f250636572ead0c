"""How the Okta client signs in: assertions, proofs, tokens, and what it says when it may not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.http.client import open_http
from adapters.okta.client import OktaClient
from bot.errors import CloudAnswerInvalid, CloudRefused, SettingsInvalid
from bot.ports.clouds import OktaOrg
from sandbox.keys import SigningKey
from tests.contract.loopback import SteppingClock
from tests.contract.okta_org import (
    APPS,
    ASSIGNEES,
    HQ,
    LOGS,
    Org,
    app_json,
    client_for,
    settings_for,
)
from tests.contract.pretend_okta import PretendOkta, error, says
from tests.serving import served

pytestmark = pytest.mark.usefixtures("no_waiting")


async def test_the_client_is_an_okta_org(org: Org) -> None:
    """It implements the port."""
    port: OktaOrg = org.client
    assert port.name == "contoso"


async def test_the_first_token_request_carries_a_proof_and_answers_the_nonce_challenge(
    org: Org,
) -> None:
    """The server has checked assertion, proof, binding and that nothing is used twice."""
    org.okta.resources[APPS] = says([app_json()])
    await org.apps()
    await org.apps()
    assert org.okta.tokens == ["okta.apps.read"], "the second look used the same token"
    assert org.okta.bare_token_requests == 0


async def test_a_nonce_challenge_of_an_api_call_is_answered(org: Org) -> None:
    """The call is repeated once with the nonce, and later calls bring it along."""
    org.okta.org.api_nonce = "nonce-a1"
    org.okta.resources[APPS] = says([app_json()])
    assert len(await org.apps()) == 1
    org.okta.org.api_nonce = "nonce-a2"
    assert len(await org.apps()) == 1


async def test_an_org_without_proofs_gets_a_bearer_token(org: Org) -> None:
    """The token's type decides how it is sent."""
    org.okta.org.dpop = False
    org.okta.resources[APPS] = says([app_json()])
    assert len(await org.apps()) == 1


async def test_a_token_is_renewed_before_it_runs_out(org: Org) -> None:
    """Five minutes early, so that no call sets out with a token that dies on the way."""
    org.okta.resources[APPS] = says([])
    await org.apps()
    org.clock.forward(3600 - 301)
    await org.apps()
    assert len(org.okta.tokens) == 1
    org.clock.forward(2)
    await org.apps()
    assert len(org.okta.tokens) == 2


async def test_a_revoked_token_is_replaced_and_the_call_repeated(org: Org) -> None:
    """A 401 in the middle of a token's life does not reach the scan."""
    org.okta.resources[APPS] = says([app_json()])
    await org.apps()
    org.okta.revoke()
    org.clock.forward(120)
    assert len(await org.apps()) == 1


async def test_calls_at_the_same_time_share_one_token(org: Org) -> None:
    """Ten callers cost one token request."""
    for number in range(10):
        path = f"{APPS}/0oa{number}/connections/default"
        org.okta.resources[path] = says({"status": "ENABLED"})
    await asyncio.gather(*(org.client.connection(f"0oa{number}") for number in range(10)))
    assert len(org.okta.tokens) == 1


async def test_a_scope_that_is_not_granted_costs_its_own_calls_only(org: Org) -> None:
    """The error names the scope; apps can be read all the same."""
    org.okta.org.granted_scopes.discard("okta.logs.read")
    org.okta.resources[APPS] = says([app_json()])
    with pytest.raises(CloudRefused) as raised:
        await org.client.read_log(frozenset({HQ}), "", datetime.now(UTC))
    assert raised.value.missing == "okta.logs.read"
    assert "okta.logs.read" in raised.value.hint
    assert len(await org.apps()) == 1


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (APPS, "okta.apps.read"),
        (f"{APPS}/{HQ}/connections/default", "okta.apps.read"),
        (LOGS, "okta.logs.read"),
        (ASSIGNEES, "okta.roles.read"),
    ],
)
async def test_a_403_names_the_scope_of_that_call_and_that_a_role_is_needed_too(
    org: Org, path: str, scope: str
) -> None:
    """Never an empty answer: what may not be read is not the same as nothing."""
    org.okta.resources[path] = lambda request: error(403, "E0000006")
    calls = {
        APPS: org.apps,
        f"{APPS}/{HQ}/connections/default": lambda: org.client.connection(HQ),
        LOGS: lambda: org.client.read_log(frozenset({HQ}), "", datetime.now(UTC)),
        ASSIGNEES: org.client.app_admins,
    }
    with pytest.raises(CloudRefused) as raised:
        await calls[path]()
    assert (raised.value.missing, raised.value.reason) == (scope, "E0000006")
    assert raised.value.call == f"GET {path}"
    assert "role" in raised.value.hint


async def test_a_wrong_key_is_refused_with_what_to_check() -> None:
    """The server does not know the key; nothing of it is in the error."""
    async with served(PretendOkta) as url:
        other = (await asyncio.to_thread(_another_pem)).strip()
        client = client_for(url, SteppingClock(), private_key=SecretStr(other))
        with pytest.raises(CloudRefused, match="private_key") as raised:
            await client.connection(HQ)
        await client.aclose()
    assert raised.value.reason == "invalid_client"
    assert other not in str(raised.value)


def _another_pem() -> str:
    return SigningKey.generate("other").private_pem()


async def test_a_clock_that_is_off_is_named_as_the_reason() -> None:
    """An assertion from next week is refused, and the hint says by how much the clock is off."""
    async with served(PretendOkta) as url:
        client = client_for(url, SteppingClock(datetime.now(UTC) + timedelta(days=7)))
        with pytest.raises(CloudRefused, match=r"clock is \+604[78]\d\d s off"):
            await client.connection(HQ)
        await client.aclose()


async def test_an_api_token_is_sent_as_ssws(org: Org) -> None:
    """The fallback needs no token endpoint."""
    org.okta.resources[APPS] = says([app_json()])
    blank = {"client_id": "", "private_key": None, "key_id": ""}
    client = client_for(org.okta.url, org.clock, api_token=SecretStr("00token"), **blank)
    assert [app.label async for app in client.apps()] == ["Office 365 HQ"]
    assert org.okta.tokens == []
    await client.aclose()


async def test_a_private_key_that_is_none_is_a_wrong_setting() -> None:
    """Said at start, with its name, not at the first call."""
    async with open_http() as http:
        with pytest.raises(SettingsInvalid, match=r"okta\.contoso\.private_key"):
            OktaClient(
                settings_for("https://contoso.okta.com", private_key=SecretStr("nothing")),
                http,
                SteppingClock(),
            )


TOKEN_ANSWERS: dict[str, Any] = {
    "no token": {"token_type": "Bearer", "expires_in": 3600},
    "a token that is no text": {"access_token": 7, "token_type": "Bearer"},
    "a token with a line break": {"access_token": "a\r\nX: y", "token_type": "Bearer"},
    "an unknown kind of token": {"access_token": "a", "token_type": "mac"},
    "a list": [],
}


@pytest.mark.parametrize("name", TOKEN_ANSWERS)
async def test_a_strange_answer_of_the_token_endpoint_is_a_typed_error(name: str) -> None:
    """Nothing that is no token is ever sent as one."""

    async def token(request: Request) -> Response:
        return JSONResponse(TOKEN_ANSWERS[name])

    routes = [Route("/oauth2/v1/token", token, methods=["POST"])]
    async with served(lambda url: Starlette(routes=routes)) as url:
        client = client_for(url, SteppingClock())
        with pytest.raises(CloudAnswerInvalid) as raised:
            await client.connection(HQ)
        await client.aclose()
    assert raised.value.call == "POST /oauth2/v1/token"
