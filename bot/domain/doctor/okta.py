"""Okta: signing in, scopes, roles, and one call of each kind that a scan makes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.doctor.finding import Failure, Found, Grade, check
from bot.domain.doctor.seen import OktaSeen

VITAL = "apps"
"""What is called so, a scope or a call, nothing works without."""


def _vital(outcome: str, name: str) -> str:
    return f"{outcome}_{VITAL}" if VITAL in name.replace("/", ".").split(".") else outcome


@check(
    "okta_sign_in",
    OktaSeen,
    signed_in=Grade.GOOD,
    token=Grade.ATTENTION,
    refused=Grade.BROKEN,
)
def sign_in(seen: OktaSeen, now: datetime) -> Iterator[Found]:
    if seen.sign_in is not None:
        yield Found("refused", failure=seen.sign_in)
    else:
        yield Found("token" if seen.by_token else "signed_in")


@check(
    "okta_scope",
    OktaSeen,
    granted=Grade.GOOD,
    missing=Grade.ATTENTION,
    missing_apps=Grade.BROKEN,
    unknown=Grade.NOT_TESTABLE,
    token=Grade.NOT_TESTABLE,
)
def scopes(seen: OktaSeen, now: datetime) -> Iterator[Found]:
    if seen.by_token:
        yield Found("token")
    elif seen.sign_in is not None:
        yield Found("unknown")
    for scope, failure in seen.scopes.items():
        outcome = "granted" if failure is None else _vital("missing", scope)
        yield Found(outcome, {"scope": scope}, failure)


@check(
    "okta_role",
    OktaSeen,
    held=Grade.GOOD,
    none=Grade.BROKEN,
    unreadable=Grade.NOT_TESTABLE,
)
def roles(seen: OktaSeen, now: datetime) -> Iterator[Found]:
    if seen.sign_in is not None or seen.by_token:
        return
    if isinstance(seen.roles, Failure):
        yield Found("unreadable", failure=seen.roles)
        return
    if not seen.roles:
        yield Found("none")
    for role in seen.roles:
        yield Found("held", {"role": role})


@check(
    "okta_read",
    OktaSeen,
    answered=Grade.GOOD,
    refused=Grade.ATTENTION,
    refused_apps=Grade.BROKEN,
)
def reads(seen: OktaSeen, now: datetime) -> Iterator[Found]:
    for call, failure in seen.reads.items():
        outcome = "answered" if failure is None else _vital("refused", call)
        yield Found(outcome, {"call": call}, failure)


@check("okta_apps", OktaSeen, seen=Grade.GOOD, none=Grade.ATTENTION)
def apps(seen: OktaSeen, now: datetime) -> Iterator[Found]:
    if any(failure is None and call.endswith("/apps") for call, failure in seen.reads.items()):
        yield Found("seen", {"count": seen.apps}) if seen.apps else Found("none")


@check("okta_hook", OktaSeen, set=Grade.NOT_TESTABLE)
def hook(seen: OktaSeen, now: datetime) -> Iterator[Found]:
    if seen.hooked:
        yield Found("set")
