"""An operator on both chats hears of a thing once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.campaign.channels.board import BoardPolicy
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.changes import Changes
from bot.domain.delivery.deliveries import Delivery, Phase, fail
from bot.domain.delivery.incidents import Incident
from bot.domain.delivery.notices import Alarm, OperatorDigest
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.schedule import ScheduleEntry, operator
from bot.domain.time.calendar import Calendars
from bot.errors import ChatUnreachable
from bot.services.campaign.digest import Digests
from bot.services.campaign.planning import Planner
from bot.services.people.linked_accounts import KNOWN_FOR, LinkedAccounts
from tests.examples import NOW, RECORD
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEngine, FakeMessenger
from tests.unit.test_where_to_write import Seen

IN_SLACK = ChatIdentity(Platform.SLACK, "U1", "Olga", "ada@contoso.com")
IN_TEAMS = ChatIdentity(Platform.TEAMS, "ada", "Olga", "ada@contoso.com")
OTHER = ChatIdentity(Platform.TEAMS, "olaf", "Olaf")
ALARM = Alarm(IN_SLACK, "request-1", "person_unreachable", "2025-03-03")


class Operators:
    """Olga operates in Slack and in Teams, Olaf in Teams alone; all were told to be told."""

    def __init__(self, seen: Seen | None = None) -> None:
        self.ledger = FakeLedger()
        self.slack = FakeMessenger(IN_SLACK)
        self.teams = FakeMessenger(IN_TEAMS, OTHER, platform=Platform.TEAMS)
        self.clock = FakeClock(NOW)
        self.linked_accounts = LinkedAccounts(
            ledger=self.ledger,
            messengers={Platform.SLACK: self.slack, Platform.TEAMS: self.teams},
            clock=self.clock,
            operators=(
                ChatIdentity(Platform.SLACK, "U1"),
                ChatIdentity(Platform.TEAMS, "ada"),
                ChatIdentity(Platform.TEAMS, "olaf"),
            ),
            presence=seen,
        )

    async def plan(self) -> None:
        planned = tuple(
            Delivery(replace(ALARM, to=to), NOW, "alarm") for to in (IN_SLACK, IN_TEAMS, OTHER)
        )
        await self.ledger.commit(Changes(planned=planned))

    async def told_elsewhere(self) -> list[bool]:
        """Of Olga in Slack, Olga in Teams, Olaf."""
        everybody = (IN_SLACK, IN_TEAMS, OTHER)
        return [await self.linked_accounts.are_told(replace(ALARM, to=to)) for to in everybody]


@pytest.fixture
async def operators() -> Operators:
    operators = Operators()
    await operators.plan()
    return operators


async def test_one_of_two_accounts_is_told(operators: Operators) -> None:
    """The one that is better to write to; nobody else's is left out."""
    assert await operators.told_elsewhere() == [False, True, False]
    later = Operators(Seen(teams=NOW))
    await later.plan()
    assert await later.told_elsewhere() == [True, False, False]


async def test_who_could_not_be_told_there_is_told_here(operators: Operators) -> None:
    """The other one failed, or its platform is in trouble, or nothing was planned for it."""
    deliveries = operators.ledger.all_deliveries.values()
    (found,) = [d for d in deliveries if str(d.notice.to) == str(IN_SLACK)]
    await operators.ledger.commit(Changes(deliveries=(fail(replace(found), "gone"),)))
    assert await operators.told_elsewhere() == [False, False, False]

    held = Operators()
    await held.plan()
    await held.ledger.commit(Changes(incidents=(Incident("slack", "x", "revoked", NOW),)))
    assert await held.told_elsewhere() == [False, False, False]

    assert await Operators().told_elsewhere() == [False, False, False]


async def test_who_was_told_on_the_other_while_this_one_was_away_is_not_told_again(
    operators: Operators,
) -> None:
    deliveries = operators.ledger.all_deliveries.values()
    (found,) = [d for d in deliveries if str(d.notice.to) == str(IN_TEAMS)]
    told = replace(found, phase=Phase.SENT, message_id="1", revision=found.revision + 1)
    await operators.ledger.commit(Changes(deliveries=(told,)))
    assert await operators.told_elsewhere() == [True, True, False]


async def test_whose_accounts_they_are_is_asked_once_an_hour(operators: Operators) -> None:
    """And where a platform does not answer, both are told."""
    await operators.told_elsewhere()
    await operators.told_elsewhere()
    assert len(operators.teams.searched) == 1
    operators.clock.forward(KNOWN_FOR + timedelta(seconds=1))
    await operators.told_elsewhere()
    assert len(operators.teams.searched) == 2

    silent = Operators()
    await silent.plan()
    silent.slack.refuses = [ChatUnreachable("away") for _ in range(3)]
    assert await silent.told_elsewhere() == [False, False, False]
    assert await silent.told_elsewhere() == [False, True, False]


async def test_a_digest_comes_where_the_person_is_and_not_twice() -> None:
    """Each account has its own hours, so the better one's may still be to come."""
    operators = Operators()
    for to, told in ((IN_SLACK, False), (IN_TEAMS, True), (OTHER, False)):
        digest = OperatorDigest(to, "2025-03-03", "due")
        assert await operators.linked_accounts.are_told(digest) is told


@pytest.mark.parametrize("failed", [False, True])
async def test_a_digest_is_planned_for_one_account_and_plan_says_the_same(failed: bool) -> None:
    """None is planned that would end as left out; where the better account's failed, it is."""
    operators = Operators()
    await operators.ledger.commit(Changes(apps=(RECORD,)))
    date = Deadline("target", NOW.date() + timedelta(days=2), "ours")
    policy = Policy(
        Campaign(targets=(date,)), Calendars(ZoneInfo("UTC")), jitter=timedelta(minutes=0)
    )
    both = (IN_SLACK, IN_TEAMS)
    digests = Digests(
        ledger=operators.ledger,
        messengers={},
        engine=FakeEngine(),
        policy=policy,
        operators=both,
        linked_accounts=operators.linked_accounts,
    )
    if failed:
        lost = Delivery(OperatorDigest(IN_SLACK, NOW.date().isoformat(), "imminent"), NOW, "digest")
        await operators.ledger.commit(Changes(planned=(lost,)))
        await operators.ledger.commit(Changes(deliveries=(fail(lost, "gone"),)))
    for one in both:
        await digests.evaluate(ScheduleEntry(operator(one), NOW), one, NOW)
    planned = {d.notice.to for d in operators.ledger.all_deliveries.values()}
    assert planned == ({*both} if failed else {IN_SLACK})
    planner = Planner(
        ledger=operators.ledger,
        clock=operators.clock,
        policy=policy,
        kept=BoardPolicy(),
        operators=both,
    )
    assert {digest.to for digest in (await planner.plan(7)).digests} == {IN_SLACK}
