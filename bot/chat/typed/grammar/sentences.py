"""Whole sentences that ask without a command: "what's left?", "bis wann?", "done", "danke".

A sentence means something when it has one of that meaning's phrases and, apart from these, only
words that say nothing of their own (`sentences.toml`). So the name of an app, or anything else that
is not known there, leaves it to whoever looks for names. None of these meanings changes anything.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice, product, takewhile
from typing import Any

from bot.chat.typed.commands import (
    Command,
    Deadlines,
    Examine,
    Export,
    Forget,
    Hello,
    Help,
    ListApps,
    Mine,
    NeedsApp,
    NeedsCode,
    Notes,
    PlanAhead,
    Sample,
    ScanAll,
    Thanks,
    Unsure,
)
from bot.chat.typed.normalizing.marks import AROUND
from bot.chat.typed.normalizing.spelling import forms, sentence
from bot.domain.evidence.verdict import State
from bot.domain.summaries import By, Part, Wanted

_OF_MINE = ["done", "later", "me", "not_me", "stop", "why", "account", "trouble", "yes", "no"]
"""What is said of what waits for somebody, without naming any of it."""
_SAYS: Mapping[str, Command] = {
    "apps": ListApps(),
    "consent": ListApps(wanted=Wanted(state=State.NEEDS_CONSENT)),
    "save": ListApps(wanted=Wanted(state=State.NEEDS_SAVE)),
    "finished": ListApps(wanted=Wanted(Part.ALL, state=State.MIGRATED)),
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
    "plan": PlanAhead(),
    "look": ScanAll(),
    "health": Examine(),
    "real": NeedsCode("verify"),
    "export": Export(),
    "which": NeedsApp("why"),
    "ask_all": Unsure("send all"),
    "farewell": Thanks(parting=True),
    "forget_me": Forget("person", ""),
    "help_remind": Help("remind"),
    "help_report": Help("report"),
    **{said: Mine(said) for said in _OF_MINE},
}
# How what is not typed as it is called here is typed; what somebody was asked is "mine".
_TYPED = {
    **{name: name for name in ("apps", "all", "waivers", "help", "notes", "sample", "plan")},
    "by_person": "apps by person",
    "consent": "apps consent",
    "save": "apps save",
    "finished": "apps done",
    "deadlines": "deadline",
    "look": "scan",
    "health": "doctor",
    "help_remind": "help remind",
    "help_report": "help report",
    **dict.fromkeys(
        (
            "hello",
            "thanks",
            "real",
            "export",
            "which",
            "ask_all",
            "farewell",
            "forget_me",
            "yes",
            "no",
        ),
        "",
    ),
}
_READ = tuple(
    _SAYS[name]
    for name in ("apps", "finished", "by_person", "all", "waivers", "deadlines", "plan", "notes",
                 "health", "help")
)  # fmt: skip
"""What may be offered by a word of it: nothing changes by reading."""
_SHORTEST, _LONGEST, _TRIES = 3, 20, 50
_KIND = frozenset(
    sentence("please pls bitte ok okay thanks danke hi hallo hey hello moin now jetzt").split()
)
_ENDINGS = re.compile(r"(?<=\w{4})(?:ing|ed|e[mnrs]|[ens])(?!\S)")
_AROUND = f"{AROUND}?!.,:;"
_GENITIVE = re.compile(r"['’`´]s$", re.IGNORECASE)
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
    return _first(meanings, bare, words)


def read_inflected(said: str) -> Command | None:
    """What a sentence asks by the roots of its words: "which apps still need migrating?"."""
    words = sentence(said)
    return _first(_rooted(), _roots(words)) if words else None


def names_in(said: str) -> str:
    """The words of a sentence that no sentence has: names perhaps. As they stand there."""
    words = (_GENITIVE.sub("", one.strip(_AROUND)) for one in said.split())
    return " ".join(
        one for one in words if not _roots_known().issuperset(_roots(sentence(one)).split())
    )


@cache
def _roots_known() -> frozenset[str]:
    return frozenset(_roots(" ".join(_words())).split())


def nearest(said: str) -> str:
    """What is typed for what a sentence speaks of most, whatever else it says; or ""."""
    words = _roots(sentence(said))
    found = [
        (len(told[0]), one.command)
        for one in _rooted()
        if one.command in _READ and (told := one.phrases.search(words)) is not None
    ]
    if not found:
        return ""
    command = max(found, key=lambda one: one[0])[1]
    return next(_TYPED.get(name, "") for name, one in _SAYS.items() if one == command)


def _first(meanings: Iterable[_Meaning], *many: str) -> Command | None:
    return next(
        (one.command for said in filter(None, many) for one in meanings if one.has(said)), None
    )


def closest_sentence(said: str) -> str:
    """What is typed for what a sentence asks whose unknown words have a letter amiss each; ""."""
    known = _words()
    choices = [
        (one,) if one in known or len(one) < _SHORTEST else (*_like(one, known), one)
        for one in sentence(said).split()[:_LONGEST]
    ]
    read = (read_sentence(" ".join(words)) for words in islice(product(*choices), _TRIES))
    found = next(filter(None, read), None)
    return next((_TYPED.get(name, "mine") for name, one in _SAYS.items() if one == found), "")


def is_common(word: str) -> bool:
    """Whether a word says nothing of its own: then it is no mistyped command."""
    return sentence(word) in _vocabulary()[2]


def _roots(said: str) -> str:
    """Words without what inflects them: "migrating", "migrated" and "migrate" are one."""
    while (shorter := _ENDINGS.sub("", said)) != said:
        said = shorter
    return said


def _like(word: str, known: frozenset[str]) -> list[str]:
    """Words with which this one agrees but for a letter, or two that changed places."""
    return sorted(one for one in known if abs(len(one) - len(word)) < 2 and _is_off(word, one))


def _is_off(word: str, other: str) -> bool:
    pairs = zip(word, other, strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    a, b = word[same:], other[same:]
    swapped = a[:2] == b[:2][::-1] and a[2:] == b[2:]
    return swapped or a[1:] == b or a == b[1:] or a[1:] == b[1:]


@cache
def _words() -> frozenset[str]:
    """Every word that some sentence has."""
    whole, meanings, fillers = _vocabulary()
    beside = (word for one in meanings for word in one.beside)
    told = (word for one in meanings for word in re.findall(r"\w+", one.phrases.pattern))
    return frozenset((*fillers, *beside, *told, *" ".join(whole).split()))


@cache
def _vocabulary() -> tuple[Mapping[str, Command], tuple[_Meaning, ...], frozenset[str]]:
    """What whole sentences mean, the meanings of others, and words that say nothing."""
    told = _told()
    whole = {one: _SAYS[name] for name, many in told["whole"].items() for one in forms(many)}
    return whole, _meanings(sentence), frozenset(sentence(told["fillers"]).split())


@cache
def _rooted() -> tuple[_Meaning, ...]:
    """The meanings again, by the roots of their words."""
    return _meanings(lambda words: _roots(sentence(words)))


@cache
def _told() -> Mapping[str, Any]:
    text = (files("bot.chat.typed.grammar") / "sentences.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _meanings(form: Callable[[str], str]) -> tuple[_Meaning, ...]:
    """Each, with its words in that form."""
    fillers = frozenset(form(_told()["fillers"]).split())
    found = []
    for name, told in _told()["meaning"].items():
        forms_of = {form(one) for one in told["phrases"].split("/")}
        phrases = "|".join(sorted(forms_of, key=lambda one: (-len(one), one)))
        beside = frozenset(form(told.get("beside", "")).split())
        found.append(
            _Meaning(
                _SAYS[name],
                re.compile(rf"(?<!\S)(?:{phrases})(?!\S)"),
                beside if told.get("alone") else beside | fillers,
            )
        )
    return tuple(found)
