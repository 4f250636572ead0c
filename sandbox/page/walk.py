"""The main job, walked once: asked, answered, sent, opened, clicked, stored, done.

Everything goes the way it goes in reality: people type and press in the pretend chat platforms,
Gita's browser follows her link, and what is stored is read from the bot's own store. Every step
has a deadline, and one that does not hold ends the walk with a sentence.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

from sandbox.browser import Browser, Page
from sandbox.chatlog import Conversation, Message
from sandbox.page import reading
from sandbox.page.stored import Stored
from sandbox.page.transcript import Transcript, small_table
from sandbox.slack import workspace as slack_workspace
from sandbox.teams import service as teams_service
from sandbox.world import World

Json = dict[str, Any]
T = TypeVar("T")

OPERATOR, ADMIN = "ola", "gita"
APP = "Office 365 HQ"
GERMAN, OF_GERMAN = "fay", "Office 365 Fabrikam"
NOTE = "Report it"
POST = "Post the reminder"
SAVED = "I have saved it"
QUESTION = "which O365 apps need migration"
WITHIN = 45.0
"""Seconds that any one step may take."""


class WalkFailed(Exception):
    """A step did not hold; the message is the sentence to print."""


def hold(holds: object, sentence: str) -> None:
    """Go on only when it holds. Raises WalkFailed."""
    if not holds:
        raise WalkFailed(sentence)


@dataclass
class Walk:
    """One walk through a running world with a running bot."""

    world: World
    stored: Stored
    say: Transcript
    within: float = WITHIN

    async def run(self) -> None:
        """Walk. Raises WalkFailed at the first step that does not hold."""
        try:
            async with Browser() as browser:
                await self._ask()
                await self._choose()
                await self._remind()
                letter = await self._send()
                link = reading.link(letter)  # the message will change
                guide = await self._open_and_sign_in(browser, letter, link)
                await self._look_into_the_store(link)
                await self._use_again(browser, letter, link)
                await self._finish_in_okta(browser, guide)
                await self._check()
                await self._in_german()
        except LookupError as error:
            raise WalkFailed(f"Something that should be there is not: {error.args[0]}.") from error

    # -- the steps -------------------------------------------------------------------------

    async def _ask(self) -> None:
        self.say.chapter("Asked and answered")
        answer = await self._command("/o365 apps", lambda m: bool(reading.items(m)))
        listed = reading.items(answer)
        rows = [[one.name, one.beside, one.heading, one.said] for one in listed]
        head = ["App", "Okta org", "Needs", "Who has it"]
        self.say.line("bot", self._headline(answer), small_table([head, *rows]))

        channel = self._channel(teams_service.CHANNEL)
        since = len(channel.messages)
        self.say.line("Ola", f"in Teams: @{teams_service.BOT_NAME} {QUESTION}")
        asked = await self.world.teams.say(OPERATOR, QUESTION)
        answer = await self._answer(
            channel,
            since,
            lambda m: m.thread == asked.id and bool(reading.items(m)),
            f"Teams was not told {QUESTION}",
        )
        names = [one.name for one in listed]
        hold(
            [one.name for one in reading.items(answer)] == names,
            "Teams was answered with other apps than Slack.",
        )
        self.say.line("bot", f"{self._headline(answer)} (the same {len(names)} apps)")

    async def _choose(self) -> None:
        whom = f"/o365 who {APP} in full"
        answer = await self._command(whom, lambda m: bool(reading.items(m)))
        chosen, why = reading.lines(answer)[1:3]
        others = [[one.name, one.said] for one in reading.items(answer)]
        self.say.line("bot", chosen)
        self.say.line("bot", why, small_table([["Others", "What speaks for and against"], *others]))
        hold("Gita Global" in chosen, "The bot would not ask Gita Global.")

    async def _remind(self) -> None:
        self.say.chapter("Reminded")
        places = {
            f"in Slack, #{self._channel(slack_workspace.CHANNEL).name}": slack_workspace.CHANNEL,
            f"in Teams, {teams_service.CHANNEL_NAME}": teams_service.CHANNEL,
        }
        since = {where: len(self._channel(id_).messages) for where, id_ in places.items()}
        answer = await self._command(
            "/o365 remind", lambda m: "where everybody can read it" in m.text
        )
        self.say.line("bot", answer.text)
        self.say.line("Ola", f"presses “{POST}”")
        await self.world.slack.press(OPERATOR, answer, POST)
        await self._until(lambda: "way" in answer.text or None, "The reminder was not confirmed")
        self.say.line("bot", answer.text)
        for where, id_ in places.items():
            reminder = await self._answer(
                self._channel(id_),
                since[where],
                lambda m: m.only_for is None and bool(reading.items(m)),
                f"The channel reminder did not come {where}",
            )
            self.say.line("bot", f"{where}: {self._headline(reminder)}")

    async def _send(self) -> Message:
        self.say.chapter("Sent")
        dm = self.world.slack.dm_of(ADMIN)
        since = len(dm.messages)
        answer = await self._command(f"/o365 send {APP} now", lambda m: APP in m.text)
        self.say.line("bot", f"{answer.text} Code {reading.code(answer)}.")
        letter = await self._answer(dm, since, partial(_says, APP), "Gita got no personal message")
        self.say.line("bot", f"to Gita, directly: {letter.text}")
        self.say.line("bot", f"button: {reading.buttons(letter)[0]}")
        hold(
            reading.code(letter) == reading.code(answer),
            "Gita's message shows another code than Ola's.",
        )
        return letter

    async def _open_and_sign_in(self, browser: Browser, letter: Message, link: str) -> Page:
        self.say.chapter("Opened, and signed in")
        await self._stage("delivered")
        before = await self._trace()
        for times in ("once", "again"):
            page = await browser.open(link)
            hold(page.status == 200, f"Gita's link answered with status {page.status}.")
            self.say.line("Gita", f"opens her link {times}: “{page.title}”")
        hold(reading.code(letter) in page.text, "The page does not show Gita's code.")
        button = page.buttons[0]
        self.say.line("Gita", f"presses “{button}”")
        microsoft = await browser.press(page, button)
        hold("Pick an account" in microsoft.text, f"She was led to “{microsoft.title}”.")
        hold(await self._trace() == before, "Something was stored before Gita signed in.")
        self.say.line("store", "unchanged by that: same record, no new line in the audit stream")
        account = self.world.company.person(ADMIN).email
        self.say.line("Gita", f"signs in at her tenant's Microsoft as {account}")
        guide = await browser.press(microsoft, "Sign in", {"account": account})
        hold(guide.status == 200, f"Coming back from Microsoft was answered with {guide.status}.")
        self.say.line("bot", f"shows her the way on: “{guide.title}”")
        return guide

    async def _look_into_the_store(self, link: str) -> None:
        self.say.chapter("Stored")
        request = await self._stage("acknowledged")
        proof = request["proof"]
        token = urlsplit(link).path.rpartition("/")[2]
        digest = hashlib.sha256(token.encode()).hexdigest()
        actions = [line["action"] for line in await self.stored.audit(request)]
        hold("acknowledge" in actions, "The audit stream has no acknowledgement.")
        self.say.line(
            "store",
            "the acknowledgement, in Redis:",
            small_table(
                [
                    ("key", f"{{o365bot}}:request:{request['id']}"),
                    ("stage", request["stage"]),
                    ("who", f"{request['admin_name']} <{request['admin_upn']}>, {proof['by']}"),
                    ("when", proof["at"]),
                    ("proof", f"{proof['kind']}, shown by {proof['mfa']}"),
                    ("link", f"only its SHA-256: {request['link']['token_sha256'][:16]}…"),
                    ("audit", ", ".join(actions)),
                ]
            ),
        )
        hold(request["link"]["token_sha256"] == digest, "The link's digest is another one.")
        hold(not await self.stored.mentions(token), "The store holds the link's token itself.")
        self.say.line("store", "the link's token itself is nowhere in it")

    async def _use_again(self, browser: Browser, letter: Message, link: str) -> None:
        before = await self._trace()
        again = await browser.open(link)
        hold("already taken on" in again.text, f"A second use was answered with “{again.title}”.")
        self.say.line("Gita", f"opens her link a third time, and goes on: “{again.title}”")
        async with Browser() as elsewhere:
            used = await elsewhere.open(link)
        hold(APP not in used.text, "A browser that did not sign in was told what it is about.")
        self.say.line("bot", f"tells any other browser: “{used.title}”")
        hold(await self._trace() == before, "A second use of the link changed what is stored.")
        await self._until(
            lambda: letter.edited_at is not None, "Gita's message did not change in place"
        )
        self.say.line("bot", f"changes its message to Gita in place: {letter.text}")

    async def _finish_in_okta(self, browser: Browser, guide: Page) -> None:
        self.say.chapter("Done in Okta")
        account = self.world.company.person(ADMIN).email
        tab = await browser.open(guide.link("/admin/app/office365/instance/"))
        self.say.line("Gita", f"follows the page to Okta's Integration tab of {APP}")
        button = next(label for label in tab.buttons if "uthenticate" in label)
        noted = await browser.press(guide, NOTE, {"saw": button})
        hold("noted" in noted.text, f"The button was not noted: “{noted.title}”.")
        self.say.line("Gita", f"tells the page which button is there, and presses “{button}”")
        consent = await browser.press(tab, button, {"as": "Gita"})
        self.say.line("Okta", f"sends her to Microsoft: “{consent.title}”")
        tab = await browser.press(consent, "Accept", {"account": account})
        self.say.line("Gita", f"accepts as {account}")
        saved = await browser.press(tab, "Save", {"as": "Gita"})
        hold("verified" in saved.text, f"Okta did not save: “{saved.title}”, {saved.status}.")
        self.say.line("Gita", "presses “Save”, and Okta has verified the connection")
        told = await browser.press(guide, SAVED)
        hold(told.status == 200, f"“{SAVED}” was answered with “{told.title}”, {told.status}.")
        await self._stage("done")
        told = await browser.open(guide.url)
        hold("is done" in told.title, f"Gita's page does not say that it is done: “{told.title}”.")
        self.say.line("Gita", f"presses “{SAVED}”, and her page follows: “{told.title}”")

    async def _check(self) -> None:
        answer = await self._command(f"/o365 check {APP}", lambda m: m.text.startswith(APP))
        known = next(line for line in reading.lines(answer) if "How I know" in line)
        self.say.line("bot", f"{answer.text} ({known.strip('*')})")
        hold("migrated" in answer.text, f"{APP} is not seen as migrated.")
        request = await self._stage("done")
        actions = [line["action"] for line in await self.stored.audit(request)]
        self.say.line("store", f"the request is done; audit: {', '.join(actions[-2:])}")
        answer = await self._command("/o365 apps", lambda m: bool(reading.items(m)))
        hold(
            APP not in [one.name for one in reading.items(answer)],
            f"{APP} still stands in the list of those that are not done.",
        )
        self.say.line("bot", self._headline(answer))

    async def _in_german(self) -> None:
        """Fay's Slack is German, so is what the bot says to her; Ola's stays English."""
        self.say.chapter("In German")
        dm = self.world.slack.dm_of(GERMAN)
        since = len(dm.messages)
        await self._command(f"/o365 send {OF_GERMAN} now", lambda m: OF_GERMAN in m.text)
        letter = await self._answer(
            dm, since, partial(_says, OF_GERMAN), "Fay got no personal message"
        )
        self.say.line("bot", f"to Fay, directly: {letter.text}")
        self.say.line("bot", f"buttons: {', '.join(reading.buttons(letter))}")
        hold("Guten Tag Fay" in reading.text(letter), "Fay's message is not in German.")
        for words, says in (("was fehlt noch?", "wartet auf Sie"), ("erledigt", "Danke!")):
            since = len(dm.messages)
            self.say.line("Fay", f"in Slack: {words}")
            await self.world.slack.say(GERMAN, words, dm.id, mention=False)
            wanted = partial(_says, says)
            answer = await self._answer(dm, since, wanted, f"“{words}” got no answer")
            self.say.line("bot", reading.text(answer).partition("\n")[0])

    # -- helpers ---------------------------------------------------------------------------

    async def _command(self, words: str, wanted: Callable[[Message], bool]) -> Message:
        """Ola types it in the Slack channel; the answer."""
        channel = self._channel(slack_workspace.CHANNEL)
        since = len(channel.messages)
        self.say.line("Ola", f"in Slack: {words}")
        typed = await self.world.slack.command(OPERATOR, words)
        return await self._answer(
            channel,
            since,
            lambda m: m.only_for is not None and m.answers in (typed.id, None) and wanted(m),
            f"{words} was not answered as expected",
        )

    async def _answer(
        self,
        conversation: Conversation,
        since: int,
        wanted: Callable[[Message], bool],
        otherwise: str,
    ) -> Message:
        """The bot's first wanted message in the conversation after the first `since`."""
        return await self._until(
            lambda: next(
                (m for m in conversation.messages[since:] if m.from_bot and wanted(m)), None
            ),
            otherwise,
        )

    async def _until(self, holds: Callable[[], T | None], otherwise: str) -> T:
        try:
            return await self.world.log.wait_for(holds, self.within)
        except TimeoutError as error:
            raise WalkFailed(f"{otherwise}: {error}") from None

    async def _stage(self, stage: str) -> Json:
        """The stored request, once it stands at this stage."""
        deadline = time.monotonic() + self.within
        while True:  # the store tells nobody of a change
            request = await self.stored.request(APP)
            if request["stage"] == stage:
                return request
            late = time.monotonic() > deadline
            hold(not late, f"The request is stored as {request['stage']}, not as {stage}.")
            await asyncio.sleep(0.02)

    async def _trace(self) -> tuple[Json, int]:
        request = await self.stored.request(APP)
        return request, len(await self.stored.audit(request))

    def _channel(self, channel_id: str) -> Conversation:
        found = self.world.log.get(channel_id)
        assert found is not None  # the world opened it
        return found

    @staticmethod
    def _headline(message: Message) -> str:
        """The title, and how far it is."""
        progress = re.search(r"\d+ of \d+ done", reading.text(message))
        return f"{message.text}; {progress.group()}" if progress else message.text


def _says(words: str, message: Message) -> bool:
    return words in reading.text(message)
