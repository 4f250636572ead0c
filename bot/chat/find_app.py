"""Which app is meant: by reference, by id, or by its label."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from bot.domain.inventory import AppRecord
from bot.errors import AppAmbiguous, AppUnknown


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
            raise AppAmbiguous(name, tuple(str(record.app.ref) for record in found))
    labels = {record.app.label.casefold(): record.app.label for record in records}
    close = get_close_matches(wanted, labels, n=3, cutoff=0.5)
    raise AppUnknown(name, tuple(labels[label] for label in close))
