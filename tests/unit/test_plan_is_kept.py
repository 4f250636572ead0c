"""`plan` says exactly what will be sent: held to the running bot over random lives.

Each is lived to some day, with acts, refusals, "later", absences, people and operators on two
chats; then nobody does anything for some weeks.
"""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta

from bot.domain.campaign.digests import Digest
from bot.domain.campaign.intents import Escalate, SendRound
from bot.domain.delivery.notices import Notice, OperatorDigest, PersonalRound
from bot.domain.schedule import INSTEAD
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
    """What was planned and not sent, or sent and not planned, until somebody else is asked: who
    that is, and what it changes for others, depends on then."""
    life = Life(number)
    await life.run(life.rng.randint(1, life.company.days))
    life.falls_silent()
    if any(name.startswith(INSTEAD) for name in life.ledger.schedule):
        return []  # somebody else is about to be asked
    life.told.clear()
    start = life.clock.now()
    stuck = set(await life.ledger.still())
    plan = await life.services.read.plan()
    await life.run(DAYS)
    lines = plan.lines
    passed_on = [line.at for line in lines if isinstance(line, Escalate)]
    # Where nobody was left, somebody may be back from an absence.
    made = life.ledger.all_requests.values()
    passed_on += [r.requested_at for r in made if r.requested_at > start and r.app in stuck]
    until = min(passed_on, default=start + DAYS * timedelta(days=1)) - SLACK
    planned = [
        found
        for line in lines
        if isinstance(line, SendRound | Digest) and line.at < until
        if (found := told(line.notice, line.at)) is not None
    ]
    sent = [found for at, one in life.told if at < until and (found := told(one, at)) is not None]
    for listed in (planned, sent):  # what comes at one moment is sent one after the other
        listed.sort(key=lambda one: (one[0].replace(microsecond=0), one[1:]))
    for one, other in zip(planned, sent, strict=False):
        if one[1:] != other[1:] or abs(one[0] - other[0]) > SLACK:
            return [f"{number}: planned {one}, sent {other}"]
    rest = (*planned[len(sent) :], *sent[len(planned) :])
    return [f"{number}: planned {len(planned)}, sent {len(sent)}: {one}" for one in rest]


def test_a_plan_is_kept_to_the_message() -> None:
    """`O365BOT_PLANS=100:300` runs these cases; `make drills` runs more than `make test`."""
    first, _, last = os.environ.get("O365BOT_PLANS", "0:4").partition(":")
    found = [each for n in range(int(first), int(last)) for each in asyncio.run(differences(n))]
    assert found == []
