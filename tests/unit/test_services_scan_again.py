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
from bot.domain.inventory.records import OrgScan
from bot.errors import CloudRefused, CloudUnreachable, RecordUnreadable
from bot.services.inventory.scan import Scan
from tests.examples import APP, NOW, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEntra, FakeOktaOrg, Killed
from tests.there import there
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


class OneOrg:
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
async def rescan() -> OneOrg:
    made = OneOrg()
    await made.scan.org("contoso")
    return made


# ------------------------------------------------------------------ what is read again


async def test_when_nothing_changed_no_app_is_read_and_nothing_written(rescan: OneOrg) -> None:
    """One list and one poll of the log are all that it costs."""
    before = await rescan.ledger.apps()
    scan = await rescan.look()
    assert (rescan.org.asked, rescan.entra.calls) == ([], [])
    assert await rescan.ledger.apps() == before
    assert (scan.done, scan.apps, scan.finished_at) == (5, 5, rescan.clock.now())


async def test_a_full_scan_reads_everything_again(rescan: OneOrg) -> None:
    """Every app, every tenant, and the org's admins."""
    await rescan.look(full=True)
    assert sorted(rescan.org.asked) == ["0oa1", "0oa2", "0oa3", "0oa4", "0oa5", "admins"]
    assert {call for call in rescan.entra.calls if call.startswith("consent")} == {
        "consent tenant-1",
        "consent tenant-2",
    }
    assert {r.scanned_at for r in await rescan.ledger.apps()} == {rescan.clock.now()}


async def test_an_app_whose_last_update_moved_is_read_again(rescan: OneOrg) -> None:
    """Okta's `lastUpdated` is compared, never understood."""
    rescan.org.listed[1] = replace(rescan.org.listed[1], last_updated="some other day")
    await rescan.look()
    assert rescan.org.asked == ["0oa2"]
    assert "consent tenant-1" in rescan.entra.calls
    await rescan.look()
    assert rescan.org.asked == []


async def test_an_app_that_the_log_names_is_read_again_with_its_tenant(rescan: OneOrg) -> None:
    """Something happened to it: that is what its evidence may rest on."""
    rescan.org.log = {"0oa5": (PASSWORD,)}
    await rescan.look()
    assert rescan.org.asked == ["0oa5"]
    assert "consent tenant-2" in rescan.entra.calls
    assert "consent tenant-1" not in rescan.entra.calls


async def test_a_new_app_is_read_and_the_others_are_not(rescan: OneOrg) -> None:
    """It also has its tenant read, which is news for its neighbours there."""
    rescan.org.listed.append(app(6))
    await rescan.look()
    assert rescan.org.asked == ["0oa6"]
    assert [c for c in rescan.entra.calls if c.startswith("consent")] == ["consent tenant-1"]


async def test_an_app_that_could_not_be_read_is_tried_again_until_it_can(rescan: OneOrg) -> None:
    """Unreadable is no state to stay in."""
    rescan.org.connections["0oa1"] = REFUSED
    await rescan.look(full=True)
    await rescan.look()
    assert rescan.org.asked == ["0oa1"]
    del rescan.org.connections["0oa1"]
    await rescan.look()
    record = there(await rescan.ledger.app(app(1).ref))
    assert record.state(rescan.clock.now()) is State.NEEDS_REVIEW
    await rescan.look()
    assert rescan.org.asked == []


async def test_an_app_that_a_newer_version_wrote_keeps_no_other_from_being_read(
    rescan: OneOrg,
) -> None:
    """In a rolling deploy the old replica lists all but that one, and leaves it as it is."""
    theirs = app(1).ref
    (before,) = [r for r in await rescan.ledger.apps() if r.app.ref == theirs]
    rescan.ledger.broken[f"app {theirs}"] = RecordUnreadable("written by a newer version")
    scan = await rescan.look(full=True)
    assert scan.finished_at == rescan.clock.now()
    assert {r.scanned_at for r in await rescan.ledger.apps()} == {rescan.clock.now()}
    assert rescan.ledger.all_apps[theirs] == before


async def test_a_tenant_with_open_apps_is_read_every_hour_and_others_with_the_full_look(
    rescan: OneOrg,
) -> None:
    """Fabrikam's apps have provisioning off: nobody waits for news from there."""
    await rescan.look(timedelta(minutes=59))
    assert rescan.entra.calls == []
    await rescan.look(timedelta(minutes=1))
    assert [c for c in rescan.entra.calls if c.startswith("consent")] == ["consent tenant-1"]
    assert rescan.org.asked == []
    await rescan.look(timedelta(hours=24))
    assert "consent tenant-2" in rescan.entra.calls


async def test_a_failure_of_one_part_stays_until_that_part_is_read_again(rescan: OneOrg) -> None:
    """A look in Okta alone does not forget what Microsoft refused, nor the other way round."""
    rescan.entra.consents["tenant-1"] = CloudRefused("no", where="t", call="GET grants")
    rescan.org.connections["0oa1"] = REFUSED
    await rescan.look(full=True)
    del rescan.org.connections["0oa1"]
    await rescan.look()
    record = there(await rescan.ledger.app(app(1).ref))
    assert [e.detail["call"] for e in record.evidence if e.kind is K.READ_FAILED] == ["GET grants"]
    del rescan.entra.consents["tenant-1"]
    await rescan.look(timedelta(hours=1))
    record = there(await rescan.ledger.app(app(1).ref))
    assert K.READ_FAILED not in {e.kind for e in record.evidence}


async def test_a_log_that_is_refused_is_written_down_once(rescan: OneOrg) -> None:
    """And taken back once it is readable; it does not make every scan write every app."""
    rescan.org.log = CloudRefused("no", where="contoso", call="GET logs")
    await rescan.look()
    before = await rescan.ledger.apps()
    await rescan.look()
    assert await rescan.ledger.apps() == before
    rescan.org.log = {}
    await rescan.look()
    assert not [
        e for r in await rescan.ledger.apps() for e in r.evidence if e.kind is K.READ_FAILED
    ]


async def test_admins_are_asked_for_twice_a_day(rescan: OneOrg) -> None:
    """They cost a call each, and change rarely."""
    await rescan.look(timedelta(hours=11))
    assert "admins" not in rescan.org.asked
    await rescan.look(timedelta(hours=1))
    assert "admins" in rescan.org.asked


async def test_an_app_that_is_activated_again_has_its_whole_log_read(rescan: OneOrg) -> None:
    """What happened meanwhile lies behind the cursor; a new inactive app is no reason."""
    off = replace(rescan.org.listed[0], status=AppStatus.INACTIVE)
    rescan.org.listed[0] = off
    rescan.org.listed.append(replace(app(6), status=AppStatus.INACTIVE))
    await rescan.look()
    rescan.org.listed[0] = app(1)
    await rescan.look()
    assert rescan.org.read_from[1:] == ["cursor-1", rescan.clock.now() - LOG_RETENTION]


# ------------------------------------------------------------------ the last good inventory


# ------------------------------------------------------------------ progress, dying, going on


async def test_progress_is_kept_for_every_replica(rescan: OneOrg) -> None:
    """Whoever reads the ledger sees "checked 30 of 60"."""
    rescan.org.listed = [app(n) for n in range(60)]
    seen: list[OrgScan] = []

    async def look(done: int, total: int) -> None:
        seen.append((await rescan.ledger.scans())["contoso"])

    rescan.clock.forward(QUARTER)
    await rescan.scan.org("contoso", look)
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


async def test_a_scan_that_died_goes_on_with_what_it_had_not_read(rescan: OneOrg) -> None:
    """In a new process, also a full scan; what was read is in the ledger already."""
    rescan.clock.forward(QUARTER)
    rescan.org = DyingOrg("contoso", *(app(n) for n in range(40)))
    with pytest.raises(Killed):
        await rescan.new_process().org("contoso", full=True)
    half = (await rescan.ledger.scans())["contoso"]
    assert half.is_under_way
    assert half.full
    read = {r.app.ref.app_id for r in await rescan.ledger.apps() if r.scanned_at == half.started_at}

    rescan.org.dies = False
    rescan.org.asked.clear()
    rescan.clock.forward(timedelta(minutes=1))
    scan = await rescan.new_process().org("contoso")
    assert scan.started_at == half.started_at
    assert not set(rescan.org.asked) & read
    assert set(rescan.org.asked) - {"admins"} | read == {f"0oa{n}" for n in range(40)}
    assert (scan.done, scan.full, scan.is_under_way) == (40, False, False)


async def test_the_cursor_moves_only_when_everything_is_written(rescan: OneOrg) -> None:
    """Events of a scan that died are read again by the next one."""
    rescan.clock.forward(QUARTER)
    cursor = (await rescan.ledger.scans())["contoso"].log_cursor
    rescan.org = DyingOrg("contoso", *(app(n) for n in range(1, 6)))
    rescan.org.log = {f"0oa{n}": (PASSWORD,) for n in range(1, 6)}
    with pytest.raises(Killed):
        await rescan.new_process().org("contoso", full=True)
    assert (await rescan.ledger.scans())["contoso"].log_cursor == cursor
    rescan.org.dies = False
    await rescan.new_process().org("contoso")
    assert rescan.org.read_from == [cursor, cursor]
    assert {r.state(rescan.clock.now()) for r in await rescan.ledger.apps("contoso")} == {
        State.NEEDS_REVIEW
    }


class HangingOrg(FakeOktaOrg):
    """An org that never answers."""

    async def connection(self, app_id: str) -> ProvisioningConnection:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")


async def test_a_scan_ends_with_the_last_who_waits_for_it() -> None:
    """One of two gives up: it goes on. Both do: nothing is left running."""
    rescan = OneOrg()
    org = HangingOrg("contoso", app(1))
    scan = Scan(orgs={"contoso": org}, entra=None, ledger=rescan.ledger, clock=rescan.clock)
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


async def test_one_look_at_an_app_leaves_the_orgs_cursor_alone(rescan: OneOrg) -> None:
    """What it reads of the log is its own: the others' events are still to come."""
    await rescan.scan.app(APP.ref)
    await rescan.look()
    assert rescan.org.read_from[1:] == [NOW - timedelta(minutes=10), "cursor-1"]


async def test_one_look_at_an_app_reads_what_nobody_could_read_of_the_log(rescan: OneOrg) -> None:
    """Else it would be taken for silence: what happened meanwhile lies before the last scan."""
    rescan.org.log = CloudUnreachable("No answer.", where="contoso", call="GET log")
    await rescan.look()
    rescan.org.log = {}
    rescan.org.read_from.clear()
    await rescan.scan.app(APP.ref)
    assert rescan.org.read_from == [rescan.clock.now() - LOG_RETENTION]
    await rescan.scan.app(APP.ref)
    assert rescan.org.read_from[1:] == [rescan.clock.now() - timedelta(minutes=10)]
