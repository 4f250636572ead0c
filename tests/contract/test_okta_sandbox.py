"""The Okta client against the sandbox's orgs."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from adapters.http.client import open_http
from adapters.okta.client import OktaClient
from bot.domain.evidence.rules import EvidenceKind
from bot.domain.inventory.apps import AppStatus, ConnectionStatus
from bot.errors import CloudError
from bot.settings.settings import load
from sandbox.world import World
from tests.contract.loopback import SteppingClock
from tests.contract.okta_org import HUMAN

pytestmark = pytest.mark.usefixtures("no_waiting")


async def test_both_orgs_of_the_sandbox_are_read_in_full(tmp_path: Path, keys: Path) -> None:
    """With and without DPoP, five apps a page: apps, connections, log and admins."""
    async with World(key_directory=keys, page_port=None) as world:
        settings = load(world.settings_toml("http://127.0.0.1:1", tmp_path))
        clock = SteppingClock()
        clients = {org.name: OktaClient(org, open_http(), clock) for org in settings.okta}
        contoso = clients["contoso"]
        apps = {app.label: app async for app in contoso.apps()}
        assert len(apps) == len(world.company.org("contoso").apps)
        hq = apps["Office 365 HQ"].ref.app_id
        assert (await contoso.connection(hq)).status is ConnectionStatus.ENABLED
        assert (await contoso.integration_tab(hq)).startswith(str(settings.okta[0].admin_url))
        with pytest.raises(CloudError):
            await contoso.connection(apps["Office 365 Legal"].ref.app_id)

        world.company.fail_credentials("contoso", hq, HUMAN)
        log = await contoso.read_log(frozenset({hq}), "", clock.now() - timedelta(hours=1))
        assert EvidenceKind.ADMIN_PASSWORD_REJECTED in {e.kind for e in log.evidence[hq]}
        again = await contoso.read_log(frozenset({hq}), log.cursor, clock.now())
        assert (again.evidence, again.changed) == ({}, frozenset())
        world.company.press_authenticate("contoso", hq, "gita@contoso.example")
        world.company.press_save("contoso", hq)
        saved = await contoso.read_log(frozenset({hq}), again.cursor, clock.now())
        assert {e.kind for e in saved.evidence[hq]} == {EvidenceKind.SETTINGS_SAVED}
        for status in (AppStatus.INACTIVE, AppStatus.ACTIVE):
            world.company.switch("contoso", hq, "agnes")
            assert {app.status async for app in contoso.apps() if app.ref.app_id == hq} == {status}
        switched = await contoso.read_log(frozenset({hq}), saved.cursor, clock.now())
        (activated,) = switched.evidence[hq]
        assert activated.kind is EvidenceKind.APP_ACTIVATED

        admins = {admin.display_name: admin for admin in await contoso.app_admins()}
        sales = apps["Office 365 Sales"].ref.app_id
        assert sorted(admins) == ["Agnes App", "Gita Global", "Oskar Okta"]
        assert admins["Agnes App"].app_ids == frozenset({sales})
        assert len([app async for app in clients["fabrikam"].apps()]) == 4
        for client in clients.values():
            await client.aclose()
