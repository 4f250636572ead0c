"""What a scan has to read: nothing that was just read, and sooner or later everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.evidence.assessment import assess
from bot.domain.evidence.rules import LOG_RETENTION, SHELVES, Evidence, EvidenceKind, Nature
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef, AppStatus, Office365App, Tenant
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.scanning import AppReading, ScanPolicy, ScanReason, plan, scanned
from tests import strategies as some
from tests.examples import NOW

K = EvidenceKind
POLICY = ScanPolicy()
ON = (Evidence(K.CONNECTION_ON, NOW),)
apps = st.lists(some.office365_apps, max_size=6, unique_by=lambda app: app.ref.app_id)


def read(app: Office365App, now: datetime, log: tuple[Evidence, ...] = ()) -> AppRecord:
    """The record after everything of the app was read."""
    return scanned(AppRecord(app), app, AppReading(ON, log, ()), now)


@given(apps)
def test_what_is_new_is_read(listed: list[Office365App]) -> None:
    """Every app, in the order of the list; inactive ones need nothing of Microsoft."""
    todos = plan(listed, {}, {}, ScanReason(NOW), POLICY)
    assert [todo.app for todo in todos] == listed
    assert all(todo.connection for todo in todos)
    assert not [t for t in todos if t.microsoft and t.app.status is not AppStatus.ACTIVE]


@given(apps, st.timedeltas(timedelta(), timedelta(minutes=59)))
def test_what_was_just_read_is_left_alone(listed: list[Office365App], later: timedelta) -> None:
    """Whatever the apps look like: a scan that follows at once has nothing to do."""
    known = {app.ref.app_id: read(app, NOW) for app in listed if app.status is AppStatus.ACTIVE}
    here = [app for app in listed if app.ref.app_id in known]
    assert plan(here, known, {}, ScanReason(NOW + later), POLICY) == ()


@given(apps)
def test_everything_is_read_within_the_day(listed: list[Office365App]) -> None:
    """No app can hide for longer than the policy allows."""
    known = {app.ref.app_id: read(app, NOW) for app in listed}
    todos = plan(listed, known, {}, ScanReason(NOW + POLICY.full_after), POLICY)
    assert [todo.app for todo in todos if todo.connection] == listed


@given(some.app_records, some.bodies_of_evidence)
def test_a_look_never_forgets_what_a_log_or_a_person_said(
    record: AppRecord, fresh: list[Evidence]
) -> None:
    """The state may change by what is read, not by what is left out.

    What a clock that ran ahead dated gives way to the new look.
    """
    seen = AppReading(tuple(fresh), None, None)
    after = scanned(record, record.app, seen, NOW)
    said = {e.kind for e in record.evidence if e.event_id and e.kind is not K.READ_FAILED}
    assert said <= {e.kind for e in after.evidence}
    if all(e.seen_at < NOW for e in record.evidence):
        before = assess([*record.evidence, *fresh], NOW).contradictions
        assert bool(before) <= bool(after.assessed(NOW).contradictions)


def test_a_tenant_is_read_for_all_its_apps_when_one_of_them_asks() -> None:
    """Its evidence is for each of them; other tenants are left alone."""
    ours = [
        Office365App(AppRef("contoso", f"0oa{n}"), str(n), AppStatus.ACTIVE, "", tenant)
        for n, tenant in enumerate(["contoso", "contoso", "fabrikam"])
    ]
    known = {app.ref.app_id: read(app, NOW) for app in ours}
    occasion = ScanReason(NOW + timedelta(minutes=5), changed=frozenset({"0oa1"}))
    todos = plan(ours, known, {}, occasion, POLICY)
    assert [(t.app.ref.app_id, t.connection, t.microsoft) for t in todos] == [
        ("0oa0", False, True),
        ("0oa1", True, True),
    ]


def test_apps_that_were_read_together_fall_due_over_a_quarter_of_the_day() -> None:
    """By their names, so every replica and every restart finds the same."""
    ages = [
        POLICY.oldest_scan(
            Office365App(AppRef("contoso", f"0oa{n}"), "", AppStatus.ACTIVE, "", "contoso")
        )
        for n in range(100)
    ]
    assert timedelta(hours=18) < min(ages) < timedelta(hours=19)
    assert timedelta(hours=23) < max(ages) <= timedelta(hours=24)


def test_a_policy_of_one_part_leaves_the_others() -> None:
    """An hour for Microsoft says nothing of Okta."""
    policy = replace(POLICY, microsoft_after=timedelta(minutes=10))
    app = Office365App(AppRef("contoso", "0oa1"), "", AppStatus.ACTIVE, "", "contoso")
    known, then = {"0oa1": read(app, NOW)}, ScanReason(NOW + timedelta(minutes=10))
    [todo] = plan([app], known, {}, then, policy)
    assert (todo.connection, todo.microsoft) == (False, True)
    assert plan([app], known, {}, then, policy, microsoft=False) == ()


# ------------------------------------------------------------------ what a look makes of a record

HERE = Tenant("t1", "contoso.onmicrosoft.com", "graph.microsoft.com")
THERE = Tenant("t2", "fabrikam.onmicrosoft.com", "graph.microsoft.com")
MINE = Office365App(AppRef("contoso", "0oa1"), "A", AppStatus.ACTIVE, "contoso.com", "contoso")
UNREAD_LOG = Evidence(K.READ_FAILED, NOW, None, {"needed": "no", "part": "log"}, "GET log")


def told(kind: EvidenceKind, at: datetime, tenant: Tenant | None = None) -> Evidence:
    return Evidence(kind, at, tenant=tenant.id if tenant else "")


def kinds(record: AppRecord, kind: EvidenceKind) -> list[Evidence]:
    return [e for e in record.evidence if e.kind is kind]


def first_look() -> AppRecord:
    seen = AppReading(
        (told(K.CONNECTION_ON, NOW),), (), (told(K.TENANT_CONSENTED, NOW, HERE),), HERE
    )
    return scanned(AppRecord(MINE), MINE, seen, NOW)


@pytest.mark.parametrize(
    ("app", "tenant", "moved_to"),
    [
        (replace(MINE, msft_tenant="fabrikam"), THERE, "t2"),
        (replace(MINE, msft_tenant="fabrikam"), None, ""),
        (replace(MINE, domain="fabrikam.com"), HERE, "t1"),
        (replace(MINE, domain="fabrikam.com"), None, "t1"),
        (MINE, THERE, "t2"),  # the name leads to another tenant
        (replace(MINE, msft_tenant="Contoso", label="B"), HERE, None),
        (MINE, None, None),
    ],
)
def test_a_look_notes_that_the_app_moved(
    app: Office365App, tenant: Tenant | None, moved_to: str | None
) -> None:
    """To which tenant, where that is known; where it is not, the record has none any more."""
    later = NOW + timedelta(hours=1)
    after = scanned(
        first_look(), app, AppReading((told(K.CONNECTION_ON, later),), (), (), tenant), later
    )
    moved = kinds(after, K.APP_MOVED)
    assert [e.tenant for e in moved] == ([] if moved_to is None else [moved_to])
    assert after.tenant_id == (moved_to if moved_to is not None else "t1")


@pytest.mark.parametrize(
    ("first", "then", "tenant", "was"),
    [
        ("app-1", "app-2", HERE, "app-1"),
        ("app-1", "app-1", HERE, None),
        ("app-1", "app-2", THERE, None),
        ("", "app-2", HERE, None),  # a former version did not note whose it was
        ("app-1", "", HERE, None),
    ],
)
def test_a_look_notes_that_the_consent_is_another_applications(
    first: str, then: str, tenant: Tenant, was: str | None
) -> None:
    """Of the same name, perhaps: whether provisioning works by it, nobody has seen yet."""
    record, later = AppRecord(MINE), NOW
    for app_id, place in ((first, HERE), (then, tenant), (then, tenant)):
        consent = replace(told(K.TENANT_CONSENTED, later, place), detail={"app_id": app_id})
        record = scanned(record, MINE, AppReading(None, None, (consent,), place), later)
        later += timedelta(hours=1)
    replaced = kinds(record, K.CONSENT_REPLACED)
    assert [(e.detail["was"], e.tenant) for e in replaced] == ([(was, "t1")] if was else [])


def test_the_first_look_notes_how_far_the_log_goes_back() -> None:
    """Before that, nobody knows what happened; the looks after it go on from there."""
    record = first_look()
    [gap] = kinds(record, K.UNWATCHED)
    assert gap.at == NOW - LOG_RETENTION
    later = NOW + timedelta(days=1)
    assert kinds(scanned(record, MINE, AppReading((), ()), later), K.UNWATCHED) == [gap]


@pytest.mark.parametrize(("days", "lost"), [(89, False), (91, True)])
def test_a_log_that_was_not_read_for_longer_than_okta_keeps_it_leaves_a_gap(
    days: int, lost: bool
) -> None:
    """Also when it could be read again afterwards."""
    record = first_look()
    for day in (1, days - 1):
        at = NOW + timedelta(days=day)
        failed = replace(UNREAD_LOG, seen_at=at)
        record = scanned(record, MINE, AppReading((told(K.CONNECTION_ON, at),), (failed,)), at)
    end = NOW + timedelta(days=1 + days)
    record = scanned(record, MINE, AppReading((told(K.CONNECTION_ON, end),), ()), end)
    assert not kinds(record, K.READ_FAILED)
    at = max(e.at for e in kinds(record, K.UNWATCHED))
    assert at == (end if lost else NOW) - LOG_RETENTION


def test_what_a_clock_ahead_has_dated_is_renewed_by_the_next_look() -> None:
    """It would be the newest for ever."""
    ahead = NOW + timedelta(days=400)
    record = replace(first_look(), evidence=(told(K.CONNECTION_ON, ahead),))
    after = scanned(record, MINE, AppReading((told(K.CONNECTION_OFF, NOW),), ()), NOW)
    assert after.state(NOW) is State.NOT_APPLICABLE


def test_a_tenant_that_could_not_be_read_is_tried_again_before_its_proof_is_stale() -> None:
    """What was found before and not now, every six hours; all else once a day."""
    record = first_look()
    record = replace(record, evidence=(*record.evidence, told(K.CONNECTION_ON, NOW)))
    later = NOW + timedelta(hours=18)
    failed = Evidence(K.READ_FAILED, later, None, {"needed": "no", "part": "microsoft"}, "GET u")
    missed = scanned(
        record, MINE, AppReading((told(K.CONNECTION_OFF, later),), (), (failed,)), later
    )
    found = scanned(
        record,
        MINE,
        AppReading((told(K.CONNECTION_OFF, later),), (), (told(K.TENANT_CONSENTED, later, HERE),)),
        later,
    )
    for one, again in ((missed, True), (found, False)):
        occasion = ScanReason(later + POLICY.confirm_after)
        todos = plan([MINE], {"0oa1": one}, {}, occasion, POLICY)
        assert any(todo.microsoft for todo in todos) is again


def test_a_look_a_day_keeps_a_proof_fresh_though_one_fails() -> None:
    """The shelf life of a fact is that of two looks."""
    assert 2 * POLICY.full_after <= SHELVES[Nature.FACT].full
