"""Microsoft Graph, as far as Teams apps are installed by it: the organisation's catalogue, people.

learn.microsoft.com/graph/api/: "appcatalogs-list-teamsapps" and "userteamwork-post-installedapps".
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.company.records import guid
from sandbox.entra.odata import GraphError
from sandbox.teams.people import TeamsPeople

INSTALL, CATALOGUE = "TeamsAppInstallation.ReadWriteSelfForUser.All", "AppCatalog.Read.All"
IN_CATALOGUE = guid("teams/catalogue/o365bot")
_EXTERNAL_ID = re.compile(r"externalId eq '([0-9a-f-]{36})'")


def install_routes(people: TeamsPeople) -> list[Route]:
    """The routes, which stand before those of the directory on the same host."""
    one = "/v1.0/users/{user}/teamwork/installedApps"
    return [
        Route("/v1.0/appCatalogs/teamsApps", partial(_guarded, people, _catalogue)),
        Route(one, partial(_guarded, people, _install), methods=["POST"]),
    ]


async def _guarded(
    people: TeamsPeople,
    answer: Callable[[TeamsPeople, set[str], Request], Awaitable[Response]],
    request: Request,
) -> Response:
    """The token must be the bot's own, for Graph."""
    service = people.service
    graph = service.company.addresses["graph"]
    try:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        key = service.company.login_key.private.public_key()
        claims = jwt.decode(token, key, algorithms=["RS256"], audience=graph)
        if claims["appid"] != service.app_id or claims["tid"] != service.tenant_id:
            raise jwt.InvalidTokenError("another application")
        if service.company.throttle_graph > 0:
            service.company.throttle_graph -= 1
            raise GraphError(429, "TooManyRequests", "Too many requests.", Retry_After="7")
        return await answer(people, set(claims.get("roles", ())), request)
    except (jwt.InvalidTokenError, KeyError):
        refused = GraphError(401, "InvalidAuthenticationToken", "Access token is not valid.")
    except GraphError as error:
        refused = error
    return JSONResponse(refused.body(service.company), refused.status, headers=refused.headers)


def _needs(permission: str, roles: set[str]) -> None:
    if permission not in roles:
        raise GraphError(
            403,
            "Forbidden",
            f"Missing role permissions on the request. API requires one of '{permission}'. "
            f"Roles on the request '{', '.join(sorted(roles))}'.",
        )


async def _catalogue(people: TeamsPeople, roles: set[str], request: Request) -> Response:
    _needs(CATALOGUE, roles)
    asked = _EXTERNAL_ID.fullmatch(request.query_params.get("$filter", ""))
    if asked is None:
        raise GraphError(400, "BadRequest", "Invalid filter clause.")
    service = people.service
    # What was uploaded: the manifest's id, which o365bot makes of the bot's.
    uploaded = str(uuid.uuid5(uuid.UUID(service.app_id), "o365bot"))
    found: list[dict[str, Any]] = []
    if service.in_catalogue and asked[1] == uploaded:
        name = {"id": IN_CATALOGUE, "externalId": uploaded, "displayName": "o365bot"}
        found.append(name | {"distributionMethod": "organization"})
    return JSONResponse({"value": found})


async def _install(people: TeamsPeople, roles: set[str], request: Request) -> Response:
    service = people.service
    _needs(INSTALL, roles)
    graph = service.company.addresses["graph"]
    bound = (await request.json()).get("teamsApp@odata.bind")
    if bound != f"{graph}/v1.0/appCatalogs/teamsApps/{IN_CATALOGUE}" or not service.in_catalogue:
        raise GraphError(404, "NotFound", "No app was found for this id.")
    person = service.find(request.path_params["user"])
    if person is None:
        raise GraphError(404, "NotFound", "User was not found.")
    if person.key in service.forbidden:
        raise GraphError(403, "Forbidden", "App is blocked by app permission policy.")
    if person.key in service.installed:
        raise GraphError(409, "Conflict", "App is already installed.")
    await people.install(person.key)
    return Response(status_code=201)
