"""Microsoft: each tenant, and the app registrations at home."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.doctor.finding import Found, Grade, check, ends
from bot.domain.doctor.seen import NoTenant, RegistrationSeen, TenantSeen


@check("entra_sign_in", TenantSeen, signed_in=Grade.GOOD, refused=Grade.BROKEN)
def sign_in(seen: TenantSeen, now: datetime) -> Iterator[Found]:
    if seen.sign_in is not None:
        yield Found("refused", failure=seen.sign_in)
    else:
        yield Found("signed_in")


@check(
    "entra_permission",
    TenantSeen,
    granted=Grade.GOOD,
    missing=Grade.ATTENTION,
    optional=Grade.GOOD,
    none=Grade.BROKEN,
    unknown=Grade.NOT_TESTABLE,
    more=Grade.ATTENTION,
)
def permissions(seen: TenantSeen, now: datetime) -> Iterator[Found]:
    if seen.sign_in is not None:
        yield Found("unknown")
        return
    if not seen.granted:
        yield Found("none")
    for permission in seen.granted:
        yield Found("granted", {"permission": permission})
    for permission, calls in seen.lacking.items():
        outcome = "optional" if permission in seen.optional else "missing"
        yield Found(outcome, {"permission": permission, "calls": ", ".join(calls)})
    for permission in seen.more:
        yield Found("more", {"permission": permission})


@check("entra_read", TenantSeen, answered=Grade.GOOD, refused=Grade.BROKEN)
def read(seen: TenantSeen, now: datetime) -> Iterator[Found]:
    if seen.sign_in is None:
        yield Found("answered" if seen.read is None else "refused", failure=seen.read)


@check("entra_tenants", NoTenant, none=Grade.NOT_TESTABLE)
def tenants(seen: NoTenant, now: datetime) -> Iterator[Found]:
    yield Found("none")


@check(
    "registration_redirect",
    RegistrationSeen,
    registered=Grade.GOOD,
    missing=Grade.ATTENTION,
    missing_vital=Grade.BROKEN,
    unreadable=Grade.NOT_TESTABLE,
)
def redirects(seen: RegistrationSeen, now: datetime) -> Iterator[Found]:
    for url, vital in seen.wanted.items():
        if seen.read is not None:
            yield Found("unreadable", {"url": url}, seen.read)
        elif url in seen.redirects:
            yield Found("registered", {"url": url})
        else:
            yield Found("missing_vital" if vital else "missing", {"url": url})


@check(
    "registration_secret",
    RegistrationSeen,
    long=Grade.GOOD,
    soon=Grade.ATTENTION,
    over=Grade.BROKEN,
    unlisted=Grade.NOT_TESTABLE,
    unreadable=Grade.NOT_TESTABLE,
)
def secret(seen: RegistrationSeen, now: datetime) -> Iterator[Found]:
    if not seen.by_secret:
        return
    if seen.read is not None:
        yield Found("unreadable", failure=seen.read)
    elif seen.secret_ends is None:
        yield Found("unlisted")
    else:
        yield ends("", seen.secret_ends, now)
