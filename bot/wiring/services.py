"""All services, put together from the ports: the half of the wiring that knows no adapter.

`Outside` is what they stand on, `assemble` builds them in order. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.chat.answering.conversation import Conversation
from bot.chat.answering.operator_commands import CampaignParts, OperatorCommands
from bot.chat.answering.own_requests import OwnRequests
from bot.chat.answering.welcome import Welcome
from bot.chat.campaign.writer import CampaignWriter
from bot.chat.delivery.composer import NoticeComposer
from bot.domain.campaign.intents import Policy
from bot.domain.consent.requests import ProofKind
from bot.domain.people.admins import Platform
from bot.domain.schedule import BOARDS, RETURNED_MAIL
from bot.ports.access import Directory, Memberships
from bot.ports.chat import BounceMailbox, Messenger, Presence
from bot.ports.clouds import Entra, OktaOrg
from bot.ports.engine import Engine
from bot.ports.sign_in import SignIn, SignIns
from bot.ports.store.ledger import Ledger
from bot.ports.store.limits import Limits, Pace
from bot.ports.system import Clock, Secrets
from bot.ports.writing import ChartRenderer
from bot.services.campaign.boards import Boards
from bot.services.campaign.digest import Digests
from bot.services.campaign.outreach import Outreach
from bot.services.campaign.planning import Planner
from bot.services.campaign.postpone import Postpone
from bot.services.campaign.remind import Remind
from bot.services.campaign.statements import Statements
from bot.services.consent.acknowledge import Acknowledge
from bot.services.consent.actors import Actors
from bot.services.consent.ask import Ask
from bot.services.consent.installations import Installations
from bot.services.consent.introduce import Introduce
from bot.services.consent.onboard import Onboard
from bot.services.consent.prove import Prove
from bot.services.consent.reassign import Reassign
from bot.services.consent.request_steps import RequestSteps
from bot.services.consent.signing_in import SigningIn
from bot.services.delivery.bounces import Bounces
from bot.services.delivery.deliver import Deliver
from bot.services.delivery.incidents import Incidents
from bot.services.delivery.send import Send
from bot.services.doctor import Doctor
from bot.services.inventory.scan import Scan
from bot.services.inventory.verdicts import Verdicts
from bot.services.inventory.waive import Waive
from bot.services.operators.read import Read
from bot.services.operators.sign_in import OperatorSignIn
from bot.services.people.access import Access
from bot.services.people.accounts import Accounts
from bot.services.people.candidates import Candidates
from bot.services.people.linked_accounts import LinkedAccounts
from bot.settings import policies
from bot.settings.settings import Settings
from bot.wiring.operators import operator_sign_in


@dataclass(frozen=True, slots=True)
class Outside:
    """Every port, implemented. `clock` is what the services live by."""

    ledger: Ledger
    orgs: Mapping[str, OktaOrg]
    entra: Entra | None
    messengers: Mapping[Platform, Messenger]
    engine: Engine
    pace: Pace
    limits: Limits
    sign_in: SignIn | None
    sign_ins: SignIns
    chart_renderer: ChartRenderer
    clock: Clock
    secrets: Secrets
    doctor: Doctor
    directories: Mapping[Platform, Directory]
    memberships: Memberships
    presence: Presence | None = None
    returned_mail: BounceMailbox | None = None


@dataclass(frozen=True, slots=True)
class Services:
    """What the chat platforms, the pages and the engine call."""

    conversation: Conversation
    access: Access
    welcome: Welcome
    candidates: Candidates
    remind: Remind
    deliver: Deliver
    acknowledge: Acknowledge
    prove: Prove
    request_steps: RequestSteps
    introduce: Introduce
    onboard: Onboard | None
    actors: Actors
    reassign: Reassign
    operator_sign_in: OperatorSignIn | None  # None: operators have no pages
    read: Read


def assemble(settings: Settings, outside: Outside, scan: Scan, policy: Policy) -> Services:
    """The services, each made once."""
    ledger, messengers = outside.ledger, outside.messengers
    engine, clock, secrets = outside.engine, outside.clock, outside.secrets
    operators, people = policies.operator_accounts(settings), policies.people_policy(settings)
    link_lifetime = timedelta(hours=settings.link_hours)
    minimum = settings.minimum_proof
    incidents = Incidents(ledger, operators)

    linked_accounts = LinkedAccounts(
        ledger=ledger,
        messengers=messengers,
        clock=clock,
        operators=operators,
        presence=outside.presence,
        first=Platform(settings.people.first_chat),
    )
    candidates = Candidates(
        ledger=ledger,
        entra=outside.entra,
        messengers=messengers,
        clock=clock,
        policy=people,
        reminding=policy,
        presence=outside.presence,
    )
    ask = Ask(ledger=ledger, candidates=candidates, engine=engine, clock=clock, secrets=secrets)
    reassign = Reassign(
        ledger=ledger,
        clock=clock,
        ask=ask,
        candidates=candidates,
        reminding=policy,
        presence=outside.presence,
    )
    chat_is_proof = ProofKind.CHAT_ACCOUNT.reaches(minimum) and not settings.sign_in
    reminding = CampaignWriter(
        ledger=ledger,
        clock=clock,
        policy=policy,
        language=settings.language,
        secrets=secrets,
        chart_renderer=outside.chart_renderer,
        public_url=settings.public_url,
        chat_is_proof=chat_is_proof,
    )
    boards = Boards(
        ledger=ledger,
        messengers=messengers,
        writer=reminding,
        engine=engine,
        clock=clock,
        policy=policy,
        kept=policies.boards(settings),
        incidents=incidents,
    )
    look_after = {BOARDS: boards.show}
    if outside.returned_mail is not None:
        returns = Bounces(
            ledger=ledger, mailbox=outside.returned_mail, ask_another=reassign.instead
        )
        look_after[RETURNED_MAIL] = returns.poll
    access = Access(
        policy=policies.access_policy(settings),
        directories=outside.directories,
        memberships=outside.memberships,
        clock=clock,
    )
    remind = Remind(
        ledger=ledger,
        engine=engine,
        clock=clock,
        reassign=reassign,
        look_after=look_after,
        renew_verdicts=Verdicts(ledger=ledger, engine=engine, operators=operators).renew,
        digests=Digests(
            ledger=ledger,
            messengers=messengers,
            engine=engine,
            policy=policy,
            operators=operators,
            linked_accounts=linked_accounts,
            access=access,
        ),
        channels=policies.channels(settings),
        policy=policy,
    )
    deliver = Deliver(
        ledger=ledger,
        send=Send(
            ledger=ledger,
            messengers=messengers,
            composer=NoticeComposer(
                ledger=ledger,
                orgs=outside.orgs,
                clock=clock,
                language=settings.language,
                chat_is_proof=chat_is_proof,
                reminding=reminding,
                people=people,
            ),
            clock=clock,
            secrets=secrets,
            policy=policy,
            public_url=settings.public_url,
            link_lifetime=link_lifetime,
            linked_accounts=linked_accounts,
        ),
        engine=engine,
        pace=outside.pace,
        clock=clock,
        incidents=incidents,
        quotas=policies.quotas(settings),
        operators=operators,
        linked_accounts=linked_accounts,
        ask_another=reassign.instead,
    )

    acknowledge = Acknowledge(ledger=ledger, engine=engine, clock=clock)
    actors = Actors(
        ledger=ledger,
        sign_ins=outside.sign_ins,
        entra=outside.entra,
        limits=outside.limits,
        clock=clock,
        secrets=secrets,
        minimum=minimum,
    )
    signing_in = None
    if outside.sign_in is not None:
        signing_in = SigningIn(sign_in=outside.sign_in, sign_ins=outside.sign_ins, secrets=secrets)
    prove = Prove(
        acknowledge=acknowledge,
        actors=actors,
        ledger=ledger,
        signing_in=signing_in if settings.sign_in else None,
        sign_ins=outside.sign_ins,
        entra=outside.entra,
        limits=outside.limits,
        clock=clock,
        secrets=secrets,
        minimum=minimum,
    )
    request_steps = RequestSteps(
        actors=actors,
        ledger=ledger,
        orgs=outside.orgs,
        scan=scan,
        reassign=reassign,
        engine=engine,
        clock=clock,
        policy=policy,
        scan_minutes=settings.scan_every_minutes,
    )
    introduce = Introduce(
        actors=actors,
        ledger=ledger,
        orgs=outside.orgs,
        messengers=messengers,
        engine=engine,
        clock=clock,
        policy=policy,
        people=people,
    )
    onboard = None
    if outside.entra is not None and outside.sign_in is not None:
        onboard = Onboard(
            ledger=ledger,
            entra=outside.entra,
            sign_in=outside.sign_in,
            sign_ins=outside.sign_ins,
            limits=outside.limits,
            engine=engine,
            clock=clock,
            secrets=secrets,
            public_url=settings.public_url,
            link_lifetime=link_lifetime,
        )

    planner = make_planner(settings, ledger, clock, policy, linked_accounts)
    outreach = Outreach(
        ledger=ledger, ask=ask, candidates=candidates, engine=engine, clock=clock, policy=policy
    )
    accounts = Accounts(ledger=ledger, clock=clock)
    campaign = CampaignParts(
        planner=planner,
        boards=boards,
        postpone=Postpone(
            ledger=ledger,
            clock=clock,
            policy=policy,
            candidates=candidates,
            linked_accounts=linked_accounts,
        ),
        sample=reminding.sample,
        stuck=reminding.stuck,
        waive=waiver(settings, ledger, clock, policy, engine),
    )
    conversation = Conversation(
        operating=OperatorCommands(
            ledger=ledger,
            scan=scan,
            candidates=candidates,
            outreach=outreach,
            remind=remind,
            onboard=onboard,
            clock=clock,
            accounts=accounts,
            link_hours=settings.link_hours,
            campaign=campaign,
            doctor=outside.doctor,
            channel_name=access.channel_name,
        ),
        asked=OwnRequests(
            ledger=ledger,
            acknowledge=acknowledge,
            prove=prove,
            request_steps=request_steps,
            postpone=campaign.postpone,
            statements=Statements(
                ledger=ledger, clock=clock, accounts=accounts, postpone=campaign.postpone
            ),
            candidates=candidates,
            clock=clock,
            public_url=settings.public_url,
            chat_is_proof=chat_is_proof,
        ),
        clock=clock,
        access=access,
        limits=outside.limits,
        language=settings.language,
        presence=outside.presence,
    )
    installations = Installations(ledger=ledger, candidates=candidates, policy=people)
    return Services(
        conversation=conversation,
        access=access,
        welcome=Welcome(installations, access=access, language=settings.language),
        candidates=candidates,
        remind=remind,
        deliver=deliver,
        acknowledge=acknowledge,
        prove=prove,
        request_steps=request_steps,
        introduce=introduce,
        onboard=onboard,
        actors=actors,
        reassign=reassign,
        operator_sign_in=operator_sign_in(
            settings, access, signing_in, outside.sign_ins, outside.limits, clock, secrets
        ),
        read=Read(ledger=ledger, planner=planner, clock=clock),
    )


def waiver(
    settings: Settings, ledger: Ledger, clock: Clock, policy: Policy, engine: Engine | None
) -> Waive:
    """What accepts apps as they are; without an engine the running bot finds what is planned."""
    return Waive(
        ledger=ledger,
        clock=clock,
        engine=engine,
        calendar=policy.calendars.of(""),
        longest=timedelta(days=settings.campaign.longest_waiver_days),
    )


def make_planner(
    settings: Settings,
    ledger: Ledger,
    clock: Clock,
    policy: Policy,
    linked_accounts: LinkedAccounts | None = None,
) -> Planner:
    """Without anything that sends; the running bot alone knows `linked_accounts`."""
    return Planner(
        ledger=ledger,
        clock=clock,
        policy=policy,
        kept=policies.boards(settings),
        operators=policies.operator_accounts(settings),
        linked_accounts=linked_accounts,
    )
