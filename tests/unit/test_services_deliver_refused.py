"""Carrying out a delivery that a platform refuses, holds back or cannot take, and its incidents."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.changes import Changes
from bot.domain.consent.requests import Stage
from bot.domain.delivery.deliveries import LEASE, MOST_CRASHES, Delivery, Phase
from bot.domain.delivery.incidents import PROBE_EVERY
from bot.domain.delivery.notices import (
    Alarm,
    ChannelReminder,
    Introduction,
    OperatorNote,
)
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.news import Happening
from bot.domain.refusals import CONSEQUENCES, MOST_UNTOLD, Scope
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatMisconfigured,
    ChatRefused,
    ChatThrottled,
    ChatUnreachable,
    MessageRefused,
    PersonUnreachable,
    RecordUnreadable,
    ScopeMissing,
    refused,
)
from bot.services.delivery.deliver import ASIDE
from tests.examples import ADA_IN_CHAT, LETTER, NOW, OPERATOR, REQUEST
from tests.fakes import Killed
from tests.unit.delivering import CHANNEL, IN_TEAMS, REMINDER, ROUND, World


@pytest.fixture
async def world() -> World:
    world = World()
    await world.plan()
    return world


# ------------------------------------------------------------------ refusals


async def test_a_throttled_message_is_put_off_until_the_platform_allows_it(world: World) -> None:
    """It is due again at that time, is carried out then, and nobody got it before."""
    world.slack.refuses.append(ChatThrottled("slow down", retry_after=90))
    await world.worker()(LETTER.key)
    again = NOW + timedelta(seconds=90)
    put_off = await world.delivery()
    assert (put_off.phase, put_off.due_at) == (Phase.DUE, again)
    assert world.engine.deliveries == [(LETTER.key, again)]
    await world.worker()(LETTER.key)
    assert world.slack.posted == {}
    world.clock.forward(timedelta(seconds=90))
    await world.worker()(LETTER.key)
    assert len(world.slack.posted) == 1


async def test_a_message_without_an_answer_is_looked_for_before_it_is_sent_again(
    world: World,
) -> None:
    """The connection broke after the platform had taken it: one message, found at the next try."""
    world.slack.breaks.append(ChatUnreachable("no answer"))
    await world.worker()(LETTER.key)
    doubted = await world.delivery()
    assert (doubted.phase, doubted.in_doubt) == (Phase.DUE, True)
    ((key, at),) = world.engine.deliveries
    assert (key, at) == (LETTER.key, doubted.due_at)
    world.clock.forward(at - NOW)
    await world.worker()(LETTER.key)
    assert len(world.slack.posted) == 1
    assert (await world.delivery()).message_id == "m1"


async def test_an_unreachable_person_ends_the_request_as_undelivered(world: World) -> None:
    """It is no retry but a state that the operator sees, with the reason in the audit."""
    world.slack.refuses.append(PersonUnreachable("not in this workspace"))
    await world.worker()(LETTER.key)
    assert await world.stage() is Stage.UNDELIVERED
    failed = await world.delivery()
    assert (failed.phase, failed.failure) == (Phase.FAILED, "person_unreachable")
    (entry,) = await world.ledger.audit()
    assert (entry.action, entry.detail["failure"]) == ("fail_delivery", "person_unreachable")
    assert [key for key, _ in world.engine.deliveries if key == LETTER.key] == []


async def test_instead_of_an_unreachable_person_the_next_candidate_is_asked(world: World) -> None:
    """No operator is alarmed, whatever the hour: where nobody is left, their digest says so."""
    world.slack.refuses.append(PersonUnreachable("not in this workspace"))
    await world.worker()(LETTER.key)
    assert [request.id for request in world.undelivered] == [REQUEST.id]
    assert world.undelivered[0].stage is Stage.UNDELIVERED
    assert await world.alarms() == []


# ------------------------------------------------------------------ the platforms' limits


async def test_without_a_free_slot_it_is_put_off_to_the_slot_and_takes_no_lease() -> None:
    """Nothing sleeps on it: the slot is kept free, and it goes out then without asking again."""
    world = World()
    await world.plan(REMINDER)
    world.pace.waits = [7.5]
    slot = NOW + timedelta(seconds=7.5)
    await world.worker()(REMINDER.key)
    waiting = await world.delivery(REMINDER.key)
    assert (waiting.phase, waiting.due_at, waiting.slot, waiting.attempt) == (
        Phase.DUE,
        slot,
        slot,
        0,
    )
    assert world.engine.deliveries == [(REMINDER.key, slot)]
    world.clock.forward(timedelta(seconds=7.5))
    world.pace.waits = [60]  # what anybody else would have to wait now
    await world.worker()(REMINDER.key)
    assert len(world.slack.posted) == 1


async def test_retry_after_holds_every_replica(world: World) -> None:
    """The platform's word to one of them pauses that kind of call for all, and only that kind."""
    await world.ledger.commit(Changes(planned=(REMINDER,)))
    world.slack.refuses.append(ChatThrottled("slow down", retry_after=90))
    await world.worker()(LETTER.key)
    assert world.pace.paused == {"slack:send": NOW + timedelta(seconds=90)}
    await world.worker()(REMINDER.key)
    assert world.slack.posted == {}
    assert (await world.delivery(REMINDER.key)).due_at == NOW + timedelta(seconds=90)


async def test_a_message_in_doubt_asks_for_a_slot_to_look(world: World) -> None:
    """Reading the conversation has a quota of its own."""
    world.slack.breaks.append(ChatUnreachable("no answer"))
    await world.worker()(LETTER.key)
    world.clock.forward(timedelta(minutes=1))
    await world.worker()(LETTER.key)
    assert [pacing.shared for pacing in world.pace.asked] == ["slack:send", "slack:look"]


# ------------------------------------------------------------------ incidents


async def test_a_revoked_token_holds_everything_and_loses_nothing() -> None:
    """No delivery fails; the platform is left alone for a minute, then one message tries it."""
    world = World()
    await world.plan(LETTER, REMINDER)
    world.slack.refuses.append(ChatMisconfigured("Slack refuses this app: token_revoked."))
    await world.worker()(LETTER.key)
    await world.worker()(REMINDER.key)
    again = NOW + PROBE_EVERY
    for key in (LETTER.key, REMINDER.key):
        waiting = await world.delivery(key)
        assert (waiting.phase, waiting.due_at, waiting.failure) == (Phase.DUE, again, "")
    assert await world.stage() is Stage.REQUESTED
    assert list(await world.ledger.incidents()) == ["slack"]

    world.clock.forward(PROBE_EVERY)
    await world.worker()(LETTER.key)
    await world.worker()(REMINDER.key)
    assert len(world.slack.posted) == 2
    assert await world.ledger.incidents() == {}


async def test_of_a_revoked_token_the_operators_hear_where_they_can_be_reached() -> None:
    """On the other platform, and once, however many messages and minutes it takes."""
    world = World()
    await world.plan(LETTER, REMINDER)
    for _ in range(5):
        world.slack.refuses.append(ChatMisconfigured("Slack refuses this app: token_revoked."))
        await world.worker()(LETTER.key)
        world.clock.forward(PROBE_EVERY)
    (told,) = await world.alarms()
    assert (told.about, str(told.to), told.code) == ("slack", "teams:olga", "chat_misconfigured")


async def test_an_archived_channel_is_a_trouble_of_its_own_until_it_can_be_posted_to() -> None:
    """The operators of that platform are told once; other places go on."""
    world = World()
    later = replace(REMINDER, notice=ChannelReminder(CHANNEL, "2025-03-04"))
    third = replace(REMINDER, notice=ChannelReminder(CHANNEL, "2025-03-05"))
    await world.plan(LETTER, REMINDER, later, third)
    for key in (REMINDER.key, later.key):
        world.slack.refuses.append(ChannelUnreachable("is_archived"))
        await world.worker()(key)
    assert (await world.delivery(later.key)).failure == "channel_unreachable"
    assert [(a.about, str(a.to)) for a in await world.alarms()] == [("slack:C1", "slack:U9")]
    await world.worker()(LETTER.key)
    assert list(await world.ledger.incidents()) == ["slack:C1"]
    await world.worker()(third.key)
    assert await world.ledger.incidents() == {}


async def test_two_workers_that_meet_the_same_trouble_tell_it_once() -> None:
    """Both deliveries have their outcome; the incident is written by one of them."""
    world = World()
    reminders = [
        replace(REMINDER, notice=ChannelReminder(CHANNEL, f"2025-03-0{n}")) for n in range(1, 6)
    ]
    await world.plan(*reminders)
    world.slack.refuses += [ChannelUnreachable("is_archived") for _ in reminders]
    await asyncio.gather(*(world.worker()(each.key) for each in reminders))
    for each in reminders:
        assert (await world.delivery(each.key)).phase is Phase.FAILED
    assert len(await world.alarms()) == 1


async def test_an_alarm_that_cannot_be_delivered_raises_no_other(world: World) -> None:
    """Else the bot would tell itself about telling."""
    alarm = Delivery(Alarm(OPERATOR, "slack:C1", "channel_unreachable", "2025-03-03"), NOW, "alarm")
    await world.ledger.commit(Changes(planned=(alarm,)))
    world.slack.refuses.append(PersonUnreachable("gone"))
    await world.worker()(alarm.key)
    assert (await world.delivery(alarm.key)).failure == "person_unreachable"
    assert await world.alarms() == [alarm.notice]


# ------------------------------------------------------------------ poison


async def test_a_record_that_cannot_be_read_is_set_aside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left to a newer replica, and holds up nothing that stands behind it."""

    async def unreadable(key: str) -> Delivery | None:
        raise RecordUnreadable("written by a newer version")

    monkeypatch.setattr(world.ledger, "delivery", unreadable)
    await world.worker()(LETTER.key)
    assert await world.ledger.due(NOW, 10) == ()
    assert await world.ledger.due(NOW + ASIDE, 10) == (LETTER.key,)


async def test_a_delivery_that_ends_every_worker_is_given_up(world: World) -> None:
    """After some attempts without a word it fails; somebody else is asked."""
    for _ in range(MOST_CRASHES):
        world.slack.refuses.append(Killed())
        with pytest.raises(Killed):
            await world.worker()(LETTER.key)
        world.clock.forward(LEASE)
    await world.worker()(LETTER.key)
    assert (await world.delivery()).failure == "message_refused"
    assert await world.stage() is Stage.UNDELIVERED
    assert world.slack.posted == {}
    assert [request.id for request in world.undelivered] == [REQUEST.id]


@pytest.mark.parametrize("error", [ChannelUnreachable("archived"), MessageRefused("too long")])
async def test_a_permanent_refusal_of_a_reminder_is_not_tried_again(error: ChatError) -> None:
    """The failure has its code; there is no request to move."""
    world = World()
    await world.plan(REMINDER)
    world.slack.refuses.append(error)
    await world.worker()(REMINDER.key)
    assert (await world.delivery(REMINDER.key)).failure == error.code
    assert await world.stage() is Stage.REQUESTED


async def test_a_platform_that_is_not_configured_any_more_fails_the_delivery(
    world: World,
) -> None:
    """Taken out of the settings, it cannot be waited for."""
    del world.messengers[Platform.SLACK]
    await world.worker()(LETTER.key)
    assert (await world.delivery()).failure == "chat_misconfigured"
    assert await world.stage() is Stage.UNDELIVERED


async def test_one_missing_scope_holds_up_nothing_else(world: World) -> None:
    """Of all messages only an introduction needs it; the channel's reminder goes out."""
    pair = Delivery(Introduction(ADA_IN_CHAT, IN_TEAMS, REQUEST.id), NOW, "introduce")
    await world.ledger.commit(Changes(planned=(pair, REMINDER)))
    world.slack.refuses.append(ScopeMissing("Slack refused for want of a scope."))
    worker = world.worker()
    await worker(pair.key)
    await worker(REMINDER.key)
    assert (await world.delivery(pair.key)).failure == "scope_missing"
    assert (await world.delivery(REMINDER.key)).phase is Phase.SENT
    assert await world.ledger.incidents() == {}


async def test_a_leave_that_is_missing_for_people_holds_up_no_channel(world: World) -> None:
    """Such as `im:write`: the letter waits and is not lost, the channel's reminder goes out."""
    await world.ledger.commit(Changes(planned=(REMINDER,)))
    world.slack.refuses.append(ScopeMissing("Slack refused for want of a scope."))
    worker = world.worker()
    await worker(LETTER.key)
    waits = await world.delivery()
    assert (waits.phase, waits.failure, world.pace.paused) == (Phase.DUE, "", {})
    assert list(await world.ledger.incidents()) == ["slack"]
    await worker(REMINDER.key)
    assert (await world.delivery(REMINDER.key)).phase is Phase.SENT
    world.clock.forward(waits.due_at - NOW)
    await worker(LETTER.key)
    assert (await world.delivery()).phase is Phase.SENT


async def test_a_leave_that_is_missing_for_a_channel_holds_up_nobodys_letter(world: World) -> None:
    """It is an incident of that channel, and waits."""
    await world.ledger.commit(Changes(planned=(REMINDER,)))
    world.slack.refuses.append(ScopeMissing("Slack refused for want of a scope."))
    worker = world.worker()
    await worker(REMINDER.key)
    assert (await world.delivery(REMINDER.key)).phase is Phase.DUE
    assert list(await world.ledger.incidents()) == ["slack:C1"]
    await worker(LETTER.key)
    assert (await world.delivery()).phase is Phase.SENT


async def test_a_limit_on_looking_lets_the_looking_rest_and_not_the_sending(world: World) -> None:
    """The platform counts its methods apart."""
    in_doubt = replace(REMINDER, in_doubt=True)
    await world.ledger.commit(Changes(planned=(in_doubt,)))
    world.slack.looks_refused.append(ChatThrottled("slow down", retry_after=30))
    await world.worker()(REMINDER.key)
    assert list(world.pace.paused) == ["slack:look"]


async def test_an_attempt_ends_before_its_lease_however_slow_the_store_was(world: World) -> None:
    """With nothing left of it nothing is sent: somebody else may have begun."""
    commit = world.ledger.commit

    async def slow(changes: Changes) -> None:
        await commit(changes)
        world.ledger.commit = commit  # type: ignore[method-assign]  # only the claim is slow
        world.clock.forward(LEASE)

    world.ledger.commit = slow  # type: ignore[method-assign]  # a store that takes its time
    await world.worker()(LETTER.key)
    found = await world.delivery()
    assert (found.phase, found.in_doubt) == (Phase.DUE, False)
    assert world.slack.posted == {}


async def test_whoever_cannot_be_reminded_any_more_is_not_waited_for(world: World) -> None:
    """Their account is gone: somebody else is asked at once, as at the first message."""
    await world.worker()(LETTER.key)
    await world.ledger.commit(Changes(planned=(ROUND,)))
    world.slack.refuses.append(PersonUnreachable("deactivated"))
    await world.worker()(ROUND.key)
    assert await world.stage() is Stage.UNDELIVERED
    assert [request.id for request in world.undelivered] == [REQUEST.id]


async def test_whoever_is_on_a_platform_that_is_gone_is_not_waited_for_either(
    world: World,
) -> None:
    """Taken out of the settings since they were asked: else round after round would fail."""
    await world.worker()(LETTER.key)
    await world.ledger.commit(Changes(planned=(ROUND,)))
    del world.messengers[Platform.SLACK]
    await world.worker()(ROUND.key)
    assert await world.stage() is Stage.UNDELIVERED
    assert [request.id for request in world.undelivered] == [REQUEST.id]


async def test_a_note_for_an_operator_who_is_gone_is_for_the_others(world: World) -> None:
    """Nobody would hear that an app is in nobody's hands; and it does not go round in circles."""
    left = ChatIdentity(Platform.SLACK, "U7", "Left")
    told = OperatorNote(left, Happening.NOBODY_LEFT, REQUEST.id)
    await world.ledger.commit(Changes(planned=(Delivery(told, NOW, "nobody_left"),)))
    for operator in (left, OPERATOR, IN_TEAMS):
        world.slack.refuses.append(PersonUnreachable("deactivated"))
        await world.worker()(replace(told, to=operator).key)
    found = world.ledger.planned(OperatorNote)
    assert {str(d.notice.to) for d in found} == {"slack:U7", "slack:U9", "teams:olga"}
    assert {d.phase for d in found} == {Phase.FAILED}


# ------------------------------------------------------------------ nobody knows what it is about


async def test_a_refusal_that_says_nothing_blames_nobody_at_first(world: World) -> None:
    """Neither the person nor the installation: it is tried again, and then it gets through."""
    for _ in range(MOST_UNTOLD - 1):
        world.slack.refuses.append(ChatRefused("Teams answered 403 SomethingNew."))
        await world.worker()(LETTER.key)
        waiting = await world.delivery()
        assert (waiting.phase, waiting.in_doubt) == (Phase.DUE, False)
        assert await world.stage() is Stage.REQUESTED
        world.clock.forward(waiting.due_at - world.clock.now())
    assert (await world.alarms(), await world.ledger.incidents()) == ([], {})
    await world.worker()(LETTER.key)
    assert await world.stage() is Stage.DELIVERED


async def test_a_refusal_that_goes_on_saying_nothing_ends_and_is_told() -> None:
    """A channel that takes nothing is an incident, whatever the reason; the platform isn't held."""
    world = World()
    await world.plan(LETTER, REMINDER)
    for key in (LETTER.key, REMINDER.key):
        for _ in range(MOST_UNTOLD):
            world.slack.refuses.append(ChatRefused("Teams answered 403 SomethingNew."))
            await world.worker()(key)
            world.clock.forward(timedelta(minutes=6))
        assert (await world.delivery(key)).failure == "chat_refused"
    assert await world.stage() is Stage.UNDELIVERED
    assert list(await world.ledger.incidents()) == ["slack:C1"]
    assert world.pace.paused == {}


def test_every_refusal_has_a_scope_and_every_scope_a_consequence() -> None:
    """What a platform's table names ends in the error of that scope."""
    assert set(CONSEQUENCES) == set(Scope) - {Scope.ADDRESS}
    for scope in Scope:
        error = refused(scope, "no", hint="Do this.")
        assert error.hint == "Do this."
        assert error.scope is (Scope.UNTOLD if scope is Scope.ADDRESS else scope)
