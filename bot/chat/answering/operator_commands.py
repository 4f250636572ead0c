"""What operators say about apps, people and the campaign: done, and answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date

from attrs import define, field

from bot.chat import doctor
from bot.chat.answering import confirmation, small_talk
from bot.chat.answering.lists import AppLists
from bot.chat.campaign import dates, plans
from bot.chat.campaign.boards import BOARD, board
from bot.chat.consent.personal import PersonalReplies
from bot.chat.inventory import reasons
from bot.chat.inventory.overview import Due, for_everybody
from bot.chat.people import people
from bot.chat.replies import Replies
from bot.chat.typed.commands import (
    About,
    Allow,
    Check,
    Deadlines,
    Deny,
    Examine,
    Export,
    ListApps,
    NeedsAccount,
    NeedsApp,
    NeedsDomain,
    Onboard,
    Operators,
    Own,
    PlanAhead,
    RemindNow,
    ReportNow,
    Sample,
    ScanAll,
    Send,
    SendAll,
    Unclear,
    Unsure,
    Unwaive,
    Waive,
    Who,
    Why,
)
from bot.chat.typed.find_app import apps_in, named_app
from bot.chat.typed.grammar.listed import list_of_org
from bot.chat.typed.grammar.sending import OF_ALL
from bot.chat.typed.grammar.sentences import closest_sentence, names_in, nearest
from bot.chat.typed.normalizing.spelling import sentence
from bot.chat.typed.times.waiver_words import read_term
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import ABOUT_ACCOUNTS, ABOUT_APPS, verb_about_app
from bot.chat.words import Words
from bot.domain.consent.requests import ConsentRequest
from bot.domain.delivery.notices import Channel
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.normalization import normalized
from bot.domain.people.admins import ChatIdentity
from bot.domain.summaries import EVERY_OPEN, AppSummary, Wanted
from bot.errors import AppAmbiguous, AppUnknown
from bot.message import Block, ChannelName, Message
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.services.campaign.boards import Boards
from bot.services.campaign.outreach import Outreach
from bot.services.campaign.planning import Planner
from bot.services.campaign.postpone import Postpone
from bot.services.campaign.remind import Remind
from bot.services.consent.onboard import Onboard as Onboarder
from bot.services.doctor import Doctor
from bot.services.inventory.scan import Scan
from bot.services.inventory.waive import Waive as WaiveService
from bot.services.people.accounts import Accounts, Noted
from bot.services.people.candidates import Candidates

ABOUT_NAMES = ("waive", *ABOUT_APPS, *ABOUT_ACCOUNTS)

Show = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class CampaignParts:
    """What is said about the campaign."""

    planner: Planner
    boards: Boards
    postpone: Postpone
    waive: WaiveService
    sample: Callable[[ChatIdentity], Awaitable[Message | None]]
    stuck: Callable[[Words], Awaitable[list[Block]]]


@define(kw_only=True, eq=False)
class OperatorCommands:
    """Carries out what operators say, and what viewers read."""

    _ledger: Ledger
    _scan: Scan
    _candidates: Candidates
    _outreach: Outreach
    _remind: Remind
    _onboard: Onboarder | None
    _clock: Clock
    _accounts: Accounts
    _link_hours: int
    _campaign: CampaignParts
    _doctor: Doctor
    _channel_name: Callable[[Channel], Awaitable[str]]
    _lists: AppLists = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._lists = AppLists(
            self._ledger, self._scan, self._outreach.next_messages, self._due, self._clock.now
        )

    async def do(
        self,
        command: Operators,
        asker: ChatIdentity,
        replies: Replies,
        personal: PersonalReplies,
        progress: Show | None,
        *,
        private: bool,
    ) -> Message:
        """Do it, and answer. `private`: nobody but the asker will see the answer."""
        match command:
            case ListApps(page, wanted, shared):
                if wanted.person and await self._is_app(wanted.person):  # "nudge Sales"
                    return await self._who(replies, await self._find(wanted.person))
                listed = await self._list(replies, progress, page, wanted)
                return for_everybody(listed, wanted, page) if shared else listed
            case Why() | Who() | Check():
                return await self._of_app(command, asker, replies, progress)
            case About(text):
                return await self._about(replies, text)
            case Send(app, now, sure):
                try:
                    record, named = await named_app(self._ledger, app, by_a_word=True)
                except AppUnknown as error:
                    return await self._of_no_app(command, error, asker, replies, progress)
                if not named:  # who it goes to was perhaps said as well: better asked than guessed
                    return await self._who(replies, record)
                sent = await self._outreach.send(record.app.ref, asker, now=now, sure=sure)
                return replies.sent(sent, self._link_hours, self._clock.now())
            case SendAll(now, sure):
                return replies.sent_all(await self._outreach.send_all(asker, now=now, sure=sure))
            case ScanAll():
                await self._scan_orgs(self._scan.org_names, replies, progress)
                return await self._list(replies, progress, 1, EVERY_OPEN)
            case Examine():
                if not private:  # what is open is for nobody else to read
                    return doctor.aside(replies.words)
                if progress is not None:
                    await progress(doctor.under_way(replies.words))
                return doctor.report(await self._doctor.examine(), replies.words)
            case RemindNow(sure):
                if not sure:
                    return await self._public(replies, "remind", self._remind.channels)
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
                record, named = await named_app(self._ledger, app)
                if not named:
                    return await self._why(replies, record)
                waive = self._campaign.waive
                back = await waive.take_back(record.app.ref, str(asker))
                return replies.waivers.taken_back(back)
            case PlanAhead(days, said):
                found = await self._campaign.planner.plan(days)
                return plans.plan(replies.words, found, days, said)
            case ReportNow(sure):
                if not sure:
                    return await self._public(replies, "report", self._campaign.boards.channels)
                reports = await self._campaign.boards.report(str(asker))
                return replies.posted("report", len({delivery.notice.to for delivery in reports}))
            case Export():
                return small_talk.export(replies.words)
            case Sample():
                return replies.sample(await self._campaign.sample(asker))
            case Deadlines():
                return dates.told(replies.words, self._campaign.postpone.campaign, self._today())
            case Unclear(said, closest):
                return await self._unclear(said, closest, replies, progress)
            case Unsure(clearly):
                return small_talk.unsure(replies.words, clearly, asker.platform)
            case NeedsApp(verb):
                return replies.needs_app(verb)
            case NeedsAccount(verb):
                return replies.needs_account(verb)
            case NeedsDomain():
                return personal.needs_domain()
            case Onboard(domain):
                if self._onboard is None:
                    return personal.no_microsoft()
                if not private:  # its answer holds a link
                    return personal.onboard_aside(domain)
                return personal.invited(await self._onboard.invite(domain, asker), self._link_hours)

    async def view(self, name: str, replies: Replies) -> Message | None:
        """What a message shows that many see, with what operators can do; None for anything else.

        Nothing is done, whatever `name` says: it comes from a client.
        """
        kind, _, org = name.partition(":")
        if kind == BOARD:
            contents = await self._campaign.boards.contents(org, self._clock.now())
            return board(replies.words, contents, self._campaign.waive.calendar.zone, ways=True)
        command = parse(name)
        if not isinstance(command, ListApps):
            return None
        listed = await self._lists.page(replies, command.page, command.wanted)
        return replace(listed, share=None, view=name)

    async def speaks_of_apps(self, text: str) -> bool:
        """Whether what was not understood has the name of an app or of an org."""
        if list_of_org(text, self._scan.org_names) is not None:
            return True
        try:
            await self._find(text)
        except AppUnknown:
            return False
        except AppAmbiguous:
            return True
        return True

    async def stuck(self, replies: Replies) -> list[Block]:
        """What goes on for nobody, each with its next step."""
        return await self._campaign.stuck(replies.words)

    def _today(self) -> date:
        return self._campaign.waive.calendar.today(self._clock.now())

    async def _public(self, replies: Replies, verb: str, channels: Sequence[Channel]) -> Message:
        """What goes where, in names: nobody knows a channel by its id."""
        named = [
            ChannelName(one.platform, one.channel_id, await self._channel_name(one))
            for one in channels
        ]
        return confirmation.ask(replies.words, verb, named)

    async def _of_app(
        self, command: Why | Who | Check, asker: ChatIdentity, replies: Replies, show: Show | None
    ) -> Message:
        try:
            record, _ = await named_app(self._ledger, command.app, by_a_word=True)
        except AppUnknown as error:
            return await self._of_no_app(command, error, asker, replies, show)
        match command:
            case Who(in_full=in_full):
                return await self._who(replies, record, in_full=in_full)
            case Why(in_full=in_full):
                return await self._why(replies, record, in_full=in_full)
        return await self._why(replies, await self._scan.app(record.app.ref) or record)

    async def _of_no_app(
        self,
        command: Why | Who | Check | Send,
        error: AppUnknown,
        asker: ChatIdentity,
        replies: Replies,
        progress: Show | None,
    ) -> Message:
        """What names no app is about an org, a person or all; or it asks without any name."""
        if (wanted := await self._lists.named(command.app)) is not None:
            return await self._list(replies, progress, 1, wanted)
        if isinstance(command, Send) and sentence(command.app).partition(" ")[0] in OF_ALL:
            return small_talk.unsure(replies.words, "send all", asker.platform)
        if error.name and names_in(command.app):
            raise error
        said = f"{(verb := verb_about_app(command))} {command.app}"
        closest = nearest(said)
        return replies.unclear(said, closest) if closest else replies.needs_app(verb)

    async def _unclear(
        self, said: str, closest: str, replies: Replies, progress: Show | None
    ) -> Message:
        """Where it names an app, an org or a person, that was perhaps asked for; or what is near.

        A command that is mistyped before an app's name is offered; a name that merely looks like a
        command is the name.
        """
        if (asked := list_of_org(said, self._scan.org_names)) is not None:
            return await self._list(replies, progress, asked.page, asked.wanted)
        if closest and closest.partition(" ")[0] in ABOUT_NAMES and " " in closest:
            return replies.unclear(said, closest)
        try:
            record, named = await named_app(self._ledger, said)
            if named or not closest or " " in said:
                return await self._why(replies, record)
        except (AppUnknown, AppAmbiguous):
            if (wanted := await self._lists.named(said)) is not None:
                return await self._list(replies, progress, 1, wanted)
        return replies.unclear(said, closest or closest_sentence(said) or nearest(said))

    async def is_about(self, command: Why | Who, apps: Collection[AppRef]) -> bool:
        """Whether it names one of these apps."""
        try:
            return (await self._find(command.app)).app.ref in apps
        except (AppUnknown, AppAmbiguous):
            return False

    async def _is_app(self, name: str) -> bool:
        """Whether that is the whole name of an app, and not of a person."""
        return any(normalized(name) == normalized(label) for _, label in await self._ledger.names())

    async def _find(self, name: str) -> AppRecord:
        return (await named_app(self._ledger, name))[0]

    async def _who(self, replies: Replies, record: AppRecord, *, in_full: bool = False) -> Message:
        choice = await self._candidates.of(record)
        request = await self._open_request(record)
        next_messages = await self._outreach.next_messages([request] if request else [])
        now = self._clock.now()
        return people.who(
            replies.words, record, choice, now, request, next_messages, in_full=in_full
        )

    async def _open_request(self, record: AppRecord) -> ConsentRequest | None:
        found = await self._ledger.request(record.request_id) if record.request_id else None
        return found if found is not None and found.stage.is_open else None

    async def _why(self, replies: Replies, record: AppRecord, *, in_full: bool = False) -> Message:
        ref = record.app.ref
        return reasons.why(
            replies.words,
            record,
            self._scan.now(),
            lived=self._clock.now(),
            request=await self._ledger.request(record.request_id) if record.request_id else None,
            prospect=(await self._ledger.prospects_of([ref])).get(ref),
            in_full=in_full,
            okta=await self._scan.where(ref),
        )

    async def _about(self, replies: Replies, text: str) -> Message:
        """What is known of the app that a message speaks of, or which of several it is."""
        found = apps_in(text, await self._ledger.names())
        record = await self._ledger.app(found[0][0]) if len(found) == 1 else None
        if record is not None:
            return await self._why(replies, record)
        return replies.about({str(ref): label for ref, label in found})

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
        return replies.waivers.sure(await waive.preview(*what))

    async def _noted(self, replies: Replies, noted: Noted) -> Message:
        """Whom to ask may be another one now, wherever that account comes into question."""
        await self._candidates.review(noted.affected, anew=True)
        return people.noted(replies.words, noted)

    async def _list(
        self, replies: Replies, progress: Show | None, page: int, wanted: Wanted
    ) -> Message:
        scans = await self._ledger.scans()
        unseen = tuple(
            org
            for org in self._scan.org_names
            if not ((scan := scans.get(org)) and (scan.finished_at or scan.failure))
        )
        if unseen:
            await self._scan_orgs(unseen, replies, progress)  # one may be under way: it is joined
        return await self._lists.page(replies, page, wanted)

    def _due(self, apps: Sequence[AppSummary]) -> Due:
        return Due(*self._campaign.boards.due(apps))

    async def _scan_orgs(
        self, orgs: tuple[str, ...], replies: Replies, progress: Show | None
    ) -> None:
        for org in orgs:

            async def show(done: int, total: int, org: str = org) -> None:
                if progress is not None:
                    await progress(replies.scanning(org, done, total))

            await self._scan.org(org, show)
            await self._candidates.review(await self._ledger.summaries(org))
