"""What is said about apps: which are left, one of them, and any data in any language."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.answering.lists import PAGE
from bot.chat.inventory import reasons
from bot.chat.inventory.overview import overview
from bot.chat.people import people
from bot.chat.replies import Replies
from bot.chat.typed.commands import ListApps
from bot.chat.typed.understanding import parse
from bot.chat.words import Words, languages
from bot.domain.campaign.planned_messages import NextMessage, Wait
from bot.domain.changes import Changes
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.people.admins import GlobalAdmin
from bot.domain.people.choice import Choice, Nobody, choose_admin
from bot.domain.people.policy import PeoplePolicy
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import Page, Part, Wanted
from bot.errors import CloudError, CloudRefused, CloudUnreachable
from bot.message import Buttons, Command, Folded, Group, Heading, Menu, Message, Role, plainly
from bot.services.campaign.outreach import Sent
from bot.services.consent.ask import Asked
from tests import strategies as some
from tests.examples import ADA, ADA_IN_CHAT, APP, BEN_IN_CHAT, NOW, OPERATOR, TENANT, record_of
from tests.pages import page_of
from tests.reading import buttons_of, check_form, items_of, said_by_buttons, text_of
from tests.there import there
from tests.unit.talk import OWN, TwoApps


@pytest.fixture
def world() -> TwoApps:
    return TwoApps()


# ------------------------------------------------------------------ the question


@pytest.mark.parametrize("words", ["which O365 apps need migration", "", "apps"])
async def test_which_apps_need_migration_is_answered_from_a_look_at_the_clouds(
    world: TwoApps, words: str
) -> None:
    """The first question looks; what is done is counted, what is open is listed."""
    message = await world.say(words)
    assert message.summary == "One Office 365 app left"
    (item,) = items_of(message)
    assert (item.title, item.beside, item.lines) == (
        "Contoso O365",
        "contoso",
        ("Nobody asked yet.",),
    )
    assert isinstance(item.button, Command)
    assert (item.button.label, item.button.words) == ("Ask Ada", "send contoso/0oa1")
    assert (
        "Ada Moreau gets a personal link for Contoso O365 in Slack"
        in there(item.button.confirm).text
    )
    assert [way.words for way in item.more if isinstance(way, Command)] == [
        "why contoso/0oa1",
        "who contoso/0oa1",
        "check contoso/0oa1",
        "waive contoso/0oa1",
    ]
    (title,) = [block.title for block in message.blocks if isinstance(block, Group)]
    assert title == "Needs a Global Administrator’s consent (1)"
    assert "1 of 2 done · was due December 31, 2024 · scanned just now" in text_of(message)


async def test_in_a_rehearsal_what_was_just_seen_is_not_old() -> None:
    """Okta and Microsoft keep the real time: a look is as old as it is by theirs."""
    world = TwoApps(ahead=timedelta(days=30))
    listed = text_of(await world.say("apps"))
    assert "scanned just now" in listed
    await world.say("send 0oa1")
    why = text_of(await world.say("why 0oa1"))
    assert "likely, just now" in why
    assert "Asked: Ada Moreau, in Slack, just now" in why


async def test_the_second_question_costs_no_call(world: TwoApps) -> None:
    """What is known is answered at once, with its age."""
    await world.say("apps")
    calls = len(world.entra.calls)
    world.clock.forward(timedelta(minutes=10))
    assert "10 minutes ago" in text_of(await world.say("apps"))
    assert len(world.entra.calls) == calls


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            CloudRefused("It refused.", where="contoso", call="GET /x", missing="Some.Read"),
            "I could not read GET /x at contoso: Some.Read is missing",
        ),
        (
            CloudUnreachable("It is down.", where="contoso", call="GET /x"),
            "I could not read GET /x at contoso: There was no answer",
        ),
    ],
)
async def test_a_check_that_cannot_read_all_says_so_where_the_reasons_stand(
    world: TwoApps, error: CloudError, says: str
) -> None:
    """And not only below what is folded away: what is shown is older than this look."""
    await world.say("apps")
    world.clock.forward(timedelta(minutes=1))
    world.entra.consents[TENANT.id] = error
    message = await world.say("check 0oa1")
    shown = [block for block in message.blocks if not isinstance(block, Folded)]
    told = text_of(replace(message, blocks=tuple(shown)))
    assert "seen 1 minute ago" in told
    assert says in told
    assert text_of(message).count(says) == 1


async def test_all_shows_what_is_done_as_well(world: TwoApps) -> None:
    """The title still counts what is left."""
    message = await world.say("all")
    assert message.summary == "One Office 365 app left"
    assert [block.title for block in message.blocks if isinstance(block, Group)] == [
        "Needs a Global Administrator’s consent (1)",
        "Migrated (1)",
    ]


async def test_a_long_list_is_paged(world: TwoApps) -> None:
    """Each app is on exactly one page; a page beyond the last is the last."""
    world.okta.log = {}
    world.okta.listed = [
        replace(APP, ref=AppRef("contoso", f"0oa{n:03}"), label=f"App {n:03}")
        for n in range(2 * PAGE + 1)
    ]
    pages = [items_of(await world.say(f"apps {n}")) for n in (1, 2, 3)]
    assert [len(items) for items in pages] == [PAGE, PAGE, 1]
    labels = [item.title for items in pages for item in items]
    assert labels == sorted(set(labels))
    assert "Page 3 of 3" in text_of(await world.say("apps 99"))


@pytest.mark.parametrize("said", ["apps", "all", "waivers", "apps by org", "apps by person"])
async def test_each_page_leads_to_its_neighbours(world: TwoApps, said: str) -> None:
    """By buttons that say what can be typed, in whatever part of the list one is."""
    world.okta.log = {}
    world.okta.listed = [
        replace(APP, ref=AppRef("contoso", f"0oa{n:03}"), label=f"App {n:03}")
        for n in range(2 * PAGE + 1)
    ]
    if said == "waivers":
        await world.say("apps")
        for app in world.okta.listed:
            (yes,) = buttons_of(
                await world.say(f"waive {app.ref} until 2025-06-01 because it is replaced")
            )
            assert isinstance(yes, Command)
            await world.say(yes.words)
    first = await world.say(said)
    assert neighbours(first) == [f"{said} 2"]
    second = await world.say(neighbours(first)[0])
    assert neighbours(second) == [f"{said} 1", f"{said} 3"]
    last = await world.say(neighbours(second)[1])
    assert neighbours(last) == [f"{said} 2"]
    labels = [item.title for one in (first, second, last) for item in items_of(one)]
    assert labels == [f"App {n:03}" for n in range(2 * PAGE + 1)]


@pytest.mark.parametrize(
    ("said", "titles", "only"),
    [
        ("apps in contoso", ["Contoso O365"], "Only contoso."),
        ("apps consent", ["Contoso O365"], "Only needs consent."),
        ("all done in CONTOSO", ["Contoso EU"], "Only contoso · migrated."),
        ("apps with ada moreau", ["Contoso O365"], "Only with ada moreau."),
        ("apps with ada@contoso.com", ["Contoso O365"], "Only with ada@contoso.com."),
        ("apps with Nobody Known", [], "No app matches that."),
        ("apps save", [], "No app matches that."),
    ],
)
async def test_a_list_can_be_narrowed(
    world: TwoApps, said: str, titles: list[str], only: str
) -> None:
    """To an org, a state, and whoever is asked or would be; it says so, and leads back."""
    await world.say("apps")
    message = await world.say(said)
    assert [item.title for item in items_of(message)] == titles
    assert only in text_of(message)
    assert titles or "0 Office" not in text_of(message)  # it is not that nothing is left
    assert "apps" in said_by_buttons(message)


@pytest.mark.parametrize(
    ("said", "titles", "first"),
    [
        ("apps by org", ["contoso (1)", "fabrikam (1)"], "▲ needs consent · Nobody asked yet."),
        (
            "apps by person",
            ["Ada Moreau (1)", "With nobody (1)"],
            "▲ needs consent · Nobody asked yet.",
        ),
        ("Apps nach Person", ["Ada Moreau (1)", "With nobody (1)"], ""),
        ("all by org", ["contoso (2)", "fabrikam (1)"], ""),
        ("apps in contoso by person", ["Ada Moreau (1)"], ""),
        ("apps with ada moreau by org", ["contoso (1)"], ""),
        ("apps by urgency", ["Needs a Global Administrator’s consent (2)"], ""),
    ],
)
async def test_a_list_can_be_grouped(
    world: TwoApps, said: str, titles: list[str], first: str
) -> None:
    """By org or person; each app then says what it needs, and the way back is in the menu."""
    await world.say("apps")
    other = record_of("0oa9", "Fabrikam", org="fabrikam")
    scans = OrgScan("fabrikam", NOW, NOW, 1)
    await world.ledger.commit(Changes(apps=(other,)))
    await world.ledger.save_scan(scans)
    message = await world.say(said)
    groups = [block for block in message.blocks if isinstance(block, Group)]
    assert [group.title.lstrip("▲ ") for group in groups] == titles
    if first:
        assert plainly(groups[0].items[0].lines[0]) == first
    offered = said_by_buttons(message)
    assert ("apps by org" in offered) is (
        said in ("apps by person", "Apps nach Person", "apps by urgency")
    )


@pytest.mark.parametrize(
    "said",
    [
        "what's left for contoso",
        "was fehlt noch in Contoso?",
        "contoso status",
        "which apps are left in contoso",
    ],
)
async def test_a_sentence_that_names_an_org_asks_for_its_list(world: TwoApps, said: str) -> None:
    """And one that names an app asks for that, though an org is called like a part of it."""
    await world.say("apps")
    assert "Only contoso." in text_of(await world.say(said))
    assert (await world.say("what is left for Contoso EU")).summary.startswith("Contoso EU:")


async def test_the_same_reason_is_said_once_and_not_in_every_row() -> None:
    """That nobody was asked, or can be: above the rows that it holds for, with their number."""
    apps = [record_of(f"0oa{n}", f"App {n}") for n in range(5)]
    nobody = {one.app.ref: Prospect(one.app.ref, NOW, Nobody.ALL_RULED_OUT) for one in apps[:2]}
    message = overview(Words(), page_of(apps, prospects=nobody), {}, NOW)
    (group,) = [block for block in message.blocks if isinstance(block, Group)]
    assert plainly(group.note) == (
        "Nobody has been asked about 3 of them yet. "
        "Nobody to ask about 2 of them: each of its Global Administrators is ruled out."
    )
    assert [one.lines for one in group.items] == [("Nobody to ask.",)] * 2 + [()] * 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Is Contoso O365 done? Who knows…", "Contoso O365: needs consent"),
        ("send all now", "I do not recognise any app in that message."),
        ("0oa1 is stuck since monday", "Contoso O365: needs consent"),
        ("remind sure", "I do not recognise any app in that message."),
        ("contoso is broken for everybody", "Which one?"),
        ("look " * 300 + "at contoso o365", "Contoso O365: needs consent"),
        ("", "I do not recognise any app in that message."),
    ],
)
async def test_a_message_is_asked_about_and_never_carried_out(
    world: TwoApps, text: str, says: str
) -> None:
    """The app that it names, or which one of several; a command in it is only text."""
    await world.say("apps")
    assert says in text_of(await world.say(f"about: {text}"))
    assert await world.ledger.open_requests() == ()


async def test_strangers_are_told_who_may_ask_about_a_message(world: TwoApps) -> None:
    """It tells of apps, as `why` does."""
    assert "Only operators" in text_of(await world.say("about: Contoso O365", BEN_IN_CHAT))


async def test_home_has_what_is_stuck_apart_with_a_button_for_each(world: TwoApps) -> None:
    """Above the list, for operators; where nothing is stuck there is no such part."""
    await world.say("apps")
    assert "stuck" not in text_of(await world.say("home"))
    nobody = Prospect(APP.ref, NOW, Nobody.ALL_RULED_OUT)
    await world.ledger.commit(Changes(prospects=(nobody,)))
    home = await world.say("home")
    group = next(block for block in home.blocks if isinstance(block, Group))
    assert group.title == "One app is stuck:"
    (item,) = group.items
    assert plainly(item.lines[0]).startswith("Nobody to ask: each of its Global Administrators")
    assert isinstance(item.button, Command)
    assert item.button.words == f"who {APP.ref}"
    assert f"who {APP.ref}" not in [one.words for one in item.more if isinstance(one, Command)]
    assert isinstance(home.blocks[1], Heading)  # the list follows


async def test_an_org_that_is_not_known_is_no_empty_list(world: TwoApps) -> None:
    """Those that are known are named."""
    await world.say("apps")
    said = text_of(await world.say("apps in fabrikam"))
    assert "I do not know an Okta org called “fabrikam”" in said
    assert "contoso" in said


async def test_what_a_menu_offers_is_understood(world: TwoApps) -> None:
    """Each of its words shows a list, and none is anything else."""
    message = await world.say("apps")
    (menu,) = [one for b in message.blocks if isinstance(b, Buttons) for one in b.buttons]
    assert isinstance(menu, Menu)
    for option in menu.options:
        assert isinstance(parse(option.words), ListApps), option.words


async def test_a_list_is_shared_without_what_only_operators_may_do(world: TwoApps) -> None:
    """The button asks first; what everybody sees has no buttons."""
    message = await world.say("apps")
    assert message.private
    assert message.share is not None
    assert "Everybody there will see it" in there(message.share.confirm).text
    shared = await world.say(message.share.words)
    assert not shared.private
    assert buttons_of(shared) == []
    assert [item.title for item in items_of(shared)] == [i.title for i in items_of(message)]
    seen = there(await world.conversation.view(shared.view, OPERATOR))
    assert items_of(seen) == items_of(message)
    assert seen.share is None


async def test_who_may_only_read_does_not_show_it_to_others(world: TwoApps) -> None:
    """Nor do they see more on what others have shared."""
    world.directory.groups["C2"] = {ADA_IN_CHAT.user_id}
    message = await world.say("apps", ADA_IN_CHAT)
    assert items_of(message)
    assert message.share is None
    refused = await world.say("apps shared", ADA_IN_CHAT)
    assert refused.role is Role.REFUSAL
    assert await world.conversation.view("apps", ADA_IN_CHAT) is None


@pytest.mark.parametrize(
    "name", ["send 0oa1 now", "waive 0oa1 until 2027-01-31 because x", "scan", "help", "bo\n"]
)
async def test_a_view_shows_lists_and_boards_and_does_nothing(world: TwoApps, name: str) -> None:
    """Its name comes from a client, whatever that is."""
    await world.say("scan")
    before, looks = await world.ledger.audit(), len(world.okta.read_from)
    assert await world.conversation.view(name, OPERATOR) is None
    assert await world.ledger.audit() == before
    assert len(world.okta.read_from) == looks
    assert await world.ledger.open_requests() == ()


async def test_the_view_of_a_board_has_what_operators_can_do(world: TwoApps) -> None:
    """Of the org that it is about, or of all; and it counts as nothing said."""
    await world.say("scan")
    for org, shown in (("", 1), ("contoso", 1), ("fabrikam", 0)):
        for _ in range(40):  # more than anybody may say in a minute
            board = await world.conversation.view(f"board:{org}", OPERATOR)
        assert board is not None
        assert len(items_of(board)) == shown
        assert board.view == f"board:{org}"
        assert not shown or buttons_of(board)


async def test_while_the_store_is_away_a_view_stays_as_it_is(world: TwoApps) -> None:
    """Nobody asked, so nobody is told."""
    world.ledger.down = True
    assert await world.conversation.view("board:", OPERATOR) is None


@pytest.mark.parametrize("verb", ["why", "who"])
async def test_what_is_folded_is_shown_by_its_buttons_words(world: TwoApps, verb: str) -> None:
    """Slack unfolds nothing in place: the answer to the words has it all."""
    await world.say("apps")
    world.entra.admins[TENANT.id] = (ADA, replace(ADA, object_id="x", display_name="Break Glass"))
    await world.say("scan")
    message = await world.say(f"{verb} 0oa1")
    (folded,) = [block for block in message.blocks if isinstance(block, Folded)]
    whole = await world.say(folded.words)
    assert not [block for block in whole.blocks if isinstance(block, Folded)]
    for line in text_of(Message("", folded.blocks)).splitlines():
        assert line in text_of(whole)


async def test_a_list_on_one_page_leads_nowhere(world: TwoApps) -> None:
    """There is no neighbour, so there is no button."""
    assert neighbours(await world.say("apps")) == []


def neighbours(message: Message) -> list[str]:
    return [
        button.words
        for button in buttons_of(message)
        if isinstance(button, Command) and button.id.startswith("page:")
    ]


async def test_an_org_that_could_not_be_looked_at_is_named_in_the_answer(world: TwoApps) -> None:
    """The list is not silently short."""
    await world.say("apps")
    world.okta.listing = CloudUnreachable("No answer.", where="contoso", call="GET apps")
    message = await world.say("scan")
    assert "could not read the Okta org contoso" in text_of(message)
    assert "Contoso O365" in text_of(message)


async def test_long_work_shows_how_far_it_is(world: TwoApps) -> None:
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


async def test_why_shows_each_piece_of_evidence_with_source_and_age(world: TwoApps) -> None:
    """The state, how it is known, what speaks for it, and what comes next."""
    await world.say("apps")
    said = text_of(await world.say("why contoso o365"))
    for part in (
        "Contoso O365: needs consent",
        "password of svc",
        "Okta System Log",
        "contoso.onmicrosoft.com",
        "Next:",
    ):
        assert part in said


async def test_who_shows_the_candidates_and_offers_to_send(world: TwoApps) -> None:
    """The chosen one by name and account; one button, that says exactly which app."""
    await world.say("apps")
    message = await world.say("who 0oa1")
    assert "I would ask Ada Moreau (ada@contoso.com), in Slack" in text_of(message)
    assert "Why them: " in text_of(message)
    assert [item.title for item in items_of(message)] == ["Ben Okafor (ben@contoso.com)"]
    assert said_by_buttons(message) == ["send contoso/0oa1"]


async def test_who_says_when_nobody_can_be_asked(world: TwoApps) -> None:
    """The candidates are shown with what stands against each; there is nothing to press."""
    world.slack.people = ()
    await world.say("apps")
    message = await world.say("who 0oa1")
    assert "not found in chat" in text_of(message)
    assert buttons_of(message) == []


async def test_send_asks_the_right_person_and_says_so_without_the_link(world: TwoApps) -> None:
    """The operator sees who, where and the code; never the token."""
    await world.say("apps")
    message = await world.say("send 0oa1")
    (request,) = await world.ledger.open_requests()
    assert request.chat == ADA_IN_CHAT
    assert request.code in text_of(message)
    assert "/c/" not in text_of(message)
    listed = text_of(await world.say("apps"))
    assert "Goes out to Ada Moreau: Mon, Mar 3" in listed


async def test_send_by_a_part_of_a_name_that_fits_two_apps_sends_nothing(world: TwoApps) -> None:
    """Each has its row, in which a long name fits, and a button; the most pressing comes first."""
    await world.say("apps")
    message = await world.say("send contoso")
    assert "“contoso” matches 2 apps. Press the one you mean" in text_of(message)
    assert [(one.title, one.beside) for one in items_of(message)] == [
        ("Contoso O365", "contoso"),
        ("Contoso EU", "contoso"),
    ]
    said = [(b.label, b.words) for b in buttons_of(message) if isinstance(b, Command)]
    assert said == [("This one", "send contoso/0oa1"), ("This one", "send contoso/0oa2")]
    assert text_of(message).count("Contoso EU") == 1
    assert await world.ledger.open_requests() == ()


async def test_an_app_whose_request_has_ended_is_offered_again(world: TwoApps) -> None:
    """Nobody is asked any more, so the list offers to find somebody."""
    await world.say("apps")
    await world.say("send 0oa1")
    assert [item.button for item in items_of(await world.say("apps"))] == [None]
    (request,) = await world.ledger.open_requests()
    ended = replace(request, stage=Stage.UNDELIVERED, revision=2)
    await world.ledger.commit(Changes(requests=(ended,)))
    message = await world.say("apps")
    assert "Nobody asked yet" in text_of(message)
    assert [item.button is not None for item in items_of(message)] == [True]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("send 0oa2", "needs nothing right now"),
        ("why nothing-like-it", "not know an Office 365 app called “nothing-like-it”"),
        ("why contoso e", "contoso"),
        ("who", "Which app? Say “who APP”"),
        ("snd", "Did you mean “send APP”?"),
        ("snd 0oa1", "Did you mean “send 0oa1”?"),
        ("why Contsoo", "Did you mean Contoso"),
        ("why nothing-like-it", "Say “all”"),
        ("hepl", "Did you mean “help”?"),
        ("xyzzy", "I do not know “xyzzy”"),
        ("remind", "in #c1 (Slack), where everybody"),
        ("remind sure", "on its way"),
    ],
)
async def test_every_other_thing_said_has_its_answer(world: TwoApps, words: str, says: str) -> None:
    """Errors are words with a way on, not codes."""
    await world.say("apps")
    assert says in text_of(await world.say(words))


async def test_send_for_an_app_that_cannot_be_read_does_not_call_it_done(world: TwoApps) -> None:
    """Nobody is asked, and the answer leads to what is missing."""
    world.okta.connections["0oa1"] = CloudRefused(
        "no", where="contoso", call="GET connection", missing="okta.apps.read"
    )
    await world.say("apps")
    assert "cannot read this app, so I asked nobody" in text_of(await world.say("send 0oa1"))
    assert await world.ledger.open_requests() == ()


async def test_an_error_of_a_cloud_is_told_in_the_words_of_the_reader(world: TwoApps) -> None:
    """The words of an exception are for the log."""
    await world.say("apps")
    german = replace(OPERATOR, language="de")
    said = text_of(await world.say("onboard nowhere.example", german, private=True))
    assert "Microsoft kennt keinen Tenant" in said


async def test_check_looks_again_and_answers_with_what_is_true_now(world: TwoApps) -> None:
    """Right after somebody saved."""
    await world.say("apps")
    world.okta.log = {"0oa1": (OWN,)}
    world.clock.forward(timedelta(minutes=1))
    at = world.clock.now()
    world.okta.log = {"0oa1": (replace(OWN, seen_at=at, happened_at=at),)}
    assert "Contoso O365: migrated" in text_of(await world.say("check 0oa1"))


# ------------------------------------------------------------------ any data, any language


@given(
    st.lists(some.app_records, max_size=4, unique_by=lambda r: r.app.ref),
    st.lists(some.requests, max_size=2),
    st.lists(some.org_scans, max_size=2),
    st.lists(some.global_admins, max_size=3, unique_by=lambda a: a.object_id),
    st.none() | st.builds(NextMessage, st.sampled_from([None, NOW]), st.sampled_from(Wait)),
    st.sampled_from(languages()),
)
def test_whatever_is_known_can_be_said_in_every_language(
    records: list[AppRecord],
    requests: list[ConsentRequest],
    scans: list[OrgScan],
    admins: list[GlobalAdmin],
    next_message: NextMessage | None,
    language: str,
) -> None:
    """Lists, reasons and candidates of any data are messages in good form."""
    replies = Replies(Words(language))
    choice = choose_admin(admins, app_id="0oa1", reach={}, okta_admins=None, policy=PeoplePolicy())
    looked = {scan.org: scan for scan in scans}
    for wanted in (Wanted(Part.OPEN), Wanted(Part.ALL)):
        page = page_of(records, requests, wanted=wanted)
        check_form(overview(replies.words, page, looked, NOW, wanted=wanted))
    for record in records:
        check_form(reasons.why(replies.words, record, NOW))
        check_form(people.who(replies.words, record, choice, NOW))
        check_form(people.who(replies.words, record, Choice(), NOW))
    for request in requests:
        for asked in (Asked(request), Asked(request, request), Asked(request, before=True)):
            check_form(replies.sent(Sent(asked, next_message), 72, NOW))


def test_after_a_look_that_failed_no_number_is_told() -> None:
    """Nobody knows how many are left; what is shown of a later failure is said to be older."""
    replies = Replies(Words())
    failed = {"contoso": OrgScan("contoso", NOW, None, failure="It did not answer.")}
    first = text_of(overview(replies.words, Page(), failed, NOW))
    assert "I cannot tell yet how many" in first
    assert "Its apps are missing here" in first
    assert "0 Office" not in first
    seen = {"contoso": OrgScan("contoso", NOW, NOW, failure="It did not answer.")}
    again = text_of(overview(replies.words, Page(counts={State.MIGRATED: 1}), seen, NOW))
    assert "0 Office 365 apps left" in again
    assert "from the last scan that worked" in again
    assert "cannot tell yet" not in text_of(
        overview(replies.words, Page(), {"contoso": OrgScan("contoso", NOW, NOW)}, NOW)
    )
