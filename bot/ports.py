"""What the services need from the outside, as Protocols.

Each is implemented in one adapter folder and checked by one contract suite. Every method may raise
the errors of `bot.errors` that its section names, and nothing of a driver's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from bot.domain.agenda import Line
from bot.domain.apps import AppRef, Office365App, ProvisioningConnection, Tenant
from bot.domain.board import Board
from bot.domain.campaign import Deadline
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent import ConsentRequest
from bot.domain.deliveries import Delivery
from bot.domain.evidence import Evidence
from bot.domain.gaps import AdminGap
from bot.domain.inventory import AppRecord, OrgScan
from bot.domain.limits import Pacing
from bot.domain.notices import Channel, Notice
from bot.domain.onboarding import Onboarding
from bot.domain.people import ChatIdentity, GlobalAdmin, Holding, OktaAdmin
from bot.domain.people_policy import AccountNote
from bot.domain.prospects import Prospect
from bot.domain.recipients import Recipient
from bot.domain.report import BurnDown, DayCount
from bot.domain.sign_in import Attempt, Session, SignedIn
from bot.domain.troubles import Trouble
from bot.errors import CloudError
from bot.message import Message


class Clock(Protocol):
    """The time, in UTC."""

    def now(self) -> datetime: ...


class Secrets(Protocol):
    """Randomness that nobody can guess."""

    def token(self) -> str:
        """256 bits, URL-safe."""
        ...

    def identifier(self) -> str:
        """A short unique id."""
        ...

    def code(self) -> str:
        """A short code that people read to each other: no look-alike letters."""
        ...


# ------------------------------------------------------------------ clouds (raise CloudError)


@dataclass(frozen=True, slots=True)
class LogPage:
    """What a System Log holds between two cursors.

    `evidence` is by app id, oldest first; `changed` are the apps that any event is about; `cursor`
    is opaque: where the next read goes on.
    """

    evidence: Mapping[str, tuple[Evidence, ...]]
    changed: frozenset[str]
    cursor: str


class OktaOrg(Protocol):
    """One Okta org, read only."""

    @property
    def name(self) -> str: ...

    def apps(self) -> AsyncIterator[Office365App]:
        """Every Office 365 app instance, active or not, page by page."""
        ...

    async def connection(self, app_id: str) -> ProvisioningConnection:
        """The app's default provisioning connection."""
        ...

    async def read_log(self, app_ids: frozenset[str], cursor: str, since: datetime) -> LogPage:
        """What the System Log tells of these apps, going on from `cursor`.

        Without a cursor, or with one that the org does not take any more, from `since` (UTC).
        """
        ...

    async def app_admins(self) -> tuple[OktaAdmin, ...]:
        """Who may change the provisioning of Office 365 apps (CloudRefused: it cannot be told)."""
        ...

    async def integration_tab(self, app_id: str) -> str:
        """The address of the app's Provisioning > Integration tab in the Admin Console."""
        ...


class Entra(Protocol):
    """Microsoft Entra and Microsoft Graph, read only, for every tenant."""

    async def find_tenant(self, domain: str) -> Tenant:
        """The tenant that owns a domain, by OIDC discovery (CloudNotFound: there is none)."""
        ...

    async def global_admins(self, tenant: Tenant) -> tuple[GlobalAdmin, ...]:
        """Everybody who holds or may activate Global Administrator; persons only."""
        ...

    def admin_gaps(self, tenant: Tenant) -> tuple[CloudError, ...]:
        """What the last `global_admins` of this tenant did without, such as the eligible ones."""
        ...

    async def holding(self, tenant: Tenant, object_id: str) -> Holding | None:
        """How this account holds Global Administrator at this moment; None: not at all.

        Read anew each time. CloudRefused also when a group could not be looked into that may hold
        the role: what cannot be told is not "no".
        """
        ...

    async def tenant_evidence(self, tenant: Tenant) -> tuple[Evidence, ...]:
        """What tells whether the tenant consented to Okta's application.

        A part that could not be read comes as READ_FAILED evidence with `needed` "no".
        """
        ...

    async def account_evidence(
        self, tenant: Tenant, app_ids: frozenset[str]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        """The per-app service accounts in the tenant, by Okta app id."""
        ...

    async def domain_evidence(
        self, tenant: Tenant, apps: Sequence[Office365App]
    ) -> Mapping[str, tuple[Evidence, ...]]:
        """Whether each app's domain is this tenant's, and federated with its Okta org; by app id.

        What may not be read is left out: these are hints, nothing rests on them.
        """
        ...


# ------------------------------------------------------------------ chat (raise ChatError)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its platform: where it is and what it is called there (opaque)."""

    message_id: str


class Messenger(Protocol):
    """One chat platform, outward. The adapter draws the neutral message in its own form."""

    @property
    def tells(self) -> bool:
        """Whether `find_sent` can tell: where it cannot, None means "nobody knows"."""
        ...

    async def find_person(
        self, addresses: Sequence[str], object_id: str, tenant_id: str
    ) -> tuple[ChatIdentity, ...]:
        """The accounts of a person, by address or Entra object id; empty when there is none."""
        ...

    async def send_personal(self, to: ChatIdentity, message: Message, key: str) -> Sent:
        """One direct message. `key` marks it, so that `find_sent` can find it again."""
        ...

    async def post(self, to: Channel, message: Message, key: str, thread: str = "") -> Sent:
        """One channel message, marked with `key`; `thread` is the message that it replies to."""
        ...

    async def pin(self, message_id: str) -> None:
        """Keep a message at hand in its channel. Does nothing where a bot cannot, or may not."""
        ...

    async def update(self, message_id: str, message: Message) -> None:
        """Change a message in place (MessageGone: it no longer exists)."""
        ...

    async def introduce(self, people: Sequence[ChatIdentity], message: Message, key: str) -> Sent:
        """Bring people together over one message, marked with `key`.

        Slack: a group conversation of them and the bot. Teams, where a bot cannot open one: the
        message to each of them.
        """
        ...

    async def find_sent(self, to: ChatIdentity | Channel, key: str) -> Sent | None:
        """The message that was sent with `key`, if the platform can tell; None otherwise."""
        ...


class Pace(Protocol):
    """The platforms' limits, kept by all replicas together (raises StoreError)."""

    async def slot(self, pacing: Pacing, now: datetime, held: datetime | None = None) -> datetime:
        """When the call may be made: `now` at the earliest; that time is then kept free for it.

        `held`: a time that was kept free for it before. It still counts unless a pause came up.
        """
        ...

    async def pause(self, scope: str, until: datetime) -> None:
        """No replica makes a call of this `platform` or `shared` quota before then."""
        ...


NO_LINKS: Mapping[str, str] = MappingProxyType({})


class Composer(Protocol):
    """Writes a notice out in words, from the present truth."""

    async def compose(
        self, notice: Notice, *, link: str = "", links: Mapping[str, str] = NO_LINKS
    ) -> Message | None:
        """The message, or None when there is nothing to tell any more.

        `link` is the address of a personal link, `links` those of a round by request id.
        """
        ...


@dataclass(frozen=True, slots=True)
class Standings:
    """What a board shows. `now` is UTC; `deadline` is the date that comes next."""

    records: tuple[AppRecord, ...]
    requests: Mapping[str, ConsentRequest]
    scans: Mapping[str, OrgScan]
    deadline: Deadline
    working_days_left: int
    now: datetime


class BoardWriter(Protocol):
    """Writes boards out in words."""

    def board(self, standings: Standings) -> Message: ...

    def moved(self) -> Message:
        """What stays of a board that was posted anew further down."""
        ...


class Painter(Protocol):
    """Draws pictures; both calls may take a while, and hold nothing up."""

    async def burn_down(self, chart: BurnDown, labels: Mapping[str, str]) -> bytes:
        """A burn-down as a PNG. `labels` are the words in it, by what they name."""
        ...


# ------------------------------------------------------------------ ledger (raise StoreError)


class Ledger(Protocol):
    """The product's own records: apps, consent requests, deliveries, and the audit stream.

    Everything is read by its own method and changed by one: `commit`.
    """

    async def commit(self, changes: Changes) -> None:
        """Write all changes and their audit entries in one atomic step.

        Raises Conflict, and writes nothing, when a record is not at the revision before; NotDurable
        when an acknowledgement was written but is not on enough replicas.
        """
        ...

    async def app(self, ref: AppRef) -> AppRecord | None: ...

    async def apps(self, org: str = "") -> tuple[AppRecord, ...]:
        """Every app of one org, or of all orgs."""
        ...

    async def scans(self) -> Mapping[str, OrgScan]:
        """How the last look at each org went."""
        ...

    async def save_scan(self, scan: OrgScan) -> None: ...

    async def global_admins(self, tenant_id: str) -> tuple[GlobalAdmin, ...] | None:
        """A tenant's Global Administrators as last read within a day; None when not known."""
        ...

    async def save_global_admins(
        self,
        tenant_id: str,
        admins: Sequence[GlobalAdmin],
        gaps: Sequence[AdminGap] = (),
    ) -> None: ...

    async def admin_gaps(self, tenant_id: str) -> tuple[AdminGap, ...]:
        """What the look that `global_admins` comes from did without."""
        ...

    async def okta_admins(self, org: str) -> tuple[OktaAdmin, ...] | None:
        """An org's Office 365 app admins as last read within a day; None when not known."""
        ...

    async def save_okta_admins(self, org: str, admins: Sequence[OktaAdmin]) -> None: ...

    async def account_notes(self) -> tuple[AccountNote, ...]:
        """Everything that was said of admin accounts by command."""
        ...

    async def prospects(self, org: str = "") -> Mapping[AppRef, Prospect]:
        """Who would be asked for the apps of one org, or of all orgs, as last looked at."""
        ...

    async def request(self, request_id: str) -> ConsentRequest | None: ...

    async def request_by_link(self, digest: str) -> ConsentRequest | None:
        """The request whose link, now or formerly, has this digest."""
        ...

    async def request_by_code(self, code: str) -> ConsentRequest | None:
        """The newest request that shows this short code, as people type it."""
        ...

    async def onboarding(self, onboarding_id: str) -> Onboarding | None: ...

    async def onboarding_by_link(self, digest: str) -> Onboarding | None: ...

    async def onboarding_of(self, tenant_id: str) -> Onboarding | None:
        """The newest onboarding of a tenant."""
        ...

    async def open_requests(self) -> tuple[ConsentRequest, ...]: ...

    async def requests_for(self, app: AppRef) -> tuple[ConsentRequest, ...]:
        """Every request of one app that is still kept, oldest first."""
        ...

    async def delivery(self, key: str) -> Delivery | None: ...

    async def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Keys of what is due, or was being sent when its lease ran out; oldest first."""
        ...

    async def take_due(self, now: datetime, limit: int, hold: timedelta) -> tuple[str, ...]:
        """The same, each handed out once: for `hold` nobody else is given it."""
        ...

    async def set_aside(self, key: str, until: datetime) -> None:
        """Leave a delivery that cannot be read out of `due` until then. Its record stays."""
        ...

    async def troubles(self) -> Mapping[str, Trouble]:
        """What keeps messages from getting through, by place."""
        ...

    async def settle(self) -> None:
        """Return when all that was written before is on as many replicas as is asked for.

        Raises NotDurable.
        """
        ...

    async def due_lines(self, now: datetime, limit: int) -> tuple[Line, ...]:
        """Lines of the agenda that are due; each is held for its taker for `agenda.HOLD`."""
        ...

    async def requests_of(self, chat: ChatIdentity) -> tuple[ConsentRequest, ...]:
        """The open requests of one person, oldest first."""
        ...

    async def recipient(self, chat: ChatIdentity) -> Recipient | None: ...

    async def board(self, channel: Channel) -> Board | None: ...

    async def history(self) -> tuple[DayCount, ...]:
        """How many apps were in which state on each day, oldest first."""
        ...

    async def save_day(self, day: DayCount) -> None: ...

    async def picture(self, name: str) -> bytes | None:
        """A picture that a message shows, for a quarter of a year."""
        ...

    async def save_picture(self, name: str, png: bytes) -> None: ...

    async def audit(self, limit: int = 100) -> tuple[AuditEntry, ...]:
        """The newest entries, newest first."""
        ...


class Once(Protocol):
    """Acting once on what may arrive twice."""

    async def first_time(self, key: str, remember: timedelta) -> bool:
        """True for the first caller with `key` within `remember`, False for all others."""
        ...


@dataclass(frozen=True, slots=True)
class RateWindow:
    """What an API says of one of its limits.

    `number` grows from window to window; `limit` calls fit into one, `left` of them are left until
    `ends` (UTC).
    """

    number: int
    limit: int
    left: int
    ends: datetime


class RateBudget(Protocol):
    """Calls to a rate-limited API, counted over all who make them. Times are UTC."""

    async def take(self, bucket: str, keep_free: float, now: datetime) -> float:
        """Take one call: 0 when it may go out now, else the seconds to wait before asking again.

        `keep_free` is the share of the limit that is left to others.
        """
        ...

    async def learn(self, bucket: str, window: RateWindow, now: datetime) -> None:
        """Take over what an answer says of the limit."""
        ...

    async def block(self, bucket: str, until: datetime, now: datetime) -> None:
        """Let no call out before then."""
        ...


@dataclass(frozen=True, slots=True)
class ConversationRef:
    """Where a Teams conversation is reached. `kind` is `personal`, `channel` or `groupChat`."""

    conversation_id: str
    kind: str
    service_url: str
    tenant_id: str
    bot_id: str
    user_id: str = ""
    object_id: str = ""
    name: str = ""


class Conversations(Protocol):
    """The Teams conversations that the app was installed in."""

    async def remember(self, ref: ConversationRef) -> None: ...

    async def forget(self, conversation_id: str) -> None: ...

    async def personal(self, object_id: str) -> ConversationRef | None:
        """The 1:1 conversation with a person, by Entra object id."""
        ...

    async def conversation(self, conversation_id: str) -> ConversationRef | None: ...


# ------------------------------------------------------------------ signing in


class SignIn(Protocol):
    """Signing people in at their own tenant's Microsoft endpoint (OpenID Connect, code + PKCE).

    Every address is built from the settings; nothing that came in decides where a browser is sent.
    """

    async def address(
        self, tenant_id: str, *, state: str, nonce: str, verifier: str, login_hint: str
    ) -> str:
        """Where to send the browser. The address carries the verifier's S256 challenge only."""
        ...

    async def redeem(self, tenant_id: str, *, code: str, nonce: str, verifier: str) -> SignedIn:
        """Who signed in, from tokens that were validated in full.

        Raises SignInRefused, TokenInvalid, CloudError (Microsoft could not be asked).
        """
        ...

    def consent_address(self, tenant_id: str, *, state: str) -> str:
        """Where an administrator lets the bot itself read their tenant (admin consent)."""
        ...


class SignIns(Protocol):
    """Sign-ins under way, and the sessions that came of them (raise StoreError)."""

    async def begin(self, state: str, attempt: Attempt) -> None:
        """Keep an attempt for ATTEMPT_LIFETIME. `state` is stored as a digest."""
        ...

    async def take(self, state: str) -> Attempt | None:
        """Take an attempt out: of any number of callers, one gets it."""
        ...

    async def open_session(self, secret: str, session: Session) -> None:
        """Keep a session until its end. `secret` is stored as a digest."""
        ...

    async def session(self, secret: str) -> Session | None: ...


class Limits(Protocol):
    """How often something may happen, counted over all replicas (raise StoreError)."""

    async def hit(self, what: str, most: int, per: timedelta) -> float:
        """Count one; 0.0 while there were no more than `most` in this window of `per`.

        Else the seconds until the next window. `what` is stored as a digest.
        """
        ...


# ------------------------------------------------------------------ engine


class Engine(Protocol):
    """Background work. It carries keys and names only; the ledger holds the truth."""

    async def deliver(self, key: str, at: datetime) -> None:
        """Carry out one delivery at its time (safe to repeat)."""
        ...

    async def deliver_all(self, keys: Sequence[str]) -> None:
        """Carry out a batch of deliveries soon: one piece of work, so that many cost little."""
        ...

    async def scan(self, org: str) -> None:
        """Look at one org soon (repeated calls before it starts are one)."""
        ...

    async def verify(self, ref: AppRef, at: datetime) -> None:
        """Look at one app again at that time."""
        ...
