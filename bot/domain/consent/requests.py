"""A consent request: one Global Administrator is asked to finish one app, through a personal link.

The stages and the steps between them are one table, `TRANSITIONS`; everything that changes a
request goes through `step`, so a path that the table does not name cannot happen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.consent.polls import Polling
from bot.domain.consent.snooze import Snooze
from bot.domain.evidence.rules import EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.normalization import exact, normalized
from bot.domain.people.admins import ChatIdentity, Colleague, Holding
from bot.errors import StepNotAllowed


class Stage(StrEnum):
    """Where a request stands."""

    REQUESTED = "requested"  # somebody is to be asked; the message is not confirmed yet
    DELIVERED = "delivered"  # the platform confirmed the personal message
    ACKNOWLEDGED = "acknowledged"  # the person took it on, with a proof
    SAVED = "saved"  # the person says it is saved in Okta
    DONE = "done"  # the evidence shows it
    UNDELIVERED = "undelivered"  # the person cannot be messaged
    DECLINED = "declined"  # "not me"
    EXPIRED = "expired"  # nothing happened in time: somebody else is asked
    REVOKED = "revoked"  # a newer request replaced it, or the app no longer needs anything

    @property
    def is_open(self) -> bool:
        """True while something is expected of the person."""
        return self in _OPEN


class Step(StrEnum):
    """What can happen to a request."""

    ISSUE = "issue"  # a fresh link for the message that is about to be sent
    RENEW = "renew"  # a fresh link for a reminder
    DELIVER = "deliver"  # a message that is about it was confirmed
    FAIL_DELIVERY = "fail_delivery"
    ACKNOWLEDGE = "acknowledge"  # the link is spent, with a proof of who did it
    RETURN = "return"  # a fresh link of what was taken on is spent: the person goes on
    ATTEST = "attest"  # the person says which button was there
    SAVE = "save"  # the person says it is saved in Okta
    CLAIM = "claim"  # the person says it was done already
    SNOOZE = "snooze"  # "later", with a date and a reason
    RESUME = "resume"  # "later" is taken back
    POLL = "look"  # o365bot looked again, and plans the next look
    HAND_OVER = "hand_over"  # it is stuck: the operators hear of it
    PROVE = "prove"
    DECLINE = "decline"  # "not me"
    EXPIRE = "expire"
    REVOKE = "revoke"


TRANSITIONS: Mapping[tuple[Stage, Step], Stage] = {
    (Stage.REQUESTED, Step.ISSUE): Stage.REQUESTED,
    (Stage.REQUESTED, Step.DELIVER): Stage.DELIVERED,
    (Stage.REQUESTED, Step.FAIL_DELIVERY): Stage.UNDELIVERED,
    # The click may overtake the confirmation of the message that carried the link.
    (Stage.REQUESTED, Step.ACKNOWLEDGE): Stage.ACKNOWLEDGED,
    (Stage.REQUESTED, Step.CLAIM): Stage.REQUESTED,
    # Whoever answers has seen the message, whatever its platform confirms.
    (Stage.REQUESTED, Step.SNOOZE): Stage.DELIVERED,
    (Stage.REQUESTED, Step.POLL): Stage.REQUESTED,
    (Stage.REQUESTED, Step.HAND_OVER): Stage.REQUESTED,
    (Stage.REQUESTED, Step.DECLINE): Stage.DECLINED,
    (Stage.REQUESTED, Step.PROVE): Stage.DONE,
    (Stage.REQUESTED, Step.EXPIRE): Stage.EXPIRED,
    (Stage.REQUESTED, Step.REVOKE): Stage.REVOKED,
    # Each round carries fresh links.
    (Stage.DELIVERED, Step.RENEW): Stage.DELIVERED,
    (Stage.DELIVERED, Step.DELIVER): Stage.DELIVERED,
    (Stage.DELIVERED, Step.HAND_OVER): Stage.DELIVERED,
    (Stage.DELIVERED, Step.FAIL_DELIVERY): Stage.UNDELIVERED,  # by now the person is gone
    (Stage.DELIVERED, Step.ACKNOWLEDGE): Stage.ACKNOWLEDGED,
    (Stage.DELIVERED, Step.CLAIM): Stage.DELIVERED,
    (Stage.DELIVERED, Step.SNOOZE): Stage.DELIVERED,
    (Stage.DELIVERED, Step.RESUME): Stage.DELIVERED,
    (Stage.DELIVERED, Step.POLL): Stage.DELIVERED,
    (Stage.DELIVERED, Step.DECLINE): Stage.DECLINED,
    (Stage.DELIVERED, Step.PROVE): Stage.DONE,
    (Stage.DELIVERED, Step.EXPIRE): Stage.EXPIRED,
    (Stage.DELIVERED, Step.REVOKE): Stage.REVOKED,
    (Stage.ACKNOWLEDGED, Step.ATTEST): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.RENEW): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.RETURN): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.DELIVER): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.HAND_OVER): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.EXPIRE): Stage.EXPIRED,
    (Stage.ACKNOWLEDGED, Step.SAVE): Stage.SAVED,
    (Stage.ACKNOWLEDGED, Step.CLAIM): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.SNOOZE): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.RESUME): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.POLL): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.DECLINE): Stage.DECLINED,
    (Stage.ACKNOWLEDGED, Step.PROVE): Stage.DONE,
    (Stage.ACKNOWLEDGED, Step.REVOKE): Stage.REVOKED,
    # Whoever still sees a button after saving has more to do.
    (Stage.SAVED, Step.ATTEST): Stage.ACKNOWLEDGED,
    (Stage.SAVED, Step.SAVE): Stage.SAVED,
    (Stage.SAVED, Step.RENEW): Stage.SAVED,
    (Stage.SAVED, Step.RETURN): Stage.SAVED,
    (Stage.SAVED, Step.DELIVER): Stage.SAVED,
    (Stage.SAVED, Step.HAND_OVER): Stage.SAVED,
    (Stage.SAVED, Step.SNOOZE): Stage.SAVED,
    (Stage.SAVED, Step.RESUME): Stage.SAVED,
    (Stage.SAVED, Step.POLL): Stage.SAVED,
    # Whoever said so and lost the role since cannot do it again, should nothing be seen of it.
    (Stage.SAVED, Step.DECLINE): Stage.DECLINED,
    (Stage.SAVED, Step.PROVE): Stage.DONE,
    (Stage.SAVED, Step.REVOKE): Stage.REVOKED,
}
_OPEN = frozenset(stage for stage, _ in TRANSITIONS)


# ScanApps, sending and coming back say nothing about when to be asked again.
_LEAVE_A_SNOOZE = frozenset({Step.POLL, Step.RETURN, Step.HAND_OVER})
_ANSWERS = frozenset({Step.SNOOZE, Step.CLAIM, Step.ATTEST, Step.SAVE})
# What o365bot does by itself: it ends no plan of the person's, and what is stuck stays so.
_OURS = frozenset({Step.ISSUE, Step.RENEW, Step.DELIVER, Step.POLL, Step.HAND_OVER})
# The stages in which a link may still be spent.
FRESH = frozenset({Stage.REQUESTED, Stage.DELIVERED})
# Those in which it is in the person's hands.
TAKEN_ON = frozenset({Stage.ACKNOWLEDGED, Stage.SAVED})

# Those that end it without its person: somebody else is asked instead.
PASSED_ON = frozenset({Stage.DECLINED, Stage.UNDELIVERED})


class ProofKind(StrEnum):
    """How it is known that the right person acted, weakest first."""

    PERSONAL_LINK = "personal_link"  # somebody who holds the link that went to this person only
    CHAT_ACCOUNT = "chat_account"  # the bound chat account pressed the button
    SIGNED_IN = "signed_in"  # Microsoft signed in the bound tenant and object id
    SIGNED_IN_MFA = "signed_in_mfa"  # the same, and MFA was proven

    def reaches(self, minimum: ProofKind) -> bool:
        """True when this is as strong as `minimum`, or stronger."""
        order = tuple(ProofKind)
        return order.index(self) >= order.index(minimum)


class MfaShown(StrEnum):
    """How a sign-in showed multifactor authentication.

    Version 2.0 tokens carry no `amr` (Microsoft Learn, "Access token claims reference").
    """

    AMR = "amr"  # a version 1.0 access token for our own API says so
    ACRS = "acrs"  # the tenant's Conditional Access authentication context was met
    NOT_PROVEN = "not_proven"  # it may have happened; nothing here shows it


@dataclass(frozen=True, slots=True)
class Proof:
    """Who acknowledged, and how that is known. `at` is UTC.

    `by` names the account: `entra:<object id>` for a sign-in, `slack:U…` or `teams:…` for chat.
    """

    kind: ProofKind
    by: str
    at: datetime
    mfa: MfaShown = MfaShown.NOT_PROVEN


class Button(StrEnum):
    """What a person saw on the app's Integration tab."""

    AUTHENTICATE = "authenticate"
    REAUTHENTICATE = "reauthenticate"
    NEITHER = "neither"
    COULD_NOT_SIGN_IN = "could_not_sign_in"

    @property
    def evidence(self) -> EvidenceKind:
        """What it counts as."""
        return _SEEN[self]


_SEEN: Mapping[Button, EvidenceKind] = {
    Button.AUTHENTICATE: EvidenceKind.SAW_AUTHENTICATE,
    Button.REAUTHENTICATE: EvidenceKind.SAW_REAUTHENTICATE,
    Button.NEITHER: EvidenceKind.SAW_NO_BUTTON,
    Button.COULD_NOT_SIGN_IN: EvidenceKind.COULD_NOT_SIGN_IN,
}


@dataclass(frozen=True, slots=True)
class LinkBinding:
    """The link of a request. Only the token's SHA-256 (hex) is ever kept.

    So a token exists in clear only while its message is written: each attempt to send issues a
    fresh one, which revokes the former. `letter` is the key of the delivery that carries it.
    `back`: it was issued after the proof, such as with a reminder, and leads back to what was taken
    on, once. `used_at` is when it was spent: by the proof, or by leading back. A replica of a
    former version drops what it does not know of these; then the link counts as spent.
    """

    token_sha256: str
    expires_at: datetime
    letter: str = ""
    used_at: datetime | None = None
    back: bool = False


@dataclass(frozen=True, slots=True)
class Stuck:
    """Nobody is left to ask, and the operators hear of it. `why` is a `Reason`; `at` is UTC."""

    at: datetime
    why: str


KEPT_TOLD = 50
"""As many as may be ignored before somebody else is asked (`campaign.ignored_rounds`)."""


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """One person asked about one app. `revision` counts its changes (compare-and-set).

    `code` is the short code that the message and the page both show; `requested_by` is the name of
    whoever had the person asked, and `asker` their chat account; `colleague` is the Okta admin to
    sit beside the person, None when one can do it alone or nobody is known. `holding` and
    `okta_admin` are as known when the person was asked (`okta_admin` None: could not be told).
    `saw` is the button the person saw, `suggestion` who they said would be right. `answered_at` is
    when the person last said something about it other than taking it on; `told` are the last
    messages that named it, oldest first. Times are UTC.
    """

    id: str
    app: AppRef
    app_label: str
    tenant_id: str
    tenant_domain: str
    admin_object_id: str
    admin_name: str
    admin_upn: str
    chat: ChatIdentity
    code: str
    requested_by: str
    requested_at: datetime
    stage: Stage = Stage.REQUESTED
    link: LinkBinding | None = None
    changed_at: datetime | None = None
    proof: Proof | None = None
    asker: ChatIdentity | None = None
    holding: Holding = Holding.ACTIVE
    okta_admin: bool | None = None
    saw: Button | None = None
    snooze: Snooze | None = None
    suggestion: str = ""
    watch: Polling | None = None
    answered_at: datetime | None = None
    revision: int = 1
    colleague: Colleague | None = None
    told: tuple[datetime, ...] | None = None
    stuck: Stuck | None = None

    @property
    def named(self) -> tuple[datetime, ...]:
        """The last messages that named it, oldest first.

        One of a version that did not count them (None) was named once, when it was made.
        """
        if self.told is None:
            return () if self.stage is Stage.REQUESTED else (self.requested_at,)
        return self.told

    @property
    def still_since(self) -> datetime | None:
        """Since when (UTC) it goes on for no one: it is stuck, or ended without its person."""
        if self.stage.is_open:
            return self.stuck.at if self.stuck is not None else None
        return self.changed_at if self.stage in PASSED_ON else None

    @property
    def names(self) -> tuple[str, ...]:
        """What the person is called in other clouds, as `normalized` has it."""
        return tuple(normalized(name) for name in (self.admin_upn, self.chat.email) if name)

    def is_bound_to(self, account: ChatIdentity) -> bool:
        """True for the one chat account that was asked."""
        mine = (self.chat.platform, self.chat.user_id)
        return (account.platform, account.user_id) == mine

    def is_known_elsewhere_as(self, account: ChatIdentity) -> bool:
        """True for the same person's account on another platform than the one they were asked on.

        In Teams the user id is the Entra object id; else the address, as the platform has it, says
        who it is. Not enough to act, but to be told where the message went.
        """
        return account.platform is not self.chat.platform and any(
            sign in self.signs for sign in account.signs
        )

    @property
    def signs(self) -> tuple[str, ...]:
        """What the person who was asked goes by elsewhere, as `ChatIdentity.signs` has it."""
        names = (self.admin_object_id, self.admin_upn, self.chat.email)
        return tuple(dict.fromkeys(exact(name) for name in names if name))

    @property
    def person(self) -> str:
        """The account that was asked, as sessions are bound to it: tenant and object id."""
        return exact(f"{self.tenant_id}/{self.admin_object_id}")

    def covers(self, other: ConsentRequest) -> bool:
        """True when one sign-in serves both: the same administrator of the same tenant."""
        mine = (self.tenant_id, self.admin_object_id)
        return (other.tenant_id, other.admin_object_id) == mine


def allowed(stage: Stage) -> tuple[Step, ...]:
    """The steps that the table has from `stage`."""
    return tuple(step for (start, step) in TRANSITIONS if start is stage)


def step(
    request: ConsentRequest,
    taken: Step,
    now: datetime,
    *,
    proof: Proof | None = None,
    link: LinkBinding | None = None,
    saw: Button | None = None,
    snooze: Snooze | None = None,
    suggestion: str = "",
    watch: Polling | None = None,
    named: bool = False,
    stuck: Stuck | None = None,
) -> ConsentRequest:
    """The request after `taken`. Raises StepNotAllowed when the table has no such step.

    `proof` goes with ACKNOWLEDGE, and with RETURN where it is a stronger one, `link` with ISSUE and
    RENEW, `saw` with ATTEST, `snooze` with SNOOZE, and with ISSUE, RENEW and DELIVER while it goes
    on, `suggestion` with DECLINE, `watch` with SAVE, CLAIM and POLL, `named` (the message named it)
    with DELIVER, `stuck` with HAND_OVER.
    Whatever else is done than looking ends a snooze; whatever the person does, that it is stuck.
    ACKNOWLEDGE and RETURN spend the link.
    """
    target = TRANSITIONS.get((request.stage, taken))
    if target is None:
        raise StepNotAllowed(
            f"A request that is {request.stage.value} cannot {taken.value.replace('_', ' ')}."
        )
    link = link or request.link
    if link is not None and taken in (Step.ACKNOWLEDGE, Step.RETURN):
        link = replace(link, used_at=now, back=False)
    elif link is not None and taken is Step.RENEW:
        link = replace(link, back=target in TAKEN_ON)
    return replace(
        request,
        stage=target,
        changed_at=now,
        proof=proof or request.proof,
        link=link,
        saw=saw or request.saw,
        snooze=request.snooze if taken in _LEAVE_A_SNOOZE else snooze,
        suggestion=suggestion or request.suggestion,
        watch=watch or request.watch,
        answered_at=now if taken in _ANSWERS else request.answered_at,
        told=(*request.named, now)[-KEPT_TOLD:] if named else request.told,
        stuck=stuck or (request.stuck if taken in _OURS else None),
        revision=request.revision + 1,
    )
