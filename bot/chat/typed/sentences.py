"""Whole sentences that ask without a command: "what's left?", "bis wann?", "done", "danke".

A sentence means something when it has one of that meaning's phrases and, apart from these, only
words that say nothing of their own (`sentences.toml`). So the name of an app, or anything else that
is not known there, leaves it to whoever looks for names. None of these meanings changes anything.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from bot.chat.typed.commands import (
    Command,
    Deadlines,
    Hello,
    Help,
    ListApps,
    Mine,
    Notes,
    Sample,
    Thanks,
)
from bot.chat.typed.looks.spelling import forms, sentence
from bot.domain.summaries import By, Part, Wanted

_SAYS: Mapping[str, Command] = {
    "apps": ListApps(),
    "by_person": ListApps(wanted=Wanted(by=By.PERSON)),
    "all": ListApps(wanted=Wanted(Part.ALL)),
    "waivers": ListApps(wanted=Wanted(Part.WAIVED)),
    "deadlines": Deadlines(),
    "hello": Hello(),
    "help": Help(),
    "mine": Mine(),
    "notes": Notes(),
    "sample": Sample(),
    "thanks": Thanks(),
    **{said: Mine(said) for said in ("done", "later", "me", "not_me")},
}
_KIND = frozenset(
    sentence("please pls bitte ok okay thanks danke hi hallo hey hello moin now jetzt").split()
)
_CONTENT = frozenset("👍🙏❤👌✅🎉🙌💯😀🙂😊")
_GREETS = frozenset("👋")


@dataclass(frozen=True, slots=True)
class _Meaning:
    """`phrases` tell it, and `beside` may stand there, too."""

    command: Command
    phrases: re.Pattern[str]
    beside: frozenset[str]

    def has(self, said: str) -> bool:
        """Whether a sentence, in its compared form, says this."""
        rest, found = self.phrases.subn(" ", said)
        return found > 0 and self.beside.issuperset(rest.split())


def read_sentence(said: str) -> Command | None:
    """What a sentence asks; None when it is none that is known whole."""
    words = sentence(said)
    if not words:
        signs = frozenset(said)
        return Thanks() if signs & _CONTENT else Hello() if signs & _GREETS else None
    whole, meanings, _ = _vocabulary()
    bare = " ".join(one for one in words.split() if one not in _KIND)
    for one in (words, bare):
        if (command := whole.get(one)) is not None:
            return command
    return next(
        (one.command for said in filter(None, (bare, words)) for one in meanings if one.has(said)),
        None,
    )


def is_common(word: str) -> bool:
    """Whether a word says nothing of its own: then it is no mistyped command."""
    return sentence(word) in _vocabulary()[2]


@cache
def _vocabulary() -> tuple[Mapping[str, Command], tuple[_Meaning, ...], frozenset[str]]:
    """What whole sentences mean, the meanings of others, and words that say nothing."""
    text = (files("bot.chat.typed") / "sentences.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    fillers = frozenset(sentence(told["fillers"]).split())
    whole = {one: _SAYS[name] for name, many in told["whole"].items() for one in forms(many)}
    meanings = tuple(_meaning(name, one, fillers) for name, one in told["meaning"].items())
    return whole, meanings, fillers


def _meaning(name: str, told: Mapping[str, Any], fillers: frozenset[str]) -> _Meaning:
    phrases = "|".join(sorted(forms(told["phrases"]), key=lambda one: (-len(one), one)))
    beside = frozenset(sentence(told.get("beside", "")).split())
    return _Meaning(
        _SAYS[name],
        re.compile(rf"(?<!\S)(?:{phrases})(?!\S)"),
        beside if told.get("alone") else beside | fillers,
    )
