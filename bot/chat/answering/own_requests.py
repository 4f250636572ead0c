"""What the asked person says, operator or not: whose code or account it is decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from attrs import define

from bot.chat.answering import small_talk
from bot.chat.answering.helping import help_
from bot.chat.consent.my_requests import About, mine
from bot.chat.consent.personal import PersonalReplies, Snoozed
from bot.chat.people import statements
from bot.chat.replies import Replies
from bot.chat.typed.commands import (
    EVERYTHING,
    Already,
    Away,
    Back,
    Forget,
    Hello,
    ItIsMe,
    Later,
    Mine,
    NeedsCode,
    Notes,
    NotMe,
    PartTime,
    Personal,
    Saved,
    Saw,
    SomebodyElse,
    Verify,
)
from bot.chat.typed.times.moments import find_moment
from bot.chat.typed.times.spans import read_spans
from bot.domain.consent.requests import ConsentRequest
from bot.domain.people.absences import LONGEST_ABSENCE
from bot.domain.people.access import Level
from bot.domain.people.admins import ChatIdentity
from bot.message import Message
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.campaign.postpone import Postpone
from bot.services.campaign.statements import AllStatements, Statements, TakenBack, Topic
from bot.services.consent.acknowledge import Acknowledge
from bot.services.consent.actors import ByChat
from bot.services.consent.prove import Prove
from bot.services.consent.request_steps import RequestSteps
from bot.services.people.candidates import Candidates
from bot.services.people.worklists import is_there


@define(kw_only=True, eq=False)
class OwnRequests:
    """Carries out what somebody says about their own requests and their own time."""

    _ledger: Ledger
    _acknowledge: Acknowledge
    _prove: Prove
    _request_steps: RequestSteps
    _postpone: Postpone
    _statements: Statements
    _candidates: Candidates
    _clock: Clock
    _public_url: str
    _chat_is_proof: bool

    async def do(
        self,
        command: Personal,
        asker: ChatIdentity,
        replies: Replies,
        personal: PersonalReplies,
        *,
        operator: bool,
        private: bool,
    ) -> Message:
        """What somebody says about the request that shows a code, or of their own time.

        Whoever is asked for something and says any of it is not silent, whatever comes of it.
        """
        await is_there(self._ledger, asker, self._clock)
        match command:
            case Verify(code):
                request = await self._acknowledge.by_code(code, asker, operator=operator)
                return personal.verified(request)
            case ItIsMe(code):
                confirmed = await self._prove.confirm(asker, code)
                way_on = f"{self._public_url}/s/{confirmed.way_on}" if private else ""
                return personal.taken_on(confirmed.request, way_on)
            case Saved(code):
                return personal.checking(await self._request_steps.saved(ByChat(asker, code)))
            case Saw(code, told):
                act = ByChat(asker, code)
                if told is None:
                    return personal.observations((await self._request_steps.progress(act)).request)
                return personal.seen(await self._request_steps.sees(act, told))
            case Already(code):
                return personal.checking(await self._request_steps.already(ByChat(asker, code)))
            case NotMe(code, suggestion, sure):
                act = ByChat(asker, code)
                if not sure:
                    asked = (await self._request_steps.progress(act)).request
                    return personal.not_me_sure(asked, suggestion)
                return personal.not_me(await self._request_steps.not_me(act, suggestion))
            case Later():
                return await self._later(command, asker, personal)
            case NeedsCode(verb):
                if verb == "verify" and await self.waiting(asker):
                    return await self.mine(Mine("real"), asker, replies, Level.ANYBODY)
                return personal.needs_code(verb)
            case PartTime(off):
                if not await self._concerns(asker, operator=operator):
                    return replies.not_asked()
                return replies.part_time(await self._postpone.part_time(asker, off))
            case Away(said, ahead):
                if not await self._concerns(asker, operator=operator):
                    return replies.not_asked()
                return await self._away(said, asker, replies, begins=ahead)
            case Notes():
                said_by = self._statements.everything if operator else self._statements.own
                holds = await said_by(asker)
                listed = statements.listed(replies.words, holds)
                if (
                    holds == AllStatements() and not operator and await self.waiting(asker)
                ):  # "undo"
                    waits = await self.mine(Mine(), asker, replies, Level.ANYBODY)
                    return replace(listed, blocks=(*listed.blocks, *waits.blocks))
                return listed
            case Forget("person"):
                return statements.for_the_terminal(replies.words)
            case Forget(what, of):
                done = await self._forget(what, of, asker, operator=operator)
                return statements.taken_back(replies.words, done)
            case Back():
                back = await self._postpone.back(asker)
                if back.said is None and back.beside:
                    return statements.which(replies.words, asker, back.beside)
                return small_talk.back(replies.words, back)

    async def _away(
        self, said: str, asker: ChatIdentity, replies: Replies, *, begins: bool
    ) -> Message:
        now, calendar = self._clock.now(), self._postpone.calendar(asker)
        spans, today = read_spans(said, now, calendar, begins=begins), calendar.today(now)
        days: list[tuple[date | None, date]] = []
        for first, last in ((span.first, span.last) for span in spans):
            if last is None:
                return replies.away_until_when(first)
            if first is not None and not today <= first <= min(last, today + LONGEST_ABSENCE):
                return replies.no_absence(first, last, today)
            days.append((first, last))
        if not days:
            return replies.no_moment(said)
        for first, last in days[:-1]:
            await self._postpone.away(asker, last, first)
        first, last = days[-1]
        return replies.away(last, await self._postpone.away(asker, last, first))

    async def mine(
        self,
        command: Hello | Mine | SomebodyElse,
        asker: ChatIdentity,
        replies: Replies,
        level: Level,
    ) -> Message:
        """What waits for somebody, with its buttons; who greets and has nothing gets help."""
        requests = await self.waiting(asker)
        said = command.said if isinstance(command, Mine) else "hello"
        name = command.name if isinstance(command, SomebodyElse) else ""
        when = command.when if isinstance(command, Mine) else ""
        if requests:
            await is_there(self._ledger, asker, self._clock)
            due = min(map(self._postpone.deadline, requests))
            about = About(said, name, when)
            return mine(replies.words, requests, about, due, chat_is_proof=self._chat_is_proof)
        if isinstance(command, Hello):
            return help_(replies.words, asker.platform, level)
        return small_talk.nothing_waits(replies.words, said if level is Level.OPERATOR else "")

    async def waiting(self, asker: ChatIdentity) -> tuple[ConsentRequest, ...]:
        """The open requests of somebody, oldest first."""
        return await self._ledger.requests_of(asker)

    async def _forget(
        self, what: str, of: str, asker: ChatIdentity, *, operator: bool
    ) -> TakenBack | None:
        if what not in set(Topic):
            return None
        done = await self._statements.take_back(Topic(what), of, asker, operator=operator)
        if done is not None and done.noted is not None:
            await self._candidates.review(done.noted.affected, anew=True)
        return done

    async def _concerns(self, asker: ChatIdentity, *, operator: bool) -> bool:
        return operator or await self._postpone.concerns(asker)

    async def _later(
        self, command: Later, asker: ChatIdentity, personal: PersonalReplies
    ) -> Message:
        """Put off one request, each of those whose codes stand there, or all; or ask until when."""
        codes = command.code.split(",")
        if command.code == EVERYTHING:
            codes = [one.code for one in await self._postpone.everything(asker, command.shown)]
        if not codes:
            return small_talk.nothing_waits(personal.words)
        acts = [ByChat(asker, code) for code in codes]
        first = (await self._request_steps.progress(acts[0])).request
        offered, calendar = self._postpone.choices(first)
        at, reason = command.at, command.reason
        if at is None and (found := find_moment(reason, self._clock.now(), calendar)):
            at, reason = found.at.astimezone(calendar.zone).replace(tzinfo=None), found.rest
        if at is None:
            return personal.later_when(
                first, offered, calendar.zone, said=reason, which=command.code, count=len(codes)
            )
        wanted = at.replace(tzinfo=calendar.zone).astimezone(UTC)
        put_off: dict[datetime, Snoozed] = {}
        for act in acts:
            request = await self._request_steps.later(act, at, reason)
            assert request.snooze is not None  # that is what the step was
            until = request.snooze.until
            if until in put_off:
                put_off[until] = replace(put_off[until], count=put_off[until].count + 1)
                continue
            moved = self._postpone.moved(request, wanted)
            put_off[until] = Snoozed(request, moved, self._postpone.deadline(request))
        return personal.later(tuple(put_off.values()))
