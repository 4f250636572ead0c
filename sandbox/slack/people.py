"""What people do in the pretend Slack, and how Slack tells the bot about it.

Events that fail are sent again; commands and buttons are not: the person sees that it failed.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from sandbox.beside import Beside
from sandbox.chatlog import Conversation, Message
from sandbox.slack import blocks as slack_blocks
from sandbox.slack.answers import SlackError, answer
from sandbox.slack.delivery import SlackDelivery
from sandbox.slack.workspace import (
    APP_ID,
    BOT_NAME,
    BOT_USER,
    CHANNEL,
    TEAM_DOMAIN,
    TEAM_ID,
    Workspace,
    escape,
    handle,
    mention_as_typed,
    message_object,
)

Json = dict[str, Any]

COMMANDS = {"/o365"}
CRAWLER = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"


@dataclass
class SlackPeople:
    """People at their keyboards. `user` is a person's key in the company, or a Slack id."""

    workspace: Workspace
    client: httpx.AsyncClient
    crawled: list[str] = field(default_factory=list)
    _beside: Beside = field(default_factory=Beside)

    def __post_init__(self) -> None:
        self.delivery = SlackDelivery(
            self.workspace.signing_secret,
            self.client,
            self.workspace.log.touch,
            socket=self.workspace.socket,
        )
        self.workspace.posted.append(self._watch)

    # -- what a person does ----------------------------------------------------------------

    def slack_id(self, user: str) -> str:
        """The Slack id for a person's key or a Slack id; ValueError when they have none."""
        if self.workspace.person(user) is not None:
            return user
        person = self.workspace.company.people.get(user)
        if person is None or person.slack_id is None:
            raise ValueError(f"{user} is not on Slack")
        return person.slack_id

    def dm_of(self, user: str) -> Conversation:
        """The person's direct conversation with the bot; made when it is new."""
        return self.workspace.open_dm(self.slack_id(user))

    async def command(self, user: str, text: str, channel: str = CHANNEL) -> Message:
        """Type a whole line such as `/o365 apps`; returns it when the bot has acknowledged it."""
        who = self.slack_id(user)
        conversation = self._conversation(channel)
        name, _, rest = text.partition(" ")
        typed = self.workspace.post(conversation, who, text, only_for=who)
        if name not in COMMANDS:
            self._notice(conversation, who, f"{name} is not a valid command.")
            return typed
        fields = {
            "token": "legacy-verification-token",
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": conversation.id,
            "channel_name": self.workspace.channel_name(conversation),
            "user_id": who,
            "user_name": self._handle(who),
            "command": name,
            "text": rest.strip(),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self.workspace.new_response_url(
                conversation, who, None, time.time(), command_id=typed.id
            ),
            "trigger_id": self.workspace.new_trigger(who, time.time()),
        }
        delivery = await self.delivery.request("command", urlencode(fields).encode())
        if delivery.failure:
            late = delivery.failure == "http_timeout"
            code = "operation_timeout" if late else "dispatch_failed"
            self._notice(conversation, who, f'{name} failed with the error "{code}"')
        elif delivery.response is not None and delivery.response.content:
            self._answer_in_body(conversation, who, delivery.response)
        return typed

    async def say(
        self,
        user: str,
        text: str,
        channel: str = CHANNEL,
        *,
        mention: bool = True,
        thread: str | None = None,
    ) -> Message:
        """Write a message; the bot is told when it is mentioned, or in its direct conversation.

        In a channel the mention is put in front unless the text has one or `mention` is False.
        """
        who = self.slack_id(user)
        conversation = self._conversation(channel)
        typed = mention_as_typed(text)
        mentioned = f"<@{BOT_USER}>" in typed
        if conversation.kind == "channel" and mention and not mentioned:
            typed, mentioned = f"<@{BOT_USER}> {typed}", True
        message = self.workspace.post(conversation, who, typed, thread=thread)
        if conversation.kind == "channel" and mentioned:
            self._event({**self._message_event(conversation, message), "type": "app_mention"})
        return message

    async def press(self, user: str, message: Message, what: str) -> str | None:
        """Press the button, or pick the option, with this id, label or value; its link, if any.

        Returns when the bot has acknowledged. Raises LookupError when there is no such button.
        """
        who = self.slack_id(user)
        conversation = next(c for c in self.workspace.log if message in c.messages)
        action, url = slack_blocks.pressed(message.blocks or [], what)
        payload = self._interaction(who, conversation, message) | {"actions": [action]}
        await self._interact(payload, conversation)
        return url

    async def press_home(self, user: str, what: str) -> str | None:
        """The same on the bot's Home tab, which has neither a channel nor a response URL."""
        who = self.slack_id(user)
        view = self.workspace.homes[who]
        action, url = slack_blocks.pressed(view["blocks"], what)
        payload = self._from(who) | {
            "type": "block_actions",
            "container": {"type": "view", "view_id": "V0HOME"},
            "view": {"id": "V0HOME", "type": "home", "blocks": view["blocks"]},
            "actions": [action],
        }
        await self._interact(payload)
        return url

    async def ask_about(self, user: str, message: Message) -> None:
        """Choose the bot's shortcut on somebody's message."""
        who = self.slack_id(user)
        conversation = next(c for c in self.workspace.log if message in c.messages)
        payload = self._interaction(who, conversation, message) | {
            "type": "message_action",
            "callback_id": "about",
            "action_ts": self.workspace.next_ts(),
            "message_ts": message.id,
            "message": message_object(message),
        }
        del payload["container"], payload["state"]
        await self._interact(payload, conversation)

    async def fill(self, user: str, values: Mapping[str, str]) -> None:
        """Fill in the modal that is open, by the ids of its blocks, and send it off.

        LookupError: none is open, or it has no such field.
        """
        who = self.slack_id(user)
        view = self.workspace.modals.pop(who)
        state = {}
        for block in view["blocks"]:
            element = block["element"]
            value = values.get(block["block_id"]) or None
            if value is None and not block.get("optional"):
                raise LookupError(f"{block['block_id']} must be filled in")
            kind = "selected_date" if element["type"] == "datepicker" else "value"
            state[block["block_id"]] = {
                element["action_id"]: {"type": element["type"], kind: value}
            }
        if strange := values.keys() - state.keys():
            raise LookupError(f"no fields {sorted(strange)}")
        payload = self._from(who) | {
            "type": "view_submission",
            "view": view | {"state": {"values": state}},
            "response_urls": [],
        }
        self.workspace.log.touch()
        await self._interact(payload)

    async def open_home(self, user: str) -> None:
        """Look at the bot's Home tab."""
        conversation = self.dm_of(user)
        self._event(
            {
                "type": "app_home_opened",
                "user": self.slack_id(user),
                "channel": conversation.id,
                "tab": "home",
                "event_ts": self.workspace.next_ts(),
            }
        )

    def join(self, user: str, where: str) -> None:
        """Somebody comes into a channel, or a user group; Slack tells the bot."""
        self._membership(user, where, joins=True)

    def leave(self, user: str, where: str) -> None:
        """Somebody leaves it; Slack tells the bot."""
        self._membership(user, where, joins=False)

    def changed(self, user: str) -> None:
        """Something of an account changed, such as that it was deactivated; Slack tells the bot."""
        self._event(
            {"type": "user_change", "user": self.workspace.user_object(self.slack_id(user))}
        )

    def _membership(self, user: str, where: str, *, joins: bool) -> None:
        who = self.slack_id(user)
        if where in self.workspace.groups:
            members = self.workspace.group_members[where]
            members.add(who) if joins else members.discard(who)
            event: Json = {
                "type": "subteam_members_changed",
                "subteam_id": where,
                "team_id": TEAM_ID,
                "added_users": [who] if joins else [],
                "removed_users": [] if joins else [who],
            }
        else:
            conversation = self._conversation(where)
            others = {one for one in conversation.who if one != who}
            conversation.who = tuple(sorted(others | {who} if joins else others))
            kind = "member_joined_channel" if joins else "member_left_channel"
            event = {"type": kind, "user": who, "channel": where, "team": TEAM_ID}
        self._event(event)

    async def verify_url(self) -> bool:
        """Slack's check of the request URL: whether the bot sends the challenge back."""
        if self.workspace.socket is not None:
            await self.workspace.socket.connected.wait()
            return True
        challenge = secrets.token_urlsafe(24)
        body = {"token": "legacy", "challenge": challenge, "type": "url_verification"}
        delivery = await self.delivery.request("url_verification", json.dumps(body).encode())
        return delivery.response is not None and challenge in delivery.response.text

    async def aclose(self) -> None:
        """Stop everything that is still being sent again."""
        await self._beside.aclose()

    # -- what Slack makes of it ------------------------------------------------------------

    def _watch(self, conversation: Conversation, message: Message, what: str) -> None:
        """Slack's own reaction to a message: the crawler, and `message` events in an IM."""
        if message.only_for is None and (message.unfurl_links or self.workspace.crawl_always):
            self._beside.begin(self._crawl(message))
        if conversation.kind != "dm" or message.only_for is not None:
            return
        event = self._message_event(conversation, message)
        if what == "changed":
            event = {
                "type": "message",
                "subtype": "message_changed",
                "hidden": True,
                "message": message_object(message),
                "channel": conversation.id,
                "ts": self.workspace.next_ts(),
            }
        self._event(event | {"channel_type": "im" if len(conversation.who) == 1 else "mpim"})

    async def _crawl(self, message: Message) -> None:
        links = {*slack_blocks.links(message.blocks), *slack_blocks.links_in_text(message.text)}
        for link in sorted(links):
            if urlsplit(link).hostname in ("127.0.0.1", "localhost"):  # never off this machine
                with contextlib.suppress(httpx.TransportError):  # a dead link is no concern here
                    await self.client.get(link, headers={"User-Agent": CRAWLER})
                self.crawled.append(link)
                self.workspace.log.touch()

    def _message_event(self, conversation: Conversation, message: Message) -> Json:
        return {
            **message_object(message),
            "channel": conversation.id,
            "event_ts": message.id,
            "client_msg_id": secrets.token_hex(16),
        }

    def _interaction(self, who: str, conversation: Conversation, message: Message) -> Json:
        ephemeral = message.only_for is not None
        payload = self._from(who) | {
            "type": "block_actions",
            "container": {
                "type": "message",
                "message_ts": message.id,
                "channel_id": conversation.id,
                "is_ephemeral": ephemeral,
            },
            "channel": {
                "id": conversation.id,
                "name": self.workspace.channel_name(conversation),
            },
            "state": {"values": {}},
            "response_url": self.workspace.new_response_url(
                conversation, who, message.id, time.time()
            ),
        }
        return payload if ephemeral else payload | {"message": message_object(message)}

    def _from(self, who: str) -> Json:
        """What every interaction says of who it is from, and to which app."""
        name = self._handle(who)
        return {
            "user": {"id": who, "username": name, "name": name, "team_id": TEAM_ID},
            "api_app_id": APP_ID,
            "token": "legacy-verification-token",
            "trigger_id": self.workspace.new_trigger(who, time.time()),
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    async def _interact(self, payload: Json, where: Conversation | None = None) -> None:
        """Send an interaction; who pressed something in a conversation sees that it failed."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        delivery = await self.delivery.request(str(payload["type"]), body)
        if delivery.failure and where is not None:
            who = str(payload["user"]["id"])
            self._notice(where, who, f"{BOT_NAME} did not respond. Try again in a while.")

    def _answer_in_body(
        self, conversation: Conversation, who: str, response: httpx.Response
    ) -> None:
        """Show what the bot answered in the body of its acknowledgement."""
        kind = response.headers.get("content-type", "")
        payload = response.json() if kind.startswith("application/json") else response.text
        if isinstance(payload, str):
            payload = {"text": payload}
        try:
            answer(self.workspace, conversation, who, payload)
        except SlackError as error:
            self._notice(conversation, who, f'The command failed with the error "{error.code}"')

    def _notice(self, conversation: Conversation, who: str, text: str) -> None:
        message = self.workspace.post(conversation, "USLACKBOT", escape(text), only_for=who)
        message.author = "Slackbot"

    def _conversation(self, channel: str) -> Conversation:
        conversation = self.workspace.conversation(channel)
        if conversation is None:
            raise ValueError(f"there is no Slack conversation {channel}")
        return conversation

    def _handle(self, slack_id: str) -> str:
        person = self.workspace.person(slack_id)
        return handle(person) if person else slack_id

    # -- sending ---------------------------------------------------------------------------

    def _event(self, event: Json) -> None:
        envelope = {
            "token": "legacy-verification-token",
            "team_id": TEAM_ID,
            "context_team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event,
            "type": "event_callback",
            "event_id": "Ev" + secrets.token_hex(5).upper(),
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        self._beside.begin(self.delivery.event(json.dumps(envelope).encode(), str(event["type"])))
