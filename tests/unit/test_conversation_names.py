"""Names beside words that everybody knows: of an org, a person, several apps, or of nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import pytest_asyncio

from bot.domain.inventory.apps import AppRef
from bot.message import Message
from tests.examples import APP
from tests.reading import items_of, said_by_buttons, text_of
from tests.unit.talk import PASSWORD
from tests.whole_bot import Bot

LABELS = ("Office 365 HQ", "Office 365 Labs", 'R&D "Lab" 365', "Order and Pay", "Sales")


class ManyApps(Bot):
    """Apps on a password, all for Ada to do."""

    def __init__(self) -> None:
        refs = [AppRef("contoso", f"0oa{number}") for number, _ in enumerate(LABELS, 1)]
        super().__init__(
            apps=tuple(
                replace(APP, ref=ref, label=label) for ref, label in zip(refs, LABELS, strict=True)
            )
        )
        self.okta.log = {ref.app_id: (PASSWORD,) for ref in refs}


@pytest_asyncio.fixture
async def world() -> ManyApps:
    bot = ManyApps()
    await bot.say("scan")
    return bot


def lists_all(message: Message) -> bool:
    return len(items_of(message)) == len(LABELS)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "words",
    ["contoso", "contoso?", "what about contoso?", "und contoso?", "is contoso done?",
     "nur contoso bitte", "filter contoso", "how many apps in contoso still need migrating?",
     "why contoso", "check contoso", "send all in contoso"],
)  # fmt: skip
async def test_the_name_of_an_org_lists_its_apps(world: ManyApps, words: str) -> None:
    """Whatever is asked of it; and nobody is asked for anything."""
    answer = await world.say(words)
    assert lists_all(answer)
    assert "Only contoso" in text_of(answer)
    assert not await world.ledger.open_requests()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "words",
    ["Ada", "Ada Moreau", "apps for Ada", "Ada's apps", "Adas Apps", "welche Apps hat Ada?",
     "has Ada answered?", "hat Ada schon geantwortet?", "what is Ada working on?", "send to Ada",
     "what does Ada still have to do?", "why Ada"],
)  # fmt: skip
async def test_the_name_of_a_person_lists_theirs(world: ManyApps, words: str) -> None:
    """By any part of the name."""
    answer = await world.say(words)
    assert lists_all(answer)
    assert "Ada" in text_of(answer)


@pytest.mark.asyncio
@pytest.mark.parametrize("words", ["Zaphod", "has Zaphod answered?", "the Labradors"])
async def test_a_name_nobody_has_is_no_list(world: ManyApps, words: str) -> None:
    """It is not understood, and says so."""
    assert "I do not know" in text_of(await world.say(words))


@pytest.mark.asyncio
@pytest.mark.parametrize("verb", ["why", "who", "check", "send"])
@pytest.mark.parametrize("names", ["HQ and Labs", "HQ, Labs", "HQ & Labs", "HQ und Labs"])
async def test_two_apps_in_a_line_are_asked_back(world: ManyApps, verb: str, names: str) -> None:
    """Neither is taken for the other, and nobody is asked for either."""
    answer = await world.say(f"{verb} {names}")
    assert said_by_buttons(answer) == [f"{verb} contoso/0oa1", f"{verb} contoso/0oa2"]
    assert not await world.ledger.open_requests()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("why o365 hq", "Office 365 HQ"),
        ("why Office365 HQ", "Office 365 HQ"),
        ("why M365 Labs", "Office 365 Labs"),
        ("why Microsoft 365 Labs", "Office 365 Labs"),
        ("why R&D Lab 365", 'R&D "Lab" 365'),
        ("why R and D lab", 'R&D "Lab" 365'),
        ("why Order & Pay", "Order and Pay"),
        (
            "why https://contoso-admin.okta.com/admin/app/office365/instance/0oa2/",
            "Office 365 Labs",
        ),
        ("Sales?", "Sales"),
        ("Sales - done?", "Sales"),
    ],
)
async def test_a_name_is_found_however_it_is_written(
    world: ManyApps, words: str, label: str
) -> None:
    """The product by any of its names, without marks, or in the address of its page at Okta."""
    assert text_of(await world.say(words)).startswith(f"{label}: ")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "words",
    ["send all but Sales", "send all tomorrow", "sende alle außer HQ", "send to everyone",
     "schick allen den Link", "bitte nichts mehr senden", "send the second one", "send Zaphod",
     "send Sales when Ada is back", "send everyone a link"],
)  # fmt: skip
async def test_nobody_is_asked_by_half_a_command(world: ManyApps, words: str) -> None:
    """What is perhaps not meant, or not of all, does nothing."""
    await world.say(words)
    assert not await world.ledger.open_requests()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("are we going to make it by the deadline?", "deadline"),
        ("when will Zaphod get her message?", "plan"),
        ("set the deadline to Friday", "deadline"),
        ("wie füge ich einen Operator hinzu?", "help"),
        ("apps by colour", "apps"),
        ("remind now", "help remind"),
        ("report by Friday", "help report"),
    ],
)
async def test_what_is_not_understood_says_what_is_near(
    world: ManyApps, words: str, shown: str
) -> None:
    """By what it speaks of, to press."""
    answer = await world.say(words)
    assert f"Did you mean “{shown}”?" in text_of(answer)
    assert said_by_buttons(answer)[0] == shown


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "words", ["lol", "test this", "wtf", "flurb the gnork", "unsend Zaphod", "remind me of it"]
)
async def test_what_is_near_nothing_suggests_nothing(world: ManyApps, words: str) -> None:
    """Three letters of which two agree are no likeness."""
    assert "Did you mean" not in text_of(await world.say(words))


@pytest.mark.asyncio
@pytest.mark.parametrize("words", ["why is that?", "who am I asking?", "why not?"])
async def test_a_question_without_a_name_is_asked_back(world: ManyApps, words: str) -> None:
    """And its words are no app's name."""
    assert "called" not in text_of(await world.say(words))


@pytest.mark.asyncio
async def test_whoever_leaves_is_told_goodbye(world: ManyApps) -> None:
    """And not that they are welcome."""
    assert text_of(await world.say("bye")) == "See you!"
