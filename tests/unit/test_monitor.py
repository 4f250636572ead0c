"""What breaks outside of chat is told once, stands while it lasts, and ends by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.delivery.incidents import Incident, owners
from bot.domain.delivery.notices import Alarm
from bot.domain.doctor.checks import CHECKS
from bot.domain.doctor.finding import Finding, Found
from bot.domain.inventory.records import OrgScan
from bot.domain.people.admins import ChatIdentity, Platform
from bot.services.delivery.incidents import Incidents
from bot.services.delivery.monitor import Monitor
from bot.services.delivery.scheduled_doctor import EVERY, ScheduledDoctor
from bot.services.doctor import Doctor
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEngine

NOW = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
SLACK = ChatIdentity(Platform.SLACK, "U9", "Ola")
TEAMS = ChatIdentity(Platform.TEAMS, "29:ola", "Ola")
GOOD = OrgScan("contoso", NOW, NOW)
BAD = replace(GOOD, failure="The key was refused.")


class Monitored:
    """A monitor on a ledger in memory."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.engine = FakeEngine()
        self.clock = FakeClock(NOW)
        self.monitor = Monitor(
            ledger=self.ledger, engine=self.engine, clock=self.clock, operators=(SLACK, TEAMS)
        )

    async def alarms(self) -> list[tuple[str, str]]:
        """Of whom each is, and what it is about."""
        keys = await self.ledger.due(NOW + timedelta(days=400), 100)
        notices = [one.notice for one in (await self.ledger.deliveries(keys)).values()]
        return sorted((str(one.to), one.about) for one in notices if isinstance(one, Alarm))


@pytest.fixture
def monitored() -> Monitored:
    return Monitored()


async def test_an_org_that_cannot_be_read_is_told_once_to_every_operator(
    monitored: Monitored,
) -> None:
    """However often it fails; the first failure is since when."""
    await monitored.monitor.scanned(BAD, {})
    monitored.clock.forward(timedelta(hours=3))
    await monitored.monitor.scanned(replace(BAD, failure="Another reason."), {})
    incident = (await monitored.ledger.incidents())["okta:contoso"]
    assert (incident.since, incident.reason) == (NOW, "The key was refused.")
    assert await monitored.alarms() == [(str(SLACK), "okta:contoso"), (str(TEAMS), "okta:contoso")]


async def test_it_is_over_with_the_next_look_that_goes_through(monitored: Monitored) -> None:
    """Of this org, not of another."""
    await monitored.monitor.scanned(BAD, {})
    await monitored.monitor.scanned(replace(GOOD, org="fabrikam"), {})
    assert "okta:contoso" in await monitored.ledger.incidents()
    await monitored.monitor.scanned(GOOD, {})
    assert await monitored.ledger.incidents() == {}


async def test_a_tenant_is_told_of_and_another_look_that_did_not_ask_it_says_nothing(
    monitored: Monitored,
) -> None:
    """What was not asked is as it was; what was read is well."""
    await monitored.monitor.scanned(
        GOOD, {"contoso": "Application.Read.All is missing.", "fine": ""}
    )
    assert list(await monitored.ledger.incidents()) == ["entra:contoso"]
    await monitored.monitor.scanned(GOOD, {})
    assert list(await monitored.ledger.incidents()) == ["entra:contoso"]
    await monitored.monitor.scanned(GOOD, {"contoso": ""})
    assert await monitored.ledger.incidents() == {}


@pytest.mark.parametrize(("days", "told"), [(31, 0), (30, 1), (1, 1), (-1, 1)])
async def test_what_ends_is_told_thirty_days_before(
    monitored: Monitored, days: int, told: int
) -> None:
    """Once, also while it nears; and when it has ended."""
    ends = {"entra.certificate": NOW + timedelta(days=days)}
    for _ in range(3):
        await monitored.monitor.ends(ends)
    assert len(await monitored.ledger.incidents()) == told
    assert len(await monitored.alarms()) == 2 * told


async def test_a_new_certificate_ends_the_warning(monitored: Monitored) -> None:
    """Also one whose end nobody knows, such as a secret in its place."""
    for renewed in ({"entra.certificate": NOW + timedelta(days=700)}, {}):
        await monitored.monitor.ends({"entra.certificate": NOW + timedelta(days=3)})
        assert list(await monitored.ledger.incidents()) == ["expires:entra.certificate"]
        await monitored.monitor.ends(renewed, whole=True)
        assert await monitored.ledger.incidents() == {}


async def test_boards_end_no_trouble_that_is_none_of_theirs(monitored: Monitored) -> None:
    """They end those of channels that are kept no more."""
    await monitored.monitor.scanned(BAD, {})
    await Incidents(monitored.ledger).keep_only({"slack"})
    assert "okta:contoso" in await monitored.ledger.incidents()


def test_owners_of_a_platform_that_is_out_are_elsewhere() -> None:
    """Of a channel they are on its platform; of all else it is everybody."""
    everybody = (SLACK, TEAMS)
    told = {
        place: owners(Incident(place, "x", "", NOW), everybody)
        for place in ("slack", "slack:C1", "okta:contoso", "entra:contoso", "expires:x")
    }
    assert told["slack"] == (TEAMS,)
    assert told["slack:C1"] == (SLACK,)
    assert told["okta:contoso"] == told["entra:contoso"] == told["expires:x"] == everybody


async def test_work_that_stays_late_is_told_once_and_ends_by_itself(monitored: Monitored) -> None:
    """A pile that is soon worked off, as after a night without a worker, is nobody's business."""
    minute = timedelta(minutes=1)
    for late, alarms in ((3600, 0), (10, 0), (121, 0), (180, 0), (240, 2), (300, 2), (400, 2)):
        await monitored.monitor.report_delay(late)
        assert len(await monitored.alarms()) == alarms, late
        monitored.clock.forward(minute)
    incident = (await monitored.ledger.incidents())["engine"]
    assert incident.reason == "What is due waits for 240 s."
    await monitored.monitor.report_delay(119)
    assert await monitored.ledger.incidents() == {}
    assert await monitored.alarms() == [(str(SLACK), "engine"), (str(TEAMS), "engine")]


# ------------------------------------------------------------------ what the doctor finds


def finding(check: str, outcome: str, place: str, **values: object) -> Finding:
    (one,) = [one for one in CHECKS if one.name == check]
    return Finding(place, check, Found(outcome, values), one.outcomes[outcome])  # type: ignore[arg-type]  # by name


class Examined(Doctor):
    """Finds what the test says."""

    def __init__(self) -> None:
        self.findings: tuple[Finding, ...] = ()
        self.times = 0

    async def examine(self) -> tuple[Finding, ...]:
        self.times += 1
        return self.findings


FEW = finding("store_replicas", "few", "store", connected=0, wanted=1)
SECRET = {"check": "registration_secret", "outcome": "soon", "place": "teams:registration"}


async def scanned(monitored: Monitored, inspection: ScheduledDoctor, times: int = 1) -> None:
    """So many examinations, each when it is time."""
    for _ in range(times):
        monitored.clock.forward(EVERY)
        await inspection.run()


async def test_what_an_examination_finds_broken_twice_is_told_once_and_ends(
    monitored: Monitored,
) -> None:
    """What passes by itself is nobody's business; between the examinations nothing is asked."""
    doctor = Examined()
    inspection = ScheduledDoctor(doctor, monitored.monitor, monitored.clock, {})
    await inspection.run()
    assert doctor.times == 0
    doctor.findings = (FEW,)
    await scanned(monitored, inspection)
    await inspection.run()
    assert doctor.times == 1
    assert await monitored.ledger.incidents() == {}
    await scanned(monitored, inspection, 2)
    about = "doctor:store/store_replicas"
    assert await monitored.alarms() == [(str(SLACK), about), (str(TEAMS), about)]
    assert (await monitored.ledger.incidents())[about].reason == "few: 0, 1"
    doctor.findings = ()
    await scanned(monitored, inspection)
    assert await monitored.ledger.incidents() == {}


async def test_what_a_scan_or_a_message_tells_of_is_not_told_a_second_time(
    monitored: Monitored,
) -> None:
    """An org that cannot be signed in to is its own alarm."""
    doctor = Examined()
    doctor.findings = (finding("okta_sign_in", "refused", "okta:contoso"),)
    await scanned(monitored, ScheduledDoctor(doctor, monitored.monitor, monitored.clock, {}), 3)
    assert await monitored.alarms() == []


async def test_a_public_address_that_answered_and_answers_no_more_is_told(
    monitored: Monitored,
) -> None:
    """One that never did is left alone: some networks let no machine reach its own address."""
    doctor = Examined()
    refused = finding("address_answer", "refused", "address", url="https://bot.example.com")
    answers = finding("address_answer", "answers", "address", url="https://bot.example.com")
    inspection = ScheduledDoctor(doctor, monitored.monitor, monitored.clock, {})
    doctor.findings = (refused,)
    await scanned(monitored, inspection, 3)
    assert await monitored.ledger.incidents() == {}
    doctor.findings = (answers,)
    await scanned(monitored, inspection)
    doctor.findings = (refused,)
    await scanned(monitored, inspection, 2)
    assert list(await monitored.ledger.incidents()) == ["doctor:address/address_answer"]
    doctor.findings = (answers,)
    await scanned(monitored, inspection)
    assert await monitored.ledger.incidents() == {}


async def test_a_secret_that_microsoft_dates_is_told_of_within_thirty_days(
    monitored: Monitored,
) -> None:
    """And stays told of between two examinations, after a restart as well."""
    doctor = Examined()
    doctor.findings = (
        finding(**SECRET, key="", date=NOW + timedelta(days=20)),
        finding("mail_certificate", "long", "mail", key="smtp", date=NOW + timedelta(days=90)),
    )
    certificate = {"entra.certificate": NOW + timedelta(days=90)}
    inspection = ScheduledDoctor(doctor, monitored.monitor, monitored.clock, certificate)
    await scanned(monitored, inspection)
    assert list(await monitored.ledger.incidents()) == ["expires:teams.app_password"]
    again = ScheduledDoctor(doctor, monitored.monitor, monitored.clock, certificate)
    await again.run()
    assert list(await monitored.ledger.incidents()) == ["expires:teams.app_password"]
    doctor.findings = ()
    await scanned(monitored, again)
    assert await monitored.ledger.incidents() == {}
