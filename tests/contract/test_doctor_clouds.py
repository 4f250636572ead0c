"""What `doctor` finds of Okta and Microsoft: each finding, in a pretend world with that fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.doctor.finding import Grade
from sandbox.world import TEAMS_SECRET
from tests.contract.doctor_stage import Fault, Installation, check_fault, names, said, secret

pytestmark = pytest.mark.usefixtures("no_waiting")

DAY = timedelta(days=1)


def by_token(installation: Installation) -> None:
    installation.org.api_tokens.add("sesame-open")
    installation.okta_is(client_id="", key_id="", private_key=None, api_token=secret("sesame-open"))


def by_wrong_token(installation: Installation) -> None:
    by_token(installation)
    installation.org.api_tokens.clear()


OKTA = (
    Fault("okta_sign_in_signed_in", lambda installation: None),
    Fault("okta_scope_granted", lambda installation: None, "okta.logs.read"),
    Fault("okta_role_held", lambda installation: None, "Read-only Administrator"),
    Fault("okta_read_answered", lambda installation: None, "GET /api/v1/users/{id}/roles"),
    Fault(
        "okta_read_answered", lambda installation: None, "GET /api/v1/apps/{id}/connections/default"
    ),
    Fault("okta_apps_seen", lambda installation: None),
    Fault("okta_hook_set", lambda installation: None),
    Fault("clock_right", lambda installation: None),
    Fault("okta_sign_in_token", by_token),
    Fault("okta_scope_token", by_token),
    Fault("okta_sign_in_refused", by_wrong_token, "did not accept the credentials"),
    Fault("okta_sign_in_refused", lambda s: s.okta_is(key_id="other"), "invalid_client"),
    Fault("okta_sign_in_refused", lambda s: s.okta_is(client_id="0oaNobody"), "invalid_client"),
    Fault("okta_sign_in_refused", lambda s: s.okta_is(private_key=secret("x")), "no private key"),
    Fault("okta_sign_in_refused", lambda s: s.world.down.add("okta-contoso"), "503"),
    Fault("okta_sign_in_refused", lambda s: s.okta_is(url="http://127.0.0.1:9"), "reached"),
    Fault("okta_scope_unknown", lambda s: s.okta_is(key_id="other")),
    Fault("okta_scope_missing", lambda s: s.org.granted_scopes.remove("okta.logs.read"), "logs"),
    Fault("okta_read_refused", lambda s: s.org.granted_scopes.remove("okta.logs.read"), "logs"),
    Fault("okta_scope_missing_apps", lambda s: s.org.granted_scopes.remove("okta.apps.read")),
    Fault("okta_read_refused_apps", lambda s: s.org.granted_scopes.remove("okta.apps.read")),
    Fault("okta_role_none", lambda s: s.org.bot_roles.clear()),
    Fault("okta_role_unreadable", lambda s: setattr(s.org, "reads_roles", False), "custom role"),
    Fault("okta_read_refused", lambda s: setattr(s.org, "reads_roles", False), "assignees"),
    Fault("okta_apps_none", lambda s: s.org.apps.clear()),
    Fault("clock_off", lambda s: setattr(s, "ahead", timedelta(seconds=-90)), "'seconds': -"),
    Fault("clock_far", lambda s: setattr(s, "ahead", timedelta(minutes=20)), "'seconds': 1"),
    Fault("clock_far", lambda s: setattr(s, "ahead", timedelta(minutes=6)), "'seconds': 3"),
    Fault("okta_sign_in_refused", lambda s: setattr(s, "ahead", timedelta(minutes=20)), "clock"),
)


def by_secret(installation: Installation) -> None:
    value = secret(installation.world.company.bot.client_secret)
    installation.part_is("entra", certificate=None, client_secret=value)


def secret_ends(installation: Installation, days: int) -> None:
    by_secret(installation)
    installation.world.company.bot.secret_ends = datetime.now(UTC) + days * DAY


def elsewhere(installation: Installation) -> None:
    """The registration's home is not among the tenants."""
    installation.tenants = {"fabrikam": ("fabrikam.example",)}


def teams_by(installation: Installation, app_id: str, password: str) -> None:
    installation.part_is("teams", app_id=app_id, app_password=secret(password))


def without(installation: Installation, *permissions: str) -> None:
    assert installation.tenant.bot_roles is not None
    installation.tenant.bot_roles.difference_update(permissions or {*installation.tenant.bot_roles})


def with_one_more(installation: Installation) -> None:
    assert installation.tenant.bot_roles is not None
    installation.tenant.bot_roles.add("Application.ReadWrite.All")


def registered(installation: Installation, *paths: str) -> None:
    installation.world.company.bot.redirect_uris = {
        f"http://127.0.0.1:9/auth/{path}" for path in paths
    }


MICROSOFT = (
    Fault("entra_sign_in_signed_in", lambda installation: None),
    Fault("entra_permission_granted", lambda installation: None, "Directory.Read.All"),
    Fault("entra_read_answered", lambda installation: None),
    Fault("registration_redirect_registered", lambda installation: None, "/auth/callback"),
    Fault("entra_sign_in_refused", lambda s: s.world.company.shut_bot_out(s.tenant), "contoso"),
    Fault("entra_sign_in_refused", lambda s: s.world.down.add("login"), "503"),
    Fault("entra_sign_in_refused", lambda s: s.part_is("entra", certificate=secret("x")), "key"),
    Fault("entra_permission_unknown", lambda s: s.world.company.shut_bot_out(s.tenant)),
    Fault("entra_permission_missing", lambda s: without(s, "AuditLog.Read.All"), "AuditLog"),
    Fault(
        "entra_permission_optional",
        lambda s: without(s, "Domain-InternalFederation.Read.All"),
        "/federationConfiguration",
    ),
    Fault("entra_permission_none", without),
    Fault("entra_permission_more", with_one_more, "Application.ReadWrite.All"),
    Fault("entra_read_refused", without, "Domain.Read.All"),
    Fault("entra_read_refused", lambda s: s.world.down.add("graph"), "503"),
    Fault("entra_tenants_none", lambda s: setattr(s, "tenants", {})),
    Fault("registration_redirect_missing_vital", lambda s: registered(s, "consented")),
    Fault("registration_redirect_missing_vital", lambda s: registered(s, "Callback")),
    Fault("registration_redirect_missing_vital", lambda s: registered(s, "callback/")),
    Fault("registration_redirect_missing", lambda s: registered(s, "callback"), "consented"),
    Fault("registration_redirect_unreadable", elsewhere, "applications"),
    Fault("registration_secret_long", by_secret),
    Fault("registration_secret_soon", lambda s: secret_ends(s, 29)),
    Fault("registration_secret_over", lambda s: secret_ends(s, -1)),
    Fault(
        "registration_secret_unreadable", lambda installation: None, "applications"
    ),  # that of Teams
    Fault(
        "registration_secret_unlisted",
        lambda s: s.part_is(
            "teams", app_id=s.world.company.bot.client_id, app_password=secret("q-no")
        ),
    ),
    Fault("clock_far", lambda s: setattr(s, "ahead", timedelta(minutes=20))),
)


@pytest.mark.parametrize("fault", OKTA, ids=names(OKTA))
async def test_each_fault_of_an_okta_org_is_found(installation: Installation, fault: Fault) -> None:
    """One thing is wrong, and it is said, with its reason."""
    secrets = [installation.world.company.okta_private_key_pem("contoso"), "sesame-open"]
    fault.breaks(installation)
    check_fault(fault, await installation.okta_findings(), secrets)


@pytest.mark.parametrize("fault", MICROSOFT, ids=names(MICROSOFT))
async def test_each_fault_of_microsoft_is_found(installation: Installation, fault: Fault) -> None:
    """One thing is wrong, and it is said, with its reason."""
    fault.breaks(installation)
    secrets = [
        installation.world.company.bot.client_secret,
        TEAMS_SECRET,
        "PRIVATE KEY-----",
        "q-no",
    ]
    check_fault(fault, await installation.microsoft_findings(), secrets)


async def test_where_all_is_well_nothing_else_is_said(installation: Installation) -> None:
    """A finding of a healthy world would teach people not to look."""
    for findings in (await installation.okta_findings(), await installation.microsoft_findings()):
        bad = [one.key for one in findings if one.grade in (Grade.ATTENTION, Grade.BROKEN)]
        assert bad == []


async def test_every_call_of_a_scan_is_tried_and_every_scope_named(
    installation: Installation,
) -> None:
    """Five scopes, and each kind of call by its path."""
    texts = [
        text
        for key, text in said(await installation.okta_findings())
        if key == "okta_scope_granted"
    ]
    assert len(texts) == 5
