"""What deciding costs: everybody at once, and a tick with few people due among many."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.redis.records.ledger import RedisLedger
from bot.domain.campaign.intents import Open, Policy, Snapshot, Worklist
from bot.domain.campaign.planned_messages import decide
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.changes import Changes
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.policy import PeoplePolicy
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import BOARDS, ScheduleEntry, person
from bot.domain.time.calendar import Calendars
from bot.services.campaign.digest import Digests
from bot.services.campaign.remind import Remind
from bot.services.consent.ask import Ask
from bot.services.consent.reassign import Reassign
from bot.services.inventory.verdicts import Verdicts
from bot.services.people.candidates import Candidates
from bot.wiring.bot import tune_gc
from tests.examples import DELIVERED
from tests.fakes import CountingSecrets, FakeClock, FakeEngine
from tests.figures import Figure, at_most
from tests.strategies import ZONES

MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LONG_AGO, JUST_NOW = MONDAY - timedelta(days=20), MONDAY - timedelta(days=1)
DUE = 10


def policy() -> Policy:
    """Fresh, so that nothing is known from a run before."""
    targets = (Deadline("target", date(2026, 12, 1), "ours"),)
    return Policy(Campaign(targets=targets), Calendars(ZoneInfo("UTC")))


def worklist(number: int, asked_at: datetime) -> Worklist:
    """Somebody somewhere who was asked for one app."""
    zone = ZONES[number % len(ZONES)]
    chat = ChatIdentity(Platform.SLACK, f"U{number}", time_zone=zone)
    app = AppRef("contoso", f"a{number}")
    request = replace(DELIVERED, id=f"r{number}", app=app, chat=chat, requested_at=asked_at)
    return Worklist(Recipient(chat), (Open(request, State.NEEDS_CONSENT),))


def decided(size: int, due: int) -> tuple[float, int]:
    """Seconds of CPU to decide for `size` people of whom `due` may be due, and the intents."""
    people = [worklist(n, LONG_AGO if n < due else JUST_NOW) for n in range(size)]
    by = policy()
    begun = time.process_time()
    found = decide(Snapshot(people), MONDAY, by)
    return time.process_time() - begun, len(found)


def _best(size: int, due: int) -> float:
    """Seconds of the fastest of three runs: the machine's noise only ever adds."""
    runs = [decided(size, due) for _ in range(3)]
    assert min(told for _, told in runs) > due // 3, "people in working hours are told"
    return min(seconds for seconds, _ in runs)


def decisions(tiny: bool) -> list[Figure]:
    """`decide` over all that is open: under a second, and linear."""
    small, large = (500, 1_000) if tiny else (1_000, 10_000)
    tune_gc()  # as the bot does
    decided(small, DUE)  # the first run also fills what the interpreter keeps
    few, many, all_due = _best(small, DUE), _best(large, DUE), _best(large, large)
    return [
        at_most(f"reminders: decide, {large:,} open, {DUE} due, CPU", many, 1, "s"),
        at_most(f"reminders: decide, {large:,} open, all due, CPU", all_due, 1, "s"),
        at_most(
            f"reminders: decide, an open one of {large:,} against of {small:,}",
            (many / large) / (few / small),
            2 if not tiny else 10,
            "x",
        ),
    ]


def candidates(ledger: RedisLedger, clock: FakeClock) -> Candidates:
    """Who can be asked, by this store alone."""
    return Candidates(
        ledger=ledger,
        entra=None,
        messengers={},
        clock=clock,
        policy=PeoplePolicy(),
        reminding=policy(),
    )


def reminding(ledger: RedisLedger, clock: FakeClock) -> Remind:
    """What ticks, for people alone."""
    engine, found = FakeEngine(), candidates(ledger, clock)
    ask = Ask(
        ledger=ledger, candidates=found, engine=engine, clock=clock, secrets=CountingSecrets()
    )

    async def no_boards(now: datetime) -> datetime:
        return now + timedelta(hours=1)

    return Remind(
        ledger=ledger,
        engine=engine,
        clock=clock,
        reassign=Reassign(
            ledger=ledger, clock=clock, ask=ask, candidates=found, reminding=policy()
        ),
        look_after={BOARDS: no_boards},
        renew_verdicts=Verdicts(ledger=ledger, engine=engine).renew,
        digests=Digests(ledger=ledger, messengers={}, engine=engine, policy=policy(), operators=()),
        channels=(),
        policy=policy(),
    )


async def beside(ledger: RedisLedger, numbers: range) -> None:
    """People who were asked, and of whom nobody is due."""
    later = MONDAY + timedelta(days=9)
    requests = [worklist(n, JUST_NOW).items[0].request for n in numbers]
    await ledger.commit(Changes(requests=tuple(replace(r, revision=1) for r in requests)))
    held = await ledger.due_entries(MONDAY, 1000)
    await ledger.commit(Changes(schedule=tuple(replace(one, at=later) for one in held)))


async def make_due(ledger: RedisLedger) -> None:
    """The first few of them."""
    people = (worklist(n, JUST_NOW).recipient.chat for n in range(DUE))
    await ledger.commit(Changes(schedule=tuple(ScheduleEntry(person(p), MONDAY) for p in people)))


async def people_ticks(ledger: RedisLedger, tiny: bool) -> list[Figure]:
    """A tick with ten people due among more and more who are not; the store must be empty."""
    sizes = (100, 200) if tiny else (1_000, 10_000, 100_000)
    remind = reminding(ledger, FakeClock(MONDAY))
    took: dict[int, float] = {}
    there = 0
    for size in sizes:
        while there < size:
            batch = range(there, min(there + 500, size))
            await beside(ledger, batch)
            there = batch.stop
        best = 1e9
        for _ in range(3 if tiny else 10):
            await make_due(ledger)
            begun = time.perf_counter()
            await remind.tick()
            best = min(best, time.perf_counter() - begun)
        took[size] = best
    first, *others = sizes
    return [
        at_most(
            f"reminders: look at {DUE} people of {size:,}, against of {first:,}",
            took[size] / took[first],
            2 if not tiny else 10,
            "x",
        )
        for size in others
    ]
