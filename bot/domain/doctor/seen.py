"""What the probes see of each part; a `Failure` stands for what is not to be had.

`off` is by how many seconds this machine's clock is ahead of the other side's; None: not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from bot.domain.doctor.finding import Failure


@dataclass(frozen=True, slots=True)
class SettingsSeen:
    """`ends`: when (UTC) what the settings name stops to be good, by its key."""

    problems: tuple[str, ...] = ()
    ends: Mapping[str, datetime] = field(default_factory=dict)
    operators: int = 0
    targets: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OktaSeen:
    """One org. `scopes`: those that are needed, None: granted. `roles`: the service app's admin
    roles. `reads`: the calls that were made, None: answered. `tenants`: what the apps name, with
    the apps' own domains.
    """

    sign_in: Failure | None = None
    by_token: bool = False
    scopes: Mapping[str, Failure | None] = field(default_factory=dict)
    roles: tuple[str, ...] | Failure = ()
    reads: Mapping[str, Failure | None] = field(default_factory=dict)
    apps: int = 0
    tenants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hooked: bool = False
    off: float | None = None


@dataclass(frozen=True, slots=True)
class TenantSeen:
    """One Entra tenant. `granted`: the permissions in the token that some read needs; `lacking`:
    those that are not there, with the reads that go without; `optional`: those of them that only
    sharpen an answer; `more`: those that no read needs.
    """

    sign_in: Failure | None = None
    granted: tuple[str, ...] = ()
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    more: tuple[str, ...] = ()
    read: Failure | None = None
    off: float | None = None


@dataclass(frozen=True, slots=True)
class NoTenant:
    """Microsoft is set up, and no app names a tenant to look at."""


@dataclass(frozen=True, slots=True)
class RegistrationSeen:
    """An app registration at home. `wanted`: the redirect addresses that it must know, and whether
    nobody can sign in without them.

    `secret_ends`: when (UTC) the secret in use ends; None: that one is not listed.
    """

    read: Failure | None = None
    wanted: Mapping[str, bool] = field(default_factory=dict)
    redirects: tuple[str, ...] = ()
    by_secret: bool = False
    secret_ends: datetime | None = None


class Account(StrEnum):
    """What an account of an operator is."""

    FIT = "there"
    UNFIT = "unfit"  # deactivated, a guest, a bot, or of another workspace
    ABSENT = "absent"


class Channel(StrEnum):
    """What a channel is to the bot."""

    INSIDE = "inside"
    OUTSIDE = "outside"  # it is there, and the bot is no member
    ARCHIVED = "archived"
    UNSEEN = "unseen"  # none, none any more, or a private one without the bot: nobody says which


@dataclass(frozen=True, slots=True)
class SlackSeen:
    """`scopes`: those of the token, None: Slack did not tell; `wanted`: what the manifest asks for.

    `channel` is "" where none is set. `by_socket`: Slack is met in Socket Mode; `socket` None: it
    opens; `app` and `socket_app` are whose the two tokens are, "" while not told. `groups`: how
    many are in each that may something.
    """

    sign_in: Failure | None = None
    by_socket: bool = False
    socket: Failure | None = None
    app: str = ""
    socket_app: str = ""
    team: str = ""
    scopes: frozenset[str] | None = None
    wanted: tuple[str, ...] = ()
    channel: str = ""
    channel_is: Channel | Failure = Channel.INSIDE
    operators: Mapping[str, Account | Failure] = field(default_factory=dict)
    groups: Mapping[str, int | Failure] = field(default_factory=dict)
    off: float | None = None


@dataclass(frozen=True, slots=True)
class TeamsSeen:
    """`keys` None: the Bot Framework's keys can be read. `installs`: it installs itself for people,
    and what keeps it from that; None: it is not to. The rest as in `SlackSeen`.
    """

    sign_in: Failure | None = None
    keys: Failure | None = None
    channel: str = ""
    channel_is: Channel | Failure = Channel.INSIDE
    operators: Mapping[str, Account | Failure] = field(default_factory=dict)
    installs: tuple[Failure, ...] | None = None
    groups: Mapping[str, int | Failure] = field(default_factory=dict)
    off: float | None = None


@dataclass(frozen=True, slots=True)
class MailSeen:
    """`certificate_ends`: the server's (UTC). `bounces`: its mailbox, None: it opens."""

    sign_in: Failure | None = None
    host: str = ""
    certificate_ends: datetime | None = None
    has_bounces: bool = False
    bounces: Failure | None = None


@dataclass(frozen=True, slots=True)
class Replica:
    """One that the store sends its writes to. `silent`: seconds since it was heard of; `missing`:
    bytes of writes that it has not taken yet; `ready`: it has caught up once.
    """

    place: str
    ready: bool
    silent: int
    missing: int


@dataclass(frozen=True, slots=True)
class StoreSeen:
    """`wanted`: how many replicas must have what is acknowledged. `unwritten`: what the store says
    of writing its file failed. `certificate_ends`: the server's (UTC).

    `may_not` names the commands that the bot needs and its user may not use.
    """

    answer: Failure | None = None
    server: str = ""
    place: str = ""
    keeps_file: bool = True
    unwritten: tuple[str, ...] = ()
    nearly_full: bool = False
    replicas: tuple[Replica, ...] = ()
    wanted: int = 0
    certificate_ends: datetime | None = None
    may_not: tuple[str, ...] = ()
    off: float | None = None


@dataclass(frozen=True, slots=True)
class WebhookSeen:
    """The receiver of events. `answer` None: a connection comes about; nothing is posted."""

    url: str
    answer: Failure | None = None
    certificate_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class AddressSeen:
    """The public address, from this machine. `is_bot`: what answers is the bot's own page."""

    url: str = ""
    local: bool = False
    answer: Failure | None = None
    is_bot: bool = False
    certificate_ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Silent:
    """A part of which nothing came back in time."""

    seconds: int
