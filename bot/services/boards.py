"""The boards: bring each channel's one message up to date, and say in its thread what changed.

A board is a state that is made to agree, not a message that is sent: what it shows is compared with
what it should show, and changed in place. Where nobody can tell whether a board got through
(Teams), it is posted again: a channel without one knows nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.agenda import BOARDS, Line
from bot.domain.board import (
    Board,
    may_nudge,
    needs_showing,
    next_look,
    scrolled_away,
    week_of,
)
from bot.domain.calendar import Calendar
from bot.domain.campaign import OKTA_CONSENT, Audience
from bot.domain.changes import AuditEntry, Changes
from bot.domain.deliveries import Delivery
from bot.domain.evidence import State
from bot.domain.intents import Policy
from bot.domain.notices import Channel, ChannelNudge, ChannelReport
from bot.domain.people import Platform
from bot.domain.report import count, main_deadline
from bot.errors import ChatError, ChatThrottled, Conflict, MessageGone
from bot.ports.chat import Messenger
from bot.ports.engine import Engine
from bot.ports.ledger import Ledger
from bot.ports.system import Clock
from bot.ports.writing import BoardWriter, Standings

log = structlog.get_logger(__name__)

NEWS = 200
"""So many audit entries are looked through for news; more than that is told by the board alone."""
LATER = timedelta(minutes=5)


class Boards:
    """`show` makes every channel's board agree with the ledger."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        messengers: Mapping[Platform, Messenger],
        writer: BoardWriter,
        engine: Engine,
        clock: Clock,
        channels: tuple[Channel, ...],
        policy: Policy,
        post_anew_after: timedelta,
    ) -> None:
        self._ledger = ledger
        self._messengers = messengers
        self._writer = writer
        self._engine = engine
        self._clock = clock
        self._channels = channels
        self._policy = policy
        self._post_anew_after = post_anew_after

    async def show(self, now: datetime) -> datetime:
        """Bring all boards up to date; when to look again (UTC).

        One channel's trouble is its own.
        """
        standings = await self.standings(now)
        calendar = self._policy.calendars.of("")
        await self._ledger.save_day(
            count(now.date(), (record.state for record in standings.records))
        )
        again = now + timedelta(hours=1)
        boards = []
        for channel in self._channels:
            board = await self._ledger.board(channel) or Board(channel)
            try:
                board = await self._show(board, standings, now)
            except ChatThrottled as error:
                again = min(again, now + timedelta(seconds=error.retry_after))
            except ChatError as error:
                log.warning("a board was not shown", channel=str(channel), error=error.code)
                again = min(again, now + LATER)
            except Conflict:
                again = min(again, now + timedelta(seconds=1))
                continue
            else:
                board = await self._tell(board, standings, now, calendar)
            boards.append(board)
        return min(again, next_look(boards, now, (calendar,)))

    async def report(self, by: str) -> tuple[Delivery, ...]:
        """Post the report to every channel now; `by` names who asked. Once a minute at most."""
        now = self._clock.now()
        await self.show(now)
        planned = tuple(
            Delivery(ChannelReport(channel, f"{now:%Y-%m-%dT%H:%M}"), now, "asked_by_operator")
            for channel in self._channels
        )
        await self._plan(Changes(), planned, by, now)
        return planned

    async def standings(self, now: datetime) -> Standings:
        """What a board shows now."""
        calendar = self._policy.calendars.of("")
        today = calendar.today(now)
        deadline = main_deadline(self._policy.campaign.targets, OKTA_CONSENT, today)
        requests = {request.id: request for request in await self._ledger.open_requests()}
        return Standings(
            records=await self._ledger.apps(),
            requests=requests,
            scans=await self._ledger.scans(),
            deadline=deadline,
            working_days_left=calendar.days_left(today, deadline.on),
            now=now,
        )

    async def _show(self, board: Board, standings: Standings, now: datetime) -> Board:
        """Post it, change it in place, or leave it."""
        messenger = self._messengers[board.channel.platform]
        digest = digest_of(standings)
        if not board.message_id and not standings.records:
            return board  # nothing was looked at yet: no board is better than an empty one
        if board.message_id and scrolled_away(board, now, self._post_anew_after):
            await self._retire(messenger, board)
            board = await self._numbered(board)
        if not needs_showing(board, digest, now):
            return board
        message = self._writer.board(standings)
        if board.message_id:
            try:
                await messenger.update(board.message_id, message)
                return await self._keep(board.shown(board.message_id, digest, now, anew=False))
            except MessageGone:
                board = await self._numbered(board)
        # A crash between the post and the note of it: the platform knows the key.
        found = await messenger.find_sent(board.channel, board.key)
        sent = found or await messenger.post(board.channel, message, board.key)
        board = await self._keep(board.shown(sent.message_id, digest, now, anew=True))
        await messenger.pin(sent.message_id)
        return board

    async def _retire(self, messenger: Messenger, board: Board) -> None:
        """Whoever scrolls up to the old board is told that there is a newer one."""
        try:
            await messenger.update(board.message_id, self._writer.moved())
        except MessageGone:
            return

    async def _numbered(self, board: Board) -> Board:
        """The board before it is posted anew, under a key of its own."""
        return await self._keep(replace(board, message_id="", number=board.number + 1))

    async def _keep(self, board: Board) -> Board:
        kept = replace(board, revision=board.revision + 1)
        await self._ledger.commit(Changes(boards=(kept,)))
        return kept

    async def _tell(
        self, board: Board, standings: Standings, now: datetime, calendar: Calendar
    ) -> Board:
        """Plan a thread reply when something changed, and the weekly report, in working hours."""
        window = self._policy.campaign.window(standings.working_days_left)
        if Audience.CHANNEL not in window.audience:
            return board
        if not board.message_id or not calendar.is_open(now):
            return board
        planned: list[Delivery] = []
        after = replace(board, revision=board.revision + 1)
        if board.told_until is None:
            after = replace(after, told_until=now, reported=week_of(now, calendar))
        elif may_nudge(board, now, calendar) and await self._is_news(board.told_until):
            notice = ChannelNudge(board.channel, board.told_until.isoformat())
            planned.append(Delivery(notice, now, "changes"))
            after = replace(after, told_until=now)
        week = week_of(now, calendar)
        still_open = any(record.state.is_open for record in standings.records)
        if after.reported != week and still_open:
            planned.append(Delivery(ChannelReport(board.channel, week), now, "weekly"))
            after = replace(after, reported=week)
        if replace(after, revision=board.revision) == board:
            return board
        try:
            await self._plan(Changes(boards=(after,)), tuple(planned), "o365bot", now)
        except Conflict:
            return board  # another replica told it
        return after

    async def _is_news(self, since: datetime) -> bool:
        return bool(news(await self._ledger.audit(NEWS), since))

    async def _plan(
        self, changes: Changes, planned: tuple[Delivery, ...], by: str, now: datetime
    ) -> None:
        audit = tuple(
            AuditEntry(now, by, "remind", str(d.notice.to), {"delivery": d.key, "why": d.why})
            for d in planned
        )
        await self._ledger.commit(replace(changes, planned=planned, audit=audit))
        for delivery in planned:
            await self._engine.deliver(delivery.key, now)

    async def soon(self) -> None:
        """Have the boards looked at at the next tick."""
        await self._ledger.commit(Changes(agenda=(Line(BOARDS, self._clock.now()),)))


def news(entries: tuple[AuditEntry, ...], since: datetime) -> tuple[AuditEntry, ...]:
    """What a channel wants to hear of: apps that are done or fell back, and who took one on."""
    return tuple(entry for entry in entries if entry.at > since and _is_told(entry))


def _is_told(entry: AuditEntry) -> bool:
    if entry.action == "acknowledge":
        return True
    if entry.action != "assess" or not entry.detail.get("from"):
        return False
    before, now = State(entry.detail["from"]), State(entry.detail["to"])
    return State.MIGRATED in (before, now) or before.is_open != now.is_open


def digest_of(standings: Standings) -> str:
    """A name for what a board shows, its freshness apart."""
    shown = [
        f"{record.app.ref} {record.app.label} {record.state.value} {record.request_id}"
        for record in standings.records
    ]
    shown += [f"{r.id} {r.stage.value} {r.admin_name}" for r in standings.requests.values()]
    shown += [scan.failure for scan in standings.scans.values() if scan.failure]
    shown.append(f"{standings.deadline.on} {standings.working_days_left}")
    return hashlib.sha256("\n".join(sorted(shown)).encode()).hexdigest()[:16]
