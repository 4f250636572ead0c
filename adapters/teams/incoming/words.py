"""What a person typed, from what Teams makes of it.

Teams sends mentions as `<at>name</at>` and formatting as tags of HTML; whatever else stands in
angle brackets was typed (real requests of channels hold a raw `<EMEA>`). Microsoft Learn, "Channel
and group conversations with a bot", Working with mentions.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

_MENTION = re.compile(r"<at(?: [^<>]*)?>(.*?)</at>", re.DOTALL)
# As Teams writes them: lower case, and closed again; a lone `<b>` was typed.
_PAIRED = re.compile(
    r"<(p|div|span|b|strong|i|em|u|s|strike|del|code|pre|codeblock|quote|ul|ol|li|a|h[1-6]"
    r"|readonly)(?: [^<>]*)?>(.*?)</\1>",
    re.DOTALL,
)
_BLOCKS = ("p", "div", "pre", "codeblock", "ul", "ol", "li")
_QUOTED = re.compile(r"<blockquote(?: [^<>]*)?>.*?</blockquote>", re.DOTALL)
_BREAK = re.compile(r"<br ?/?>")
_ALONE = re.compile(r"<(?:attachment|img|emoji|hr|quoted)(?: [^<>]*)?/?>|</(?:attachment|emoji)>")
_ENTITY = re.compile(r"&(?:nbsp|amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_DEEPEST = 20
LONGEST = 8000
"""Characters of a message that are read; a command has far fewer."""


def as_typed(text: str, bot: str, mentions: Iterable[Mapping[str, Any]]) -> str:
    """The words line by line, without the mention of the bot (whose id is `bot`) and markup.

    `mentions` are the activity's entities; not every client gives them a `text`.
    """
    text = text[:LONGEST]
    names: dict[str, bool] = {}  # of whoever was mentioned: whether it is the bot
    for mention in mentions:
        mentioned = mention.get("mentioned")
        if isinstance(mentioned, dict):
            ours = mentioned.get("id") == bot
            shown, name = mention.get("text"), mentioned.get("name")
            if ours and isinstance(shown, str) and shown:
                text = text.replace(shown, " ")
            if isinstance(name, str):
                names[name] = ours
    text = _MENTION.sub(lambda found: _named(found, names), text)
    text = _BREAK.sub("\n", _ALONE.sub(" ", _without_quotation(text)))
    for _ in range(_DEEPEST):  # innermost last
        text, changed = _PAIRED.subn(_inside, text)
        if not changed:
            break
    text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    return "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()


def _named(found: re.Match[str], names: Mapping[str, bool]) -> str:
    """The name of whoever was mentioned; nothing for the bot, who stands first when untold."""
    first = not found.string[: found.start()].strip()
    return " " if names.get(html.unescape(found[1]), first) else found[1]


def _without_quotation(text: str) -> str:
    """What is quoted was said by somebody else; alone, it is meant."""
    own = _QUOTED.sub(" ", text)
    return own if own.strip() else re.sub(r"</?blockquote(?: [^<>]*)?>", " ", text)


def _inside(found: re.Match[str]) -> str:
    return f"\n{found[2]}\n" if found[1] in _BLOCKS else found[2]
