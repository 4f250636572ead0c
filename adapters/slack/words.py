"""What a person typed, from what Slack makes of it.

Slack escapes `& < >`, turns addresses into `<mailto:…|…>` and mentions into `<@U…>`
(docs.slack.dev/messaging/formatting-message-text).
"""

from __future__ import annotations

import re

_MARKED = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")


def as_typed(text: str, *, bot: str = "") -> str:
    """The words as they were typed, without the mention of `bot`."""

    def typed(found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if bot and target == f"@{bot}":
            return " "
        if target.startswith(("@", "#", "!")):
            return f"{target[0]}{label}" if label else f"<{target}>"
        return label or target.removeprefix("mailto:")

    return " ".join(unescape(_MARKED.sub(typed, text)).split())


def unescape(text: str) -> str:
    """Slack's three entities as the characters they stand for."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
