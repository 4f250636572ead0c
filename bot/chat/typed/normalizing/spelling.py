"""One form for sentences, and patterns that take a German word in each way it is typed.

Unlike `bot.domain.normalization`, which decides whether two names are the same, this is about
common words only: ä and ae, ß and ss, apostrophes and emoji make no difference there.
"""

from __future__ import annotations

import re
import unicodedata

from bot.domain.normalization import normalized

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_IN_PATTERNS = {"ä": "(?:ä|ae)", "ö": "(?:ö|oe)", "ü": "(?:ü|ue)", "ß": "(?:ß|ss)"}
_NO_WORDS = re.compile(r"[^\w\s@./+:<>&?-]+")
_ENDS = re.compile(r"[.:?\s-]+$")
_DASH_ALONE = re.compile(r"(?<!\S)-+(?!\S)")
_PUNCTUATION = re.compile(r"[.:?]+(?=\s)")
_STRETCHED = re.compile(r"([^\W\d])\1{2,}")  # "hellooo"


def spelt(text: str) -> str:
    """A name in one spelling of its umlauts, after `normalized`."""
    return normalized(text).translate(_UMLAUTS)


def sentence(text: str) -> str:
    """The words of a sentence: no case, umlauts as ae, no marks, apostrophes, emoji or stops, and
    no letter thrice in a row.
    """
    bare = _STRETCHED.sub(r"\1", spelt(text).replace("'", ""))
    bare = _DASH_ALONE.sub(" ", _NO_WORDS.sub(" ", bare))
    return " ".join(_ENDS.sub("", _PUNCTUATION.sub(" ", bare)).split())


def forms(*many: str) -> frozenset[str]:
    """Sentences in their compared form; several are parted by a slash."""
    return frozenset(sentence(one) for text in many for one in text.split("/"))


def pattern(words: str) -> str:
    """A regular expression whose umlauts may be typed as ae, oe, ue, ss."""
    return "".join(_IN_PATTERNS.get(letter, letter) for letter in words)


def without_emoji(text: str) -> str:
    """The text without emoji and other symbols at its ends."""
    start, end = 0, len(text)
    while start < end and _is_symbol(text[start]):
        start += 1
    while end > start and _is_symbol(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_symbol(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) in ("So", "Sk", "Cn")
