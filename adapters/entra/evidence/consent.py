"""Whether a tenant consented to Okta's application: its service principal, grants and audit rows.

Okta publishes neither the application's id nor one name for it, and a name can be taken by anybody:
so it is said how it was found, and who its verified publisher is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from adapters.entra.directory import calls
from adapters.entra.directory.clouds import keeps_audits
from adapters.entra.directory.graph import CLAUSES_LIMIT, Ask, Graph
from adapters.entra.directory.reading import Json, inner, moment, quoted, records, text, told
from adapters.entra.evidence.principals import FIELDS, may_sign_in
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.unread import read_failed
from bot.domain.inventory.apps import Tenant
from bot.domain.normalization import exact
from bot.errors import CloudError
from bot.settings.sections.clouds import EntraSettings

_OKTA = frozenset({"okta", "oktainc"})  # letters of the publisher's verified name
# An assignment to an app that has no roles: access, but no permission ("appRoleAssignment").
_NO_ROLE = "00000000-0000-0000-0000-000000000000"
# Azure AD Graph, which Microsoft has switched off: what was granted of it opens nothing any more.
_SWITCHED_OFF = "00000002-0000-0000-c000-000000000000"
# With no more than these somebody signs in to Okta, and nobody is provisioned ("Permissions
# reference", Microsoft Graph).
_SIGN_IN = frozenset({"openid", "profile", "email", "offline_access", "User.Read"})
_CONSENT = "Consent to application"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Principal:
    """A service principal and what it was granted for the whole tenant.

    `permissions` are names, or the id of a role whose name cannot be read. `writes`: whether it may
    change anything, None where such a role may. `newest` is when the latest role was granted
    (delegated permissions carry no date), `gaps` what is unread.
    """

    record: Json
    permissions: frozenset[str]
    writes: bool | None
    newest: datetime | None
    gaps: tuple[CloudError, ...]

    @property
    def name(self) -> str:
        return text(self.record, "displayName")

    @property
    def app_id(self) -> str:
        return text(self.record, "appId")

    @property
    def consented(self) -> bool:
        return not self.permissions <= _SIGN_IN

    @property
    def publisher(self) -> str:
        return text(inner(self.record, "verifiedPublisher"), "displayName")

    @property
    def is_oktas(self) -> bool:
        return "".join(c for c in exact(self.publisher) if c.isalnum()) in _OKTA

    @property
    def enabled(self) -> bool | None:
        """Whether it may sign in, as far as it is told."""
        return may_sign_in(self.record)


async def read_consent(
    graph: Graph,
    settings: EntraSettings,
    tenant: Tenant,
    seen_at: datetime,
    known_as: Collection[str] = (),
) -> tuple[Evidence, ...]:
    """Evidence about the whole tenant; whatever could not be read is told as such, never raised.

    `known_as`: the client ids that earlier looks found there by name. A name may change.
    """
    looked_for = ", ".join(settings.okta_app_ids or settings.okta_app_names)
    # A name may be another one in this tenant: what is not found by it may be there all the same.
    found_by = "id" if settings.okta_app_ids else "name"
    try:
        found = await _principals(graph, settings, tenant, known_as)
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
            consented,
            key=lambda p: (
                p.app_id in known_as,
                p.is_oktas,
                p.enabled is not False,
                p.newest or _LONG_AGO,
            ),
        )
        # Which of Okta's applications provisioning works by, nobody says.
        off = [p.name for p in consented if p is not best and p.enabled is False]
        detail = {
            "name": best.name,
            "app_id": best.app_id,
            "permissions": ", ".join(sorted(best.permissions)),
            "publisher": best.publisher,
            "publisher_is_okta": "yes" if best.is_oktas else "no",
            "found_by": found_by,
            **told("enabled", best.enabled),
            **told("writes", best.writes),
            **({"disabled_beside": ", ".join(sorted(off))} if off else {}),
        }
        evidence.append(Evidence(EvidenceKind.TENANT_CONSENTED, seen_at, best.newest, detail))
    elif not gaps:
        without = ", ".join(principal.name for principal in found)
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
    graph: Graph, settings: EntraSettings, tenant: Tenant, known_as: Collection[str]
) -> tuple[_Principal, ...]:
    """Okta's service principals with their grants: by id where ids are known, else by name."""
    if settings.okta_app_ids:
        clauses = [f"appId eq {quoted(value)}" for value in settings.okta_app_ids]
    else:
        clauses = [f"displayName eq {quoted(value)}" for value in settings.okta_app_names]
        clauses += [f"appId eq {quoted(value)}" for value in sorted(known_as)]
    found: dict[str, Json] = {}
    for start in range(0, len(clauses), CLAUSES_LIMIT):
        some = " or ".join(clauses[start : start + CLAUSES_LIMIT])
        ask = Ask(
            calls.SERVICE_PRINCIPALS, "/servicePrincipals", {"$filter": some, "$select": FIELDS}
        )
        found |= {text(row, "id"): row for row in await graph.rows(tenant, ask) if text(row, "id")}

    asks = []
    for principal_id in found:
        path = f"/servicePrincipals/{quote(principal_id, safe='')}/appRoleAssignments"
        asks.append(Ask(calls.APP_ROLES_GRANTED, path))
        tenant_wide = f"clientId eq {quoted(principal_id)} and consentType eq 'AllPrincipals'"
        asks.append(Ask(calls.GRANTS, "/oauth2PermissionGrants", {"$filter": tenant_wide}))
    answers = await graph.batch(tenant, asks)
    granted = [
        await _granted(graph, tenant, roles, grants)
        for roles, grants in zip(answers[::2], answers[1::2], strict=True)
    ]
    apis = await _apis(graph, tenant, [row for one in granted for row in (*one.roles, *one.scopes)])
    return tuple(
        _principal(record, one, apis) for record, one in zip(found.values(), granted, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Granted:
    """App role assignments and tenant-wide delegated grants of one principal, as they came."""

    roles: tuple[Json, ...]
    scopes: tuple[Json, ...]
    gaps: tuple[CloudError, ...]


async def _granted(
    graph: Graph, tenant: Tenant, roles: Json | CloudError, grants: Json | CloudError
) -> _Granted:
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

    assigned = await rows(calls.APP_ROLES_GRANTED, roles)
    return _Granted(
        tuple(row for row in assigned if text(row, "appRoleId") not in ("", _NO_ROLE)),
        await rows(calls.GRANTS, grants),
        tuple(gaps),
    )


async def _apis(graph: Graph, tenant: Tenant, granted: Sequence[Json]) -> Mapping[str, Json]:
    """The APIs of which something was granted, by `resourceId`, as far as they can be read."""
    resources = sorted({text(row, "resourceId") for row in granted} - {""})
    asks = [
        Ask(
            calls.SERVICE_PRINCIPAL,
            f"/servicePrincipals/{quote(resource, safe='')}",
            {"$select": "id,appId,appRoles"},
        )
        for resource in resources
    ]
    try:
        answers = await graph.batch(tenant, asks)
    except CloudError:
        return {}
    return {
        resource: answer
        for resource, answer in zip(resources, answers, strict=True)
        if not isinstance(answer, CloudError)
    }


def _principal(record: Json, granted: _Granted, apis: Mapping[str, Json]) -> _Principal:
    def is_on(row: Json) -> bool:
        return exact(text(apis.get(text(row, "resourceId"), {}), "appId")) != _SWITCHED_OFF

    roles = list(filter(is_on, granted.roles))
    named = {
        text(role, "id"): text(role, "value")
        for api in apis.values()
        for role in records(api, "appRoles")
    }
    ids = {text(row, "appRoleId") for row in roles}
    names = {name for one in ids if (name := named.get(one, ""))}
    names |= {name for row in filter(is_on, granted.scopes) for name in text(row, "scope").split()}
    hidden = {one for one in ids if not named.get(one)}
    return _Principal(
        record,
        frozenset(names | hidden),
        any("Write" in name for name in names) or (None if hidden else False),
        max((at for row in roles if (at := moment(row, "createdDateTime"))), default=None),
        granted.gaps,
    )


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
    """True when the row says that no admin consented, or for themselves (JSON within JSON).

    Permissions of the application itself are everybody's, whatever it says of the latter.
    """
    said = {
        text(changed, "displayName"): exact(text(changed, "newValue").strip('"'))
        for changed in records(target, "modifiedProperties")
    }
    for_all = said.get("ConsentContext.OnBehalfOfAll") != "false"
    is_app_only = said.get("ConsentContext.IsAppOnly") == "true"
    return said.get("ConsentContext.IsAdminConsent") == "false" or not (for_all or is_app_only)
