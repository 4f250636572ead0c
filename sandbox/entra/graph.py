"""The pretend Microsoft Graph host, v1.0: tokens, permissions, throttling and batches.

A token without the permission that a resource wants gets `Authorization_RequestDenied`; what can
be asked, and how, is in `sandbox.entra.rules`, what answers in `sandbox.entra.routes`.
"""

from __future__ import annotations

import urllib.parse
from collections import defaultdict, deque
from dataclasses import dataclass, field

import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.company.company import Company
from sandbox.company.records import EntraTenant, Reply
from sandbox.entra.odata import Call, GraphError, Json
from sandbox.entra.routes import ROUTES
from sandbox.entra.rules import Unsupported, resource_of
from sandbox.entra.tokens import Tokens, v1_issuer
from sandbox.keys import TIMELESS, check_times

BATCH_MOST = 20
REPORT_CALLS, REPORT_SECONDS = 5, 10.0


def graph_app(company: Company) -> Starlette:
    """The ASGI app of Microsoft Graph; its base URL is `company.addresses["graph"]`."""
    graph = Graph(company)
    return Starlette(
        routes=[
            Route("/v1.0/$batch", graph.batch, methods=["POST"]),
            Route("/v1.0/{path:path}", graph.single),
        ]
    )


@dataclass
class Graph:
    """Checks tokens and limits, finds the route, answers; singly or in a batch."""

    company: Company
    _reports: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    async def single(self, request: Request) -> Response:
        """`GET` of anything."""
        try:
            tenant, roles = self._caller(request)
            path = f"/{request.path_params['path']}"
            level = request.headers.get("consistencylevel", "")
            reply = self._answer(tenant, roles, path, dict(request.query_params), level)
        except GraphError as error:
            return JSONResponse(error.body(self.company), error.status, headers=error.headers)
        return response(reply)

    async def batch(self, request: Request) -> JSONResponse:
        """`POST /v1.0/$batch`: up to 20 requests, each with a status of its own."""
        try:
            tenant, roles = self._caller(request)
            requests = (await request.json()).get("requests", [])
            if not 1 <= len(requests) <= BATCH_MOST:
                raise GraphError(
                    400, "BadRequest", f"A batch has between 1 and {BATCH_MOST} requests."
                )
        except GraphError as error:
            return JSONResponse(error.body(self.company), error.status, headers=error.headers)
        # "The order of responses isn't guaranteed" ("Combine multiple HTTP requests").
        parts = [self._part(tenant, roles, part) for part in requests]
        return JSONResponse({"responses": parts[::-1]})

    def _part(self, tenant: EntraTenant, roles: set[str], part: Json) -> Json:
        url = urllib.parse.urlsplit(part["url"])
        path = urllib.parse.unquote(url.path)
        answer: Json = {"id": part["id"], "headers": {"Content-Type": "application/json"}}
        try:
            if part.get("method") != "GET":
                raise GraphError(405, "Request_BadRequest", "Only GET is pretended here.")
            told = {name.lower(): value for name, value in part.get("headers", {}).items()}
            query = dict(urllib.parse.parse_qsl(url.query))
            reply = self._answer(tenant, roles, path, query, told.get("consistencylevel", ""))
        except GraphError as error:
            answer["headers"].update(error.headers)
            return {**answer, "status": error.status, "body": error.body(self.company)}
        answer["headers"].update(reply.headers)
        return {**answer, "status": reply.status, "body": reply.body}

    def _caller(self, request: Request) -> tuple[EntraTenant, set[str]]:
        """The tenant and the application permissions of the bearer token."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            claims = jwt.decode(
                token if scheme == "Bearer" else "",
                self.company.login_key.private.public_key(),
                algorithms=["RS256"],
                audience=Tokens(self.company).graph_audiences(),
                options=TIMELESS,
            )
            check_times(claims, self.company.clock())
            tenant = self.company.tenants[claims["tid"]]
            if claims["iss"] != v1_issuer(tenant):
                raise jwt.InvalidIssuerError("another issuer")
        except (jwt.InvalidTokenError, KeyError) as error:
            raise GraphError(
                401, "InvalidAuthenticationToken", f"Access token validation failure: {error}"
            ) from error
        return tenant, set(claims.get("roles", ()))

    def _answer(
        self,
        tenant: EntraTenant,
        roles: set[str],
        path: str,
        query: dict[str, str],
        consistency: str,
    ) -> Reply:
        if self.company.throttle_graph > 0:
            self.company.throttle_graph -= 1
            raise _throttled(1)
        found = resource_of(path)
        if found is None:
            segment = path.split("/")[1]
            raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")
        resource, parts = found
        if not resource.is_opened_by(roles):
            raise GraphError(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )
        try:
            resource.check(query, eventual=consistency == "eventual")
        except Unsupported as error:
            raise GraphError(400, error.code, str(error)) from error
        if resource.report:
            self._count_report(tenant)
        instead = self.company.on_graph(tenant, path, query)
        if instead is not None:
            return instead
        call = Call(self.company, tenant, path, query, parts, frozenset(roles))
        return Reply(body=ROUTES[resource.path](call))

    def _count_report(self, tenant: EntraTenant) -> None:
        """Reports and audit logs: 5 calls in 10 seconds per app and tenant."""
        now, calls = self.company.clock(), self._reports[tenant.id]
        while calls and calls[0] <= now - REPORT_SECONDS:
            calls.popleft()
        if len(calls) >= REPORT_CALLS:
            raise _throttled(int(calls[0] + REPORT_SECONDS - now) + 1)
        calls.append(now)


def response(reply: Reply) -> Response:
    """What is sent of an answer."""
    if isinstance(reply.body, str | bytes):
        return Response(reply.body, reply.status, reply.headers)
    return JSONResponse(reply.body, reply.status, reply.headers)


def _throttled(seconds: int) -> GraphError:
    return GraphError(429, "TooManyRequests", "Too many requests.", Retry_After=str(seconds))
