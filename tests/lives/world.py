"""One app's life: what is true of it, what happens to it, and what Okta and Microsoft show of it.

The truth that counts is `works`: provisioning works by the consent. It is not shown to anybody.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum

from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef, AppStatus, Office365App, Tenant

K = EvidenceKind
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
WATCHED_FROM = datetime(2026, 2, 1, 6, tzinfo=UTC)
GRAPH_FLOW = datetime(2024, 10, 1, tzinfo=UTC)
LOG_KEPT = 90 * DAY
SIGN_INS_LATE = DAY / 4  # Microsoft shows a sign-in hours later
CLIENT_ID = "11111111-2222-3333-4444-555555555555"


# What may go on in the log for a while though it does not work any more.
_NO_SIGNS = (K.SERVICE_ACCOUNT_USED, K.OWN_SECRET_RENEWED)


class Mode(Enum):
    """What provisioning signs in with."""

    PASSWORD = "password"
    CLIENT = "client"  # Okta's own application, and a service account of this app
    OWN = "own"  # an app registration that Okta made for this app


class Part(Enum):
    """What can fail to be read."""

    CONNECTION = "connection"
    LOG = "log"
    MICROSOFT = "microsoft"


@dataclass
class Account:
    made: datetime
    enabled: bool = True
    refused: bool = False  # by Conditional Access: it is enabled, and does not get in
    sign_ins: list[datetime] = field(default_factory=list)  # the latest ones


@dataclass
class Registration:
    """An app registration that Okta made for the app, and its enterprise application."""

    enabled: bool = True


@dataclass
class Place:
    """A Microsoft tenant, as far as the app is concerned."""

    id: str
    readable: bool = True
    consent: datetime | None = None
    enabled: bool = True
    named: bool = True  # Okta's application bears a name that is known
    account: Account | None = None
    registration: Registration | None = None
    shows_registration: bool = True


@dataclass
class Life:
    """An app. `events` is Okta's whole log, `due` what will happen, in order of time."""

    number: int
    unsure: bool  # the facts that nobody documents go either way
    rng: random.Random
    mode: Mode = Mode.PASSWORD
    on: bool = True
    active: bool = True
    domain: str = "contoso.com"
    place: Place = field(default_factory=lambda: Place("tenant-1"))
    names_accounts: bool = True  # the log's events say which account they are about
    busy: bool = True  # users are provisioned all the time, with an error now and then
    shows_sign_ins: bool = True  # Okta signs in by the account, and the tenant has the licence
    skew: timedelta = timedelta()  # of Microsoft's clock against Okta's
    events: list[tuple[datetime, EvidenceKind, dict[str, str]]] = field(default_factory=list)
    failing: dict[Part, datetime] = field(default_factory=dict)  # until when
    due: list[tuple[datetime, Callable[[datetime], object]]] = field(default_factory=list)
    row: str = ""  # what befell it after the migration
    broken_at: datetime | None = None
    worked_by: Mode = Mode.CLIENT  # before it broke
    sign_at: datetime | None = None  # when a look first showed that it does not work any more
    words: list[tuple[datetime, EvidenceKind]] = field(default_factory=list)

    # -------------------------------------------------------------- the truth

    @property
    def works(self) -> bool:
        place = self.place
        if not (self.on and self.active) or self.mode is Mode.PASSWORD:
            return False
        if self.mode is Mode.OWN:
            return place.registration is not None and place.registration.enabled
        account = place.account
        can_sign_in = account is not None and account.enabled and not account.refused
        return place.consent is not None and place.enabled and can_sign_in

    # -------------------------------------------------------------- what happens

    def at(self, when: datetime, happens: Callable[[datetime], object]) -> None:
        self.due.append((when, happens))

    def live_until(self, now: datetime) -> None:
        """Let everything happen that is due, and note when it stopped working."""
        self.due.sort(key=lambda one: one[0])
        while self.due and self.due[0][0] <= now:
            when, happens = self.due.pop(0)
            self._signs_in(when)
            worked, mode = self.works, self.mode
            happens(when)
            if worked and not self.works:
                self.broken_at, self.sign_at, self.worked_by = when, None, mode
            elif self.works:
                self.broken_at = None
            self.due.sort(key=lambda one: one[0])
        self._signs_in(now)

    def _signs_in(self, until: datetime) -> None:
        """The last time before `until` that Okta signed in: every hour, or now and then."""
        account = self.place.account
        if account is not None and self.mode is Mode.CLIENT and self.works:
            at = until - self.rng.random() * (DAY / 24 if self.busy else 20 * DAY)
            if at > account.made:
                account.sign_ins = [*account.sign_ins[-40:], at]

    def log(self, when: datetime, kind: EvidenceKind, **detail: str) -> None:
        self.events.append((when, kind, detail))

    def save(self, when: datetime) -> None:
        self.log(when, K.SETTINGS_SAVED, by="Ada")

    def migrate(self, when: datetime) -> None:
        """Consent where there is none, the account, the Save."""
        self.mode = Mode.CLIENT
        place = self.place
        if place.consent is None:
            place.consent = when
        place.enabled = True
        place.account = Account(when + self.rng.uniform(0, 2) * MINUTE)
        self.save(when + self.rng.uniform(0, 8) * MINUTE)

    def get_own(self, when: datetime) -> None:
        self.mode = Mode.OWN
        self.place.registration = made = Registration()
        self.log(when, K.PROVISIONING_APP_CREATED, by="Ada", client_id=CLIENT_ID)
        self.save(when)
        # Nobody says whether Okta goes on with it where the app works with something else by now.
        lasts = self.unsure and self.rng.random() < 0.5

        def renew(then: datetime) -> None:
            if self.place.registration is made and (lasts or self.mode is Mode.OWN):
                self.log(then, K.OWN_SECRET_RENEWED, by="Okta", client_id=CLIENT_ID)

        for month in range(1, 20):
            self.at(when + month * 30 * DAY, renew)

    def revoke(self, when: datetime) -> None:
        self.place.consent = None

    def disable(self, when: datetime) -> None:
        self.place.enabled = False

    def block(self, when: datetime) -> None:
        if self.place.account is not None:
            self.place.account.enabled = False

    def delete(self, when: datetime) -> None:
        self.place.account = None

    def refuse(self, when: datetime) -> None:
        if self.place.account is not None:
            self.place.account.refused = True
        self.error(when)

    def unregister(self, when: datetime) -> None:
        self.place.registration = None

    def disable_registration(self, when: datetime) -> None:
        if self.place.registration is not None:
            self.place.registration.enabled = False

    def put_back(self, when: datetime) -> None:
        """An administrator's password again. As documented, that is a Save."""
        account = self.place.account
        if self.unsure and self.rng.random() < 0.5 and account is not None:
            account.sign_ins.append(when + self.rng.random() * DAY / 24)  # by a token from before
        self.mode = Mode.PASSWORD
        if not (self.unsure and self.rng.random() < 0.1):
            self.save(when)

    def move(self, when: datetime, *, readable: bool) -> None:
        consent = WATCHED_FROM - 300 * DAY if self.rng.random() < 0.3 else None
        former = self.place
        self.place = Place(f"{former.id}+", readable, consent, named=former.named)
        self.place.shows_registration = former.shows_registration
        if self.mode is Mode.OWN:
            self.mode = Mode.PASSWORD

    def rename(self, when: datetime) -> None:
        """Another domain of the same tenant; whoever does it may set provisioning up anew."""
        self.domain = "fabrikam.com"
        if self.rng.random() < 0.5:
            self.put_back(when)

    def off(self, when: datetime) -> None:
        self.on = False

    def off_and_on(self, when: datetime, *, password: bool) -> None:
        """Off for some days; then as it was, or with a password."""
        kept = self.mode
        self.off(when)

        def back(then: datetime) -> None:
            self.on, self.mode = True, kept
            if password:
                self.put_back(then)
            elif self.rng.random() < 0.5:
                self.save(then)

        self.at(when + self.rng.uniform(3, 20) * DAY, back)

    def redo(self, when: datetime) -> None:
        """The same app, made inactive and active again with a password, as a new one would be."""
        self.active = False

        def back(then: datetime) -> None:
            self.active, self.mode = True, Mode.PASSWORD
            self.log(then, K.APP_ACTIVATED, by="Ada")

        self.at(when + self.rng.uniform(2, 9) * DAY, back)

    def fail(self, part: Part, when: datetime, span: timedelta) -> None:
        self.at(when, lambda then: self.failing.__setitem__(part, then + span))

    def failure_of(self, part: Part) -> Callable[[datetime], None]:
        def happens(when: datetime) -> None:
            self.failing[part] = when + self.rng.uniform(0.1, 4) * DAY

        return happens

    def error(self, when: datetime) -> None:
        """A user could not be provisioned; the event may name the account that signed in."""
        if self.on and self.active and self.names_accounts:
            account = self.place.account
            if self.mode is Mode.CLIENT and account is not None:
                shut_out = account.refused or not account.enabled
                kind = K.SERVICE_ACCOUNT_REFUSED if shut_out else K.SERVICE_ACCOUNT_USED
                self.log(when, kind, account="svc_OKTA_sync_0oa1")
            elif self.mode is Mode.PASSWORD:
                kind = K.ADMIN_PASSWORD_USED if self.place.enabled else K.ADMIN_PASSWORD_REJECTED
                self.log(when, kind, account="admin@contoso.com")

    def say(self, when: datetime) -> None:
        """Somebody looks at the page and says what they see; one in ten is wrong."""
        wrong = self.rng.random() < 0.1
        if self.works is not wrong:
            kinds = [K.SAW_REAUTHENTICATE, K.SAID_SAVED, K.SAW_NO_PASSWORD_FIELDS]
        else:
            kinds = [K.SAW_AUTHENTICATE, K.SAW_REAUTHENTICATE, K.SAW_PASSWORD_FIELDS]
        self.words.append((when, self.rng.choice(kinds)))

    # -------------------------------------------------------------- what is shown

    @property
    def app(self) -> Office365App:
        status = AppStatus.ACTIVE if self.active else AppStatus.INACTIVE
        tenant = f"contoso{self.place.id.count('+') or ''}"
        return Office365App(AppRef("contoso", "0oa1"), "O365", status, self.domain, tenant)

    @property
    def tenant(self) -> Tenant:
        return Tenant(self.place.id, self.app.tenant_name, "graph.microsoft.com")

    def fails(self, part: Part, now: datetime) -> bool:
        if part is Part.MICROSOFT and not self.place.readable:
            return True
        until = self.failing.get(part)
        return until is not None and now < until

    def connection(self, now: datetime) -> Evidence:
        if not self.active:
            return Evidence(K.APP_INACTIVE, now)
        if self.fails(Part.CONNECTION, now):
            return _unread("connection", "/api/v1/apps/0oa1/connections/default", now)
        return Evidence(K.CONNECTION_ON if self.on else K.CONNECTION_OFF, now)

    def logged(self, since: datetime, now: datetime) -> tuple[Evidence, ...]:
        """What the log holds from `since`; it forgets after 90 days."""
        if self.fails(Part.LOG, now):
            return (_unread("log", "/api/v1/logs", now),)
        since = max(since, now - LOG_KEPT)
        found = [one for one in self.events if since < one[0] <= now]
        if self.broken_at is not None and any(
            when >= self.broken_at and kind not in _NO_SIGNS for when, kind, _ in found
        ):
            self._shows(now)
        return tuple(
            Evidence(kind, now, when, detail, f"{kind.value}@{when.isoformat()}")
            for when, kind, detail in found
        )

    def microsoft(self, now: datetime, client_id: str) -> tuple[Evidence, ...]:
        """What is read in the tenant, of the registration by its `client_id` ("": not asked)."""
        place = self.place
        if self.fails(Part.MICROSOFT, now):
            return (_unread("microsoft", "/v1.0/servicePrincipals", now),)
        if not self.works and self.broken_at is not None and self._is_seen(place, client_id):
            self._shows(now)
        return tuple(replace(e, tenant=place.id) for e in self._directory(now, client_id))

    def _is_seen(self, place: Place, client_id: str) -> bool:
        """Whether the tenant shows that what the app worked by is not as it was."""
        if self.worked_by is Mode.OWN:
            registration = place.registration
            looked = bool(client_id) and place.shows_registration
            return looked and not (registration is not None and registration.enabled)
        account = place.account
        can_sign_in = account is not None and account.enabled
        return place.consent is None or not place.enabled or not can_sign_in

    def _directory(self, now: datetime, client_id: str) -> Iterator[Evidence]:
        place, account = self.place, self.place.account
        if client_id:
            registration = place.registration if place.shows_registration else None
            if registration is None:
                yield Evidence(K.NO_OWN_REGISTRATION, now)
            else:
                detail = {"enabled": "yes" if registration.enabled else "no"}
                yield Evidence(K.OWN_REGISTRATION, now, None, detail)
        if place.consent is not None and place.named:
            detail = {"name": "Okta", "enabled": "yes" if place.enabled else "no"}
            yield Evidence(K.TENANT_CONSENTED, now, place.consent + self.skew, detail)
        else:
            yield Evidence(K.TENANT_NOT_CONSENTED, now)
        if account is not None:
            detail = {"account": "svc", "enabled": "yes" if account.enabled else "no"}
            yield Evidence(K.SERVICE_ACCOUNT, now, account.made + self.skew, detail)
            shown = [at for at in account.sign_ins if at <= now - SIGN_INS_LATE]
            if self.shows_sign_ins and shown:
                last = max(shown)
                yield Evidence(
                    K.SERVICE_ACCOUNT_SIGNED_IN, now, last + self.skew, {}, "the account"
                )
        else:
            yield Evidence(K.NO_SERVICE_ACCOUNT, now)

    def _shows(self, now: datetime) -> None:
        self.sign_at = self.sign_at or now


def _unread(part: str, path: str, now: datetime) -> Evidence:
    needed = "yes" if part == "connection" else "no"
    where = "contoso.onmicrosoft.com" if part == "microsoft" else "contoso"
    call = f"GET {path}"
    detail = {"call": call, "where": where, "says": "x", "needed": needed, "part": part}
    return Evidence(K.READ_FAILED, now, None, detail, call)


# ------------------------------------------------------------------ how lives are made

BREAKS = (
    "consent revoked",
    "principal disabled",
    "moved, readable",
    "moved, unreadable",
    "unreadable, and a password",
    "password, no account named",
    "password",
    "unreadable, and revoked",
    "log unread, and a password",
    "account blocked",
    "account deleted",
    "account refused",
    "off and on with a password",
    "made anew with a password",
    "another domain",
    "registration deleted",
    "registration disabled",
)
_NEVER_OWN = (*BREAKS[:2], "account blocked", "account deleted", "account refused")
_OWN = ("registration deleted", "registration disabled")


def make(number: int, days: int, *, unsure: bool, row: str = "") -> Life:
    """A life of `days` that are watched, and some years before. `row` says what befalls it."""
    rng = random.Random(f"life {number} {unsure} {row}")
    life = Life(number, unsure, rng)
    life.names_accounts = rng.random() < 0.7
    life.busy = rng.random() < 0.5
    life.shows_sign_ins = rng.random() < 0.5
    life.skew = timedelta(seconds=rng.uniform(-200, 200))
    if rng.random() < 0.5:
        life.place.consent = datetime(rng.choice((2021, 2023)), 6, 1, tzinfo=UTC)
    if rng.random() < 0.3:  # the former flow had service accounts as well
        life.place.account = Account(datetime(2023, 6, 1, tzinfo=UTC))
    if unsure:
        life.place.named = rng.random() < 0.9
        life.place.shows_registration = rng.random() < 0.5
        if rng.random() < 0.005:  # made although nobody saved
            life.place.account = Account(GRAPH_FLOW + rng.uniform(0, 400) * DAY)
    end = WATCHED_FROM + days * DAY
    migrated = None
    if row or rng.random() < 0.8:
        migrated = rng.uniform(GRAPH_FLOW.timestamp(), (end - 40 * DAY).timestamp())
        migrated_at = datetime.fromtimestamp(migrated, UTC)
        own = rng.random() < 0.12 and row not in _NEVER_OWN and migrated_at > GRAPH_FLOW + 300 * DAY
        own = own or row in _OWN
        life.at(migrated_at, life.get_own if own else life.migrate)
        if row or rng.random() < 0.5:
            earliest = max(migrated_at + DAY, WATCHED_FROM - 100 * DAY if not row else WATCHED_FROM)
            at = earliest + rng.uniform(0.1, 0.9) * (end - 20 * DAY - earliest)
            _break(life, row or rng.choice(BREAKS), at)
            if not row and rng.random() < 0.4:
                life.at(at + rng.uniform(25, 90) * DAY, life.migrate)
    _every(life, 40 if life.busy else 4000, end, life.error)
    _every(life, 200, end, life.save)
    _every(life, 150, end, life.say, since=WATCHED_FROM)
    for part in Part:
        _every(
            life,
            250,
            end,
            life.failure_of(part),
            since=WATCHED_FROM,
        )
    return life


def _every(
    life: Life,
    days: float,
    end: datetime,
    happens: Callable[[datetime], None],
    since: datetime = WATCHED_FROM - 200 * DAY,
) -> None:
    """Now and then: as often as that on average."""
    at = since + life.rng.expovariate(1 / days) * DAY
    while at < end:
        life.at(at, happens)
        at += life.rng.expovariate(1 / days) * DAY


def _break(life: Life, row: str, at: datetime) -> None:
    life.row = row
    rng = life.rng
    months = rng.uniform(40, 400) * DAY
    match row:
        case "consent revoked":
            life.at(at, life.revoke)
        case "principal disabled":
            life.at(at, life.disable)
        case "moved, readable" | "moved, unreadable":
            life.at(at, lambda when: life.move(when, readable=row == "moved, readable"))
        case "unreadable, and a password":
            life.fail(Part.MICROSOFT, at - rng.uniform(0, 5) * DAY, months)
            life.at(at, life.put_back)
        case "password, no account named" | "password":
            life.names_accounts = row == "password"
            life.at(at, life.put_back)
        case "unreadable, and revoked":
            life.fail(Part.MICROSOFT, at - rng.uniform(0, 5) * DAY, months)
            life.at(at, life.revoke)
        case "log unread, and a password":
            life.fail(Part.LOG, at - rng.uniform(0, 5) * DAY, months)
            life.at(at, life.put_back)
        case "account blocked":
            life.at(at, life.block)
        case "account deleted":
            life.at(at, life.delete)
        case "account refused":
            life.names_accounts = True
            life.at(at, life.refuse)
        case "registration deleted":
            life.at(at, life.unregister)
        case "registration disabled":
            life.at(at, life.disable_registration)
        case "off and on with a password":
            life.at(at, lambda when: life.off_and_on(when, password=True))
        case "made anew with a password":
            life.at(at, life.redo)
        case "another domain":
            life.at(at, life.rename)
