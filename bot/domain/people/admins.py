"""Who can do it: Global Administrators, Okta admins, and the chat accounts of the humans behind.

Who of them is asked is chosen in `bot.domain.people.choice`, by what the organisation says of its
own people (`bot.domain.people.policy`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.domain.normalization import exact, normalized

NEVER_SEEN: Mapping[str, datetime] = MappingProxyType({})


class Holding(StrEnum):
    """How somebody holds the Global Administrator role."""

    ACTIVE = "active"
    ELIGIBLE = "eligible"  # Privileged Identity Management: must be activated first


class Mfa(StrEnum):
    """Whether somebody can do multifactor authentication at Microsoft."""

    YES = "yes"
    NO = "no"
    UNTOLD = "untold"  # no licence to ask, or done by the federated identity provider


# Microsoft's names of the methods that work by SMS or by a call (`methodsRegistered` of
# userRegistrationDetails, Microsoft Graph).
PHONE_METHODS = frozenset({"mobilePhone", "alternateMobilePhone", "officePhone"})


@dataclass(frozen=True, slots=True)
class GlobalAdmin:
    """A person who holds, or may activate, Global Administrator in one tenant.

    `object_id` is the Entra object id in that tenant (`oid` in its tokens). `enabled` is None when
    Graph hid it. `via` names the role-assignable group, "" for a direct assignment. `may_activate`:
    it is eligible, whether the role is active at the moment or not. `invited`: a guest who has not
    accepted the invitation yet.
    """

    tenant_id: str
    object_id: str
    display_name: str
    upn: str
    mail: str = ""
    other_mails: tuple[str, ...] = ()
    enabled: bool | None = None
    guest: bool = False
    synced: bool = False
    given_name: str = ""
    holding: Holding = Holding.ACTIVE
    via: str = ""
    may_activate: bool = False
    invited: bool = False
    mfa: Mfa = Mfa.UNTOLD
    mfa_methods: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where this person may be known in chat, best first, as `exact` has it, no doubles."""
        return tuple(dict.fromkeys(exact(a) for a in (self.mail, self.upn, *self.other_mails) if a))

    @property
    def names(self) -> tuple[str, ...]:
        """What this account is called, as `normalized` has it: its object id, its addresses."""
        return tuple(map(normalized, (self.object_id, *self.addresses)))

    @property
    def phone_only(self) -> bool:
        """True when every method that is known works by SMS or call."""
        return bool(self.mfa_methods) and PHONE_METHODS.issuperset(self.mfa_methods)


# Okta's names of the roles that may change provisioning (`type` of a role assignment).
SUPER_ADMIN = "SUPER_ADMIN"
APP_ADMIN = "APP_ADMIN"


@dataclass(frozen=True, slots=True)
class OktaAdmin:
    """Somebody who may change an app's provisioning in Okta.

    `app_ids` is None when the role covers every Office 365 app of the org. With a role of which it
    is not documented (a custom one, Organization Administrator) it is untold, and `app_ids` empty;
    without `email`, those are persons who could not be listed. `login` is their Okta user name.
    """

    org: str
    user_id: str
    display_name: str
    email: str
    role: str
    app_ids: frozenset[str] | None = None
    login: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """What the person may be called at Microsoft, normalized: address, user name."""
        return tuple(dict.fromkeys(normalized(name) for name in (self.email, self.login) if name))

    @property
    def names(self) -> tuple[str, ...]:
        """What this account is called, normalized: its user id, its address and name."""
        return tuple(normalized(name) for name in (self.user_id,) if name) + self.addresses

    @property
    def untold(self) -> bool:
        """True when it cannot be told whether the role covers any of the apps."""
        return self.role not in (SUPER_ADMIN, APP_ADMIN)

    def may_change(self, app_id: str) -> bool:
        """True when the role covers that app instance."""
        return self.app_ids is None or app_id in self.app_ids


class Platform(StrEnum):
    """Where people are reached, in the order of preference: mail only where there is no chat."""

    SLACK = "slack"
    TEAMS = "teams"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class ChatIdentity:
    """One account on one platform. `user_id`: Slack's `U…`, the Entra object id, or an address."""

    platform: Platform
    user_id: str
    display_name: str = ""
    email: str = ""
    time_zone: str = ""
    language: str = ""
    days_off: frozenset[int] | None = None

    def __str__(self) -> str:
        return f"{self.platform}:{self.user_id}"

    @property
    def signs(self) -> tuple[str, ...]:
        """What the same person goes by elsewhere: the Entra object id, the address (`exact`)."""
        object_id = self.user_id if self.platform is Platform.TEAMS else ""
        return tuple(exact(sign) for sign in (object_id, self.email) if sign)

    def completed(self, said: ChatIdentity) -> ChatIdentity:
        """With what its platform says now; what that leaves out stays."""
        return replace(
            self,
            display_name=said.display_name or self.display_name,
            email=said.email or self.email,
            time_zone=said.time_zone or self.time_zone,
            language=said.language or self.language,
        )


def preferred(
    accounts: Iterable[ChatIdentity],
    *,
    wanted: Platform | None = None,
    first: Platform = Platform.SLACK,
    seen: Mapping[str, datetime] = NEVER_SEEN,
) -> tuple[ChatIdentity, ...]:
    """A person's accounts, the best to write to first.

    Where the settings say (`wanted`); else in a chat before mail, where they were heard of last
    (`seen`, by account), and of two in which they never were, on the `first` platform.
    """

    def rank(account: ChatIdentity) -> tuple[bool, bool, float, bool, int]:
        heard = seen.get(str(account))
        return (
            account.platform is not wanted,
            account.platform is Platform.MAIL,
            -heard.timestamp() if heard is not None else 0.0,
            account.platform is not first,
            list(Platform).index(account.platform),
        )

    return tuple(sorted(accounts, key=rank))


@dataclass(frozen=True, slots=True)
class Colleague:
    """The Okta admin who sits beside a Global Administrator. `chat` is None: not found in chat."""

    name: str
    email: str
    chat: ChatIdentity | None = None
