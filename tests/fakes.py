"""Hand-written stand-ins, in memory, for what the part under test is handed."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from bot.chat.campaign.writer import CampaignWriter
from bot.chat.delivery.composer import NoticeComposer
from bot.domain.campaign.channels.report import BurnDown
from bot.domain.campaign.intents import Policy
from bot.domain.consent.links import link_digest
from bot.domain.consent.requests import ConsentRequest, MfaShown
from bot.domain.consent.sign_in import Attempt, Session, SignedIn
from bot.domain.delivery.limits import Pacing
from bot.domain.delivery.notices import Channel, Notice
from bot.domain.evidence.rules import Evidence
from bot.domain.inventory.apps import (
    AppRef,
    ConnectionStatus,
    Office365App,
    ProvisioningConnection,
    Tenant,
)
from bot.domain.people.access import Group
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, Holding, OktaAdmin, Platform
from bot.errors import ChatUnreachable, CloudError, CloudNotFound, StoreUnavailable, TenantUnknown
from bot.message import Buttons, Message, OpenLink
from bot.ports.access import Known
from bot.ports.chat import ConversationRef, Sent
from bot.ports.clouds import LogPage, OktaOrg
from bot.ports.store.ledger import Ledger
from bot.ports.system import Clock
from bot.ports.writing import NO_LINKS
from tests.examples import NOW, POLICY


class OnceInMemory:
    """The Once port. It never forgets, whatever `remember` says; `down` is a store that is away."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.down = False

    async def first_time(self, key: str, remember: timedelta) -> bool:
        if self.down:
            raise StoreUnavailable("The store cannot be reached.")
        if key in self.seen:
            return False
        self.seen.add(key)
        return True


class ConversationsInMemory:
    """The Conversations port in memory."""

    def __init__(self) -> None:
        self.refs: dict[str, ConversationRef] = {}
        self.people: set[str] = set()
        self.addresses: dict[str, str] = {}

    async def remember(self, ref: ConversationRef) -> None:
        if ref.kind == "personal":
            self.people.add(ref.object_id)
        self.refs.pop(ref.conversation_id, None)  # the newest stands last
        self.refs[ref.conversation_id] = ref

    async def met(self, ref: ConversationRef) -> None:
        await self.remember(ref)

    async def forget(self, conversation_id: str) -> None:
        self.refs.pop(conversation_id, None)

    async def had_app(self, object_id: str) -> bool:
        return object_id in self.people

    async def personal(self, object_id: str) -> ConversationRef | None:
        return next(
            (
                ref
                for ref in reversed(self.refs.values())
                if ref.kind == "personal" and ref.object_id == object_id
            ),
            None,
        )

    async def conversation(self, conversation_id: str) -> ConversationRef | None:
        return self.refs.get(conversation_id)

    async def save_addresses(self, object_id: str, addresses: Iterable[str]) -> None:
        self.addresses |= dict.fromkeys(addresses, object_id)

    async def of_address(self, address: str) -> str:
        return self.addresses.get(address, "")


# ------------------------------------------------------------------ what the services are handed


class Killed(BaseException):
    """The process ends here: nothing of ours catches it, as nothing survives a kill -9."""


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def forward(self, by: timedelta) -> None:
        self._now += by


class CountingSecrets:
    """Randomness that a test can foresee: token-1, id-1, CODE-1, …"""

    def __init__(self) -> None:
        self.tokens = 0
        self._others = 0

    def token(self) -> str:
        self.tokens += 1
        return f"token-{self.tokens}"

    def identifier(self) -> str:
        self._others += 1
        return f"id-{self._others}"

    def code(self) -> str:
        self._others += 1
        return f"CODE-{self._others}"


class FakeEngine:
    """Notes down what is to be done; the test decides when it is."""

    def __init__(self) -> None:
        self.deliveries: list[tuple[str, datetime]] = []
        self.batches: list[tuple[str, ...]] = []
        self.scans: list[str] = []
        self.verifications: list[tuple[AppRef, datetime]] = []

    async def deliver(self, key: str, at: datetime) -> None:
        self.deliveries.append((key, at))

    async def deliver_all(self, keys: Sequence[str]) -> None:
        self.batches.append(tuple(keys))

    async def scan(self, org: str) -> None:
        self.scans.append(org)

    async def verify(self, ref: AppRef, at: datetime) -> None:
        self.verifications.append((ref, at))


@dataclass
class Posted:
    """A message as it stands on the platform."""

    to: ChatIdentity | Channel
    message: Message
    key: str
    thread: str = ""


class FakeMessenger:
    """One chat platform in memory.

    `refuses` is raised by the next calls, one each, before anything is taken; `breaks` after the
    message was taken, which is what a lost answer looks like. `tells`: whether a message can be
    found by its key (Slack can, Teams cannot); `looks_refused` is raised by these questions,
    `hidden` by each search for a person. `meanwhile` is what happens between taking a personal
    message and answering, the next time.
    """

    def __init__(
        self, *people: ChatIdentity, platform: Platform = Platform.SLACK, tells: bool = True
    ) -> None:
        self.platform = platform
        self.people = people
        self.tells = tells
        self.refuses: list[BaseException] = []
        self.looks_refused: list[BaseException] = []
        self.breaks: list[BaseException] = []
        self.hidden: BaseException | None = None
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.posted: dict[str, Posted] = {}
        self.updates: list[str] = []
        self.pinned: list[str] = []
        self.searched: list[tuple[str, ...]] = []
        self.introduced: list[tuple[ChatIdentity, ...]] = []
        self.asked_after: list[str] = []

    async def find_person(
        self, addresses: Sequence[str], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        await asyncio.sleep(0)
        self.searched.append(tuple(addresses))
        if self.hidden is not None:
            raise self.hidden
        return tuple(
            p for p in self.people if p.email.lower() in addresses or p.user_id == object_id
        )

    async def profile(self, account: ChatIdentity) -> ChatIdentity:
        await asyncio.sleep(0)
        if self.refuses:
            raise self.refuses.pop(0)
        return next((p for p in self.people if p.user_id == account.user_id), account)

    async def send_personal(self, to: ChatIdentity, message: Message, key: str) -> Sent:
        sent = await self._take(to, message, key)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return sent

    async def post(self, to: Channel, message: Message, key: str, thread: str = "") -> Sent:
        return await self._take(to, message, key, thread)

    async def pin(self, message_id: str) -> None:
        await asyncio.sleep(0)
        self.pinned.append(message_id)

    async def update(self, message_id: str, message: Message) -> None:
        await asyncio.sleep(0)
        if self.refuses:
            raise self.refuses.pop(0)
        self.posted[message_id].message = message
        self.updates.append(message_id)

    async def introduce(self, people: Sequence[ChatIdentity], message: Message, key: str) -> Sent:
        self.introduced.append(tuple(people))
        return await self._take(people[0], message, key)

    async def find_sent(
        self, to: ChatIdentity | Channel, key: str, thread: str = ""
    ) -> Sent | None:
        await asyncio.sleep(0)
        if self.looks_refused:
            raise self.looks_refused.pop(0)
        sought = (to, key, thread)
        found = [i for i, p in self.posted.items() if (p.to, p.key, p.thread) == sought]
        return Sent(found[0]) if found and self.tells else None

    async def keys_since(self, to: ChatIdentity, at: datetime) -> frozenset[str] | None:
        await asyncio.sleep(0)
        if self.looks_refused:
            raise self.looks_refused.pop(0)
        found = frozenset(p.key for p in self.posted.values() if p.to == to)
        return found if self.tells else None

    async def messages_after(self, message_id: str, enough: int) -> int | None:
        await asyncio.sleep(0)
        self.asked_after.append(message_id)
        if self.refuses:
            raise self.refuses.pop(0)
        ids, to = list(self.posted), self.posted[message_id].to
        later = (self.posted[one] for one in ids[ids.index(message_id) + 1 :])
        found = sum(one.to == to and not one.thread for one in later)
        return min(found, enough) if self.tells else None

    async def _take(
        self, to: ChatIdentity | Channel, message: Message, key: str, thread: str = ""
    ) -> Sent:
        await asyncio.sleep(0)
        if self.refuses:
            raise self.refuses.pop(0)
        message_id = f"m{len(self.posted) + 1}"
        self.posted[message_id] = Posted(to, message, key, thread)
        if self.breaks:
            raise self.breaks.pop(0)
        return Sent(message_id)


class FreePace:
    """The platforms' limits as if there were none; `waits` are handed out first, in seconds.

    `paused` keeps the scopes that were told to be left alone, and until when.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.asked: list[Pacing] = []
        self.paused: dict[str, datetime] = {}

    async def slot(self, pacing: Pacing, now: datetime, held: datetime | None = None) -> datetime:
        await asyncio.sleep(0)
        self.asked.append(pacing)
        paused = max(self.paused.get(pacing.platform, now), self.paused.get(pacing.shared, now))
        if paused > now or (held is not None and held <= now):
            return paused
        return now + timedelta(seconds=self.waits.pop(0) if self.waits else 0)

    async def pause(self, scope: str, until: datetime) -> None:
        await asyncio.sleep(0)
        self.paused[scope] = max(until, self.paused.get(scope, until))


class PlainComposer:
    """Writes a notice as its kind, the link as a button. `silent`: nothing to tell any more.

    `broken` is raised instead, by notice.
    """

    def __init__(self) -> None:
        self.silent = False
        self.broken: dict[Notice, Exception] = {}

    async def compose(
        self,
        notice: Notice,
        *,
        request: ConsentRequest | None = None,
        link: str = "",
        links: Mapping[str, str] = NO_LINKS,
    ) -> Message | None:
        if notice in self.broken:
            raise self.broken[notice]
        if self.silent:
            return None
        found = {"open": link} if link else links
        opened = tuple(OpenLink(name, "Open", url) for name, url in found.items())
        button = (Buttons(opened),) if opened else ()
        return Message(notice.kind, button)


class FakeOktaOrg:
    """One Okta org in memory. Whatever is given as a CloudError is raised where it is read.

    `read_from` lists the cursors, or else moments, that the log was read from; `asked` the apps
    whose connection was read, and `admins`.
    """

    def __init__(self, name: str, *apps: Office365App) -> None:
        self.name = name
        self.listed: list[Office365App] = list(apps)
        self.listing: CloudError | None = None
        self.hides_tab: CloudError | None = None
        self.unnamed: dict[str, str] = {}  # apps that are there, of a kind that is not listed
        self.connections: dict[str, ProvisioningConnection | CloudError] = {}
        self.log: Mapping[str, tuple[Evidence, ...]] | CloudError = {}
        self.admins: tuple[OktaAdmin, ...] | CloudError = ()
        self.read_from: list[str | datetime] = []
        self.asked: list[str] = []

    async def apps(self) -> AsyncIterator[Office365App]:
        for app in self.listed:
            await asyncio.sleep(0)
            yield app
        if self.listing is not None:
            raise self.listing

    async def left_out(self, app_id: str) -> str:
        await asyncio.sleep(0)
        return self.unnamed.get(app_id, "")

    async def connection(self, app_id: str) -> ProvisioningConnection:
        self.asked.append(app_id)
        await asyncio.sleep(0)
        found: ProvisioningConnection | CloudError = CloudNotFound(
            "No such app.", where=self.name, call="GET connection"
        )
        if app_id in {app.ref.app_id for app in self.listed}:
            found = ProvisioningConnection(ConnectionStatus.ENABLED, "OAUTH2")
        return _or_raise(self.connections.get(app_id, found))

    async def read_log(self, app_ids: frozenset[str], cursor: str, since: datetime) -> LogPage:
        await asyncio.sleep(0)
        self.read_from.append(cursor or since)
        told = {app_id: e for app_id, e in _or_raise(self.log).items() if app_id in app_ids}
        return LogPage(told, frozenset(told), f"cursor-{len(self.read_from)}")

    async def app_admins(self) -> tuple[OktaAdmin, ...]:
        self.asked.append("admins")
        await asyncio.sleep(0)
        return _or_raise(self.admins)

    async def integration_tab(self, app_id: str) -> str:
        if self.hides_tab is not None:
            raise self.hides_tab
        return f"https://{self.name}-admin.okta.com/admin/app/office365/instance/{app_id}"


class FakeEntra:
    """Microsoft in memory: tenants by domain. A CloudError is raised where it is read."""

    def __init__(self, *tenants: Tenant) -> None:
        self.tenants = {tenant.domain: tenant for tenant in tenants}
        self.admins: dict[str, tuple[GlobalAdmin, ...] | CloudError] = {}
        self.consents: dict[str, tuple[Evidence, ...] | CloudError] = {}
        self.accounts: dict[str, tuple[Evidence, ...]] = {}
        self.registrations: dict[str, tuple[Evidence, ...]] = {}  # by client id
        self.gaps: dict[str, tuple[CloudError, ...]] = {}
        self.domains: dict[str, tuple[Evidence, ...]] = {}
        self.calls: list[str] = []
        self.holdings: dict[str, Holding | CloudError] = {}

    async def find_tenant(self, domain: str) -> Tenant:
        await asyncio.sleep(0)
        self.calls.append(f"find {domain}")
        by_id = {tenant.id: tenant for tenant in self.tenants.values()}
        if domain in by_id:
            return by_id[domain]
        if domain not in self.tenants:
            raise TenantUnknown(domain, call="GET discovery")
        return self.tenants[domain]

    async def tenant_of(self, name: str, domains: Sequence[str]) -> Tenant:
        for domain in (name if "." in name else f"{name}.onmicrosoft.com", *domains):
            if domain in self.tenants:
                return await self.find_tenant(domain)
        return await self.find_tenant(name)

    async def global_admins(self, tenant: Tenant) -> tuple[GlobalAdmin, ...]:
        await asyncio.sleep(0)
        self.calls.append(f"admins {tenant.id}")
        return _or_raise(self.admins.get(tenant.id, ()))

    def admin_gaps(self, tenant: Tenant) -> tuple[CloudError, ...]:
        return self.gaps.get(tenant.id, ())

    async def domain_evidence(
        self, tenant: Tenant, apps: Sequence[Office365App]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        await asyncio.sleep(0)
        return {a.ref.app_id: self.domains[a.domain] for a in apps if a.domain in self.domains}

    async def holding(self, tenant: Tenant, object_id: str) -> Holding | None:
        await asyncio.sleep(0)
        self.calls.append(f"holding {object_id}")
        return _or_raise(self.holdings.get(object_id))

    async def tenant_evidence(
        self, tenant: Tenant, known_as: Collection[str] = ()
    ) -> tuple[Evidence, ...]:
        await asyncio.sleep(0)
        self.calls.append(" ".join(("consent", tenant.id, *known_as)))
        return _or_raise(self.consents.get(tenant.id, ()))

    async def account_evidence(
        self, tenant: Tenant, app_ids: frozenset[str]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        await asyncio.sleep(0)
        return {app_id: self.accounts[app_id] for app_id in app_ids if app_id in self.accounts}

    async def registration_evidence(
        self, tenant: Tenant, client_ids: Mapping[str, str]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        await asyncio.sleep(0)
        self.calls += [f"registration {client_id}" for client_id in client_ids.values()]
        found = self.registrations
        return {
            app_id: found[client_ids[app_id]]
            for app_id in client_ids
            if client_ids[app_id] in found
        }


class FakeSignIn:
    """Microsoft's sign-in: whoever holds the code `<object id>@<tenant id>` is that account.

    `fails` is raised by the next redemption; `mfa` is what each sign-in shows.
    """

    def __init__(self) -> None:
        self.fails: list[Exception] = []
        self.mfa = MfaShown.NOT_PROVEN
        self.redeemed: list[tuple[str, str, str]] = []

    async def address(
        self, tenant_id: str, *, state: str, nonce: str, verifier: str, login_hint: str
    ) -> str:
        return f"https://login.example.com/{tenant_id}?state={state}&login_hint={login_hint}"

    async def redeem(self, tenant_id: str, *, code: str, nonce: str, verifier: str) -> SignedIn:
        await asyncio.sleep(0)
        self.redeemed.append((code, nonce, verifier))
        if self.fails:
            raise self.fails.pop(0)
        object_id, _, tenant = code.partition("@")
        return SignedIn(tenant or tenant_id, object_id, self.mfa)

    def consent_address(self, tenant: Tenant, *, state: str) -> str:
        return f"https://login.example.com/{tenant.id}/adminconsent?state={state}"


class SignInsInMemory:
    """The SignIns port in memory; nothing expires by itself."""

    def __init__(self) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.sessions: dict[str, Session] = {}

    async def begin(self, state: str, attempt: Attempt) -> None:
        self.attempts[link_digest(state)] = attempt

    async def take(self, state: str) -> Attempt | None:
        await asyncio.sleep(0)
        return self.attempts.pop(link_digest(state), None)

    async def open_session(self, secret: str, session: Session) -> None:
        await self.end_sessions(session.person)
        self.sessions[link_digest(secret)] = session

    async def session(self, secret: str) -> Session | None:
        return self.sessions.get(link_digest(secret))

    async def end_sessions(self, person: str) -> bool:
        theirs = [key for key, one in self.sessions.items() if one.person == person]
        for key in theirs:
            del self.sessions[key]
        return bool(theirs)


class Presence:
    """The Presence port in memory."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}

    async def seen(self, account: ChatIdentity, at: datetime) -> None:
        self._seen[str(account)] = at

    async def last_seen(self, accounts: Sequence[ChatIdentity]) -> Mapping[str, datetime]:
        return {str(one): self._seen[str(one)] for one in accounts if str(one) in self._seen}


class MembershipsInMemory:
    """The Memberships port in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[frozenset[str], datetime]] = {}
        self.revisions: dict[str, int] = {}

    async def known(self, names: Sequence[str], member: str) -> Sequence[Known]:
        kept = ((name, *self.kept.get(name, (frozenset(), None))) for name in names)
        return [
            Known(member in ids, at, str(self.revisions.get(name, 0))) for name, ids, at in kept
        ]

    async def keep(self, name: str, members: Collection[str], at: datetime, revision: str) -> None:
        if str(self.revisions.get(name, 0)) == revision:
            self.kept[name] = (frozenset(members), at)

    async def forget(self, name: str) -> None:
        self.kept.pop(name, None)
        self.revisions[name] = self.revisions.get(name, 0) + 1


class FakeDirectory:
    """The Directory port: everybody is a colleague but `outside`, and `groups` has the members."""

    def __init__(self, groups: Mapping[str, Collection[str]] | None = None) -> None:
        self.outside: set[str] = set()
        self.groups = {group: set(members) for group, members in (groups or {}).items()}
        self.down = False
        self.asked: list[str] = []

    async def is_colleague(self, who: ChatIdentity) -> bool:
        self._ask(str(who))
        return who.user_id not in self.outside

    async def members(self, group: Group) -> Collection[str]:
        self._ask(str(group))
        return frozenset(self.groups.get(group.id, ()))

    async def person_name(self, who: ChatIdentity) -> str:
        return f"Name of {who.user_id}"

    async def name_of(self, group: Group) -> str:
        return f"#{group.id.lower()}"

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if self.down:
            raise ChatUnreachable("The platform does not answer.")


class LimitsInMemory:
    """The Limits port in memory: one endless window."""

    def __init__(self) -> None:
        self.counted: dict[str, int] = {}

    async def hit(self, what: str, most: int, per: timedelta) -> float:
        self.counted[what] = self.counted.get(what, 0) + 1
        return 0.0 if self.counted[what] <= most else per.total_seconds()


Given = TypeVar("Given")


def _or_raise(given: Given | CloudError) -> Given:
    if isinstance(given, CloudError):
        raise given
    return given


# ------------------------------------------------------------------ the campaign


class BlankPainter:
    """Draws nothing."""

    async def burn_down(self, chart: BurnDown, labels: Mapping[str, str]) -> bytes:
        await asyncio.sleep(0)
        return b"png"


def reminding(
    ledger: Ledger, clock: Clock, by: Policy | None = None, language: str = "en"
) -> CampaignWriter:
    """The letters of a campaign without dates of its own, in UTC."""
    return CampaignWriter(
        ledger=ledger,
        clock=clock,
        policy=by or POLICY,
        language=language,
        secrets=CountingSecrets(),
        chart_renderer=BlankPainter(),
        public_url="https://o365bot.example.com",
    )


def composer(
    ledger: Ledger,
    now: datetime = NOW,
    language: str = "en",
    *,
    orgs: Mapping[str, OktaOrg] | None = None,
    by: Policy | None = None,
    chat_is_proof: bool = False,
) -> NoticeComposer:
    """Writes all that the bot tells unasked; it reads one Okta org, or `orgs`."""
    clock = FakeClock(now)
    return NoticeComposer(
        ledger=ledger,
        orgs={"contoso": FakeOktaOrg("contoso")} if orgs is None else orgs,
        clock=clock,
        language=language,
        reminding=reminding(ledger, clock, by, language),
        chat_is_proof=chat_is_proof,
    )
