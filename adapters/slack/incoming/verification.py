"""What is checked of a request from Slack before anything else sees it.

Only a request that passes is parsed, and only what was parsed here goes on to Bolt. Bolt would
parse before it verifies (a broken body or a timestamp like "x" ends in a 500), take a command for
an interaction when the word "payload" is anywhere in its body, and log the body of a forgery.

Signatures: docs.slack.dev/authentication/verifying-requests-from-slack.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from adapters.slack.incoming.reading import Malformed, served
from bot.domain.normalization import exact

Json = dict[str, Any]

MAX_BODY = 256 * 1024
"""Bytes; what Slack sends stays far below."""
MAX_AGE = 300
"""Seconds a request may lie in the past or the future."""
MAX_UNSIGNED = 4096
MAX_FIELDS = 100
BODY_SECONDS = 5.0
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_STAMPED, _SIGNED = "x-slack-request-timestamp", "x-slack-signature"
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


class Refused(Exception):
    """The request is not taken. `status` is 4xx; `reason` is plain and free of its content."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Accepted:
    """A genuine request of Slack's: `body` is what is to be served of it, None for nothing.

    `key` names it, the same when Slack sends it again. `challenge` is what Slack wants to hear back
    when it checks the address, None for all other requests.
    """

    body: Json | None = field(repr=False, default=None)
    key: str = ""
    challenge: str | None = None


async def accept(
    request: Request, signing_secret: str, body_seconds: float = BODY_SECONDS
) -> Accepted:
    """Check and parse the request, whose body has `body_seconds` to arrive. Raises Refused."""
    if request.method == "GET" and _is_ssl_check(request.url.query.encode()):
        return Accepted()
    if request.method != "POST":
        raise Refused(405, "Only POST is taken here.")
    content_type = exact(request.headers.get("content-type", "").partition(";")[0].strip())
    if content_type not in (_FORM, _JSON):
        raise Refused(415, "Expected a form or JSON.")
    if not any(request.headers.getlist(name) for name in (_STAMPED, _SIGNED)):
        # The one thing that Slack sends unsigned. It asks for nothing but an answer.
        if content_type == _FORM and _is_ssl_check(
            await _read(request, MAX_UNSIGNED, body_seconds)
        ):
            return Accepted()
        raise Refused(401, "The request is not signed.")
    timestamp = _only(request, _STAMPED, _TIMESTAMP)
    signature = _only(request, _SIGNED, _SIGNATURE)
    if abs(time.time() - int(timestamp)) > MAX_AGE:
        raise Refused(401, "The request is too old, or the clocks disagree.")
    body = await _read(request, MAX_BODY, body_seconds)
    if not hmac.compare_digest(sign(signing_secret, timestamp, body), signature):
        raise Refused(401, "The signature is wrong.")
    parsed = _parse(body, content_type)
    if parsed.get("type") == "url_verification":
        challenge = parsed.get("challenge")
        if not isinstance(challenge, str) or not challenge.isascii():
            raise Refused(400, "The challenge is none.")
        return Accepted(challenge=challenge)
    return opened(parsed, signature)


def opened(body: object, sign_of_it: str) -> Accepted:
    """What is to be served of a genuine body. Raises Refused.

    `sign_of_it` names a body that has no id of its own.
    """
    try:
        if isinstance(body, dict):
            return Accepted(served(body), _key(body, sign_of_it))
    except Malformed:
        pass
    raise Refused(400, "The body is not what Slack documents.")


def sign(signing_secret: str, timestamp: str, body: bytes) -> str:
    """Slack's signature of a body: HMAC-SHA256 of `v0:timestamp:body`."""
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(signing_secret.encode(), signed, hashlib.sha256).hexdigest()


def _only(request: Request, header: str, form: re.Pattern[str]) -> str:
    values = request.headers.getlist(header)
    if len(values) != 1 or not form.fullmatch(values[0]):
        raise Refused(401, f"The header {header} is missing or malformed.")
    return values[0]


async def _read(request: Request, most: int, seconds: float) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise Refused(413, "The request is too large.")
    except TimeoutError:
        raise Refused(408, "The request came too slowly.") from None
    except ClientDisconnect:
        raise Refused(400, "The request ended early.") from None
    return bytes(body)


def _parse(body: bytes, content_type: str) -> Json:
    try:
        text = body.decode()
        if content_type == _FORM:
            fields = dict(
                parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
            )
            # A command has its own fields, and any of them may speak of a payload.
            if "command" in fields or "payload" not in fields:
                return dict(fields)
            text = fields["payload"]
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not well-formed.") from None
    if not isinstance(parsed, dict):
        raise Refused(400, "The body is not what Slack documents.")
    return parsed


def _is_ssl_check(body: bytes) -> bool:
    """`ssl_check=1` and Slack's old token (docs.slack.dev, "Implementing slash commands").

    By POST; by GET as Slack's older pages had it.
    """
    try:
        fields = dict(parse_qsl(body.decode(), strict_parsing=True, max_num_fields=2))
    except ValueError:
        return False
    return fields.get("ssl_check") == "1" and fields.keys() <= {"ssl_check", "token"}


def _key(body: Json, sign_of_it: str) -> str:
    """Events are sent again with a new signature but the same `event_id`."""
    for name in ("event_id", "trigger_id"):
        if isinstance(value := body.get(name), str) and value.isprintable() and value:
            return f"slack:{name}:{value[:200]}"
    return f"slack:signature:{sign_of_it}"
