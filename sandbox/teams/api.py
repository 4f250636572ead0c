"""The pretend Teams over HTTP: Bot Framework metadata, the bot's token endpoint, the connector API.

Three hosts in reality, so three route tables here. Error shapes: learn.microsoft.com, "Build
conversational capability" of the Teams platform documentation, "Status codes from bot
conversational APIs".
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.chatlog import Conversation, Message
from sandbox.company.company import utc_now
from sandbox.teams import cards as teams_cards
from sandbox.teams.service import SERVICE_PATH, TeamsService

Json = dict[str, Any]

ISSUER = "https://api.botframework.com"
MAX_ACTIVITY_BYTES = 100 * 1024  # counted as UTF-16, as Teams counts


class TeamsError(Exception):
    """What the connector answers instead: an HTTP status and the body of the error."""

    def __init__(self, status: int, code: str, message: str, body: Json | None = None) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.body = body or {"error": {"code": code, "message": message}}
        self.headers: dict[str, str] = {}


# -- the Bot Framework's metadata host -----------------------------------------------------


def metadata_app(service: TeamsService, base_url: Callable[[], str]) -> Starlette:
    """What login.botframework.com publishes: where the keys are, and the keys."""

    async def configuration(request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": ISSUER,
                "authorization_endpoint": "https://invalid.botframework.com",
                "jwks_uri": f"{base_url()}/v1/.well-known/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            }
        )

    async def keys(request: Request) -> Response:
        jwk = service.channel_key.public_jwk(endorsements=["msteams"])
        return JSONResponse({"keys": [jwk]})

    return Starlette(
        routes=[
            Route("/v1/.well-known/openidconfiguration", configuration),
            Route("/v1/.well-known/keys", keys),
        ]
    )


# -- the login host, for the bot's own tokens ----------------------------------------------


def bot_login_app(service: TeamsService) -> Starlette:
    """The token endpoint of the bot's registration, on a host of its own."""
    return Starlette(routes=login_routes(service))


def login_routes(service: TeamsService) -> list[Route]:
    """`POST /{tenant}/oauth2/v2.0/token` for the connector's scope, or Microsoft Graph's."""
    return [Route("/{tenant}/oauth2/v2.0/token", partial(_token, service), methods=["POST"])]


async def _token(service: TeamsService, request: Request) -> Response:
    form = dict(parse_qsl((await request.body()).decode()))
    tenant = request.path_params["tenant"]
    if tenant not in (service.tenant_id, "botframework.com"):
        return _refused(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
    if form.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type", 70003, "The grant type is not supported.")
    if form.get("client_id") != service.app_id:
        return _refused(400, "unauthorized_client", 700016, "Application not found.")
    if form.get("client_secret") != service.app_password:
        return _refused(401, "invalid_client", 7000215, "Invalid client secret provided.")
    audience = str(form.get("scope", "")).removesuffix("/.default")
    graph = service.company.addresses.get("graph")
    if audience not in (ISSUER, graph):
        return _refused(400, "invalid_scope", 70011, "The provided value for scope is not valid.")
    now = int(time.time())
    token = service.company.login_key.sign(
        {
            "aud": audience,
            **({"roles": sorted(service.graph_roles)} if audience == graph else {}),
            "iss": f"https://sts.windows.net/{tenant}/",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "appid": service.app_id,
            "tid": tenant,
            "ver": "1.0",
        }
    )
    return JSONResponse(
        {
            "token_type": "Bearer",
            "expires_in": 3599,
            "ext_expires_in": 3599,
            "access_token": token,
        }
    )


def _refused(status: int, error: str, number: int, words: str) -> Response:
    trace = str(uuid.uuid4())
    stamp = utc_now().strftime("%Y-%m-%d %H:%M:%SZ")
    return JSONResponse(
        {
            "error": error,
            "error_description": f"AADSTS{number}: {words} Trace ID: {trace} Timestamp: {stamp}",
            "error_codes": [number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": str(uuid.uuid4()),
        },
        status,
    )


def _targeted(request: Request, activity: Json) -> str | None:
    """Whom alone a message is for (Microsoft Learn, "Targeted messages"); None: everybody."""
    if request.query_params.get("isTargetedActivity") != "true":
        return None
    recipient = (activity.get("recipient") or {}).get("id")
    if not isinstance(recipient, str) or not recipient:
        raise TeamsError(400, "BadArgument", "A targeted message needs its recipient")
    return recipient


# -- the connector -------------------------------------------------------------------------


def connector_app(service: TeamsService) -> Starlette:
    """The connector API, with and without the region in its path."""
    connector = Connector(service)
    one = "/v3/conversations/{conversation}"
    table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("POST", "/v3/conversations", connector.create),
        ("POST", f"{one}/activities", connector.send),
        ("POST", f"{one}/activities/{{activity}}", connector.reply),
        ("PUT", f"{one}/activities/{{activity}}", connector.update),
        ("DELETE", f"{one}/activities/{{activity}}", connector.delete),
        ("GET", f"{one}/members/{{member}}", connector.member),
        ("GET", f"{one}/pagedmembers", connector.paged_members),
    ]
    return Starlette(
        routes=[
            Route(prefix + path, partial(_guarded, service, handler), methods=[method])
            for prefix in ("", SERVICE_PATH)
            for method, path, handler in table
        ]
    )


async def _guarded(
    service: TeamsService, handler: Callable[[Request], Awaitable[Response]], request: Request
) -> Response:
    """Check the bearer token, then turn TeamsError into its response."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise jwt.InvalidTokenError("no bearer token")
        jwt.decode(
            token,
            service.company.login_key.private.public_key(),
            algorithms=["RS256"],
            audience=ISSUER,
            options={"require": ["exp", "aud"]},
        )
    except jwt.InvalidTokenError:
        # This one body has no "error" member in reality either.
        return JSONResponse({"message": "Authorization has been denied for this request."}, 401)
    try:
        return await handler(request)
    except TeamsError as error:
        return JSONResponse(error.body, error.status, error.headers)


class Connector:
    """What the bot can do: open conversations, write, change, delete, look people up."""

    def __init__(self, service: TeamsService) -> None:
        self.service = service

    async def create(self, request: Request) -> Response:
        """A 1:1 conversation with one member, or a new thread in a channel."""
        body = await _body(request)
        data = body.get("channelData") or {}
        if body.get("isGroup"):
            return self._create_thread(body, str((data.get("channel") or {}).get("id")))
        tenant = body.get("tenantId") or (data.get("tenant") or {}).get("id")
        if tenant != self.service.tenant_id:
            raise TeamsError(403, "Forbidden", "The tenant id is missing or not the bot's tenant")
        members = body.get("members")
        if not isinstance(members, list) or len(members) != 1:
            raise TeamsError(400, "BadSyntax", "Exactly one member is needed for a 1:1 chat")
        person = self.service.find(str(members[0].get("id", "")))
        if person is None or person.key not in self.service.installed:
            raise TeamsError(
                403, "ForbiddenOperationException", "Bot is not installed in user's personal scope"
            )
        conversation = self.service.open_dm(person)
        answer: Json = {"id": conversation.id, "serviceUrl": self.service.service_url}
        if isinstance(body.get("activity"), dict):
            self._may_write(conversation)
            answer["activityId"] = self._post(conversation, body["activity"], None).id
        return JSONResponse(answer, 201)

    def _create_thread(self, body: Json, channel_id: str) -> Response:
        conversation, _ = self.service.conversation(channel_id)
        if conversation is None or conversation.kind != "channel":
            raise TeamsError(404, "ConversationNotFound", "Conversation not found.")
        if not isinstance(body.get("activity"), dict):
            raise TeamsError(400, "BadSyntax", "Incorrect conversation creation parameters")
        self._count(conversation.id)
        message = self._post(conversation, body["activity"], None)
        answer = {
            "id": f"{conversation.id};messageid={message.id}",
            "activityId": message.id,
            "serviceUrl": self.service.service_url,
        }
        return JSONResponse(answer, 201)

    async def send(self, request: Request) -> Response:
        """A message at the end of the conversation or thread."""
        activity = await _body(request)
        conversation, thread = self._conversation(request)
        return self._send(request, conversation, activity, thread)

    async def reply(self, request: Request) -> Response:
        """A reply to one message; an unknown one counts as a plain send, as it does in Teams."""
        activity = await _body(request)
        conversation, thread = self._conversation(request)
        answered = conversation.message(request.path_params["activity"])
        if thread is None and answered is not None and conversation.kind == "channel":
            thread = answered.thread or answered.id
        return self._send(request, conversation, activity, thread, answered.id if answered else "")

    def _send(
        self,
        request: Request,
        conversation: Conversation,
        activity: Json,
        thread: str | None,
        answers: str = "",
    ) -> Response:
        only_for = _targeted(request, activity)
        self._count(f"{conversation.id};{thread or ''}")
        self._may_write(conversation)
        if activity.get("type") != "message":  # typing and the like leave nothing behind
            return JSONResponse({"id": self.service.next_id()}, 202)
        message = self._post(conversation, activity, thread)
        message.only_for, message.answers = only_for, answers or None
        return JSONResponse({"id": message.id}, 201)

    async def update(self, request: Request) -> Response:
        """Change a message of the bot in place, for everybody."""
        activity = await _body(request)
        conversation, message = self._own_message(request)
        self._count(conversation.id)
        text, card = _content(activity)
        message.text, message.card = text, card
        message.views.clear()
        message.edited_at = self.service.company.now()
        self.service.log.touch()
        return JSONResponse({"id": message.id})

    async def delete(self, request: Request) -> Response:
        """Take a message of the bot away."""
        conversation, message = self._own_message(request)
        self.service.log.remove(conversation, message)
        return Response(status_code=200)

    async def member(self, request: Request) -> Response:
        """One member of the conversation."""
        conversation, _ = self._conversation(request)
        person = self.service.find(request.path_params["member"])
        if person is None or self.service.user_id(person) not in conversation.who:
            raise TeamsError(
                404, "MemberNotFoundInConversation", "Member not found in conversation."
            )
        return JSONResponse(self.service.account(person))

    async def paged_members(self, request: Request) -> Response:
        """The members, page by page."""
        conversation, _ = self._conversation(request)
        members = [p for p in self.service.people() if self.service.user_id(p) in conversation.who]
        start = int(request.query_params.get("continuationToken") or 0)
        end = start + int(request.query_params.get("pageSize") or 200)
        page: Json = {"members": [self.service.account(p) for p in members[start:end]]}
        if end < len(members):
            page["continuationToken"] = str(end)
        return JSONResponse(page)

    # -- what they share -------------------------------------------------------------------

    def _conversation(self, request: Request) -> tuple[Conversation, str | None]:
        conversation, thread = self.service.conversation(request.path_params["conversation"])
        if conversation is None:
            raise TeamsError(404, "ConversationNotFound", "Conversation not found.")
        if conversation.id in self.service.left:
            raise TeamsError(
                403, "BotNotInConversationRoster", "The bot is not part of the conversation roster."
            )
        return conversation, thread

    def _own_message(self, request: Request) -> tuple[Conversation, Message]:
        conversation, _ = self._conversation(request)
        message = conversation.message(request.path_params["activity"])
        if message is None and request.path_params["activity"] in conversation.deleted:
            # github.com/microsoft/BotFramework-Services/issues/269
            raise TeamsError(403, "ServiceError", "Unknown")
        if message is None or not message.from_bot:
            raise TeamsError(404, "ActivityNotFoundInConversation", "Activity not found.")
        return conversation, message

    def _count(self, key: str) -> None:
        seconds = self.service.limit.retry_after(key)
        if seconds is not None:
            error = TeamsError(429, "Throttled", "API calls quota exceeded.")
            error.headers["Retry-After"] = str(seconds)
            raise error

    def _may_write(self, conversation: Conversation) -> None:
        if conversation.kind != "dm" or len(conversation.who) > 1:
            return
        person = self.service.find(conversation.who[0])
        assert person is not None, "a direct conversation has a person"
        if person.key in self.service.blocked:
            details = {"subCode": "MessageWritesBlocked", "details": "Thread is not writable"}
            body = {"errorCode": 209, "message": json.dumps(details, indent=2)}
            raise TeamsError(403, "MessageWritesBlocked", "", body)
        if person.key not in self.service.installed:
            raise TeamsError(
                403,
                "BotNotInConversationRoster",
                "The bot is not part of the conversation roster.",
            )

    def _post(self, conversation: Conversation, activity: Json, thread: str | None) -> Message:
        text, card = _content(activity)
        return self.service.post(conversation, None, text, card=card, thread=thread)


async def _body(request: Request) -> Json:
    """The JSON body; TeamsError for one that is none, or that is too big."""
    raw = (await request.body()).decode()
    if len(raw.encode("utf-16-le")) > MAX_ACTIVITY_BYTES:
        raise TeamsError(413, "MessageSizeTooBig", "Message size too large.")
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise TeamsError(400, "BadSyntax", "Activity is malformed.")
    return body


def _content(activity: Json) -> tuple[str, Json | None]:
    """(text, card) of a message activity; TeamsError when Teams would refuse it."""
    text = str(activity.get("text") or "")
    card: Json | None = None
    for attachment in activity.get("attachments") or []:
        if attachment.get("contentType") == teams_cards.CONTENT_TYPE:
            card = attachment.get("content")
            found = teams_cards.problems(card)
            if found:
                raise TeamsError(400, "BadSyntax", "; ".join(found))
    if not text and card is None:
        raise TeamsError(400, "BadSyntax", "Activity must contain text or attachments.")
    if card is not None and not text:
        text = str(activity.get("summary") or "")
    return text, card
