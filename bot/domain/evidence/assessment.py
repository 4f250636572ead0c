"""What the evidence about one app adds up to, now: `assess`.

Five ideas carry it:

* The verdict is about now. All evidence has a shelf life, and a verdict says until when it holds.
* Later outweighs earlier; what happened within a few minutes in two clouds has no order.
* "Migrated" means that provisioning works by the consent: the consent is there, the service
  principal is enabled, the account may sign in; or Okta has an application of its own. A part that
  is seen to be gone opens the app again.
* "Proven" is said only of machine evidence of this very app, fresh, in the tenant that the app
  leads to, and newer than whatever may have undone it.
* What contradicts it is shown and lowers the confidence; a person's word ages like all else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.evidence import parts, registration
from bot.domain.evidence.history import OF_REGISTRATION
from bot.domain.evidence.known import Known, came_after, is_against, is_machine, is_proof, newest
from bot.domain.evidence.rules import (
    CLOCKS,
    FINISHES_WITHIN,
    SHOWS_WITHIN,
    Direction,
    Evidence,
    EvidenceKind,
    Nature,
)
from bot.domain.evidence.verdict import Assessment, Confidence, Contradiction, Lack, State

_K = EvidenceKind


def assess(evidence: Iterable[Evidence], now: datetime) -> Assessment:
    """Weigh all that is known about one app at `now` (UTC). Pure; the order does not matter."""
    known = Known(evidence, now)
    against = _contradictions(known)
    verdict = _out_of_reach(known) or _done(known) or _undone(known, against)
    because = tuple(dict.fromkeys(e for e in verdict.because if e is not None))
    rest = tuple(e for e in known.everything if e not in because)
    return Assessment(
        verdict.state,
        verdict.confidence,
        because,
        tuple(e for e in rest if e in known.current or e in known.early),
        against,
        min((e.last_true for e in because), default=None),
        min((edge for edge in known.edges if edge > now), default=None),
        tuple(e for e in rest if e not in known.current and e not in known.early),
        verdict.lack,
        verdict.doubt,
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    state: State
    confidence: Confidence
    because: tuple[Evidence | None, ...]
    lack: Lack | None = None
    doubt: Evidence | None = None


def _contradictions(known: Known) -> tuple[Contradiction, ...]:
    """Each "done" with the newest that speaks against it, unless a newer proof settles it."""
    proofs = [e for e in known.current if is_proof(e)]
    against = [
        e
        for e in known.current
        if is_against(e)
        and not (is_machine(e) and e.leans(Direction.BROKEN))  # that it was refused, it was used
        and not any(came_after(proof, e) for proof in proofs)
    ]
    found = []
    for said in known.current:
        opposed: list[Evidence] = []
        if said.rule.decisive and said.leans(Direction.DONE):
            opposed += (e for e in against if not came_after(said, e))
        if not is_machine(said) and not proofs:
            opposed += _unseen(known, said)
        if opposed:
            found.append(Contradiction(said, max(opposed, key=Evidence.order)))
    return tuple(found)


def _unseen(known: Known, word: Evidence) -> tuple[Evidence, ...]:
    """What a look did not find, well after somebody's word that says it should be there."""
    consent, account = known.consent, known.account
    missing = []
    if consent is not None and consent.leans(Direction.NOT_CONSENTED):
        missing += (
            [consent] if word.leans(Direction.DONE) or word.leans(Direction.CONSENTED) else []
        )
    if account is not None and account.leans(Direction.NOT_DONE):
        missing += [account] if word.leans(Direction.DONE) else []
    return tuple(e for e in missing if e.seen_at - word.at > SHOWS_WITHIN)


def _change(known: Known, since: Evidence) -> Evidence | None:
    """The latest that may have undone it after `since`, however old that is by now.

    A Save, provisioning that was off, another tenant, a log that nobody read; and what speaks
    against work that was done. The Save that finishes the work is none.
    """
    is_done = since.leans(Direction.DONE)
    made = [e.at for e in known.here if e.kind in _MADE and is_proof(e)] if is_done else []

    def may_undo(item: Evidence) -> bool:
        finishes = (-CLOCKS <= item.at - at <= FINISHES_WITHIN for at in made)
        if item.kind == _K.SETTINGS_SAVED and any(finishes):
            return False
        if item.kind == _K.CONSENT_REPLACED and since.kind in OF_REGISTRATION:
            return False
        changes = item.leans(Direction.CHANGED) or item.leans(Direction.OUT_OF_SCOPE)
        return (changes or (is_done and is_against(item))) and not came_after(since, item)

    return newest(known.here, may_undo)


_MADE = frozenset({_K.SERVICE_ACCOUNT, _K.PROVISIONING_APP_CREATED})


# ------------------------------------------------------------------ the questions, in their order


def _out_of_reach(known: Known) -> _Verdict | None:
    """Could the app be read, and is it in scope?"""
    scope = known.scope
    failed = newest(known.everything, lambda e: e.failed_part == "connection")
    if failed is not None and (scope is None or failed.seen_at >= scope.seen_at):
        return _Verdict(State.UNREADABLE, Confidence.UNTOLD, (failed,))
    if scope is None or scope.leans(Direction.HINT):
        return _Verdict(State.NEEDS_REVIEW, Confidence.UNTOLD, (scope,))
    if scope.leans(Direction.OUT_OF_SCOPE):
        sure = known.has_full_weight(scope)
        confidence = Confidence.PROVEN if sure else Confidence.LIKELY
        return _Verdict(State.NOT_APPLICABLE, confidence, (scope,))
    return None


def _done(known: Known) -> _Verdict | None:
    """Did a machine record that it works by the consent, and does nothing speak against it now?"""
    own = registration.made_for_it(known)
    proof = own or known.newest(is_proof)
    if proof is None:
        return None
    against_it = [e for e in known.current if is_against(e) and _overtakes(e, proof)]
    if any(is_machine(e) and e.leans(Direction.NOT_DONE) for e in against_it):
        return None
    of_consent = _lack(known, proof)
    lack = _lack_of_own(known, own) if own is not None else of_consent
    if lack is not None:
        return None if _is_just_said(known, lack) else lack
    seen = next((e for e in against_it if _still_asks(known, e)), None)
    if seen is not None:
        because = (seen, proof, known.scope)
        return _Verdict(State.NEEDS_REVIEW, Confidence.LIKELY, because, _LACK_OF.get(seen.kind))
    # Every contradiction is a change as well.
    doubt = _change(known, proof) or next(iter(known.early), None) or _missed(known, "log")
    if of_consent is not None and of_consent.lack in _ANYHOW:
        doubt = doubt or of_consent.because[0]
    doubt = doubt or (registration.stuck(known, own) if own else parts.unsure_consent(known))
    doubt = doubt or parts.unconnected(known, proof)
    sign = registration.last_sign(known, own) if own is not None else proof
    sure = (
        doubt is None
        and known.scope is not None
        and known.has_full_weight(known.scope)
        and (parts.stands(known) if own is None else known.has_full_weight(sign))
    )
    confidence = Confidence.PROVEN if sure else Confidence.LIKELY
    if not sure:
        doubt = doubt or _missed(known, "microsoft") or (None if own else parts.silent(known))
        by_use = known.account is not None and not is_proof(known.account)
        account = () if own else (known.account, known.consent)
        rests_on = (known.scope, *account, sign if own or by_use else None)
        doubt = doubt or parts.stale(known, *rests_on)
    if own is not None:
        # Where the registration was found again, that is reason enough, and younger.
        why = registration.looked_up(known) or own
        return _Verdict(State.MIGRATED, confidence, (why, known.scope), doubt=doubt)
    there = (
        e for e in (known.account, known.consent) if e and not e.leans(Direction.NOT_CONSENTED)
    )
    # An account that nothing happened to since is reason enough, and younger than its last use.
    if known.account is not None and is_proof(known.account):
        proof = proof if _change(known, known.account) else known.account
    return _Verdict(State.MIGRATED, confidence, (*there, proof, known.scope), doubt=doubt)


def _lack_of_own(known: Known, made: Evidence) -> _Verdict | None:
    """That the registration is seen to be gone, or may not sign in."""
    found = registration.looked_up(known)
    because = (found, made, known.scope)
    if registration.lost_rights(known):
        return _Verdict(State.NEEDS_CONSENT, Confidence.LIKELY, because, Lack.CONSENT_GONE)
    if found is None or (found.kind == _K.OWN_REGISTRATION and found.is_enabled):
        return None
    is_gone = found.kind == _K.NO_OWN_REGISTRATION
    lack = Lack.REGISTRATION_GONE if is_gone else Lack.REGISTRATION_DISABLED
    return _Verdict(State.NEEDS_REVIEW, Confidence.LIKELY, because, lack)


def _is_just_said(known: Known, lack: _Verdict) -> bool:
    """Whether somebody said that it is done so shortly before the look that it may not show yet."""
    missing = lack.because[0]
    word = known.newest(lambda e: not is_machine(e) and e.leans(Direction.DONE))
    if word is None or missing is None or not missing.rule.topic:
        return False
    return word.at > missing.seen_at - SHOWS_WITHIN


def _overtakes(item: Evidence, proof: Evidence) -> bool:
    """Whether it came after the work that the proof is of: until its Save the password works on."""
    finishes = (
        proof.rule.nature is Nature.FACT and is_machine(item) and item.leans(Direction.NOT_DONE)
    )
    return came_after(item, proof) and not (finishes and item.at - proof.at <= FINISHES_WITHIN)


def _still_asks(known: Known, item: Evidence) -> bool:
    """Whether what speaks against it is fresh, and nothing is known to have come of it.

    Of what a person saw: that somebody looked again and saw that it works; of a log's row also that
    somebody saved since.
    """
    is_test = item.leans(Direction.BROKEN)

    def answers(other: Evidence) -> bool:
        if is_machine(other):
            return is_machine(item) and other.kind == _K.SETTINGS_SAVED and other.at > item.at
        return (
            other.kind in parts.WORKS if is_test else other.leans(Direction.DONE)
        ) and other.at > item.at

    return known.has_full_weight(item) and known.newest(answers) is None


_LACK_OF = {_K.SERVICE_ACCOUNT_REFUSED: Lack.ACCOUNT_REFUSED}

# Whatever Okta works with: where its consent was withdrawn, somebody may want it to stop.
_ANYHOW = frozenset({Lack.CONSENT_GONE, Lack.PRINCIPAL_DISABLED, Lack.ACCOUNT_BLOCKED})


def _lack(known: Known, proof: Evidence) -> _Verdict | None:
    """The part that is seen to be missing of what it takes to work by the consent."""
    consent, account, scope = known.consent, known.account, known.scope

    def verdict(state: State, lack: Lack, *because: Evidence | None) -> _Verdict:
        return _Verdict(state, Confidence.LIKELY, (*because, proof, scope), lack)

    no_account = parts.no_account(known)
    if consent is not None and consent.leans(Direction.NOT_CONSENTED):
        if parts.lost_consent(known):
            return verdict(State.NEEDS_CONSENT, Lack.CONSENT_GONE, consent)
        if no_account is not None:
            return verdict(State.NEEDS_CONSENT, Lack.CONSENT_NOT_FOUND, consent, account)
        if known.newest(_is_look) is None:
            return verdict(State.NEEDS_REVIEW, Lack.CONSENT_NOT_FOUND, consent)
    if consent is not None and not consent.is_enabled:
        return verdict(State.NEEDS_REVIEW, Lack.PRINCIPAL_DISABLED, consent)
    if no_account is not None:
        return verdict(State.NEEDS_REVIEW, Lack.ACCOUNT_GONE, account)
    if account is not None and not account.is_enabled:
        return verdict(State.NEEDS_REVIEW, Lack.ACCOUNT_BLOCKED, account)
    return None


def _is_look(item: Evidence) -> bool:
    """A word of somebody who looked at the app: they know of a consent that bears another name.

    That it is saved is what they were asked for, so it cannot be its own proof.
    """
    saw = item.leans(Direction.DONE) or item.leans(Direction.CONSENTED) or item.kind in parts.WORKS
    return saw and not is_machine(item) and item.kind != _K.SAID_SAVED


def _missed(known: Known, part: str) -> Evidence | None:
    """The failure because of which that part of a look was not read for long."""
    unread = newest(known.everything, lambda e: e.failed_part == part)
    return unread if unread is not None and known.was_missed_for(unread) else None


def _undone(known: Known, against: tuple[Contradiction, ...]) -> _Verdict:
    """No machine shows that it works by the consent: what is missing, as far as it is known?"""
    word = known.newest(lambda e: not is_machine(e) and e.rule.decisive and e.leans(Direction.DONE))
    undone = known.newest(lambda e: e.rule.decisive and e.leans(Direction.NOT_DONE))
    refused = known.newest(lambda e: e.kind == _K.SERVICE_ACCOUNT_REFUSED)
    if (
        refused is not None
        and _still_asks(known, refused)
        and all(e is None or came_after(refused, e) for e in (word, undone))
    ):
        because = (refused, known.scope)
        return _Verdict(State.NEEDS_REVIEW, Confidence.LIKELY, because, Lack.ACCOUNT_REFUSED)
    if word is not None and (undone is None or came_after(word, undone)):
        return _said(known, word, against)
    scope = known.scope
    consent, told = _consent(known)
    lack = None
    if known.consent is not None and not known.consent.is_enabled:
        lack = Lack.PRINCIPAL_DISABLED
    elif (
        consent is not None and consent.leans(Direction.NOT_CONSENTED) and parts.lost_consent(known)
    ):
        lack = Lack.CONSENT_GONE
    state = State.NEEDS_REVIEW
    if consent is not None:
        state = State.NEEDS_SAVE if consent.leans(Direction.CONSENTED) else State.NEEDS_CONSENT
    if undone is not None:
        words = [e for e in (undone, consent) if e is not None and not is_machine(e)]
        sure = (
            consent in words
            and all(known.has_full_weight(e) and _change(known, e) is None for e in words)
            and known.has_full_weight(undone)
        )
        confidence = Confidence.ATTESTED if sure else Confidence.LIKELY
        return _Verdict(state, confidence, (undone, *told, scope), lack)
    missing = parts.no_account(known)
    if missing is not None and state is State.NEEDS_SAVE and parts.had_account(known):
        lack = lack or Lack.ACCOUNT_GONE
        return _Verdict(State.NEEDS_REVIEW, Confidence.LIKELY, (missing, consent, scope), lack)
    if consent is None and told:
        return _Verdict(State.NEEDS_REVIEW, Confidence.LIKELY, (*told, missing, scope), lack)
    shows = missing is not None or (consent is not None and not consent.rule.whole_tenant)
    if consent is not None and (state is State.NEEDS_CONSENT or shows):
        return _Verdict(state, Confidence.LIKELY, (consent, missing, scope), lack)
    if consent is None and known.moved is not None:
        because = (known.moved, scope)
        return _Verdict(State.NEEDS_REVIEW, Confidence.UNTOLD, because, Lack.MOVED)
    return _Verdict(State.NEEDS_REVIEW, Confidence.UNTOLD, (scope, consent), lack)


def _said(known: Known, word: Evidence, against: tuple[Contradiction, ...]) -> _Verdict:
    """A person says that it is done. A word stands for so long that the work can show."""
    unseen = _unseen(known, word)
    if len(unseen) == 2:
        return _Verdict(State.NEEDS_REVIEW, Confidence.LIKELY, (*unseen, word, known.scope))
    sure = (
        known.has_full_weight(word)
        and _change(known, word) is None
        and not any(c.done is word for c in against)
    )
    confidence = Confidence.ATTESTED if sure else Confidence.LIKELY
    return _Verdict(State.SAID_SAVED, confidence, (word, known.scope))


def _consent(known: Known) -> tuple[Evidence | None, tuple[Evidence, ...]]:
    """What best tells whether this app's consent exists, and all that was weighed for it.

    What a person saw on the button speaks of this app, the tenant's grants of the tenant only: so
    the button counts until a consent is dated after it. None where a look does not find the consent
    that a button told of.
    """
    tenants = known.newest(
        lambda e: (
            e.rule.whole_tenant
            and (e.leans(Direction.CONSENTED) or e.leans(Direction.NOT_CONSENTED))
        )
    )
    button = known.newest(
        lambda e: (
            not e.rule.whole_tenant
            and (e.leans(Direction.CONSENTED) or e.leans(Direction.NOT_CONSENTED))
        )
    )
    if button is None:
        return tenants, (tenants,) if tenants is not None else ()
    if unseen := _unseen(known, button):
        return None, (button, *unseen)
    if (
        tenants is not None
        and tenants.leans(Direction.CONSENTED)
        and tenants.happened_at is not None
    ):
        button = tenants if tenants.at > button.at else button
    return button, (button,)
