"""Looking at the clouds: what one refuses to tell stops nothing else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage, Step, step
from bot.domain.evidence.rules import LOG_RETENTION, Evidence, EvidenceKind
from bot.domain.evidence.verdict import Confidence, State
from bot.domain.inventory.apps import AppRef, AppStatus, ConnectionStatus, ProvisioningConnection
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import OktaAdmin
from bot.errors import CloudError, CloudRefused, CloudThrottled, CloudUnreachable
from bot.services.inventory.scan import Scan
from tests.examples import ADA, APP, DELIVERED, NOW, REQUEST, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeEntra, FakeOktaOrg
from tests.there import there

K = EvidenceKind
SECOND = replace(APP, ref=AppRef("contoso", "0oa2"), label="Contoso EU")
ELSEWHERE = replace(APP, ref=AppRef("fabrikam", "0oa9"), label="Fabrikam O365")
REFUSED = CloudRefused(
    "Okta refused.", where="contoso", call="GET connection", missing="okta.apps.read"
)
AWAY = CloudUnreachable("No answer.", where="contoso", call="GET apps")
USED = Evidence(K.SERVICE_ACCOUNT_USED, NOW, NOW, event_id="e1")
PASSWORD = Evidence(K.ADMIN_PASSWORD_USED, NOW, NOW, event_id="e2")
CONSENTED = Evidence(K.TENANT_CONSENTED, NOW)


class TwoOrgs:
    """Two Okta orgs, one tenant, and nothing known yet."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.clock = FakeClock(NOW)
        self.contoso = FakeOktaOrg("contoso", APP, SECOND)
        self.fabrikam = FakeOktaOrg("fabrikam", ELSEWHERE)
        self.entra = FakeEntra(TENANT)
        self.entra.consents[TENANT.id] = (CONSENTED,)
        self.entra.admins[TENANT.id] = (ADA,)
        self.scan = Scan(
            orgs={"contoso": self.contoso, "fabrikam": self.fabrikam},
            entra=self.entra,
            ledger=self.ledger,
            clock=self.clock,
        )

    async def record(self, ref: AppRef = APP.ref) -> AppRecord:
        return there(await self.ledger.app(ref))

    async def states(self) -> dict[str, State]:
        return {r.app.ref.app_id: r.state(self.clock.now()) for r in await self.ledger.apps()}

    async def actions(self, action: str) -> list[dict[str, str]]:
        return [dict(e.detail) for e in await self.ledger.audit() if e.action == action]


@pytest.fixture
def orgs() -> TwoOrgs:
    return TwoOrgs()


async def test_a_scan_writes_down_every_app_with_its_tenant_and_what_was_seen(
    orgs: TwoOrgs,
) -> None:
    """Both apps, their evidence from Okta and Microsoft, the people, and how the scan went."""
    orgs.contoso.log = {"0oa1": (PASSWORD,)}
    orgs.contoso.admins = (OktaAdmin("contoso", "00u1", "Ada", "ada@contoso.com", "APP_ADMIN"),)
    scan = await orgs.scan.org("contoso")
    assert (scan.apps, scan.failure, scan.finished_at) == (2, "", NOW)
    assert (await orgs.ledger.scans())["contoso"] == scan
    record = await orgs.record()
    assert record.tenant == TENANT
    assert {e.kind for e in record.evidence} == {
        K.CONNECTION_ON,
        K.UNWATCHED,  # Okta's log begins 90 days before the first look
        K.ADMIN_PASSWORD_USED,
        K.TENANT_CONSENTED,
    }
    assert await orgs.states() == {"0oa1": State.NEEDS_SAVE, "0oa2": State.NEEDS_REVIEW}
    assert await orgs.ledger.global_admins(TENANT.id) == (ADA,)
    assert await orgs.ledger.okta_admins("contoso") == orgs.contoso.admins


async def test_in_a_rehearsal_what_was_seen_keeps_the_real_time_and_what_is_told_does_not(
    orgs: TwoOrgs,
) -> None:
    """The clouds date by the real clock; the news of it belongs to the day that is rehearsed."""
    ahead = NOW + timedelta(days=7)
    scan = Scan(
        orgs={"contoso": orgs.contoso},
        entra=orgs.entra,
        ledger=orgs.ledger,
        clock=orgs.clock,
        lived=FakeClock(ahead),
    )
    assert (await scan.org("contoso")).finished_at == NOW
    assert (await orgs.record()).scanned_at == NOW
    assert {e.at for e in await orgs.ledger.audit() if e.action == "assess"} == {ahead}


async def test_a_tenant_is_read_once_however_many_apps_point_to_it(orgs: TwoOrgs) -> None:
    """Calls to Microsoft grow with tenants, not with apps."""
    await orgs.scan.org("contoso")
    assert orgs.entra.calls == [
        "find contoso.onmicrosoft.com",
        "consent tenant-1",
        "admins tenant-1",
    ]


async def test_one_app_that_cannot_be_read_leaves_the_others(orgs: TwoOrgs) -> None:
    """A 403 for one connection: that app is unreadable and says what is missing."""
    orgs.contoso.connections["0oa1"] = REFUSED
    scan = await orgs.scan.org("contoso")
    assert scan.failure == ""
    assert await orgs.states() == {"0oa1": State.UNREADABLE, "0oa2": State.NEEDS_REVIEW}
    (reason,) = (await orgs.record()).assessed(orgs.clock.now()).because
    assert reason.detail["missing"] == "okta.apps.read"


async def test_one_org_that_fails_leaves_the_other(orgs: TwoOrgs) -> None:
    """The failure is kept as the scan's; what was known of its apps stays."""
    await asyncio.gather(orgs.scan.org("contoso"), orgs.scan.org("fabrikam"))
    known, good = await orgs.ledger.apps("contoso"), (await orgs.ledger.scans())["contoso"]
    orgs.contoso.listing = AWAY
    orgs.clock.forward(timedelta(minutes=15))
    failed, fine = await asyncio.gather(orgs.scan.org("contoso"), orgs.scan.org("fabrikam"))
    assert "No answer" in failed.failure
    assert fine.failure == ""
    assert await orgs.ledger.apps("contoso") == known
    assert (failed.finished_at, failed.log_cursor) == (NOW, good.log_cursor), "of what is known"
    assert not failed.is_under_way
    assert fine.finished_at == orgs.clock.now()
    assert set(await orgs.ledger.scans()) == {"contoso", "fabrikam"}


async def test_a_listing_that_breaks_in_the_middle_takes_nothing_for_gone(orgs: TwoOrgs) -> None:
    """Apps on a page that never came are not marked as deleted."""
    await orgs.scan.org("contoso")
    orgs.contoso.listed = [APP]
    orgs.contoso.listing = AWAY
    await orgs.scan.org("contoso")
    assert (await orgs.record(SECOND.ref)).app.status is AppStatus.ACTIVE


async def test_an_app_that_vanished_needs_nothing_any_more(orgs: TwoOrgs) -> None:
    """It is not listed now: out of scope, and its open request is withdrawn."""
    await orgs.scan.org("contoso")
    await ask(orgs)
    orgs.contoso.listed = [SECOND]
    orgs.clock.forward(timedelta(minutes=15))
    await orgs.scan.org("contoso")
    record = await orgs.record()
    assert (record.state(orgs.clock.now()), record.app.status) == (
        State.NOT_APPLICABLE,
        AppStatus.DELETED,
    )
    assert there(await orgs.ledger.request(REQUEST.id)).stage is Stage.REVOKED
    orgs.contoso.listed = [APP, SECOND]
    orgs.clock.forward(timedelta(minutes=15))
    await orgs.scan.org("contoso")
    assert (await orgs.record()).state(orgs.clock.now()) is State.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            CloudRefused("No.", where="contoso", call="GET connection", missing="okta.apps.read"),
            State.UNREADABLE,
            id="out of reach",
        ),
        pytest.param(
            ProvisioningConnection(ConnectionStatus.ENABLED, "OAUTH2"),
            State.NEEDS_REVIEW,
            id="there after all",
        ),
    ],
)
async def test_an_app_that_is_only_not_listed_is_not_gone(
    orgs: TwoOrgs, told: ProvisioningConnection | CloudError, expected: State
) -> None:
    """A list shows what the reader's role reaches; that it is gone, only the app itself tells."""
    await orgs.scan.org("contoso")
    orgs.contoso.listed = [SECOND]
    orgs.contoso.connections["0oa1"] = told
    orgs.clock.forward(timedelta(minutes=15))
    await orgs.scan.org("contoso")
    assert (await orgs.record()).state(orgs.clock.now()) is expected


async def test_an_inactive_app_is_not_asked_for_its_connection(orgs: TwoOrgs) -> None:
    """It is out of scope, which costs no call."""
    orgs.contoso.listed = [replace(APP, status=AppStatus.INACTIVE)]
    orgs.contoso.connections["0oa1"] = REFUSED
    await orgs.scan.org("contoso")
    assert (await orgs.record()).state(orgs.clock.now()) is State.NOT_APPLICABLE


# ------------------------------------------------------------------ what fails beside it


@pytest.mark.parametrize(
    "error",
    [
        CloudRefused("no", where="tenant-1", call="GET grants", missing="Directory.Read.All"),
        CloudThrottled("slow", where="tenant-1", call="GET grants", retry_after=9),
    ],
)
async def test_microsoft_failing_leaves_what_okta_says(orgs: TwoOrgs, error: CloudError) -> None:
    """Consent and admins unread: the app keeps its state from Okta, and says what was not read."""
    orgs.entra.consents[TENANT.id] = error
    orgs.entra.admins[TENANT.id] = replace_call(error, "GET roles")
    orgs.contoso.log = {"0oa1": (USED,)}
    scan = await orgs.scan.org("contoso")
    assert scan.failure == ""
    record = await orgs.record()
    assert record.state(orgs.clock.now()) is State.MIGRATED
    unread = [e.detail["call"] for e in record.evidence if e.kind is K.READ_FAILED]
    assert sorted(unread) == ["GET grants", "GET roles"]
    assert await orgs.ledger.global_admins(TENANT.id) is None


def replace_call(error: CloudError, call: str) -> CloudError:
    return CloudRefused(error.message, where=error.where, call=call)


async def test_a_tenant_that_cannot_be_found_is_no_end(orgs: TwoOrgs) -> None:
    """Without a tenant the app is still listed, and says why nothing is known of Microsoft."""
    orgs.entra.tenants.clear()
    await orgs.scan.org("contoso")
    record = await orgs.record()
    assert record.tenant is None
    assert [e.detail["call"] for e in record.evidence if e.kind is K.READ_FAILED] == [
        "GET discovery"
    ]
    assert record.state(orgs.clock.now()) is State.NEEDS_REVIEW


async def test_a_tenant_that_was_found_once_stays_known(orgs: TwoOrgs) -> None:
    """A discovery that fails today does not forget yesterday's answer."""
    await orgs.scan.org("contoso")
    orgs.entra.tenants.clear()
    await orgs.scan.org("contoso")
    assert (await orgs.record()).tenant == TENANT


async def test_without_microsoft_okta_is_read_all_the_same(orgs: TwoOrgs) -> None:
    """Entra is not configured: fewer facts, no failure."""
    scan = Scan(orgs={"contoso": orgs.contoso}, entra=None, ledger=orgs.ledger, clock=orgs.clock)
    assert (await scan.org("contoso")).failure == ""
    assert (await orgs.record()).tenant is None


async def test_a_log_that_cannot_be_read_is_told_and_stops_nothing(orgs: TwoOrgs) -> None:
    """The System Log needs a scope of its own."""
    orgs.contoso.log = replace_call(REFUSED, "GET logs")
    await orgs.scan.org("contoso")
    record = await orgs.record()
    assert record.state(orgs.clock.now()) is State.NEEDS_REVIEW
    assert "GET logs" in {e.detail.get("call") for e in record.evidence}


async def test_okta_admins_that_cannot_be_told_are_not_stored_as_nobody(orgs: TwoOrgs) -> None:
    """ "Cannot tell" stays apart from "nobody"."""
    orgs.contoso.admins = REFUSED
    assert (await orgs.scan.org("contoso")).failure == ""
    assert await orgs.ledger.okta_admins("contoso") is None


# ------------------------------------------------------------------ over time


async def test_the_log_goes_on_from_its_cursor(orgs: TwoOrgs) -> None:
    """First as far back as Okta keeps it; then by the cursor; all of it again for a new app."""
    await orgs.scan.org("contoso")
    orgs.clock.forward(timedelta(hours=1))
    await orgs.scan.org("contoso")
    new = replace(APP, ref=AppRef("contoso", "0oa3"))
    orgs.contoso.listed.append(new)
    await orgs.scan.org("contoso")
    assert orgs.contoso.read_from == [
        NOW - LOG_RETENTION,
        "cursor-1",
        orgs.clock.now() - LOG_RETENTION,
    ]
    assert (await orgs.ledger.scans())["contoso"].log_cursor == "cursor-3"


async def test_a_change_of_state_writes_one_audit_line_and_no_change_none(orgs: TwoOrgs) -> None:
    """From nothing to review, from review to done; a look that finds the same is silent."""
    orgs.contoso.listed = [APP]
    for _ in range(3):
        await orgs.scan.org("contoso")
    orgs.contoso.log = {"0oa1": (USED,)}
    for _ in range(3):
        await orgs.scan.org("contoso")
    assert await orgs.actions("assess") == [
        {
            "from": "needs_review",
            "to": "migrated",
            "confidence": "likely",
            "because": "tenant_consented, service_account_used, connection_on",
        },
        {
            "from": "",
            "to": "needs_review",
            "confidence": "untold",
            "because": "connection_on, tenant_consented",
        },
    ]


async def test_one_known_app_can_be_looked_at_alone(orgs: TwoOrgs) -> None:
    """The answer is the fresh record; the other app is not touched."""
    await orgs.scan.org("contoso")
    orgs.clock.forward(timedelta(minutes=1))
    orgs.contoso.log = {"0oa1": (USED,)}
    assert there(await orgs.scan.app(APP.ref)).state(orgs.clock.now()) is State.MIGRATED
    assert (await orgs.record(SECOND.ref)).scanned_at == NOW


async def test_an_app_that_is_not_known_cannot_be_looked_at(orgs: TwoOrgs) -> None:
    """There is nothing to say of it."""
    assert await orgs.scan.app(AppRef("contoso", "gone")) is None
    assert await orgs.scan.app(AppRef("nowhere", "0oa1")) is None


async def test_progress_is_told_and_ends_at_all_of_them(orgs: TwoOrgs) -> None:
    """ "checked 60 of 60" comes last, never more."""
    orgs.contoso.listed = [
        replace(APP, ref=AppRef("contoso", f"0oa{n}"), label=str(n)) for n in range(60)
    ]
    told: list[tuple[int, int]] = []

    async def progress(done: int, total: int) -> None:
        told.append((done, total))

    await orgs.scan.org("contoso", progress)
    assert told[-1] == (60, 60)
    assert told == sorted(told)


# ------------------------------------------------------------------ requests


async def ask(orgs: TwoOrgs, stage: Stage = Stage.DELIVERED) -> None:
    """Somebody is asked for the app."""
    record = await orgs.record()
    pointing = replace(record, request_id=REQUEST.id, revision=record.revision + 1)
    await orgs.ledger.commit(Changes(apps=(pointing,), requests=(replace(DELIVERED, stage=stage),)))


async def test_proof_ends_the_open_request(orgs: TwoOrgs) -> None:
    """Machine evidence came in: the request is done, and the app points to none."""
    await orgs.scan.org("contoso")
    await ask(orgs, Stage.ACKNOWLEDGED)
    orgs.contoso.log = {"0oa1": (USED,)}
    await orgs.scan.org("contoso")
    likely = there(await orgs.ledger.request(REQUEST.id))
    assert likely.stage is Stage.ACKNOWLEDGED  # that it was used is not enough
    own = Evidence(K.PROVISIONING_APP_CREATED, NOW, NOW, event_id="own")
    orgs.contoso.log = {"0oa1": (own,)}
    await orgs.scan.org("contoso")
    assert there(await orgs.ledger.request(REQUEST.id)).stage is Stage.DONE
    assert (await orgs.record()).request_id == ""
    assert await orgs.actions("prove") == [{"request": "r1"}]


@pytest.mark.parametrize("taken", [Step.FAIL_DELIVERY, Step.EXPIRE, Step.DECLINE])
@pytest.mark.parametrize("gone", [False, True])
async def test_a_request_that_has_ended_already_does_not_stop_the_scan(
    orgs: TwoOrgs, taken: Step, gone: bool
) -> None:
    """Nobody could be reached, and yet somebody did it: the request stays as it ended."""
    await orgs.scan.org("contoso")
    await ask(orgs, Stage.REQUESTED)
    ended = step(there(await orgs.ledger.request(REQUEST.id)), taken, NOW)
    await orgs.ledger.commit(Changes(requests=(ended,)))
    if gone:
        orgs.contoso.listed = [SECOND]
    else:
        orgs.contoso.log = {"0oa1": (USED,)}
    orgs.clock.forward(timedelta(minutes=15))
    await orgs.scan.org("contoso")
    assert (await orgs.record()).state(orgs.clock.now()) is (
        State.NOT_APPLICABLE if gone else State.MIGRATED
    )
    assert (await orgs.record()).request_id == ""
    assert await orgs.ledger.request(REQUEST.id) == ended


async def test_two_scans_at_once_lose_nothing(orgs: TwoOrgs) -> None:
    """A scan and a check of one app meet: both are written, one over the other."""
    orgs.contoso.log = {"0oa1": (PASSWORD,)}
    await orgs.scan.org("contoso")
    revision = (await orgs.record()).revision
    await asyncio.gather(orgs.scan.org("contoso"), orgs.scan.app(APP.ref))
    assert (await orgs.record()).revision == revision + 2


async def test_an_app_registration_that_the_log_tells_of_is_looked_for_in_the_tenant(
    orgs: TwoOrgs,
) -> None:
    """In the same scan, and again when the log has long forgotten it."""
    created = Evidence(K.PROVISIONING_APP_CREATED, NOW, NOW, {"client_id": "the-id"}, "created")
    orgs.contoso.log = {"0oa1": (created,)}
    orgs.entra.registrations["the-id"] = (Evidence(K.OWN_REGISTRATION, NOW),)
    await orgs.scan.org("contoso")
    (found,) = (e for e in (await orgs.record()).evidence if e.kind is K.OWN_REGISTRATION)
    assert found.tenant == TENANT.id
    orgs.contoso.log = {}
    orgs.entra.calls.clear()
    await orgs.scan.org("contoso", full=True)
    assert "registration the-id" in orgs.entra.calls


async def test_an_application_that_was_found_by_its_name_is_looked_for_by_its_id_as_well(
    orgs: TwoOrgs,
) -> None:
    """Also when a look under the new name of it had found nothing."""
    named = replace(CONSENTED, detail={"app_id": "the-client"})
    for told in (named, Evidence(K.TENANT_NOT_CONSENTED, NOW)):
        orgs.entra.consents[TENANT.id] = (told,)
        await orgs.scan.org("contoso", full=True)
        orgs.clock.forward(timedelta(hours=1))
    orgs.entra.calls.clear()
    await orgs.scan.org("contoso", full=True)
    assert f"consent {TENANT.id} the-client" in orgs.entra.calls


# ------------------------------------------------------------------ what the settings leave out


async def test_apps_of_a_kind_that_the_settings_no_longer_name_leave_the_lists(
    orgs: TwoOrgs,
) -> None:
    """They are still there in Okta: the request is withdrawn, and it is on record why."""
    await orgs.scan.org("contoso")
    await ask(orgs)
    orgs.contoso.listed = [SECOND]
    orgs.contoso.unnamed["0oa1"] = "office365_gcc"
    orgs.contoso.connections["0oa1"] = ProvisioningConnection(ConnectionStatus.ENABLED, "OAUTH2")
    orgs.clock.forward(timedelta(minutes=15))
    await orgs.scan.org("contoso")
    verdict = (await orgs.record()).assessed(orgs.clock.now())
    assert (verdict.state, verdict.confidence) == (State.NOT_APPLICABLE, Confidence.PROVEN)
    assert [(e.kind, e.detail["name"]) for e in verdict.because] == [
        (K.KIND_NOT_READ, "office365_gcc")
    ]
    assert there(await orgs.ledger.request(REQUEST.id)).stage is Stage.REVOKED
    last, *_ = await orgs.actions("assess")
    assert last["because"] == K.KIND_NOT_READ
    orgs.contoso.unnamed.clear()
    orgs.contoso.listed = [APP, SECOND]
    orgs.clock.forward(timedelta(minutes=15))
    await orgs.scan.org("contoso")
    assert (await orgs.record()).state(orgs.clock.now()) is State.NEEDS_REVIEW


async def test_apps_of_an_org_that_the_settings_no_longer_name_leave_the_lists(
    orgs: TwoOrgs,
) -> None:
    """With the next scan of another org; and they are back with the first one of their own."""
    await orgs.scan.org("contoso")
    await orgs.scan.org("fabrikam")
    fewer = Scan(
        orgs={"contoso": orgs.contoso}, entra=orgs.entra, ledger=orgs.ledger, clock=orgs.clock
    )
    orgs.clock.forward(timedelta(minutes=15))
    await fewer.org("contoso")
    verdict = (await orgs.record(ELSEWHERE.ref)).assessed(orgs.clock.now())
    assert verdict.state is State.NOT_APPLICABLE
    assert verdict.because[0].kind is K.ORG_NOT_READ
    assert (await orgs.record()).state(orgs.clock.now()) is State.NEEDS_REVIEW
    orgs.clock.forward(timedelta(minutes=15))
    await orgs.scan.org("fabrikam")
    assert (await orgs.record(ELSEWHERE.ref)).state(orgs.clock.now()) is State.NEEDS_REVIEW
