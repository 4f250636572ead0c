"""What is said of people: who is asked and why they, who sits beside, and that nobody can be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.chat.inventory import reasons
from bot.chat.inventory.overview import overview
from bot.chat.people import people
from bot.chat.typed.commands import Allow, Deny, NeedsAccount, Own, Unclear
from bot.chat.typed.understanding import parse
from bot.chat.words import Words, languages
from bot.domain.changes import Changes
from bot.domain.delivery.notices import Channel, ChannelReminder, PersonalLink
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.gaps import AdminGap, Gap
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import Colleague, OktaAdmin, Platform
from bot.domain.people.choice import Choice, Nobody, choose_admin, pair
from bot.domain.people.policy import AccountNote, AccountRule, PeoplePolicy
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import summary_of
from bot.services.people.accounts import Noted
from tests.examples import ADA, ADA_IN_CHAT, APP, BEN, DELIVERED, NOW, ON_A_PASSWORD, RECORD, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import composer as letters
from tests.pages import page_of
from tests.reading import text_of
from tests.there import there

WORDS = Words()
SUE = OktaAdmin("contoso", "00u9", "Sue Super", "sue@contoso.com", "SUPER_ADMIN")
SAID = AccountNote("ada@contoso.com", AccountRule.OWNER, "Olga", NOW, "carl@contoso.com")
NO_POLICY = PeoplePolicy()
LETTER = PersonalLink(ADA_IN_CHAT, "r1")


def chosen(admin: object = ADA, policy: PeoplePolicy = NO_POLICY) -> Choice:
    choice = choose_admin(
        (replace(ADA, **admin) if isinstance(admin, dict) else ADA,),
        app_id=APP.ref.app_id,
        reach={"ada": (ADA_IN_CHAT,)},
        okta_admins=(SUE,),
        policy=policy,
    )
    return pair(choice, (SUE,), app_id=APP.ref.app_id, reach={}, policy=policy)


# ------------------------------------------------------------------ commands


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("owner adm@contoso.com is Carl@contoso.com", Own("adm@contoso.com", "carl@contoso.com")),
        ("OWNER adm@contoso.com  is  nobody", Own("adm@contoso.com", "")),
        ("owner adm@contoso.com", NeedsAccount("owner")),
        ("owner adm@contoso.com is carl", NeedsAccount("owner")),
        ("owner of this", NeedsAccount("owner")),
        ("deny adm@contoso.com", Deny("adm@contoso.com")),
        ("allow 7d8e", Allow("7d8e")),
        ("deny", NeedsAccount("deny")),
        ("allow me to ask", NeedsAccount("allow")),
        ("denny adm@contoso.com", Unclear("denny adm@contoso.com", "deny adm@contoso.com")),
    ],
)
def test_what_is_said_of_an_account_is_understood_only_in_full(words: str, command: object) -> None:
    """Half a command changes nothing: it is asked back."""
    assert parse(words) == command


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("said", AccountRule)
@pytest.mark.parametrize("known", [(), ("Ada Moreau",)])
def test_a_note_is_confirmed_with_whom_it_is_about(
    language: str, said: AccountRule, known: tuple[str, ...]
) -> None:
    """A misspelt account is not taken in silence."""
    for owner in ("", "carl@contoso.com"):
        note = AccountNote("ada", said, "Olga", NOW, owner)
        told = text_of(
            people.noted(Words(language), Noted(note, known, (summary_of(RECORD),) * len(known)))
        )
        assert "ada" in told
        assert ("Ada Moreau" in told) == bool(known)


# ------------------------------------------------------------------ who and why


def test_who_names_the_okta_admin_to_sit_beside_with_reasons() -> None:
    """And the Okta admins are listed."""
    told = text_of(people.who(WORDS, RECORD, chosen(), NOW))
    assert "Sue Super should sit beside them: not found in chat, Super Administrator" in told
    assert "Sue Super · sue@contoso.com" in told


def test_who_says_that_no_okta_admin_is_known() -> None:
    """Then it stays with the advice to find one."""
    told = text_of(people.who(WORDS, RECORD, replace(chosen(), partners=()), NOW))
    assert "they will need an Okta App Administrator with them" in told


@pytest.mark.parametrize(
    ("admin", "words"),
    [
        ({"display_name": "Emergency Access"}, "has a name like a break-glass account"),
        (
            {"upn": "x@contoso.onmicrosoft.com", "given_name": ""},
            "cloud-only, always active, tied to no person",
        ),
        ({"mfa_methods": ("mobilePhone",)}, "Microsoft ends both on February 1, 2027"),
        ({"mfa_methods": ("mobilePhone",)}, "must add another method before February 1, 2027"),
    ],
)
def test_who_says_which_mark_it_was(admin: dict[str, object], words: str) -> None:
    """So that a wrong guess can be overruled, and a phone replaced in time."""
    assert words in text_of(people.who(WORDS, RECORD, chosen(admin), NOW))


@pytest.mark.parametrize("gap", Gap)
def test_who_says_what_the_look_did_without(gap: Gap) -> None:
    """A list that may not be all says so."""
    told = text_of(
        people.who(
            WORDS, RECORD, replace(chosen(), gaps=(AdminGap(gap, "GET x", "No.", "Y"),)), NOW
        )
    )
    assert {
        Gap.NO_P2: "Entra ID P2",
        Gap.NO_P1: "Entra ID P1",
        Gap.PERMISSION: "Y is missing",
        Gap.NOT_READ: "GET x: No.",
    }[gap] in told


def test_who_shows_the_owner_and_who_said_so() -> None:
    """What was said by command, when, and by whom."""
    choice = replace(chosen(policy=NO_POLICY.with_notes((SAID,))), notes=(SAID,))
    told = text_of(people.who(WORDS, RECORD, choice, NOW))
    assert "Ada Moreau (ada@contoso.com), account of carl@contoso.com" in told
    assert "Olga said on March 3, 2025: ada@contoso.com is the account of carl@contoso.com" in told


@pytest.mark.parametrize("nobody", Nobody)
def test_why_nobody_can_be_asked_is_said_wherever_the_app_is_shown(nobody: Nobody) -> None:
    """In `who`, in `why`, in the list with a count: never a silent gap."""
    empty = Choice(cannot=nobody)
    assert len(text_of(people.who(WORDS, RECORD, empty, NOW)).splitlines()) == 2
    prospect = Prospect(APP.ref, NOW, nobody)
    reason = Words()(f"nobody.{nobody.value}")
    assert f"I have nobody to ask: {reason}." in text_of(
        reasons.why(WORDS, RECORD, NOW, prospect=prospect)
    )
    page = page_of([RECORD], prospects={APP.ref: prospect})
    assert f"Nobody to ask: {reason}." in text_of(overview(WORDS, page, {}, NOW))


@pytest.mark.parametrize("language", ["en", "de"])
def test_where_there_is_no_global_administrator_a_partner_is_thought_of(language: str) -> None:
    """GDAP gives the role to groups of the partner's own tenant, which no look here shows."""
    empty = Choice(cannot=Nobody.NONE_KNOWN)
    assert "GDAP" in text_of(people.who(Words(language), RECORD, empty, NOW))


def test_why_says_who_is_asked_or_would_be() -> None:
    """The open request first, else the last look at whom to ask."""
    prospect = Prospect(APP.ref, NOW, None, "Ben", BEN.upn, Platform.TEAMS)
    asked = text_of(reasons.why(WORDS, RECORD, NOW, request=DELIVERED, prospect=prospect))
    assert "Asked: Ada Moreau, in Slack, just now; sent." in asked
    assert "I would ask Ben, in Teams." in text_of(
        reasons.why(WORDS, RECORD, NOW, prospect=prospect)
    )
    paired = replace(prospect, partner_name="Sue")
    assert "with Sue as the Okta admin" in text_of(reasons.why(WORDS, RECORD, NOW, prospect=paired))
    assert "I have not looked up yet" in text_of(reasons.why(WORDS, RECORD, NOW))


def test_what_makes_evidence_doubtful_is_said_beside_it() -> None:
    """A service principal that was found by name only, and is disabled."""
    detail = {
        "name": "Okta Microsoft Graph Client",
        "found_by": "name",
        "publisher_is_okta": "no",
        "enabled": "no",
    }
    consent = Evidence(EvidenceKind.TENANT_CONSENTED, NOW, detail=detail)
    told = text_of(reasons.why(WORDS, AppRecord(APP, (*ON_A_PASSWORD[:2], consent)), NOW))
    assert "(found by name only: its publisher is not verified as Okta, it is disabled)" in told


def test_a_domain_that_does_not_fit_is_a_warning() -> None:
    """It stands above the evidence, and the state stays what it was."""
    detail = {"name": "contoso.com", "host": "adfs.contoso.com"}
    odd = Evidence(EvidenceKind.FEDERATED_ELSEWHERE, NOW, detail=detail)
    record = AppRecord(APP, (*ON_A_PASSWORD, odd))
    assert record.state(NOW) is RECORD.state(NOW)
    assert (
        "Please check: contoso.com signs in at adfs.contoso.com, not at this Okta org. "
        "This may be the wrong tenant."
    ) in text_of(reasons.why(WORDS, record, NOW))


# ------------------------------------------------------------------ letters


@pytest.fixture
async def ledger() -> FakeLedger:
    ledger = FakeLedger()
    request = replace(DELIVERED, colleague=Colleague("Sue Super", "sue@contoso.com"))
    await ledger.commit(Changes(apps=(RECORD,), requests=(request,)))
    await ledger.save_global_admins(ADA.tenant_id, (replace(ADA, mfa_methods=("officePhone",)),))
    return ledger


async def test_the_personal_message_names_the_colleague_and_what_ends(ledger: FakeLedger) -> None:
    """It takes two; and SMS and voice end for this person."""
    message = there(await letters(ledger).compose(LETTER, link="https://x"))
    assert "Sue Super (sue@contoso.com) is: please do it together." in text_of(message)
    assert "Microsoft ends both on February 1, 2027" in text_of(message)


async def test_a_colleague_who_was_denied_since_is_not_named(ledger: FakeLedger) -> None:
    """The message is written by what holds when it is sent."""
    denied = AccountNote("sue@contoso.com", AccountRule.DENIED, "op", NOW)
    await ledger.commit(Changes(notes=(denied,)))
    message = there(await letters(ledger).compose(LETTER, link="https://x"))
    assert "Sue Super" not in text_of(message)


async def test_in_a_sovereign_cloud_nobody_is_warned_of_what_ends_elsewhere(
    ledger: FakeLedger,
) -> None:
    """Microsoft's date is for its public cloud."""
    sovereign = replace(TENANT, graph_host="graph.microsoft.us")
    await ledger.commit(Changes(apps=(replace(RECORD, tenant=sovereign, revision=2),)))
    message = there(await letters(ledger).compose(LETTER, link="https://x"))
    assert "February 1, 2027" not in text_of(message)


async def test_the_reminder_tells_the_channel_that_nobody_can_be_asked(ledger: FakeLedger) -> None:
    """With the reason beside the app, and the number below."""
    nobody = Prospect(APP.ref, NOW, Nobody.NO_TENANT)
    await ledger.commit(Changes(prospects=(nobody,)))
    reminder = ChannelReminder(Channel(Platform.SLACK, "C1"), "today")
    message = there(await letters(ledger).compose(reminder))
    assert "Nobody to ask: its Microsoft tenant was not found" in text_of(message)
