"""Nothing is said that does not come from the catalogue: a pseudo-locale puts it in brackets."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

import bot.chat.words
from bot.chat.campaign.digests import SHOWN as MOST_IN_DIGEST
from bot.chat.consent.letters import SHOWN, Letters
from bot.chat.consent.personal import PersonalReplies
from bot.chat.inventory.lists import PAGE
from bot.chat.inventory.waiving import WaiverReplies
from bot.chat.replies import Replies
from bot.chat.typed.commands import SLASH
from bot.chat.typed.waiver_words import Term
from bot.chat.words import Texts, Words, languages
from bot.domain.campaign.digests import Digest
from bot.domain.campaign.foresight import ChannelPost, PostKind
from bot.domain.campaign.intents import Intent, Policy, Reason, Remember, Sideways
from bot.domain.campaign.rehearsal import Outlook, Wait
from bot.domain.campaign.windows import EVERYBODY, OKTA_CONSENT, WINDOWS, Campaign, Tone, WindowName
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.later import Moved, Snooze
from bot.domain.consent.onboarding import Onboarding
from bot.domain.consent.polls import Watch
from bot.domain.consent.requests import Proof, ProofKind, Stage
from bot.domain.delivery.notices import (
    Channel,
    ChannelNudge,
    ChannelReminder,
    ChannelReport,
    Happening,
    Introduction,
    Notice,
    OperatorDigest,
    OperatorNote,
    PersonalLink,
    PersonalRound,
    RequestChanged,
)
from bot.domain.evidence.rules import RULES, Evidence, EvidenceKind, Source
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.inventory.waivers import Waiver
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.choice import Candidate, Choice, Point
from bot.domain.people.policy import AccountNote, Said
from bot.domain.summaries import Page, Part, summary_of
from bot.domain.time.calendar import Calendars
from bot.errors import AppAmbiguous, AppUnknown, CloudRefused, NobodyReachable, O365BotError
from bot.message import (
    Buttons,
    Command,
    Facts,
    Folded,
    Group,
    Heading,
    Menu,
    Message,
    Note,
    Picture,
    Progress,
    Table,
    Text,
    buttons_of,
    plainly,
)
from bot.services.campaign.outreach import Disturbed, Disturbs, Holds, Sent, SentAll
from bot.services.campaign.rehearse import Plan
from bot.services.consent.ask import Asked
from bot.services.consent.onboard import Invitation
from bot.services.inventory.waive import Waived
from bot.services.people.accounts import Noted
from tests.drawing import check_drawn
from tests.examples import (
    ADA,
    ADA_IN_CHAT,
    APP,
    BEN,
    BEN_IN_CHAT,
    DELIVERED,
    NOW,
    OPERATOR,
    RECORD,
    REQUEST,
    TENANT,
)
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeOktaOrg, reminding
from tests.pages import page_of

LATER = NOW + timedelta(hours=2)
AGE = Words().ago(NOW, LATER)
PLAN = Snooze(datetime(2025, 3, 4, 9, 0), "Europe/Berlin", "the auditor")
CHANNEL = Channel(Platform.SLACK, "C1")
LINK = "https://o365bot.example.com/c/secret"
# What may be shown as it is: names and ids of the world, and ages, whose words are Babel's.
DATA = sorted(
    [
        SLASH,
        CHANNEL.channel_id,
        BEN.display_name,
        *(APP.label, APP.ref.org, APP.ref.app_id, str(APP.ref), TENANT.domain, AGE, REQUEST.code),
        *(f"{admin.display_name} ({admin.upn})" for admin in (ADA, BEN)),
        *(ADA.display_name, ADA.upn, OPERATOR.display_name, BEN_IN_CHAT.display_name, LINK),
        *(ADA.display_name, ADA.upn, OPERATOR.display_name),
        # dates, which are Babel's, too
        *(Words().date(OKTA_CONSENT.on), Words().moment(LATER), Words().day(NOW.date())),
        Words().day(OKTA_CONSENT.on),
        *(OKTA_CONSENT.on.isoformat(), PLAN.reason),
    ],
    key=len,
    reverse=True,
)


@pytest.fixture(autouse=True, params=languages())
def _bracketed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Every text of the catalogue stands in brackets, in each language in turn."""
    spoken = bot.chat.words._catalogue(request.param)
    bracketed: Texts = {
        key: f"⟦{text}⟧"
        if isinstance(text, str)
        else {form: f"⟦{each}⟧" for form, each in text.items()}
        for key, text in spoken.items()
    }
    monkeypatch.setattr(bot.chat.words, "_catalogue", lambda language: bracketed)


def said(message: Message) -> Iterator[str]:
    """Every text of a message that somebody reads."""
    yield message.summary
    for block in message.blocks:
        match block:
            case Heading(text) | Text(text) | Note(text):
                yield plainly(text)
            case Group(items, title, _, note, more):
                yield from (title, plainly(note), more if items else "")
                for item in items:
                    yield from (item.title, item.beside, *map(plainly, item.lines))
            case Folded(label, _, inner):
                yield label
                yield from said(Message(label, inner))
            case Facts(facts):
                for fact in facts:
                    yield from (fact.name, fact.value)
            case Table(columns, rows):
                yield from columns
                yield from (cell.text for row in rows for cell in row)
            case Progress():
                yield block.label
            case Picture(alt=alt):
                yield alt
            case Buttons(buttons):
                yield from (one.label for one in buttons if isinstance(one, Menu))
        for button in buttons_of(block):
            yield button.label
            if isinstance(button, Command) and (ask := button.confirm) is not None:
                yield from (ask.title, ask.text, ask.yes, ask.no)


def unbracketed(text: str) -> str:
    """What stands outside of all brackets and is no data."""
    while (rest := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = rest
    for known in DATA:
        text = text.replace(known, "")
    return text


def check(messages: list[Message]) -> None:
    assert messages
    for message in messages:
        check_drawn(message)
        texts = list(said(message))
        assert any("⟦" in text for text in texts)
        assert {
            text: unbracketed(text) for text in texts if re.search(r"[^\W\d]", unbracketed(text))
        } == {}


def evidence_of(kind: EvidenceKind) -> Iterator[Evidence]:
    detail = {"call": "GET logs", "where": "contoso", "says": "no", "name": "Okta", "by": "olga"}
    yield Evidence(
        kind, NOW, NOW, {"name": "Okta", "where": "contoso", "call": "GET", "says": "no"}
    )
    yield Evidence(kind, NOW, NOW, detail)
    if kind is EvidenceKind.READ_FAILED:
        yield Evidence(kind, NOW, NOW, {**detail, "missing": "okta.logs.read"})


def records() -> tuple[AppRecord, ...]:
    """Apps with each kind of evidence, alone and beside provisioning that is on."""
    on = Evidence(EvidenceKind.CONNECTION_ON, NOW)
    found = [RECORD, replace(RECORD, evidence=(), tenant=None)]
    for kind in RULES:
        for evidence in evidence_of(kind):
            found += [replace(RECORD, evidence=some) for some in ((evidence,), (on, evidence))]
    done = Evidence(EvidenceKind.SERVICE_ACCOUNT_USED, NOW, NOW)
    undone = Evidence(EvidenceKind.SAW_AUTHENTICATE, LATER, NOW + timedelta(seconds=1))
    found.append(replace(RECORD, evidence=(on, done, undone)))
    return tuple(found)


def leaves(of: type[O365BotError] = O365BotError) -> set[type[O365BotError]]:
    return {of}.union(*(leaves(each) for each in of.__subclasses__()))


def whats() -> list[O365BotError]:
    """Each error that there is, with what it tells."""
    found: list[O365BotError] = [
        AppUnknown("x", ("y",)),
        AppUnknown("x"),
        AppAmbiguous("x", {str(APP.ref): APP.label}),
        CloudRefused("no", where="contoso", call="GET", missing="okta.logs.read"),
        NobodyReachable("nobody"),
    ]
    for kind in leaves():
        error = kind.__new__(kind)
        O365BotError.__init__(error, "It did not work.", hint="Do this.")
        told = {"where": "contoso", "call": "GET", "missing": "", "app": APP.label}
        vars(error).update(told, domain="contoso.com", platform="teams")
        vars(error).update(until=OKTA_CONSENT.on, latest=OKTA_CONSENT.on)
        found += [error] if not isinstance(error, (AppUnknown, AppAmbiguous)) else []
    return found


def disturbed(apps: int, *, at_work: bool) -> Disturbed:
    return Disturbed(ADA_IN_CHAT, ADA.display_name, apps, at_work)


def replied(replies: Replies) -> dict[str, list[Message]]:
    """What each reply writes for sample data, by the name of its method."""
    every = records()
    asked = tuple(replace(record, request_id=REQUEST.id) for record in every)
    looked = {"contoso": OrgScan("contoso", NOW, NOW)}
    failed = {"contoso": OrgScan("contoso", NOW, None, failure="It did not answer.")}
    requests = [{REQUEST.id: replace(REQUEST, stage=stage)} for stage in Stage]
    points = Candidate(ADA, ADA_IN_CHAT, tuple(Point), tuple(Point))
    good = Candidate(ADA, ADA_IN_CHAT, (), (Point.ELIGIBLE_ROLE,))
    choices = [Choice(), Choice((points,)), Choice((good, points))]
    teams = replace(REQUEST, chat=ChatIdentity(Platform.TEAMS, "ada"))
    return {
        "apps": [
            *(
                replies.apps(
                    page_of(every, number=number, part=Part.ALL if everything else Part.OPEN),
                    scans,
                    LATER,
                    everything=everything,
                )
                for scans in (looked, failed, {})
                for number in (1, len(every) // PAGE)
                for everything in (True, False)
            ),
            *(
                replies.apps(page_of(asked, open_ones.values()), looked, LATER, everything=False)
                for open_ones in requests
            ),
            replies.apps(Page(), {}, NOW, everything=False),
        ],
        "why": [replies.why(record, LATER) for record in every],
        "who": [
            replies.who(record, choice, NOW)
            for choice in choices
            for record in (RECORD, replace(RECORD, tenant=None))
        ],
        "sent": [
            *(
                replies.sent(Sent(Asked(request, former), outlook), hours, NOW)
                for request in (REQUEST, teams)
                for former in (None, DELIVERED)
                for hours in (1, 72)
                for outlook in (None, *(Outlook(at, why) for at in (None, NOW) for why in Wait))
            ),
            *(
                replies.sent(Sent(Asked(REQUEST, before=True), Outlook(NOW, why)), 72, NOW)
                for why in Wait
            ),
        ],
        "sent_all": [
            *(
                replies.sent_all(SentAll((Sent(Asked(REQUEST), None),) * n, held, nobody, now))
                for n in (0, 1, 12)
                for held in (0, 1, 2)
                for nobody in (0, 1, 2)
                for now in (False, True)
            ),
            *(
                replies.sent_all(Disturbs(tuple(disturbed(n, at_work=n > 2) for n in some), NOW))
                for some in ((3,), (1,), (1, 2), range(1, 40))
            ),
            *(replies.sent_all(SentAll((), 0, 0, False, n, n)) for n in (0, 1, 2)),
            *(replies.sent(Holds(REQUEST, Outlook(at, Wait.WEEK)), 72, NOW) for at in (NOW, None)),
        ],
        "public": [
            replies.public(verb, channels)
            for verb in ("remind", "report")
            for channels in ((), (CHANNEL,), (CHANNEL, replace(CHANNEL, platform=Platform.TEAMS)))
        ],
        "posted": [
            replies.posted(verb, count) for verb in ("remind", "report") for count in (0, 1, 2)
        ],
        "plan": [
            replies.plan(replace(found, unasked=unasked), 30, said)
            for found in plans()
            for unasked in (0, 1, 2)
            for said in ("", "next month")
        ],
        "sample": [replies.sample(None), replies.sample(replies.posted("report", 1))],
        "not_asked": [replies.not_asked()],
        "part_time": [replies.part_time(days) for days in (None, frozenset({0, 4}))],
        "away": [
            replies.away(LATER.date(), until)
            for until in (LATER.date(), LATER.date() - timedelta(days=1), None)
        ],
        "no_moment": [replies.no_moment(said) for said in ("", "soon")],
        "scanning": [replies.scanning("contoso", 1, 2)],
        "help": [
            replies.help(platform, operator=operator)
            for platform in Platform
            for operator in (True, False)
        ],
        "not_allowed": [replies.not_allowed(OPERATOR)],
        "unclear": [
            replies.unclear("wyh", closest)
            for closest in ("", "why", "deny", "apps", "verify", "onboard", f"why {APP.label}")
        ],
        "needs_app": [replies.needs_app("why")],
        "needs_account": [replies.needs_account(verb) for verb in ("owner", "deny")],
        "noted": [
            replies.noted(Noted(AccountNote(ADA.upn, said, "Olga", NOW, owner), known, ()))
            for said in Said
            for owner in ("", BEN.upn)
            for known in ((), (ADA.display_name,))
        ],
        "scanned": [replies.scanned(tuple(looked.values()))],
        "error": [replies.error(error) for error in whats()],
        "broken": [replies.broken("1a2b")],
    }


POLICY = Policy(Campaign(), Calendars(ZoneInfo("UTC")))


def plans() -> list[Plan]:
    """None, a short one with every reason, and a long one."""
    rounds = [
        Remember(PersonalRound(ADA_IN_CHAT, "x", ids, reason, window, Tone.CALM), LATER)
        for reason in Reason
        for window in WindowName
        for ids in ((REQUEST.id,), (REQUEST.id, REQUEST.id))
    ]
    away: list[Intent] = [
        Sideways(ADA_IN_CHAT, REQUEST.id, APP.ref, APP.label, reason, LATER)
        for reason in (Reason.IGNORED, Reason.AWAY, Reason.NOT_SEEN)
    ]
    known = {REQUEST.id: REQUEST}
    digests = (Digest(OperatorDigest(OPERATOR, "x", WindowName.DUE), LATER),)
    posts = tuple(
        ChannelPost(Channel(platform, "C1"), org, kind, LATER)
        for platform in Platform
        for org in ("", APP.ref.org)
        for kind in PostKind
    )
    # No more than a plan shows, so that every line of them is read.
    parts = [rounds[start : start + 10] for start in range(0, len(rounds), 10)]
    return [
        Plan(NOW, LATER, (), known, POLICY),
        Plan(NOW, LATER, tuple(away), known, POLICY),
        *(Plan(NOW, LATER, tuple(part), known, POLICY) for part in parts),
        Plan(NOW, LATER, tuple(rounds), known, POLICY),
        Plan(NOW, LATER, (), known, POLICY, posts, digests),
    ]


def test_replies_say_nothing_but_texts_and_data() -> None:
    """Each of them, in each of its cases: a word that is written in the code would stand out."""
    written = replied(Replies(Words()))
    public = {
        name
        for name, _ in inspect.getmembers(Replies, inspect.isfunction)
        if not name.startswith("_")
    }
    assert written.keys() == public, "a reply that is not tried here"
    for messages in written.values():
        check(messages)


def test_personal_replies_say_nothing_but_texts_and_data() -> None:
    """What the asked person reads in answer, and who asks about a code or a tenant."""
    replies = PersonalReplies(Words())
    put_off = replace(REQUEST, snooze=PLAN)
    written = {
        "verified": [replies.verified(replace(REQUEST, stage=stage)) for stage in Stage],
        "taken_on": [replies.taken_on(REQUEST, way) for way in ("", LINK)],
        "looking": [replies.looking(REQUEST)],
        "sights": [replies.sights(REQUEST)],
        "seen": [replies.seen(REQUEST)],
        "not_me_sure": [replies.not_me_sure(REQUEST)],
        "not_me": [replies.not_me(REQUEST)],
        "later_when": [
            replies.later_when(REQUEST, offered, UTC, said)
            for offered in ((), (LATER, LATER))
            for said in ("", "soon")
        ],
        "later": [replies.later(put_off, moved, LATER.date()) for moved in (None, *Moved)],
        "invited": [
            replies.invited(Invitation(TENANT.domain, link), hours)
            for link in ("", LINK)
            for hours in (1, 72)
        ],
        "onboard_aside": [replies.onboard_aside(TENANT.domain)],
        "needs_code": [replies.needs_code("verify")],
        "needs_domain": [replies.needs_domain()],
        "no_microsoft": [replies.no_microsoft()],
    }
    public = {
        name
        for name, _ in inspect.getmembers(PersonalReplies, inspect.isfunction)
        if not name.startswith("_")
    }
    assert written.keys() == public, "a reply that is not tried here"
    for messages in written.values():
        check(messages)


def test_what_is_answered_about_waivers_says_nothing_but_texts_and_data() -> None:
    """What is missing, the question, the answer, the list, the note to operators."""
    replies = WaiverReplies(Words())
    day = OKTA_CONSENT.on
    waiver = Waiver(day, LATER, PLAN.reason, str(OPERATOR), OPERATOR.display_name, NOW)
    app = replace(RECORD, waiver=waiver, assessed_at=NOW)
    asked = (Waived(app, waiver), Waived(app, waiver, REQUEST))
    terms = (None, Term(None, ""), Term(day, ""))
    written = {
        "needs": [
            replies.needs(name, term, said, day)
            for name in ("", APP.label)
            for term in terms
            for said in ("", OPERATOR.display_name)
        ],
        "sure": [replies.sure(one) for one in asked],
        "done": [replies.done(one) for one in asked],
        "taken_back": [replies.taken_back(RECORD)],
        "listed": [replies.listed(page_of(found, part=Part.WAIVED)) for found in ([], [app] * 20)],
        "ends": [replies.ends(summary_of(app), waiver)],
    }
    public = {
        name
        for name, _ in inspect.getmembers(WaiverReplies, inspect.isfunction)
        if not name.startswith("_")
    }
    assert written.keys() == public, "a reply that is not tried here"
    for messages in written.values():
        check(messages)


async def test_letters_about_a_request_say_nothing_but_texts_and_data() -> None:
    """The person's message in every stage, the notes to the operator, the introduction."""
    ledger = FakeLedger()
    orgs = {"contoso": FakeOktaOrg("contoso")}
    onboarding = Onboarding("o1", TENANT.id, TENANT.domain, OPERATOR, NOW, "digest", LATER)
    await ledger.commit(Changes(onboardings=(onboarding,)))
    written: list[Message | None] = []
    for chat_is_proof in (True, False):
        letters = Letters(
            ledger=ledger,
            orgs=orgs,
            clock=FakeClock(LATER),
            language="en",
            chat_is_proof=chat_is_proof,
            reminding=reminding(ledger, FakeClock(LATER)),
        )
        for number, stage in enumerate(Stage):
            for kind in ProofKind:
                request = replace(
                    REQUEST,
                    id=f"{stage}-{kind}-{chat_is_proof}",
                    stage=stage,
                    proof=Proof(kind, "entra:ada", NOW),
                    snooze=PLAN if number % 2 else None,
                    watch=Watch(NOW, LATER if number % 2 else None),
                    suggestion=BEN.display_name,
                )
                await ledger.commit(Changes(requests=(request,)))
                notices: list[Notice] = [
                    RequestChanged(ADA_IN_CHAT, request.id, 1),
                    Introduction(ADA_IN_CHAT, BEN_IN_CHAT, request.id),
                    *(
                        OperatorNote(OPERATOR, happened, request.id)
                        for happened in Happening
                        if happened not in (Happening.ONBOARDED, Happening.WAIVER_ENDS)
                    ),
                ]
                written += [await letters.compose(notice) for notice in notices]
                asked = PersonalLink(ADA_IN_CHAT, request.id)
                written.append(await letters.compose(asked, link=LINK))
    written.append(await letters.compose(OperatorNote(OPERATOR, Happening.ONBOARDED, "o1")))
    check([message for message in written if message is not None])


async def test_letters_say_nothing_but_texts_and_data() -> None:
    """The personal link, the thanks and the channel's reminder, short and long."""
    ledger = FakeLedger()
    orgs = {"contoso": FakeOktaOrg("contoso")}
    clock = FakeClock(LATER)
    letters = Letters(
        ledger=ledger,
        orgs=orgs,
        clock=clock,
        language="en",
        reminding=reminding(ledger, clock),
    )
    channel = ChannelReminder(Channel(Platform.SLACK, "C1"), "today")
    await ledger.commit(Changes(apps=(replace(RECORD, request_id=REQUEST.id),)))
    await ledger.commit(Changes(requests=(REQUEST,)))
    few = await letters.compose(channel)
    await ledger.commit(
        Changes(
            apps=tuple(
                replace(RECORD, app=replace(APP, ref=AppRef("contoso", f"0oa{n}")))
                for n in range(2, SHOWN + 5)
            )
        )
    )
    await ledger.save_scan(OrgScan("contoso", NOW, NOW))
    notices: list[Notice] = [
        channel,
        PersonalLink(ADA_IN_CHAT, REQUEST.id),
    ]
    reasons = [reason for reason in Reason if reason not in (Reason.IGNORED, Reason.AWAY)]
    await ledger.commit(Changes(requests=(replace(REQUEST, stage=Stage.DELIVERED, revision=2),)))
    rounds = [
        PersonalRound(ADA_IN_CHAT, "x", (REQUEST.id,), reason, window, tone)
        for reason in reasons
        for window in WindowName
        for tone in Tone
    ]
    told = AuditEntry(NOW, "slack:U1", "acknowledge", str(APP.ref))
    await ledger.commit(Changes(audit=(told,)))
    since = NOW - timedelta(hours=1)
    notices += [ChannelNudge(channel.to, since.isoformat()), ChannelReport(channel.to, "x")]
    notices += rounds
    written = [few, *[await letters.compose(notice, link=LINK) for notice in notices]]
    check([message for message in written if message is not None])
    assert None not in written


async def test_digests_say_nothing_but_texts_and_data() -> None:
    """Short and long, before the date, on its day and after it."""
    by = replace(
        POLICY, campaign=Campaign(windows=tuple(replace(w, audience=EVERYBODY) for w in WINDOWS))
    )
    ledger = FakeLedger()
    await ledger.commit(Changes(apps=(replace(RECORD, request_id=REQUEST.id),)))
    await ledger.commit(Changes(requests=(REQUEST,)))
    written: list[Message | None] = []
    for count in (1, 2 * MOST_IN_DIGEST):
        for left in (30, 1, 0, -1):
            clock = FakeClock(
                datetime.combine(OKTA_CONSENT.on, time(9), UTC) - timedelta(days=left)
            )
            letters = reminding(ledger, clock, by)
            written.append(await letters.compose(OperatorDigest(OPERATOR, "x", "due"), {}))
        others = tuple(
            replace(RECORD, app=replace(APP, ref=AppRef("contoso", f"0oa-{count}-{n}")))
            for n in range(count)
        )
        await ledger.commit(Changes(apps=others))
    check([message for message in written if message is not None])
    assert None not in written


def test_what_stands_in_the_code_would_be_noticed() -> None:
    """The check itself: a word beside the brackets fails, data and signs do not."""
    check([Message(f"⟦text ⟦{APP.label}⟧⟧ – {APP.label}, {AGE}")])
    with pytest.raises(AssertionError):
        check([Message("⟦text⟧", (Note("and a word"),))])


def test_every_source_of_evidence_is_tried() -> None:
    """The sample has what each source can tell."""
    tried = {e.rule.source for record in records() for e in record.evidence}
    assert tried == set(Source)
