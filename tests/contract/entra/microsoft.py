"""The sandbox's Microsoft on loopback, whose Graph answers what a test has scripted.

    async with running() as microsoft:
        microsoft.reset(clock)
        microsoft.graph["/users"] = {"value": []}
        client = EntraClient(microsoft.settings(), clock, sleep=clock.sleep)

Tokens, assertions, permissions, what may be asked, limits and batches are the sandbox's own. Graph
then answers by path: a dict is the body, a `Reply` any answer, a list one after the other (the last
one stays), a function is asked with the query. A path that is not scripted is 404.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from adapters.entra.client import EntraClient
from bot.domain.evidence.rules import Evidence
from bot.domain.inventory.apps import Tenant
from bot.domain.people.admins import GlobalAdmin
from bot.errors import CloudError
from bot.settings.sections.clouds import EntraSettings
from sandbox.company.company import Company
from sandbox.company.contoso_entra import GRAPH_ROLES
from sandbox.company.records import BotRegistration, Domain, EntraTenant, Reply
from sandbox.entra.graph import graph_app, response
from sandbox.entra.login import Login, login_app
from sandbox.entra.tokens import LoginError
from sandbox.keys import SigningKey, self_signed
from tests.contract.loopback import SteppingClock
from tests.serving import served

TENANT_ID = "11111111-2222-4333-8444-555555555555"
CLIENT_ID = "99999999-8888-4777-8666-555555555555"
CLIENT_SECRET = "correct-horse-battery-staple"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)

Query = dict[str, str]
Script = dict[str, Any] | Reply | list[Any] | Callable[[Query], Any]


def graph_error(status: int, code: str, message: str = "") -> Reply:
    """An error object of Microsoft Graph."""
    return Reply(status, {"error": {"code": code, "message": message, "innerError": {}}})


DENIED = graph_error(403, "Authorization_RequestDenied", "Insufficient privileges.")


@dataclass
class Seen:
    """One read that Graph allowed, alone or in a batch. `at` is by the test's clock."""

    tenant_id: str
    path: str
    query: Query
    at: datetime


@cache
def _keys() -> tuple[SigningKey, str, str]:
    """The bot's key, its certificate, and the certificate's `x5t#S256`."""
    key = SigningKey.generate("bot-entra")
    return key, *self_signed(key, "o365bot.example.com")


@cache
def _login_key(number: int = 1) -> SigningKey:
    return SigningKey.generate(f"login-{number}")


def certificate() -> str:
    """The bot's certificate with its key as one PEM."""
    key, pem, _ = _keys()
    return pem + key.private_pem()


def a_company(clock: SteppingClock) -> Company:
    """A tenant that trusts the bot, and eight more with ids of another first digit."""
    key, pem, thumbprint = _keys()
    ids = [TENANT_ID.replace("1", digit) for digit in "123456789"]
    return Company(
        now=clock.now,
        clock=clock.seconds,
        people={},
        orgs={},
        tenants={
            one: EntraTenant(
                one,
                f"t{one[0]}",
                f"Tenant {one[0]}",
                premium=True,
                pim=True,
                domains=[Domain("contoso.example")] if one == TENANT_ID else [],
                bot_roles={*GRAPH_ROLES, "Domain.Read.All"},
            )
            for one in ids
        },
        bot=BotRegistration(
            CLIENT_ID,
            f"api://{CLIENT_ID}",
            CLIENT_SECRET,
            START + timedelta(days=365),
            thumbprint=thumbprint,
            certificate_pem=pem,
        ),
        okta_keys={},
        bot_okta_keys={},
        bot_entra_key=key,
        login_key=_login_key(),
    )


class Microsoft:
    """The two hosts; `running` opens them. `client` is the one under test."""

    client: EntraClient

    def __init__(self) -> None:
        self.login_url = ""
        self.graph_url = ""
        self.reset(SteppingClock(START))

    def reset(self, clock: SteppingClock) -> None:
        """Forget what was scripted and seen."""
        self.clock = clock
        self.company = a_company(clock)
        self.company.addresses |= {"login": self.login_url, "graph": self.graph_url}
        self.company.on_graph = self._answer
        self._login, self._graph = self._sign_in(), graph_app(self.company)
        self.graph: dict[str, Script] = {GROUP_ELIGIBLE: listed()}
        self.discovery: dict[str, Reply] = {}
        self.token_reply: Reply | None = None
        self.token_gate: asyncio.Event | None = None
        self.token_forms: list[dict[str, str]] = []
        self.discovered: list[str] = []
        self.seen: list[Seen] = []
        self.batches = 0

    async def login(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The login host, an ASGI app."""
        await self._login(scope, receive, send)

    async def graph_host(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Graph, an ASGI app."""
        self.batches += scope["path"] == "/v1.0/$batch"
        await self._graph(scope, receive, send)

    def settings(self, **more: Any) -> EntraSettings:
        """Settings that lead here, with the certificate unless a secret is given."""
        values: dict[str, Any] = {
            "client_id": CLIENT_ID,
            "login_url": self.login_url,
            "graph_url": self.graph_url,
        }
        if "client_secret" not in more:
            values["certificate"] = certificate()
        return EntraSettings(**{**values, **more})

    def tenant(self, tenant_id: str = TENANT_ID) -> Tenant:
        """A tenant as `find_tenant` finds it."""
        return Tenant(tenant_id, "contoso.example", urlsplit(self.graph_url).netloc)

    async def read_admins(self) -> tuple[GlobalAdmin, ...]:
        return await self.client.global_admins(self.tenant())

    def gaps(self) -> tuple[CloudError, ...]:
        return self.client.admin_gaps(self.tenant())

    async def read_consent(self) -> tuple[Evidence, ...]:
        return await self.client.tenant_evidence(self.tenant())

    async def read_accounts(self, *app_ids: str) -> Mapping[str, tuple[Evidence, ...]]:
        return await self.client.account_evidence(self.tenant(), frozenset(app_ids))

    def paths(self) -> list[str]:
        """What was read, in order."""
        return [seen.path for seen in self.seen]

    def revoke_tokens(self) -> None:
        """No token that is out is taken any more."""
        self.company.login_key = _login_key(2)

    def _sign_in(self) -> ASGIApp:
        real = Login(self.company)

        async def metadata(request: Request) -> Response:
            name = request.path_params["tenant"]
            self.discovered.append(name)
            told = self.discovery.get(name)
            return await real.metadata_v2(request) if told is None else response(told)

        async def token(request: Request) -> Response:
            form = await request.form()
            self.token_forms.append({name: str(value) for name, value in form.items()})
            if self.token_gate is not None:
                await self.token_gate.wait()
            if self.token_reply is not None:
                return response(self.token_reply)
            return await real.token(request)

        async def refused(request: Request, error: Exception) -> Response:
            assert isinstance(error, LoginError)
            return error.response()

        return Starlette(
            routes=[
                Route("/{tenant}/v2.0/.well-known/openid-configuration", metadata),
                Route("/{tenant}/oauth2/v2.0/token", token, methods=["POST"]),
                Mount("/", login_app(self.company)),
            ],
            exception_handlers={LoginError: refused},
        )

    def _answer(self, tenant: EntraTenant, path: str, query: Query) -> Reply:
        self.seen.append(Seen(tenant.id, path, query, self.clock.now()))
        script = self.graph.get(path, graph_error(404, "Request_ResourceNotFound"))
        if isinstance(script, list):
            script = script.pop(0) if len(script) > 1 else script[0]
        if callable(script):
            script = script(query)
        return script if isinstance(script, Reply) else Reply(200, script)


@asynccontextmanager
async def running() -> AsyncIterator[Microsoft]:
    """Both hosts on free ports of loopback."""
    microsoft = Microsoft()
    async with AsyncExitStack() as stack:
        login = Starlette(routes=[Mount("/", microsoft.login)])
        graph = Starlette(routes=[Mount("/", microsoft.graph_host)])
        microsoft.login_url = await stack.enter_async_context(served(lambda url: login))
        microsoft.graph_url = await stack.enter_async_context(served(lambda url: graph))
        yield microsoft


def metadata(login_url: str, graph_host: str, tenant_id: str = TENANT_ID) -> dict[str, str]:
    """An OpenID configuration as Microsoft writes it, as far as it is read."""
    return {
        "issuer": f"{login_url}/{tenant_id}/v2.0",
        "token_endpoint": f"{login_url}/{tenant_id}/oauth2/v2.0/token",
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": graph_host,
    }


def login_error(number: int, error: str = "invalid_client", status: int = 400) -> Reply:
    """An error of the token or metadata endpoint."""
    return Reply(
        status,
        {
            "error": error,
            "error_description": f"AADSTS{number}: Something. Trace ID: x Correlation ID: y",
            "error_codes": [number],
        },
    )


# ------------------------------------------------------------------ what a directory holds

ROLES = "/roleManagement/directory/roleAssignments"
ELIGIBLE = "/roleManagement/directory/roleEligibilityScheduleInstances"
GROUP_ELIGIBLE = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
REPORT = "/reports/authenticationMethods/userRegistrationDetails"
AUDITS = "/auditLogs/directoryAudits"
GRANTS = "/oauth2PermissionGrants"
APP = "0oa1abcDEF2ghiJKL3x7"
OTHER_APP = "0oa9zyxWVU8tsrQPO7w6"


def listed(*rows: dict[str, Any]) -> dict[str, Any]:
    """A list of one page."""
    return {"value": list(rows)}


def held(principal_id: str, kind: str = "user", **more: Any) -> dict[str, Any]:
    """A role assignment (or eligibility) with its principal expanded."""
    principal = {"@odata.type": f"#microsoft.graph.{kind}", "id": principal_id}
    return {"principalId": principal_id, "directoryScopeId": "/", "principal": principal, **more}


def user(user_id: str, **more: Any) -> dict[str, Any]:
    """A user as `$select` shows it."""
    return {
        "id": user_id,
        "userPrincipalName": f"{user_id}@contoso.example",
        "displayName": user_id.capitalize(),
        "mail": None,
        "otherMails": [],
        "givenName": None,
        "accountEnabled": True,
        "userType": "Member",
        "onPremisesSyncEnabled": None,
        **more,
    }


def admins(microsoft: Microsoft, *users: dict[str, Any], capable: bool | None = True) -> None:
    """A tenant whose Global Administrators are these, all active; `capable` is their MFA."""
    microsoft.graph[ROLES] = listed(*(held(person["id"]) for person in users))
    microsoft.graph[ELIGIBLE] = listed()
    for person in users:
        add_user(microsoft, person, capable=capable)


def add_user(microsoft: Microsoft, person: dict[str, Any], *, capable: bool | None = True) -> None:
    """A user and a row of the report about it."""
    microsoft.graph[f"/users/{person['id']}"] = person
    methods = ["microsoftAuthenticatorPush"] if capable else []
    registered(microsoft, person, {"isMfaCapable": capable, "methodsRegistered": methods})


def registered(microsoft: Microsoft, person: dict[str, Any], row: dict[str, Any]) -> None:
    """A row of the report, to be had by itself and, filtered by names, from the list."""
    name = person["userPrincipalName"]
    microsoft.graph[f"{REPORT}/{person['id']}"] = {
        "id": person["id"],
        "userPrincipalName": name,
        **row,
    }

    def rows(query: Query) -> dict[str, Any]:
        kept = [
            row
            for path, row in microsoft.graph.items()
            if path.startswith(f"{REPORT}/")
            and isinstance(row, dict)
            and f"userPrincipalName eq '{row['userPrincipalName']}'" in query["$filter"]
        ]
        return listed(*kept)

    microsoft.graph[REPORT] = rows
