"""The page of the steps, after the proof: what can be pressed there, and what it follows live."""

from __future__ import annotations

import asyncio

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.people.admins import OktaAdmin
from bot.errors import CloudUnreachable
from tests.contract.test_web_link import STEPS, WHEN
from tests.examples import NOW
from tests.site import ASKED, SECOND, TAB, TOKEN, WebSite, a_site, csrf_of
from tests.there import there

# ------------------------------------------------------------------ after the proof


async def test_without_an_address_of_the_tab_the_steps_say_it_in_words(
    site: WebSite,
) -> None:
    """Where Okta's address is not known there is no dead button, and the path stands there."""
    site.people.okta.hides_tab = CloudUnreachable("no answer", where="contoso", call="GET /apps")
    await site.sign_in()
    guide = (await site.open(STEPS)).text
    assert 'href=""' not in guide
    assert "target=" not in guide
    assert "Provisioning" in guide


async def test_saved_is_looked_at_and_the_page_says_what_is_missing(site: WebSite) -> None:
    """The button that was seen is evidence; the page tells when it is looked at again."""
    await site.sign_in()
    noted = await site.open_and_press(STEPS, {"saw": "reauthenticate", "do": "attest"})
    assert noted.headers["location"] == f"{STEPS}?said=noted"
    assert "that is noted" in (await site.open(f"{STEPS}?said=noted")).text
    pressed = await site.open_and_press(STEPS, {"do": "saved"})
    assert (pressed.status_code, pressed.headers["location"]) == (303, STEPS)
    assert await site.stage() is Stage.SAVED
    assert site.people.engine.verifications == [(ASKED.app, NOW)]
    page = (await site.open(STEPS)).text
    assert "ada@contoso.com saw the button “Reauthenticate”" in page
    assert f"Next check on {WHEN}" in page
    assert 'value="reauthenticate" checked' in page


async def test_what_else_was_seen_is_evidence_of_its_own(site: WebSite) -> None:
    """Each question that was answered; the others say nothing."""
    await site.sign_in()
    form = {"saw": "reauthenticate", "do": "attest", "fields": "yes", "verified": "no", "test": ""}
    await site.open_and_press(STEPS, form)
    record = there(await site.people.ledger.app(ASKED.app))
    words = {e.kind.value for e in record.evidence if e.rule.source.value == "person"}
    assert words == {"saw_reauthenticate", "saw_password_fields", "saw_not_verified"}
    page = (await site.open(STEPS)).text
    assert "Are there still fields" in page
    assert page.count('name="test"') == 3


async def test_done_already_is_looked_at_and_not_believed(site: WebSite) -> None:
    """The request stays open until evidence ends it."""
    await site.sign_in()
    await site.open_and_press(STEPS, {"do": "already"})
    assert await site.stage() is Stage.ACKNOWLEDGED
    assert site.people.engine.verifications == [(ASKED.app, NOW)]
    assert "Seen so far: needs consent" in (await site.open(STEPS)).text


async def test_not_me_asks_the_next_one_before_the_proof_and_after_it(site: WebSite) -> None:
    """The suggestion goes along, the link is void, and the page says thanks."""
    page = await site.open_and_press(form={"do": "not_me", "suggestion": "Ben Okafor"})
    assert "Thank you for letting us know" in page.text
    declined = await site.asked()
    assert (declined.stage, declined.suggestion) == (Stage.DECLINED, "Ben Okafor")
    assert (await site.open()).status_code == 410
    async with a_site() as other:
        await other.sign_in()
        await other.open_and_press(STEPS, {"do": "not_me"})
        assert await other.stage() is Stage.DECLINED
        assert "Thank you for letting us know" in (await other.open(STEPS)).text


async def test_the_later_form_offers_days_that_make_sense(site: WebSite) -> None:
    """From the next working moment on, and with Okta's date past for two weeks; not beyond."""
    page = (await site.open()).text
    assert 'value="2025-03-04" min="2025-03-03" max="2025-03-17"' in page


async def test_later_is_a_date_a_time_and_a_reason(site: WebSite) -> None:
    """In the person's own zone; the page shows it, before the proof and after it."""
    form = {"do": "later", "date": "2025-03-05", "time": "09:30", "reason": "moving house"}
    assert (await site.open_and_press(form=form)).headers["location"] == f"/c/{TOKEN}"
    snooze = there((await site.asked()).snooze)
    assert (str(snooze.local), snooze.zone) == ("2025-03-05 09:30:00", "Europe/Berlin")
    assert snooze.reason == "moving house"
    assert "March 5, 2025, 09:30" in (await site.open()).text
    await site.sign_in()
    await site.open_and_press(STEPS, form)
    assert "March 5, 2025, 09:30" in (await site.open(STEPS)).text


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("", ""),
        ("tomorrow", "nine"),
        ("2025-13-01", "09:00"),
        ("0001-01-01", "00:00"),
        ("9999-12-31", "23:59"),
        ("2025-03-05", "09:00+14:00"),
        ("2025-03-05" * 100, "09:00"),
    ],
)
async def test_a_later_that_is_no_time_is_asked_once_more(
    site: WebSite, date: str, time: str
) -> None:
    """400 with what to do, and nothing changed; before the proof and after it."""
    form = {"do": "later", "date": date, "time": time}
    assert (await site.open_and_press(form=form)).status_code == 400
    await site.sign_in()
    assert (await site.open_and_press(STEPS, form)).status_code == 400
    assert (await site.asked()).snooze is None


async def test_an_okta_admin_is_brought_in(site: WebSite) -> None:
    """Offered where the person is none; the page says so when there is nobody to find."""
    await site.sign_in()
    assert "Bring in an Okta admin" in (await site.open(STEPS)).text
    nobody = await site.open_and_press(STEPS, {"do": "introduce"})
    assert (nobody.status_code, "Nobody was found" in nobody.text) == (404, True)
    ben = OktaAdmin("contoso", "00u2", "Ben Okafor", "ben@contoso.com", "APP_ADMIN")
    await site.people.ledger.save_okta_admins("contoso", (ben,))
    assert "That would be: Ben Okafor." in (await site.open(STEPS)).text
    done = await site.open_and_press(STEPS, {"do": "introduce"})
    assert done.headers["location"] == f"{STEPS}?said=introduced"
    assert site.people.told("introduce") or site.people.told("introduction")
    await site.change(okta_admin=True)
    assert "Bring in an Okta admin" not in (await site.open(STEPS)).text


async def test_one_sign_in_serves_all_apps_each_with_its_own_link(site: WebSite) -> None:
    """The others are listed with their own steps and their own tab."""
    assert "Signing in also takes on" not in (await site.open()).text
    await site.people.ledger.commit(Changes(requests=(SECOND,)))
    asked = (await site.open()).text
    assert "Signing in also takes on these apps" in asked
    assert "Contoso Sales" in asked
    await site.sign_in()
    page = (await site.open(STEPS)).text
    assert 'href="/r/r2"' in page
    assert f'href="{TAB[:-1]}2"' in page
    other = await site.open("/r/r2")
    assert (other.status_code, "Contoso Sales" in other.text) == (200, True)


async def test_a_finished_request_shows_that_nothing_is_left(site: WebSite) -> None:
    """Once evidence says done, no page sends anybody into Okta, and steps change nothing."""
    await site.sign_in()
    csrf = csrf_of(await site.open(STEPS))
    await site.change(stage=Stage.DONE)
    late = await site.press(csrf, STEPS, {"do": "saved"})
    assert late.headers["location"] == f"{STEPS}?said=over"
    for page in (await site.open(STEPS), await site.open(f"{STEPS}?said=over")):
        assert "nothing left to do" in page.text
        assert TAB not in page.text
    assert await site.stage() is Stage.DONE


async def test_a_form_that_says_nothing_changes_nothing(site: WebSite) -> None:
    """Unknown verbs, buttons that do not exist: 400, before the proof and after it."""
    assert (await site.open_and_press(form={"do": "launch"})).status_code == 400
    await site.sign_in()
    before = await site.asked()
    for form in ({"do": "launch"}, {"saw": "neither"}, {"do": "attest", "saw": "gold"}):
        assert (await site.open_and_press(STEPS, form)).status_code == 400
    assert await site.asked() == before


# ------------------------------------------------------------------ followed live


async def test_the_page_is_told_what_changes_until_it_is_done(site: WebSite) -> None:
    """Server-sent events: how it stands now, what changes, and that it has ended."""
    await site.sign_in()
    told: list[str] = []
    async with site.browser.stream("GET", f"{STEPS}/live") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        async for line in stream.aiter_lines():
            told.append(line)
            if line == "" and len([one for one in told if one.startswith("event:")]) == 1:
                assert any("Once you say that it is saved" in one for one in told)
                await site.change(stage=Stage.DONE)
    assert [one for one in told if one.startswith("event:")] == ["event: status", "event: ended"]


async def test_the_news_are_for_the_session_alone(site: WebSite) -> None:
    """Without it there is no such stream."""
    await site.sign_in()
    site.browser.cookies.clear()
    assert (await site.open(f"{STEPS}/live")).status_code == 404


async def test_a_server_that_is_to_stop_does_not_wait_for_those_who_listen() -> None:
    """The stream ends, and the server with it, within a moment."""
    async with asyncio.timeout(60):
        async with a_site() as site:
            await site.sign_in()
            request = site.browser.build_request("GET", f"{STEPS}/live")
            stream = await site.browser.send(request, stream=True)
            assert stream.status_code == 200
        await stream.aclose()
