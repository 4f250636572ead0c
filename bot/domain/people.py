"""Who can do it: Global Administrators, Okta admins, the humans behind them, and the choice.

A personal link may only go to somebody who can use it. `choose_admin` ranks every known Global
Administrator of the app's tenant and says, for each, what speaks for and against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Holding(StrEnum):
    """How somebody holds the Global Administrator role."""

    ACTIVE = "active"
    ELIGIBLE = "eligible"  # Privileged Identity Management: must be activated first


class Mfa(StrEnum):
    """Whether somebody can do multifactor authentication at Microsoft."""

    YES = "yes"
    NO = "no"
    UNTOLD = "untold"  # no licence to ask, or done by the federated identity provider


@dataclass(frozen=True, slots=True)
class GlobalAdmin:
    """A person who holds, or may activate, Global Administrator in one tenant.

    `object_id` is the Entra object id in that tenant (`oid` in its tokens). `enabled` is None when
    Graph hid it. `via` names the role-assignable group, "" for a direct assignment.
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
    mfa: Mfa = Mfa.UNTOLD
    mfa_methods: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where this person may be known in chat, best first, lower case, no doubles."""
        return tuple(
            dict.fromkeys(a.lower() for a in (self.mail, self.upn, *self.other_mails) if a)
        )


@dataclass(frozen=True, slots=True)
class OktaAdmin:
    """Somebody who may change an app's provisioning in Okta.

    `app_ids` is None when the role covers every Office 365 app of the org.
    """

    org: str
    user_id: str
    display_name: str
    email: str
    role: str
    app_ids: frozenset[str] | None = None

    def may_change(self, app_id: str) -> bool:
        """True when the role covers that app instance."""
        return self.app_ids is None or app_id in self.app_ids


class Platform(StrEnum):
    """A chat platform."""

    SLACK = "slack"
    TEAMS = "teams"


@dataclass(frozen=True, slots=True)
class ChatIdentity:
    """One account on one chat platform. `user_id` is Slack's `U…` or the Entra object id."""

    platform: Platform
    user_id: str
    display_name: str = ""
    email: str = ""
    time_zone: str = ""
    language: str = ""

    def __str__(self) -> str:
        return f"{self.platform}:{self.user_id}"


class Point(StrEnum):
    """Something that speaks for or against asking an admin; words under `point.<value>`."""

    ACTIVE_ROLE = "active_role"
    ELIGIBLE_ROLE = "eligible_role"
    THROUGH_GROUP = "through_group"
    MFA_READY = "mfa_ready"
    MFA_MISSING = "mfa_missing"
    MFA_UNTOLD = "mfa_untold"
    OKTA_ADMIN_TOO = "okta_admin_too"
    NOT_OKTA_ADMIN = "not_okta_admin"
    OKTA_ADMIN_UNTOLD = "okta_admin_untold"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    REACHABLE_TWICE = "reachable_twice"
    DISABLED = "disabled"
    STATE_HIDDEN = "state_hidden"
    GUEST = "guest"
    DENIED = "denied"
    BREAK_GLASS = "break_glass"
    DECLINED_BEFORE = "declined_before"


# With one of these against them nobody is asked.
DISQUALIFYING = frozenset(
    {
        Point.DISABLED,
        Point.STATE_HIDDEN,
        Point.DENIED,
        Point.BREAK_GLASS,
        Point.UNREACHABLE,
        Point.REACHABLE_TWICE,
        Point.MFA_MISSING,
        Point.DECLINED_BEFORE,
    }
)

# Lower is better; the first difference decides.
_COST: Mapping[Point, int] = {
    Point.ELIGIBLE_ROLE: 4,
    Point.MFA_UNTOLD: 2,
    Point.NOT_OKTA_ADMIN: 8,
    Point.OKTA_ADMIN_UNTOLD: 6,
    Point.GUEST: 3,
    Point.THROUGH_GROUP: 1,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One Global Administrator, weighed. `chat` is set only when exactly one account matches."""

    admin: GlobalAdmin
    chat: ChatIdentity | None
    pro: tuple[Point, ...]
    con: tuple[Point, ...]

    @property
    def eligible(self) -> bool:
        """True when this person may be asked."""
        return self.chat is not None and not DISQUALIFYING.intersection(self.con)

    @property
    def is_okta_admin(self) -> bool:
        return Point.OKTA_ADMIN_TOO in self.pro


@dataclass(frozen=True, slots=True)
class Choice:
    """All candidates, best first, and the one to ask (None: nobody can be asked)."""

    candidates: tuple[Candidate, ...] = ()

    @property
    def chosen(self) -> Candidate | None:
        return next((c for c in self.candidates if c.eligible), None)

    def named(self, name: str) -> Candidate | None:
        """The candidate who may be asked and is called so (a name or an address), if it is one."""
        wanted = name.strip().casefold()
        called = [
            c
            for c in self.candidates
            if c.eligible and wanted in (c.admin.display_name.casefold(), *c.admin.addresses)
        ]
        return called[0] if len(called) == 1 else None


@dataclass(frozen=True, slots=True)
class PeoplePolicy:
    """What the organisation says about its own people.

    `denied` holds object ids or addresses that are never asked; `not_break_glass` overrules the
    guess for an account; `owners` maps an admin account (object id or address, lower case) to the
    address of the person behind it.
    """

    denied: frozenset[str] = frozenset()
    not_break_glass: frozenset[str] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict)

    def names(self, admin: GlobalAdmin, listed: frozenset[str]) -> bool:
        """True when one of the admin's names is on `listed`."""
        return bool(listed.intersection({admin.object_id.lower(), *admin.addresses}))

    def addresses(self, admin: GlobalAdmin) -> tuple[str, ...]:
        """Where to look for the person in chat: the owner map first, then the account's own."""
        owners = [
            self.owners[key]
            for key in (admin.object_id.lower(), *admin.addresses)
            if key in self.owners
        ]
        return tuple(dict.fromkeys(a.lower() for a in (*owners, *admin.addresses)))


_BREAK_GLASS_WORDS = ("break", "glass", "emergency", "notfall", "breakglass")


def looks_like_break_glass(admin: GlobalAdmin) -> bool:
    """Guess whether this is an emergency access account.

    The API has no flag. Microsoft's marks for such accounts: cloud-only, on `onmicrosoft.com`, not
    tied to a person, permanently active (Microsoft Learn, "Manage emergency access admin
    accounts"). So: a telling name, or all of those marks with neither a given name nor a mailbox
    elsewhere.
    """
    name = f"{admin.display_name} {admin.upn.partition('@')[0]}".lower()
    if any(word in name.replace("-", " ").replace("_", " ").split() for word in _BREAK_GLASS_WORDS):
        return True
    elsewhere = [a for a in admin.addresses if not a.endswith(".onmicrosoft.com")]
    return (
        admin.upn.lower().endswith(".onmicrosoft.com")
        and not admin.synced
        and admin.holding is Holding.ACTIVE
        and not admin.given_name
        and not elsewhere
    )


def choose_admin(
    admins: Iterable[GlobalAdmin],
    *,
    app_id: str,
    reach: Mapping[str, tuple[ChatIdentity, ...]],
    okta_admins: tuple[OktaAdmin, ...] | None,
    policy: PeoplePolicy,
    declined: frozenset[str] = frozenset(),
) -> Choice:
    """Rank the Global Administrators of the app's tenant. Pure; their order does not matter.

    `reach` maps an object id to the chat accounts found for it: only exactly one on a platform
    counts. `okta_admins` is None when Okta would not say (then it counts as untold, not as nobody).
    `declined` holds object ids that said "not me" for this app.
    """
    candidates = [
        _weigh(admin, app_id, reach.get(admin.object_id, ()), okta_admins, policy, declined)
        for admin in admins
    ]
    return Choice(tuple(sorted(candidates, key=_rank)))


def _rank(candidate: Candidate) -> tuple[bool, int, int, str]:
    cost = sum(_COST.get(point, 0) for point in candidate.con)
    blocked = len(DISQUALIFYING.intersection(candidate.con))
    return (not candidate.eligible, blocked, cost, candidate.admin.object_id)


def _weigh(
    admin: GlobalAdmin,
    app_id: str,
    found: tuple[ChatIdentity, ...],
    okta_admins: tuple[OktaAdmin, ...] | None,
    policy: PeoplePolicy,
    declined: frozenset[str],
) -> Candidate:
    pro: list[Point] = []
    con: list[Point] = []

    if admin.holding is Holding.ACTIVE:
        pro.append(Point.ACTIVE_ROLE)
    else:
        con.append(Point.ELIGIBLE_ROLE)
    if admin.via:
        con.append(Point.THROUGH_GROUP)
    if admin.enabled is None:
        con.append(Point.STATE_HIDDEN)
    elif not admin.enabled:
        con.append(Point.DISABLED)
    match admin.mfa:
        case Mfa.YES:
            pro.append(Point.MFA_READY)
        case Mfa.NO:
            con.append(Point.MFA_MISSING)
        case Mfa.UNTOLD:
            con.append(Point.MFA_UNTOLD)
    if admin.guest:
        con.append(Point.GUEST)
    if policy.names(admin, policy.denied):
        con.append(Point.DENIED)
    if looks_like_break_glass(admin) and not policy.names(admin, policy.not_break_glass):
        con.append(Point.BREAK_GLASS)
    if admin.object_id in declined:
        con.append(Point.DECLINED_BEFORE)

    if okta_admins is None:
        con.append(Point.OKTA_ADMIN_UNTOLD)
    else:
        mails = set(policy.addresses(admin))
        both = any(o.email.lower() in mails and o.may_change(app_id) for o in okta_admins)
        (pro if both else con).append(Point.OKTA_ADMIN_TOO if both else Point.NOT_OKTA_ADMIN)

    chat = _only_account(found)
    if chat is not None:
        pro.append(Point.REACHABLE)
    else:
        con.append(Point.REACHABLE_TWICE if found else Point.UNREACHABLE)
    return Candidate(admin, chat, tuple(pro), tuple(con))


def _only_account(found: tuple[ChatIdentity, ...]) -> ChatIdentity | None:
    """The account to write to: the first platform on which exactly one account matches."""
    for platform in Platform:
        there = {identity.user_id: identity for identity in found if identity.platform is platform}
        if len(there) == 1:
            return next(iter(there.values()))
    return None
