"""What people read, as Slack's text objects. Pure functions.

Every text is shown literally. `plain_text` knows no formatting at all; `mrkdwn` is used only where
it is needed (bold, a moment in the reader's zone, a mention), and only when nothing in the text
could be read as formatting: Slack has no sign that would escape it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bot.domain.people.admins import Platform
from bot.domain.visible import visible
from bot.message import ChannelName, Mention, Moment, Part, Said, plainly

Json = dict[str, Any]

NOTHING = "–"

# What mrkdwn reads as formatting: marks at the edge of words, emoji, quotations; and what a client
# could take for an address, a person or a channel.
_FORMATS = re.compile(
    r"[*~`]|(?<![^\W_])_|_(?![^\W_])|:[\w+-]+:|^\s*>|://|(?<!\w)[@#]\w", re.MULTILINE
)
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,20}")
_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")
# Not the "pretty" one: its "today" fits no sentence that has a date ("bis zum heute").
_WHEN = "{date_short}, {time}"


def escape(text: str) -> str:
    """Slack's three control characters as entities ("Formatting message text", Escaping text)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clean(text: str) -> str:
    """Without what cannot be seen, and could make a name read as another one."""
    return visible(text).strip()


def fit(text: str, limit: int) -> str:
    """The text escaped, and not above `limit` characters after that."""
    return escape(cut(clean(text), limit, lambda part: len(escape(part))))


def plain(text: str, cap: int) -> Json:
    """A text object that shows nothing but the text."""
    return {"type": "plain_text", "emoji": False, "text": fit(text, cap) or NOTHING}


def spoken(said: Said, cap: int, *, bold: str = "") -> Json:
    """A text object with its moments and mentions; `bold` stands before it, in bold.

    As plain text where formatting is not needed, is not safe, or would not fit.
    """
    parts = (said,) if isinstance(said, str) else said
    name = " ".join(clean(bold).split())
    if name or any(not isinstance(part, str) for part in parts):
        drawn = [_marked(part) for part in parts]
        marked = (f"*{escape(name)}*" if name else "") + "".join(drawn)
        # What Slack itself names is not read as formatting, whatever it is called.
        told = (
            name,
            *(plainly((part,)) for part, one in zip(parts, drawn, strict=True) if one[:1] != "<"),
        )
        if 0 < len(marked.strip()) <= cap and not any(map(_FORMATS.search, told)):
            return {"type": "mrkdwn", "text": marked.strip(), "verbatim": True}
    return plain(name + plainly(said), cap)


def _marked(part: Part) -> str:
    match part:
        case Moment(at, text):
            return f"<!date^{int(at.timestamp())}^{_WHEN}|{escape(visible(text))}>"
        case Mention(who, name):
            if who.platform is Platform.SLACK and _PERSON.fullmatch(who.user_id):
                return f"<@{who.user_id}>"
            return escape(visible(name))
        case ChannelName(platform, channel_id, name):
            if platform is Platform.SLACK and _CHANNEL.fullmatch(channel_id):
                return f"<#{channel_id}>"
            return escape(visible(name))
        case _:
            return escape(visible(part))


def cut(text: str, limit: int, size: Callable[[str], int] = len) -> str:
    """At most `limit` by `size`, cut behind a word where there is one in the last third."""
    if len(text) <= limit and size(text) <= limit:
        return text
    low, high = 0, min(len(text), limit)
    while low < high:  # the longest part that fits with the sign for what is missing
        middle = (low + high + 1) // 2
        if size(text[:middle]) < limit:
            low = middle
        else:
            high = middle - 1
    part = text[:low]
    behind_word = max(part.rfind(" "), part.rfind("\n"))
    if not text[low : low + 1].isspace() and behind_word > low * 2 // 3:
        part = part[:behind_word]
    return part.rstrip() + "…"
