"""What lies beside the stories of `test_assessment`: each told as an identity admin would."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.evidence.assessment import assess
from bot.domain.evidence.rules import CLOCKS, FINISHES_WITHIN, SHOWS_WITHIN, Evidence, EvidenceKind
from bot.domain.evidence.verdict import Confidence, Lack, State
from tests.there import there
from tests.unit.test_assessment import (
    ACCOUNT,
    ATTESTED,
    CONSENTED,
    DISABLED,
    ELSEWHERE,
    HEALTHY,
    HERE,
    LIKELY,
    MIGRATED,
    NO_ACCOUNT,
    NOT_CONSENTED,
    NOW,
    OLD_ACCOUNT,
    ON,
    PROVEN,
    REVIEW,
    SECOND,
    UNTOLD,
    K,
    Story,
    ago,
    check,
    event,
    fact,
    told,
    unread,
    word,
)

HOUR = 1 / 24
CONSENT, SAVE = State.NEEDS_CONSENT, State.NEEDS_SAVE


def account(made: float = 200, seen: float = 0, tenant: str = HERE) -> Evidence:
    return fact(K.SERVICE_ACCOUNT, seen, made=made, tenant=tenant)


def consent(made: float = 200, seen: float = 0, tenant: str = HERE) -> Evidence:
    return fact(K.TENANT_CONSENTED, seen, made=made, tenant=tenant)


# What works is proven, whatever is beside it that says nothing against it; what may not is likely.
HEALTH: list[Story] = [
    ("made two years ago, found today", [ON, account(700), consent(800)], MIGRATED, PROVEN),
    ("it could not be read three days ago", [*HEALTHY, unread("connection", 3)], MIGRATED, PROVEN),
    ("somebody says it is saved", [*HEALTHY, word(K.SAID_SAVED)], MIGRATED, PROVEN),
    ("somebody could not sign in", [*HEALTHY, word(K.COULD_NOT_SIGN_IN)], MIGRATED, PROVEN),
    ("the tenant was not found today", [ON, account(seen=HOUR), consent(seen=HOUR),
     unread("microsoft")], MIGRATED, PROVEN),
    ("off, then set up anew", [ON, fact(K.CONNECTION_OFF, 10), account(9), consent(9)],
     MIGRATED, PROVEN),
    ("a Save, then another account", [ON, account(39), CONSENTED, event(K.SETTINGS_SAVED, 40)],
     MIGRATED, PROVEN),
    ("a Save, then a consent", [ON, ACCOUNT, consent(39), event(K.SETTINGS_SAVED, 40)],
     MIGRATED, LIKELY),
    ("finished by a Save, then saved again", [*HEALTHY, event(K.SETTINGS_SAVED, 199.997),
     event(K.SETTINGS_SAVED, 198)], MIGRATED, LIKELY),
    ("the log goes back to before the account", [ON, account(89), consent(300),
     event(K.UNWATCHED, 90)], MIGRATED, PROVEN),
    ("the log does not go back so far", [ON, account(91), consent(300), event(K.UNWATCHED, 90)],
     MIGRATED, LIKELY),
    ("used before a gap in the log", [*HEALTHY, event(K.SERVICE_ACCOUNT_USED, 10),
     event(K.UNWATCHED, 5)], MIGRATED, LIKELY),
    ("used after a gap in the log", [*HEALTHY, event(K.SERVICE_ACCOUNT_USED, 4),
     event(K.UNWATCHED, 5)], MIGRATED, PROVEN),
    ("hundreds of Saves before", [ON, account(2), CONSENTED,
     *(event(K.SETTINGS_SAVED, 3 + day) for day in range(300))], MIGRATED, PROVEN),
    ("hundreds of Saves after", [*HEALTHY,
     *(event(K.SETTINGS_SAVED, 199 - day / 2) for day in range(300))], MIGRATED, LIKELY),
    ("an application of its own, and the log unread", [ON, event(K.PROVISIONING_APP_CREATED, 3),
     unread("log", since=2)], MIGRATED, LIKELY),
]  # fmt: skip


# What counts after a move is of the tenant that it leads to; there and back is a change as well.
MOVES: list[Story] = [
    ("there and back", [*HEALTHY, event(K.APP_MOVED, 10, ELSEWHERE), event(K.APP_MOVED, 1, HERE)],
     MIGRATED, LIKELY),
    ("used after the move, nothing to be read", [ON, event(K.APP_MOVED, 5, ELSEWHERE),
     event(K.SERVICE_ACCOUNT_USED, 1), unread("microsoft")], MIGRATED, LIKELY),
    ("used before the move", [ON, event(K.APP_MOVED, 5, ELSEWHERE),
     event(K.SERVICE_ACCOUNT_USED, 6)], REVIEW, UNTOLD),
    ("set up anew there", [ON, event(K.APP_MOVED, 5, ELSEWHERE), account(3, tenant=ELSEWHERE),
     consent(4, tenant=ELSEWHERE)], MIGRATED, PROVEN),
    ("back where it once was", [ON, event(K.APP_MOVED, 5, ELSEWHERE),
     account(100, tenant=ELSEWHERE), consent(104, tenant=ELSEWHERE)], MIGRATED, LIKELY),
    ("the consent is another tenant's", [ON, ACCOUNT, consent(seen=1, tenant=ELSEWHERE)],
     MIGRATED, LIKELY),
    ("the new tenant is known, and cannot be read", [ON, account(seen=HOUR), consent(seen=HOUR),
     replace(unread("microsoft"), tenant=ELSEWHERE)], REVIEW, UNTOLD),
    ("the clock of a move is ahead", [*HEALTHY, event(K.APP_MOVED, -1, HERE)], MIGRATED, LIKELY),
]  # fmt: skip


@pytest.mark.parametrize(("days", "confidence"), [(29.9, PROVEN), (30, LIKELY), (364, LIKELY)])
def test_an_account_of_the_former_flow_proves_by_its_use_alone(
    days: float, confidence: Confidence
) -> None:
    """That it is there says nothing, so its use has to be fresh."""
    check([ON, OLD_ACCOUNT, CONSENTED, event(K.SERVICE_ACCOUNT_USED, days)], MIGRATED, confidence)


def test_until_the_save_the_password_works_on() -> None:
    """Okta makes the account first: a password within the quarter of an hour opens nothing."""
    for after, state in ((FINISHES_WITHIN, MIGRATED), (FINISHES_WITHIN + SECOND, SAVE)):
        at = ACCOUNT.at + after
        found = check([*HEALTHY, Evidence(K.ADMIN_PASSWORD_REJECTED, at, at, {}, "r")],
                      state, LIKELY)  # fmt: skip
        assert found.contradictions
    own = event(K.PROVISIONING_APP_CREATED, 3)
    at = own.at + SECOND  # one log, one clock, and nothing left to be saved
    check([ON, CONSENTED, own, Evidence(K.ADMIN_PASSWORD_USED, at, at, {}, "r")], SAVE, LIKELY)


def test_an_account_that_is_gone_is_said_to_be_gone() -> None:
    """Whether the log ever named it or not; the former flow's account tells nothing."""
    body = [ON, CONSENTED, NO_ACCOUNT]
    assert check([*body, account(seen=1)], REVIEW, LIKELY).lack is Lack.ACCOUNT_GONE
    former = replace(OLD_ACCOUNT, seen_at=NOW - timedelta(days=1))
    assert check([*body, former], SAVE, LIKELY).lack is None
    own = event(K.PROVISIONING_APP_CREATED, 400)
    assert check([*body, own], SAVE, LIKELY).lack is None
    disabled = check([ON, DISABLED, NO_ACCOUNT, account(seen=1)], REVIEW, LIKELY)
    assert disabled.lack is Lack.PRINCIPAL_DISABLED


def test_a_consent_is_not_called_gone_while_it_may_not_show_yet() -> None:
    """Nor where it is there, and only the app's button tells otherwise."""
    for after, lack in ((SHOWS_WITHIN, None), (SHOWS_WITHIN + SECOND, Lack.CONSENT_GONE)):
        at = NOW - after
        audited = Evidence(K.CONSENT_AUDITED, at, at, {}, "a", HERE)
        assert assess([ON, ACCOUNT, NOT_CONSENTED, audited], NOW).lack is lack
    later = event(K.CONSENT_AUDITED, 0, HERE)
    looked = [ON, ACCOUNT, fact(K.TENANT_NOT_CONSENTED, HOUR)]
    assert check([*looked, later], MIGRATED, LIKELY).lack is None
    found = check([ON, CONSENTED, word(K.SAW_AUTHENTICATE)], CONSENT, ATTESTED)
    assert found.lack is None


@pytest.mark.parametrize(
    ("against", "answer", "state"),
    [
        (K.TEST_FAILED, K.TEST_SUCCEEDED, MIGRATED),
        (K.SAW_NOT_VERIFIED, K.SAW_VERIFIED, MIGRATED),
        (K.SAW_AUTHENTICATE, K.SAW_NO_PASSWORD_FIELDS, MIGRATED),
        (K.SAW_AUTHENTICATE, K.TEST_SUCCEEDED, REVIEW),
        (K.TEST_FAILED, K.SAID_SAVED, REVIEW),
        (K.TEST_FAILED, K.COULD_NOT_SIGN_IN, REVIEW),
    ],
)
def test_a_word_against_a_proof_asks_for_a_look_until_somebody_looked(
    against: K, answer: K, state: State
) -> None:
    """What was not right is seen to be right: it is likely, and both are shown."""
    body = [*HEALTHY, word(against, 3)]
    assert check([*body, word(answer, 1, "ben@contoso.com")], state, LIKELY).contradictions
    check([*body, word(answer, 4)], REVIEW, LIKELY)
    check([*body, event(K.SERVICE_ACCOUNT_USED, 2)], MIGRATED, PROVEN)


@pytest.mark.parametrize(
    ("beside", "doubt"),
    [
        ([event(K.SETTINGS_SAVED, 40)], K.SETTINGS_SAVED),
        ([event(K.UNWATCHED, 40), event(K.SETTINGS_SAVED, 60)], K.UNWATCHED),
        ([unread("log", since=2), unread("microsoft", since=2)], K.READ_FAILED),
        ([word(K.SAW_AUTHENTICATE, 31)], K.SAW_AUTHENTICATE),
        (
            [replace(event(K.SERVICE_ACCOUNT_SIGNED_IN, 40), seen_at=NOW)],
            K.SERVICE_ACCOUNT_SIGNED_IN,
        ),
    ],
)
def test_a_likely_verdict_names_what_makes_it_no_more_than_that(
    beside: list[Evidence], doubt: EvidenceKind
) -> None:
    """The newest that may have undone it, or what could not be read."""
    found = there(check([*HEALTHY, *beside], MIGRATED, LIKELY).doubt)
    assert (found.kind, found.failed_part) == (doubt, "log" if doubt is K.READ_FAILED else "")
    aged = [ON, account(seen=3), consent(seen=3), unread("microsoft", since=2)]
    assert there(check(aged, MIGRATED, LIKELY).doubt).failed_part == "microsoft"
    assert check([*HEALTHY, unread("microsoft", since=2)], MIGRATED, PROVEN).doubt is None


# ------------------------------------------------------------------ clocks that are ahead


@pytest.mark.parametrize(("ahead", "confidence"), [(CLOCKS, PROVEN), (CLOCKS + SECOND, LIKELY)])
def test_a_clock_may_be_ahead_by_as_much_as_clocks_differ(
    ahead: timedelta, confidence: Confidence
) -> None:
    """A part, an account, or a use that is dated later than that proves nothing yet."""
    for one in HEALTHY:
        rest = [e for e in HEALTHY if e is not one]
        check([*rest, replace(one, seen_at=NOW + ahead)], MIGRATED, confidence)
    check([ON, replace(ACCOUNT, happened_at=NOW + ahead), CONSENTED], MIGRATED, confidence)


def test_an_event_of_tomorrow_counts_for_nothing_until_then() -> None:
    """It neither proves, nor opens, nor attests; and the verdict ends when its day comes."""
    for ahead, counts in ((CLOCKS, True), (CLOCKS + SECOND, False)):
        at = NOW + ahead
        for kind, state in (
            (K.PROVISIONING_APP_CREATED, MIGRATED),
            (K.ADMIN_PASSWORD_USED, SAVE),
            (K.SAID_SAVED, State.SAID_SAVED),
        ):
            found = assess([ON, CONSENTED, Evidence(kind, at, at, {}, "e")], NOW)
            assert found.state is (state if counts else REVIEW)
            assert found.holds_until is None or found.holds_until > NOW
            if not counts:
                assert found.holds_until == at - CLOCKS
                assert found.confidence is UNTOLD


MINUTE = HOUR / 60


def rights(there: str, seen: float = 0, client_id: str = "the-id") -> Evidence:
    return fact(K.OWN_REGISTRATION, seen, enabled="yes", rights=there, client_id=client_id)


REGISTERED = fact(K.OWN_REGISTRATION, enabled="yes")
UNREGISTERED = fact(K.NO_OWN_REGISTRATION)


def made(days: float) -> Evidence:
    return event(K.PROVISIONING_APP_CREATED, days)


# An app registration of its own stands for as long as it is found: it needs no account and no
# consent; whatever may have replaced it makes it likely.
OWN: list[Story] = [
    ("its permissions were taken away", [ON, made(60), rights("yes", 1), rights("no")],
     CONSENT, LIKELY),
    ("it never had any: it may have others", [ON, made(60), rights("no")], MIGRATED, PROVEN),
    ("they were taken away, and are back", [ON, made(60), rights("no", 1), rights("yes")],
     MIGRATED, PROVEN),
    ("another one had them", [ON, made(60), rights("yes", 1, "another"), rights("no")],
     MIGRATED, PROVEN),
    ("made a year and a half ago, found today", [ON, made(550), REGISTERED], MIGRATED, PROVEN),
    ("made two months ago, never looked for", [ON, made(60)], MIGRATED, LIKELY),
    ("made two months ago, renewed last week", [ON, made(60), event(K.OWN_SECRET_RENEWED, 7)],
     MIGRATED, PROVEN),
    ("only its renewal is in the log", [ON, event(K.OWN_SECRET_RENEWED, 7)], MIGRATED, PROVEN),
    ("a Save, then renewed: that may be a leftover", [ON, made(60), event(K.SETTINGS_SAVED, 40),
     event(K.OWN_SECRET_RENEWED, 7), REGISTERED], MIGRATED, LIKELY),
    ("a Save between two renewals, made before the log", [ON, event(K.OWN_SECRET_RENEWED, 70),
     event(K.SETTINGS_SAVED, 40), event(K.OWN_SECRET_RENEWED, 7)], MIGRATED, LIKELY),
    ("a password after it, then renewed", [ON, made(60), event(K.ADMIN_PASSWORD_USED, 10),
     event(K.OWN_SECRET_RENEWED, 7), NOT_CONSENTED, NO_ACCOUNT], CONSENT, LIKELY),
    ("saved since, with no account and no consent in the tenant: it needs none",
     [ON, made(60), event(K.SETTINGS_SAVED, 40), NOT_CONSENTED, NO_ACCOUNT], MIGRATED, LIKELY),
    ("off and on since, the same", [ON, fact(K.CONNECTION_OFF, 20), made(60), NOT_CONSENTED,
     NO_ACCOUNT, REGISTERED], MIGRATED, LIKELY),
    ("a consent without an account", [ON, made(60), CONSENTED, NO_ACCOUNT, REGISTERED],
     MIGRATED, PROVEN),
    ("found until yesterday", [ON, made(60), fact(K.OWN_REGISTRATION, 1), UNREGISTERED],
     REVIEW, LIKELY),
    ("not found for a year", [ON, made(400), fact(K.OWN_REGISTRATION, 370), UNREGISTERED],
     REVIEW, LIKELY),
    ("disabled", [ON, made(60), fact(K.OWN_REGISTRATION, enabled="no")], REVIEW, LIKELY),
    ("never found: it may be where nobody looks", [ON, made(10), UNREGISTERED], MIGRATED, PROVEN),
    ("never found, and made long ago", [ON, made(60), UNREGISTERED], MIGRATED, LIKELY),
    ("never found, and made over a year ago", [ON, made(400), UNREGISTERED, NOT_CONSENTED,
     NO_ACCOUNT], CONSENT, LIKELY),
    ("not found minutes after it was made", [ON, made(5 * MINUTE), UNREGISTERED],
     MIGRATED, LIKELY),
    ("made anew minutes ago, not found yet", [ON, made(5 * MINUTE), fact(K.OWN_REGISTRATION, 1),
     UNREGISTERED], MIGRATED, LIKELY),
    ("found three days ago, the tenant unread since", [ON, made(60), fact(K.OWN_REGISTRATION, 3),
     unread("microsoft", since=3)], MIGRATED, LIKELY),
    ("of the tenant before", [ON, made(60), fact(K.OWN_REGISTRATION, 9, tenant=ELSEWHERE),
     event(K.APP_MOVED, 8, HERE), NOT_CONSENTED], CONSENT, LIKELY),
    ("another domain of the same tenant", [ON, made(60), fact(K.OWN_REGISTRATION, 9),
     event(K.APP_MOVED, 8, HERE), REGISTERED, CONSENTED], MIGRATED, LIKELY),
    ("the account is used since", [ON, made(60), ACCOUNT, event(K.SERVICE_ACCOUNT_USED, 2),
     NOT_CONSENTED, fact(K.TENANT_CONSENTED, 1)], CONSENT, LIKELY),
    ("in the future", [ON, made(-3), NOT_CONSENTED, NO_ACCOUNT], CONSENT, LIKELY),
]  # fmt: skip


def test_it_is_said_what_became_of_the_registration() -> None:
    """Gone and disabled are different things to do."""
    gone = [ON, made(60), fact(K.OWN_REGISTRATION, 1), UNREGISTERED]
    assert assess(gone, NOW).lack is Lack.REGISTRATION_GONE
    disabled = [ON, made(60), fact(K.OWN_REGISTRATION, enabled="no")]
    assert assess(disabled, NOW).lack is Lack.REGISTRATION_DISABLED


def audited(days: float) -> Evidence:
    return event(K.CONSENT_AUDITED, days, HERE)


# What is not found right after the work is not known to be missing: Graph's lists are replicated
# with a delay, and two clouds' clocks have no order in minutes.
EARLY: list[Story] = [
    ("consented two minutes before the look", [ON, audited(2 * MINUTE), NOT_CONSENTED, NO_ACCOUNT],
     SAVE, LIKELY),
    ("consented four minutes after the look, by the other clock", [ON, audited(-4 * MINUTE),
     NOT_CONSENTED, NO_ACCOUNT], SAVE, LIKELY),
    ("consented an hour and a minute before", [ON, audited(61 * MINUTE), NOT_CONSENTED,
     NO_ACCOUNT], CONSENT, LIKELY),
    ("consented after the last look", [ON, audited(1), fact(K.TENANT_NOT_CONSENTED, 2),
     fact(K.NO_SERVICE_ACCOUNT, 2)], SAVE, LIKELY),
    ("found, then not found within the hour", [ON, consent(3 * MINUTE, 1 * MINUTE), account(2),
     NOT_CONSENTED], MIGRATED, LIKELY),
    ("an account minutes old, no consent yet", [ON, account(3 * MINUTE), NOT_CONSENTED],
     MIGRATED, LIKELY),
    ("its first use minutes ago, nothing found yet", [ON, event(K.SERVICE_ACCOUNT_USED,
     3 * MINUTE), NOT_CONSENTED, NO_ACCOUNT], MIGRATED, LIKELY),
    ("used for weeks, and the account is not found", [ON, event(K.SERVICE_ACCOUNT_USED,
     3 * MINUTE), event(K.SERVICE_ACCOUNT_USED, 20), account(200, 1), NO_ACCOUNT, CONSENTED],
     REVIEW, LIKELY),
    ("an account made minutes ago and not found again", [ON, account(3 * MINUTE, 1 * MINUTE),
     NO_ACCOUNT, CONSENTED], MIGRATED, LIKELY),
    ("said to be saved just now, after the consent was gone", [*HEALTHY, NOT_CONSENTED,
     fact(K.TENANT_CONSENTED, 3), word(K.SAID_SAVED, 2 * MINUTE)], State.SAID_SAVED, ATTESTED),
    ("said so two hours ago", [ON, ACCOUNT, NOT_CONSENTED, fact(K.TENANT_CONSENTED, 3),
     word(K.SAID_SAVED, 2 * HOUR)], CONSENT, LIKELY),
    ("a consent dated next week", [ON, audited(-7), NOT_CONSENTED, NO_ACCOUNT], CONSENT, LIKELY),
    ("another tenant's consent minutes ago", [ON, event(K.CONSENT_AUDITED, 2 * MINUTE, ELSEWHERE),
     NOT_CONSENTED, NO_ACCOUNT], CONSENT, LIKELY),
]  # fmt: skip


def test_what_was_looked_for_too_early_is_shown_beside() -> None:
    """It is no history: the look was just now."""
    found = assess([ON, audited(2 * MINUTE), NOT_CONSENTED, NO_ACCOUNT], NOW)
    assert NOT_CONSENTED in found.beside


def used(days: float) -> Evidence:
    return event(K.SERVICE_ACCOUNT_USED, days)


def save(days: float) -> Evidence:
    return event(K.SETTINGS_SAVED, days)


def signed_in(days: float, tenant: str = HERE) -> Evidence:
    return event(K.SERVICE_ACCOUNT_SIGNED_IN, days, tenant)


def still_told(signed_in: Evidence, until: float = 0) -> Evidence:
    """The last one of all, at a look so many days ago."""
    return replace(signed_in, seen_at=ago(until))


def password(days: float) -> Evidence:
    return event(K.ADMIN_PASSWORD_USED, days)


BESIDE: list[Story] = [
    ("an old account's first use in the log, no consent ever found", [ON, ACCOUNT, NOT_CONSENTED,
     used(5 * MINUTE)], REVIEW, LIKELY),
    ("a lost consent, and used minutes ago", [ON, ACCOUNT, NOT_CONSENTED,
     fact(K.TENANT_CONSENTED, 1), used(5 * MINUTE)], CONSENT, LIKELY),
    ("disabled three days ago, the tenant unread since", [ON, account(seen=3),
     fact(K.TENANT_CONSENTED, 3, made=200, enabled="no"), unread("microsoft", since=3)],
     REVIEW, LIKELY),
    ("blocked, and a test that succeeds", [ON, CONSENTED, word(K.TEST_SUCCEEDED),
     fact(K.SERVICE_ACCOUNT, made=200, enabled="no")], REVIEW, LIKELY),
    ("facts of another tenant, and no move was seen", [ON, account(seen=1, tenant=ELSEWHERE),
     consent(seen=1, tenant=ELSEWHERE), NOT_CONSENTED, NO_ACCOUNT], CONSENT, LIKELY),
    ("there and back, and used since", [ON, ACCOUNT, CONSENTED, event(K.APP_MOVED, 10, ELSEWHERE),
     event(K.APP_MOVED, 5, HERE), used(2)], MIGRATED, PROVEN),
    ("an application of its own, activated since", [ON, made(100), event(K.APP_ACTIVATED, 60)],
     MIGRATED, LIKELY),
    ("its Save two minutes later", [ON, made(20), save(20 - 2 * MINUTE)], MIGRATED, PROVEN),
    ("a Save twenty minutes later", [ON, made(20), save(20 - 20 * MINUTE)], MIGRATED, LIKELY),
    ("saved, and made anew", [ON, made(100), save(40), made(29)], MIGRATED, PROVEN),
    ("somebody sees password fields beside it", [ON, made(60), REGISTERED,
     word(K.SAW_PASSWORD_FIELDS)], REVIEW, LIKELY),
    ("used and a password used in the same second", [*HEALTHY, used(1), password(1)],
     MIGRATED, LIKELY),
    ("a password used after the account was", [*HEALTHY, used(1), password(0.9)], SAVE, LIKELY),
    ("the account used after the word against it", [*HEALTHY, word(K.SAW_AUTHENTICATE, 1),
     used(0.1)], MIGRATED, PROVEN),
    ("a Save minutes after the account was used: it may put a password back", [*HEALTHY,
     used(10), save(10 - 5 * MINUTE)], MIGRATED, LIKELY),
    ("the Save that finishes, minutes after the first use", [ON, account(10), consent(10),
     used(10 - 3 * MINUTE), save(10 - 9 * MINUTE)], MIGRATED, PROVEN),
    ("signed in after the Save", [*HEALTHY, save(10), signed_in(9)], MIGRATED, PROVEN),
    ("signed in an hour after the Save: with a token from before", [*HEALTHY, save(10),
     signed_in(10 - HOUR)], MIGRATED, LIKELY),
    ("signed in minutes before the Save", [*HEALTHY, signed_in(10), save(10 - 5 * MINUTE)],
     MIGRATED, LIKELY),
    ("signed in after the log was unread", [*HEALTHY, event(K.UNWATCHED, 90), signed_in(20)],
     MIGRATED, PROVEN),
    ("signed in before the account of the former flow moved", [ON, OLD_ACCOUNT, CONSENTED,
     signed_in(1)], REVIEW, UNTOLD),
    ("signed in last six weeks ago", [*HEALTHY, still_told(signed_in(42))], MIGRATED, LIKELY),
    ("six weeks ago, when it was told last", [*HEALTHY, signed_in(42)], MIGRATED, PROVEN),
    ("three months ago, told until a month ago", [*HEALTHY, still_told(signed_in(90), 30)],
     MIGRATED, LIKELY),
    ("signed in, and the account is blocked since", [ON, CONSENTED, signed_in(1),
     fact(K.SERVICE_ACCOUNT, made=200, enabled="no")], REVIEW, LIKELY),
    ("signed in, and the account is gone since", [ON, CONSENTED, signed_in(1), account(200, 1),
     NO_ACCOUNT], REVIEW, LIKELY),
    ("signed in, and a password used an hour later", [*HEALTHY, signed_in(1),
     password(1 - HOUR)], SAVE, LIKELY),
    ("signed in tomorrow", [*HEALTHY, save(10), signed_in(-1)], MIGRATED, LIKELY),
    ("signed in in another tenant", [*HEALTHY, save(10), signed_in(1, ELSEWHERE)],
     MIGRATED, LIKELY),
    ("an application of its own, and the account signs in", [ON, made(60), REGISTERED, ACCOUNT,
     CONSENTED, signed_in(1)], MIGRATED, PROVEN),
    ("the consent was gone, and is back", [ON, ACCOUNT, consent(2 * HOUR),
     fact(K.TENANT_NOT_CONSENTED, 1)], MIGRATED, PROVEN),
    ("a password tomorrow", [*HEALTHY, password(-1)], MIGRATED, LIKELY),
    ("on since tomorrow", [fact(K.CONNECTION_ON, -1), ACCOUNT, CONSENTED], MIGRATED, LIKELY),
    ("the account seen tomorrow", [ON, account(200, -1), CONSENTED], MIGRATED, LIKELY),
    ("a kind of the future beside it", [*HEALTHY, Evidence(EvidenceKind("x"), NOW, NOW, {}, "x")],
     MIGRATED, PROVEN),
    ("hundreds of everything, saved last", [*HEALTHY, *map(save, range(1, 200)),
     *(used(day + 0.5) for day in range(1, 200)),
     *(word(K.SAID_SAVED, n / 9, by=f"p{n % 20}") for n in range(300))], MIGRATED, LIKELY),
    ("hundreds of Saves, used last", [*HEALTHY, *map(save, range(1, 200)), used(0.5)],
     MIGRATED, PROVEN),
    ("all of it minutes ago, and seen", [ON, account(4 * MINUTE), consent(5 * MINUTE),
     save(3 * MINUTE)], MIGRATED, PROVEN),
    ("a Save minutes ago, which made nothing", [ON, save(2 * MINUTE), NOT_CONSENTED, NO_ACCOUNT],
     CONSENT, LIKELY),
    ("its kind is not read any more", [fact(K.KIND_NOT_READ, tenant=""), ACCOUNT, CONSENTED],
     State.NOT_APPLICABLE, PROVEN),
    ("its org was not read for a while", [*HEALTHY, fact(K.ORG_NOT_READ, 5, tenant="")],
     MIGRATED, LIKELY),
]  # fmt: skip


def refused(days: float) -> Evidence:
    return event(K.SERVICE_ACCOUNT_REFUSED, days)


def unconnected(days: float) -> Evidence:
    return event(K.NOT_CONNECTED, days)


def unrenewed(days: float) -> Evidence:
    return event(K.OWN_SECRET_NOT_RENEWED, days)


HALF = fact(K.TENANT_CONSENTED, made=200, enabled="yes", disabled_beside="Okta Graph")
REPLACED = event(K.CONSENT_REPLACED, 10, HERE)
READS = fact(K.TENANT_CONSENTED, made=200, enabled="yes", writes="no")

# What is there may not work all the same: Microsoft lets it not in, its secret ends, its rights or
# the account in use are gone.
REFUSED: list[Story] = [
    ("blocked by Conditional Access", [*HEALTHY, refused(1)], REVIEW, LIKELY),
    ("refused minutes after it was made", [ON, account(10 * MINUTE), consent(20 * MINUTE),
     refused(2 * MINUTE)], REVIEW, LIKELY),
    ("refused, the tenant never read", [ON, refused(1)], REVIEW, LIKELY),
    ("refused, an account of the former flow", [ON, OLD_ACCOUNT, CONSENTED, refused(1)],
     REVIEW, LIKELY),
    ("refused, then let in", [*HEALTHY, refused(2), used(1)], MIGRATED, PROVEN),
    ("let in, then refused", [*HEALTHY, refused(1), used(2)], REVIEW, LIKELY),
    ("refused, and signed in two hours later", [*HEALTHY, refused(2), signed_in(2 - 2 * HOUR)],
     MIGRATED, PROVEN),
    ("refused, and signed in an hour later, with a token from before", [*HEALTHY, refused(2),
     signed_in(2 - HOUR)], MIGRATED, LIKELY),
    ("refused six weeks ago, and silent since", [*HEALTHY, refused(42)], MIGRATED, LIKELY),
    ("refused, and authenticated again: nothing confirms it yet", [*HEALTHY, refused(3), save(2)],
     MIGRATED, LIKELY),
    ("saved, and refused all the same", [*HEALTHY, save(3), refused(2)], REVIEW, LIKELY),
    ("refused, and a test succeeded since", [*HEALTHY, refused(3), word(K.TEST_SUCCEEDED, 2)],
     MIGRATED, LIKELY),
    ("refused, and said to be saved: that is what was asked for", [*HEALTHY, refused(3),
     word(K.SAID_SAVED, 2)], REVIEW, LIKELY),
    ("refused, and made anew", [ON, account(1), CONSENTED, refused(3)], MIGRATED, PROVEN),
    ("refused, then a password again", [*HEALTHY, refused(3), password(2)], SAVE, LIKELY),
    ("a password, then refused: it was migrated meanwhile", [ON, CONSENTED, password(3),
     refused(2)], REVIEW, LIKELY),
    ("refused, and the consent is gone", [ON, ACCOUNT, NOT_CONSENTED, fact(K.TENANT_CONSENTED, 2),
     refused(1)], CONSENT, LIKELY),
    ("refused before it moved", [ON, event(K.APP_MOVED, 5, ELSEWHERE), refused(6)],
     REVIEW, UNTOLD),
    ("refused before it got an application of its own", [ON, refused(9), made(3), REGISTERED],
     MIGRATED, PROVEN),
    ("an application of its own, and the account refused since", [ON, made(9), REGISTERED,
     ACCOUNT, CONSENTED, refused(3)], REVIEW, LIKELY),
    ("refused tomorrow", [*HEALTHY, refused(-1)], MIGRATED, LIKELY),
    ("refused, and off", [fact(K.CONNECTION_OFF), ACCOUNT, CONSENTED, refused(1)],
     State.NOT_APPLICABLE, PROVEN),
    ("its secret could not be renewed", [ON, made(60), REGISTERED, unrenewed(2)],
     MIGRATED, LIKELY),
    ("it could not be renewed, and was the day after", [ON, made(60), REGISTERED, unrenewed(2),
     event(K.OWN_SECRET_RENEWED, 1)], MIGRATED, PROVEN),
    ("it was renewed, and then it could not be", [ON, made(60), REGISTERED, unrenewed(1),
     event(K.OWN_SECRET_RENEWED, 2)], MIGRATED, LIKELY),
    ("it could not be renewed, and another was made", [ON, made(1), REGISTERED, unrenewed(2)],
     MIGRATED, PROVEN),
    ("a secret of an application that the app has left", [*HEALTHY, unrenewed(2)],
     MIGRATED, PROVEN),
    ("rights were taken from the consent: it may change nothing", [ON, ACCOUNT, READS],
     MIGRATED, LIKELY),
    ("Okta could not connect", [*HEALTHY, unconnected(3)], MIGRATED, LIKELY),
    ("it could not, and the account is used since", [*HEALTHY, unconnected(3), used(2)],
     MIGRATED, PROVEN),
    ("it could not, and somebody tested since", [*HEALTHY, unconnected(3),
     word(K.TEST_SUCCEEDED, 2)], MIGRATED, PROVEN),
    ("it could not six weeks ago", [*HEALTHY, unconnected(42)], MIGRATED, PROVEN),
    ("it could not, by an application of its own", [ON, made(60), REGISTERED, unconnected(3)],
     MIGRATED, LIKELY),
    ("it could not, and its secret was renewed since", [ON, made(60), REGISTERED, unconnected(3),
     event(K.OWN_SECRET_RENEWED, 2)], MIGRATED, PROVEN),
    ("it could not by a password either", [ON, CONSENTED, password(5), unconnected(3)],
     SAVE, LIKELY),
    ("another of Okta's applications there is disabled", [ON, ACCOUNT, HALF], MIGRATED, LIKELY),
    ("the consent is another application's now", [*HEALTHY, REPLACED], MIGRATED, LIKELY),
    ("the same, and the account is used since", [*HEALTHY, REPLACED, used(7)], MIGRATED, PROVEN),
    ("the same, beside an application of its own", [ON, made(20), REGISTERED, CONSENTED, REPLACED],
     MIGRATED, PROVEN),
    ("the same, in the tenant before", [*HEALTHY, replace(REPLACED, tenant=ELSEWHERE)],
     MIGRATED, PROVEN),
    ("a consent that may change nothing, beside an application of its own", [ON, made(9),
     REGISTERED, READS], MIGRATED, PROVEN),
    ("the last account is gone, one of the former flow is left", [ON, CONSENTED, account(200, 1),
     OLD_ACCOUNT], REVIEW, LIKELY),
    ("the same, and it was used last week", [ON, CONSENTED, account(200, 1), OLD_ACCOUNT, used(7)],
     REVIEW, LIKELY),
    ("the last of two accounts is gone", [ON, CONSENTED, account(100, 1), ACCOUNT],
     REVIEW, LIKELY),
    ("the last account is minutes old, and does not show everywhere yet", [ON, CONSENTED,
     account(3 * MINUTE, 1 * MINUTE), ACCOUNT], MIGRATED, PROVEN),
    ("an account was made anew", [ON, CONSENTED, account(200, 1), account(1)], MIGRATED, PROVEN),
    ("the date of the account is hidden today", [ON, CONSENTED, account(200, HOUR),
     fact(K.SERVICE_ACCOUNT)], REVIEW, UNTOLD),
]  # fmt: skip


@told([*HEALTH, *MOVES, *OWN, *EARLY, *BESIDE, *REFUSED])
def test_what_is_true_of_an_app_is_said_of_it(
    body: list[Evidence], state: State, confidence: Confidence
) -> None:
    """Decided by what is true of such an app, before the rules were asked."""
    check(body, state, confidence)


@pytest.mark.parametrize(
    ("body", "lack", "doubt"),
    [
        ([*HEALTHY, refused(1)], Lack.ACCOUNT_REFUSED, None),
        ([ON, refused(1)], Lack.ACCOUNT_REFUSED, None),
        ([ON, CONSENTED, account(100, 1), ACCOUNT], Lack.ACCOUNT_GONE, None),
        ([ON, CONSENTED, account(200, 1), OLD_ACCOUNT], Lack.ACCOUNT_GONE, None),
        ([ON, made(60), REGISTERED, unrenewed(2)], None, K.OWN_SECRET_NOT_RENEWED),
        ([ON, ACCOUNT, READS], None, K.TENANT_CONSENTED),
        ([ON, ACCOUNT, HALF], None, K.TENANT_CONSENTED),
        ([fact(K.CONNECTION_ON, 7), account(seen=7), consent(seen=7)], None, K.CONNECTION_ON),
        ([ON, account(seen=7), CONSENTED], None, K.SERVICE_ACCOUNT),
        ([ON, OLD_ACCOUNT, CONSENTED, used(40)], None, K.SERVICE_ACCOUNT_USED),
        ([ON, made(60)], None, K.PROVISIONING_APP_CREATED),
        ([ON, made(60), fact(K.OWN_REGISTRATION, 7)], None, K.OWN_REGISTRATION),
        ([*HEALTHY, unconnected(3)], None, K.NOT_CONNECTED),
        ([*HEALTHY, REPLACED], None, K.CONSENT_REPLACED),
        ([*HEALTHY, refused(42)], None, K.SERVICE_ACCOUNT_REFUSED),
    ],
)
def test_it_is_said_what_keeps_it_from_working(
    body: list[Evidence], lack: Lack | None, doubt: EvidenceKind | None
) -> None:
    """What is to be done about it, or what makes it no more than likely."""
    found = assess(body, NOW)
    assert found.lack is lack
    assert (found.doubt.kind if found.doubt else None) is doubt
    assert not found.contradictions
