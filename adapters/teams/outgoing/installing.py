"""The app installed for a person, through Microsoft Graph.

By the bot's own registration, which may install this one app and nothing else: Okta and Microsoft
are read by another, which changes nothing. "Install app for user" and "List teamsApp" (Microsoft
Graph v1.0); how people who have the app already are told is in the first.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import httpx
import jwt

from adapters.http.answers import Answer
from adapters.http.client import CloudClient, Retry
from adapters.teams.outgoing.tokens import BotToken
from bot.domain.normalization import exact
from bot.errors import (
    ChatError,
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    CloudError,
    CloudThrottled,
    PersonUnreachable,
)
from bot.ports.store.limits import Once
from bot.settings.sections.chat import TeamsSettings

INSTALL, CATALOGUE = "TeamsAppInstallation.ReadWriteSelfForUser.All", "AppCatalog.Read.All"
WELCOMED = timedelta(minutes=10)  # so long an installation is the same installation
CLOSED_FOR = 300.0
"""Seconds for which nobody is offered after what is wrong for everybody, such as a permission."""
_INSTALLED_ALREADY = 409
_UPLOAD = "Upload the package of `o365bot teams package` in the Teams admin center."


def app_id_of(bot_id: str) -> str:
    """The app's own id in its manifest. It follows from the bot's: it never changes."""
    return str(uuid.uuid5(uuid.UUID(bot_id), "o365bot"))


def welcome_key(who: str) -> str:
    """What is taken once by whoever writes to them first (`Once`), by object or conversation id."""
    return f"teams:welcome:{who}"


class Installer:
    """Installs the app, until something is wrong for everybody. `clock` gives monotonic seconds."""

    def __init__(
        self, app: OwnApp, once: Once, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._once = once
        self._clock = clock
        self._closed_until = float("-inf")

    @property
    def is_open(self) -> bool:
        """Whether anybody can be reached by it: nothing was wrong for everybody just now."""
        return self._clock() >= self._closed_until

    async def install(self, object_id: str) -> bool:
        """Install it for a person; False when they had it already.

        Raises PersonUnreachable when that cannot be, ChatThrottled, or ChatUnreachable. They are
        not welcomed: what it is installed for says why.
        """
        await self._once.first_time(welcome_key(exact(object_id)), WELCOMED)
        try:
            return await self._app.install(object_id)
        except ChatMisconfigured as error:
            self._closed_until = self._clock() + CLOSED_FOR
            raise PersonUnreachable(error.message, hint=error.hint) from error


class OwnApp:
    """This app at Microsoft Graph. `http` is for Microsoft's cloud. Its methods raise ChatError."""

    def __init__(self, settings: TeamsSettings, http: httpx.AsyncClient) -> None:
        self._external_id = app_id_of(settings.app_id)
        self._base = f"{settings.graph_url}/v1.0"
        self._token = BotToken(settings, http, audience=settings.graph_url)
        self._bearer = _Bearer(self._token)
        self._graph = CloudClient(
            http,
            self._base,
            where="Microsoft Graph",
            credentials=self._bearer,
            retry=Retry(attempts=1),
        )
        self._in_catalogue = ""

    async def install(self, object_id: str) -> bool:
        """Install it for a person; False when they had it already.

        Raises ChatMisconfigured for what is wrong for everybody.
        """
        app = await self.in_catalogue()
        path = f"/users/{quote(object_id, safe='')}/teamwork/installedApps"
        bound = {"teamsApp@odata.bind": f"{self._base}/appCatalogs/teamsApps/{quote(app, safe='')}"}
        answer = await self._call("POST", path, bound)
        if 200 <= answer.status < 300 or answer.status == _INSTALLED_ALREADY:
            return answer.status != _INSTALLED_ALREADY
        if answer.status == 403 and INSTALL not in await self.permissions():
            raise self._missing(INSTALL)
        if answer.status == 404:
            self._in_catalogue = ""  # it may have been uploaded anew
        raise _refused(answer)

    async def in_catalogue(self) -> str:
        """The app's id in the organisation's catalogue, which is kept.

        Raises ChatMisconfigured where it is not there, or may not be read.
        """
        if not self._in_catalogue:
            query = f"?$filter=externalId eq '{self._external_id}'"
            answer = await self._call("GET", f"/appCatalogs/teamsApps{query}")
            if answer.status == 403:
                raise self._missing(CATALOGUE)
            found = answer.body.get("value") if isinstance(answer.body, dict) else None
            first = found[0] if isinstance(found, list) and found else None
            named = first.get("id") if isinstance(first, dict) else None
            if not isinstance(named, str) or not named:
                raise ChatMisconfigured(
                    "The app is not in the organisation's Teams catalogue.", hint=_UPLOAD
                )
            self._in_catalogue = named
        return self._in_catalogue

    async def permissions(self) -> frozenset[str]:
        """Those of the bot's registration, as the token has them that was used last.

        Microsoft says that a client should not rely on what its access tokens hold ("Access tokens
        in the Microsoft identity platform"): here it only chooses what is said of a refusal.
        """
        try:
            claims = jwt.decode(await self._token.value(), options={"verify_signature": False})
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            return frozenset()
        roles = claims.get("roles")
        return frozenset(map(str, roles)) if isinstance(roles, list) else frozenset()

    def _missing(self, permission: str) -> ChatMisconfigured:
        self._bearer.forget()  # what is granted meanwhile stands in the next token
        return ChatMisconfigured(
            f"Microsoft Graph does not give the bot's registration {permission}.",
            hint=f"Grant it the application permission {permission}, with admin consent.",
        )

    async def _call(self, method: str, path: str, body: object = None) -> Answer:
        """The answer, refusals that say something among them."""
        accept = (400, 403, 404, _INSTALLED_ALREADY)
        try:
            if method == "GET":
                return await self._graph.get(path, accept=accept)
            return await self._graph.post(path, json=body, accept=accept)
        except CloudThrottled as error:
            raise ChatThrottled(error.message, retry_after=error.retry_after) from error
        except CloudError as error:
            raise ChatUnreachable(error.message, hint=error.hint, nothing_sent=True) from error


class _Bearer:
    """Puts the bot's token on each request, and a new one where it was refused."""

    def __init__(self, token: BotToken) -> None:
        self._token = token
        self._used = ""

    async def authorize(self, request: httpx.Request) -> None:
        self._used = await self._token.value()
        request.headers["Authorization"] = f"Bearer {self._used}"

    def renew(self, answer: Answer) -> bool:
        if answer.status == 401:
            self.forget()
        return answer.status == 401

    def forget(self) -> None:
        self._token.forget(self._used)


def _refused(answer: Answer) -> ChatError:
    told = answer.body.get("error") if isinstance(answer.body, dict) else None
    code = told.get("code") if isinstance(told, dict) else None
    says = {
        403: "An admin does not allow the app for this person.",
        404: "Microsoft Teams knows no such person, or gives them no apps.",
    }.get(answer.status, "The app cannot be installed for this person.")
    reason = f"{answer.status}, {code}" if isinstance(code, str) and code else str(answer.status)
    return PersonUnreachable(
        f"{says} ({reason})", hint="Look at the app's policies and at their licence for Teams."
    )
