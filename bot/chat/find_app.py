"""Which app is meant: by reference, by id, or by its label."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from bot.domain.apps import AppRef
from bot.domain.inventory import AppRecord
from bot.errors import AppAmbiguous, AppUnknown
from bot.ports.ledger import Ledger

PROPOSED = 3

Named = tuple[AppRef, str]
"""An app and its label."""


async def named_app(ledger: Ledger, name: str) -> AppRecord:
    """The record of the app that is meant. Raises as `find_app`; the choices by urgency."""
    try:
        ref = find_app(name, await ledger.names())
    except AppAmbiguous as error:
        found = await ledger.summaries_of(map(AppRef.parse, error.choices))
        raise AppAmbiguous(name, {str(app.ref): app.app.label for app in found}) from None
    record = await ledger.app(ref)
    if record is None:
        raise AppUnknown(name)
    return record


def find_app(name: str, names: Sequence[Named]) -> AppRef:
    """The app called `name`: `org/id`, id, exact label, or a part of exactly one label.

    Raises AppUnknown (with labels that look alike) or AppAmbiguous.
    """
    wanted = name.casefold().strip()
    exact = [n for n in names if wanted in (str(n[0]).casefold(), n[0].app_id.casefold())]
    labelled = [n for n in names if n[1].casefold() == wanted]
    partly = [n for n in names if wanted and wanted in n[1].casefold()]
    for found in (exact, labelled, partly):
        if len(found) == 1:
            return found[0][0]
        if found:
            raise AppAmbiguous(name, {str(ref): label for ref, label in found})
    raise AppUnknown(name, _alike(wanted, [label for _, label in names]))


def _alike(wanted: str, known: Sequence[str]) -> tuple[str, ...]:
    """Labels that look like what is wanted, or have a word that does."""
    labels = {label.casefold(): label for label in known}
    by_word: dict[str, list[str]] = {}
    for label in labels:
        for word in label.split():
            by_word.setdefault(word, []).append(label)
    close = get_close_matches(wanted, labels, n=PROPOSED, cutoff=0.6)
    for word in get_close_matches(wanted, by_word, n=PROPOSED, cutoff=0.7):
        close += by_word[word]
    return tuple(labels[label] for label in dict.fromkeys(close))[:PROPOSED]
