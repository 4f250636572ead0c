"""The personal link over a real uvicorn: opening it, and links that lead nowhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapters.web.pages import choose
from bot.chat.words import Words
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import LinkBinding
from tests.examples import LINK_FOR, NOW
from tests.site import ASKED, OTHER_TOKEN, TOKEN, WebSite, csrf_of

WHEN = Words("en").moment(NOW, ZoneInfo("Europe/Berlin"))
TEXTS = Path(__file__).parents[2] / "bot" / "chat" / "texts"
STEPS = f"/r/{ASKED.id}"


# ------------------------------------------------------------------ opening


async def test_opening_a_link_changes_nothing_however_often(site: WebSite) -> None:
    """GET and HEAD leave the request as it was: scanners fetch links, and so do previews."""
    before = await site.asked()
    for _ in range(5):
        assert (await site.open()).status_code == 200
        head = await site.browser.head(f"/c/{TOKEN}")
        assert (head.status_code, head.content) == (200, b"")
    assert (await site.open(f"/c/{TOKEN}?again=1")).status_code == 200
    assert await site.asked() == before


async def test_the_page_says_for_whom_which_app_why_and_the_code(site: WebSite) -> None:
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


async def test_the_page_speaks_the_language_that_the_browser_asks_for(site: WebSite) -> None:
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


# ------------------------------------------------------------------ links that lead nowhere


@pytest.mark.parametrize(
    "token",
    [
        OTHER_TOKEN,
        ASKED.id,
        link_digest(TOKEN),
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
    site: WebSite, token: str
) -> None:
    """404 either way, so a guess learns nothing; links of the other kind are no exception."""
    for kind in ("c", "o"):
        page = await site.open(f"/{kind}/{token}")
        assert page.status_code == 404
        assert "This link leads nowhere" in page.text
        assert (await site.press("x" * 43, f"/{kind}/{token}")).status_code in (403, 404)


async def test_expired_and_revoked_links_say_what_to_do_and_nothing_else(site: WebSite) -> None:
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


async def test_without_the_store_nothing_is_lost_and_the_page_says_so(site: WebSite) -> None:
    """503 with Retry-After for both verbs; afterwards the same button still works."""
    csrf = csrf_of(await site.open())
    site.people.ledger.down = True
    for answer in (await site.open(), await site.press(csrf)):
        assert answer.status_code == 503
        assert "Nothing was lost" in answer.text
        assert answer.headers["retry-after"] == "10"
    site.people.ledger.down = False
    assert (await site.press(csrf)).status_code == 303
