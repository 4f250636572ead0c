"""Opening and using a personal link.

Opening changes nothing: chat and mail scanners fetch links. Acknowledging is one compare-and-set in
the ledger, so of any number of clicks exactly one counts and the others learn that it was used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.apps import AppRef
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent import (
    ConsentRequest,
    Proof,
    ProofKind,
    Step,
    check_link,
    link_digest,
    step,
)
from bot.domain.deliveries import Delivery
from bot.domain.inventory import AppRecord
from bot.domain.notices import Acknowledged
from bot.errors import CloudError, Conflict, LinkExpired, LinkRevoked, LinkSpent
from bot.ports import Clock, Engine, Ledger, OktaOrg


async def integration_tab(orgs: Mapping[str, OktaOrg], ref: AppRef) -> str:
    """The address of the app's Integration tab, "" when it cannot be told: it is a comfort only."""
    org = orgs.get(ref.org)
    if org is None:
        return ""
    try:
        return await org.integration_tab(ref.app_id)
    except CloudError:
        return ""


class LinkStatus(StrEnum):
    """What a link is still good for."""

    FRESH = "fresh"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class LinkView:
    """What may be shown to whoever holds a link.

    For EXPIRED and REVOKED links `request`, `record` and `integration_tab` are empty: somebody who
    holds an old link learns nothing from it.
    """

    status: LinkStatus
    request: ConsentRequest | None = None
    record: AppRecord | None = None
    integration_tab: str = ""


class Acknowledge:
    """The link's two verbs: `view` and `acknowledge`."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        orgs: Mapping[str, OktaOrg],
        engine: Engine,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._orgs = orgs
        self._engine = engine
        self._clock = clock

    async def view(self, token: str) -> LinkView:
        """What the link is for. Raises LinkUnknown. Changes nothing."""
        digest = link_digest(token)
        request = await self._ledger.request_by_link(digest)
        try:
            request = check_link(request, digest, self._clock.now())
        except LinkSpent:
            assert request is not None  # a link without a request is unknown, not spent
            return await self._view(LinkStatus.USED, request)
        except LinkExpired:
            return LinkView(LinkStatus.EXPIRED)
        except LinkRevoked:
            return LinkView(LinkStatus.REVOKED)
        return await self._view(LinkStatus.FRESH, request)

    async def acknowledge(self, token: str) -> LinkView:
        """Spend the link. Raises LinkUnknown, LinkSpent, LinkExpired or LinkRevoked, and NotDurable
        while too few replicas have it: then the same call, made again, waits for them.

        The proof is `PERSONAL_LINK`: whoever holds the link that was sent to this person only.
        """
        digest = link_digest(token)
        while True:
            now = self._clock.now()
            found = await self._ledger.request_by_link(digest)
            try:
                request = check_link(found, digest, now)
            except LinkSpent:
                # Perhaps by this very person, who was told to try again: is it safe by now?
                await self._ledger.settle()
                raise
            proof = Proof(ProofKind.PERSONAL_LINK, str(request.chat), now)
            taken = step(request, Step.ACKNOWLEDGE, now, proof=proof)
            told = Delivery(Acknowledged(request.chat, request.id), now, "acknowledged")
            entry = AuditEntry(
                now,
                str(request.chat),
                "acknowledge",
                str(request.app),
                {"request": request.id, "proof": proof.kind.value},
            )
            try:
                await self._ledger.commit(
                    Changes(requests=(taken,), planned=(told,), audit=(entry,))
                )
            except Conflict:
                continue  # somebody was faster: read again, and say what they left
            await self._engine.deliver(told.key, now)
            return await self._view(LinkStatus.USED, taken)

    async def _view(self, status: LinkStatus, request: ConsentRequest) -> LinkView:
        record = await self._ledger.app(request.app)
        return LinkView(status, request, record, await integration_tab(self._orgs, request.app))


__all__ = ["Acknowledge", "LinkStatus", "LinkView"]
