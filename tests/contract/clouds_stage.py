"""The pretend Okta and Microsoft without a server, and a client that knows how to ask them."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt

from sandbox.company.company import Company, contoso
from sandbox.entra.graph import graph_app
from sandbox.entra.login import login_app
from sandbox.keys import SigningKey
from sandbox.okta.api import okta_app

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SCOPES = "okta.apps.read okta.roles.read okta.users.read okta.groups.read okta.logs.read"
LOGIN, GRAPH = "http://login.test", "http://graph.test"


@dataclass
class Clouds:
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


def okta_assertion(clouds: Clouds, org: str, key: SigningKey | None = None, **changes: Any) -> str:
    client_id = clouds.company.org(org).client_id
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": f"{clouds.okta(org)}/oauth2/v1/token",
        "exp": int(time.time()) + 300,
        "jti": str(uuid.uuid4()),
        **changes,
    }
    return (key or clouds.company.bot_okta_keys[org]).sign(claims)


async def okta_token(clouds: Clouds, org: str, assertion: str, **headers: str) -> httpx.Response:
    return await clouds.http.post(
        f"{clouds.okta(org)}/oauth2/v1/token",
        data={
            "grant_type": "client_credentials",
            "scope": SCOPES,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        },
        headers=headers,
    )


async def bearer(clouds: Clouds, org: str = "fabrikam") -> dict[str, str]:
    answer = await okta_token(clouds, org, okta_assertion(clouds, org))
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def proof(key: SigningKey, method: str, url: str, **claims: Any) -> str:
    jwk = {k: v for k, v in key.public_jwk().items() if k in ("kty", "n", "e")}
    full = {"htm": method, "htu": url, "iat": int(time.time()), "jti": str(uuid.uuid4()), **claims}
    return jwt.encode(full, key.private, "RS256", headers={"typ": "dpop+jwt", "jwk": jwk})


async def graph_token(clouds: Clouds, tenant: str, **changes: Any) -> httpx.Response:
    address = f"{LOGIN}/{tenant}/oauth2/v2.0/token"
    bot, now = clouds.company.bot, int(time.time())
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
    assertion = clouds.company.bot_entra_key.sign(claims, algorithm="PS256", **headers)
    return await clouds.http.post(
        address,
        data={
            "grant_type": "client_credentials",
            "client_id": bot.client_id,
            "scope": f"{GRAPH}/.default",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        },
    )


async def graph(clouds: Clouds, tenant: str, path: str, **query: str) -> httpx.Response:
    token = (await graph_token(clouds, tenant)).json()["access_token"]
    params = {f"${name}": value for name, value in query.items()}
    headers = {"Authorization": f"Bearer {token}"}
    return await clouds.http.get(f"{GRAPH}/v1.0{path}", params=params, headers=headers)


@asynccontextmanager
async def a_company(keys: Path) -> AsyncIterator[Clouds]:
    """A company as on its first day, with every pretend host of it."""
    company = contoso(key_directory=keys)
    company.addresses |= {f"okta-{name}": f"http://okta-{name}.test" for name in company.orgs}
    company.addresses |= {"login": LOGIN, "graph": GRAPH}
    async with httpx.AsyncClient(transport=Hosts(company)) as http:
        yield Clouds(company, http)
