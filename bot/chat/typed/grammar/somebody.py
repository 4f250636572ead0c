"""What is said of somebody by name: "ask Tom for Sales", "nudge Gita", "das macht jetzt Tom"."""

from __future__ import annotations

import re

from bot.chat.typed.commands import ListApps, Mine, SomebodyElse, Who
from bot.chat.typed.grammar.sentences import is_common
from bot.chat.typed.normalizing.spelling import forms, pattern, sentence
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
_ADDRESS = r"[^\s,;:?!]+@[^\s,;:?!]+"
_MENTION = r"<@\w+>"  # Slack's, which has no name in it
# "my colleague Tom": what he is to them is no part of his name.
_RELATION = (
    r"(?:(?:my|our|mein\w{0,2}|unser\w{0,2}) (?:new |neue[rn]? )?(?:colleague|co-?worker|boss"
    r"|manager|lead|kolleg\w+|chef\w*|admin\w*) )?"
)
_NAME = (
    rf"@?{_RELATION}(?:der |die |den |dem )?@?({_ADDRESS}|{_MENTION}|{_WORD}(?: {_WORD}){{0,2}}?)"
)
_CHASE = re.compile(
    rf"(?:remind|ping|nudge|poke|chase|erinnere?)(?: bitte| lieber| mal)? {_NAME}", re.IGNORECASE
)
_NOW = (
    r"(?: now| these days| from now on| nowadays"
    r"| ab jetzt| ab sofort| künftig| jetzt| nun| inzwischen| mittlerweile)?"
)
_IT = r"(?:that|this|it|those|these)"
_ES = r"(?:das|dies|die|es)"
_DOES = r"(?:macht|übernimmt|erledigt|betreut)"
_DEPUTY = (
    r"(?:deputy|backup|stand-?in|substitute|replacement|successor"
    r"|vertretung|vertreter(?:in)?|stellvertreter(?:in)?|nachfolger(?:in)?)"
)
_TAKES = (
    rf"(?:do|does|doing|handle|handles|handling|take|takes|taking|own|owns|has|have|got)"
    rf"(?: {_IT})?(?: over| on)?"
)
_GIVE = (
    r"(?:give|hand|pass|forward|reassign|assign|delegate|transfer|escalate|route|send)"
    rf"(?: {_IT})?(?: over| on)?"
)
_GIB = (
    r"(?:(?:gib|geben sie|leite|leiten sie|reich|reiche|reichen sie|schick|schicke|übergib)"
    rf" )?(?:{_ES} )?(?:bitte |lieber |mal )*"
)
_JOB = (
    rf"(?:does|is doing|handles|is handling|owns|is on) {_IT}"
    rf"|(?:takes|is taking|took) care of {_IT}|looks after {_IT}|took over|has taken over"
    rf"|(?:takes|took|has taken) (?:{_IT} over|over {_IT})"
    rf"|is (?:now )?(?:responsible|in charge)(?: (?:for|of) {_IT})?"
    r"|is the (?:right|new) (?:one|person|admin|owner|contact|global admin(?:istrator)?)"
    r"|knows (?:about|more about) it"
    rf"|(?:will|'ll|can|should|could|is going to|is gonna|wants to) {_TAKES}"
    rf"|has (?:got )?{_IT}"
)
_SAYINGS = (
    rf"(?:better |just |lieber |besser |dann )?(?:ask|frage?)(?: bitte| lieber| mal| besser| doch)*"
    rf" {_NAME}"
    r"(?: instead| stattdessen| lieber)?",
    rf"(?:(?:talk|speak|write|turn|go) to|contact|check with) {_NAME}"
    rf"(?: instead)?(?: about {_IT})?",
    rf"you(?:'?d)? (?:should|must|need to|have to|better) (?:ask|talk to|contact) {_NAME}"
    rf"(?: instead)?(?: (?:about|for) {_IT})?",
    rf"{_NAME} (?:now )?(?:{_JOB}){_NOW}",
    rf"{_IT}(?:'?s| is)(?: now)? {_NAME}['’]?s (?:job|task|app|responsibility){_NOW}",
    rf"{_NAME} (?:vertritt mich|covers? for me|is covering for me)",
    rf"{_NAME} (?:is|ist) (?:my|meine?) {_DEPUTY}",
    rf"(?:my|meine?) {_DEPUTY} (?:is|ist) {_NAME}",
    rf"(?:it(?:'?s| is) )?{_NAME},? (?:instead of me|statt mir|an meiner stelle|not me|nicht ich)",
    rf"(?:not me|nicht ich),?(?: but| sondern| it'?s)? {_NAME}|@{_NAME}",
    r"(?:(?:da|dafür|hier)? ?(?:musst|müsstest|solltest) du |(?:da|dafür|hier)? ?(?:müssen|sollten)"
    rf" sie )?(?:da |lieber |besser )?{_NAME} fragen",
    rf"(?:wende dich|wenden sie sich) (?:bitte |lieber )?an {_NAME}",
    rf"(?:sprich|sprechen sie|rede|reden sie) (?:bitte |lieber )?mit {_NAME}",
    rf"{_ES} (?:{_DOES}|gehört){_NOW} {_NAME}{_NOW}|{_NAME} {_DOES}{_NOW} {_ES}{_NOW}",
    rf"{_NAME} übernimmt{_NOW}|{_NAME} ist{_NOW} dran|{_NAME} hat {_ES} (?:jetzt|nun|inzwischen)",
    rf"{_NAME} (?:wird|kann|soll|sollte|muss|könnte) {_ES} (?:machen|übernehmen|erledigen)",
    rf"{_NAME} ist{_NOW} (?:der|die) (?:neue|richtige)(?: admin\w*| person| ansprechpartner\w*)?",
    rf"{_GIVE} to {_NAME}{_NOW}",
    rf"{_GIB}an {_NAME}(?: weiter(?:leiten|geben|reichen)?| ab(?:geben)?| geben)?",
    rf"{_IT}(?:'?s| is)(?: now)? {_NAME}['’]s{_NOW}",
    rf"(?:{_IT}(?:'?s| is| would be)|{_ES} ist|try|versuch)(?: now| jetzt)? ({_ADDRESS}){_NOW}",
    rf"(?:can|could|may|should|will|won'?t|kann|könnte|darf|soll|sollte) {_NAME} (?:{_TAKES}|{_ES}"
    r"(?: bitte| auch| nicht| stattdessen)* (?:machen|übernehmen|erledigen))(?: instead)?",
    rf"{_ES} hat{_NOW} {_NAME} (?:übernommen|bekommen)",
    rf"{_NAME} hat (?:{_ES} )?{_NOW} ?(?:übernommen|bekommen)",
    rf"dafür ist{_NOW} {_NAME} (?:zuständig|verantwortlich)|zuständig ist{_NOW} {_NAME}",
    rf"{_NAME} ist{_NOW}(?: dafür)?{_NOW} (?:zuständig|verantwortlich)",
    rf"da(?:rum|für) kümmert sich{_NOW} {_NAME}|{_NAME} kümmert sich{_NOW}(?: darum| drum)",
)
# Of somebody else's absence only they can tell; what waits for them is what can be done about it.
_IS_AWAY = re.compile(
    pattern(
        rf"{_NAME}(?:'s| is| ist)(?: \S+)*? (?:away|out|ooo|sick|ill|gone"
        r"|on (?:vacation|holidays?|leave|pto)|weg|krank|abwesend|raus|verreist"
        r"|im urlaub|nicht da|in elternzeit)(?: .*)?"
    ),
    re.IGNORECASE,
)
_I_THINK = r"(?:(?:i (?:think|believe|guess)|(?:ich )?(?:glaube?|denke?|meine)|afaik|sorry),? )?"
_ELSE = re.compile(pattern(rf"{_I_THINK}(?:{'|'.join(_SAYINGS)})"), re.IGNORECASE)
_THEY = forms(
    "he/she/they/er/sie/colleague/my colleague/a colleague/ein kollege/eine kollegin/kollege"
    "/kollegin/mein kollege/meine kollegin/my team/another team/the other team/ein anderes team"
    "/it/it team/the it team/the it/helpdesk/the helpdesk/service desk/the service desk/support"
    "/it support/unser dienstleister/dienstleister/our provider/kollegen/unsere it/it abteilung"
    "/the it department"
    "/das andere team/mein chef/meine chefin/my boss",
)
_NOBODY = forms(
    "yes/yeah/ja/ok/okay/no/nein/channel/here/kanal/"
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
    if (found := _IS_AWAY.fullmatch(said)) is not None and _is_name(found[1]):
        return ListApps(wanted=Wanted(person=found[1]))
    if (found := _ELSE.fullmatch(said)) is None:
        return None
    name = next(one for one in found.groups() if one)
    if sentence(name) in _THEY or name.startswith("<"):
        return Mine("not_me")
    return SomebodyElse(name) if _is_name(name) else None


def _is_name(said: str) -> bool:
    """Whether no word of it is one that says something else, or that it is not so."""
    if said.startswith("<"):
        return False
    return not any(sentence(one) in _NOBODY or is_common(one) for one in said.split())
