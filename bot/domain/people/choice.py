"""The right person: every candidate weighed, the best one chosen, and who sits beside them.

A personal link may only go to somebody who can use it. `choose_admin` ranks every known Global
Administrator of the app's tenant and says, for each, what speaks for and against. Where the best of
them is no Okta admin for the app, `pair` ranks the Okta admins who are. That nobody can be asked is
an answer of its own (`Nobody`), with its reason.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from bot.domain.inventory.gaps import AdminGap
from bot.domain.likeness import likeness
from bot.domain.people.admins import (
    SUPER_ADMIN,
    ChatIdentity,
    Colleague,
    GlobalAdmin,
    Holding,
    Mfa,
    OktaAdmin,
)
from bot.domain.people.policy import (
    AccountNote,
    BreakGlassMark,
    PeoplePolicy,
    break_glass_mark,
)


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
    DENIED = "denied"
    ALLOWED = "allowed"
    NOBODYS = "nobodys"
    BREAK_GLASS_NAME = "break_glass_name"
    BREAK_GLASS_CLOUD_ONLY = "break_glass_cloud_only"
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
        Point.DENIED,
        Point.NOBODYS,
        Point.BREAK_GLASS_NAME,
        Point.BREAK_GLASS_CLOUD_ONLY,
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

_BREAK_GLASS = {
    BreakGlassMark.NAME: Point.BREAK_GLASS_NAME,
    BreakGlassMark.CLOUD_ONLY: Point.BREAK_GLASS_CLOUD_ONLY,
}

# The smallest role that is enough is asked first.
OKTA_ROLES = (Point.APP_ADMIN_HERE, Point.APP_ADMIN_EVERYWHERE, Point.SUPER_ADMIN)


class Nobody(StrEnum):
    """Why nobody can be asked for an app; words under `nobody.<value>`."""

    NO_TENANT = "no_tenant"  # the app's Entra tenant could not be found
    UNREADABLE = "unreadable"  # its Global Administrators could not be read
    NONE_KNOWN = "none_known"  # it was read, and there are none
    ALL_RULED_OUT = "all_ruled_out"  # each of them has something decisive against them


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


@dataclass(frozen=True, slots=True)
class Choice:
    """All candidates, best first, and the one to ask (`chosen`; None: nobody can be asked).

    `partners` are the Okta admins to pair the chosen one with, best first: empty when one person
    can do it alone, or when Okta names nobody. `cannot` is why there are no candidates to weigh,
    `gaps` what the look at the tenant did without, `notes` what was said of these people by
    command.
    """

    candidates: tuple[Candidate, ...] = ()
    partners: tuple[Partner, ...] = ()
    cannot: Nobody | None = None
    gaps: tuple[AdminGap, ...] = ()
    notes: tuple[AccountNote, ...] = ()

    @property
    def chosen(self) -> Candidate | None:
        return next((c for c in self.candidates if c.eligible), None)

    @property
    def equals(self) -> tuple[Candidate, ...]:
        """The chosen one and those for whom as much speaks; none where nobody can be asked."""
        if self.chosen is None:
            return ()
        best = _rank(self.chosen)[:3]
        return tuple(one for one in self.candidates if _rank(one)[:3] == best)

    def named(self, name: str) -> Candidate | None:
        """The candidate who may be asked and is called so (a name or an address), if it is one."""
        wanted = likeness(name)
        called = [
            c
            for c in self.candidates
            if c.eligible and wanted in (likeness(c.admin.display_name), *c.admin.names)
        ]
        return called[0] if len(called) == 1 else None

    @property
    def partner(self) -> Partner | None:
        """The Okta admin to sit beside the chosen one, if a second person is needed and known."""
        return next((p for p in self.partners if p.eligible), None)

    @property
    def nobody(self) -> Nobody | None:
        """Why nobody can be asked; None when somebody can."""
        if self.chosen is not None:
            return None
        if self.cannot is not None:
            return self.cannot
        return Nobody.ALL_RULED_OUT if self.candidates else Nobody.NONE_KNOWN


def choose_admin(
    admins: Iterable[GlobalAdmin],
    *,
    app_id: str,
    reach: Mapping[str, tuple[ChatIdentity, ...]],
    okta_admins: tuple[OktaAdmin, ...] | None,
    policy: PeoplePolicy,
    declined: frozenset[str] = frozenset(),
    phones_retire: bool = True,
) -> Choice:
    """Rank the Global Administrators of the app's tenant. Pure; their order does not matter.

    `reach` maps an object id to the chat accounts found for it, best first: only exactly one on a
    platform counts. `okta_admins` is None when Okta would not say (then it counts as untold, not as
    nobody).
    `declined` holds object ids that said "not me" for this app. `phones_retire`: the tenant's cloud
    takes part in the retirement of SMS and voice (`campaign.SMS_RETIREMENT`).
    """
    candidates = [
        _weigh(
            admin,
            app_id,
            reach.get(admin.object_id, ()),
            okta_admins,
            policy,
            declined,
            phones_retire,
        )
        for admin in admins
    ]
    return Choice(tuple(sorted(candidates, key=_rank)))


def pair(
    choice: Choice,
    okta_admins: Iterable[OktaAdmin] | None,
    *,
    app_id: str,
    reach: Mapping[str, tuple[ChatIdentity, ...]],
    policy: PeoplePolicy,
) -> Choice:
    """The choice with the Okta admins who may sit beside the chosen one; pure, order-independent.

    Nobody is added when one person can do it alone. Reachable in chat comes first, then the
    smallest role that is enough. `reach` maps an Okta user id to the chat accounts found for it.
    """
    chosen = choice.chosen
    if chosen is None or chosen.is_okta_admin:
        return choice
    return replace(choice, partners=partners(okta_admins or (), app_id, policy, reach=reach))


def partners(
    okta_admins: Iterable[OktaAdmin],
    app_id: str,
    policy: PeoplePolicy,
    *,
    gone: Collection[str] = (),
    reach: Mapping[str, tuple[ChatIdentity, ...]] = MappingProxyType({}),
) -> tuple[Partner, ...]:
    """The Okta admins who may change the app, best first; whoever is denied comes last.

    `gone`: names, as `likeness` has them, of people who are asked already or said "not me".
    """
    able = [a for a in okta_admins if a.may_change(app_id) and not set(a.names).intersection(gone)]
    found = [_partner(one, reach.get(one.user_id, ()), policy) for one in able]
    return tuple(sorted(found, key=_rank_partner))


def given_out(
    choice: Choice,
    *,
    away: Collection[str],
    held: Mapping[str, int],
    most: Mapping[str, int],
    could: Mapping[str, int] = MappingProxyType({}),
) -> Choice:
    """The choice by who is there and what they have: few people get the apps, none too many.

    By chat account: `away`, `held` (how many open apps), `most` (what they can do before the app's
    date), `could` (for how many of the other apps that are given out nobody is better). Of equals
    who has more is asked, then who could do more: so others are left in peace.
    """

    def load(candidate: Candidate) -> int:
        return held.get(str(candidate.chat), 0)

    def weighed(candidate: Candidate) -> Candidate:
        name = str(candidate.chat)
        busy = name in most and load(candidate) >= most[name]
        told = {Point.AWAY: name in away, Point.BUSY: busy}
        others = tuple(point for point in candidate.con if point not in told)
        return replace(candidate, con=(*others, *(point for point, holds in told.items() if holds)))

    candidates = map(weighed, choice.candidates)

    def order(one: Candidate) -> tuple[object, ...]:
        rank = _rank(one)
        return (*rank[:3], -load(one), -could.get(str(one.chat), 0), rank[3])

    return replace(choice, candidates=tuple(sorted(candidates, key=order)))


def okta_role(admin: OktaAdmin) -> Point:
    """Which of Okta's roles gives the right; a role of this instance is the smallest."""
    if admin.role == SUPER_ADMIN:
        return Point.SUPER_ADMIN
    return Point.APP_ADMIN_EVERYWHERE if admin.app_ids is None else Point.APP_ADMIN_HERE


def _rank(candidate: Candidate) -> tuple[bool, int, int, str]:
    cost = sum(COST.get(point, 0) for point in candidate.con)
    blocked = len(DISQUALIFYING.intersection(candidate.con))
    return (not candidate.eligible, blocked, cost, candidate.admin.object_id)


def _rank_partner(partner: Partner) -> tuple[bool, bool, int, str]:
    role = OKTA_ROLES.index(okta_role(partner.admin))
    return (not partner.eligible, partner.chat is None, role, partner.admin.user_id)


def _partner(admin: OktaAdmin, found: tuple[ChatIdentity, ...], policy: PeoplePolicy) -> Partner:
    accounts, where = _reached(found)
    chat = next(iter(accounts), None)
    pro, con = [okta_role(admin)], [Point.DENIED] if policy.denies(admin.names) else []
    (con if chat is None else pro).append(where)
    return Partner(admin, chat, tuple(pro), tuple(con))


def _weigh(
    admin: GlobalAdmin,
    app_id: str,
    found: tuple[ChatIdentity, ...],
    okta_admins: tuple[OktaAdmin, ...] | None,
    policy: PeoplePolicy,
    declined: frozenset[str],
    phones_retire: bool,
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
    if admin.phone_only and phones_retire:
        con.append(Point.PHONE_ONLY)
    if admin.guest:
        con.append(Point.GUEST)
    if policy.denies(admin.names):
        con.append(Point.DENIED)
    mark = break_glass_mark(admin)
    if mark is not None and policy.allows(admin.names):
        pro.append(Point.ALLOWED)
    elif mark is not None:
        con.append(_BREAK_GLASS[mark])
    if admin.object_id in declined:
        con.append(Point.DECLINED_BEFORE)

    if okta_admins is None:
        con.append(Point.OKTA_ADMIN_UNTOLD)
    else:
        mails = set(map(likeness, policy.addresses(admin)))
        named = [o for o in okta_admins if likeness(o.email) in mails]
        if any(o.may_change(app_id) for o in named):
            pro.append(Point.OKTA_ADMIN_TOO)
        elif any(o.untold for o in okta_admins if o in named or not o.email):
            con.append(Point.OKTA_ADMIN_UNTOLD)
        else:
            con.append(Point.NOT_OKTA_ADMIN)

    owner = policy.owner(admin)
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
