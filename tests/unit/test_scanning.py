"""What a scan has to read: nothing that was just read, and sooner or later everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.apps import AppRef, AppStatus, Office365App
from bot.domain.assessment import assess
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.inventory import AppRecord
from bot.domain.scanning import LookPolicy, Occasion, Seen, looked, plan
from tests import strategies as some
from tests.examples import NOW

K = EvidenceKind
POLICY = LookPolicy()
ON = (Evidence(K.CONNECTION_ON, NOW),)
apps = st.lists(some.office365_apps, max_size=6, unique_by=lambda app: app.ref.app_id)


def read(app: Office365App, now: datetime, log: tuple[Evidence, ...] = ()) -> AppRecord:
    """The record after everything of the app was read."""
    return looked(AppRecord(app), app, Seen(ON, log, ()), now)


@given(apps)
def test_what_is_new_is_read(listed: list[Office365App]) -> None:
    """Every app, in the order of the list; inactive ones need nothing of Microsoft."""
    todos = plan(listed, {}, {}, Occasion(NOW), POLICY)
    assert [todo.app for todo in todos] == listed
    assert all(todo.connection for todo in todos)
    assert not [t for t in todos if t.microsoft and t.app.status is not AppStatus.ACTIVE]


@given(apps, st.timedeltas(timedelta(), timedelta(minutes=59)))
def test_what_was_just_read_is_left_alone(listed: list[Office365App], later: timedelta) -> None:
    """Whatever the apps look like: a scan that follows at once has nothing to do."""
    known = {app.ref.app_id: read(app, NOW) for app in listed if app.status is AppStatus.ACTIVE}
    here = [app for app in listed if app.ref.app_id in known]
    assert plan(here, known, {}, Occasion(NOW + later), POLICY) == ()


@given(apps)
def test_everything_is_read_within_the_day(listed: list[Office365App]) -> None:
    """No app can hide for longer than the policy allows."""
    known = {app.ref.app_id: read(app, NOW) for app in listed}
    todos = plan(listed, known, {}, Occasion(NOW + POLICY.full_after), POLICY)
    assert [todo.app for todo in todos if todo.connection] == listed


@given(some.app_records, some.bodies_of_evidence)
def test_a_look_never_forgets_what_a_log_or_a_person_said(
    record: AppRecord, fresh: list[Evidence]
) -> None:
    """The state may change by what is read, not by what is left out."""
    seen = Seen(tuple(fresh), None, None)
    after = looked(record, record.app, seen, NOW)
    said = {e.kind for e in record.evidence if e.event_id and e.kind is not K.READ_FAILED}
    assert said <= {e.kind for e in after.evidence}
    assert bool(assess([*record.evidence, *fresh], NOW).contradictions) <= bool(
        after.assessed(NOW).contradictions
    )


def test_a_tenant_is_read_for_all_its_apps_when_one_of_them_asks() -> None:
    """Its evidence is for each of them; other tenants are left alone."""
    ours = [
        Office365App(AppRef("contoso", f"0oa{n}"), str(n), AppStatus.ACTIVE, "", tenant)
        for n, tenant in enumerate(["contoso", "contoso", "fabrikam"])
    ]
    known = {app.ref.app_id: read(app, NOW) for app in ours}
    occasion = Occasion(NOW + timedelta(minutes=5), changed=frozenset({"0oa1"}))
    todos = plan(ours, known, {}, occasion, POLICY)
    assert [(t.app.ref.app_id, t.connection, t.microsoft) for t in todos] == [
        ("0oa0", False, True),
        ("0oa1", True, True),
    ]


def test_apps_that_were_read_together_fall_due_over_a_quarter_of_the_day() -> None:
    """By their names, so every replica and every restart finds the same."""
    ages = [
        POLICY.oldest_look(
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
    [todo] = plan(
        [app],
        {"0oa1": read(app, NOW)},
        {},
        Occasion(NOW + timedelta(minutes=10)),
        policy,
    )
    assert (todo.connection, todo.microsoft) == (False, True)
