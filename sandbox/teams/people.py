"""What people do in the pretend Teams."""

from __future__ import annotations

import asyncio
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

import httpx

from sandbox.beside import Beside
from sandbox.chatlog import Conversation, Message
from sandbox.company.records import Person
from sandbox.teams import cards as teams_cards
from sandbox.teams.delivery import TeamsDelivery
from sandbox.teams.service import BOT_NAME, CHANNEL, TEAM, TEAM_NAME, TeamsService

Json = dict[str, Any]

MENTION = f"<at>{BOT_NAME}</at>"
WENT_WRONG = "Something went wrong. Please try again."


@dataclass
class TeamsPeople:
    """People at their keyboards. `user` is a person's key in the company."""

    service: TeamsService
    delivery: TeamsDelivery
    dialogs: dict[str, Json] = field(default_factory=dict)
    """Teams id -> the card in the dialog that this person has open."""
    _beside: Beside = field(default_factory=Beside)

    # -- what a person does ----------------------------------------------------------------

    def dm_of(self, user: str) -> Conversation:
        """The person's 1:1 conversation with the bot; ValueError when they lack the app."""
        person = self._person(user)
        if person.key not in self.service.installed:
            raise ValueError(f"{user} has not installed the Teams app")
        return self.service.open_dm(person)

    async def say(
        self,
        user: str,
        text: str,
        conversation: str = CHANNEL,
        *,
        mention: bool = True,
        thread: str | None = None,
    ) -> Message:
        """Write a message; in a channel or group the bot hears only of those that mention it.

        The mention is put in front unless the text has one or `mention` is False.
        """
        person = self._person(user)
        where = self._conversation(conversation)
        typed = re.sub(r"@o365\s?bot\b", MENTION, text, flags=re.IGNORECASE)
        shared = where.kind == "channel" or len(where.who) > 1
        if shared and mention and MENTION not in typed:
            typed = f"{MENTION} {typed}"
        message = self.service.post(where, person, typed, thread=thread)
        if not shared or MENTION in typed:
            activity = self.delivery.activity("message", person, where, thread or message.id) | {
                "id": message.id,
                "text": typed,
                "textFormat": "plain",
                "attachments": [{"contentType": "text/html", "content": _as_html(typed)}],
                "entities": self._entities(person, typed),
            }
            self._beside.begin(self.delivery.event(activity))
        return message

    async def press(
        self, user: str, message: Message, what: str, inputs: Json | None = None
    ) -> str | None:
        """Press the action with this title, verb or id; the address, for Action.OpenUrl.

        It is looked for on the card as this person sees it. Returns when the bot has answered an
        Action.Execute. LookupError: no such action. ValueError: a field has to be filled in first.
        """
        person = self._person(user)
        where = next(c for c in self.service.log if message in c.messages)
        action = teams_cards.find(self.seen(user, message), what)
        if action["type"] == "Action.OpenUrl":  # the client opens it; the bot is not told
            return str(action["url"])
        if action["type"] == "Action.ToggleVisibility":  # the client shows it; nor is it here
            return None
        if action.get("associatedInputs") != "none":
            teams_cards.check_filled(self.seen(user, message), inputs or {})
        data = {**(action.get("data") or {}), **(inputs or {})}
        thread = message.thread or message.id
        if action["type"] == "Action.Submit":
            activity = self.delivery.activity("message", person, where, thread) | {
                "value": data,
                "replyToId": message.id,
                "entities": self._entities(person, ""),
            }
            self._beside.begin(self.delivery.event(activity))
            return None
        invoked = {"type": "Action.Execute", "verb": action.get("verb"), "data": data}
        if "id" in action:
            invoked["id"] = action["id"]
        activity = self.delivery.activity("invoke", person, where, thread) | {
            "name": "adaptiveCard/action",
            "value": {"action": invoked, "trigger": "manual"},
            "replyToId": message.id,
        }
        self._show_answer(where, person, message, await self.delivery.request(activity))
        return None

    async def ask_about(self, user: str, message: Message) -> None:
        """Choose the bot's action on somebody's message: a dialog comes up.

        learn.microsoft.com, "Define message extension action commands" and "Create and send the
        dialog". Content that Teams would not show leaves no dialog.
        """
        where = next(c for c in self.service.log if message in c.messages)
        attached = [
            {"id": "1", "contentType": teams_cards.CONTENT_TYPE, "content": json.dumps(one)}
            for one in (message.card,)
            if one is not None
        ]
        payload = {
            "id": message.id,
            "messageType": "message",
            "body": {"contentType": "html", "content": f"<p>{html.escape(message.text)}</p>"},
            "attachments": attached,
        }
        await self._in_dialog(user, where, "composeExtension/fetchTask", payload=payload)

    async def press_in_dialog(self, user: str, what: str, inputs: Json | None = None) -> str | None:
        """Press the action with this title or id in the open dialog; the address of a link."""
        person = self._person(user)
        card = self.dialogs[self.service.user_id(person)]
        action = teams_cards.find(card, what)
        if action["type"] == "Action.OpenUrl":
            return str(action["url"])
        if action["type"] == "Action.ToggleVisibility":
            return None
        if action["type"] != "Action.Submit":
            raise LookupError(f"a dialog knows no {action['type']}")
        teams_cards.check_filled(card, inputs or {})
        data = {**(action.get("data") or {}), **(inputs or {})}
        where = self._conversation(CHANNEL)
        await self._in_dialog(user, where, "composeExtension/submitAction", data=data)
        return None

    async def _in_dialog(self, user: str, where: Conversation, name: str, **value: Json) -> None:
        person = self._person(user)
        told: Json = {"commandId": "about", "commandContext": "message"}
        if "payload" in value:
            told["messagePayload"] = value["payload"]
        if "data" in value:
            told |= {"data": value["data"], "botMessagePreviewAction": None}
        told = {"name": name, "value": told}
        activity = self.delivery.activity("invoke", person, where, "") | told
        task = _json(await self.delivery.request(activity)).get("task") or {}
        shown = task.get("value") if task.get("type") == "continue" else None
        card = (shown or {}).get("card", {}).get("content")
        if card is not None and not teams_cards.problems(card):
            self.dialogs[self.service.user_id(person)] = card
        self.service.log.touch()

    def seen(self, user: str, message: Message) -> Json:
        """The card as this person sees it; {} where there is none."""
        return message.views.get(self.service.user_id(self._person(user))) or message.card or {}

    async def look(self, user: str, message: Message) -> None:
        """Their client shows the card, and asks for theirs where the card names them.

        learn.microsoft.com, "User Specific Views"; what is no card changes nothing.
        """
        self.look_again(user, message)
        person = self._person(user)
        asks = (message.card or {}).get("refresh") or {}
        if self.service.user_id(person) not in asks.get("userIds", ()):
            return
        where = next(c for c in self.service.log if message in c.messages)
        activity = self.delivery.activity("invoke", person, where, message.thread or message.id) | {
            "name": "adaptiveCard/action",
            "value": {"action": asks["action"], "trigger": "automatic"},
            "replyToId": message.id,
        }
        body = _json(await self.delivery.request(activity))
        card = body.get("value") if body.get("type") == teams_cards.CONTENT_TYPE else None
        if card is not None and not teams_cards.problems(card):
            message.views[self.service.user_id(person)] = card
            self.service.log.touch()

    def look_again(self, user: str, message: Message) -> None:
        """The card is drawn anew, as it is for everybody: such as after switching chats."""
        message.views.pop(self.service.user_id(self._person(user)), None)
        self.service.log.touch()

    async def install(self, user: str) -> None:
        """The person adds the app; the bot is told."""
        person = self._person(user)
        self.service.installed.add(person.key)
        await self._installation(person, self.service.open_dm(person), "add")

    async def add_to_group(self, *users: str) -> Conversation:
        """The first of them adds the app to a chat of all of them; the bot is told."""
        people = [self._person(user) for user in users]
        group = self.service.open_group(*people)
        await self._installation(people[0], group, "add")
        return group

    async def uninstall(self, user: str) -> None:
        """The person removes the app; the bot is told."""
        person = self._person(user)
        where = self.dm_of(user)
        self.service.installed.discard(person.key)
        await self._installation(person, where, "remove")

    async def leave(self, user: str, channel_id: str) -> None:
        """Somebody leaves a team; Teams tells the bot."""
        person, where = self._person(user), self._conversation(channel_id)
        who = self.service.user_id(person)
        where.who = tuple(one for one in where.who if one != who)
        removed = [{"id": who, "aadObjectId": self.service.object_id(person)}]
        activity = self.delivery.activity("conversationUpdate", person, where, "")
        data = {**self.service.channel_data(where), "eventType": "teamMemberRemoved"}
        gone = {"membersRemoved": removed, "channelData": data}
        await self.delivery.event(activity | gone)

    async def start(self) -> None:
        """Tell the bot of every installation there is: the team's, and each person's."""
        people = [p for p in self.service.people() if p.key in self.service.installed]
        team = self._conversation(CHANNEL)
        await asyncio.gather(
            self._installation(people[0], team, "add"),
            *(self._installation(p, self.service.open_dm(p), "add") for p in people),
        )

    async def aclose(self) -> None:
        """Stop everything that is still being sent again."""
        await self._beside.aclose()

    def _entities(self, person: Person, text: str) -> list[Json]:
        client: Json = {
            "locale": person.language,
            "country": "US",
            "platform": "Web",
            "timezone": person.time_zone,
            "type": "clientInfo",
        }
        if MENTION not in text:
            return [client]
        mentioned = {"id": self.service.bot_id, "name": BOT_NAME}
        return [{"type": "mention", "mentioned": mentioned, "text": MENTION}, client]

    async def _installation(self, person: Person, where: Conversation, action: str) -> None:
        member = [{"id": self.service.bot_id}]
        data = self.service.channel_data(where)
        if where.kind == "channel":
            data = {
                "team": {"id": TEAM, "name": TEAM_NAME, "aadGroupId": secrets.token_hex(16)},
                "eventType": "teamMemberAdded" if action == "add" else "teamMemberRemoved",
                "tenant": data["tenant"],
                "settings": {"selectedChannel": {"id": where.id}},
            }
        added = "membersAdded" if action == "add" else "membersRemoved"
        common: Json = {"conversation": self.service.conversation_object(where)}
        for extra in (
            {"type": "conversationUpdate", added: member},
            {"type": "installationUpdate", "action": action},
        ):
            activity = self.delivery.activity("", person, where, "") | common | extra
            await self.delivery.event(activity | {"channelData": data})

    def _show_answer(
        self, where: Conversation, person: Person, message: Message, response: httpx.Response | None
    ) -> None:
        """Do what the answer to an Action.Execute says: a new card, or a line of text.

        The card is for the presser alone, and lasts until it is drawn anew
        (learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/
        universal-actions-for-adaptive-cards/work-with-universal-actions-for-adaptive-cards).
        """
        body = _json(response)
        kind, value = body.get("type"), body.get("value")
        card = value if isinstance(value, dict) and kind == teams_cards.CONTENT_TYPE else None
        if card is not None and not teams_cards.problems(card):
            message.views[self.service.user_id(person)] = card
            self.service.log.touch()
        elif kind == "application/vnd.microsoft.activity.message" and isinstance(value, str):
            self._notice(where, person, message, value)
        elif response is None or response.status_code != 200 or body.get("statusCode", 200) != 200:
            self._notice(where, person, message, WENT_WRONG)

    def _notice(self, where: Conversation, person: Person, message: Message, text: str) -> None:
        thread = message.thread or (message.id if where.kind == "channel" else None)
        self.service.post(where, None, text, thread=thread, only_for=self.service.user_id(person))

    def _person(self, user: str) -> Person:
        person = self.service.find(user)
        if person is None:
            raise ValueError(f"{user} has no account in the tenant of Teams")
        return person

    def _conversation(self, conversation_id: str) -> Conversation:
        found, _ = self.service.conversation(conversation_id)
        if found is None:
            raise ValueError(f"there is no Teams conversation {conversation_id}")
        return found


def _json(response: httpx.Response | None) -> Json:
    if response is None or "json" not in response.headers.get("content-type", ""):
        return {}
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _as_html(text: str) -> str:
    """The text/html twin of a message that Teams attaches; mentions become spans."""
    mention = f'<span itemscope="" itemtype="http://schema.skype.com/Mention">{BOT_NAME}</span>'
    return f"<div>{html.escape(text).replace(html.escape(MENTION), mention)}</div>"
