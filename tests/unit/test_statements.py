"""What was said by command and still holds: listed with a button each, and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.consent.requests import ProofKind
from bot.domain.people.admins import ChatIdentity
from bot.message import Message
from tests import person
from tests.examples import ADA_IN_CHAT, BEN_IN_CHAT, OPERATOR
from tests.person import ASKED
from tests.reading import said_by_buttons, text_of

CODE = ASKED.code
UNSAY = "unsay_account"
ACCOUNT = "svc@contoso.com"


@pytest.fixture
async def world() -> person.Asked:
    """Ada was asked."""
    world = person.Asked(ProofKind.CHAT_ACCOUNT, signs_in=False)
    await world.set()
    return world


async def say(world: person.Asked, words: str, who: ChatIdentity = OPERATOR) -> Message:
    return await world.say(words, who, private=True)


async def actions(world: person.Asked) -> list[str]:
    return [entry.action for entry in await world.ledger.audit()]


async def test_nothing_said_is_nothing_to_take_back(world: person.Asked) -> None:
    """Neither for operators nor for the person."""
    for who in (OPERATOR, ADA_IN_CHAT, BEN_IN_CHAT):
        assert "anything that I still go by" in text_of(await say(world, "notes", who))


@pytest.mark.parametrize(
    ("said", "by", "back", "shown", "action"),
    [
        (f"deny {ACCOUNT}", OPERATOR, f"forget standing {ACCOUNT}", "never ask", UNSAY),
        (f"allow {ACCOUNT}", OPERATOR, f"forget standing {ACCOUNT}", "may be asked", UNSAY),
        (f"owner {ACCOUNT} is ada@contoso.com", OPERATOR, f"forget owner {ACCOUNT}",
         "the account of ada@contoso.com", UNSAY),
        (f"later {CODE} tomorrow 10:00 busy", ADA_IN_CHAT, f"forget later {CODE}",
         "busy", "resume"),
        ("away until Friday", ADA_IN_CHAT, f"forget away {ADA_IN_CHAT} 2025-03-07",
         "until March 7", "back"),
        ("I don't work Fridays", ADA_IN_CHAT, f"forget week {ADA_IN_CHAT}", "Friday", "whole_week"),
    ],
)  # fmt: skip
async def test_each_kind_is_listed_and_taken_back_by_its_button(
    world: person.Asked, said: str, by: ChatIdentity, back: str, shown: str, action: str
) -> None:
    """By an operator, whoever said it; with an audit line, and a second time there is nothing."""
    await say(world, said, by)
    listed = await say(world, "what was said?")
    assert shown in text_of(listed)
    assert said_by_buttons(listed) == [back]
    assert "Taken back" in text_of(await say(world, back))
    assert (await actions(world))[0] == action
    assert "nothing like that to take back" in text_of(await say(world, back))
    assert "anything that I still go by" in text_of(await say(world, "notes"))
    await say(world, said, by)  # and it can be said again
    assert said_by_buttons(await say(world, "notes")) == [back]


async def test_a_waiver_is_listed_and_taken_back(world: person.Asked) -> None:
    """By the button that it always had."""
    sure = next(
        iter(said_by_buttons(await say(world, "waive contoso o365 until 2025-04-30 because no")))
    )
    await say(world, sure)
    listed = await say(world, "notes")
    assert said_by_buttons(listed) == ["unwaive contoso/0oa1"]
    await say(world, said_by_buttons(listed)[0])
    assert (await actions(world))[0] == "unwaive"


async def test_whoever_was_asked_sees_and_takes_back_their_own_alone(world: person.Asked) -> None:
    """Nobody else's, however it is named."""
    await say(world, f"deny {ACCOUNT}")
    await say(world, "away until Friday", ADA_IN_CHAT)
    own = [f"forget away {ADA_IN_CHAT} 2025-03-07"]
    assert said_by_buttons(await say(world, "notes", ADA_IN_CHAT)) == own
    assert said_by_buttons(await say(world, "notes", BEN_IN_CHAT)) == []
    before = await actions(world)
    for words in (f"forget standing {ACCOUNT}", *own, f"forget later {CODE}"):
        assert "nothing like that" in text_of(await say(world, words, BEN_IN_CHAT))
    assert "nothing like that" in text_of(
        await say(world, f"forget standing {ACCOUNT}", ADA_IN_CHAT)
    )
    assert await actions(world) == before
    assert "Taken back" in text_of(await say(world, own[0], ADA_IN_CHAT))


@pytest.mark.parametrize(
    "words",
    ["forget", "forget x", "forget away", "forget away nobody", "forget away mars:U1",
     "forget away slack:U1 x", "forget later ?", "forget owner",
     "forget standing nobody@contoso.com", "forget week slack:", "forget all"],
)  # fmt: skip
async def test_nothing_else_is_taken_back(world: person.Asked, words: str) -> None:
    """Whatever is typed behind it."""
    before = await actions(world)
    await say(world, words)
    assert await actions(world) == before


async def test_what_is_over_is_not_listed(world: person.Asked) -> None:
    """A time that came, a day that passed."""
    await say(world, f"later {CODE} tomorrow 10:00", ADA_IN_CHAT)
    await say(world, "away until Friday", ADA_IN_CHAT)
    world.clock.forward(timedelta(days=10))
    assert said_by_buttons(await say(world, "notes")) == []


async def test_a_later_that_is_taken_back_is_asked_again_as_usual(world: person.Asked) -> None:
    """The request has no time of its own any more, and its person's line is looked at now."""
    await say(world, f"later {CODE} tomorrow 10:00", ADA_IN_CHAT)
    assert (await world.request()).snooze is not None
    await say(world, f"forget later {CODE}", ADA_IN_CHAT)
    assert (await world.request()).snooze is None


async def test_each_of_several_absences_is_taken_back_alone(world: person.Asked) -> None:
    """By its own button; whoever says "back" before any of them is asked which they mean."""
    for days in ("from 10 to 11 March", "from 24 to 28 March"):
        await say(world, f"I'm away {days}", ADA_IN_CHAT)
    both = [f"forget away {ADA_IN_CHAT} 2025-03-{last}" for last in (11, 28)]
    asked = await say(world, "back", ADA_IN_CHAT)
    assert "down as away today" in text_of(asked)
    assert said_by_buttons(asked) == both
    taken = text_of(await say(world, both[1], ADA_IN_CHAT))
    assert "no longer down as away from March 24, 2025 to March 28, 2025" in taken
    assert said_by_buttons(await say(world, "notes")) == both[:1]
    assert "nothing like that" in text_of(await say(world, both[1], ADA_IN_CHAT))


@pytest.mark.parametrize(
    "words",
    [
        "I'm away from 10 to 11 March and again from 24 to 28 March",
        "ich bin vom 10. bis 11.3. und vom 24. bis 28.3. im Urlaub",
    ],
)
async def test_two_absences_in_one_sentence_are_both_kept(world: person.Asked, words: str) -> None:
    """The answer says so of both."""
    said = text_of(await say(world, words, ADA_IN_CHAT))
    assert "from March 24, 2025 to March 28, 2025" in said
    assert "from March 10, 2025 to March 11, 2025" in said
    both = [f"forget away {ADA_IN_CHAT} 2025-03-{last}" for last in (11, 28)]
    assert said_by_buttons(await say(world, "notes", ADA_IN_CHAT)) == both
