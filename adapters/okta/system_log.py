"""What the System Log tells of Office 365 apps, as evidence.

Event types are those of Okta's event type catalogue (developer.okta.com, "Event types"). The
catalogue spells debug data with underscores (`admin_user_name`), events probably in camel case;
which events carry it, and how, is not documented. So both spellings are read, and an event that
does not name an account by its address proves nothing about the password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog

from adapters.http.client import CloudClient
from adapters.okta.calls.paging import is_page_of, pages
from adapters.okta.parse import inside, objects, text
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.hosts import is_oktas
from bot.domain.inventory.service_accounts import UPN_PREFIX, is_service_account, names_app
from bot.domain.normalization import exact
from bot.errors import CloudAnswerInvalid, CloudNotFound, CloudRefused
from bot.ports.clouds import LogPage

SAVED = "application.lifecycle.update"
ACTIVATED = "application.lifecycle.activate"
PROVISIONING_APP_CREATED = "app.office365.provisioning_app.create"
# Okta renews the secret of the app registration that it made for this one app.
SECRET_ROTATED = "app.office365.provisioning_app_credential.rotate"
CREDENTIALS_REJECTED = (
    "app.office365.api.error.validate.creds",
    "app.office365.api.error.validate.admin.creds",
    "application.configuration.update",
)
# Okta's service account, where it is named there, may not have got in.
NOT_CONNECTED = (
    "app.office365.api.error.unable.to.create.graph.client",
    "app.office365.graph.api.error.service.principal.msgraph.authentication.failure",
)
# They carry the same debug data and may name the account that provisioning works with.
ACCOUNT_USED = (
    "app.office365.api.error.download.users",
    "app.office365.api.error.import.profile",
    "app.office365.api.error.push.profile",
)
EVENT_TYPES = (
    SAVED,
    ACTIVATED,
    PROVISIONING_APP_CREATED,
    SECRET_ROTATED,
    *CREDENTIALS_REJECTED,
    *NOT_CONNECTED,
    *ACCOUNT_USED,
)
_ERROR = "app.office365.api.error."
PATH = "/api/v1/logs"
FILTER = " or ".join(f'eventType eq "{kind}"' for kind in EVENT_TYPES)

# Events arrive in the order of their storage, so one may turn up that was published a little before
# others that were seen already. What is read twice is told apart by its event id.
LATE = timedelta(minutes=10)
PAGE = 200  # small enough for events with long change details

_OF_REGISTRATION = {
    PROVISIONING_APP_CREATED: (EvidenceKind.PROVISIONING_APP_CREATED, None),
    SECRET_ROTATED: (EvidenceKind.OWN_SECRET_RENEWED, EvidenceKind.OWN_SECRET_NOT_RENEWED),
}
"""What is told where it went well, and where it did not."""
_REGISTRATION_KEYS = frozenset({"appregistrationclientid"})
_ACCOUNT_KEYS = frozenset({"adminusername"})
_MESSAGE_KEYS = frozenset({"errormessage"})
# What a Save of provisioning lists, without underscores and case: the fields of the catalogue's
# AppInstanceProvisioningSettingsChangeDetailsEntry and AppOutboundProvisioningSettings…. So it is
# with another tenant, which may be the former one again at the next look.
_OF_PROVISIONING = (
    "provisioning",
    "appinstanceproperties",
    "createusers",
    "updateuserattributes",
    "deactivateusers",
    "syncpassword",
    "passwordtype",
    "cyclesyncrandompassword",
    "msfttenant",
)
log = structlog.get_logger(__name__)

_SERVICE_ACCOUNT = re.compile(UPN_PREFIX + r"([\w-]+)(?:@[\w.-]+)?", re.IGNORECASE | re.ASCII)
# How Microsoft's "no" to a sign-in begins ("Authentication and authorization error codes"), or what
# its token endpoint calls it (RFC 6749, section 5.2; OpenID Connect, "interaction_required").
_SIGN_IN_REFUSED = re.compile(
    r"AADSTS\d|\b(invalid_(grant|client)|unauthorized_client|(interaction|consent)_required)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_NAMES_ACCOUNT = re.compile(r"[^\s@*]+@[^\s@*]+\.[^\s@*]+")


async def read(
    client: CloudClient, app_ids: frozenset[str], cursor: str, since: datetime, now: datetime
) -> LogPage:
    """What the log tells of these apps, from a cursor or else from a moment (UTC).

    The cursor is Okta's own `next` link, which a poll always has, also on its last, empty page. It
    is followed as it stands, but only to this org's log, and only when it asks for the same events:
    a newer version may look for more kinds.
    """
    if is_page_of(PATH, cursor) and _asks_for_the_same(cursor):
        try:
            return await _read(client, app_ids, cursor, since, now)
        except (CloudAnswerInvalid, CloudNotFound, CloudRefused) as error:
            if isinstance(error, CloudRefused) and error.missing:
                raise
            log.warning("cursor no longer accepted", org=client.where, reason=error.code)
    return await _read(client, app_ids, "", since, now)


async def _read(
    client: CloudClient, app_ids: frozenset[str], cursor: str, since: datetime, now: datetime
) -> LogPage:
    found: dict[str, dict[str, Evidence]] = {}
    changed: set[str] = set()
    query: dict[str, str | int] = {
        "since": (since.astimezone(UTC) - LATE).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "filter": FILTER,
        "sortOrder": "ASCENDING",
        "limit": PAGE,
    }
    async for answer in pages(client, PATH, query, start=cursor):
        if is_page_of(PATH, answer.next_link):
            cursor = answer.next_link
        events = objects(answer.array())
        if not events:
            break  # a poll names a next page for ever
        for event in events:
            changed |= _apps(event) & app_ids
            for app_id, evidence in evidence_in(event, app_ids, now):
                found.setdefault(app_id, {})[evidence.event_id] = evidence
    told = {
        app_id: tuple(sorted(items.values(), key=lambda item: item.at))
        for app_id, items in found.items()
    }
    return LogPage(told, frozenset(changed), cursor)


def _asks_for_the_same(cursor: str) -> bool:
    """False when the link carries a filter, and it is not today's."""
    return set(parse_qs(urlsplit(cursor).query).get("filter", [FILTER])) == {FILTER}


def evidence_in(
    event: Mapping[str, Any], app_ids: frozenset[str], now: datetime
) -> Iterator[tuple[str, Evidence]]:
    """What one event says of each of the apps that it is about."""
    event_id, happened_at = text(event.get("uuid")), _instant(event.get("published"))
    if not event_id or happened_at is None:
        return
    for app_id in sorted(_apps(event) & app_ids):
        told = _told(event, app_id)
        if told is not None:
            kind, detail = told
            yield app_id, Evidence(kind, now, happened_at, detail, event_id)


_Told = tuple[EvidenceKind, dict[str, str]]


def _told(event: Mapping[str, Any], app_id: str) -> _Told | None:
    kind = text(event.get("eventType"))
    outcome = text(inside(event, "outcome", "result")).upper()
    failed = outcome in ("FAILURE", "DENY", "SKIPPED")
    if kind == SAVED:
        if failed or not _about_provisioning(event):
            return None
        return EvidenceKind.SETTINGS_SAVED, {"by": _actor(event)}
    if kind == ACTIVATED:
        return None if failed else (EvidenceKind.APP_ACTIVATED, {"by": _actor(event)})
    if kind in _OF_REGISTRATION:
        debug = inside(event, "debugContext", "debugData")
        client_id = _first(debug, _REGISTRATION_KEYS)
        detail = {"by": _actor(event), **({"client_id": client_id} if client_id else {})}
        well, badly = _OF_REGISTRATION[kind]
        if outcome in ("", "SUCCESS"):
            return well, detail
        return (badly, detail) if badly is not None and outcome == "FAILURE" else None
    account = _account(event, in_words=kind in CREDENTIALS_REJECTED)
    nothing: _Told | None = (EvidenceKind.NOT_CONNECTED, {}) if kind in NOT_CONNECTED else None
    if not account:
        return nothing
    rejected = kind in CREDENTIALS_REJECTED and (failed or kind.startswith(_ERROR))
    service = _SERVICE_ACCOUNT.fullmatch(account)
    if service is not None:
        if not names_app(service.group(1), app_id):
            return None
        # Even so it is this app's own account that provisioning works with, so no administrator's
        # password is stored any more.
        if rejected or _SIGN_IN_REFUSED.search(" ".join(_messages(event))):
            return EvidenceKind.SERVICE_ACCOUNT_REFUSED, {"account": account}
        return nothing or (EvidenceKind.SERVICE_ACCOUNT_USED, {"account": account})
    if not _is_administrators(account):
        return nothing
    if rejected:
        return EvidenceKind.ADMIN_PASSWORD_REJECTED, {"account": account}
    return EvidenceKind.ADMIN_PASSWORD_USED, {"account": account}


def _is_administrators(account: str) -> bool:
    """False for a placeholder, an id, and for what is Okta's own: an account, its support."""
    if is_service_account(account) or is_oktas(account.rpartition("@")[2]):
        return False
    return _NAMES_ACCOUNT.fullmatch(account) is not None


def _apps(event: Mapping[str, Any]) -> set[str]:
    """The ids of the event's targets, of whatever type: the catalogue does not name the type."""
    return {text(target.get("id")) for target in objects(event.get("target"))}


def _about_provisioning(event: Mapping[str, Any]) -> bool:
    """False only when the event lists what changed, and provisioning is not in it."""
    changes = [t["changeDetails"] for t in objects(event.get("target")) if t.get("changeDetails")]
    if not changes:
        return True
    words = re.sub(r"[^a-z]", "", exact(str(changes)))
    return any(word in words for word in _OF_PROVISIONING)


def _account(event: Mapping[str, Any], *, in_words: bool) -> str:
    """The account that provisioning signs in to Microsoft with, as far as the event names it.

    `in_words`: an address in the message is that account. Other messages name the user that was
    being provisioned.
    """
    named = _first(inside(event, "debugContext", "debugData"), _ACCOUNT_KEYS)
    if named:
        return named
    for message in _messages(event):
        found = _SERVICE_ACCOUNT.search(message)
        if found is None and in_words:
            found = _ADDRESS.search(message)
        if found is not None:
            return found.group().rstrip(".")
    return ""


def _messages(event: Mapping[str, Any]) -> tuple[str, str]:
    debug = inside(event, "debugContext", "debugData")
    return _first(debug, _MESSAGE_KEYS), text(inside(event, "outcome", "reason"))


def _first(data: Any, names: frozenset[str]) -> str:
    """A member by its name without case and underscores; "" when there is none."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if exact(str(key)).replace("_", "") in names and text(value):
                return text(value)
    return ""


def _actor(event: Mapping[str, Any]) -> str:
    actor = event.get("actor")
    return text(inside(actor, "displayName")) or text(inside(actor, "alternateId"))


def _instant(value: Any) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
