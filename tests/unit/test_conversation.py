"""The conversation: who may ask what, what is answered, and that there always is an answer."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.commands import VERBS
from bot.chat.conversation import CampaignParts, Conversation
from bot.chat.replies import PAGE, Replies
from bot.chat.words import Words, languages
from bot.domain.apps import AppRef
from bot.domain.board import BoardPolicy
from bot.domain.calendar import Calendars
from bot.domain.campaign import Campaign
from bot.domain.changes import Changes
from bot.domain.choice import Choice, choose_admin
from bot.domain.consent import ConsentRequest, ProofKind, Stage
from bot.domain.evidence import Evidence, EvidenceKind
from bot.domain.intents import Policy
from bot.domain.inventory import AppRecord, OrgScan
from bot.domain.notices import Channel
from bot.domain.people import ChatIdentity, GlobalAdmin, Platform
from bot.domain.people_policy import PeoplePolicy
from bot.errors import CloudRefused, CloudUnreachable
from bot.message import Command, Message
from bot.services.acknowledge import Acknowledge
from bot.services.ask import Ask, Asked
from bot.services.boards import Boards
from bot.services.follow import Follow
from bot.services.onboard import Onboard
from bot.services.postpone import Postpone
from bot.services.prove import Prove
from bot.services.rehearse import Rehearse
from bot.services.remind import Remind
from bot.services.scan import Scan
from bot.services.tell import Tell
from bot.services.visit import Visits
from tests import strategies as some
from tests.examples import ADA, ADA_IN_CHAT, APP, BEN, BEN_IN_CHAT, NOW, OPERATOR, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import (
    CountingSecrets,
    FakeClock,
    FakeEngine,
    FakeEntra,
    FakeMessenger,
    FakeOktaOrg,
    FakeSignIn,
    LimitsInMemory,
    SignInsInMemory,
    reminding,
)
from tests.reading import buttons_of, check_form, table_of, text_of

SECOND = replace(APP, ref=AppRef("contoso", "0oa2"), label="Contoso EU")
PASSWORD = Evidence(EvidenceKind.ADMIN_PASSWORD_USED, NOW, NOW, {"account": "svc"}, "e1")
USED = Evidence(EvidenceKind.SERVICE_ACCOUNT_USED, NOW, NOW, event_id="e2")
STRANGER = replace(OPERATOR, user_id="U-stranger")


class World:
    """Two apps of one org, one of them on a password, and the conversation over them."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.clock = FakeClock(NOW)
        self.engine = FakeEngine()
        self.okta = FakeOktaOrg("contoso", APP, SECOND)
        self.okta.log = {"0oa1": (PASSWORD,), "0oa2": (USED,)}
        self.entra = FakeEntra(TENANT)
        self.entra.consents[TENANT.id] = (Evidence(EvidenceKind.TENANT_NOT_CONSENTED, NOW),)
        self.entra.admins[TENANT.id] = (ADA, BEN)
        self.slack = FakeMessenger(ADA_IN_CHAT, BEN_IN_CHAT)
        self.scan = Scan(
            orgs={"contoso": self.okta}, entra=self.entra, ledger=self.ledger, clock=self.clock
        )
        sign_ins, secrets = SignInsInMemory(), CountingSecrets()
        tell = Tell(self.engine)
        orgs = {"contoso": self.okta}
        acknowledge = Acknowledge(
            ledger=self.ledger,
            orgs=orgs,
            tell=tell,
            clock=self.clock,
            minimum=ProofKind.CHAT_ACCOUNT,
        )
        visits = Visits(ledger=self.ledger, sign_ins=sign_ins, clock=self.clock, secrets=secrets)
        channels = (Channel(Platform.SLACK, "C1"),)
        policy = Policy(Campaign(), Calendars(ZoneInfo("UTC")), jitter=timedelta(0))
        letters = reminding(self.ledger, self.clock, policy)
        messengers = {Platform.SLACK: self.slack}
        ask = Ask(
            ledger=self.ledger,
            entra=self.entra,
            messengers=messengers,
            tell=tell,
            clock=self.clock,
            secrets=secrets,
            policy=PeoplePolicy(),
        )
        boards = Boards(
            ledger=self.ledger,
            messengers=messengers,
            writer=letters,
            engine=self.engine,
            clock=self.clock,
            policy=policy,
            kept=BoardPolicy(channels),
        )
        self.conversation = Conversation(
            ledger=self.ledger,
            scan=self.scan,
            ask=ask,
            acknowledge=acknowledge,
            prove=Prove(
                acknowledge=acknowledge,
                visits=visits,
                ledger=self.ledger,
                sign_in=None,
                sign_ins=sign_ins,
                entra=self.entra,
                limits=LimitsInMemory(),
                tell=tell,
                clock=self.clock,
                secrets=secrets,
                minimum=ProofKind.CHAT_ACCOUNT,
            ),
            follow=Follow(
                visits=visits,
                ledger=self.ledger,
                orgs=orgs,
                scan=self.scan,
                ask=ask,
                tell=tell,
                engine=self.engine,
                clock=self.clock,
                policy=policy,
                scan_minutes=15,
            ),
            onboard=Onboard(
                ledger=self.ledger,
                entra=self.entra,
                sign_in=FakeSignIn(),
                sign_ins=sign_ins,
                limits=LimitsInMemory(),
                tell=tell,
                engine=self.engine,
                clock=self.clock,
                secrets=secrets,
                public_url="https://o365bot.example.com",
                link_lifetime=timedelta(hours=72),
            ),
            remind=Remind(
                ledger=self.ledger,
                engine=self.engine,
                clock=self.clock,
                ask=ask,
                show_boards=boards.show,
                channels=channels,
                operators=(OPERATOR,),
                policy=policy,
            ),
            clock=self.clock,
            operators=frozenset({str(OPERATOR)}),
            language="en",
            link_hours=72,
            campaign=CampaignParts(
                rehearse=Rehearse(
                    ledger=self.ledger, clock=self.clock, policy=policy, kept=BoardPolicy()
                ),
                boards=boards,
                postpone=Postpone(ledger=self.ledger, clock=self.clock, policy=policy),
                sample=letters.sample,
            ),
        )

    async def ask(self, words: str, asker: ChatIdentity = OPERATOR) -> Message:
        message = await self.conversation.answer(words, asker)
        check_form(message)
        return message


@pytest.fixture
def world() -> World:
    return World()


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize("words", ["", "apps", "why 0oa1", "send 0oa1", "remind", "scan", "xyzzy"])
async def test_whoever_is_no_operator_is_told_how_to_become_one_and_nothing_else(
    world: World, words: str
) -> None:
    """Nothing is read, nothing is sent; the answer names their id, which the settings need."""
    message = await world.ask(words, STRANGER)
    assert "U-stranger" in text_of(message)
    assert "Contoso" not in text_of(message)
    assert world.entra.calls == []
    assert world.engine.deliveries == []
    assert await world.ledger.apps() == ()
    assert await world.ledger.audit() == ()


async def test_the_same_id_on_another_platform_is_another_person(world: World) -> None:
    """Operators are named with their platform."""
    message = await world.ask("apps", replace(OPERATOR, platform=Platform.TEAMS))
    assert "Only operators" in text_of(message)


async def test_help_is_for_everybody_and_shows_what_they_may_say(world: World) -> None:
    """Operators see every command; others see what the bot is and whom to ask."""
    operator, stranger = await world.ask("help"), await world.ask("help", STRANGER)
    assert all(f"/o365 {verb}" in text_of(operator) for verb in VERBS)
    assert "/o365 send" not in text_of(stranger)


# ------------------------------------------------------------------ the question


@pytest.mark.parametrize("words", ["which O365 apps need migration", "", "apps"])
async def test_which_apps_need_migration_is_answered_from_a_look_at_the_clouds(
    world: World, words: str
) -> None:
    """The first question looks; what is done is counted, what is open is listed."""
    message = await world.ask(words)
    assert message.summary == "One Office 365 app needs migration"
    (row,) = table_of(message).rows
    assert [cell.text for cell in row] == [
        "Contoso O365",
        "contoso",
        "needs consent",
        "likely, just now",
        "nobody yet",
    ]
    assert "1 of 2 done" in text_of(message)
    assert [b.words for b in buttons_of(message) if isinstance(b, Command)] == ["who contoso/0oa1"]


async def test_the_second_question_costs_no_call(world: World) -> None:
    """What is known is answered at once, with its age."""
    await world.ask("apps")
    calls = len(world.entra.calls)
    world.clock.forward(timedelta(minutes=10))
    assert "10 minutes ago" in text_of(await world.ask("apps"))
    assert len(world.entra.calls) == calls


async def test_all_shows_what_is_done_as_well(world: World) -> None:
    """The title still counts what is left."""
    message = await world.ask("all")
    assert message.summary == "One Office 365 app needs migration"
    assert [row[2].text for row in table_of(message).rows] == ["needs consent", "migrated"]


async def test_a_long_list_is_paged(world: World) -> None:
    """Each app is on exactly one page; a page beyond the last is the last."""
    world.okta.log = {}
    world.okta.listed = [
        replace(APP, ref=AppRef("contoso", f"0oa{n:03}"), label=f"App {n:03}")
        for n in range(2 * PAGE + 1)
    ]
    pages = [table_of(await world.ask(f"apps {n}")).rows for n in (1, 2, 3)]
    assert [len(rows) for rows in pages] == [PAGE, PAGE, 1]
    labels = [row[0].text for rows in pages for row in rows]
    assert labels == sorted(set(labels))
    assert "Page 3 of 3" in text_of(await world.ask("apps 99"))


async def test_an_org_that_could_not_be_looked_at_is_named_in_the_answer(world: World) -> None:
    """The list is not silently short."""
    await world.ask("apps")
    world.okta.listing = CloudUnreachable("No answer.", where="contoso", call="GET apps")
    message = await world.ask("scan")
    assert "could not look at the Okta org contoso" in text_of(message)
    assert "Contoso O365" in text_of(message)


async def test_long_work_shows_how_far_it_is(world: World) -> None:
    """The platform is handed interim messages to show."""
    shown: list[Message] = []

    async def show(message: Message) -> None:
        shown.append(message)

    await world.conversation.answer("scan", OPERATOR, show)
    assert [message.summary for message in shown] == [
        "contoso: checked 0 of 2",
        "contoso: checked 2 of 2",
    ]


# ------------------------------------------------------------------ one app


async def test_why_shows_each_piece_of_evidence_with_source_and_age(world: World) -> None:
    """The state, how it is known, what speaks for it, and what comes next."""
    await world.ask("apps")
    said = text_of(await world.ask("why contoso o365"))
    for part in (
        "Contoso O365: needs consent",
        "password of svc",
        "Okta System Log",
        "contoso.onmicrosoft.com",
        "Next:",
    ):
        assert part in said


async def test_why_shows_what_does_not_fit_together(world: World) -> None:
    """A password after the service account: both are named."""
    later = NOW + timedelta(hours=1)
    world.okta.log = {"0oa1": (USED, replace(PASSWORD, seen_at=later, happened_at=later))}
    world.clock.forward(timedelta(hours=2))
    await world.ask("apps")
    assert "does not fit together" in text_of(await world.ask("why 0oa1"))


async def test_why_names_the_permission_that_is_missing(world: World) -> None:
    """Whoever runs Okta can grant it."""
    world.okta.connections["0oa1"] = CloudRefused(
        "no", where="contoso", call="GET connection", missing="okta.apps.read"
    )
    await world.ask("apps")
    assert "okta.apps.read is missing" in text_of(await world.ask("why 0oa1"))


async def test_who_shows_the_candidates_and_offers_to_send(world: World) -> None:
    """The chosen one by name and account; one button, that says exactly which app."""
    await world.ask("apps")
    message = await world.ask("who 0oa1")
    assert "I would ask Ada Moreau (ada@contoso.com), on Slack" in text_of(message)
    assert len(table_of(message).rows) == 2
    assert [b.words for b in buttons_of(message) if isinstance(b, Command)] == ["send contoso/0oa1"]


async def test_who_says_when_nobody_can_be_asked(world: World) -> None:
    """The candidates are shown with what stands against each; there is nothing to press."""
    world.slack.people = ()
    await world.ask("apps")
    message = await world.ask("who 0oa1")
    assert "not found in chat" in text_of(message)
    assert buttons_of(message) == []


async def test_send_asks_the_right_person_and_says_so_without_the_link(world: World) -> None:
    """The operator sees who, where and the code; never the token."""
    await world.ask("apps")
    message = await world.ask("send 0oa1")
    (request,) = await world.ledger.open_requests()
    assert request.chat == ADA_IN_CHAT
    assert request.code in text_of(message)
    assert "/c/" not in text_of(message)
    listed = text_of(await world.ask("apps"))
    assert "Ada Moreau: being sent" in listed


async def test_send_by_a_part_of_a_name_that_fits_two_apps_sends_nothing(world: World) -> None:
    """The references are listed, so that one can be said."""
    await world.ask("apps")
    message = await world.ask("send contoso")
    assert "contoso/0oa1, contoso/0oa2" in text_of(message)
    assert await world.ledger.open_requests() == ()


async def test_an_app_whose_request_has_ended_is_offered_again(world: World) -> None:
    """Nobody is asked any more, so the list offers to find somebody."""
    await world.ask("apps")
    await world.ask("send 0oa1")
    assert buttons_of(await world.ask("apps")) == []
    (request,) = await world.ledger.open_requests()
    ended = replace(request, stage=Stage.UNDELIVERED, revision=2)
    await world.ledger.commit(Changes(requests=(ended,)))
    message = await world.ask("apps")
    assert "nobody yet" in text_of(message)
    assert len(buttons_of(message)) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("send 0oa2", "needs nothing now"),
        ("why nothing-like-it", "no Office 365 app called “nothing-like-it”"),
        ("why contoso e", "contoso"),
        ("who", "Which app? Say “who APP”"),
        ("snd 0oa1", "Did you mean “send APP”?"),
        ("hepl", "Did you mean “help”?"),
        ("xyzzy", "I do not know “xyzzy”"),
        ("remind", "on its way"),
    ],
)
async def test_every_other_thing_said_has_its_answer(world: World, words: str, says: str) -> None:
    """Errors are words with a way on, not codes."""
    await world.ask("apps")
    assert says in text_of(await world.ask(words))


async def test_check_looks_again_and_answers_with_what_is_true_now(world: World) -> None:
    """Right after somebody saved."""
    await world.ask("apps")
    world.okta.log = {"0oa1": (USED,)}
    world.clock.forward(timedelta(minutes=1))
    at = world.clock.now()
    world.okta.log = {"0oa1": (replace(USED, seen_at=at, happened_at=at),)}
    assert "Contoso O365: migrated" in text_of(await world.ask("check 0oa1"))


# ------------------------------------------------------------------ when things break


async def test_a_store_that_is_away_is_told_and_nothing_is_lost(world: World) -> None:
    """No traceback in chat."""
    world.ledger.down = True
    assert "cannot reach my store" in text_of(await world.ask("apps"))


async def test_a_bug_is_answered_with_a_reference_that_the_log_has(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person can report it; what broke is not shown to them."""
    import structlog

    async def broken(*args: object) -> None:
        raise ZeroDivisionError("hush-hush")

    monkeypatch.setattr(world.ledger, "apps", broken)
    await world.ledger.save_scan(OrgScan("contoso", NOW, NOW))
    with caplog.at_level(logging.ERROR), structlog.testing.capture_logs() as logs:
        said = text_of(await world.ask("apps"))
    assert "hush" not in said
    (reference,) = [entry["reference"] for entry in logs if "reference" in entry]
    assert reference in said


@given(st.text(max_size=80))
async def test_whatever_is_said_is_answered(words: str) -> None:
    """In a world with two apps: always a message in good form, and never a link by accident."""
    world = World()
    message = await world.ask(words)
    assert text_of(message)
    if not words.strip().lower().startswith("send"):
        assert await world.ledger.open_requests() == ()


# ------------------------------------------------------------------ any data, any language


@given(
    st.lists(some.app_records, max_size=4, unique_by=lambda r: r.app.ref),
    st.lists(some.requests, max_size=2),
    st.lists(some.org_scans, max_size=2),
    st.lists(some.global_admins, max_size=3, unique_by=lambda a: a.object_id),
    st.sampled_from(languages()),
)
def test_whatever_is_known_can_be_said_in_every_language(
    records: list[AppRecord],
    requests: list[ConsentRequest],
    scans: list[OrgScan],
    admins: list[GlobalAdmin],
    language: str,
) -> None:
    """Lists, reasons and candidates of any data are messages in good form."""
    replies = Replies(Words(language))
    choice = choose_admin(
        admins,
        app_id="0oa1",
        reach={},
        okta_admins=None,
        policy=PeoplePolicy(),
    )
    for everything in (False, True):
        check_form(
            replies.apps(
                tuple(records),
                {scan.org: scan for scan in scans},
                {request.id: request for request in requests},
                NOW,
                page=1,
                everything=everything,
            )
        )
    for record in records:
        check_form(replies.why(record, NOW))
        check_form(replies.who(record, choice))
        check_form(replies.who(record, Choice()))
    for request in requests:
        check_form(replies.asked(Asked(request), 72))
        check_form(replies.asked(Asked(request, request), 1))


# ------------------------------------------------------------------ the campaign


async def test_a_plan_is_told_to_operators(world: World) -> None:
    """Nobody was asked, so nobody would hear anything; any span is understood."""
    for words in ("plan", "plan 30d", "plan 400 days"):
        assert "Nobody gets a message" in text_of(await world.ask(words))


async def test_the_report_goes_to_the_channel(world: World) -> None:
    """The answer says so; the delivery is planned."""
    await world.ask("scan")
    assert "report is on its way" in text_of(await world.ask("report"))
    assert any(key.startswith("report:") for key, _ in world.engine.deliveries)


async def test_a_sample_is_shown_to_whoever_asked_alone(world: World) -> None:
    """It looks like the real one and says that it is none; nothing is delivered."""
    await world.ask("scan")
    message = await world.ask("send me a sample")
    assert message.private
    assert "is waiting for you" in text_of(message)
    assert "leads nowhere" in text_of(message)
    assert world.engine.deliveries == []


async def test_whoever_is_reminded_may_put_it_off(world: World) -> None:
    """Also somebody who is no operator, in words; what is not understood is asked again."""
    world.okta.log = {"0oa1": (PASSWORD,), "0oa2": (replace(PASSWORD, event_id="e3"),)}
    await world.ask("scan")
    await world.ask("send 0oa1")
    await world.ask("send 0oa2")
    first, second = await world.ledger.open_requests()
    later = f"later {first.code}"
    assert "March 4, 2025, 09:00" in text_of(await world.ask(f"{later} tomorrow", ADA_IN_CHAT))
    asked_again = await world.ask(f"{later} someday", ADA_IN_CHAT)
    assert any(b.words.startswith(later) for b in buttons_of(asked_again) if isinstance(b, Command))
    assert "March" not in text_of(await world.ask(f"{later} tomorrow", BEN_IN_CHAT))
    both = f"later {first.code},{second.code} 2025-03-05T10:00 busy"
    assert "March 5, 2025, 10:00" in text_of(await world.ask(both, ADA_IN_CHAT))
    put_off = [r.snooze for r in await world.ledger.open_requests()]
    assert [(s.local, s.reason) for s in put_off if s] == [(datetime(2025, 3, 5, 10), "busy")] * 2


async def test_whoever_is_away_is_left_alone(world: World) -> None:
    """A day in the past ends an absence."""
    assert "until March 9" in text_of(await world.ask("away 2025-03-09", ADA_IN_CHAT))
    assert "Welcome back" in text_of(await world.ask("away 2025-03-01", ADA_IN_CHAT))
    assert "do not understand" in text_of(await world.ask("away soon", ADA_IN_CHAT))
