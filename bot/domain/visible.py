"""Text as it can be seen: without what makes a name read as another one.

Left out are control characters, halves of characters, and what Unicode calls format characters:
signs that turn the direction of reading (UAX #9), tags, joiners of words, soft hyphens. The two
joiners of letters stay, for names in Persian or Hindi and many emoji are written with them.
"""

from __future__ import annotations

import unicodedata

_STAYS = frozenset("\n\t\u200c\u200d")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def visible(text: str) -> str:
    """The text without what cannot be seen; line breaks and tabs stay."""
    if text.isprintable():
        return text
    for sign in {*text} - _STAYS:
        if unicodedata.category(sign) in _UNSEEN:
            text = text.replace(sign, "")
    return text


def shown(value: object) -> object:
    """What a template writes, before it is escaped; what was escaped already stays as it is."""
    return visible(value) if type(value) is str else value
