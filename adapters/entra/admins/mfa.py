"""Whether administrators can do multifactor authentication at Microsoft, as far as it is told.

From the report `userRegistrationDetails` (Entra ID P1 or P2; a few hours behind). It knows nothing
of factors that a federated identity provider such as Okta asks for ("Authentication methods
activity", Microsoft Entra), so its "no" counts only where Microsoft asks for the factor itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from adapters.entra.directory import calls
from adapters.entra.directory.graph import CLAUSES_LIMIT, Ask, Graph
from adapters.entra.directory.reading import Json, flag, inner, quoted, records, text, texts
from adapters.entra.directory.refusals import NO_REPORTS
from adapters.entra.evidence.domains import root_of
from bot.domain.inventory.apps import Tenant
from bot.domain.inventory.hosts import is_initial
from bot.domain.normalization import exact
from bot.domain.people.admins import GlobalAdmin, Mfa
from bot.errors import CloudError, CloudNotFound, CloudRefused

# `federatedIdpMfaBehavior` by which Microsoft asks for the factor whatever the provider did
# (internalDomainFederation, Microsoft Graph). The others, and none, leave it to the provider.
_MICROSOFT_ASKS = "rejectMfaByFederatedIdp"
_REPORT_PATH = "/reports/authenticationMethods/userRegistrationDetails"


@dataclass(frozen=True, slots=True)
class Registration:
    """`methods` are Microsoft's names, such as `mobilePhone` or `passKeyDeviceBound`."""

    mfa: Mfa
    methods: tuple[str, ...]


async def read_registrations(
    graph: Graph, tenant: Tenant, admins: Sequence[GlobalAdmin]
) -> tuple[Mapping[str, Registration], tuple[CloudError, ...]]:
    """By object id, for these admins only (who is missing: untold); and what could not be read."""
    rows, gaps = await _report(graph, tenant, admins)
    lacking = [a for a in admins if flag(rows.get(a.object_id, {}), "isMfaCapable") is False]
    elsewhere, unread = await _done_elsewhere(graph, tenant, {_domain(a) for a in lacking})
    found = {
        admin.object_id: Registration(
            _told(admin, rows[admin.object_id], elsewhere),
            texts(rows[admin.object_id], "methodsRegistered"),
        )
        for admin in admins
        if admin.object_id in rows
    }
    return found, (*gaps.values(), *unread.values())


def _told(admin: GlobalAdmin, row: Json, elsewhere: frozenset[str]) -> Mfa:
    """`isMfaCapable`, not `isMfaRegistered`: the policy has to allow what is registered, too."""
    match flag(row, "isMfaCapable"):
        case True:
            return Mfa.YES
        case False:
            # A guest's home tenant may be trusted for it ("Cross-tenant access", inbound trust).
            return Mfa.UNTOLD if admin.guest or _domain(admin) in elsewhere else Mfa.NO
        case None:
            return Mfa.UNTOLD


async def _report(
    graph: Graph, tenant: Tenant, admins: Sequence[GlobalAdmin]
) -> tuple[Mapping[str, Json], Mapping[str, CloudError]]:
    """The rows of the report by object id, with as few of its scarce calls as possible.

    A filter over several names is asked first. That `or` works there is not documented, so where
    it is refused as a bad request, and for hidden names, each row is read by itself.
    """
    rows: dict[str, Json] = {}
    gaps: dict[str, CloudError] = {}
    single = [admin for admin in admins if not admin.upn]
    named = [admin for admin in admins if admin.upn]
    for start in range(0, len(named), CLAUSES_LIMIT):
        some = named[start : start + CLAUSES_LIMIT]
        names = " or ".join(f"userPrincipalName eq {quoted(admin.upn)}" for admin in some)
        try:
            page = await graph.rows(
                tenant, Ask(calls.REGISTRATIONS, _REPORT_PATH, {"$filter": names})
            )
        except CloudRefused as refused:
            if refused.missing or refused.reason == NO_REPORTS:
                return rows, {refused.call: refused}
            single.extend(some)
        except CloudError as error:
            gaps[error.call] = error
        else:
            rows |= {text(row, "id"): row for row in page}

    asks = [
        Ask(calls.REGISTRATION, f"{_REPORT_PATH}/{quote(a.object_id, safe='')}") for a in single
    ]
    for admin, answer in zip(single, await graph.batch(tenant, asks), strict=True):
        if not isinstance(answer, CloudError):
            # The page's own example wraps the one row ("Get userRegistrationDetails").
            rows[admin.object_id] = inner(answer, "value") or answer
        elif not isinstance(answer, CloudNotFound):  # the report is hours behind
            gaps[answer.call] = answer
    return rows, gaps


def _domain(admin: GlobalAdmin) -> str:
    return exact(admin.upn.rpartition("@")[2])


async def _done_elsewhere(
    graph: Graph, tenant: Tenant, domains: Iterable[str]
) -> tuple[frozenset[str], Mapping[str, CloudError]]:
    """The domains whose users may do it at a federated provider, or of which that is not known."""
    hidden = {""}  # the account's name is hidden
    asked = frozenset(d for d in domains if d and not is_initial(d))  # which cannot be federated
    if not asked:
        return frozenset(hidden), {}
    ask = Ask(calls.DOMAINS, "/domains", {"$select": "id,authenticationType,isRoot"})
    try:
        known = {exact(text(row, "id")): row for row in await graph.rows(tenant, ask)}
    except CloudError as error:
        return frozenset(hidden | asked), {error.call: error}

    # A domain that is not the tenant's has no federation here to ask for.
    unclear = sorted(
        d for d in asked & set(known) if text(known[d], "authenticationType") != "Managed"
    )
    answers = await graph.batch(
        tenant,
        [
            Ask(
                calls.FEDERATION,
                f"/domains/{quote(root_of(domain, known), safe='')}/federationConfiguration",
            )
            for domain in unclear
        ],
    )
    gaps = {
        answer.call: answer
        for answer in answers
        if isinstance(answer, CloudError) and not isinstance(answer, CloudNotFound)
    }
    left_to_it = {d for d, answer in zip(unclear, answers, strict=True) if not _microsoft(answer)}
    return frozenset(hidden | left_to_it | (asked - set(known))), gaps


def _microsoft(answer: Json | CloudError) -> bool:
    """True when Microsoft asks: without a federation (404), or where that leaves it to it."""
    if isinstance(answer, CloudError):
        return isinstance(answer, CloudNotFound)
    behaviours = {text(row, "federatedIdpMfaBehavior") for row in records(answer, "value")}
    return behaviours == {_MICROSOFT_ASKS}
