"""One person, weighed: what speaks for and against asking them, or naming them as the partner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.normalization import normalized
from bot.domain.people.admins import (
    SUPER_ADMIN,
    ChatIdentity,
    Colleague,
    GlobalAdmin,
    Holding,
    Mfa,
    OktaAdmin,
)
from bot.domain.people.policy import Mark, PeoplePolicy, mark_of


class Point(StrEnum):
    """Something that speaks for or against asking somebody; words under `point.<value>`."""

    ACTIVE_ROLE = "active_role"
    ELIGIBLE_ROLE = "eligible_role"
    THROUGH_GROUP = "through_group"
    MFA_READY = "mfa_ready"
    MFA_MISSING = "mfa_missing"
    MFA_UNTOLD = "mfa_untold"
    PHONE_ONLY = "phone_only"
    OKTA_ADMIN_TOO = "okta_admin_too"
    NOT_OKTA_ADMIN = "not_okta_admin"
    OKTA_ADMIN_UNTOLD = "okta_admin_untold"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    REACHABLE_TWICE = "reachable_twice"
    DISABLED = "disabled"
    STATE_HIDDEN = "state_hidden"
    GUEST = "guest"
    INVITED = "invited"
    DENIED = "denied"
    ALLOWED = "allowed"
    NOBODYS = "nobodys"
    BREAK_GLASS_NAME = "break_glass_name"
    BREAK_GLASS_CLOUD_ONLY = "break_glass_cloud_only"
    SERVICE_NAME = "service_name"
    DECLINED_BEFORE = "declined_before"
    AWAY = "away"
    BUSY = "busy"  # holds as many apps as one person can do before the date
    # Of the Okta admin who sits beside: which role it is.
    APP_ADMIN_HERE = "app_admin_here"
    APP_ADMIN_EVERYWHERE = "app_admin_everywhere"
    SUPER_ADMIN = "super_admin"


# With one of these against them nobody is asked.
DISQUALIFYING = frozenset(
    {
        Point.DISABLED,
        Point.STATE_HIDDEN,
        Point.INVITED,
        Point.DENIED,
        Point.NOBODYS,
        Point.BREAK_GLASS_NAME,
        Point.BREAK_GLASS_CLOUD_ONLY,
        Point.SERVICE_NAME,
        Point.UNREACHABLE,
        Point.REACHABLE_TWICE,
        Point.MFA_MISSING,
        Point.DECLINED_BEFORE,
    }
)

# What is only in the way; the less of it, in sum, the better.
COST: Mapping[Point, int] = {
    Point.AWAY: 1000,  # asked only where nobody else is there
    Point.BUSY: 100,
    Point.NOT_OKTA_ADMIN: 8,
    Point.OKTA_ADMIN_UNTOLD: 6,
    Point.ELIGIBLE_ROLE: 4,
    Point.GUEST: 3,
    Point.MFA_UNTOLD: 2,
    Point.PHONE_ONLY: 1,
    Point.THROUGH_GROUP: 1,
}

_NOBODYS_OWN = {
    Mark.NAME: Point.BREAK_GLASS_NAME,
    Mark.SERVICE: Point.SERVICE_NAME,
    Mark.CLOUD_ONLY: Point.BREAK_GLASS_CLOUD_ONLY,
}

# The smallest role that is enough is asked first.
OKTA_ROLES = (Point.APP_ADMIN_HERE, Point.APP_ADMIN_EVERYWHERE, Point.SUPER_ADMIN)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One Global Administrator, weighed.

    `chat` is set only when exactly one account matches; `accounts` are all that are surely theirs,
    that one first. `owner` is the address of the person behind the account, where the organisation
    named one.
    """

    admin: GlobalAdmin
    chat: ChatIdentity | None
    pro: tuple[Point, ...]
    con: tuple[Point, ...]
    owner: str = ""
    accounts: tuple[ChatIdentity, ...] = ()

    @property
    def eligible(self) -> bool:
        """True when this person may be asked."""
        return self.chat is not None and not DISQUALIFYING.intersection(self.con)

    @property
    def is_okta_admin(self) -> bool:
        return Point.OKTA_ADMIN_TOO in self.pro

    @property
    def rank(self) -> tuple[bool, int, int, str]:
        """The best first; with the id, so that the order in which they come does not matter."""
        cost = sum(COST.get(point, 0) for point in self.con)
        blocked = len(DISQUALIFYING.intersection(self.con))
        return (not self.eligible, blocked, cost, self.admin.object_id)


@dataclass(frozen=True, slots=True)
class Partner:
    """One Okta admin who may change the app's provisioning, weighed like a candidate."""

    admin: OktaAdmin
    chat: ChatIdentity | None
    pro: tuple[Point, ...]
    con: tuple[Point, ...]

    @property
    def eligible(self) -> bool:
        """True when this person may be named; not being in chat is no hindrance to that."""
        return Point.DENIED not in self.con

    @property
    def colleague(self) -> Colleague:
        return Colleague(self.admin.display_name, self.admin.email, self.chat)

    @property
    def rank(self) -> tuple[bool, bool, int, str]:
        """The best first: whoever can be reached, then the smallest role."""
        role = OKTA_ROLES.index(okta_role(self.admin))
        return (not self.eligible, self.chat is None, role, self.admin.user_id)


def okta_role(admin: OktaAdmin) -> Point:
    """Which of Okta's roles gives the right; a role of this instance is the smallest."""
    if admin.role == SUPER_ADMIN:
        return Point.SUPER_ADMIN
    return Point.APP_ADMIN_EVERYWHERE if admin.app_ids is None else Point.APP_ADMIN_HERE


def weigh_okta_admin(
    admin: OktaAdmin, found: tuple[ChatIdentity, ...], policy: PeoplePolicy
) -> Partner:
    """`found` are the chat accounts that may be theirs, the best first."""
    accounts, where = _reached(found)
    chat = next(iter(accounts), None)
    pro, con = [okta_role(admin)], [Point.DENIED] if policy.denies(admin.names) else []
    (con if chat is None else pro).append(where)
    return Partner(admin, chat, tuple(pro), tuple(con))


def weigh(
    admin: GlobalAdmin,
    app_id: str,
    found: tuple[ChatIdentity, ...],
    okta_admins: tuple[OktaAdmin, ...] | None,
    policy: PeoplePolicy,
    declined: frozenset[str],
    sms_retires: bool,
) -> Candidate:
    """The parameters are those of `choose_admin`, of one person."""
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
    if admin.phone_only and sms_retires:
        con.append(Point.PHONE_ONLY)
    if admin.guest:
        con.append(Point.GUEST)
    if admin.invited:
        con.append(Point.INVITED)
    owner = policy.owner(admin)
    if owner != "" and policy.rules_out(admin):
        con.append(Point.DENIED)
    mark = mark_of(admin)
    if mark is not None and policy.allows(admin.names):
        pro.append(Point.ALLOWED)
    elif mark is not None:
        con.append(_NOBODYS_OWN[mark])
    if admin.object_id in declined:
        con.append(Point.DECLINED_BEFORE)

    if okta_admins is None:
        con.append(Point.OKTA_ADMIN_UNTOLD)
    else:
        mails = set(map(normalized, policy.addresses(admin)))
        named = [o for o in okta_admins if not mails.isdisjoint(o.addresses)]
        if any(o.may_change(app_id) for o in named):
            pro.append(Point.OKTA_ADMIN_TOO)
        elif any(o.untold for o in okta_admins if o in named or not o.email):
            con.append(Point.OKTA_ADMIN_UNTOLD)
        else:
            con.append(Point.NOT_OKTA_ADMIN)

    if owner == "":
        con.append(Point.NOBODYS)
        return Candidate(admin, None, tuple(pro), tuple(con))
    accounts, where = _reached(found)
    chat = next(iter(accounts), None)
    (con if chat is None else pro).append(where)
    return Candidate(admin, chat, tuple(pro), tuple(con), owner or "", accounts)


def _reached(found: tuple[ChatIdentity, ...]) -> tuple[tuple[ChatIdentity, ...], Point]:
    """Their accounts: on each platform where exactly one matches, the best first (`preferred`)."""
    accounts: list[ChatIdentity] = []
    for platform in dict.fromkeys(identity.platform for identity in found):
        there = {identity.user_id: identity for identity in found if identity.platform is platform}
        if len(there) == 1:
            accounts += there.values()
    if accounts:
        return tuple(accounts), Point.REACHABLE
    return (), Point.REACHABLE_TWICE if found else Point.UNREACHABLE
