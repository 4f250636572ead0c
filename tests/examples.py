"""The people, apps and moments that the tests of the services share. All fictional."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Campaign
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import ConsentRequest, LinkBinding, Stage
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import PersonalLink
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef, AppStatus, Office365App, Tenant
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, Mfa, Platform
from bot.domain.time.calendar import Calendars

NOW = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)

TENANT = Tenant("tenant-1", "contoso.onmicrosoft.com", "graph.microsoft.com")
APP = Office365App(
    AppRef("contoso", "0oa1"), "Contoso O365", AppStatus.ACTIVE, "contoso.com", "contoso"
)
ON_A_PASSWORD = (
    Evidence(EvidenceKind.CONNECTION_ON, NOW),
    Evidence(EvidenceKind.ADMIN_PASSWORD_USED, NOW, NOW, {"account": "svc@contoso.com"}, "e1"),
    Evidence(EvidenceKind.TENANT_NOT_CONSENTED, NOW),
)
RECORD = AppRecord(APP, ON_A_PASSWORD, TENANT, NOW, revision=1)


def record_of(
    app_id: str, label: str = APP.label, *, org: str = APP.ref.org, **more: Any
) -> AppRecord:
    """Another app in the same state, but for what is said of it."""
    app = replace(APP, ref=AppRef(org, app_id), label=label)
    return replace(RECORD, app=app, **more)


ADA = GlobalAdmin(
    "tenant-1", "ada", "Ada Moreau", "ada@contoso.com", given_name="Ada", enabled=True, mfa=Mfa.YES
)
BEN = replace(ADA, object_id="ben", display_name="Ben Okafor", upn="ben@contoso.com")
ADA_IN_CHAT = ChatIdentity(Platform.SLACK, "U1", "Ada", "ada@contoso.com")
BEN_IN_CHAT = ChatIdentity(Platform.SLACK, "U2", "Ben", "ben@contoso.com")
OPERATOR = ChatIdentity(Platform.SLACK, "U9", "Olga")

REQUEST = ConsentRequest(
    id="r1",
    app=APP.ref,
    app_label=APP.label,
    tenant_id=TENANT.id,
    tenant_domain=TENANT.domain,
    admin_object_id=ADA.object_id,
    admin_name=ADA.display_name,
    admin_upn=ADA.upn,
    chat=ADA_IN_CHAT,
    code="ABC-DEF",
    requested_by="Olga",
    requested_at=NOW,
)
LINK_FOR = timedelta(hours=72)
TOKEN = "the-token"
DELIVERED = replace(
    REQUEST, stage=Stage.DELIVERED, link=LinkBinding(link_digest(TOKEN), NOW + LINK_FOR)
)
LETTER = Delivery(PersonalLink(ADA_IN_CHAT, REQUEST.id), NOW, "asked_by_operator")

POLICY = Policy(Campaign(), Calendars(ZoneInfo("UTC")), jitter=timedelta(0))
"""No dates of the organisation's own; nine to five in UTC, on the stroke of nine."""
