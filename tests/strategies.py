"""Hypothesis strategies for the domain's objects, as the outside world may make them.

Moments and people come from small sets, so that examples meet: the same moment twice, the same
person twice, one log event seen in two looks.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from bot.domain.changes import AuditEntry
from bot.domain.consent.polls import Polling
from bot.domain.consent.requests import (
    Button,
    ConsentRequest,
    LinkBinding,
    MfaShown,
    Proof,
    ProofKind,
    Stage,
)
from bot.domain.consent.snooze import Snooze
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.delivery.notices import (
    Channel,
    ChannelNudge,
    ChannelReminder,
    ChannelReport,
    Introduction,
    Notice,
    OperatorDigest,
    OperatorNote,
    PersonalLink,
    RequestChanged,
)
from bot.domain.evidence.rules import RULES, Evidence, EvidenceKind, Source
from bot.domain.inventory.apps import AppRef, AppStatus, Office365App, Tenant
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.people.admins import ChatIdentity, GlobalAdmin, Holding, Mfa, OktaAdmin, Platform
from bot.domain.people.news import NewsKind
from bot.domain.time.calendar import Calendar, Hours
from bot.ports.chat import ConversationRef

START = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)

moments = st.integers(0, 12).map(lambda hours: START + timedelta(hours=hours))
any_moments = st.datetimes(datetime(2023, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC))
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
digests = names.map(lambda name: hashlib.sha256(name.encode()).hexdigest())
details = st.dictionaries(words, words, max_size=3)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)

app_ids = st.text("abcABC019", min_size=1, max_size=20)
app_refs = st.builds(AppRef, names, app_ids)
office365_apps = st.builds(
    Office365App,
    app_refs,
    words,
    st.sampled_from(AppStatus),
    words,
    words,
    st.dictionaries(words, json_values, max_size=3),
    words,
)
tenants = st.builds(Tenant, names, names, names, words)

WORDS_OF_PEOPLE = tuple(k for k, rule in RULES.items() if rule.source is Source.PERSON)
STANDING_FACTS = tuple(k for k, rule in RULES.items() if rule.topic)
LOGGED_EVENTS = tuple(
    k
    for k in EvidenceKind
    if k not in WORDS_OF_PEOPLE + STANDING_FACTS and k is not EvidenceKind.READ_FAILED
)


@st.composite
def attestations(draw: st.DrawFn) -> Evidence:
    """What a person said, at the moment they said it."""
    at = draw(moments)
    by = draw(st.sampled_from(["slack:U1", "slack:U2"]))
    return Evidence(draw(st.sampled_from(WORDS_OF_PEOPLE)), at, at, {"by": by})


@st.composite
def events(draw: st.DrawFn, kinds: tuple[EvidenceKind, ...] = LOGGED_EVENTS) -> Evidence:
    """A row of a log: its id tells it apart, and a later look sees the same row again."""
    kind = draw(st.sampled_from(kinds))
    happened = draw(moments)
    seen = happened + timedelta(hours=draw(st.integers(0, 3)))
    return Evidence(kind, seen, happened, event_id=f"{kind.value}@{happened.isoformat()}")


@st.composite
def standing_facts(draw: st.DrawFn, kinds: tuple[EvidenceKind, ...] = STANDING_FACTS) -> Evidence:
    """What a look found to be so; some facts have a date of their own."""
    seen = draw(moments)
    happened = draw(st.none() | st.integers(0, 900).map(lambda days: seen - timedelta(days=days)))
    detail = draw(st.sampled_from([{}, {"account": "one"}, {"account": "other"}]))
    return Evidence(draw(st.sampled_from(kinds)), seen, happened, detail)


@st.composite
def failed_reads(draw: st.DrawFn) -> Evidence:
    """A call that an API refused."""
    call = draw(st.sampled_from(["GET connection", "GET log", "GET users"]))
    needed = draw(st.sampled_from(["yes", "no"]))
    return Evidence(EvidenceKind.READ_FAILED, draw(moments), None, {"needed": needed}, call)


evidence = st.one_of(attestations(), events(), standing_facts(), failed_reads())
bodies_of_evidence = st.lists(evidence, max_size=8)

chat_identities = st.builds(
    ChatIdentity, st.sampled_from(Platform), names, words, words, words, words
)
global_admins = st.builds(
    GlobalAdmin,
    tenant_id=names,
    object_id=names,
    display_name=words,
    upn=words,
    mail=words,
    other_mails=st.lists(words, max_size=2).map(tuple),
    enabled=st.none() | st.booleans(),
    guest=st.booleans(),
    synced=st.booleans(),
    given_name=words,
    holding=st.sampled_from(Holding),
    via=words,
    may_activate=st.booleans(),
    invited=st.booleans(),
    mfa=st.sampled_from(Mfa),
    mfa_methods=st.lists(words, max_size=2).map(tuple),
)
okta_admins = st.builds(
    OktaAdmin, names, names, words, words, words, st.none() | st.frozensets(names, max_size=3)
)

channels = st.builds(Channel, st.sampled_from(Platform), names)
notices: st.SearchStrategy[Notice] = st.one_of(
    st.builds(PersonalLink, chat_identities, names),
    st.builds(ChannelReminder, channels, names),
    st.builds(RequestChanged, chat_identities, names, st.integers(1, 99)),
    st.builds(OperatorNote, chat_identities, st.sampled_from(NewsKind), names, names),
    st.builds(Introduction, chat_identities, chat_identities, names),
    st.builds(ChannelNudge, channels, names, st.just("") | names),
    st.builds(ChannelReport, channels, names, st.just("") | names),
    st.builds(OperatorDigest, chat_identities, names, st.just("imminent")),
)
deliveries = st.builds(
    Delivery,
    notices,
    any_moments,
    words,
    st.sampled_from(Phase),
    st.integers(0, 9),
    st.none() | any_moments,
    words,
    st.none() | any_moments,
    words,
    st.integers(1, 99),
)
requests = st.builds(
    ConsentRequest,
    id=names,
    app=app_refs,
    app_label=words,
    tenant_id=names,
    tenant_domain=words,
    admin_object_id=names,
    admin_name=words,
    admin_upn=words,
    chat=chat_identities,
    code=words,
    requested_by=words,
    requested_at=any_moments,
    stage=st.sampled_from(Stage),
    link=st.none() | st.builds(LinkBinding, digests, any_moments, words),
    changed_at=st.none() | any_moments,
    proof=st.none()
    | st.builds(Proof, st.sampled_from(ProofKind), words, any_moments, st.sampled_from(MfaShown)),
    asker=st.none() | chat_identities,
    holding=st.sampled_from(Holding),
    okta_admin=st.none() | st.booleans(),
    saw=st.none() | st.sampled_from(Button),
    snooze=st.none()
    | st.builds(
        Snooze,
        st.datetimes(datetime(2023, 1, 1), datetime(2031, 1, 1)),
        st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo"]),
        words,
    ),
    suggestion=words,
    watch=st.none() | st.builds(Polling, any_moments, st.none() | any_moments, st.integers(0, 9)),
    answered_at=st.none() | any_moments,
    revision=st.integers(1, 99),
)
app_records = st.builds(
    AppRecord,
    office365_apps,
    bodies_of_evidence.map(tuple),
    st.none() | tenants,
    st.none() | any_moments,
    words,
    st.integers(0, 99),
    st.none() | any_moments,
)
org_scans = st.builds(
    OrgScan,
    names,
    any_moments,
    st.none() | any_moments,
    st.integers(0, 10_000),
    words,
    st.integers(0, 10_000),
    st.booleans(),
    words,
    st.none() | any_moments,
)
audit_entries = st.builds(AuditEntry, any_moments, words, words, words, details)
conversation_refs = st.builds(
    ConversationRef,
    names,
    st.sampled_from(["personal", "channel", "groupChat"]),
    words,
    names,
    names,
    words,
    words,
    words,
)

# ------------------------------------------------------------------ working time

ZONES = (
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # its clock changes by half an hour
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",  # +14
    "Pacific/Pago_Pago",  # -11
)
hours = st.builds(
    Hours,
    st.integers(0, 12).map(time),
    st.integers(15, 23).map(time),
    st.frozensets(st.integers(0, 6), min_size=1),
)


def some_days_off(country: str, year: int) -> frozenset[date]:
    """A country that rests on four days a year, the leap day among them."""
    days = [(1, 1), (5, 1), (12, 25), (2, 29 if year % 4 == 0 else 28)]
    return frozenset(date(year, month, day) for month, day in days)


def calendars() -> st.SearchStrategy[Calendar]:
    return st.builds(
        lambda zone, hours: Calendar(ZoneInfo(zone), hours, country="X", days_off=some_days_off),
        st.sampled_from(ZONES),
        hours,
    )
