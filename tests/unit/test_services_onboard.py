"""Letting the bot read one more tenant: nothing counts before Microsoft Graph answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.consent.onboarding import GRANTING, Granting, Onboarding, grant
from bot.domain.people.news import NewsKind
from bot.errors import (
    CloudNotFound,
    CloudRefused,
    LinkExpired,
    LinkRevoked,
    LinkUnknown,
    O365BotError,
    SignInDeclined,
    SignInRefused,
    SignInUnknown,
    StepNotAllowed,
    TooManyTries,
)
from tests import person
from tests.examples import ADA, NOW, OPERATOR, TENANT, TOKEN

DOMAIN = TENANT.domain
NOT_GRANTED = CloudRefused("Not granted.", where=DOMAIN, call="POST token", missing="admin consent")


@pytest.fixture
async def world() -> person.Asked:
    """A tenant that has not granted anything yet."""
    world = person.Asked()
    await world.set()
    world.entra.admins[TENANT.id] = NOT_GRANTED
    return world


async def invite(world: person.Asked) -> str:
    """The token of a fresh link."""
    invitation = await world.onboard.invite(DOMAIN, OPERATOR)
    assert invitation.link.startswith("https://o365bot.example.com/o/")
    return invitation.link.rpartition("/")[2]


async def begin(world: person.Asked, token: str) -> dict[str, str]:
    address, browser = await world.onboard.begin(token)
    assert address.startswith("https://login.example.com/tenant-1/adminconsent")
    return {"state": person.state_of(address), "browser": browser}


async def test_a_yes_counts_once_graph_answers(world: person.Asked) -> None:
    """Then the operator hears of it, and the orgs of that tenant are looked at again."""
    token = await invite(world)
    answer = await begin(world, token)
    world.entra.admins[TENANT.id] = (ADA,)
    done = await world.onboard.finish(**answer, admin_consent="True")
    assert done.stage is Granting.CONFIRMED
    assert [happened for happened, _ in world.news] == [NewsKind.ONBOARDED]
    assert world.engine.scans == ["contoso"]
    assert await world.ledger.global_admins(TENANT.id) == (ADA,)
    assert (await world.onboard.view(token)).stage is Granting.CONFIRMED


async def test_a_yes_alone_is_only_a_hint(world: person.Asked) -> None:
    """Anybody can write the redirect's parameters; Graph may also need a minute."""
    token = await invite(world)
    answer = await begin(world, token)
    told = await world.onboard.finish(**answer, admin_consent="True")
    assert told.stage is Granting.ANSWERED
    assert world.news == []
    assert (await world.onboard.check(token)).stage is Granting.ANSWERED
    world.entra.admins[TENANT.id] = (ADA,)
    assert (await world.onboard.check(token)).stage is Granting.CONFIRMED
    assert (await world.onboard.check(token)).stage is Granting.CONFIRMED
    assert [happened for happened, _ in world.news] == [NewsKind.ONBOARDED]


@pytest.mark.parametrize(
    ("error", "reason", "raised"),
    [
        ("permission_denied", "The admin canceled the request", SignInDeclined),
        ("consent_required", "AADSTS65004: declined", SignInDeclined),
        ("server_error", "AADSTS90094: needs an admin", SignInRefused),
    ],
)
async def test_an_error_is_read_before_the_consent(
    world: person.Asked, error: str, reason: str, raised: type[O365BotError]
) -> None:
    """Microsoft writes `admin_consent=True` beside errors, too; the link stays good."""
    world.entra.admins[TENANT.id] = NOT_GRANTED
    token = await invite(world)
    answer = await begin(world, token)
    world.entra.admins[TENANT.id] = (ADA,)
    with pytest.raises(raised):
        await world.onboard.finish(**answer, error=error, reason=reason, admin_consent="True")
    assert (await world.onboard.view(token)).stage is Granting.DECLINED
    again = await begin(world, token)
    assert (await world.onboard.finish(**again, admin_consent="True")).stage is Granting.CONFIRMED


async def test_looking_again_is_limited(world: person.Asked) -> None:
    """Whoever holds the link cannot use up what Microsoft lets the bot read."""
    token = await invite(world)
    await world.onboard.finish(**await begin(world, token), admin_consent="True")
    for _ in range(10):
        await world.onboard.check(token)
    with pytest.raises(TooManyTries):
        await world.onboard.check(token)


async def test_a_tenant_that_can_be_read_needs_no_link(world: person.Asked) -> None:
    """The operator is told so."""
    world.entra.admins[TENANT.id] = ()
    assert (await world.onboard.invite(DOMAIN, OPERATOR)).link == ""
    assert await world.ledger.onboarding_of(TENANT.id) is None


async def test_a_newer_link_makes_the_former_one_void(world: person.Asked) -> None:
    """As with personal links."""
    first = await invite(world)
    second = await invite(world)
    with pytest.raises(LinkRevoked):
        await world.onboard.begin(first)
    assert (await world.onboard.view(second)).stage is Granting.ASKED


async def test_links_end_and_guesses_are_unknown(world: person.Asked) -> None:
    """Three days, and 256 bits."""
    token = await invite(world)
    with pytest.raises(LinkUnknown):
        await world.onboard.view("guess")
    world.clock.forward(timedelta(hours=72))
    with pytest.raises(LinkExpired):
        await world.onboard.begin(token)
    with pytest.raises(CloudNotFound):
        await world.onboard.invite("unknown.example.com", OPERATOR)


async def test_states_do_not_cross_over(world: person.Asked) -> None:
    """A sign-in's state is no consent's, a consent's no sign-in's, and each is good once."""
    answer = await begin(world, await invite(world))
    with pytest.raises(SignInUnknown):
        await world.prove.finish(**answer, code=person.RIGHT)
    state, browser = await world.begin(TOKEN)
    with pytest.raises(SignInUnknown):
        await world.onboard.finish(state=state, browser=browser, admin_consent="True")
    answer = await begin(world, await invite(world))
    with pytest.raises(SignInUnknown):
        await world.onboard.finish(**{**answer, "browser": "another"}, admin_consent="True")
    assert world.sign_in.redeemed == []


async def test_beginning_is_limited(world: person.Asked) -> None:
    """As with personal links."""
    token = await invite(world)
    for _ in range(20):
        await begin(world, token)
    with pytest.raises(TooManyTries):
        await world.onboard.begin(token)


def test_what_is_over_takes_no_step() -> None:
    """The table is what it says."""
    asked = Onboarding("o1", "t", "d", OPERATOR, NOW, "digest", NOW + timedelta(hours=1))
    for stage, targets in GRANTING.items():
        at = replace(asked, stage=stage)
        for target in Granting:
            if target in targets:
                assert grant(at, target, NOW).stage is target
            elif target is not stage:
                with pytest.raises(StepNotAllowed):
                    grant(at, target, NOW)
