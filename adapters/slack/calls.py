"""One call to Slack: the client it goes through, and what its errors are called here.

Nothing is sent again by itself: `chat.postMessage` knows no idempotency key, so after a dropped
connection only the caller can tell whether a second message would do harm.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    MessageGone,
    MessageRefused,
    PersonUnreachable,
    ScopeMissing,
)
from bot.settings.chat import SlackSettings

SECONDS_PER_CALL = 10.0
WAIT_WHEN_UNTOLD = 30.0
"""Seconds to wait after a rate limit that names no time."""
LONGEST_WAIT = 3600.0

quiet = logging.getLogger("o365bot.slack")
"""For the SDK: at DEBUG it would log whole messages, and personal links are in some of them."""
quiet.setLevel(logging.WARNING)

# The error codes of docs.slack.dev/reference/methods that mean something else than "the message
# itself is wrong", by what they mean.
_MEANING: Mapping[str, type[ChatError]] = {
    code: kind
    for kind, codes in {
        PersonUnreachable: (
            "user_not_found users_not_found user_disabled user_not_visible user_not_in_channel "
            "cannot_dm_bot messages_tab_disabled not_enabled invalid_user_combination"
        ),
        ChannelUnreachable: (
            "channel_not_found not_in_channel is_archived restricted_action "
            "restricted_action_read_only_channel restricted_action_thread_only_channel "
            "restricted_action_non_threadable_channel restricted_action_thread_locked"
        ),
        MessageGone: (
            "message_not_found thread_not_found cant_update_message edit_window_closed is_inactive "
            "hash_conflict"
        ),
        ChatMisconfigured: (
            "invalid_auth not_authed account_inactive token_revoked token_expired missing_scope "
            "org_login_required ekm_access_denied team_access_not_granted access_denied "
            "app_access_restricted two_factor_setup_required not_allowed_token_type no_permission "
            "team_not_found accesslimited enterprise_is_restricted"
        ),
        ChatUnreachable: (
            "fatal_error internal_error service_unavailable request_timeout update_failed "
            "external_channel_migrating team_added_to_org"
        ),
    }.items()
    for code in codes.split()
}
_RATE_LIMITS: Mapping[str, float | None] = {
    "ratelimited": None,
    "rate_limited": None,
    "message_limit_exceeded": LONGEST_WAIT,  # the workspace's own quota
}


@asynccontextmanager
async def open_web(settings: SlackSettings) -> AsyncIterator[AsyncWebClient]:
    """The client of the Web API, with one connection pool for as long as it is open."""
    timeout = aiohttp.ClientTimeout(total=SECONDS_PER_CALL)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield AsyncWebClient(
            token=settings.bot_token.get_secret_value(),
            base_url=settings.api_url + "/",
            session=session,
            logger=quiet,
            retry_handlers=[],
        )


async def call(answer: Awaitable[AsyncSlackResponse]) -> dict[str, Any]:
    """The body of the answer to one Web API call. Raises ChatError, by the table above."""
    try:
        body = (await answer).data
    except SlackApiError as error:
        raise _told(error) from error
    except aiohttp.ClientConnectorError as error:
        raise ChatUnreachable("Slack cannot be reached.", nothing_sent=True) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ChatUnreachable(f"Slack did not answer ({type(error).__name__}).") from error
    except (AttributeError, ValueError) as error:
        # The SDK takes every answer for a JSON object and trips over any other.
        raise ChatUnreachable("Slack's answer is not what it documents.") from error
    if not isinstance(body, dict):
        raise ChatUnreachable("Slack's answer is not what it documents.")
    return body


async def respond(web: AsyncWebClient, url: str, payload: Mapping[str, Any]) -> None:
    """Answer an interaction at its response URL, whose address is a secret. Raises ChatError."""
    client = AsyncWebhookClient(url, session=web.session, logger=quiet, retry_handlers=[])
    try:
        answer = await client.send_dict(dict(payload))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        # Not chained: an error of the client may name the address.
        raise ChatUnreachable(f"Slack did not answer ({type(error).__name__}).") from None
    if answer.status_code == 429:
        raise _throttled(answer.headers)
    if answer.status_code >= 500:
        raise ChatUnreachable(f"Slack answered {answer.status_code} to an answer.")
    if answer.status_code == 404:
        raise MessageGone("The time to answer this is over.")
    if answer.status_code >= 400:
        raise MessageRefused(f"Slack refused an answer with {answer.status_code}.")


def _told(error: SlackApiError) -> ChatError:
    response = error.response
    data = getattr(response, "data", None)
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    headers = getattr(response, "headers", None) or {}
    body = data if isinstance(data, Mapping) else {}
    code = str(body.get("error", ""))
    if status == 429 or code in _RATE_LIMITS:
        return _throttled(headers, _RATE_LIMITS.get(code))
    if not code:
        return ChatUnreachable(f"Slack answered {status} and not what it documents.")
    kind = _MEANING.get(code, MessageRefused)
    if code == "missing_scope":
        return ScopeMissing(
            "Slack refused for want of a scope.",
            hint=f"Give the Slack app the scope {body.get('needed', '')} and install it again.",
        )
    if kind is ChatMisconfigured:
        return kind(f"Slack refuses this app: {code}.", hint="See docs/slack.md.")
    if kind is MessageRefused:
        pointers = body.get("errors") or (body.get("response_metadata") or {}).get("messages") or ()
        details = "; ".join(str(pointer) for pointer in pointers)
        return kind(f"Slack refused the message: {code}. {details}".rstrip())
    return kind(f"Slack refused: {code}.")


def _throttled(headers: Mapping[str, str], wait: float | None = None) -> ChatThrottled:
    told = headers.get("Retry-After", "")
    seconds = float(told) if told.isascii() and told.isdigit() else (wait or WAIT_WHEN_UNTOLD)
    return ChatThrottled(
        f"Slack asks to wait {seconds:g} seconds.",
        retry_after=min(max(seconds, 1.0), LONGEST_WAIT),
    )
