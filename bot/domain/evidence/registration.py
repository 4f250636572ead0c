"""The app registration that Okta makes for one app alone, as far as it is known.

Okta's log tells that it was made, and that its secret was renewed; the tenant, whether it is there.
That it lies in the app's tenant is documented nowhere: one that was never found there says nothing.
Nor is it documented whether Okta renews the secret of one that is no longer used: so that shows
that it exists, and not that the app still works with it.
"""

from __future__ import annotations

from bot.domain.evidence.known import Known, came_after, is_proof, newest
from bot.domain.evidence.rules import Evidence, EvidenceKind

_K = EvidenceKind


def made_for_it(known: Known) -> Evidence | None:
    """That Okta made one for this app; None where the app uses an account since.

    It counts for as long as it is found again, however long ago it was made.
    """
    renewed = [e for e in known.here if e.kind == _K.OWN_SECRET_RENEWED]
    made = newest(known.here, lambda e: e.kind == _K.PROVISIONING_APP_CREATED)
    made = made or min(renewed, key=Evidence.order, default=None)  # it was there by then
    if made is None or not known.has_come(made):
        return None
    if known.newest(lambda e: _is_of_account(e) and came_after(e, made)) is not None:
        return None
    is_told = any(e in known.current for e in (made, *renewed))
    return made if is_told or looked_up(known) is not None else None


def _is_of_account(item: Evidence) -> bool:
    """That Okta made an account for the app, or used it, whether Microsoft let it in or not."""
    if item.kind == _K.SERVICE_ACCOUNT:
        return is_proof(item)
    return item.kind in (_K.SERVICE_ACCOUNT_USED, _K.SERVICE_ACCOUNT_REFUSED)


def stuck(known: Known, made: Evidence) -> Evidence | None:
    """That Okta could not renew its secret, and has not since: it ends some day."""
    failed = newest(known.here, lambda e: e.kind == _K.OWN_SECRET_NOT_RENEWED and known.has_come(e))
    renewed = known.newest(lambda e: e.kind == _K.OWN_SECRET_RENEWED) or made
    is_over = failed is None or any(came_after(e, failed) for e in (made, renewed))
    return None if is_over else failed


def looked_up(known: Known) -> Evidence | None:
    """What the last look at the tenant found of it; None where it was never found there."""
    was_found = any(e.kind == _K.OWN_REGISTRATION for e in known.here)
    return known.registration if was_found else None


def lost_rights(known: Known) -> bool:
    """Whether its permissions were taken away: one that never had any may have others."""
    found = looked_up(known)
    if found is None or found.detail.get("rights") != "no":
        return False
    same = (e for e in known.here if e.detail.get("client_id") == found.detail.get("client_id"))
    return any(e.kind == _K.OWN_REGISTRATION and e.detail.get("rights") == "yes" for e in same)


def last_sign(known: Known, made: Evidence) -> Evidence:
    """That it was found; where it never was, what Okta told of it last."""
    renewed = known.newest(lambda e: e.kind == _K.OWN_SECRET_RENEWED) or made
    return looked_up(known) or max(made, renewed, key=Evidence.order)
