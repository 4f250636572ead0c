"""Notices as messages: the personal link, the channel's reminder, the thanks.

Implements `bot.ports.Composer`: what is told is read from the ledger at the moment of telling.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.chat import phrases
from bot.chat.alarms import alarm
from bot.chat.reminding import Reminding
from bot.chat.words import Words
from bot.domain.campaign import OKTA_CONSENT
from bot.domain.consent import ConsentRequest
from bot.domain.notices import (
    Acknowledged,
    Alarm,
    ChannelNudge,
    ChannelReminder,
    ChannelReport,
    Notice,
    PersonalLink,
    PersonalRound,
)
from bot.message import (
    Block,
    Buttons,
    Cell,
    Command,
    Fact,
    Facts,
    Heading,
    Message,
    Note,
    OpenLink,
    Table,
    Text,
)
from bot.ports import NO_LINKS, Clock, Ledger, OktaOrg
from bot.services.acknowledge import integration_tab

SHOWN = 8


class Letters:
    """Writes notices out."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        orgs: Mapping[str, OktaOrg],
        clock: Clock,
        language: str,
        reminding: Reminding,
    ) -> None:
        self._ledger = ledger
        self._orgs = orgs
        self._clock = clock
        self._language = language
        self._reminding = reminding

    async def compose(
        self, notice: Notice, *, link: str = "", links: Mapping[str, str] = NO_LINKS
    ) -> Message | None:
        match notice:
            case PersonalLink(to, request_id):
                request = await self._ledger.request(request_id)
                if request is None:
                    return None
                return self._personal_link(request, link, Words(to.language or self._language))
            case Acknowledged(to, request_id):
                request = await self._ledger.request(request_id)
                if request is None:
                    return None
                return await self._acknowledged(request, Words(to.language or self._language))
            case ChannelReminder():
                return await self._reminder(Words(self._language))
            case PersonalRound() | ChannelNudge() | ChannelReport():
                return await self._reminding.compose(notice, links)
            case Alarm(to):
                return await alarm(self._ledger, notice, Words(to.language or self._language))

    def _personal_link(self, request: ConsentRequest, link: str, words: Words) -> Message:
        now = self._clock.now()
        title = words("letter.title", app=request.app_label)
        expires = request.link.expires_at if request.link else now
        return Message(
            title,
            (
                Heading(title),
                Text(words("letter.hello", name=request.admin_name)),
                Text(words("letter.why", app=request.app_label, org=request.app.org)),
                Facts(
                    (
                        Fact(words("fact.app"), request.app_label),
                        Fact(words("fact.org"), request.app.org),
                        Fact(words("fact.tenant"), request.tenant_domain),
                        Fact(words("fact.account"), request.admin_upn),
                        Fact(words("fact.requested_by"), request.requested_by),
                        Fact(words("fact.code"), request.code),
                    )
                ),
                Buttons((OpenLink("open", words("button.open_link"), link, primary=True),)),
                Note(words("letter.note", until=words.moment(expires))),
                Note(words("letter.why_me", tenant=request.tenant_domain)),
            ),
        )

    async def _acknowledged(self, request: ConsentRequest, words: Words) -> Message:
        title = words("thanks.title", app=request.app_label)
        at = request.proof.at if request.proof else request.requested_at
        blocks: list[Block] = [
            Heading(title),
            Text(words("thanks.text", at=words.moment(at))),
        ]
        tab = await integration_tab(self._orgs, request.app)
        if tab:
            blocks.append(Buttons((OpenLink("okta", words("button.okta"), tab, primary=True),)))
        blocks.append(Note(words("thanks.note")))
        return Message(title, tuple(blocks))

    async def _reminder(self, words: Words) -> Message | None:
        records = await self._ledger.apps()
        open_ones = sorted((r for r in records if r.state.is_open), key=phrases.by_urgency)
        if not open_ones:
            return None
        now = self._clock.now()
        requests = {request.id: request for request in await self._ledger.open_requests()}
        title = words("reminder.title", count=len(open_ones))
        blocks: list[Block] = [
            Heading(title),
            phrases.progress(words, records),
            Text(words("reminder.why", date=words.date(OKTA_CONSENT.on))),
            Table(
                tuple(words(f"column.{name}") for name in ("app", "org", "state", "asked")),
                tuple(
                    (
                        Cell(record.app.label),
                        Cell(record.app.ref.org),
                        phrases.state_cell(words, record.state),
                        Cell(
                            requests[record.request_id].admin_name
                            if record.request_id in requests
                            else words("apps.nobody_asked")
                        ),
                    )
                    for record in open_ones[:SHOWN]
                ),
            ),
        ]
        if len(open_ones) > SHOWN:
            blocks.append(Note(words("reminder.more", count=len(open_ones) - SHOWN)))
        blocks.append(Note(self._freshness(words, await self._looks(), now)))
        blocks.append(Buttons((Command("apps", words("button.apps"), "apps"),)))
        return Message(title, tuple(blocks), private=False)

    async def _looks(self) -> tuple[datetime, ...]:
        scans = await self._ledger.scans()
        return tuple(scan.finished_at for scan in scans.values() if scan.finished_at)

    def _freshness(self, words: Words, looks: tuple[datetime, ...], now: datetime) -> str:
        if not looks:
            return words("apps.never_looked")
        return words("apps.looked", age=words.ago(min(looks), now))
