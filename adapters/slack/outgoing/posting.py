"""Posting and changing one message: what both the answers and the deliveries need."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.outgoing.answers import UnexpectedAnswer, text
from adapters.slack.outgoing.calls import call
from adapters.slack.rendering.message import MAX_BLOCKS, Rendered, render, render_text
from bot.errors import MessageGone, MessageRefused
from bot.message import Message
from bot.ports.chat import Sent

log = structlog.get_logger(__name__)

T = TypeVar("T")


class MessageIdMissing(UnexpectedAnswer):
    """Slack took the message and did not say where it stands."""


async def shown(
    send: Callable[[Rendered], Awaitable[T]],
    message: Message,
    *,
    shared: bool = False,
    most: int = MAX_BLOCKS,
) -> T:
    """Send the message as it is drawn; in plain text when it cannot be, or Slack refuses that.

    `shared`: others are there who do not see it. A message that Slack calls wrong was not taken, so
    saying it again says it once.
    """
    try:
        return await send(render(message, shared=shared, most=most))
    except (ValueError, MessageRefused) as error:
        log.error("slack message sent as plain text", reason=str(error))
    return await send(render_text(message))


async def post(
    web: AsyncWebClient,
    channel: str,
    message: Message,
    *,
    thread: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Sent:
    """Post into a channel, or to a person by member id. Raises ChatError."""

    async def send(rendered: Rendered) -> dict[str, Any]:
        return await call(
            web.chat_postMessage(
                channel=channel,
                text=rendered.text,
                blocks=rendered.blocks,
                thread_ts=thread,
                metadata=metadata,
                parse="none",
                link_names=False,
                # Slack's crawler would open every link ("Unfurling links in messages").
                unfurl_links=False,
                unfurl_media=False,
            )
        )

    answer = await shown(send, message)
    try:
        return Sent(f"{text(answer, 'channel')}:{text(answer, 'ts')}")
    except UnexpectedAnswer as odd:
        raise MessageIdMissing from odd


async def update(web: AsyncWebClient, message_id: str, message: Message) -> None:
    """Change a message in place; it keeps its metadata. Raises ChatError."""
    channel, colon, ts = message_id.partition(":")
    if not (channel and colon and ts):
        raise MessageGone("This is not the id of a Slack message.")

    async def send(rendered: Rendered) -> dict[str, Any]:
        return await call(
            web.chat_update(
                channel=channel,
                ts=ts,
                text=rendered.text,
                blocks=rendered.blocks,
                parse="none",
                link_names=False,
            )
        )

    await shown(send, message)
