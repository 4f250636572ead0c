"""What the bot can say, in each of its cases: made once, for whatever looks at all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.chat.answering import confirmation
from bot.chat.answering.helping import help_
from bot.chat.answering.lists import PAGE
from bot.chat.campaign.plans import plan
from bot.chat.campaign.stuck_apps import SHOWN as MOST_IN_DIGEST
from bot.chat.consent.personal import PersonalReplies, Snoozed
from bot.chat.delivery.composer import SHOWN
from bot.chat.inventory import reasons
from bot.chat.inventory.overview import Due, overview
from bot.chat.inventory.waiving import WaiverReplies
from bot.chat.people import people
from bot.chat.replies import Replies
from bot.chat.typed.times.waiver_words import Term
from bot.chat.words import Words
from bot.domain.campaign.channels.planned_posts import ChannelPost, PostKind
from bot.domain.campaign.digests import Digest
from bot.domain.campaign.intents import Escalate, Intent, Policy, Reason, SendRound
from bot.domain.campaign.planned_messages import NextMessage, Wait
from bot.domain.campaign.windows import EVERYBODY, OKTA_CONSENT, WINDOWS, Campaign, Tone, WindowName
from bot.domain.changes import AuditEntry, Changes
from bot.domain.consent.onboarding import Onboarding
from bot.domain.consent.polls import Polling
from bot.domain.consent.requests import Proof, ProofKind, Stage
from bot.domain.consent.snooze import Snooze, SnoozeMoved
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
from bot.domain.evidence.rules import RULES, Evidence, EvidenceKind
from bot.domain.evidence.verdict import State
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.inventory.waivers import Waiver
from bot.domain.people.absences import Absence
from bot.domain.people.access import Level
from bot.domain.people.admins import ChatIdentity, Platform
from bot.domain.people.choice import Choice
from bot.domain.people.news import NewsKind
from bot.domain.people.policy import AccountNote, AccountRule
from bot.domain.people.weighing import Candidate, Point
from bot.domain.summaries import By, Page, Part, Wanted
from bot.domain.time.calendar import Calendars
from bot.errors import AppAmbiguous, AppUnknown, CloudRefused, NobodyReachable, O365BotError
from bot.message import ChannelName, Message
from bot.services.campaign.outreach import AlreadyAsked, PersonReached, Sent, SentAll, WouldReach
from bot.services.campaign.planning import Plan
from bot.services.campaign.postpone import Absences
from bot.services.consent.ask import Asked
from bot.services.consent.onboard import Invitation
from bot.services.inventory.waive import Waived
from bot.services.people.accounts import Noted
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
    record_of,
)
from tests.fake_ledger import FakeLedger
from tests.fakes import composer
from tests.pages import page_of

LATER = NOW + timedelta(hours=2)
ABSENCES = (
    Absence(None, LATER.date()),
    Absence(LATER.date(), LATER.date()),
    Absence(NOW.date(), NOW.date() + timedelta(days=4)),
)
AGE = Words().ago(NOW, LATER)
PLAN = Snooze(datetime(2025, 3, 4, 9, 0), "Europe/Berlin", "the auditor")
CHANNEL = Channel(Platform.SLACK, "C1")
LINK = "https://o365bot.example.com/c/secret"


def shape(value: Any) -> object:
    """What a message is made of, whatever it says and however often."""
    if isinstance(value, tuple):
        return frozenset(map(shape, value))
    if is_dataclass(value):
        return (type(value), *(shape(getattr(value, one.name)) for one in fields(value)))
    return bool(value) if type(value) is str else type(value)


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


def disturbed(apps: int, *, at_work: bool) -> PersonReached:
    return PersonReached(ADA_IN_CHAT, ADA.display_name, apps, at_work)


def told(words: Words) -> dict[str, list[Message]]:
    """What is told of apps, people and the plan for sample data, by what it answers."""
    every = records()
    asked = tuple(replace(record, request_id=REQUEST.id) for record in every)
    looked = {"contoso": OrgScan("contoso", NOW, NOW)}
    failed = {"contoso": OrgScan("contoso", NOW, None, failure="It did not answer.")}
    requests = [{REQUEST.id: replace(REQUEST, stage=stage)} for stage in Stage]
    points = Candidate(ADA, ADA_IN_CHAT, tuple(Point), tuple(Point))
    good = Candidate(ADA, ADA_IN_CHAT, (), (Point.ELIGIBLE_ROLE,))
    choices = [Choice(), Choice((points,)), Choice((good, points))]
    return {
        "apps": [
            *(
                overview(
                    words,
                    page_of(every, number=number, wanted=wanted),
                    scans,
                    LATER,
                    wanted=wanted,
                    due=Due(OKTA_CONSENT.on, left),
                )
                for scans in (looked, failed, {})
                for number in (1, len(every) // PAGE)
                for wanted, left in (
                    (Wanted(Part.ALL), 3),
                    (Wanted(), 0),
                    (Wanted(Part.ALL, "contoso", State.MIGRATED), 1),
                    (Wanted(person=ADA.display_name), -1),
                    (Wanted(Part.ALL, by=By.ORG), 3),
                    (Wanted(by=By.PERSON), 3),
                )
            ),
            *(
                overview(words, page_of(asked, open_ones.values()), looked, LATER)
                for open_ones in requests
            ),
            overview(words, Page(), {}, NOW),
        ],
        "why": [
            reasons.why(words, record, LATER, in_full=in_full, okta=LINK)
            for record in every
            for in_full in (False, True)
        ],
        "who": [
            people.who(words, record, choice, NOW, in_full=in_full)
            for in_full in (False, True)
            for choice in choices
            for record in (RECORD, replace(RECORD, tenant=None))
        ],
        "public": [
            confirmation.ask(words, verb, channels)
            for verb in ("remind", "report")
            for channels in (
                (),
                (ChannelName(Platform.SLACK, "C9", "#o365"),),
                (
                    ChannelName(Platform.SLACK, "C9", ""),
                    ChannelName(Platform.TEAMS, "19:x", "Contoso Migration"),
                    ChannelName(Platform.TEAMS, "19:y", ""),
                ),
            )
        ],
        "plan": [
            plan(words, replace(found, unasked=unasked, left=unasked), 30, said)
            for found in plans()
            for unasked in (0, 1, 2)
            for said in ("", "next month")
        ],
        "help": [
            help_(words, platform, level, about)
            for platform in Platform
            for level in (Level.ANYBODY, Level.VIEWER, Level.OPERATOR)
            for about in ("", "send", "later", "back")
        ],
        "noted": [
            people.noted(words, Noted(AccountNote(ADA.upn, said, "Olga", NOW, owner), known, ()))
            for said in AccountRule
            for owner in ("", BEN.upn)
            for known in ((), (ADA.display_name,))
        ],
    }


def replied(replies: Replies) -> dict[str, list[Message]]:
    """What each reply writes for sample data, by the name of its method."""
    teams = replace(REQUEST, chat=ChatIdentity(Platform.TEAMS, "ada"))
    return {
        "org_unknown": [replies.org_unknown("contoso", ("contoso", "contoso"))],
        "sent": [
            *(
                replies.sent(Sent(Asked(request, former), next_message), hours, NOW)
                for request in (REQUEST, teams)
                for former in (None, DELIVERED)
                for hours in (1, 72)
                for next_message in (
                    None,
                    *(NextMessage(at, why) for at in (None, NOW) for why in Wait),
                )
            ),
            *(
                replies.sent(Sent(Asked(REQUEST, before=True), NextMessage(NOW, why)), 72, NOW)
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
                replies.sent_all(WouldReach(tuple(disturbed(n, at_work=n > 2) for n in some), NOW))
                for some in ((3,), (1,), (1, 2), range(1, 40))
            ),
            *(replies.sent_all(SentAll((), 0, 0, False, n, n)) for n in (0, 1, 2)),
            *(
                replies.sent(AlreadyAsked(REQUEST, NextMessage(at, Wait.WEEK)), 72, NOW)
                for at in (NOW, None)
            ),
        ],
        "about": [
            replies.about(found) for found in ({}, {"contoso/1": "contoso", "contoso/2": "contoso"})
        ],
        "posted": [
            replies.posted(verb, count) for verb in ("remind", "report") for count in (0, 1, 2)
        ],
        "sample": [replies.sample(None), replies.sample(replies.posted("report", 1))],
        "not_asked": [replies.not_asked()],
        "part_time": [replies.part_time(days) for days in (None, frozenset({0, 4}))],
        "away": [
            replies.away(last, Absences(absence, beside))
            for last in (LATER.date(), date.max)
            for absence in (*ABSENCES, None)
            for beside in ((), ABSENCES)
        ],
        "away_until_when": [replies.away_until_when(first) for first in (None, LATER.date())],
        "no_absence": [
            replies.no_absence(*days)
            for days in (
                (LATER.date(), NOW.date(), NOW.date()),
                (NOW.date(), LATER.date(), date.max),
                (LATER.date(), LATER.date(), NOW.date()),
            )
        ],
        "no_moment": [replies.no_moment(said) for said in ("", "soon")],
        "scanning": [replies.scanning("contoso", 1, 2)],
        "unclear": [
            replies.unclear("wyh", closest)
            for closest in ("", "why", "deny", "apps", "verify", "onboard", f"why {APP.label}")
        ],
        "needs_app": [replies.needs_app("why")],
        "needs_account": [replies.needs_account(verb) for verb in ("owner", "deny")],
        "scanned": [replies.scanned((OrgScan("contoso", NOW, NOW),))],
        "error": [replies.error(error) for error in whats()],
        "broken": [replies.broken("1a2b")],
    }


POLICY = Policy(Campaign(), Calendars(ZoneInfo("UTC")))


def plans() -> list[Plan]:
    """None, a short one with every reason, and a long one."""
    rounds = [
        SendRound(PersonalRound(ADA_IN_CHAT, "x", ids, reason, window, Tone.CALM), LATER)
        for reason in Reason
        for window in WindowName
        for ids in ((REQUEST.id,), (REQUEST.id, REQUEST.id))
    ]
    away: list[Intent] = [
        Escalate(ADA_IN_CHAT, REQUEST.id, APP.ref, APP.label, reason, LATER)
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


def personal(replies: PersonalReplies) -> dict[str, list[Message]]:
    """What the asked person reads in answer, and who asks about a code or a tenant."""
    put_off = replace(REQUEST, snooze=PLAN)
    return {
        "verified": [replies.verified(replace(REQUEST, stage=stage)) for stage in Stage],
        "taken_on": [replies.taken_on(REQUEST, way) for way in ("", LINK)],
        "checking": [replies.checking(REQUEST)],
        "observations": [replies.observations(REQUEST)],
        "seen": [replies.seen(REQUEST)],
        "not_me_sure": [replies.not_me_sure(REQUEST)],
        "not_me": [replies.not_me(REQUEST)],
        "later_when": [
            replies.later_when(REQUEST, offered, UTC, said, which, count)
            for offered in ((), (LATER, LATER))
            for said in ("", "soon")
            for which, count in (("", 1), ("all", 200))
        ],
        "later": [
            replies.later([Snoozed(put_off, moved, LATER.date(), count) for count in counts])
            for moved in (None, *SnoozeMoved)
            for counts in ((1,), (200,), (199, 1))
        ],
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


def waivers(replies: WaiverReplies) -> dict[str, list[Message]]:
    """What is missing, the question, the answer, the list, the note to operators."""
    day = OKTA_CONSENT.on
    waiver = Waiver(day, LATER, PLAN.reason, str(OPERATOR), OPERATOR.display_name, NOW)
    app = replace(RECORD, waiver=waiver, assessed_at=NOW)
    asked = (Waived(app, waiver), Waived(app, waiver, REQUEST))
    terms = (None, Term(None, ""), Term(day, ""))
    return {
        "needs": [
            replies.needs(name, term, said, day)
            for name in ("", APP.label)
            for term in terms
            for said in ("", OPERATOR.display_name)
        ],
        "sure": [replies.sure(one) for one in asked],
        "done": [replies.done(one) for one in asked],
        "taken_back": [replies.taken_back(RECORD)],
        "listed": [
            replies.listed(page_of(found, wanted=Wanted(Part.WAIVED))) for found in ([], [app] * 20)
        ],
    }


Told = list[tuple[Notice, Message | None]]
"""What was to be told, and what is said; None where nothing is."""
Written = Callable[[str], Awaitable[Told]]
"""In that language."""

PROOFS = (
    *((stage, ProofKind.SIGNED_IN) for stage in Stage),
    *((Stage.ACKNOWLEDGED, kind) for kind in ProofKind),
)
BROKEN = (
    *("slack", str(CHANNEL), "okta:contoso", "entra:contoso.com", "engine", "webhook"),
    *("doctor:store/store_replicas", "expires:entra.certificate", "restored"),
)
SAYS_NO = "It said no."


async def letters_about_a_request(language: str) -> Told:
    """The person's message in every stage, the notes to the operator, the introduction."""
    ledger = FakeLedger()
    onboarding = Onboarding("o1", TENANT.id, TENANT.domain, OPERATOR, NOW, "digest", LATER)
    await ledger.commit(Changes(onboardings=(onboarding,)))
    told: Told = []
    for chat_is_proof in (True, False):
        letters = composer(ledger, LATER, language, chat_is_proof=chat_is_proof)
        for number, (stage, kind) in enumerate(PROOFS):
            request = replace(
                REQUEST,
                id=f"{stage}-{number}-{chat_is_proof}",
                stage=stage,
                proof=Proof(kind, "entra:ada", NOW),
                snooze=PLAN if number % 2 else None,
                watch=Polling(NOW, LATER if number % 2 else None),
                suggestion=BEN.display_name,
            )
            await ledger.commit(Changes(requests=(request,)))
            notices: list[Notice] = [
                RequestChanged(ADA_IN_CHAT, request.id, 1),
                Introduction(ADA_IN_CHAT, BEN_IN_CHAT, request.id),
                *(
                    OperatorNote(OPERATOR, happened, request.id)
                    for happened in NewsKind
                    if happened not in (NewsKind.ONBOARDED, NewsKind.WAIVER_ENDS)
                ),
                PersonalLink(ADA_IN_CHAT, request.id),
            ]
            for notice in notices:
                link = LINK if isinstance(notice, PersonalLink) else ""
                told.append((notice, await letters.compose(notice, link=link)))
    onboarded = OperatorNote(OPERATOR, NewsKind.ONBOARDED, "o1")
    told.append((onboarded, await letters.compose(onboarded)))
    return told


async def letters(language: str) -> Told:
    """What tells of many apps, short and long; alarms; the end of a waiver."""
    ledger = FakeLedger()
    letters = composer(ledger, LATER, language)
    channel = ChannelReminder(CHANNEL, "today")
    waiver = Waiver(OKTA_CONSENT.on, LATER, PLAN.reason, str(OPERATOR), "Olga", NOW)
    waived = record_of("waived", waiver=waiver)
    other = replace(REQUEST, id="r2", code="XYZ-789")
    asked = replace(RECORD, request_id=REQUEST.id)
    broken = tuple(Incident(place, "chat_refused", SAYS_NO, NOW) for place in BROKEN)
    await ledger.commit(Changes(apps=(asked, waived), requests=(REQUEST, other), incidents=broken))
    told: Told = [(channel, await letters.compose(channel))]
    await ledger.commit(
        Changes(
            apps=tuple(record_of(f"0oa{n}") for n in range(2, SHOWN + 5)),
            requests=tuple(replace(r, stage=Stage.DELIVERED, revision=2) for r in (REQUEST, other)),
            audit=(AuditEntry(NOW, "slack:U1", "acknowledge", str(APP.ref)),),
        )
    )
    await ledger.save_scan(OrgScan("contoso", NOW, NOW))
    reasons = [reason for reason in Reason if reason not in (Reason.IGNORED, Reason.AWAY)]
    notices: list[Notice] = [
        channel,
        PersonalLink(ADA_IN_CHAT, REQUEST.id),
        ChannelNudge(CHANNEL, (NOW - timedelta(hours=1)).isoformat()),
        *(ChannelReport(CHANNEL, "x", org) for org in ("", "contoso")),
        *(
            PersonalRound(ADA_IN_CHAT, "x", ids, reason, window, tone)
            for reason in reasons
            for window in WindowName
            for tone in Tone
            for ids in ((REQUEST.id,), (REQUEST.id, other.id))
        ),
        *(Alarm(OPERATOR, place, "chat_refused", "x") for place in BROKEN),
        OperatorNote(OPERATOR, NewsKind.WAIVER_ENDS, str(waived.app.ref)),
    ]
    links = {REQUEST.id: LINK, other.id: LINK}
    return told + [
        (notice, await letters.compose(notice, link=LINK, links=links)) for notice in notices
    ]


async def digests(language: str) -> Told:
    """And reports: short and long, before the date, on its day and after it."""
    windows = tuple(replace(window, audience=EVERYBODY) for window in WINDOWS)
    by = replace(POLICY, campaign=Campaign(windows=windows))
    ledger = FakeLedger()
    asked = replace(RECORD, request_id=REQUEST.id)
    await ledger.commit(Changes(apps=(asked,), requests=(REQUEST,)))
    told: Told = []
    for count in (1, 2 * MOST_IN_DIGEST):
        for left in (30, 1, 0, -1):
            now = datetime.combine(OKTA_CONSENT.on, time(9), UTC) - timedelta(days=left)
            writer = composer(ledger, now, language, by=by)
            notices: tuple[Notice, ...] = (
                OperatorDigest(OPERATOR, "x", "due"),
                ChannelReport(CHANNEL, "x"),
            )
            told += [(notice, await writer.compose(notice)) for notice in notices]
        others = tuple(record_of(f"0oa-{count}-{n}") for n in range(count))
        await ledger.commit(Changes(apps=others))
    return told


WRITTEN: tuple[Written, ...] = (letters_about_a_request, letters, digests)
