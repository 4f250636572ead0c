"""What is said of somebody by name: "ask Tom for Sales", "nudge Gita", "das macht jetzt Tom"."""

from __future__ import annotations

import re

from bot.chat.typed.commands import ListApps, Mine, SomebodyElse, Who
from bot.chat.typed.looks.spelling import forms, pattern, sentence
from bot.chat.typed.sentences import is_common
from bot.domain.summaries import Wanted

# Whom somebody would have asked is what they may choose there.
_ASK_FOR = re.compile(
    pattern(
        r"(?:ask|frage?) .+? (?:for|about|to do|für|wegen|nach|zu) (.+)"
        r"|.+? (?:für|wegen|nach|zu) (.+) fragen"
        r"|(?:an|mit|bei|to|with) (?:wen|wem|whom) (.+)"
    ),
    re.IGNORECASE,
)
_WORD = r"[^\W\d_](?:[\w.’'-]*\w)?"
_NAME = rf"@?(?:der |die )?([^\s,;:?!]+@[^\s,;:?!]+|{_WORD}(?: {_WORD}){{0,2}}?)"
_CHASE = re.compile(
    rf"(?:remind|ping|nudge|poke|chase|erinnere?)(?: bitte| lieber| mal)? {_NAME}", re.IGNORECASE
)
_NOW = r"(?: now| these days| from now on| nowadays| jetzt| nun| inzwischen| mittlerweile)?"
_IT = r"(?:that|this|it|those|these)"
_ES = r"(?:das|dies|die|es)"
_DOES = r"(?:macht|übernimmt|erledigt|betreut)"
_JOB = (
    rf"(?:does|is doing|handles|is handling|owns|is on) {_IT}"
    rf"|(?:takes|is taking|took) care of {_IT}|looks after {_IT}|took over|has taken over"
    rf"|(?:takes|took|has taken) (?:{_IT} over|over {_IT})"
    rf"|is (?:now )?(?:responsible|in charge)(?: (?:for|of) {_IT})?"
    r"|is the (?:right|new) (?:one|person)|knows (?:about|more about) it"
)
_SAYINGS = (
    rf"(?:ask|frage?)(?: bitte| lieber| mal| besser| doch)* {_NAME}"
    r"(?: instead| stattdessen| lieber)?",
    rf"(?:(?:talk|speak|write|turn|go) to|contact|check with) {_NAME}"
    rf"(?: instead)?(?: about {_IT})?",
    rf"you(?:'?d)? (?:should|must|need to|have to|better) (?:ask|talk to|contact) {_NAME}"
    rf"(?: instead)?(?: (?:about|for) {_IT})?",
    rf"{_NAME} (?:now )?(?:{_JOB}){_NOW}",
    rf"{_IT}(?:'?s| is)(?: now)? {_NAME}['’]?s (?:job|task|app|responsibility){_NOW}",
    r"(?:(?:da|dafür|hier)? ?(?:musst|müsstest|solltest) du |(?:da|dafür|hier)? ?(?:müssen|sollten)"
    rf" sie )?(?:da |lieber |besser )?{_NAME} fragen",
    rf"(?:wende dich|wenden sie sich) (?:bitte |lieber )?an {_NAME}",
    rf"(?:sprich|sprechen sie|rede|reden sie) (?:bitte |lieber )?mit {_NAME}",
    rf"{_ES} (?:{_DOES}|gehört){_NOW} {_NAME}|{_NAME} {_DOES}{_NOW} {_ES}{_NOW}",
    rf"{_ES} hat{_NOW} {_NAME} (?:übernommen|bekommen)",
    rf"{_NAME} hat (?:{_ES} )?{_NOW} ?(?:übernommen|bekommen)",
    rf"dafür ist{_NOW} {_NAME} (?:zuständig|verantwortlich)|zuständig ist{_NOW} {_NAME}",
    rf"{_NAME} ist{_NOW}(?: dafür)?{_NOW} (?:zuständig|verantwortlich)",
    rf"da(?:rum|für) kümmert sich{_NOW} {_NAME}|{_NAME} kümmert sich{_NOW}(?: darum| drum)",
)
_ELSE = re.compile(pattern("|".join(_SAYINGS)), re.IGNORECASE)
_THEY = forms(
    "he/she/they/er/sie/colleague/my colleague/a colleague/ein kollege/eine kollegin/kollege"
    "/kollegin/mein kollege/meine kollegin/my team/another team/the other team/ein anderes team"
    "/das andere team/mein chef/meine chefin/my boss",
)
_NOBODY = forms(
    "nobody/no one/none/anybody/anyone/everybody/everyone/somebody/someone/niemand/keiner/keine"
    "/jeder/jemand/alle/nichts/nix/sinn/spaß/mühe/arbeit/ärger/probleme/angst/me/us/mich/uns/them"
    "/ihn/him/her/himself/herself/never/nie/nochmal/later/später/i/ich/you/du/we/wir/ihr/bot/who/wer"
    "/what/was/which/if/wenn/falls/maybe/vielleicht/or/oder/and/und/said/says/sagt/sagte/but/aber"
    "/think/whether/ob/dass/that/hat/has/would/could/should/might/may/will/won/sure/kein/keinen/wohl"
    "/probably/wahrscheinlich/perhaps/nor/neither/weder/only/nur/again/wieder/all/people/leute"
)


def read_somebody(said: str) -> Who | ListApps | SomebodyElse | Mine | None:
    """What a sentence says of one person, or asks about them; None: nothing plainly.

    Nothing happens by it: whoever was asked is offered to say that it is the other's.
    """
    if (found := _ASK_FOR.fullmatch(said)) is not None:
        return Who(next(app for app in found.groups() if app))
    if (found := _CHASE.fullmatch(said)) is not None and _is_name(found[1]):
        return ListApps(wanted=Wanted(person=found[1]))
    if (found := _ELSE.fullmatch(said)) is None:
        return None
    name = next(one for one in found.groups() if one)
    if sentence(name) in _THEY:
        return Mine("not_me")
    return SomebodyElse(name) if _is_name(name) else None


def _is_name(said: str) -> bool:
    """Whether no word of it is one that says something else, or that it is not so."""
    return not any(sentence(one) in _NOBODY or is_common(one) for one in said.split())
