"""Which app is meant: by reference, by id, by its label, or by a sentence that has its name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import lru_cache

from bot.chat.typed.normalizing.framing import tidied
from bot.chat.typed.normalizing.marks import AROUND, unmarked
from bot.chat.typed.normalizing.spelling import spelt
from bot.domain.inventory.apps import AppRef, AppStatus
from bot.domain.inventory.records import AppRecord
from bot.domain.normalization import normalized
from bot.errors import AppAmbiguous, AppUnknown
from bot.ports.store.ledger import Ledger

PROPOSED = 3
_DASHES = re.compile(r"\s*-\s*")
_BRACKETS = re.compile(r"[()\[\]{}<>\"“”„«»]")
# One product, written in many ways.
_PRODUCT = re.compile(r"(?<!\w)(?:(?:microsoft|ms) ?)?(?:office ?|[om])?365(?!\w)")
_SEVERAL = re.compile(r"\s*[,;&+?]\s*|\s+(?:and|und|or|oder|as well as|sowie)\s+", re.IGNORECASE)
_IN_ADDRESSES = re.compile(r"[\s/#?&=]+")
_AND = re.compile(r"\s*&\s*|\s+(?:and|und|\+)\s+")

Named = tuple[AppRef, str]
"""An app and its label."""

_ENDS = "?!.,:; " + AROUND
_AGAIN = re.compile(
    r"[,.!? ]+(?:now|jetzt|again|nochmal|noch mal|asap|today|heute)$", re.IGNORECASE
)
_APP = re.compile(r"^(?:(?:the|die|der|das) )?app |^(?:the|die|das) (?=.* app$)| app$")
# What stands around a name in a sentence, as `normalized` has it.
_ENGLISH = (
    "a about admin again an and any anything app approval approve apps are ask asked be been can "
    "consent consented could did do does doing done everything finish fix for from get getting "
    "gets give go going handle has have how i in is isn't it its know known link look looking may "
    "me migrate migrated migration missing must need needed needs news not now of on open or our "
    "owner owns please responsible right see send should show so state status still take talk tell "
    "that the their them there they this to today up update us was we what what's when which who "
    "whom who's why will with would wrong yet you your hi hey hello ok okay please pls thanks bot"
)
_GERMAN = (
    "aber am an auf bei bitte braucht da das dem den der des dich die dir doch dran du dürfen ein "
    "eine einen er erledigt es fehlt fertig fragen für gefragt gibt hast hat haben ich im in ist "
    "jetzt kann kannst können kümmert link los machen macht mal man mich migriert mir mit muss "
    "müssen nicht noch nochmal nun offen schaut schon sein sich sie sind soll sollte stand status "
    "steht um umgestellt und uns verantwortlich von warum was weißt wegen wem wen wer werden wie "
    "wir wird wo wurde würdest würde zeig zu zum zur zustimmen zuständig hallo moin danke hab"
)
_FILLERS = frozenset(map(spelt, f"{_ENGLISH} {_GERMAN}".split()))


async def named_app(
    ledger: Ledger, name: str, *, by_a_word: bool = False
) -> tuple[AppRecord, bool]:
    """The record of the app that is meant, and whether `name` surely names it.

    `by_a_word`: an app is surely meant, so one word of its name will do. What is gone from Okta is
    meant where nothing else is called so. Raises as `find_app`; the choices by urgency.
    """
    names = await ledger.names()
    named = False
    try:
        try:
            ref, named = find_app(name, names), True
        except AppUnknown:
            ref = _within(name, names, by_a_word=by_a_word)
    except AppAmbiguous as error:
        found = await ledger.summaries_of(map(AppRef.parse, error.choices))
        left = [app for app in found if app.app.status is not AppStatus.DELETED] or found
        if len(left) != 1:
            raise AppAmbiguous(name, {str(app.ref): app.app.label for app in left}) from None
        ref, named = left[0].ref, True
    exactly = named and _surely(name, next(one for one in names if one[0] == ref))
    record = await ledger.app(ref)
    if record is None:
        raise AppUnknown(name)
    return record, exactly


def _surely(name: str, one: Named) -> bool:
    """Whether that is the app's name, or whole words of it: "me" is no word for "Home"."""
    said, label = _joined(spelt(_without_more(normalized(name)))), _loosely(one)
    if said == label or normalized(name) in (*_ids(one), normalized(one[1])):
        return True
    return said in _ids(one) or (_holds(label, said) and not _FILLERS.issuperset(said.split()))


def find_app(name: str, names: Sequence[Named]) -> AppRef:
    """The app called `name`: `org/id`, id, exact label, or a part of exactly one label.

    What is written as it is shown counts before what only looks like it, without marks and thanks.
    Raises AppUnknown (with labels that look alike) or AppAmbiguous.
    """
    wanted = normalized(name)
    bare = _without_more(wanted)
    loosely = _joined(spelt(bare))
    steps: tuple[Callable[[Named], bool], ...] = (
        lambda one: wanted in _ids(one),
        lambda one: wanted == normalized(one[1]),
        lambda one: bare in _ids(one),
        lambda one: bare == _label(one),
        lambda one: loosely == _loosely(one),
        lambda one: wanted != "" and wanted in normalized(one[1]),
        lambda one: bare != "" and bare in _label(one),
        lambda one: loosely != "" and loosely in _loosely(one),
        lambda one: bare != "" and _accentless(bare) in _plainly(one),
    )
    for fits in steps:
        if (found := _only(name, [one for one in names if fits(one)])) is not None:
            return found
    _only(name, _several(name, names))
    raise AppUnknown(name, _alike(bare, names))


def _several(name: str, names: Sequence[Named]) -> list[Named]:
    """The apps of "HQ and Labs", where each part names one."""
    parts = [one for one in _SEVERAL.split(name) if one.strip(_ENDS)]
    try:
        found = {find_app(one, names) for one in parts} if len(parts) > 1 else ()
    except (AppUnknown, AppAmbiguous):
        return []
    return [one for one in names if one[0] in found] if len(found) > 1 else []


def _within(words: str, names: Sequence[Named], *, by_a_word: bool) -> AppRef:
    try:
        return app_within(words, names)
    except AppUnknown:
        found = _only(words, apps_in(words, names)) if by_a_word else None
        if found is None:
            raise
        return found


def app_within(words: str, names: Sequence[Named]) -> AppRef:
    """The app whose name stands in a sentence; its words may stand for a part of one label.

    Raises as `find_app`.
    """
    bare = _without_more(normalized(words))
    parts = {part.strip(_ENDS) for part in (*bare.split(), *_IN_ADDRESSES.split(bare))}
    for said, form in ((_joined(spelt(bare)), _loosely), (_accentless(bare), _plainly)):
        tokens = [token.strip(_ENDS) for token in said.split()]
        rest = " ".join(one for one in tokens if one == "and" or (one and one not in _FILLERS))
        rest = rest.removeprefix("and ").removesuffix(" and")
        for found in (
            [one for one in names if not parts.isdisjoint(_ids(one))],
            _whole(said, names, form),
            [one for one in names if rest and _holds(form(one), rest)],
            [one for one in names if len(rest) > 1 and rest in form(one)],
        ):
            if (ref := _only(words, found)) is not None:
                return ref
    raise AppUnknown(_trimmed(words), _alike(rest, names))


def _trimmed(words: str) -> str:
    """What may be a name in a sentence: without words around it that say nothing; "" if none."""
    left = words.split()
    for at in (0, -1):
        while left and spelt(normalized(left[at].strip(_ENDS))) in _FILLERS:
            left.pop(at)
    return " ".join(left).strip(_ENDS)


def apps_in(text: str, names: Sequence[Named]) -> tuple[Named, ...]:
    """The apps that a text of somebody's speaks of: by id, by their whole name, or by a word that
    few other apps have in theirs.
    """
    said = _joined(spelt(normalized(text)))
    tokens = {token.strip(_ENDS) for token in said.split()}
    by_id = [one for one in names if not tokens.isdisjoint(_ids(one))]
    if found := (*by_id, *(one for one in _whole(said, names, _loosely) if one not in by_id)):
        return found
    of_word: dict[str, list[Named]] = {}
    for one in names:
        for word in {token.strip(_ENDS) for token in _loosely(one).split()}:
            of_word.setdefault(word, []).append(one)
    some = (
        one
        for word, having in of_word.items()
        if len(word) > 1 and word in tokens - _FILLERS and len(having) <= PROPOSED
        for one in having
    )
    return tuple(dict.fromkeys(some))


def _only(name: str, found: Sequence[Named]) -> AppRef | None:
    if len(found) > 1:
        raise AppAmbiguous(name, {str(ref): label for ref, label in found})
    return found[0][0] if found else None


def _whole(said: str, names: Sequence[Named], form: Callable[[Named], str]) -> list[Named]:
    """Those whose whole label stands there, as words; not one that is part of a longer one."""
    found = {one: label for one in names if (label := form(one)) and _holds(said, label)}
    return [
        one
        for one, label in found.items()
        if not any(_holds(other, label) for other in found.values() if other != label)
    ]


def _holds(text: str, part: str) -> bool:
    """Whether `part` stands in `text` as whole words."""
    return part in text and bool(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text))


def _ids(one: Named) -> tuple[str, str]:
    return normalized(str(one[0])), normalized(one[0].app_id)


def _label(one: Named) -> str:
    return _bare(normalized(one[1]))


def _loosely(one: Named) -> str:
    """A label in one spelling of umlauts, dashes and spaces."""
    return _joined(spelt(_label(one)))


def _plainly(one: Named) -> str:
    """A label as it is typed where the keyboard has no accents: "Muller Bau", "Cafe"."""
    return _accentless(_label(one))


def _accentless(said: str) -> str:
    letters = unicodedata.normalize("NFKD", said.replace("ß", "ss"))
    return _joined("".join(one for one in letters if not unicodedata.combining(one)))


def _joined(said: str) -> str:
    """Without what is left out when a name is typed: dashes, brackets, whichever "and"."""
    bare = _AND.sub(" and ", _DASHES.sub(" ", said))
    bare = _PRODUCT.sub("365", bare)
    return " ".join(_BRACKETS.sub(" ", bare).split())


@lru_cache(maxsize=20_000)
def _bare(said: str) -> str:
    """A name without marks and what ends a sentence."""
    return unmarked(said).strip(_ENDS)


def _without_more(said: str) -> str:
    """The name in "the labs app, please!"."""
    bare = tidied(_bare(said))[0]
    return _APP.sub("", tidied(_AGAIN.sub("", bare))[0]).strip(_ENDS)


def _alike(wanted: str, names: Sequence[Named]) -> tuple[str, ...]:
    """Labels that look like what is wanted, or have a word that does."""
    wanted = _joined(spelt(wanted))
    labels = {_loosely(one): one[1] for one in names}
    by_word: dict[str, list[str]] = {}
    for label in labels:
        for word in label.split():
            by_word.setdefault(word, []).append(label)
    close = get_close_matches(wanted, labels, n=PROPOSED, cutoff=0.6)
    for word in get_close_matches(wanted, by_word, n=PROPOSED, cutoff=0.7):
        close += by_word[word]
    return tuple(labels[label] for label in dict.fromkeys(close))[:PROPOSED]
