"""What the campaign keeps in the ledger: the schedule, recipients, boards, history, pictures."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from redis.asyncio import Redis

from adapters.redis.keys import Keys
from adapters.redis.records import codec
from adapters.redis.records.ledger import RedisLedger
from bot.domain.campaign.channels.board import Board
from bot.domain.campaign.channels.report import DayCount
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.requests import Step, step
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.notices import Channel, ChannelNudge, ChannelReport
from bot.domain.evidence.verdict import State
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import BOARDS, HOLD, ScheduleEntry, instead, person
from bot.errors import Conflict
from bot.ports.store.ledger import Ledger
from tests.examples import ADA_IN_CHAT, APP, BEN_IN_CHAT, NOW, REQUEST

ADA = person(ADA_IN_CHAT)
LATER = NOW + timedelta(hours=1)


async def names(ledger: Ledger, now: datetime = NOW, limit: int = 100) -> list[str]:
    return [line.name for line in await ledger.due_entries(now, limit)]


async def test_a_changed_request_puts_its_person_and_the_boards_on_the_agenda(
    ledger: Ledger,
) -> None:
    """Whoever changes it need not think of that."""
    await ledger.commit(Changes(requests=(REQUEST,)))
    assert sorted(await names(ledger)) == [BOARDS, ADA]


@pytest.mark.parametrize("taken", [Step.DECLINE, Step.FAIL_DELIVERY])
async def test_a_request_that_ended_without_its_person_is_on_the_agenda_until_somebody_is_asked(
    ledger: Ledger, taken: Step
) -> None:
    """Whoever ends it holds the line and takes it off; if they die, it is due after the hold."""
    ended_at = NOW + timedelta(microseconds=1234567)
    ended = step(REQUEST, taken, ended_at)
    for one in (ended, replace(ended, id="r2", code="XYZ")):
        await ledger.commit(Changes(requests=(replace(one, revision=1),)))
    done = ScheduleEntry(instead("r2"), None, held_until=ended_at + HOLD)
    await ledger.commit(Changes(schedule=(done,)))
    assert sorted(await names(ledger, ended_at)) == [BOARDS, ADA]
    assert instead("r1") in await names(ledger, ended_at + HOLD)
    assert instead("r2") not in await names(ledger, ended_at + 2 * HOLD)


async def test_a_change_of_state_puts_the_boards_on_the_agenda_and_nobody_else(
    ledger: Ledger,
) -> None:
    """An audit line of another kind does not."""
    await ledger.commit(Changes(audit=(AuditEntry(NOW, "o365bot", "deliver", "x"),)))
    assert await names(ledger) == []
    await ledger.commit(Changes(audit=(AuditEntry(NOW, "scan", "assess", str(APP.ref)),)))
    assert await names(ledger) == [BOARDS]


async def test_what_is_not_due_is_not_read(ledger: Ledger) -> None:
    """The oldest come first, and no more than asked for."""
    lines = tuple(
        ScheduleEntry(f"person:slack:U{n}", NOW + timedelta(seconds=n)) for n in range(10)
    )
    await ledger.commit(Changes(schedule=lines))
    soon = NOW + timedelta(seconds=4)
    assert await names(ledger, soon, 3) == [line.name for line in lines[:3]]
    assert await names(ledger, soon, 3) == [line.name for line in lines[3:5]]
    assert await names(ledger, soon, 3) == []


async def test_a_line_is_held_by_one_and_free_again_after_its_holder_died(ledger: Ledger) -> None:
    """Two workers at once never hold the same line."""
    await ledger.commit(Changes(schedule=(ScheduleEntry(ADA, NOW),)))
    both = await asyncio.gather(names(ledger), names(ledger))
    assert sorted(both) == [[], [ADA]]
    assert await names(ledger, NOW + HOLD - timedelta(seconds=1)) == []
    assert await names(ledger, NOW + HOLD) == [ADA]


async def test_the_holder_writes_when_to_look_again(ledger: Ledger) -> None:
    """Or takes the line off."""
    await ledger.commit(Changes(schedule=(ScheduleEntry(ADA, NOW),)))
    (line,) = await ledger.due_entries(NOW, 10)
    await ledger.commit(Changes(schedule=(replace(line, at=LATER),)))
    assert await names(ledger, LATER - timedelta(seconds=1)) == []
    (line,) = await ledger.due_entries(LATER, 10)
    await ledger.commit(Changes(schedule=(replace(line, at=None),)))
    assert await names(ledger, NOW + timedelta(days=99)) == []


async def test_what_changes_while_a_line_is_held_is_not_slept_over(ledger: Ledger) -> None:
    """The holder decided on what was before: its next time does not count."""
    await ledger.commit(Changes(requests=(REQUEST,)))
    lines = await ledger.due_entries(NOW, 10)
    moment = NOW + timedelta(seconds=1)
    await ledger.commit(Changes(requests=(step(REQUEST, Step.REVOKE, moment),)))
    held = tuple(replace(line, at=NOW + timedelta(days=9)) for line in lines)
    await ledger.commit(Changes(schedule=held))
    assert sorted(await names(ledger, moment)) == [BOARDS, ADA]


async def test_a_later_line_never_puts_off_a_sooner_one(ledger: Ledger) -> None:
    """Unless its holder says so."""
    await ledger.commit(Changes(schedule=(ScheduleEntry(ADA, NOW),)))
    await ledger.commit(Changes(schedule=(ScheduleEntry(ADA, LATER),)))
    assert await names(ledger) == [ADA]


async def test_the_open_requests_of_a_person_are_found(ledger: Ledger) -> None:
    """Not those of others, and not what ended."""
    other = replace(REQUEST, id="r2", chat=BEN_IN_CHAT)
    await ledger.commit(Changes(requests=(REQUEST, other)))
    assert await ledger.requests_of(ADA_IN_CHAT) == (REQUEST,)
    await ledger.commit(Changes(requests=(step(REQUEST, Step.REVOKE, NOW),)))
    assert await ledger.requests_of(ADA_IN_CHAT) == ()
    assert await ledger.requests_of(BEN_IN_CHAT) == (other,)


@pytest.mark.parametrize(
    ("account", "theirs"),
    [
        (ChatIdentity(Platform.TEAMS, "ADA"), True),  # the Entra object id, however it is written
        (ChatIdentity(Platform.TEAMS, "other", email="Ada@contoso.com"), True),
        (ChatIdentity(Platform.MAIL, "a@b.example", email="ada@contoso.com"), True),
        (ChatIdentity(Platform.SLACK, "U7", email="ada@contoso.com"), False),  # the same platform
        (ChatIdentity(Platform.TEAMS, "carl", email="carl@contoso.com"), False),
        (ChatIdentity(Platform.TEAMS, "adа", email="adа@contoso.com"), False),  # a Cyrillic letter
        (ChatIdentity(Platform.MAIL, "ada"), False),  # an object id is none in mail
        (ChatIdentity(Platform.TEAMS, ""), False),
    ],
)
async def test_the_open_requests_of_a_persons_other_accounts_are_found(
    ledger: Ledger, account: ChatIdentity, theirs: bool
) -> None:
    """By object id and address, exactly; not once they are over."""
    later = replace(REQUEST, id="r2", code="B", requested_at=NOW + timedelta(hours=1))
    bens = replace(
        REQUEST, id="r3", code="C", chat=BEN_IN_CHAT, admin_object_id="b", admin_upn="b@c.example"
    )
    await ledger.commit(Changes(requests=(later, REQUEST, bens)))
    assert await ledger.requests_elsewhere(account) == ((REQUEST, later) if theirs else ())
    await ledger.commit(Changes(requests=(step(REQUEST, Step.DECLINE, NOW),)))
    assert await ledger.requests_elsewhere(account) == ((later,) if theirs else ())


async def test_a_recipient_is_written_only_over_the_revision_before(ledger: Ledger) -> None:
    """So two replicas that tell the same round find out."""
    assert await ledger.recipient(ADA_IN_CHAT) is None
    told = Recipient(ADA_IN_CHAT).told(NOW)
    await ledger.commit(Changes(recipients=(told,)))
    with pytest.raises(Conflict):
        await ledger.commit(Changes(recipients=(told,)))
    chat = replace(told.chat, days_off=frozenset({4}))
    absences = (Absence(None, date(2025, 3, 9)), Absence(date(2025, 5, 1), date(2025, 5, 1)))
    whole = replace(told.answered(LATER), chat=chat, absences=absences, digests=(NOW, LATER))
    await ledger.commit(Changes(recipients=(whole,)))
    assert await ledger.recipient(ADA_IN_CHAT) == whole


async def test_a_board_is_written_only_over_the_revision_before(ledger: Ledger) -> None:
    """There is one for each channel."""
    channel = Channel(Platform.TEAMS, "19:x@thread.tacv2")
    assert await ledger.board(channel) is None
    board = Board(channel, "m1", "digest", 2, NOW, LATER, NOW, "2025-W10", revision=1)
    await ledger.commit(Changes(boards=(board,)))
    assert await ledger.board(channel) == board
    with pytest.raises(Conflict):
        await ledger.commit(Changes(boards=(board,)))


async def test_each_org_may_have_a_board_of_its_own_in_a_channel(ledger: Ledger) -> None:
    """Beside the one of all orgs; all of them are found together."""
    channel = Channel(Platform.SLACK, "C1")
    boards = [Board(channel, f"m{n}", revision=1, org=org) for n, org in enumerate(("", "a", "b"))]
    asked = replace(boards[2], asked_at=NOW)
    await ledger.commit(Changes(boards=(*boards[:2], asked)))
    assert await ledger.board(channel) == boards[0]
    assert await ledger.board(channel, "b") == asked
    assert await ledger.board(channel, "c") is None
    assert sorted(board.message_id for board in await ledger.boards()) == ["m0", "m1", "m2"]


async def test_what_was_stored_before_boards_had_an_org_is_read(store: Redis) -> None:
    """As that of all orgs: boards, days, and notices that still wait, under their old keys."""
    ledger = RedisLedger(store, Keys())
    channel = Channel(Platform.SLACK, "C1")
    stored = {
        Keys().boards(): ("slack:C1", codec.BOARD.dump(Board(channel, "m1", revision=1)), "1|"),
        Keys().history(): (
            "2026-01-02",
            codec.DAY_COUNT.dump(DayCount(date(2026, 1, 2), {State.MIGRATED: 2})),
            "",
        ),
    }
    for key, (field, record, prefix) in stored.items():
        old = json.loads(record)
        for added in ("org", "asked_at", "orgs"):
            old.pop(added, None)
        await store.hset(key, field, prefix + json.dumps(old))
    assert await ledger.board(channel) == Board(channel, "m1", revision=1)
    (day,) = await ledger.history()
    assert (day.done, day.of("contoso")) == (2, None)
    for notice in (ChannelNudge(channel, "2026-01-02"), ChannelReport(channel, "2026-W01")):
        old = json.loads(codec.DELIVERY.dump(Delivery(notice, NOW, "weekly")))
        del old["notice"]["org"]
        assert codec.DELIVERY.load(json.dumps(old)).notice == notice
    assert ChannelNudge(channel, "x").key == "nudge:x:slack:C1"
    assert ChannelReport(channel, "x").key == "report:x:slack:C1"
    assert Board(channel).key == "board:1:slack:C1"


async def test_the_history_is_told_oldest_first_with_one_count_a_day(ledger: Ledger) -> None:
    """The last count of a day is the day's."""
    later = DayCount(date(2026, 1, 2), {State.MIGRATED: 2})
    first = DayCount(date(2025, 12, 31), {State.MIGRATED: 1, State.NEEDS_SAVE: 1})
    for day in (replace(later, states={}), later, first):
        await ledger.save_day(day)
    assert await ledger.history() == (first, later)


async def test_a_picture_is_kept_as_it_is(ledger: Ledger) -> None:
    """Whatever bytes it has; an unknown one is none."""
    png = bytes(range(256))
    await ledger.save_picture("a" * 40, png)
    assert await ledger.picture("a" * 40) == png
    assert await ledger.picture("b" * 40) is None
