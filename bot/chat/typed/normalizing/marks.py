"""What only looks, around the words that somebody typed: alike on every platform.

People paste from messages and documents, quote, list and embolden; clients correct quotes and
dashes. None of it means anything to us.
"""

from __future__ import annotations

import re

from bot.domain.normalization import cleaned, with_emoji

_QUOTATION = re.compile(r"^(?:>+\s*)+")
_BULLET = re.compile(r"^(?:[-*+•◦▪▫‣⁃–—]|\d{1,2}[.)])\s+(?=\S)")
_FENCE = re.compile(r"```\w*")
_APOSTROPHE = re.compile(r"(?<=\w)[`´‘’‛ʼ′](?=\w)")
_DASH = re.compile(r"(?<=[^\W\d])[\u2010-\u2015\u2212](?=[^\W\d])")
_LINK = re.compile(r"\[([^\[\]]+)\]\((?:https?:|mailto:)[^()\s]*\)")
_UNDERLINED = re.compile(r"(?<!\w)_+(\S(?:.*?\S)?)_+(?!\w)")
_STRONG = re.compile(r"[*`~]+")
_STRUCK = re.compile(r"(?<![\w~])~{1,2}(?=[^\s~])[^~]*(?<=[^\s~])~{1,2}(?![\w~])")
_AFTER_A_NAME = re.compile(r"^[,;:!.]+\s+")
QUOTATION_MARKS = "\"'“”„‟‘’‚‛«»‹›"
AROUND = f" `*~{QUOTATION_MARKS}"
"""What may stand around any word: quotation marks, and marks of emphasis."""


def one_line(text: str) -> str:
    """What was said, in one line, without quotations, signs of lists, fences and unseen signs.

    Apostrophes, and dashes inside of words, are the plain ones; emoji stand for their names.

    A quotation is what somebody else said, and what is struck out nobody says any more; where there
    is nothing else, it is meant.
    """
    lines = [line for line in cleaned(text).splitlines() if line and not _is_fence(line)]
    own = [line for line in map(_standing, lines) if line and not _QUOTATION.match(line)]
    bare = (_BULLET.sub("", _QUOTATION.sub("", line, count=1), count=1) for line in own or lines)
    said = with_emoji(" ".join(bare)).split()
    return " ".join(one if "@" in one else _plain(one) for one in said)


def _plain(word: str) -> str:
    """A word, but no address: what merely looks the same is another one."""
    return _DASH.sub("-", _APOSTROPHE.sub("'", word))


def quoted(text: str) -> bool:
    """Whether all that was said is a quotation of somebody else, or struck out."""
    lines = [line for line in cleaned(text).splitlines() if line and not _is_fence(line)]
    return bool(lines) and all(_QUOTATION.match(line) or not _standing(line) for line in lines)


def _standing(line: str) -> str:
    """What of a line is not struck out."""
    return _STRUCK.sub("", line).strip() if "~" in line else line


def opened(text: str) -> str:
    """The text without marks before its first word, and those that close them.

    Before it stood a name perhaps: "@o365bot, apps".
    """
    bare = _AFTER_A_NAME.sub("", text.lstrip(AROUND)).lstrip(AROUND)
    return _UNDERLINED.sub(r"\1", bare, count=1).lstrip(AROUND) if bare[:1] == "_" else bare


def unmarked(text: str) -> str:
    """The text without emphasis, code marks and Markdown links, and quotation marks around it."""
    bare = _STRONG.sub("", _UNDERLINED.sub(r"\1", _LINK.sub(r"\1", text)))
    return " ".join(bare.split()).strip(AROUND)


def _is_fence(line: str) -> bool:
    return _FENCE.fullmatch(line) is not None
