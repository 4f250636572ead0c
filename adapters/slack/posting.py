"""Posting and changing one message: what both the answers and the deliveries need."""

from __future__ import annotations

from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.answers import AnswerOdd, text
from adapters.slack.calls import call
from adapters.slack.drawing import Drawn, draw
from bot.errors import MessageGone, MessageRefused
from bot.message import Message
from bot.ports.chat import Sent


class NotToldWhere(AnswerOdd):
    """Slack took the message and did not say where it stands."""


def drawn(message: Message) -> Drawn:
    """The message drawn. Raises MessageRefused when its shape does not fit Slack's limits."""
    try:
        return draw(message)
    except ValueError as error:
        raise MessageRefused(f"This message cannot be drawn for Slack: {error}.") from error


async def post(
    web: AsyncWebClient,
    channel: str,
    message: Message,
    *,
    thread: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Sent:
    """Post into a channel, or to a person by member id. Raises ChatError."""
    looks = drawn(message)
    answer = await call(
        web.chat_postMessage(
            channel=channel,
            text=looks.text,
            blocks=looks.blocks,
            thread_ts=thread,
            metadata=metadata,
            parse="none",
            link_names=False,
            # Slack's crawler would open every link (docs.slack.dev, "Unfurling links in messages").
            unfurl_links=False,
            unfurl_media=False,
        )
    )
    try:
        return Sent(f"{text(answer, 'channel')}:{text(answer, 'ts')}")
    except AnswerOdd as odd:
        raise NotToldWhere from odd


async def update(web: AsyncWebClient, message_id: str, message: Message) -> None:
    """Change a message in place; it keeps its metadata. Raises ChatError."""
    channel, colon, ts = message_id.partition(":")
    if not (channel and colon and ts):
        raise MessageGone("This is not the id of a Slack message.")
    looks = drawn(message)
    await call(
        web.chat_update(
            channel=channel,
            ts=ts,
            text=looks.text,
            blocks=looks.blocks,
            parse="none",
            link_names=False,
        )
    )
