"""Where an answer goes: a conversation, or the response URL of a command or a button.

A response URL takes five answers within thirty minutes (docs.slack.dev/interactivity/
handling-user-interaction, "Message responses").
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.outgoing import posting
from adapters.slack.outgoing.calls import call, respond
from adapters.slack.rendering.message import Rendered
from bot.errors import ChatError, ChatThrottled, MessageGone
from bot.message import Message

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 30.0
"""Seconds that an answer waits for a rate limit before it counts as undelivered."""


class Reply(Protocol):
    """Where one answer goes. `private`: where its asker alone sees it."""

    @property
    def private(self) -> bool: ...

    @property
    def where(self) -> Mapping[str, str]:
        """The same place, as `reply_to` takes it."""
        ...

    async def progress(self, message: Message) -> None:
        """Show how far it is. Never raises ChatError: it is only a courtesy."""
        ...

    async def answer(self, message: Message) -> None:
        """Deliver the answer. Raises ChatError."""
        ...


class _Pace:
    """Lets something through at most `times` times, `seconds` apart."""

    def __init__(self, times: int, seconds: float) -> None:
        self._left = times
        self._seconds = seconds
        self._next = 0.0

    def allows(self) -> bool:
        now = asyncio.get_running_loop().time()
        if not self._left or now < self._next:
            return False
        self._left -= 1
        self._next = now + self._seconds
        return True


class Posted:
    """A message in a channel, a thread or a direct conversation; progress becomes the answer."""

    def __init__(self, web: AsyncWebClient, channel: str, thread: str | None = None) -> None:
        self._web = web
        self._channel = channel
        self._thread = thread
        self._sent = ""
        self.where = {"channel": channel, "thread": thread or ""}
        self.private = channel[:1] in ("D", "U", "W")  # a direct conversation, or whom with
        self._pace = _Pace(times=1000, seconds=1.5)  # chat.update takes some fifty a minute

    async def progress(self, message: Message) -> None:
        if not self._pace.allows():
            return
        try:
            await self._show(message)
        except ChatError as error:
            log.warning("could not show slack progress", reason=str(error))

    async def answer(self, message: Message) -> None:
        await patiently(lambda: self._show(message))

    async def _show(self, message: Message) -> None:
        if self._sent:
            try:
                await posting.update(self._web, self._sent, message)
                return
            except MessageGone:
                self._sent = ""
        try:
            sent = await posting.post(self._web, self._channel, message, thread=self._thread)
        except posting.MessageIdMissing:
            return  # it was taken, and cannot be changed: where it stands was not told
        self._sent = sent.message_id


class Whispered:
    """A message in a channel or a thread that `user` alone sees; it cannot be changed any more."""

    private = True

    def __init__(
        self, web: AsyncWebClient, channel: str, user: str, thread: str | None = None
    ) -> None:
        self._web = web
        self._channel = channel
        self._user = user
        self._thread = thread
        self.where: Mapping[str, str] = {}  # what follows goes to the direct conversation
        self._pace = _Pace(times=1, seconds=0.0)

    async def progress(self, message: Message) -> None:
        if not self._pace.allows():
            return
        try:
            await self._show(message)
        except ChatError as error:
            log.warning("could not show slack progress", reason=str(error))

    async def answer(self, message: Message) -> None:
        await patiently(lambda: self._show(message))

    async def _show(self, message: Message) -> None:
        async def send(rendered: Rendered) -> None:
            await call(
                self._web.chat_postEphemeral(
                    channel=self._channel,
                    user=self._user,
                    thread_ts=self._thread,
                    text=rendered.text,
                    blocks=rendered.blocks,
                    parse="none",
                    link_names=False,
                )
            )

        await posting.shown(send, message)


class Responded:
    """An answer through a response URL, for the asker alone unless the message is not private.

    `own` is True when the button is in a message that only the asker sees, which is an answer of
    ours to the same person: it is replaced. Nothing else is, least of all a message others see.
    To a command Slack only ever adds messages (slackapi/bolt-js issue 2287), so there progress is
    shown once. `others`: it is a channel, so that what only the asker sees can be shared.
    """

    def __init__(
        self,
        web: AsyncWebClient,
        url: str,
        *,
        own: bool = False,
        thread: str | None = None,
        others: bool = False,
    ) -> None:
        self._web = web
        self._url = url
        self._own = own
        self._thread = thread
        self._others = others
        self.where = {
            "url": url,
            "thread": thread or "",
            "own": "yes" if own else "",
            "others": "yes" if others else "",
        }
        self._pace = _Pace(times=3 if own else 1, seconds=3.0)

    private = True

    async def progress(self, message: Message) -> None:
        if not self._pace.allows():
            return
        try:
            await self._show(message, private=True)
        except ChatError as error:
            log.warning("could not show slack progress", reason=str(error))

    async def answer(self, message: Message) -> None:
        await patiently(lambda: self._show(message, private=message.private))

    async def _show(self, message: Message, *, private: bool) -> None:
        async def send(rendered: Rendered) -> None:
            payload: dict[str, Any] = {
                "response_type": "ephemeral" if private else "in_channel",
                "replace_original": self._own and private,
                "text": rendered.text,
                "blocks": rendered.blocks,
                "unfurl_links": False,
                "unfurl_media": False,
            }
            if self._thread:
                payload["thread_ts"] = self._thread
            await respond(self._web, self._url, payload)

        await posting.shown(send, message, shared=private and self._others)


def reply_to(web: AsyncWebClient, user: str, where: Mapping[str, str]) -> Reply:
    """Where a form was opened; a direct message to `user` where that is not told."""
    thread = where.get("thread") or None
    if url := where.get("url"):
        own, others = bool(where.get("own")), bool(where.get("others"))
        return Responded(web, url, own=own, thread=thread, others=others)
    return Posted(web, where.get("channel") or user, thread)


async def patiently(attempt: Callable[[], Awaitable[object]]) -> None:
    """Once more after a rate limit that is over soon: what it refused was surely not taken."""
    try:
        await attempt()
    except ChatThrottled as limit:
        if limit.retry_after > LONGEST_PAUSE:
            raise
        await asyncio.sleep(limit.retry_after)
        await attempt()
