"""The web app, served on loopback, in front of the services of `tests.person`; and a browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.async_api import BrowserContext
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from adapters.web.app import build_app
from adapters.web.context import ForOperators, Services
from adapters.web.monitoring.health import Health, Part
from adapters.web.monitoring.probes import Probes
from bot.chat.words import Words
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import ConsentRequest, LinkBinding, ProofKind, Stage
from bot.domain.inventory.apps import AppRef
from bot.services.consent.actors import BySession
from tests.examples import LINK_FOR, NOW
from tests.fakes import CountingSecrets, LimitsInMemory
from tests.person import ASKED as ADA_WAS_ASKED
from tests.person import Asked as People
from tests.serving import served

TOKEN = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"
MONITORING_TOKEN = "what-Prometheus-sends"
OTHER_TOKEN = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q"
SIGN_IN = "https://login.example.com"
ADA, BEN = "ada@tenant-1", "ben@tenant-1"
TAB = "https://contoso-admin.okta.com/admin/app/office365/instance/0oa1"
ASKED = replace(
    ADA_WAS_ASKED,
    app_label="Contoso <Mail> & more",
    chat=replace(ADA_WAS_ASKED.chat, time_zone="Europe/Berlin"),
    link=LinkBinding(link_digest(TOKEN), NOW + LINK_FOR),
)
SECOND = replace(
    ASKED,
    id="r2",
    app=AppRef("contoso", "0oa2"),
    app_label="Contoso Sales",
    code="GHJ-KMN",
    link=LinkBinding(link_digest(OTHER_TOKEN), NOW + LINK_FOR),
)
GOOD_HEALTH = Health((Part("store", ok=True, vital=True), Part("okta:contoso", ok=True)))


class LongSecrets(CountingSecrets):
    """Tokens that look like real ones: 43 characters."""

    def token(self) -> str:
        return super().token().ljust(43, "x")


class WebSite:
    """The web app and the people behind it; a browser of one's own talks to it."""

    def __init__(self, people: People, browser: httpx.AsyncClient, url: str) -> None:
        self.people = people
        self.browser = browser
        self.url = url
        self.health = GOOD_HEALTH

    # -- what a browser does ---------------------------------------------------------------

    async def open(self, path: str = f"/c/{TOKEN}", /, **headers: str) -> httpx.Response:
        """GET a page as a browser does."""
        return await self.browser.get(path, headers={"Accept": "text/html", **headers})

    async def press(
        self,
        csrf: str,
        path: str = f"/c/{TOKEN}",
        /,
        form: dict[str, str] | None = None,
        **headers: str | None,
    ) -> httpx.Response:
        """POST a form as a browser on this very page does; a header of None is left out."""
        merged = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "Origin": "null"}
        given = {name: value for name, value in (merged | headers).items() if value is not None}
        data = {"csrf": csrf, **(form or {"do": "begin"})}
        return await self.browser.post(path, data=data, headers=given)

    async def open_and_press(
        self,
        path: str = f"/c/{TOKEN}",
        /,
        form: dict[str, str] | None = None,
        **headers: str | None,
    ) -> httpx.Response:
        """Open the page, and press one of its buttons."""
        return await self.press(csrf_of(await self.open(path)), path, form, **headers)

    async def at_microsoft(self) -> str:
        """Open the link and press its button; the state that went to Microsoft."""
        return state_of(await self.open_and_press())

    async def come_back(self, state: str, code: str = ADA, **more: str) -> httpx.Response:
        """Microsoft sends the browser back; `code` is the account, `<object id>@<tenant>`."""
        query = {"code": code, "state": state} | more
        return await self.browser.get(
            "/auth/callback",
            params={name: value for name, value in query.items() if value},
            headers={"Accept": "text/html", "Sec-Fetch-Site": "cross-site"},
        )

    async def sign_in(self, code: str = ADA) -> httpx.Response:
        """The whole way to Microsoft and back."""
        return await self.come_back(await self.at_microsoft(), code)

    # -- what is behind it -----------------------------------------------------------------

    async def asked(self) -> ConsentRequest:
        return await self.people.request(ASKED.id)

    async def stage(self) -> Stage:
        return (await self.asked()).stage

    async def session(self, context: BrowserContext) -> BySession:
        """Who a browser that signed in is."""
        cookies = {one["name"]: one["value"] for one in await context.cookies()}
        return BySession(cookies["o365bot-session"], ASKED.id)

    async def change(self, **values: Any) -> None:
        """Put the request into another state, as if steps had led there."""
        await self.people.set_request(replace(await self.asked(), **values))


def csrf_of(page: httpx.Response) -> str:
    """The value in the first form's hidden field."""
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def state_of(answer: httpx.Response) -> str:
    """The state of a redirect to Microsoft."""
    assert answer.status_code == 303, answer.text
    location: str = answer.headers["location"]
    assert location.startswith(f"{SIGN_IN}/")
    return state_in(location)


def state_in(address: str) -> str:
    """The state in an address at Microsoft."""
    return parse_qs(urlsplit(address).query)["state"][0]


async def echo(request: Request) -> Response:
    """A chat platform's endpoint that tells how much it was sent."""
    return PlainTextResponse(str(len(await request.body())))


async def failing(request: Request) -> Response:
    """An endpoint with a bug."""
    raise RuntimeError("a bug")


def services_of(people: People, *, signs_in: bool = True) -> Services:
    """What the app is handed."""
    return Services(
        acknowledge=people.acknowledge,
        prove=people.prove,
        request_steps=people.request_steps,
        introduce=people.introduce,
        actors=people.actors,
        onboard=people.onboard,
        limits=people.limits,
        signs_in=signs_in,
        sign_in_origin=SIGN_IN,
        operators=ForOperators(people.operator_sign_in, people.read)
        if people.operator_sign_in
        else None,
    )


@asynccontextmanager
async def a_site(
    public_url: str = "",
    *,
    teams_fails: bool = False,
    minimum: ProofKind = ProofKind.SIGNED_IN,
    signs_in: bool = True,
    limits: LimitsInMemory | None = None,
) -> AsyncIterator[WebSite]:
    """A served app where Ada was asked about one app; her link is `TOKEN`."""
    people = People(minimum, signs_in=signs_in, secrets=LongSecrets(), limits=limits)
    await people.set(ASKED)
    made: list[WebSite] = []

    async def health() -> Health:
        return made[0].health

    async def ready() -> str:
        return next((p.reason for p in made[0].health.parts if p.vital and not p.ok), "")

    async def metrics() -> bytes:
        return b"# TYPE o365bot_apps gauge\no365bot_apps 3.0\n"

    def app_at(url: str) -> Starlette:
        return build_app(
            services=services_of(people, signs_in=signs_in),
            words=cache(Words),
            public_url=public_url or url,
            slack=echo,
            teams=failing if teams_fails else None,
            probes=Probes(health=health, ready=ready, metrics=metrics, token=MONITORING_TOKEN),
            pictures=people.ledger.picture,
        )

    async with (
        served(app_at) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as browser,
    ):
        made.append(WebSite(people, browser, url))
        yield made[0]
