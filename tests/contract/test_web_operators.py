"""The operators' own pages over HTTP: who gets in, what stands there, and that it stays theirs."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import MfaShown, ProofKind
from bot.domain.delivery.incidents import Incident
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.waivers import Waiver
from tests.examples import NOW, RECORD
from tests.fakes import LimitsInMemory
from tests.site import ADA, ASKED, WebSite, a_site, csrf_of, state_of
from tests.wiring import HOME_TENANT, OPERATOR_THERE

HOME = "/operators"
OPERATOR = f"{OPERATOR_THERE}@{HOME_TENANT}"
PAGES = (
    HOME,
    "/operators/apps/contoso/0oa1",
    "/operators/apps.csv",
    "/operators/requests",
    "/operators/plan",
    "/operators/incidents",
)


async def enter(site: WebSite, way: str = HOME, code: str = OPERATOR) -> str:
    """Sign in for a page, the whole way to Microsoft and back; where that led."""
    page = await site.open(way)
    assert page.status_code == 401
    pressed = await site.press(csrf_of(page), HOME, {"do": "sign_in", "way": way})
    back = await site.come_back(state_of(pressed), code)
    return back.headers.get("location", "") or str(back.status_code)


@pytest.mark.parametrize("path", PAGES)
async def test_a_stranger_is_asked_to_sign_in_and_learns_nothing(site: WebSite, path: str) -> None:
    """No page says anything of the inventory, and nothing may keep what it says."""
    page = await site.open(path)
    assert page.status_code == 401
    assert "Contoso" not in page.text
    assert "Ada" not in page.text
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
async def test_an_operator_comes_back_to_the_page_they_came_for(site: WebSite, path: str) -> None:
    """The sign-in is at the operators' own tenant, and leads on to where they were going."""
    assert await enter(site, path) == path
    page = await site.open(path)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "code",
    [ADA, f"{OPERATOR_THERE}@tenant-1", f"ada@{HOME_TENANT}", f"{OPERATOR_THERE}@"[:-1] + "x"],
)
async def test_nobody_else_is_let_in(site: WebSite, code: str) -> None:
    """Another account of the tenant, the same id in another tenant, a Global Administrator."""
    assert await enter(site, code=code) == "403"
    assert (await site.open(HOME)).status_code == 401


async def test_a_persons_session_is_no_operators_and_the_other_way_round(site: WebSite) -> None:
    """Each proof opens what it was given for."""
    await site.sign_in()
    assert (await site.open(HOME)).status_code == 401
    await enter(site)
    site.browser.cookies.set("o365bot-session", site.browser.cookies["o365bot-operator"])
    assert (await site.open(f"/r/{ASKED.id}")).status_code in (401, 403, 404, 410)


async def test_signing_out_ends_it_in_every_copy_of_the_cookie(site: WebSite) -> None:
    """The session ends in the store, not in this browser alone."""
    await enter(site)
    secret = site.browser.cookies["o365bot-operator"]
    page = await site.open(HOME)
    await site.press(csrf_of(page), HOME, {"do": "sign_out"})
    site.browser.cookies.set("o365bot-operator", secret)
    assert (await site.open(HOME)).status_code == 401


async def test_a_session_ends_by_itself(site: WebSite) -> None:
    """After eight hours."""
    await enter(site)
    site.people.clock.forward(timedelta(hours=8))
    assert (await site.open(HOME)).status_code == 401


async def test_where_mfa_is_the_rule_it_is_the_rule_here_as_well() -> None:
    """A sign-in that does not show it opens nothing."""
    async with a_site(minimum=ProofKind.SIGNED_IN_MFA) as site:
        assert await enter(site) == "403"
        site.people.sign_in.mfa = MfaShown.AMR
        assert await enter(site) == HOME


async def test_where_nothing_signs_people_in_there_is_no_such_page() -> None:
    """Off unless it is configured."""
    async with a_site(signs_in=False) as site:
        assert (await site.open(HOME)).status_code == 404


async def test_the_form_must_be_pressed_here(site: WebSite) -> None:
    """No other site begins a sign-in, or ends one."""
    page = await site.open(HOME)
    forged = await site.press(
        csrf_of(page), HOME, {"do": "sign_in"}, **{"Sec-Fetch-Site": "cross-site"}
    )
    assert forged.status_code == 403


@pytest.mark.parametrize(
    "way", ["https://example.com/", "//example.com", "/c/token", "/operators/../x"]
)
async def test_a_sign_in_leads_to_these_pages_alone(site: WebSite, way: str) -> None:
    """No open redirect."""
    page = await site.open(HOME)
    pressed = await site.press(csrf_of(page), HOME, {"do": "sign_in", "way": way})
    back = await site.come_back(state_of(pressed), OPERATOR)
    assert back.headers["location"] == HOME


async def test_one_network_cannot_begin_without_end() -> None:
    """Twenty sign-ins an hour from one network."""
    async with a_site(limits=LimitsInMemory()) as site:
        page = await site.open(HOME)
        for _ in range(20):
            await site.press(csrf_of(page), HOME, {"do": "sign_in"})
        assert (await site.press(csrf_of(page), HOME, {"do": "sign_in"})).status_code == 429


# ------------------------------------------------------------------ what stands there


async def add(site: WebSite, number: int, label: str, waiver: Waiver | None = None) -> None:
    """One more app."""
    app = replace(RECORD.app, ref=AppRef("contoso", f"0oa{number}"), label=label)
    record = replace(RECORD, app=app, waiver=waiver)
    await site.people.ledger.commit(Changes(apps=(record,)))


async def test_the_list_says_what_each_app_needs_and_who_was_asked(site: WebSite) -> None:
    """And how far it all is."""
    await enter(site)
    page = await site.open(HOME)
    assert "Contoso O365" in page.text
    assert "needs" in page.text
    assert "Ada Moreau" in page.text
    assert re.search(r"<progress value=\"0\" max=\"1\">", page.text)


async def test_names_are_shown_as_text(site: WebSite) -> None:
    """Whatever an app is called."""
    await add(site, 2, "<script>alert(1)</script>\u202e")
    await enter(site)
    for path in (HOME, "/operators/apps/contoso/0oa2"):
        page = await site.open(path)
        assert "<script>alert" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "\u202e" not in page.text


async def test_the_list_can_be_narrowed(site: WebSite) -> None:
    """By name, org, state and part; by what nobody knows it shows nothing, and says so."""
    await add(site, 2, "Fabrikam Mail")
    ends = NOW + timedelta(days=30)
    waiver = Waiver(ends.date(), ends, "retired", "slack:U9", "Olga", NOW)
    await add(site, 3, "Old kiosk", waiver=waiver)
    await enter(site)
    assert "Fabrikam Mail" not in (await site.open(f"{HOME}?q=contoso+o365")).text
    assert "Fabrikam Mail" in (await site.open(f"{HOME}?q=FABRIKAM")).text
    assert "Fabrikam Mail" in (await site.open(f"{HOME}?state=needs_consent&org=contoso")).text
    assert "No app matches" in (await site.open(f"{HOME}?state=migrated")).text
    assert "No app matches" in (await site.open(f"{HOME}?org=nowhere")).text
    waived = (await site.open(f"{HOME}?part=waived")).text
    assert "Old kiosk" in waived
    assert "retired (Olga)" in waived
    assert "Fabrikam Mail" not in waived
    assert "Old kiosk" not in (await site.open(HOME)).text


async def test_odd_questions_get_the_plain_list(site: WebSite) -> None:
    """A page far behind the last, a part that is none, a text without end."""
    await enter(site)
    for query in (
        "page=99999999",
        "page=-1",
        "page=x",
        "part=nothing",
        "q=" + "x" * 5000,
        "state=%00",
    ):
        assert (await site.open(f"{HOME}?{query}")).status_code == 200


async def test_an_app_shows_its_evidence_and_its_requests(site: WebSite) -> None:
    """With the age and the source of each."""
    await enter(site)
    page = await site.open("/operators/apps/contoso/0oa1")
    assert "svc@contoso.com" in page.text
    assert "System Log" in page.text
    assert "Ada Moreau" in page.text
    assert "by Olga" in page.text
    assert (await site.open("/operators/apps/contoso/0oa9")).status_code == 404
    assert (await site.open("/operators/apps/contoso/..%2f..%2fx")).status_code == 404


async def test_requests_plan_and_incidents(site: WebSite) -> None:
    """Each in its own list."""
    incident = Incident("okta:contoso", "cloud_refused", "The key was refused.", NOW)
    await site.people.ledger.commit(Changes(incidents=(incident,)))
    await enter(site)
    assert "ada@contoso.com" in (await site.open("/operators/requests")).text
    assert "Ada Moreau" in (await site.open("/operators/plan")).text
    incidents = (await site.open("/operators/incidents")).text
    assert "okta:contoso" in incidents
    assert "The key was refused." in incidents


async def test_the_list_can_be_taken_away(site: WebSite) -> None:
    """As CSV, of what was asked for, with no cell that a spreadsheet would calculate."""
    await add(site, 2, "=HYPERLINK(1)")
    await enter(site)
    answer = await site.open("/operators/apps.csv?q=hyperlink")
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["label"] for row in rows] == ["'=HYPERLINK(1)"]


async def test_a_long_list_is_taken_away_whole(site: WebSite) -> None:
    """It comes in parts, under one line of names, and each app once."""
    for number in range(2, 260):
        await add(site, number, f"App {number}")
    await enter(site)
    answer = await site.open("/operators/apps.csv?part=all")
    found = [row["app_id"] for row in csv.DictReader(io.StringIO(answer.text))]
    assert sorted(found) == sorted(f"0oa{number}" for number in range(1, 260))


async def test_who_was_asked_can_be_leafed_through(site: WebSite) -> None:
    """Fifty on a page, the oldest first."""
    later = [
        replace(
            ASKED,
            id=f"later{n}",
            app=AppRef("contoso", f"0oa{n}"),
            app_label=f"App number {n}",
            code=f"AAA-{n:03}",
            requested_at=ASKED.requested_at + timedelta(minutes=n),
            link=None,
        )
        for n in range(1, 61)
    ]
    await site.people.ledger.commit(Changes(requests=tuple(later)))
    await enter(site)
    first = await site.open("/operators/requests")
    assert "App number 49" in first.text
    assert "App number 50" not in first.text
    assert "page=2" in first.text
    second = await site.open("/operators/requests?page=2")
    assert "App number 60" in second.text
    assert "App number 49" not in second.text


async def test_what_comes_next_is_worked_out_once_a_minute(site: WebSite) -> None:
    """However often it is read; then what changed is there."""
    await enter(site)
    assert "Ada Moreau" in (await site.open("/operators/plan")).text
    await site.change(admin_name="Ben Okafor")
    assert "Ada Moreau" in (await site.open("/operators/plan")).text
    site.people.clock.forward(timedelta(minutes=1))
    assert "Ben Okafor" in (await site.open("/operators/plan")).text


async def test_nothing_can_be_changed_there(site: WebSite) -> None:
    """No page takes anything but a sign-in and a sign-out."""
    await enter(site)
    page = await site.open(HOME)
    for path in PAGES[1:]:
        assert (await site.press(csrf_of(page), path, {"do": "send"})).status_code in (404, 405)


async def test_every_page_speaks_german(site: WebSite) -> None:
    """By the browser's language."""
    await enter(site)
    page = await site.open(HOME, **{"Accept-Language": "de-DE,de;q=0.9"})
    assert 'lang="de"' in page.text
    assert "Wer gefragt wurde" in page.text
