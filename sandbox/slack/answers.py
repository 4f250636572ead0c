"""How the bot answers an interaction in the pretend Slack: in the body, or by a response URL.

Source: docs.slack.dev, "Handling user interaction". A response URL takes five answers within
thirty minutes; an answer is ephemeral unless it says `in_channel`, and new unless it says
`replace_original` or `delete_original`.
"""

from __future__ import annotations

import json
import time
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.chatlog import Conversation
from sandbox.slack import blocks as slack_blocks
from sandbox.slack.workspace import BOT_USER, RESPONSE_URL_USES, Workspace

Json = dict[str, Any]


class SlackError(Exception):
    """What Slack answers instead of ok; `details` go into the body beside `error`."""

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details


def required(args: Json, name: str) -> Any:
    """An argument that a method cannot go without. Raises SlackError."""
    value = args.get(name)
    if value in (None, ""):
        message = f"[ERROR] missing required field: {name}"
        raise SlackError("invalid_arguments", response_metadata={"messages": [message]})
    return value


def respond(workspace: Workspace, token: str, body: bytes) -> Response:
    """Carry out what was posted to a response URL."""
    url = workspace.response_urls.get(token)
    if url is None or time.time() > url.expires_at:
        return JSONResponse({"ok": False, "error": "expired_url"}, 404)
    if url.uses >= RESPONSE_URL_USES:
        return JSONResponse({"ok": False, "error": "used_url"}, 404)
    try:
        payload = json.loads(body)
        if not isinstance(payload, dict):
            raise SlackError("invalid_payload")
        answer(workspace, url.conversation, url.user, payload, url.message_id, url.command_id)
    except ValueError:
        return JSONResponse({"ok": False, "error": "invalid_payload"}, 400)
    except SlackError as error:
        return JSONResponse({"ok": False, "error": error.code, **error.details}, 400)
    url.uses += 1
    return PlainTextResponse("ok")


def answer(
    workspace: Workspace,
    conversation: Conversation,
    user: str,
    payload: Json,
    message_id: str | None = None,
    command_id: str | None = None,
) -> None:
    """Carry out an answer to an interaction: a new message, or a change of `message_id`.

    Raises SlackError when the blocks or the text are refused.
    """
    original = conversation.message(message_id) if message_id else None
    if payload.get("delete_original"):
        if original is not None:
            workspace.log.remove(conversation, original)
        return
    blocks = payload.get("blocks") or None
    if blocks:
        check(blocks, "message")
    text = str(payload.get("text") or "")
    if not text:
        raise SlackError("no_text")
    if payload.get("replace_original") and original is not None:
        workspace.edit(conversation, original, text, blocks)
        return
    in_channel = payload.get("response_type") == "in_channel"
    workspace.post(
        conversation,
        BOT_USER,
        text,
        blocks=blocks,
        thread=payload.get("thread_ts"),
        only_for=None if in_channel else user,
        answers=command_id,
        unfurl_links=flag(payload.get("unfurl_links"), False),
    )


def check_modal(view: Json) -> None:
    """Raise SlackError for a modal that Slack refuses."""
    if found := slack_blocks.modal_problems(view):
        raise SlackError("invalid_arguments", response_metadata={"messages": found})


def check(blocks: Any, surface: slack_blocks.Surface) -> None:
    """Raise SlackError for blocks that Slack refuses."""
    if blocks is ValueError:
        raise SlackError("invalid_blocks_format")
    found = slack_blocks.problems(blocks, surface)
    if found:
        raise SlackError(
            "invalid_blocks",
            errors=[message.removeprefix("[ERROR] ") for message in found],
            response_metadata={"messages": found},
        )
    if slack_blocks.text_length(blocks) > slack_blocks.MAX_TEXT_OF_ALL_BLOCKS:
        raise SlackError("msg_blocks_too_long")


def flag(value: Any, default: bool) -> bool:
    """A boolean argument, which JSON and forms spell differently."""
    return default if value is None else value in (True, 1, "1", "true", "True")
