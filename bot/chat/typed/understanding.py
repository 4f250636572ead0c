"""From what somebody typed to a command. Pure: the same words mean the same on every platform.

What changes something is only done when it is said clearly; a question about it, a doubt or a
quotation is not. What others see is said by its exact words and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches

from bot.chat.typed.clauses import about_command, read_clauses
from bot.chat.typed.commands import (
    About,
    Allow,
    Away,
    Back,
    Command,
    Deadlines,
    Deny,
    Forget,
    Help,
    ListApps,
    Mine,
    NeedsAccount,
    NeedsApp,
    NeedsCode,
    NeedsDomain,
    Notes,
    Onboard,
    Own,
    PartTime,
    PlanAhead,
    ScanAll,
    Send,
    SendAll,
    SomebodyElse,
    Thanks,
    Unclear,
    Unsure,
    Unwaive,
    Who,
    Why,
)
from bot.chat.typed.grammar.accounts import is_account, read_owner
from bot.chat.typed.grammar.coded import (
    codes,
    has_code,
    read_coded,
    read_later_everything,
    read_verb,
)
from bot.chat.typed.grammar.listed import read_list
from bot.chat.typed.grammar.phrased import read_phrased, read_plan
from bot.chat.typed.grammar.sending import EVERY_ONE, IT, read_send
from bot.chat.typed.grammar.sentences import is_common, read_inflected, read_sentence
from bot.chat.typed.normalizing.framing import Framed, framed, tidied
from bot.chat.typed.normalizing.marks import (
    AROUND,
    QUOTATION_MARKS,
    one_line,
    opened,
    quoted,
    unmarked,
)
from bot.chat.typed.normalizing.spelling import forms, sentence
from bot.chat.typed.times.absence import read_absence
from bot.chat.typed.times.snoozing import time_in
from bot.chat.typed.times.waiver_words import LIKE_WAIVE, read_waive
from bot.chat.typed.verbs import (
    ABOUT_ACCOUNTS,
    ABOUT_APPS,
    ABOUT_MESSAGES,
    LISTS,
    PUBLIC,
    VERBS,
    WITH_ACCOUNT,
    WITH_APP,
    WITH_CODE,
    WITHOUT,
)
from bot.domain.normalization import normalized
from bot.domain.summaries import Wanted

LONGEST = 500
LONGEST_TEXT = 4000

_ENDS = "?!.,:;…"
_ASKING = "?❓❔⁉🤔"
# Said by a shortcut on somebody's message: what follows is that message, not a command.
_ABOUT = re.compile(r"\s*about:", re.IGNORECASE)
# Slack's command, also where somebody types it by habit: in Teams, or in a message.
_SLASH = re.compile(r"^/?o365(\s+|$)", re.IGNORECASE)

# The same words in other forms, and as Germans say them.
_MEANT = {
    "list": "apps",
    "liste": "apps",
    "alle": "all",
    "ausnahmen": "waivers",
    "hilfe": "help",
    **dict.fromkeys(("warum", "wieso", "weshalb"), "why"),
    **dict.fromkeys(("whom", "who's", "whos", "wer", "wen", "wem"), "who"),
    **dict.fromkeys(
        ("sende", "sendest", "schickst", "schick", "schicke", "schicken", "versende"), "send"
    ),
    **dict.fromkeys(("verschick", "verschicke"), "send"),
    **dict.fromkeys(("prüf", "prüfe", "prüfen", "pruef", "pruefe", "recheck", "re-check"), "check"),
    **dict.fromkeys(("überprüf", "überprüfe", "ueberpruef", "ueberpruefe", "checke"), "check"),
    **dict.fromkeys(("refresh", "update", "aktualisiere"), "check"),
    **dict.fromkeys(("validate", "kontrollier", "kontrolliere"), "check"),
    **dict.fromkeys(("verifizier", "verifiziere"), "verify"),
    **dict.fromkeys(("scanne", "rescan", "re-scan"), "scan"),
    **dict.fromkeys(("später", "spaeter"), "later"),
    **dict.fromkeys(("erlaube", "undeny", "unblock", "entsperr", "entsperre"), "allow"),
    **dict.fromkeys(("block", "sperr", "sperre"), "deny"),
    "whose": "who",
    "beispiel": "sample",
    "muster": "sample",
    "planung": "plan",
    "vergiss": "forget",
}
# German puts it last: "kannst du Sales prüfen?"
_LAST = {
    **dict.fromkeys(("schicken", "senden", "versenden", "verschicken", "rausschicken"), "send"),
    **dict.fromkeys(("prüfen", "pruefen", "überprüfen", "ueberpruefen", "checken"), "check"),
    **dict.fromkeys(("kontrollieren", "verifizieren"), "check"),
    "scannen": "scan",
}
_OFFICE_APP = re.compile(r"(?:(?:microsoft|office) )?[om]?365 ([^\W_]+)", re.IGNORECASE)
"""An app whose name says what it is, and of which one word is left."""
_NOT_THEN = re.compile(r"(?:not|nicht|maybe|vielleicht)\s+(?!before|vor)", re.IGNORECASE)
_LIKE_COMMANDS = {"status": "apps", "overview": "apps", "migration": "apps", "übersicht": "apps"}
"""Words that are no commands, and are mistyped like those."""
_LISTING = frozenset((*_LIKE_COMMANDS, *LISTS, "notes", "mine", "deadline"))
_ABOUT_MORE = ("waive", "onboard", "plan", "away")
_ABOUT_SOMETHING = (*ABOUT_APPS, *ABOUT_ACCOUNTS, *ABOUT_MESSAGES, *_ABOUT_MORE)

_CHANGES = (Send, SendAll, Own, Deny, Allow, Unwaive, Onboard, Away, Back, PartTime, Forget)
"""What must be clearly meant; what asks first, or is said by its exact words, is not among them."""


def parse(words: str) -> Command:
    """The command in `words`; anything not understood is `Unclear`, never an error."""
    if (about := _ABOUT.match(words)) is not None:
        return About(one_line(words[about.end() :])[:LONGEST_TEXT])
    said = _SLASH.sub("", opened(one_line(words)))[:LONGEST].strip()
    if not said:
        return ListApps()
    others_said = quoted(words)
    exact = normalized(unmarked(said).rstrip(_ENDS.replace("?", "")) or said)
    if exact in PUBLIC:
        cited = others_said or any(mark in words for mark in QUOTATION_MARKS)
        return PUBLIC[exact.partition(" ")[0] if cited else exact]
    if "?" in said and not said.strip(AROUND + _ENDS):
        return WITHOUT["?"]
    bare, asks = tidied(unmarked(said))
    asks = asks or others_said or any(sign in said for sign in _ASKING)
    if asks and (exact := normalized(bare)) in PUBLIC:
        return Help(exact.partition(" ")[0])
    frame = framed(bare or said)
    command = (
        _thanked(said)
        or read_coded(frame.words, asks=asks or frame.talk)
        or read_absence(frame.words)
        or _about_named(frame.words)
        or _whole(frame.words, *frame.around, unmarked(said))
        or _command(framed(said).words, asks=asks)
        or _put_off(frame.words)
        or read_phrased(frame.words)
        or about_command(unmarked(said))
        or read_inflected(frame.words)
        or _beside_others(frame.words)
        or _unclear(said, frame)
    )
    if command == Mine("later"):
        return Mine("later", time_in(_NOT_THEN.sub("", frame.words)))
    if isinstance(command, ListApps) and asks:
        return replace(command, shared=False)
    doubtful = frame.talk or (asks and not frame.requested) or others_said
    if isinstance(command, SomebodyElse) and doubtful:
        return ListApps(wanted=Wanted(person=command.name))
    if not isinstance(command, _CHANGES):
        return command
    return Unsure(_clearly(command, bare)) if doubtful else command


def _whole(*said: str) -> Command | None:
    """A sentence that is known as it stands: what stands before it may belong to it."""
    return next((found for one in said if (found := read_sentence(one)) is not None), None)


def _thanked(said: str) -> Command | None:
    """Thanks and nothing else, before they are taken off as kindness: "ok, thanks"."""
    whole = read_sentence(unmarked(said))
    return whole if isinstance(whole, Thanks) else None


def _about_named(said: str) -> Command | None:
    """ "why Status", "check Office 365 Open": what says something elsewhere is a name there."""
    verb, rest = _divided(said)
    bare = tidied(unmarked(rest))[0]
    if verb in ("why", "who") and _verb(rest) in _LISTING:
        return WITH_APP[verb](rest)
    if verb in ("why", "who", "check") and (named := _OFFICE_APP.fullmatch(bare)) is not None:
        return None if _verb(named[1]) in ("app", "apps", "migration") else WITH_APP[verb](rest)
    return None


def _command(said: str, *, asks: bool) -> Command | None:
    """What begins (or, in German, ends) with a verb."""
    verb, rest = _divided(said)
    bare = tidied(unmarked(rest))[0]
    if verb == "verify" and bare and not has_code(bare):
        named = sentence(bare) in EVERY_ONE or not all(map(is_common, bare.split()))
        verb, rest = ("check", rest) if named else (verb, "")
    if verb in LISTS:
        return read_list(LISTS[verb], bare)
    if verb in ("waive", "nimm", *LIKE_WAIVE):
        return read_waive(verb, rest)
    if verb == "scan" or (verb == "check" and bare):
        again = _AGAIN.issuperset(sentence(bare).split())
        return ScanAll() if again else WITH_APP["check"](rest)
    if verb == "help":
        return Help(next((one for one in map(_verb, bare.split()) if one in VERBS), ""))
    if verb in WITHOUT:
        return WITHOUT[verb] if not bare or verb == "sample" else None
    if verb == "onboard":
        domain = bare.strip("<>").removeprefix("https://").rstrip(f"{_ENDS}/")
        return Onboard(domain) if "." in domain and " " not in domain else NeedsDomain()
    if verb == "later" and (later := read_later_everything(bare, asks=asks)) is not None:
        return later
    if verb in WITH_CODE:
        code, _, more = rest.partition(" ")
        if not codes(code) or (verb in _UNNAMED and is_common(code)):
            return Mine(_UNNAMED[verb]) if verb in _UNNAMED else NeedsCode(verb)
        return read_verb(verb, codes(code), tidied(more)[0], asks=asks)
    if verb == "plan":
        return read_plan(bare)
    if verb in _BY_NAME:
        return _BY_NAME[verb] if not bare else None
    if verb == "forget":
        what, _, of = bare.partition(" ")
        if not of and is_account(what.rpartition(":")[2].rstrip(_ENDS)):
            return Forget("person", what)
        return Forget(what, of) if of else None
    if verb == "send":
        return read_send(rest)
    if verb in ("why", "who") and (full := _IN_FULL.fullmatch(rest)):
        return (Why if verb == "why" else Who)(full[1], in_full=True)
    if verb in ("why", "who") and any(map(_ADDRESS.fullmatch, bare.rstrip(_ENDS).split())):
        return Notes()  # whose it is, and whether it may be asked, is what somebody said
    if verb in WITH_APP:
        return WITH_APP[verb](rest) if bare and sentence(bare) not in IT else NeedsApp(verb)
    if verb == "owner":
        return read_owner(bare)
    if verb in WITH_ACCOUNT:
        account = bare.rstrip(_ENDS)
        return WITH_ACCOUNT[verb](account) if is_account(account) else NeedsAccount(verb)
    return None


_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_AGAIN = forms(
    "now/again/all/everything/every/apps/orgs/them/of/once/more/it/jetzt/nochmal/neu/alle/alles/mal",
)
_BY_NAME: Mapping[str, Command] = {
    "mine": Mine(),
    "notes": Notes(),
    "deadline": Deadlines(),
    "back": Back(),
}
_UNNAMED = {"saved": "done", "already": "done", "me": "me", "notme": "not_me", "later": "later"}


def _put_off(bare: str) -> Command | None:
    """A time and nothing else, which whoever was asked says of what waits for them."""
    return Mine("later") if time_in(_NOT_THEN.sub("", bare)) else None


def _beside_others(said: str) -> Command | None:
    """What is asked where others are mentioned as well: "what's left? cc <@U1>"."""
    bare = tidied(_OTHERS.sub(" ", said))[0]
    if not bare or bare == said or _OTHERS.search(said) is None:
        return None
    read = read_sentence(bare) or read_inflected(bare) or _command(bare, asks=True)
    return read if isinstance(read, ListApps | Deadlines | PlanAhead | Help | Why | Who) else None


_OTHERS = re.compile(r"(?:\b(?:cc|fyi):?\s*)?<@\w+>[,:]?", re.IGNORECASE)
# "contoso/0oa1 in full": with what is folded away else.
_IN_FULL = re.compile(r"(.+?),?\s+(?:in full|ausführlich)[.!?]*", re.IGNORECASE)


def _divided(said: str) -> tuple[str, str]:
    """The verb, as `VERBS` has it where it is one, and what it is about."""
    bare = tidied(said)[0]
    first, _, rest = said.partition(" ")
    if _verb(first) not in _KNOWN and _verb(bare.partition(" ")[0]) in _KNOWN:
        first, _, rest = bare.partition(" ")
    verb = _verb(first)
    if rest and (verb not in _KNOWN or _MEANT.get(verb, verb) in LISTS):
        others, _, last = bare.rpartition(" ")
        if (meant := _LAST.get(_verb(last))) is not None:
            return meant, others.strip(AROUND)
    return _MEANT.get(verb, verb), rest.strip(AROUND)


def _verb(word: str) -> str:
    """A word as it is compared, without what stands around it."""
    return normalized(unmarked(word).strip(_ENDS)) or word


def _unclear(said: str, frame: Framed) -> Unclear:
    verb, rest = _divided(frame.words)
    known = _verb(frame.words.partition(" ")[0]) in _KNOWN
    words = (*(v for v in VERBS if v not in PUBLIC), *_LIKE_COMMANDS)
    swapped = [one for one in words if sorted(one) == sorted(verb)]
    close = get_close_matches(verb, words, n=1, cutoff=0.7) or swapped
    if verb in ("remind", "report") and sentence(rest).partition(" ")[0] not in _MYSELF:
        return Unclear(said, f"help {verb}")
    close = [one for one in close if verb != f"un{one}"]  # it is the opposite
    told = not known and not is_common(verb) and close and verb not in PUBLIC and not frame.talk
    meant = _LIKE_COMMANDS.get(close[0], close[0]) if told else ""
    return Unclear(said, _meant(meant, rest) if told else "", read_clauses(said))


_MYSELF = ("me", "us", "mich", "uns")


def _meant(verb: str, rest: str) -> str:
    """A mistyped command put right, with what it was about where it is about something."""
    return f"{verb} {rest}" if rest and verb in _ABOUT_SOMETHING else verb


def _clearly(command: Command, said: str) -> str:
    """How a command that was not clear is said clearly."""
    match command:
        case Send(app, now):
            return f"send {app.rstrip(_ENDS)}{' now' if now else ''}"
        case SendAll(now):
            return "send all now" if now else "send all"
        case Own(account, owner):
            return f"owner {account} is {owner or 'nobody'}"
        case Deny(account):
            return f"deny {account}"
        case Allow(account):
            return f"allow {account}"
        case Unwaive(app):
            return f"unwaive {app.rstrip(_ENDS)}"
        case Onboard(domain):
            return f"onboard {domain}"
        case Away(said):
            return f"away {said.rstrip(_ENDS)}".strip()
        case Back():
            return "back"
    return said.rstrip(_ENDS)


_KNOWN = frozenset((*VERBS, *WITH_CODE, *WITHOUT, *_MEANT, "nimm", "forget"))
