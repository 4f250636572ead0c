"""What the events of Okta's System Log prove, and no more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from adapters.okta.system_log import EVENT_TYPES, evidence_in
from bot.domain.evidence.rules import EvidenceKind
from tests.contract.okta_org import HQ, HUMAN, LOGS, Org, event

pytestmark = pytest.mark.usefixtures("no_waiting")


def debug(**data: str) -> dict[str, Any]:
    return {"debugContext": {"debugData": data}}


REJECTED = "app.office365.api.error.validate.creds"
NOT_LET_IN = "app.office365.graph.api.error.service.principal.msgraph.authentication.failure"
UNCONNECTED = "app.office365.api.error.unable.to.create.graph.client"
PUSHED = "app.office365.api.error.push.profile"
FAILED = {"result": "FAILURE", "reason": None}
SERVICE = f"svc_OKTA_sync_{HQ}@contoso.onmicrosoft.com"

CLIENT = "11111111-2222-3333-4444-555555555555"

TOLD: list[tuple[str, dict[str, Any], EvidenceKind | None]] = [
    (REJECTED, debug(adminUserName=HUMAN), EvidenceKind.ADMIN_PASSWORD_REJECTED),
    (REJECTED, debug(admin_user_name=HUMAN), EvidenceKind.ADMIN_PASSWORD_REJECTED),
    (
        REJECTED,
        {"outcome": {"result": "FAILURE", "reason": f"AADSTS50076 Account: {HUMAN}"}},
        EvidenceKind.ADMIN_PASSWORD_REJECTED,
    ),
    (REJECTED, debug(adminUserName=SERVICE), EvidenceKind.SERVICE_ACCOUNT_REFUSED),
    (REJECTED, debug(errorMessage=f"AADSTS50079 {SERVICE}."), EvidenceKind.SERVICE_ACCOUNT_REFUSED),
    (PUSHED, debug(adminUserName=SERVICE), EvidenceKind.SERVICE_ACCOUNT_USED),
    (
        PUSHED,
        debug(errorMessage=f"Insufficient quota. {SERVICE}"),
        EvidenceKind.SERVICE_ACCOUNT_USED,
    ),
    (
        PUSHED,
        debug(adminUserName=SERVICE, errorMessage="AADSTS53003: Access has been blocked"),
        EvidenceKind.SERVICE_ACCOUNT_REFUSED,
    ),
    (
        PUSHED,
        {**debug(adminUserName=SERVICE), "outcome": {"result": "FAILURE", "reason": "aadsts50055"}},
        EvidenceKind.SERVICE_ACCOUNT_REFUSED,
    ),
    (REJECTED, debug(adminUserName="svc_OKTA_sync_0oaAnotherApp1234567@x.example"), None),
    (REJECTED, {}, None),
    (PUSHED, debug(adminUserName=HUMAN), EvidenceKind.ADMIN_PASSWORD_USED),
    *(
        (PUSHED, debug(adminUserName=name), None)
        for name in (
            f"Okta AAD Service Principal:{HQ}",
            "svc_OKTA_sync_",
            CLIENT,
            "null",
            "N/A",
            "********",
            "a***@contoso.com",
        )
    ),
    (REJECTED, debug(errorMessage="Could not validate. Contact support@okta.com"), None),
    (PUSHED, debug(adminUserName=f"svc_OKTA_sync_{HQ}-2@x.y"), EvidenceKind.SERVICE_ACCOUNT_USED),
    (
        PUSHED,
        debug(adminUserName=SERVICE, errorMessage="400: invalid_grant"),
        EvidenceKind.SERVICE_ACCOUNT_REFUSED,
    ),
    (UNCONNECTED, debug(adminUserName=SERVICE, errorMessage="x"), EvidenceKind.NOT_CONNECTED),
    (UNCONNECTED, debug(adminUserName=CLIENT), EvidenceKind.NOT_CONNECTED),
    (NOT_LET_IN, {}, EvidenceKind.NOT_CONNECTED),
    (NOT_LET_IN, debug(adminUserName="svc_OKTA_sync_0oaAnotherApp1234567@x.example"), None),
    (
        UNCONNECTED,
        debug(adminUserName=SERVICE, errorMessage="AADSTS50053: locked"),
        EvidenceKind.SERVICE_ACCOUNT_REFUSED,
    ),
    (UNCONNECTED, debug(adminUserName=HUMAN), EvidenceKind.ADMIN_PASSWORD_USED),
    (PUSHED, debug(errorMessage="could not push jane@contoso.example"), None),
    ("application.lifecycle.activate", {}, EvidenceKind.APP_ACTIVATED),
    ("application.lifecycle.activate", {"outcome": FAILED}, None),
    ("application.lifecycle.update", {}, EvidenceKind.SETTINGS_SAVED),
    ("application.lifecycle.update", {"outcome": FAILED}, None),
    (
        "application.lifecycle.update",
        {"target": [{"id": HQ, "changeDetails": {"from": {"label": "a"}, "to": {"label": "b"}}}]},
        None,
    ),
    (
        "application.lifecycle.update",
        {"target": [{"id": HQ, "changeDetails": {"to": {"app_instance_properties": {}}}}]},
        EvidenceKind.SETTINGS_SAVED,
    ),
    *(
        (
            "application.lifecycle.update",
            {"target": [{"id": HQ, "changeDetails": {"from": {name: "a"}, "to": {name: "b"}}}]},
            expected,
        )
        for name, expected in (
            ("sync_password", EvidenceKind.SETTINGS_SAVED),
            ("passwordType", EvidenceKind.SETTINGS_SAVED),
            ("cycle_sync_random_password", EvidenceKind.SETTINGS_SAVED),
            ("update_user_attributes", EvidenceKind.SETTINGS_SAVED),
            ("deactivateUsers", EvidenceKind.SETTINGS_SAVED),
            ("can_reactivate_deactivated_users", None),
            ("msftTenant", EvidenceKind.SETTINGS_SAVED),
            ("import_interval", None),
            ("reveal_password", None),
        )
    ),
    (
        "app.office365.provisioning_app.create",
        {},
        EvidenceKind.PROVISIONING_APP_CREATED,
    ),
    ("app.office365.provisioning_app.create", {"outcome": FAILED}, None),
    (
        "app.office365.provisioning_app_credential.rotate",
        {},
        EvidenceKind.OWN_SECRET_RENEWED,
    ),
    (
        "app.office365.provisioning_app_credential.rotate",
        {"outcome": FAILED},
        EvidenceKind.OWN_SECRET_NOT_RENEWED,
    ),
    *(
        (kind, {"outcome": {"result": result}}, None)
        for kind in (
            "app.office365.provisioning_app.create",
            "app.office365.provisioning_app_credential.rotate",
        )
        for result in ("SKIPPED", "UNKNOWN", "DENY")
    ),
    ("application.lifecycle.update", {"outcome": {"result": "SKIPPED"}}, None),
    (
        "application.lifecycle.update",
        {"outcome": {"result": "UNKNOWN"}},
        EvidenceKind.SETTINGS_SAVED,
    ),
    (REJECTED, {"target": None, **debug(adminUserName=HUMAN)}, None),
    (REJECTED, {"published": "yesterday", **debug(adminUserName=HUMAN)}, None),
    (REJECTED, {"uuid": None, **debug(adminUserName=HUMAN)}, None),
    (REJECTED, {"debugContext": "?", "outcome": 7}, None),
]


@pytest.mark.parametrize(("kind", "more", "expected"), TOLD)
def test_an_event_tells_what_it_proves_and_no_more(
    kind: str, more: dict[str, Any], expected: EvidenceKind | None
) -> None:
    """Both spellings are read; without an account that is named, nothing is concluded."""
    found = list(evidence_in(event(kind, **more), frozenset({HQ}), datetime.now(UTC)))
    assert [evidence.kind for _, evidence in found] == ([expected] if expected else [])
    assert kind in EVENT_TYPES


@pytest.mark.parametrize("key", ["appRegistrationClientId", "app_registration_client_id"])
def test_the_event_of_an_app_registration_names_it(key: str) -> None:
    """By the id that it is found by in the tenant, later on; without one it counts as well."""
    told = event("app.office365.provisioning_app.create", **debug(**{key: CLIENT}))
    ((_, evidence),) = evidence_in(told, frozenset({HQ}), datetime.now(UTC))
    assert evidence.detail["client_id"] == CLIENT
    untold = event("app.office365.provisioning_app.create")
    ((_, evidence),) = evidence_in(untold, frozenset({HQ}), datetime.now(UTC))
    assert "client_id" not in evidence.detail


async def test_the_log_is_polled_once_and_each_event_counted_once(org: Org) -> None:
    """One query for all kinds and apps; a poll's eternal `next` ends with an empty page."""
    used = event(REJECTED, **debug(adminUserName=HUMAN))
    saved = event("application.lifecycle.update", published="2026-03-02T10:00:00Z")
    other = event("application.lifecycle.update", uuid="x", target=[{"id": "0oaother"}])

    def page(request: Request) -> Response:
        place = int(request.query_params.get("after", "0"))
        pages: list[list[Any]] = [[saved, used], [used, other, "?"], []]
        link = f'<{org.okta.url}{LOGS}?after={place + 1}>; rel="next"'
        return JSONResponse(pages[place], headers={"link": link})

    org.okta.resources[LOGS] = page
    since = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    told = await org.client.read_log(frozenset({HQ, "0oaquiet"}), "", since)
    evidence = told.evidence
    assert list(evidence) == [HQ]
    first, second = evidence[HQ]
    assert (first.kind, second.kind) == (
        EvidenceKind.ADMIN_PASSWORD_REJECTED,
        EvidenceKind.SETTINGS_SAVED,
    )
    assert first.event_id == f"uuid-{REJECTED}"
    assert first.detail == {"account": HUMAN}
    assert second.detail == {"by": "Oskar Okta"}
    assert first.happened_at == datetime(2026, 3, 1, 10, 0, 0, 123000, tzinfo=UTC)
    assert len(org.okta.calls) == 3
    query = httpx.QueryParams(org.okta.queries[0])
    assert query["since"] == "2026-03-01T08:50:00.000Z"
    assert query["filter"].count("eventType eq") == len(EVENT_TYPES)
