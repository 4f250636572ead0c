"""Steps, each a button that is pressed, and somebody's way through them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sandbox.chatlog import Message
from sandbox.page import reading
from sandbox.teams import cards as teams_cards
from tests.scenario.buttons.chat import Chat
from tests.scenario.conftest import Stage, said

ABOUT = "<about>"
LETTER, BOARD, REMINDER = "<letter>", "<board>", "<reminder>"
WELCOME, ROUND, DIGEST = "<welcome>", "<round>", "<digest>"
SOON = "{soon}"


@dataclass(frozen=True)
class Step:
    """`by` types `says` and gets an answer with `sees`; then presses what says `press` in it.

    `says` "" goes on with the last answer, or with what `LETTER` and the like stand for. `then` is
    in what comes of it; `fills` is what the form gets that is asked back, and "" as `press` means
    that the form comes at once. `only` is a platform.
    """

    sites: str
    says: str
    sees: str
    press: str
    then: str = ""
    by: str = "ola"
    fills: Mapping[str, str] | None = None
    only: str = ""


class Walk:
    """Somebody's way through the steps."""

    def __init__(self, stage: Stage, slack: bool, label: str) -> None:
        self.stage, self.slack, self.label = stage, slack, label
        self.code = ""
        self.last: Message | None = None
        self.letter: Message | None = None

    def told(self, words: str) -> str:
        """The words with what is meant by their names."""
        today = self.stage.world.clock.now().date()
        words = words.replace("{app}", self.label).replace("{code}", self.code)
        return words.replace(SOON, (today + timedelta(days=10)).isoformat())

    async def all(self, steps: Iterable[Step]) -> None:
        """Every step that is for this platform, one after the other."""
        for step in steps:
            if step.only in ("", "slack" if self.slack else "teams"):
                await self.goes(step)

    async def goes(self, step: Step) -> None:
        chat = Chat(self.stage, step.by, self.slack)
        message = await self._found(step, chat)
        pressed, then = self.told(step.press), self.told(step.then)
        before = chat.looks()
        if pressed:
            address = await chat.press(message, pressed)
            assert (address is not None) is pressed.startswith("http"), step
        if step.fills is not None:
            fills = {name: self.told(value) for name, value in step.fills.items()}
            self.last = await chat.fills(message, fills, then)
        elif then:
            self.last = await chat.comes(before, then)

    async def _found(self, step: Step, chat: Chat) -> Message:
        """The message that is pressed."""
        channel = self.stage.slack_channel if self.slack else self.stage.teams_channel
        match step.says:
            case "":
                assert self.last is not None
                return self.last
            case "<letter>":
                letter = await self._letter()
                if not self.slack:
                    self.stage.world.teams.look_again("gita", letter)
                return letter
            case "<board>":
                return await self.stage.next(
                    channel, 0, lambda m: m.only_for is None and "migration" in reading.text(m)
                )
            case "<reminder>":
                return await self.stage.next(
                    channel,
                    0,
                    lambda m: m.only_for is None and "not done yet" in m.text,
                )
            case "<welcome>":
                return await self.stage.next(chat.dm, 0, lambda m: "I am o365bot" in m.text)
            case "<round>" | "<digest>":
                says = "apps are waiting for you" if step.says == ROUND else "close to its deadline"
                found = await self.stage.next(chat.dm, 0, said(says))
                if not self.slack:
                    self.stage.world.teams.look_again(step.by, found)
                return found
            case "<about>":
                people = self.stage.world.slack if self.slack else self.stage.world.teams
                before = chat.looks()
                text = f"is {self.label} stuck, or {step.sees}?" if step.sees else "good morning"
                asked = await people.say("carl", text, channel.id, mention=False)
                await people.ask_about(step.by, asked)
                return await chat.comes(before, "", self.told(step.press))
            case _ if step.fills is not None and not step.press:
                since = len(chat.dm.messages)
                await chat.types(self.told(step.says), command=True)
                if self.slack:
                    return Message("", "", "", self.stage.world.company.now())
                return await self.stage.next(
                    chat.dm, since, lambda m: any(teams_cards.fields(m.card or {}))
                )
        return await chat.says(
            self.told(step.says), self.told(step.sees), self.told(step.press) or ".*"
        )

    async def _letter(self) -> Message:
        """The one that Gita has for this app; sent now, if she has none."""
        gita = Chat(self.stage, "gita", self.slack)
        if self.letter is None:
            await gita.says("help", "o365bot")  # people are written to where they spoke last
            await Chat(self.stage, "ola", self.slack).types(f"send {self.label} now")
            self.letter = await self.stage.next(
                gita.dm, 0, lambda m: f"connect {self.label}" in reading.text(m)
            )
            self.code = reading.code(self.letter)
        return self.letter
