"""The pretend Teams: who has installed the app, the conversations, and the objects that tell them.

Shapes are those of the Bot Framework as Teams fills them (learn.microsoft.com, "Bot Framework
REST API reference" and "Send and receive messages with a bot").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.chatlog import ChatLog, Conversation, Message
from sandbox.company.company import Company
from sandbox.company.records import Person, guid
from sandbox.http.limits import RateLimit
from sandbox.keys import SigningKey

Json = dict[str, Any]

BOT_NAME = "O365 bot"
TEAM = "19:itoperations0000000000000000000@thread.tacv2"
TEAM_NAME = "IT Operations"
CHANNEL = "19:o365migration00000000000000000@thread.tacv2"
CHANNEL_NAME = "O365 migration"
READERS = "19:o365readers000000000000000000000@thread.tacv2"
SERVICE_PATH = "/emea"
OTHER_TENANT = "99999999-9999-4999-8999-999999999999"


@dataclass
class TeamsService:
    """Teams of one tenant. `base_url` is the connector's address, without a slash.

    `installed` holds the keys of the people who have the app, `blocked` of those who blocked it,
    `forbidden` of those for whom a policy does not allow it, `guests` of the tenant's guests,
    `foreign` of those whose home is another tenant; `left` the ids of channels whose team the app
    was removed from.
    `graph_roles` are the bot's own permissions at Microsoft Graph.
    """

    company: Company
    log: ChatLog
    tenant_id: str
    app_id: str
    app_password: str
    channel_key: SigningKey = field(repr=False)
    base_url: str = ""
    installed: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    guests: set[str] = field(default_factory=set)
    foreign: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    in_catalogue: bool = True
    graph_roles: set[str] = field(default_factory=set)
    limit: RateLimit = field(default_factory=lambda: RateLimit(per_second=7.0, burst=60))
    _last_id: int = 0

    def __post_init__(self) -> None:
        self.installed |= {p.key for p in self.people() if p.teams}
        everybody = tuple(sorted(self.user_id(p) for p in self.people()))
        self.log.open(Conversation(CHANNEL, "teams", "channel", CHANNEL_NAME, everybody))
        self.log.open(Conversation(READERS, "teams", "channel", "O365 readers", ()))

    @property
    def service_url(self) -> str:
        """The `serviceUrl` of every activity; it has a region in its path, as the real ones do."""
        return f"{self.base_url}{SERVICE_PATH}/"

    @property
    def bot_id(self) -> str:
        """The bot as a participant of conversations."""
        return f"28:{self.app_id}"

    # -- people ----------------------------------------------------------------------------

    def people(self) -> list[Person]:
        """Everybody with an account in the tenant, whether they have the app or not."""
        return [p for p in self.company.people.values() if self.tenant_id in p.entra_object_ids]

    def object_id(self, person: Person) -> str:
        """The person's Entra object id in the tenant."""
        return person.entra_object_ids[self.tenant_id]

    def user_id(self, person: Person) -> str:
        """The `29:` id by which this bot knows the person."""
        return "29:1" + self.object_id(person).replace("-", "")

    def find(self, key_or_id: str) -> Person | None:
        """The person with this key, `29:` id or object id, or None."""
        return next(
            (p for p in self.people() if key_or_id in (p.key, self.user_id(p), self.object_id(p))),
            None,
        )

    def account(self, person: Person) -> Json:
        """The person as a `TeamsChannelAccount`."""
        given, _, surname = person.display_name.partition(" ")
        return {
            "id": self.user_id(person),
            "name": person.display_name,
            "givenName": given,
            "surname": surname,
            "objectId": self.object_id(person),
            "aadObjectId": self.object_id(person),
            "email": person.email,
            "userPrincipalName": person.email,
            "tenantId": OTHER_TENANT if person.key in self.foreign else self.tenant_id,
            "userRole": "guest" if person.key in self.guests else "user",
        }

    # -- conversations ---------------------------------------------------------------------

    def open_group(self, *people: Person) -> Conversation:
        """A chat of several, to which they added the app; made when it is new."""
        who = tuple(sorted(map(self.user_id, people)))
        chat_id = f"19:{guid('/'.join(who)).replace('-', '')}@thread.v2"
        name = ", ".join(person.display_name for person in people)
        return self.log.open(Conversation(chat_id, "teams", "dm", name, who))

    def open_dm(self, person: Person) -> Conversation:
        """The person's 1:1 conversation with the bot; made when it is new."""
        return self.log.open(
            Conversation(
                "a:1" + self.object_id(person).replace("-", ""),
                "teams",
                "dm",
                person.display_name,
                (self.user_id(person),),
            )
        )

    def conversation(self, conversation_id: str) -> tuple[Conversation | None, str | None]:
        """The conversation, and the root message that `;messageid=` names, if any."""
        plain, _, root = conversation_id.partition(";messageid=")
        found = self.log.get(plain)
        return (found if found is not None and found.platform == "teams" else None), root or None

    def conversation_object(self, conversation: Conversation, thread: str | None = None) -> Json:
        """The `conversation` of an activity. Teams spells the member `tenantId`."""
        if conversation.kind == "dm":
            group = len(conversation.who) > 1
            return {
                **({"isGroup": True} if group else {}),
                "conversationType": "groupChat" if group else "personal",
                "tenantId": self.tenant_id,
                "id": conversation.id,
            }
        return {
            "isGroup": True,
            "conversationType": "channel",
            "tenantId": self.tenant_id,
            "id": conversation.id if thread is None else f"{conversation.id};messageid={thread}",
        }

    def channel_data(self, conversation: Conversation) -> Json:
        """The `channelData` of an activity."""
        if conversation.kind == "dm":
            return {"tenant": {"id": self.tenant_id}}
        return {
            "teamsChannelId": conversation.id,
            "teamsTeamId": TEAM,
            "channel": {"id": conversation.id},
            "team": {"id": TEAM, "name": TEAM_NAME},
            "tenant": {"id": self.tenant_id},
        }

    # -- messages --------------------------------------------------------------------------

    def next_id(self) -> str:
        """A new activity id: milliseconds since the epoch, never the same twice."""
        self._last_id = max(int(self.company.now().timestamp() * 1000), self._last_id + 1)
        return str(self._last_id)

    def post(
        self,
        conversation: Conversation,
        author: Person | None,
        text: str,
        *,
        card: Json | None = None,
        thread: str | None = None,
        only_for: str | None = None,
    ) -> Message:
        """Put a message into the conversation; `author` None is the bot."""
        message_id = self.next_id()
        message = Message(
            id=message_id,
            author=author.display_name if author else BOT_NAME,
            author_id=self.user_id(author) if author else self.bot_id,
            sent_at=datetime.fromtimestamp(int(message_id) / 1000, UTC),
            text=text,
            card=card,
            thread=thread,
            only_for=only_for,
            from_bot=author is None,
        )
        return self.log.add(conversation, message)
