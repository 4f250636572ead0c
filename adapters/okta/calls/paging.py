"""Following pages to their end, and never beyond it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from adapters.http.answers import Answer
from adapters.http.client import CloudClient

MAX_PAGES = 1000


def link_header(answer: Answer) -> str:
    """Most lists name their next page in a `Link` header; the target is followed verbatim."""
    return answer.next_link


def body_link(answer: Answer) -> str:
    """A few lists (role assignees) name it in the body, under `_links.next.href`."""
    value: Any = answer.object()
    for name in ("_links", "next", "href"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def is_page_of(path: str, link: str) -> bool:
    """True when a link leads to a page of the list under `path` (on whatever host)."""
    try:
        return urlsplit(link).path == path
    except ValueError:
        return False


async def pages(
    client: CloudClient,
    path: str,
    params: Mapping[str, str | int],
    *,
    next_of: Callable[[Answer], str] = link_header,
    start: str = "",
    most: int = MAX_PAGES,
) -> AsyncIterator[Answer]:
    """Each page in turn, until one has no next. `start` is a link that was kept, to go on from.

    Raises CloudAnswerInvalid when a link comes back that was followed before, when there is no end,
    or when a link leads to another host.
    """
    if start and not is_page_of(path, start):
        raise ValueError("a kept link must be a page of the path")
    answer = await client.get(start or path, None if start else params)
    seen = {start}
    while True:
        yield answer
        link = next_of(answer)
        if not link:
            return
        if not is_page_of(path, link):
            raise answer.invalid("names a next page that is no page of it")
        if link in seen:
            raise answer.invalid("leads back to a page that was read before")
        if len(seen) >= most:
            raise answer.invalid(f"has more than {most} pages")
        seen.add(link)
        answer = await client.get(link)
