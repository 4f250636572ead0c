"""A small Microsoft on loopback: sign-in and Graph, strict about tokens, scripted in its answers.

    async with Microsoft() as microsoft:
        microsoft.reset(clock)
        microsoft.graph["/users"] = {"value": []}
        client = EntraClient(microsoft.settings(), clock, sleep=clock.sleep)

Graph answers by path: a dict is the body, a `Reply` any answer, a list one after the other (the
last one stays), a function is asked with the query. A path that is not scripted is 404. Parts of a
batch are answered as if they had come alone. What a resource does not allow to be asked, by
`sandbox.entra.rules`, is refused before any script.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import jwt
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.domain.inventory.apps import Tenant
from bot.settings.sections.clouds import EntraSettings
from sandbox.entra.rules import Unsupported, resource_of

TENANT_ID = "11111111-2222-4333-8444-555555555555"
CLIENT_ID = "99999999-8888-4777-8666-555555555555"
CLIENT_SECRET = "correct-horse-battery-staple"
TOKEN_SECONDS = 3600
START = datetime(2026, 11, 2, 9, tzinfo=UTC)

Query = dict[str, str]


class FakeClock:
    """A clock that moves only when somebody sleeps on it, or moves it."""

    def __init__(self) -> None:
        self.time = START
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Reply:
    """Any answer: `body` is JSON, or text as it is."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        if isinstance(self.body, str | bytes):
            return Response(self.body, self.status, headers=self.headers)
        return JSONResponse(self.body, self.status, headers=self.headers)


Script = dict[str, Any] | Reply | list[Any] | Callable[[Query], Any]


def graph_error(status: int, code: str, message: str = "") -> Reply:
    """An error object of Microsoft Graph."""
    return Reply(status, {"error": {"code": code, "message": message, "innerError": {}}})


DENIED = graph_error(403, "Authorization_RequestDenied", "Insufficient privileges.")


@dataclass
class Seen:
    """One read that reached Graph, alone or in a batch. `at` is by the test's clock."""

    path: str
    query: Query
    at: datetime
    in_batch: bool


class Microsoft:
    """The two hosts; an async context manager."""

    def __init__(self) -> None:
        self.reset(FakeClock())
        self.login_url = ""
        self.graph_url = ""
        self._stack = AsyncExitStack()

    def reset(self, clock: FakeClock) -> None:
        """Forget what was scripted and seen."""
        self.clock = clock
        self.graph: dict[str, Script] = {GROUP_ELIGIBLE: listed()}
        self.discovery: dict[str, Reply] = {}
        self.token_reply: Reply | None = None
        self.token_gate: asyncio.Event | None = None
        self.token_forms: list[dict[str, str]] = []
        self.discovered: list[str] = []
        self.seen: list[Seen] = []
        self.batches = 0
        self.tokens: set[str] = set()
        self.unauthorized = 0
        self._jtis: set[str] = set()

    async def __aenter__(self) -> Self:
        login = Starlette(
            routes=[
                Route("/{tenant}/v2.0/.well-known/openid-configuration", self._metadata),
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            ]
        )
        graph = Starlette(
            routes=[
                Route("/v1.0/$batch", self._batch, methods=["POST"]),
                Route("/v1.0/{path:path}", self._single),
            ]
        )
        self.login_url = await self._stack.enter_async_context(served(login))
        self.graph_url = await self._stack.enter_async_context(served(graph))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def settings(self, **more: Any) -> EntraSettings:
        """Settings that lead here, with the certificate unless a secret is given."""
        values: dict[str, Any] = {
            "client_id": CLIENT_ID,
            "login_url": self.login_url,
            "graph_url": self.graph_url,
        }
        if "client_secret" not in more:
            values["certificate"] = certificate()[0]
        return EntraSettings(**{**values, **more})

    def tenant(self, tenant_id: str = TENANT_ID) -> Tenant:
        """A tenant as `find_tenant` finds it."""
        return Tenant(tenant_id, "contoso.example", urlsplit(self.graph_url).netloc)

    def paths(self) -> list[str]:
        """What was read, in order."""
        return [seen.path for seen in self.seen]

    # -- sign-in -----------------------------------------------------------------------------

    async def _metadata(self, request: Request) -> Response:
        name = request.path_params["tenant"]
        self.discovered.append(name)
        if name in self.discovery:
            return self.discovery[name].response()
        if name not in ("contoso.example", TENANT_ID):
            return login_error(90002, "invalid_tenant").response()
        return JSONResponse(metadata(self.login_url, "graph.microsoft.com"))

    async def _token(self, request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        self.token_forms.append(form)
        if self.token_gate is not None:
            await self.token_gate.wait()
        if self.token_reply is not None:
            return self.token_reply.response()
        tenant = request.path_params["tenant"]
        if form.get("client_secret") != CLIENT_SECRET:
            self._check_assertion(form["client_assertion"], str(request.url))
        assert form["grant_type"] == "client_credentials"
        assert form["client_id"] == CLIENT_ID
        assert form["scope"] == f"{self.graph_url}/.default"
        token = f"token-{tenant}-{len(self.token_forms)}"
        self.tokens.add(token)
        return JSONResponse(
            {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "access_token": token}
        )

    def _check_assertion(self, assertion: str, address: str) -> None:
        """As "certificate credentials" has it; whatever is wrong fails the request with a 500."""
        pem, thumbprint = certificate()
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        header = jwt.get_unverified_header(assertion)
        assert header["alg"] == "PS256"
        assert header["x5t#S256"] == thumbprint
        claims = jwt.decode(
            assertion,
            key,
            algorithms=["PS256"],
            audience=address,
            issuer=CLIENT_ID,
            options={
                "require": ["aud", "iss", "sub", "jti", "nbf", "exp"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
        now = self.clock.now().timestamp()
        assert claims["sub"] == CLIENT_ID
        assert claims["nbf"] <= now < claims["exp"] <= claims["nbf"] + 600
        assert claims["jti"] not in self._jtis
        self._jtis.add(claims["jti"])

    # -- Graph -------------------------------------------------------------------------------

    async def _single(self, request: Request) -> Response:
        if not self._authorized(request):
            return graph_error(401, "InvalidAuthenticationToken").response()
        path = f"/{request.path_params['path']}"
        return self._answer(path, dict(request.query_params), in_batch=False).response()

    async def _batch(self, request: Request) -> Response:
        if not self._authorized(request):
            return graph_error(401, "InvalidAuthenticationToken").response()
        self.batches += 1
        parts = (await request.json())["requests"]
        assert 1 <= len(parts) <= 20
        responses = []
        for part in parts:
            url = urlsplit(part["url"])
            reply = self._answer(url.path, dict(parse_qsl(url.query)), in_batch=True)
            responses.append(
                {
                    "id": part["id"],
                    "status": reply.status,
                    "headers": reply.headers,
                    "body": reply.body,
                }
            )
        return JSONResponse({"responses": responses[::-1]})  # any order is allowed

    def _authorized(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bearer" and token in self.tokens:
            return True
        self.unauthorized += 1
        return False

    def _answer(self, path: str, query: Query, *, in_batch: bool) -> Reply:
        self.seen.append(Seen(path, query, self.clock.now(), in_batch))
        known = resource_of(path)
        if known is not None:
            try:
                known[0].check(query, eventual=False)
            except Unsupported as error:
                return graph_error(400, error.code, str(error))
        script = self.graph.get(path, graph_error(404, "Request_ResourceNotFound"))
        if isinstance(script, list):
            script = script.pop(0) if len(script) > 1 else script[0]
        if callable(script):
            script = script(query)
        return script if isinstance(script, Reply) else Reply(200, script)


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


@cache
def certificate() -> tuple[str, str]:
    """The bot's certificate with its key as one PEM, and the certificate's `x5t#S256`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "o365bot.example.com")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem = made.public_bytes(serialization.Encoding.PEM) + private
    digest = made.fingerprint(hashes.SHA256())
    return pem.decode(), base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class _Server(uvicorn.Server):
    """Leaves signals to the test run, and says when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """The app on a free port of loopback; yields its address."""
    # The protocol is named because asyncio switches Nagle's delay off for nothing else.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        server = _Server(
            uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        )
        running = asyncio.create_task(server.serve(sockets=[listener]))
        async with asyncio.timeout(10):
            await server.ready.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


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
