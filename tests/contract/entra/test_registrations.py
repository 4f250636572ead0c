"""The app registrations that Okta made for one app each, looked for by their client ids."""

from __future__ import annotations

from typing import Any

import pytest

from bot.domain.evidence.rules import EvidenceKind
from tests.contract.entra.microsoft import APP, DENIED, OTHER_APP, Microsoft, listed

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRINCIPALS = "/servicePrincipals"
ONE, OTHER = "11111111-2222-3333-4444-555555555555", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


def registered(client_id: str, **more: Any) -> dict[str, Any]:
    """The enterprise application of a registration, as `$select` shows it."""
    named = {"id": f"sp-{client_id}", "appId": client_id, "displayName": "Okta provisioning"}
    return {**named, "accountEnabled": True, **more}


async def test_all_of_them_are_looked_for_with_one_call(microsoft: Microsoft) -> None:
    """Each app gets one piece of evidence; ids are the same in whichever case."""
    microsoft.graph[PRINCIPALS] = listed(registered(ONE))
    asked = {APP: ONE.upper(), OTHER_APP: OTHER}
    found = await microsoft.client.registration_evidence(microsoft.tenant(), asked)
    (there,), (gone,) = found[APP], found[OTHER_APP]
    assert there.kind is EvidenceKind.OWN_REGISTRATION
    assert there.detail["client_id"] == ONE
    assert there.is_enabled
    assert gone.kind is EvidenceKind.NO_OWN_REGISTRATION
    assert microsoft.paths() == [PRINCIPALS]


@pytest.mark.parametrize(
    "more",
    [
        {"accountEnabled": False},
        {"isDisabled": True},
        {"disabledByMicrosoftStatus": "DisabledDueToViolation"},
    ],
)
async def test_one_that_may_not_sign_in_is_told_so(
    microsoft: Microsoft, more: dict[str, Any]
) -> None:
    """Whether the tenant disabled it, or Microsoft did."""
    microsoft.graph[PRINCIPALS] = listed(registered(ONE, **more))
    (evidence,) = (await microsoft.client.registration_evidence(microsoft.tenant(), {APP: ONE}))[
        APP
    ]
    assert not evidence.is_enabled


@pytest.mark.parametrize(
    ("granted", "rights"),
    [([{"appRoleId": "r1"}], "yes"), ([], "no"), (None, None), ("?", None)],
)
async def test_whether_it_has_permissions_comes_along(
    microsoft: Microsoft, granted: Any, rights: str | None
) -> None:
    """Without another call."""
    microsoft.graph[PRINCIPALS] = listed(registered(ONE, appRoleAssignments=granted))
    found = await microsoft.client.registration_evidence(microsoft.tenant(), {APP: ONE})
    (evidence,) = found[APP]
    assert evidence.detail.get("rights") == rights
    assert microsoft.seen[0].query["$expand"] == "appRoleAssignments"
    assert microsoft.paths() == [PRINCIPALS]


async def test_what_may_not_be_read_is_told_as_unread(microsoft: Microsoft) -> None:
    """Not as gone."""
    microsoft.graph[PRINCIPALS] = DENIED
    (evidence,) = (await microsoft.client.registration_evidence(microsoft.tenant(), {APP: ONE}))[
        APP
    ]
    assert evidence.kind is EvidenceKind.READ_FAILED
    assert evidence.failed_part == "microsoft"


async def test_what_is_no_id_is_not_asked_for(microsoft: Microsoft) -> None:
    """The log is another cloud's word: only ids go into a filter."""
    asked = {APP: "x' or appId ne '", OTHER_APP: ""}
    assert await microsoft.client.registration_evidence(microsoft.tenant(), asked) == {}
    assert microsoft.paths() == []


async def test_more_than_a_filter_takes_are_asked_for_in_parts(microsoft: Microsoft) -> None:
    """Graph takes fifteen clauses at most."""
    microsoft.graph[PRINCIPALS] = listed()
    asked = {f"0oa{n}": f"11111111-2222-3333-4444-{n:012d}" for n in range(16)}
    found = await microsoft.client.registration_evidence(microsoft.tenant(), asked)
    assert len(found) == 16
    assert microsoft.paths() == [PRINCIPALS, PRINCIPALS]
