"""The pretend company: the one truth that every pretend service answers from.

What people do in it are methods of `Company`; they change what Okta, Microsoft Graph and the
Admin Console page answer next. The cast itself is in `sandbox.company.contoso`.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from sandbox.company import contoso as cast
from sandbox.company import traces
from sandbox.company.contoso_entra import GRAPH_ROLES
from sandbox.company.contoso_entra import tenants as entra_tenants
from sandbox.company.contoso_okta import orgs as okta_orgs
from sandbox.company.records import (
    BotRegistration,
    Button,
    EntraAccount,
    EntraTenant,
    Hold,
    LogEvent,
    OktaApp,
    OktaOrg,
    OktaUser,
    Person,
    Reply,
    ServicePrincipal,
    guid,
)
from sandbox.keys import SigningKey, key_for, self_signed

__all__ = [
    "Button",
    "Company",
    "EntraTenant",
    "OktaApp",
    "OktaOrg",
    "Person",
    "Refused",
    "contoso",
    "utc_now",
]


def utc_now() -> datetime:
    """The real time, aware and in UTC."""
    return datetime.now(UTC)


class Refused(Exception):
    """The pretend Okta or Microsoft refuses what a person tried; `code` is theirs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass
class Company:
    """People, Okta orgs and Entra tenants, and what happens among them.

    `addresses` maps a service's name to its base URL without a trailing slash, and is filled once
    the ports are known: `okta-<org>`, `login`, `graph` (the chat services add their own names).
    `throttle_graph` is how many of the next Microsoft Graph calls are answered with 429, and
    `graph_page` how many rows a page of Graph holds when the caller asks for no fewer.
    `clock` is what protocols go by, in seconds since 1970: real time, which no jump of `now` moves.
    `on_graph` may answer a read that Graph would allow (path and query) in its place, `on_okta` one
    of Okta's API.
    """

    now: Callable[[], datetime]
    people: dict[str, Person]
    orgs: dict[str, OktaOrg]
    tenants: dict[str, EntraTenant]
    bot: BotRegistration
    okta_keys: dict[str, SigningKey]
    bot_okta_keys: dict[str, SigningKey]
    bot_entra_key: SigningKey
    login_key: SigningKey
    addresses: dict[str, str] = field(default_factory=dict)
    throttle_graph: int = 0
    graph_page: int = 100
    consents: dict[str, str] = field(default_factory=dict, repr=False)
    serial: Iterator[int] = field(default_factory=itertools.count)
    clock: Callable[[], float] = field(default=time.time, repr=False)
    on_graph: Callable[[EntraTenant, str, dict[str, str]], Reply | None] = field(
        default=lambda tenant, path, query: None, repr=False
    )
    on_okta: Callable[[Request], Response | None] = field(default=lambda request: None, repr=False)
    on_event: Callable[[str, LogEvent], None] = field(default=lambda org, event: None, repr=False)

    # -- looking up ------------------------------------------------------------------------

    def org(self, name: str) -> OktaOrg:
        """The Okta org of this name; KeyError if there is none."""
        return self.orgs[name]

    def tenant(self, name: str) -> EntraTenant:
        """The tenant of this GUID, domain or short name; KeyError if there is none."""
        for tenant in self.tenants.values():
            if tenant.short_name == name or tenant.answers_to(name):
                return tenant
        raise KeyError(name)

    def tenant_of(self, app: OktaApp) -> EntraTenant:
        """The tenant that this Office 365 app provisions to."""
        return self.tenant(app.msft_tenant)

    def person(self, key: str) -> Person:
        """The person of this key; KeyError if there is none."""
        return self.people[key]

    def okta_private_key_pem(self, org: str) -> str:
        """PKCS#8 PEM of the key the bot signs in to this org with (`okta.private_key`)."""
        return self.bot_okta_keys[org].private_pem()

    def entra_certificate_pem(self) -> str:
        """PEM of the bot's certificate followed by its private key (`entra.certificate`)."""
        return self.bot.certificate_pem + self.bot_entra_key.private_pem()

    # -- what people do --------------------------------------------------------------------

    def check_may_consent(self, tenant: EntraTenant, account: EntraAccount) -> None:
        """Raise `Refused`, as Microsoft's sign-in page would, unless the account may consent."""
        if not account.enabled:
            raise Refused("AADSTS50057", "The user account is disabled.")
        if not account.mfa:
            raise Refused(
                "AADSTS50079",
                "Due to a configuration change made by your administrator, or because you moved "
                "to a new location, you must enroll in multi-factor authentication.",
            )
        if not tenant.holds(account.id) & {Hold.ACTIVE, Hold.ACTIVATED}:
            raise Refused(
                "AADSTS90094",
                "The grant requires admin permission. Ask an admin to grant permission to this "
                "app before you can use it.",
            )

    def let_bot_in(self, tenant: EntraTenant, admin: str) -> None:
        """An administrator accepts what the bot itself asks for (admin consent).

        Raises `Refused` for an account that may not consent, KeyError for an unknown one.
        """
        self.check_may_consent(tenant, tenant.account(admin))
        tenant.bot_roles = set(GRAPH_ROLES)
        if self._bot_in(tenant) is None:
            self.enroll_bot(tenant)

    def enroll_bot(self, tenant: EntraTenant) -> None:
        """The bot's enterprise application appears in the tenant."""
        tenant.service_principals.append(
            ServicePrincipal(
                id=guid(f"{tenant.id}/sp/bot"),
                app_id=self.bot.client_id,
                name="o365bot",
                owner_tenant=cast.CONTOSO,
            )
        )

    def shut_bot_out(self, tenant: EntraTenant) -> None:
        """The tenant removes the bot's enterprise application, and with it every grant."""
        tenant.bot_roles = None
        found = self._bot_in(tenant)
        if found is not None:
            tenant.service_principals.remove(found)

    def _bot_in(self, tenant: EntraTenant) -> ServicePrincipal | None:
        of_bot = (p for p in tenant.service_principals if p.app_id == self.bot.client_id)
        return next(of_bot, None)

    def press_authenticate(self, org: str, app_id: str, admin: str) -> None:
        """An administrator signs in at Microsoft and accepts Okta's request for consent.

        `admin` is the object id or the user principal name of an account in the app's tenant.
        The consent is tenant-wide; the app itself is not done until somebody saves.
        Raises `Refused` for an account that may not consent, KeyError for an unknown one.
        """
        app = self.org(org).app(app_id)
        self.finish_authenticate(org, app_id, self.accept_consent(self.tenant_of(app), admin))

    def accept_consent(self, tenant: EntraTenant, admin: str) -> str:
        """The Microsoft half of it: consent is granted; the code is what Okta gets of it."""
        account = tenant.account(admin)
        self.check_may_consent(tenant, account)
        traces.leave_consent(tenant, account, self.now(), self._id())
        code = secrets.token_urlsafe(32)
        self.consents[code] = tenant.id
        return code

    def finish_authenticate(self, org: str, app_id: str, code: str) -> None:
        """The Okta half of it: the code shows that the app's own tenant has consented."""
        app = self.org(org).app(app_id)
        tenant_id = self.consents.pop(code, "")
        if tenant_id != self.tenant_of(app).id:
            raise Refused("E0000001", "Microsoft's answer is not for this app's tenant.")
        app.button = Button.REAUTHENTICATE

    def press_save(self, org: str, app_id: str, by: str | None = None) -> None:
        """An Okta administrator saves the Integration tab; `by` is a person's key.

        Raises `Refused` while the app has never been consented to: Okta then asks to authenticate.
        """
        okta = self.org(org)
        app = okta.app(app_id)
        if app.button is not Button.REAUTHENTICATE:
            raise Refused("E0000001", "Authenticate with Microsoft Office 365 before saving.")
        actor = next((user for user in okta.users if user.person == by), okta.users[0])
        traces.leave_sync_account(self.tenant_of(app), app, self.now())
        app.saved = True
        app.last_updated = self.now()
        event = traces.settings_saved(app, actor, self.now(), self._id())
        okta.log.append(event)
        self.on_event(org, event)

    def switch(self, org: str, app_id: str, by: str | None = None) -> None:
        """An Okta administrator activates an app that is not active, or deactivates it."""
        okta = self.org(org)
        app = okta.app(app_id)
        actor = next((user for user in okta.users if user.person == by), okta.users[0])
        app.status = "INACTIVE" if app.status == "ACTIVE" else "ACTIVE"
        app.last_updated = self.now()
        event = traces.switched(app, actor, self.now(), self._id())
        okta.log.append(event)
        self.on_event(org, event)

    def may_manage(self, user: OktaUser, app: OktaApp) -> bool:
        """Whether this Okta administrator may change this app (App Administrator or Super)."""
        return any(
            role.type == "SUPER_ADMIN"
            or (
                role.type == "APP_ADMIN"
                and (not role.targets or {"office365", app.id} & set(role.targets))
            )
            for role in user.roles
        )

    def activate_role(self, tenant: EntraTenant, account_id: str) -> None:
        """An eligible administrator activates the role (Privileged Identity Management)."""
        for holding in tenant.admins:
            if holding.principal_id == account_id and holding.hold is Hold.ELIGIBLE:
                tenant.admins.append(
                    replace(holding, id=f"{holding.id}-activated", hold=Hold.ACTIVATED)
                )
                return
        raise KeyError(account_id)

    def fail_credentials(self, org: str, app_id: str, admin_upn: str) -> None:
        """Provisioning fails because Microsoft refuses the stored password of `admin_upn`."""
        okta = self.org(org)
        app = okta.app(app_id)
        okta.log.append(traces.credentials_refused(okta, app, admin_upn, self.now(), self._id()))

    def _id(self) -> str:
        return guid(f"trace/{next(self.serial)}")


def contoso(now: Callable[[], datetime] = utc_now, key_directory: Path | None = None) -> Company:
    """Build the default company, with its history, as of `now()`.

    Keys are made anew, or kept in `key_directory` and taken from there the next time.
    """
    orgs = {org.name: org for org in okta_orgs(now())}
    tenants = {tenant.id: tenant for tenant in entra_tenants(now())}
    bot_entra_key = key_for(key_directory, "bot-entra")
    certificate_pem, thumbprint = self_signed(bot_entra_key, "o365bot.example.com")
    company = Company(
        now=now,
        people={person.key: person for person in cast.people()},
        orgs=orgs,
        tenants=tenants,
        bot=BotRegistration(
            client_id=guid("bot/entra"),
            app_id_uri=f"api://{guid('bot/entra')}",
            client_secret="sandbox-secret-" + guid("bot/secret"),
            secret_ends=now() + timedelta(days=365),
            thumbprint=thumbprint,
            certificate_pem=certificate_pem,
        ),
        okta_keys={name: key_for(key_directory, f"okta-{name}") for name in orgs},
        bot_okta_keys={name: key_for(key_directory, org.key_id) for name, org in orgs.items()},
        bot_entra_key=bot_entra_key,
        login_key=key_for(key_directory, "login"),
    )
    for name, org in orgs.items():
        org.public_jwk = company.bot_okta_keys[name].public_jwk()
    for tenant in tenants.values():
        if tenant.bot_roles is not None:
            company.enroll_bot(tenant)
    _live_through_the_past(company)
    return company


def _live_through_the_past(company: Company) -> None:
    """Let everything that happened before today happen, through the same methods as later."""
    for step in cast.history(company.now()):
        # The copy shares every record with the company; only its clock stands in the past.
        past = replace(company, now=partial(_stopped, step.at))
        if step.verb == "authenticate":
            past.press_authenticate(step.org, step.app_id, step.who)
        elif step.verb == "save":
            past.press_save(step.org, step.app_id, step.who)
        else:
            past.fail_credentials(step.org, step.app_id, step.who)


def _stopped(at: datetime) -> datetime:
    return at
