"""The way in to the operators' pages: who may come, by the settings. Part of the wiring."""

from __future__ import annotations

from bot.domain.normalization import exact
from bot.domain.people.access import Level
from bot.domain.people.admins import ChatIdentity, Platform
from bot.ports.sign_in import SignIns
from bot.ports.store.limits import Limits
from bot.ports.system import Clock, Secrets
from bot.services.consent.signing_in import SigningIn
from bot.services.operators.sign_in import OperatorSignIn
from bot.services.people.access import Access
from bot.settings import policies
from bot.settings.settings import Settings


def operator_sign_in(
    settings: Settings,
    access: Access,
    signing_in: SigningIn | None,
    sign_ins: SignIns,
    limits: Limits,
    clock: Clock,
    secrets: Secrets,
) -> OperatorSignIn | None:
    """How operators come to their page; None where it is off."""
    tenant = policies.readers_tenant(settings)
    if not tenant or signing_in is None:
        return None
    readers, in_teams = policies.readers(settings), policies.is_of_teams(settings, tenant)

    async def may_operate(tenant_id: str, object_id: str) -> bool:
        if exact(tenant_id) != tenant:
            return False
        if exact(object_id) in readers:
            return True
        chat = ChatIdentity(Platform.TEAMS, exact(object_id))
        return in_teams and (await access.of(chat)).level is Level.OPERATOR

    return OperatorSignIn(
        signing_in=signing_in,
        sign_ins=sign_ins,
        limits=limits,
        clock=clock,
        secrets=secrets,
        tenant_id=tenant,
        minimum=settings.minimum_proof,
        may_operate=may_operate,
    )
