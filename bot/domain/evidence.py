"""What is known about one app, and what it adds up to.

Okta's API has no field that says whether an app was migrated (`OAUTH2` + `ENABLED` was its answer
before the migration too), so a state is never read: `assess` weighs evidence and says why.

Three ideas carry it:

* Each kind of evidence has one `Rule`: which way it leans, and whether it is decisive alone.
* Later outweighs earlier. A decisive "done" that is followed by a decisive "not done" is a
  contradiction: it is listed and lowers the confidence, whatever else is added.
* A person's word counts for so long that the work can show; what a machine recorded counts always.
* Without evidence for this very app the answer is `NEEDS_REVIEW`, never `MIGRATED`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum


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

    PROVEN = "proven"  # machine evidence for this very app
    ATTESTED = "attested"  # a person said so
    LIKELY = "likely"  # indirect, or contradicted
    UNTOLD = "untold"  # nothing speaks either way


class Source(StrEnum):
    """Where a piece of evidence was read."""

    OKTA_APP = "okta_app"
    OKTA_CONNECTION = "okta_connection"
    OKTA_LOG = "okta_log"
    GRAPH_DIRECTORY = "graph_directory"
    GRAPH_AUDIT = "graph_audit"
    PERSON = "person"


class EvidenceKind(StrEnum):
    """What was seen. The words for each kind are in the catalogue under `evidence.<kind>`."""

    APP_INACTIVE = "app_inactive"
    CONNECTION_OFF = "connection_off"
    CONNECTION_ON = "connection_on"
    CONNECTION_UNCLEAR = "connection_unclear"
    READ_FAILED = "read_failed"
    PROVISIONING_APP_CREATED = "provisioning_app_created"
    SERVICE_ACCOUNT_USED = "service_account_used"
    SERVICE_ACCOUNT = "service_account"
    NO_SERVICE_ACCOUNT = "no_service_account"
    ADMIN_PASSWORD_USED = "admin_password_used"
    ADMIN_PASSWORD_REJECTED = "admin_password_rejected"
    TENANT_CONSENTED = "tenant_consented"
    TENANT_NOT_CONSENTED = "tenant_not_consented"
    CONSENT_AUDITED = "consent_audited"
    DOMAIN_IN_TENANT = "domain_in_tenant"
    DOMAIN_NOT_IN_TENANT = "domain_not_in_tenant"
    FEDERATED_WITH_OKTA = "federated_with_okta"
    FEDERATED_ELSEWHERE = "federated_elsewhere"
    SETTINGS_SAVED = "settings_saved"
    SAW_AUTHENTICATE = "saw_authenticate"
    SAW_REAUTHENTICATE = "saw_reauthenticate"
    SAW_NO_BUTTON = "saw_no_button"
    COULD_NOT_SIGN_IN = "could_not_sign_in"
    SAID_SAVED = "said_saved"


class Lean(StrEnum):
    """Which way a kind of evidence leans."""

    OUT_OF_SCOPE = "out_of_scope"
    IN_SCOPE = "in_scope"
    DONE = "done"
    NOT_DONE = "not_done"
    CONSENTED = "consented"
    NOT_CONSENTED = "not_consented"
    HINT = "hint"


# Okta announced the Graph consent flow in September 2024; the accounts it made before then belong
# to the former flow (Okta help, "Provide Microsoft admin consent for Okta", which asked for a
# service account as early as 2023).
GRAPH_FLOW_SINCE = datetime(2024, 9, 1, tzinfo=UTC)


# For so long a person's word stands against a directory that does not show the work yet.
SHOWS_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of evidence is worth.

    `leans` may hold two directions: what is seen on the button tells both that it is not done and
    whether the consent exists. `topic`: kinds of one topic are standing facts that replace each
    other at every look ("" for events). `decisive`: enough for a state without other evidence.
    `since`: counts only when it happened on or after that moment (UTC). `whole_tenant`: speaks of
    the tenant, not of this app, so it can never prove `MIGRATED`.
    """

    leans: tuple[Lean, ...]
    source: Source
    topic: str = ""
    decisive: bool = False
    whole_tenant: bool = False
    since: datetime | None = None


RULES: Mapping[EvidenceKind, Rule] = {
    EvidenceKind.APP_INACTIVE: Rule((Lean.OUT_OF_SCOPE,), Source.OKTA_APP, "scope", decisive=True),
    EvidenceKind.CONNECTION_OFF: Rule(
        (Lean.OUT_OF_SCOPE,), Source.OKTA_CONNECTION, "scope", decisive=True
    ),
    EvidenceKind.CONNECTION_ON: Rule((Lean.IN_SCOPE,), Source.OKTA_CONNECTION, "scope"),
    EvidenceKind.CONNECTION_UNCLEAR: Rule((Lean.HINT,), Source.OKTA_CONNECTION, "scope"),
    EvidenceKind.READ_FAILED: Rule((Lean.HINT,), Source.OKTA_CONNECTION),
    EvidenceKind.PROVISIONING_APP_CREATED: Rule((Lean.DONE,), Source.OKTA_LOG, decisive=True),
    EvidenceKind.SERVICE_ACCOUNT_USED: Rule((Lean.DONE,), Source.OKTA_LOG, decisive=True),
    EvidenceKind.SERVICE_ACCOUNT: Rule(
        (Lean.DONE,), Source.GRAPH_DIRECTORY, "account", decisive=True, since=GRAPH_FLOW_SINCE
    ),
    EvidenceKind.NO_SERVICE_ACCOUNT: Rule((Lean.NOT_DONE,), Source.GRAPH_DIRECTORY, "account"),
    EvidenceKind.ADMIN_PASSWORD_USED: Rule((Lean.NOT_DONE,), Source.OKTA_LOG, decisive=True),
    EvidenceKind.ADMIN_PASSWORD_REJECTED: Rule((Lean.NOT_DONE,), Source.OKTA_LOG, decisive=True),
    EvidenceKind.TENANT_CONSENTED: Rule(
        (Lean.CONSENTED,), Source.GRAPH_DIRECTORY, "tenant", whole_tenant=True
    ),
    EvidenceKind.TENANT_NOT_CONSENTED: Rule(
        (Lean.NOT_CONSENTED,), Source.GRAPH_DIRECTORY, "tenant", whole_tenant=True
    ),
    EvidenceKind.CONSENT_AUDITED: Rule((Lean.CONSENTED,), Source.GRAPH_AUDIT, whole_tenant=True),
    EvidenceKind.DOMAIN_IN_TENANT: Rule((Lean.HINT,), Source.GRAPH_DIRECTORY, "domain"),
    EvidenceKind.DOMAIN_NOT_IN_TENANT: Rule((Lean.HINT,), Source.GRAPH_DIRECTORY, "domain"),
    EvidenceKind.FEDERATED_WITH_OKTA: Rule((Lean.HINT,), Source.GRAPH_DIRECTORY, "federation"),
    EvidenceKind.FEDERATED_ELSEWHERE: Rule((Lean.HINT,), Source.GRAPH_DIRECTORY, "federation"),
    EvidenceKind.SETTINGS_SAVED: Rule((Lean.HINT,), Source.OKTA_LOG),
    EvidenceKind.SAW_AUTHENTICATE: Rule(
        (Lean.NOT_DONE, Lean.NOT_CONSENTED), Source.PERSON, decisive=True
    ),
    EvidenceKind.SAW_REAUTHENTICATE: Rule(
        (Lean.NOT_DONE, Lean.CONSENTED), Source.PERSON, decisive=True
    ),
    EvidenceKind.SAW_NO_BUTTON: Rule((Lean.HINT,), Source.PERSON),
    EvidenceKind.COULD_NOT_SIGN_IN: Rule((Lean.HINT,), Source.PERSON),
    EvidenceKind.SAID_SAVED: Rule((Lean.DONE,), Source.PERSON, decisive=True),
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen about an app.

    `seen_at` is when o365bot looked, `happened_at` when it happened in the world (None: a standing
    fact whose date is not known). Both UTC. `detail` holds the words' parameters, such as
    `account`, `by`, `missing`; `event_id` names the log or audit row, so it is counted once.
    `tenant` is the id of the Entra tenant that it was read in, "" for what no tenant told.
    """

    kind: EvidenceKind
    seen_at: datetime
    happened_at: datetime | None = None
    detail: Mapping[str, str] = field(default_factory=dict, hash=False)
    event_id: str = ""
    tenant: str = ""

    @property
    def rule(self) -> Rule:
        return RULES[self.kind]

    @property
    def at(self) -> datetime:
        """When it speaks of: when it happened, or else when it was seen."""
        return self.happened_at or self.seen_at

    def leans(self, lean: Lean) -> bool:
        """True when it counts for `lean`."""
        since = self.rule.since
        if since is not None and (self.happened_at is None or self.happened_at < since):
            return lean is Lean.HINT
        return lean in self.rule.leans


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Decisive evidence that it was done, and later decisive evidence that it is not."""

    done: Evidence
    not_done: Evidence


@dataclass(frozen=True, slots=True)
class Assessment:
    """A state, how it is known, and why.

    `because` supports the state, weightiest first; `beside` is what else is known. `as_of` is the
    oldest look that the state rests on (UTC), so an age can be shown; None when nothing was read.
    `holds_until`: until when (UTC) this holds if nothing new is seen; None: time alone changes
    nothing.
    """

    state: State
    confidence: Confidence
    because: tuple[Evidence, ...] = ()
    beside: tuple[Evidence, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    as_of: datetime | None = None
    holds_until: datetime | None = None


def _order(item: Evidence) -> tuple[datetime, int, str, str, tuple[tuple[str, str], ...]]:
    """A total order by time: machine evidence after a person's word at the same moment."""
    machine = 0 if item.rule.source is Source.PERSON else 1
    detail = tuple(sorted(item.detail.items()))
    return (item.at, machine, item.kind.value, item.event_id, detail)


def _newest(items: Iterable[Evidence]) -> Evidence | None:
    return max(items, key=_order, default=None)


def contradictions(evidence: Iterable[Evidence]) -> tuple[Contradiction, ...]:
    """Every decisive "done" with the newest decisive "not done" that came after it.

    More evidence can only add to it: nothing that is added hides a contradiction.
    """
    decisive = sorted((e for e in evidence if e.rule.decisive), key=_order)
    undone = _newest(e for e in decisive if e.leans(Lean.NOT_DONE))
    if undone is None:
        return ()
    return tuple(
        Contradiction(done, undone)
        for done in decisive
        if done.leans(Lean.DONE) and done.at < undone.at
    )


def _consent(evidence: Iterable[Evidence]) -> Evidence | None:
    """The evidence that best tells whether the consent exists.

    What a person saw on the button speaks of this app; the tenant's grants speak of the tenant
    only. So the button counts until a consent is dated after it.
    """
    told = [e for e in evidence if e.leans(Lean.CONSENTED) or e.leans(Lean.NOT_CONSENTED)]
    button = _newest(e for e in told if not e.rule.whole_tenant)
    if button is None:
        return _newest(told)
    dated = [e for e in told if e.happened_at is not None and e.leans(Lean.CONSENTED)]
    return _newest([button, *(e for e in dated if e.at > button.at)])


def _unseen(evidence: Iterable[Evidence], word: Evidence) -> tuple[Evidence, ...]:
    """Why a person's word does not count any more: looks that found neither consent nor account.

    Both of them, and well after it was given; else nothing.
    """
    looks = [e for e in evidence if e.seen_at - word.at > SHOWS_WITHIN]
    consent = _newest(e for e in looks if e.kind is EvidenceKind.TENANT_NOT_CONSENTED)
    account = _newest(e for e in looks if e.kind is EvidenceKind.NO_SERVICE_ACCOUNT)
    return (consent, account) if consent is not None and account is not None else ()


def assess(evidence: Iterable[Evidence], now: datetime) -> Assessment:
    """Weigh all that is known about one app at `now` (UTC). The order does not matter."""
    _ = now
    known = tuple(sorted(set_of(evidence), key=_order, reverse=True))
    against = contradictions(known)

    def verdict(state: State, confidence: Confidence, *because: Evidence | None) -> Assessment:
        reasons = tuple(dict.fromkeys(e for e in because if e is not None))
        if against and confidence is Confidence.PROVEN:
            confidence = Confidence.LIKELY
        return Assessment(
            state,
            confidence,
            reasons,
            tuple(e for e in known if e not in reasons),
            against,
            min((e.seen_at for e in reasons), default=None),
        )

    failed = _newest(
        e
        for e in known
        if e.kind is EvidenceKind.READ_FAILED and e.detail.get("needed", "yes") == "yes"
    )
    scope = _newest(e for e in known if e.leans(Lean.OUT_OF_SCOPE) or e.leans(Lean.IN_SCOPE))
    if failed is not None and (scope is None or failed.seen_at >= scope.seen_at):
        return verdict(State.UNREADABLE, Confidence.UNTOLD, failed)
    if scope is None:
        return verdict(State.NEEDS_REVIEW, Confidence.UNTOLD, *known)
    if scope.leans(Lean.OUT_OF_SCOPE):
        return verdict(State.NOT_APPLICABLE, Confidence.PROVEN, scope)

    consent = _consent(known)
    last = _newest(
        e for e in known if e.rule.decisive and (e.leans(Lean.DONE) or e.leans(Lean.NOT_DONE))
    )
    if last is not None and last.leans(Lean.DONE):
        machine = _newest(
            e
            for e in known
            if e.leans(Lean.DONE) and e.rule.decisive and e.rule.source is not Source.PERSON
        )
        if machine is not None and not any(c.done == machine for c in against):
            return verdict(State.MIGRATED, Confidence.PROVEN, machine, last, scope)
        if unseen := _unseen(known, last):
            return verdict(State.NEEDS_REVIEW, Confidence.LIKELY, *unseen, last, scope)
        return verdict(State.SAID_SAVED, Confidence.ATTESTED, last, scope)
    if last is not None:
        known_by = Confidence.ATTESTED if last.rule.source is Source.PERSON else Confidence.PROVEN
        if consent is None:
            return verdict(State.NEEDS_REVIEW, Confidence.LIKELY, last, scope)
        state = State.NEEDS_SAVE if consent.leans(Lean.CONSENTED) else State.NEEDS_CONSENT
        if consent.rule.whole_tenant:
            known_by = Confidence.LIKELY
        return verdict(state, known_by, last, consent, scope)

    missing = _newest(e for e in known if e.kind is EvidenceKind.NO_SERVICE_ACCOUNT)
    if consent is not None and consent.leans(Lean.NOT_CONSENTED):
        return verdict(State.NEEDS_CONSENT, Confidence.LIKELY, consent, missing, scope)
    if consent is not None and missing is not None:
        return verdict(State.NEEDS_SAVE, Confidence.LIKELY, consent, missing, scope)
    return verdict(State.NEEDS_REVIEW, Confidence.UNTOLD, scope, consent)


def set_of(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Each standing fact once in its newest look, each logged event once.

    Events are told apart by `event_id`, a failed read by what could not be read, a person's word
    by who gave it and when: saying it again must not make what was said before unsaid.
    """
    newest: dict[tuple[str, str, str], Evidence] = {}
    for item in sorted(evidence, key=lambda e: (e.seen_at, _order(e))):
        said = ""
        if item.rule.source is Source.PERSON:
            said = f"{item.at.isoformat()} {item.detail.get('by', '')}"
        newest[item.rule.topic or item.kind.value, item.event_id, said] = item
    return tuple(newest.values())


def merge(known: Iterable[Evidence], fresh: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """What is known after another look: events and words stay, standing facts are renewed.

    Failed reads last only until the next look; what was read before them stays, with its age.
    """
    lasting = [e for e in known if e.kind is not EvidenceKind.READ_FAILED]
    return set_of([*lasting, *fresh])


KEPT: Mapping[Source, int] = {Source.OKTA_LOG: 2, Source.GRAPH_AUDIT: 2, Source.PERSON: 3}


def condensed(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Of events of one kind, and of one person's words of one kind, the oldest and the newest.

    A broken connection logs an event for every user it fails for, and a button can be pressed any
    number of times. The newest (`KEPT`) tell the state, and the oldest that a contradiction is
    there; those in between tell nothing more.
    """
    kept: list[Evidence] = []
    alike: dict[tuple[EvidenceKind, str], list[Evidence]] = {}
    for item in evidence:
        who = item.detail.get("by", "") if item.rule.source is Source.PERSON else ""
        happens = item.rule.source in KEPT
        (alike.setdefault((item.kind, who), []) if happens else kept).append(item)
    for (kind, _), items in alike.items():
        newest = KEPT[RULES[kind].source]
        items.sort(key=_order)
        kept += items if len(items) <= newest + 1 else [items[0], *items[-newest:]]
    return tuple(kept)
