"""What people press in the pretend Okta and at the pretend Microsoft, and what it changes."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from sandbox.company.contoso import CONTOSO
from sandbox.company.records import Hold
from sandbox.keys import b64url
from tests.contract.clouds_stage import LOGIN, Clouds, graph


async def press(clouds: Clouds, page: str, button: str, **form: str) -> httpx.Response:
    """Press a button of the Admin Console page and return the first answer."""
    return await clouds.http.post(f"{page}{button}", data=form)


async def test_authenticate_and_save_change_what_the_apis_answer(clouds: Clouds) -> None:
    """The whole way by the pages: Okta, Microsoft's consent, back, Save, and its traces."""
    company = clouds.company
    app = next(app for app in company.org("contoso").apps if app.label == "Office 365 HQ")
    page = f"{clouds.okta('contoso')}/admin/app/office365/instance/{app.id}/"
    gita = next(user for user in company.org("contoso").users if user.person == "gita")
    sync = f"startswith(userPrincipalName,'svc_OKTA_sync_{app.id}')"
    okta_client = "displayName eq 'Okta Microsoft Graph Client'"

    assert "Authenticate with Microsoft Office 365" in (await clouds.http.get(page)).text
    early = await press(clouds, page, "save", **{"as": gita.id})
    assert early.status_code == 400, "there is nothing to save before the consent"
    before = await graph(clouds, CONTOSO, "/servicePrincipals", filter=okta_client)
    assert before.json()["value"] == []

    sent = await press(clouds, page, "authenticate", **{"as": gita.id})
    assert urlsplit(sent.headers["location"]).path == "/contoso.onmicrosoft.com/oauth2/authorize"
    consent = await clouds.http.get(sent.headers["location"])
    assert "Gita Global" in consent.text
    tenant = company.tenants[CONTOSO]
    chosen = {"account": tenant.account("gita@contoso.example").id, "answer": "accept"}
    accepted = await clouds.http.post(sent.headers["location"], data=chosen)
    returned = await clouds.http.get(accepted.headers["location"])
    assert returned.headers["location"] == f"{page}#tab-user-management/api-credentials"
    assert "Reauthenticate with Microsoft Office 365" in (await clouds.http.get(page)).text

    client = (await graph(clouds, CONTOSO, "/servicePrincipals", filter=okta_client)).json()
    client_id = client["value"][0]["id"]
    wanted = f"clientId eq '{client_id}' and consentType eq 'AllPrincipals'"
    grants = await graph(clouds, CONTOSO, "/oauth2PermissionGrants", filter=wanted)
    roles = await graph(clouds, CONTOSO, f"/servicePrincipals/{client_id}/appRoleAssignments")
    assert grants.json()["value"]
    assert roles.json()["value"]
    consented = "activityDisplayName eq 'Consent to application'"
    audits = await graph(
        clouds,
        CONTOSO,
        "/auditLogs/directoryAudits",
        filter=f"{consented} and activityDateTime ge 2020-01-01T00:00:00Z",
    )
    who = audits.json()["value"][0]["initiatedBy"]["user"]["userPrincipalName"]
    assert who == "gita@contoso.example"
    assert (await graph(clouds, CONTOSO, "/users", filter=sync)).json()["value"] == []

    saved = await press(clouds, page, "save", **{"as": gita.id})
    assert saved.status_code == 303
    accounts = await graph(clouds, CONTOSO, "/users", filter=sync, select="id,createdDateTime")
    assert len(accounts.json()["value"]) == 1
    assert company.org("contoso").log[-1].event_type == "application.lifecycle.update"


@pytest.mark.parametrize(
    ("upn", "number"),
    [
        ("dana@contoso.example", "AADSTS50057"),
        ("nils@contoso.example", "AADSTS50079"),
        ("elif@contoso.example", "AADSTS90094"),
        ("ola@contoso.example", "AADSTS90094"),
    ],
)
async def test_only_an_active_global_administrator_with_mfa_may_consent(
    clouds: Clouds, upn: str, number: str
) -> None:
    """Disabled, without MFA, only eligible, no administrator: each sees Microsoft's error."""
    app_id = clouds.app_id("contoso", "Office 365 HQ")
    page = f"{clouds.okta('contoso')}/admin/app/office365/instance/{app_id}/"
    gita = next(user for user in clouds.company.org("contoso").users if user.person == "gita")
    sent = await press(clouds, page, "authenticate", **{"as": gita.id})
    account = clouds.company.tenants[CONTOSO].account(upn)
    refused = await clouds.http.post(
        sent.headers["location"], data={"account": account.id, "answer": "accept"}
    )
    assert refused.status_code == 400
    assert number in refused.text
    assert not clouds.company.tenants[CONTOSO].grants


async def test_an_eligible_administrator_may_consent_after_activating_the_role(
    clouds: Clouds,
) -> None:
    """Privileged Identity Management: eligible is not active, activated is."""
    tenant = clouds.company.tenants[CONTOSO]
    elif_id = tenant.account("elif@contoso.example").id
    clouds.company.activate_role(tenant, elif_id)
    assert tenant.holds(elif_id) == {Hold.ELIGIBLE, Hold.ACTIVATED}
    clouds.company.press_authenticate("contoso", clouds.app_id("contoso", "Office 365 HQ"), elif_id)
    assert tenant.audits[-1].by_upn == "elif@contoso.example"


async def test_an_okta_administrator_of_another_app_cannot_press_the_buttons(
    clouds: Clouds,
) -> None:
    """Agnes may change Sales, by her group, and nothing else."""
    agnes = next(user for user in clouds.company.org("contoso").users if user.person == "agnes")
    for label, status in (("Office 365 Sales", 303), ("Office 365 HQ", 403)):
        app_id = clouds.app_id("contoso", label)
        page = f"{clouds.okta('contoso')}/admin/app/office365/instance/{app_id}/"
        answer = await press(clouds, page, "authenticate", **{"as": agnes.id})
        assert answer.status_code == status


async def test_signing_in_to_the_bot_gives_tokens_that_name_the_account(clouds: Clouds) -> None:
    """Code, PKCE and nonce: an ID token with `oid`, and an own-API token that carries `amr`."""
    bot = clouds.company.bot
    back = "http://bot.test/signed-in"
    bot.redirect_uris.add(back)
    verifier = "a" * 64
    scope = f"openid profile {bot.app_id_uri}/proof"
    query = {
        "client_id": bot.client_id,
        "response_type": "code",
        "redirect_uri": back,
        "scope": scope,
        "state": "some-state",
        "nonce": "some-nonce",
        "login_hint": "gita@contoso.example",
        "code_challenge": b64url(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    address = f"{LOGIN}/{CONTOSO}/oauth2/v2.0/authorize"
    page = await clouds.http.get(address, params=query)
    assert re.search(r'value="[^"]+"\s+required checked> Gita Global', page.text)
    gita = clouds.company.tenants[CONTOSO].account("gita@contoso.example")
    chosen = {"account": gita.id, "answer": "accept"}

    async def redeem(verifier: str) -> httpx.Response:
        sent = await clouds.http.post(address, params=query, data=chosen)
        answer = parse_qs(urlsplit(sent.headers["location"]).query)
        assert answer["state"] == ["some-state"]
        return await clouds.http.post(
            f"{LOGIN}/{CONTOSO}/oauth2/v2.0/token",
            data={
                "grant_type": "authorization_code",
                "client_id": bot.client_id,
                "client_secret": bot.client_secret,
                "redirect_uri": back,
                "code": answer["code"][0],
                "code_verifier": verifier,
            },
        )

    assert (await redeem("b" * 64)).json()["error"] == "invalid_grant"
    tokens = (await redeem(verifier)).json()
    key = clouds.company.login_key.private.public_key()
    identity = jwt.decode(
        tokens["id_token"],
        key,
        algorithms=["RS256"],
        audience=bot.client_id,
        issuer=f"{LOGIN}/{CONTOSO}/v2.0",
    )
    assert (identity["oid"], identity["tid"]) == (gita.id, CONTOSO)
    assert (identity["nonce"], "amr" in identity) == ("some-nonce", False)
    own = jwt.decode(tokens["access_token"], key, algorithms=["RS256"], audience=bot.app_id_uri)
    assert "mfa" in own["amr"]
