"""What work costs in the store: by what is due, and not by whatever else there is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records.ledger import RedisLedger
from bot.chat.words import Words
from bot.domain.campaign.channels.board import BoardPolicy
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign, Deadline
from bot.domain.changes import AuditEntry, Changes
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import Channel, ChannelReport, OperatorDigest, PersonalLink
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import OrgScan
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.schedule import ScheduleEntry
from bot.domain.time.calendar import Calendars
from bot.services.campaign.boards import Boards
from bot.services.campaign.digest import Digests
from bot.services.campaign.planning import Planner
from bot.services.delivery.incidents import Incidents
from bot.services.people.linked_accounts import accounts_of
from tests.bench import deciding
from tests.chaos.chat_server import chat_server, seen
from tests.delivery_worker import WITHOUT_LIMITS, Worker, open_worker
from tests.examples import ADA, APP, BEN, NOW, OPERATOR, RECORD, REQUEST, TENANT
from tests.fakes import FakeClock, FakeEngine, FakeMessenger, reminding
from tests.whole_bot import Bot

SLACK_IN_BYTES = 500
"""Revisions and numbers get longer."""


async def cost(store: Redis, doing: Callable[[], Awaitable[object]]) -> tuple[int, int]:
    """The commands that the store carried out, those in scripts too, and the bytes it answered."""
    async with store.client() as one:
        before = (await one.info("commandstats"), await one.info("stats"))
        await doing()
        after = (await one.info("stats"), await one.info("commandstats"))
    commands = sum(
        stat["calls"] - before[0].get(name, {"calls": 0})["calls"]
        for name, stat in after[1].items()
        if name not in ("cmdstat_info", "cmdstat_hello", "cmdstat_client|setinfo")
    )
    sent = after[0]["total_net_output_bytes"] - before[1]["total_net_output_bytes"]
    return commands, sent


async def test_a_tick_costs_the_same_beside_many_who_are_not_due(store: Redis) -> None:
    ledger = RedisLedger(store, Keys())
    remind = deciding.reminding(ledger, FakeClock(deciding.MONDAY))
    costs = []
    for numbers in (range(20), range(20, 420)):
        await deciding.beside(ledger, numbers)
        await deciding.make_due(ledger)
        await remind.tick()  # the scripts are known from here on
        await deciding.make_due(ledger)
        costs.append(await cost(store, remind.tick))
    (few, sent), (many, sent_then) = costs
    assert many == few <= 12 * deciding.DUE
    assert abs(sent_then - sent) < SLACK_IN_BYTES


async def test_to_know_somebodys_accounts_costs_the_same_beside_many(store: Redis) -> None:
    """Of everybody who says hello it is asked whether they are somebody who was asked."""
    ledger = RedisLedger(store, Keys())
    elsewhere = ChatIdentity(Platform.TEAMS, "ada", email="ada@contoso.com")
    await ledger.commit(Changes(requests=(replace(REQUEST, id="r"),)))
    costs = []
    for numbers in (range(20), range(20, 420)):
        others = (replace(REQUEST, id=f"r{n}", admin_object_id=f"o{n}") for n in numbers)
        made = (
            replace(one, admin_upn="", chat=ChatIdentity(Platform.SLACK, f"U{one.id}"))
            for one in others
        )
        await ledger.commit(Changes(requests=tuple(made)))
        for chat, known in ((elsewhere, 2), (replace(elsewhere, user_id="x", email="x@y.z"), 1)):
            assert len(await accounts_of(ledger, chat, None)) == known
            costs.append(await cost(store, partial(accounts_of, ledger, chat, None)))
    for (few, sent), (many, sent_then) in zip(costs[:2], costs[2:], strict=True):
        assert many == few <= 4
        assert sent_then < sent + SLACK_IN_BYTES


async def inventory(ledger: RedisLedger, numbers: range) -> None:
    """Apps that want a consent, none of which anybody was asked for, in two orgs."""
    refs = [AppRef(("contoso", "fabrikam")[n % 2], f"0oa{n:04}") for n in numbers]
    apps = [
        replace(RECORD, app=replace(APP, ref=ref, label=f"App {ref.app_id}"), scanned_at=NOW)
        for ref in refs
    ]
    await ledger.commit(Changes(apps=tuple(apps)))


async def test_what_everybody_sees_costs_the_same_beside_many_apps(store: Redis) -> None:
    """Boards, whose every change looks at them; reports; what is stuck, which stands on each home
    page; an operator's look; the plan; and who it is that says hello.
    """
    ledger, clock = RedisLedger(store, Keys()), FakeClock(NOW)
    campaign = Campaign(targets=(Deadline("target", date(2027, 3, 1), "ours"),))
    policy = Policy(campaign, Calendars(ZoneInfo("UTC")))
    kept = BoardPolicy((Channel(Platform.SLACK, "C1"),), ("", "contoso"))
    letters, engine, messenger = reminding(ledger, clock, policy), FakeEngine(), FakeMessenger()
    boards = Boards(
        ledger=ledger,
        messengers={Platform.SLACK: messenger},
        writer=letters,
        engine=engine,
        clock=clock,
        policy=policy,
        kept=kept,
        incidents=Incidents(ledger, (OPERATOR,)),
    )
    digests = Digests(
        ledger=ledger, messengers={}, engine=engine, policy=policy, operators=(OPERATOR,)
    )
    planner = Planner(ledger=ledger, clock=clock, policy=policy, kept=kept)
    candidates = deciding.candidates(ledger, clock)
    stranger = ChatIdentity(Platform.TEAMS, "stranger")

    async def look() -> None:
        clock.forward(timedelta(seconds=1))  # what one tick read is shared
        at = clock.now()
        await digests.evaluate(ScheduleEntry("operator", at, at), OPERATOR, at)

    doing: dict[str, Callable[[], Awaitable[object]]] = {
        "boards": lambda: boards.show(clock.now()),
        "a board": lambda: boards.contents("fabrikam", clock.now()),
        "report": lambda: letters.compose(ChannelReport(kept.channels[0], "w"), {}),
        "reminder": lambda: ledger.page(1, 10),
        "stuck": lambda: letters.stuck(Words()),
        "look": look,
        "digest": lambda: letters.compose(OperatorDigest(OPERATOR, "x", "distant"), {}),
        "sample": lambda: letters.sample(OPERATOR),
        "plan": lambda: planner.plan(30),
        "stranger": lambda: candidates.are_any(stranger),
    }
    costs: list[dict[str, tuple[int, int]]] = []
    for numbers in (range(20), range(20, 820)):
        await inventory(ledger, numbers)
        for one in doing.values():
            await one()  # the scripts are known from here on, and the boards agree
        costs.append({name: await cost(store, one) for name, one in doing.items()})
    few, many = costs
    assert {name: calls for name, (calls, _) in many.items()} == {
        name: calls for name, (calls, _) in few.items()
    }
    for name, (_, sent) in many.items():
        assert sent - few[name][1] < SLACK_IN_BYTES, name


async def test_what_an_operator_asks_costs_the_same_beside_many_apps(store: Redis) -> None:
    """A page of the list, one app, the plan, the home page, in the store and in the clouds."""
    bot = Bot()
    bot.ledger = ledger = RedisLedger(store, Keys())  # type: ignore[assignment]  # in memory everywhere else
    answer = bot.replica().conversation.answer
    for org in ("contoso", "fabrikam"):
        await ledger.save_scan(OrgScan(org, NOW, NOW, admins_at=NOW))
    await ledger.save_global_admins(TENANT.id, (ADA, BEN), ())
    said = ("apps", "apps 2", "who App 0oa0002", "why App 0oa0002", "plan", "home")
    costs: list[dict[str, tuple[int, int]]] = []
    for numbers in (range(40), range(40, 1000)):
        await inventory(ledger, numbers)
        for words in said:
            await answer(words, OPERATOR, private=True)  # what is new to the process is read once
        bot.limits.counted.clear()
        costs.append(
            {
                words: await cost(store, partial(answer, words, OPERATOR, private=True))
                for words in said
            }
        )
    few, many = costs
    assert {words: calls for words, (calls, _) in many.items()} == {
        words: calls for words, (calls, _) in few.items()
    }
    for words, (calls, sent) in many.items():
        assert 0 < calls <= 60, words
        assert sent - few[words][1] < SLACK_IN_BYTES, words
    assert (bot.okta.asked, bot.okta.read_from, bot.entra.calls) == ([], [], [])


async def due(ledger: RedisLedger, number: int) -> str:
    """A first message to somebody who was in no audit entry before; its key."""
    now = datetime.now(UTC)
    who = ChatIdentity(Platform.SLACK, f"U{number}", "Ada")
    request = replace(REQUEST, id=f"r{number}", chat=who, requested_at=now)
    letter = Delivery(PersonalLink(who, request.id), now, "bench")
    await ledger.commit(Changes(requests=(request,), planned=(letter,)))
    return letter.key


async def test_a_delivery_costs_the_same_beside_many(redis_url: str, store: Redis) -> None:
    """On a replica while another one writes to others, too: it learns whom that named."""
    ledger = RedisLedger(store, Keys())
    numbers = iter(range(1000))

    async def turn(worker: Worker) -> tuple[int, int]:
        key = await due(ledger, next(numbers))
        return await cost(store, lambda: worker.deliver(key))

    async with (
        chat_server() as port,
        open_worker(redis_url, port, WITHOUT_LIMITS) as one,
        open_worker(redis_url, port, WITHOUT_LIMITS) as two,
    ):
        costs = []
        for others in (range(20), range(20, 400)):
            for n in others:
                await due(ledger, 1000 + n)
            said = (AuditEntry(NOW, f"slack:UX{n}", "ask", "contoso/0oa1", {}) for n in others)
            await ledger.commit(Changes(audit=tuple(said)))
            for worker in (one, two, one):
                await turn(worker)
            costs.append(await turn(two))
        found, _ = seen(port)
    assert len(found) == 8
    (few, sent), (many, sent_then) = costs
    assert many == few <= 95
    assert sent_then < sent + SLACK_IN_BYTES
