"""Which app is meant: by reference, by id, or by its label."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from bot.domain.inventory import AppRecord
from bot.errors import AppAmbiguous, AppUnknown

PROPOSED = 3


def find_app(name: str, records: Sequence[AppRecord]) -> AppRecord:
    """The app called `name`: `org/id`, id, exact label, or a part of exactly one label.

    Raises AppUnknown (with labels that look alike) or AppAmbiguous.
    """
    wanted = name.casefold().strip()
    exact = [
        record
        for record in records
        if wanted in (str(record.app.ref).casefold(), record.app.ref.app_id.casefold())
    ]
    labelled = [r for r in records if r.app.label.casefold() == wanted]
    partly = [r for r in records if wanted and wanted in r.app.label.casefold()]
    for found in (exact, labelled, partly):
        if len(found) == 1:
            return found[0]
        if found:
            raise AppAmbiguous(name, {str(record.app.ref): record.app.label for record in found})
    raise AppUnknown(name, _alike(wanted, records))


def _alike(wanted: str, records: Sequence[AppRecord]) -> tuple[str, ...]:
    """Labels that look like what is wanted, or have a word that does."""
    labels = {record.app.label.casefold(): record.app.label for record in records}
    by_word: dict[str, list[str]] = {}
    for label in labels:
        for word in label.split():
            by_word.setdefault(word, []).append(label)
    close = get_close_matches(wanted, labels, n=PROPOSED, cutoff=0.6)
    for word in get_close_matches(wanted, by_word, n=PROPOSED, cutoff=0.7):
        close += by_word[word]
    return tuple(labels[label] for label in dict.fromkeys(close))[:PROPOSED]
