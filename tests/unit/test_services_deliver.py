"""Carrying out a delivery: a message is seen once, whatever dies in between."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.campaign.channels.board import Board
from bot.domain.changes import Changes
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import Stage, Step, step
from bot.domain.delivery.deliveries import LEASE, Delivery, Phase, release
from bot.domain.delivery.incidents import GAP, Incident
from bot.domain.delivery.notices import ChannelNudge, PersonalLink, PersonalRound, RequestChanged
from bot.domain.people.absences import Absence
from bot.domain.people.recipients import Recipient
from bot.errors import ChatMisconfigured, ChatUnreachable, ScopeMissing, StoreUnavailable
from bot.message import Message
from tests.examples import ADA_IN_CHAT, LETTER, LINK_FOR, NOW, REQUEST
from tests.fakes import Killed
from tests.there import there
from tests.unit.delivering import CHANNEL, REMINDER, ROUND, THANKS, Delivering


@pytest.fixture
async def delivering() -> Delivering:
    delivering = Delivering()
    await delivering.plan()
    return delivering


async def test_a_letter_is_sent_confirmed_and_recorded(delivering: Delivering) -> None:
    """The person has it, the request is delivered, and the audit says why it was sent."""
    await delivering.worker()(LETTER.key)
    assert [(p.to, p.key) for p in delivering.slack.posted.values()] == [(ADA_IN_CHAT, LETTER.key)]
    sent = await delivering.delivery()
    assert (sent.phase, sent.message_id, sent.sent_at, sent.attempt) == (Phase.SENT, "m1", NOW, 1)
    assert await delivering.stage() is Stage.DELIVERED
    (entry,) = await delivering.ledger.audit()
    assert (entry.action, entry.subject, entry.detail["why"]) == (
        "deliver",
        "contoso/0oa1",
        "asked_by_operator",
    )


async def test_the_token_leaves_only_in_the_message(delivering: Delivering) -> None:
    """The request keeps the digest and the end of the link's life; the audit has neither."""
    await delivering.worker()(LETTER.key)
    assert delivering.link_in("m1") == "https://bot.contoso.com/c/token-1"
    request = there(await delivering.ledger.request(REQUEST.id))
    assert request.link is not None
    assert request.link.token_sha256 == link_digest("token-1")
    assert request.link.expires_at == NOW + LINK_FOR
    kept = f"{request} {await delivering.delivery()} {await delivering.ledger.audit()}"
    assert "token-1" not in kept


async def test_of_many_workers_at_once_one_sends(delivering: Delivering) -> None:
    """All read the same delivery; the claim is a compare-and-set."""
    await asyncio.gather(*(delivering.worker()(LETTER.key) for _ in range(20)))
    assert len(delivering.slack.posted) == 1
    assert (await delivering.delivery()).phase is Phase.SENT


async def test_a_batch_is_read_together_and_each_is_carried_out(delivering: Delivering) -> None:
    """One call for all that are there, and none of them read again; twice is seen once."""
    await delivering.ledger.commit(Changes(planned=(REMINDER,)))
    keys = (LETTER.key, "link:gone:slack:U1", REMINDER.key)
    for planned in keys[::2]:
        delivering.ledger.broken[f"delivery {planned}"] = AssertionError("read by itself")
    for _ in range(2):
        await delivering.worker().batch(keys)
    assert sorted(posted.key for posted in delivering.slack.posted.values()) == sorted(keys[::2])


async def test_one_failure_in_a_batch_holds_up_nobody_else(delivering: Delivering) -> None:
    """The others are sent; then the engine hears of it and runs the batch again."""
    await delivering.ledger.commit(Changes(planned=(REMINDER,)))
    delivering.composer.broken[LETTER.notice] = StoreUnavailable("not now")
    with pytest.raises(StoreUnavailable):
        await delivering.worker().batch((LETTER.key, REMINDER.key))
    assert (await delivering.delivery(REMINDER.key)).phase is Phase.SENT


async def test_a_letter_is_sent_with_few_calls_to_the_store(delivering: Delivering) -> None:
    """What was read or written a moment ago is not read again."""
    before = delivering.ledger.called.copy()
    await delivering.worker()(LETTER.key)
    calls = delivering.ledger.called - before
    names = ("delivery", "request", "commit", "incidents", "app")
    assert [calls[name] for name in names] == [1, 1, 3, 1, 0]


async def test_a_key_that_nobody_planned_does_nothing(delivering: Delivering) -> None:
    """An old task for a delivery that has expired is no error."""
    await delivering.worker()("link:gone:slack:U1")
    assert delivering.slack.posted == {}


async def test_a_delivery_is_not_sent_before_its_time() -> None:
    """A task that runs early leaves it to the later one."""
    delivering = Delivering()
    await delivering.plan(replace(LETTER, due_at=NOW + timedelta(hours=1)))
    await delivering.worker()(LETTER.key)
    assert delivering.slack.posted == {}
    delivering.clock.forward(timedelta(hours=1))
    await delivering.worker()(LETTER.key)
    assert len(delivering.slack.posted) == 1


# ------------------------------------------------------------------ crashes


async def test_killed_before_sending_it_is_sent_by_the_next_after_the_lease(
    delivering: Delivering,
) -> None:
    """Nobody touches it while the lease runs; then it goes out, once."""
    delivering.slack.refuses.append(Killed())
    with pytest.raises(Killed):
        await delivering.worker()(LETTER.key)
    assert (await delivering.delivery()).phase is Phase.SENDING
    await delivering.worker()(LETTER.key)
    assert delivering.slack.posted == {}

    delivering.clock.forward(LEASE)
    assert await delivering.ledger.due(delivering.clock.now(), 10) == (LETTER.key,)
    await delivering.worker()(LETTER.key)
    assert len(delivering.slack.posted) == 1
    assert (await delivering.delivery()).attempt == 2
    assert await delivering.stage() is Stage.DELIVERED


async def test_killed_after_sending_it_is_found_and_not_sent_again(delivering: Delivering) -> None:
    """The platform knows the message by its key; its link, already with the person, stays good."""
    delivering.slack.breaks.append(Killed())
    with pytest.raises(Killed):
        await delivering.worker()(LETTER.key)
    delivering.clock.forward(LEASE)
    await delivering.worker()(LETTER.key)
    assert len(delivering.slack.posted) == 1
    assert (await delivering.delivery()).message_id == "m1"
    assert await delivering.stage() is Stage.DELIVERED
    assert delivering.secrets.tokens == 1
    request = there(await delivering.ledger.request(REQUEST.id))
    assert request.link is not None
    assert request.link.token_sha256 == link_digest("token-1")


async def test_where_the_platform_cannot_tell_a_letter_is_never_lost() -> None:
    """On such a platform a second copy is the smaller harm; the first one's link is void."""
    delivering = Delivering(tells=False)
    await delivering.plan()
    delivering.slack.breaks.append(Killed())
    with pytest.raises(Killed):
        await delivering.worker()(LETTER.key)
    delivering.clock.forward(LEASE)
    await delivering.worker()(LETTER.key)
    assert [delivering.link_in(m) for m in ("m1", "m2")] == [
        "https://bot.contoso.com/c/token-1",
        "https://bot.contoso.com/c/token-2",
    ]
    request = there(await delivering.ledger.request(REQUEST.id))
    assert request.link is not None
    assert request.link.token_sha256 == link_digest("token-2")


async def test_where_the_platform_cannot_tell_a_reminder_is_never_there_twice() -> None:
    """The next one comes by itself; the outcome is on record as unknown."""
    delivering = Delivering(tells=False)
    await delivering.plan(REMINDER)
    delivering.slack.breaks.append(ChatUnreachable("no answer"))
    await delivering.worker()(REMINDER.key)
    delivering.clock.forward(timedelta(minutes=1))
    await delivering.worker()(REMINDER.key)
    assert len(delivering.slack.posted) == 1
    assert (await delivering.delivery(REMINDER.key)).failure == "outcome_unknown"


@pytest.mark.parametrize("taken", [True, False])
async def test_a_reply_in_doubt_is_looked_for_in_its_thread(
    delivering: Delivering, taken: bool
) -> None:
    """It is there once, whether the platform took it the first time or not."""
    nudge = Delivery(ChannelNudge(CHANNEL, NOW.isoformat()), NOW, "changed")
    board = Board(CHANNEL, message_id="C1:1.0", revision=1)
    await delivering.ledger.commit(Changes(boards=(board,), planned=(nudge,)))
    fault = delivering.slack.breaks if taken else delivering.slack.refuses
    fault.append(ChatUnreachable("no answer"))
    await delivering.worker()(nudge.key)
    delivering.clock.forward(timedelta(minutes=1))
    await delivering.worker()(nudge.key)
    assert [posted.thread for posted in delivering.slack.posted.values()] == ["C1:1.0"]
    assert (await delivering.delivery(nudge.key)).phase is Phase.SENT


@pytest.mark.parametrize("board", [None, Board(CHANNEL, number=2, revision=1)])
async def test_a_reply_without_its_board_does_not_become_a_message_of_its_own(
    delivering: Delivering, board: Board | None
) -> None:
    """The board was closed, or deleted and is about to be posted anew: that one shows it all."""
    nudge = Delivery(ChannelNudge(CHANNEL, NOW.isoformat()), NOW, "changed")
    await delivering.ledger.commit(Changes(boards=(board,) if board else (), planned=(nudge,)))
    await delivering.worker()(nudge.key)
    assert delivering.slack.posted == {}
    assert (await delivering.delivery(nudge.key)).failure == "nothing_to_tell"


async def test_without_a_connection_nothing_is_in_doubt() -> None:
    """Nobody can have taken it, so a reminder is sent when the platform is back."""
    delivering = Delivering(tells=False)
    await delivering.plan(REMINDER)
    delivering.slack.refuses.append(ChatUnreachable("no connection", nothing_sent=True))
    await delivering.worker()(REMINDER.key)
    delivering.clock.forward(timedelta(minutes=1))
    await delivering.worker()(REMINDER.key)
    assert (await delivering.delivery(REMINDER.key)).phase is Phase.SENT
    assert len(delivering.slack.posted) == 1


async def test_a_lookup_that_is_not_allowed_counts_as_cannot_tell(delivering: Delivering) -> None:
    """Without the scope to read a conversation a letter is sent again, not held for ever."""
    delivering.slack.breaks.append(ChatUnreachable("no answer"))
    await delivering.worker()(LETTER.key)
    delivering.clock.forward(timedelta(minutes=1))
    delivering.slack.looks_refused.append(ScopeMissing("missing_scope"))
    await delivering.worker()(LETTER.key)
    assert len(delivering.slack.posted) == 2
    assert await delivering.ledger.incidents() == {}


async def test_a_lookup_without_a_valid_token_is_held_until_there_is_one(
    delivering: Delivering,
) -> None:
    """The platform can tell, only not now: a reminder is neither given up nor sent twice."""
    await delivering.ledger.commit(Changes(planned=(REMINDER,)))
    delivering.slack.breaks.append(ChatUnreachable("no answer"))
    await delivering.worker()(REMINDER.key)
    for _ in range(3):
        delivering.clock.forward(timedelta(minutes=1))
        delivering.slack.looks_refused.append(ChatMisconfigured("token_revoked"))
        await delivering.worker()(REMINDER.key)
    assert list(await delivering.ledger.incidents()) == ["slack"]
    delivering.clock.forward(timedelta(minutes=1))
    await delivering.worker()(REMINDER.key)
    assert (await delivering.delivery(REMINDER.key)).phase is Phase.SENT
    assert len(delivering.slack.posted) == 1
    assert await delivering.ledger.incidents() == {}


async def test_a_worker_that_was_overtaken_writes_nothing(delivering: Delivering) -> None:
    """It stalled beyond its lease, another one sent and confirmed: its own outcome is dropped."""
    slow = delivering.worker()
    stalled, go_on = asyncio.Event(), asyncio.Event()

    async def stall() -> None:
        stalled.set()
        await go_on.wait()

    delivering.slack.meanwhile = stall
    running = asyncio.create_task(slow(LETTER.key))
    await stalled.wait()
    delivering.clock.forward(LEASE)
    await delivering.worker()(LETTER.key)
    ended = await delivering.delivery()
    go_on.set()
    await running
    assert await delivering.delivery() == ended
    assert len(delivering.slack.posted) == 1
    assert len(await delivering.ledger.audit()) == 1


async def test_a_click_between_sending_and_confirming_is_kept(delivering: Delivering) -> None:
    """The person was faster: the delivery is confirmed, the acknowledgement stays."""

    async def click() -> None:
        taken = step(there(await delivering.ledger.request(REQUEST.id)), Step.ACKNOWLEDGE, NOW)
        await delivering.ledger.commit(Changes(requests=(taken,)))

    delivering.slack.meanwhile = click
    await delivering.worker()(LETTER.key)
    assert (await delivering.delivery()).phase is Phase.SENT
    assert await delivering.stage() is Stage.ACKNOWLEDGED


# ------------------------------------------------------------------ nothing to tell


@pytest.mark.parametrize("taken", [Step.REVOKE, Step.PROVE, Step.ACKNOWLEDGE])
async def test_a_letter_about_a_request_that_moved_on_is_not_sent(
    delivering: Delivering, taken: Step
) -> None:
    """It waited in a queue while the matter was settled; the delivery ends without a message."""
    await delivering.ledger.commit(Changes(requests=(step(REQUEST, taken, NOW),)))
    before = await delivering.stage()
    await delivering.worker()(LETTER.key)
    assert delivering.slack.posted == {}
    assert (await delivering.delivery()).failure == "nothing_to_tell"
    assert await delivering.stage() is before


async def test_a_reminder_with_nothing_to_say_is_dropped() -> None:
    """All apps are done by the time it would be written."""
    delivering = Delivering()
    await delivering.plan(REMINDER)
    delivering.composer.silent = True
    await delivering.worker()(REMINDER.key)
    assert delivering.slack.posted == {}
    assert (await delivering.delivery(REMINDER.key)).failure == "nothing_to_tell"


async def test_whoever_went_away_while_it_was_held_up_is_left_in_peace() -> None:
    """Also with what they had asked for."""
    delivering = Delivering()
    await delivering.plan(ROUND)
    gone = Recipient(ADA_IN_CHAT).away((Absence(None, NOW.date()),), NOW)
    await delivering.ledger.commit(Changes(recipients=(gone,)))
    await delivering.worker()(ROUND.key)
    assert delivering.slack.posted == {}
    assert (await delivering.delivery(ROUND.key)).failure == "nothing_to_tell"


async def test_a_reminder_goes_to_its_channel(delivering: Delivering) -> None:
    """One post, confirmed; the audit names the channel."""
    await delivering.ledger.commit(Changes(planned=(REMINDER,)))
    await delivering.worker()(REMINDER.key)
    assert [p.to for p in delivering.slack.posted.values()] == [CHANNEL]
    assert (await delivering.ledger.audit())[0].subject == "slack:C1"


async def test_thanks_change_the_letter_in_place(delivering: Delivering) -> None:
    """No second message: the one with the link becomes the one that says thank you."""
    await delivering.worker()(LETTER.key)
    await delivering.ledger.commit(Changes(planned=(THANKS,)))
    await delivering.worker()(THANKS.key)
    assert delivering.slack.updates == ["m1"]
    assert delivering.slack.posted["m1"].message.summary == "request_changed"
    assert len(delivering.slack.posted) == 1


async def test_thanks_without_a_letter_fail_quietly(delivering: Delivering) -> None:
    """There is no message to change; that is recorded, and moves no request."""
    never_sent = replace(THANKS, notice=RequestChanged(ADA_IN_CHAT, "r9", 2))
    await delivering.ledger.commit(Changes(planned=(never_sent,)))
    await delivering.worker()(never_sent.key)
    assert (await delivering.delivery(never_sent.key)).failure == "nothing_to_tell"
    assert await delivering.stage() is Stage.REQUESTED


async def restored(delivering: Delivering) -> None:
    """A backup of yesterday was restored, and nobody knows what was sent since."""
    gap = Incident(GAP, "restored", "The backup is of yesterday.", NOW - timedelta(days=1))
    await delivering.ledger.commit(Changes(incidents=(gap,)))


@pytest.mark.parametrize("key", ["round:2025-03-02:slack:U1", "link:lost:slack:U1", LETTER.key])
async def test_what_a_lost_store_had_sent_is_not_sent_again(
    delivering: Delivering, key: str
) -> None:
    """Slack has a message that the store does not know: so a first one is held, and counts."""
    await restored(delivering)
    await delivering.slack.send_personal(ADA_IN_CHAT, Message("Before the loss."), key)
    await delivering.worker()(LETTER.key)
    assert [p.key for p in delivering.slack.posted.values()] == [key]
    held = await delivering.delivery()
    assert (held.phase, held.failure) == (Phase.FAILED, "restored")
    assert await delivering.stage() is Stage.DELIVERED


async def test_a_first_message_that_the_platform_does_not_have_is_sent(
    delivering: Delivering,
) -> None:
    """What else stands in the conversation does not count: an answer, what the store knows."""
    await restored(delivering)
    known = Delivery(PersonalLink(ADA_IN_CHAT, "another"), NOW, "asked_by_operator", Phase.SENT)
    await delivering.ledger.commit(Changes(planned=(known,)))
    for key in (known.key, "digest:2025-03-02:slack:U1"):
        await delivering.slack.send_personal(ADA_IN_CHAT, Message("Before the loss."), key)
    await delivering.worker()(LETTER.key)
    assert (await delivering.delivery()).phase is Phase.SENT


@pytest.mark.parametrize("blind", ["teams", "no scope"])
async def test_where_nobody_can_look_it_is_held_until_an_operator_says_so(blind: str) -> None:
    """Released, it goes out though the other messages are still held."""
    delivering = Delivering(tells=blind != "teams")
    await delivering.plan()
    await restored(delivering)
    if blind == "no scope":
        delivering.slack.looks_refused.append(ScopeMissing("im:history"))
    await delivering.worker()(LETTER.key)
    assert delivering.slack.posted == {}
    assert there(release(await delivering.delivery(), NOW)).why == "released"


@pytest.mark.parametrize("reason", ["asked", "now"])
async def test_what_an_operator_releases_is_sent_whatever_the_day(reason: str) -> None:
    """Its day is over, and it counted as told; once sent it is not sent again."""
    delivering = Delivering(tells=False)
    old = PersonalRound(ADA_IN_CHAT, "2025-02-20", (REQUEST.id,), reason, "due", "calm")
    await delivering.plan(Delivery(old, NOW, reason))
    await restored(delivering)
    await delivering.worker()(old.key)
    assert await delivering.stage() is Stage.DELIVERED
    released = there(release(await delivering.delivery(old.key), NOW))
    await delivering.ledger.commit(Changes(deliveries=(released,)))
    for _ in range(2):
        await delivering.worker()(old.key)
    assert [p.key for p in delivering.slack.posted.values()] == [old.key]
