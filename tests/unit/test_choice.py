"""The choice as a whole: what no order, note or colleague can change, and who sits beside."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.campaign.windows import sms_retires
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, Mfa, OktaAdmin, Platform
from bot.domain.people.choice import Choice, Nobody, pair
from bot.domain.people.policy import AccountNote, AccountRule, PeoplePolicy
from bot.domain.people.prospects import prospect
from bot.domain.people.weighing import DISQUALIFYING, OKTA_ROLES, Point, okta_role
from tests import strategies as some
from tests.examples import ADA, APP, BEN, NOW
from tests.there import there
from tests.unit.test_people import APP_ID, NO_POLICY, choose

HERE = OktaAdmin(
    "contoso", "00u-here", "Hanna", "hanna@contoso.com", "APP_ADMIN", frozenset({APP_ID})
)
EVERYWHERE = OktaAdmin("contoso", "00u-all", "Alva", "alva@contoso.com", "APP_ADMIN")
SUPER = OktaAdmin("contoso", "00u-super", "Sue", "sue@contoso.com", "SUPER_ADMIN")


def reached(*user_ids: str) -> dict[str, tuple[ChatIdentity, ...]]:
    return {one: (ChatIdentity(Platform.SLACK, f"U-{one}"),) for one in user_ids}


def paired(*okta_admins: OktaAdmin, reach: tuple[str, ...] = (), **more: PeoplePolicy) -> Choice:
    policy = more.get("policy", NO_POLICY)
    choice = choose(ADA, okta_admins=okta_admins, policy=policy)
    return pair(choice, okta_admins, app_id=APP_ID, reach=reached(*reach), policy=policy)


# ------------------------------------------------------------------ properties

notes = st.lists(
    st.builds(
        AccountNote,
        st.sampled_from(["ada", "ada@contoso.com", "ben", "ben@contoso.com"]),
        st.sampled_from(AccountRule),
        st.just("Olga"),
        some.moments,
        st.sampled_from(["", "carl@contoso.com"]),
    ),
    max_size=4,
).map(tuple)
names_of_both = st.frozensets(st.sampled_from(["ada", "ben@contoso.com"]))
policies = st.builds(
    PeoplePolicy,
    names_of_both,
    names_of_both,
    st.dictionaries(st.sampled_from(["ada", "ben"]), st.just("carl@contoso.com")),
    notes,
)
variants = st.builds(
    lambda admin, mfa, enabled, name: replace(admin, mfa=mfa, enabled=enabled, display_name=name),
    st.sampled_from([ADA, BEN]),
    st.sampled_from(Mfa),
    st.sampled_from([True, False, None]),
    st.sampled_from(["Ada", "Emergency Access"]),
)
casts = st.lists(variants, max_size=4, unique_by=lambda admin: admin.object_id)


@given(casts, policies)
def test_nobody_with_something_decisive_against_them_is_ever_chosen(
    admins: list[GlobalAdmin], policy: PeoplePolicy
) -> None:
    """Whatever was said of anybody, and whatever speaks for them."""
    choice = choose(*admins, policy=policy)
    if choice.chosen is not None:
        assert not DISQUALIFYING.intersection(choice.chosen.con)
        assert choice.nobody is None
    else:
        assert choice.nobody in (Nobody.NONE_KNOWN, Nobody.ALL_RULED_OUT)


@given(casts, policies)
def test_a_denial_by_command_beats_everything(
    admins: list[GlobalAdmin], policy: PeoplePolicy
) -> None:
    """The last word is `deny ada`: Ada is not chosen, as candidate or to sit beside."""
    denial = AccountNote("ada", AccountRule.DENIED, "Olga", NOW + timedelta(days=999))
    denied = policy.with_notes((*policy.notes, denial))
    choice = choose(*admins, policy=denied)
    for candidate in choice.candidates:
        if candidate.admin.object_id == "ada":
            assert Point.DENIED in candidate.con
    assert choice.chosen is None or choice.chosen.admin.object_id != "ada"


@given(casts, policies)
def test_allowing_takes_back_the_guess_and_a_denial_and_nothing_else(
    admins: list[GlobalAdmin], policy: PeoplePolicy
) -> None:
    """No MFA, disabled, unreachable: that stays, whoever may be asked."""
    allowed = policy.with_notes(
        (*policy.notes, AccountNote("ada", AccountRule.ALLOWED, "Olga", NOW + timedelta(days=999)))
    )
    before = {c.admin.object_id: set(c.con) for c in choose(*admins, policy=policy).candidates}
    after = {c.admin.object_id: set(c.con) for c in choose(*admins, policy=allowed).candidates}
    lifted = {Point.DENIED, Point.BREAK_GLASS_NAME, Point.BREAK_GLASS_CLOUD_ONLY}
    for who, against in before.items():
        assert after[who] == (against - lifted if who == "ada" else against)


@given(casts, policies)
def test_neither_the_order_of_people_nor_of_notes_matters(
    admins: list[GlobalAdmin], policy: PeoplePolicy
) -> None:
    """Two readings of the same company ask the same person."""
    assert choose(*admins, policy=policy) == choose(
        *reversed(admins), policy=policy.with_notes(tuple(reversed(policy.notes)))
    )


okta_people = st.lists(
    st.builds(
        lambda role, ids, user_id: OktaAdmin(
            "contoso", user_id, user_id, f"{user_id}@contoso.com", role, ids
        ),
        st.sampled_from(["APP_ADMIN", "SUPER_ADMIN"]),
        st.sampled_from([None, frozenset({APP_ID}), frozenset({"other"})]),
        st.sampled_from([f"00u{n}" for n in range(6)]),
    ),
    max_size=6,
    unique_by=lambda one: one.user_id,
)


@given(okta_people, st.frozensets(st.sampled_from([f"00u{n}" for n in range(6)])))
def test_the_pair_is_the_same_in_any_order_and_may_change_the_app(
    okta_admins: list[OktaAdmin], in_chat: frozenset[str]
) -> None:
    """Nobody is named whose role does not cover the app; the reachable come first."""
    first = paired(*okta_admins, reach=tuple(in_chat))
    assert first == paired(*reversed(okta_admins), reach=tuple(in_chat))
    assert all(partner.admin.may_change(APP_ID) for partner in first.partners)
    ranks = [(p.chat is None, OKTA_ROLES.index(okta_role(p.admin))) for p in first.partners]
    assert ranks == sorted(ranks)


# ------------------------------------------------------------------ who sits beside


def test_the_smallest_role_that_is_enough_sits_beside() -> None:
    """App Administrator of this app, then of all, then Super Administrator."""
    everybody = (SUPER, EVERYWHERE, HERE)
    choice = paired(*everybody, reach=tuple(one.user_id for one in everybody))
    assert [partner.admin for partner in choice.partners] == [HERE, EVERYWHERE, SUPER]
    assert [partner.pro for partner in choice.partners] == [
        (role, Point.REACHABLE) for role in OKTA_ROLES
    ]


def test_whoever_can_be_written_to_comes_before_a_smaller_role() -> None:
    """And who cannot is still named, with that against them."""
    choice = paired(HERE, SUPER, reach=(SUPER.user_id,))
    assert there(choice.partner).admin == SUPER
    assert choice.partners[1].con == (Point.UNREACHABLE,)
    alone = paired(HERE)
    assert there(alone.partner).colleague.chat is None


def test_a_denied_okta_admin_does_not_sit_beside() -> None:
    """By address as by user id, in the settings as by command."""
    policy = PeoplePolicy(denied=frozenset({"hanna@contoso.com"}))
    assert paired(HERE, reach=(HERE.user_id,), policy=policy).partner is None
    policy = PeoplePolicy(notes=(AccountNote("00u-here", AccountRule.DENIED, "Olga", NOW),))
    assert paired(HERE, SUPER, reach=(HERE.user_id,), policy=policy).partner == (
        paired(SUPER, policy=policy).partner
    )


def test_who_can_do_it_alone_needs_nobody_beside() -> None:
    """Nor does anybody sit beside nobody."""
    both = replace(HERE, email=ADA.upn)
    assert paired(both, SUPER).partners == ()
    choice = choose(replace(ADA, enabled=False))
    assert pair(choice, (SUPER,), app_id=APP_ID, reach={}, policy=NO_POLICY).partners == ()
    assert pair(choose(ADA), None, app_id=APP_ID, reach={}, policy=NO_POLICY).partner is None


# ------------------------------------------------------------------ SMS and voice


@pytest.mark.parametrize(
    ("methods", "told"),
    [
        (("mobilePhone",), True),
        (("mobilePhone", "alternateMobilePhone", "officePhone"), True),
        (("mobilePhone", "microsoftAuthenticatorPush"), False),
        (("passKeyDeviceBound",), False),
        ((), False),
    ],
)
def test_who_has_nothing_but_a_phone_is_told_in_time(methods: tuple[str, ...], told: bool) -> None:
    """They may still be asked: until Microsoft ends SMS and voice it works."""
    choice = choose(replace(ADA, mfa_methods=methods))
    assert (Point.PHONE_ONLY in there(choice.chosen).con) == told
    elsewhere = there(choose(replace(ADA, mfa_methods=methods), sms_retires=False).chosen)
    assert Point.PHONE_ONLY not in elsewhere.con


def test_sms_and_voice_end_in_the_public_cloud_only() -> None:
    """The sovereign clouds take no part in it."""
    assert sms_retires("graph.microsoft.com")
    assert not sms_retires("dod-graph.microsoft.us")
    assert not sms_retires("microsoftgraph.chinacloudapi.cn")


# ------------------------------------------------------------------ nobody


def test_why_nobody_can_be_asked_is_told_apart() -> None:
    """No tenant is another matter than a tenant whose admins are all ruled out."""
    assert choose().nobody is Nobody.NONE_KNOWN
    assert choose(replace(ADA, enabled=False)).nobody is Nobody.ALL_RULED_OUT
    assert Choice(cannot=Nobody.NO_TENANT).nobody is Nobody.NO_TENANT
    assert choose(ADA).nobody is None


def test_a_prospect_says_in_short_what_the_choice_says() -> None:
    """Who would be asked, where, and with whom beside them; or why nobody."""
    short = prospect(APP.ref, paired(HERE, reach=(HERE.user_id,)), NOW)
    assert (short.admin_name, short.platform, short.partner_name, short.nobody) == (
        "Ada Moreau",
        Platform.SLACK,
        "Hanna",
        None,
    )
    none = prospect(APP.ref, choose(), NOW)
    assert (none.platform, none.nobody) == (None, Nobody.NONE_KNOWN)
    assert none.says_the_same_as(replace(none, at=NOW + timedelta(hours=1)))
    assert not none.says_the_same_as(short)
    assert not none.says_the_same_as(None)


CUSTOM = OktaAdmin("contoso", "00u-ada", "Ada", ADA.addresses[0], "CUSTOM", frozenset())
UNLISTED = OktaAdmin("contoso", "", "", "", "", frozenset())


@pytest.mark.parametrize(
    ("okta_admins", "point"),
    [
        pytest.param((CUSTOM,), Point.OKTA_ADMIN_UNTOLD, id="a custom role"),
        pytest.param((SUPER, UNLISTED), Point.OKTA_ADMIN_UNTOLD, id="some could not be listed"),
        pytest.param((replace(CUSTOM, email="x@contoso.com"),), Point.NOT_OKTA_ADMIN, id="another"),
        pytest.param(
            (replace(SUPER, email=ADA.addresses[0]), CUSTOM), Point.OKTA_ADMIN_TOO, id="both"
        ),
        pytest.param((SUPER,), Point.NOT_OKTA_ADMIN, id="listed in full"),
    ],
)
def test_no_okta_admin_is_said_only_of_whom_it_is_known(
    okta_admins: tuple[OktaAdmin, ...], point: Point
) -> None:
    """A role that is not documented for it, and a list that is not whole, leave it untold."""
    [candidate] = choose(ADA, okta_admins=okta_admins).candidates
    told = {Point.OKTA_ADMIN_UNTOLD, Point.OKTA_ADMIN_TOO, Point.NOT_OKTA_ADMIN}
    assert told.intersection((*candidate.pro, *candidate.con)) == {point}
    assert not pair(
        choose(ADA, okta_admins=(CUSTOM, UNLISTED)),
        (CUSTOM, UNLISTED),
        app_id=APP_ID,
        reach={},
        policy=NO_POLICY,
    ).partners
