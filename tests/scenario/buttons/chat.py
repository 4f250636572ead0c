"""One person in one chat: what they see of the bot, and how they press, fill in and type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sandbox.chatlog import Conversation, Message
from sandbox.page import reading
from sandbox.slack import blocks as slack_blocks
from sandbox.teams import cards as teams_cards
from tests.scenario.conftest import WITHIN, Stage
from tests.waiting import wait_until

DIALOG = "dialog"
Looks = Mapping[int, tuple[Message, str, object]]
NOTHING = (None, "", None)
_READ: dict[tuple[int, str], tuple[tuple[object, ...], str]] = {}
"""By message and reader: the parts, which stay the same objects as long as nobody edits them."""


@dataclass(frozen=True)
class Chat:
    """One person on one platform, and what is said to them there."""

    stage: Stage
    user: str
    slack: bool

    @property
    def dm(self) -> Conversation:
        return (self.stage.world.slack if self.slack else self.stage.world.teams).dm_of(self.user)

    def looks(self) -> Looks:
        """Every message of the bot there as this one sees it, and all that it says and offers.

        What others see is in it: an answer to a press covers it, until it is drawn anew.
        """
        own = self.dm
        seen: dict[int, tuple[Message, str, object]] = {}
        for where in self.stage.world.log:
            if (
                (where.platform == "slack") is self.slack and where.kind == "channel"
            ) or where is own:
                for message in where.messages:
                    if message.from_bot:
                        seen[id(message)] = (message, *self._read(message))
        if not self.slack and (dialog := self._dialog()) is not None:
            told = [*reading.lines(dialog), *reading.buttons(dialog)]
            seen[0] = (dialog, "\n".join(told), id(dialog.card))
        return seen

    def _read(self, message: Message) -> tuple[str, object]:
        """All that it says and offers, and what tells whether it is another one since: read once,
        and again when any of its parts was put in the place of another.
        """
        shown = self.as_seen(message)
        parts = (message, message.text, message.edited_at, message.blocks, message.card, shown.card)
        known, words = _READ.get((id(message), self.user), ((), ""))
        if len(known) != len(parts) or any(a is not b for a, b in zip(known, parts, strict=True)):
            told = [message.text, *reading.lines(shown), *reading.buttons(shown)]
            words = "\n".join(told + reading.lines(message))
            _READ[id(message), self.user] = (parts, words)
        return words, (message.edited_at, id(shown.card))

    def _dialog(self) -> Message | None:
        teams = self.stage.world.teams
        card = teams.dialogs.get(teams.service.user_id(teams.service.company.person(self.user)))
        now = self.stage.world.company.now()
        return Message(DIALOG, "", "", now, card=card) if card else None

    def as_seen(self, message: Message) -> Message:
        """The card may be this one's alone."""
        if self.slack or message.card is None or message.id == DIALOG:
            return message
        return replace(message, card=self.stage.world.teams.seen(self.user, message))

    async def comes(self, before: Looks, wanted: str, offers: str = ".*") -> Message:
        """The message that came since, or is another one now, with these words.

        It offers what says something like `offers`.
        """

        def found() -> Message | None:
            now = self.looks()
            return next(
                (
                    message
                    for key, (message, words, change) in reversed([*now.items()])
                    if (words, change) != before.get(key, NOTHING)[1:]
                    and wanted in words
                    and (offers == ".*" or self.way(message, offers) is not None)
                ),
                None,
            )

        return await self.stage.world.log.wait_for(found, WITHIN)

    async def types(self, words: str, *, command: bool = False) -> None:
        """Operators do by command, where forms open and lists are shared; others in their chat."""
        if self.slack and (command or self.user == "ola"):
            await self.stage.world.slack.command(self.user, f"/o365 {words}")
        elif self.slack:
            await self.stage.world.slack.say(self.user, words, self.dm.id)
        else:
            await self.stage.world.teams.say(self.user, words, self.dm.id)

    async def says(self, words: str, wanted: str, offers: str = ".*") -> Message:
        """They type it; the answer."""
        before = self.looks()
        await self.types(words)
        return await self.comes(before, wanted, offers)

    def way(self, message: Message, pattern: str) -> str | None:
        """What is pressed to say something of this pattern, or to be led there."""
        offered = self.offered(message)
        return next((way for words, way in offered if re.fullmatch(pattern, words)), None)

    def offered(self, message: Message) -> Iterator[tuple[str, str]]:
        """What can be pressed: what it says (or where it leads), and what it is pressed by."""
        shown = self.as_seen(message)
        if self.slack:
            for _, element in slack_blocks.elements(shown.blocks or []):
                if element["type"] == "button":
                    yield str(element.get("value", element.get("url"))), element["action_id"]
                for option in slack_blocks.options(element):
                    yield str(option.get("url", option["value"])), option["value"]
        else:
            for action in teams_cards.actions(shown.card or {}):
                said_by = action.get("data") or {}
                told = said_by.get("words") or action.get("url", "")
                yield str(told), str(action.get("id", action["title"]))

    async def press(self, message: Message, pattern: str) -> str | None:
        """Press what says (or leads to) something of this pattern; the address, of a link."""
        way = self.way(message, pattern)
        assert way is not None, (pattern, list(self.offered(message)))
        if message.id == DIALOG:
            return await self.stage.world.teams.press_in_dialog(self.user, way)
        people = self.stage.world.slack if self.slack else self.stage.world.teams
        return await people.press(self.user, message, way)

    async def fills(self, message: Message, values: Mapping[str, str], wanted: str) -> Message:
        """Fill in the form that is open, and send it off; the answer."""
        if self.slack:
            who = self.stage.world.slack.slack_id(self.user)
            workspace = self.stage.world.slack.workspace
            await wait_until(lambda: who in workspace.modals, within=WITHIN, what="a form is open")
            before = self.looks()
            await self.stage.world.slack.fill(self.user, values)
        else:
            before = self.looks()
            inputs = {f"field.{name}": value for name, value in values.items()}
            await self.stage.world.teams.press(self.user, message, "send", inputs)
        return await self.comes(before, wanted)
