"""The words of a verdict about one app: its state, how it is known, what is missing, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.evidence.rules import Evidence


class State(StrEnum):
    """What an app needs next."""

    NOT_APPLICABLE = "not_applicable"
    NEEDS_CONSENT = "needs_consent"
    NEEDS_SAVE = "needs_save"
    NEEDS_REVIEW = "needs_review"
    SAID_SAVED = "said_saved"  # a person's word, which nothing shows yet
    MIGRATED = "migrated"
    UNREADABLE = "unreadable"

    @property
    def is_open(self) -> bool:
        """True while somebody still has to do or to look at something."""
        return self not in (State.NOT_APPLICABLE, State.MIGRATED)

    @property
    def wants_consent(self) -> bool:
        """True when a Global Administrator can be asked to act on it."""
        return self in _WANTS_CONSENT


_WANTS_CONSENT = frozenset(
    {State.NEEDS_CONSENT, State.NEEDS_SAVE, State.NEEDS_REVIEW, State.SAID_SAVED}
)


class Confidence(StrEnum):
    """How a state is known, strongest first."""

    PROVEN = "proven"  # fresh machine evidence for this very app
    ATTESTED = "attested"  # a person said so recently
    LIKELY = "likely"  # indirect, older, or contradicted
    UNTOLD = "untold"  # no evidence either way


class Lack(StrEnum):
    """What is known to be missing, where it says better than the state what is to be done."""

    CONSENT_GONE = "consent_gone"  # it was found in this tenant before
    CONSENT_NOT_FOUND = "consent_not_found"  # never: it may be there under another name
    PRINCIPAL_DISABLED = "principal_disabled"
    ACCOUNT_GONE = "account_gone"
    ACCOUNT_BLOCKED = "account_blocked"
    ACCOUNT_REFUSED = "account_refused"  # it is there and enabled, and Microsoft lets it not in
    REGISTRATION_GONE = "registration_gone"  # the one that Okta made for this app alone
    REGISTRATION_DISABLED = "registration_disabled"
    MOVED = "moved"  # what was known of it belongs to the tenant before


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Evidence that it was done, and evidence against that which nothing newer settles."""

    done: Evidence
    not_done: Evidence


@dataclass(frozen=True, slots=True)
class Assessment:
    """A state, how it is known, and why.

    `because` supports the state, weightiest first; `beside` is what else is known; `past` what was
    so before, or in another tenant, or is too old to decide anything. `as_of` is until when the
    oldest of the reasons is known to be true (UTC), so an age can be shown; None when nothing was
    read. `holds_until`: until when (UTC) this holds if nothing new is seen; None: time alone
    changes nothing. `lack`: what is missing, where that is known. `doubt`: what came after the
    proof, or keeps from knowing what did, so that "migrated" is no more than likely.
    """

    state: State
    confidence: Confidence
    because: tuple[Evidence, ...] = ()
    beside: tuple[Evidence, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    as_of: datetime | None = None
    holds_until: datetime | None = None
    past: tuple[Evidence, ...] = ()
    lack: Lack | None = None
    doubt: Evidence | None = None

    @property
    def ends_request(self) -> bool:
        """True when this is enough to call done what somebody was asked to do."""
        return self.state is State.MIGRATED and self.confidence is Confidence.PROVEN
