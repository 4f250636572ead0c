"""Finding the right person and asking them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Stage, Step, step
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import person
from bot.errors import AppUnknown, ChatUnreachable, CloudRefused, NobodyReachable, NothingToDo
from tests.examples import (
    ADA,
    ADA_IN_CHAT,
    APP,
    BEN,
    BEN_IN_CHAT,
    NOW,
    OPERATOR,
    POLICY,
    RECORD,
    REQUEST,
    TENANT,
    record_of,
)
from tests.there import there
from tests.whole_bot import Bot


@pytest.fixture
async def world() -> Bot:
    world = Bot()
    await world.ledger.commit(Changes(apps=(RECORD,)))
    return world


async def test_the_best_candidate_is_asked_in_one_step(world: Bot) -> None:
    """Request, the app's pointer to it and the audit line are written together, and no message.

    When that goes out is decided like every other.
    """
    asked = await world.ask.send(APP.ref, OPERATOR)
    request = asked.request
    assert asked.replaced is None
    assert (request.admin_object_id, request.chat, request.stage) == (
        "ada",
        ADA_IN_CHAT,
        Stage.REQUESTED,
    )
    assert (request.tenant_domain, request.requested_by) == ("contoso.onmicrosoft.com", "Olga")
    assert request.link is None  # issued only when the message is written
    assert await world.ledger.request(request.id) == request
    record = there(await world.ledger.app(APP.ref))
    assert record.request_id == request.id
    assert world.engine.deliveries == []
    assert world.ledger.schedule[person(ADA_IN_CHAT)] == NOW
    (entry,) = await world.ledger.audit()
    assert (entry.actor, entry.action, entry.detail["to"]) == ("slack:U9", "ask", "slack:U1")


async def test_asking_again_takes_the_place_of_the_former_request(world: Bot) -> None:
    """Two open requests for one app would be two links for one job."""
    first = await told(world)
    again = await world.ask.send(APP.ref, OPERATOR)
    assert there(again.replaced).id == first.id
    open_ones = await world.ledger.open_requests()
    assert [r.id for r in open_ones] == [again.request.id]
    assert there(await world.ledger.request(first.id)).stage is Stage.REVOKED


async def told(world: Bot, after: timedelta = timedelta(minutes=1)) -> ConsentRequest:
    """Ada was asked so long ago, and has had her message."""
    request = (await world.ask.send(APP.ref, OPERATOR)).request
    moved = step(request, Step.DELIVER, NOW, named=True)
    await world.ledger.commit(Changes(requests=(moved,)))
    world.clock.forward(after)
    return moved


async def test_what_waits_for_its_message_is_not_asked_anew(world: Bot) -> None:
    """However often and however late `send` is said: it has not gone out yet."""
    first = await world.ask.send(APP.ref, OPERATOR)
    world.clock.forward(timedelta(days=3))
    again = await world.ask.send(APP.ref, OPERATOR)
    assert (again.before, again.request) == (True, first.request)
    assert [e.action for e in await world.ledger.audit()].count("ask") == 1


async def test_a_button_pressed_twice_within_a_minute_asks_once(world: Bot) -> None:
    """Also when the first message was there in between."""
    request = await told(world, after=timedelta(seconds=59))
    again = await world.ask.send(APP.ref, OPERATOR)
    assert (again.before, again.request) == (True, request)


async def test_three_presses_of_two_operators_at_once_ask_once(world: Bot) -> None:
    """Whoever was overtaken is told of the request that there is."""
    other = replace(OPERATOR, user_id="U8")
    asked = await asyncio.gather(
        *(world.ask.send(APP.ref, one) for one in (OPERATOR, other, OPERATOR))
    )
    assert sorted(one.before for one in asked) == [False, True, True]
    (only,) = await world.ledger.open_requests()
    assert {one.request.id for one in asked} == {only.id}
    assert there(await world.ledger.app(APP.ref)).request_id == only.id
    assert [e.action for e in await world.ledger.audit()].count("ask") == 1


async def test_whoever_is_away_is_asked_last(world: Bot) -> None:
    """Away until the 25th, asked on the 14th: somebody who is there comes first."""
    away = Recipient(ADA_IN_CHAT).away((Absence(None, (NOW + timedelta(days=11)).date()),), NOW)
    await world.ledger.commit(Changes(recipients=(away,)))
    assert (await world.ask.send(APP.ref, OPERATOR)).request.chat == BEN_IN_CHAT
    world.slack.people = (ADA_IN_CHAT,)
    other = record_of("0oa2", revision=1)
    await world.ledger.commit(Changes(apps=(other,)))
    assert (await world.ask.send(other.app.ref, OPERATOR)).request.chat == ADA_IN_CHAT


@pytest.mark.parametrize(("hours", "who"), [(1, ADA_IN_CHAT), (12, BEN_IN_CHAT)])
async def test_an_absence_counts_from_the_day_on_which_a_message_would_come(
    world: Bot, hours: int, who: ChatIdentity
) -> None:
    """Away from tomorrow on: still asked today, but not once their day is over."""
    tomorrow = (NOW + timedelta(days=1)).date()
    away = Recipient(ADA_IN_CHAT).away((Absence(tomorrow, tomorrow + timedelta(days=9)),), NOW)
    await world.ledger.commit(Changes(recipients=(away,)))
    world.clock.forward(timedelta(hours=hours))
    assert (await world.ask.send(APP.ref, OPERATOR)).request.chat == who


async def test_what_waits_for_somebody_who_is_away_by_now_goes_to_another(world: Bot) -> None:
    """They said so before their first message came: the next `send` does not hold on to them."""
    first = await world.ask.send(APP.ref, OPERATOR)
    assert first.request.chat == ADA_IN_CHAT
    known = await world.ledger.recipient(ADA_IN_CHAT) or Recipient(ADA_IN_CHAT)
    await world.ledger.commit(
        Changes(recipients=(known.away((Absence(None, (NOW + timedelta(days=11)).date()),), NOW),))
    )
    world.clock.forward(timedelta(hours=1))
    again = await world.ask.send(APP.ref, OPERATOR)
    assert (again.replaced, again.request.chat) == (
        await world.ledger.request(first.request.id),
        BEN_IN_CHAT,
    )


async def test_of_equals_few_are_asked_and_none_for_more_than_they_can_do(world: Bot) -> None:
    """Overdue apps have a week, at so many a day; then the next one gets the rest."""
    most = 5 * POLICY.a_day
    refs = [AppRef("contoso", f"0ob{n}") for n in range(most + 2)]
    await world.ledger.commit(
        Changes(apps=tuple(replace(RECORD, app=replace(APP, ref=ref), revision=1) for ref in refs))
    )
    asked = [(await world.ask.send(ref, OPERATOR)).request.chat for ref in refs]
    assert asked == [ADA_IN_CHAT] * most + [BEN_IN_CHAT] * 2


async def test_whoever_is_asked_again_is_reminded_where_they_live_now(world: Bot) -> None:
    """Their platform has just said where that is; what they were told stays."""
    former = replace(ADA_IN_CHAT, time_zone="Europe/Berlin")
    told = Recipient(former).told(NOW)
    await world.ledger.commit(Changes(recipients=(told,)))
    here = replace(ADA_IN_CHAT, time_zone="America/New_York")
    world.slack.people = (here,)
    await world.ask.send(APP.ref, OPERATOR)
    known = there(await world.ledger.recipient(ADA_IN_CHAT))
    assert (known.chat, known.rounds) == (here, told.rounds)


async def test_a_request_that_has_ended_is_left_as_it_ended(world: Bot) -> None:
    """An undelivered request is history, not something to revoke."""
    ended = step(REQUEST, Step.FAIL_DELIVERY, NOW)
    pointing = replace(RECORD, request_id=REQUEST.id, revision=2)
    await world.ledger.commit(Changes(requests=(REQUEST,)))
    await world.ledger.commit(Changes(apps=(pointing,), requests=(ended,)))
    assert (await world.ask.send(APP.ref, OPERATOR)).replaced is None
    assert await world.ledger.request(REQUEST.id) == ended


async def test_an_unknown_app_cannot_be_asked_about(world: Bot) -> None:
    """Nothing is written."""
    with pytest.raises(AppUnknown):
        await world.ask.send(AppRef("contoso", "gone"), OPERATOR)


@pytest.mark.parametrize(
    "kind", [EvidenceKind.CONNECTION_OFF, EvidenceKind.READ_FAILED, EvidenceKind.APP_INACTIVE]
)
async def test_an_app_that_needs_no_consent_bothers_nobody(world: Bot, kind: EvidenceKind) -> None:
    """Out of scope, or unreadable: no link is sent for it."""
    idle = AppRecord(APP, (Evidence(kind, NOW),), TENANT, NOW, revision=2)
    await world.ledger.commit(Changes(apps=(idle,)))
    with pytest.raises(NothingToDo):
        await world.ask.send(APP.ref, OPERATOR)
    assert await world.ledger.open_requests() == ()


async def test_when_nobody_can_be_asked_that_is_an_error_not_a_silence(world: Bot) -> None:
    """No Global Administrator has a chat account."""
    world.slack.people = ()
    with pytest.raises(NobodyReachable):
        await world.ask.send(APP.ref, OPERATOR)
    assert world.engine.deliveries == []
    (entry,) = await world.ledger.audit()
    assert (entry.action, entry.detail["to"]) == ("nobody_reachable", "all_ruled_out")


async def test_admins_are_read_once_and_then_known_for_a_while(world: Bot) -> None:
    """The ledger keeps what Microsoft said; the next question costs no call."""
    for _ in range(3):
        await world.candidates.of(RECORD)
    assert world.entra.calls == ["admins tenant-1"]


async def test_a_disabled_account_is_not_looked_up_in_chat(world: Bot) -> None:
    """Whoever cannot act is not searched for either."""
    world.entra.admins[TENANT.id] = (replace(ADA, enabled=False), replace(BEN, enabled=None))
    await world.candidates.of(RECORD)
    assert world.slack.searched == []


async def test_people_are_looked_for_on_every_platform(world: Bot) -> None:
    """Ada is in Teams only: there she is asked."""
    in_teams = ChatIdentity(Platform.TEAMS, "ada")
    world.slack.people, world.teams.people = (), (in_teams,)
    assert (await world.ask.send(APP.ref, OPERATOR)).request.chat == in_teams


@pytest.mark.parametrize(
    "error", [CloudRefused("no", where="contoso", call="GET roles"), ChatUnreachable("no answer")]
)
async def test_what_could_not_be_read_is_an_error_not_nobody(world: Bot, error: Exception) -> None:
    """ "Nobody" is said only when it was read."""
    if isinstance(error, CloudRefused):
        world.entra.admins[TENANT.id] = error
    else:
        world.slack.hidden = error
    with pytest.raises(type(error)):
        await world.ask.send(APP.ref, OPERATOR)
    assert await world.ledger.open_requests() == ()
