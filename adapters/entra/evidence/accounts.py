"""The service accounts that Okta makes in a tenant, one for each Office 365 app.

Okta made such accounts before the consent flow too, so the creation date is what counts; it is
judged in `bot.domain.evidence.rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from adapters.entra.directory import calls
from adapters.entra.directory.graph import Ask, Graph
from adapters.entra.directory.reading import Json, flag, inner, moment, quoted, text, told
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.unread import read_failed
from bot.domain.inventory.apps import Tenant
from bot.domain.inventory.service_accounts import NAME_PREFIX, UPN_PREFIX, names_app
from bot.domain.normalization import exact
from bot.errors import CloudError, CloudRefused

_FIELDS = "id,userPrincipalName,displayName,createdDateTime,accountEnabled"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


async def read_accounts(
    graph: Graph, tenant: Tenant, app_ids: frozenset[str], seen_at: datetime
) -> Mapping[str, tuple[Evidence, ...]]:
    """One piece of evidence for each app, all from one list; a failed read is told, not raised."""
    if not app_ids:
        return {}
    ask = Ask(
        calls.USERS,
        "/users",
        {
            "$filter": f"startswith(userPrincipalName,{quoted(UPN_PREFIX)})"
            f" or startswith(displayName,{quoted(NAME_PREFIX)})",
            "$select": _FIELDS,
            "$top": "999",
        },
    )
    try:
        accounts = await graph.rows(tenant, ask)
    except CloudError as error:
        return {app_id: (read_failed(error, seen_at),) for app_id in app_ids}

    if any(not _names(account) for account in accounts):
        unseen = (read_failed(_hidden(tenant), seen_at),)
    else:
        unseen = (Evidence(EvidenceKind.NO_SERVICE_ACCOUNT, seen_at),)
    newest: dict[str, Json] = {}
    for account in sorted(accounts, key=lambda a: moment(a, "createdDateTime") or _LONG_AGO):
        for app_id in _named(account, app_ids):
            newest[app_id] = account
    signed_in = await _last_sign_ins(graph, tenant, {text(a, "id") for a in newest.values()})
    return {
        app_id: (*_evidence(newest[app_id], signed_in, seen_at),) if app_id in newest else unseen
        for app_id in app_ids
    }


async def _last_sign_ins(graph: Graph, tenant: Tenant, ids: set[str]) -> Mapping[str, datetime]:
    """When these accounts signed in last, by object id, as far as it is told.

    It confirms what is known without it, so what may not be read (it takes Entra ID P1) is left
    out. Hours may pass before a sign-in shows here.
    """
    known = sorted(ids - {""})
    asks = [
        Ask(
            calls.LAST_SIGN_IN,
            f"/users/{quote(object_id, safe='')}",
            {"$select": "id,signInActivity"},
        )
        for object_id in known
    ]
    try:
        answers = await graph.batch(tenant, asks)
    except CloudError:
        return {}
    return {
        object_id: at
        for object_id, answer in zip(known, answers, strict=True)
        if not isinstance(answer, CloudError)
        and (at := moment(inner(answer, "signInActivity"), "lastSuccessfulSignInDateTime"))
    }


def _names(account: Json) -> str:
    return text(account, "userPrincipalName") or text(account, "displayName")


def _hidden(tenant: Tenant) -> CloudRefused:
    """An account was found by its name, and its name is not shown: whose it is cannot be told."""
    return CloudRefused(
        f"{tenant.domain} does not show o365bot the names of its accounts.",
        where=tenant.domain,
        call=calls.USERS.name,
        missing=calls.USERS.permission,
        hint=f"Grant the application permission {calls.USERS.permission} there.",
    )


def _named(account: Json, app_ids: frozenset[str]) -> set[str]:
    """The apps whose id the account carries in one of its names."""
    upn, name = (exact(text(account, key)) for key in ("userPrincipalName", "displayName"))
    rests = [
        whole.removeprefix(exact(prefix))
        for whole, prefix in ((upn, UPN_PREFIX), (name, NAME_PREFIX))
        if whole.startswith(exact(prefix))
    ]
    return {app_id for app_id in app_ids for rest in rests if names_app(rest, app_id)}


def _evidence(
    account: Json, signed_in: Mapping[str, datetime], seen_at: datetime
) -> Iterator[Evidence]:
    named, object_id = {"account": _names(account)}, text(account, "id")
    detail = {**named, **told("enabled", flag(account, "accountEnabled"))}
    at = moment(account, "createdDateTime")
    yield Evidence(EvidenceKind.SERVICE_ACCOUNT, seen_at, at, detail)
    if object_id in signed_in:
        kind, last = EvidenceKind.SERVICE_ACCOUNT_SIGNED_IN, signed_in[object_id]
        yield Evidence(kind, seen_at, last, named, event_id=object_id)
