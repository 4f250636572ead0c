"""The conversation: who says what, what is done, what is answered. Platform-neutral.

Deny by default: whoever is not an operator gets help, and what was addressed to them in person.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC

import structlog

from bot.chat import doctor
from bot.chat.consent.personal import PersonalReplies
from bot.chat.inventory.lists import AppLists
from bot.chat.patience import Patience
from bot.chat.replies import Replies
from bot.chat.typed.commands import (
    Allow,
    Already,
    Away,
    Check,
    Deny,
    Examine,
    Help,
    ItIsMe,
    Later,
    ListApps,
    NeedsAccount,
    NeedsApp,
    NeedsCode,
    NeedsDomain,
    NotMe,
    Onboard,
    Own,
    PartTime,
    Personal,
    PlanAhead,
    RemindNow,
    ReportNow,
    Sample,
    Saved,
    Saw,
    ScanAll,
    Send,
    SendAll,
    Unclear,
    Unwaive,
    Verify,
    Waive,
    Who,
    Why,
    verb_about_app,
)
from bot.chat.typed.find_app import named_app
from bot.chat.typed.moments import read_moment
from bot.chat.typed.understanding import parse
from bot.chat.typed.waiver_words import read_term
from bot.chat.words import Words
from bot.domain.consent.requests import ConsentRequest
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity
from bot.domain.summaries import Part
from bot.errors import O365BotError, StoreError, TooManyTries
from bot.message import Message, Role
from bot.ports.chat import Presence
from bot.ports.ledger import Ledger
from bot.ports.limits import Limits
from bot.ports.system import Clock
from bot.services.campaign.boards import Boards
from bot.services.campaign.outreach import Outreach
from bot.services.campaign.postpone import Postpone
from bot.services.campaign.rehearse import Rehearse
from bot.services.campaign.remind import Remind
from bot.services.consent.acknowledge import Acknowledge
from bot.services.consent.ask import Ask
from bot.services.consent.follow import Follow
from bot.services.consent.onboard import Onboard as Onboarder
from bot.services.consent.prove import Prove
from bot.services.consent.visit import ByChat
from bot.services.doctor import Doctor
from bot.services.inventory.scan import Scan
from bot.services.inventory.waive import Waive as WaiveService
from bot.services.people.accounts import Accounts, Noted

Show = Callable[[Message], Awaitable[None]]

Operators = (
    ListApps
    | Help
    | Why
    | Who
    | Send
    | SendAll
    | Check
    | ScanAll
    | Examine
    | RemindNow
    | Own
    | Deny
    | Allow
    | Waive
    | Unwaive
    | Onboard
    | PlanAhead
    | ReportNow
    | Sample
    | Unclear
    | NeedsApp
    | NeedsAccount
    | NeedsDomain
)
"""What only operators may say."""

CHANGING = Send | RemindNow | ReportNow | Own | Deny | Allow | Onboard
"""Of these, what changes something. (What a person does about a request changes their letter.)"""
FALLING_SHORT = Unclear | NeedsApp | NeedsAccount | NeedsDomain | NeedsCode
"""What was said and is no command, or lacks a part."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CampaignParts:
    """What is said about the campaign."""

    rehearse: Rehearse
    boards: Boards
    postpone: Postpone
    waive: WaiveService
    sample: Callable[[ChatIdentity], Awaitable[Message | None]]


class Conversation:
    """Answers what is said. `operators` holds chat identities such as `slack:U0123`."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        scan: Scan,
        ask: Ask,
        outreach: Outreach,
        remind: Remind,
        acknowledge: Acknowledge,
        prove: Prove,
        follow: Follow,
        onboard: Onboarder | None,
        clock: Clock,
        operators: frozenset[str],
        limits: Limits,
        language: str,
        link_hours: int,
        public_url: str,
        campaign: CampaignParts,
        examination: Doctor,
        presence: Presence | None = None,
    ) -> None:
        self._presence = presence
        self._ledger = ledger
        self._scan = scan
        self._lists = AppLists(ledger, scan, outreach.outlooks)
        self._ask = ask
        self._outreach = outreach
        self._accounts = Accounts(ledger=ledger, clock=clock)
        self._remind = remind
        self._acknowledge = acknowledge
        self._prove = prove
        self._follow = follow
        self._onboard = onboard
        self._clock = clock
        self._operators = operators
        self._patience = Patience(limits)
        self._public_url = public_url
        self._language = language
        self._link_hours = link_hours
        self._campaign = campaign
        self._doctor = examination

    async def answer(
        self,
        words: str,
        asker: ChatIdentity,
        progress: Show | None = None,
        *,
        private: bool = False,
    ) -> Message | None:
        """The answer to `words`; an error is answered in words, too.

        None for somebody who was told already that they say too much. `progress` shows interim
        messages of long work. `private`: nobody but the asker will see the answer.
        """
        texts = Words(asker.language or self._language)
        replies, personal = Replies(texts), PersonalReplies(texts)
        command = parse(words)
        operator = str(asker) in self._operators
        wait = await self._patience.ends(asker)
        log.info("asked", command=type(command).__name__, asker=str(asker), operator=operator)
        if wait:
            return replies.error(TooManyTries(retry_after=wait)) if wait > 0 else None
        await self._heard_of(asker)
        if isinstance(command, Help):
            return replies.help(asker.platform, operator=operator)
        if not (operator or isinstance(command, Personal)):
            return _as(Role.REFUSAL, replies.not_allowed(asker))
        try:
            if isinstance(command, Personal):
                said = await self._person(
                    command, asker, replies, personal, operator=operator, private=private
                )
            elif isinstance(command, Onboard) and self._onboard is not None and not private:
                said = personal.onboard_aside(command.domain)  # its answer holds a link
            elif isinstance(command, Examine) and not private:
                said = doctor.aside(texts)  # what is open is for nobody else to read
            else:
                said = await self._do(command, asker, replies, personal, progress)
            return _as(_role(command), said)
        except O365BotError as error:
            log.info("answered with an error", code=error.code, reason=str(error))
            return _as(Role.REFUSAL, replies.error(error, verb_about_app(command)))
        except Exception:
            # The border of the conversation: whatever broke, the person gets an answer and a
            # reference, and the log gets the whole story.
            reference = uuid.uuid4().hex[:8]
            log.exception(
                "command failed unexpectedly", reference=reference, command=type(command).__name__
            )
            return _as(Role.REFUSAL, replies.broken(reference))

    async def _heard_of(self, asker: ChatIdentity) -> None:
        """Where somebody speaks to the bot is where they are written to."""
        if self._presence is None:
            return
        try:
            await self._presence.seen(asker, self._clock.now())
        except StoreError as error:
            log.warning(
                "could not save where somebody last wrote", asker=str(asker), error=error.code
            )

    async def _do(
        self,
        command: Operators,
        asker: ChatIdentity,
        replies: Replies,
        personal: PersonalReplies,
        progress: Show | None,
    ) -> Message:
        match command:
            case ListApps(page, part):
                return await self._list(replies, progress, page, part)
            case Why(app):
                return await self._why(replies, await self._find(app))
            case Who(app):
                return await self._who(replies, await self._find(app))
            case Send(app, now, sure):
                record, named = await named_app(self._ledger, app)
                if not named:  # who it goes to was perhaps said as well: better asked than guessed
                    return await self._who(replies, record)
                sent = await self._outreach.send(record.app.ref, asker, now=now, sure=sure)
                return replies.sent(sent, self._link_hours, self._clock.now())
            case SendAll(now, sure):
                return replies.sent_all(await self._outreach.send_all(asker, now=now, sure=sure))
            case Check(app):
                record = await self._find(app)
                again = await self._scan.app(record.app.ref)
                return await self._why(replies, again or record)
            case ScanAll():
                await self._look(self._scan.org_names, replies, progress)
                return await self._list(replies, progress, 1, Part.OPEN)
            case Examine():
                words = Words(replies.language)
                if progress is not None:
                    await progress(doctor.under_way(words))
                return doctor.report(await self._doctor.examine(), words)
            case RemindNow(sure):
                if not sure:
                    return replies.public("remind", self._remind.channels)
                return replies.posted("remind", len(await self._remind.now(str(asker))))
            case Own(account, owner):
                return await self._noted(replies, await self._accounts.own(account, owner, asker))
            case Deny(account):
                return await self._noted(replies, await self._accounts.deny(account, asker))
            case Allow(account):
                return await self._noted(replies, await self._accounts.allow(account, asker))
            case Waive():
                return await self._waive(command, asker, replies)
            case Unwaive(app):
                record = await self._find(app)
                waive = self._campaign.waive
                back = await waive.take_back(record.app.ref, str(asker))
                return replies.waivers.taken_back(back)
            case PlanAhead(days, said):
                return replies.plan(await self._campaign.rehearse.plan(days), days, said)
            case ReportNow(sure):
                if not sure:
                    return replies.public("report", self._campaign.boards.channels)
                reports = await self._campaign.boards.report(str(asker))
                return replies.posted("report", len({delivery.notice.to for delivery in reports}))
            case Sample():
                return replies.sample(await self._campaign.sample(asker))
            case Unclear(said, closest):
                return replies.unclear(said, closest)
            case NeedsApp(verb):
                return replies.needs_app(verb)
            case NeedsAccount(verb):
                return replies.needs_account(verb)
            case NeedsDomain():
                return personal.needs_domain()
            case Onboard(domain):
                if self._onboard is None:
                    return personal.no_microsoft()
                return personal.invited(await self._onboard.invite(domain, asker), self._link_hours)
            case Help():
                return replies.help(asker.platform, operator=True)

    async def _person(
        self,
        command: Personal,
        asker: ChatIdentity,
        replies: Replies,
        personal: PersonalReplies,
        *,
        operator: bool,
        private: bool,
    ) -> Message:
        """What somebody says about the request that shows a code."""
        match command:
            case Verify(code):
                request = await self._acknowledge.by_code(code, asker, operator=operator)
                return personal.verified(request)
            case ItIsMe(code):
                confirmed = await self._prove.confirm(asker, code)
                way_on = f"{self._public_url}/s/{confirmed.way_on}" if private else ""
                return personal.taken_on(confirmed.request, way_on)
            case Saved(code):
                return personal.looking(await self._follow.saved(ByChat(asker, code)))
            case Saw(code, told):
                act = ByChat(asker, code)
                if told is None:
                    return personal.sights((await self._follow.progress(act)).request)
                return personal.seen(await self._follow.sees(act, told))
            case Already(code):
                return personal.looking(await self._follow.already(ByChat(asker, code)))
            case NotMe(code, suggestion, sure):
                act = ByChat(asker, code)
                if not sure:
                    return personal.not_me_sure((await self._follow.progress(act)).request)
                return personal.not_me(await self._follow.not_me(act, suggestion))
            case Later():
                return await self._later(command, asker, personal)
            case NeedsCode(verb):
                return personal.needs_code(verb)
            case PartTime(off):
                if not (operator or await self._campaign.postpone.concerns(asker)):
                    return replies.not_asked()
                return replies.part_time(await self._campaign.postpone.part_time(asker, off))
            case Away(said):
                postpone = self._campaign.postpone
                if not (operator or await postpone.concerns(asker)):
                    return replies.not_asked()
                calendar = postpone.calendar(asker)
                found = read_moment(said, self._clock.now(), calendar)
                if found is None:
                    return replies.no_moment(said)
                wanted = calendar.day_of(found[0])
                return replies.away(wanted, await postpone.away(asker, wanted))

    async def _later(
        self, command: Later, asker: ChatIdentity, personal: PersonalReplies
    ) -> Message:
        """Put off one request, or each of those whose codes stand there, or ask until when."""
        acts = [ByChat(asker, code) for code in command.code.split(",")]
        first = (await self._follow.progress(acts[0])).request
        offered, calendar = self._campaign.postpone.choices(first)
        at, reason = command.at, command.reason
        if at is None and (found := read_moment(reason, self._clock.now(), calendar)):
            at, reason = found[0].astimezone(calendar.zone).replace(tzinfo=None), found[1]
        if at is None:
            return personal.later_when(first, offered, calendar.zone, said=reason)
        put_off = [await self._follow.later(act, at, reason) for act in acts]
        wanted = at.replace(tzinfo=calendar.zone).astimezone(UTC)
        postpone = self._campaign.postpone
        moved = postpone.moved(put_off[0], wanted)
        return personal.later(put_off[0], moved, postpone.deadline(put_off[0]))

    async def _find(self, name: str) -> AppRecord:
        return (await named_app(self._ledger, name))[0]

    async def _who(self, replies: Replies, record: AppRecord) -> Message:
        choice = await self._ask.candidates(record)
        request = await self._open_request(record)
        outlooks = await self._outreach.outlooks([request] if request else [])
        now = self._clock.now()
        return replies.who(record, choice, now, request=request, outlooks=outlooks)

    async def _open_request(self, record: AppRecord) -> ConsentRequest | None:
        found = await self._ledger.request(record.request_id) if record.request_id else None
        return found if found is not None and found.stage.is_open else None

    async def _why(self, replies: Replies, record: AppRecord) -> Message:
        ref = record.app.ref
        return replies.why(
            record,
            self._scan.now(),
            lived=self._clock.now(),
            request=await self._ledger.request(record.request_id) if record.request_id else None,
            prospect=(await self._ledger.prospects(ref.org)).get(ref),
        )

    async def _waive(self, command: Waive, asker: ChatIdentity, replies: Replies) -> Message:
        """Accept an app as it is, once somebody has read what that does."""
        waive, now = self._campaign.waive, self._clock.now()
        term = read_term(command.said, now, waive.calendar) if command.said else None
        if not command.app or term is None or term.until is None or not term.why:
            return replies.waivers.needs(command.app, term, command.said, waive.latest)
        record = await self._find(command.app)
        by = (str(asker), asker.display_name or asker.user_id)
        what = (record.app.ref, term.until, term.why, *by)
        if command.sure:
            return replies.waivers.done(await waive.waive(*what))
        return replies.waivers.sure(await waive.look(*what))

    async def _noted(self, replies: Replies, noted: Noted) -> Message:
        """Whom to ask may be another one now, wherever that account comes into question."""
        await self._ask.review(noted.affected, anew=True)
        return replies.noted(noted)

    async def _list(
        self, replies: Replies, progress: Show | None, page: int, part: Part
    ) -> Message:
        scans = await self._ledger.scans()
        unseen = tuple(
            org
            for org in self._scan.org_names
            if not ((scan := scans.get(org)) and (scan.finished_at or scan.failure))
        )
        if unseen:
            await self._look(unseen, replies, progress)  # one may be under way: it is joined
        return await self._lists.page(replies, page, part)

    async def _look(self, orgs: tuple[str, ...], replies: Replies, progress: Show | None) -> None:
        for org in orgs:

            async def show(done: int, total: int, org: str = org) -> None:
                if progress is not None:
                    await progress(replies.scanning(org, done, total))

            await self._scan.org(org, show)
            await self._ask.review(await self._ledger.summaries(org))


def _role(command: Operators | Personal) -> Role:
    if isinstance(command, FALLING_SHORT):
        return Role.REFUSAL
    return Role.OUTCOME if isinstance(command, CHANGING) else Role.ANSWER


def _as(role: Role, message: Message) -> Message:
    return replace(message, role=role)
