"""The boards: bring each channel's messages up to date, and say in their threads what changed.

A board is a state that is made to agree, not a message that is sent: what it shows is compared with
what it should show, and changed in place. Where nobody can tell whether a board got through
(Teams), it is posted again: a channel without one knows nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import structlog
from attrs import define

from bot.domain.campaign.channels.board import (
    BURIED,
    POSTING,
    Board,
    BoardPolicy,
    is_buried,
    may_be_buried_from,
    may_nudge,
    needs_showing,
    next_evaluation,
    next_report,
    week_of,
)
from bot.domain.campaign.channels.report import count, dates_of, main_deadline
from bot.domain.campaign.intents import Policy
from bot.domain.campaign.windows import Audience
from bot.domain.changes import Action, AuditEntry, Changes
from bot.domain.consent.requests import Step
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.incidents import places_of
from bot.domain.delivery.notices import Channel, ChannelNudge, ChannelReport
from bot.domain.evidence.verdict import State
from bot.domain.inventory.records import OrgScan
from bot.domain.people.admins import Platform
from bot.domain.refusals import CONSEQUENCES
from bot.domain.schedule import BOARDS, ScheduleEntry
from bot.domain.summaries import AppSummary, Counts, Wanted
from bot.domain.time.calendar import Calendar
from bot.errors import (
    ChannelUnreachable,
    ChatError,
    ChatThrottled,
    ChatUnreachable,
    Conflict,
    MessageGone,
    ScopeMissing,
)
from bot.ports.chat import Messenger, Sent
from bot.ports.engine import Engine
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.ports.writing import ON_A_BOARD, BoardContents, BoardWriter
from bot.services.campaign.deadlines import deadlines
from bot.services.delivery.incidents import Incidents
from bot.services.people.worklists import next_messages
from bot.services.unit_of_work import write_once

log = structlog.get_logger(__name__)

NEWS = 200
"""So many audit entries are looked through for news; more than that is told by the board alone."""
LATER = timedelta(minutes=5)
UNSENT = timedelta(seconds=15)
"""So soon a board is tried again that no platform was there to take: it is not there twice."""
SOON = timedelta(seconds=3)


@define(kw_only=True, eq=False)
class Boards:
    """`show` makes every channel's board agree with the ledger."""

    _ledger: Ledger
    _messengers: Mapping[Platform, Messenger]
    _writer: BoardWriter
    _engine: Engine
    _clock: Clock
    _policy: Policy
    _kept: BoardPolicy
    _incidents: Incidents

    async def show(self, now: datetime) -> datetime:
        """Bring all boards up to date, and close those that are kept no more.

        Returns when to look again (UTC). One board's incident is its own.
        """
        await self._incidents.keep_only({*self._messengers, *map(str, self._kept.channels)})
        calendar = self._policy.calendars.of("")
        counts, scans = await self._ledger.counts(), await self._ledger.scans()
        await self._ledger.save_day(count(now.date(), counts))
        about = {org: await self._contents(org, counts, scans, now) for org in self._kept.orgs}
        known = {board.place: board for board in await self._ledger.boards()}
        kept = [known.pop(board.place, board) for board in self._kept.boards()]
        again = now + timedelta(hours=1)
        boards = []
        resting: set[Platform] = set()
        for board in (*kept, *known.values()):
            if board.channel.platform in resting:
                continue
            try:
                if board.place in known:
                    await self._close(board)
                    continue
                if not board.message_id and _is_half_read(about[board.org]):
                    again = min(again, now + SOON)
                    continue
                board = await self._show(board, about[board.org], now)
            except ChatThrottled as error:
                resting.add(board.channel.platform)  # the others are no better off
                again = min(again, now + timedelta(seconds=error.retry_after))
            except ChatError as error:
                log.warning("could not post or update a board", board=board.place, error=error.code)
                await self._tell_owners(board.channel, error, now)
                not_sent = isinstance(error, ChatUnreachable) and error.nothing_sent
                again = min(again, now + (UNSENT if not_sent else LATER))
            except Conflict:
                again = min(again, now + timedelta(seconds=1))
                continue
            else:
                board = await self._tell(board, about[board.org], now, calendar)
            boards.append(board)
        return min(again, next_evaluation(boards, now, (calendar,)))

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Where a report goes."""
        return tuple(dict.fromkeys(board.channel for board in self._kept.boards()))

    def due(self, apps: Sequence[AppSummary]) -> tuple[date, int]:
        """The date that these apps run against, and the working days until then."""
        calendar = self._policy.calendars.of("")
        today = calendar.today(self._clock.now())
        on = main_deadline(dates_of(self._policy.campaign, apps), today).on
        return on, calendar.days_left(today, on)

    async def report(self, by: str) -> tuple[Delivery, ...]:
        """Post the report to every channel now; `by` names who asked. Once a minute at most."""
        now = self._clock.now()
        await self.show(now)
        planned = tuple(
            Delivery(
                ChannelReport(board.channel, f"{now:%Y-%m-%dT%H:%M}", board.org),
                now,
                "asked_by_operator",
            )
            for board in self._kept.boards()
        )
        await self._plan(Changes(), planned, by, now)
        return planned

    async def contents(self, org: str, now: datetime) -> BoardContents:
        """What the board of one org shows now; "" is all of them."""
        counts, scans = await self._ledger.counts(), await self._ledger.scans()
        return await self._contents(org, counts, scans, now)

    async def _contents(
        self, org: str, counts: Counts, scans: Mapping[str, OrgScan], now: datetime
    ) -> BoardContents:
        page = await self._ledger.page(1, ON_A_BOARD, Wanted(org=org))
        calendar = self._policy.calendars.of("")
        today = calendar.today(now)
        dates = await deadlines(self._ledger, self._policy.campaign, counts, org)
        deadline = main_deadline(dates, today)
        return BoardContents(
            page=page,
            next_messages=await next_messages(
                self._ledger, page.requests.values(), now, self._policy
            ),
            scans={name: scan for name, scan in scans.items() if org in ("", name)},
            deadline=deadline,
            working_days_left=calendar.days_left(today, deadline.on),
            today=today,
            now=now,
            org=org,
        )

    async def _show(self, board: Board, contents: BoardContents, now: datetime) -> Board:
        """Post it, change it in place, or leave it."""
        messenger = self._messengers[board.channel.platform]
        # Without the looks it does not say its age.
        rest = repr(self._writer.board(replace(contents, scans={})))
        digest = f"{digest_of(contents)}:{hashlib.sha256(rest.encode()).hexdigest()[:16]}"
        if not board.message_id and not (contents.page.counts or contents.page.waived):
            return board  # nothing was looked at yet: no board is better than an empty one
        look_at = may_be_buried_from(board, self._kept.post_anew_after)
        if look_at is not None and look_at <= now:
            board = await self._keep(replace(board, asked_at=now))
            if is_buried(await self._messages_after(messenger, board)):
                await self._retire(messenger, board)
                board = await self._numbered(board)
        if not needs_showing(board, digest, now):
            return board
        message = self._writer.board(contents)
        if board.message_id:
            try:
                await messenger.update(board.message_id, message)
                return await self._shown(board.shown(board.message_id, digest, now, anew=False))
            except MessageGone:
                board = await self._numbered(board)
        if board.posting_until is not None and board.posting_until > now:
            return board
        board = await self._keep(replace(board, posting_until=now + POSTING))
        found = await self._find(messenger, board)
        sent = found or await messenger.post(board.channel, message, board.key)
        board = await self._shown(board.shown(sent.message_id, digest, now, anew=True))
        await messenger.pin(sent.message_id)
        return board

    async def _find(self, messenger: Messenger, board: Board) -> Sent | None:
        """A crash between the post and the note of it: the platform knows the key."""
        try:
            return await messenger.find_sent(board.channel, board.key)
        except ScopeMissing:
            return None  # it may not be read: better twice than not at all

    async def _messages_after(self, messenger: Messenger, board: Board) -> int | None:
        try:
            return await messenger.messages_after(board.message_id, BURIED)
        except ScopeMissing:
            return None  # it may not be read

    async def _close(self, board: Board) -> None:
        """Say on a board that is kept no more that it is; it is not looked at again."""
        messenger = self._messengers.get(board.channel.platform)
        if messenger is None or not board.message_id:
            return
        try:
            await messenger.update(board.message_id, self._writer.closed())
        except (MessageGone, ChannelUnreachable) as error:
            log.info(
                "board closed, but its message could not be updated",
                board=board.place,
                error=error.code,
            )
        await self._keep(board.closed())

    async def _retire(self, messenger: Messenger, board: Board) -> None:
        """Whoever scrolls up to the old board is told that there is a newer one."""
        try:
            await messenger.update(board.message_id, self._writer.moved())
        except MessageGone:
            return

    async def _numbered(self, board: Board) -> Board:
        """The board before it is posted anew, under a key of its own."""
        return await self._keep(replace(board, message_id="", number=board.number + 1))

    async def _shown(self, board: Board) -> Board:
        """A message got through to its channel."""
        places = places_of(board.channel)
        kept = await self._keep(board, solved=places)
        self._incidents.over(places)
        return kept

    async def _keep(self, board: Board, solved: tuple[str, ...] = ()) -> Board:
        kept = replace(board, revision=board.revision + 1)
        await self._ledger.commit(Changes(boards=(kept,), solved=solved))
        return kept

    async def _tell_owners(self, channel: Channel, error: ChatError, now: datetime) -> None:
        """What does not pass by itself is somebody's to mend; it is tried again all the same."""
        follows = CONSEQUENCES[error.scope]
        if follows.holds:
            place = channel.platform.value
        elif follows.mended or (follows.closes_channel and follows.tries == 1):
            place = str(channel)
        else:
            return
        incident = await self._incidents.met(place, error, now)
        # Else it is told by another board, or a delivery, at the same moment.
        await write_once(self._ledger, incident, self._engine)

    async def _tell(
        self, board: Board, contents: BoardContents, now: datetime, calendar: Calendar
    ) -> Board:
        """Plan a thread reply when something changed, and the weekly report, in working hours."""
        if not self._policy.campaign.tells(Audience.CHANNEL, contents.working_days_left):
            return board
        since = board.told_until or board.posted_at
        if not board.message_id or since is None or not calendar.is_open(now):
            return board
        planned: list[Delivery] = []
        after = replace(board, revision=board.revision + 1)
        if board.told_until is None:
            after = replace(after, told_until=since, reported=week_of(now, calendar))
        if may_nudge(board, now, calendar) and await self._is_news(board, since, now):
            notice = ChannelNudge(board.channel, since.isoformat(), board.org, now.isoformat())
            planned.append(Delivery(notice, now, "changes"))
            after = replace(after, told_until=now)
        if contents.page.open and next_report(after.reported, now, calendar) == now:
            week = week_of(now, calendar)
            planned.append(Delivery(ChannelReport(board.channel, week, board.org), now, "weekly"))
            after = replace(after, reported=week)
        if replace(after, revision=board.revision) == board:
            return board
        told = await self._plan(Changes(boards=(after,)), tuple(planned), "o365bot", now)
        return after if told else board  # another replica told it

    async def _is_news(self, board: Board, since: datetime, now: datetime) -> bool:
        return bool(news(await self._ledger.audit(NEWS), since, now, board.org))

    async def _plan(
        self, changes: Changes, planned: tuple[Delivery, ...], by: str, now: datetime
    ) -> bool:
        audit = tuple(
            AuditEntry(now, by, Action.REMIND, str(d.notice.to), {"delivery": d.key, "why": d.why})
            for d in planned
        )
        changes = replace(changes, planned=planned, audit=audit)
        return await write_once(self._ledger, changes, self._engine)

    async def soon(self) -> None:
        """Have the boards looked at at the next tick."""
        await self._ledger.commit(Changes(schedule=(ScheduleEntry(BOARDS, self._clock.now()),)))


def news(
    entries: tuple[AuditEntry, ...], since: datetime, until: datetime, org: str = ""
) -> tuple[AuditEntry, ...]:
    """What a channel wants to hear of: apps that are done or fell back, and who took one on.

    After `since`, up to and with `until`; those of one Okta org, or of all of them ("").
    """
    return tuple(
        entry
        for entry in entries
        if since < entry.at <= until
        and org in ("", entry.subject.partition("/")[0])  # an app: `org/app id`
        and _is_told(entry)
    )


def _is_half_read(contents: BoardContents) -> bool:
    """Whether an org's first scan is under way: what is not read yet may make "all done" wrong."""
    return any(scan.finished_at is None and not scan.failure for scan in contents.scans.values())


def _is_told(entry: AuditEntry) -> bool:
    if entry.action == Step.ACKNOWLEDGE:
        return True
    if entry.action != Action.ASSESS or not entry.detail.get("from"):
        return False
    before, now = State(entry.detail["from"]), State(entry.detail["to"])
    return State.MIGRATED in (before, now) or before.is_open != now.is_open


def digest_of(contents: BoardContents) -> str:
    """A name for what a board shows, its freshness apart."""
    page = contents.page
    shown = [f"{app.ref} {app.app.label} {app.state.value} {app.request_id}" for app in page.shown]
    shown += [f"{state.value} {number}" for state, number in page.counts.items()]
    shown += [f"{r.id} {r.stage.value} {r.admin_name}" for r in page.requests.values()]
    shown += [f"{ref} {one.nobody}" for ref, one in page.prospects.items() if one.nobody]
    shown += [scan.failure for scan in contents.scans.values() if scan.failure]
    is_today = contents.deadline.on == contents.today
    shown.append(f"{contents.deadline.on} {contents.working_days_left} {is_today}")
    return hashlib.sha256("\n".join(sorted(shown)).encode()).hexdigest()[:16]
