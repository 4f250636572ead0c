"""Lets a company live: the product as it is wired, time jumping to whatever is due next."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.domain.campaign.windows import Campaign
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.deliveries import Phase
from bot.domain.delivery.notices import Notice, PersonalRound
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity, OktaAdmin, Platform
from bot.domain.schedule import BOARDS
from bot.errors import ChatError, ConsentError
from bot.services.consent.actors import ByChat
from bot.services.inventory.scan import Scan
from bot.services.inventory.verdicts import settled
from bot.settings.sections.chat import TeamsSettings
from bot.wiring.services import assemble
from tests.fakes import (
    FakeClock,
    FakeDirectory,
    FakeEntra,
    Presence,
)
from tests.promises.checks import Checks
from tests.promises.company import DAY, HOUR, MINUTE, START, Company, Human, company
from tests.promises.outside import Chat, NoLimits, Watched
from tests.wiring import outside, settings


class Life:
    """One case."""

    def __init__(self, of: Company) -> None:
        self.company = of
        self.ledger, self.clock = Watched(self), FakeClock(START)
        self.checks = Checks(self.company, self.ledger)
        self.rng = self.company.rng
        self.told: list[tuple[datetime, Notice]] = []
        self._due: list[tuple[datetime, str, object]] = list(self.company.happens)
        everybody = [one for human in self.company.humans for one in human.accounts]
        self.chats = {
            platform: Chat(self, platform, *(one for one in everybody if one.platform is platform))
            for platform in Platform
        }
        entra = FakeEntra(*{r.tenant for r in self.company.records if r.tenant is not None})
        entra.admins = dict(self.company.admins)
        scan = Scan(orgs={}, entra=entra, ledger=self.ledger, clock=self.clock, lived=self.clock)
        self.entra, self._scan = entra, scan
        self._outside = outside(
            ledger=self.ledger,
            entra=entra,
            messengers=self.chats,
            limits=NoLimits(),
            clock=self.clock,
            presence=Presence(),
            directories={platform: FakeDirectory() for platform in Platform},
        )
        self._start()

    def _start(self) -> None:
        """The process is started, with the settings as they are now."""
        operate = [one for human in self.company.humans if human.operates for one in human.accounts]
        by = {p: tuple(a.user_id for a in operate if a.platform is p) for p in Platform}
        plain = settings()
        assert plain.slack is not None
        teams = TeamsSettings.model_construct(
            app_id="", tenant_id="", channel="", operators=by[Platform.TEAMS]
        )
        self.said = plain.model_copy(
            update={
                "slack": plain.slack.model_copy(update={"operators": by[Platform.SLACK]}),
                "teams": teams,
            }
        )
        self.services = assemble(self.said, self._outside, self._scan, self.company.policy)
        self._begun = False

    @property
    def operator(self) -> ChatIdentity:
        """Whoever sends: one of those who operate, on one of their accounts."""
        operate = [human for human in self.company.humans if human.operates]
        return self.rng.choice(self.rng.choice(operate).accounts)

    # -------------------------------------------------------------- time

    async def run(self, days: int | None = None) -> list[str]:
        """Live it, or so many days of it; what was not kept, as words."""
        end = START + self.company.days * DAY
        if days is not None:
            end = self.clock.now() + days * DAY
        while (now := self.clock.now()) < end and not self.checks.found:
            while self._due and self._due[0][0] <= now:
                _, what, about = self._due.pop(0)
                await self._happen(what, about)
            if not self.company.is_out(Platform.MAIL, now):  # the bot itself is up
                await self._work()
            self.checks.looked(now)
            self.clock.forward(max(self._next(now, end) - now, timedelta(seconds=1)))
        return self.checks.found

    async def _work(self) -> None:
        if not self._begun:
            await self.services.remind.start()
            await self.ledger.save_okta_admins("contoso", self._partners())
            self._begun = True
        for _ in range(4):
            # What is due first: a tick hands that to the engine, which nobody works off here.
            if keys := await self.ledger.due(self.clock.now(), 1000):
                await self.services.deliver.batch(keys)
            self.ledger.schedule.pop(BOARDS, None)
            await self.services.remind.tick()
            if not keys and not await self.ledger.due(self.clock.now(), 1000):
                return

    def _partners(self) -> tuple[OktaAdmin, ...]:
        return tuple(
            OktaAdmin("contoso", human.name, human.name, human.address, "APP_ADMIN")
            for human in self.company.partners
        )

    def _next(self, now: datetime, end: datetime) -> datetime:
        times = [end, *(at for at, _, _ in self._due[:1])]
        lines = self.ledger.schedule.values()
        if any(at <= now for at in lines) and not self.company.is_out(Platform.MAIL, now):
            return now + timedelta(seconds=1)  # put there while the tick was under way
        times += [at for at in lines if at > now]
        times += [
            one.due_at
            for one in self.ledger.all_deliveries.values()
            if one.phase is Phase.DUE and one.due_at > now
        ]
        times += [to for _, to, _ in self.company.outages if to > now]
        return min(times)

    def falls_silent(self) -> None:
        """From now on nobody does anything, and nothing breaks."""
        self._due.clear()
        self.company.outages.clear()
        for human in self.company.humans:
            human.habit = "deaf"

    def _later(self, at: datetime, what: str, about: object) -> None:
        self._due.append((at, what, about))
        self._due.sort(key=lambda one: one[0])

    # -------------------------------------------------------------- what people do

    def sent(self, notice: Notice, text: str) -> None:
        """A message is there: checked, and perhaps answered."""
        now = self.clock.now()
        self.told.append((now, notice))
        self.checks.sent(notice, text, now)
        if isinstance(notice, PersonalRound):
            human = self.company.human(notice.to)
            wait = {"quick": 20 * MINUTE, "slow": 60 * HOUR}.get(human.habit, 6 * HOUR)
            if human.habit != "deaf" and self.rng.random() < 0.7:
                self._later(now + self.rng.random() * wait + MINUTE, "act", human)

    async def _happen(self, what: str, about: object) -> None:
        match what, about:
            case "app", AppRecord() as record:
                seen = tuple(replace(e, seen_at=self.clock.now()) for e in record.evidence)
                await self.ledger.commit(Changes(apps=(replace(record, evidence=seen),)))
                if (tenant := record.tenant) is not None:  # a look at an app reads these, too
                    await self.ledger.save_global_admins(tenant.id, self.company.admins[tenant.id])
            case "send all", _:
                before = set(self.ledger.all_requests)
                await self._say(self.operator, "send all")
                fresh = [one for one in self.ledger.all_requests.values() if one.id not in before]
                self.checks.shared_out(fresh, self.clock.now())
            case "send all now", _:
                await self._say(self.operator, "send all now sure")
            case "send now", AppRecord() as record:
                await self._say(self.operator, f"send {record.app.ref} now")
            case "waive", AppRecord() as record:
                until = (self.clock.now() + 60 * DAY).date()
                words = f"waive {record.app.ref} until {until} because it is old"
                await self._say(self.operator, f"{words} sure")
            case "unwaive", AppRecord() as record:
                await self._say(self.operator, f"unwaive {record.app.ref} sure")
            case "dates", Campaign() as campaign:
                self.company.policy = replace(self.company.policy, campaign=campaign)
                self.company.dated_at = self.clock.now()
                self._start()
            case "operators", Human() as human:
                for one in self.company.humans:
                    one.operates = one is human
                self._start()
            case "lose role", Human() as human:
                for tenant_id, admins in self.company.admins.items():
                    others = tuple(one for one in admins if one.upn != human.address)
                    self.company.admins[tenant_id] = self.entra.admins[tenant_id] = others
                    if await self.ledger.global_admins(tenant_id) is not None:
                        await self.ledger.save_global_admins(tenant_id, others)
            case "back", Human() as human:
                if not self.company.is_out(Platform.MAIL, self.clock.now()):
                    await self._say(human.accounts[0], "back")
                    if human.away:
                        self.checks.back(human, self.clock.now())
            case "whole week", Human() as human:
                if not self.company.is_out(Platform.MAIL, self.clock.now()):
                    await self._say(human.accounts[0], "I work every day")
                    human.days_off = frozenset()
            case "away", (Human() as human, int(days)):
                until = self.company.day(human.accounts[0], self.clock.now()) + days * DAY
                await self._away(human, human.accounts[0], until)
            case "part time", (Human() as human, int(day)):
                left = self.company.policy.calendars.hours.days - {day}
                chat = human.accounts[0]
                await self._say(chat, f"I don't work {WEEK[day]}")
                is_up = not self.company.is_out(Platform.MAIL, self.clock.now())
                if left and is_up and await self._is_known(human):
                    human.days_off = frozenset({day})
            case "act", Human() as human:
                await self._act(human)
            case "talk", Human() as human:
                await self._say(self.rng.choice(human.accounts), "help")

    async def _say(self, who: ChatIdentity, words: str) -> None:
        """Say it, unless the bot is down."""
        if not self.company.is_out(Platform.MAIL, self.clock.now()):
            await self.services.conversation.answer(words, who, private=True)

    async def _away(self, human: Human, chat: ChatIdentity, until: date) -> None:
        """Say so, asked or not; strangers are not heard."""
        now = self.clock.now()
        if self.company.is_out(Platform.MAIL, now):
            return
        today = self.company.day(chat, now)
        first = until - (until.toordinal() % 4) * DAY  # some are of a few days and begin later
        since = first if first > today else None
        await self._say(chat, f"away {f'from {since} until ' if since else ''}{until}")
        if await self._is_known(human):
            self.checks.away(human, since, until, now)

    async def _is_known(self, human: Human) -> bool:
        """Whether the bot knows that they were or might be asked, or operate.

        It has read their tenant. Okta's administrators matter to it once that org has an app.
        """
        if any(one.chat in human.accounts for one in self.ledger.all_requests.values()):
            return True
        read = [await self.ledger.global_admins(one) or () for one in self.company.admins]
        admins = (one.upn for each in read for one in each)
        is_partner = human in self.company.partners and bool(self.ledger.all_apps)
        return (human.operates and human.in_chat) or is_partner or human.address in admins

    async def _act(self, human: Human) -> None:
        """One of the things that people do about one of their apps."""
        mine = [
            request
            for account in human.accounts
            for request in await self.ledger.requests_of(account)
            if request.stage is not Stage.REQUESTED
        ]
        if not mine or self.company.is_out(Platform.MAIL, self.clock.now()):
            return
        how = {
            "puts off": ("later",),
            "wrong": ("notme", "later"),
            "partly": ("done",),
            "away": ("done", "away", "me"),
        }.get(human.habit, ("done", "me", "saved", "later", "done", "introduce"))
        some = mine if human.habit == "quick" else self.rng.sample(mine, min(len(mine), 2))
        for request in some:
            await self._answer(human, request, self.rng.choice(how))

    async def _answer(self, human: Human, request: ConsentRequest, how: str) -> None:
        now, chat = self.clock.now(), request.chat
        if how in ("me", "saved", "introduce") and chat.platform is Platform.MAIL:
            how = "done"  # by mail there is no such button
        match how:
            case "done":
                await self._migrated(request)
            case "later":
                days = self.rng.randint(1, 9)
                when = (now + days * DAY).date()
                await self._say(chat, f"later {request.code} {when} 1{self.rng.randint(0, 3)}:00")
            case "notme":
                await self._say(chat, f"notme {request.code} sure")
            case "away":
                until = self.company.day(chat, now) + self.rng.randint(1, 9) * DAY
                await self._away(human, chat, until)
            case "me":
                await self._say(chat, f"me {request.code}")
            case "introduce":
                await self._say(chat, f"me {request.code}")
                with suppress(ConsentError, ChatError):  # nobody is left, or their chat is away
                    await self.services.introduce(ByChat(chat, request.code))
            case "saved":
                await self._say(chat, f"me {request.code}")
                await self._say(chat, f"saved {request.code}")
        self.checks.acted(human, now)

    async def _migrated(self, request: ConsentRequest) -> None:
        """They did it, and the next look sees it."""
        now = self.clock.now()
        old = await self.ledger.app(request.app)
        if old is None or not old.state(now).wants_consent:
            return
        seen = (
            Evidence(EvidenceKind.CONNECTION_ON, now),
            Evidence(EvidenceKind.PROVISIONING_APP_CREATED, now, now, event_id="made"),
        )
        new = replace(old, evidence=seen, scanned_at=now, revision=old.revision + 1)
        await self.ledger.commit(await settled(self.ledger, old, new, now, by="scan"))


WEEK = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True)
class Finding:
    number: int
    what: str


def probe(numbers: Sequence[int]) -> list[Finding]:
    """What was not kept in these cases; companies in which nobody is told anything show nothing."""
    found: list[Finding] = []
    messages = 0
    for number in numbers:
        life = Life(company(number))
        found += [Finding(number, what) for what in asyncio.run(life.run())]
        messages += life.checks.messages
    if messages < len(numbers):
        found.append(Finding(numbers[0], f"only {messages} messages in {len(numbers)} companies"))
    return found
