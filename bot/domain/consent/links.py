"""What a personal link may still be used for, and what it says when it may not."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from bot.domain.consent.requests import TAKEN_ON, ConsentRequest, Stage
from bot.errors import LinkExpired, LinkRevoked, LinkSpent, LinkUnknown

AFTER_USE = timedelta(days=7)
"""So long a used link tells that it was used, and leads the browser with the session on."""


def link_digest(token: str) -> str:
    """The form in which a link's token is kept: SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def check_link(request: ConsentRequest | None, digest: str, now: datetime) -> ConsentRequest:
    """The request that this link may still acknowledge. `digest` is `link_digest` of its token.

    Raises LinkUnknown, LinkRevoked, LinkSpent or LinkExpired. For AFTER_USE a spent link is told
    before an expired one: whoever acted in time should not be told that they were late. Then it has
    ended for good.
    """
    if request is None or request.link is None:
        raise LinkUnknown("This link is not known.")
    if request.link.token_sha256 != digest:
        raise LinkRevoked("A newer link took its place.")
    match request.stage:
        case Stage.ACKNOWLEDGED | Stage.SAVED | Stage.DONE:
            if now >= _ends_at(request):
                raise LinkExpired("This link has expired.")
            raise LinkSpent("This link has already been used.")
        case Stage.REVOKED | Stage.DECLINED | Stage.UNDELIVERED:
            raise LinkRevoked("This link was withdrawn.")
        case Stage.EXPIRED:
            raise LinkExpired("This link has expired.")
        case Stage.REQUESTED | Stage.DELIVERED:
            if now >= request.link.expires_at:
                raise LinkExpired("This link has expired.")
    return request


def check_return(request: ConsentRequest | None, digest: str, now: datetime) -> ConsentRequest:
    """The request that this link may be spent for: to take it on, or to come back to it.

    The latter takes a link that was issued after the proof, such as with a reminder, and not used
    yet. Raises as `check_link`.
    """
    try:
        return check_link(request, digest, now)
    except LinkSpent:
        if request is None or request.link is None:
            raise
        if request.stage not in TAKEN_ON or not request.link.back:
            raise
        if now >= request.link.expires_at:
            raise LinkExpired("This link has expired.") from None
        return request


def _ends_at(request: ConsentRequest) -> datetime:
    """When the link says no more, not even that the request was taken on."""
    used_at = request.link.used_at if request.link else None
    taken_at = request.proof.at if request.proof else request.changed_at
    return (used_at or taken_at or request.requested_at) + AFTER_USE


def masked(account: str) -> str:
    """An account name that its owner recognises and nobody else learns: `g…@contoso.com`."""
    name, at, domain = account.partition("@")
    return f"{name[:1]}…{at}{domain}"
