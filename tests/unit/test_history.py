"""What of the evidence is kept from look to look, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.evidence.assessment import assess
from bot.domain.evidence.history import PEOPLE, TENANTS, condensed, merge, newest_of_topics, set_of
from bot.domain.evidence.rules import RULES, Evidence, EvidenceKind, Nature
from bot.domain.evidence.verdict import State
from tests import strategies as some

DAY_ONE = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LATE = DAY_ONE + 2 * DAY
K = EvidenceKind


def seen(kind: EvidenceKind, day: float = 0, tenant: str = "", **detail: str) -> Evidence:
    """A standing fact, as found on that day."""
    return Evidence(kind, DAY_ONE + day * DAY, None, detail, tenant=tenant)


def logged(kind: EvidenceKind, day: float = 0) -> Evidence:
    """Something that happened on that day, and has a row in a log."""
    at = DAY_ONE + day * DAY
    return Evidence(kind, at, at, {}, f"{kind}-{day}")


def said(kind: EvidenceKind, day: float = 0, by: str = "ada@contoso.com") -> Evidence:
    """Somebody's word, given on that day."""
    at = DAY_ONE + day * DAY
    return Evidence(kind, at, at, {"by": by})


ON = seen(K.CONNECTION_ON)
ACCOUNT = Evidence(K.SERVICE_ACCOUNT, DAY_ONE, DAY_ONE - DAY, {"account": "svc"}, tenant="t")


def test_every_kind_has_a_rule() -> None:
    """A new kind of evidence without a weight would be worth nothing."""
    assert set(RULES) == set(EvidenceKind)


# ------------------------------------------------------------------ merge


@given(some.bodies_of_evidence, some.bodies_of_evidence)
def test_merging_keeps_every_event_and_every_word(
    known: list[Evidence], fresh: list[Evidence]
) -> None:
    """What happened once stays known, however often it is looked at again."""

    def lasting(body: tuple[Evidence, ...] | list[Evidence]) -> set[tuple[object, ...]]:
        return {
            (e.kind, e.event_id, e.at, e.detail.get("by"))
            for e in body
            if e.rule.nature is not Nature.FACT and e.kind is not K.READ_FAILED
        }

    assert lasting(merge(known, fresh)) == lasting([*known, *fresh])


@given(some.bodies_of_evidence, some.bodies_of_evidence)
def test_the_newest_look_tells_what_is_so_now(known: list[Evidence], fresh: list[Evidence]) -> None:
    """In whichever order the looks are put together."""
    now = newest_of_topics(merge(known, fresh))
    for topic, fact in now.items():
        looks = [e.seen_at for e in [*known, *fresh] if e.rule.topic == topic]
        assert fact.seen_at == max(looks)


@given(some.bodies_of_evidence, some.bodies_of_evidence)
def test_merging_forgets_the_failed_reads_of_earlier_looks(
    known: list[Evidence], fresh: list[Evidence]
) -> None:
    """Only what this look could not read is still said to be unreadable."""
    failed = [e for e in merge(known, fresh) if e.kind is K.READ_FAILED]
    assert {e.event_id for e in failed} == {e.event_id for e in fresh if e.kind is K.READ_FAILED}


@given(some.bodies_of_evidence, some.bodies_of_evidence)
def test_the_same_look_twice_changes_nothing(known: list[Evidence], fresh: list[Evidence]) -> None:
    """Log rows that are read again are counted once."""
    once = merge(known, fresh)
    assert {(e.kind, e.at, e.event_id) for e in merge(once, fresh)} == {
        (e.kind, e.at, e.event_id) for e in once
    }


def test_a_failed_look_leaves_what_was_known_with_its_age() -> None:
    """After a refusal the app is unreadable, but nothing that was known is gone."""
    merged = merge([ON, ACCOUNT], [seen(K.READ_FAILED, 1)])
    assert {ON, ACCOUNT} <= set(merged)
    assert assess(merged, LATE).state is State.UNREADABLE
    assert assess(merge(merged, [seen(K.CONNECTION_ON, 2)]), LATE).state is State.MIGRATED


def test_a_fact_that_is_found_again_keeps_the_date_since_when_it_is_so() -> None:
    """Found changed, or in another tenant, it begins anew; a failed read lasts, too."""
    consent = seen(K.TENANT_CONSENTED, 0, "t", enabled="yes")
    known = merge((), [consent])
    for day in (1, 2):
        known = merge(known, [seen(K.TENANT_CONSENTED, day, "t", enabled="yes")])
    [kept] = known
    assert (kept.seen_at, kept.first_seen) == (DAY_ONE + 2 * DAY, DAY_ONE)
    [changed] = merge(known, [seen(K.TENANT_CONSENTED, 3, "t", enabled="no")])
    assert changed.first_seen is None
    assert (
        newest_of_topics(merge(known, [seen(K.TENANT_CONSENTED, 3, "u")]))["tenant"].first_seen
        is None
    )
    failed = merge([seen(K.READ_FAILED, 0)], [seen(K.READ_FAILED, 5)])
    assert failed[0].first_seen == DAY_ONE


def test_what_was_so_before_is_kept_beside_what_is_so_now() -> None:
    """That it was off, had a consent, or an account, tells later what may have changed."""
    before = [
        seen(K.CONNECTION_OFF),
        seen(K.TENANT_CONSENTED, tenant="t"),
        seen(K.SERVICE_ACCOUNT, tenant="t"),
    ]
    known = tuple(before)
    for day in range(1, 400):
        now = [
            seen(K.CONNECTION_ON, day),
            seen(K.TENANT_NOT_CONSENTED, day, "t"),
            seen(K.NO_SERVICE_ACCOUNT, day, "t"),
        ]
        known = condensed(merge(known, now))
    assert set(before) <= set(known)
    assert len(known) == 6


# ------------------------------------------------------------------ condensed


@given(some.bodies_of_evidence, st.integers(0, 500))
def test_leaving_out_events_in_between_changes_no_verdict(body: list[Evidence], days: int) -> None:
    """Whatever was left out, the state, its confidence and whether it is contradicted stay."""
    now = LATE + days * DAY
    whole, fewer = assess(body, now), assess(condensed(set_of(body)), now)
    assert (whole.state, whole.confidence) == (fewer.state, fewer.confidence)
    assert bool(whole.contradictions) == bool(fewer.contradictions)


@given(some.bodies_of_evidence, st.lists(some.attestations() | some.events(), max_size=20))
def test_leaving_out_what_is_in_between_hides_no_contradiction_later(
    body: list[Evidence], later: list[Evidence]
) -> None:
    """Whatever is said and logged after it, one by one and condensed each time."""
    whole, fewer = list(body), tuple(body)
    for piece in later:
        whole.append(piece)
        fewer = condensed(merge(fewer, (piece,)))
        kept = [e for e in whole if e.kind is not K.READ_FAILED]
        told = bool(assess(kept, LATE).contradictions)
        assert told == bool(assess(fewer, LATE).contradictions)


def test_a_thousand_words_are_kept_as_four_of_each_kind_and_person() -> None:
    """The oldest, since it may be contradicted, and the newest three; nobody's hides another's."""
    adas = [said(K.SAID_SAVED, day) for day in range(1000)]
    bens = [said(K.SAID_SAVED, day, "ben@contoso.com") for day in range(2)]
    saw = [said(K.SAW_AUTHENTICATE, day) for day in range(1000)]
    kept = condensed([ON, *adas, *bens, *saw])
    assert set(kept) == {ON, adas[0], *adas[-3:], *bens, saw[0], *saw[-3:]}


def test_a_thousand_failures_are_kept_as_three() -> None:
    """A broken connection logs one for every user: the oldest and the newest two tell it all."""
    failures = [logged(K.ADMIN_PASSWORD_REJECTED, day) for day in range(1000)]
    kept = condensed([ON, *reversed(failures)])
    assert set(kept) == {ON, failures[0], *failures[-2:]}


def test_a_life_with_hundreds_of_changes_stays_small_and_loses_no_change() -> None:
    """The last of each kind is what lowers a proof; people and tenants are many."""
    known: tuple[Evidence, ...] = ()
    for day in range(500):
        fresh = [
            seen(K.CONNECTION_ON if day % 2 else K.CONNECTION_OFF, day),
            seen(K.TENANT_CONSENTED, day, f"t{day}"),
            seen(K.SERVICE_ACCOUNT, day, f"t{day}"),
            logged(K.SETTINGS_SAVED, day),
            logged(K.APP_MOVED, day),
            logged(K.ADMIN_PASSWORD_USED, day),
            Evidence(EvidenceKind("of_tomorrow"), DAY_ONE, DAY_ONE, {}, f"x{day}"),
            said(K.SAW_AUTHENTICATE, day, f"p{day}@contoso.com"),
        ]
        known = condensed(merge(known, fresh))
    for kind in (K.SETTINGS_SAVED, K.APP_MOVED, K.ADMIN_PASSWORD_USED, K.SAW_AUTHENTICATE):
        assert logged(kind, 499).at == max(e.at for e in known if e.kind is kind)
    assert {e.kind for e in known} >= {K.CONNECTION_OFF, K.CONNECTION_ON}
    assert sum(e.kind is K.SERVICE_ACCOUNT for e in known) == TENANTS
    assert sum(e.kind is K.SAW_AUTHENTICATE for e in known) == PEOPLE
    assert len(known) < 50
