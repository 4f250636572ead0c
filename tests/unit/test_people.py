"""Who is asked: what rules somebody out, who comes first, and which account is written to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.people.admins import ChatIdentity, GlobalAdmin, Holding, Mfa, OktaAdmin, Platform
from bot.domain.people.choice import Choice, choose_admin
from bot.domain.people.policy import AccountNote, AccountRule, PeoplePolicy
from bot.domain.people.weighing import DISQUALIFYING, Point
from tests import strategies as some
from tests.examples import ADA, APP, BEN, NOW
from tests.there import there

APP_ID = APP.ref.app_id
ON_SLACK = ChatIdentity(Platform.SLACK, "U1")
ON_TEAMS = ChatIdentity(Platform.TEAMS, "T1")
OKTA_ADA = OktaAdmin("contoso", "00u1", "Ada", "Ada@Contoso.com", "APP_ADMIN", frozenset({APP_ID}))
NO_POLICY = PeoplePolicy()


def choose(
    *admins: GlobalAdmin,
    reach: dict[str, tuple[ChatIdentity, ...]] | None = None,
    okta_admins: tuple[OktaAdmin, ...] | None = (),
    policy: PeoplePolicy = NO_POLICY,
    declined: frozenset[str] = frozenset(),
    sms_retires: bool = True,
) -> Choice:
    """The choice among `admins`, all reachable unless told otherwise."""
    everybody = {a.object_id: (ChatIdentity(Platform.SLACK, f"U-{a.object_id}"),) for a in admins}
    return choose_admin(
        admins,
        app_id=APP_ID,
        reach=everybody if reach is None else reach,
        okta_admins=okta_admins,
        policy=policy,
        declined=declined,
        sms_retires=sms_retires,
    )


def test_a_right_admin_is_chosen_with_everything_that_speaks_for_them() -> None:
    """Active, MFA, reachable, and an Okta admin for the app: nothing speaks against."""
    chosen = there(choose(ADA, okta_admins=(OKTA_ADA,)).chosen)
    assert chosen.con == ()
    assert chosen.is_okta_admin
    assert set(chosen.pro) == {
        Point.ACTIVE_ROLE,
        Point.MFA_READY,
        Point.OKTA_ADMIN_TOO,
        Point.REACHABLE,
    }


BLOCKED = {
    Point.DISABLED: choose(replace(ADA, enabled=False)),
    Point.STATE_HIDDEN: choose(replace(ADA, enabled=None)),
    Point.INVITED: choose(replace(ADA, guest=True, invited=True)),
    Point.MFA_MISSING: choose(replace(ADA, mfa=Mfa.NO)),
    Point.DENIED: choose(ADA, policy=PeoplePolicy(denied=frozenset({"ada@contoso.com"}))),
    Point.NOBODYS: choose(ADA, policy=PeoplePolicy(owners={"ada": ""})),
    Point.BREAK_GLASS_NAME: choose(replace(ADA, display_name="Emergency Access 1")),
    Point.BREAK_GLASS_CLOUD_ONLY: choose(
        replace(ADA, upn="ea1@contoso.onmicrosoft.com", mail="", given_name="")
    ),
    Point.SERVICE_NAME: choose(replace(ADA, upn="svc_OKTA_sync_0oa1@contoso.com")),
    Point.UNREACHABLE: choose(ADA, reach={}),
    Point.REACHABLE_TWICE: choose(
        ADA, reach={"ada": (ON_SLACK, ChatIdentity(Platform.SLACK, "U2"))}
    ),
    Point.DECLINED_BEFORE: choose(ADA, declined=frozenset({"ada"})),
}


@pytest.mark.parametrize("point", BLOCKED)
def test_one_disqualifying_point_is_enough(point: Point) -> None:
    """Nobody is asked with such a point against them; they are listed, with that point."""
    (candidate,) = BLOCKED[point].candidates
    assert DISQUALIFYING.intersection(candidate.con) == {point}
    assert BLOCKED[point].chosen is None


def test_each_disqualifying_point_has_its_case() -> None:
    """A new one needs its own example above."""
    assert set(BLOCKED) == DISQUALIFYING


def test_nobody_to_choose_from_is_no_choice() -> None:
    """No administrators known: nobody is chosen, and nothing breaks."""
    assert choose().chosen is None


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({}, {"holding": Holding.ELIGIBLE}),
        ({}, {"mfa": Mfa.UNTOLD}),
        ({}, {"guest": True}),
        ({}, {"via": "Tier 0"}),
        ({"via": "Tier 0"}, {"mfa": Mfa.UNTOLD}),
        ({"mfa": Mfa.UNTOLD}, {"holding": Holding.ELIGIBLE}),
    ],
)
def test_the_less_that_stands_in_the_way_the_better(
    better: dict[str, Any], worse: dict[str, Any]
) -> None:
    """Ranking by what the person would still have to do, not by who comes first in the list."""
    wanted = replace(ADA, object_id="z-better", **better)
    other = replace(ADA, object_id="a-worse", **worse)
    assert there(choose(other, wanted).chosen).admin == wanted


def test_who_is_an_okta_admin_too_comes_before_everybody_who_is_not() -> None:
    """One person who can do it alone beats a better role that needs a second person."""
    alone = replace(ADA, holding=Holding.ELIGIBLE, mfa=Mfa.UNTOLD)
    assert there(choose(BEN, alone, okta_admins=(OKTA_ADA,)).chosen).admin == alone


def test_an_okta_role_for_another_app_does_not_count() -> None:
    """An App Administrator of one instance cannot open another."""
    elsewhere = replace(OKTA_ADA, app_ids=frozenset({"0oa-other"}))
    (candidate,) = choose(ADA, okta_admins=(elsewhere,)).candidates
    assert Point.NOT_OKTA_ADMIN in candidate.con
    everywhere = replace(OKTA_ADA, app_ids=None)
    assert choose(ADA, okta_admins=(everywhere,)).candidates[0].is_okta_admin


def test_what_okta_would_not_say_is_untold_not_no() -> None:
    """A refused read of Okta's admins says nothing about anybody."""
    (candidate,) = choose(ADA, okta_admins=None).candidates
    assert Point.OKTA_ADMIN_UNTOLD in candidate.con
    assert Point.NOT_OKTA_ADMIN not in candidate.con
    assert candidate.eligible


@pytest.mark.parametrize(
    ("denied", "said", "is_denied"),
    [
        ({"eve@contoso.com"}, None, True),
        ({"ada"}, None, True),
        (set(), ("eve@contoso.com", AccountRule.DENIED), True),
        ({"eve@contoso.com"}, ("ada", AccountRule.ALLOWED), True),
        ({"ada"}, ("eve@contoso.com", AccountRule.ALLOWED), True),
        ({"eve@contoso.com"}, ("Eve@Contoso.com", AccountRule.ALLOWED), False),
        ({"ada"}, ("ada", AccountRule.ALLOWED), False),
    ],
)
def test_who_is_denied_is_not_asked_for_an_account_of_theirs(
    denied: set[str], said: tuple[str, AccountRule] | None, is_denied: bool
) -> None:
    """The link would go to the person: what was said of them, and of the account, both count."""
    notes = (AccountNote(said[0], said[1], "Olga", NOW),) if said else ()
    policy = PeoplePolicy(frozenset(denied), owners={"ada": "eve@contoso.com"}, notes=notes)
    (candidate,) = choose(ADA, policy=policy).candidates
    assert (Point.DENIED in candidate.con) is is_denied


def test_an_okta_admin_is_known_by_their_user_name_as_well() -> None:
    """Their mail may be another one; the user name is often the one at Microsoft."""
    other = replace(OKTA_ADA, email="a.moreau@contoso.com", login="ADA@contoso.com")
    assert choose(ADA, okta_admins=(other,)).candidates[0].is_okta_admin
    assert not choose(BEN, okta_admins=(other,)).candidates[0].is_okta_admin


@pytest.mark.parametrize("name", ["ada", "ada@contoso.com"])
def test_the_guess_of_a_break_glass_account_can_be_overruled(name: str) -> None:
    """The organisation knows its own accounts, by object id or address."""
    admin = replace(ADA, display_name="Emergency Ada")
    chosen = there(choose(admin, policy=PeoplePolicy(not_break_glass=frozenset({name}))).chosen)
    assert chosen.admin == admin


def test_the_owner_map_leads_from_an_admin_account_to_its_person() -> None:
    """The owner's address is looked for first, and counts as theirs in Okta too."""
    account = replace(ADA, object_id="adm", upn="adm-ada@contoso.onmicrosoft.com", mail="")
    policy = PeoplePolicy(owners={"adm-ada@contoso.onmicrosoft.com": "Ada@contoso.com"})
    assert policy.addresses(account) == ("ada@contoso.com", "adm-ada@contoso.onmicrosoft.com")
    assert choose(account, okta_admins=(OKTA_ADA,), policy=policy).candidates[0].is_okta_admin


@pytest.mark.parametrize(
    ("found", "account"),
    [
        ((ON_SLACK,), ON_SLACK),
        ((ON_TEAMS,), ON_TEAMS),
        ((ON_TEAMS, ON_SLACK), ON_TEAMS),  # the first is where they are best reached
        ((ON_SLACK, replace(ON_SLACK, email="ada@contoso.com")), ON_SLACK),
        ((ON_SLACK, ChatIdentity(Platform.SLACK, "U2"), ON_TEAMS), ON_TEAMS),
        ((ON_SLACK, ChatIdentity(Platform.SLACK, "U2")), None),
        ((), None),
    ],
)
def test_only_exactly_one_account_of_a_platform_is_written_to(
    found: tuple[ChatIdentity, ...], account: ChatIdentity | None
) -> None:
    """A personal link never goes to a guess between two accounts."""
    (candidate,) = choose(ADA, reach={"ada": found}).candidates
    assert (candidate.chat and str(candidate.chat)) == (account and str(account))


@given(st.lists(some.global_admins, max_size=5, unique_by=lambda a: a.object_id))
def test_whoever_may_be_asked_stands_before_whoever_may_not(admins: list[GlobalAdmin]) -> None:
    """The list can be read from the top, and its first entry is the one who is asked."""
    choice = choose(*admins)
    eligible = [candidate.eligible for candidate in choice.candidates]
    assert eligible == sorted(eligible, reverse=True)
    assert len(choice.candidates) == len(admins)
    for candidate in choice.candidates:
        assert not set(candidate.pro) & set(candidate.con)
        assert not (candidate.eligible and DISQUALIFYING.intersection(candidate.con))
