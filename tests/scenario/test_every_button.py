"""Every button and every form that the product draws, pressed in both chats by signed requests.

What there is comes from the code: a new button or form without a line here fails. Both chats are
walked with one running bot, in which an "It's me" in chat is proof enough (so that this button is
there, too), and in which neither today nor tomorrow is a working day (so that what waits for
working hours can be sent at once by a button).
"""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

import bot.chat
from bot.chat.typed.verbs import WITH_ACCOUNT, WITH_APP
from sandbox.bot_process import BotProcess, free_address
from sandbox.chatlog import Conversation, Message
from sandbox.company.records import OktaApp, okta_id
from sandbox.page import reading
from sandbox.slack import blocks as slack_blocks
from sandbox.teams import cards as teams_cards
from sandbox.world import World
from tests.scenario.conftest import WITHIN, Stage, listed
from tests.waiting import wait_until

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DIALOG = "dialog"
Looks = Mapping[int, tuple[Message, str, object]]
NOTHING = (None, "", None)
EXTRA = 8
"""Apps more than fit on one page of a list."""
BUTTONS = ("Command", "OpenLink", "Menu")
# A mail has no buttons: there these are addresses (tests/scenario/test_mail.py).
BY_MAIL = {"rounds later:{request.id}"}
# What takes weeks of a campaign, or its first day in a person's round: drawn and said in unit tests
# (tests/unit/test_digests.py, test_reminders.py), and not pressed here.
IN_TIME = {
    *("digests apps", "news who:{ref}", "rounds me:{request.id}"),
    *("rounds open:{request.id}", "rounds verify:{request.id}", "rounds notme:{request.id}"),
    *("rounds later", "rounds later:{local:%Y-%m-%dT%H:%M}"),
    *("sticking who:{ref}", "sticking why:{ref}", "sticking {verb}:{ref}"),
}
# A link in what two people get when one of them pressed on the personal page.
BY_PAGE = {"introductions okta:{request.id}"}


def drawn() -> Iterator[str]:
    """Each button and menu in the code: its module, and its id as written there."""
    for file in sorted(Path(bot.chat.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in BUTTONS and node.args:
                yield f"{file.stem} {ast.unparse(node.args[0]).removeprefix('f').strip(chr(39))}"


def forms() -> Iterator[str]:
    """Each form in the code, by its name, or by the command that it is for."""
    tree = ast.parse((Path(bot.chat.__file__).parent / "forms.py").read_text())
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Attribute(attr="_form"), [ast.Constant(name), *_]):
                yield f"form {name!s}"
    yield from (f"form {verb}" for verb in (*WITH_APP, *WITH_ACCOUNT))


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
        """Every message of the bot there as this one sees it, and all that it says and offers."""
        own = self.dm
        seen: dict[int, tuple[Message, str, object]] = {}
        for where in self.stage.world.log:
            if (
                (where.platform == "slack") is self.slack and where.kind == "channel"
            ) or where is own:
                for message in where.messages:
                    if message.from_bot:
                        shown = self.as_seen(message)
                        told = [message.text, *reading.lines(shown), *reading.buttons(shown)]
                        words = "\n".join(told)
                        seen[id(message)] = (message, words, (message.edited_at, id(shown.card)))
        if not self.slack and (dialog := self._dialog()) is not None:
            told = [*reading.lines(dialog), *reading.buttons(dialog)]
            seen[0] = (dialog, "\n".join(told), id(dialog.card))
        return seen

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


ABOUT = "<about>"
LETTER, BOARD, REMINDER = "<letter>", "<board>", "<reminder>"
WELCOME = "<welcome>"
SOON = "{soon}"
APP = {"app": "{app}"}
# Letters come first: whoever waits for the first word about several apps gets one message for all.
JOURNEYS: Mapping[str, tuple[Step, ...]] = {
    "asked": (
        Step("sending now", "send {app}", "{app}", "send .* now", "{app}"),
        Step("composer open", LETTER, "", "http.*/c/.*", by="gita"),
        Step("sending again", "send {app} now", "already has", "send .* now sure", "{app}"),
        Step("composer open", LETTER, "", "http.*/c/.*", by="gita"),
        Step(
            *("composer later, form later", LETTER, "", "later .*", "I will come back"),
            by="gita",
            fills={"day": SOON, "reason": "the auditor"},
        ),
        Step(
            "personal later{number}",
            "later {code}",
            "On ",
            "later .*:.*",
            "I will come back",
            "gita",
        ),
        Step(
            "statements forget:{topic}:{of}",
            "notes",
            "Put off",
            "forget later .*",
            "Taken",
            "gita",
        ),
        Step(
            "mine later:{code}, form later",
            "mine",
            "waiting for you",
            "later {code}",
            "I will come back",
            by="gita",
            fills={"day": SOON},
        ),
        Step(
            "composer notme, form not_me",
            LETTER,
            "",
            "notme {code}",
            "somebody else",
            "gita",
            fills={"name": ""},
        ),
    ),
    "taken on": (
        Step("composer me", LETTER, "", "me {code}", "Taken on", by="gita"),
        Step("composer okta", LETTER, "", "http.*/admin/app/office365/.*", by="gita"),
        Step("personal steps", "me {code}", "in your hands", "http.*/s/.*", by="gita"),
        Step("mine me:{code}", "mine", "waiting for you", "me {code}", "in your hands", by="gita"),
        Step(
            "mine saved:{code}",
            "mine",
            "waiting for you",
            "saved {code}",
            "keep checking",
            by="gita",
        ),
        Step(
            "personal sights",
            "saved {code}",
            "What else do you see",
            "saw {code}",
            "What do",
            "gita",
        ),
        Step("personal {sight.value}:{answer}", "", "", "saw {code} .* no", "noted", by="gita"),
    ),
    "saved": (
        Step("composer me", LETTER, "", "me {code}", "Taken on", by="gita"),
        Step("composer saved", LETTER, "", "saved {code}", "keep checking", by="gita"),
        Step(
            "mine notme:{code}, form not_me",
            "mine",
            "waiting for you",
            "notme {code}",
            "somebody else",
            by="gita",
            fills={"name": ""},
        ),
    ),
    "not theirs": (
        Step("personal sure", LETTER, "", "", by="gita"),
        Step("personal sure", "notme {code}", "Shall I", "notme {code} sure", "somebody", "gita"),
    ),
    "lists": (
        Step("overview show, overview show:{number}", "apps", " done", "apps by person", "Gita"),
        Step("overview page:{number}", "apps", " done", "apps 2", "Page 2"),
        Step("overview share", "apps", " done", "apps 1 shared", " done"),
        Step("holders send:{ref}", "apps in contoso", " done", "send .*", "personal link"),
        *(
            Step("holders {verb}:{ref}", "apps", " done", f"{verb} .*", then)
            for verb, then in (("why", "How I know"), ("who", "ask"), ("check", "How I know"))
        ),
        Step("boards apps", BOARD, "", "apps", " done"),
        Step("public sure", "remind", "Post", "remind sure", "on its way"),
        Step("composer apps", REMINDER, "", "apps", " done"),
        Step("public sure", "report", "Post", "report sure", "on its way"),
    ),
    "help": (
        Step("helping more, helping help:{verb}", "help", "o365bot", "help who", "who"),
        Step("helping help", "", "", "help", "o365bot"),
        Step("helping apps", "help", "o365bot", "apps", " done"),
        Step("replies help", "flurb the gnork", "flurb", "help", "o365bot"),
        Step("replies say:{command}", "appss", "appss", "apps", " done"),
        Step("replies app:{ref}", "why extra", "extra", "why .*", "How I know"),
        Step("replies why:{ref}", ABOUT, "Office 365 Extra 1", "why .*", "How I know"),
        Step("replies apps", ABOUT, "", "apps", " done"),
        Step("welcome help", WELCOME, "o365bot", "help", "o365bot", only="teams"),
    ),
    "one app": (
        Step("reasons who", "why {app}", "How I know", "who .*", "ask"),
        Step("reasons check", "why {app}", "How I know", "check .*", "How I know"),
        Step("reasons okta", "why {app}", "How I know", "http.*/admin/app/office365/.*"),
        Step("reasons Folded", "why {app}", "How I know", "why .* in full", "How", only="slack"),
        Step("people Folded", "who {app}", "ask", "who .* in full", "ask", only="slack"),
        Step(
            "reasons waive, form waive",
            *("why {app}", "How I know", "waive .*", "Accept {app} as it is?"),
            fills={"day": SOON, "reason": "it goes"},
        ),
        Step("waiving waive", "", "", "waive sure .*", "accepted as it is"),
        Step("waiving waivers", "", "", "waivers", "it goes"),
        Step("waiving why:{ref}", "waivers", "it goes", "why .*", "How I know"),
        Step("waiving unwaive:{ref}", "waivers", "it goes", "unwaive .*", "open again"),
        Step("waiving who", "", "", "who .*", "ask"),
        Step(
            "waiving waive",
            WAIVE := "waive {app} until {soon} because it goes",
            "Accept",
            "waive sure .*",
            "accepted as it is",
        ),
        Step("waiving unwaive", "", "", "unwaive .*", "open again"),
        Step("waiving waive", WAIVE, "Accept", "waive sure .*", "accepted as it is"),
        Step("reasons unwaive", "why {app}", "How I know", "unwaive .*", "open again"),
        Step("waiving waive", WAIVE, "Accept", "waive sure .*", "accepted as it is"),
        Step("statements unwaive:{app.ref}", "notes", "it goes", "unwaive .*", "open again"),
    ),
    "accounts": (
        Step("form deny", "deny", "", "", "a@contoso", fills={"account": "a@contoso.example"}),
        Step(
            "statements forget:{topic}:{of}", "notes", "a@contoso", "forget .* a@.*", "Taken back"
        ),
        Step("form allow", "allow", "", "", "a@contoso", fills={"account": "a@contoso.example"}),
        Step(
            "statements forget:{topic}:{of}", "notes", "a@contoso", "forget .* a@.*", "Taken back"
        ),
        Step(
            *("form owner", "owner", "", "", "b@contoso"),
            fills={"account": "adm-b@contoso.example", "owner": "b@contoso.example"},
        ),
        Step(
            "statements forget:{topic}:{of}",
            "notes",
            "b@contoso",
            "forget .* adm-b@.*",
            "Taken back",
        ),
        Step("form away", "away", "", "", "Enjoy", by="gita", fills={"day": SOON}),
        Step("statements forget:{topic}:{of}", "notes", "Gita", "forget away .*", "Taken", "gita"),
        Step("form onboard", "onboard", "", "", "", fills={"domain": "contoso.example"}),
        Step("form why", "why", "", "", "How I know", fills=APP),
        Step("form who", "who", "", "", "ask", fills=APP),
        Step("form check", "check", "", "", "How I know", fills=APP),
        Step("form unwaive", "unwaive", "", "", "no waiver", fills=APP),
        Step("form send", "send", "", "", "personal link", fills=APP),
    ),
    "everybody": (
        Step("sending later", "send all now", "right now?", "send all", "asked"),
        Step("sending sure", "send all now", "right now?", "send all now sure", "asked"),
    ),
}


def test_every_button_and_every_form_has_a_step() -> None:
    """A new one is to be pressed here, too."""
    steps = {site for steps in JOURNEYS.values() for one in steps for site in one.sites.split(", ")}
    assert (
        steps - {"reasons Folded", "people Folded"}
        == {*drawn(), *forms()} - BY_MAIL - BY_PAGE - IN_TIME
    )


@cache
def days_off() -> frozenset[str]:
    """Those around the day on which this runs, in every zone."""
    today = datetime.now(UTC).weekday()
    return frozenset(WEEK[(today + ahead) % 7] for ahead in (-1, 0, 1))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> AsyncIterator[Stage]:
    """One of its own: what is done to people here must not change whom others ask."""
    directory = tmp_path_factory.mktemp("buttons")
    async with World(key_directory=keys, page_port=None) as world:
        for org in world.company.orgs.values():
            org.limits = dict.fromkeys(org.limits, 100_000)
        for number in range(EXTRA):
            add(world, f"Office 365 Extra {number}")
        url = free_address()
        settings = world.settings_toml(url, directory, minimum_proof="chat_account")
        days = ", ".join(f'"{day}"' for day in WEEK if day not in days_off())
        campaign = f'working_days = [{days}]\ncountries = {{ "Europe/Berlin" = "AQ" }}\n'
        text = re.sub(r"\[(sign_in|operators_page)\]\n[^\[]*", "", settings.read_text())
        settings.write_text(f"{text}\n[campaign]\n{campaign}")
        async with BotProcess(settings, directory / "bot.log", url) as bot:
            await world.start_chat()
            stage = Stage(world, bot, directory)
            await stage.command("/o365 scan", listed)
            yield stage


def add(world: World, label: str, org: str = "contoso") -> None:
    """An app on a password in an Okta org."""
    now = world.company.now()
    identity, domain = okta_id("0oa", f"{org}/{label}"), f"{org}.example"
    app = OktaApp(identity, label, domain, org, created=now, last_updated=now)
    world.company.org(org).apps.append(app)


async def patient(stage: Stage) -> None:
    """Nobody has said too much yet: one account presses more here than people do in an hour."""
    socket = (stage.directory / "var" / "store" / "socket").read_text()
    async with Redis(unix_socket_path=socket, decode_responses=True) as client:
        async for key in client.scan_iter(match="*:limit:*"):
            await client.delete(key)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("platform", ["slack", "teams"])
@pytest.mark.parametrize("journey", JOURNEYS)
async def test_each_button_does_what_it_says(
    stage: Stage, journey: str, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step after the other, with an app of its own."""
    if platform == "teams":
        monkeypatch.setattr(stage.world.company.person("gita"), "slack_id", None)
    await patient(stage)
    label = f"Office 365 {journey.title()} in {platform.title()}"
    add(stage.world, label)
    if journey == "everybody":  # one person would be asked without a question
        add(stage.world, f"{label} too", "fabrikam")
    await Chat(stage, "ola", platform == "slack").says("scan", " done", "apps by person")
    walk = Walk(stage, platform == "slack", label)
    for step in JOURNEYS[journey]:
        if step.only in ("", platform):
            await walk.goes(step)


class Walk:
    """Somebody's way through the steps."""

    def __init__(self, stage: Stage, slack: bool, label: str) -> None:
        self.stage, self.slack, self.label = stage, slack, label
        self.code = ""
        self.last: Message | None = None
        self.letter: Message | None = None
        self.later: Message | None = None

    def told(self, words: str) -> str:
        """The words with what is meant by their names."""
        today = self.stage.world.clock.now().date()
        words = words.replace("{app}", self.label).replace("{code}", self.code)
        return words.replace(SOON, (today + timedelta(days=10)).isoformat())

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
            case "<about>":
                people = self.stage.world.slack if self.slack else self.stage.world.teams
                before = chat.looks()
                text = f"is {self.label} stuck, or {step.sees}?" if step.sees else "good morning"
                await people.say("carl", text, channel.id, mention=False)
                await people.ask_about(step.by, channel.messages[-1])
                return await chat.comes(before, "", self.told(step.press))
            case _ if step.fills is not None and not step.press:
                await chat.types(self.told(step.says), command=True)
                if self.slack:
                    return Message("", "", "", self.stage.world.company.now())
                return await self.stage.world.log.wait_for(
                    lambda: next(
                        (m for m in chat.dm.messages[-1:] if any(teams_cards.fields(m.card or {}))),
                        None,
                    ),
                    WITHIN,
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
