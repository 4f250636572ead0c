"""The one form by which names are compared: apps, accounts, domains, commands, settings.

What looks the same is the same, however it was typed, pasted or corrected on the way: case,
widths, kinds of space, dash and quotation mark, invisible signs, an emoji or its name (Slack turns
a typed 🚀 into `:rocket:`). Letters of different scripts stay different, even where a font draws
them alike: else an address in another alphabet could pass for a colleague's.

Unicode: UAX #15 (NFKC), UAX #31 (default ignorable code points), UTR #51 (emoji).

Where being the same grants something (who may ask, who is asked, who signed in), ids and addresses
are compared in their `exact` form instead.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

_SHORTCODE = re.compile(r":([a-z0-9_+'&.-]+):", re.IGNORECASE)

# Characters that nobody sees: formatting (joiners, soft hyphen, marks of direction, byte order),
# variation selectors, fillers. Halves of characters are none.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff\ud800-\udfff]"
)
_SPACES = re.compile("[\\s\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200a\u2028\u2029\u2800]+")
# "--" becomes "—" on many keyboards, and stands for it on others.
_DASHES = re.compile("[-\u058a\u1806\u2010-\u2015\u2043\u207b\u208b\u2212\u2e3a\u2e3b]+")
_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_LOOKALIKES = str.maketrans(
    # Before NFKC, which takes ´ for a space and an accent.
    dict.fromkeys("`´ʹʻʼʽˈˊˋ‘’‚‛′‵‹›＇", "'")
    | dict.fromkeys("“”„‟″‶«»〝〞〟＂ʺˮ", '"')
    | dict.fromkeys("⁄∕", "/")
)


@lru_cache(maxsize=20_000)
def normalized(text: str) -> str:
    """The form of `text` for comparisons; two texts are alike when their forms are equal.

    The form of a form is the form. It is for comparing, never for showing or sending.
    """
    before, seen = "", text
    while seen != before:  # each step may bring forth what another one is about
        before = seen
        seen = with_emoji(_UNSEEN.sub("", seen)).translate(_LOOKALIKES)
        seen = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).casefold())
        seen = _SPACES.sub(" ", _DASHES.sub("-", seen)).strip()
    return seen


def exact(text: str) -> str:
    """The form in which ids and addresses are compared where being the same grants something.

    Only the case of ASCII letters counts for nothing: what merely looks the same is another
    account. (`str.lower` makes a plain "k" of the Kelvin sign.)
    """
    return text.translate(_SMALL)


def with_emoji(text: str) -> str:
    """The text with emoji instead of their names; names of no emoji stay."""
    if ":" not in text:
        return text
    return _SHORTCODE.sub(lambda found: _emoji().get(exact(found[1]), found[0]), text)


def cleaned(text: str) -> str:
    """The text without what nobody sees; lines stay, and each space is a plain one."""
    lines = _UNSEEN.sub("", text).splitlines()
    return "\n".join(_SPACES.sub(" ", line).strip() for line in lines)


@cache
def _emoji() -> Mapping[str, str]:
    """Emoji by their names."""
    table = (files("bot.domain") / "shortcodes.txt").read_text(encoding="utf-8")
    lines = (line.split(" ") for line in table.splitlines() if not line.startswith("# "))
    return {name: emoji for emoji, *names in lines for name in names}
