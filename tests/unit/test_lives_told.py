"""Lives of apps, told as what admins, Okta and Microsoft do; and what is said of them by day.

Each goes through the scans, as an org's apps do: what one look finds, the next one remembers.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest

from bot.domain.evidence.rules import EvidenceKind
from bot.domain.evidence.verdict import Confidence, Lack, State
from tests.lives.measure import SCANS, Watch
from tests.lives.world import DAY, MINUTE, WATCHED_FROM, Account, Life, Part, Registration

K = EvidenceKind
PROVEN, LIKELY = (State.MIGRATED, Confidence.PROVEN), (State.MIGRATED, Confidence.LIKELY)
REVIEW = (State.NEEDS_REVIEW, Confidence.LIKELY)
UNTOLD = (State.NEEDS_REVIEW, Confidence.UNTOLD)
CONSENT, SAVE = (State.NEEDS_CONSENT, Confidence.LIKELY), (State.NEEDS_SAVE, Confidence.LIKELY)
OFF = (State.NOT_APPLICABLE, Confidence.PROVEN)
SAID = (State.SAID_SAVED, Confidence.ATTESTED)

Happens = Callable[[Life, datetime], object]
Said = tuple[State, Confidence]


def migrate(life: Life, when: datetime) -> None:
    life.migrate(when)


def put(**what: object) -> Happens:
    """A place, or the app itself, is otherwise from then on."""

    def happens(life: Life, when: datetime) -> None:
        for name, value in what.items():
            setattr(life if hasattr(life, name) else life.place, name, value)

    return happens


def logged(kind: EvidenceKind, **detail: str) -> Happens:
    return lambda life, when: life.log(when, kind, **detail)


def says(kind: EvidenceKind) -> Happens:
    return lambda life, when: life.words.append((when, kind))


def unread(part: Part, days: float) -> Happens:
    return lambda life, when: life.failing.__setitem__(part, when + days * DAY)


def account(days: float) -> Happens:
    """One that was made so many days after the first look is all that there is."""
    return put(account=Account(WATCHED_FROM + days * DAY))


def consented(life: Life, when: datetime) -> None:
    life.place.consent = when


def restored(life: Life, when: datetime) -> None:
    """The consent with the date that it had."""
    life.place.consent = WATCHED_FROM - 10 * DAY


def used(life: Life, when: datetime) -> None:
    life.log(when, K.SERVICE_ACCOUNT_USED, account="svc_OKTA_sync_0oa1")


def password(life: Life, when: datetime) -> None:
    life.log(when, K.ADMIN_PASSWORD_USED, account="admin@contoso.com")


SECRET = {"by": "Okta", "client_id": "11111111-2222-3333-4444-555555555555"}

LIVES: dict[str, tuple[list[tuple[float, Happens]], list[tuple[float, Said, Lack | None]]]] = {
    "on a password, no consent": ([(-5, password)], [(1, CONSENT, None)]),
    "a consent of years ago, on a password": (
        [(-900, consented), (-5, password)],
        [(1, SAVE, None)],
    ),
    "consented, then revoked, then consented in Entra alone": (
        [(-10, migrate), (3, Life.revoke), (6, consented)],
        [(1, PROVEN, None), (4, CONSENT, Lack.CONSENT_GONE), (8, PROVEN, None)],
    ),
    "the service principal deleted, and restored three weeks later": (
        [(-10, migrate), (3, Life.revoke), (24, restored)],
        [(20, CONSENT, Lack.CONSENT_GONE), (26, PROVEN, None)],
    ),
    "disabled, and enabled again": (
        [(-10, migrate), (3, Life.disable), (6, put(enabled=True))],
        [(4, REVIEW, Lack.PRINCIPAL_DISABLED), (8, PROVEN, None)],
    ),
    "the account blocked, and unblocked": (
        [(-10, migrate), (-9, account(-10)), (3, Life.block), (6, account(-10))],
        [(4, REVIEW, Lack.ACCOUNT_BLOCKED), (8, PROVEN, None)],
    ),
    "the account deleted, and restored": (
        [(-10, migrate), (-9, account(-10)), (3, Life.delete), (6, account(-10))],
        [(4, REVIEW, Lack.ACCOUNT_GONE), (8, PROVEN, None)],
    ),
    "the account deleted, and made anew by consenting and saving": (
        [(-10, migrate), (3, Life.delete), (6, migrate)],
        [(4, REVIEW, Lack.ACCOUNT_GONE), (8, PROVEN, None)],
    ),
    "migrated twice, and the later account deleted": (
        [(-10, migrate), (3, migrate), (6, account(-10))],
        [(4, PROVEN, None), (8, REVIEW, Lack.ACCOUNT_GONE)],
    ),
    "the account of the former flow is left alone": (
        [(-900, account(-900)), (-10, migrate), (6, account(-900))],
        [(4, PROVEN, None), (8, REVIEW, Lack.ACCOUNT_GONE)],
    ),
    "a password put back by a Save, and noticed later": (
        [(-10, migrate), (3, Life.put_back), (6, password), (9, migrate)],
        [(4, LIKELY, None), (7, SAVE, None), (11, PROVEN, None)],
    ),
    "off for ten days": (
        [(-10, migrate), (3, Life.off), (13, put(on=True)), (15, used)],
        [(4, OFF, None), (14, LIKELY, None), (16, PROVEN, None)],
    ),
    "made inactive and active again, with what it had": (
        [(-10, migrate), (3, put(active=False)), (5, put(active=True)),
         (5, logged(K.APP_ACTIVATED)), (9, used)],
        [(4, OFF, None), (7, LIKELY, None), (11, PROVEN, None)],
    ),
    "to another tenant, and set up there": (
        [(-10, migrate), (3, lambda life, when: life.move(when, readable=True)),
         (3, put(consent=None)), (6, migrate)],
        [(1, PROVEN, None), (4, CONSENT, None), (8, PROVEN, None)],
    ),
    "to a tenant that cannot be read": (
        [(-10, migrate), (3, lambda life, when: life.move(when, readable=False))],
        [(4, UNTOLD, Lack.MOVED), (40, UNTOLD, Lack.MOVED)],
    ),
    "another domain of the tenant, and used since": (
        [(-10, migrate), (3, put(domain="fabrikam.com")), (9, used)],
        [(4, LIKELY, None), (11, PROVEN, None)],
    ),
    "the tenant unread for a week": (
        [(-10, migrate), (3, unread(Part.MICROSOFT, 7))],
        [(4, PROVEN, None), (6, LIKELY, None), (12, PROVEN, None)],
    ),
    "revoked while the tenant is unread": (
        [(-10, migrate), (3, unread(Part.MICROSOFT, 7)), (4, Life.revoke)],
        [(6, LIKELY, None), (12, CONSENT, Lack.CONSENT_GONE)],
    ),
    "the log unread for a week": (
        [(-10, migrate), (3, unread(Part.LOG, 7))],
        [(4, PROVEN, None), (6, LIKELY, None), (12, PROVEN, None)],
    ),
    "a Save while the log is unread": (
        [(-10, migrate), (3, unread(Part.LOG, 7)), (4, Life.save)],
        [(4.9, PROVEN, None), (12, LIKELY, None)],
    ),
    "the log unread for longer than Okta keeps it": (
        [(-10, migrate), (3, unread(Part.LOG, 100)), (105, used)],
        [(104, LIKELY, None), (107, PROVEN, None)],
    ),
    "the app unreadable for a week": (
        [(-10, migrate), (3, unread(Part.CONNECTION, 7))],
        [(5, (State.UNREADABLE, Confidence.UNTOLD), None), (12, PROVEN, None)],
    ),
    "blocked by Conditional Access, then excluded from it": (
        [(-10, migrate), (3, Life.refuse), (8, used)],
        [(4, REVIEW, Lack.ACCOUNT_REFUSED), (10, PROVEN, None)],
    ),
    "blocked, and authenticated anew": (
        [(-10, migrate), (3, Life.refuse), (8, migrate)],
        [(4, REVIEW, Lack.ACCOUNT_REFUSED), (10, PROVEN, None)],
    ),
    "blocked, saved, and blocked still": (
        [(-10, migrate), (3, Life.refuse), (5, Life.save), (8, Life.refuse)],
        [(7, LIKELY, None), (10, REVIEW, Lack.ACCOUNT_REFUSED)],
    ),
    "blocked once, and silent for months": (
        [(-10, migrate), (3, Life.refuse)],
        [(20, REVIEW, Lack.ACCOUNT_REFUSED), (40, LIKELY, None)],
    ),
    "an application of its own": ([(-10, Life.get_own)], [(1, PROVEN, None), (80, PROVEN, None)]),
    "its application deleted, and restored": (
        [(-10, Life.get_own), (3, Life.unregister),
         (9, lambda life, when: setattr(life.place, "registration", Registration()))],
        [(5, REVIEW, Lack.REGISTRATION_GONE), (11, PROVEN, None)],
    ),
    "its application disabled": (
        [(-10, Life.get_own), (3, Life.disable_registration)],
        [(5, REVIEW, Lack.REGISTRATION_DISABLED)],
    ),
    "its secret cannot be renewed, then it can": (
        [(-10, Life.get_own), (3, logged(K.OWN_SECRET_NOT_RENEWED, **SECRET)),
         (8, logged(K.OWN_SECRET_RENEWED, **SECRET))],
        [(5, LIKELY, None), (10, PROVEN, None)],
    ),
    "an application of its own, then a password again": (
        [(-10, Life.get_own), (3, Life.put_back), (6, password)],
        [(5, LIKELY, None), (8, CONSENT, None)],
    ),
    "said to be saved, and nothing came of it": (
        [(3, says(K.SAID_SAVED))],
        [(3.02, SAID, None), (4, REVIEW, None)],
    ),
    "said to be saved, and it was": (
        [(3, migrate), (3.01, says(K.SAID_SAVED))],
        [(4, PROVEN, None)],
    ),
    "off from the start, then turned on with a password": (
        [(-400, put(on=False)), (3, put(on=True)), (3, Life.save)],
        [(1, OFF, None), (5, CONSENT, None)],
    ),
    "Microsoft's clock four minutes behind": (
        [(-10, put(skew=-4 * MINUTE)), (3, migrate)],
        [(5, PROVEN, None)],
    ),
    "Microsoft's clock four minutes ahead": (
        [(-10, put(skew=4 * MINUTE)), (3, migrate)],
        [(5, PROVEN, None)],
    ),
    "migrated before Okta's log begins": ([(-100, migrate)], [(1, LIKELY, None)]),
    "the same, and Microsoft tells when the account signs in": (
        [(-100, put(shows_sign_ins=True, busy=True)), (-100, migrate)],
        [(2, PROVEN, None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIVES)
def test_an_app_is_said_to_be_what_it_is_on_that_day(name: str) -> None:
    """Decided before the rules were asked, from what Okta and Microsoft document."""
    events, told = LIVES[name]
    life = Life(0, unsure=False, rng=random.Random(name), busy=False, shows_sign_ins=False)
    for day, happens in events:
        life.at(WATCHED_FROM + day * DAY, partial(happens, life))
    watch, now = Watch(life), WATCHED_FROM
    found = []
    for day, _, _ in told:
        until = WATCHED_FROM + day * DAY
        while now <= until:
            life.live_until(now)
            watch.scan(now)
            now += SCANS
        life.live_until(until)
        verdict = watch.record.assessed(until)
        found.append((day, (verdict.state, verdict.confidence), verdict.lack))
    assert found == told
