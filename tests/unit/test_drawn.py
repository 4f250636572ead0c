"""Whatever the bot can tell is drawn for Slack, Teams and mail, in every language.

The kinds are the code's own: one without an example here fails.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import get_args

import pytest

from bot.chat.answering.welcome import Welcome
from bot.chat.campaign.boards import board, closed, moved
from bot.chat.consent.personal import PersonalReplies
from bot.chat.delivery.composer import NoticeComposer
from bot.chat.inventory.waiving import WaiverReplies
from bot.chat.replies import Replies
from bot.chat.words import Words, languages
from bot.domain.campaign.intents import Reason
from bot.domain.campaign.windows import EVERYBODY, OKTA_CONSENT, WINDOWS, Campaign, Tone, WindowName
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.onboarding import Onboarding
from bot.domain.consent.requests import Proof, ProofKind, Stage
from bot.domain.delivery.incidents import Incident
from bot.domain.delivery.notices import (
    Alarm,
    Channel,
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
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.waivers import Waiver
from bot.domain.people.access import AccessPolicy
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.news import Happening
from bot.domain.people.policy import PeoplePolicy
from bot.message import Message
from bot.ports.writing import ON_A_BOARD, BoardContents
from bot.services.consent.arrive import Arrive
from bot.services.people.access import Access
from bot.services.people.candidates import Candidates
from tests import sayings
from tests.drawing import check_drawn
from tests.examples import (
    ADA,
    ADA_IN_CHAT,
    APP,
    BEN_IN_CHAT,
    OPERATOR,
    POLICY,
    RECORD,
    REQUEST,
    TENANT,
)
from tests.fake_ledger import FakeLedger
from tests.fakes import (
    FakeClock,
    FakeDirectory,
    FakeEntra,
    FakeMessenger,
    FakeOktaOrg,
    MembershipsInMemory,
    reminding,
)
from tests.pages import page_of
from tests.sayings import (
    Written,
    digests,
    leaves,
    letters_about_a_request,
    personal,
    replied,
    waivers,
    whats,
)

NOW = datetime.combine(OKTA_CONSENT.on, time(9), UTC)
LINK = "https://o365bot.example.com/c/secret"
CHANNEL = Channel(Platform.SLACK, "C1")
BROKEN = (
    CHANNEL.platform.value,
    str(CHANNEL),
    *("okta:contoso", "entra:contoso.com", "engine", "webhook"),
    *("doctor:store/store_replicas", "expires:entra.certificate", "restored"),
)
WAIVED = AppRef("contoso", "waived")
TAKEN_ON = "taken-on"

EXAMPLES: dict[type, list[Notice]] = {
    PersonalLink: [PersonalLink(ADA_IN_CHAT, REQUEST.id), PersonalLink(ADA_IN_CHAT, TAKEN_ON)],
    ChannelReminder: [ChannelReminder(CHANNEL, "x")],
    RequestChanged: [RequestChanged(ADA_IN_CHAT, stage.value, 1) for stage in Stage],
    OperatorNote: [
        OperatorNote(
            OPERATOR,
            happened,
            {Happening.WAIVER_ENDS: str(WAIVED), Happening.ONBOARDED: "o1"}.get(
                happened, REQUEST.id
            ),
        )
        for happened in Happening
    ],
    Introduction: [Introduction(ADA_IN_CHAT, BEN_IN_CHAT, REQUEST.id)],
    Alarm: [Alarm(OPERATOR, place, "chat_refused", "x") for place in BROKEN],
    PersonalRound: [
        PersonalRound(ADA_IN_CHAT, "x", requests, reason, window, tone)
        for reason, window, tone in (
            *((reason, WindowName.DUE, Tone.CALM) for reason in Reason),
            *((Reason.ROUND, window, tone) for window in WindowName for tone in Tone),
        )
        for requests in ((REQUEST.id,), (REQUEST.id, Stage.DELIVERED.value))
    ],
    ChannelNudge: [ChannelNudge(CHANNEL, NOW.replace(hour=1).isoformat())],
    ChannelReport: [ChannelReport(CHANNEL, "x"), ChannelReport(CHANNEL, "x", "contoso")],
    OperatorDigest: [OperatorDigest(OPERATOR, "x", window) for window in WindowName],
}
# What stands already is not written again: its link is the way back.
UNCHANGED = {Stage.REQUESTED, Stage.DELIVERED, Stage.UNDELIVERED}


def records() -> list[AppRecord]:
    """More than any list shows, and one that is accepted as it is."""
    waiver = Waiver(
        OKTA_CONSENT.on, NOW + timedelta(hours=15), "it is replaced", str(OPERATOR), "Olga", NOW
    )
    some = [
        replace(RECORD, app=replace(APP, ref=AppRef("contoso", f"0oa{number}"), label=f"{number}"))
        for number in range(2, 40)
    ]
    about = replace(RECORD, request_id=REQUEST.id)
    waived = replace(RECORD, app=replace(APP, ref=WAIVED), waiver=waiver, assessed_at=NOW)
    return [about, waived, *some]


@pytest.fixture
async def ledger() -> FakeLedger:
    ledger = FakeLedger()
    proof = Proof(ProofKind.PERSONAL_LINK, "slack:U1", NOW)
    taken_on = replace(REQUEST, id=TAKEN_ON, stage=Stage.ACKNOWLEDGED, proof=proof)
    stages = [replace(REQUEST, id=stage.value, stage=stage, proof=proof) for stage in Stage]
    await ledger.commit(
        Changes(
            apps=tuple(records()),
            requests=(REQUEST, taken_on, *stages),
            onboardings=(Onboarding("o1", TENANT.id, TENANT.domain, OPERATOR, NOW, "d", NOW),),
            incidents=tuple(
                Incident(place, "chat_refused", "It said no.", NOW) for place in BROKEN
            ),
            audit=(AuditEntry(NOW, "slack:U1", "acknowledge", str(APP.ref)),),
        )
    )
    return ledger


def letters(ledger: FakeLedger, language: str) -> NoticeComposer:
    clock = FakeClock(NOW)
    windows = tuple(replace(window, audience=EVERYBODY) for window in WINDOWS)
    return NoticeComposer(
        ledger=ledger,
        orgs={"contoso": FakeOktaOrg("contoso")},
        clock=clock,
        language=language,
        reminding=reminding(
            ledger, clock, replace(POLICY, campaign=Campaign(windows=windows)), language
        ),
        chat_is_proof=True,
    )


def test_every_kind_of_notice_has_an_example() -> None:
    """By the code's own union; each example is of the kind that it stands for."""
    assert EXAMPLES.keys() == set(get_args(Notice))
    for kind, examples in EXAMPLES.items():
        assert examples
        assert {type(one) for one in examples} == {kind}


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", get_args(Notice))
async def test_every_notice_can_be_drawn(kind: type, language: str, ledger: FakeLedger) -> None:
    """In each of its cases; none of them is left out by being nothing to tell."""
    written = letters(ledger, language)
    links = {REQUEST.id: LINK, Stage.DELIVERED.value: LINK}
    for notice in EXAMPLES[kind]:
        link = "" if TAKEN_ON in str(notice) else LINK
        message = await written.compose(notice, link=link, links=links)
        if isinstance(notice, RequestChanged) and notice.request_id in UNCHANGED:
            assert message is None
            continue
        assert message is not None, notice
        check_drawn(message)


@pytest.mark.parametrize("language", languages())
def test_every_reply_can_be_drawn(language: str) -> None:
    """In each of its cases, those of one person and about waivers too."""
    words = Words(language)
    for written in (
        replied(Replies(words)),
        personal(PersonalReplies(words)),
        waivers(WaiverReplies(words)),
    ):
        for message in (one for messages in written.values() for one in messages):
            check_drawn(message)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("written", [letters_about_a_request, sayings.letters, digests])
async def test_letters_of_every_stage_can_be_drawn(written: Written, language: str) -> None:
    """Those of one request and of many, the channel's too, and the digests."""
    for message in await written(language):
        if message is not None:
            check_drawn(message)


@pytest.mark.parametrize("language", languages())
def test_every_error_can_be_drawn(language: str) -> None:
    """By the tree of errors, with and without a command that can be said again."""
    errors = whats()
    assert {type(error) for error in errors} == leaves()
    for error in errors:
        for verb in ("", "why"):
            check_drawn(Replies(Words(language)).error(error, verb))


@pytest.mark.parametrize("language", languages())
def test_boards_can_be_drawn(language: str) -> None:
    """Of no app, of one, of more than are shown; of one org and of all; moved, closed."""
    words = Words(language)
    every = tuple(records())
    drawn: list[Message] = [moved(words), closed(words)]
    for apps in ((), every[:1], every):
        for org in ("", "contoso"):
            contents = BoardContents(
                page=page_of(apps, [REQUEST], rows=ON_A_BOARD),
                scans={},
                deadline=OKTA_CONSENT,
                working_days_left=2,
                today=NOW.date(),
                now=NOW,
                org=org,
            )
            drawn.append(board(words, contents))
    for message in drawn:
        check_drawn(message)


@pytest.mark.parametrize("language", languages())
async def test_welcomes_can_be_drawn(language: str, ledger: FakeLedger) -> None:
    """Of a person for whom something waits or nothing, of an operator, of a team."""
    candidates = Candidates(
        ledger=ledger,
        entra=FakeEntra(TENANT),
        messengers={Platform.SLACK: FakeMessenger()},
        clock=FakeClock(NOW),
        policy=PeoplePolicy(),
        reminding=POLICY,
    )
    await ledger.save_global_admins(TENANT.id, (ADA,))
    arrive = Arrive(ledger=ledger, candidates=candidates, policy=PeoplePolicy())
    access = Access(
        policy=AccessPolicy((OPERATOR,)),
        directories={OPERATOR.platform: FakeDirectory()},
        memberships=MembershipsInMemory(),
        clock=FakeClock(NOW),
    )
    welcome = Welcome(arrive, access=access, language=language)
    check_drawn(welcome.team())
    for who in (ADA_IN_CHAT, OPERATOR, ChatIdentity(Platform.TEAMS, "eve")):
        check_drawn(await welcome.person(who))
