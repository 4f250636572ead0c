"""The pretend Slack's Web API and response URLs, as an ASGI app.

Answers as slack.com does: HTTP 200 with `{"ok": false, "error": ...}` for what the caller did
wrong, HTTP 429 with `Retry-After` for too much. Source: docs.slack.dev/reference/methods.
Stricter than Slack in one thing: a message without top-level `text` is refused (`no_text`) even
when it has blocks, since its notification would be empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.chatlog import Conversation, Message
from sandbox.slack import groups, views
from sandbox.slack.answers import SlackError, check, flag, required, respond
from sandbox.slack.workspace import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    TEAM_ID,
    Workspace,
    message_object,
)

Json = dict[str, Any]

# Methods that read take form fields or a query; Slack ignores a JSON body sent to them.
_NO_JSON = {
    "users.lookupByEmail",
    "users.info",
    "bots.info",
    "conversations.info",
    "conversations.members",
    "usergroups.list",
    "usergroups.users.list",
    "conversations.history",
    "conversations.replies",
    "chat.getPermalink",
}
_JSON_FIELDS = ("blocks", "metadata", "view", "attachments")
MAX_MESSAGE = 40_000
MAX_UPDATE = 4_000


class RateLimited(Exception):
    """Too many messages in one channel; `seconds` to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def web_api(workspace: Workspace) -> Starlette:
    """The ASGI app for `/api/<method>` and for the response URLs."""
    methods = WebApi(workspace)

    async def call(request: Request) -> Response:
        method = request.path_params["method"]
        handler = methods.table.get(method)
        if handler is None and method != "apps.connections.open":
            return JSONResponse({"ok": False, "error": "unknown_method", "req_method": method})
        args = await _arguments(request, method)
        token = args.pop("token", None) or _bearer(request)
        if method == "apps.connections.open":
            return JSONResponse(_connection(workspace, token))
        if token != workspace.bot_token:
            error = "invalid_auth" if token else "not_authed"
            return JSONResponse({"ok": False, "error": error})
        try:
            groups.check_scope(workspace, method)
            answer = methods.table[method](args)
        except SlackError as error:
            return JSONResponse({"ok": False, "error": error.code, **error.details})
        except RateLimited as limited:
            return JSONResponse(
                {"ok": False, "error": "ratelimited"},
                429,
                {"Retry-After": str(limited.seconds)},
            )
        scopes = {"x-oauth-scopes": ",".join(workspace.scopes)}
        return JSONResponse({"ok": True, **answer}, headers=scopes)

    async def answer(request: Request) -> Response:
        return respond(workspace, request.path_params["token"], await request.body())

    return Starlette(
        routes=[
            Route("/api/{method}", call, methods=["GET", "POST"]),
            Route("/actions/{team}/{token}", answer, methods=["POST"]),
        ]
    )


def _connection(workspace: Workspace, token: str | None) -> Json:
    """An address for Socket Mode, for the app-level token alone."""
    socket = workspace.socket
    if socket is None:
        return {"ok": False, "error": "socket_mode_not_enabled"}
    if token != socket.app_token:
        return {"ok": False, "error": "not_allowed_token_type" if token else "not_authed"}
    return {"ok": True, "url": socket.new_address()}


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None


async def _arguments(request: Request, method: str) -> Json:
    """Query, form and JSON arguments as one; fields that carry JSON in a form are parsed."""
    args: Json = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json") and method not in _NO_JSON and body:
        args |= json.loads(body)
    elif kind.startswith("application/x-www-form-urlencoded"):
        args |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    for name in _JSON_FIELDS:
        if isinstance(args.get(name), str):
            try:
                args[name] = json.loads(args[name])
            except ValueError:
                args[name] = ValueError  # told apart from "not given" below
    return args


class WebApi:
    """The methods; each takes the arguments and returns the body without `ok`."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.table: dict[str, Callable[[Json], Json]] = {
            "auth.test": self.auth_test,
            "chat.postMessage": self.post_message,
            "chat.postEphemeral": self.post_ephemeral,
            "chat.update": self.update,
            "chat.delete": self.delete,
            "chat.getPermalink": self.permalink,
            "conversations.open": self.open,
            "conversations.info": self.info,
            "conversations.history": self.history,
            "conversations.replies": self.replies,
            "users.lookupByEmail": self.lookup_by_email,
            "users.info": self.user_info,
            "bots.info": self.bot_info,
            "usergroups.list": partial(groups.user_groups, workspace),
            "usergroups.users.list": partial(groups.users_of_group, workspace),
            "conversations.members": partial(groups.members_of_channel, workspace),
            "views.publish": partial(views.publish, workspace),
            "views.open": partial(views.open_modal, workspace),
            "pins.add": self.pin,
        }

    def auth_test(self, args: Json) -> Json:
        return {
            "url": f"{self.workspace.base_url}/",
            "team": "Contoso",
            "user": "o365bot",
            "team_id": TEAM_ID,
            "user_id": BOT_USER,
            "bot_id": BOT_ID,
            "is_enterprise_install": False,
        }

    # -- messages --------------------------------------------------------------------------

    def post_message(self, args: Json) -> Json:
        conversation = self._writable(required(args, "channel"))
        text, blocks = self._content(args, MAX_MESSAGE)
        self._count(conversation)
        thread = args.get("thread_ts")
        if thread is not None:
            root = conversation.message(str(thread))
            if root is None:
                raise SlackError("thread_not_found")
            thread = root.thread or root.id
        message = self.workspace.post(
            conversation,
            BOT_USER,
            text,
            blocks=blocks,
            thread=thread,
            metadata=_metadata(args),
            unfurl_links=flag(args.get("unfurl_links"), False),
            unfurl_media=flag(args.get("unfurl_media"), True),
        )
        return {
            "channel": conversation.id,
            "ts": message.id,
            "message": message_object(message, include_metadata=True),
        }

    def post_ephemeral(self, args: Json) -> Json:
        conversation = self._writable(required(args, "channel"))
        user = required(args, "user")
        if user not in conversation.who or user in self.workspace.deactivated:
            raise SlackError("user_not_in_channel")
        text, blocks = self._content(args, MAX_MESSAGE)
        self._count(conversation)
        message = self.workspace.post(conversation, BOT_USER, text, blocks=blocks, only_for=user)
        return {"message_ts": message.id}

    def update(self, args: Json) -> Json:
        conversation = self._readable(required(args, "channel"))
        message = self._message(conversation, required(args, "ts"))
        if message.author_id != BOT_USER:
            raise SlackError("cant_update_message")
        if "blocks" not in args:  # Slack keeps the blocks of an update that gives none
            args = args | {"blocks": message.blocks}
        text, blocks = self._content(args, MAX_UPDATE)
        message.metadata = _metadata(args) or message.metadata
        self.workspace.edit(conversation, message, text, blocks)
        return {
            "channel": conversation.id,
            "ts": message.id,
            "text": text,
            "message": message_object(message),
        }

    def delete(self, args: Json) -> Json:
        conversation = self._readable(required(args, "channel"))
        message = self._message(conversation, required(args, "ts"))
        if message.author_id != BOT_USER:
            raise SlackError("cant_delete_message")
        self.workspace.log.remove(conversation, message)
        return {"channel": conversation.id, "ts": message.id}

    def permalink(self, args: Json) -> Json:
        conversation = self._readable(required(args, "channel"))
        message = self._message(conversation, required(args, "message_ts"))
        path = f"archives/{conversation.id}/p{message.id.replace('.', '')}"
        return {"channel": conversation.id, "permalink": f"{self.workspace.base_url}/{path}"}

    def pin(self, args: Json) -> Json:
        conversation = self._readable(required(args, "channel"))
        message = self._message(conversation, required(args, "timestamp"))
        if message.id in conversation.pinned:
            raise SlackError("already_pinned")
        conversation.pinned.append(message.id)
        self.workspace.log.touch()
        return {}

    # -- conversations ---------------------------------------------------------------------

    def open(self, args: Json) -> Json:
        users = required(args, "users")
        wanted = users if isinstance(users, list) else str(users).split(",")
        for user in wanted:
            if self.workspace.person(user) is None:
                raise SlackError("user_not_found")
            if user in self.workspace.deactivated:
                raise SlackError("user_disabled")
            if user in self.workspace.unwritable:
                raise SlackError("user_not_visible")
        return {"channel": {"id": self.workspace.open_dm(*wanted).id}}

    def info(self, args: Json) -> Json:
        conversation = self._readable(required(args, "channel"), joined=False)
        channel: Json = {
            "id": conversation.id,
            "name": conversation.name,
            "is_channel": conversation.kind == "channel",
            "is_im": conversation.kind == "dm" and len(conversation.who) == 1,
            "is_mpim": conversation.kind == "dm" and len(conversation.who) > 1,
            "is_private": conversation.kind == "dm",
            "is_archived": conversation.id in self.workspace.archived,
            "is_member": conversation.kind == "dm" or conversation.id in self.workspace.joined,
        }
        if channel["is_im"]:
            channel["user"] = conversation.who[0]
        return {"channel": channel}

    def history(self, args: Json) -> Json:
        conversation = self._readable(required(args, "channel"))
        top = [m for m in conversation.messages if m.thread is None and m.only_for is None]
        return self._page(list(reversed(top)), args)

    def replies(self, args: Json) -> Json:
        conversation = self._readable(required(args, "channel"))
        root = conversation.message(required(args, "ts"))
        if root is None:
            raise SlackError("thread_not_found")
        thread = [m for m in conversation.messages if m.thread == root.id and m.only_for is None]
        return self._page([root, *thread], args)

    def _page(self, messages: list[Message], args: Json) -> Json:
        oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
        inclusive = flag(args.get("inclusive"), False)
        within = [
            m
            for m in messages
            if oldest < float(m.id) < latest or (inclusive and float(m.id) in (oldest, latest))
        ]
        start = int(args.get("cursor") or 0)
        end = start + int(args.get("limit") or 100)
        with_metadata = flag(args.get("include_all_metadata"), False)
        more = end < len(within)
        return {
            "messages": [
                message_object(m, include_metadata=with_metadata) for m in within[start:end]
            ],
            "has_more": more,
            "response_metadata": {"next_cursor": str(end) if more else ""},
        }

    # -- people ----------------------------------------------------------------------------

    def lookup_by_email(self, args: Json) -> Json:
        wanted = str(required(args, "email")).casefold()
        for found in self.workspace.people():
            same = found.person.email.casefold() == wanted
            if same and found.slack_id not in self.workspace.deactivated:
                return {"user": self.workspace.user_object(found.slack_id)}
        raise SlackError("users_not_found")

    def bot_info(self, args: Json) -> Json:
        if args.get("bot") != BOT_ID:
            raise SlackError("bot_not_found")
        bot = {"id": BOT_ID, "deleted": False, "name": "o365bot"}
        return {"bot": {**bot, "app_id": APP_ID, "user_id": BOT_USER}}

    def user_info(self, args: Json) -> Json:
        user = self.workspace.user_object(required(args, "user"))
        if user is None:
            raise SlackError("user_not_found")
        person = self.workspace.person(user["id"])
        if person is not None and args.get("include_locale") in (True, "true", "1", 1):
            user |= {"locale": person.language}
        return {"user": user}

    # -- what the methods share ------------------------------------------------------------

    def _readable(self, conversation_id: str, *, joined: bool = True) -> Conversation:
        conversation = self.workspace.conversation(conversation_id)
        if conversation is None:
            raise SlackError("channel_not_found")
        if joined and conversation.kind == "channel" and conversation.id not in self._joined:
            raise SlackError("not_in_channel")
        return conversation

    def _writable(self, channel: str) -> Conversation:
        person = self.workspace.person(channel)
        if person is not None:  # a user id in place of a channel means the direct conversation
            if channel in self.workspace.deactivated | self.workspace.unwritable:
                raise SlackError("channel_not_found")
            return self.workspace.open_dm(channel)
        conversation = self._readable(channel)
        if conversation.id in self.workspace.archived:
            raise SlackError("is_archived")
        return conversation

    @property
    def _joined(self) -> set[str]:
        return self.workspace.joined

    def _count(self, conversation: Conversation) -> None:
        seconds = self.workspace.limit.retry_after(conversation.id)
        if seconds is not None:
            raise RateLimited(seconds)

    def _message(self, conversation: Conversation, ts: str) -> Message:
        message = conversation.message(ts)
        if message is None or message.only_for is not None:  # an ephemeral has no ts to others
            raise SlackError("message_not_found")
        return message

    def _content(self, args: Json, max_text: int) -> tuple[str, list[Json] | None]:
        text, blocks = args.get("text"), args.get("blocks")
        if not isinstance(text, str) or not text.strip():
            raise SlackError("no_text")
        if len(text) > max_text:
            raise SlackError("msg_too_long")
        if blocks:
            check(blocks, "message")
        return text, blocks or None


def _metadata(args: Json) -> Json | None:
    metadata = args.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not {"event_type", "event_payload"} <= metadata.keys():
        raise SlackError("invalid_metadata_format")
    return metadata
