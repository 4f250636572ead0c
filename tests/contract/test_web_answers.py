"""What every answer of the web app has in common, and the routes beside the links."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from adapters.teams.package import manifest
from adapters.web.middleware import BodyLimit
from adapters.web.monitoring.health import Health, Part
from adapters.web.monitoring.probes import Probes, build_probe_app
from bot.chat.words import Words, languages
from tests.contract.pretend_teams import APP
from tests.contract.test_web_link import STEPS
from tests.serving import served
from tests.site import MONITORING_TOKEN, TOKEN, WebSite, a_site, csrf_of


def check_headers(answer: httpx.Response) -> None:
    """None may be framed, kept, indexed or sniffed."""
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "noindex" in answer.headers["x-robots-tag"]


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
        check_headers(answer)
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


async def test_bodies_are_bounded_whether_announced_or_not(site: WebSite) -> None:
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


async def test_what_is_no_browser_gets_one_line(site: WebSite) -> None:
    """Without text/html in Accept a problem is plain text."""
    answer = await site.browser.get("/nowhere", headers={"Accept": "*/*"})
    assert (answer.status_code, answer.text) == (404, "Page not found\n")


MONITOR = {"Authorization": f"Bearer {MONITORING_TOKEN}"}
STRANGERS: tuple[dict[str, str], ...] = (
    {},
    {"Authorization": ""},
    {"Authorization": "Bearer"},
    {"Authorization": f"Basic {MONITORING_TOKEN}"},
    {"Authorization": f"Bearer {MONITORING_TOKEN[:-1]}"},
    {"Authorization": f"Bearer {MONITORING_TOKEN.upper()}"},
    {"Cookie": f"token={MONITORING_TOKEN}"},
    {"X-Forwarded-For": "127.0.0.1", "Host": "localhost"},
)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Large": "x" * 17_000},
        {"Cookie": "; ".join(f"o365bot-session=v{i}" for i in range(1000))},
        {f"X-{i}": "x" for i in range(6000)},
    ],
)
async def test_a_head_that_nobody_sends_is_refused(site: WebSite, headers: dict[str, str]) -> None:
    """Also where it arrives whole: h11 bounds what has not, and hangs up on the rest."""
    assert await refuses(site, "/", headers)
    assert await refuses(site, f"/auth/callback?code={'x' * 17_000}", {})
    assert (await site.browser.get("/nowhere")).status_code == 404


async def refuses(site: WebSite, target: str, headers: Mapping[str, str]) -> bool:
    """By an answer, which does not reach whoever is still sending when it is given."""
    try:
        return (await site.browser.get(target, headers=headers)).status_code in (400, 431)
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
        return True


async def test_a_body_with_two_lengths_is_not_guessed_at(site: WebSite) -> None:
    """What a proxy reads as one request and we as two is how another one is smuggled in."""
    url = httpx.URL(str(site.browser.base_url))
    said = (
        f"POST /slack/events HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 6\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(said.encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_health_names_each_part_and_fails_with_the_vital_ones_only(site: WebSite) -> None:
    """One cloud that fails leaves the bot serving; without the store it answers 503."""
    assert (await site.browser.get("/health", headers=MONITOR)).json()["status"] == "ok"
    okta = Part("okta:contoso", ok=False, reason="no answer")
    site.health = Health((Part("store", ok=True, vital=True), okta))
    degraded = await site.browser.get("/health", headers=MONITOR)
    assert (degraded.status_code, degraded.json()["status"]) == (200, "degraded")
    assert degraded.json()["parts"]["okta:contoso"] == {"status": "failed", "reason": "no answer"}
    site.health = Health((Part("store", ok=False, reason="away", vital=True), okta))
    failed = await site.browser.get("/health", headers=MONITOR)
    assert (failed.status_code, failed.json()["status"]) == (503, "failed")
    ready = await site.browser.get("/health/ready", headers=MONITOR)
    assert (ready.status_code, ready.json()) == (503, {"status": "failed", "reason": "away"})


@pytest.mark.parametrize("headers", STRANGERS)
async def test_strangers_learn_a_word_of_health_and_no_figure(
    site: WebSite, headers: dict[str, str]
) -> None:
    """Neither which orgs there are, nor what is wrong: the status alone, which a probe needs."""
    okta = Part("okta:contoso", ok=False, reason="no answer")
    site.health = Health((Part("store", ok=False, reason="away", vital=True), okta))
    for path, status in (
        ("/health", "failed"),
        ("/health/ready", "failed"),
        ("/health/live", "ok"),
    ):
        answer = await site.browser.get(path, headers=headers)
        assert answer.json() == {"status": status}
    answer = await site.browser.get(f"/metrics?token={MONITORING_TOKEN}", headers=headers)
    assert (answer.status_code, answer.content) == (401, b"")


async def test_without_a_token_nobody_sees_more() -> None:
    """An empty one opens nothing, whatever is sent."""

    async def health() -> Health:
        return Health((Part("okta:contoso", ok=True),))

    async def ready() -> str:
        return ""

    app = build_probe_app(Probes(health=health, ready=ready))
    async with (
        served(lambda _: app) as url,
        httpx.AsyncClient(trust_env=False, timeout=60) as client,
    ):
        for headers in STRANGERS:
            answer = await client.get(f"{url}/health", headers=headers)
            assert answer.json() == {"status": "ok"}
            assert (await client.get(f"{url}/metrics", headers=headers)).status_code == 401


async def test_metrics_are_prometheus_text(site: WebSite) -> None:
    """What the registry gives goes out as it is, under the type that Prometheus expects."""
    answer = await site.browser.get("/metrics", headers=MONITOR)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "o365bot_apps 3.0" in answer.text


async def test_a_platform_that_is_not_configured_has_no_route(site: WebSite) -> None:
    """Teams was left out here: its address does not exist."""
    assert (await site.browser.post("/teams/messages")).status_code == 404


async def test_the_front_page_says_what_this_is_and_where_to_talk_to_it(site: WebSite) -> None:
    """Only the platforms that are served are named."""
    page = (await site.open("/")).text
    assert "/o365 help" in page
    assert "In Teams" not in page


async def test_static_files_may_be_kept_and_nothing_else_is_reachable(site: WebSite) -> None:
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


async def test_a_picture_of_a_message_may_be_shown_on_pages_of_others(site: WebSite) -> None:
    """A chat client shows it within its own page; whoever guesses a name gets nothing."""
    await site.people.ledger.save_picture("a" * 40, b"png")
    answer = await site.browser.get(f"/p/{'a' * 40}.png")
    assert (answer.status_code, answer.content) == (200, b"png")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert (await site.browser.get(f"/p/{'b' * 40}.png")).status_code == 404


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("page", ["privacyUrl", "termsOfUseUrl"])
async def test_the_pages_that_the_manifest_names_are_there(
    site: WebSite, page: str, language: str
) -> None:
    """Where the app for Teams says that they are, in the language of whoever reads it."""
    told = manifest("https://bot.contoso.com", APP, "Contoso IT", "1.0.0", Words())["developer"]
    path = urlsplit(told[page]).path
    answer = await site.open(path, **{"Accept-Language": language})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert f'<html lang="{language}">' in answer.text
    assert "<h1>" in answer.text
    if page == "privacyUrl":  # for how long, by the settings
        words = {"en": "after 400 days, the record of messages it sent after 90", "de": "400 Tage"}
        assert words[language] in answer.text
