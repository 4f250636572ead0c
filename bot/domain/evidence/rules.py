"""What is seen of an app, and what each kind of it is worth: the rules, as data.

Okta's API has no field that says whether an app was migrated (`OAUTH2` + `ENABLED` was its answer
before the migration too), so a state is never read. `bot.domain.evidence.assessment` weighs
evidence by these rules; `bot.domain.evidence.history` says what is kept from look to look.

Evidence is of three natures, and each has a shelf life (`SHELVES`):

* a standing fact (an account exists) is true as long as it is found again at every look;
* an event (a password was refused) is true of its day, and a row in a log;
* a word is what a person saw or says, and true of its day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Source(StrEnum):
    """Where a piece of evidence was read."""

    OKTA_APP = "okta_app"
    OKTA_CONNECTION = "okta_connection"
    OKTA_LOG = "okta_log"
    GRAPH_DIRECTORY = "graph_directory"
    GRAPH_AUDIT = "graph_audit"
    PERSON = "person"


class EvidenceKind(StrEnum):
    """What was seen. The words for each kind are in the catalogue under `evidence.<kind>`.

    A kind that a newer version wrote is read as an unknown one: kept, and worth nothing.
    """

    APP_INACTIVE = "app_inactive"
    APP_MOVED = "app_moved"
    KIND_NOT_READ = "kind_not_read"
    ORG_NOT_READ = "org_not_read"
    CONNECTION_OFF = "connection_off"
    CONNECTION_ON = "connection_on"
    CONNECTION_UNCLEAR = "connection_unclear"
    READ_FAILED = "read_failed"
    PROVISIONING_APP_CREATED = "provisioning_app_created"
    OWN_SECRET_RENEWED = "own_secret_renewed"
    OWN_SECRET_NOT_RENEWED = "own_secret_not_renewed"
    NOT_CONNECTED = "not_connected"
    SERVICE_ACCOUNT_USED = "service_account_used"
    SERVICE_ACCOUNT_REFUSED = "service_account_refused"
    SERVICE_ACCOUNT_SIGNED_IN = "service_account_signed_in"
    SERVICE_ACCOUNT = "service_account"
    NO_SERVICE_ACCOUNT = "no_service_account"
    OWN_REGISTRATION = "own_registration"
    NO_OWN_REGISTRATION = "no_own_registration"
    ADMIN_PASSWORD_USED = "admin_password_used"
    ADMIN_PASSWORD_REJECTED = "admin_password_rejected"
    TENANT_CONSENTED = "tenant_consented"
    TENANT_NOT_CONSENTED = "tenant_not_consented"
    CONSENT_AUDITED = "consent_audited"
    CONSENT_REPLACED = "consent_replaced"
    DOMAIN_IN_TENANT = "domain_in_tenant"
    DOMAIN_NOT_IN_TENANT = "domain_not_in_tenant"
    FEDERATED_WITH_OKTA = "federated_with_okta"
    FEDERATED_ELSEWHERE = "federated_elsewhere"
    SETTINGS_SAVED = "settings_saved"
    APP_ACTIVATED = "app_activated"
    UNWATCHED = "unwatched"
    SAW_AUTHENTICATE = "saw_authenticate"
    SAW_REAUTHENTICATE = "saw_reauthenticate"
    SAW_NO_BUTTON = "saw_no_button"
    SAW_PASSWORD_FIELDS = "saw_password_fields"
    SAW_NO_PASSWORD_FIELDS = "saw_no_password_fields"
    SAW_VERIFIED = "saw_verified"
    SAW_NOT_VERIFIED = "saw_not_verified"
    TEST_SUCCEEDED = "test_succeeded"
    TEST_FAILED = "test_failed"
    COULD_NOT_SIGN_IN = "could_not_sign_in"
    SAID_SAVED = "said_saved"

    @classmethod
    def _missing_(cls, value: object) -> EvidenceKind | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown


class Direction(StrEnum):
    """Which way a kind of evidence leans."""

    OUT_OF_SCOPE = "out_of_scope"
    IN_SCOPE = "in_scope"
    DONE = "done"
    NOT_DONE = "not_done"
    CONSENTED = "consented"
    NOT_CONSENTED = "not_consented"
    CHANGED = "changed"  # after it, what was done before may be undone
    BROKEN = "broken"  # provisioning did not work that day, whatever it signs in with
    HINT = "hint"


class Nature(StrEnum):
    """What a piece of evidence is true of; each has a shelf life."""

    FACT = "fact"
    EVENT = "event"
    WORD = "word"


@dataclass(frozen=True, slots=True)
class ShelfLife:
    """How long evidence keeps its weight, counted from when it was true last.

    `full`: it can prove (a word: attest). Until `some` it can still make a state likely. After that
    it is history, and decides nothing.
    """

    full: timedelta
    some: timedelta


# A fact is confirmed by a look a day (`ScanPolicy`), so one look may fail. Okta keeps its log for
# 90 days: an event of last month is near enough that what came after it would have been seen, one
# of last year is not.
SHELVES: Mapping[Nature, ShelfLife] = {
    Nature.FACT: ShelfLife(timedelta(days=2), timedelta(days=365)),
    Nature.EVENT: ShelfLife(timedelta(days=30), timedelta(days=365)),
    Nature.WORD: ShelfLife(timedelta(days=30), timedelta(days=90)),
}

# Two clouds' clocks differ by so much: what happened within it has no order.
CLOCKS = timedelta(minutes=5)
# The Save that finishes a migration comes a little after the account that Okta makes for it.
FINISHES_WITHIN = timedelta(minutes=15)
# So long after the work a directory may not show it yet: what it does not find until then is not
# known to be missing (Microsoft Graph's lists of grants are replicated with a delay).
SHOWS_WITHIN = timedelta(hours=1)
# With a token from before a Save Okta may go on for so long (Microsoft Entra: an access token lives
# 60 to 90 minutes).
TOKENS_LIVE = timedelta(minutes=90)
# Okta keeps its System Log for 90 days (Okta developer docs, "System Log").
LOG_RETENTION = timedelta(days=90)
# Okta announced the Graph consent flow in September 2024; the accounts it made before then belong
# to the former flow (Okta help, "Provide Microsoft admin consent for Okta", which asked for a
# service account as early as 2023).
GRAPH_FLOW_SINCE = datetime(2024, 9, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of evidence is worth.

    `leans` may hold two directions: the button "Authenticate" tells both that it is not done and
    that this app has no consent. `topic`: kinds of one topic are standing facts, of which the
    newest look is what is so now ("" for events and words). `decisive`: enough for a state without
    other evidence. `since`: counts only when it happened on or after that moment (UTC).
    `whole_tenant`: speaks of the tenant, not of this app, so it can never prove `MIGRATED`.
    """

    leans: tuple[Direction, ...]
    source: Source
    topic: str = ""
    decisive: bool = False
    whole_tenant: bool = False
    since: datetime | None = None

    @property
    def nature(self) -> Nature:
        if self.topic:
            return Nature.FACT
        return Nature.WORD if self.source is Source.PERSON else Nature.EVENT


def _fact(*leans: Direction, source: Source, topic: str) -> Rule:
    return Rule(leans, source, topic)


def _word(*leans: Direction) -> Rule:
    decisive = Direction.DONE in leans or Direction.NOT_DONE in leans
    return Rule(leans, Source.PERSON, decisive=decisive)


def _logged(lean: Direction) -> Rule:
    decisive = lean in (Direction.DONE, Direction.NOT_DONE)
    return Rule((lean,), Source.OKTA_LOG, decisive=decisive)


_K, _L, _S = EvidenceKind, Direction, Source

RULES: Mapping[EvidenceKind, Rule] = {
    _K.APP_INACTIVE: Rule((_L.OUT_OF_SCOPE,), _S.OKTA_APP, "scope", decisive=True),
    # The settings do not name its kind, or its org, any more.
    _K.KIND_NOT_READ: Rule((_L.OUT_OF_SCOPE,), _S.OKTA_APP, "scope", decisive=True),
    _K.ORG_NOT_READ: Rule((_L.OUT_OF_SCOPE,), _S.OKTA_APP, "scope", decisive=True),
    _K.APP_MOVED: Rule((_L.CHANGED,), _S.OKTA_APP),
    _K.CONNECTION_OFF: Rule((_L.OUT_OF_SCOPE,), _S.OKTA_CONNECTION, "scope", decisive=True),
    _K.CONNECTION_ON: _fact(_L.IN_SCOPE, source=_S.OKTA_CONNECTION, topic="scope"),
    _K.CONNECTION_UNCLEAR: _fact(_L.HINT, source=_S.OKTA_CONNECTION, topic="scope"),
    _K.READ_FAILED: Rule((_L.HINT,), _S.OKTA_CONNECTION),
    _K.PROVISIONING_APP_CREATED: _logged(_L.DONE),
    # The registration is there. Whether it is still what the app works with, Okta does not say.
    _K.OWN_SECRET_RENEWED: _logged(_L.HINT),
    # "Alert on FAILURE to catch stuck secrets before expiry" (Okta, "Event types").
    _K.OWN_SECRET_NOT_RENEWED: _logged(_L.HINT),
    # Whatever it signs in with: the catalogue says no more than the events' names do.
    _K.NOT_CONNECTED: _logged(_L.HINT),
    _K.SERVICE_ACCOUNT_USED: _logged(_L.DONE),
    # Okta provisions by it, and Microsoft did not let it in that day.
    _K.SERVICE_ACCOUNT_REFUSED: _logged(_L.BROKEN),
    _K.SERVICE_ACCOUNT: Rule(
        (_L.DONE,), _S.GRAPH_DIRECTORY, "account", decisive=True, since=GRAPH_FLOW_SINCE
    ),
    # Nobody but Okta knows its password.
    _K.SERVICE_ACCOUNT_SIGNED_IN: Rule((_L.DONE,), _S.GRAPH_DIRECTORY, decisive=True),
    _K.NO_SERVICE_ACCOUNT: _fact(_L.NOT_DONE, source=_S.GRAPH_DIRECTORY, topic="account"),
    # That there is one says nothing about when it was made for this app: that is in Okta's log.
    _K.OWN_REGISTRATION: _fact(_L.HINT, source=_S.GRAPH_DIRECTORY, topic="registration"),
    _K.NO_OWN_REGISTRATION: _fact(_L.HINT, source=_S.GRAPH_DIRECTORY, topic="registration"),
    _K.ADMIN_PASSWORD_USED: _logged(_L.NOT_DONE),
    _K.ADMIN_PASSWORD_REJECTED: _logged(_L.NOT_DONE),
    _K.TENANT_CONSENTED: Rule((_L.CONSENTED,), _S.GRAPH_DIRECTORY, "tenant", whole_tenant=True),
    _K.TENANT_NOT_CONSENTED: Rule(
        (_L.NOT_CONSENTED,), _S.GRAPH_DIRECTORY, "tenant", whole_tenant=True
    ),
    _K.CONSENT_AUDITED: Rule((_L.CONSENTED,), _S.GRAPH_AUDIT, whole_tenant=True),
    # A name can be taken by anybody; and which one provisioning works by, nobody says.
    _K.CONSENT_REPLACED: Rule((_L.CHANGED,), _S.GRAPH_DIRECTORY),
    _K.DOMAIN_IN_TENANT: _fact(_L.HINT, source=_S.GRAPH_DIRECTORY, topic="domain"),
    _K.DOMAIN_NOT_IN_TENANT: _fact(_L.HINT, source=_S.GRAPH_DIRECTORY, topic="domain"),
    _K.FEDERATED_WITH_OKTA: _fact(_L.HINT, source=_S.GRAPH_DIRECTORY, topic="federation"),
    _K.FEDERATED_ELSEWHERE: _fact(_L.HINT, source=_S.GRAPH_DIRECTORY, topic="federation"),
    _K.SETTINGS_SAVED: _logged(_L.CHANGED),
    _K.APP_ACTIVATED: _logged(_L.CHANGED),  # so it was off, whether a look saw that or not
    _K.UNWATCHED: _logged(_L.CHANGED),
    _K.SAW_AUTHENTICATE: _word(_L.NOT_DONE, _L.NOT_CONSENTED),
    # Guides of 2023 show this button long before the migration, and it seems to stay after it:
    # it tells of the consent only.
    _K.SAW_REAUTHENTICATE: _word(_L.CONSENTED),
    _K.SAW_NO_BUTTON: _word(_L.HINT),
    _K.SAW_PASSWORD_FIELDS: _word(_L.NOT_DONE),
    _K.SAW_NO_PASSWORD_FIELDS: _word(_L.DONE),
    _K.SAW_VERIFIED: _word(_L.HINT),
    _K.SAW_NOT_VERIFIED: _word(_L.BROKEN),
    _K.TEST_SUCCEEDED: _word(_L.HINT),
    _K.TEST_FAILED: _word(_L.BROKEN),
    _K.COULD_NOT_SIGN_IN: _word(_L.HINT),
    _K.SAID_SAVED: _word(_L.DONE),
}
_UNKNOWN = Rule((_L.HINT,), _S.OKTA_APP)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was seen about an app. All times are UTC.

    `seen_at` is when o365bot looked, of a standing fact the last time that it was confirmed;
    `first_seen` since when it was found so at every look (None: at `seen_at`). `happened_at` is
    when it happened in the world (None: a standing fact whose date is not known). `detail` holds
    the words' parameters, such as `account`, `by`, `missing`; `event_id` names the log or audit
    row, so it is counted once. `tenant` is the id of the Entra tenant that it was read in, "" for
    what no tenant told, and for what a version before this one wrote.
    """

    kind: EvidenceKind
    seen_at: datetime
    happened_at: datetime | None = None
    detail: Mapping[str, str] = field(default_factory=dict, hash=False)
    event_id: str = ""
    tenant: str = ""
    first_seen: datetime | None = None

    @property
    def rule(self) -> Rule:
        return RULES.get(self.kind, _UNKNOWN)

    @property
    def at(self) -> datetime:
        """When it speaks of: when it happened, or else when it was seen."""
        return self.happened_at or self.seen_at

    @property
    def last_true(self) -> datetime:
        """Until when it is known to be true: a fact at its last look, all else on its day."""
        return self.seen_at if self.rule.nature is Nature.FACT else self.at

    @property
    def shelf(self) -> ShelfLife:
        return SHELVES[self.rule.nature]

    @property
    def is_enabled(self) -> bool:
        """False for a service principal or an account that may not sign in."""
        return self.detail.get("enabled") != "no"

    @property
    def failed_part(self) -> str:
        """Which part of a look failed: `connection`, `log` or `microsoft`; "" for all else."""
        if self.kind is not EvidenceKind.READ_FAILED:
            return ""
        if self.detail.get("needed", "yes") == "yes":
            return "connection"
        # Microsoft's adapter names no part, nor did a version before this one.
        told = "log" if "/api/v1/logs" in self.detail.get("call", "") else "microsoft"
        return self.detail.get("part", told)

    def leans(self, lean: Direction) -> bool:
        """True when it counts for `lean`."""
        since = self.rule.since
        if since is not None and (self.happened_at is None or self.happened_at < since):
            return lean is Direction.HINT
        return lean in self.rule.leans

    def order(self) -> tuple[datetime, bool, str, str, str, tuple[tuple[str, str], ...]]:
        """A total order by time: machine evidence after a person's word at the same moment."""
        by_machine = self.rule.nature is not Nature.WORD
        detail = tuple(sorted(self.detail.items()))
        return (self.at, by_machine, str(self.kind), self.event_id, self.tenant, detail)
