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
    r"<(p|div|span|b|strong|i|em|u|s|strike|del|sub|sup|font|code|pre|codeblock|quote|ul|ol|li|a"
    r"|h[1-6]|table|tbody|thead|tr|td|th|readonly)(?: [^<>]*)?>(.*?)</\1>",
    re.DOTALL,
)
_STRUCK = ("s", "strike", "del")
_BLOCKS = ("p", "div", "pre", "codeblock", "ul", "ol", "li", "tr")
_QUOTED = re.compile(r"<blockquote(?: [^<>]*)?>(.*?)</blockquote>", re.DOTALL)
# Microsoft Learn, "chatMessage"; clients send theirs as pictures.
_EMOJI = re.compile(
    r"""<(?:emoji|img(?=[^<>]* itemtype="http://schema\.skype\.com/Emoji"))"""
    r"""[^<>]* alt="([^"<>]{1,40})"[^<>]*>(?:[^<>]*</emoji>)?"""
)
_BREAK = re.compile(r"<br ?/?>")
_ALONE = re.compile(r"<(?:attachment|img|emoji|hr|quoted)(?: [^<>]*)?/?>|</(?:attachment|emoji)>")
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_DEEPEST = 20
LONGEST = 8000
"""Characters of a message that are read; a command has far fewer."""


def as_typed(text: str, bot: str, mentions: Iterable[Mapping[str, Any]]) -> str:
    """The words line by line, without the mention of the bot (whose id is `bot`) and markup.

    `mentions` are the activity's entities; not every client gives them a `text`. What is quoted was
    said by somebody else; where there is nothing else, it is marked by ">".
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
    text = _EMOJI.sub(r"\1", text)
    quotation = _lines(_QUOTED.sub(r"\1", text)).splitlines()
    return _lines(_QUOTED.sub(" ", text)) or "\n".join(f"> {line}" for line in quotation if line)


def _lines(text: str) -> str:
    """What is left without markup; what is struck out is marked as Slack marks it."""
    text = _BREAK.sub("\n", _ALONE.sub(" ", text))
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


def _inside(found: re.Match[str]) -> str:
    if found[1] in _STRUCK:
        return f"~{found[2]}~"
    return f"\n{found[2]}\n" if found[1] in _BLOCKS else found[2]
