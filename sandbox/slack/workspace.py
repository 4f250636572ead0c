"""The pretend Slack workspace: its people, channels and messages, as Slack's objects tell them."""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.chatlog import ChatLog, Conversation, Message
from sandbox.company.company import Company
from sandbox.company.records import Person
from sandbox.http.limits import RateLimit
from sandbox.slack.socket import SocketMode

Json = dict[str, Any]

TEAM_ID = "T0CONTOSO"
TEAM_DOMAIN = "contoso"
APP_ID = "A0O365BOT"
BOT_USER = "U0O365BOT"
BOT_ID = "B0O365BOT"
BOT_NAME = "O365 bot"
CHANNEL = "C0O365MIGR"
OTHER_CHANNEL = "C0GENERAL1"
READERS = "C0READERS1"
OPERATORS = "C0OPERATE1"
GROUP = "S0IDENTITY"
OTHER_TEAM = "T0FABRIKAM"
SCOPES = (
    "app_mentions:read",
    "channels:read",
    "channels:history",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "mpim:history",
    "mpim:write",
    "pins:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 30 * 60
TRIGGER_SECONDS = 3
"""docs.slack.dev, "Handling user interaction": a trigger lasts so long, and serves once."""


@dataclass
class ResponseUrl:
    """Where the bot may answer one interaction: five times within thirty minutes.

    Source: docs.slack.dev, "Handling user interaction", message responses.
    """

    conversation: Conversation
    user: str
    message_id: str | None
    expires_at: float
    uses: int = 0
    command_id: str | None = None


@dataclass
class Workspace:
    """The one workspace. `base_url` is the address of this pretend Slack, without a slash.

    `deactivated`, `guests`, `external` (of another workspace, through Slack Connect) and
    `unwritable` (who is found, and to whom this app may not write) hold Slack user ids; `groups`
    are user groups by id, with their handles. A page of a channel's members has `page_of_members`
    at most. `crawl_always` sends the link crawler to every message, as scanners of other makers do;
    without it only `unfurl_links` brings it.
    """

    company: Company
    log: ChatLog
    bot_token: str
    signing_secret: str
    base_url: str = ""
    deactivated: set[str] = field(default_factory=set)
    unwritable: set[str] = field(default_factory=set)
    guests: set[str] = field(default_factory=set)
    external: set[str] = field(default_factory=set)
    groups: dict[str, str] = field(default_factory=lambda: {GROUP: "identity-ops"})
    group_members: dict[str, set[str]] = field(default_factory=lambda: {GROUP: set()})
    page_of_members: int = 100
    joined: set[str] = field(default_factory=lambda: {CHANNEL})
    archived: set[str] = field(default_factory=set)
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    """Of the bot's token, as every answer names them."""
    homes: dict[str, Json] = field(default_factory=dict)
    modals: dict[str, Json] = field(default_factory=dict)
    triggers: dict[str, tuple[str, float]] = field(default_factory=dict)
    trigger_seconds: float = TRIGGER_SECONDS
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    limit: RateLimit = field(default_factory=RateLimit)
    crawl_always: bool = False
    socket: SocketMode | None = None
    posted: list[Callable[[Conversation, Message, str], None]] = field(default_factory=list)
    """Told of every visible message with what happened: posted, changed."""
    _last_ts: float = 0.0

    def __post_init__(self) -> None:
        everybody = tuple(sorted(p.slack_id for p in self.people()))
        for channel, name in ((CHANNEL, "o365-migration"), (OTHER_CHANNEL, "general")):
            self.log.open(Conversation(channel, "slack", "channel", name, everybody))
        for channel, name in ((READERS, "o365-readers"), (OPERATORS, "o365-operators")):
            self.log.open(Conversation(channel, "slack", "channel", name, ()))

    # -- people ----------------------------------------------------------------------------

    def people(self) -> list[SlackPerson]:
        """Everybody who has a Slack account, deactivated or not."""
        return [
            SlackPerson(p.slack_id, p)
            for p in self.company.people.values()
            if p.slack_id is not None
        ]

    def person(self, slack_id: str) -> Person | None:
        """The person with this Slack id, or None."""
        return next((p.person for p in self.people() if p.slack_id == slack_id), None)

    def name(self, slack_id: str) -> str:
        """What people see as the author."""
        if slack_id == BOT_USER:
            return BOT_NAME
        person = self.person(slack_id)
        return person.display_name if person else slack_id

    def user_object(self, slack_id: str) -> Json | None:
        """Slack's user object, or None for an unknown id."""
        if slack_id == BOT_USER:
            return self._user(BOT_USER, "o365bot", BOT_NAME, None, "UTC") | {"is_bot": True}
        person = self.person(slack_id)
        if person is None:
            return None
        return self._user(
            slack_id, handle(person), person.display_name, person.email, person.time_zone
        )

    def _user(
        self, slack_id: str, name: str, real_name: str, email: str | None, time_zone: str
    ) -> Json:
        offset = self.company.now().astimezone(ZoneInfo(time_zone)).utcoffset()
        profile: Json = {"real_name": real_name, "display_name": name, "team": TEAM_ID}
        user: Json = {
            "id": slack_id,
            "team_id": OTHER_TEAM if slack_id in self.external else TEAM_ID,
            "name": name,
            "real_name": real_name,
            "deleted": slack_id in self.deactivated,
            "profile": profile if email is None else profile | {"email": email},
            "is_bot": False,
            "is_app_user": False,
            "updated": 1_700_000_000,
        }
        if user["deleted"]:
            return user
        return user | {
            "tz": time_zone,
            "tz_label": time_zone,
            "tz_offset": int(offset.total_seconds()) if offset else 0,
            "is_admin": False,
            "is_owner": False,
            "is_restricted": slack_id in self.guests,
            "is_ultra_restricted": False,
        }

    # -- conversations ---------------------------------------------------------------------

    def open_dm(self, *slack_ids: str) -> Conversation:
        """The direct conversation of the bot with these people; made when it is new."""
        who = tuple(sorted(slack_ids))
        known = self.log.dm("slack", *who)
        if known is not None:
            return known
        prefix, name = ("D", self.name(who[0])) if len(who) == 1 else ("G", "group")
        conversation_id = prefix + "0" + "".join(slack_id[2:] for slack_id in who)
        return self.log.open(Conversation(conversation_id, "slack", "dm", name, who))

    def conversation(self, conversation_id: str) -> Conversation | None:
        """The Slack conversation with this id, or None."""
        found = self.log.get(conversation_id)
        return found if found is not None and found.platform == "slack" else None

    def channel_name(self, conversation: Conversation) -> str:
        """The name as Slack puts it into payloads."""
        return "directmessage" if conversation.kind == "dm" else conversation.name

    # -- messages --------------------------------------------------------------------------

    def next_ts(self) -> str:
        """A new message id: seconds since the epoch with six digits, never the same twice."""
        self._last_ts = max(self.company.now().timestamp(), self._last_ts + 0.000_01)
        return f"{self._last_ts:.6f}"

    def post(
        self,
        conversation: Conversation,
        author: str,
        text: str,
        *,
        blocks: list[Json] | None = None,
        thread: str | None = None,
        only_for: str | None = None,
        answers: str | None = None,
        metadata: Json | None = None,
        unfurl_links: bool = False,
        unfurl_media: bool = True,
    ) -> Message:
        """Put a message into the conversation."""
        ts = self.next_ts()
        message = Message(
            id=ts,
            author=self.name(author),
            author_id=author,
            sent_at=datetime.fromtimestamp(float(ts), UTC),
            text=text,
            blocks=None if blocks is None else with_ids(blocks),
            thread=thread,
            only_for=only_for,
            answers=answers,
            metadata=metadata,
            from_bot=author == BOT_USER,
            unfurl_links=unfurl_links,
            unfurl_media=unfurl_media,
        )
        self.log.add(conversation, message)
        self._tell(conversation, message, "posted")
        return message

    def edit(
        self, conversation: Conversation, message: Message, text: str, blocks: list[Json] | None
    ) -> None:
        """Change the message in place."""
        message.text = text
        message.blocks = None if not blocks else with_ids(blocks)
        message.edited_at = self.company.now()
        self.log.touch()
        self._tell(conversation, message, "changed")

    def _tell(self, conversation: Conversation, message: Message, what: str) -> None:
        for listener in self.posted:
            listener(conversation, message, what)

    def new_trigger(self, user: str, now: float) -> str:
        """What an app may open a modal with, for this person; `now` in seconds."""
        first, second = secrets.randbelow(10**12), secrets.randbelow(10**12)
        trigger = f"{first}.{second}.{secrets.token_hex(16)}"
        self.triggers[trigger] = (user, now + self.trigger_seconds)
        return trigger

    def new_response_url(
        self,
        conversation: Conversation,
        user: str,
        message_id: str | None,
        now: float,
        command_id: str | None = None,
    ) -> str:
        """An address that the bot may answer to; `now` in seconds."""
        token = secrets.token_urlsafe(18)
        self.response_urls[token] = ResponseUrl(
            conversation, user, message_id, now + RESPONSE_URL_SECONDS, command_id=command_id
        )
        return f"{self.base_url}/actions/{TEAM_ID}/{token}"


@dataclass(frozen=True)
class SlackPerson:
    """A person who has a Slack account."""

    slack_id: str
    person: Person


def handle(person: Person) -> str:
    """The short user name: the mail address up to its @."""
    return person.email.split("@")[0]


def with_ids(blocks: list[Json]) -> list[Json]:
    """A copy of the blocks with the ids that Slack makes up where the app gave none."""
    result = copy.deepcopy(blocks)
    for block in result:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        elements = [*block["elements"]] if block["type"] == "actions" else []
        for element in [*elements, block.get("accessory") or {"type": "image"}]:
            if element["type"] != "image":
                element.setdefault("action_id", secrets.token_urlsafe(4))
    return result


def message_object(message: Message, *, include_metadata: bool = False) -> Json:
    """Slack's message object."""
    result: Json = {
        "type": "message",
        "user": message.author_id,
        "text": message.text,
        "ts": message.id,
        "team": TEAM_ID,
    }
    if message.from_bot:
        result |= {"bot_id": BOT_ID, "app_id": APP_ID}
    if message.blocks is not None:
        result["blocks"] = message.blocks
    if message.thread is not None:
        result["thread_ts"] = message.thread
    if message.edited_at is not None:
        edited = f"{message.edited_at.timestamp():.6f}"
        result["edited"] = {"user": message.author_id, "ts": edited}
    if include_metadata and message.metadata is not None:
        result["metadata"] = message.metadata
    return result


def escape(text: str) -> str:
    """What Slack makes of typed text in events (its three control characters are escaped)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mention_as_typed(text: str) -> str:
    """`@O365 bot` or `@o365bot` typed by a person becomes Slack's form of a mention."""
    typed = re.compile(r"@o365\s?bot\b", re.IGNORECASE)
    return typed.sub(f"<@{BOT_USER}>", escape(text))
