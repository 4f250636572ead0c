"""The things the pretend company is made of, as plain mutable records without behaviour.

Every datetime is aware and UTC. Ids are deterministic: `guid("x")` and `okta_id("0oa", "x")` give
the same value in every run, so that a transcript or a test can be compared with an earlier one.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""Role template id of Global Administrator, the same in every tenant."""

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
"""App id of Microsoft Graph, the same in every tenant."""

OKTA_CLIENT_APP_ID = "0c7a0365-0000-4000-8000-00000000c0de"
"""App id of the pretend "Okta Microsoft Graph Client". The real one is not published by Okta."""

OKTA_CLIENT_NAME = "Okta Microsoft Graph Client"


def guid(seed: str) -> str:
    """A deterministic GUID for an Entra object."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://sandbox.example.com/{seed}"))


def okta_id(prefix: str, seed: str) -> str:
    """A deterministic Okta id of 20 characters, such as `0oa…` for an app or `00u…` for a user."""
    digest = hashlib.sha256(f"{prefix}/{seed}".encode()).hexdigest()
    return prefix + digest[: 20 - len(prefix)]


class Button(StrEnum):
    """What the Integration tab of an Office 365 app offers."""

    AUTHENTICATE = "Authenticate with Microsoft Office 365"
    REAUTHENTICATE = "Reauthenticate with Microsoft Office 365"


class Hold(StrEnum):
    """How an account holds a directory role."""

    ACTIVE = "active"
    ACTIVATED = "activated"
    ELIGIBLE = "eligible"


@dataclass
class Person:
    """A human being, with every way the pretend world has of reaching them.

    `language` is the locale that their chat says; `entra_object_ids` maps a tenant id to the object
    id of the person's everyday account there.
    """

    key: str
    display_name: str
    email: str
    slack_id: str | None = None
    entra_object_ids: dict[str, str] = field(default_factory=dict)
    teams: bool = False
    time_zone: str = "Europe/Berlin"
    language: str = "en-US"
    role_note: str = ""


@dataclass
class OktaApp:
    """One instance of the Office 365 app in an Okta org.

    `sign_on` is how WS-Federation is set up (`AUTO`, `MANUAL`), "" for signing in with passwords.
    """

    id: str
    label: str
    domain: str
    msft_tenant: str
    status: str = "ACTIVE"
    connection_status: str = "ENABLED"
    button: Button = Button.AUTHENTICATE
    saved: bool = False
    readable: bool = True
    sign_on: str = "AUTO"
    note: str = ""
    created: datetime | None = None
    last_updated: datetime | None = None


@dataclass
class OktaRole:
    """An admin role as `GET /api/v1/users/{id}/roles` tells it.

    `targets` holds nothing (all apps), `office365` (the whole catalogue entry) or app ids.
    `permissions` are those of a custom role, such as `okta.apps.manage`.
    """

    type: str
    label: str
    targets: tuple[str, ...] = ()
    group_id: str | None = None
    permissions: tuple[str, ...] = ()


@dataclass
class OktaUser:
    """An Okta user who holds at least one admin role."""

    id: str
    login: str
    email: str
    first_name: str
    last_name: str
    person: str
    roles: list[OktaRole] = field(default_factory=list)
    status: str = "ACTIVE"


@dataclass
class OktaGroup:
    """An Okta group that carries an admin role."""

    id: str
    name: str
    member_ids: list[str] = field(default_factory=list)


@dataclass
class LogEvent:
    """One event of the Okta System Log."""

    uuid: str
    published: datetime
    event_type: str
    message: str
    target_id: str
    target_name: str
    actor_id: str
    actor_name: str
    severity: str = "INFO"
    result: str = "SUCCESS"
    reason: str | None = None
    debug_data: dict[str, str] = field(default_factory=dict)


@dataclass
class OktaOrg:
    """An Okta org.

    `limits` are calls per 60 seconds and bucket, `client_share` the part of them that one service
    app may use, `concurrency` how many calls may run at once. `page_cap` is the most rows a page
    holds, whatever `limit` asks for. `api_nonce` is what proofs of API calls must name, if anything
    (RFC 9449, section 9). `reads_roles` is whether the bot's own admin role covers role
    assignments; `bot_roles` are its roles, by type and label.
    """

    name: str
    label: str
    org_id: str
    client_id: str
    key_id: str
    dpop: bool
    page_cap: int
    api_nonce: str = ""
    public_jwk: dict[str, Any] = field(default_factory=dict)
    granted_scopes: set[str] = field(default_factory=set)
    reads_roles: bool = True
    bot_roles: list[tuple[str, str]] = field(
        default_factory=lambda: [
            ("READ_ONLY_ADMIN", "Read-only Administrator"),
            ("CUSTOM", "View roles and assignments"),
        ]
    )
    limits: dict[str, int] = field(default_factory=dict)
    client_share: float = 0.5
    concurrency: int = 75
    api_tokens: set[str] = field(default_factory=set)
    apps: list[OktaApp] = field(default_factory=list)
    users: list[OktaUser] = field(default_factory=list)
    groups: list[OktaGroup] = field(default_factory=list)
    log: list[LogEvent] = field(default_factory=list)

    def app(self, app_id: str) -> OktaApp:
        """The app with this id; KeyError if there is none."""
        return _only(self.apps, app_id)


@dataclass
class EntraAccount:
    """A user object of an Entra tenant. `owner` is the key of the person behind it."""

    id: str
    upn: str
    display_name: str
    created: datetime
    mail: str | None = None
    other_mails: list[str] = field(default_factory=list)
    given_name: str | None = None
    surname: str | None = None
    enabled: bool = True
    user_type: str = "Member"
    methods: list[str] = field(default_factory=list)
    synced: bool | None = None
    owner: str | None = None
    signed_in: datetime | None = None

    @property
    def mfa(self) -> bool:
        """Whether a method that counts as MFA is registered."""
        return bool(self.methods)


@dataclass
class EntraGroup:
    """A role-assignable group.

    Members may be groups. `eligible_ids` may activate their membership. `hidden`: to see who is in
    it takes a permission of its own.
    """

    id: str
    name: str
    member_ids: list[str] = field(default_factory=list)
    eligible_ids: list[str] = field(default_factory=list)
    hidden: bool = False


@dataclass
class RoleHolding:
    """A principal (account, group or service principal) that holds a role.

    `scope` is "/" for the whole tenant, else such as `/administrativeUnits/{id}`.
    """

    id: str
    principal_id: str
    hold: Hold = Hold.ACTIVE
    role: str = GLOBAL_ADMINISTRATOR
    scope: str = "/"


@dataclass
class ServicePrincipal:
    """An enterprise application of a tenant."""

    id: str
    app_id: str
    name: str
    owner_tenant: str
    publisher: str | None = None
    enabled: bool = True


@dataclass
class Grant:
    """A tenant-wide grant: delegated scopes (`scope`) or one application role (`app_role`)."""

    id: str
    client_id: str
    resource_id: str
    created: datetime
    scope: str | None = None
    app_role: str | None = None


@dataclass
class AuditRow:
    """One row of the Entra directory audit log."""

    id: str
    at: datetime
    activity: str
    by_id: str
    by_upn: str
    target_id: str
    target_name: str
    properties: dict[str, str] = field(default_factory=dict)


@dataclass
class Domain:
    """A verified domain; `issuer` is the issuer URI of its federation.

    None when it is managed, or a subdomain: that one is federated as its root is.
    """

    name: str
    initial: bool = False
    default: bool = False
    issuer: str | None = None


@dataclass
class EntraTenant:
    """A Microsoft Entra tenant.

    `premium` is Entra ID P1, `pim` is P2. `bot_roles` are the Graph application roles this tenant
    has granted the bot; None means that it has not consented to the bot at all.
    """

    id: str
    short_name: str
    display_name: str
    premium: bool
    pim: bool
    region: str = "EU"
    domains: list[Domain] = field(default_factory=list)
    accounts: list[EntraAccount] = field(default_factory=list)
    groups: list[EntraGroup] = field(default_factory=list)
    admins: list[RoleHolding] = field(default_factory=list)
    service_principals: list[ServicePrincipal] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    audits: list[AuditRow] = field(default_factory=list)
    bot_roles: set[str] | None = None

    def account(self, object_id_or_upn: str) -> EntraAccount:
        """The account with this object id or user principal name; KeyError if there is none."""
        wanted = object_id_or_upn.casefold()
        for account in self.accounts:
            if wanted in (account.id, account.upn.casefold()):
                return account
        raise KeyError(object_id_or_upn)

    def holds(self, account_id: str) -> set[Hold]:
        """How this account holds Global Administrator, directly or through a group."""
        found = set()
        for holding in self.admins:
            if (holding.role, holding.scope) != (GLOBAL_ADMINISTRATOR, "/"):
                continue
            if holding.principal_id == account_id:
                found.add(holding.hold)
            for group in self.groups:
                if group.id == holding.principal_id:
                    found |= {holding.hold} if account_id in self.within(group) else set()
                    found |= {Hold.ELIGIBLE} if account_id in group.eligible_ids else set()
        return found

    def within(
        self, group: EntraGroup, shows: Callable[[EntraGroup], bool] = lambda group: True
    ) -> list[str]:
        """The ids of a group's members and, flat, of the members of the groups in it.

        A group that `shows` says no to is itself there, its members are not.
        """
        found: dict[str, None] = {}
        by_id = {other.id: other for other in self.groups}
        left = list(group.member_ids)
        while left:
            member = left.pop(0)
            if member not in found and member in by_id and shows(by_id[member]):
                left += by_id[member].member_ids
            found[member] = None
        return list(found)

    def root_of(self, domain: Domain) -> Domain:
        """The domain of the tenant that this one is a subdomain of, or itself."""
        above = [d for d in self.domains if domain.name.endswith(f".{d.name}")]
        return min(above, key=lambda d: len(d.name), default=domain)

    def answers_to(self, name: str) -> bool:
        """Whether `name` (GUID, short name's initial domain, or any domain) means this tenant."""
        return name.casefold() in {self.id, *(domain.name for domain in self.domains)}


@dataclass
class BotRegistration:
    """The bot's own multi-tenant app registration in Entra; `home` is its tenant's short name."""

    client_id: str
    app_id_uri: str
    client_secret: str
    secret_ends: datetime
    home: str = "contoso"
    thumbprint: str = ""
    certificate_pem: str = ""
    redirect_uris: set[str] = field(default_factory=set)


@dataclass
class Reply:
    """What a service is made to answer: any status, with JSON, or text or bytes as they are."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def _only(records: list[OktaApp], wanted: str) -> OktaApp:
    for record in records:
        if record.id == wanted:
            return record
    raise KeyError(wanted)
