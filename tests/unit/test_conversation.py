"""What an operator says is answered: who may, when things break, and the campaign."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.typed.commands import Help
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import GROUPS, VERBS
from bot.domain.changes import Changes
from bot.domain.inventory.records import OrgScan
from bot.domain.people.admins import Platform
from bot.message import Command
from tests.examples import ADA_IN_CHAT, BEN_IN_CHAT, NOW, OPERATOR, REQUEST
from tests.reading import buttons_of, said_by_buttons, text_of
from tests.there import there
from tests.unit.talk import PASSWORD, TwoApps


@pytest.fixture
def world() -> TwoApps:
    return TwoApps()


STRANGER = replace(OPERATOR, user_id="U-stranger")


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize("words", ["", "apps", "why 0oa1", "send 0oa1", "remind", "scan", "xyzzy"])
async def test_whoever_is_no_operator_is_told_how_to_become_one_and_nothing_else(
    world: TwoApps, words: str
) -> None:
    """Nothing is read, nothing is sent; the answer names their id, which the settings need."""
    message = await world.say(words, STRANGER)
    assert "U-stranger" in text_of(message)
    assert "Contoso" not in text_of(message)
    assert world.entra.calls == []
    assert world.engine.deliveries == []
    assert await world.ledger.apps() == ()
    assert await world.ledger.audit() == ()


async def test_a_refusal_says_who_can_in_the_askers_language(world: TwoApps) -> None:
    """By name, with the id that they need."""
    said = text_of(await world.say("apps", replace(STRANGER, language="de-AT")))
    assert said.startswith("Danach können mich nur Operatoren fragen. Fragen Sie Name of U9")
    assert "Ihre ID ist U-stranger" in said


async def test_an_outsider_is_answered_nothing_and_noted_nowhere(world: TwoApps) -> None:
    """Not even help, nor what waits for them."""
    await world.ledger.commit(Changes(requests=(REQUEST,)))
    world.directory.outside.add(ADA_IN_CHAT.user_id)
    for words in ("help", "hi", "mine", "away until Friday", f"notme {REQUEST.code} sure", "apps"):
        said = text_of(await world.say(words, ADA_IN_CHAT))
        assert "not with guests or external accounts" in said
    assert await world.ledger.audit() == ()
    assert await world.ledger.recipient(ADA_IN_CHAT) is None


async def test_what_was_asked_in_person_goes_on_while_nobody_can_tell(world: TwoApps) -> None:
    """The signed request says whose account it is; all else waits."""
    await world.ledger.commit(Changes(requests=(REQUEST,)))
    world.directory.down = True
    assert "waiting for you" in text_of(await world.say("mine", ADA_IN_CHAT))
    assert "cannot check right now" in text_of(await world.say("apps"))


async def test_the_same_id_on_another_platform_is_another_person(world: TwoApps) -> None:
    """Operators are named with their platform."""
    message = await world.say("apps", replace(OPERATOR, platform=Platform.TEAMS))
    assert "Only operators" in text_of(message)


async def test_help_is_for_everybody_and_shows_what_they_may_say(world: TwoApps) -> None:
    """Operators see every command, others what they can say when they were asked."""
    operator, stranger = await world.say("help"), await world.say("help", STRANGER)
    assert all(re.search(rf"\b{verb}\b", text_of(operator)) for verb in VERBS)
    assert len(text_of(operator)) < 1200  # what fits two screens of a phone
    said = [verb for verb in VERBS if f"/o365 {verb}" in text_of(stranger)]
    assert said == ["mine", "verify", "notme", "later", "away", "back"]
    assert "/o365" not in text_of(
        await world.say("help", replace(STRANGER, platform=Platform.TEAMS))
    )


@pytest.mark.parametrize("verb", VERBS)
async def test_help_tells_more_about_one_command_to_whom_may_say_it(
    world: TwoApps, verb: str
) -> None:
    """By its menu too; nothing of it is carried out, and a stranger sees their own help."""
    told = await world.say(f"help {verb}")
    assert told.summary.startswith(f"/o365 {verb}")
    menu = next(b for b in buttons_of(await world.say("help")) if b.id == f"help:{verb}")
    assert isinstance(menu, Command)
    assert parse(menu.words) == Help(verb)
    theirs = (await world.say(f"help {verb}", STRANGER)).summary
    assert (theirs == told.summary) is (verb in GROUPS["mine"])


@pytest.mark.parametrize("said", ["help me with send", "Hilfe zu send", "help send all now"])
async def test_help_with_a_command_is_never_that_command(world: TwoApps, said: str) -> None:
    """However it is asked."""
    assert parse(said) == Help("send")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("yes", "press its button"),
        ("ja bitte", "press its button"),
        ("don't send it", "I have done nothing"),
        ("never mind", "I have done nothing"),
        ("nicht senden", "I have done nothing"),
        ("it doesn't work", "doctor"),
        ("can I have this as Excel?", "o365bot apps --csv"),
        ("that one", "Which app?"),
        ("und die andere?", "Which app?"),
        ("ask everyone", "say “/o365 send all”"),
        ("remind the channel", "post it only when you confirm"),
        ("progress report", "post it only when you confirm"),
        ("who owns svc@contoso.com", "Nobody has told me anything"),
        ("ping Contoso EU", "Who can do Contoso EU"),
    ],
)
async def test_what_is_said_in_passing_is_answered_and_changes_nothing(
    world: TwoApps, words: str, answer: str
) -> None:
    """By an operator for whom nothing waits: with what is to be done next."""
    await world.say("apps")
    assert answer in text_of(await world.say(words))
    assert not world.ledger.all_requests


# ------------------------------------------------------------------ when things break


async def test_a_store_that_is_away_is_told_and_nothing_is_lost(world: TwoApps) -> None:
    """No traceback in chat."""
    world.ledger.down = True
    assert "cannot reach my store" in text_of(await world.say("apps"))


async def test_a_bug_is_answered_with_a_reference_that_the_log_has(
    world: TwoApps, caplog: pytest.LogCaptureFixture
) -> None:
    """The person can report it; what broke is not shown to them."""
    import structlog

    world.ledger.broken["page"] = ZeroDivisionError("hush-hush")
    await world.ledger.save_scan(OrgScan("contoso", NOW, NOW))
    with caplog.at_level(logging.ERROR), structlog.testing.capture_logs() as logs:
        said = text_of(await world.say("apps"))
    assert "hush" not in said
    (reference,) = [entry["reference"] for entry in logs if "reference" in entry]
    assert reference in said


@given(st.text(max_size=80))
async def test_whatever_is_said_is_answered(words: str) -> None:
    """In a world with two apps: always a message in good form, and never a link by accident."""
    world = TwoApps()
    message = await world.say(words)
    assert text_of(message)
    if not words.strip().lower().startswith("send"):
        assert await world.ledger.open_requests() == ()


# ------------------------------------------------------------------ the campaign


async def test_a_plan_is_told_to_operators(world: TwoApps) -> None:
    """Nobody was asked, so only the channel hears of it; any span is understood."""
    await world.say("scan")
    for words in ("plan", "plan 30d", "plan 400 days", "plan some day"):
        said = text_of(await world.say(words))
        assert "the channel in Slack" in said
        assert "Global Administrator" not in said
        assert "Nobody has been asked about one open app yet" in said
        assert ("is not a number of days from 1 to 366" in said) == (len(words) > len("plan 30d"))
    assert "over the next day" in text_of(await world.say("plan 1"))


@pytest.mark.parametrize(("verb", "kind"), [("remind", "reminder:"), ("report", "report:")])
async def test_what_others_see_is_posted_once_it_was_confirmed(
    world: TwoApps, verb: str, kind: str
) -> None:
    """First it is said what goes where; the button posts it."""
    await world.say("scan")
    asked = await world.say(verb)
    assert "in #c1 (Slack), where everybody can read it" in text_of(asked)
    assert world.engine.deliveries == []
    (post,) = [b for b in buttons_of(asked) if isinstance(b, Command)]
    assert "on its way" in text_of(await world.say(post.words))
    assert any(key.startswith(kind) for key, _ in world.engine.deliveries)


@pytest.mark.parametrize("verb", ["remind", "report"])
@pytest.mark.parametrize(
    "words",
    ["{} me tomorrow", "{} please", "please {}", "{}s", "{}er", "{} now", "{} sure, why not",
     "{} everybody", "can you {}", "{} surely", "reminde", "raport", "reprot", "remnd"],
)  # fmt: skip
async def test_nothing_that_others_see_is_reached_by_a_slip(
    world: TwoApps, verb: str, words: str
) -> None:
    """Neither by the beginning of a sentence, nor by what looks alike, nor by a proposal."""
    await world.say("scan")
    answer = await world.say(words.format(verb))
    assert world.engine.deliveries == []
    said = said_by_buttons(answer)
    assert not [one for one in said if one.startswith(("remind", "report"))]


async def test_a_sample_is_shown_to_whoever_asked_alone(world: TwoApps) -> None:
    """It looks like the real one and says that it is none; nothing is delivered."""
    await world.say("scan")
    message = await world.say("send me a sample")
    assert message.private
    assert "is waiting for you" in text_of(message)
    assert text_of(message).startswith("This is a sample")
    assert not [b for b in buttons_of(message) if isinstance(b, Command)]
    assert world.engine.deliveries == []


async def test_whoever_is_reminded_may_put_it_off(world: TwoApps) -> None:
    """Also somebody who is no operator, in words; what is not understood is asked again."""
    world.okta.log = {"0oa1": (PASSWORD,), "0oa2": (replace(PASSWORD, event_id="e3"),)}
    await world.say("scan")
    await world.say("send 0oa1")
    await world.say("send 0oa2")
    first, second = await world.ledger.open_requests()
    later = f"later {first.code}"
    assert "March 4, 2025, 09:00" in text_of(await world.say(f"{later} tomorrow", ADA_IN_CHAT))
    assert "That time has passed" in text_of(await world.say(f"{later} 2020-01-01", ADA_IN_CHAT))
    asked_again = await world.say(f"{later} someday", ADA_IN_CHAT)
    assert "I do not understand “someday”" in text_of(asked_again)
    assert any(b.words.startswith(later) for b in buttons_of(asked_again) if isinstance(b, Command))
    assert "March" not in text_of(await world.say(f"{later} tomorrow", BEN_IN_CHAT))
    both = f"later {first.code},{second.code} 2025-03-05T10:00 busy"
    assert "March 5, 2025, 10:00" in text_of(await world.say(both, ADA_IN_CHAT))
    put_off = [r.snooze for r in await world.ledger.open_requests()]
    assert [(s.local, s.reason) for s in put_off if s] == [(datetime(2025, 3, 5, 10), "busy")] * 2


async def test_whoever_is_away_is_left_alone(world: TwoApps) -> None:
    """A day in the past ends an absence."""
    assert "not asked you" in text_of(await world.say("away 2025-03-09", ADA_IN_CHAT))
    await world.ledger.commit(Changes(requests=(REQUEST,)))
    assert "until after March 9" in text_of(await world.say("away 2025-03-09", ADA_IN_CHAT))
    assert "until after March 6" in text_of(await world.say("away 3 days", ADA_IN_CHAT))
    assert "until after March 4" in text_of(await world.say("away bis morgen", ADA_IN_CHAT))
    assert "only plan a year ahead" in text_of(await world.say("away 2031-01-01", ADA_IN_CHAT))
    assert "has passed, so welcome back" in text_of(await world.say("away 2025-03-01", ADA_IN_CHAT))
    assert "do not understand “soon”" in text_of(await world.say("away soon", ADA_IN_CHAT))
    assert "Until when?" in text_of(await world.say("away", ADA_IN_CHAT))


@pytest.mark.parametrize(
    ("language", "said", "answers"),
    [
        (
            "en",
            "I'm on holiday from 24 to 28 March",
            {
                "": "not hear from me from March 24, 2025 to March 28, 2025",
                "notes": "from March 24, 2025 to March 28, 2025",
                "away 2 days": "Also noted: you are away from March 24, 2025 to March 28",
                "away from 28 to 24 March": "March 24, 2025 comes before March 28, 2025",
                "away from 2025-02-01 to 2025-02-03": "February 3, 2025 has already passed",
                "away from 2027-02-01 to 2027-02-03": "more than a year from now",
                "away from Monday": "Until when?",
                "back": "until March 5, 2025; reminders are on again. Also noted: you are",
                "I am back": "Cancelled: I no longer have you down as away from March 24, 2025 to",
            },
        ),
        (
            "de",
            "vom 24. bis 28.3. bin ich im Urlaub",
            {
                "": "Vom 24. März 2025 bis einschließlich 28. März 2025 hören Sie nichts",
                "notes": "vom 24. März 2025 bis zum 28. März 2025",
                "am Freitag habe ich frei": "Außerdem habe ich Sie vom 24. März 2025 bis zum 28.",
                "abwesend vom 28. bis 24.3.": "Der 24. März 2025 liegt vor dem 28. März 2025",
                "ab Mittwoch bin ich weg": "Bis wann?",
                "ab Mittwoch zwei Wochen weg": "Vom 5. März 2025 bis einschließlich 18. März 2025",
                "back": "Heute habe ich Sie nicht als abwesend vorgemerkt, aber",
            },
        ),
    ],
)
async def test_an_absence_may_begin_later(
    world: TwoApps, language: str, said: str, answers: dict[str, str]
) -> None:
    """It is noted, listed, replaced and called off; what is no such thing is asked back."""
    ada = replace(ADA_IN_CHAT, language=language)
    await world.ledger.commit(Changes(requests=(replace(REQUEST, chat=ada),)))
    for words, answer in answers.items():
        assert answer in text_of(await world.say(words or said, ada)), words


async def test_back_ends_an_absence(world: TwoApps) -> None:
    """With an audit line, and again it changes nothing."""
    await world.ledger.commit(Changes(requests=(REQUEST,)))
    await world.say("away until Friday", ADA_IN_CHAT)
    assert "away until March 7" in text_of(await world.say("I'm back!", ADA_IN_CHAT))
    assert "did not have you down as away" in text_of(await world.say("back", ADA_IN_CHAT))
    assert there(await world.ledger.recipient(ADA_IN_CHAT)).absences == ()
    assert [entry.action for entry in await world.ledger.audit()] == ["back", "away"]


@pytest.mark.parametrize(
    "words", ["send all?", "can we send all?", "> send all", "deny svc@contoso.com?"]
)
async def test_what_is_no_clear_command_is_asked_back(world: TwoApps, words: str) -> None:
    """Nothing is done, and it is said how to say it."""
    await world.say("scan")
    before = await world.ledger.audit()
    answer = text_of(await world.say(words))
    assert "I did nothing. If you do, say “/o365 " in answer
    assert await world.ledger.audit() == before
    assert world.engine.deliveries == []


async def test_dates_are_told(world: TwoApps) -> None:
    """The organisation's own; in German in German."""
    assert "Okta’s was December 31, 2024" in text_of(await world.say("when is the deadline?"))
    german = replace(OPERATOR, language="de")
    assert "31. Dezember 2024" in text_of(await world.say("Bis wann?", german))


async def test_an_app_named_in_any_sentence_is_told_of(world: TwoApps) -> None:
    """What is no command, and has the name of one app."""
    await world.say("scan")
    for words in ("what about Contoso EU?", "Contoso EU", "was ist mit Contoso EU?"):
        assert text_of(await world.say(words)).startswith("Contoso EU")


async def test_many_words_that_mean_nothing_are_repeated_in_short(world: TwoApps) -> None:
    """As a quotation that says that it was cut."""
    message = await world.say("please make me a coffee, " * 10)
    assert "please make me a coffee, please ma…”" in text_of(message)
