"""A conversation about two apps of one org, one of them on a password."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from tests.examples import APP, NOW, TENANT
from tests.whole_bot import Bot

SECOND = replace(APP, ref=AppRef("contoso", "0oa2"), label="Contoso EU")
PASSWORD = Evidence(EvidenceKind.ADMIN_PASSWORD_USED, NOW, NOW, {"account": "svc"}, "e1")
OWN = Evidence(EvidenceKind.PROVISIONING_APP_CREATED, NOW, NOW, event_id="e2")


class TwoApps(Bot):
    """Two apps of one org, one of them on a password, and the conversation about them."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        super().__init__(apps=(APP, SECOND), ahead=ahead)
        self.okta.log = {"0oa1": (PASSWORD,), "0oa2": (OWN,)}
        self.entra.consents[TENANT.id] = (Evidence(EvidenceKind.TENANT_NOT_CONSENTED, NOW),)
