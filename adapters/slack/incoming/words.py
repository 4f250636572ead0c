"""What a person typed, from what Slack makes of it.

Slack escapes `& < >`, turns addresses into `<mailto:…|…>`, mentions into `<@U…>` and emoji into
`:rocket:` (docs.slack.dev/messaging/formatting-message-text). What is left is as it was typed, line
by line: marks around words are the conversation's business, since they are the same everywhere.
"""

from __future__ import annotations

import re

from bot.domain.normalization import with_emoji

_MARKED = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


def as_typed(text: str, *, bot: str = "") -> str:
    """The words as they were typed, without the mention of `bot`."""

    def typed(found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if bot and target == f"@{bot}":
            return " "
        if target.startswith(("@", "#")):  # a label may have its sign already: `<!subteam^S1|@ops>`
            return f"{target[0]}{label.removeprefix(target[0])}" if label else f"<{target}>"
        if target.startswith("!"):
            return label or f"@{target[1:].partition('^')[0]}"
        return label or target.removeprefix("mailto:")

    lines = unescape(_MARKED.sub(typed, text)).splitlines()
    return with_emoji("\n".join(" ".join(line.split()) for line in lines)).strip()


def unescape(text: str) -> str:
    """Slack's three entities as the characters they stand for."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
