"""One call to Slack: the client it goes through, and what its errors are called here.

Nothing is sent again by itself: `chat.postMessage` knows no idempotency key, so after a dropped
connection only the caller can tell whether a second message would do harm.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.http.counts import Api, counted
from adapters.http.unknown_outcome import IDLE_SECONDS
from adapters.slack.outgoing.answers import UnexpectedAnswer, lenient
from adapters.slack.outgoing.refusals import CODES, HALF_DONE, UNTOLD, scope_missing
from bot.domain.refusals import Refusal, Scope
from bot.errors import (
    ChatError,
    ChatRefused,
    ChatThrottled,
    ChatUnreachable,
    MessageGone,
    refused,
)
from bot.settings.sections.chat import SlackSettings

SECONDS_PER_CALL = 10.0
WAIT_WHEN_UNTOLD = 30.0
"""Seconds to wait after a rate limit that names no time."""
LONGEST_WAIT = 3600.0
_PROXY = "Is a proxy between?"
_CODE = re.compile(r"\w{1,80}")

quiet = logging.getLogger("o365bot.slack")
"""For the SDK: at DEBUG it would log whole messages, and personal links are in some of them."""
quiet.setLevel(logging.WARNING)

_RATE_LIMITS: Mapping[str, float | None] = {
    "ratelimited": None,
    "rate_limited": None,
    "message_limit_exceeded": LONGEST_WAIT,  # the workspace's own quota
}


class Redirected(aiohttp.ClientError):
    """An API of Slack's redirects nowhere; what was sent may hold a personal link."""


async def _stay(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    with counted(Api.SLACK) as sent:
        response = await handler(request)
        sent.status = response.status
    if 300 <= response.status < 400:
        response.close()
        raise Redirected
    return response


@asynccontextmanager
async def open_web(
    settings: SlackSettings, seconds: float = SECONDS_PER_CALL
) -> AsyncIterator[AsyncWebClient]:
    """The client of the Web API, with one connection pool for as long as it is open."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    pool = aiohttp.TCPConnector(keepalive_timeout=IDLE_SECONDS)
    async with aiohttp.ClientSession(
        connector=pool, timeout=timeout, middlewares=(_stay,)
    ) as session:
        yield AsyncWebClient(
            token=settings.bot_token.get_secret_value(),
            base_url=settings.api_url + "/",
            session=session,
            logger=quiet,
            retry_handlers=[],
        )


async def call(answer: Awaitable[AsyncSlackResponse]) -> dict[str, Any]:
    """The body of the answer to one Web API call, which says `ok`. Raises ChatError."""
    try:
        body = (await answer).data
    except SlackApiError as error:
        raise _told(error) from error
    except aiohttp.ClientConnectorError as error:
        raise ChatUnreachable("Slack cannot be reached.", nothing_sent=True) from error
    except Redirected as error:
        raise ChatRefused(
            "Slack's address redirects, which is not followed.", hint=_PROXY
        ) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ChatUnreachable(f"Slack did not answer ({type(error).__name__}).") from error
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        # The SDK takes every answer for a JSON object and trips over any other.
        raise UnexpectedAnswer from error
    if not isinstance(body, dict) or body.get("ok") is not True:
        raise UnexpectedAnswer
    return body


def code_of(error: ChatError) -> str:
    """Slack's own code of a refusal; "" where it gave none."""
    response = getattr(error.__cause__, "response", None)
    data = getattr(response, "data", None)
    return _named(lenient(data, "error")) if isinstance(data, Mapping) else ""


async def respond(web: AsyncWebClient, url: str, payload: Mapping[str, Any]) -> None:
    """Answer an interaction at its response URL, whose address is a secret. Raises ChatError."""
    if not is_slacks(url, web.base_url):
        raise ChatRefused("The address for answers is not one of Slack's.")
    client = AsyncWebhookClient(url, session=web.session, logger=quiet, retry_handlers=[])
    try:
        answer = await client.send_dict(dict(payload))
    except Redirected:
        raise ChatRefused("Slack's address for answers redirects.", hint=_PROXY) from None
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        # Not chained: an error of the client may name the address.
        raise ChatUnreachable(f"Slack did not answer ({type(error).__name__}).") from None
    if answer.status_code == 429:
        raise _throttled(answer.headers)
    if answer.status_code >= 500:
        raise ChatUnreachable(f"Slack answered {answer.status_code} to an answer.")
    said = _object(answer.body)
    if answer.status_code == 404:
        raise MessageGone("It is too late to answer this.")
    if said.get("ok") is False or answer.status_code >= 400:
        code = lenient(said, "error")
        refusal = CODES.get(code, Refusal(Scope.MESSAGE))
        told = f"Slack refused an answer with {answer.status_code} {_named(code)}".rstrip()
        raise refused(refusal.scope, f"{told}.", hint=refusal.hint)
    if answer.body.strip() != "ok" and said.get("ok") is not True:
        raise UnexpectedAnswer


def is_slacks(url: str, api_url: str) -> bool:
    """Whether that is an address of Slack's, or of the very Slack that is called (a pretend one).

    Slack: `https://hooks.slack.com/…`; its cloud for the US government: `hooks.slack-gov.com`.
    """
    try:
        parts, api = urlsplit(url), urlsplit(api_url)
        port, api_port = parts.port, api.port
    except ValueError:
        return False
    if parts.username is not None or parts.password is not None:
        return False
    host = parts.hostname or ""
    if (parts.scheme, host, port) == (api.scheme, api.hostname, api_port):
        return True
    slacks = any(host.endswith(f".{domain}") for domain in ("slack.com", "slack-gov.com"))
    return parts.scheme == "https" and port in (None, 443) and slacks


def _object(body: str) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _named(code: str) -> str:
    """A code, fit for a log."""
    return code if _CODE.fullmatch(code) else ""


def _told(error: SlackApiError) -> ChatError:
    response = error.response
    data = getattr(response, "data", None)
    status: int = getattr(response, "status_code", None) or getattr(response, "status", None) or 0
    headers = getattr(response, "headers", None) or {}
    body = data if isinstance(data, Mapping) else {}
    code = _named(lenient(body, "error"))
    if status == 429 or code in _RATE_LIMITS:
        return _throttled(headers, _RATE_LIMITS.get(code))
    if not code:
        return ChatUnreachable(f"Slack answered {status} and not what it documents.")
    if code == "missing_scope":
        refusal = scope_missing(lenient(body, "needed"))
        return refused(refusal.scope, "Slack refused: a scope is missing.", hint=refusal.hint)
    if code in HALF_DONE or (status >= 500 and code not in CODES):
        return ChatUnreachable(f"Slack failed: {code}.")
    refusal = CODES.get(code, UNTOLD)
    details = "; ".join(_details(body)) if refusal.scope is Scope.MESSAGE else ""
    return refused(refusal.scope, f"Slack refused: {code}. {details}".rstrip(), hint=refusal.hint)


def _details(body: Mapping[str, Any]) -> list[str]:
    """Where Slack says what is wrong with a message: pointers into it, no words of it."""
    metadata = body.get("response_metadata")
    found = body.get("errors") or (
        metadata.get("messages") if isinstance(metadata, Mapping) else None
    )
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _throttled(headers: Mapping[str, str], wait: float | None = None) -> ChatThrottled:
    told = headers.get("Retry-After", "")
    whole = told.isascii() and told.isdigit() and len(told) < 10
    seconds = float(told) if whole else (wait or WAIT_WHEN_UNTOLD)
    return ChatThrottled(
        f"Slack asks to wait {seconds:g} seconds.",
        retry_after=min(max(seconds, 1.0), LONGEST_WAIT),
    )
