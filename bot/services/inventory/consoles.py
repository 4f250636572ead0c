"""Where an app is found in Okta's Admin Console."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain.inventory.apps import AppRef
from bot.errors import CloudError
from bot.ports.clouds import OktaOrg


async def integration_tab(orgs: Mapping[str, OktaOrg], ref: AppRef) -> str:
    """The address of the app's Integration tab, "" when it cannot be told: it is a comfort only."""
    org = orgs.get(ref.org)
    if org is None:
        return ""
    try:
        return await org.integration_tab(ref.app_id)
    except CloudError:
        return ""
