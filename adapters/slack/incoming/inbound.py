"""Requests in from Slack: commands, mentions, direct messages, buttons, shortcuts, the Home tab.

A request is checked (`border`), marked as seen, acknowledged, and only then handed to Bolt. (Bolt
would wait for its own acknowledgement in steps of 10 ms, and everybody who asks with it.) What is
marked and could not be answered is not sent again by Slack, so that nothing is done twice; instead
the answer goes to the asker's direct messages, and failing that into the log as an error. When the
mark itself cannot be written, or too many wait already, nothing is done: an event gets 503, so that
Slack sends it again; whoever used a command, a button or a shortcut is told, for those come once.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import timedelta
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from adapters.slack.incoming.reading import RIGHTS, bot_of, said_by, text_of
from adapters.slack.incoming.replies import Posted, Reply, Responded, Whispered, patiently, reply_to
from adapters.slack.incoming.verification import BODY_SECONDS, Accepted, Refused, accept
from adapters.slack.incoming.words import as_typed, unescape
from adapters.slack.outgoing import posting
from adapters.slack.outgoing.calls import call, quiet
from adapters.slack.people import Askers
from adapters.slack.rendering import forms
from adapters.slack.rendering.elements import OPENED
from adapters.slack.rendering.message import MAX_HOME_BLOCKS, Rendered
from bot.domain.people.admins import ChatIdentity, Platform
from bot.errors import ChatError, StoreError
from bot.message import Message, Role
from bot.ports.store.limits import Once
from bot.settings.sections.chat import SlackSettings

log = structlog.get_logger(__name__)

Json = Mapping[str, Any]

REMEMBER = timedelta(hours=1)
"""Slack sends an event for the last time after some six minutes."""
MARK_SECONDS = 1.5
"""Slack waits for three seconds in all."""
AT_ONCE = 64
"""So many are answered at the same time; the others wait for their turn, acknowledged."""
MOST = 1000
"""More are not taken: whoever asks then is told so by Slack, instead of waiting without end."""
_ANY = re.compile("")


class Answers(Protocol):
    """The conversation. It knows who may ask what, and answers with words whatever happens."""

    async def answer(
        self,
        words: str,
        asker: ChatIdentity,
        progress: Callable[[Message], Awaitable[None]] | None = None,
        *,
        private: bool = False,
    ) -> Message | None:
        """None: it is not to be answered. `private`: the asker alone will see the answer."""
        ...


class Rights(Protocol):
    """Told of what may change who may say what. Raises StoreError."""

    async def person_changed(self, platform: Platform, user_id: str) -> None: ...

    async def group_changed(self, platform: Platform, group_id: str) -> None: ...


class SlackInbound:
    """One Slack app in one workspace, served at one address."""

    def __init__(
        self,
        settings: SlackSettings,
        answers: Answers,
        once: Once,
        web: AsyncWebClient,
        rights: Rights | None = None,
        *,
        not_now: str = "That cannot be done right now.",
        at_once: int = AT_ONCE,
        most: int = MOST,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        """`not_now` is what somebody is told whose request could not be taken."""
        secret = settings.signing_secret
        self._secret = secret.get_secret_value() if secret else ""
        self._answers = answers
        self._once = once
        self._web = web
        self._rights = rights
        self._not_now = not_now
        self._askers = Askers(web)
        self._work: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(at_once)
        self._most = most
        self._body_seconds = body_seconds
        self._draining = False
        self._bolt = self._listeners(settings.bot_token.get_secret_value())

    async def endpoint(self, request: Request) -> Response:
        """Answer one request of Slack's. Never raises for what came in."""
        if not self._secret:
            return PlainTextResponse("Slack comes by Socket Mode here.", 404)
        try:
            accepted = await accept(request, self._secret, self._body_seconds)
        except Refused as refused:
            log.warning("slack request refused", status=refused.status, reason=refused.reason)
            # Closing the connection spares reading the rest of what is too large or too slow.
            headers = {"Allow": "POST"} if refused.status == 405 else {"Connection": "close"}
            return PlainTextResponse(refused.reason, refused.status, headers)
        if accepted.challenge is not None:
            return JSONResponse({"challenge": accepted.challenge})
        if not await self.take(accepted):
            return PlainTextResponse("Not now, try again.", 503, {"Retry-After": "5"})
        return Response()

    async def take(self, accepted: Accepted) -> bool:
        """Mark what came in, and begin to answer it if it came for the first time.

        Returns at once; False where it cannot be taken now, and nobody was told so.
        """
        if accepted.body is None:
            return True  # genuine, and nothing we serve
        try:
            first = await self._mark(accepted.key)
        except (StoreError, TimeoutError) as error:
            log.error("slack request not accepted", reason=str(error) or "the store is too slow")
            url = text_of(accepted.body, "response_url")
            told = bool(url) and self.under_way < MOST
            if told:
                self._start(self._refuse(url))
            return told
        if first:
            # As in Socket Mode Bolt is given what was verified and parsed at the border, so that it
            # does neither again. (It would take a command that speaks of a "payload" for something
            # else.)
            self._start(self._serve(AsyncBoltRequest(body=accepted.body, mode="socket_mode")))
        else:
            log.info("slack request repeated", key=accepted.key)
        return True

    @property
    def under_way(self) -> int:
        """How many are acknowledged and not yet answered."""
        return len(self._work)

    async def drain(self, timeout: float) -> None:
        """Take nothing more, let what is under way end within `timeout` seconds, cut off the rest.

        Requests that come meanwhile get 503, which makes Slack try another replica.
        """
        self._draining = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        while self._work and loop.time() < deadline:  # a request just taken may add to it
            await asyncio.wait(set(self._work), timeout=deadline - loop.time())
        late = set(self._work)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _mark(self, key: str) -> bool:
        if self._draining:
            raise TimeoutError("shutting down")
        if self.under_way >= self._most:
            raise TimeoutError("too many wait for their answer")
        async with asyncio.timeout(MARK_SECONDS):
            return await self._once.first_time(key, REMEMBER)

    # -- what Slack tells ------------------------------------------------------------------

    def _listeners(self, token: str) -> AsyncApp:
        async def authorize(
            enterprise_id: str | None, team_id: str | None, context: Any
        ) -> AuthorizeResult:
            """No auth.test, which would cost a call before the acknowledgement."""
            return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

        # With its own `authorize` Bolt keeps to this token, whatever SLACK_* variables there are.
        app = AsyncApp(
            name="o365bot",
            process_before_response=True,  # Slack has its response: nobody waits for this one
            logger=quiet,
            client=AsyncWebClient(base_url=self._web.base_url, logger=quiet, retry_handlers=[]),
            signing_secret=self._secret or None,
            authorize=authorize,
        )

        async def on_command(ack: AsyncAck, body: Json) -> None:
            await ack()
            await self._on_command(body)

        async def on_press(ack: AsyncAck, body: Json) -> None:
            await ack()
            await self._on_press(body)

        async def on_shortcut(ack: AsyncAck, body: Json) -> None:
            await ack()
            await self._on_shortcut(body)

        async def on_form(ack: AsyncAck, body: Json) -> None:
            await ack()
            await self._on_form(body)

        async def on_other(ack: AsyncAck) -> None:
            await ack()

        async def failed(error: Exception) -> None:
            log.error("slack answer failed", exc_info=error)

        app.error(failed)
        app.command(_ANY)(on_command)
        app.action(_ANY)(on_press)
        app.message_shortcut(_ANY)(on_shortcut)
        app.view(_ANY)(on_form)
        app.event("app_mention")(self._on_mention)
        app.event("message")(self._on_message)
        app.event("app_home_opened")(self._on_home)
        for kind in RIGHTS:
            app.event(kind)(self._on_rights)
        app.event(_ANY)(on_other)
        return app

    async def _on_command(self, body: Json) -> None:
        user, url = text_of(body, "user_id"), text_of(body, "response_url")
        if user and url:
            place = Responded(self._web, url, others=_is_channel(text_of(body, "channel_id")))
            words = as_typed(text_of(body, "text"))
            await self._converse(words, user, place, text_of(body, "trigger_id"))

    async def _on_press(self, body: Json) -> None:
        """A button with words says them; one with an address has been opened by Slack already."""
        user = text_of(body.get("user"), "id")
        words = next(map(_pressed, body.get("actions") or ()), "")
        if not user or not words:
            return
        container, message = body.get("container") or {}, body.get("message") or {}
        channel = text_of(body.get("channel"), "id")
        url = text_of(body, "response_url")
        thread = text_of(message, "thread_ts") or text_of(container, "thread_ts") or None
        own = container.get("is_ephemeral") is True
        place: Reply
        if url and (own or not channel.startswith("D")):
            others = _is_channel(channel)
            place = Responded(self._web, url, own=own, thread=thread, others=others)
        else:  # in a direct conversation an answer should stay; the Home tab has no URL
            place = Posted(self._web, channel or user, thread)
        await self._converse(unescape(words), user, place, text_of(body, "trigger_id"))

    async def _on_shortcut(self, body: Json) -> None:
        """Somebody asks about the app that a message speaks of, wherever that stands."""
        user, url = text_of(body.get("user"), "id"), text_of(body, "response_url")
        if not user or not url or text_of(body, "callback_id") != "about":
            return
        message, channel = body.get("message") or {}, text_of(body.get("channel"), "id")
        thread = text_of(message, "thread_ts") or None
        place = Responded(self._web, url, thread=thread, others=_is_channel(channel))
        await self._converse(f"about: {as_typed(text_of(message, 'text'))}", user, place)

    async def _on_form(self, body: Json) -> None:
        """What was filled in, as if it had been typed where the form was opened."""
        user, found = text_of(body.get("user"), "id"), forms.sent(body.get("view") or {})
        if user and found is not None:
            words, where = found
            await self._converse(words, user, reply_to(self._web, user, where))

    async def _on_mention(self, event: Json, body: Json) -> None:
        """Who asks before others is answered before them: in the thread.

        Not before other organisations, with whom a channel may be shared (Slack Connect): there the
        answer is for the asker alone.
        """
        channel, user = text_of(event, "channel"), said_by(event)
        if not user or not channel or channel.startswith("D"):  # those come as messages too
            return
        thread = text_of(event, "thread_ts") or text_of(event, "ts")
        words = as_typed(text_of(event, "text"), bot=bot_of(body))
        place: Reply = Posted(self._web, channel, thread or None)
        if body.get("is_ext_shared_channel"):
            place = Whispered(self._web, channel, user, text_of(event, "thread_ts") or None)
        await self._converse(words, user, place)

    async def _on_message(self, event: Json, body: Json) -> None:
        channel, user = text_of(event, "channel"), said_by(event)
        if event.get("channel_type") != "im" or not user or not channel:
            return
        words = as_typed(text_of(event, "text"), bot=bot_of(body))
        thread = text_of(event, "thread_ts") or None
        await self._converse(words, user, Posted(self._web, channel, thread))

    async def _on_rights(self, event: Json) -> None:
        """Somebody came, went or changed: what was read of them counts no more."""
        if self._rights is None:
            return
        try:
            if event.get("type") == "user_change":
                await self._rights.person_changed(Platform.SLACK, text_of(event, "user"))
            else:
                group = text_of(event, "subteam_id") or text_of(event, "channel")
                await self._rights.group_changed(Platform.SLACK, group)
        except StoreError as error:  # what was read counts for a minute at most
            log.error("could not note a change of rights", reason=str(error))

    async def _on_home(self, event: Json) -> None:
        user = text_of(event, "user")
        if not user or event.get("tab", "home") != "home":
            return
        asker = await self._askers.asker(user)
        message = await self._answers.answer("home", asker, private=True)
        if message is None:
            return

        async def publish(rendered: Rendered) -> None:
            view = {"type": "home", "blocks": rendered.blocks}
            await call(self._web.views_publish(user_id=user, view=view))

        try:
            await patiently(lambda: posting.shown(publish, message, most=MAX_HOME_BLOCKS))
        except ChatError as error:
            log.error("could not publish slack home", user=user, reason=str(error))

    # -- answering -------------------------------------------------------------------------

    async def _converse(self, words: str, user: str, place: Reply, trigger: str = "") -> None:
        """`trigger` lets a form be opened, for three seconds."""
        asker = await self._askers.asker(user)
        message = await self._answers.answer(words, asker, place.progress, private=place.private)
        if message is None or (trigger and await self._opened(message, place, trigger)):
            return
        try:
            await place.answer(message)
            return
        except ChatError as error:
            log.warning("slack answer sent as a direct message", user=user, reason=str(error))
        try:
            await Posted(self._web, user).answer(message)
        except ChatError as error:
            log.error("slack answer not delivered", user=user, reason=str(error))

    async def _refuse(self, url: str) -> None:
        """Say that it was not taken. Without that Slack says nothing but "dispatch_failed"."""
        try:
            await Responded(self._web, url).answer(Message(self._not_now, role=Role.REFUSAL))
        except ChatError as error:
            log.error("slack refusal not delivered", reason=str(error))

    async def _opened(self, message: Message, place: Reply, trigger: str) -> bool:
        """Whether a form came up instead of the answer. Where it cannot, the answer says it all."""
        view = forms.view(message.form, place.where) if message.form else None
        if view is None:
            return False
        try:
            await call(self._web.views_open(trigger_id=trigger, view=view))
        except ChatError as error:
            log.warning("slack form not opened", reason=str(error))
            return False
        return True

    async def _serve(self, request: AsyncBoltRequest) -> None:
        """What was acknowledged. Genuine and nothing we serve is no error."""
        async with self._turns:
            await self._bolt.async_dispatch(request)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if task.cancelled():
            log.error("slack answer cut off by shutdown")
        elif (error := task.exception()) is not None:
            log.error("slack answer failed", exc_info=error)


def _pressed(action: Any) -> str:
    """The words of a button, or of what was picked from a list; "" where an address was opened."""
    picked = action.get("selected_option") if isinstance(action, Mapping) else None
    words = text_of(action, "value") or text_of(picked, "value")
    return "" if words.startswith(OPENED) else words


def _is_channel(channel: str) -> bool:
    """Whether others are there; not told is not so."""
    return bool(channel) and not channel.startswith("D")
