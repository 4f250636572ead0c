"""Carrying out a delivery: a message is seen once, whatever dies in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.changes import Changes
from bot.domain.consent import ConsentRequest, Stage, Step, link_digest, step
from bot.domain.deliveries import LEASE, MOST_CRASHES, Delivery, Phase
from bot.domain.notices import Alarm, Channel, ChannelReminder, RequestChanged
from bot.domain.people import ChatIdentity, Platform
from bot.domain.troubles import PROBE_EVERY
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatMisconfigured,
    ChatThrottled,
    ChatUnreachable,
    MessageRefused,
    NobodyReachable,
    PersonUnreachable,
    RecordUnreadable,
)
from bot.message import Buttons, OpenLink
from bot.ports.chat import Messenger
from bot.services.deliver import ASIDE, SETTLED_BY_THEN, Deliver
from bot.services.send import Send
from tests.examples import ADA_IN_CHAT, LETTER, LINK_FOR, NOW, OPERATOR, POLICY, REQUEST
from tests.fake_ledger import FakeLedger
from tests.fakes import (
    CountingSecrets,
    FakeClock,
    FakeEngine,
    FakeMessenger,
    FreePace,
    Killed,
    PlainComposer,
)

IN_TEAMS = ChatIdentity(Platform.TEAMS, "olga", "Olga")
CHANNEL = Channel(Platform.SLACK, "C1")
REMINDER = Delivery(ChannelReminder(CHANNEL, "2025-03-03"), NOW, "daily_reminder")
THANKS = Delivery(RequestChanged(ADA_IN_CHAT, REQUEST.id, 2), NOW, "request_changed")


class World:
    """One request whose letter is due, a channel's reminder, and one chat platform."""

    def __init__(self, *, tells: bool = True) -> None:
        self.ledger = FakeLedger()
        self.engine = FakeEngine()
        self.clock = FakeClock(NOW)
        self.slack = FakeMessenger(tells=tells)
        self.messengers: dict[Platform, Messenger] = {Platform.SLACK: self.slack}
        self.pace = FreePace()
        self.undelivered: list[ConsentRequest] = []
        self.nobody = False
        self.secrets = CountingSecrets()
        self.composer = PlainComposer()

    def worker(self) -> Deliver:
        send = Send(
            ledger=self.ledger,
            messengers=self.messengers,
            composer=self.composer,
            clock=self.clock,
            secrets=self.secrets,
            policy=POLICY,
            public_url="https://bot.contoso.com",
            link_lifetime=LINK_FOR,
        )
        return Deliver(
            ledger=self.ledger,
            send=send,
            engine=self.engine,
            pace=self.pace,
            clock=self.clock,
            operators=(OPERATOR, IN_TEAMS),
            ask_another=self.another,
        )

    async def another(self, request: ConsentRequest) -> None:
        self.undelivered.append(request)
        if self.nobody:
            raise NobodyReachable("Nobody can be asked.")

    async def plan(self, *planned: Delivery) -> None:
        await self.ledger.commit(Changes(requests=(REQUEST,), planned=planned or (LETTER,)))

    async def delivery(self, key: str = LETTER.key) -> Delivery:
        found = await self.ledger.delivery(key)
        assert found is not None
        return found

    async def stage(self) -> Stage:
        request = await self.ledger.request(REQUEST.id)
        assert request is not None
        return request.stage

    async def alarms(self) -> list[Alarm]:
        """What operators are to be told, as planned."""
        keys = await self.ledger.due(NOW + timedelta(days=1), 100)
        ended = [d for d in self.ledger._deliveries.values() if d.key not in keys]
        found = [await self.delivery(key) for key in keys] + ended
        return sorted(
            (d.notice for d in found if isinstance(d.notice, Alarm)), key=lambda a: str(a.to)
        )

    def link_in(self, message_id: str) -> str:
        (buttons,) = self.slack.posted[message_id].message.blocks
        assert isinstance(buttons, Buttons)
        (button,) = buttons.buttons
        assert isinstance(button, OpenLink)
        return button.url


@pytest.fixture
async def world() -> World:
    world = World()
    await world.plan()
    return world


async def test_a_letter_is_sent_confirmed_and_recorded(world: World) -> None:
    """The person has it, the request is delivered, and the audit says why it was sent."""
    await world.worker()(LETTER.key)
    assert [(p.to, p.key) for p in world.slack.posted.values()] == [(ADA_IN_CHAT, LETTER.key)]
    sent = await world.delivery()
    assert (sent.phase, sent.message_id, sent.sent_at, sent.attempt) == (
        Phase.SENT,
        "m1",
        NOW,
        1,
    )
    assert await world.stage() is Stage.DELIVERED
    (entry,) = await world.ledger.audit()
    assert (entry.action, entry.subject, entry.detail["why"]) == (
        "deliver",
        "contoso/0oa1",
        "asked_by_operator",
    )


async def test_the_token_leaves_only_in_the_message(world: World) -> None:
    """The request keeps the digest and the end of the link's life; the audit has neither."""
    await world.worker()(LETTER.key)
    assert world.link_in("m1") == "https://bot.contoso.com/c/token-1"
    request = await world.ledger.request(REQUEST.id)
    assert request is not None
    assert request.link is not None
    assert request.link.token_sha256 == link_digest("token-1")
    assert request.link.expires_at == NOW + LINK_FOR
    kept = f"{request} {await world.delivery()} {await world.ledger.audit()}"
    assert "token-1" not in kept


async def test_carrying_out_twice_is_seen_once(world: World) -> None:
    """The engine runs a task at least once: the second run finds it sent."""
    for _ in range(3):
        await world.worker()(LETTER.key)
        world.clock.forward(timedelta(days=1))
    assert len(world.slack.posted) == 1


async def test_of_many_workers_at_once_one_sends(world: World) -> None:
    """All read the same delivery; the claim is a compare-and-set."""
    await asyncio.gather(*(world.worker()(LETTER.key) for _ in range(20)))
    assert len(world.slack.posted) == 1
    assert (await world.delivery()).phase is Phase.SENT


async def test_a_key_that_nobody_planned_does_nothing(world: World) -> None:
    """An old task for a delivery that has expired is no error."""
    await world.worker()("link:gone:slack:U1")
    assert world.slack.posted == {}


async def test_a_delivery_is_not_sent_before_its_time() -> None:
    """A task that runs early leaves it to the later one."""
    world = World()
    await world.plan(replace(LETTER, due_at=NOW + timedelta(hours=1)))
    await world.worker()(LETTER.key)
    assert world.slack.posted == {}
    world.clock.forward(timedelta(hours=1))
    await world.worker()(LETTER.key)
    assert len(world.slack.posted) == 1


# ------------------------------------------------------------------ crashes


async def test_killed_before_sending_it_is_sent_by_the_next_after_the_lease(world: World) -> None:
    """Nobody touches it while the lease runs; then it goes out, once."""
    world.slack.refuses.append(Killed())
    with pytest.raises(Killed):
        await world.worker()(LETTER.key)
    assert (await world.delivery()).phase is Phase.SENDING
    await world.worker()(LETTER.key)
    assert world.slack.posted == {}

    world.clock.forward(LEASE)
    assert await world.ledger.due(world.clock.now(), 10) == (LETTER.key,)
    await world.worker()(LETTER.key)
    assert len(world.slack.posted) == 1
    assert (await world.delivery()).attempt == 2
    assert await world.stage() is Stage.DELIVERED


async def test_killed_after_sending_it_is_found_and_not_sent_again(world: World) -> None:
    """The platform knows the message by its key; its link, already with the person, stays good."""
    world.slack.breaks.append(Killed())
    with pytest.raises(Killed):
        await world.worker()(LETTER.key)
    world.clock.forward(LEASE)
    await world.worker()(LETTER.key)
    assert len(world.slack.posted) == 1
    assert (await world.delivery()).message_id == "m1"
    assert await world.stage() is Stage.DELIVERED
    assert world.secrets.tokens == 1
    request = await world.ledger.request(REQUEST.id)
    assert request is not None
    assert request.link is not None
    assert request.link.token_sha256 == link_digest("token-1")


async def test_where_the_platform_cannot_tell_a_letter_is_never_lost() -> None:
    """On such a platform a second copy is the smaller harm; the first one's link is void."""
    world = World(tells=False)
    await world.plan()
    world.slack.breaks.append(Killed())
    with pytest.raises(Killed):
        await world.worker()(LETTER.key)
    world.clock.forward(LEASE)
    await world.worker()(LETTER.key)
    assert [world.link_in(m) for m in ("m1", "m2")] == [
        "https://bot.contoso.com/c/token-1",
        "https://bot.contoso.com/c/token-2",
    ]
    request = await world.ledger.request(REQUEST.id)
    assert request is not None
    assert request.link is not None
    assert request.link.token_sha256 == link_digest("token-2")


async def test_where_the_platform_cannot_tell_a_reminder_is_never_there_twice() -> None:
    """The next one comes by itself; the outcome is on record as unknown."""
    world = World(tells=False)
    await world.plan(REMINDER)
    world.slack.breaks.append(ChatUnreachable("no answer"))
    await world.worker()(REMINDER.key)
    world.clock.forward(timedelta(minutes=1))
    await world.worker()(REMINDER.key)
    assert len(world.slack.posted) == 1
    assert (await world.delivery(REMINDER.key)).failure == "outcome_unknown"


async def test_without_a_connection_nothing_is_in_doubt() -> None:
    """Nobody can have taken it, so a reminder is sent when the platform is back."""
    world = World(tells=False)
    await world.plan(REMINDER)
    world.slack.refuses.append(ChatUnreachable("no connection", nothing_sent=True))
    await world.worker()(REMINDER.key)
    world.clock.forward(timedelta(minutes=1))
    await world.worker()(REMINDER.key)
    assert (await world.delivery(REMINDER.key)).phase is Phase.SENT
    assert len(world.slack.posted) == 1


async def test_a_lookup_that_is_not_allowed_counts_as_cannot_tell(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the scope to read a conversation a letter is sent again, not held for ever."""

    async def forbidden(*args: object) -> None:
        raise ChatMisconfigured("missing_scope")

    world.slack.breaks.append(ChatUnreachable("no answer"))
    await world.worker()(LETTER.key)
    world.clock.forward(timedelta(minutes=1))
    monkeypatch.setattr(world.slack, "find_sent", forbidden)
    await world.worker()(LETTER.key)
    assert len(world.slack.posted) == 2
    assert await world.ledger.troubles() == {}


async def test_a_worker_that_was_overtaken_writes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stalled beyond its lease, another one sent and confirmed: its own outcome is dropped."""
    slow = world.worker()
    send, stalled, go_on = world.slack.send_personal, asyncio.Event(), asyncio.Event()

    async def stall(*args: Any) -> object:
        sent = await send(*args)
        stalled.set()
        await go_on.wait()
        return sent

    monkeypatch.setattr(world.slack, "send_personal", stall)
    running = asyncio.create_task(slow(LETTER.key))
    await stalled.wait()
    monkeypatch.setattr(world.slack, "send_personal", send)
    world.clock.forward(LEASE)
    await world.worker()(LETTER.key)
    ended = await world.delivery()
    go_on.set()
    await running
    assert await world.delivery() == ended
    assert len(world.slack.posted) == 1
    assert len(await world.ledger.audit()) == 1


async def test_a_click_between_sending_and_confirming_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person was faster: the delivery is confirmed, the acknowledgement stays."""
    send = world.slack.send_personal

    async def send_and_click(*args: Any) -> object:
        sent = await send(*args)
        request = await world.ledger.request(REQUEST.id)
        assert request is not None
        taken = step(request, Step.ACKNOWLEDGE, NOW)
        await world.ledger.commit(Changes(requests=(taken,)))
        return sent

    monkeypatch.setattr(world.slack, "send_personal", send_and_click)
    await world.worker()(LETTER.key)
    assert (await world.delivery()).phase is Phase.SENT
    assert await world.stage() is Stage.ACKNOWLEDGED


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
    """And every operator is told, a minute later, when it is known who that is."""
    world.slack.refuses.append(PersonUnreachable("not in this workspace"))
    await world.worker()(LETTER.key)
    assert [request.id for request in world.undelivered] == [REQUEST.id]
    assert world.undelivered[0].stage is Stage.UNDELIVERED
    told = await world.alarms()
    assert [(a.about, str(a.to), a.code) for a in told] == [
        (REQUEST.id, "slack:U9", "person_unreachable"),
        (REQUEST.id, "teams:olga", "person_unreachable"),
    ]
    assert {at for _, at in world.engine.deliveries} == {NOW + SETTLED_BY_THEN}


async def test_where_nobody_else_can_be_asked_the_operators_still_hear_of_it(world: World) -> None:
    """The delivery has ended; the failure to find somebody undoes nothing."""
    world.slack.refuses.append(PersonUnreachable("not in this workspace"))
    world.nobody = True
    await world.worker()(LETTER.key)
    assert await world.stage() is Stage.UNDELIVERED
    assert len(await world.alarms()) == 2


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


# ------------------------------------------------------------------ troubles


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
    assert list(await world.ledger.troubles()) == ["slack"]

    world.clock.forward(PROBE_EVERY)
    await world.worker()(LETTER.key)
    await world.worker()(REMINDER.key)
    assert len(world.slack.posted) == 2
    assert await world.ledger.troubles() == {}


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
    assert list(await world.ledger.troubles()) == ["slack:C1"]
    await world.worker()(third.key)
    assert await world.ledger.troubles() == {}


async def test_two_workers_that_meet_the_same_trouble_tell_it_once() -> None:
    """Both deliveries have their outcome; the trouble is written by one of them."""
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
    """After some attempts without a word it fails, and the operators are told."""
    for _ in range(MOST_CRASHES):
        world.slack.refuses.append(Killed())
        with pytest.raises(Killed):
            await world.worker()(LETTER.key)
        world.clock.forward(LEASE)
    await world.worker()(LETTER.key)
    assert (await world.delivery()).failure == "message_refused"
    assert await world.stage() is Stage.UNDELIVERED
    assert world.slack.posted == {}
    assert len(await world.alarms()) == 2


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


# ------------------------------------------------------------------ nothing to tell


@pytest.mark.parametrize("taken", [Step.REVOKE, Step.PROVE, Step.ACKNOWLEDGE])
async def test_a_letter_about_a_request_that_moved_on_is_not_sent(
    world: World, taken: Step
) -> None:
    """It waited in a queue while the matter was settled; the delivery ends without a message."""
    await world.ledger.commit(Changes(requests=(step(REQUEST, taken, NOW),)))
    before = await world.stage()
    await world.worker()(LETTER.key)
    assert world.slack.posted == {}
    assert (await world.delivery()).failure == "nothing_to_tell"
    assert await world.stage() is before


async def test_a_reminder_with_nothing_to_say_is_dropped() -> None:
    """All apps are done by the time it would be written."""
    world = World()
    await world.plan(REMINDER)
    world.composer.silent = True
    await world.worker()(REMINDER.key)
    assert world.slack.posted == {}
    assert (await world.delivery(REMINDER.key)).failure == "nothing_to_tell"


async def test_a_reminder_goes_to_its_channel(world: World) -> None:
    """One post, confirmed; the audit names the channel."""
    await world.ledger.commit(Changes(planned=(REMINDER,)))
    await world.worker()(REMINDER.key)
    assert [p.to for p in world.slack.posted.values()] == [CHANNEL]
    assert (await world.ledger.audit())[0].subject == "slack:C1"


async def test_thanks_change_the_letter_in_place(world: World) -> None:
    """No second message: the one with the link becomes the one that says thank you."""
    await world.worker()(LETTER.key)
    await world.ledger.commit(Changes(planned=(THANKS,)))
    await world.worker()(THANKS.key)
    assert world.slack.updates == ["m1"]
    assert world.slack.posted["m1"].message.summary == "request_changed"
    assert len(world.slack.posted) == 1


async def test_thanks_without_a_letter_fail_quietly(world: World) -> None:
    """There is no message to change; that is recorded, and moves no request."""
    never_sent = replace(THANKS, notice=RequestChanged(ADA_IN_CHAT, "r9", 2))
    await world.ledger.commit(Changes(planned=(never_sent,)))
    await world.worker()(never_sent.key)
    assert (await world.delivery(never_sent.key)).failure == "nothing_to_tell"
    assert await world.stage() is Stage.REQUESTED
