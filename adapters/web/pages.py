"""Drawing pages: templates, the reader's language, and problems as pages that say what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from bot.chat.words import FALLBACK, Words, languages
from bot.domain.normalization import exact
from bot.domain.visible import shown

_HERE = Path(__file__).parent

# Which words a status gets; any other is `other`.
KINDS: Mapping[int, str] = {
    404: "missing",
    405: "missing",
    408: "slow",
    413: "large",
    500: "broken",
}


@cache
def _templates() -> Environment:
    """All of them, read before somebody waits."""
    loader = FileSystemLoader(_HERE / "templates")
    templates = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=shown,
    )
    for name in ("style.css", "live.js"):
        content = (_HERE / "static" / name).read_bytes()
        version = hashlib.sha256(content).hexdigest()[:12]
        templates.globals[name.partition(".")[0]] = f"/static/{name}?v={version}"
    for name in loader.list_templates():
        templates.get_template(name)
    return templates


class Pages:
    """Every page, in every language."""

    def __init__(self, words: Callable[[str], Words]) -> None:
        self._words = words
        self._languages = languages()
        self._templates = _templates()

    def words(self, request: Request) -> Words:
        """The words of the reader's language."""
        return self._words(choose(request.headers.get("accept-language", ""), self._languages))

    def render(self, words: Words, template: str, **values: object) -> str:
        """A page or a part of one. Values are escaped; the words come from section `page`."""

        def text(key: str, **inserted: object) -> str:
            return words(f"page.{key}", **inserted)

        return self._templates.get_template(template).render(
            text=text, language=words.language, **values
        )

    def show(
        self,
        request: Request,
        template: str,
        status: int = 200,
        *,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> HTMLResponse:
        """One page, in the reader's language."""
        words = self.words(request)
        language = {"Content-Language": words.language, "Vary": "Accept-Language"}
        page = self.render(words, template, **values)
        return HTMLResponse(page, status, {**language, **(headers or {})})

    def problem(
        self,
        request: Request,
        status: int,
        kind: str = "",
        *,
        again: str | None = None,
        reference: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A page that says what went wrong and what to do; one line of text to what is no browser.

        `again` offers a way back: an address on this site, "" for the same one once more.
        `reference` is what to quote; server errors have the request's id.
        """
        kind = kind or KINDS.get(status, "other")
        if "text/html" in request.headers.get("accept", ""):
            if status >= 500:
                reference = request.scope.get("request_id", "")
            return self.show(
                request,
                "problem.html",
                status,
                headers=headers,
                kind=kind,
                again=again,
                reference=reference,
            )
        line = self.words(request)(f"page.{kind}_title")
        return PlainTextResponse(f"{line}\n", status, dict(headers or {}))


def choose(accepted: str, known: Sequence[str]) -> str:
    """The best known language for an Accept-Language header (RFC 9110, section 12.5.4)."""
    wanted: list[tuple[float, str]] = []
    for item in accepted.split(",")[:20]:
        tag, _, parameter = item.partition(";")
        name, _, number = parameter.strip().partition("=")
        try:
            quality = float(number) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        language = exact(tag.strip().partition("-")[0])
        if language in known and quality > 0:
            wanted.append((quality, language))
    # max() keeps the first of equals: the order in the header breaks ties.
    return max(wanted, key=lambda one: one[0])[1] if wanted else FALLBACK
