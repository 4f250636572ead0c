"""What the asked person says in chat, and what anybody learns from a code."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.chat.answering.admission.rate_limit import SAID
from bot.chat.consent.my_requests import About, mine
from bot.chat.typed.commands import (
    Already,
    ItIsMe,
    Later,
    NeedsCode,
    NeedsDomain,
    NotMe,
    Onboard,
    Saved,
    Saw,
    Verify,
)
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import VERBS
from bot.chat.words import Words
from bot.domain.consent.requests import ProofKind, Stage
from bot.domain.evidence.observations import Observation
from bot.domain.evidence.rules import EvidenceKind
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity, OktaAdmin, Platform
from bot.errors import ChatUnreachable
from bot.form import filled
from bot.message import Buttons, Command, OpenLink, Role
from tests import person
from tests.examples import ADA, ADA_IN_CHAT, APP, BEN, BEN_IN_CHAT, NOW, OPERATOR, TENANT
from tests.person import ASKED
from tests.reading import items_of, said_by_buttons, text_of
from tests.there import there

CODE = ASKED.code
STRANGER = BEN_IN_CHAT
STRANGERS = [
    BEN_IN_CHAT,
    ChatIdentity(Platform.TEAMS, ADA_IN_CHAT.user_id),
    replace(ADA_IN_CHAT, user_id="u1"),
]


@pytest.fixture
async def world() -> person.Asked:
    """Ada was asked; her chat account is proof enough."""
    world = person.Asked(ProofKind.CHAT_ACCOUNT, signs_in=False)
    await world.set()
    return world


# ------------------------------------------------------------------ verify


@pytest.mark.parametrize("who", [ADA_IN_CHAT, OPERATOR], ids=["asked", "operator"])
@pytest.mark.parametrize("code", [CODE, CODE.lower(), CODE.replace("-", "")])
async def test_a_code_tells_who_had_it_sent_when_and_to_whom(
    world: person.Asked, who: ChatIdentity, code: str
) -> None:
    """To the person it was sent to and to operators, however the code is typed."""
    said = text_of(await world.say(f"verify {code}", who))
    for part in ("Olga", "March 3, 2025, 09:00", "ada@contoso.com", "Contoso O365", "sent"):
        assert part in said


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_anybody_else_learns_nothing_from_a_code(
    world: person.Asked, stranger: ChatIdentity
) -> None:
    """A real code of somebody else reads like one that does not exist."""
    real = await world.say(f"verify {CODE}", stranger)
    assert real == await world.say("verify NO-SUCH", stranger)
    for verb in ("me", "saved", "already", "later", "notme"):
        assert await world.say(f"{verb} {CODE}", stranger) == await world.say(
            f"{verb} NO-SUCH", stranger
        )
    assert await world.request() == ASKED


@pytest.mark.parametrize(
    "elsewhere",
    [
        ChatIdentity(Platform.TEAMS, ADA.object_id),
        ChatIdentity(Platform.TEAMS, "29:x", email="Ada@contoso.com"),
    ],
    ids=["object id", "address"],
)
async def test_the_person_is_told_on_the_other_platform_where_the_message_went(
    world: person.Asked, elsewhere: ChatIdentity
) -> None:
    """It is no reason to alarm anybody; but nobody acts from an account that was not asked."""
    said = text_of(await world.say(f"verify {CODE}", elsewhere))
    assert "is real: I sent it to you in Slack" in said
    assert "Olga" not in said
    assert "I sent you no message" in text_of(await world.say(f"me {CODE}", elsewhere))


@pytest.mark.parametrize(
    "words", ["forget ada@contoso.com", "forget <@U0ADA>", "vergiss slack:U0ADA1"]
)
async def test_removing_what_is_kept_of_a_person_is_for_the_terminal_alone(
    world: person.Asked, words: str
) -> None:
    """It cannot be undone, so chat says where it is done, to whoever asks."""
    assert "o365bot forget PERSON" in text_of(await world.say(words))
    assert "o365bot forget" not in text_of(await world.say("forget it"))


async def test_whoever_forgets_the_code_to_verify_is_asked_for_it(world: person.Asked) -> None:
    """It cannot be told which message is meant."""
    assert "say “verify CODE”" in text_of(await world.say("verify"))


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("hi", "Hello! This is waiting for you:"),
        ("mine", "This is waiting for you:"),
        ("what do you want from me?", "You were asked to give it"),
        ("why me?", "You were asked to give it"),
        ("why Sales", "This is waiting for you:"),
        ("ask Tom about it", "This is waiting for you:"),
        ("remind Tom", "This is waiting for you:"),
        ("bis wann muss das fertig sein?", "The date is"),
        ("what happens if I send Sales?", "This is waiting for you:"),
        ("done", "tell me with the button that it is saved"),
        ("I saved it", "tell me with the button that it is saved"),
        ("fertig", "tell me with the button that it is saved"),
        ("not me", "Is this not yours?"),
        ("ich bin's nicht", "Is this not yours?"),
        ("notme", "Is this not yours?"),
        ("it's me", "This is the one:"),
        ("later", "When should I ask again?"),
        ("saved", "tell me with the button"),
        ("what is this about, please?", "It takes about five minutes"),
        ("which account do I use", "the account that my message names"),
        ("I clicked, nothing happened", "Sorry about that"),
        ("link abgelaufen", "Sorry about that"),
        ("is this phishing?", "Compare the code"),
        ("verify this code", "Compare the code"),
        ("don't send it", "I have changed nothing"),
        ("yes", "This is waiting for you:"),
        ("can you send it again", "This is waiting for you:"),
        ("undo", "This is waiting for you:"),
        ("help", "This is waiting for you:"),
        ("export", "This is waiting for you:"),
        ("the weather is nice", "I did not understand that"),
    ],
)
async def test_whoever_was_asked_is_told_what_waits_with_its_buttons(
    world: person.Asked, words: str, title: str
) -> None:
    """Without the code nothing is done yet, and nobody is told that only operators may ask."""
    answer = await world.say(words)
    assert title in text_of(answer)
    assert ASKED.app_label in text_of(answer)
    buttons = {f"me {CODE}", f"notme {CODE}", f"later {CODE}"}
    assert {*said_by_buttons(answer)} - {f"already {CODE}"} == buttons
    assert await world.request() == ASKED
    await world.say(f"me {CODE}")
    assert {*said_by_buttons(await world.say(words))} == buttons | {f"saved {CODE}"}


@pytest.mark.parametrize("language", ["en", "de"])
async def test_where_chat_is_no_proof_done_is_confirmed_behind_the_link(language: str) -> None:
    """There is no button for it in chat then, and no title speaks of one."""
    about, due = About("done"), ASKED.requested_at.date()
    answer = mine(Words(language), (ASKED,), about, due, chat_is_proof=False)
    assert answer.summary.startswith(("Thanks! Please confirm", "Danke! Bestätigen Sie"))
    assert not any("already" in said for said in said_by_buttons(answer))


@pytest.mark.parametrize("words", ["why {}", "who {}", "why {} in full", "who has to do {}?"])
async def test_whoever_was_asked_reads_of_that_app_why_and_who(
    world: person.Asked, words: str
) -> None:
    """As a board's buttons say it, too. Of what is not theirs, they get what is."""
    for app in (ASKED.app_label, str(ASKED.app)):
        answer = await world.say(words.format(app))
        assert answer.role is Role.ANSWER
        assert ASKED.app_label in text_of(answer)
        assert "waiting for you" not in text_of(answer)
        assert not [said for said in said_by_buttons(answer) if said.startswith("send")]
    other = await world.say(words.format("contoso/0oaother"))
    assert (other.role, "This is waiting for you" in text_of(other)) == (Role.REFUSAL, True)


async def test_whoever_was_asked_for_nothing_is_told_so(world: person.Asked) -> None:
    """ "Done", said by anybody."""
    for words in ("done", "not me", "mine", "später"):
        assert "Nothing is waiting for you" in text_of(await world.say(words, STRANGER))
    assert "If I have written to you" in text_of(await world.say("hi", STRANGER))


async def test_thanks_are_welcome(world: person.Asked) -> None:
    """From anybody, in their language."""
    german = replace(STRANGER, language="de-DE")
    assert text_of(await world.say("thank you!")) == "You’re welcome."
    assert text_of(await world.say("Danke schön 🙏", german)) == "Gern geschehen."


# ------------------------------------------------------------------ the person's own words


async def test_it_is_me_takes_it_on(world: person.Asked) -> None:
    """By the bound account, which needs to be no operator."""
    assert "in your hands" in text_of(await world.say(f"me {CODE}"))
    assert (await world.request()).stage is Stage.ACKNOWLEDGED
    before = await world.request()
    assert "direct message" in text_of(await world.say(f"me {CODE}"))
    assert await world.request() == before


async def test_the_way_on_is_shown_to_the_person_alone(world: person.Asked) -> None:
    """In a channel there is no link in the answer; in private there is, a fresh one each time."""
    links = set()
    for _ in range(2):
        assert "/s/" not in str(await world.say(f"me {CODE}"))
        shown = await world.say(f"me {CODE}", private=True)
        (button,) = next(block for block in shown.blocks if isinstance(block, Buttons)).buttons
        assert isinstance(button, OpenLink)
        assert button.url.startswith("https://o365bot.example.com/s/")
        links.add(button.url)
    assert len(links) == 2


async def test_a_stranger_cannot_be_away(world: person.Asked) -> None:
    """Nothing is written for whoever was never asked; operators and the asked may say it."""
    for number in range(3):
        stranger = replace(BEN_IN_CHAT, user_id=f"U{number + 1000}")
        assert "have not asked you" in text_of(await world.say("away 3 days", stranger))
    assert await world.ledger.audit() == ()
    for who in (ADA_IN_CHAT, OPERATOR):
        assert "You will not hear from me until after" in text_of(
            await world.say("away 3 days", who)
        )
    assert "You will not hear from me until after" in text_of(
        await world.say("away 2 days", ADA_IN_CHAT)
    )


async def test_who_might_be_asked_may_say_it_before_and_take_it_back(world: person.Asked) -> None:
    """So that nobody who is away is asked first; known by the last look at the tenant."""
    await world.ledger.save_global_admins(TENANT.id, (ADA, BEN))
    assert "You will not hear from me until after" in text_of(
        await world.say("away 3 days", BEN_IN_CHAT)
    )
    assert await world.ledger.recipient(BEN_IN_CHAT) is not None
    assert "Welcome back" in text_of(await world.say("back", BEN_IN_CHAT))
    cleo = replace(BEN_IN_CHAT, user_id="U77", email="")
    assert "have not asked you" in text_of(await world.say("away 3 days", cleo))
    await world.ledger.save_okta_admins(
        APP.ref.org, [OktaAdmin(APP.ref.org, "u77", "Cleo", "cleo@contoso.com", "APP_ADMIN")]
    )
    cleo = replace(cleo, email="cleo@contoso.com")
    assert "work" in text_of(await world.say("I don't work on Fridays", cleo))
    known = there(await world.ledger.recipient(cleo))
    assert known.chat.days_off == frozenset({4})
    await world.say("I work every day", cleo)
    known = there(await world.ledger.recipient(cleo))
    assert known.chat.days_off == frozenset()


async def test_what_is_said_of_ones_time_holds_on_every_platform(world: person.Asked) -> None:
    """Asked there or not: whoever is away in Slack is not introduced in Teams meanwhile."""
    in_teams = ChatIdentity(Platform.TEAMS, "ben", "Ben", BEN_IN_CHAT.email)
    world.teams.people = (in_teams, ChatIdentity(Platform.TEAMS, "eve", "Eve", "eve@contoso.com"))
    await world.ledger.save_global_admins(TENANT.id, (ADA, BEN))
    for here, other in ((BEN_IN_CHAT, in_teams), (in_teams, BEN_IN_CHAT)):
        await world.say("away 3 days", here)
        await world.say("I don't work on Fridays", here)
        known = there(await world.ledger.recipient(other))
        away = Absence(None, NOW.date() + timedelta(days=3))
        assert (known.absences, known.chat.days_off) == ((away,), frozenset({4}))
        await world.say("back", other)
        assert there(await world.ledger.recipient(here)).absences == ()
    world.teams.hidden = ChatUnreachable("away")  # then it holds where they said it
    await world.say("away 3 days", BEN_IN_CHAT)
    assert there(await world.ledger.recipient(BEN_IN_CHAT)).absences
    assert set(world.ledger.all_recipients) == {str(BEN_IN_CHAT), str(in_teams)}


@pytest.mark.parametrize(
    "words",
    [f"me {CODE}", f"saved {CODE}", f"later {CODE}", f"notme {CODE}", "mine", "hello", "back"],
)
async def test_whoever_reacts_is_not_silent_whatever_comes_of_it(
    world: person.Asked, words: str
) -> None:
    """Too old a link, a question back, a look at what waits: they read it, and nobody else is
    asked instead; not so what an operator, or somebody else, says of the same code."""
    world.clock.forward(timedelta(days=30))
    for who in (STRANGER, OPERATOR):
        await world.conversation.answer(words, who, private=True)
    assert await world.ledger.recipient(ADA_IN_CHAT) is None
    await world.conversation.answer(words, ADA_IN_CHAT, private=True)
    known = there(await world.ledger.recipient(ADA_IN_CHAT))
    assert known.answered_at == world.clock.now()


async def test_no_command_of_a_stranger_writes_anything(world: person.Asked) -> None:
    """Every verb, with everything that it takes: the ledger is as it was."""
    before = await world.request()
    for verb in VERBS:
        for rest in ("", CODE, f"{CODE} sure", f"{CODE} tomorrow 14:00", "Contoso", "3 days"):
            await world.conversation.answer(f"{verb} {rest}", STRANGER, private=True)
            world.limits.counted.clear()
    assert await world.ledger.audit() == ()
    assert await world.request() == before
    assert world.engine.deliveries == []
    assert await world.ledger.recipient(STRANGER) is None


async def test_whoever_says_too_much_is_told_so_once(world: person.Asked) -> None:
    """Counted for each account over all replicas; then there is no answer until the next window."""
    most, _ = SAID
    for _ in range(most):
        assert await world.conversation.answer("help", STRANGER) is not None
    assert "wait a few minutes" in text_of(await world.say("help", STRANGER))
    for _ in range(5):
        assert await world.conversation.answer(f"away {_} days", STRANGER) is None
    assert await world.conversation.answer("help", ADA_IN_CHAT) is not None


async def test_it_is_me_is_not_enough_where_a_sign_in_is_wanted() -> None:
    """The answer says what is."""
    world = person.Asked()
    await world.set()
    assert "sign in at Microsoft" in text_of(await world.say(f"me {CODE}"))
    assert await world.request() == ASKED


async def test_saved_and_done_already_are_looked_at(world: person.Asked) -> None:
    """The engine has a look to do; an app that was not taken on cannot have been saved."""
    assert "already over" in text_of(await world.say(f"saved {CODE}"))
    await world.say(f"already {CODE}")
    await world.say(f"me {CODE}")
    assert "checking Contoso O365" in text_of(await world.say(f"saved {CODE}"))
    assert len(world.engine.verifications) == 2


async def test_what_else_is_seen_is_asked_and_noted(world: person.Asked) -> None:
    """After "saved", by buttons; it is evidence, and leaves the request as it is."""
    assert "already over" in text_of(await world.say(f"saw {CODE} fields no"))
    await world.say(f"me {CODE}")
    assert said_by_buttons(await world.say(f"saved {CODE}")) == [f"saw {CODE}"]
    buttons = said_by_buttons(await world.say(f"saw {CODE}"))
    assert buttons == [
        f"saw {CODE} {sight} {answer}"
        for sight in ("fields", "verified", "test")
        for answer in ("yes", "no")
    ]
    for words in buttons:
        assert "I have noted" in text_of(await world.say(words))
    record = there(await world.ledger.app(ASKED.app))
    assert {e.kind for e in record.evidence} >= {
        sight.told(y) for sight in Observation for y in (True, False)
    }
    assert (await world.request()).stage is Stage.SAVED


async def test_not_me_asks_once_more_before_it_counts(world: person.Asked) -> None:
    """A slip of the finger sends nobody a link."""
    question = await world.say(f"notme {CODE}")
    assert said_by_buttons(question) == [f"notme {CODE} sure"]
    assert (await world.request()).stage is Stage.DELIVERED
    await world.say(f"notme {CODE} sure")
    assert (await world.request()).stage is Stage.DECLINED


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("Tom does that now", "Tom"),
        ("das macht Tom", "Tom"),
        ("da musst du Tom Miller fragen", "Tom Miller"),
        ("ask ben@contoso.com instead", "ben@contoso.com"),
    ],
)
async def test_who_names_somebody_else_is_offered_not_me_with_the_name(
    world: person.Asked, words: str, name: str
) -> None:
    """Nothing happens before they confirm, and the name stands in the form already."""
    offer = await world.say(words)
    assert f"Should I ask {name} instead?" in text_of(offer)
    assert said_by_buttons(offer) == [f"notme {CODE} maybe {name}", f"later {CODE}"]
    question = await world.say(said_by_buttons(offer)[0])
    assert said_by_buttons(question) == [f"notme {CODE} sure {name}"]
    form = there(question.form)
    assert [field.value for field in form.fields] == [name]
    assert await world.request() == ASKED
    await world.say(filled(form.said, {"name": name}))
    request = await world.request()
    assert (request.stage, request.suggestion) == (Stage.DECLINED, name)


@pytest.mark.parametrize(
    "words",
    ["Tom doesn't do that", "don't ask Tom", "if Tom does that now", "das macht Tom nicht",
     "das macht Tom?", "> Tom does that now", "should I ask Tom?"],
)  # fmt: skip
async def test_who_is_not_plainly_named_is_not_offered(world: person.Asked, words: str) -> None:
    """A no, a condition, a question or a quotation names nobody."""
    assert "instead" not in text_of(await world.say(words))
    assert await world.request() == ASKED


@pytest.mark.parametrize(
    ("words", "button"),
    [
        ("not now", "later"),
        ("jetzt nicht", "later"),
        ("not my job", "notme"),
        ("done", "already"),
        ("erledigt, danke!", "already"),
    ],
)
async def test_the_button_that_is_spoken_of_stands_there(
    world: person.Asked, words: str, button: str
) -> None:
    """It is the next step, and what else can be done is behind it."""
    (item,) = items_of(await world.say(words))
    assert isinstance(item.button, Command)
    assert item.button.words == f"{button} {CODE}"
    assert item.button.primary
    assert not any(isinstance(one, Command) and one.primary for one in item.more)


@pytest.mark.parametrize(
    ("words", "when"),
    [
        ("can you remind me next Tuesday at 10?", "next Tuesday at 10"),
        ("tomorrow", "tomorrow"),
        ("kannst du mich nächste Woche nochmal erinnern?", "nächste Woche"),
    ],
)
async def test_a_time_that_was_said_need_not_be_said_again(
    world: person.Asked, words: str, when: str
) -> None:
    """Pressed, it is put off until then; said alone, nothing happens."""
    offer = await world.say(words)
    assert f"Should I ask again then ({when})?" in text_of(offer)
    assert await world.request() == ASKED
    pressed = said_by_buttons(offer)[0]
    assert pressed == f"later {CODE} {when}"
    await world.say(pressed)
    assert (await world.request()).snooze is not None


@pytest.mark.parametrize("words", [APP.label, f"and {APP.label}?", f"what about {APP.label}?"])
async def test_whoever_names_their_app_is_told_about_it(world: person.Asked, words: str) -> None:
    """As by `why`, which they may say of it."""
    assert text_of(await world.say(words)).startswith(f"{APP.label}: ")


async def test_who_was_not_asked_sees_what_waits_for_the_one_they_name(world: person.Asked) -> None:
    """And whoever may not see the list is told who can."""
    assert "Ada Admin" in text_of(await world.say("ask Ada Admin", OPERATOR))
    assert "Only operators" in text_of(await world.say("ask Ada Admin", STRANGER))
    assert await world.request() == ASKED


async def test_later_offers_times_of_the_persons_own_day(world: person.Asked) -> None:
    """Each is a button that says the whole command."""
    offer = await world.say(f"later {CODE}")
    offered = said_by_buttons(offer)
    assert offered[1] == f"later {CODE} 2025-03-04 09:00"
    assert "March 4, 2025, 09:00" in text_of(await world.say(offered[1]))
    assert there((await world.request()).snooze).local == datetime(2025, 3, 4, 9)


async def test_a_tenant_is_onboarded_by_operators_only(world: person.Asked) -> None:
    """They get a link to hand on; nobody else learns that there is such a thing."""
    assert "can already read the tenant" in text_of(
        await world.say("onboard contoso.onmicrosoft.com", OPERATOR, private=True)
    )
    aside = await world.say("onboard contoso.onmicrosoft.com", OPERATOR)
    assert "in a direct message" in text_of(aside)
    assert "https://" not in text_of(aside)
    assert "Only operators" in text_of(await world.say("onboard contoso.onmicrosoft.com"))
    assert "Which tenant" in text_of(await world.say("onboard", OPERATOR))


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("verify abc-def", Verify("ABC-DEF")),
        ("verify", NeedsCode("verify")),
        ("onboard", NeedsDomain()),
        ("me X", ItIsMe("X")),
        ("saved X", Saved("X")),
        ("already X", Already("X")),
        ("saw X", Saw("X")),
        ("saw x fields yes", Saw("X", EvidenceKind.SAW_PASSWORD_FIELDS)),
        ("Saw X Fields no.", Saw("X", EvidenceKind.SAW_NO_PASSWORD_FIELDS)),
        ("saw X verified yes", Saw("X", EvidenceKind.SAW_VERIFIED)),
        ("saw X test no", Saw("X", EvidenceKind.TEST_FAILED)),
        ("saw X test perhaps", Saw("X")),
        ("saw", NeedsCode("saw")),
        ("notme X", NotMe("X")),
        ("notme X sure", NotMe("X", sure=True)),
        ("notme X sure Ben", NotMe("X", "Ben", sure=True)),
        ("notme X Ben Okafor", NotMe("X", "Ben Okafor", sure=True)),
        ("later X", Later("X")),
        ("later X 2026-12-04", Later("X", reason="2026-12-04")),
        ("later X 2026-12-04 7:30 on call", Later("X", datetime(2026, 12, 4, 7, 30), "on call")),
        ("later X 2026-12-04T17:30", Later("X", datetime(2026, 12, 4, 17, 30))),
        ("later X 2026-02-30", Later("X", reason="2026-02-30")),
        ("later X 2026-12-04 25:00", Later("X", reason="2026-12-04 25:00")),
        ("later X next year", Later("X", reason="next year")),
        ("onboard fabrikam.com", Onboard("fabrikam.com")),
    ],
)
def test_what_is_said_about_a_code_is_understood(words: str, command: object) -> None:
    """The words of every button, and what people type instead."""
    assert parse(words) == command


# ------------------------------------------------------------------ the Home tab


async def test_home_shows_an_operator_the_list_below_what_waits_for_them(
    world: person.Asked,
) -> None:
    """Theirs first, then everybody's; who does not operate sees their own alone."""
    ada = text_of(await world.say("home", private=True))
    assert "This is waiting for you" in ada
    assert "Office 365 app left" not in ada
    olga = text_of(await world.say("home", OPERATOR, private=True))
    assert "This is waiting for you" not in olga
    assert "Office 365 app left" in olga
    assert "apps" in text_of(await world.say("home", STRANGER, private=True))
