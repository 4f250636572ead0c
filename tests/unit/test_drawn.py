"""Whatever the bot can tell is drawn for Slack, Teams and mail, in every language.

The kinds are the code's own: one without an example in `tests/sayings.py` fails.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import get_args

import pytest

from bot.chat.campaign.boards import board, closed, moved
from bot.chat.consent.personal import PersonalReplies
from bot.chat.inventory.waiving import WaiverReplies
from bot.chat.replies import Replies
from bot.chat.words import Words, languages
from bot.domain.campaign.windows import OKTA_CONSENT
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.delivery.notices import Introduction, Notice, RequestChanged
from bot.domain.people.admins import ChatIdentity, Platform
from bot.message import Message
from bot.ports.writing import ON_A_BOARD, BoardContents
from tests.drawing import check_drawn
from tests.examples import (
    ADA,
    ADA_IN_CHAT,
    BEN_IN_CHAT,
    OPERATOR,
    RECORD,
    REQUEST,
    TENANT,
    record_of,
)
from tests.pages import page_of
from tests.sayings import WRITTEN, Written, leaves, personal, replied, shape, told, waivers, whats
from tests.whole_bot import Bot

NOW = datetime.combine(OKTA_CONSENT.on, time(9), UTC)
# What stands already is not written again: its link is the way back.
UNCHANGED = {Stage.REQUESTED, Stage.DELIVERED, Stage.UNDELIVERED}


def is_left_out(notice: Notice) -> bool:
    """What changes no message, and what would bring people together for what is over."""
    match notice:
        case RequestChanged(request_id=about):
            return Stage(about.partition("-")[0]) in UNCHANGED
        case Introduction(request_id=about):
            return not Stage(about.partition("-")[0]).is_open
    return False


async def test_every_kind_of_notice_is_written() -> None:
    """By the code's own union."""
    kinds = set()
    for write in WRITTEN:
        for notice, message in await write("en"):
            assert (message is None) is is_left_out(notice), notice
            kinds.add(type(notice))
    assert kinds == set(get_args(Notice))


@pytest.mark.parametrize("language", languages())
def test_every_reply_can_be_drawn(language: str) -> None:
    """In each of its cases, those of one person and of waivers too; of those alike the longest."""
    words = Words(language)
    by_name = (
        replied(Replies(words)),
        told(words),
        personal(PersonalReplies(words)),
        waivers(WaiverReplies(words)),
    )
    found = [one for written in by_name for messages in written.values() for one in messages]
    found.sort(key=lambda message: len(message.words))
    for message in {shape(one): one for one in found}.values():
        check_drawn(message)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("write", WRITTEN)
async def test_all_that_is_told_can_be_drawn(write: Written, language: str) -> None:
    """Of one request and of many, to people, operators and channels."""
    for _, message in await write(language):
        if message is not None:
            check_drawn(message)


@pytest.mark.parametrize("language", languages())
def test_every_error_can_be_drawn(language: str) -> None:
    """By the tree of errors, with and without a command that can be said again."""
    errors = whats()
    assert {type(error) for error in errors} == leaves()
    for error in errors:
        for verb in ("", "why"):
            check_drawn(Replies(Words(language)).error(error, verb))


@pytest.mark.parametrize("language", languages())
def test_boards_can_be_drawn(language: str) -> None:
    """Of no app, of one, of more than are shown; of one org and of all; moved, closed."""
    words = Words(language)
    apps = [record_of(f"0oa{n}", f"{n}") for n in range(2, 40)]
    every = (replace(RECORD, request_id=REQUEST.id), *apps)
    drawn: list[Message] = [moved(words), closed(words)]
    for shown in ((), every[:1], every):
        for org in ("", "contoso"):
            contents = BoardContents(
                page=page_of(shown, [REQUEST], rows=ON_A_BOARD),
                scans={},
                deadline=OKTA_CONSENT,
                working_days_left=2,
                today=NOW.date(),
                now=NOW,
                org=org,
            )
            drawn.append(board(words, contents))
    for message in drawn:
        check_drawn(message)


@pytest.mark.parametrize("language", languages())
async def test_welcomes_can_be_drawn(language: str) -> None:
    """Of a person for whom something waits or nothing, of an operator, of a team."""
    bot = Bot()
    bot.settings = bot.settings.model_copy(update={"language": language})
    await bot.ledger.commit(Changes(apps=(RECORD,), requests=(REQUEST,)))
    await bot.ledger.save_global_admins(TENANT.id, (ADA,))
    welcome = bot.replica().welcome
    check_drawn(welcome.team())
    for who in (ADA_IN_CHAT, BEN_IN_CHAT, OPERATOR, ChatIdentity(Platform.TEAMS, "eve")):
        check_drawn(await welcome.person(who))
