"""What somebody tries who is not the person that the link is for. Nothing of it spends a link."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.shared.limits import RedisLimits
from adapters.web.context import MISSES_PER_ADDRESS
from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.errors import CloudUnreachable, LinkExpired, SignInRefused, TokenInvalid
from bot.services.consent.prove import BEGUN_PER_LINK
from tests.contract.test_web_answers import check_headers
from tests.fakes import LimitsInMemory
from tests.site import ADA, ASKED, OTHER_TOKEN, SECOND, SIGN_IN, TOKEN, WebSite, a_site, csrf_of

STEPS = f"/r/{ASKED.id}"
CROWD = 60


class NoLimits(LimitsInMemory):
    """For tests that are about something else."""

    async def hit(self, what: str, most: int, per: timedelta) -> float:
        return 0.0


class OnValkey(LimitsInMemory):
    """The real limits, on a store that others count in as well."""

    def __init__(self, store: Redis) -> None:
        super().__init__()
        self._limits = RedisLimits(store, Keys())

    async def hit(self, what: str, most: int, per: timedelta) -> float:
        return await self._limits.hit(what, most, per)


def guess(number: int) -> str:
    """The address of a link that was never issued."""
    return f"/c/{number:043d}"


# ------------------------------------------------------------------ guessing and flooding


async def test_guessing_links_is_slowed_down_and_a_real_one_still_opens(site: WebSite) -> None:
    """429 with Retry-After after so many misses from one address: nobody else is locked out."""
    most = MISSES_PER_ADDRESS[0]
    answers = [(await site.open(guess(number))).status_code for number in range(most + 1)]
    assert answers == [404] * most + [429]
    last = await site.open(guess(0))
    assert int(last.headers["retry-after"]) > 0
    assert "A short break, please" in last.text
    assert (await site.open()).status_code == 200


async def test_the_limits_are_shared_by_the_replicas(store: Redis) -> None:
    """Two replicas on one store count together: per address, and per link."""
    async with a_site(limits=OnValkey(store)) as one, a_site(limits=OnValkey(store)) as other:
        half = MISSES_PER_ADDRESS[0] // 2
        for number in range(half):
            assert (await one.open(guess(number))).status_code == 404
            assert (await other.open(guess(number))).status_code == 404
        assert (await one.open(guess(0))).status_code == 429
        assert (await other.open(guess(0))).status_code == 429
        pressed = [(await (one, other)[n % 2].open_and_press()).status_code for n in range(22)]
        assert pressed == [303] * BEGUN_PER_LINK[0] + [429] * 2


async def test_one_link_begins_only_so_many_sign_ins(site: WebSite) -> None:
    """Then 429; the page itself can still be read, and another link is not touched."""
    await site.people.ledger.commit(Changes(requests=(SECOND,)))
    csrf = csrf_of(await site.open())
    for _ in range(BEGUN_PER_LINK[0]):
        assert (await site.press(csrf)).status_code == 303
    assert (await site.press(csrf)).status_code == 429
    assert (await site.open()).status_code == 200
    assert (await site.press(csrf, f"/c/{OTHER_TOKEN}")).status_code == 303


@pytest.mark.parametrize("path", ["/auth/callback", "/auth/consented"])
async def test_strangers_behind_the_same_proxy_stop_nobody_who_has_a_link(
    site: WebSite, path: str
) -> None:
    """Their made-up links and answers are refused soon; a real link still signs in from there."""
    csrf = csrf_of(await site.open())
    half = MISSES_PER_ADDRESS[0] // 2
    assert {(await site.press(csrf, guess(n))).status_code for n in range(half)} == {404}
    answers = [await site.open(f"{path}?code=x&state={n:043d}") for n in range(half)]
    assert {answer.status_code for answer in answers} == {400}
    assert (await site.open(f"{path}?code=x&state=x")).status_code == 429
    assert (await site.press(csrf, guess(0))).status_code == 429
    assert (await site.sign_in()).headers["location"] == STEPS


async def test_a_forged_address_header_does_not_escape_the_limits(site: WebSite) -> None:
    """X-Forwarded-For is whatever a caller writes into it; the socket's address counts."""
    csrf = csrf_of(await site.open())
    answers = [
        await site.press(csrf, f"/c/{TOKEN}", None, **{"X-Forwarded-For": f"198.51.100.{number}"})
        for number in range(BEGUN_PER_LINK[0] + 1)
    ]
    assert answers[-1].status_code == 429
    assert not any("198.51.100" in what for what in counted(site))


def counted(site: WebSite) -> list[str]:
    return list(site.people.limits.counted)


# ------------------------------------------------------------------ replays and swaps


async def test_a_replayed_answer_finds_nothing(site: WebSite) -> None:
    """The state is taken out once; the second time is told, and spends nothing."""
    state = await site.at_microsoft()
    cookies = dict(site.browser.cookies)
    assert (await site.come_back(state)).status_code == 303
    taken = await site.asked()
    for name, value in cookies.items():  # as if the first answer had not tidied up
        site.browser.cookies.set(name, value)
    again = await site.come_back(state)
    assert (again.status_code, "did not start here" in again.text) == (400, True)
    assert await site.asked() == taken


async def test_of_many_callbacks_with_one_state_one_is_believed() -> None:
    """The others are told that it was answered; there is one acknowledgement in the audit."""
    async with a_site(limits=NoLimits()) as site:
        state = await site.at_microsoft()
        answers = await asyncio.gather(*(site.come_back(state) for _ in range(CROWD)))
        assert sorted(answer.status_code for answer in answers) == [303] + [400] * (CROWD - 1)
        assert await acknowledged(site) == 1


async def test_of_many_sign_ins_for_one_link_exactly_one_spends_it() -> None:
    """Each has a state of its own and is the right person: one counts, the others go on."""
    async with a_site(limits=NoLimits()) as site:
        csrf = csrf_of(await site.open())
        begun = [await site.press(csrf) for _ in range(CROWD)]
        states = [one.headers["location"].partition("state=")[2].partition("&")[0] for one in begun]
        assert len(set(states)) == CROWD
        answers = await asyncio.gather(*(site.come_back(state) for state in states))
        ways = sorted(answer.headers["location"] for answer in answers)
        assert ways == [STEPS] + [f"{STEPS}?again=1"] * (CROWD - 1)
        assert await acknowledged(site) == 1


async def acknowledged(site: WebSite) -> int:
    entries = await site.people.ledger.audit()
    return sum(entry.action == "acknowledge" for entry in entries)


async def test_an_answer_in_another_browser_is_not_believed(site: WebSite) -> None:
    """Without the cookie or with another: nobody is led into somebody else's sign-in."""
    for cookie in ("", "x" * 43, "x" * 5000):
        state = await site.at_microsoft()
        site.browser.cookies.clear()
        if cookie:
            site.browser.cookies.set("o365bot-browser", cookie)
        page = await site.come_back(state)
        assert page.status_code == 400
        assert await site.stage() is Stage.DELIVERED
        site.browser.cookies.clear()


async def test_a_state_of_another_link_does_not_spend_this_one(site: WebSite) -> None:
    """Ada's answer to Ben's link is another account; each state knows its own link."""
    bens = replace(SECOND, admin_object_id="ben", admin_upn="ben@contoso.com")
    await site.people.ledger.commit(Changes(requests=(bens,)))
    await site.at_microsoft()
    csrf = csrf_of(await site.open(f"/c/{OTHER_TOKEN}"))
    pressed = await site.press(csrf, f"/c/{OTHER_TOKEN}")
    swapped = pressed.headers["location"].partition("state=")[2].partition("&")[0]
    page = await site.come_back(swapped, ADA)
    assert (page.status_code, "b…@contoso.com" in page.text) == (403, True)
    assert await site.stage() is Stage.DELIVERED
    assert (await site.people.request("r2")).stage is Stage.DELIVERED


@pytest.mark.parametrize("who", ["ada@tenant-2", "@tenant-1", "ADA2@tenant-1", "ben@tenant-1"])
async def test_an_account_of_another_tenant_or_name_is_another_account(
    site: WebSite, who: str
) -> None:
    """Tenant and object id both count; the page tells nothing of either."""
    page = await site.sign_in(who)
    assert page.status_code == 403
    assert "That was another account" in page.text
    assert "tenant-" not in page.text
    assert await site.stage() is Stage.DELIVERED


@pytest.mark.parametrize(
    ("fails", "status", "told"),
    [
        (TokenInvalid("its signature is wrong"), 403, "could not be trusted"),
        (TokenInvalid("it is meant for somebody else"), 403, "could not be trusted"),
        (SignInRefused("no", reason="AADSTS54005"), 403, "AADSTS54005"),
        (CloudUnreachable("no", where="t", call="POST /token"), 502, "did not answer"),
        (LinkExpired("meanwhile"), 410, "has expired"),
    ],
)
async def test_a_token_that_may_not_be_believed_spends_nothing(
    site: WebSite, fails: Exception, status: int, told: str
) -> None:
    """Each ends on a page that says what to do; afterwards the right sign-in still works.

    Which tokens are believed, and which are not, is shown in `entra/test_sign_in.py`.
    """
    site.people.sign_in.fails.append(fails)
    page = await site.sign_in()
    assert (page.status_code, told in page.text) == (status, True)
    assert await site.stage() is Stage.DELIVERED
    assert (await site.sign_in()).headers["location"] == STEPS


@pytest.mark.parametrize(
    "error", ["access_denied", "server_error", "<script>alert(1)</script>", "x" * 3000]
)
async def test_what_microsoft_refuses_is_told_without_repeating_it(
    site: WebSite, error: str
) -> None:
    """Neither `error` nor its description reaches the page, unless it is a code of Microsoft's."""
    state = await site.at_microsoft()
    page = await site.come_back(state, "", error=error, error_description="<b>Evil</b> AADSTS50105")
    assert page.status_code == 403
    assert "<b>Evil" not in page.text
    assert "<script>alert" not in page.text
    assert await site.stage() is Stage.DELIVERED


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=&code=",
        "code=ada@tenant-1",
        "state=%00%00&code=x",
        "state=" + "x" * 5000 + "&code=x",
        "state=x&state=y&code=z",
        "code=" + "x" * 20_000 + "&state=x",
        "&".join(f"a{number}=1" for number in range(2000)),
        "state=%ff%fe&code=%ff",
        "state[]=x&code[$ne]=",
    ],
)
async def test_malformed_answers_are_refused_in_one_way(site: WebSite, query: str) -> None:
    """400 for each, with the way back to the link and nothing taken on."""
    await site.at_microsoft()
    page = await site.open(f"/auth/callback?{query}")
    assert page.status_code in (400, 431)
    assert await site.stage() is Stage.DELIVERED


async def test_a_code_that_is_too_long_never_reaches_microsoft(site: WebSite) -> None:
    """It is no code of Microsoft's; the attempt is over."""
    state = await site.at_microsoft()
    assert (await site.come_back(state, "x" * 9000)).status_code == 400
    assert site.people.sign_in.redeemed == []


async def test_a_scanner_that_heads_the_answers_address_spends_nothing(site: WebSite) -> None:
    """HEAD is answered, the state stays for the person's own GET."""
    state = await site.at_microsoft()
    head = await site.browser.head("/auth/callback", params={"code": ADA, "state": state})
    assert (head.status_code, head.content) == (200, b"")
    assert (await site.come_back(state)).headers["location"] == STEPS


async def test_forms_with_too_much_in_them_are_refused(site: WebSite) -> None:
    """More fields than any form of ours, a field twice, a file: nothing is changed."""
    csrf = csrf_of(await site.open())
    own = {"Sec-Fetch-Site": "same-origin"}
    many = {"csrf": csrf, "do": "not_me"} | {f"f{number}": "x" for number in range(20)}
    twice = {"csrf": [csrf, csrf], "do": "not_me"}
    assert (await site.browser.post(f"/c/{TOKEN}", data=many, headers=own)).status_code == 400
    assert (await site.browser.post(f"/c/{TOKEN}", data=twice, headers=own)).status_code == 403
    files = {"csrf": b"x"}
    assert (await site.browser.post(f"/c/{TOKEN}", files=files, headers=own)).status_code >= 400
    long = await site.press(csrf, form={"do": "not_me", "suggestion": "x" * 3000})
    assert long.status_code == 200
    assert len((await site.asked()).suggestion) <= 200


# ------------------------------------------------------------------ other sites


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example.com"},
        {"Sec-Fetch-Site": None, "Origin": "https://evil.example.com"},
        {"Sec-Fetch-Site": None, "Origin": "null"},
        {"Sec-Fetch-Site": None, "Origin": None},
    ],
)
async def test_a_press_from_another_site_is_refused(
    site: WebSite, headers: dict[str, str | None]
) -> None:
    """Even with the right cookie and the right value in the form; before the proof and after it."""
    answer = await site.open_and_press(f"/c/{TOKEN}", None, **headers)
    assert answer.status_code == 403
    assert "Please press the button again" in answer.text
    assert await site.stage() is Stage.DELIVERED
    await site.sign_in()
    assert (await site.open_and_press(STEPS, {"do": "not_me"}, **headers)).status_code == 403
    assert await site.stage() is Stage.ACKNOWLEDGED


async def test_a_browser_without_fetch_metadata_may_press_with_its_origin(site: WebSite) -> None:
    """Older browsers say only the origin; the right one is enough."""
    answer = await site.open_and_press(
        f"/c/{TOKEN}", None, **{"Sec-Fetch-Site": None, "Origin": site.url}
    )
    assert answer.status_code == 303


async def test_a_press_without_the_matching_csrf_value_is_refused(site: WebSite) -> None:
    """The field missing, wrong or not ASCII, the cookie missing or emptied: nothing is changed."""
    csrf = csrf_of(await site.open())
    for wrong in ("", "x" * 43, csrf[:-1], "ü" * 43):
        assert (await site.press(wrong)).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin"}
    assert (await site.browser.post(f"/c/{TOKEN}", headers=own)).status_code == 403
    site.browser.cookies.clear()
    assert (await site.press(csrf)).status_code == 403
    assert (await site.press("", Cookie="o365bot-csrf=")).status_code == 403
    assert await site.stage() is Stage.DELIVERED


@pytest.mark.parametrize(
    "host", ["evil.example.com", "127.0.0.1.evil.example.com", "", "a b", "[::1"]
)
async def test_another_host_name_is_refused(site: WebSite, host: str) -> None:
    """No page answers under a foreign name; probes do, since they ask by address."""
    csrf = csrf_of(await site.open())
    for path in (f"/c/{TOKEN}", STEPS, "/auth/callback?code=x&state=y", "/auth/again"):
        assert (await site.open(path, Host=host)).status_code == 400
    assert (await site.press(csrf, Host=host)).status_code == 400
    assert await site.stage() is Stage.DELIVERED
    if " " not in host:
        assert (await site.browser.get("/health", headers={"Host": host})).status_code == 200


async def test_nobody_is_sent_anywhere_but_here_and_to_the_sign_in(site: WebSite) -> None:
    """Parameters, proxy headers and cookies decide nothing about where a browser goes."""
    evil = "https://evil.example.com/"
    csrf = csrf_of(await site.open())
    forwarded = {"X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "https"}
    form = {"do": "begin", "next": evil, "redirect_uri": evil}
    ways = [
        await site.press(csrf, f"/c/{TOKEN}?next={evil}&redirect_uri={evil}", form, **forwarded),
        await site.come_back(await site.at_microsoft(), next=evil, redirect_uri=evil),
        await site.open(f"/c/{TOKEN}?next={evil}"),
    ]
    targets = [answer.headers["location"] for answer in ways]
    assert targets[0].startswith(f"{SIGN_IN}/tenant-1?")
    assert targets[1:] == [STEPS, f"{STEPS}?again=1"]
    for origin in (
        f"c.{evil}",
        "c.//evil.example.com",
        "x." + "x" * 43,
        f"c.{'x' * 42}/",
        "%0d%0a",
    ):
        site.browser.cookies.clear()
        answer = await site.open("/auth/again", Cookie=f"o365bot-origin={origin}")
        assert (answer.status_code, "location" in answer.headers) == (404, False)
    slash = await site.open(f"/c/{TOKEN}/")
    assert (slash.status_code, "location" in slash.headers) == (404, False)


async def test_no_page_of_the_journey_may_be_framed_kept_or_indexed(site: WebSite) -> None:
    """The question, the answers, the steps and the stream alike."""
    pages: list[httpx.Response] = [await site.open(), await site.open_and_press()]
    pages.append(await site.sign_in("ben@tenant-1"))
    pages.append(await site.sign_in())
    pages.append(await site.open(STEPS))
    pages.append(await site.browser.head(f"{STEPS}/live"))
    pages.append(await site.open("/auth/again"))
    for page in pages:
        check_headers(page)
        assert page.headers["x-frame-options"] == "DENY"
