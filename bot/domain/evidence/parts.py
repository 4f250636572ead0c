"""The two parts that it takes to work by the consent, as its tenant shows them."""

from __future__ import annotations

from bot.domain.evidence.known import Known, came_after, is_proof, newest
from bot.domain.evidence.rules import (
    SHELVES,
    SHOWS_WITHIN,
    Direction,
    Evidence,
    EvidenceKind,
    Nature,
)

_K = EvidenceKind


def consents(known: Known) -> list[Evidence]:
    """The consents to Okta's application that were found in this tenant at any time."""
    return [e for e in known.here if e.rule.whole_tenant and e.leans(Direction.CONSENTED)]


def had_account(known: Known) -> bool:
    """Whether an account that Okta made for this app was found in this tenant at any time."""
    return any(e.rule.topic and is_proof(e) for e in known.here)


def lost_consent(known: Known) -> bool:
    """Whether the directory does not show a consent that was there."""
    consent = known.consent
    if consent is None or not consent.leans(Direction.NOT_CONSENTED):
        return False
    return any(e.rule.topic or known.has_come(e) for e in consents(known))


def silent(known: Known) -> Evidence | None:
    """The last sign-in of the account, where it is told and was long ago: is it used at all?

    Where it is told no more (a licence ends), that says nothing.
    """
    last = newest(known.here, lambda e: e.kind == _K.SERVICE_ACCOUNT_SIGNED_IN)
    if last is None or known.has_full_weight(last):
        return None
    was_long_ago = last.seen_at - last.at >= SHELVES[Nature.EVENT].full
    looked_at = known.account.seen_at if known.account is not None else last.seen_at
    is_told = looked_at - last.seen_at <= SHELVES[Nature.FACT].full
    return last if was_long_ago or is_told else None


def stands(known: Known) -> bool:
    """Whether account and consent were found lately, in the tenant that the app leads to.

    Where the consent was never told of, an account that Okta made lately shows it as well: without
    a consent Okta makes none.
    """
    account, consent = known.account, known.consent
    if account is None or not (account.tenant and known.has_full_weight(account)):
        return False
    if silent(known) is not None:
        return False
    if consent is None:
        return not consents(known) and account.leans(Direction.DONE) and known.is_recent(account)
    used = known.newest(lambda e: e.kind == _K.SERVICE_ACCOUNT_USED)
    is_its_own = account.leans(Direction.DONE) or (used is not None and known.has_full_weight(used))
    is_there = consent.leans(Direction.CONSENTED) and bool(consent.tenant)
    return is_its_own and is_there and known.has_full_weight(consent)


def stale(known: Known, *rests_on: Evidence | None) -> Evidence | None:
    """What was not seen again for longest, of that which a proof rests on."""
    old = (e for e in rests_on if e is not None and not known.has_full_weight(e))
    return min(old, key=lambda e: e.last_true, default=None)


def no_account(known: Known) -> Evidence | None:
    """What shows that Okta's account is not there: nothing, or one from before the last."""
    account = known.account
    if account is None or account.leans(Direction.NOT_DONE):
        return account
    made = account.happened_at
    later = [e.happened_at for e in known.here if e.kind == account.kind and e.happened_at]
    is_former = made is not None and made < max(later) < account.seen_at - SHOWS_WITHIN
    return account if is_former else None


WORKS = frozenset({_K.TEST_SUCCEEDED, _K.SAW_VERIFIED})  # somebody saw that it does
_ANSWERS = WORKS | {_K.OWN_SECRET_RENEWED}


def unconnected(known: Known, proof: Evidence) -> Evidence | None:
    """That Okta could not connect lately, and nothing shows that it has since."""
    failed = known.newest(lambda e: e.kind == _K.NOT_CONNECTED)
    if failed is None or not known.has_full_weight(failed) or came_after(proof, failed):
        return None
    answer = known.newest(lambda e: e.kind in _ANSWERS and e.at > failed.at)
    return failed if answer is None else None


def unsure_consent(known: Known) -> Evidence | None:
    """A consent that lets Okta change nothing, or beside which another application is disabled."""
    consent = known.consent
    if consent is None:
        return None
    is_unsure = consent.detail.get("writes") == "no" or consent.detail.get("disabled_beside")
    return consent if is_unsure else None
