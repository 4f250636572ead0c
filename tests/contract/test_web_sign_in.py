"""From the personal link to Microsoft and back: who signs in, and what it takes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.domain.consent.links import AFTER_USE, link_digest
from bot.domain.consent.requests import LinkBinding, MfaShown, ProofKind, Stage
from bot.domain.people.admins import Holding
from bot.errors import CloudRefused
from tests.contract.test_web_link import STEPS, WHEN
from tests.examples import LINK_FOR, NOW, OPERATOR
from tests.site import ASKED, OTHER_TOKEN, TAB, TOKEN, WebSite, a_site, csrf_of, state_of

# ------------------------------------------------------------------ signing in


async def test_pressing_leads_to_the_tenants_own_sign_in_and_takes_nothing_on(
    site: WebSite,
) -> None:
    """303 to Microsoft with the tenant and a hint; the page allows its form to go there, and on."""
    page = await site.open()
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' https://login.example.com https:;" in policy
    pressed = await site.press(csrf_of(page))
    assert pressed.status_code == 303
    location = pressed.headers["location"]
    assert location.startswith("https://login.example.com/tenant-1?")
    assert "login_hint=ada@contoso.com" in location
    assert await site.stage() is Stage.DELIVERED


async def test_the_right_account_takes_it_on_and_sees_the_steps(site: WebSite) -> None:
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


async def test_the_cookies_are_out_of_reach_for_scripts_and_other_sites(site: WebSite) -> None:
    """HttpOnly and SameSite=Lax, all of them; the session's secret is stored nowhere in clear."""
    began = await site.open_and_press()
    back = await site.come_back(re.findall(r"state=([^&]+)", began.headers["location"])[0])
    cookies = [*began.headers.get_list("set-cookie"), *back.headers.get_list("set-cookie")]
    assert len(cookies) == 5, "browser and origin, and then the session instead of both"
    for cookie in cookies:
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    secret = next(c for c in cookies if c.startswith("o365bot-session=")).split(";")[0]
    assert secret.partition("=")[2] not in str(site.people.sign_ins.sessions)


async def test_without_the_session_the_steps_do_not_exist(site: WebSite) -> None:
    """Another browser learns nothing: taken on, unknown, and somebody else's look alike."""
    await site.sign_in()
    session = site.browser.cookies["o365bot-session"]
    site.browser.cookies.clear()
    answers = [await site.open(STEPS), await site.open("/r/nothing"), await site.open("/r/%0d%0a")]
    site.browser.cookies.set("o365bot-session", session)
    answers.append(await site.open("/r/r2"))
    for answer in answers:
        assert answer.status_code == 404
        assert "Please open your link again" in answer.text
        assert "Contoso" not in answer.text
    assert (await site.open(STEPS)).status_code == 200


async def test_a_used_link_leads_on_where_the_session_is_and_tells_the_time_elsewhere(
    site: WebSite,
) -> None:
    """A second use is told kindly. To any other browser it says when, and leads nowhere."""
    await site.sign_in()
    taken = await site.asked()
    here = await site.open()
    assert (here.status_code, here.headers["location"]) == (303, f"{STEPS}?again=1")
    assert "already taken on" in (await site.open(here.headers["location"])).text
    site.browser.cookies.clear()
    csrf = csrf_of(await site.open(f"/s/{'x' * 43}"))
    for stage in (Stage.ACKNOWLEDGED, Stage.SAVED, Stage.DONE):
        await site.change(stage=stage)
        taken = await site.asked()
        page = await site.open()
        assert "has already been used" in page.text
        assert "March 3, 2025, 09:00 UTC" in page.text
        for form in ({"do": "begin"}, {"do": "later"}, {"do": "not_me"}):
            answer = await site.press(csrf, form=form)
            assert answer.headers.get("location", f"/c/{TOKEN}") == f"/c/{TOKEN}"
            assert tells_of(page.text + answer.text + str(answer.headers)) == []
        assert await site.asked() == taken
    site.people.clock.forward(AFTER_USE)
    ended = await site.open()
    assert (ended.status_code, tells_of(ended.text)) == (410, [])
    assert "has expired" in ended.text


def tells_of(text: str) -> list[str]:
    """What of the request stands in a text: people, app, org, tenant, code, ids, zone."""
    asked = ("Ada", "ada@", "Olga", "Contoso", "contoso", "tenant-1", "ABC-DEF", "r1", "Berlin")
    return [word for word in asked if word in text]


async def test_a_fresh_link_to_what_was_taken_on_takes_a_sign_in_and_shows_no_name(
    site: WebSite,
) -> None:
    """As a reminder brings it: the time, and the way to Microsoft; used, it is like any other."""
    await site.sign_in()
    site.browser.cookies.clear()
    link = LinkBinding(link_digest(OTHER_TOKEN), NOW + LINK_FOR, back=True)
    await site.change(link=link)
    path = f"/c/{OTHER_TOKEN}"
    page = await site.open(path)
    assert tells_of(page.text) == []
    state = state_of(await site.press(csrf_of(page), path))
    assert (await site.come_back(state)).headers["location"] == f"{STEPS}?again=1"
    site.browser.cookies.clear()
    assert 'name="csrf"' not in (await site.open(path)).text


async def test_the_way_back_leads_from_chat_through_a_sign_in(site: WebSite) -> None:
    """A pass is good once, in the browser that presses; fetching its page takes nothing out."""
    await site.sign_in()
    site.browser.cookies.clear()
    confirmed = await site.people.prove.confirm(ASKED.chat, ASKED.code)
    path = f"/s/{confirmed.way_on}"
    for _ in range(3):
        assert (await site.browser.head(path)).status_code == 200
        assert tells_of((await site.open(path)).text) == []
    pressed = await site.open_and_press(path)
    assert "login_hint=ada@contoso.com" in pressed.headers["location"]
    again = await site.open_and_press(path)
    assert (again.status_code, "This way in is closed" in again.text) == (410, True)
    other = await site.come_back(state_of(pressed), "ben@tenant-1")
    assert other.status_code == 403
    with_another = await site.people.prove.confirm(ASKED.chat, ASKED.code)
    state = state_of(await site.open_and_press(f"/s/{with_another.way_on}"))
    assert (await site.come_back(state)).headers["location"] == f"{STEPS}?again=1"


async def test_signing_out_ends_the_session_in_every_browser(site: WebSite) -> None:
    """The cookies go, and whoever kept them finds nothing; the link is no way back."""
    await site.sign_in()
    kept = dict(site.browser.cookies)
    out = await site.open_and_press(STEPS, {"do": "sign_out"})
    assert "You are signed out" in out.text
    assert "o365bot-session" not in site.browser.cookies
    for name, value in kept.items():
        site.browser.cookies.set(name, value)
    assert (await site.open(STEPS)).status_code == 404
    assert (await site.open(f"{STEPS}/live")).status_code == 404
    assert "has already been used" in (await site.open()).text


async def test_a_role_that_is_lost_ends_what_a_browser_may_do(site: WebSite) -> None:
    """It is asked for at every press; the page says why, and nothing was done."""
    await site.sign_in()
    csrf = csrf_of(await site.open(STEPS))
    del site.people.entra.holdings["ada"]
    refused = await site.press(csrf, STEPS, {"do": "saved"})
    assert (refused.status_code, "no longer" in refused.text) == (403, True)
    assert (await site.open(STEPS)).status_code == 404
    assert await site.stage() is Stage.ACKNOWLEDGED


async def test_another_account_spends_nothing_and_is_told_which_was_expected(site: WebSite) -> None:
    """Masked, with a way to try again; afterwards the right one still gets through."""
    page = await site.sign_in("ben@tenant-1")
    assert page.status_code == 403
    assert "a…@contoso.com" in page.text
    assert "ada@contoso.com" not in page.text
    assert await site.stage() is Stage.DELIVERED
    assert 'href="/auth/again"' in page.text
    assert (await site.open("/auth/again")).headers["location"] == f"/c/{TOKEN}"
    assert (await site.sign_in()).headers["location"] == STEPS


async def test_what_the_person_lacks_is_said(site: WebSite) -> None:
    """An eligible role is to be activated first; one that is gone is gone; nothing is spent."""
    site.people.entra.holdings["ada"] = Holding.ELIGIBLE
    eligible = await site.sign_in()
    assert "Activate your role first" in eligible.text
    del site.people.entra.holdings["ada"]
    gone = await site.sign_in()
    assert "no longer a Global Administrator there" in gone.text
    assert [eligible.status_code, gone.status_code] == [403, 403]
    assert await site.stage() is Stage.DELIVERED


async def test_without_the_wanted_mfa_nothing_is_spent() -> None:
    """The page says that a second factor is needed, and how to give it."""
    async with a_site(minimum=ProofKind.SIGNED_IN_MFA) as site:
        page = await site.sign_in()
        assert page.status_code == 403
        assert "Multifactor authentication is required" in page.text
        assert await site.stage() is Stage.DELIVERED
        site.people.sign_in.mfa = MfaShown.AMR
        assert (await site.sign_in()).headers["location"] == STEPS
        assert "with multifactor authentication." in (await site.open(STEPS)).text


async def test_where_no_sign_in_is_configured_the_chat_account_confirms() -> None:
    """The page asks for one press in chat; what that gives opens the steps in one browser, once."""
    async with a_site(minimum=ProofKind.CHAT_ACCOUNT, signs_in=False) as site:
        asked = await site.open_and_press()
        assert asked.status_code == 200
        assert "One press in chat" in asked.text
        assert await site.stage() is Stage.DELIVERED
        confirmed = await site.people.prove.confirm(ASKED.chat, ASKED.code)
        assert "has already been used" in (await site.open()).text
        pressed = await site.open_and_press(f"/s/{confirmed.way_on}")
        assert pressed.headers["location"] == STEPS
        assert "your chat account" in (await site.open(pressed.headers["location"])).text
        site.browser.cookies.clear()
        assert (await site.open_and_press(f"/s/{confirmed.way_on}")).status_code == 410
        assert (await site.open(STEPS)).status_code == 404


async def test_where_the_link_itself_is_enough_the_press_takes_it_on() -> None:
    """The weakest proof, where the settings accept it; recorded and shown as what it is."""
    async with a_site(minimum=ProofKind.PERSONAL_LINK, signs_in=False) as site:
        assert (await site.open_and_press()).headers["location"] == STEPS
        assert "Verified by: your personal link." in (await site.open(STEPS)).text


async def test_two_open_tabs_both_work(site: WebSite) -> None:
    """Opening the page a second time does not spoil the first tab's button."""
    first = csrf_of(await site.open())
    assert csrf_of(await site.open()) == first


# ------------------------------------------------------------------ a tenant lets the bot in


async def test_a_tenant_lets_the_bot_read_it(site: WebSite) -> None:
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
    assert "Almost there" in (await site.open(path)).text
    people.entra.admins["tenant-1"] = ()
    assert "can read the tenant" in (await site.open_and_press(path, {"do": "check"})).text
    used = await site.open(path)
    assert "has already been used" in used.text
    assert tells_of(used.text) == []
    csrf = csrf_of(await site.open(f"/s/{'x' * 43}"))
    assert (await site.press(csrf, path)).headers["location"] == path, "and not to the tenant"
    site.people.clock.forward(AFTER_USE)
    assert (await site.open(path)).status_code == 410
    replayed = await site.browser.get("/auth/consented", params=answer)
    assert replayed.status_code == 400


async def test_a_consent_that_was_cancelled_is_told_and_the_link_still_works(site: WebSite) -> None:
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
