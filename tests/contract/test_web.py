"""The web app over a real uvicorn: the personal link, and what every answer has in common."""

from __future__ import annotations

import asyncio
import logging
import re
import string
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from adapters.web.app import build_app
from adapters.web.health import Health, Part
from adapters.web.middleware import BodyLimit
from adapters.web.pages import choose
from bot.chat.words import Words
from bot.domain.apps import AppRef
from bot.domain.consent import ConsentRequest, Stage
from bot.domain.people import ChatIdentity, Platform
from tests.fakes import FakeLinks
from tests.serving import served

NOW = datetime(2026, 3, 3, 14, 5, tzinfo=UTC)
WHEN = Words("en").moment(NOW, ZoneInfo("Europe/Berlin"))
TOKEN = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
OTHER_TOKEN = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q"
ASKED = ConsentRequest(
    id="request-1",
    app=AppRef("contoso", "0oa1"),
    app_label="Contoso <Mail> & more",
    tenant_id="11111111-2222-3333-4444-555555555555",
    tenant_domain="contoso.onmicrosoft.com",
    admin_object_id="aaaa",
    admin_name="Adele Vance",
    admin_upn="adele@contoso.com",
    chat=ChatIdentity(Platform.SLACK, "U1", time_zone="Europe/Berlin"),
    code="K7MQ",
    requested_by="Oscar Operator",
    requested_at=NOW,
    stage=Stage.DELIVERED,
)
TAB = "https://contoso-admin.okta.com/admin/app/office365/instance/0oa1/#tab-user-management/api-credentials"
TEXTS = Path(__file__).parents[2] / "bot" / "chat" / "texts"

GOOD_HEALTH = Health((Part("store", ok=True, vital=True), Part("okta:contoso", ok=True)))


class Site:
    """The web app and what it was handed; a browser of one's own talks to it."""

    def __init__(self, links: FakeLinks, browser: httpx.AsyncClient) -> None:
        self.links = links
        self.browser = browser
        self.health = GOOD_HEALTH

    async def open(self, path: str = f"/c/{TOKEN}", /, **headers: str) -> httpx.Response:
        """GET a page as a browser does."""
        return await self.browser.get(path, headers={"Accept": "text/html", **headers})

    async def press(
        self, csrf: str, path: str = f"/c/{TOKEN}", /, **headers: str | None
    ) -> httpx.Response:
        """POST the form as a browser on this very page does; a header given as None is left out."""
        merged = {
            "Accept": "text/html",
            "Sec-Fetch-Site": "same-origin",
            "Origin": "null",
        } | headers
        given = {name: value for name, value in merged.items() if value is not None}
        return await self.browser.post(path, data={"csrf": csrf}, headers=given)

    async def open_and_press(self, **headers: str | None) -> httpx.Response:
        """Open the page, and press its button."""
        page = await self.open()
        return await self.press(csrf_of(page), **headers)

    @property
    def stage(self) -> Stage:
        return self.links.requests[ASKED.id].stage


def csrf_of(page: httpx.Response) -> str:
    """The value in the form's hidden field."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


async def echo(request: Request) -> Response:
    """A chat platform's endpoint that tells how much it was sent."""
    return PlainTextResponse(str(len(await request.body())))


async def failing(request: Request) -> Response:
    """An endpoint with a bug."""
    raise RuntimeError("a bug")


def app_for(
    site: Callable[[], Site], links: FakeLinks, public_url: str, *, teams_fails: bool = False
) -> Starlette:
    async def health() -> Health:
        return site().health

    return build_app(
        links=links,
        words=cache(Words),
        public_url=public_url,
        slack=echo,
        teams=failing if teams_fails else None,
        health=health,
        metrics=lambda: b"# TYPE o365bot_apps gauge\no365bot_apps 3.0\n",
    )


@asynccontextmanager
async def a_site(public_url: str = "", *, teams_fails: bool = False) -> AsyncIterator[Site]:
    """A served app with one fresh link, `TOKEN`."""
    links = FakeLinks(NOW)
    links.integration_tab = TAB
    links.issue(ASKED, TOKEN)
    made: list[Site] = []
    async with (
        served(
            lambda url: app_for(lambda: made[0], links, public_url or url, teams_fails=teams_fails)
        ) as url,
        httpx.AsyncClient(base_url=url) as browser,
    ):
        made.append(Site(links, browser))
        yield made[0]


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The app over http on loopback."""
    async with a_site() as one:
        yield one


# ------------------------------------------------------------------ opening


async def test_opening_a_link_changes_nothing_however_often(site: Site) -> None:
    """GET and HEAD leave the request as it was: scanners fetch links, and so do previews."""
    before = dict(site.links.requests)
    for _ in range(5):
        assert (await site.open()).status_code == 200
        head = await site.browser.head(f"/c/{TOKEN}")
        assert (head.status_code, head.content) == (200, b"")
    assert (await site.open(f"/c/{TOKEN}?again=1")).status_code == 200
    assert site.links.requests == before


async def test_the_page_says_for_whom_which_app_why_and_the_code(site: Site) -> None:
    """Everything that lets the person judge the request is there, escaped, and the token is not."""
    page = (await site.open()).text
    for expected in (
        "Adele Vance",
        "adele@contoso.com",
        "Contoso &lt;Mail&gt; &amp; more",
        "contoso.onmicrosoft.com",
        "11111111-2222-3333-4444-555555555555",
        "Oscar Operator",
        "K7MQ",
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


# ------------------------------------------------------------------ pressing


async def test_pressing_takes_it_on_and_leads_to_the_steps(site: Site) -> None:
    """POST answers 303 to the same address, which then thanks and shows the way into Okta."""
    pressed = await site.open_and_press()
    assert pressed.status_code == 303
    assert pressed.headers["location"] == f"/c/{TOKEN}"
    assert site.stage is Stage.ACKNOWLEDGED
    guide = (await site.open()).text
    assert f'href="{TAB}"' in guide
    assert f"in your hands since {WHEN}." in guide
    assert "Reauthenticate with Microsoft Office 365" in guide


async def test_without_an_address_of_the_tab_the_steps_say_it_in_words(site: Site) -> None:
    """Where Okta's address is not known there is no dead button, and the path stands there."""
    site.links.integration_tab = ""
    await site.open_and_press()
    guide = (await site.open()).text
    assert 'href=""' not in guide
    assert "target=" not in guide
    assert "Provisioning" in guide


async def test_pressing_again_says_when_it_was_taken_on(site: Site) -> None:
    """A second press changes nothing and is told kindly when the first one was."""
    csrf = csrf_of(await site.open())
    await site.press(csrf)
    taken = dict(site.links.requests)
    second = await site.press(csrf)
    assert second.status_code == 303
    page = await site.open(second.headers["location"])
    assert "already taken on" in page.text
    assert WHEN in page.text
    assert site.links.requests == taken


async def test_a_finished_request_shows_that_nothing_is_left(site: Site) -> None:
    """Once evidence says done, the page no longer sends anybody into Okta."""
    await site.open_and_press()
    taken = site.links.requests[ASKED.id]
    site.links.requests[ASKED.id] = replace(taken, stage=Stage.DONE)
    page = (await site.open()).text
    assert "nothing is left to do" in page
    assert TAB not in page


async def test_two_open_tabs_both_work(site: Site) -> None:
    """Opening the page a second time does not spoil the first tab's button."""
    first = csrf_of(await site.open())
    assert csrf_of(await site.open()) == first


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
    site: Site, headers: dict[str, str | None]
) -> None:
    """Even with the right cookie and the right value in the form."""
    answer = await site.open_and_press(**headers)
    assert answer.status_code == 403
    assert "Please press the button once more" in answer.text
    assert site.stage is Stage.DELIVERED


async def test_a_browser_without_fetch_metadata_may_press_with_its_origin(site: Site) -> None:
    """Older browsers say only the origin; the right one is enough."""
    origin = str(site.browser.base_url).rstrip("/")
    answer = await site.open_and_press(**{"Sec-Fetch-Site": None, "Origin": origin})
    assert answer.status_code == 303


async def test_a_press_without_the_matching_csrf_value_is_refused(site: Site) -> None:
    """The field missing, wrong or not ASCII, the cookie missing or emptied: nothing is changed."""
    csrf = csrf_of(await site.open())
    for wrong in ("", "x" * 43, csrf[:-1], "ü" * 43):
        assert (await site.press(wrong)).status_code == 403
    own = {"Sec-Fetch-Site": "same-origin"}
    assert (await site.browser.post(f"/c/{TOKEN}", headers=own)).status_code == 403
    as_file = await site.browser.post(f"/c/{TOKEN}", files={"csrf": b"x"}, headers=own)
    assert as_file.status_code in (400, 403)
    site.browser.cookies.clear()
    assert (await site.press(csrf)).status_code == 403
    assert (await site.press("", Cookie="o365bot-csrf=")).status_code == 403
    assert site.stage is Stage.DELIVERED


async def test_of_many_presses_at_once_each_is_answered_kindly(site: Site) -> None:
    """One press counts; the others are led to the page that says so."""
    csrf = csrf_of(await site.open())
    answers = await asyncio.gather(*(site.press(csrf) for _ in range(20)))
    targets = sorted(answer.headers["location"] for answer in answers)
    assert targets == [f"/c/{TOKEN}"] + [f"/c/{TOKEN}?again=1"] * 19


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
    """404 either way, so a guess learns nothing; what cannot be a token is never looked up."""
    viewed = site.links.viewed
    page = await site.open(f"/c/{token}")
    assert page.status_code == 404
    assert "This link leads nowhere" in page.text
    assert (await site.press("x" * 43, f"/c/{token}")).status_code in (403, 404)
    assert site.links.viewed == viewed + (token == OTHER_TOKEN)


async def test_expired_and_revoked_links_say_what_to_do_and_nothing_else(site: Site) -> None:
    """410 for both verbs; who was asked about what is not told to whoever holds an old link."""
    csrf = csrf_of(await site.open())
    site.links.issue(ASKED, OTHER_TOKEN)
    revoked = [await site.open(), await site.press(csrf)]
    site.links.issue(ASKED, TOKEN, hours=0)
    expired = [await site.open(), await site.press(csrf)]
    for page in revoked:
        assert "no longer valid" in page.text
    for page in expired:
        assert "has expired" in page.text
    for page in (*revoked, *expired):
        assert page.status_code == 410
        assert "Adele" not in page.text
        assert "Contoso" not in page.text


async def test_without_the_store_nothing_is_lost_and_the_page_says_so(site: Site) -> None:
    """503 with Retry-After for both verbs; afterwards the same button still works."""
    csrf = csrf_of(await site.open())
    site.links.down = True
    for answer in (await site.open(), await site.press(csrf)):
        assert answer.status_code == 503
        assert "Nothing was lost" in answer.text
        assert answer.headers["retry-after"] == "10"
    site.links.down = False
    assert (await site.press(csrf)).status_code == 303


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
    """`__Host-`, Secure, HttpOnly, SameSite=Strict; and the press works with it."""
    async with a_site("https://bot.example.com") as site:
        page = await site.open(Host="bot.example.com")
        cookie = page.headers["set-cookie"]
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert cookie.startswith("__Host-o365bot-csrf=")
        assert {"Secure", "HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        pressed = await site.press(
            csrf_of(page),
            Host="bot.example.com",
            Origin="https://bot.example.com",
            Cookie=cookie.partition(";")[0],
        )
        assert pressed.status_code == 303


@pytest.mark.parametrize(
    "host", ["evil.example.com", "127.0.0.1.evil.example.com", "", "a b", "[::1"]
)
async def test_another_host_name_is_refused(site: Site, host: str) -> None:
    """Neither page nor press answers under a foreign name; probes do, since they ask by address."""
    assert (await site.open(Host=host)).status_code == 400
    assert (await site.open_and_press(Host=host)).status_code == 400
    assert site.stage is Stage.DELIVERED
    if " " not in host:
        assert (await site.browser.get("/health", headers={"Host": host})).status_code == 200


async def test_nothing_is_built_from_what_a_proxy_header_or_a_host_header_says(site: Site) -> None:
    """The way on stays a path of this very site."""
    csrf = csrf_of(await site.open())
    pressed = await site.press(csrf, **{"X-Forwarded-Host": "evil.example.com"})
    assert pressed.headers["location"] == f"/c/{TOKEN}"
    slash = await site.open(f"/c/{TOKEN}/")
    assert slash.status_code == 404
    assert "location" not in slash.headers


async def test_bodies_are_bounded_whether_announced_or_not(site: Site) -> None:
    """413 for a form over 4 KiB and a webhook over 1 MiB, with a length or in chunks."""

    async def chunks(size: int) -> AsyncIterator[bytes]:
        for _ in range(0, size, 1024):
            yield b"x" * 1024

    own = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    for path, limit in ((f"/c/{TOKEN}", 4096), ("/slack/events", 1024 * 1024)):
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


async def test_a_link_is_in_no_log_line(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Route, status and time are logged; the token is not, whatever happens to the request."""
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as lines:
        await site.open_and_press()
        answer = await site.open(f"/c/{TOKEN}?again=1")
        await site.press("wrong")
        site.links.down = True
        await site.open()
    ours = [record for record in caplog.records if not record.name.startswith("http")]
    written = (
        str(lines) + str([record.getMessage() for record in ours]) + "".join(capfd.readouterr())
    )
    assert TOKEN not in written
    assert [line["status"] for line in lines] == [200, 303, 200, 403, 503]
    assert {line["route"] for line in lines} == {"/c/{token}"}
    assert lines[2]["request_id"] == answer.headers["x-request-id"]


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
        assert f'"{key}"' in used or (kind and f'"{kind[1]}"' in used), key


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
