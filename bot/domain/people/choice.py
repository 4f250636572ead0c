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
from bot.domain.normalization import normalized
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, OktaAdmin
from bot.domain.people.policy import AccountNote, PeoplePolicy
from bot.domain.people.weighing import (
    Candidate,
    Partner,
    Point,
    weigh,
    weigh_okta_admin,
)


class Nobody(StrEnum):
    """Why nobody can be asked for an app; words under `nobody.<value>`."""

    NO_TENANT = "no_tenant"  # the app's Entra tenant could not be found
    UNREADABLE = "unreadable"  # its Global Administrators could not be read
    NONE_KNOWN = "none_known"  # it was read, and there are none
    ALL_RULED_OUT = "all_ruled_out"  # each of them has something decisive against them


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
        best = self.chosen.rank[:3]
        return tuple(one for one in self.candidates if one.rank[:3] == best)

    def named(self, name: str) -> Candidate | None:
        """The candidate who may be asked and is called so (a name or an address), if it is one."""
        wanted = normalized(name)
        called = [
            c
            for c in self.candidates
            if c.eligible and wanted in (normalized(c.admin.display_name), *c.admin.names)
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
    sms_retires: bool = True,
) -> Choice:
    """Rank the Global Administrators of the app's tenant. Pure; their order does not matter.

    `reach` maps an object id to the chat accounts found for it, best first: only exactly one on a
    platform counts. `okta_admins` is None when Okta would not say (then it counts as untold, not as
    nobody).
    `declined` holds object ids that said "not me" for this app. `sms_retires`: the tenant's cloud
    takes part in the retirement of SMS and voice (`campaign.SMS_RETIREMENT`).
    """
    candidates = [
        weigh(
            admin,
            app_id,
            reach.get(admin.object_id, ()),
            okta_admins,
            policy,
            declined,
            sms_retires,
        )
        for admin in admins
    ]
    return Choice(tuple(sorted(candidates, key=lambda one: one.rank)))


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

    `gone`: names, as `normalized` has them, of people who are asked already or said "not me".
    """
    able = [a for a in okta_admins if a.may_change(app_id) and not set(a.names).intersection(gone)]
    found = [weigh_okta_admin(one, reach.get(one.user_id, ()), policy) for one in able]
    return tuple(sorted(found, key=lambda one: one.rank))


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
        *first, last = one.rank
        return (*first, -load(one), -could.get(str(one.chat), 0), last)

    return replace(choice, candidates=tuple(sorted(candidates, key=order)))
