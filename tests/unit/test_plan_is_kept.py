"""`plan` says exactly what will be sent: held to the running bot over random lives.

Each is lived to some day, with acts, refusals, "later", absences, people and operators on two
chats; then nobody does anything for some weeks.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from bot.domain.campaign.digests import Digest
from bot.domain.campaign.intents import Escalate, SendRound
from bot.domain.changes import AuditEntry
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.notices import Introduction, Notice, OperatorDigest, PersonalRound
from bot.domain.people.admins import ChatIdentity
from bot.domain.schedule import INSTEAD
from tests.promises.company import company
from tests.promises.living import Life

DAYS = 25
SLACK = timedelta(seconds=5)
"""The bot works off one thing after the other."""

Told = tuple[datetime, str, tuple[str, ...]]


def told(notice: Notice, at: datetime) -> Told | None:
    match notice:
        case PersonalRound(to, reason=reason) if reason != "now":
            return at, str(to), notice.links_to
        case OperatorDigest(to):
            return at, str(to), ("digest",)
        case _:
            return None


async def differences(number: int) -> list[str]:
    """What was planned and not sent, or sent and not planned: for each person until something
    changes for them that depends on whom somebody else's apps go to."""
    life = Life(company(number))
    await life.run(life.rng.randint(1, life.company.days))
    life.falls_silent()
    if any(name.startswith(INSTEAD) for name in life.ledger.schedule):
        return []  # somebody else is about to be asked
    life.told.clear()
    start = life.clock.now()
    plan = await life.services.read.plan()
    await life.run(DAYS)
    planned = {line.request_id for line in plan.lines if isinstance(line, Escalate)}
    befell = [line for line in await life.ledger.audit(10_000) if line.at > start]
    # What two people asked for who want to meet waits for their hours, and no plan tells of it.
    met = ((at, one) for at, one in life.told if isinstance(one, Introduction))
    changes = [(at, chat) for at, one in met for chat in (one.to, one.partner)]
    for line in befell:
        changes += _changes(line, life.ledger.all_requests, planned)
    lines = [(line.at, line.notice) for line in plan.lines if isinstance(line, SendRound | Digest)]
    found = []
    for human in life.company.humans:
        theirs = {str(one) for one in human.accounts}
        until = min(
            (at for at, chat in changes if human.operates or str(chat) in theirs),
            default=start + DAYS * timedelta(days=1),
        )
        found += _compared(number, theirs, until - SLACK, lines, life.told)
    return found


def _changes(
    line: AuditEntry, made: Mapping[str, ConsentRequest], planned: Container[str]
) -> Iterator[tuple[datetime, ChatIdentity]]:
    """Whom something befalls that a plan cannot know, and when: they are asked, nobody else is left
    for theirs, or somebody is again. An operator hears of all that."""
    if line.action not in ("ask", "stuck"):
        return
    yield line.at, made[line.detail["request"]].chat
    former = made.get(line.detail.get("replaces", ""))
    if former is not None and former.id not in planned:
        yield line.at, former.chat


def _compared(
    number: int,
    theirs: Container[str],
    until: datetime,
    lines: Iterable[tuple[datetime, Notice]],
    sent: Iterable[tuple[datetime, Notice]],
) -> list[str]:
    was, is_ = (
        sorted(  # what comes at one moment is sent one after the other
            (one for at, notice in some if at < until and (one := told(notice, at)) is not None),
            key=lambda one: (one[0].replace(microsecond=0), one[1:]),
        )
        for some in (lines, sent)
    )
    planned, got = ([one for one in some if one[1] in theirs] for some in (was, is_))
    for one, other in zip(planned, got, strict=False):
        if one[1:] != other[1:] or abs(one[0] - other[0]) > SLACK:
            return [f"{number}: planned {one}, sent {other}"]
    rest = (*planned[len(got) :], *got[len(planned) :])
    return [f"{number}: planned {len(planned)}, sent {len(got)}: {one}" for one in rest]


def test_a_plan_is_kept_to_the_message() -> None:
    """`O365BOT_PLANS=100:300` runs these cases; `make drills` runs more than `make test`."""
    first, _, last = os.environ.get("O365BOT_PLANS", "0:4").partition(":")
    found = [each for n in range(int(first), int(last)) for each in asyncio.run(differences(n))]
    assert found == []
