"""Nearly a thousand sentences as admins type them, in many ways of typing them; drills try more.

`tests/corpus/typed.txt` says what each means. The generator is seeded, so a failure comes again.
"""

from __future__ import annotations

import html
import os
import random
import time
from collections import Counter

import pytest

from adapters.slack.incoming import words as slack
from adapters.teams.incoming import words as teams
from bot.chat.typed.understanding import LONGEST, parse
from tests.corpus.typed import acts, corpus, meaning

SENTENCES = corpus()
NOTHING = tuple(words for words, means in SENTENCES if means == "nothing")
UNASKED = ("nothing", "hello", "thanks")
WAYS = int(os.environ.get("O365BOT_WAYS", "2"))
BOT, MENTION = "28:b0t", "U0B0T"


def test_the_corpus_is_one() -> None:
    """Each sentence once, in both languages, and many that must change nothing."""
    assert len(SENTENCES) > 800
    assert [words for words, count in Counter(w for w, _ in SENTENCES).items() if count > 1] == []
    assert len(NOTHING) > 150


@pytest.mark.parametrize("kind", sorted({means for _, means in SENTENCES}))
def test_each_sentence_means_what_it_means(kind: str) -> None:
    """And none that only speaks of a command carries it out."""
    wrong = [f"{words} -> {meaning(words)}" for words, means in SENTENCES
             if means == kind and not right(words, means)]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("seed", range(WAYS))
def test_however_it_is_typed(seed: int) -> None:
    """Case, spaces, stops, marks, emoji, invisible signs, dashes, quotation marks, umlauts, thanks,
    greetings, and what Slack and Teams make of all that."""
    chance = random.Random(seed)
    wrong = []
    for words, means in SENTENCES:
        typed = mutated(words, chance, kind=means not in UNASKED)
        if not right(typed, means):
            wrong.append(f"{words!r} as {typed!r} -> {meaning(typed)}")
    assert wrong == []


def right(words: str, means: str) -> bool:
    found = meaning(words)
    if means == "nothing":
        return not acts(found)
    return found == means or (means == "mine" and found.startswith("mine "))


def mutated(words: str, chance: random.Random, *, kind: bool) -> str:
    """The same, typed otherwise. `kind`: it may be asked for kindly, which makes a question one."""
    public = words.strip('"“”„').lower() in ("remind", "report", "remind sure", "report sure",
                                             "remind!", "report.", "/o365 remind")  # fmt: skip
    ways = [cased, spaced, unseen, dashed, quoted_otherwise]
    if not public:
        ways += [spelt_otherwise, with_emoji]
        if not words.rstrip().endswith(("?", ".")):
            ways.append(ended)
        if kind and words != "all":  # "hi, all" is a greeting
            ways.append(greeted)
        if kind and not words.startswith("/") and not words.endswith("?"):
            ways.append(asked_kindly)
    for way in sorted(chance.sample(ways, chance.randint(1, 3)), key=ways.index, reverse=True):
        words = way(words, chance)
    if not words.startswith(">") and chance.random() < 0.3:
        words = chance.choice(("*{}*", "_{}_", "`{}`", "**{}**", "- {}", "```{}```")).format(words)
    return chance.choice((through_slack, through_teams, lambda same: same))(words)


def cased(words: str, chance: random.Random) -> str:
    return chance.choice((str.upper, str.lower, str.capitalize, str.swapcase))(words)


def spaced(words: str, chance: random.Random) -> str:
    space = chance.choice((" ", "  ", "\u00a0", "\u2009", "\t"))
    return words.replace(" ", space)


def unseen(words: str, chance: random.Random) -> str:
    at = chance.randint(0, len(words))
    return words[:at] + chance.choice("\u200b\u200d\ufeff\u2060\u00ad\u200e") + words[at:]


def dashed(words: str, chance: random.Random) -> str:
    return words.replace("-", chance.choice("-\u2010\u2011\u2012\u2013\u2212"))


def quoted_otherwise(words: str, chance: random.Random) -> str:
    return words.replace("'", chance.choice("'’‘`´")).replace("’", chance.choice("'’"))


def spelt_otherwise(words: str, chance: random.Random) -> str:
    for umlaut, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ü", "Ue"), ("ß", "ss")):
        words = words.replace(umlaut, plain)
    return words


def with_emoji(words: str, chance: random.Random) -> str:
    if len(words) < 4 and not words.isalpha():
        return words
    return f"{words} {chance.choice(('🙂', '🙏', '👍', ':pray:', '🎉', '🚀🚀', ':+1:'))}"


def greeted(words: str, chance: random.Random) -> str:
    if words.startswith((">", "/")) or not words[:1].isalpha():
        return words
    return chance.choice(("Hi, ", "hey bot, ", "Hallo ", "ok, ", "Moin, ")) + words


def ended(words: str, chance: random.Random) -> str:
    return words + chance.choice(("!", ".", " !", "…", "!!"))


def asked_kindly(words: str, chance: random.Random) -> str:
    before, after = chance.choice(
        (("please ", ""), ("Bitte ", ""), ("", " please"), ("", ", danke"))
    )
    return f"{before}{words}{after}"


def through_slack(words: str) -> str:
    """Escaped, as Slack sends a mention, and read as its border reads it."""
    sent = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return slack.as_typed(f"<@{MENTION}> {sent}", bot=MENTION)


def through_teams(words: str) -> str:
    """As HTML with the mention of the bot, and read as its border reads it."""
    sent = f"<p><at>o365bot</at>&nbsp;{html.escape(words, quote=False)}</p>"
    mention = {"mentioned": {"id": BOT, "name": "o365bot"}, "text": "<at>o365bot</at>"}
    return teams.as_typed(sent, BOT, [mention])


@pytest.mark.parametrize("verb", ["send", "check", "why", "who", "waive", "unwaive"])
def test_an_app_may_be_called_by_any_word(verb: str) -> None:
    """Also by one that says something where it stands in a sentence."""
    words = {word for said, _ in SENTENCES for word in said.split() if len(word) > 2}
    named = [f"{verb} Office 365 {word}" for word in words if word.isalpha()]
    others = {"app", "apps", "migration"} if verb in ("why", "who", "check") else set()
    wrong = [said for said in named if type(parse(said)).__name__.lower() != verb
             and said.rpartition(" ")[2].lower() not in others]  # fmt: skip
    assert wrong == []


HOSTILE = ["please " * 80, "a " * 250, "bitte " * 90, "send " * 100, "is " * 170, "until " * 90,
           "bis " * 120, "(" * 500, "link for " * 60, "svc@contoso.com " * 30, "@" * 500,
           "owner " * 90, "ABC-DEF " * 70, "1 " * 250, "ich bin " * 70, "> " * 250, "*" * 500,
           "_" * 500, "monday, " * 70, "nie " * 120, "ä" * 500, "\u200b" * 500,
           "👍" * 500]  # fmt: skip


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_cost_little(words: str) -> None:
    """What fills a message does not fill a processor."""
    assert len(words) <= 2 * LONGEST
    started = time.process_time()
    for _ in range(10):
        parse(words)
    assert time.process_time() - started < 1.0
