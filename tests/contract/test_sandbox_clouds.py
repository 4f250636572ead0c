"""The pretend Okta and Microsoft are strict: they refuse, page and limit as the real ones do."""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
import pytest_asyncio

from sandbox.company import Company, contoso
from sandbox.contoso import CONTOSO, FABRIKAM, NORTHWIND
from sandbox.entra import login_app
from sandbox.graph import graph_app
from sandbox.keys import SigningKey, b64url
from sandbox.okta import okta_app
from sandbox.records import GLOBAL_ADMINISTRATOR, Hold

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES = "okta.apps.read okta.roles.read okta.users.read okta.groups.read okta.logs.read"
LOGIN, GRAPH = "http://login.test", "http://graph.test"


@dataclass
class World:
    """The company, and a client that reaches every pretend host of it."""

    company: Company
    http: httpx.AsyncClient

    def okta(self, org: str) -> str:
        return self.company.addresses[f"okta-{org}"]

    def app_id(self, org: str, label: str) -> str:
        return next(app.id for app in self.company.org(org).apps if app.label == label)


class Hosts(httpx.AsyncBaseTransport):
    """Sends each request to the pretend service whose host it names."""

    def __init__(self, company: Company) -> None:
        apps = {f"okta-{name}.test": okta_app(company, name) for name in company.orgs}
        apps |= {"login.test": login_app(company), "graph.test": graph_app(company)}
        self.transports = {host: httpx.ASGITransport(app) for host, app in apps.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.transports[request.url.host].handle_async_request(request)


@pytest.fixture(scope="module")
def key_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the RSA keys are kept, so that they are made once for all of these tests."""
    return tmp_path_factory.mktemp("keys")


@pytest_asyncio.fixture
async def world(key_directory: Path) -> AsyncIterator[World]:
    """A company as on its first day, with every pretend host of it."""
    company = contoso(key_directory=key_directory)
    company.addresses |= {f"okta-{name}": f"http://okta-{name}.test" for name in company.orgs}
    company.addresses |= {"login": LOGIN, "graph": GRAPH}
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(transport=Hosts(company)))
        yield World(company, http)


def okta_assertion(world: World, org: str, key: SigningKey | None = None, **changes: Any) -> str:
    client_id = world.company.org(org).client_id
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": f"{world.okta(org)}/oauth2/v1/token",
        "exp": int(time.time()) + 300,
        "jti": str(uuid.uuid4()),
        **changes,
    }
    return (key or world.company.bot_okta_keys[org]).sign(claims)


async def okta_token(world: World, org: str, assertion: str, **headers: str) -> httpx.Response:
    return await world.http.post(
        f"{world.okta(org)}/oauth2/v1/token",
        data={
            "grant_type": "client_credentials",
            "scope": SCOPES,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        },
        headers=headers,
    )


async def bearer(world: World, org: str = "fabrikam") -> dict[str, str]:
    answer = await okta_token(world, org, okta_assertion(world, org))
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def proof(key: SigningKey, method: str, url: str, **claims: Any) -> str:
    jwk = {k: v for k, v in key.public_jwk().items() if k in ("kty", "n", "e")}
    full = {"htm": method, "htu": url, "iat": int(time.time()), "jti": str(uuid.uuid4()), **claims}
    return jwt.encode(full, key.private, "RS256", headers={"typ": "dpop+jwt", "jwk": jwk})


async def graph_token(world: World, tenant: str, **changes: Any) -> httpx.Response:
    address = f"{LOGIN}/{tenant}/oauth2/v2.0/token"
    bot, now = world.company.bot, int(time.time())
    claims = {
        "aud": address,
        "iss": bot.client_id,
        "sub": bot.client_id,
        "jti": str(uuid.uuid4()),
        "nbf": now,
        "exp": now + 300,
        **changes,
    }
    headers = {"x5t#S256": bot.thumbprint}
    assertion = world.company.bot_entra_key.sign(claims, algorithm="PS256", **headers)
    return await world.http.post(
        address,
        data={
            "grant_type": "client_credentials",
            "client_id": bot.client_id,
            "scope": f"{GRAPH}/.default",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        },
    )


async def graph(world: World, tenant: str, path: str, **query: str) -> httpx.Response:
    token = (await graph_token(world, tenant)).json()["access_token"]
    params = {f"${name}": value for name, value in query.items()}
    headers = {"Authorization": f"Bearer {token}"}
    return await world.http.get(f"{GRAPH}/v1.0{path}", params=params, headers=headers)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example.com/oauth2/v1/token"},
        {"iss": "0oaSomebodyElse"},
        {"sub": "0oaSomebodyElse"},
        {"exp": 1},
        {"exp": int(time.time()) + 7200},
    ],
)
async def test_okta_refuses_an_assertion_with_a_wrong_claim(
    world: World, changes: dict[str, Any]
) -> None:
    """Audience, issuer, subject and both ends of the lifetime are checked."""
    answer = await okta_token(world, "fabrikam", okta_assertion(world, "fabrikam", **changes))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_okta_refuses_an_assertion_signed_with_another_key(world: World) -> None:
    """Only the registered public key counts, even under the registered key id."""
    stranger = SigningKey.generate(world.company.org("fabrikam").key_id)
    answer = await okta_token(world, "fabrikam", okta_assertion(world, "fabrikam", stranger))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_okta_refuses_an_assertion_that_was_used_before(world: World) -> None:
    """An assertion with a `jti` is good for one token."""
    assertion = okta_assertion(world, "fabrikam")
    assert (await okta_token(world, "fabrikam", assertion)).status_code == 200
    assert (await okta_token(world, "fabrikam", assertion)).status_code == 401


async def test_an_org_with_dpop_gives_a_token_only_for_a_proof_with_its_nonce(
    world: World,
) -> None:
    """No proof, a proof without the nonce, a proof with it: refused, challenged, accepted."""
    address = f"{world.okta('contoso')}/oauth2/v1/token"
    key = SigningKey.generate("dpop")

    bare = await okta_token(world, "contoso", okta_assertion(world, "contoso"))
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_dpop_proof")

    assertion = okta_assertion(world, "contoso")
    asked = await okta_token(world, "contoso", assertion, DPoP=proof(key, "POST", address))
    assert (asked.status_code, asked.json()["error"]) == (400, "use_dpop_nonce")

    nonce = asked.headers["dpop-nonce"]
    dpop = proof(key, "POST", address, nonce=nonce)
    given = await okta_token(world, "contoso", assertion, DPoP=dpop)
    assert (given.status_code, given.json()["token_type"]) == (200, "DPoP")

    apps = f"{world.okta('contoso')}/api/v1/apps"
    token = given.json()["access_token"]
    ath = b64url(hashlib.sha256(token.encode()).digest())

    async def call(scheme: str, dpop: str) -> int:
        headers = {"Authorization": f"{scheme} {token}", "DPoP": dpop}
        return (await world.http.get(apps, headers=headers)).status_code

    good = proof(key, "GET", apps, ath=ath)
    assert await call("DPoP", good) == 200
    assert await call("DPoP", good) == 401, "a proof is good for one call"
    assert await call("DPoP", proof(key, "GET", apps)) == 401, "the proof must name the token"
    assert await call("Bearer", proof(key, "GET", apps, ath=ath)) == 401
    stranger = SigningKey.generate("stranger")
    assert await call("DPoP", proof(stranger, "GET", apps, ath=ath)) == 401


async def test_a_token_without_the_scope_is_refused_with_the_name_of_the_scope(
    world: World,
) -> None:
    """`insufficient_scope` tells which scope is missing."""
    answer = await world.http.post(
        f"{world.okta('fabrikam')}/oauth2/v1/token",
        data={
            "grant_type": "client_credentials",
            "scope": "okta.apps.read",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": okta_assertion(world, "fabrikam"),
        },
    )
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    logs = await world.http.get(f"{world.okta('fabrikam')}/api/v1/logs", headers=headers)
    assert (logs.status_code, logs.json()["errorCode"]) == (403, "E0000006")
    assert 'scope="okta.logs.read"' in logs.headers["www-authenticate"]


async def test_apps_come_in_pages_that_the_link_headers_lead_through(world: World) -> None:
    """Following `next` to its end gives every app once, the inactive one only when asked for."""
    world.company.org("fabrikam").page_cap = 3
    headers = await bearer(world)
    url: str | None = f"{world.okta('fabrikam')}/api/v1/apps"
    query: dict[str, str] | None = {"filter": 'name eq "office365"', "limit": "200"}
    seen, pages = [], 0
    while url:
        answer = await world.http.get(url, params=query, headers=headers)
        assert len(answer.headers.get_list("link")) == (2 if pages == 0 else 1)
        seen += [app["id"] for app in answer.json()]
        url, query, pages = answer.links.get("next", {}).get("url"), None, pages + 1
    assert pages == 2
    assert seen == [app.id for app in world.company.org("fabrikam").apps]


async def test_a_client_that_uses_up_its_window_gets_429_until_the_reset(world: World) -> None:
    """A service app may use half of a bucket; the headers count down to the refusal."""
    world.company.org("fabrikam").limits["/api/v1/apps"] = 4
    headers = await bearer(world)
    url = f"{world.okta('fabrikam')}/api/v1/apps"
    answers = [await world.http.get(url, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].json()["errorCode"] == "E0000047"
    assert 0 < int(answers[2].headers["x-rate-limit-reset"]) - time.time() <= 60


async def test_the_app_outside_of_the_bots_role_is_listed_but_not_readable(world: World) -> None:
    """403 for the connection of one app, 404 for one that is not there."""
    org = world.company.org("fabrikam")
    org.apps[0].readable = False
    headers = await bearer(world)
    base = f"{world.okta('fabrikam')}/api/v1/apps"
    for app_id, status in ((org.apps[0].id, 403), (org.apps[1].id, 200), ("0oaNoSuchApp", 404)):
        answer = await world.http.get(f"{base}/{app_id}/connections/default", headers=headers)
        assert answer.status_code == status


async def test_a_poll_of_the_system_log_goes_on_where_it_stopped(world: World) -> None:
    """`next` is there even when nothing is new, and later brings only what happened since."""
    headers = await bearer(world)
    url = f"{world.okta('fabrikam')}/api/v1/logs"
    app_id = world.app_id("fabrikam", "Office 365 Labs")
    first = await world.http.get(url, params={"since": "2020-01-01T00:00:00Z"}, headers=headers)
    assert first.json()
    quiet = await world.http.get(first.links["next"]["url"], headers=headers)
    assert quiet.json() == []
    world.company.press_save("fabrikam", app_id, "fay")
    after = await world.http.get(quiet.links["next"]["url"], headers=headers)
    assert [(e["eventType"], e["target"][0]["id"]) for e in after.json()] == [
        ("application.lifecycle.update", app_id)
    ]


async def test_the_system_log_is_filtered_by_event_type_and_target(world: World) -> None:
    """`eq`, `sw`, `and` and `or` work; an unreadable filter is refused."""
    headers = await bearer(world)
    url = f"{world.okta('fabrikam')}/api/v1/logs"
    app_id = world.app_id("fabrikam", "Office 365 Service")
    kinds = '(eventType sw "app.office365." or eventType eq "x")'
    query = {
        "since": "2020-01-01T00:00:00Z",
        "filter": f'{kinds} and target.id eq "{app_id}"',
    }
    found = (await world.http.get(url, params=query, headers=headers)).json()
    assert [event["debugContext"]["debugData"]["adminUserName"] for event in found] == [
        "felix@fabrikam.example"
    ]
    query["filter"] = "eventType is whatever"
    answer = await world.http.get(url, params=query, headers=headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000031")


async def test_okta_admins_are_told_with_their_roles_and_targets(world: World) -> None:
    """The list pages in the body; a role names the apps it is limited to."""
    org = world.company.org("fabrikam")
    org.page_cap = 1
    headers = await bearer(world)
    url: str | None = f"{world.okta('fabrikam')}/api/v1/iam/assignees/users"
    roles = []
    while url:
        page = (await world.http.get(url, headers=headers)).json()
        for user in page["value"]:
            answer = await world.http.get(
                user["_links"]["roles"]["href"],
                params={"expand": "targets/catalog/apps"},
                headers=headers,
            )
            roles += [role["type"] for role in answer.json()]
        url = page["_links"].get("next", {}).get("href")
    assert roles == ["APP_ADMIN", "SUPER_ADMIN"]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"aud": "https://elsewhere.example.com"}, 700023),
        ({"exp": 1}, 700024),
        ({"iss": "somebody"}, 700021),
    ],
)
async def test_microsoft_refuses_an_assertion_with_a_wrong_claim(
    world: World, changes: dict[str, Any], number: int
) -> None:
    """Each with the number that the real login host gives."""
    answer = await graph_token(world, CONTOSO, **changes)
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [number])


async def test_microsoft_gives_no_token_for_a_tenant_that_has_not_consented(world: World) -> None:
    """AADSTS700016 for such a tenant, AADSTS90002 for one that does not exist."""
    world.company.tenants[NORTHWIND].bot_roles = None
    assert (await graph_token(world, NORTHWIND)).json()["error_codes"] == [700016]
    unknown = await world.http.get(
        f"{LOGIN}/nowhere.example.com/v2.0/.well-known/openid-configuration"
    )
    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_tenant")


async def test_a_domain_leads_to_its_tenant_and_to_keys_that_verify_its_tokens(
    world: World,
) -> None:
    """Discovery by domain names the GUID; the published key verifies the app-only token."""
    address = f"{LOGIN}/fabrikam.onmicrosoft.com/v2.0/.well-known/openid-configuration"
    metadata = (await world.http.get(address)).json()
    assert metadata["issuer"] == f"{LOGIN}/{FABRIKAM}/v2.0"
    keys = jwt.PyJWKSet.from_dict((await world.http.get(metadata["jwks_uri"])).json())
    token = (await graph_token(world, FABRIKAM)).json()["access_token"]
    key = keys[jwt.get_unverified_header(token)["kid"]].key
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=GRAPH)
    assert claims["tid"] == FABRIKAM
    assert "Directory.Read.All" in claims["roles"]


async def test_global_administrators_are_users_groups_and_service_principals(world: World) -> None:
    """Active ones by role assignment, eligible ones only where there is Entra ID P2."""
    only_global = f"roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'"
    path = "/roleManagement/directory/roleAssignments"
    answer = await graph(world, CONTOSO, path, filter=only_global, expand="principal")
    kinds = {row["principal"]["@odata.type"].rpartition(".")[2] for row in answer.json()["value"]}
    assert kinds == {"user", "group", "servicePrincipal"}

    path = "/roleManagement/directory/roleEligibilityScheduleInstances"
    eligible = await graph(world, CONTOSO, path, filter=only_global, expand="principal")
    assert [r["principal"]["displayName"] for r in eligible.json()["value"]] == ["Elif Eligible"]
    refused = await graph(world, FABRIKAM, path, filter=only_global)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "AadPremiumLicenseRequired"


async def test_a_tenant_without_a_premium_licence_has_no_registration_details(
    world: World,
) -> None:
    """403 there; elsewhere the details tell who has no method that counts as MFA."""
    path = "/reports/authenticationMethods/userRegistrationDetails"
    refused = await graph(world, FABRIKAM, path)
    assert refused.status_code == 403
    rows = (await graph(world, CONTOSO, path, filter="isMfaCapable eq false")).json()["value"]
    assert [row["userPrincipalName"] for row in rows] == ["nils@contoso.example"]


async def test_reports_are_limited_to_five_calls_in_ten_seconds(world: World) -> None:
    """The sixth gets 429 with the seconds to wait."""
    path = "/reports/authenticationMethods/userRegistrationDetails"
    answers = [await graph(world, CONTOSO, path) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert 0 < int(answers[5].headers["retry-after"]) <= 11


async def test_graph_refuses_what_the_tenant_did_not_grant(world: World) -> None:
    """`Authorization_RequestDenied` for a call whose application permission is missing."""
    tenant = world.company.tenants[CONTOSO]
    tenant.bot_roles = {"Application.Read.All"}
    grants = await graph(world, CONTOSO, "/oauth2PermissionGrants", filter="clientId eq 'x'")
    assert grants.status_code == 403
    assert grants.json()["error"]["code"] == "Authorization_RequestDenied"
    assert (await graph(world, CONTOSO, "/servicePrincipals")).status_code == 200


async def test_graph_pages_selects_and_answers_each_part_of_a_batch(world: World) -> None:
    """`nextLink` leads on; without `$select` a user has no `accountEnabled`; parts fail alone."""
    world.company.graph_page = 5
    token = (await graph_token(world, CONTOSO)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    url: str | None = f"{GRAPH}/v1.0/users?$select=id,accountEnabled"
    found = []
    while url:
        page = (await world.http.get(url, headers=headers)).json()
        found += page["value"]
        url = page.get("@odata.nextLink")
    assert len(found) == len(world.company.tenants[CONTOSO].accounts)
    assert all(set(row) == {"id", "accountEnabled"} for row in found)

    parts = [
        {"id": "1", "method": "GET", "url": f"/users/{found[0]['id']}"},
        {"id": "2", "method": "GET", "url": "/users/nobody@contoso.example"},
    ]
    answer = await world.http.post(
        f"{GRAPH}/v1.0/$batch", json={"requests": parts}, headers=headers
    )
    first, second = answer.json()["responses"]
    assert (first["status"], second["status"]) == (200, 404)
    assert "accountEnabled" not in first["body"]
    many = [{**parts[0], "id": str(n)} for n in range(21)]
    answer = await world.http.post(f"{GRAPH}/v1.0/$batch", json={"requests": many}, headers=headers)
    assert answer.status_code == 400


async def press(world: World, page: str, button: str, **form: str) -> httpx.Response:
    """Press a button of the Admin Console page and return the first answer."""
    return await world.http.post(f"{page}{button}", data=form)


async def test_authenticate_and_save_change_what_the_apis_answer(world: World) -> None:
    """The whole way by the pages: Okta, Microsoft's consent, back, Save, and its traces."""
    company = world.company
    app = next(app for app in company.org("contoso").apps if app.label == "Office 365 HQ")
    page = f"{world.okta('contoso')}/admin/app/office365/instance/{app.id}/"
    gita = next(user for user in company.org("contoso").users if user.person == "gita")
    sync = f"startswith(userPrincipalName,'svc_OKTA_sync_{app.id}')"
    okta_client = "displayName eq 'Okta Microsoft Graph Client'"

    assert "Authenticate with Microsoft Office 365" in (await world.http.get(page)).text
    early = await press(world, page, "save", **{"as": gita.id})
    assert early.status_code == 400, "there is nothing to save before the consent"
    before = await graph(world, CONTOSO, "/servicePrincipals", filter=okta_client)
    assert before.json()["value"] == []

    sent = await press(world, page, "authenticate", **{"as": gita.id})
    assert urlsplit(sent.headers["location"]).path == "/contoso.onmicrosoft.com/oauth2/authorize"
    consent = await world.http.get(sent.headers["location"])
    assert "Gita Global" in consent.text
    tenant = company.tenants[CONTOSO]
    chosen = {"account": tenant.account("gita@contoso.example").id, "answer": "accept"}
    accepted = await world.http.post(sent.headers["location"], data=chosen)
    returned = await world.http.get(accepted.headers["location"])
    assert returned.headers["location"] == f"{page}#tab-user-management/api-credentials"
    assert "Reauthenticate with Microsoft Office 365" in (await world.http.get(page)).text

    client = (await graph(world, CONTOSO, "/servicePrincipals", filter=okta_client)).json()
    client_id = client["value"][0]["id"]
    wanted = f"clientId eq '{client_id}' and consentType eq 'AllPrincipals'"
    grants = await graph(world, CONTOSO, "/oauth2PermissionGrants", filter=wanted)
    roles = await graph(world, CONTOSO, f"/servicePrincipals/{client_id}/appRoleAssignments")
    assert grants.json()["value"]
    assert roles.json()["value"]
    consented = "activityDisplayName eq 'Consent to application'"
    audits = await graph(
        world,
        CONTOSO,
        "/auditLogs/directoryAudits",
        filter=f"{consented} and activityDateTime ge 2020-01-01T00:00:00Z",
    )
    who = audits.json()["value"][0]["initiatedBy"]["user"]["userPrincipalName"]
    assert who == "gita@contoso.example"
    assert (await graph(world, CONTOSO, "/users", filter=sync)).json()["value"] == []

    saved = await press(world, page, "save", **{"as": gita.id})
    assert saved.status_code == 303
    accounts = await graph(world, CONTOSO, "/users", filter=sync, select="id,createdDateTime")
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
    world: World, upn: str, number: str
) -> None:
    """Disabled, without MFA, only eligible, no administrator: each sees Microsoft's error."""
    app_id = world.app_id("contoso", "Office 365 HQ")
    page = f"{world.okta('contoso')}/admin/app/office365/instance/{app_id}/"
    gita = next(user for user in world.company.org("contoso").users if user.person == "gita")
    sent = await press(world, page, "authenticate", **{"as": gita.id})
    account = world.company.tenants[CONTOSO].account(upn)
    refused = await world.http.post(
        sent.headers["location"], data={"account": account.id, "answer": "accept"}
    )
    assert refused.status_code == 400
    assert number in refused.text
    assert not world.company.tenants[CONTOSO].grants


async def test_an_eligible_administrator_may_consent_after_activating_the_role(
    world: World,
) -> None:
    """Privileged Identity Management: eligible is not active, activated is."""
    tenant = world.company.tenants[CONTOSO]
    elif_id = tenant.account("elif@contoso.example").id
    world.company.activate_role(tenant, elif_id)
    assert tenant.holds(elif_id) == {Hold.ELIGIBLE, Hold.ACTIVATED}
    world.company.press_authenticate("contoso", world.app_id("contoso", "Office 365 HQ"), elif_id)
    assert tenant.audits[-1].by_upn == "elif@contoso.example"


async def test_an_okta_administrator_of_another_app_cannot_press_the_buttons(
    world: World,
) -> None:
    """Agnes may change Sales, by her group, and nothing else."""
    agnes = next(user for user in world.company.org("contoso").users if user.person == "agnes")
    for label, status in (("Office 365 Sales", 303), ("Office 365 HQ", 403)):
        app_id = world.app_id("contoso", label)
        page = f"{world.okta('contoso')}/admin/app/office365/instance/{app_id}/"
        answer = await press(world, page, "authenticate", **{"as": agnes.id})
        assert answer.status_code == status


async def test_signing_in_to_the_bot_gives_tokens_that_name_the_account(world: World) -> None:
    """Code, PKCE and nonce: an ID token with `oid`, and an own-API token that carries `amr`."""
    bot = world.company.bot
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
    page = await world.http.get(address, params=query)
    assert re.search(r'value="[^"]+"\s+required checked> Gita Global', page.text)
    gita = world.company.tenants[CONTOSO].account("gita@contoso.example")
    chosen = {"account": gita.id, "answer": "accept"}

    async def redeem(verifier: str) -> httpx.Response:
        sent = await world.http.post(address, params=query, data=chosen)
        answer = parse_qs(urlsplit(sent.headers["location"]).query)
        assert answer["state"] == ["some-state"]
        return await world.http.post(
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
    key = world.company.login_key.private.public_key()
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
