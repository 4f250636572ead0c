"""Keeping secrets out of what is logged, whoever logs it and however deep it stands.

The first defence is still not to log them. What is blanked here is known by its name (`password`),
by where it stands (`/c/…`, `code=`, `user:password@`), or by its own shape (a JWT, a Slack token).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from structlog.types import EventDict, WrappedLogger

DEEPEST = 8

LONGEST = 32_000  # characters of one text in a line
# How long a name, and what stands before an @, may be: whatever comes in is read in one pass.
_NAMED = r"[\w-]{0,60}"

_NAMES = re.compile(
    r"token|secret|passw|authorization|assertion|signature|cookie|private|api_?key|credential"
    r"|verifier|nonce|response_url",
    re.IGNORECASE,
)
_SLASH = r"(?:/|%(?:25)*2F)"
_IS = r"(?:=|%(?:25)*3D)"
_END = r"[^\s&;,\"'<>)\]}]"
_SECRET = r"(?:token|secret|passw(?:or)?d|assertion|signature|api_?key|nonce|code_verifier)"
_TEXT = re.compile(
    "|".join(
        (
            # A personal link, a pass, an onboarding link; also inside another address.
            rf"(?P<link>{_SLASH}[cos]{_SLASH})[\w%-]{{16,}}",
            rf"(?P<param>(?:\b|(?<=3F)|(?<=26))(?:code|state|session_state){_IS}){_END}{{5,}}",
            rf"(?P<named>(?:\b|(?<=3F)|(?<=26)){_NAMED}{_SECRET}{_NAMED}(?:[\"']\s*:|[\"']?\s*{_IS})\s*[\"']?){_END}+",
            # A colon without quotes also stands behind the name of an error, such as TokenInvalid.
            r"(?P<told>\b(?:password|passwd|client_secret|api_?key|(?:access|refresh|id)_token)"
            rf"\s*:\s*){_END}+",
            r"(?P<header>\b(?:Bearer|DPoP|SSWS|Basic)\s+)[\w.~+/=-]{6,}",
            r"(?P<cookie>\b(?:set-)?cookie[\"']?\s*[:=]\s*)[^\r\n]+",
            # Passwords of stores may hold slashes; in other addresses these end the host.
            r"(?P<store>\b(?:rediss?|valkeys?)(?:\+\w{1,20})?://)[^\s\"']{0,1000}(?=@)",
            r"(?P<user>\b[a-z][a-z0-9+.-]{0,30}://)[^\s/?#\"'<>]{0,1000}(?=@)",
            r"(?P<hook>\bhooks\.slack(?:-gov)?\.com(?:/|%(?:25)*2F))[^\s\"'<>]+",
            r"(?P<slack>\bx(?:ox[a-z]|app|oxe\.xox[a-z])-)[\w.-]+",
            r"(?P<key>-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END [A-Z ]*-----|\Z)",
            r"(?P<jwt>\beyJ)[\w-]{5,2000}\.[\w-]{1,8000}\.[\w.-]*",
            # What Microsoft's client secrets, Okta's API tokens and our own 256 bits look like.
            r"\b[\w~.-]{3}\dQ~[\w~.-]{31,34}",
            r"(?<![\w-])00[\w-]{40}(?![\w-])",
            r"(?<![\w-])[\w-]{43}(?![\w-])",
        )
    ),
    re.IGNORECASE | re.DOTALL | re.ASCII,
)


def redact_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """A structlog processor: what stands under a secret's name, and secrets inside texts."""
    for name, value in event.items():
        if not name.startswith("_"):  # structlog's own
            event[name] = _redacted(name, value, 0)
    return event


def redact_text(text: str) -> str:
    """The text without the secrets in it, and not without end."""
    blank = _TEXT.sub(
        lambda found: (found[found.lastgroup] if found.lastgroup else "") + BLANK, text
    )
    return blank if len(blank) <= LONGEST else f"{blank[:LONGEST]}… ({len(blank)} characters)"


BLANK = "[blanked]"


def _redacted(name: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return BLANK if _NAMES.search(name) and isinstance(value, int) and value > 1 else value
    if _NAMES.search(name):
        return BLANK
    if isinstance(value, str):
        return redact_text(value)
    if depth >= DEEPEST:
        return "…"
    if isinstance(value, bytes | bytearray | memoryview):
        return redact_text(bytes(value).decode(errors="replace"))
    if isinstance(value, Mapping):
        return {
            redact_text(str(key)): _redacted(str(key), one, depth + 1) for key, one in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(name, one, depth + 1) for one in value]
    return redact_text(str(value) if isinstance(value, BaseException) else repr(value))
