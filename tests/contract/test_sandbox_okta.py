"""The pretend Okta answers as Okta's documentation has it."""

from __future__ import annotations

import hashlib
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.okta.calls.scopes import scope_for
from sandbox.keys import SigningKey, b64url
from sandbox.okta.rules import RESOURCES, Resource
from tests.contract.clouds_stage import (
    ASSERTION_TYPE,
    Clouds,
    bearer,
    okta_assertion,
    okta_token,
    proof,
)


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
    clouds: Clouds, changes: dict[str, Any]
) -> None:
    """Audience, issuer, subject and both ends of the lifetime are checked."""
    answer = await okta_token(clouds, "fabrikam", okta_assertion(clouds, "fabrikam", **changes))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_okta_refuses_an_assertion_signed_with_another_key(clouds: Clouds) -> None:
    """Only the registered public key counts, even under the registered key id."""
    stranger = SigningKey.generate(clouds.company.org("fabrikam").key_id)
    answer = await okta_token(clouds, "fabrikam", okta_assertion(clouds, "fabrikam", stranger))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_okta_refuses_an_assertion_that_was_used_before(clouds: Clouds) -> None:
    """An assertion with a `jti` is good for one token."""
    assertion = okta_assertion(clouds, "fabrikam")
    assert (await okta_token(clouds, "fabrikam", assertion)).status_code == 200
    assert (await okta_token(clouds, "fabrikam", assertion)).status_code == 401


async def test_an_org_with_dpop_gives_a_token_only_for_a_proof_with_its_nonce(
    clouds: Clouds,
) -> None:
    """No proof, a proof without the nonce, a proof with it: refused, challenged, accepted."""
    address = f"{clouds.okta('contoso')}/oauth2/v1/token"
    key = SigningKey.generate("dpop")

    bare = await okta_token(clouds, "contoso", okta_assertion(clouds, "contoso"))
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_dpop_proof")

    assertion = okta_assertion(clouds, "contoso")
    asked = await okta_token(clouds, "contoso", assertion, DPoP=proof(key, "POST", address))
    assert (asked.status_code, asked.json()["error"]) == (400, "use_dpop_nonce")

    nonce = asked.headers["dpop-nonce"]
    dpop = proof(key, "POST", address, nonce=nonce)
    given = await okta_token(clouds, "contoso", assertion, DPoP=dpop)
    assert (given.status_code, given.json()["token_type"]) == (200, "DPoP")

    apps = f"{clouds.okta('contoso')}/api/v1/apps"
    token = given.json()["access_token"]
    ath = b64url(hashlib.sha256(token.encode()).digest())

    async def call(scheme: str, dpop: str) -> int:
        headers = {"Authorization": f"{scheme} {token}", "DPoP": dpop}
        return (await clouds.http.get(apps, headers=headers)).status_code

    good = proof(key, "GET", apps, ath=ath)
    assert await call("DPoP", good) == 200
    assert await call("DPoP", good) == 401, "a proof is good for one call"
    assert await call("DPoP", proof(key, "GET", apps)) == 401, "the proof must name the token"
    assert await call("Bearer", proof(key, "GET", apps, ath=ath)) == 401
    stranger = SigningKey.generate("stranger")
    assert await call("DPoP", proof(stranger, "GET", apps, ath=ath)) == 401


async def test_a_token_without_the_scope_is_refused_with_the_name_of_the_scope(
    clouds: Clouds,
) -> None:
    """`insufficient_scope` tells which scope is missing."""
    answer = await clouds.http.post(
        f"{clouds.okta('fabrikam')}/oauth2/v1/token",
        data={
            "grant_type": "client_credentials",
            "scope": "okta.apps.read",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": okta_assertion(clouds, "fabrikam"),
        },
    )
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    logs = await clouds.http.get(f"{clouds.okta('fabrikam')}/api/v1/logs", headers=headers)
    assert (logs.status_code, logs.json()["errorCode"]) == (403, "E0000006")
    assert 'scope="okta.logs.read"' in logs.headers["www-authenticate"]


async def test_apps_come_in_pages_that_the_link_headers_lead_through(clouds: Clouds) -> None:
    """Following `next` to its end gives every app once, the inactive one only when asked for."""
    clouds.company.org("fabrikam").page_cap = 3
    headers = await bearer(clouds)
    url: str | None = f"{clouds.okta('fabrikam')}/api/v1/apps"
    query: dict[str, str] | None = {"filter": 'name eq "office365"', "limit": "200"}
    seen, pages = [], 0
    while url:
        answer = await clouds.http.get(url, params=query, headers=headers)
        assert len(answer.headers.get_list("link")) == (2 if pages == 0 else 1)
        seen += [app["id"] for app in answer.json()]
        url, query, pages = answer.links.get("next", {}).get("url"), None, pages + 1
    assert pages == 2
    assert seen == [app.id for app in clouds.company.org("fabrikam").apps]


async def test_a_client_that_uses_up_its_window_gets_429_until_the_reset(clouds: Clouds) -> None:
    """A service app may use half of a bucket; the headers count down to the refusal."""
    clouds.company.org("fabrikam").limits["/api/v1/apps"] = 4
    headers = await bearer(clouds)
    url = f"{clouds.okta('fabrikam')}/api/v1/apps"
    answers = [await clouds.http.get(url, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert answers[2].json()["errorCode"] == "E0000047"
    assert 0 < int(answers[2].headers["x-rate-limit-reset"]) - time.time() <= 60


async def test_the_app_outside_of_the_bots_role_is_listed_but_not_readable(clouds: Clouds) -> None:
    """403 for the connection of one app, 404 for one that is not there."""
    org = clouds.company.org("fabrikam")
    org.apps[0].readable = False
    headers = await bearer(clouds)
    base = f"{clouds.okta('fabrikam')}/api/v1/apps"
    for app_id, status in ((org.apps[0].id, 403), (org.apps[1].id, 200), ("0oaNoSuchApp", 404)):
        answer = await clouds.http.get(f"{base}/{app_id}/connections/default", headers=headers)
        assert answer.status_code == status


def _long_ago() -> str:
    """As far back as the log may be asked for; it keeps half of that."""
    return (datetime.now(UTC) - timedelta(days=179)).isoformat()


async def test_a_poll_of_the_system_log_goes_on_where_it_stopped(clouds: Clouds) -> None:
    """`next` is there even when nothing is new, and later brings only what happened since."""
    headers = await bearer(clouds)
    url = f"{clouds.okta('fabrikam')}/api/v1/logs"
    app_id = clouds.app_id("fabrikam", "Office 365 Labs")
    first = await clouds.http.get(url, params={"since": _long_ago()}, headers=headers)
    assert first.json()
    quiet = await clouds.http.get(first.links["next"]["url"], headers=headers)
    assert quiet.json() == []
    clouds.company.press_save("fabrikam", app_id, "fay")
    after = await clouds.http.get(quiet.links["next"]["url"], headers=headers)
    assert [(e["eventType"], e["target"][0]["id"]) for e in after.json()] == [
        ("application.lifecycle.update", app_id)
    ]


async def test_the_system_log_is_filtered_by_event_type_and_target(clouds: Clouds) -> None:
    """`eq`, `sw`, `and` and `or` work; an unreadable filter is refused."""
    headers = await bearer(clouds)
    url = f"{clouds.okta('fabrikam')}/api/v1/logs"
    app_id = clouds.app_id("fabrikam", "Office 365 Service")
    kinds = '(eventType sw "app.office365." or eventType eq "x")'
    query = {
        "since": _long_ago(),
        "filter": f'{kinds} and target.id eq "{app_id}"',
    }
    found = (await clouds.http.get(url, params=query, headers=headers)).json()
    assert [event["debugContext"]["debugData"]["adminUserName"] for event in found] == [
        "felix@fabrikam.example"
    ]
    query["filter"] = "eventType is whatever"
    answer = await clouds.http.get(url, params=query, headers=headers)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000053")


async def test_okta_admins_are_told_with_their_roles_and_targets(clouds: Clouds) -> None:
    """The list pages in the body; a role names the apps it is limited to."""
    org = clouds.company.org("fabrikam")
    org.page_cap = 1
    headers = await bearer(clouds)
    url: str | None = f"{clouds.okta('fabrikam')}/api/v1/iam/assignees/users"
    roles = []
    while url:
        page = (await clouds.http.get(url, headers=headers)).json()
        for user in page["value"]:
            answer = await clouds.http.get(
                user["_links"]["roles"]["href"],
                params={"expand": "targets/catalog/apps"},
                headers=headers,
            )
            roles += [role["type"] for role in answer.json()]
        url = page["_links"].get("next", {}).get("href")
    assert roles == ["APP_ADMIN", "SUPER_ADMIN"]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_a_call_takes_the_scope_that_its_page_names(resource: Resource) -> None:
    """The product asks for what the pretend org wants, and both have it from the reference."""
    path = "/api/v1" + re.sub(r"{\w+}", "00x1", resource.path)
    assert scope_for(path) == resource.scope
    assert resource.page


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        pytest.param("/apps", {"limit": "201"}, "E0000001", id="too many apps"),
        pytest.param(
            "/apps", {"filter": 'label eq "x"'}, "E0000053", id="an attribute of no filter"
        ),
        pytest.param("/apps", {"filter": 'name sw "office"'}, "E0000031", id="another operator"),
        pytest.param(
            "/apps",
            {"filter": 'name eq "office365" and status eq "ACTIVE"'},
            "E0000031",
            id="two expressions",
        ),
        pytest.param("/apps", {"filter": "name eq 'office365'"}, "E0000053", id="single quotes"),
        pytest.param("/apps", {"status": "ACTIVE"}, "E0000001", id="a parameter that is none"),
        pytest.param("/logs", {"filter": 'published gt "2026"'}, "E0000053", id="published"),
        pytest.param("/logs", {"filter": 'colour eq "red"'}, "E0000053", id="unknown attribute"),
        pytest.param(
            "/logs",
            {"filter": 'debugContext.debugData.url co "/x"'},
            "E0000031",
            id="co on an address",
        ),
        pytest.param("/logs", {"since": "2020-01-01T00:00:00Z"}, "E0000053", id="over 180 days"),
        pytest.param("/logs", {"limit": "1001"}, "E0000001", id="too many events"),
        pytest.param("/iam/assignees/users", {"expand": "roles"}, "E0000001", id="no expansion"),
        pytest.param(
            "/users/00u1/roles", {"expand": "targets"}, "E0000001", id="another expansion"
        ),
    ],
)
async def test_what_the_reference_does_not_allow_is_refused(
    clouds: Clouds, path: str, query: dict[str, str], code: str
) -> None:
    """400 with Okta's code, never an empty list."""
    headers = await bearer(clouds)
    answer = await clouds.http.get(
        f"{clouds.okta('fabrikam')}/api/v1{path}", params=query, headers=headers
    )
    assert (answer.status_code, answer.json()["errorCode"]) == (400, code)


async def test_too_many_calls_at_once_are_told_from_a_used_up_limit(clouds: Clouds) -> None:
    """Limit and remaining are 0, and the reset is there though only a suggestion."""
    headers = await bearer(clouds)
    clouds.company.org("fabrikam").concurrency = 0
    answer = await clouds.http.get(f"{clouds.okta('fabrikam')}/api/v1/apps", headers=headers)
    assert answer.status_code == 429
    limits = [answer.headers[f"x-rate-limit-{name}"] for name in ("limit", "remaining")]
    assert limits == ["0", "0"]
    assert 0 < int(answer.headers["x-rate-limit-reset"]) - time.time() <= 60


async def test_targets_of_a_groups_role_are_listed_by_the_group(clouds: Clouds) -> None:
    """They do not come along with the user's role; its own do."""
    org = clouds.company.org("fabrikam")
    fay = next(user for user in org.users if user.login.startswith("fay"))
    fay.roles[0].targets = ("office365",)
    base, headers = f"{clouds.okta('fabrikam')}/api/v1", await bearer(clouds)
    expand = {"expand": "targets/catalog/apps"}
    own = await clouds.http.get(f"{base}/users/{fay.id}/roles", params=expand, headers=headers)
    assert own.json()[0]["_embedded"]["targets"]["catalog"]["apps"][0]["name"] == "office365"
    fay.roles[0].group_id = "00g1"
    [role] = (
        await clouds.http.get(f"{base}/users/{fay.id}/roles", params=expand, headers=headers)
    ).json()
    assert "_embedded" not in role
    listed = await clouds.http.get(
        f"{base}/groups/00g1/roles/{role['id']}/targets/catalog/apps", headers=headers
    )
    assert [target["name"] for target in listed.json()] == ["office365"]
