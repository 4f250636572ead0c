"""What evidence adds up to now: each rule as a story, its limits, and what always holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.evidence.assessment import assess
from bot.domain.evidence.history import set_of
from bot.domain.evidence.rules import (
    CLOCKS,
    FINISHES_WITHIN,
    GRAPH_FLOW_SINCE,
    SHELVES,
    SHOWS_WITHIN,
    Direction,
    Evidence,
    EvidenceKind,
    Nature,
    Source,
)
from bot.domain.evidence.verdict import Assessment, Confidence, Lack, State
from tests import strategies as some

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
HERE, ELSEWHERE = "tenant-here", "tenant-elsewhere"
K = EvidenceKind
FACT, EVENT, WORD = (SHELVES[nature] for nature in (Nature.FACT, Nature.EVENT, Nature.WORD))


def ago(days: float) -> datetime:
    return NOW - days * DAY


def fact(
    kind: EvidenceKind,
    seen: float = 0,
    made: float | None = None,
    tenant: str = HERE,
    **detail: str,
) -> Evidence:
    """A standing fact: found so many days ago, of something that has a date or has none."""
    in_tenant = kind not in (K.CONNECTION_ON, K.CONNECTION_OFF, K.APP_INACTIVE)
    return Evidence(
        kind,
        ago(seen),
        ago(made) if made is not None else None,
        detail,
        tenant=tenant if in_tenant else "",
    )


def event(kind: EvidenceKind, days: float, tenant: str = "", **detail: str) -> Evidence:
    """A row of a log, read when it was written."""
    return Evidence(kind, ago(days), ago(days), detail, f"{kind}-{days}", tenant)


def word(kind: EvidenceKind, days: float = 0, by: str = "ada@contoso.com") -> Evidence:
    """Somebody's word, given so many days ago."""
    return Evidence(kind, ago(days), ago(days), {"by": by})


def unread(part: str, days: float = 0, since: float | None = None) -> Evidence:
    """A part that could not be read, since so many days."""
    detail = {"part": part, "needed": "yes" if part == "connection" else "no", "call": part}
    first = ago(since) if since is not None else None
    return Evidence(K.READ_FAILED, ago(days), None, detail, part, first_seen=first)


ON, OFF = fact(K.CONNECTION_ON), fact(K.CONNECTION_OFF)
CONSENTED = fact(K.TENANT_CONSENTED, made=200, enabled="yes")
NOT_CONSENTED = fact(K.TENANT_NOT_CONSENTED)
NO_ACCOUNT = fact(K.NO_SERVICE_ACCOUNT)
ACCOUNT = fact(K.SERVICE_ACCOUNT, made=200, enabled="yes")
OLD_ACCOUNT = Evidence(
    K.SERVICE_ACCOUNT, NOW, GRAPH_FLOW_SINCE - SECOND, {"enabled": "yes"}, tenant=HERE
)
DISABLED = fact(K.TENANT_CONSENTED, made=200, enabled="no")
HEALTHY = (ON, ACCOUNT, CONSENTED)
UNCLEAR = fact(K.CONNECTION_UNCLEAR, tenant="")

MIGRATED, LIKELY, PROVEN = State.MIGRATED, Confidence.LIKELY, Confidence.PROVEN
REVIEW, UNTOLD, ATTESTED = State.NEEDS_REVIEW, Confidence.UNTOLD, Confidence.ATTESTED

Story = tuple[str, list[Evidence], State, Confidence]


def told(stories: list[Story]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("body", "state", "confidence"), [s[1:] for s in stories], ids=[s[0] for s in stories]
    )


def check(body: list[Evidence], state: State, confidence: Confidence) -> Assessment:
    """The verdict, in whichever order the evidence comes."""
    found = assess(body, NOW)
    assert (found.state, found.confidence) == (state, confidence)
    assert assess(reversed(body), NOW) == found
    return found


# ------------------------------------------------------------------ is it in scope: an app that
# is off needs nothing, and no old contradiction makes that less sure

SCOPE: list[Story] = [
    ("inactive", [fact(K.APP_INACTIVE)], State.NOT_APPLICABLE, PROVEN),
    ("off", [OFF], State.NOT_APPLICABLE, PROVEN),
    ("off, not looked at lately", [fact(K.CONNECTION_OFF, 3)], State.NOT_APPLICABLE, LIKELY),
    ("off, whatever does not fit together", [OFF, ACCOUNT, event(K.ADMIN_PASSWORD_USED, 3),
     word(K.SAW_AUTHENTICATE)], State.NOT_APPLICABLE, PROVEN),
    ("on, and nothing else", [ON], REVIEW, UNTOLD),
    ("unclear, with all that is needed", [UNCLEAR, ACCOUNT, CONSENTED], REVIEW, UNTOLD),
    ("nothing", [], REVIEW, UNTOLD),
    ("unreadable", [unread("connection")], State.UNREADABLE, UNTOLD),
    ("unreadable since", [fact(K.CONNECTION_ON, 1), ACCOUNT, CONSENTED, unread("connection")],
     State.UNREADABLE, UNTOLD),
    ("off for a year without a look", [fact(K.CONNECTION_OFF, 366)], REVIEW, UNTOLD),
]  # fmt: skip

# ------------------------------------------------------------------ what proves it

PROOF: list[Story] = [
    ("account and consent", [*HEALTHY], MIGRATED, PROVEN),
    ("an account from before, used since", [ON, OLD_ACCOUNT, CONSENTED,
     event(K.SERVICE_ACCOUNT_USED, 3)], MIGRATED, PROVEN),
    ("an account from before", [ON, OLD_ACCOUNT, CONSENTED], REVIEW, UNTOLD),
    ("an account without a date", [ON, fact(K.SERVICE_ACCOUNT), CONSENTED], REVIEW, UNTOLD),
    ("an application of its own", [ON, event(K.PROVISIONING_APP_CREATED, 3)], MIGRATED, PROVEN),
    ("an application of its own needs no other consent", [ON, event(K.PROVISIONING_APP_CREATED, 3),
     NO_ACCOUNT], MIGRATED, PROVEN),
    ("an application of its own, and a consent that went", [ON, event(K.PROVISIONING_APP_CREATED,
     3), fact(K.TENANT_CONSENTED, 2, made=200), NOT_CONSENTED], MIGRATED, LIKELY),
    ("used, nothing read in the tenant", [ON, event(K.SERVICE_ACCOUNT_USED, 1)], MIGRATED, LIKELY),
    ("account, consent never told of, old", [ON, ACCOUNT], MIGRATED, LIKELY),
    ("account, consent never told of, just made", [ON, fact(K.SERVICE_ACCOUNT, made=1)], MIGRATED,
     PROVEN),
    ("account just made, consent not read any more", [ON, fact(K.SERVICE_ACCOUNT, made=1),
     fact(K.TENANT_CONSENTED, 3, made=9)], MIGRATED, LIKELY),
    ("consent alone", [ON, CONSENTED], REVIEW, UNTOLD),
    ("an application of its own, off and saved since", [ON, event(K.PROVISIONING_APP_CREATED, 100),
     fact(K.CONNECTION_OFF, 60), event(K.SETTINGS_SAVED, 40)], MIGRATED, LIKELY),
]  # fmt: skip


@told(PROOF)
def test_proven_takes_machine_evidence_of_this_very_app(
    body: list[Evidence], state: State, confidence: Confidence
) -> None:
    """And that all that it takes to work is there."""
    found = check(body, state, confidence)
    assert found.ends_request is (state is MIGRATED and confidence is PROVEN)


# ------------------------------------------------------------------ shelf lives


@pytest.mark.parametrize("kind", [K.CONNECTION_ON, K.SERVICE_ACCOUNT, K.TENANT_CONSENTED])
def test_each_part_must_have_been_found_within_two_days(kind: EvidenceKind) -> None:
    """One failed look of a day is no loss; the second is. And the verdict says until when."""
    for age, confidence in ((FACT.full - SECOND, PROVEN), (FACT.full, LIKELY)):
        aged = [
            Evidence(e.kind, NOW - age, e.happened_at, e.detail, tenant=e.tenant)
            if e.kind is kind
            else e
            for e in HEALTHY
        ]
        found = check(aged, MIGRATED, confidence)
        assert found.as_of == NOW - age
        if confidence is PROVEN:
            assert found.holds_until == NOW + SECOND


def test_an_event_proves_for_thirty_days() -> None:
    """What came after it would have been seen; of last year's that cannot be said."""
    for days, state, confidence in (
        (29.9, MIGRATED, PROVEN),
        (30, MIGRATED, LIKELY),
        (364.9, MIGRATED, LIKELY),
        (365, REVIEW, UNTOLD),
    ):
        check([ON, event(K.PROVISIONING_APP_CREATED, days)], state, confidence)


def test_what_was_not_read_for_a_year_asks_for_a_look() -> None:
    """Until then it is likely, as of the day that it was read."""
    for days, state in ((364.9, MIGRATED), (365, REVIEW)):
        body = [fact(K.SERVICE_ACCOUNT, days, made=500), fact(K.TENANT_CONSENTED, days, made=500)]
        found = assess([ON, *body, unread("microsoft", since=days)], NOW)
        assert found.state is state
        assert found.confidence is not PROVEN


def test_a_log_that_cannot_be_read_for_two_days_leaves_nothing_proven() -> None:
    """Silence tells nothing where nobody listens."""
    check([*HEALTHY, unread("log", since=1.9)], MIGRATED, PROVEN)
    check([*HEALTHY, unread("log", since=2)], MIGRATED, LIKELY)
    check([*HEALTHY, unread("microsoft")], MIGRATED, PROVEN)  # what counts was read


# ------------------------------------------------------------------ what it takes to work

GONE = fact(K.TENANT_CONSENTED, 1, made=200)
PARTS: list[tuple[str, list[Evidence], State, Lack]] = [
    ("consent gone", [ON, ACCOUNT, GONE, NOT_CONSENTED], State.NEEDS_CONSENT, Lack.CONSENT_GONE),
    ("never found", [ON, ACCOUNT, NOT_CONSENTED], REVIEW, Lack.CONSENT_NOT_FOUND),
    ("audited, so it was there", [ON, ACCOUNT, event(K.CONSENT_AUDITED, 9, HERE), NOT_CONSENTED],
     State.NEEDS_CONSENT, Lack.CONSENT_GONE),
    ("disabled", [ON, ACCOUNT, DISABLED], REVIEW, Lack.PRINCIPAL_DISABLED),
    ("disabled, used yesterday", [ON, ACCOUNT, DISABLED, event(K.SERVICE_ACCOUNT_USED, 1)], REVIEW,
     Lack.PRINCIPAL_DISABLED),
    ("account gone", [ON, fact(K.SERVICE_ACCOUNT, 1, made=200), NO_ACCOUNT, CONSENTED,
     event(K.SERVICE_ACCOUNT_USED, 30)], REVIEW, Lack.ACCOUNT_GONE),
    ("account blocked", [ON, fact(K.SERVICE_ACCOUNT, made=200, enabled="no"), CONSENTED], REVIEW,
     Lack.ACCOUNT_BLOCKED),
    ("never migrated, consent gone", [ON, GONE, NOT_CONSENTED, NO_ACCOUNT], State.NEEDS_CONSENT,
     Lack.CONSENT_GONE),
    ("on a password, and disabled", [ON, event(K.ADMIN_PASSWORD_USED, 3), DISABLED],
     State.NEEDS_SAVE, Lack.PRINCIPAL_DISABLED),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "state", "lack"), [p[1:] for p in PARTS], ids=[p[0] for p in PARTS]
)
def test_a_part_that_is_seen_to_be_gone_opens_the_app_again(
    body: list[Evidence], state: State, lack: Lack
) -> None:
    """And says what is to be done: consent again, enable, unblock, or look."""
    assert check(body, state, LIKELY).lack is lack


def test_a_consent_that_bears_another_name_is_settled_by_a_look() -> None:
    """Somebody who looked at the app knows more than a search by name."""
    body = [ON, ACCOUNT, NOT_CONSENTED]
    for saw in (K.SAW_NO_PASSWORD_FIELDS, K.SAW_REAUTHENTICATE, K.SAW_VERIFIED, K.TEST_SUCCEEDED):
        check([*body, word(saw, 9)], MIGRATED, LIKELY)
        check([*body, word(saw, 91)], REVIEW, LIKELY)
    for saw in (K.SAW_NO_BUTTON, K.SAW_NOT_VERIFIED, K.TEST_FAILED):
        check([*body, word(saw, 9)], REVIEW, LIKELY)
    check([*body, word(K.SAID_SAVED, 9)], REVIEW, LIKELY)


# ------------------------------------------------------------------ whose evidence


def test_what_was_read_in_another_tenant_is_history() -> None:
    """The tenant that the app leads to is the one that was read last."""
    there = [
        fact(K.SERVICE_ACCOUNT, 1, made=200, tenant=ELSEWHERE),
        fact(K.TENANT_CONSENTED, 1, made=200, tenant=ELSEWHERE),
    ]
    found = check([ON, *there, NOT_CONSENTED, NO_ACCOUNT], State.NEEDS_CONSENT, LIKELY)
    assert set(found.past) == set(there)
    assert found.lack is None  # here there never was one
    check([ON, *there, CONSENTED, NO_ACCOUNT], State.NEEDS_SAVE, LIKELY)
    check([ON, *there, ACCOUNT, CONSENTED], MIGRATED, PROVEN)


@pytest.mark.parametrize("tenant", ["", ELSEWHERE])
def test_after_a_move_nothing_from_before_counts(tenant: str) -> None:
    """Also when the new tenant cannot be read, or is not even known."""
    moved = event(K.APP_MOVED, 1, tenant, name="fabrikam", was="contoso")
    before = [
        fact(K.SERVICE_ACCOUNT, 2, made=200),
        fact(K.TENANT_CONSENTED, 2, made=200),
        event(K.SERVICE_ACCOUNT_USED, 3),
        event(K.PROVISIONING_APP_CREATED, 4),
    ]
    found = check([ON, *before, moved, unread("microsoft")], REVIEW, UNTOLD)
    assert found.lack is Lack.MOVED
    assert set(before) <= set(found.past)
    unplaced = [Evidence(e.kind, e.seen_at, e.happened_at, e.detail, e.event_id) for e in before]
    assert check([ON, *unplaced, moved], REVIEW, UNTOLD).lack is Lack.MOVED


def test_another_domain_of_the_same_tenant_leaves_it_likely() -> None:
    """Until something newer confirms it."""
    moved = event(K.APP_MOVED, 5, HERE, name="fabrikam.com", was="contoso.com")
    check([*HEALTHY, moved], MIGRATED, LIKELY)
    check([*HEALTHY, moved, event(K.SERVICE_ACCOUNT_USED, 4)], MIGRATED, PROVEN)


@pytest.mark.parametrize("without", [K.SERVICE_ACCOUNT, K.TENANT_CONSENTED])
def test_evidence_without_a_tenant_proves_nothing(without: EvidenceKind) -> None:
    """A version before this one did not write it; the next look does."""
    lifted = [
        Evidence(e.kind, e.seen_at, e.happened_at, e.detail) if e.kind is without else e
        for e in HEALTHY
    ]
    check(lifted, MIGRATED, LIKELY)


# ------------------------------------------------------------------ what may have changed since

CHANGES = {
    "a Save": event(K.SETTINGS_SAVED, 40),
    "off": fact(K.CONNECTION_OFF, 40),
    "inactive": fact(K.APP_INACTIVE, 40),
    "activated": event(K.APP_ACTIVATED, 40),
    "moved": event(K.APP_MOVED, 40, HERE),
    "unwatched": event(K.UNWATCHED, 40),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_proof_older_than_the_last_change_is_no_more_than_likely(change: Evidence) -> None:
    """Until a newer one confirms it, by more than clocks differ; one log has one clock."""
    check([*HEALTHY, change], MIGRATED, LIKELY)
    used = event(K.SERVICE_ACCOUNT_USED, 39)
    assert used in check([*HEALTHY, change, used], MIGRATED, PROVEN).because
    near = Evidence(K.SERVICE_ACCOUNT_USED, NOW, change.at + CLOCKS, {}, "near")
    one_log = change.rule.source is Source.OKTA_LOG
    check([*HEALTHY, change, near], MIGRATED, PROVEN if one_log else LIKELY)
    if change.kind is not K.APP_MOVED:  # then it is another tenant's
        check([ON, event(K.PROVISIONING_APP_CREATED, 41), change], MIGRATED, LIKELY)


def test_the_save_that_finishes_the_work_is_no_change() -> None:
    """It comes a little after the account that Okta makes."""
    for after, confidence in ((FINISHES_WITHIN, PROVEN), (FINISHES_WITHIN + SECOND, LIKELY)):
        at = ACCOUNT.at + after
        check([*HEALTHY, Evidence(K.SETTINGS_SAVED, at, at, {}, "s")], MIGRATED, confidence)


def test_what_happened_before_the_proof_takes_nothing_from_it() -> None:
    """A password, a button, a Save, being off: all of it is overtaken."""
    before = [
        event(K.ADMIN_PASSWORD_USED, 201),
        word(K.SAW_AUTHENTICATE, 202),
        event(K.SETTINGS_SAVED, 201),
        fact(K.CONNECTION_OFF, 201),
    ]
    assert check([*HEALTHY, *before], MIGRATED, PROVEN).contradictions == ()


# ------------------------------------------------------------------ what speaks against it


def test_a_password_after_the_proof_opens_the_app() -> None:
    """Both are shown; a use of the account after that settles it."""
    back = event(K.ADMIN_PASSWORD_USED, 3)
    found = check([*HEALTHY, back], State.NEEDS_SAVE, LIKELY)
    assert [(c.done, c.not_done) for c in found.contradictions] == [(ACCOUNT, back)]
    check([*HEALTHY, back, event(K.SERVICE_ACCOUNT_USED, 2)], MIGRATED, PROVEN)
    check([ON, ACCOUNT, NOT_CONSENTED, back], State.NEEDS_CONSENT, LIKELY)
    check([ON, fact(K.SERVICE_ACCOUNT, 3, made=200), back], REVIEW, LIKELY)


@pytest.mark.parametrize("apart", [-CLOCKS, -SECOND, timedelta(0), SECOND, CLOCKS])
@pytest.mark.parametrize("kind", [K.ADMIN_PASSWORD_REJECTED, K.ADMIN_PASSWORD_USED])
def test_within_some_minutes_two_clouds_have_no_order(kind: EvidenceKind, apart: timedelta) -> None:
    """Whichever comes first: likely, and both are shown."""
    at = ACCOUNT.at + apart
    found = check([*HEALTHY, Evidence(kind, at, at, {}, "p")], MIGRATED, LIKELY)
    assert len(found.contradictions) == 1
    before, after = ACCOUNT.at - CLOCKS - SECOND, ACCOUNT.at + FINISHES_WITHIN + SECOND
    check([*HEALTHY, Evidence(kind, before, before, {}, "p")], MIGRATED, PROVEN)
    check([*HEALTHY, Evidence(kind, after, after, {}, "p")], State.NEEDS_SAVE, LIKELY)


AGAINST = [K.SAW_AUTHENTICATE, K.SAW_PASSWORD_FIELDS, K.SAW_NOT_VERIFIED, K.TEST_FAILED]


@pytest.mark.parametrize("kind", AGAINST)
def test_a_word_against_a_proof_is_shown_and_ages(kind: EvidenceKind) -> None:
    """A look at first, then likely; and the old proof is never called proven again."""
    for days, state, shown in (
        (0, REVIEW, True),
        (29.9, REVIEW, True),
        (30, MIGRATED, True),
        (89.9, MIGRATED, True),
        (90, MIGRATED, False),
    ):
        found = check([*HEALTHY, word(kind, days)], state, LIKELY)
        assert bool(found.contradictions) is shown
    newer = event(K.SERVICE_ACCOUNT_USED, 2)
    check([*HEALTHY, word(kind, 3), newer], MIGRATED, PROVEN)


def test_a_part_that_is_gone_outweighs_a_word() -> None:
    """What is missing says better what is to be done."""
    body = [ON, ACCOUNT, GONE, NOT_CONSENTED, word(K.SAW_AUTHENTICATE)]
    check(body, State.NEEDS_CONSENT, LIKELY)


def test_reauthenticate_says_nothing_against_a_proof() -> None:
    """Guides of 2023 show that button, and it seems to stay once an app is migrated."""
    check([*HEALTHY, word(K.SAW_REAUTHENTICATE)], MIGRATED, PROVEN)


# ------------------------------------------------------------------ nothing shows that it is done

OPEN: list[Story] = [
    ("Authenticate", [ON, word(K.SAW_AUTHENTICATE)], State.NEEDS_CONSENT, ATTESTED),
    ("Authenticate last month", [ON, word(K.SAW_AUTHENTICATE, 30)], State.NEEDS_CONSENT, LIKELY),
    ("Authenticate last quarter", [ON, word(K.SAW_AUTHENTICATE, 90)], REVIEW, UNTOLD),
    ("Authenticate, and saved since", [ON, word(K.SAW_AUTHENTICATE, 2), event(K.SETTINGS_SAVED, 1)],
     State.NEEDS_CONSENT, LIKELY),
    ("Authenticate, although the tenant consented", [ON, word(K.SAW_AUTHENTICATE), CONSENTED],
     State.NEEDS_CONSENT, ATTESTED),
    ("Authenticate, and the consent came after it", [ON, word(K.SAW_AUTHENTICATE, 2),
     event(K.CONSENT_AUDITED, 1, HERE)], State.NEEDS_SAVE, LIKELY),
    ("Reauthenticate", [ON, word(K.SAW_REAUTHENTICATE)], State.NEEDS_SAVE, LIKELY),
    ("Reauthenticate, and fields for a password", [ON, word(K.SAW_REAUTHENTICATE),
     word(K.SAW_PASSWORD_FIELDS)], State.NEEDS_SAVE, ATTESTED),
    ("fields for a password, and a consent in the tenant", [ON, word(K.SAW_PASSWORD_FIELDS),
     CONSENTED], State.NEEDS_SAVE, LIKELY),
    ("fields for a password", [ON, word(K.SAW_PASSWORD_FIELDS)], REVIEW, LIKELY),
    ("Reauthenticate, and no consent is found", [ON, word(K.SAW_REAUTHENTICATE, 1), NOT_CONSENTED],
     REVIEW, LIKELY),
    ("Reauthenticate last month, and no consent is found", [ON, word(K.SAW_REAUTHENTICATE, 30),
     NOT_CONSENTED], REVIEW, LIKELY),
    ("password, no consent", [ON, event(K.ADMIN_PASSWORD_USED, 1), NOT_CONSENTED],
     State.NEEDS_CONSENT, LIKELY),
    ("password, consent", [ON, event(K.ADMIN_PASSWORD_REJECTED, 1), CONSENTED], State.NEEDS_SAVE,
     LIKELY),
    ("password, consent not known", [ON, event(K.ADMIN_PASSWORD_USED, 1)], REVIEW, LIKELY),
    ("password a year ago", [ON, event(K.ADMIN_PASSWORD_USED, 365)], REVIEW, UNTOLD),
    ("Authenticate and a password, two years ago", [ON, word(K.SAW_AUTHENTICATE, 701),
     event(K.ADMIN_PASSWORD_REJECTED, 700)], REVIEW, UNTOLD),
    ("used yesterday, and Authenticate since", [ON, event(K.SERVICE_ACCOUNT_USED, 1),
     word(K.SAW_AUTHENTICATE)], REVIEW, LIKELY),
    ("used in another tenant", [ON, event(K.SERVICE_ACCOUNT_USED, 60, ELSEWHERE), NO_ACCOUNT,
     NOT_CONSENTED], State.NEEDS_CONSENT, LIKELY),
    ("no consent", [ON, NOT_CONSENTED], State.NEEDS_CONSENT, LIKELY),
    ("consent, but no account", [ON, CONSENTED, NO_ACCOUNT], State.NEEDS_SAVE, LIKELY),
    ("somebody saved", [ON, event(K.SETTINGS_SAVED, 1)], REVIEW, UNTOLD),
    ("verified, tested", [ON, word(K.SAW_VERIFIED), word(K.TEST_SUCCEEDED)], REVIEW, UNTOLD),
]  # fmt: skip


@told([*SCOPE, *OPEN])
def test_out_of_scope_or_without_a_proof_it_says_what_is_known_to_be_missing(
    body: list[Evidence], state: State, confidence: Confidence
) -> None:
    """Attested by a fresh word about the app itself, else likely, else it cannot be told."""
    check(body, state, confidence)


SAID = word(K.SAID_SAVED)
WORDS: list[Story] = [
    ("said", [ON, SAID], State.SAID_SAVED, ATTESTED),
    ("no fields for a password", [ON, word(K.SAW_NO_PASSWORD_FIELDS)], State.SAID_SAVED, ATTESTED),
    ("said last month", [ON, word(K.SAID_SAVED, 30)], State.SAID_SAVED, LIKELY),
    ("said last quarter", [ON, word(K.SAID_SAVED, 90)], REVIEW, UNTOLD),
    ("said, not there yet", [ON, SAID, NOT_CONSENTED, NO_ACCOUNT], State.SAID_SAVED, ATTESTED),
    ("said, a day later there is nothing", [ON, word(K.SAID_SAVED, 1), NOT_CONSENTED, NO_ACCOUNT],
     REVIEW, LIKELY),
    ("said again, after nothing was found", [ON, word(K.SAID_SAVED, 2), fact(K.TENANT_NOT_CONSENTED,
     1), fact(K.NO_SERVICE_ACCOUNT, 1), SAID], State.SAID_SAVED, ATTESTED),
    ("said, a day later there is no account", [ON, word(K.SAID_SAVED, 1), NO_ACCOUNT, CONSENTED],
     State.SAID_SAVED, LIKELY),
    ("said, a day later there is no consent", [ON, word(K.SAID_SAVED, 1), OLD_ACCOUNT,
     NOT_CONSENTED], State.SAID_SAVED, LIKELY),
    ("said, then a password", [ON, word(K.SAID_SAVED, 2), event(K.ADMIN_PASSWORD_USED, 1)], REVIEW,
     LIKELY),
    ("a password, then said", [*HEALTHY, event(K.ADMIN_PASSWORD_USED, 2), word(K.SAID_SAVED, 1)],
     State.SAID_SAVED, ATTESTED),
    ("said, and somebody else sees fields for a password", [ON, word(K.SAID_SAVED, 1),
     word(K.SAW_PASSWORD_FIELDS, 0, "ben@contoso.com")], REVIEW, LIKELY),
    ("said, then the test failed", [ON, word(K.SAID_SAVED, 1), word(K.TEST_FAILED)],
     State.SAID_SAVED, LIKELY),
    ("said, and so does the log", [*HEALTHY, SAID, event(K.SERVICE_ACCOUNT_USED, 1)], MIGRATED,
     PROVEN),
]  # fmt: skip


@told(WORDS)
def test_a_word_counts_until_a_machine_shows_otherwise(
    body: list[Evidence], state: State, confidence: Confidence
) -> None:
    """It never makes an app migrated, and what a machine shows against it lowers it."""
    found = check(body, state, confidence)
    if confidence is LIKELY and state is State.SAID_SAVED and "30" not in str(body[1].at - NOW):
        assert found.contradictions


def test_a_word_stands_for_an_hour_against_a_directory_that_shows_nothing() -> None:
    """Both looks have to be later than that."""
    for after, state in ((SHOWS_WITHIN, State.SAID_SAVED), (SHOWS_WITHIN + SECOND, REVIEW)):
        said = Evidence(K.SAID_SAVED, NOW - after, NOW - after, {"by": "ada@contoso.com"})
        assert assess([ON, said, NOT_CONSENTED, NO_ACCOUNT], NOW).state is state


def test_a_machine_at_the_same_moment_outweighs_a_word() -> None:
    """A log row of the same second counts as the later one."""
    used = event(K.SERVICE_ACCOUNT_USED, 0)
    assert assess([*HEALTHY, word(K.SAW_AUTHENTICATE), used], NOW).confidence is PROVEN


# ------------------------------------------------------------------ bad input


def test_a_kind_of_tomorrow_is_kept_and_decides_nothing() -> None:
    """It is shown beside, and proves nothing."""
    odd = Evidence(EvidenceKind("of_tomorrow"), NOW, NOW, {"by": "x"}, "e1", HERE)
    assert odd in check([ON, odd], REVIEW, UNTOLD).beside
    check([*HEALTHY, odd], MIGRATED, PROVEN)


@pytest.mark.parametrize(
    "body",
    [
        [ON, event(K.PROVISIONING_APP_CREATED, -1)],
        [*HEALTHY[:2], fact(K.TENANT_CONSENTED, -1)],
        [fact(K.CONNECTION_ON, -1), *HEALTHY[1:]],
        [ON, fact(K.SERVICE_ACCOUNT, made=-1), CONSENTED],
        [*HEALTHY, event(K.SETTINGS_SAVED, -1)],
        [*HEALTHY, event(K.ADMIN_PASSWORD_USED, -1)],
    ],
)
def test_what_is_dated_in_the_future_proves_nothing(body: list[Evidence]) -> None:
    """A clock is wrong, and nobody knows which."""
    found = assess(body, NOW)
    assert found.confidence is not PROVEN
    assert found.holds_until is not None
    assert len(found.because) + len(found.beside) + len(found.past) == len(body)


# ------------------------------------------------------------------ for any evidence

later = st.integers(0, 900).map(lambda days: some.START + days * DAY)


@given(some.bodies_of_evidence.flatmap(lambda e: st.tuples(st.just(e), st.permutations(e))), later)
def test_the_order_of_evidence_does_not_matter(
    both: tuple[list[Evidence], list[Evidence]], now: datetime
) -> None:
    """The same evidence in any order gives the same verdict."""
    assert assess(both[0], now) == assess(both[1], now)


@given(some.bodies_of_evidence, later)
def test_nothing_is_lost_between_the_reasons_and_what_is_beside_them(
    body: list[Evidence], now: datetime
) -> None:
    """Every piece is shown exactly once: as a reason, beside it, or as past."""
    result = assess(body, now)
    shown = [*result.because, *result.beside, *result.past]
    assert len(shown) == len(set_of(body))
    assert all(piece in shown for piece in set_of(body))


@given(some.bodies_of_evidence, later, st.floats(0, 1))
@example([*HEALTHY], NOW, 0.999)
def test_a_verdict_holds_until_it_says(body: list[Evidence], now: datetime, part: float) -> None:
    """Nothing changes by time alone before that moment, and never where it says None."""
    first = assess(body, now)
    end = first.holds_until or now + 4000 * DAY
    assert end > now
    then = min(now + part * (end - now), end - timedelta.resolution)
    assert assess(body, then) == first


@given(some.bodies_of_evidence, later)
def test_without_decisive_evidence_for_the_app_it_is_never_migrated(
    body: list[Evidence], now: datetime
) -> None:
    """Hints, words and what is known of the tenant never add up to it.

    That Okta renewed its registration's secret says that it had made one.
    """
    hints = [
        e
        for e in body
        if e.rule.nature is Nature.WORD
        or not ((e.rule.decisive and e.leans(Direction.DONE)) or e.kind is K.OWN_SECRET_RENEWED)
    ]
    assert assess([ON, SAID, *hints], now).state is not MIGRATED


@given(some.bodies_of_evidence, later)
def test_a_contradicted_state_is_never_called_proven(body: list[Evidence], now: datetime) -> None:
    """What does not fit together is shown with less confidence."""
    result = assess(body, now)
    if result.contradictions and result.state is not State.NOT_APPLICABLE:
        assert result.confidence is not PROVEN


@given(some.bodies_of_evidence, some.attestations(), later)
def test_a_word_never_hides_a_contradiction_between_machines(
    body: list[Evidence], attestation: Evidence, now: datetime
) -> None:
    """Only newer machine evidence settles one."""

    def conflicts(evidence: list[Evidence]) -> set[Evidence]:
        found = assess(evidence, now).contradictions
        return {c.done for c in found if c.done.rule.nature is not Nature.WORD}

    assert conflicts(body) <= conflicts([*body, attestation])


@given(some.bodies_of_evidence, later)
def test_the_age_of_a_state_is_that_of_its_oldest_reason(
    body: list[Evidence], now: datetime
) -> None:
    """`as_of` is never younger than anything the state rests on."""
    result = assess(body, now)
    assert result.as_of == min((e.last_true for e in result.because), default=None)
