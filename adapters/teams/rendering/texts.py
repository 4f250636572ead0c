"""What people read, as Adaptive Cards take it: Markdown that reads as the text. Pure functions.

Texts come from people and directories, and Teams reads a TextBlock as Markdown ("Format cards in
Teams", Microsoft Learn), so every text is escaped: a name can make neither a link nor formatting.
Teams for iOS and Android may show the backslashes (microsoft/AdaptiveCards#5590); they still break
the Markdown there, so only what has a meaning at its place is escaped. A number at the start of a
line ("3. November") is kept from being a list by the space behind it, which does not break.
"""

from __future__ import annotations

import re
from datetime import UTC
from functools import lru_cache
from typing import Any

from bot.domain.people.admins import Platform
from bot.domain.visible import visible
from bot.message import ChannelName, Mention, Moment, Part, Said

Json = dict[str, Any]

# By its first character, which is found faster than any place between two others.
_MEANS_SOMETHING = re.compile(
    r"[\\`*\[\]<>~{}_(&:]"
    r"(?:(?<![_(&:])"
    r"|(?<=_)(?:(?<![^\W_]_)|(?![^\W_]))"  # not inside a word
    r"|(?<=\]\()"
    r"|(?<=&)(?=[#\w])"
    r"|(?<=:)(?=//))"  # else addresses become links by themselves
)
_AT_LINE_START = re.compile(r"^(?:(?P<list>\d{1,9}[.)]|[+-])(?: |$)|(?=[#+\-=]))", re.MULTILINE)
_UNBROKEN = "\N{NO-BREAK SPACE}"


@lru_cache(maxsize=512)
def plain(text: str) -> str:
    """The text on one line without what cannot be seen, for places that know no Markdown."""
    return " ".join(visible(text).split())


@lru_cache(maxsize=512)  # a card says much that others said: labels, headings, what help lists
def escape(text: str) -> str:
    """Markdown that reads as `text`; its lines become paragraphs, since single breaks get lost."""
    paragraphs = "\n\n".join(filter(None, map(plain, text.splitlines())))
    return _AT_LINE_START.sub(_begun, _inline(paragraphs))


def clip(text: str, limit: int) -> str:
    """At most `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def spoken(said: Said) -> str:
    """The same with moments by the reader's own clock, and mentions that Teams tells of."""
    parts = (said,) if isinstance(said, str) else said
    return "".join(_marked(part, first=number == 0) for number, part in enumerate(parts)).strip()


def mentions(said: Said) -> list[Json]:
    """The card's entities for the mentions of a text ("Format cards in Teams", Mention support)."""
    parts = () if isinstance(said, str) else said
    return [
        {
            "type": "mention",
            "text": f"<at>{plain(part.name)}</at>",
            "mentioned": {"id": part.who.user_id, "name": plain(part.name)},
        }
        for part in parts
        if isinstance(part, Mention) and _is_told(part)
    ]


def _is_told(mention: Mention) -> bool:
    name = plain(mention.name)
    return (
        mention.who.platform is Platform.TEAMS and bool(name) and not _MEANS_SOMETHING.search(name)
    )


def _marked(part: Part, *, first: bool) -> str:
    match part:
        case Moment(at):
            stamp = f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
            return f"{{{{DATE({stamp},SHORT)}}}}, {{{{TIME({stamp})}}}}"
        case Mention(name=name):
            return f"<at>{plain(name)}</at>" if _is_told(part) else _inline(plain(name))
        case ChannelName(name=name):
            return _inline(plain(name))
        case _ if first:
            return escape(part) + (" " if part[-1:].isspace() else "")
        case _:
            before, behind = (" " if edge.isspace() else "" for edge in (part[:1], part[-1:]))
            return f"{before}{_inline(plain(part))}{behind}"


def _inline(text: str) -> str:
    """What may stand behind other text: it is at the start of no line."""
    return _MEANS_SOMETHING.sub(r"\\\g<0>", text)


def _begun(found: re.Match[str]) -> str:
    return f"{found['list']}{_UNBROKEN}" if found["list"] else "\\"
