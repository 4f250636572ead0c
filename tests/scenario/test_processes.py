"""Web and workers as processes of their own, on one store: they share the work, and the loss."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from adapters.redis.keys import Keys
from adapters.redis.records.commit import SCHEMA, Commit
from adapters.redis.records.trail import Trail
from adapters.redis.server.store import connect
from adapters.redis.shared.queue import RedisQueue
from bot.domain.changes import AuditEntry
from bot.errors import StoreNewer
from bot.ports.engine import Task
from sandbox.bot_process import BotProcess, free_address
from sandbox.browser import Browser
from sandbox.chatlog import Message
from sandbox.page import reading
from sandbox.world import MONITORING_TOKEN, World
from tests.forked import ForkedBot
from tests.monitoring import asked_for, documented, exposed
from tests.scenario.conftest import AT_ANY_HOUR, WITHIN, Stage, listed, patient, said
from tests.scenario.test_journeys import finish_in_okta, sign_in, thanked
from tests.scenario.test_reload import reload
from tests.scenario.test_when_things_fail import TAKE_OVER
from tests.servers import Server
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

MONITOR = {"Authorization": f"Bearer {MONITORING_TOKEN}"}


@dataclass
class Journey:
    """What came of one app, from asking somebody to looking again."""

    letter: Message
    thanked: str
    checked: str
    told: list[Message]


@dataclass
class Fleet:
    """One process for the web, two workers, and their store."""

    stage: Stage
    store: Server
    workers: list[BotProcess]
    journey: Journey

    @asynccontextmanager
    async def queue(self) -> AsyncIterator[RedisQueue]:
        """The engine's own."""
        async with connect(f"redis://127.0.0.1:{self.store.port}/0") as client:
            yield RedisQueue(client, Keys())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fleet(tmp_path_factory: pytest.TempPathFactory, keys: Path) -> AsyncIterator[Fleet]:
    """All of them are up, and the world has met them."""
    folder = tmp_path_factory.mktemp("fleet")
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(World(key_directory=keys, page_port=None))
        patient(world)
        store = Server(folder / "store", "--appendonly", "yes")
        stack.push_async_callback(store.kill)
        await store.start()
        url = free_address()
        settings = world.settings_toml(url, folder)
        settings.write_text(settings.read_text() + AT_ANY_HOUR)
        shared = {"O365BOT_REDIS__URL": f"redis://127.0.0.1:{store.port}/0"}
        web = await stack.enter_async_context(
            ForkedBot(settings, folder / "web.log", url, role="--web", environment=shared)
        )
        workers: list[BotProcess] = []
        for number in range(2):
            address = free_address()
            listen = {"O365BOT_WORKER_LISTEN": address.removeprefix("http://")}
            worker = ForkedBot(
                settings,
                folder / f"worker{number}.log",
                address,
                role="--worker",
                environment=shared | listen,
            )
            workers.append(await stack.enter_async_context(worker))
        await world.start_chat()
        stage = Stage(world, web, folder)
        yield Fleet(stage, store, workers, await travelled(stage))


async def travelled(stage: Stage) -> Journey:
    """Ask, take on, finish, look again."""
    label = "Office 365 HQ"
    await stage.command("/o365 scan", listed)
    dm = stage.world.slack.dm_of("gita")
    since = len(dm.messages)
    await stage.command(f"/o365 send {label} now", said(label))
    letter = await stage.next(dm, since, said(label))
    async with Browser() as browser:
        guide = await sign_in(browser, reading.link(letter))
        await thanked(stage, letter)
        thanks = letter.text
        await finish_in_okta(browser, guide)
    checked = await stage.command(f"/o365 check {label}", said(label))
    return Journey(letter, thanks, checked.text, [m for m in dm.messages[since:] if m.from_bot])


async def test_the_journey_goes_through_web_and_workers(fleet: Fleet) -> None:
    """Asked in one process, sent by another, taken on in the first, seen by a look."""
    journey = fleet.journey
    assert "Thank you" in journey.thanked
    assert "migrated" in journey.checked
    assert journey.told[:1] == [journey.letter]


async def test_a_worker_has_probes_and_nothing_else(fleet: Fleet) -> None:
    """No page, no webhook: whatever is not a probe is unknown there. A stranger sees no figure."""
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=MONITOR) as client:
        for worker in fleet.workers:
            for path in ("/health", "/health/live", "/health/ready", "/metrics"):
                assert (await client.get(worker.url + path)).status_code == 200
            for path in ("/", "/c/x", "/static/style.css"):
                assert (await client.get(worker.url + path)).status_code == 404
            assert (await client.post(f"{worker.url}/slack/events")).status_code == 404
            for headers in ({"Authorization": ""}, {"Authorization": "Bearer none"}):
                answer = await client.get(f"{worker.url}/metrics", headers=headers)
                assert (answer.status_code, answer.content) == (401, b"")
                answer = await client.get(f"{worker.url}/health", headers=headers)
                assert set(answer.json()) == {"status"}


async def test_what_dashboard_and_alerts_name_exists_and_all_is_documented(fleet: Fleet) -> None:
    """Every metric with those labels and values, in what running processes expose after a journey;
    and each one they expose stands in docs/monitoring.md with its labels.
    """
    found: dict[str, list[dict[str, str]]] = {}
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=MONITOR) as client:
        for one in (fleet.stage.bot, *fleet.workers):
            text = (await client.get(f"{one.url}/metrics")).text
            for name, samples in exposed(text).items():
                found.setdefault(name, []).extend(samples)
    for name, labels, expression in asked_for():
        assert name in found, expression
        for label, value in labels.items():
            values = {sample.get(label) for sample in found[name]}
            assert values - {None}, f"{name} has no label {label}: {expression}"
            if name != "o365bot_api_calls_total":  # a status of 403 is no part of a good day
                assert not value or any(re.fullmatch(value, one or "") for one in values), (
                    expression
                )
    ours = {name for name in found if name.startswith("o365bot_")}
    told = documented()
    for name in ours:
        base = re.sub(r"_(bucket|count|sum)$", "", name) if name not in told else name
        assert base in told, f"docs/monitoring.md does not tell of {name}"
        shown = {label for sample in found[name] for label in sample} - {"le"}
        assert shown == told[base], name
    of_histograms = {re.sub(r"_(bucket|count|sum)$", "", name) for name in ours}
    assert set(told) - ours - of_histograms == set(), "none is documented that is not there"


async def test_a_journey_shows_in_the_figures(fleet: Fleet) -> None:
    """Sent by a worker, taken on in the web, and known to all of them."""
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=MONITOR) as client:
        web = (await client.get(f"{fleet.stage.bot.url}/metrics")).text
        workers = [(await client.get(f"{one.url}/metrics")).text for one in fleet.workers]
    assert "\no365bot_acknowledgement_seconds_count 1.0\n" in web
    sent = re.compile(r'o365bot_deliveries_total\{kind="personal_\w+",result="sent"\} (\S+)')
    assert sum(float(count) for text in workers for count in sent.findall(text)) == 1
    apps = [line for line in web.splitlines() if line.startswith("o365bot_apps{")]
    assert sum(float(line.split()[-1]) for line in apps) > 5
    assert [line for line in workers[0].splitlines() if line.startswith("o365bot_apps{")] == apps
    calls = 'o365bot_api_calls_total{api="okta",status="200"} '
    assert sum(float(text.partition(calls)[2].split()[0]) for text in (web, *workers)) > 5


async def test_the_first_line_of_a_log_says_what_runs(fleet: Fleet) -> None:
    """Version, role, orgs, platforms and store; and no password."""
    first = (fleet.stage.directory / "worker0.log").read_text().splitlines()[0]
    assert re.search(r'"version": "\d', first)
    for part in ('"role": "worker"', '"contoso"', '"slack"', '"teams"', "Valkey", "127.0.0.1"):
        assert part in first


async def test_health_tells_of_an_org_that_is_away_and_an_operator_hears_of_it_once(
    fleet: Fleet,
) -> None:
    """Since when, why, what to do; every org and platform has its part, the engine too."""
    world = fleet.stage.world
    url = f"{fleet.workers[0].url}/health"
    async with httpx.AsyncClient(trust_env=False, timeout=60, headers=MONITOR) as client:
        parts = (await client.get(url)).json()["parts"]
        for name in ("store", "engine", "okta:contoso", "okta:fabrikam", "chat:slack"):
            assert parts[name]["status"] == "ok", parts[name]
        assert parts["okta:fabrikam"]["apps"] != "0"
        world.down.add("okta-fabrikam")
        try:
            async with fleet.queue() as queue:
                await queue.add("scan:fabrikam", Task("scan_org", ("fabrikam",), "x"), timedelta())

            async def told() -> bool:
                nonlocal parts
                parts = (await client.get(url)).json()["parts"]
                return bool(parts["okta:fabrikam"]["status"] == "failed")

            await wait_until(told, within=60, what="health tells of the org")
            assert {"reason", "since", "do", "looked"} <= set(parts["okta:fabrikam"])
            dm = world.slack.dm_of("ola")
            await world.log.wait_for(
                lambda: [m for m in dm.messages if said("Okta org fabrikam")(m)], WITHIN
            )
        finally:
            world.down.clear()


async def test_changed_settings_reach_the_web_and_the_workers(fleet: Fleet) -> None:
    """Each by its own signal: the one answers a new operator, the other tells them what breaks."""
    world, stage = fleet.stage.world, fleet.stage
    config = stage.directory / "o365bot.toml"
    gita = world.slack.slack_id("gita")
    config.write_text(config.read_text().replace('"U0OLA"', f'"U0OLA", "{gita}"'))
    await stage.command("/o365 apps", said("operator"), user="gita")
    for one in (stage.bot, *fleet.workers):
        await reload(one)
    await stage.command("/o365 apps", listed, user="gita")
    dm = world.slack.dm_of("gita")
    since = len(dm.messages)
    world.down.add("okta-contoso")
    try:
        async with fleet.queue() as queue:
            await queue.add("scan:contoso", Task("scan_org", ("contoso",), "x"), timedelta())
        await stage.next(dm, since, said("Okta org contoso"))
    finally:
        world.down.clear()


async def test_a_worker_that_dies_loses_nothing(fleet: Fleet) -> None:
    """kill -9 of one while Slack takes no message: the other one sends it, once."""
    stage = fleet.stage
    apps = await stage.command("/o365 apps", listed)
    label = next(
        one.name
        for one in reading.items(apps)
        if one.said in ("", "Nobody asked yet.") and "consent" in one.heading
    )
    limit = stage.world.slack.workspace.limit
    limit.burst, burst = 0, limit.burst
    dm = stage.world.slack.dm_of("gita")
    since = len(dm.messages)
    await stage.command(f"/o365 send {label} now", said(label))
    await fleet.workers[0].kill()
    limit.burst = burst
    letter = await stage.next(dm, since, said(label), within=TAKE_OVER)
    assert [m for m in dm.messages[since:] if m.from_bot and said(label)(m)] == [letter]


async def test_ready_and_alive_are_two_things(fleet: Fleet) -> None:
    """Without the store a process can do nothing, and is worth keeping: 503 and 200."""
    urls = [fleet.stage.bot.url, fleet.workers[1].url]
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:

        async def ready(status: int) -> bool:
            answers = [await client.get(f"{url}/health/ready") for url in urls]
            return all(answer.status_code == status for answer in answers)

        assert await ready(200)
        await fleet.store.kill()
        await wait_until(lambda: ready(503), within=60, what="nobody is ready")
        for url in urls:
            assert (await client.get(f"{url}/health/live")).status_code == 200
        await fleet.store.start()
        await wait_until(lambda: ready(200), within=60, what="all are ready again")


async def test_a_release_that_is_overtaken_ends_itself(fleet: Fleet) -> None:
    """A newer one brought the store into its form: one message, status 2, and nothing is written.

    Its own form once more (a backup was restored), and it goes on.
    """
    processes = [fleet.stage.bot, fleet.workers[1]]
    async with connect(f"redis://127.0.0.1:{fleet.store.port}/0") as client:
        await client.set(Keys().schema(), SCHEMA + 1)
        trail = Trail(client, Keys())
        before = await trail.head()
        row = AuditEntry(datetime.now(UTC), "o365bot", "probe", "audit", {})
        with pytest.raises(StoreNewer):
            await trail.commit(Commit(), (row,))
        for one in processes:
            assert await asyncio.wait_for(one.wait(), 90) == 2
            told = one.log.read_text().splitlines()[-1]
            assert "The store is of a newer release" in told
            assert "Traceback" not in one.log.read_text()
        assert await trail.head() == before
        await client.set(Keys().schema(), SCHEMA)
    for one in processes:
        await one.start()
