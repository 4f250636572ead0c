"""The whole journey over real HTTP: asked, reminded, sent, clicked, stored, done."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from functools import partial

import pytest

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from bot.domain.evidence.rules import EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from sandbox.browser import Browser, Page
from sandbox.chatlog import Conversation, Message
from sandbox.company.records import OktaApp
from sandbox.page import reading
from tests.scenario.conftest import WITHIN, NewApp, Stage, listed, own_stage, said
from tests.there import there
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


stage = own_stage  # what is done to people here must not change whom others ask.


ACCOUNT = "gita@contoso.example"


async def finish_in_okta(browser: Browser, guide: Page) -> None:
    """Authenticate and save on the pretend Okta, as Gita."""
    tab = await browser.open(guide.link("/admin/app/office365/instance/"))
    button = next(label for label in tab.buttons if "uthenticate" in label)
    consent = await browser.press(tab, button, {"as": "Gita"})
    tab = await browser.press(consent, "Accept", {"account": ACCOUNT})
    saved = await browser.press(tab, "Save", {"as": "Gita"})
    assert "verified successfully" in saved.text


async def sign_in(browser: Browser, link: str, account: str = ACCOUNT) -> Page:
    """Open the personal link, press its button, and sign in at the pretend Microsoft."""
    page = await browser.open(link)
    microsoft = await browser.press(page, page.buttons[0])
    return await browser.press(microsoft, "Sign in", {"account": account})


async def take_on(stage: Stage, browser: Browser, app: OktaApp, letter: Message) -> Page:
    """Open the personal link twice, sign in, and open it again; the page that leads on."""
    link = reading.link(letter)
    await stage.delivered(app.label)
    async with stage.stored() as stored:
        before = await stored.request(app.label)
        page = await browser.open(link)
        # The csrf value is all that differs.
        assert (await browser.open(link)).text == page.text
        assert page.status == 200
        assert reading.code(letter) in page.text
        assert await stored.request(app.label) == before, "opening a link changes nothing"

        guide = await sign_in(browser, link)
        assert guide.status == 200
        after = await stored.request(app.label)
        assert after["stage"] == "acknowledged"
        assert (after["proof"]["kind"], after["proof"]["mfa"]) == ("signed_in_mfa", "amr")
        assert after["proof"]["by"] == f"entra:{after['admin_object_id']}"

        again = await browser.open(link)
        assert "already taken on" in again.text
        assert (await browser.press(page, page.buttons[0])).status == 200
        assert await stored.request(app.label) == after, "a second use changes nothing"
        actions = [line["action"] for line in await stored.audit(after)]
        assert actions.count("acknowledge") == 1
        assert not await stored.mentions(link.rpartition("/")[2]), "the token is nowhere in clear"
    return guide


async def thanked(stage: Stage, letter: Message) -> None:
    """Until the letter says thank you in its place."""
    await stage.world.log.wait_for(lambda: said("Thank you")(letter), WITHIN)


def about(dm: Conversation, since: int, app: OktaApp) -> list[Message]:
    """The bot's messages there that name the app."""
    return [m for m in dm.messages[since:] if m.from_bot and said(app.label)(m)]


async def in_slack(stage: Stage) -> None:
    """Gita says something in Slack: people are written to where they spoke last."""
    await stage.command("/o365 help", lambda message: True, user="gita")


async def letter_for(stage: Stage, app: OktaApp) -> Message:
    """Send the app's link to Gita; her message."""
    await in_slack(stage)
    dm = stage.world.slack.dm_of("gita")
    since = len(dm.messages)
    await stage.command(f"/o365 send {app.label} now", said(app.label))
    return await stage.next(dm, since, said(app.label))


async def test_the_whole_journey_in_slack(stage: Stage, browser: Browser, new_app: NewApp) -> None:
    """From the question to the proof: list, who, reminder, link, click, consent, save, done."""
    app = await new_app("Journey")
    answer = await stage.command("/o365 apps", listed)
    assert "consent" in reading.item(answer, app.label).heading
    assert reading.item(answer, app.label).said in ("", "Nobody asked yet.")

    await in_slack(stage)
    who = await stage.command(f"/o365 who {app.label}", said("I would ask"))
    assert "Gita Global" in reading.text(who)

    dm = stage.world.slack.dm_of("gita")
    since = len(dm.messages)
    sent = await stage.command(f"/o365 send {app.label} now", said(app.label))
    letter = await stage.next(dm, since, said(app.label))
    assert reading.code(letter) == reading.code(sent)
    assert not letter.unfurl_links, "nobody's crawler is invited to fetch a personal link"

    guide = await take_on(stage, browser, app, letter)
    await thanked(stage, letter)
    assert about(dm, since, app) == [letter], "changed, not sent anew"
    answer = await stage.command("/o365 apps", listed)
    assert reading.item(answer, app.label).said.startswith("Gita Global took it on")

    await finish_in_okta(browser, guide)
    checked = await stage.command(f"/o365 check {app.label}", said(app.label))
    assert "migrated" in checked.text
    assert "How I know: proven" in reading.text(checked)
    async with stage.stored() as stored:
        assert (await stored.request(app.label))["stage"] == "done"
    answer = await stage.command("/o365 apps", listed)
    assert app.label not in [one.name for one in reading.items(answer)]


async def test_the_whole_journey_in_teams_for_somebody_without_slack(
    stage: Stage, browser: Browser, new_app: NewApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked and sent in Teams; the right admin has no Slack, so the message comes in Teams."""
    app = await new_app("Teams")
    monkeypatch.setattr(stage.world.company.person("gita"), "slack_id", None)
    answer = await stage.ask_in_teams("which O365 apps need migration", listed)
    assert re.search("consent|saved", reading.item(answer, app.label).heading)

    dm = stage.world.teams.dm_of("gita")
    since = len(dm.messages)
    sent = await stage.ask_in_teams(f"send {app.label} now", said(app.label, "Gita Global"))
    assert reading.fact(sent, "Via") == "Teams"
    letter = await stage.next(dm, since, said(app.label))
    assert reading.code(letter) == reading.code(sent)

    guide = await take_on(stage, browser, app, letter)
    await thanked(stage, letter)
    assert about(dm, since, app) == [letter], "changed, not sent anew"

    await finish_in_okta(browser, guide)
    checked = await stage.ask_in_teams(f"check {app.label}", said(app.label, "migrated"))
    assert "How I know: proven" in reading.text(checked)


async def test_the_reminder_reaches_the_channels_of_both_platforms(stage: Stage) -> None:
    """`remind` posts one visible message in Slack and one in Teams; at once again is no second."""
    channels = (stage.slack_channel, stage.teams_channel)
    since = {channel.id: len(channel.messages) for channel in channels}

    def reminders(of: str) -> list[Message]:
        channel = next(channel for channel in channels if channel.id == of)
        new = channel.messages[since[of] :]
        return [m for m in new if m.from_bot and not m.only_for and "not done yet" in m.text]

    began = stage.world.company.now().replace(second=0, microsecond=0)
    await asyncio.gather(
        *(stage.command("/o365 remind sure", said("2 channels")) for _ in range(2))
    )
    minutes = (stage.world.company.now() - began) // timedelta(minutes=1) + 1  # one in each
    for channel in channels:
        await stage.world.log.wait_for(partial(reminders, channel.id))
    # What was asked after it has been answered, so a second one would have come by now.
    await stage.command("/o365 apps", listed)
    assert all(len(reminders(channel.id)) <= minutes for channel in channels)


async def test_nobody_reachable_is_said_and_nothing_is_sent(stage: Stage) -> None:
    """Northwind's only admin is in no chat: the answer says so, and no request is made."""
    await stage.command("/o365 scan", listed)
    who = await stage.command("/o365 who Office 365 Northwind", said("Uma Unreachable"))
    assert "not found in chat" in reading.items(who)[0].said
    answer = await stage.command("/o365 send Office 365 Northwind", lambda m: True)
    assert "Nobody" in answer.text or "nobody" in answer.text
    async with stage.stored() as stored:
        with pytest.raises(LookupError):
            await stored.request("Office 365 Northwind")


async def test_another_account_spends_nothing_and_the_operator_hears_of_it(
    stage: Stage, browser: Browser, new_app: NewApp
) -> None:
    """Nils signs in on Gita's link: he learns a masked name, Ola is told, and Gita still can."""
    app = await new_app("Mixup")
    link = reading.link(await letter_for(stage, app))
    dm, since = stage.world.slack.dm_of("ola"), len(stage.world.slack.dm_of("ola").messages)
    wrong = await sign_in(browser, link, "nils@contoso.example")
    assert wrong.status == 403
    assert "g…@contoso.example" in wrong.text
    assert ACCOUNT not in wrong.text
    await stage.next(dm, since, said("a different account", app.label))
    async with Browser() as gitas:
        guide = await sign_in(gitas, link)
    assert f"Finish {app.label}" in guide.title


async def test_saved_too_early_is_told_honestly(
    stage: Stage, browser: Browser, new_app: NewApp
) -> None:
    """ "I have saved it" before it is: the page says what is missing, and when it looks again."""
    app = await new_app("Early")
    guide = await sign_in(browser, reading.link(await letter_for(stage, app)))
    await browser.press(guide, "Report it", {"saw": "Authenticate"})
    await browser.press(guide, "I have saved it")

    async with stage.stored() as stored:

        async def looked() -> bool:
            return bool((await stored.request(app.label))["watch"]["looks"])

        await wait_until(looked, what="it was looked at once", within=WITHIN)
    page = await browser.open(guide.url)
    assert "You have reported it; Okta and Microsoft do not show it yet" in page.text
    assert "migrated" not in page.text
    assert "Next check on" in page.text


async def test_a_save_in_okta_is_known_before_anybody_looks(stage: Stage, new_app: NewApp) -> None:
    """The hook was verified, is told with its secret, and just that app is scanned."""
    hooks, company = stage.world.hooks.hooks, stage.world.company
    assert all(hook.verified for hook in hooks.values())
    app = await new_app("Told")
    async with stage.redis() as store:
        ledger = RedisLedger(store, Keys())
        scan, told = (await ledger.scans())["contoso"], len(hooks["contoso"].statuses)
        company.press_authenticate("contoso", app.id, ACCOUNT)
        company.press_save("contoso", app.id)

        async def known() -> bool:
            record = there(await ledger.app(AppRef("contoso", app.id)))
            return record.state(company.now()) is State.MIGRATED

        await wait_until(known, within=WITHIN, what="the Save is known")
        record = there(await ledger.app(AppRef("contoso", app.id)))
        assert EvidenceKind.SETTINGS_SAVED in {evidence.kind for evidence in record.evidence}
        assert (await ledger.scans())["contoso"] == scan
    await wait_until(
        lambda: 200 in hooks["contoso"].statuses[told:], within=WITHIN, what="Okta got its answer"
    )
