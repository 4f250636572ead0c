"""Whether a tenant consented to Okta's application: its service principal, grants and audit rows.

Okta publishes neither the application's id nor one name for it, and a name can be taken by anybody:
so it is said how it was found, and who its verified publisher is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from adapters.entra.directory import calls
from adapters.entra.directory.clouds import keeps_audits
from adapters.entra.directory.graph import CLAUSES_LIMIT, Ask, Graph
from adapters.entra.directory.reading import Json, flag, inner, moment, quoted, records, text, told
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.unread import read_failed
from bot.domain.inventory.apps import Tenant
from bot.domain.likeness import exact
from bot.errors import CloudError
from bot.settings.sections.clouds import EntraSettings

_FIELDS = "id,appId,displayName,accountEnabled,disabledByMicrosoftStatus,verifiedPublisher"
_OKTA = frozenset({"okta", "oktainc"})  # letters of the publisher's verified name
# An assignment to an app that has no roles: access, but no permission ("appRoleAssignment").
_NO_ROLE = "00000000-0000-0000-0000-000000000000"
_CONSENT = "Consent to application"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Principal:
    """A service principal and what it was granted for the whole tenant.

    `roles` are its app role assignments, `scopes` delegated permissions, `gaps` what is unread.
    """

    record: Json
    roles: tuple[Json, ...]
    scopes: tuple[str, ...]
    gaps: tuple[CloudError, ...]

    @property
    def consented(self) -> bool:
        return bool(self.roles or self.scopes)

    @property
    def publisher(self) -> str:
        return text(inner(self.record, "verifiedPublisher"), "displayName")

    @property
    def is_oktas(self) -> bool:
        return "".join(c for c in exact(self.publisher) if c.isalnum()) in _OKTA

    @property
    def enabled(self) -> bool | None:
        """Whether it may sign in, as far as it is told: by the tenant, and by Microsoft."""
        if text(self.record, "disabledByMicrosoftStatus") not in ("", "NotDisabled"):
            return False
        return flag(self.record, "accountEnabled")

    @property
    def newest(self) -> datetime | None:
        """When the newest of its app roles was granted; delegated grants carry no date."""
        return max(
            (at for row in self.roles if (at := moment(row, "createdDateTime"))), default=None
        )


async def read_consent(
    graph: Graph, settings: EntraSettings, tenant: Tenant, seen_at: datetime
) -> tuple[Evidence, ...]:
    """Evidence about the whole tenant; whatever could not be read is told as such, never raised."""
    looked_for = ", ".join(settings.okta_app_ids or settings.okta_app_names)
    # A name may be another one in this tenant: what is not found by it may be there all the same.
    found_by = "id" if settings.okta_app_ids else "name"
    try:
        found = await _principals(graph, settings, tenant)
    except CloudError as error:
        return (read_failed(error, seen_at),)
    if not found:
        detail = {"names": looked_for, "found_by": found_by}
        return (Evidence(EvidenceKind.TENANT_NOT_CONSENTED, seen_at, detail=detail),)

    evidence: list[Evidence] = []
    gaps = {gap.call: gap for principal in found for gap in principal.gaps}
    consented = [principal for principal in found if principal.consented]
    if consented:
        best = max(
            consented, key=lambda p: (p.is_oktas, p.enabled is not False, p.newest or _LONG_AGO)
        )
        permissions = await _permissions(graph, tenant, best)
        detail = {
            "name": text(best.record, "displayName"),
            "app_id": text(best.record, "appId"),
            "permissions": ", ".join(permissions),
            "publisher": best.publisher,
            "publisher_is_okta": "yes" if best.is_oktas else "no",
            "found_by": found_by,
            **told("enabled", best.enabled),
        }
        evidence.append(Evidence(EvidenceKind.TENANT_CONSENTED, seen_at, best.newest, detail))
    elif not gaps:
        without = ", ".join(text(principal.record, "displayName") for principal in found)
        detail = {"names": looked_for, "without_permissions": without, "found_by": found_by}
        evidence.append(Evidence(EvidenceKind.TENANT_NOT_CONSENTED, seen_at, detail=detail))

    if not keeps_audits(tenant.graph_host):
        return (*evidence, *(read_failed(gap, seen_at) for gap in gaps.values()))
    try:
        evidence.extend(await _audited(graph, tenant, found, seen_at))
    except CloudError as error:
        gaps[error.call] = error
    return (*evidence, *(read_failed(gap, seen_at) for gap in gaps.values()))


async def _principals(
    graph: Graph, settings: EntraSettings, tenant: Tenant
) -> tuple[_Principal, ...]:
    """Okta's service principals with their grants: by id where ids are known, else by name."""
    field, wanted = (
        ("appId", settings.okta_app_ids)
        if settings.okta_app_ids
        else ("displayName", settings.okta_app_names)
    )
    clauses = [f"{field} eq {quoted(value)}" for value in wanted]
    found: dict[str, Json] = {}
    for start in range(0, len(clauses), CLAUSES_LIMIT):
        some = " or ".join(clauses[start : start + CLAUSES_LIMIT])
        ask = Ask(
            calls.SERVICE_PRINCIPALS, "/servicePrincipals", {"$filter": some, "$select": _FIELDS}
        )
        found |= {text(row, "id"): row for row in await graph.rows(tenant, ask) if text(row, "id")}

    asks = []
    for principal_id in found:
        path = f"/servicePrincipals/{quote(principal_id, safe='')}/appRoleAssignments"
        asks.append(Ask(calls.APP_ROLES_GRANTED, path))
        tenant_wide = f"clientId eq {quoted(principal_id)} and consentType eq 'AllPrincipals'"
        asks.append(Ask(calls.GRANTS, "/oauth2PermissionGrants", {"$filter": tenant_wide}))
    answers = await graph.batch(tenant, asks)
    return tuple(
        [
            await _with_grants(graph, tenant, record, roles, scopes)
            for record, roles, scopes in zip(
                found.values(), answers[::2], answers[1::2], strict=True
            )
        ]
    )


async def _with_grants(
    graph: Graph, tenant: Tenant, record: Json, roles: Json | CloudError, grants: Json | CloudError
) -> _Principal:
    gaps: list[CloudError] = []

    async def rows(call: calls.Call, page: Json | CloudError) -> tuple[Json, ...]:
        if isinstance(page, CloudError):
            gaps.append(page)
            return ()
        try:
            return await graph.rest(tenant, call, page)
        except CloudError as error:
            gaps.append(error)
            return ()

    granted = await rows(calls.APP_ROLES_GRANTED, roles)
    scopes = [text(row, "scope").split() for row in await rows(calls.GRANTS, grants)]
    return _Principal(
        record,
        tuple(row for row in granted if text(row, "appRoleId") not in ("", _NO_ROLE)),
        tuple(dict.fromkeys(scope for some in scopes for scope in some)),
        tuple(gaps),
    )


async def _permissions(graph: Graph, tenant: Tenant, principal: _Principal) -> tuple[str, ...]:
    """The names of its permissions; a role whose name cannot be read is shown by its id."""
    resources = sorted({text(row, "resourceId") for row in principal.roles} - {""})
    asks = [
        Ask(
            calls.SERVICE_PRINCIPAL,
            f"/servicePrincipals/{quote(resource, safe='')}",
            {"$select": "id,appRoles"},
        )
        for resource in resources
    ]
    try:
        answers = await graph.batch(tenant, asks)
    except CloudError:
        answers = ()
    names = {
        text(role, "id"): text(role, "value")
        for answer in answers
        if not isinstance(answer, CloudError)
        for role in records(answer, "appRoles")
    }
    roles = [text(row, "appRoleId") for row in principal.roles]
    return tuple(sorted({*(names.get(role) or role for role in roles), *principal.scopes}))


async def _audited(
    graph: Graph, tenant: Tenant, found: Sequence[_Principal], seen_at: datetime
) -> list[Evidence]:
    """The consents that the audit log still holds (7 days, with a premium licence 30)."""
    ask = Ask(
        calls.AUDITS,
        "/auditLogs/directoryAudits",
        {"$filter": f"activityDisplayName eq '{_CONSENT}'"},
    )
    principals = {text(principal.record, "id") for principal in found}
    evidence = []
    for row in await graph.rows(tenant, ask):
        targets = records(row, "targetResources")
        ours = [target for target in targets if text(target, "id") in principals]
        if not (ours and text(row, "id") and text(row, "result") == "success"):
            continue
        if _for_one_person(ours[0]):
            continue
        user = inner(inner(row, "initiatedBy"), "user")
        detail = {
            "by": text(user, "userPrincipalName") or text(user, "id"),
            "by_id": text(user, "id"),
            "name": text(ours[0], "displayName"),
        }
        at = moment(row, "activityDateTime")
        evidence.append(
            Evidence(EvidenceKind.CONSENT_AUDITED, seen_at, at, detail, event_id=text(row, "id"))
        )
    return evidence


def _for_one_person(target: Json) -> bool:
    """True when the row itself says that no admin consented (values are JSON within JSON)."""
    for changed in records(target, "modifiedProperties"):
        if text(changed, "displayName") == "ConsentContext.IsAdminConsent":
            return exact(text(changed, "newValue").strip('"')) == "false"
    return False
