"""The pretend Okta: one ASGI app per org, with its API, its token endpoint and its admin page.

Paging, rate limits, scopes and errors are as the Okta Management API documents them
(developer.okta.com/docs/api). Only what is read by an inventory of Office 365 apps is here.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.company.company import Company
from sandbox.company.records import LogEvent, OktaApp, OktaOrg, OktaRole, OktaUser
from sandbox.http.filters import Predicate, parse
from sandbox.okta import shapes as shape
from sandbox.okta.errors import OktaError, RateLimiter, not_found
from sandbox.okta.pages import okta_page_routes
from sandbox.okta.rules import CLIENT_ROLES, RESOURCES, Resource
from sandbox.okta.sign_in import OktaSignIn

T = TypeVar("T")
Handler = Callable[[Request], Any]
LOG_RETENTION = timedelta(days=90)
LOG_OLDEST = timedelta(days=180)


def okta_app(company: Company, org_name: str) -> Starlette:
    """The ASGI app of one org; its base URL is `company.addresses["okta-<org_name>"]`."""
    org = company.org(org_name)
    api = OktaApi(company, org, OktaSignIn(company, org), RateLimiter(org, company.clock))

    handlers: dict[str, Handler] = {
        "/apps": api.apps,
        "/apps/{app_id}": api.app,
        "/apps/{app_id}/connections/default": api.connection,
        "/apps/{app_id}/features": api.features,
        "/iam/assignees/users": api.assignees,
        "/iam/roles/{role_id}/permissions": api.permissions,
        "/users/{user_id}": api.user,
        "/users/{user_id}/roles": api.roles,
        "/users/{user_id}/roles/{role_id}/targets": api.targets,
        "/users/{user_id}/roles/{role_id}/targets/catalog/apps": api.catalog_targets,
        "/groups/{group_id}/roles/{role_id}/targets/catalog/apps": api.group_targets,
        "/groups/{group_id}": api.group,
        "/groups/{group_id}/users": api.group_users,
        "/logs": api.logs,
    }
    return Starlette(
        routes=[
            Route("/.well-known/okta-organization", api.organization),
            Route("/oauth2/v1/token", api.token, methods=["POST"]),
            *(
                Route(f"/api/v1{one.path}", partial(api.serve, one, handlers[one.path]))
                for one in RESOURCES
            ),
            Route(CLIENT_ROLES.path, partial(api.serve, CLIENT_ROLES, api.client_roles)),
            *okta_page_routes(company, org),
        ]
    )


@dataclass
class OktaApi:
    """The handlers of one org. Each returns what is to be sent as JSON, or raises `OktaError`."""

    company: Company
    org: OktaOrg
    sign_in: OktaSignIn
    limiter: RateLimiter
    running: int = 0

    @property
    def base(self) -> str:
        """The org's base URL."""
        return self.sign_in.base

    async def serve(self, resource: Resource, handler: Handler, request: Request) -> Response:
        """Count the call, check its token and its query, answer it.

        The limit's headers go on every answer; of a refusal for too many calls at once, the reset
        is a suggestion only.
        """
        headers: dict[str, str] = {}
        self.running += 1
        try:
            if self.running > self.org.concurrency:
                raise OktaError(429, "E0000047", headers=self.limiter.at_once())
            headers = self.limiter.count(request.url.path, self.sign_in.client_of(request))
            self.sign_in.check(request, resource.scope)
            resource.check(request.query_params)
            if (instead := self.company.on_okta(request)) is not None:
                return instead
            request.state.resource = resource
            body = handler(request)
            response = body if isinstance(body, Response) else JSONResponse(body)
        except OktaError as error:
            response = error.response()
        finally:
            self.running -= 1
        for name, value in headers.items():
            response.headers[name] = value
        return response

    async def token(self, request: Request) -> Response:
        """`POST /oauth2/v1/token`, which has a rate limit as well."""
        try:
            headers = self.limiter.count(request.url.path, self.org.client_id)
        except OktaError as error:
            return error.response()
        response = await self.sign_in.token(request)
        response.headers.update(headers)
        return response

    def organization(self, request: Request) -> Response:
        """`GET /.well-known/okta-organization`, which needs no token."""
        return self.company.on_okta(request) or JSONResponse(
            {
                "id": self.org.org_id,
                "_links": {"organization": {"href": self.base}},
                "pipeline": "idx",
                "settings": {"analyticsCollectionEnabled": False, "bugReportingEnabled": True},
            }
        )

    def apps(self, request: Request) -> Response:
        """`GET /api/v1/apps`, in pages that the `Link` headers lead through."""
        query = request.query_params
        keep = _filter(query.get("filter"))
        shown = [
            app
            for app in self.org.apps
            if (app.status == "ACTIVE" or query.get("includeNonDeleted") == "true")
            and app.label.lower().startswith(query.get("q", "").lower())
            and keep(partial(_app_lookup, app))
        ]
        page, after = self._page(request, shown, lambda app: app.id)
        return self._linked(request, [shape.app_json(self.base, self.org, a) for a in page], after)

    def app(self, request: Request) -> Any:
        """`GET /api/v1/apps/{appId}`."""
        return shape.app_json(self.base, self.org, self._readable(request))

    def connection(self, request: Request) -> Any:
        """`GET /api/v1/apps/{appId}/connections/default`."""
        login = self.company.addresses["login"]
        return shape.connection_json(self.base, login, self._readable(request))

    def features(self, request: Request) -> Any:
        """`GET /api/v1/apps/{appId}/features`: an error while provisioning is off."""
        app = self._readable(request)
        if app.connection_status != "ENABLED":
            raise OktaError(
                400,
                "E0000001",
                "Api validation failed: feature",
                "Provisioning is not supported.",
            )
        return shape.features_json(self.base, app)

    def assignees(self, request: Request) -> Any:
        """`GET /api/v1/iam/assignees/users`: here the next page stands in the body."""
        self._check_reads_roles()
        page, after = self._page(request, self.org.users, lambda user: user.id)
        answer: dict[str, Any] = {
            "value": [shape.assignee_json(self.base, self.org, user) for user in page],
            "_links": {},
        }
        if after is not None:
            answer["_links"]["next"] = {"href": self._url(request, after=after)}
        return answer

    def user(self, request: Request) -> Any:
        """`GET /api/v1/users/{idOrLogin}`."""
        return shape.user_json(self.base, self._user(request))

    def roles(self, request: Request) -> Any:
        """`GET /api/v1/users/{userId}/roles`, with `expand=targets/catalog/apps`."""
        self._check_reads_roles()
        user = self._user(request)
        expand = request.query_params.get("expand") == "targets/catalog/apps"
        return [shape.role_json(self.base, self.org, user, role, expand) for role in user.roles]

    def client_roles(self, request: Request) -> Any:
        """`GET /oauth2/v1/clients/{clientId}/roles`."""
        self._check_reads_roles()
        if request.path_params["client_id"] != self.org.client_id:
            raise not_found(request.path_params["client_id"], "PublicClientApp")
        return [shape.client_role_json(kind, label) for kind, label in self.org.bot_roles]

    def permissions(self, request: Request) -> Any:
        """`GET /api/v1/iam/roles/{roleIdOrLabel}/permissions`, of custom roles."""
        self._check_reads_roles()
        wanted = request.path_params["role_id"]
        for role in (role for user in self.org.users for role in user.roles):
            if role.type == "CUSTOM" and wanted in (shape.custom_role_id(role), role.label):
                return shape.permissions_json(role)
        raise not_found(wanted, "Role")

    def targets(self, request: Request) -> Any:
        """`GET …/roles/{roleId}/targets?assignmentType=`: empty means that all apps are meant."""
        role = self._role(request)
        wanted = request.query_params.get("assignmentType")
        if wanted not in (None, "GROUP" if role.group_id else "USER"):
            raise not_found(request.path_params["role_id"], "RoleAssignment")
        return [shape.target_json(self.org, role, target) for target in role.targets]

    def catalog_targets(self, request: Request) -> Any:
        """`GET …/roles/{roleId}/targets/catalog/apps`."""
        role = self._role(request)
        return self._targets(request, role)

    def group_targets(self, request: Request) -> Any:
        """`GET /groups/{groupId}/roles/{roleId}/targets/catalog/apps`."""
        self._check_reads_roles()
        group_id, role_id = (request.path_params[name] for name in ("group_id", "role_id"))
        for user in self.org.users:
            for role in user.roles:
                if (role.group_id, shape.role_id(user, role)) == (group_id, role_id):
                    return self._targets(request, role)
        raise not_found(role_id, "RoleAssignment")

    def _targets(self, request: Request, role: OktaRole) -> Any:
        page, after = self._page(request, role.targets, lambda target: target)
        found = [shape.catalog_app_json(self.base, self.org, target) for target in page]
        return self._linked(request, found, after)

    def group(self, request: Request) -> Any:
        """`GET /api/v1/groups/{groupId}`."""
        wanted = request.path_params["group_id"]
        for group in self.org.groups:
            if group.id == wanted:
                return shape.group_json(self.base, group)
        raise not_found(wanted, "UserGroup")

    def group_users(self, request: Request) -> Response:
        """`GET /api/v1/groups/{groupId}/users`."""
        wanted = request.path_params["group_id"]
        for group in self.org.groups:
            if group.id == wanted:
                members = [user for user in self.org.users if user.id in group.member_ids]
                page, after = self._page(request, members, lambda user: user.id)
                found = [shape.user_json(self.base, user) for user in page]
                return self._linked(request, found, after)
        raise not_found(wanted, "UserGroup")

    def logs(self, request: Request) -> Response:
        """`GET /api/v1/logs`. A poll (ascending, no `until`) always has a `next` to come back to.

        The cursor is a place in the order of arrival, so nothing that arrives later is missed.
        """
        query = request.query_params
        polling = "until" not in query and query.get("sortOrder", "ASCENDING") == "ASCENDING"
        now = self.company.now()
        since = _instant(query["since"]) if "since" in query else now - timedelta(days=7)
        if since < now - LOG_OLDEST:
            raise OktaError(
                400,
                "E0000053",
                "Invalid parameter: The since parameter is over 180 days prior to the current day.",
            )
        since = max(since, now - LOG_RETENTION)
        until = _instant(query["until"]) if "until" in query else datetime.max.replace(tzinfo=UTC)
        keep = _filter(query.get("filter"))
        cursor = query.get("after")
        order = list(enumerate(self.org.log, start=1))
        if query.get("sortOrder") == "DESCENDING":
            order = [entry for entry in reversed(order) if not cursor or entry[0] < _place(cursor)]
        elif cursor:
            order = [entry for entry in order if entry[0] > _place(cursor)]
        wanted = [
            (place, event)
            for place, event in order
            # A cursor stands for the `since` of the query that it came from.
            if event.published < until
            and (cursor or event.published >= since)
            and keep(partial(shape.log_event_lookup, event))
            and _mentions(event, query.get("q", ""))
        ]
        page = wanted[: request.state.resource.rows(query)]
        after = None
        if len(page) < len(wanted):
            after = str(page[-1][0]) if page else cursor
        elif polling:
            after = str(len(self.org.log))
        return self._linked(request, [shape.log_event_json(event) for _, event in page], after)

    # -- shared by the handlers ------------------------------------------------------------

    def _readable(self, request: Request) -> OktaApp:
        wanted = request.path_params["app_id"]
        try:
            app = self.org.app(wanted)
        except KeyError:
            raise not_found(wanted, "AppInstance") from None
        if not app.readable:
            raise OktaError(403, "E0000006")
        return app

    def _user(self, request: Request) -> OktaUser:
        wanted = request.path_params["user_id"]
        for user in self.org.users:
            if wanted in (user.id, user.login):
                return user
        raise not_found(wanted, "User")

    def _role(self, request: Request) -> OktaRole:
        self._check_reads_roles()
        user = self._user(request)
        for role in user.roles:
            if shape.role_id(user, role) == request.path_params["role_id"]:
                return role
        raise not_found(request.path_params["role_id"], "RoleAssignment")

    def _check_reads_roles(self) -> None:
        if not self.org.reads_roles:
            raise OktaError(403, "E0000006")

    def _page(
        self,
        request: Request,
        rows: Sequence[T],
        key: Callable[[T], str],
    ) -> tuple[Sequence[T], str | None]:
        """The rows after the cursor, and the cursor of the next page if there is one."""
        cursor = request.query_params.get("after")
        start = 0
        if cursor:
            keys = [key(row) for row in rows]
            if cursor not in keys:
                raise OktaError(400, "E0000001", "Api validation failed: after")
            start = keys.index(cursor) + 1
        most = request.state.resource.rows(request.query_params)
        end = start + min(most, self.org.page_cap)
        return rows[start:end], key(rows[end - 1]) if end < len(rows) else None

    def _linked(self, request: Request, rows: list[Any], after: str | None) -> JSONResponse:
        response = JSONResponse(rows)
        response.headers.append("link", f'<{self._url(request)}>; rel="self"')
        if after is not None:
            response.headers.append("link", f'<{self._url(request, after=after)}>; rel="next"')
        return response

    def _url(self, request: Request, **changes: str) -> str:
        query = urllib.parse.urlencode({**request.query_params, **changes})
        return f"{self.base}{request.url.path}{'?' + query if query else ''}"


def _filter(text: str | None) -> Predicate:
    return parse(text) if text else lambda _: True  # its resource has checked it


def _place(cursor: str) -> int:
    if not cursor.isdecimal():
        raise OktaError(400, "E0000001", "Api validation failed: after")
    return int(cursor)


def _mentions(event: LogEvent, words: str) -> bool:
    text = f"{event.message} {event.event_type} {event.target_id} {event.reason}".lower()
    return all(word in text for word in words.lower().split())


def _app_lookup(app: OktaApp, name: str) -> list[object]:
    fields: dict[str, object] = {"id": app.id, "status": app.status, "name": "office365"}
    return [fields[name]] if name in fields else []


def _instant(text: str) -> datetime:
    """A time of a query. Raises `OktaError` for one without a zone, as Okta wants one."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = datetime.min
    if at.tzinfo is None:
        raise OktaError(400, "E0000001", "Api validation failed: since or until")
    return at
