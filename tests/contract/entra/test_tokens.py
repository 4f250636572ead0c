"""App-only tokens: one per tenant, signed for, cached, refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.entra.client import EntraClient
from bot.errors import CloudAnswerInvalid, CloudNotFound, CloudRefused, SettingsInvalid
from bot.settings.sections.clouds import EntraSettings
from sandbox.company.records import Reply
from sandbox.entra.tokens import LIFETIME_SECONDS
from tests.contract.entra.microsoft import (
    APP,
    CLIENT_ID,
    CLIENT_SECRET,
    ROLES,
    START,
    TENANT_ID,
    Microsoft,
    admins,
    certificate,
    login_error,
    user,
)
from tests.contract.loopback import SteppingClock
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_certificate_signs_for_exactly_this_tenants_token_endpoint(
    microsoft: Microsoft,
) -> None:
    """The loopback endpoint verifies PS256, x5t#S256, aud, jti and times; Graph takes the token."""
    admins(microsoft, user("u1"))
    assert len(await microsoft.read_admins()) == 1
    assert "client_secret" not in microsoft.token_forms[0]


async def test_a_client_secret_works_as_well(microsoft: Microsoft, clock: SteppingClock) -> None:
    """Where no certificate is configured, the secret is sent in the form, and shown nowhere."""
    admins(microsoft, user("u1"))
    client = EntraClient(microsoft.settings(client_secret=CLIENT_SECRET), clock)
    assert len(await client.global_admins(microsoft.tenant())) == 1
    assert "client_assertion" not in microsoft.token_forms[0]
    microsoft.token_reply = login_error(7000215, status=401)
    with pytest.raises(CloudRefused) as caught:
        await client.global_admins(microsoft.tenant(TENANT_ID.replace("1", "2")))
    assert CLIENT_SECRET not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    await client.aclose()


async def test_a_token_is_fetched_once_however_many_ask_and_kept_for_four_fifths_of_its_life(
    microsoft: Microsoft, clock: SteppingClock
) -> None:
    """Twenty callers at once make one request; a token is renewed well before it ends."""
    admins(microsoft, user("u1"))
    tenant = microsoft.tenant()
    microsoft.graph["/users"] = {"value": []}
    asked = [microsoft.client.account_evidence(tenant, frozenset({APP})) for _ in range(20)]
    await asyncio.gather(*asked)
    assert len(microsoft.token_forms) == 1
    clock.forward(LIFETIME_SECONDS * 0.8 - 1)
    await microsoft.client.account_evidence(tenant, frozenset({APP}))
    assert len(microsoft.token_forms) == 1
    clock.forward(1)
    await microsoft.client.account_evidence(tenant, frozenset({APP}))
    assert len(microsoft.token_forms) == 2


async def test_a_caller_that_gives_up_does_not_take_the_token_from_the_others(
    microsoft: Microsoft,
) -> None:
    """The first caller is cancelled while the token is on its way; the second one gets it."""
    microsoft.graph["/users"] = {"value": []}
    microsoft.token_gate = asyncio.Event()
    tenant = microsoft.tenant()
    first = asyncio.create_task(microsoft.client.account_evidence(tenant, frozenset({APP})))
    await wait_until(lambda: len(microsoft.token_forms) == 1)
    second = asyncio.create_task(microsoft.client.account_evidence(tenant, frozenset({APP})))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    microsoft.token_gate.set()
    assert len((await second)[APP]) == 1
    assert len(microsoft.token_forms) == 1


async def test_each_tenant_has_a_token_of_its_own(microsoft: Microsoft) -> None:
    """A token of one tenant never asks another one."""
    other = TENANT_ID.replace("1", "2")
    microsoft.graph["/users"] = {"value": []}
    for tenant_id in (TENANT_ID, other):
        await microsoft.client.account_evidence(microsoft.tenant(tenant_id), frozenset({APP}))
    assert [seen.tenant_id for seen in microsoft.seen] == [TENANT_ID, other]
    assert len(microsoft.token_forms) == 2


async def test_a_token_from_before_a_consent_is_not_kept(microsoft: Microsoft) -> None:
    """Permissions stand in the token, which lives for an hour: the next read has a fresh one."""
    tenant = microsoft.tenant()
    microsoft.graph[ROLES] = Reply(403, {"error": {"code": "Authorization_RequestDenied"}})
    with pytest.raises(CloudRefused):
        await microsoft.client.global_admins(tenant)
    assert len(microsoft.token_forms) == 1
    admins(microsoft, user("u1"))  # consented
    assert len(await microsoft.client.global_admins(tenant)) == 1
    assert len(microsoft.token_forms) == 2


async def test_a_token_that_graph_no_longer_takes_is_fetched_anew(microsoft: Microsoft) -> None:
    """A revoked token costs one repetition, nothing more."""
    admins(microsoft, user("u1"))
    await microsoft.read_admins()
    microsoft.revoke_tokens()
    assert len(await microsoft.read_admins()) == 1
    assert len(microsoft.token_forms) == 2


@pytest.mark.parametrize(
    ("number", "says", "hint", "missing"),
    [
        (700016, "has not granted o365bot access", "admin consent link", "admin consent"),
        (7000229, "has not granted o365bot access", "admin consent link", "admin consent"),
        (700027, "does not accept the certificate", "entra.certificate", ""),
        (700024, "finds the assertion's time wrong", "clock", ""),
        (7000215, "does not accept the client secret", "entra.client_secret", ""),
        (7000222, "does not accept the client secret", "expired", ""),
        (53003, "Conditional Access", "service principal", ""),
        (123456, "gives o365bot no token (AADSTS123456)", "code=123456", ""),
    ],
)
async def test_a_refused_token_says_why_and_what_to_do(
    microsoft: Microsoft, number: int, says: str, hint: str, missing: str
) -> None:
    """Each code of the sign-in that an operator can act on has its own words."""
    microsoft.token_reply = login_error(number, status=401)
    with pytest.raises(CloudRefused) as caught:
        await microsoft.read_admins()
    error = caught.value
    assert says in error.message
    assert error.message.startswith("contoso.example ")
    assert hint in error.hint
    assert (error.missing, error.reason) == (missing, f"AADSTS{number}")
    assert "Trace ID" not in str(error)


async def test_a_tenant_that_is_gone_is_not_found(microsoft: Microsoft) -> None:
    """AADSTS90002 at the token endpoint means the same as at discovery."""
    microsoft.token_reply = login_error(90002, "invalid_request")
    with pytest.raises(CloudNotFound):
        await microsoft.read_admins()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"expires_in": 3600}, "no access_token"),
        ({"access_token": "", "expires_in": 3600}, "no access_token"),
        ({"access_token": "x"}, "how many seconds"),
        ({"access_token": "x", "expires_in": "soon"}, "how many seconds"),
        ({"access_token": "x", "expires_in": 1e300}, "how many seconds"),
        ({"access_token": "x", "expires_in": "nan"}, "how many seconds"),
        ("<html>", "web page"),
    ],
)
async def test_a_token_answer_without_a_token_is_an_invalid_answer(
    microsoft: Microsoft, body: Any, says: str
) -> None:
    """What is missing is named; nothing is cached."""
    microsoft.token_reply = Reply(200, body)
    with pytest.raises(CloudAnswerInvalid, match=says):
        await microsoft.read_admins()


@pytest.mark.parametrize(
    ("pem", "says"),
    [
        ("nothing", "no private key"),
        (certificate().partition("-----BEGIN PRIVATE")[0], "a certificate alone"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "entra.certificate"),
    ],
)
async def test_a_certificate_that_cannot_be_used_is_a_problem_of_the_settings(
    pem: str, says: str
) -> None:
    """It is found at start, with the key's name, and the PEM is not shown."""
    settings = EntraSettings(client_id=CLIENT_ID, certificate=pem)
    with pytest.raises(SettingsInvalid, match=says) as caught:
        EntraClient(settings, SteppingClock(START))
    assert not [line for line in pem.splitlines() if line in str(caught.value)]
