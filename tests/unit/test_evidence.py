"""What evidence adds up to: rules that hold for any body of evidence, and the table by example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.evidence import (
    GRAPH_FLOW_SINCE,
    RULES,
    Assessment,
    Confidence,
    Evidence,
    EvidenceKind,
    Lean,
    Source,
    State,
    assess,
    condensed,
    contradictions,
    merge,
    set_of,
)
from tests import strategies as some

DAY_ONE = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
LATE = DAY_ONE + timedelta(days=2)
K = EvidenceKind


def seen(kind: EvidenceKind, day: int = 0, **detail: str) -> Evidence:
    """A standing fact, as found on that day."""
    return Evidence(kind, DAY_ONE + timedelta(days=day), None, detail)


def logged(kind: EvidenceKind, day: int = 0, **detail: str) -> Evidence:
    """Something that happened on that day, and has a row in a log."""
    at = DAY_ONE + timedelta(days=day)
    return Evidence(kind, at, at, detail, event_id=f"{kind.value}-{day}")


def said(kind: EvidenceKind, day: int = 0, by: str = "slack:U1") -> Evidence:
    """Somebody's word, given on that day."""
    at = DAY_ONE + timedelta(days=day)
    return Evidence(kind, at, at, {"by": by})


def dated(kind: EvidenceKind, happened: datetime, day: int = 0) -> Evidence:
    """A standing fact with a date of its own."""
    return Evidence(kind, DAY_ONE + timedelta(days=day), happened)


ON = seen(K.CONNECTION_ON)
FRESH_ACCOUNT = dated(K.SERVICE_ACCOUNT, GRAPH_FLOW_SINCE)
NOTHING_THERE = (seen(K.TENANT_NOT_CONSENTED), seen(K.NO_SERVICE_ACCOUNT))
OLD_ACCOUNT = dated(K.SERVICE_ACCOUNT, GRAPH_FLOW_SINCE - timedelta(seconds=1))


def conflicts(assessment: Assessment) -> set[tuple[EvidenceKind, str, str, datetime]]:
    """What each contradiction says was done, whichever look saw it."""
    return {
        (c.done.kind, c.done.event_id, c.done.detail.get("by", ""), c.done.at)
        for c in assessment.contradictions
    }


# ------------------------------------------------------------------ for any evidence


ONE, OTHER = (seen(K.TENANT_CONSENTED, account=name) for name in ("one", "other"))


@given(some.bodies_of_evidence.flatmap(lambda e: st.tuples(st.just(e), st.permutations(e))))
@example(([ON, ONE, OTHER], [OTHER, ONE, ON]))  # two facts of one topic, found in one look
def test_the_order_of_evidence_does_not_matter(
    both: tuple[list[Evidence], list[Evidence]],
) -> None:
    """The same evidence in any order gives the same state, reasons and contradictions."""
    assert assess(both[0], LATE) == assess(both[1], LATE)


@given(some.bodies_of_evidence)
def test_nothing_is_lost_between_the_reasons_and_what_is_beside_them(body: list[Evidence]) -> None:
    """Every piece that counts is shown exactly once, as a reason or beside it."""
    result = assess(body, LATE)
    shown = [*result.because, *result.beside]
    assert len(shown) == len(set_of(body))
    assert all(piece in shown for piece in set_of(body))


@given(some.bodies_of_evidence)
def test_without_decisive_evidence_for_the_app_it_is_never_migrated(body: list[Evidence]) -> None:
    """MIGRATED needs something that says so for this very app; hints never add up to it."""
    hints = [e for e in body if not (e.rule.decisive and e.leans(Lean.DONE))]
    assert assess([ON, *hints], LATE).state is not State.MIGRATED


@given(some.bodies_of_evidence)
def test_nothing_is_migrated_on_peoples_word(body: list[Evidence]) -> None:
    """It is said to be saved, however many people say so."""
    words = [e for e in body if e.rule.source is Source.PERSON or not e.leans(Lean.DONE)]
    result = assess([ON, said(K.SAID_SAVED, 9), *words], LATE)
    assert result.state is not State.MIGRATED
    if result.state is State.SAID_SAVED:
        assert result.confidence is Confidence.ATTESTED


def test_nothing_known_is_a_case_for_review() -> None:
    """Without any evidence the state cannot be told, and the answer says so."""
    assert assess([], LATE) == Assessment(State.NEEDS_REVIEW, Confidence.UNTOLD)


@given(
    st.lists(
        some.events((K.CONSENT_AUDITED,))
        | some.standing_facts(
            (K.TENANT_CONSENTED, K.TENANT_NOT_CONSENTED, K.CONNECTION_ON, K.CONNECTION_UNCLEAR)
        ),
        max_size=8,
    )
)
def test_evidence_about_the_tenant_alone_never_means_migrated(body: list[Evidence]) -> None:
    """A consent in the tenant may be another app's."""
    assert assess([ON, *body], LATE).state is not State.MIGRATED


@given(some.bodies_of_evidence, some.attestations())
@example(
    [ON, said(K.SAID_SAVED, 1), logged(K.ADMIN_PASSWORD_USED, 2)], said(K.SAID_SAVED, 3)
)  # the same person says it again
def test_an_attestation_never_hides_a_contradiction(
    body: list[Evidence], attestation: Evidence
) -> None:
    """Whatever a person adds, what did not fit together before is still listed."""
    assert conflicts(assess(body, LATE)) <= conflicts(assess([*body, attestation], LATE))


@given(some.bodies_of_evidence, some.bodies_of_evidence)
def test_more_evidence_never_removes_a_contradiction(
    body: list[Evidence], more: list[Evidence]
) -> None:
    """Each "done" that was overtaken by a "not done" stays overtaken."""
    before = {id(c.done) for c in contradictions(body)}
    assert before <= {id(c.done) for c in contradictions([*body, *more])}


@given(some.bodies_of_evidence)
def test_a_contradicted_state_is_never_called_proven(body: list[Evidence]) -> None:
    """What does not fit together is shown with less confidence."""
    result = assess(body, LATE)
    if result.contradictions:
        assert result.confidence is not Confidence.PROVEN
    for conflict in result.contradictions:
        assert conflict.done.at < conflict.not_done.at


@given(some.bodies_of_evidence)
def test_the_age_of_a_state_is_that_of_its_oldest_reason(body: list[Evidence]) -> None:
    """`as_of` is never younger than anything the state rests on."""
    result = assess(body, LATE)
    assert result.as_of == min((e.seen_at for e in result.because), default=None)


def test_every_kind_has_a_rule() -> None:
    """A new kind of evidence without a weight would break every app that has it."""
    assert set(RULES) == set(EvidenceKind)


# ------------------------------------------------------------------ the table, by example

TABLE = [
    ("inactive", [seen(K.APP_INACTIVE)], State.NOT_APPLICABLE, Confidence.PROVEN),
    ("off", [seen(K.CONNECTION_OFF)], State.NOT_APPLICABLE, Confidence.PROVEN),
    (
        "off, whatever else is known",
        [seen(K.CONNECTION_OFF), said(K.SAW_AUTHENTICATE, -1)],
        State.NOT_APPLICABLE,
        Confidence.PROVEN,
    ),
    ("on, and nothing else", [ON], State.NEEDS_REVIEW, Confidence.UNTOLD),
    ("unclear", [seen(K.CONNECTION_UNCLEAR)], State.NEEDS_REVIEW, Confidence.UNTOLD),
    (
        "unclear, with consent and account",
        [seen(K.CONNECTION_UNCLEAR), FRESH_ACCOUNT, seen(K.TENANT_CONSENTED)],
        State.NEEDS_REVIEW,
        Confidence.UNTOLD,
    ),
    ("own Entra app", [ON, logged(K.PROVISIONING_APP_CREATED)], State.MIGRATED, Confidence.PROVEN),
    ("account used", [ON, logged(K.SERVICE_ACCOUNT_USED)], State.MIGRATED, Confidence.PROVEN),
    ("account of the Graph flow", [ON, FRESH_ACCOUNT], State.MIGRATED, Confidence.PROVEN),
    ("account from before it", [ON, OLD_ACCOUNT], State.NEEDS_REVIEW, Confidence.UNTOLD),
    (
        "account without a date",
        [ON, seen(K.SERVICE_ACCOUNT)],
        State.NEEDS_REVIEW,
        Confidence.UNTOLD,
    ),
    ("somebody says so", [ON, said(K.SAID_SAVED)], State.SAID_SAVED, Confidence.ATTESTED),
    (
        "somebody says so, and so does the log",
        [ON, said(K.SAID_SAVED, 2), logged(K.SERVICE_ACCOUNT_USED, 1)],
        State.MIGRATED,
        Confidence.PROVEN,
    ),
    (
        "somebody says so, and a look at that moment finds nothing yet",
        [ON, said(K.SAID_SAVED), *NOTHING_THERE],
        State.SAID_SAVED,
        Confidence.ATTESTED,
    ),
    (
        "somebody says so, and a day later there is nothing",
        [ON, said(K.SAID_SAVED, -1), *NOTHING_THERE],
        State.NEEDS_REVIEW,
        Confidence.LIKELY,
    ),
    (
        "somebody says so again, after nothing was found",
        [ON, said(K.SAID_SAVED, -1), *NOTHING_THERE, said(K.SAID_SAVED, 1)],
        State.SAID_SAVED,
        Confidence.ATTESTED,
    ),
    (
        "somebody says so, and a day later only the account is missing",
        [ON, said(K.SAID_SAVED, -1), seen(K.NO_SERVICE_ACCOUNT), seen(K.TENANT_CONSENTED)],
        State.SAID_SAVED,
        Confidence.ATTESTED,
    ),
    (
        "somebody says so, and a day later only the consent is missing",
        [ON, said(K.SAID_SAVED, -1), OLD_ACCOUNT, seen(K.TENANT_NOT_CONSENTED)],
        State.SAID_SAVED,
        Confidence.ATTESTED,
    ),
    (
        "the log and somebody say so, and a day later there is nothing",
        [ON, logged(K.SERVICE_ACCOUNT_USED, -2), said(K.SAID_SAVED, -1), *NOTHING_THERE],
        State.MIGRATED,
        Confidence.PROVEN,
    ),
    ("Authenticate", [ON, said(K.SAW_AUTHENTICATE)], State.NEEDS_CONSENT, Confidence.ATTESTED),
    ("Reauthenticate", [ON, said(K.SAW_REAUTHENTICATE)], State.NEEDS_SAVE, Confidence.ATTESTED),
    (
        "Authenticate, although the tenant consented at some time",
        [ON, said(K.SAW_AUTHENTICATE), seen(K.TENANT_CONSENTED, 1)],
        State.NEEDS_CONSENT,
        Confidence.ATTESTED,
    ),
    (
        "Authenticate, and the consent came after it",
        [ON, said(K.SAW_AUTHENTICATE, 1), logged(K.CONSENT_AUDITED, 2)],
        State.NEEDS_SAVE,
        Confidence.LIKELY,
    ),
    (
        "password, no consent",
        [ON, logged(K.ADMIN_PASSWORD_USED), seen(K.TENANT_NOT_CONSENTED)],
        State.NEEDS_CONSENT,
        Confidence.LIKELY,
    ),
    (
        "password, consent",
        [ON, logged(K.ADMIN_PASSWORD_REJECTED), seen(K.TENANT_CONSENTED)],
        State.NEEDS_SAVE,
        Confidence.LIKELY,
    ),
    (
        "password, consent not known",
        [ON, logged(K.ADMIN_PASSWORD_USED)],
        State.NEEDS_REVIEW,
        Confidence.LIKELY,
    ),
    (
        "no consent",
        [ON, seen(K.TENANT_NOT_CONSENTED)],
        State.NEEDS_CONSENT,
        Confidence.LIKELY,
    ),
    (
        "consent, but no account",
        [ON, seen(K.TENANT_CONSENTED), seen(K.NO_SERVICE_ACCOUNT)],
        State.NEEDS_SAVE,
        Confidence.LIKELY,
    ),
    ("consent alone", [ON, seen(K.TENANT_CONSENTED)], State.NEEDS_REVIEW, Confidence.UNTOLD),
    ("somebody saved", [ON, logged(K.SETTINGS_SAVED)], State.NEEDS_REVIEW, Confidence.UNTOLD),
    (
        "done, then back on a password",
        [ON, FRESH_ACCOUNT, logged(K.ADMIN_PASSWORD_USED, 1), seen(K.TENANT_CONSENTED)],
        State.NEEDS_SAVE,
        Confidence.LIKELY,
    ),
    (
        "password, then done",
        [ON, logged(K.ADMIN_PASSWORD_USED), logged(K.SERVICE_ACCOUNT_USED, 1)],
        State.MIGRATED,
        Confidence.PROVEN,
    ),
    (
        "account, then a password, then somebody's word",
        [ON, FRESH_ACCOUNT, logged(K.ADMIN_PASSWORD_USED, 1), said(K.SAID_SAVED, 2)],
        State.SAID_SAVED,
        Confidence.ATTESTED,
    ),
    (
        "could not be read",
        [seen(K.READ_FAILED, needed="yes")],
        State.UNREADABLE,
        Confidence.UNTOLD,
    ),
    (
        "could not be read any more",
        [ON, FRESH_ACCOUNT, seen(K.READ_FAILED, 1)],
        State.UNREADABLE,
        Confidence.UNTOLD,
    ),
    (
        "the log could not be read, which is no necessity",
        [ON, FRESH_ACCOUNT, seen(K.READ_FAILED, 1, needed="no")],
        State.MIGRATED,
        Confidence.PROVEN,
    ),
]


@pytest.mark.parametrize(
    ("body", "state", "confidence"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_evidence_means_what_the_table_says(
    body: list[Evidence], state: State, confidence: Confidence
) -> None:
    """The state and how it is known, case by case."""
    result = assess(body, LATE)
    assert (result.state, result.confidence) == (state, confidence)


def test_the_table_reaches_every_state_and_every_confidence() -> None:
    """A state that no evidence leads to would be a word without a meaning."""
    assert {row[2] for row in TABLE} == set(State)
    assert {row[3] for row in TABLE} == set(Confidence)


def test_a_contradiction_names_both_sides() -> None:
    """The reader is told what was done, and what came after it."""
    back = logged(K.ADMIN_PASSWORD_USED, 1)
    (conflict,) = assess([ON, FRESH_ACCOUNT, back], LATE).contradictions
    assert (conflict.done, conflict.not_done) == (FRESH_ACCOUNT, back)


@given(
    st.timedeltas(timedelta(0), timedelta(days=9)), st.timedeltas(timedelta(0), timedelta(days=9))
)
def test_a_word_stands_for_an_hour_against_a_directory_that_shows_nothing(
    one: timedelta, other: timedelta
) -> None:
    """Both looks have to be later than that; the word and both of them are the reasons."""
    word = said(K.SAID_SAVED)
    consent, account = (
        Evidence(kind, word.at + after)
        for kind, after in ((K.TENANT_NOT_CONSENTED, one), (K.NO_SERVICE_ACCOUNT, other))
    )
    result = assess([ON, word, consent, account], LATE)
    stands = min(one, other) <= timedelta(hours=1)
    assert result.state is (State.SAID_SAVED if stands else State.NEEDS_REVIEW)
    assert (set(result.because) == {ON, word, consent, account}) is not stands


def test_words_given_at_the_same_moment_are_outweighed_by_the_machine() -> None:
    """A log row of the same second counts as the later one."""
    assert assess([ON, said(K.SAW_REAUTHENTICATE), logged(K.SERVICE_ACCOUNT_USED)], LATE).state is (
        State.MIGRATED
    )


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
            if not e.rule.topic and e.kind is not K.READ_FAILED
        }

    assert lasting(merge(known, fresh)) == lasting([*known, *fresh])


@given(some.bodies_of_evidence, some.bodies_of_evidence)
def test_merging_leaves_one_fact_of_each_topic_the_newest_one(
    known: list[Evidence], fresh: list[Evidence]
) -> None:
    """A standing fact is renewed at every look; the newest look wins, in whichever order."""
    merged = merge(known, fresh)
    for topic in {e.rule.topic for e in [*known, *fresh]} - {""}:
        (kept,) = [e for e in merged if e.rule.topic == topic]
        looks = [e.seen_at for e in [*known, *fresh] if e.rule.topic == topic]
        assert kept.seen_at == max(looks)


@given(some.bodies_of_evidence, some.bodies_of_evidence)
def test_merging_forgets_the_failed_reads_of_earlier_looks(
    known: list[Evidence], fresh: list[Evidence]
) -> None:
    """Only what this look could not read is still said to be unreadable."""
    failed = [e for e in merge(known, fresh) if e.kind is K.READ_FAILED]
    assert all(e in fresh for e in failed)
    assert {e.event_id for e in failed} == {e.event_id for e in fresh if e.kind is K.READ_FAILED}


@given(some.bodies_of_evidence, some.bodies_of_evidence)
def test_the_same_look_twice_changes_nothing(known: list[Evidence], fresh: list[Evidence]) -> None:
    """Log rows that are read again are counted once."""
    once = merge(known, fresh)
    assert set(merge(once, fresh)) == set(once)


def test_a_failed_look_leaves_what_was_known_with_its_age() -> None:
    """After a refusal the app is unreadable, but nothing that was known is gone."""
    merged = merge([ON, FRESH_ACCOUNT], [seen(K.READ_FAILED, 1)])
    assert {ON, FRESH_ACCOUNT} <= set(merged)
    assert assess(merged, LATE).state is State.UNREADABLE
    assert assess(merge(merged, [seen(K.CONNECTION_ON, 2)]), LATE).state is State.MIGRATED


@given(some.bodies_of_evidence)
def test_leaving_out_events_in_between_changes_no_state(body: list[Evidence]) -> None:
    """Whatever was left out, the state, its confidence and whether it is contradicted stay."""
    whole, fewer = assess(body, LATE), assess(condensed(set_of(body)), LATE)
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
        assert bool(contradictions(whole)) == bool(contradictions(fewer))


def test_a_thousand_words_are_kept_as_four_of_each_kind_and_person() -> None:
    """The oldest, since it may be contradicted, and the newest three; nobody's hides another's."""
    adas = [said(K.SAID_SAVED, day, "ada@contoso.com") for day in range(1000)]
    bens = [said(K.SAID_SAVED, day, "ben@contoso.com") for day in range(2)]
    saw = [said(K.SAW_AUTHENTICATE, day, "ada@contoso.com") for day in range(1000)]
    kept = condensed([ON, *adas, *bens, *saw])
    assert kept == (ON, adas[0], *adas[-3:], *bens, saw[0], *saw[-3:])


def test_a_thousand_failures_are_kept_as_three() -> None:
    """A broken connection logs one for every user: the oldest and the newest two tell it all."""
    failures = [logged(K.ADMIN_PASSWORD_REJECTED, day) for day in range(1000)]
    kept = condensed([ON, *reversed(failures)])
    assert kept == (ON, failures[0], *failures[-2:])
