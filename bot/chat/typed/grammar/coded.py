"""What is said of one message, by its code: "saved ABC-DEF", "ABC-DEF bin ich nicht"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from bot.chat.typed.commands import (
    EVERYTHING,
    Already,
    Command,
    ItIsMe,
    Later,
    Mine,
    NeedsCode,
    NotMe,
    Saved,
    Saw,
    Unsure,
    Verify,
)
from bot.chat.typed.grammar.sentences import read_sentence
from bot.chat.typed.normalizing.marks import unmarked
from bot.chat.typed.normalizing.spelling import forms, sentence
from bot.chat.typed.times.snoozing import time_in
from bot.domain.evidence.observations import told_by
from bot.domain.normalization import normalized

_ENDS = "?!.,:;…"
# The letters of codes: without those that are taken for another one.
_CODE = re.compile(r"(?<![\w-])[a-hjkmnp-tv-z2-9]{3}-[a-hjkmnp-tv-z2-9]{3}(?![\w-])")
# A code, or what somebody takes for one: a letter amiss, its dash left out, somebody else's,
# or the very word, as help has it.
_LIKE_CODE = re.compile(
    r".*(?<![\w-])[^\W_]{2,4}-[^\W_]{2,4}(?![\w-]).*|(?=[a-z]*\d)[^\W_]+|[a-hjkmnp-tv-z]{6}|code"
)
# "2026-12-04 09:30 waiting for the auditor", as our own buttons say it
_WHEN = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d?:\d\d)(?:\s+(.*))?", re.DOTALL)
_NAME = re.compile(r"\S+@\S+|[^\W\d]\S*(?: [^\W\d]\S*){0,2}")
# "notme ABC-DEF maybe Tom", as our own buttons say it: who it is stands in the form to be sent.
_PERHAPS = re.compile(r"(?:maybe|perhaps|vielleicht)\s+", re.IGNORECASE)
_NO_NAMES = forms(
    "are/is/was/it/its/me/not/sure/you/yes/no/maybe/if/i/that/this/the/why/who/really/bist/bin/ist",
    "ja/nein/nicht/sicher/ich/doch/vielleicht/wirklich/das/der/die/oder/or/but/aber",
)

# Without the words that say nothing here.
_BESIDE = frozenset(
    sentence(
        "app bitte code danke der die eben for from für gerade is ist jetzt just kommt message"
        " nachricht now please pls really thanks the von wirklich with"
    ).split()
)
_VERIFY = forms(
    "verify/check/prüfe/prüf/what/was/phishing/spam/real/it real/this real/genuine/legit/ok/safe",
    "you/this you/echt/das dir/dir/sicher/stimmt/trust/can i trust/trauen/kann ich trauen",
)
_ME = forms(
    "me/its me/it me/thats me/ill do/i will do/i do/ill take/i will take/i take/mine/on it",
    "i take care of/ich mache/mache ich/mach ich/ich bins/ich bin es/das bin ich/ich übernehme",
    "übernehme ich/bin dran",
)
_SAVED = forms(
    "saved/i saved/i have saved/ive saved/done/i did/finished/i have done/ive done/im done",
    "fertig/gespeichert/erledigt/habe gespeichert/hab gespeichert/habe ich gespeichert",
    "hab ich gespeichert/ich habe gespeichert/habe ich erledigt/hab ich erledigt",
    "ich habe erledigt/habe erledigt",
)
_ALREADY = forms(
    "already/was already done/already done/was done before/war schon/war schon erledigt",
    "schon fertig/schon erledigt/war schon fertig/war schon gespeichert/schon gespeichert",
)
_NOT_ME = forms(
    "notme/not me/its not me/it not me/thats not me/that not me/isnt me/not mine/isnt mine/not my",
    "im not right person/im not responsible/not responsible/wrong person/falsche person",
    "ich bins nicht/ich bin es nicht/bin ich nicht/das bin ich nicht/nicht ich/ich nicht",
    "nicht meins/nicht meine/bin ich nicht zuständig/ich bin nicht zuständig/nicht zuständig",
)
_LATER = forms("later/not/nicht/später/not today/heute nicht")  # "not now": "now" is beside it
_ASKS = re.compile(r"(?:is|ist|are|am|was|did|does|has|hat|hast|have (?:i|we)|bin ich)\s")
# "all-20261204T093000000000 2026-12-07T14:00", as our own buttons say it; "alle Apps Montag"
_EVERYTHING = re.compile(
    r"(?:all|everything|alle|alles)(?:-(?P<shown>\d{8}T\d{12}))?"
    r"(?:\s+(?:of (?:it|them)|(?:(?:my|the|meine|die)\s+)?apps|davon))?(?:[\s,:]+(?P<more>.*))?",
    re.IGNORECASE,
)
_SHOWN = "%Y%m%dT%H%M%S%f"
_LATER_TOO = re.compile(r"(later|sp(?:ä|ae)ter)[\s,:]+", re.IGNORECASE)


def read_coded(said: str, *, asks: bool) -> Command | None:
    """What was said around a code; None where there is none, or it is a command's own form.

    `asks`: it is a question.
    """
    found = list(_CODE.finditer(normalized(said)))
    if len(found) != 1:
        return None
    code = found[0][0].upper()
    bare = normalized(said)
    asks = asks or _ASKS.match(bare) is not None
    rest = f"{bare[: found[0].start()]} {bare[found[0].end() :]}"
    words = sentence(rest).split()
    around = " ".join(one for one in words if one not in _BESIDE)
    if around in _VERIFY or not around:
        return Verify(code)
    if around in _LATER:
        return Later(code)
    for verb, sentences in (("me", _ME), ("saved", _SAVED), ("already", _ALREADY)):
        if around in sentences:
            return read_verb(verb, code, "", asks=asks)
    if around in _NOT_ME:
        return NotMe(code)
    after = rest.strip()
    if bare.startswith(found[0][0]) and (later := _LATER_TOO.match(after)) is not None:
        return read_verb("later", code, after[later.end() :], asks=asks)
    rest = " ".join(rest.split())
    if when := time_in(rest):
        return read_verb("later", code, when, asks=asks)
    return _spoken_of(code, read_sentence(rest))


def _spoken_of(code: str, said: Command | None) -> Command | None:
    """What a longer sentence with a code asks; what it would change is said by the shorter form."""
    match said:
        case Mine("later"):
            return Later(code)
        case Mine("not_me"):
            return NotMe(code)
        case Mine("done"):
            return Unsure(f"saved {code}")
        case Mine("me"):
            return Unsure(f"me {code}")
        case NeedsCode("verify"):
            return Verify(code)
        case Mine():
            return said
    return None


def has_code(said: str) -> bool:
    """Whether a code stands there, or what looks like one."""
    return _LIKE_CODE.fullmatch(normalized(said)) is not None


def codes(word: str) -> str:
    """One code, or several with commas, as they are shown."""
    parts = (normalized(unmarked(one)).rstrip(_ENDS).upper() for one in word.split(","))
    return ",".join(filter(None, parts))


def everything(shown: datetime) -> str:
    """All that waits at `shown` (UTC), as a word: as short for a hundred apps as for two."""
    return f"{EVERYTHING}-{shown.astimezone(UTC):{_SHOWN}}"


def read_later_everything(said: str, *, asks: bool) -> Later | None:
    """What stands behind "later" where it is about all that waits; None where it is not."""
    found = _EVERYTHING.fullmatch(unmarked(said).rstrip(_ENDS))
    if found is None:
        return None
    try:
        shown = found["shown"] and datetime.strptime(found["shown"], _SHOWN).replace(tzinfo=UTC)
    except ValueError:
        return None
    later = Later(EVERYTHING) if asks else _later(EVERYTHING, found["more"] or "")
    return replace(later, shown=shown or None)


def read_verb(verb: str, code: str, more: str, *, asks: bool) -> Command:
    """A command about a message as `verb CODE more`. What is no clear word of it does nothing."""
    tail = normalized(unmarked(more)).rstrip(_ENDS)
    match verb:
        case "verify":
            return Verify(code)
        case "me" | "saved" | "already":
            if asks or tail not in _NO_MORE:
                return Unsure(f"{verb} {code}")
            return _OF_ONE[verb](code)
        case "saw":
            observation, _, answer = tail.partition(" ")
            return Saw(code, next(iter(told_by({observation: answer})), None))
        case "notme":
            return _not_me(code, more, asks=asks)
    return Later(code) if asks else _later(code, more)


_OF_ONE: Mapping[str, type[ItIsMe | Saved | Already]] = {
    "me": ItIsMe,
    "saved": Saved,
    "already": Already,
}
_NO_MORE = ("", "please", "bitte", "thanks", "danke", "now", "jetzt")


def _not_me(code: str, more: str, *, asks: bool) -> Command:
    first, _, behind = more.partition(" ")
    if normalized(first).rstrip(_ENDS) == "sure":
        return NotMe(code, behind.strip(), sure=not (asks or _is_no_name(behind)))
    named = more.strip(" .!,?")
    perhaps = _PERHAPS.match(named)
    named = named[perhaps.end() :] if perhaps else named
    is_name = bool(_NAME.fullmatch(named)) and not _is_no_name(named)
    return NotMe(code, named if is_name else "", sure=is_name and not asks and not perhaps)


def _is_no_name(said: str) -> bool:
    """Whether it has a word that doubts, asks or takes back."""
    return not _NO_NAMES.isdisjoint(sentence(said).split())


def _later(code: str, more: str) -> Later:
    found = _WHEN.fullmatch(more)
    if found is None:
        return Later(code, reason=more)
    day, clock, reason = found.groups()
    try:
        at = datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M")
    except ValueError:
        return Later(code, reason=more)
    return Later(code, at, reason or "")
