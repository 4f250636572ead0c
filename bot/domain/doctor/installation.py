"""What the bot stands on: the store, its public address, the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.doctor.finding import Found, Grade, check, ends
from bot.domain.doctor.seen import (
    AddressSeen,
    OktaSeen,
    Silent,
    SlackSeen,
    StoreSeen,
    TeamsSeen,
    TenantSeen,
    WebhookSeen,
)

OFF = 30.0
"""Seconds by which a clock may differ, as one of seconds is no more than a slow answer."""
SILENT = 10
"""Seconds without a word of a replica, which sends one each second."""
BEHIND = 1_000_000
"""Bytes of writes that a replica lacks: many seconds of the bot's busiest."""
ENDING = {"long": Grade.GOOD, "soon": Grade.ATTENTION, "over": Grade.BROKEN}
FAR_OFF = 240.0
"""From here on signatures and tokens are soon refused: Okta, Slack and Microsoft take 5 minutes."""


@check("store_answer", StoreSeen, answers=Grade.GOOD, refused=Grade.BROKEN)
def store(seen: StoreSeen, now: datetime) -> Iterator[Found]:
    outcome = "answers" if seen.answer is None else "refused"
    yield Found(outcome, {"server": seen.server, "where": seen.place}, seen.answer)


@check("store_rights", StoreSeen, enough=Grade.GOOD, few=Grade.BROKEN)
def store_rights(seen: StoreSeen, now: datetime) -> Iterator[Found]:
    if seen.answer is None:
        yield Found("few" if seen.may_not else "enough", {"commands": ", ".join(seen.may_not)})


@check(
    "store_file",
    StoreSeen,
    kept=Grade.GOOD,
    memory=Grade.ATTENTION,
    unwritten=Grade.ATTENTION,
)
def store_file(seen: StoreSeen, now: datetime) -> Iterator[Found]:
    if seen.answer is None:
        yield Found("kept" if seen.keeps_file else "memory")
        if seen.unwritten:
            yield Found("unwritten", {"what": ", ".join(seen.unwritten)})


@check("store_memory", StoreSeen, room=Grade.GOOD, nearly_full=Grade.ATTENTION)
def store_memory(seen: StoreSeen, now: datetime) -> Iterator[Found]:
    if seen.answer is None:
        yield Found("nearly_full" if seen.nearly_full else "room")


@check("store_replicas", StoreSeen, enough=Grade.GOOD, few=Grade.BROKEN)
def replicas(seen: StoreSeen, now: datetime) -> Iterator[Found]:
    if seen.answer is None and seen.wanted:
        connected = sum(one.ready for one in seen.replicas)
        outcome = "enough" if connected >= seen.wanted else "few"
        yield Found(outcome, {"connected": connected, "wanted": seen.wanted})


@check(
    "store_replica",
    StoreSeen,
    follows=Grade.GOOD,
    copies=Grade.ATTENTION,
    behind=Grade.ATTENTION,
    silent=Grade.ATTENTION,
)
def replica(seen: StoreSeen, now: datetime) -> Iterator[Found]:
    for one in seen.replicas:
        values: dict[str, str | int] = {"replica": one.place}
        if not one.ready:
            yield Found("copies", values)
        elif one.silent > SILENT:
            yield Found("silent", values | {"seconds": one.silent})
        elif one.missing > BEHIND:
            yield Found("behind", values | {"kilobytes": one.missing // 1000})
        else:
            yield Found("follows", values)


@check("server_certificate", StoreSeen, WebhookSeen, **ENDING)
def certificate(seen: StoreSeen | WebhookSeen, now: datetime) -> Iterator[Found]:
    if seen.certificate_ends is not None:
        key = "redis.url" if isinstance(seen, StoreSeen) else "webhook.url"
        yield ends(key, seen.certificate_ends, now)


@check("webhook_answer", WebhookSeen, reached=Grade.GOOD, refused=Grade.ATTENTION)
def webhook(seen: WebhookSeen, now: datetime) -> Iterator[Found]:
    yield Found("reached" if seen.answer is None else "refused", {"url": seen.url}, seen.answer)


@check(
    "address_answer",
    AddressSeen,
    answers=Grade.GOOD,
    other=Grade.ATTENTION,
    refused=Grade.BROKEN,
)
def address(seen: AddressSeen, now: datetime) -> Iterator[Found]:
    if seen.answer is not None:
        yield Found("refused", {"url": seen.url}, seen.answer)
    else:
        yield Found("answers" if seen.is_bot else "other", {"url": seen.url})


@check("address_certificate", AddressSeen, long=Grade.GOOD, soon=Grade.ATTENTION, over=Grade.BROKEN)
def address_certificate(seen: AddressSeen, now: datetime) -> Iterator[Found]:
    if seen.certificate_ends is not None:
        yield ends(seen.url, seen.certificate_ends, now)


@check("address_outside", AddressSeen, unseen=Grade.NOT_TESTABLE, local=Grade.ATTENTION)
def outside(seen: AddressSeen, now: datetime) -> Iterator[Found]:
    yield Found("local" if seen.local else "unseen", {"url": seen.url})


@check(
    "clock",
    OktaSeen,
    TenantSeen,
    SlackSeen,
    TeamsSeen,
    StoreSeen,
    right=Grade.GOOD,
    off=Grade.ATTENTION,
    far=Grade.BROKEN,
)
def clock(
    seen: OktaSeen | TenantSeen | SlackSeen | TeamsSeen | StoreSeen, now: datetime
) -> Iterator[Found]:
    if seen.off is None:  # nothing was answered, which other checks tell
        return
    off = abs(seen.off)
    outcome = "right" if off <= OFF else "off" if off <= FAR_OFF else "far"
    yield Found(outcome, {"seconds": round(seen.off)})


@check("answer", Silent, silent=Grade.BROKEN)
def silent(seen: Silent, now: datetime) -> Iterator[Found]:
    yield Found("silent", {"seconds": seen.seconds})
