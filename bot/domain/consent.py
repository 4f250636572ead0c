"""A consent request: one Global Administrator is asked to finish one app, through a personal link.

The stages and the steps between them are one table, `TRANSITIONS`; everything that changes a
request goes through `step`, so a path that the table does not name cannot happen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.apps import AppRef
from bot.domain.people import ChatIdentity
from bot.errors import LinkExpired, LinkRevoked, LinkSpent, LinkUnknown, StepNotAllowed


class Stage(StrEnum):
    """Where a request stands."""

    REQUESTED = "requested"  # somebody is to be asked; the message is not confirmed yet
    DELIVERED = "delivered"  # the platform confirmed the personal message
    ACKNOWLEDGED = "acknowledged"  # the person took it on, with a proof
    SAVED = "saved"  # the person says it is saved in Okta
    DONE = "done"  # evidence says so
    UNDELIVERED = "undelivered"  # the person cannot be messaged
    DECLINED = "declined"  # "not me"
    EXPIRED = "expired"  # nothing came of it in time: somebody else is asked
    REVOKED = "revoked"  # a newer request took its place, or the app needs nothing any more

    @property
    def is_open(self) -> bool:
        """True while something is expected of the person."""
        return any(stage is self for stage, _ in TRANSITIONS)


class Step(StrEnum):
    """What can happen to a request."""

    ISSUE = "issue"  # a fresh link for the message that is about to be sent
    DELIVER = "deliver"
    FAIL_DELIVERY = "fail_delivery"
    ACKNOWLEDGE = "acknowledge"
    SAVE = "save"
    PROVE = "prove"
    DECLINE = "decline"
    EXPIRE = "expire"
    REVOKE = "revoke"


TRANSITIONS: Mapping[tuple[Stage, Step], Stage] = {
    (Stage.REQUESTED, Step.ISSUE): Stage.REQUESTED,
    (Stage.REQUESTED, Step.DELIVER): Stage.DELIVERED,
    (Stage.REQUESTED, Step.FAIL_DELIVERY): Stage.UNDELIVERED,
    # The click may overtake the confirmation of the message that carried the link.
    (Stage.REQUESTED, Step.ACKNOWLEDGE): Stage.ACKNOWLEDGED,
    (Stage.REQUESTED, Step.DECLINE): Stage.DECLINED,
    (Stage.REQUESTED, Step.PROVE): Stage.DONE,
    (Stage.REQUESTED, Step.EXPIRE): Stage.EXPIRED,
    (Stage.REQUESTED, Step.REVOKE): Stage.REVOKED,
    # Each round carries fresh links.
    (Stage.DELIVERED, Step.ISSUE): Stage.DELIVERED,
    (Stage.DELIVERED, Step.ACKNOWLEDGE): Stage.ACKNOWLEDGED,
    (Stage.DELIVERED, Step.DECLINE): Stage.DECLINED,
    (Stage.DELIVERED, Step.PROVE): Stage.DONE,
    (Stage.DELIVERED, Step.EXPIRE): Stage.EXPIRED,
    (Stage.DELIVERED, Step.REVOKE): Stage.REVOKED,
    (Stage.ACKNOWLEDGED, Step.ISSUE): Stage.ACKNOWLEDGED,
    (Stage.ACKNOWLEDGED, Step.EXPIRE): Stage.EXPIRED,
    (Stage.ACKNOWLEDGED, Step.SAVE): Stage.SAVED,
    (Stage.ACKNOWLEDGED, Step.DECLINE): Stage.DECLINED,
    (Stage.ACKNOWLEDGED, Step.PROVE): Stage.DONE,
    (Stage.ACKNOWLEDGED, Step.REVOKE): Stage.REVOKED,
    (Stage.SAVED, Step.PROVE): Stage.DONE,
    (Stage.SAVED, Step.REVOKE): Stage.REVOKED,
}


class ProofKind(StrEnum):
    """How it is known that the right person acted, weakest first."""

    PERSONAL_LINK = "personal_link"  # somebody who holds the link that went to this person only
    CHAT_ACCOUNT = "chat_account"  # the bound chat account pressed the button
    SIGNED_IN = "signed_in"  # Microsoft signed in the bound tenant and object id
    SIGNED_IN_MFA = "signed_in_mfa"  # the same, and MFA was proven


@dataclass(frozen=True, slots=True)
class Proof:
    """Who acknowledged, and how that is known. `at` is UTC."""

    kind: ProofKind
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LinkBinding:
    """The link of a request. Only the token's SHA-256 (hex) is ever kept.

    So a token exists in clear only while its message is written: each attempt to send issues a
    fresh one, which revokes the former.
    """

    token_sha256: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """One person asked about one app. `revision` counts its changes (compare-and-set).

    `code` is the short code that the message and the page both show; `requested_by` is the name of
    whoever had the person asked. Times are UTC.
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
    revision: int = 1


def link_digest(token: str) -> str:
    """The form in which a link's token is kept: SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


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
) -> ConsentRequest:
    """The request after `taken`. Raises StepNotAllowed when the table has no such step.

    `proof` goes with ACKNOWLEDGE, `link` with ISSUE.
    """
    target = TRANSITIONS.get((request.stage, taken))
    if target is None:
        raise StepNotAllowed(
            f"A request that is {request.stage.value} cannot {taken.value.replace('_', ' ')}."
        )
    return replace(
        request,
        stage=target,
        changed_at=now,
        proof=proof or request.proof,
        link=link or request.link,
        revision=request.revision + 1,
    )


def check_link(request: ConsentRequest | None, digest: str, now: datetime) -> ConsentRequest:
    """The request that this link may still acknowledge. `digest` is `link_digest` of its token.

    Raises LinkUnknown, LinkRevoked, LinkSpent or LinkExpired. A spent link is told before an
    expired one: whoever acted in time should not be told that they were late.
    """
    if request is None or request.link is None:
        raise LinkUnknown("This link is not known.")
    if request.link.token_sha256 != digest:
        raise LinkRevoked("A newer link took its place.")
    match request.stage:
        case Stage.ACKNOWLEDGED | Stage.SAVED | Stage.DONE:
            raise LinkSpent("This link was used already.")
        case Stage.REVOKED | Stage.DECLINED | Stage.UNDELIVERED:
            raise LinkRevoked("This link was withdrawn.")
        case Stage.EXPIRED:
            raise LinkExpired("This link has expired.")
        case Stage.REQUESTED | Stage.DELIVERED:
            if now >= request.link.expires_at:
                raise LinkExpired("This link has expired.")
    return request
