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
from bot.domain.delivery.notices import Alarm, ChannelReminder, Introduction, OperatorNote
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.news import NewsKind
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
from tests.unit.delivering import CHANNEL, IN_TEAMS, REMINDER, ROUND, Delivering


@pytest.fixture
async def delivering() -> Delivering:
    delivering = Delivering()
    await delivering.plan()
    return delivering


# ------------------------------------------------------------------ refusals


async def test_a_throttled_message_is_put_off_until_the_platform_allows_it(
    delivering: Delivering,
) -> None:
    """It is due again at that time, is carried out then, and nobody got it before."""
    delivering.slack.refuses.append(ChatThrottled("slow down", retry_after=90))
    await delivering.worker()(LETTER.key)
    again = NOW + timedelta(seconds=90)
    put_off = await delivering.delivery()
    assert (put_off.phase, put_off.due_at) == (Phase.DUE, again)
    assert delivering.engine.deliveries == [(LETTER.key, again)]
    await delivering.worker()(LETTER.key)
    assert delivering.slack.posted == {}
    delivering.clock.forward(timedelta(seconds=90))
    await delivering.worker()(LETTER.key)
    assert len(delivering.slack.posted) == 1


async def test_a_message_without_an_answer_is_looked_for_before_it_is_sent_again(
    delivering: Delivering,
) -> None:
    """The connection broke after the platform had taken it: one message, found at the next try."""
    delivering.slack.breaks.append(ChatUnreachable("no answer"))
    await delivering.worker()(LETTER.key)
    doubted = await delivering.delivery()
    assert (doubted.phase, doubted.in_doubt) == (Phase.DUE, True)
    ((key, at),) = delivering.engine.deliveries
    assert (key, at) == (LETTER.key, doubted.due_at)
    delivering.clock.forward(at - NOW)
    await delivering.worker()(LETTER.key)
    assert len(delivering.slack.posted) == 1
    assert (await delivering.delivery()).message_id == "m1"


async def test_an_unreachable_person_ends_the_request_as_undelivered(
    delivering: Delivering,
) -> None:
    """It is no retry but a state that the operator sees, with the reason in the audit.

    The next candidate is asked, and no operator alarmed: if nobody is left, their digest says so.
    """
    delivering.slack.refuses.append(PersonUnreachable("not in this workspace"))
    await delivering.worker()(LETTER.key)
    assert await delivering.stage() is Stage.UNDELIVERED
    failed = await delivering.delivery()
    assert (failed.phase, failed.failure) == (Phase.FAILED, "person_unreachable")
    (entry,) = await delivering.ledger.audit()
    assert (entry.action, entry.detail["failure"]) == ("fail_delivery", "person_unreachable")
    assert [key for key, _ in delivering.engine.deliveries if key == LETTER.key] == []
    (undelivered,) = delivering.undelivered
    assert (undelivered.id, undelivered.stage) == (REQUEST.id, Stage.UNDELIVERED)
    assert await delivering.alarms() == []


# ------------------------------------------------------------------ the platforms' limits


async def test_without_a_free_slot_it_is_put_off_to_the_slot_and_takes_no_lease() -> None:
    """Nothing sleeps on it: the slot is kept free, and it goes out then without asking again."""
    delivering = Delivering()
    await delivering.plan(REMINDER)
    delivering.pace.waits = [7.5]
    slot = NOW + timedelta(seconds=7.5)
    await delivering.worker()(REMINDER.key)
    waiting = await delivering.delivery(REMINDER.key)
    assert (waiting.phase, waiting.due_at, waiting.slot, waiting.attempt) == (
        Phase.DUE,
        slot,
        slot,
        0,
    )
    assert delivering.engine.deliveries == [(REMINDER.key, slot)]
    delivering.clock.forward(timedelta(seconds=7.5))
    delivering.pace.waits = [60]  # what anybody else would have to wait now
    await delivering.worker()(REMINDER.key)
    assert len(delivering.slack.posted) == 1


async def test_retry_after_holds_every_replica(delivering: Delivering) -> None:
    """The platform's word to one of them pauses that kind of call for all, and only that kind."""
    await delivering.ledger.commit(Changes(planned=(REMINDER,)))
    delivering.slack.refuses.append(ChatThrottled("slow down", retry_after=90))
    await delivering.worker()(LETTER.key)
    assert delivering.pace.paused == {"slack:send": NOW + timedelta(seconds=90)}
    await delivering.worker()(REMINDER.key)
    assert delivering.slack.posted == {}
    assert (await delivering.delivery(REMINDER.key)).due_at == NOW + timedelta(seconds=90)


async def test_a_message_in_doubt_asks_for_a_slot_to_look(delivering: Delivering) -> None:
    """Reading the conversation has a quota of its own."""
    delivering.slack.breaks.append(ChatUnreachable("no answer"))
    await delivering.worker()(LETTER.key)
    delivering.clock.forward(timedelta(minutes=1))
    await delivering.worker()(LETTER.key)
    assert [pacing.shared for pacing in delivering.pace.asked] == ["slack:send", "slack:look"]


# ------------------------------------------------------------------ incidents


async def test_a_revoked_token_holds_everything_and_loses_nothing() -> None:
    """No delivery fails; the platform is left alone for a minute, then one message tries it."""
    delivering = Delivering()
    await delivering.plan(LETTER, REMINDER)
    delivering.slack.refuses.append(ChatMisconfigured("Slack refuses this app: token_revoked."))
    await delivering.worker()(LETTER.key)
    await delivering.worker()(REMINDER.key)
    again = NOW + PROBE_EVERY
    for key in (LETTER.key, REMINDER.key):
        waiting = await delivering.delivery(key)
        assert (waiting.phase, waiting.due_at, waiting.failure) == (Phase.DUE, again, "")
    assert await delivering.stage() is Stage.REQUESTED
    assert list(await delivering.ledger.incidents()) == ["slack"]

    delivering.clock.forward(PROBE_EVERY)
    await delivering.worker()(LETTER.key)
    await delivering.worker()(REMINDER.key)
    assert len(delivering.slack.posted) == 2
    assert await delivering.ledger.incidents() == {}


async def test_of_a_revoked_token_the_operators_hear_where_they_can_be_reached() -> None:
    """On the other platform, and once, however many messages and minutes it takes."""
    delivering = Delivering()
    await delivering.plan(LETTER, REMINDER)
    for _ in range(5):
        delivering.slack.refuses.append(ChatMisconfigured("Slack refuses this app: token_revoked."))
        await delivering.worker()(LETTER.key)
        delivering.clock.forward(PROBE_EVERY)
    (told,) = await delivering.alarms()
    assert (told.about, str(told.to), told.code) == ("slack", "teams:olga", "chat_misconfigured")


async def test_an_archived_channel_is_a_trouble_of_its_own_until_it_can_be_posted_to() -> None:
    """The operators of that platform are told once; other places go on."""
    delivering = Delivering()
    later = replace(REMINDER, notice=ChannelReminder(CHANNEL, "2025-03-04"))
    third = replace(REMINDER, notice=ChannelReminder(CHANNEL, "2025-03-05"))
    await delivering.plan(LETTER, REMINDER, later, third)
    for key in (REMINDER.key, later.key):
        delivering.slack.refuses.append(ChannelUnreachable("is_archived"))
        await delivering.worker()(key)
    assert (await delivering.delivery(later.key)).failure == "channel_unreachable"
    assert [(a.about, str(a.to)) for a in await delivering.alarms()] == [("slack:C1", "slack:U9")]
    await delivering.worker()(LETTER.key)
    assert list(await delivering.ledger.incidents()) == ["slack:C1"]
    await delivering.worker()(third.key)
    assert await delivering.ledger.incidents() == {}


async def test_two_workers_that_meet_the_same_trouble_tell_it_once() -> None:
    """Both deliveries have their outcome; the incident is written by one of them."""
    delivering = Delivering()
    reminders = [
        replace(REMINDER, notice=ChannelReminder(CHANNEL, f"2025-03-0{n}")) for n in range(1, 6)
    ]
    await delivering.plan(*reminders)
    delivering.slack.refuses += [ChannelUnreachable("is_archived") for _ in reminders]
    await asyncio.gather(*(delivering.worker()(each.key) for each in reminders))
    for each in reminders:
        assert (await delivering.delivery(each.key)).phase is Phase.FAILED
    assert len(await delivering.alarms()) == 1


async def test_an_alarm_that_cannot_be_delivered_raises_no_other(delivering: Delivering) -> None:
    """Else the bot would tell itself about telling."""
    alarm = Delivery(Alarm(OPERATOR, "slack:C1", "channel_unreachable", "2025-03-03"), NOW, "alarm")
    await delivering.ledger.commit(Changes(planned=(alarm,)))
    delivering.slack.refuses.append(PersonUnreachable("gone"))
    await delivering.worker()(alarm.key)
    assert (await delivering.delivery(alarm.key)).failure == "person_unreachable"
    assert await delivering.alarms() == [alarm.notice]


# ------------------------------------------------------------------ poison


async def test_a_record_that_cannot_be_read_is_set_aside(delivering: Delivering) -> None:
    """It is left to a newer replica, and holds up nothing that stands behind it."""
    delivering.ledger.broken["delivery"] = RecordUnreadable("written by a newer version")
    await delivering.worker()(LETTER.key)
    assert await delivering.ledger.due(NOW, 10) == ()
    assert await delivering.ledger.due(NOW + ASIDE, 10) == (LETTER.key,)


async def test_a_delivery_that_ends_every_worker_is_given_up(delivering: Delivering) -> None:
    """After some attempts without a word it fails; somebody else is asked."""
    for _ in range(MOST_CRASHES):
        delivering.slack.refuses.append(Killed())
        with pytest.raises(Killed):
            await delivering.worker()(LETTER.key)
        delivering.clock.forward(LEASE)
    await delivering.worker()(LETTER.key)
    assert (await delivering.delivery()).failure == "message_refused"
    assert await delivering.stage() is Stage.UNDELIVERED
    assert delivering.slack.posted == {}
    assert [request.id for request in delivering.undelivered] == [REQUEST.id]


@pytest.mark.parametrize("error", [ChannelUnreachable("archived"), MessageRefused("too long")])
async def test_a_permanent_refusal_of_a_reminder_is_not_tried_again(error: ChatError) -> None:
    """The failure has its code; there is no request to move."""
    delivering = Delivering()
    await delivering.plan(REMINDER)
    delivering.slack.refuses.append(error)
    await delivering.worker()(REMINDER.key)
    assert (await delivering.delivery(REMINDER.key)).failure == error.code
    assert await delivering.stage() is Stage.REQUESTED


async def test_a_platform_that_is_not_configured_any_more_fails_the_delivery(
    delivering: Delivering,
) -> None:
    """Taken out of the settings, it cannot be waited for."""
    del delivering.messengers[Platform.SLACK]
    await delivering.worker()(LETTER.key)
    assert (await delivering.delivery()).failure == "chat_misconfigured"
    assert await delivering.stage() is Stage.UNDELIVERED


async def test_one_missing_scope_holds_up_nothing_else(delivering: Delivering) -> None:
    """Of all messages only an introduction needs it; the channel's reminder goes out."""
    pair = Delivery(Introduction(ADA_IN_CHAT, IN_TEAMS, REQUEST.id), NOW, "introduce")
    await delivering.ledger.commit(Changes(planned=(pair, REMINDER)))
    delivering.slack.refuses.append(ScopeMissing("Slack refused: a scope is missing."))
    worker = delivering.worker()
    await worker(pair.key)
    await worker(REMINDER.key)
    assert (await delivering.delivery(pair.key)).failure == "scope_missing"
    assert (await delivering.delivery(REMINDER.key)).phase is Phase.SENT
    assert await delivering.ledger.incidents() == {}


async def test_a_leave_that_is_missing_for_people_holds_up_no_channel(
    delivering: Delivering,
) -> None:
    """Such as `im:write`: the letter waits and is not lost, the channel's reminder goes out."""
    await delivering.ledger.commit(Changes(planned=(REMINDER,)))
    delivering.slack.refuses.append(ScopeMissing("Slack refused: a scope is missing."))
    worker = delivering.worker()
    await worker(LETTER.key)
    waits = await delivering.delivery()
    assert (waits.phase, waits.failure, delivering.pace.paused) == (Phase.DUE, "", {})
    assert list(await delivering.ledger.incidents()) == ["slack"]
    await worker(REMINDER.key)
    assert (await delivering.delivery(REMINDER.key)).phase is Phase.SENT
    delivering.clock.forward(waits.due_at - NOW)
    await worker(LETTER.key)
    assert (await delivering.delivery()).phase is Phase.SENT


async def test_a_leave_that_is_missing_for_a_channel_holds_up_nobodys_letter(
    delivering: Delivering,
) -> None:
    """It is an incident of that channel, and waits."""
    await delivering.ledger.commit(Changes(planned=(REMINDER,)))
    delivering.slack.refuses.append(ScopeMissing("Slack refused: a scope is missing."))
    worker = delivering.worker()
    await worker(REMINDER.key)
    assert (await delivering.delivery(REMINDER.key)).phase is Phase.DUE
    assert list(await delivering.ledger.incidents()) == ["slack:C1"]
    await worker(LETTER.key)
    assert (await delivering.delivery()).phase is Phase.SENT


async def test_a_limit_on_looking_lets_the_looking_rest_and_not_the_sending(
    delivering: Delivering,
) -> None:
    """The platform counts its methods apart."""
    in_doubt = replace(REMINDER, in_doubt=True)
    await delivering.ledger.commit(Changes(planned=(in_doubt,)))
    delivering.slack.looks_refused.append(ChatThrottled("slow down", retry_after=30))
    await delivering.worker()(REMINDER.key)
    assert list(delivering.pace.paused) == ["slack:look"]


async def test_an_attempt_ends_before_its_lease_however_slow_the_store_was(
    delivering: Delivering,
) -> None:
    """With nothing left of it nothing is sent: somebody else may have begun."""
    commit = delivering.ledger.commit

    async def slow(changes: Changes) -> None:
        await commit(changes)
        delivering.ledger.commit = commit  # type: ignore[method-assign]  # only the claim is slow
        delivering.clock.forward(LEASE)

    delivering.ledger.commit = slow  # type: ignore[method-assign]  # a store that takes its time
    await delivering.worker()(LETTER.key)
    found = await delivering.delivery()
    assert (found.phase, found.in_doubt) == (Phase.DUE, False)
    assert delivering.slack.posted == {}


@pytest.mark.parametrize("gone", ["the account", "the platform"])
async def test_whoever_cannot_be_reminded_any_more_is_not_waited_for(
    delivering: Delivering, gone: str
) -> None:
    """Deactivated, or taken out of the settings: somebody else is asked at once."""
    await delivering.worker()(LETTER.key)
    await delivering.ledger.commit(Changes(planned=(ROUND,)))
    if gone == "the account":
        delivering.slack.refuses.append(PersonUnreachable("deactivated"))
    else:
        del delivering.messengers[Platform.SLACK]
    await delivering.worker()(ROUND.key)
    assert await delivering.stage() is Stage.UNDELIVERED
    assert [request.id for request in delivering.undelivered] == [REQUEST.id]


async def test_a_note_for_an_operator_who_is_gone_is_for_the_others(delivering: Delivering) -> None:
    """Nobody would hear that an app is in nobody's hands; and it does not go round in circles."""
    left = ChatIdentity(Platform.SLACK, "U7", "Left")
    told = OperatorNote(left, NewsKind.NOBODY_LEFT, REQUEST.id)
    await delivering.ledger.commit(Changes(planned=(Delivery(told, NOW, "nobody_left"),)))
    for operator in (left, OPERATOR, IN_TEAMS):
        delivering.slack.refuses.append(PersonUnreachable("deactivated"))
        await delivering.worker()(replace(told, to=operator).key)
    found = delivering.ledger.planned(OperatorNote)
    assert {str(d.notice.to) for d in found} == {"slack:U7", "slack:U9", "teams:olga"}
    assert {d.phase for d in found} == {Phase.FAILED}


# ------------------------------------------------------------------ nobody knows what it is about


async def test_a_refusal_that_says_nothing_blames_nobody_at_first(delivering: Delivering) -> None:
    """Neither the person nor the installation: it is tried again, and then it gets through."""
    for _ in range(MOST_UNTOLD - 1):
        delivering.slack.refuses.append(ChatRefused("Teams answered 403 SomethingNew."))
        await delivering.worker()(LETTER.key)
        waiting = await delivering.delivery()
        assert (waiting.phase, waiting.in_doubt) == (Phase.DUE, False)
        assert await delivering.stage() is Stage.REQUESTED
        delivering.clock.forward(waiting.due_at - delivering.clock.now())
    assert (await delivering.alarms(), await delivering.ledger.incidents()) == ([], {})
    await delivering.worker()(LETTER.key)
    assert await delivering.stage() is Stage.DELIVERED


async def test_a_refusal_that_goes_on_saying_nothing_ends_and_is_told() -> None:
    """A channel that takes nothing is an incident, whatever the reason; the platform isn't held."""
    delivering = Delivering()
    await delivering.plan(LETTER, REMINDER)
    for key in (LETTER.key, REMINDER.key):
        for _ in range(MOST_UNTOLD):
            delivering.slack.refuses.append(ChatRefused("Teams answered 403 SomethingNew."))
            await delivering.worker()(key)
            delivering.clock.forward(timedelta(minutes=6))
        assert (await delivering.delivery(key)).failure == "chat_refused"
    assert await delivering.stage() is Stage.UNDELIVERED
    assert list(await delivering.ledger.incidents()) == ["slack:C1"]
    assert delivering.pace.paused == {}


def test_every_refusal_has_a_scope_and_every_scope_a_consequence() -> None:
    """What a platform's table names ends in the error of that scope."""
    assert set(CONSEQUENCES) == set(Scope) - {Scope.ADDRESS}
    for scope in Scope:
        error = refused(scope, "no", hint="Do this.")
        assert error.hint == "Do this."
        assert error.scope is (Scope.UNTOLD if scope is Scope.ADDRESS else scope)
