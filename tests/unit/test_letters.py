"""What the bot writes unasked: the personal link, the channel's reminder, the thanks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.delivery.composer import SHOWN
from bot.chat.words import Words, languages
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Proof, ProofKind, Stage, Step, step
from bot.domain.consent.snooze import Snooze
from bot.domain.delivery.notices import (
    Channel,
    ChannelReminder,
    Introduction,
    OperatorNote,
    PersonalLink,
    RequestChanged,
)
from bot.domain.evidence.rules import Evidence, EvidenceKind
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.inventory.waivers import Waiver
from bot.domain.people.admins import ChatIdentity, OktaAdmin, Platform
from bot.domain.people.news import NewsKind
from bot.message import Command, Heading, OpenLink, plainly
from tests import strategies as some
from tests.examples import ADA_IN_CHAT, APP, BEN_IN_CHAT, DELIVERED, NOW, RECORD, REQUEST, TENANT
from tests.fake_ledger import FakeLedger
from tests.fakes import composer as letters
from tests.reading import buttons_of, check_form, items_of, text_of
from tests.there import there

LETTER = PersonalLink(ADA_IN_CHAT, REQUEST.id)
THANKS = RequestChanged(ADA_IN_CHAT, REQUEST.id, 2)
REMINDER = ChannelReminder(Channel(Platform.SLACK, "C1"), "2025-03-03")
LINK = "https://bot.contoso.com/c/the-token"


@pytest.fixture
async def ledger() -> FakeLedger:
    ledger = FakeLedger()
    await ledger.commit(Changes(apps=(RECORD,), requests=(DELIVERED,)))
    return ledger


async def test_the_letter_says_what_whom_why_and_until_when(ledger: FakeLedger) -> None:
    """App, org, tenant, the person's own account, who asked, the code, and the link's end."""
    message = there(await letters(ledger).compose(LETTER, link=LINK))
    check_form(message)
    said = text_of(message)
    for part in (
        "Contoso O365",
        "contoso.onmicrosoft.com",
        "ada@contoso.com",
        "Ada Moreau",
        "Olga",
        "ABC-DEF",
        "March 6, 2025, 09:00",
        "never ask for a password",
    ):
        assert part in said


async def test_the_link_is_in_the_button_alone(ledger: FakeLedger) -> None:
    """Not in the text, where a client would unfurl it, nor in the notification."""
    message = there(await letters(ledger).compose(LETTER, link=LINK))
    assert [b.url for b in buttons_of(message) if isinstance(b, OpenLink)] == [LINK]
    assert "the-token" not in text_of(message) + message.summary
    assert message.private


@pytest.mark.parametrize("notice", [LETTER, THANKS])
async def test_a_letter_about_nothing_is_not_written(notice: PersonalLink | RequestChanged) -> None:
    """The request has expired from the store: there is nothing to tell."""
    assert await letters(FakeLedger()).compose(notice, link=LINK) is None


async def test_the_thanks_lead_to_the_app_and_hold_no_link(ledger: FakeLedger) -> None:
    """The button that asked is gone; the one that stays opens Okta."""
    proof = Proof(ProofKind.PERSONAL_LINK, "slack:U1", NOW)
    taken = replace(DELIVERED, stage=Stage.ACKNOWLEDGED, proof=proof, revision=2)
    await ledger.commit(Changes(requests=(taken,)))
    message = there(await letters(ledger).compose(THANKS))
    check_form(message)
    (button,) = (b for b in buttons_of(message) if isinstance(b, OpenLink))
    assert button.url.startswith("https://contoso-admin.okta.com/")
    assert "March 3, 2025, 09:00" in text_of(message)


async def test_thanks_for_an_org_that_left_the_settings_lead_nowhere(ledger: FakeLedger) -> None:
    """There is no console to lead to, and still a thank-you."""
    await ledger.commit(Changes(requests=(replace(DELIVERED, stage=Stage.SAVED, revision=2),)))
    assert buttons_of(there(await letters(ledger, orgs={}).compose(THANKS))) == []


async def test_a_request_that_still_asks_leaves_its_letter_as_it_is(ledger: FakeLedger) -> None:
    """A change in place would take the link away, whose token is kept nowhere."""
    assert await letters(ledger).compose(THANKS) is None


@pytest.mark.parametrize("stage", [Stage.DONE, Stage.DECLINED, Stage.EXPIRED, Stage.REVOKED])
async def test_a_letter_whose_request_has_ended_has_nothing_to_press(
    ledger: FakeLedger, stage: Stage
) -> None:
    """It says how it ended, and no button leads to a link that is void."""
    await ledger.commit(Changes(requests=(replace(DELIVERED, stage=stage, revision=2),)))
    message = there(await letters(ledger).compose(THANKS))
    check_form(message)
    assert buttons_of(message) == []
    assert "Contoso O365" in text_of(message)


async def test_who_did_not_answer_reads_that_somebody_else_is_asked(ledger: FakeLedger) -> None:
    """A request expires only when it goes to somebody else: no new link is to be had for it."""
    await ledger.commit(Changes(requests=(replace(DELIVERED, stage=Stage.EXPIRED, revision=2),)))
    message = there(await letters(ledger).compose(THANKS))
    assert "I am asking somebody else about Contoso O365" in text_of(message)
    assert "new one" not in text_of(message)


async def test_the_letter_offers_not_me_and_later_with_its_code(ledger: FakeLedger) -> None:
    """And “It’s me” only where the chat account is proof enough."""
    strong, weak = [
        there(await letters(ledger, chat_is_proof=chat).compose(LETTER, link=LINK))
        for chat in (False, True)
    ]
    said = [b.words for b in buttons_of(strong) if not isinstance(b, OpenLink)]
    assert said == ["later ABC-DEF", "notme ABC-DEF"]
    said = [b.words for b in buttons_of(weak) if not isinstance(b, OpenLink)]
    assert said == ["me ABC-DEF", "later ABC-DEF", "notme ABC-DEF"]
    for message in (strong, weak):
        assert [b.primary for b in buttons_of(message)].count(True) == 1
        assert "/o365 verify ABC-DEF" in text_of(message)


async def test_the_letter_about_an_app_that_shows_nothing_does_not_call_it_undone(
    ledger: FakeLedger,
) -> None:
    """The person sees in a minute what the bot cannot see at all."""
    record = there(await ledger.app(REQUEST.app))
    untold = replace(
        record, evidence=(Evidence(EvidenceKind.CONNECTION_ON, NOW),), revision=record.revision + 1
    )
    await ledger.commit(Changes(apps=(untold,)))
    message = there(await letters(ledger).compose(LETTER, link=LINK))
    assert "I cannot tell whether Contoso O365" in text_of(message)
    assert "still needs that step" not in text_of(message)


async def test_the_letter_says_until_when_by_the_clock_of_its_reader(ledger: FakeLedger) -> None:
    """And how they make sure of it, where they read it."""
    request = there(await ledger.request(REQUEST.id))
    chat = replace(ADA_IN_CHAT, platform=Platform.TEAMS, time_zone="America/New_York")
    moved = replace(request, chat=chat, revision=request.revision + 1)
    await ledger.commit(Changes(requests=(moved,)))
    message = there(await letters(ledger).compose(LETTER, link=LINK))
    assert "EST" in text_of(message)
    assert "Say “verify ABC-DEF” here" in text_of(message)


async def test_a_person_is_written_to_in_their_own_language(ledger: FakeLedger) -> None:
    """The channel has the installation's; an unknown one falls back."""
    english, german = [
        there(
            await letters(ledger).compose(
                PersonalLink(replace(ADA_IN_CHAT, language=language), REQUEST.id), link=LINK
            )
        )
        for language in ("en-GB", "de-DE")
    ]
    assert english.summary != german.summary


# ------------------------------------------------------------------ the reminder


def apps(number: int, kind: EvidenceKind = EvidenceKind.CONNECTION_ON) -> tuple[AppRecord, ...]:
    return tuple(
        AppRecord(
            replace(APP, ref=AppRef("fabrikam", f"0oa{n}"), label=f"App {n:02}"),
            (Evidence(kind, NOW),),
            TENANT,
            NOW,
            revision=1,
        )
        for n in range(number)
    )


async def test_the_reminder_counts_what_is_open_and_shows_the_most_urgent_first(
    ledger: FakeLedger,
) -> None:
    """Apps that are out of scope are neither counted nor shown."""
    off = replace(apps(3, EvidenceKind.CONNECTION_OFF)[2])
    await ledger.commit(Changes(apps=(*apps(2), off)))
    message = there(await letters(ledger).compose(REMINDER))
    check_form(message)
    assert message.summary == "3 Office 365 apps are not done yet"
    assert [item.title for item in items_of(message)] == ["Contoso O365", "App 00", "App 01"]
    assert not message.private
    assert "December 31, 2024" in text_of(message)


async def test_the_reminder_says_who_is_asked_and_how_old_it_is(ledger: FakeLedger) -> None:
    """The channel sees that somebody is on it; and when the clouds were last looked at."""
    await ledger.save_scan(OrgScan("contoso", NOW, NOW, 1))
    pointing = replace(RECORD, request_id=REQUEST.id, revision=2)
    await ledger.commit(Changes(apps=(pointing,)))
    message = there(await letters(ledger).compose(REMINDER))
    assert "Ada Moreau" in plainly(items_of(message)[0].lines[0])
    assert "As of March 3, 2025, 09:00 UTC." in text_of(message)


async def test_a_long_list_is_cut_and_says_by_how_much(ledger: FakeLedger) -> None:
    """A reminder is read at a glance; the rest is one button away."""
    await ledger.commit(Changes(apps=apps(SHOWN + 4)))
    message = there(await letters(ledger).compose(REMINDER))
    assert len(items_of(message)) == SHOWN
    assert "And 5 more." in text_of(message)
    assert [b.words for b in buttons_of(message) if not isinstance(b, OpenLink)] == ["apps"]


async def test_nothing_open_is_no_reminder() -> None:
    """It ends without a message."""
    ledger = FakeLedger()
    await ledger.commit(Changes(apps=apps(3, EvidenceKind.CONNECTION_OFF)))
    assert await letters(ledger).compose(REMINDER) is None
    assert await letters(FakeLedger()).compose(REMINDER) is None


@settings(deadline=None)  # each is drawn for both platforms, by their schemas
@given(
    st.lists(some.app_records, max_size=4, unique_by=lambda r: r.app.ref),
    some.requests,
    st.sampled_from(languages()),
)
async def test_whatever_the_ledger_holds_can_be_written_out(
    records: list[AppRecord], request: ConsentRequest, language: str
) -> None:
    """Braces, newlines and empty labels break no letter in any language."""
    ledger = FakeLedger()
    asked = replace(request, revision=1)
    await ledger.commit(
        Changes(apps=tuple(replace(r, revision=1) for r in records), requests=(asked,))
    )
    for notice in (
        PersonalLink(asked.chat, asked.id),
        RequestChanged(asked.chat, asked.id, 1),
        REMINDER,
    ):
        message = await letters(ledger, language=language).compose(notice, link=LINK)
        if message is not None:
            check_form(message)


async def test_a_letter_by_mail_can_be_answered_without_pressing_anything(
    ledger: FakeLedger,
) -> None:
    """Its commands have a page; nobody is sent to a chat that they are not in."""
    by_mail = ChatIdentity(Platform.MAIL, "ada@contoso.com")
    request = replace(DELIVERED, chat=by_mail, revision=DELIVERED.revision + 1)
    await ledger.commit(Changes(requests=(request,)))
    message = await letters(ledger).compose(
        PersonalLink(by_mail, request.id), request=request, link=LINK
    )
    assert message is not None
    pages = {b.id: b.page for b in buttons_of(message) if isinstance(b, Command)}
    assert pages == {"later": f"{LINK}#later", "notme": f"{LINK}#not-me"}
    said = text_of(message)
    assert "here in chat" not in said
    assert request.code in said


# ------------------------------------------------------------------ what is accepted as it is

WAIVED = Waiver(NOW.date(), NOW + timedelta(days=1), "retired", "slack:U9", "Olga", NOW)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_who_was_asked_for_what_is_accepted_now_is_thanked(
    ledger: FakeLedger, language: str
) -> None:
    """Not told that somebody else was asked: nobody was."""
    app = replace(RECORD, waiver=WAIVED, revision=2)
    await ledger.commit(Changes(apps=(app,), requests=(step(DELIVERED, Step.REVOKE, NOW),)))
    message = there(await letters(ledger, language=language).compose(THANKS))
    assert Words(language)("waiver.withdrawn", app=APP.label) in text_of(message)
    assert buttons_of(message) == []


async def test_an_operator_reads_what_ends_why_it_was_and_how_to_renew_it(
    ledger: FakeLedger,
) -> None:
    """From the ledger as it is then: of what was taken back nothing is said."""
    ends = OperatorNote(ADA_IN_CHAT, NewsKind.WAIVER_ENDS, str(APP.ref), "2025-03-03")
    assert await letters(ledger).compose(ends) is None
    await ledger.commit(Changes(apps=(replace(RECORD, waiver=WAIVED, revision=2),)))
    said = text_of(there(await letters(ledger).compose(ends)))
    assert "The waiver for Contoso O365 ends on March 3, 2025" in said
    assert "retired" in said
    assert "waive Contoso O365 until DATE because REASON" in said


async def test_putting_it_off_keeps_the_way_to_the_link(ledger: FakeLedger) -> None:
    """The message stays as it is: its link is still the one that works."""
    put_off = replace(
        REQUEST,
        stage=Stage.DELIVERED,
        snooze=Snooze(datetime(2025, 3, 4, 9), "Europe/Berlin"),
        revision=2,
    )
    await ledger.commit(Changes(requests=(put_off,)))
    assert await letters(ledger).compose(THANKS) is None


@pytest.mark.parametrize(
    ("to", "says"), [(REQUEST.admin_object_id, "I wrote to you"), ("ben", "Somebody else")]
)
async def test_a_message_that_was_replaced_tells_by_what(
    ledger: FakeLedger, to: str, says: str
) -> None:
    """Whoever is asked again is not told that somebody else was."""
    revoked = replace(REQUEST, stage=Stage.REVOKED, revision=2)
    newer = replace(REQUEST, id="r-newer", admin_object_id=to)
    record = replace(RECORD, request_id=newer.id, revision=2)
    await ledger.commit(Changes(apps=(record,), requests=(revoked, newer)))
    assert says in text_of(there(await letters(ledger).compose(THANKS)))


async def test_two_people_read_of_all_apps_that_take_both(ledger: FakeLedger) -> None:
    """As it is when they are written to, whichever it was asked for at; none of theirs alone."""
    await ledger.commit(
        Changes(
            requests=tuple(
                replace(
                    DELIVERED, id=f"r{n}", code=f"X{n}", app=AppRef("contoso", n), app_label=n,
                    okta_admin=n == "Alone", link=None,
                )
                for n in ("Also", "Alone", "Others")
            )
        )
    )  # fmt: skip
    ids = frozenset({APP.ref.app_id, "Also", "Alone"})
    ben = OktaAdmin("contoso", "ben", "Ben", BEN_IN_CHAT.email, "APP_ADMIN", app_ids=ids)
    await ledger.save_okta_admins("contoso", (ben,))
    notice = Introduction(ADA_IN_CHAT, BEN_IN_CHAT, DELIVERED.id)
    message = there(await letters(ledger).compose(notice))
    assert message.blocks[0] == Heading("2 apps: it takes the two of you")
    assert [item.title for item in items_of(message)] == [DELIVERED.app_label, "Also"]
    check_form(message)
    await ledger.commit(
        Changes(requests=(replace(DELIVERED, stage=Stage.DONE, revision=DELIVERED.revision + 1),))
    )
    message = there(await letters(ledger).compose(notice))
    assert message.blocks[0] == Heading("Also: it takes the two of you")
