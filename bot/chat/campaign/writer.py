"""Writes out what is told by the campaign: rounds, digests, boards, thread replies, reports.

Like all letters it reads the truth at the moment of telling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from attrs import define, field

from bot.chat.campaign import boards, reports
from bot.chat.campaign.digests import digest
from bot.chat.campaign.rounds import personal_round
from bot.chat.campaign.stuck_apps import at_a_standstill
from bot.chat.words import Words
from bot.domain.campaign.channels.report import burn_down, count, main_deadline
from bot.domain.campaign.intents import Open, Policy, Reason
from bot.domain.campaign.put_off import put_off_until
from bot.domain.campaign.windows import Tone
from bot.domain.consent.requests import ConsentRequest, Stage, Step
from bot.domain.delivery.notices import ChannelNudge, ChannelReport, OperatorDigest, PersonalRound
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import ChatIdentity
from bot.domain.summaries import RANKS, AppSummary, Wanted
from bot.message import Block, Message
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock, Secrets
from bot.ports.writing import BoardContents, ChartRenderer
from bot.services.campaign.boards import NEWS, news
from bot.services.campaign.deadlines import deadlines


@define(kw_only=True, eq=False)
class CampaignWriter:
    """The letters of the campaign; it also writes boards (`bot.ports.writing.BoardWriter`).

    Without a painter a report has no picture.
    """

    _ledger: Ledger
    _clock: Clock
    _policy: Policy
    _words: Words = field(alias="language", converter=Words)
    _secrets: Secrets
    _chart_renderer: ChartRenderer | None = None
    _public_url: str = ""
    _chat_is_proof: bool = False

    @property
    def zone(self) -> tzinfo:
        """The organisation's own, by which channels are told the time."""
        return self._policy.calendars.of("").zone

    def board(self, contents: BoardContents) -> Message:
        return boards.board(self._words, contents, self.zone)

    def moved(self) -> Message:
        return boards.moved(self._words)

    def closed(self) -> Message:
        return boards.closed(self._words)

    async def compose(
        self,
        notice: PersonalRound | ChannelNudge | ChannelReport | OperatorDigest,
        links: Mapping[str, str],
    ) -> Message | None:
        """The message, or None when there is nothing to tell any more."""
        match notice:
            case PersonalRound():
                return await self._round(notice, links)
            case ChannelNudge():
                return await self._nudge(notice)
            case ChannelReport(org=org):
                return await self._report(org)
            case OperatorDigest(to):
                words = Words(to.language or self._words.language)
                return await digest(self._ledger, notice, words, self._policy, self._clock.now())

    async def _round(self, notice: PersonalRound, links: Mapping[str, str]) -> Message | None:
        now = self._clock.now()
        requests = await self._waiting(notice.requests, now)
        if not requests:
            return None
        language = notice.to.language or self._words.language
        also = await self._waiting(notice.also, now)
        words = Words(language)
        return personal_round(
            words,
            notice,
            requests,
            links,
            self._policy,
            now,
            also=also,
            chat_is_proof=self._chat_is_proof,
        )

    async def _waiting(self, ids: Sequence[str], now: datetime) -> list[ConsentRequest]:
        """Those that the person still has something to do about, and did not put off meanwhile."""
        found = []
        for request_id in ids:
            request = await self._ledger.request(request_id)
            if request is None:
                continue
            later = put_off_until(request, now, self._policy)
            if later is not None and later > now:
                continue
            record = await self._ledger.app(request.app)
            if record is not None and Open(request, record.state(now)).waits:
                found.append(request)
        return found

    async def stuck(self, words: Words) -> list[Block]:
        """What is stuck now."""
        return await at_a_standstill(self._ledger, words, self._policy, self._clock.now())

    async def sample(self, asker: ChatIdentity) -> Message | None:
        """A round as the asker would see it, made from an open app; its button leads nowhere."""
        now = self._clock.now()
        record = await self._most_pressing()
        if record is None:
            return None
        request = ConsentRequest(
            id="sample",
            app=record.app.ref,
            app_label=record.app.label,
            tenant_id=record.tenant_id,
            tenant_domain=record.tenant.domain if record.tenant else record.app.tenant_name,
            admin_object_id="",
            admin_name=asker.display_name or asker.user_id,
            admin_upn="",
            chat=asker,
            code=self._secrets.code(),
            requested_by=asker.display_name or asker.user_id,
            requested_at=now,
            stage=Stage.DELIVERED,
        )
        calendar = self._policy.calendars.of_person(asker)
        left = calendar.days_left(calendar.today(now), self._policy.deadline(request).on)
        window = self._policy.campaign.window(left)
        notice = PersonalRound(
            asker, "sample", (request.id,), Reason.ROUND.value, window.name.value, Tone.CALM.value
        )
        links = {request.id: f"{self._public_url}/"}
        words = Words(asker.language or self._words.language)
        return personal_round(words, notice, (request,), links, self._policy, now, can_wait=False)

    async def _most_pressing(self) -> AppSummary | None:
        """Of the apps for which somebody can be asked."""
        for state in RANKS:
            if state is not None and state.wants_consent:
                page = await self._ledger.page(1, 1, Wanted(state=state))
                if page.shown:
                    return page.shown[0]
        return None

    async def _nudge(self, notice: ChannelNudge) -> Message | None:
        since = datetime.fromisoformat(notice.since)
        until = datetime.fromisoformat(notice.until) if notice.until else self._clock.now()
        entries = news(await self._ledger.audit(NEWS), since, until, notice.org)
        apps = await self._ledger.summaries_of({AppRef.parse(entry.subject) for entry in entries})
        taken = {entry.subject for entry in entries if entry.action == Step.ACKNOWLEDGE}
        found = [
            await self._ledger.request(app.request_id) for app in apps if str(app.ref) in taken
        ]
        requests = {request.id: request for request in found if request is not None}
        return boards.nudge(self._words, entries, {app.ref: app for app in apps}, requests)

    async def _report(self, org: str) -> Message | None:
        today = self._clock.now().date()
        counts = await self._ledger.counts()
        if not counts or (org and org not in counts):
            return None
        past = [day for day in await self._ledger.history() if day.on < today]
        counted = (day.of(org) for day in (*past, count(today, counts)))
        days = [day for day in counted if day is not None]
        dates = await deadlines(self._ledger, self._policy.campaign, counts, org)
        deadline = main_deadline(dates, today)
        chart = burn_down(days, deadline)
        url = ""
        if self._chart_renderer is not None and len(days) > 1:
            png = await self._chart_renderer.burn_down(chart, reports.labels(self._words, chart))
            # Nobody can guess the name; it shows counts only.
            name = hashlib.sha256(self._secrets.token().encode()).hexdigest()[:40]
            await self._ledger.save_picture(name, png)
            url = f"{self._public_url}/p/{name}.png"
        return reports.report(self._words, chart, url, org)
