"""What people type, as commands."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.typed.commands import (
    Check,
    Command,
    Help,
    ListApps,
    NeedsApp,
    RemindNow,
    ScanAll,
    Send,
    Unclear,
    Who,
    Why,
)
from bot.chat.typed.understanding import LONGEST, parse
from bot.chat.typed.verbs import PUBLIC, VERBS, typed
from bot.domain.people.admins import Platform
from bot.domain.summaries import Part, Wanted


@pytest.mark.parametrize(
    "words",
    [
        "",
        "   ",
        "apps",
        "Apps!",
        "list",
        "which O365 apps need migration",
        "Which O365 apps need migration?",
        "which  office 365\napps need migration",
        "what Office365 apps still need to be migrated?",
        "show me the apps",
        "list o365 apps",
    ],
)
def test_the_question_is_understood_in_many_forms(words: str) -> None:
    """The sentence of the job, its variants, the short command, and nothing at all."""
    assert parse(words) == ListApps()


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("apps 2", ListApps(2)),
        ("apps 0", ListApps(1)),
        ("apps 99999", ListApps(1)),
        ("all", ListApps(wanted=Wanted(Part.ALL))),
        ("all 3", ListApps(3, Wanted(Part.ALL))),
        ("apps all", ListApps(wanted=Wanted(Part.ALL))),
        ("help", Help()),
        ("HELP!", Help()),
        ("?", Help()),
        ("help me please", Help()),
        ("scan", ScanAll()),
        ("scan now", ScanAll()),
        ("remind", RemindNow()),
        ("why contoso/0oa1", Why("contoso/0oa1")),
        ("Why   Contoso   EU", Why("Contoso EU")),
        ("who “Contoso EU”", Who("Contoso EU")),
        ('send "Contoso EU"', Send("Contoso EU")),
        ("check 0oa1", Check("0oa1")),
        ("why", NeedsApp("why")),
        ("send  ", NeedsApp("send")),
        ("who ''", NeedsApp("who")),
    ],
)
def test_a_command_is_read_with_what_it_is_about(words: str, command: Command) -> None:
    """Verbs in any case, spaces and quotes of any kind."""
    assert parse(words) == command


@pytest.mark.parametrize(
    ("words", "closest"),
    [
        ("snd contoso", "send contoso"),
        ("wyh Office HQ", "why Office HQ"),
        ("hepl me", "help"),
        ("xyzzy", ""),
        ("blah", ""),
    ],
)
def test_what_is_not_understood_gets_a_proposal(words: str, closest: str) -> None:
    """The verb that looks most alike, with what it was about; or none."""
    assert parse(words) == Unclear(words, closest)


@given(st.text(max_size=600))
def test_anything_may_be_said(words: str) -> None:
    """No words break the parser, and nothing overlong goes through it."""
    command = parse(words)
    said = getattr(command, "app", "") or getattr(command, "said", "")
    assert len(said) <= LONGEST


@given(st.sampled_from([verb for verb in VERBS if verb not in PUBLIC]), st.text(max_size=30))
def test_space_and_case_make_no_difference(verb: str, rest: str) -> None:
    """`WHY  app` is `why app`."""
    command, loud = parse(f"{verb} {rest}"), parse(f"  {verb.upper()}   {rest} ")
    if isinstance(command, Unclear) and isinstance(loud, Unclear):
        # it repeats what was said as it was said
        assert replace(loud, said="") == replace(command, said="")
    else:
        assert loud == command


@pytest.mark.parametrize("habit", ["/o365", "o365", "/O365 "])
@pytest.mark.parametrize("words", ["", "why Contoso EU", "verify ABC-DEF"])
def test_the_slash_command_is_understood_where_there_is_none(habit: str, words: str) -> None:
    """Teams hands on all of what was typed, and so do direct messages."""
    assert parse(f"{habit} {words}") == parse(words)


def test_a_command_is_named_as_the_platform_has_it() -> None:
    """Teams would not take a slash command of a bot."""
    named = {
        platform: typed("verify ABC-DEF", platform) for platform in (Platform.SLACK, Platform.TEAMS)
    }
    assert named == {Platform.SLACK: "/o365 verify ABC-DEF", Platform.TEAMS: "verify ABC-DEF"}


def test_sending_is_never_guessed() -> None:
    """Only the word itself sends: a question that mentions it does not."""
    for words in ["which apps should I send", "snd contoso", "resend x"]:
        assert not isinstance(parse(words), Send)
