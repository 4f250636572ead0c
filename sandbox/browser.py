"""A person's browser, as far as plain pages need one: cookies, links, forms, redirects.

What it tells the server about itself is what a browser would: the cookies, where the request comes
from (Origin and Fetch Metadata), and every field of the form that was pressed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx


@dataclass
class Form:
    """`choices` maps a field to what can be chosen for it: the visible words and the value."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    buttons: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@dataclass
class Page:
    """A page as it was shown; `text` is what can be read on it, in one line."""

    url: str
    status: int
    text: str = ""
    title: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    @property
    def buttons(self) -> list[str]:
        """The labels of everything that can be pressed."""
        return [label for form in self.forms for label, _ in form.buttons]

    def link(self, part: str) -> str:
        """The first address on the page with this in it; LookupError when there is none."""
        for _, href in self.links:
            if part in href:
                return href
        raise LookupError(f"no link with {part!r} on {self.title!r}")


class Browser:
    """One browser with its cookies; an async context manager."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=True,
            timeout=60,
            headers={"User-Agent": "Mozilla/5.0 (sandbox)", "Accept": "text/html"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def open(self, url: str) -> Page:
        """Follow a link."""
        return _page(await self._client.get(url, headers={"Sec-Fetch-Site": "none"}))

    async def press(self, page: Page, label: str, choose: Mapping[str, str] | None = None) -> Page:
        """Press the button with this label; `choose` names, by a part of its words, an option.

        Raises LookupError when there is no such button or option.
        """
        for form in page.forms:
            for words, attributes in form.buttons:
                if words == label:
                    return await self._submit(page, form, attributes, choose or {})
        raise LookupError(f"no button {label!r} on {page.title!r}, only {page.buttons}")

    async def _submit(
        self, page: Page, form: Form, button: dict[str, str], choose: Mapping[str, str]
    ) -> Page:
        data = dict(form.fields)
        for name, wanted in choose.items():
            options = [value for words, value in form.choices.get(name, ()) if wanted in words]
            if not options:
                raise LookupError(f"{name} cannot be {wanted!r} on {page.title!r}")
            data[name] = options[0]
        if "name" in button:
            data[button["name"]] = button.get("value", "")
        target = urljoin(page.url, button.get("formaction") or form.action)
        parts = urlsplit(page.url)
        headers = {"Origin": f"{parts.scheme}://{parts.netloc}", "Sec-Fetch-Site": "same-origin"}
        return _page(await self._client.post(target, data=data, headers=headers))


def _page(response: httpx.Response) -> Page:
    page = Page(str(response.url), response.status_code)
    parser = _Parser(page)
    parser.feed(response.text)
    parser.close()
    page.text = " ".join(" ".join(parser.words).split())
    return page


class _Parser(HTMLParser):
    """Fills in a page. The words of an option or a button end where its tag does."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.words: list[str] = []
        self._page = page
        self._silent = 0
        self._caught: list[str] | None = None
        self._radio: tuple[str, str] | None = None
        self._select = ""
        self._tag: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        forms = self._page.forms
        if tag in ("style", "script"):
            self._silent += 1
        elif tag == "form":
            forms.append(Form(at.get("action", "")))
        elif tag in ("title", "a", "option", "button", "label"):
            self._tag, self._caught = at, []
            if tag == "option" and forms and self._is_chosen(at):
                forms[-1].fields[self._select] = at.get("value", "")
        elif tag == "select":
            self._select = at.get("name", "")
        elif tag == "input" and forms and "name" in at:
            if at.get("type") == "radio":
                self._radio = (at["name"], at.get("value", ""))
                if "checked" in at:
                    forms[-1].fields[at["name"]] = at.get("value", "")
            else:
                forms[-1].fields[at["name"]] = at.get("value", "")

    def _is_chosen(self, option: dict[str, str]) -> bool:
        """A list shows its first option until another is selected."""
        return "selected" in option or self._select not in self._page.forms[-1].fields

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.words.append(data)
        if self._caught is not None:
            self._caught.append(data)

    def handle_endtag(self, tag: str) -> None:
        forms = self._page.forms
        if tag in ("style", "script"):
            self._silent -= 1
        if self._caught is None or tag not in ("title", "a", "option", "button", "label"):
            return
        words = " ".join("".join(self._caught).split())
        self._caught = None
        if tag == "title":
            self._page.title = words
        elif tag == "a":
            self._page.links.append((words, urljoin(self._page.url, self._tag.get("href", ""))))
        elif tag == "button" and forms:
            forms[-1].buttons.append((words, self._tag))
        elif tag == "option" and forms:
            options = forms[-1].choices.setdefault(self._select, [])
            options.append((words, self._tag.get("value", "")))
        elif tag == "label" and forms and self._radio is not None:
            name, value = self._radio
            self._radio = None
            forms[-1].choices.setdefault(name, []).append((words, value))
