"""The web app over a real uvicorn: the personal link, and what every answer has in common."""

from __future__ import annotations

import asyncio
import re
import string
import tomllib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from adapters.web.health import Health, Part
from adapters.web.middleware import BodyLimit
from adapters.web.pages import choose
from bot.chat.words import Words
from bot.domain.changes import Changes
from bot.domain.consent import LinkBinding, MfaShown, ProofKind, Stage, link_digest
from bot.domain.people import Holding, OktaAdmin
from bot.errors import CloudRefused, CloudUnreachable
from tests.examples import LINK_FOR, NOW, OPERATOR
from tests.site import (
    ASKED,
    OTHER_TOKEN,
    SECOND,
    TAB,
    TOKEN,
    Site,
    a_site,
    csrf_of,
)

WHEN = Words("en").moment(NOW, ZoneInfo("Europe/Berlin"))
TEXTS = Path(__file__).parents[2] / "bot" / "chat" / "texts"
STEPS = f"/r/{ASKED.id}"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The app over http on loopback."""
    async with a_site() as one:
        yield one


# ------------------------------------------------------------------ opening


async def test_opening_a_link_changes_nothing_however_often(site: Site) -> None:
    """GET and HEAD leave the request as it was: scanners fetch links, and so do previews."""
    before = await site.asked()
    for _ in range(5):
        assert (await site.open()).status_code == 200
        head = await site.browser.head(f"/c/{TOKEN}")
        assert (head.status_code, head.content) == (200, b"")
    assert (await site.open(f"/c/{TOKEN}?again=1")).status_code == 200
    assert await site.asked() == before


async def test_the_page_says_for_whom_which_app_why_and_the_code(site: Site) -> None:
    """Everything that lets the person judge the request is there, escaped, and the token is not."""
    page = (await site.open()).text
    for expected in (
        "Ada Moreau",
        "ada@contoso.com",
        "Contoso &lt;Mail&gt; &amp; more",
        "contoso.onmicrosoft.com",
        "tenant-1",
        "Olga",
        "ABC-DEF",
        "/o365 verify ABC-DEF",
        "RoleManagement.ReadWrite.Directory",
        "Provide Microsoft admin consent for Okta",
        "December 31, 2024",
        WHEN,
    ):
        assert expected in page
    assert TOKEN not in page
    assert "<script" not in page
    assert "style=" not in page


async def test_the_page_speaks_the_language_that_the_browser_asks_for(site: Site) -> None:
    """Accept-Language picks German; whatever is not known gets English."""
    german = await site.open(**{"Accept-Language": "fr;q=0.9, de-AT;q=0.8, en;q=0.5"})
    assert '<html lang="de">' in german.text
    assert german.headers["content-language"] == "de"
    assert "31. Dezember 2024" in german.text
    assert '<html lang="en">' in (await site.open(**{"Accept-Language": "ja"})).text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("en-US,de;q=0.7", "en"),
        ("de;q=0.7,en;q=0.7", "de"),
        ("de;q=0", "en"),
        ("de;q=x,;;,en;q=0.1", "en"),
        ("*", "en"),
    ],
)
def test_the_best_known_language_is_chosen(accepted: str, language: str) -> None:
    """Weights decide, then the order; nonsense falls back to English."""
    assert choose(accepted, ("de", "en")) == language


# ------------------------------------------------------------------ signing in


async def test_pressing_leads_to_the_tenants_own_sign_in_and_takes_nothing_on(site: Site) -> None:
    """303 to Microsoft with the tenant and a hint; the page allows its form just that host."""
    page = await site.open()
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://login.example.com;" in policy
    pressed = await site.press(csrf_of(page))
    assert pressed.status_code == 303
    location = pressed.headers["location"]
    assert location.startswith("https://login.example.com/tenant-1?")
    assert "login_hint=ada@contoso.com" in location
    assert await site.stage() is Stage.DELIVERED


async def test_the_right_account_takes_it_on_and_sees_the_steps(site: Site) -> None:
    """The callback spends the link and leads to a page whose address holds no secret."""
    back = await site.sign_in()
    assert (back.status_code, back.headers["location"]) == (303, STEPS)
    assert await site.stage() is Stage.ACKNOWLEDGED
    guide = await site.open(STEPS)
    assert f'href="{TAB}"' in guide.text
    assert f"in your hands since {WHEN}." in guide.text
    assert "your sign-in at Microsoft" in guide.text
    assert "Reauthenticate with Microsoft Office 365" in guide.text
    policy = guide.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert TOKEN not in guide.text


async def test_the_cookies_are_out_of_reach_for_scripts_and_other_sites(site: Site) -> None:
    """HttpOnly and SameSite=Lax, all of them; the session's secret is stored nowhere in clear."""
    began = await site.open_and_press()
    back = await site.come_back(re.findall(r"state=([^&]+)", began.headers["location"])[0])
    cookies = [*began.headers.get_list("set-cookie"), *back.headers.get_list("set-cookie")]
    assert len(cookies) == 5, "browser and origin, and then the session instead of both"
    for cookie in cookies:
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    secret = next(c for c in cookies if c.startswith("o365bot-session=")).split(";")[0]
    assert secret.partition("=")[2] not in str(site.people.sign_ins.sessions)


async def test_without_the_session_the_steps_do_not_exist(site: Site) -> None:
    """Another browser learns nothing: taken on, unknown, and somebody else's look alike."""
    await site.sign_in()
    session = site.browser.cookies["o365bot-session"]
    site.browser.cookies.clear()
    answers = [await site.open(STEPS), await site.open("/r/nothing"), await site.open("/r/%0d%0a")]
    site.browser.cookies.set("o365bot-session", session)
    answers.append(await site.open("/r/r2"))
    for answer in answers:
        assert answer.status_code == 404
        assert "Please open your link once more" in answer.text
        assert "Contoso" not in answer.text
    assert (await site.open(STEPS)).status_code == 200


async def test_a_used_link_leads_on_where_the_session_is_and_asks_again_elsewhere(
    site: Site,
) -> None:
    """A second use is told kindly; another browser signs in again, and nothing is done twice."""
    await site.sign_in()
    taken = await site.asked()
    here = await site.open()
    assert (here.status_code, here.headers["location"]) == (303, f"{STEPS}?again=1")
    assert "already taken on" in (await site.open(here.headers["location"])).text
    site.browser.cookies.clear()
    page = await site.open()
    assert "was used already" in page.text
    assert "Contoso" not in page.text, "who, and about what, is for those who sign in"
    back = await site.sign_in()
    assert back.headers["location"] == f"{STEPS}?again=1"
    assert await site.asked() == taken


async def test_another_account_spends_nothing_and_is_told_which_was_expected(site: Site) -> None:
    """Masked, with a way to try again; afterwards the right one still gets through."""
    page = await site.sign_in("ben@tenant-1")
    assert page.status_code == 403
    assert "a…@contoso.com" in page.text
    assert "ada@contoso.com" not in page.text
    assert await site.stage() is Stage.DELIVERED
    assert 'href="/auth/again"' in page.text
    assert (await site.open("/auth/again")).headers["location"] == f"/c/{TOKEN}"
    assert (await site.sign_in()).headers["location"] == STEPS


async def test_what_the_person_lacks_is_said(site: Site) -> None:
    """An eligible role is to be activated first; one that is gone is gone; nothing is spent."""
    site.people.entra.holdings["ada"] = Holding.ELIGIBLE
    eligible = await site.sign_in()
    assert "Activate your role first" in eligible.text
    del site.people.entra.holdings["ada"]
    gone = await site.sign_in()
    assert "no Global Administrator there now" in gone.text
    assert [eligible.status_code, gone.status_code] == [403, 403]
    assert await site.stage() is Stage.DELIVERED


async def test_without_the_wanted_mfa_nothing_is_spent() -> None:
    """The page says that a second factor is needed, and how to give it."""
    async with a_site(minimum=ProofKind.SIGNED_IN_MFA) as site:
        page = await site.sign_in()
        assert page.status_code == 403
        assert "Multifactor authentication is needed" in page.text
        assert await site.stage() is Stage.DELIVERED
        site.people.sign_in.mfa = MfaShown.AMR
        assert (await site.sign_in()).headers["location"] == STEPS
        assert "with multifactor authentication." in (await site.open(STEPS)).text


async def test_where_no_sign_in_is_configured_the_chat_account_confirms() -> None:
    """The page asks for one press in chat, and goes on for this browser after it."""
    async with a_site(minimum=ProofKind.CHAT_ACCOUNT, signs_in=False) as site:
        asked = await site.open_and_press()
        assert asked.status_code == 200
        assert "One press in chat" in asked.text
        assert await site.stage() is Stage.DELIVERED
        assert "One press in chat" in (await site.press(csrf_of(asked))).text
        await site.people.prove.confirm(ASKED.chat, ASKED.code)
        pressed = await site.press(csrf_of(asked))
        assert pressed.headers["location"] == STEPS
        assert "your chat account" in (await site.open(pressed.headers["location"])).text


async def test_where_the_link_itself_is_enough_the_press_takes_it_on() -> None:
    """The weakest proof, where the settings accept it; recorded and shown as what it is."""
    async with a_site(minimum=ProofKind.PERSONAL_LINK, signs_in=False) as site:
        assert (await site.open_and_press()).headers["location"] == STEPS
        assert "Known by: your personal link." in (await site.open(STEPS)).text


async def test_two_open_tabs_both_work(site: Site) -> None:
    """Opening the page a second time does not spoil the first tab's button."""
    first = csrf_of(await site.open())
    assert csrf_of(await site.open()) == first


# ------------------------------------------------------------------ after the proof


async def test_without_an_address_of_the_tab_the_steps_say_it_in_words(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Okta's address is not known there is no dead button, and the path stands there."""

    async def unknown(app_id: str) -> str:
        raise CloudUnreachable("no answer", where="contoso", call="GET /apps")

    monkeypatch.setattr(site.people.okta, "integration_tab", unknown)
    await site.sign_in()
    guide = (await site.open(STEPS)).text
    assert 'href=""' not in guide
    assert "target=" not in guide
    assert "Provisioning" in guide


async def test_saved_is_looked_at_and_the_page_says_what_is_missing(site: Site) -> None:
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
    assert f"Looking again on {WHEN}" in page
    assert 'value="reauthenticate" checked' in page


async def test_done_already_is_looked_at_and_not_believed(site: Site) -> None:
    """The request stays open until evidence ends it."""
    await site.sign_in()
    await site.open_and_press(STEPS, {"do": "already"})
    assert await site.stage() is Stage.ACKNOWLEDGED
    assert site.people.engine.verifications == [(ASKED.app, NOW)]
    assert "Seen so far: needs consent" in (await site.open(STEPS)).text


async def test_not_me_asks_the_next_one_before_the_proof_and_after_it(site: Site) -> None:
    """The suggestion goes along, the link is void, and the page says thanks."""
    page = await site.open_and_press(form={"do": "not_me", "suggestion": "Ben Okafor"})
    assert "Thank you for telling us" in page.text
    declined = await site.asked()
    assert (declined.stage, declined.suggestion) == (Stage.DECLINED, "Ben Okafor")
    assert (await site.open()).status_code == 410
    async with a_site() as other:
        await other.sign_in()
        await other.open_and_press(STEPS, {"do": "not_me"})
        assert await other.stage() is Stage.DECLINED
        assert "Thank you for telling us" in (await other.open(STEPS)).text


async def test_later_is_a_date_a_time_and_a_reason(site: Site) -> None:
    """In the person's own zone; the page shows it, before the proof and after it."""
    form = {"do": "later", "date": "2025-03-05", "time": "09:30", "reason": "moving house"}
    assert (await site.open_and_press(form=form)).headers["location"] == f"/c/{TOKEN}"
    snooze = (await site.asked()).snooze
    assert snooze is not None
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
async def test_a_later_that_is_no_time_is_asked_once_more(site: Site, date: str, time: str) -> None:
    """400 with what to do, and nothing changed; before the proof and after it."""
    form = {"do": "later", "date": date, "time": time}
    assert (await site.open_and_press(form=form)).status_code == 400
    await site.sign_in()
    assert (await site.open_and_press(STEPS, form)).status_code == 400
    assert (await site.asked()).snooze is None


async def test_an_okta_admin_is_brought_in(site: Site) -> None:
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


async def test_one_sign_in_serves_all_apps_each_with_its_own_link(site: Site) -> None:
    """The others are listed with their own steps and their own tab."""
    assert "Signing in takes on" not in (await site.open()).text
    await site.people.ledger.commit(Changes(requests=(SECOND,)))
    asked = (await site.open()).text
    assert "Signing in takes on these apps, too" in asked
    assert "Contoso Sales" in asked
    await site.sign_in()
    page = (await site.open(STEPS)).text
    assert 'href="/r/r2"' in page
    assert f'href="{TAB[:-1]}2"' in page
    other = await site.open("/r/r2")
    assert (other.status_code, "Contoso Sales" in other.text) == (200, True)


async def test_a_finished_request_shows_that_nothing_is_left(site: Site) -> None:
    """Once evidence says done, no page sends anybody into Okta, and steps change nothing."""
    await site.sign_in()
    csrf = csrf_of(await site.open(STEPS))
    await site.change(stage=Stage.DONE)
    late = await site.press(csrf, STEPS, {"do": "saved"})
    assert late.headers["location"] == f"{STEPS}?said=over"
    for page in (await site.open(STEPS), await site.open(f"{STEPS}?said=over")):
        assert "nothing is left to do" in page.text
        assert TAB not in page.text
    site.browser.cookies.clear()
    assert "nothing is left to do" in (await site.open()).text
    assert await site.stage() is Stage.DONE


async def test_a_form_that_says_nothing_changes_nothing(site: Site) -> None:
    """Unknown verbs, buttons that do not exist: 400, before the proof and after it."""
    assert (await site.open_and_press(form={"do": "launch"})).status_code == 400
    await site.sign_in()
    before = await site.asked()
    for form in ({"do": "launch"}, {"saw": "neither"}, {"do": "attest", "saw": "gold"}):
        assert (await site.open_and_press(STEPS, form)).status_code == 400
    assert await site.asked() == before


# ------------------------------------------------------------------ followed live


async def test_the_page_is_told_what_changes_until_it_is_done(site: Site) -> None:
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


async def test_the_news_are_for_the_session_alone(site: Site) -> None:
    """Without it there is no such stream."""
    await site.sign_in()
    site.browser.cookies.clear()
    assert (await site.open(f"{STEPS}/live")).status_code == 404


async def test_a_server_that_is_to_stop_does_not_wait_for_those_who_listen() -> None:
    """The stream ends, and the server with it, within a moment."""
    async with asyncio.timeout(10):
        async with a_site() as site:
            await site.sign_in()
            request = site.browser.build_request("GET", f"{STEPS}/live")
            stream = await site.browser.send(request, stream=True)
            assert stream.status_code == 200
        await stream.aclose()


# ------------------------------------------------------------------ links that lead nowhere


@pytest.mark.parametrize(
    "token",
    [
        OTHER_TOKEN,
        "x",
        "x" * 42,
        "x" * 65,
        "x" * 5000,
        "%00" * 43,
        "%0d%0a" * 22,
        "é" * 43,
        "a.b" * 15,
    ],
)
async def test_an_unknown_or_malformed_link_is_one_and_the_same_page(
    site: Site, token: str
) -> None:
    """404 either way, so a guess learns nothing; links of the other kind are no exception."""
    for kind in ("c", "o"):
        page = await site.open(f"/{kind}/{token}")
        assert page.status_code == 404
        assert "This link leads nowhere" in page.text
        assert (await site.press("x" * 43, f"/{kind}/{token}")).status_code in (403, 404)


async def test_expired_and_revoked_links_say_what_to_do_and_nothing_else(site: Site) -> None:
    """410 for both verbs; who was asked about what is not told to whoever holds an old link."""
    csrf = csrf_of(await site.open())
    link = LinkBinding(link_digest(OTHER_TOKEN), NOW + LINK_FOR)
    await site.change(link=link)
    revoked = [await site.open(), await site.press(csrf)]
    await site.change(link=replace(link, token_sha256=link_digest(TOKEN), expires_at=NOW))
    expired = [await site.open(), await site.press(csrf)]
    for page in revoked:
        assert "no longer valid" in page.text
    for page in expired:
        assert "has expired" in page.text
    for page in (*revoked, *expired):
        assert page.status_code == 410
        assert "Ada" not in page.text
        assert "Contoso" not in page.text


async def test_without_the_store_nothing_is_lost_and_the_page_says_so(site: Site) -> None:
    """503 with Retry-After for both verbs; afterwards the same button still works."""
    csrf = csrf_of(await site.open())
    site.people.ledger.down = True
    for answer in (await site.open(), await site.press(csrf)):
        assert answer.status_code == 503
        assert "Nothing was lost" in answer.text
        assert answer.headers["retry-after"] == "10"
    site.people.ledger.down = False
    assert (await site.press(csrf)).status_code == 303


# ------------------------------------------------------------------ a tenant lets the bot in


async def test_a_tenant_lets_the_bot_read_it(site: Site) -> None:
    """Its page leads to Microsoft's admin consent; what counts is whether Graph then answers."""
    people = site.people
    refused = CloudRefused("no", where="tenant-1", call="GET /users")
    people.entra.admins["tenant-1"] = refused
    invitation = await people.onboard.invite("contoso.onmicrosoft.com", OPERATOR)
    path = urlsplit(invitation.link).path
    assert (await site.browser.head(path)).status_code == 200
    pressed = await site.open_and_press(path)
    assert "/adminconsent?" in pressed.headers["location"]
    state = re.findall(r"state=([^&]+)", pressed.headers["location"])[0]
    answer = {"admin_consent": "True", "state": state, "tenant": "somebody-elses"}
    back = await site.browser.get("/auth/consented", params=answer)
    assert (await site.open(back.headers["location"])).headers["location"] == path
    assert "Nearly there" in (await site.open(path)).text
    people.entra.admins["tenant-1"] = ()
    await site.open_and_press(path, {"do": "check"})
    assert "contoso.onmicrosoft.com can be read" in (await site.open(path)).text
    replayed = await site.browser.get("/auth/consented", params=answer)
    assert replayed.status_code == 400


async def test_a_consent_that_was_cancelled_is_told_and_the_link_still_works(site: Site) -> None:
    """`error` is read before `admin_consent`, which Microsoft sends along."""
    site.people.entra.admins["tenant-1"] = CloudRefused("no", where="t", call="GET /users")
    invitation = await site.people.onboard.invite("contoso.onmicrosoft.com", OPERATOR)
    path = urlsplit(invitation.link).path
    pressed = await site.open_and_press(path)
    state = re.findall(r"state=([^&]+)", pressed.headers["location"])[0]
    answer = {"admin_consent": "True", "error": "permission_denied", "state": state}
    back = await site.browser.get("/auth/consented", params=answer, headers={"Accept": "text/html"})
    assert (back.status_code, "was cancelled" in back.text) == (403, True)
    assert (await site.open(path)).status_code == 200


# ------------------------------------------------------------------ every answer


async def test_every_answer_carries_the_security_headers() -> None:
    """Pages, problems, bugs and webhooks alike; none may be framed, kept, indexed or sniffed."""
    async with a_site(teams_fails=True) as site:
        answers = [
            await site.open("/"),
            await site.open(),
            await site.open("/c/x"),
            await site.open("/nowhere"),
            await site.browser.put(f"/c/{TOKEN}"),
            await site.browser.post("/slack/events", content=b"x"),
            await site.browser.post("/teams/messages", headers={"Accept": "text/html"}),
            await site.browser.get("/health"),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 404, 405, 200, 500, 200]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert "strict-transport-security" not in answer.headers
        assert "server" not in answer.headers


async def test_over_https_the_cookie_is_bound_to_the_host_and_hsts_is_sent() -> None:
    """`__Host-`, Secure, HttpOnly, SameSite=Lax; and the press works with it."""
    async with a_site("https://bot.example.com") as site:
        page = await site.open(Host="bot.example.com")
        cookie = page.headers["set-cookie"]
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert cookie.startswith("__Host-o365bot-csrf=")
        assert {"Secure", "HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        pressed = await site.press(
            csrf_of(page),
            Host="bot.example.com",
            Origin="https://bot.example.com",
            Cookie=cookie.partition(";")[0],
        )
        assert pressed.status_code == 303


async def test_bodies_are_bounded_whether_announced_or_not(site: Site) -> None:
    """413 for a form over 4 KiB and a webhook over 1 MiB, with a length or in chunks."""

    async def chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(0, size, 1024):
            yield b"x" * 1024

    own = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    forms = (f"/c/{TOKEN}", STEPS, f"/o/{TOKEN}")
    for path, limit in (*((form, 4096) for form in forms), ("/slack/events", 1024 * 1024)):
        for content in (b"x" * (limit + 1), chunks(limit + 1)):
            answer = await site.browser.post(path, content=content, headers=own)
            assert answer.status_code == 413
    whole = await site.browser.post("/slack/events", content=chunks(1024 * 1024))
    assert whole.text == str(1024 * 1024)


async def test_a_body_that_never_ends_is_given_up() -> None:
    """408 after the time limit; the endpoint is never called."""
    sent: list[Message] = []

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("called without a body")

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("never")

    async def send(message: Message) -> None:
        sent.append(message)

    limited = BodyLimit(
        endpoint, lambda request, status: PlainTextResponse("", status), seconds=0.01
    )
    scope = {"type": "http", "method": "POST", "path": "/slack/events", "headers": []}
    await limited(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_a_bug_is_a_page_with_a_reference_and_no_details() -> None:
    """500 tells the request's id to quote, and nothing of what went wrong inside."""
    async with a_site(teams_fails=True) as site:
        answer = await site.browser.post("/teams/messages", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert re.search(r"Reference: [0-9a-f]{16}", answer.text)
    assert "RuntimeError" not in answer.text


async def test_what_is_no_browser_gets_one_line(site: Site) -> None:
    """Without text/html in Accept a problem is plain text."""
    answer = await site.browser.get("/nowhere", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.text) == (404, "There is no such page\n")


async def test_health_names_each_part_and_fails_with_the_vital_ones_only(site: Site) -> None:
    """One cloud that fails leaves the bot serving; without the store it answers 503."""
    assert (await site.browser.get("/health")).json()["status"] == "ok"
    okta = Part("okta:contoso", ok=False, reason="no answer")
    site.health = Health((Part("store", ok=True, vital=True), okta))
    degraded = await site.browser.get("/health")
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    assert degraded.json()["parts"]["okta:contoso"] == {"status": "failed", "reason": "no answer"}
    site.health = Health((Part("store", ok=False, reason="away", vital=True), okta))
    failed = await site.browser.get("/health")
    assert (failed.status_code, failed.json()["status"]) == (503, "failed")


async def test_metrics_are_prometheus_text(site: Site) -> None:
    """What the registry gives goes out as it is, under the type that Prometheus expects."""
    answer = await site.browser.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "o365bot_apps 3.0" in answer.text


async def test_a_platform_that_is_not_configured_has_no_route(site: Site) -> None:
    """Teams was left out here: its address does not exist."""
    assert (await site.browser.post("/teams/messages")).status_code == 404


async def test_the_front_page_says_what_this_is_and_where_to_talk_to_it(site: Site) -> None:
    """Only the platforms that are served are named."""
    page = (await site.open("/")).text
    assert "/o365 help" in page
    assert "In Teams" not in page


async def test_static_files_may_be_kept_and_nothing_else_is_reachable(site: Site) -> None:
    """The sheet is served with its type; the templates beside it are not."""
    style = await site.browser.get("/static/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert style.headers["cache-control"] == "public, max-age=86400"
    for path in (
        "/static/../templates/base.html",
        "/static/%2e%2e/templates/base.html",
        "/static/",
    ):
        assert (await site.browser.get(path)).status_code == 404


# ------------------------------------------------------------------ words


def page_words(language: str) -> dict[str, str]:
    table = tomllib.loads((TEXTS / language / "pages.toml").read_text(encoding="utf-8"))["page"]
    assert isinstance(table, dict)
    return table


def test_both_languages_say_the_same_things_with_the_same_values() -> None:
    """Every key is there in German too, in the same order, and inserts the same names."""
    english, german = page_words("en"), page_words("de")
    assert list(english) == list(german)

    def names(text: str) -> set[str | None]:
        return {field for _, _, field, _ in string.Formatter().parse(text) if field}

    for key, text in english.items():
        assert names(text) == names(german[key]), key


def test_every_word_of_the_catalogue_is_used_by_a_page() -> None:
    """No text is left behind in the catalogue that nobody shows any more."""
    web = Path(__file__).parents[2] / "adapters" / "web"
    sources = [*web.glob("templates/*.html"), *web.glob("*.py")]
    used = "".join(source.read_text(encoding="utf-8") for source in sources)
    for key in page_words("en"):
        kind = re.fullmatch(r"([a-z]+)_(title|text|next)", key)
        asked = f'"{key}"' in used or f'"page.{key}"' in used
        assert asked or (kind and f'"{kind[1]}"' in used), key


def test_templates_have_no_words_of_their_own() -> None:
    """Between the tags there is nothing but values and words from the catalogue."""
    for template in (Path(__file__).parents[2] / "adapters" / "web" / "templates").glob("*.html"):
        bare = re.sub(
            r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>",
            " ",
            template.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        assert not re.search(r"[^\W\d_]", bare), (template.name, bare.split())


async def test_a_picture_of_a_message_may_be_shown_on_pages_of_others(site: Site) -> None:
    """A chat client shows it within its own page; whoever guesses a name gets nothing."""
    await site.people.ledger.save_picture("a" * 40, b"png")
    answer = await site.browser.get(f"/p/{'a' * 40}.png")
    assert (answer.status_code, answer.content) == (200, b"png")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert (await site.browser.get(f"/p/{'b' * 40}.png")).status_code == 404
