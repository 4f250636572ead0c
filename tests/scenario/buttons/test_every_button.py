"""Every button and every form that the product draws, pressed in both chats by signed requests.

What there is comes from the code: a new button or form without a step in the journeys fails.
"""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

import bot.chat
from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from bot.chat.typed.verbs import WITH_ACCOUNT, WITH_APP
from bot.domain.campaign.intents import Reason
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage as RequestStage
from bot.domain.consent.requests import Step as Taken
from bot.domain.consent.requests import Stuck, step
from bot.domain.consent.snooze import Snooze
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.news import News, NewsKind
from bot.domain.people.recipients import Recipient
from bot.domain.time.calendar import DAY
from sandbox.company.contoso import app_id
from sandbox.company.records import OktaApp
from tests.scenario.buttons.chat import Chat
from tests.scenario.buttons.journeys import IN_TIME, JOURNEYS
from tests.scenario.buttons.walk import Walk
from tests.scenario.conftest import AT_ANY_HOUR, WITHIN, Stage, open_stage, said
from tests.waiting import wait_until

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EXTRA = 8
"""Apps more than fit on one page of a list."""
BUTTONS = ("Command", "OpenLink", "Menu")
# A mail has no buttons: there these are addresses (tests/scenario/test_mail.py).
BY_MAIL = {"rounds later:{request.id}"}
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


def test_every_button_and_every_form_has_a_step() -> None:
    """A new one is to be pressed here, too."""
    every = [*IN_TIME, *(one for steps in JOURNEYS.values() for one in steps)]
    pressed = {site for one in every for site in one.sites.split(", ")}
    assert pressed - {"reasons Folded", "people Folded"} == {*drawn(), *forms()} - BY_MAIL - BY_PAGE


@cache
def days_off() -> frozenset[str]:
    """Those around the day on which this runs, in every zone."""
    today = datetime.now(UTC).weekday()
    return frozenset(WEEK[(today + ahead) % 7] for ahead in (-1, 0, 1))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> AsyncIterator[Stage]:
    """One of its own: what is done to people here must not change whom others ask.

    "It's me" in chat is proof enough (so that this button is there, too), and neither today nor
    tomorrow is a working day (so that what waits for working hours can be sent at once).
    """
    days = ", ".join(f'"{day}"' for day in WEEK if day not in days_off())
    campaign = f'[campaign]\nworking_days = [{days}]\ncountries = {{ "Europe/Berlin" = "AQ" }}\n'
    directory = tmp_path_factory.mktemp("buttons")
    async with open_stage(directory, keys, campaign, minimum_proof="chat_account") as stage:
        for number in range(EXTRA):
            add(stage, f"Office 365 Extra {number}")
        yield stage


def add(stage: Stage, label: str, org: str = "contoso") -> None:
    """An app on a password in an Okta org."""
    now = stage.world.company.now()
    app = OktaApp(app_id(org, label), label, f"{org}.example", org, created=now, last_updated=now)
    stage.world.company.org(org).apps.append(app)


async def patient(stage: Stage) -> None:
    """Nobody has said too much yet: one account presses more here than people do in an hour."""
    async with stage.redis() as client:
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
    add(stage, label)
    if journey == "everybody":  # one person would be asked without a question
        add(stage, f"{label} too", "fabrikam")
    await Chat(stage, "ola", platform == "slack").says("scan", " done", "apps by person")
    await Walk(stage, platform == "slack", label).all(JOURNEYS[journey])


NEAR = "Office 365 Near"
PUT_OFF = ("Office 365 Mine", "Office 365 Doubtful", "Office 365 Foreign")
STUCK, UNSEEN = "Office 365 Stuck", "Office 365 Unseen"


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("platform", ["slack", "teams"])
async def test_what_comes_in_time_does_what_it_says(
    tmp_path: Path, keys: Path, platform: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round of what was put off, and a digest: due when the bot comes up again.

    Nobody waits for days: that time has passed is written into the records of its own store.
    """
    slack = platform == "slack"
    async with open_stage(tmp_path, keys, AT_ANY_HOUR, minimum_proof="chat_account") as stage:
        if not slack:  # else they are written to in Slack, as what they use more
            monkeypatch.setattr(stage.world.company.person("gita"), "slack_id", None)
        for label in (NEAR, *PUT_OFF, STUCK, UNSEEN):
            add(stage, label)
        await Chat(stage, "ola", slack).says("scan", NEAR)
        gita, ola = Chat(stage, "gita", slack), Chat(stage, "ola", slack)
        await gita.says("help", "o365bot")
        for label in (*PUT_OFF, STUCK, UNSEEN):
            await ola.types(f"send {label} now")
            await stage.next(gita.dm, 0, said(f"connect {label}"))
            await stage.delivered(label)  # else the next one names it again
        await time_passes(stage, platform)
        await stage.bot.stop()
        settings = stage.directory / "o365bot.toml"
        text = settings.read_text()
        if not slack:  # else the digest comes to their other account
            text = text.replace('operators = ["U0OLA"]', 'operators = ["U0CARL"]')
        on = stage.world.clock.now().astimezone(ZoneInfo("Europe/Berlin")).date() + DAY
        app = f"contoso/{app_id('contoso', NEAR)}"
        settings.write_text(f'{text}\n[[campaign.targets]]\non = {on}\napp = "{app}"\n')
        await stage.bot.start()
        await Walk(stage, slack, NEAR).all(IN_TIME)


async def time_passes(stage: Stage, platform: str) -> None:
    """What was put off is due again; nobody is left to ask for some; news for the operator."""
    async with stage.redis() as client:
        ledger = RedisLedger(client, Keys())

        async def delivered() -> bool:
            found = await ledger.open_requests()
            return len(found) > 4 and all(r.stage is RequestStage.DELIVERED for r in found)

        await wait_until(delivered, within=WITHIN, what="every delivery is confirmed")
        now, moved = stage.world.clock.now(), []
        for request in await ledger.open_requests():
            if request.app_label in PUT_OFF:
                until = Snooze(now.replace(tzinfo=None), "UTC")
                moved.append(step(request, Taken.SNOOZE, now, snooze=until))
            else:
                why = Reason.IGNORED if request.app_label == STUCK else Reason.NOT_SEEN
                moved.append(step(request, Taken.HAND_OVER, now, stuck=Stuck(now, why.value)))
        person, world = stage.world.company.person("ola"), stage.world
        user = person.slack_id if platform == "slack" else world.teams.service.object_id(person)
        chat = ChatIdentity(Platform(platform), str(user))
        known = await ledger.recipient(chat) or Recipient(chat)
        told = known.hears([News(NewsKind.ROLE_GONE, moved[0].id)])
        await ledger.commit(Changes(requests=tuple(moved), recipients=(told,)))
