"""Looking again: what is read, what is left alone, and what becomes of a scan that dies."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.evidence.rules import LOG_RETENTION, Evidence, EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import (
    AppRef,
    AppStatus,
    ConnectionStatus,
    Office365App,
    ProvisioningConnection,
    Tenant,
)
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.inventory.scanning import Occasion, ScanPolicy, plan
from bot.errors import CloudRefused, CloudUnreachable, RecordUnreadable
from bot.services.inventory.scan import Scan
from tests.examples import APP, NOW, RECORD, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEntra, FakeOktaOrg, Killed
from tests.waiting import wait_until

K = EvidenceKind
QUARTER = timedelta(minutes=15)
REFUSED = CloudRefused("no", where="contoso", call="GET connection", missing="okta.apps.read")
FABRIKAM = Tenant("tenant-2", "fabrikam.onmicrosoft.com", "graph.microsoft.com")
PASSWORD = Evidence(K.ADMIN_PASSWORD_USED, NOW, NOW, {"account": "a@contoso.com"}, "e1")


def app(number: int, tenant: str = "contoso") -> Office365App:
    return replace(
        APP, ref=AppRef("contoso", f"0oa{number}"), label=f"App {number}", msft_tenant=tenant
    )


class World:
    """One org with five apps in two tenants, looked at once. `0oa4` and `0oa5` are Fabrikam's."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.clock = FakeClock(NOW)
        self.org = FakeOktaOrg(
            "contoso", *map(app, range(1, 4)), app(4, "fabrikam"), app(5, "fabrikam")
        )
        off = ProvisioningConnection(ConnectionStatus.DISABLED)
        self.org.connections.update({"0oa4": off, "0oa5": off})
        self.entra = FakeEntra(TENANT, FABRIKAM)
        self.scan = self.new_process()

    def new_process(self) -> Scan:
        return Scan(
            orgs={"contoso": self.org}, entra=self.entra, ledger=self.ledger, clock=self.clock
        )

    async def look(self, after: timedelta = QUARTER, *, full: bool = False) -> OrgScan:
        """Another scan, some time later; only its own calls are listed then."""
        self.clock.forward(after)
        self.org.asked.clear()
        self.entra.calls.clear()
        return await self.scan.org("contoso", full=full)


@pytest.fixture
async def world() -> World:
    made = World()
    await made.scan.org("contoso")
    return made


# ------------------------------------------------------------------ what is read again


async def test_when_nothing_changed_no_app_is_read_and_nothing_written(world: World) -> None:
    """One list and one poll of the log are all that it costs."""
    before = await world.ledger.apps()
    scan = await world.look()
    assert (world.org.asked, world.entra.calls) == ([], [])
    assert await world.ledger.apps() == before
    assert (scan.done, scan.apps, scan.finished_at) == (5, 5, world.clock.now())


async def test_a_full_scan_reads_everything_again(world: World) -> None:
    """Every app, every tenant, and the org's admins."""
    await world.look(full=True)
    assert sorted(world.org.asked) == ["0oa1", "0oa2", "0oa3", "0oa4", "0oa5", "admins"]
    assert {call for call in world.entra.calls if call.startswith("consent")} == {
        "consent tenant-1",
        "consent tenant-2",
    }
    assert {r.scanned_at for r in await world.ledger.apps()} == {world.clock.now()}


async def test_an_app_whose_last_update_moved_is_read_again(world: World) -> None:
    """Okta's `lastUpdated` is compared, never understood."""
    world.org.listed[1] = replace(world.org.listed[1], last_updated="some other day")
    await world.look()
    assert world.org.asked == ["0oa2"]
    assert "consent tenant-1" in world.entra.calls
    await world.look()
    assert world.org.asked == []


async def test_an_app_that_the_log_names_is_read_again_with_its_tenant(world: World) -> None:
    """Something happened to it: that is what its evidence may rest on."""
    world.org.log = {"0oa5": (PASSWORD,)}
    await world.look()
    assert world.org.asked == ["0oa5"]
    assert "consent tenant-2" in world.entra.calls
    assert "consent tenant-1" not in world.entra.calls


async def test_a_new_app_is_read_and_the_others_are_not(world: World) -> None:
    """It also has its tenant read, which is news for its neighbours there."""
    world.org.listed.append(app(6))
    await world.look()
    assert world.org.asked == ["0oa6"]
    assert [c for c in world.entra.calls if c.startswith("consent")] == ["consent tenant-1"]


async def test_an_app_that_could_not_be_read_is_tried_again_until_it_can(world: World) -> None:
    """Unreadable is no state to stay in."""
    world.org.connections["0oa1"] = REFUSED
    await world.look(full=True)
    await world.look()
    assert world.org.asked == ["0oa1"]
    del world.org.connections["0oa1"]
    await world.look()
    record = await world.ledger.app(app(1).ref)
    assert record is not None
    assert record.state(world.clock.now()) is State.NEEDS_REVIEW
    await world.look()
    assert world.org.asked == []


async def test_an_app_that_a_newer_version_wrote_keeps_no_other_from_being_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a rolling deploy the old replica lists all but that one, and leaves it as it is."""
    theirs = app(1).ref
    (before,) = [r for r in await world.ledger.apps() if r.app.ref == theirs]
    apps, one = world.ledger.apps, world.ledger.app

    async def all_but_theirs(org: str = "") -> tuple[AppRecord, ...]:
        return tuple(r for r in await apps(org) if r.app.ref != theirs)

    async def unreadable(ref: AppRef) -> AppRecord | None:
        if ref == theirs:
            raise RecordUnreadable("written by a newer version")
        return await one(ref)

    monkeypatch.setattr(world.ledger, "apps", all_but_theirs)
    monkeypatch.setattr(world.ledger, "app", unreadable)
    scan = await world.look(full=True)
    assert scan.finished_at == world.clock.now()
    assert {r.scanned_at for r in await world.ledger.apps()} == {world.clock.now()}
    assert before in await apps()


async def test_a_tenant_with_open_apps_is_read_every_hour_and_others_with_the_full_look(
    world: World,
) -> None:
    """Fabrikam's apps have provisioning off: nobody waits for news from there."""
    await world.look(timedelta(minutes=59))
    assert world.entra.calls == []
    await world.look(timedelta(minutes=1))
    assert [c for c in world.entra.calls if c.startswith("consent")] == ["consent tenant-1"]
    assert world.org.asked == []
    await world.look(timedelta(hours=24))
    assert "consent tenant-2" in world.entra.calls


async def test_every_app_is_read_within_a_day_but_not_all_at_once(world: World) -> None:
    """What was read together falls due over a quarter of the day."""
    world.org.listed = [app(n) for n in range(200)]
    await world.look(full=True)
    asked: list[int] = []
    for _ in range(24 * 4):
        await world.look()
        asked.append(sum(name != "admins" for name in world.org.asked))
    assert sum(asked) == 200
    assert not any(asked[: 18 * 4 - 1])
    assert max(asked) <= 20


async def test_a_failure_of_one_part_stays_until_that_part_is_read_again(world: World) -> None:
    """A look in Okta alone does not forget what Microsoft refused, nor the other way round."""
    world.entra.consents["tenant-1"] = CloudRefused("no", where="t", call="GET grants")
    world.org.connections["0oa1"] = REFUSED
    await world.look(full=True)
    del world.org.connections["0oa1"]
    await world.look()
    record = await world.ledger.app(app(1).ref)
    assert record is not None
    assert [e.detail["call"] for e in record.evidence if e.kind is K.READ_FAILED] == ["GET grants"]
    del world.entra.consents["tenant-1"]
    await world.look(timedelta(hours=1))
    record = await world.ledger.app(app(1).ref)
    assert record is not None
    assert K.READ_FAILED not in {e.kind for e in record.evidence}


async def test_a_log_that_is_refused_is_written_down_once(world: World) -> None:
    """And taken back once it is readable; it does not make every scan write every app."""
    world.org.log = CloudRefused("no", where="contoso", call="GET logs")
    await world.look()
    before = await world.ledger.apps()
    await world.look()
    assert await world.ledger.apps() == before
    world.org.log = {}
    await world.look()
    assert not [e for r in await world.ledger.apps() for e in r.evidence if e.kind is K.READ_FAILED]


async def test_admins_are_asked_for_twice_a_day(world: World) -> None:
    """They cost a call each, and change rarely."""
    await world.look(timedelta(hours=11))
    assert "admins" not in world.org.asked
    await world.look(timedelta(hours=1))
    assert "admins" in world.org.asked


async def test_the_policy_is_a_setting(world: World) -> None:
    """An hour means an hour."""
    policy = ScanPolicy(full_after=timedelta(hours=1))
    looks = plan([APP], {"0oa1": RECORD}, {}, Occasion(NOW + timedelta(hours=1)), policy)
    assert [todo.connection for todo in looks] == [True]
    assert plan([APP], {"0oa1": RECORD}, {}, Occasion(NOW), policy, microsoft=False) == ()


async def test_an_app_that_is_activated_again_has_its_whole_log_read(world: World) -> None:
    """What happened meanwhile lies behind the cursor; a new inactive app is no reason."""
    off = replace(world.org.listed[0], status=AppStatus.INACTIVE)
    world.org.listed[0] = off
    world.org.listed.append(replace(app(6), status=AppStatus.INACTIVE))
    await world.look()
    world.org.listed[0] = app(1)
    await world.look()
    assert world.org.read_from[1:] == ["cursor-1", world.clock.now() - LOG_RETENTION]


# ------------------------------------------------------------------ the last good inventory


async def test_the_last_good_inventory_stays_with_its_age(world: World) -> None:
    """A failed scan keeps the apps, the cursor and the time of the last one that went through."""
    good = (await world.ledger.scans())["contoso"]
    apps = await world.ledger.apps()
    world.org.listing = CloudUnreachable("No answer.", where="contoso", call="GET apps")
    failed = await world.look()
    assert "No answer." in failed.failure
    assert (failed.finished_at, failed.log_cursor) == (good.finished_at, good.log_cursor)
    assert not failed.is_under_way
    assert await world.ledger.apps() == apps
    world.org.listing = None
    assert (await world.look()).failure == ""


# ------------------------------------------------------------------ progress, dying, going on


async def test_progress_is_kept_for_every_replica(world: World) -> None:
    """Whoever reads the ledger sees "checked 30 of 60"."""
    world.org.listed = [app(n) for n in range(60)]
    seen: list[OrgScan] = []

    async def look(done: int, total: int) -> None:
        seen.append((await world.ledger.scans())["contoso"])

    world.clock.forward(QUARTER)
    await world.scan.org("contoso", look)
    assert {scan.apps for scan in seen} == {60}
    assert all(scan.is_under_way for scan in seen)
    assert {0 < scan.done < 60 for scan in seen} >= {True}


class DyingOrg(FakeOktaOrg):
    """An org whose reader is killed at the third connection."""

    dies = True

    async def connection(self, app_id: str) -> ProvisioningConnection:
        if self.dies and len(self.asked) >= 3:
            raise Killed
        return await super().connection(app_id)


async def test_a_scan_that_died_goes_on_with_what_it_had_not_read(world: World) -> None:
    """In a new process, also a full scan; what was read is in the ledger already."""
    world.clock.forward(QUARTER)
    world.org = DyingOrg("contoso", *(app(n) for n in range(40)))
    with pytest.raises(Killed):
        await world.new_process().org("contoso", full=True)
    half = (await world.ledger.scans())["contoso"]
    assert half.is_under_way
    assert half.full
    read = {r.app.ref.app_id for r in await world.ledger.apps() if r.scanned_at == half.started_at}

    world.org.dies = False
    world.org.asked.clear()
    world.clock.forward(timedelta(minutes=1))
    scan = await world.new_process().org("contoso")
    assert scan.started_at == half.started_at
    assert not set(world.org.asked) & read
    assert set(world.org.asked) - {"admins"} | read == {f"0oa{n}" for n in range(40)}
    assert (scan.done, scan.full, scan.is_under_way) == (40, False, False)


async def test_the_cursor_moves_only_when_everything_is_written(world: World) -> None:
    """Events of a scan that died are read again by the next one."""
    world.clock.forward(QUARTER)
    cursor = (await world.ledger.scans())["contoso"].log_cursor
    world.org = DyingOrg("contoso", *(app(n) for n in range(1, 6)))
    world.org.log = {f"0oa{n}": (PASSWORD,) for n in range(1, 6)}
    with pytest.raises(Killed):
        await world.new_process().org("contoso", full=True)
    assert (await world.ledger.scans())["contoso"].log_cursor == cursor
    world.org.dies = False
    await world.new_process().org("contoso")
    assert world.org.read_from == [cursor, cursor]
    assert {r.state(world.clock.now()) for r in await world.ledger.apps("contoso")} == {
        State.NEEDS_REVIEW
    }


class HangingOrg(FakeOktaOrg):
    """An org that never answers."""

    async def connection(self, app_id: str) -> ProvisioningConnection:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def test_a_scan_ends_with_the_last_who_waits_for_it() -> None:
    """One of two gives up: it goes on. Both do: nothing is left running."""
    world = World()
    org = HangingOrg("contoso", app(1))
    scan = Scan(orgs={"contoso": org}, entra=None, ledger=world.ledger, clock=world.clock)
    first, second = (asyncio.create_task(scan.org("contoso")) for _ in range(2))

    def running() -> list[str]:
        return [t.get_name() for t in asyncio.all_tasks() if t.get_name() == "scan contoso"]

    await wait_until(lambda: len(running()) == 1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert len(running()) == 1
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    await wait_until(lambda: running() == [])


async def test_one_look_at_an_app_leaves_the_orgs_cursor_alone(world: World) -> None:
    """What it reads of the log is its own: the others' events are still to come."""
    await world.scan.app(APP.ref)
    await world.look()
    assert world.org.read_from[1:] == [NOW - timedelta(minutes=10), "cursor-1"]


async def test_one_look_at_an_app_reads_what_nobody_could_read_of_the_log(world: World) -> None:
    """Else it would be taken for silence: what happened meanwhile lies before the last scan."""
    world.org.log = CloudUnreachable("No answer.", where="contoso", call="GET log")
    await world.look()
    world.org.log = {}
    world.org.read_from.clear()
    await world.scan.app(APP.ref)
    assert world.org.read_from == [world.clock.now() - LOG_RETENTION]
    await world.scan.app(APP.ref)
    assert world.org.read_from[1:] == [world.clock.now() - timedelta(minutes=10)]
