"""Every command there is, in requests that Slack and Teams signed: each gets an answer."""

from __future__ import annotations

from typing import get_args

import pytest

from bot.chat.typed import commands
from bot.chat.typed.understanding import parse
from bot.chat.words import Words
from sandbox.chatlog import Message
from sandbox.page import reading
from tests.scenario.conftest import WITHIN, Stage, own_stage
from tests.waiting import wait_until

APP = "Office 365 HQ"
SAID = (
    *("help", "hello", "thanks", "home", "mine", "apps", "deadline", "plan", "notes", "sample"),
    *(f"why {APP}", f"who {APP}", f"send {APP}", "send all", f"check {APP}", "scan", "doctor"),
    *(f"waive {APP} until 2027-01-31 because it goes", f"unwaive {APP}", "remind", "report"),
    *("owner x@contoso.com is y@contoso.com", "deny x@contoso.com", "allow x@contoso.com"),
    *("onboard contoso.com", "forget x@contoso.com", "away until Friday", "back"),
    *("I don't work Fridays", "verify K7M-2QX", "me K7M-2QX", "not me K7M-2QX"),
    *("later K7M-2QX tomorrow", "saved K7M-2QX", "saw K7M-2QX reauthenticate", "already K7M-2QX"),
    *("ask Tom instead", "flurb the gnork", "saw", "export"),
)
ASKED_BACK = ("why", "onboard", "deny")
"""What is missing is asked for in a form."""
# What is pressed, not typed (see the tests of the shortcut), and what asks back in a form.
NOT_TYPED = {"About", "Unsure"}


stage = own_stage  # some of these change whom others ask.


def test_no_command_is_left_out() -> None:
    """A new one is to be said here, too."""
    every = {kind.__name__ for kind in get_args(commands.Command)}
    assert every - {type(parse(words)).__name__ for words in (*SAID, *ASKED_BACK)} == NOT_TYPED


def answers(message: Message) -> bool:
    """An answer in words, and no apology with a reference."""
    text = f"{message.text}\n{reading.text(message)}"
    broken = Words("en")("error.broken", reference="@").partition("@")[0]
    return bool(text.strip()) and broken not in text


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("words", SAID)
async def test_each_is_answered_in_slack(stage: Stage, words: str) -> None:
    """By an operator."""
    assert answers(await stage.command(f"/o365 {words}", lambda message: True))


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("words", ASKED_BACK)
async def test_what_is_missing_is_asked_for_in_slack(stage: Stage, words: str) -> None:
    """In a form, so that nothing stands in the channel."""
    slack = stage.world.slack
    who = slack.slack_id("ola")
    await slack.command("ola", f"/o365 {words}")
    await wait_until(lambda: who in slack.workspace.modals, within=WITHIN, what="a form is open")
    del slack.workspace.modals[who]


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("words", [*SAID, *ASKED_BACK])
async def test_each_is_answered_in_teams(stage: Stage, words: str) -> None:
    """By an operator."""
    assert answers(await stage.ask_in_teams(words, lambda message: True))
