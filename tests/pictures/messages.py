"""The ten commonest messages, with data that never changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.chat.answering.helping import help_
from bot.chat.campaign.boards import board
from bot.chat.campaign.reports import labels, report
from bot.chat.delivery.composer import NoticeComposer
from bot.chat.inventory import reasons
from bot.chat.inventory.overview import Due, overview
from bot.chat.people import people
from bot.chat.replies import Replies
from bot.chat.words import Words
from bot.domain.campaign.channels.report import BurnDown, DayCount, burn_down
from bot.domain.campaign.intents import Reason
from bot.domain.campaign.planned_messages import NextMessage, Wait
from bot.domain.campaign.windows import Deadline, Tone, WindowName
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Proof, ProofKind, Stage
from bot.domain.delivery.notices import PersonalLink, PersonalRound, RequestChanged
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.evidence.verdict import Confidence, State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import OrgScan
from bot.domain.people.access import Level
from bot.domain.people.admins import ChatIdentity, Mfa, OktaAdmin, Platform
from bot.domain.people.choice import Choice, Nobody, choose_admin, pair
from bot.domain.people.policy import PeoplePolicy
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import AppSummary, Page
from bot.message import Message
from bot.ports.writing import ON_A_BOARD, BoardContents
from bot.services.campaign.outreach import Sent
from bot.services.consent.ask import Asked
from tests.examples import ADA, APP, POLICY, RECORD, REQUEST, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeClock, FakeOktaOrg, reminding

NOW = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DEADLINE = Deadline("target", date(2026, 12, 29), "campaign.targets")
DATED = replace(POLICY, campaign=replace(POLICY.campaign, targets=(DEADLINE,)))
BERLIN = ZoneInfo("Europe/Berlin")
CHART_URL = "https://o365bot.example.com/p/chart.png"
LINK = "https://o365bot.example.com/c/personal"


def app(label: str, org: str, state: State, request: str = "") -> AppSummary:
    """One app of the company in the pictures."""
    ref = AppRef(org, f"0oa{label.lower().replace(' ', '')}")
    known = replace(APP, ref=ref, label=label)
    return AppSummary(
        known, state, Confidence.LIKELY, TENANT, NOW - HOUR, scanned_at=NOW, request_id=request
    )


APPS = (
    app("Office 365 HQ", "contoso", State.NEEDS_CONSENT),
    app("Office 365 Northwind", "contoso", State.NEEDS_CONSENT),
    app("Office 365 Research", "contoso", State.NEEDS_CONSENT, "r-research"),
    app("Office 365 Sales", "contoso", State.NEEDS_CONSENT),
    app("Office 365 Fabrikam", "fabrikam", State.NEEDS_SAVE),
    app("Office 365 Labs", "fabrikam", State.NEEDS_SAVE, "r-labs"),
    app("Office 365 Kiosk", "contoso", State.NEEDS_REVIEW),
    app("Office 365 Legal", "contoso", State.UNREADABLE),
)


def request(number: int, stage: Stage, name: str, chat: ChatIdentity) -> ConsentRequest:
    """An open request about one of them."""
    of = APPS[number]
    return replace(
        REQUEST,
        id=of.request_id,
        app=of.ref,
        app_label=of.app.label,
        admin_name=name,
        admin_upn=f"{name.partition(' ')[0].lower()}@contoso.com",
        chat=chat,
        stage=stage,
        requested_at=NOW - 3 * DAY,
        requested_by="Ola Operator",
        proof=Proof(ProofKind.SIGNED_IN_MFA, "entra:x", NOW - 20 * HOUR),
    )


async def messages(platform: Platform, language: str) -> Mapping[str, Message]:
    """Each by its name."""
    words, replies = Words(language), Replies(Words(language))
    gita = ChatIdentity(platform, "U7", "Gita Global", language=language, time_zone="Europe/Berlin")
    asked = request(2, Stage.DELIVERED, "Gita Global", gita)
    taken = request(5, Stage.ACKNOWLEDGED, "Fay Fabrikam", gita)
    requests = {one.id: one for one in (asked, taken)}
    prospects = {
        one.ref: Prospect(one.ref, NOW, None, name, "", platform)
        for one, name in (
            *((APPS[n], "Gita Global") for n in (0, 3, 6)),
            (APPS[4], "Fay Fabrikam"),
        )
    }
    northwind = APPS[1].ref
    prospects[northwind] = Prospect(northwind, NOW, Nobody.ALL_RULED_OUT)
    counts = {**Counter(one.state for one in APPS), State.MIGRATED: 2}
    scans = {
        org: OrgScan(org, NOW - HOUR, NOW - HOUR, len(APPS)) for org in ("contoso", "fabrikam")
    }
    page = Page(1, 2, counts, APPS, requests, prospects)
    contents = BoardContents(
        page=replace(page, shown=APPS[:ON_A_BOARD], pages=1),
        scans=scans,
        deadline=DEADLINE,
        working_days_left=20,
        today=NOW.date(),
        now=NOW,
    )
    record = replace(RECORD, app=APPS[0].app, evidence=EVIDENCE, scanned_at=NOW, assessed_at=NOW)
    chart = burn_down_of()
    next_message = NextMessage(NOW + 22 * HOUR, Wait.HOURS)
    new = replace(asked, stage=Stage.REQUESTED, app_label="Office 365 HQ", id="r-hq")
    written = await letters(language, replace(new, stage=Stage.DELIVERED), taken)
    return {
        "apps": overview(words, page, scans, NOW, due=Due(DEADLINE.on, 20)),
        "why": reasons.why(words, record, NOW, prospect=prospects[APPS[0].ref], okta=LINK),
        "who": people.who(words, record, candidates(gita), NOW),
        "asked": replies.sent(Sent(Asked(new, None), next_message), 72, NOW + 10 * HOUR),
        "letter": written["letter"],
        "round": written["round"],
        "taken": written["taken"],
        "board": board(words, contents, BERLIN),
        "report": report(words, chart, CHART_URL),
        "help": help_(words, platform, Level.OPERATOR),
    }


def burn_down_of() -> BurnDown:
    """Eight weeks, in which it went slowly at first."""
    left = (34, 34, 33, 31, 30, 26, 22, 19, 8)
    days = [
        DayCount(
            NOW.date() - timedelta(weeks=8 - week),
            {State.NEEDS_CONSENT: count, State.MIGRATED: 42 - count},
        )
        for week, count in enumerate(left)
    ]
    return burn_down(days, DEADLINE)


async def letters(
    language: str, delivered: ConsentRequest, taken: ConsentRequest
) -> Mapping[str, Message]:
    """What somebody gets who is asked: the link, the reminder, the thanks."""
    ledger, clock = FakeLedger(), FakeClock(NOW)
    both = (delivered, replace(taken, app_label="Office 365 Labs"))
    apps = tuple(
        replace(RECORD, app=replace(APP, ref=one.app, label=one.app_label), request_id=one.id)
        for one in both
    )
    await ledger.commit(Changes(apps=apps, requests=both))
    writer = NoticeComposer(
        ledger=ledger,
        orgs={"contoso": FakeOktaOrg("contoso"), "fabrikam": FakeOktaOrg("fabrikam")},
        clock=clock,
        language=language,
        reminding=reminding(ledger, clock, DATED, language),
    )
    to, links = delivered.chat, {one.id: f"{LINK}/{one.id}" for one in both}
    round_ = PersonalRound(
        to,
        "x",
        tuple(links),
        Reason.ROUND.value,
        WindowName.APPROACHING.value,
        Tone.CALM.value,
    )
    found = {
        "letter": await writer.compose(PersonalLink(to, delivered.id), link=LINK),
        "round": await writer.compose(round_, links=links),
        "taken": await writer.compose(RequestChanged(to, taken.id, 1)),
    }
    assert None not in found.values()
    return {name: message for name, message in found.items() if message is not None}


EVIDENCE = (
    Evidence(EvidenceKind.CONNECTION_ON, NOW - HOUR),
    Evidence(
        EvidenceKind.ADMIN_PASSWORD_USED,
        NOW - 5 * HOUR,
        NOW - 5 * HOUR,
        {"account": "svc-okta@contoso.com"},
        "e1",
    ),
    Evidence(EvidenceKind.TENANT_NOT_CONSENTED, NOW - HOUR),
    Evidence(EvidenceKind.DOMAIN_IN_TENANT, NOW - HOUR, None, {"name": "contoso.com"}),
)


def candidates(gita: ChatIdentity) -> Choice:
    """One who would be asked, one behind her, and two who are ruled out."""
    people = tuple(
        replace(ADA, object_id=name.split()[0].lower(), display_name=name, upn=upn, mfa=mfa)
        for name, upn, mfa in (
            ("Gita Global", "gita@contoso.com", Mfa.YES),
            ("Emil Eligible", "emil@contoso.com", Mfa.UNTOLD),
            ("Emergency Access", "breakglass1@contoso.com", Mfa.YES),
            ("Uma Unreachable", "uma@contoso.com", Mfa.YES),
        )
    )
    reach = {one.object_id: (replace(gita, user_id=one.object_id),) for one in people[:3]}
    sue = OktaAdmin("contoso", "00u9", "Sue Super", "sue@contoso.com", "SUPER_ADMIN")
    policy = PeoplePolicy()
    choice = choose_admin(
        people, app_id=APPS[0].ref.app_id, reach=reach, okta_admins=(sue,), policy=policy
    )
    return pair(choice, (sue,), app_id=APPS[0].ref.app_id, reach={}, policy=policy)


def chart_labels(language: str) -> Mapping[str, str]:
    """The words in the picture of the report."""
    return labels(Words(language), burn_down_of())
