"""Notices as messages: the personal link, the channel's reminder, the thanks.

Implements `bot.ports.writing.Composer`: what is told is read from the ledger at the moment of
telling.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import define

from bot.chat import phrases
from bot.chat.campaign import news
from bot.chat.campaign.writer import CampaignWriter
from bot.chat.delivery.alarms import alarm
from bot.chat.delivery.introductions import introduction
from bot.chat.people import app_items
from bot.chat.people.app_items import AppItems
from bot.chat.typed.verbs import typed
from bot.chat.words import Words
from bot.domain.campaign.intents import Reason
from bot.domain.campaign.windows import OKTA_CONSENT, SMS_RETIREMENT, sms_retires
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.consent.snooze import zone_named
from bot.domain.delivery.notices import (
    Alarm,
    ChannelNudge,
    ChannelReminder,
    ChannelReport,
    Introduction,
    Notice,
    OperatorDigest,
    OperatorNote,
    PersonalLink,
    PersonalRound,
    RequestChanged,
)
from bot.domain.evidence.verdict import State
from bot.domain.normalization import normalized
from bot.domain.people.admins import Platform
from bot.domain.people.news import News
from bot.domain.people.policy import PeoplePolicy
from bot.message import (
    Block,
    Buttons,
    Command,
    Group,
    Heading,
    Message,
    Note,
    OpenLink,
    Said,
    Text,
)
from bot.ports.clouds import OktaOrg
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.ports.writing import NO_LINKS
from bot.services.inventory.consoles import integration_tab

SHOWN = 8
NO_POLICY = PeoplePolicy()
# The states in which nothing shows that something is missing.
_UNSURE = (State.NEEDS_REVIEW, State.SAID_SAVED)


@define(kw_only=True, eq=False)
class NoticeComposer:
    """Writes notices out."""

    _ledger: Ledger
    _orgs: Mapping[str, OktaOrg]
    _clock: Clock
    _language: str
    _reminding: CampaignWriter
    _chat_is_proof: bool = False
    _people: PeoplePolicy = NO_POLICY

    async def compose(
        self,
        notice: Notice,
        *,
        request: ConsentRequest | None = None,
        link: str = "",
        links: Mapping[str, str] = NO_LINKS,
    ) -> Message | None:
        match notice:
            case PersonalLink(to, request_id):
                request = request or await self._ledger.request(request_id)
                if request is None:
                    return None
                words = Words(to.language or self._language)
                if not link:  # "later" has come for somebody who has taken it on before
                    return await self._changed(request, words)
                return await self._personal_link(request, link, words)
            case RequestChanged(to, request_id):
                request = request or await self._ledger.request(request_id)
                if request is None:
                    return None
                return await self._changed(request, Words(to.language or self._language))
            case OperatorNote(to, happened, subject):
                words = Words(to.language or self._language)
                item = await news.item(self._ledger, words, News(happened, subject))
                return Message(item.title, (Group((item,)),)) if item is not None else None
            case Introduction(to):
                words = Words(to.language or self._language)
                return await introduction(self._ledger, self._orgs, self._people, notice, words)
            case ChannelReminder():
                return await self._reminder(Words(self._language))
            case PersonalRound(requests=(only,), also=()) if only in links:
                request = await self._ledger.request(only)
                if request is None or request.stage is not Stage.REQUESTED:
                    return await self._reminding.compose(notice, links)
                words = Words(notice.to.language or self._language)
                now = notice.reason == Reason.NOW
                return await self._personal_link(request, links[only], words, at_once=now)
            case PersonalRound() | ChannelNudge() | ChannelReport() | OperatorDigest():
                return await self._reminding.compose(notice, links)
            case Alarm(to):
                words = Words(to.language or self._language)
                return await alarm(self._ledger, notice, words, self._reminding.zone)

    async def _personal_link(
        self, request: ConsentRequest, link: str, words: Words, *, at_once: bool = False
    ) -> Message:
        """The first message about one app; `at_once`: an operator had it sent whatever the hour."""
        now = self._clock.now()
        title = words("letter.title", app=request.app_label)
        expires = request.link.expires_at if request.link else now
        zone = zone_named(request.chat.time_zone)
        record = await self._ledger.app(request.app)
        unsure = record is not None and record.state(now) in _UNSURE
        why = "letter.why_unsure" if unsure else "letter.why"
        return Message(
            title,
            (
                Heading(title),
                Text(
                    words(
                        "letter.hello",
                        name=request.admin_name,
                        by=request.requested_by,
                        tenant=request.tenant_domain,
                        account=request.admin_upn,
                    )
                ),
                Text(words(why, app=request.app_label, org=request.app.org)),
                *await self._also(request, words),
                Buttons(self._ways(request, link, words)),
                Note(words.said("letter.note", until=words.clock(expires, zone))),
                Note(_verify(request, words)),
                Note(words("letter.code", code=request.code)),
                *((Note(words("reason.now", name=request.requested_by)),) if at_once else ()),
            ),
        )

    async def _also(self, request: ConsentRequest, words: Words) -> tuple[Block, ...]:
        """What this person should know besides: who sits beside them, what ends for them."""
        blocks: list[Block] = []
        beside = request.colleague
        if beside is not None:
            people = self._people.with_notes(await self._ledger.account_notes())
            if not people.denies((normalized(beside.email),)):
                blocks.append(Text(words("letter.colleague", name=beside.name, email=beside.email)))
        admins = await self._ledger.global_admins(request.tenant_id) or ()
        if any(a.object_id == request.admin_object_id and a.phone_only for a in admins):
            record = await self._ledger.app(request.app)
            tenant = record.tenant if record else None
            if tenant is None or sms_retires(tenant.graph_host):
                blocks.append(Text(words("letter.phone_only", date=words.date(SMS_RETIREMENT.on))))
        return tuple(blocks)

    def _ways(
        self, request: ConsentRequest, link: str, words: Words
    ) -> tuple[Command | OpenLink, ...]:
        """What can be pressed: the link, "It's me" where that is enough, "Later", "Not me"."""
        code = request.code
        ways: list[Command | OpenLink] = [
            OpenLink("open", words("button.open_link"), link, primary=not self._chat_is_proof)
        ]
        if self._chat_is_proof:
            ways.append(Command("me", words("button.me"), f"me {code}", primary=True))
        later, not_me = words("button.later"), words("button.not_me")
        ways.append(Command("later", later, f"later {code}", page=f"{link}#later"))
        ways.append(Command("notme", not_me, f"notme {code}", page=f"{link}#not-me"))
        return tuple(ways)

    async def _changed(self, request: ConsentRequest, words: Words) -> Message | None:
        """The person's message as it stands now; None while it still is the question."""
        match request.stage:
            case Stage.REQUESTED | Stage.DELIVERED | Stage.UNDELIVERED:
                return None  # put off or not: its link is the way back
            case Stage.ACKNOWLEDGED | Stage.SAVED:
                return await self._taken_on(request, words)
            case Stage.DONE | Stage.DECLINED | Stage.EXPIRED | Stage.REVOKED:
                title = words(f"ended.{request.stage.value}_title", app=request.app_label)
                text = words(f"ended.{request.stage.value}", app=request.app_label)
                record = await self._ledger.app(request.app)
                if request.stage is Stage.REVOKED and record is not None:
                    newer = await self._ledger.request(record.request_id)
                    if record.is_waived:
                        text = words("waiver.withdrawn", app=request.app_label)
                    elif newer is not None and newer.admin_object_id == request.admin_object_id:
                        title = words("ended.renewed_title", app=request.app_label)
                        text = words("ended.renewed", app=request.app_label)
                return Message(title, (Heading(title), Text(text)))

    def _not_me(self, request: ConsentRequest, words: Words) -> Command:
        return Command("notme", words("button.not_me"), f"notme {request.code}")

    async def _taken_on(self, request: ConsentRequest, words: Words) -> Message:
        saved = request.stage is Stage.SAVED
        zone = zone_named(request.chat.time_zone)
        title = words("saved.title" if saved else "thanks.title", app=request.app_label)
        at = request.proof.at if request.proof else request.requested_at
        blocks: list[Block] = [Heading(title)]
        if saved:
            blocks.append(Text(words("saved.text")))
            next_at = request.watch.next_at if request.watch else None
            blocks.append(
                Note(
                    words.said("saved.next", at=words.clock(next_at, zone))
                    if next_at
                    else words("saved.regular")
                )
            )
        else:
            blocks.append(Text(words.said("thanks.text", at=words.clock(at, zone))))
            if request.proof is not None:
                blocks.append(Note(words(f"proof.{request.proof.kind.value}")))
        if request.snooze is not None:
            until = words.clock(request.snooze.until, zone_named(request.snooze.zone))
            blocks.append(Note(words.said("later.text", at=until)))
        buttons: list[Command | OpenLink] = []
        more: tuple[Command, ...] = ()
        tab = await integration_tab(self._orgs, request.app)
        if tab:
            buttons.append(OpenLink("okta", words("button.okta"), tab, primary=not saved))
        if not saved:
            code = request.code
            buttons.append(Command("me", words("button.steps"), f"me {code}"))
            buttons.append(Command("saved", words("button.saved"), f"saved {code}"))
            later = Command("later", words("button.later"), f"later {code}")
            more = (later, self._not_me(request, words))
        if buttons:
            blocks.append(Buttons(tuple(buttons), more))
        if not saved:
            blocks.append(Note(words("thanks.note")))
        return Message(title, tuple(blocks))

    async def _reminder(self, words: Words) -> Message | None:
        page = await self._ledger.page(1, SHOWN)
        if not page.open:
            return None
        title = words("reminder.title", count=page.open)
        held = AppItems(page.requests, page.prospects, self._clock.now(), zone=self._reminding.zone)
        blocks: list[Block] = [
            Heading(title),
            phrases.progress(words, page.counts),
            Text(words("reminder.why", date=words.date(OKTA_CONSENT.on))),
            *app_items.groups(words, page.shown, held, page.counts, ways=False),
        ]
        if page.open > SHOWN:
            blocks.append(Note(words("reminder.more", count=page.open - SHOWN)))
        blocks.append(Note(self._freshness(words, await self._scan_times())))
        blocks.append(Buttons((Command("apps", words("button.apps"), "apps"),)))
        return Message(title, tuple(blocks), private=False)

    async def _scan_times(self) -> tuple[datetime, ...]:
        scans = await self._ledger.scans()
        return tuple(scan.finished_at for scan in scans.values() if scan.finished_at)

    def _freshness(self, words: Words, scan_times: tuple[datetime, ...]) -> Said:
        """A moment, not an age: the message stays in the channel."""
        if not scan_times:
            return words("apps.never_looked")
        return words.said("board.fresh", at=words.clock(min(scan_times), self._reminding.zone))


def _verify(request: ConsentRequest, words: Words) -> str:
    """How to find out whether the message is real; a mail is not asked, its reader's people are."""
    if request.chat.platform is Platform.MAIL:
        return words("letter.verify_mail", name=request.requested_by, code=request.code)
    return words("letter.verify", words=typed(f"verify {request.code}", request.chat.platform))
