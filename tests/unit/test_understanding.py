"""What people really type: with marks, in sentences, in English and in German."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.typed.commands import (
    Check,
    Command,
    Deny,
    Hello,
    Help,
    Later,
    ListApps,
    NotMe,
    Onboard,
    Own,
    PlanAhead,
    RemindNow,
    ReportNow,
    Send,
    Unclear,
    Unsure,
    Verify,
    Who,
    Why,
)
from bot.chat.typed.understanding import parse
from bot.chat.typed.verbs import VERBS

# What people and their clients put around words.
MARKS = ["*{}*", "_{}_", "~{}~", "`{}`", "**{}**", "```{}```", "```\n{}\n```", "```text\n{}\n```",
         "> {}", ">{}", ">>> {}", "- {}", "• {}", "* {}", "1. {}", "2) {}", "“{}”", "„{}“", "'{}'",
         "«{}»", "‘{}’", "\u200b{}", "{}\u200b", "\ufeff{}", "\u2060{}\u2060", " \u00a0{}\u00a0 ",
         "\u202a{}\u202c", "\n\n{}\n", "{}.", "{}!", "*`{}`*", "> *{}*", "- `/o365 {}`",
         "please {}", "hey bot, {}", "Bitte {}", "> what somebody said\n{}"]  # fmt: skip
QUOTED = [mark for mark in MARKS if mark.startswith((">", "~")) and "\n" not in mark]
CHANGING = [
    ("deny svc@contoso.com", Deny("svc@contoso.com")),
    ("onboard contoso.com", Onboard("contoso.com")),
    ("owner svc@contoso.com is ada@contoso.com", Own("svc@contoso.com", "ada@contoso.com")),
]


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("apps", ListApps()),
        ("help", Help()),
        ("plan 14", PlanAhead(14)),
        ("verify ABC-DEF", Verify("ABC-DEF")),
        *CHANGING,
    ],
)
def test_what_only_looks_means_nothing(words: str, command: Command) -> None:
    """Emphasis, code, lists, quotations, quotes, invisible signs, kindness."""
    # What somebody else said, or took back, is nothing to be done.
    quoted = Unsure(words) if (words, command) in CHANGING else command
    for mark in MARKS:
        assert parse(mark.format(words)) == (quoted if mark in QUOTED else command), mark


def test_what_is_struck_out_is_not_said() -> None:
    """Slack's marks; Teams' are made the same."""
    assert parse("send ~all~ Sales") == Send("Sales")
    assert parse("~send Sales~ why Sales") == Why("Sales")
    assert parse("~~send Sales~~") == Unsure("send Sales")
    assert parse("send all ❓") == Unsure("send all")
    assert parse("~remind sure~") == RemindNow()
    assert parse("send A~B") == Send("A~B")


@pytest.mark.parametrize(
    "words",
    ["*why* Sales", "`why` Sales", "_why_ Sales", "why: Sales", "“why” Sales", "WHY *Sales*"],
)
def test_around_a_single_word_too(words: str) -> None:
    """In the middle of a command."""
    assert parse(words) == Why("Sales")


@pytest.mark.parametrize("verb", ["remind", "report"])
@pytest.mark.parametrize("mark", ["*{}*", "`{}`", "- {}", "“{}”", "/o365 {}", "{}.", "{}\u200b"])
def test_what_is_public_is_known_by_its_word(verb: str, mark: str) -> None:
    """Marks make it no other word; and it asks first."""
    assert parse(mark.format(verb)) == {"remind": RemindNow(), "report": ReportNow()}[verb]


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("> remind sure", RemindNow()),
        ("> *report sure*", ReportNow()),
        (">>> apps shared", ListApps()),
        ("apps shared?", ListApps()),
        ("> saved ABC-DEF", Unsure("saved ABC-DEF")),
        ("> ABC-DEF done", Unsure("saved ABC-DEF")),
        ("> me ABC-DEF", Unsure("me ABC-DEF")),
        ("> already ABC-DEF", Unsure("already ABC-DEF")),
        ("> notme ABC-DEF sure", NotMe("ABC-DEF")),
        ("> notme ABC-DEF Ben Bauer", NotMe("ABC-DEF", "Ben Bauer")),
        ("notme ABC-DEF sure not", NotMe("ABC-DEF", "not")),
        ("> later ABC-DEF friday", Later("ABC-DEF")),
        ("> later all friday", Later("all")),
        ("> send all now sure", Unsure("send all now")),
        ("> please send Labs", Unsure("send Labs")),
    ],
)
def test_what_was_asked_or_quoted_is_not_done(words: str, command: Command) -> None:
    """Nothing is public by it, nothing counts as said by whoever quotes it."""
    assert parse(words) == command


@pytest.mark.parametrize("verb", ["why", "who", "warum", "wer"])
@pytest.mark.parametrize("name", ["Status", "Apps", "Overview", "Help", "Now", "Waivers", "Send"])
def test_an_app_may_be_called_like_a_command(verb: str, name: str) -> None:
    """Behind a word that is about one app."""
    command = parse(f"{verb} {name}?")
    assert isinstance(command, Why | Who)
    assert command.app.rstrip("?") == name


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("why sales?", Why("sales?")),
        ("please send labs", Send("labs")),
        ("Could you please check Labs", Check("Labs")),
        ("hi, can you tell me why Sales", Why("Sales")),
        ("do you know who has to consent for Sales?", Who("has to consent for Sales?")),
        ("I'd like to know why Sales", Why("Sales")),
        ("I’d like to know why Sales", Why("Sales")),
        ("warum Sales?", Why("Sales?")),
        ("Wieso ist Sales noch offen?", Why("ist Sales noch offen?")),
        ("wer muss für Sales zustimmen?", Who("muss für Sales zustimmen?")),
        ("bitte sende Labs", Send("Labs")),
        ("Schick bitte Labs", Send("Labs")),
        ("kannst du bitte Labs prüfen?", Check("Labs")),
        ("Können Sie Labs schicken", Send("Labs")),
        ("prüfe Labs", Check("Labs")),
        ("Hilfe!", Help()),
        ("welche Apps müssen noch umgestellt werden?", ListApps()),
        ("zeig mir die Apps", ListApps()),
        ("owner svc@contoso.com ist niemand", Own("svc@contoso.com", "")),
        ("send Mail <EMEA>", Send("Mail <EMEA>")),
        ("verify ABC–DEF", Verify("ABC-DEF")),
        ("verify abc-def?", Verify("ABC-DEF")),
        ("hello", Hello()),
        (", send Labs", Send("Labs")),
        (": *send* Labs", Send("Labs")),
        (",apps", ListApps()),
        ("ａｐｐｓ", ListApps()),
        ("a\u200dpps\u202f!", ListApps()),
        ("аpps", Unclear("аpps", "apps")),  # the first letter is Cyrillic
        ("please", Unclear("please")),
    ],
)
def test_a_sentence_says_a_command(words: str, command: Command) -> None:
    """With what people say before one, in either language."""
    assert parse(words) == command


@pytest.mark.parametrize("label", ["All", "Please Sign", "Office_365", "*Star*", "R&D <x>", "-x-"])
def test_a_name_stays_as_it_was_typed(label: str) -> None:
    """Its marks may be its own: whoever looks for it decides."""
    command = parse(f"why {label} EU")
    assert isinstance(command, Why)
    assert command.app.strip("*") == f"{label} EU".strip("*")


@given(st.sampled_from(VERBS), st.text(max_size=40))
def test_nothing_public_without_its_very_words(verb: str, rest: str) -> None:
    """Whatever stands behind, or before, another word."""
    for words in (f"{verb} {rest}", f"{rest} {verb}"):
        command = parse(words)
        if isinstance(command, RemindNow | ReportNow) and command.sure:
            raise AssertionError(words)
