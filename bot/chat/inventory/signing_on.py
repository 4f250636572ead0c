"""What `why APP` says about sign-on, which is separate from provisioning."""

from __future__ import annotations

from bot.chat.words import Words
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.sign_on import sign_on
from bot.message import Note


def note(words: Words, record: AppRecord) -> Note:
    """How people sign on through the app, and whether that may need a move of its own."""
    known = sign_on(record.app, record.evidence)
    says = [words(f"federation.{known.how.value}")]
    if known.federated is not None:
        at_microsoft = "federated" if known.federated else "managed"
        says.append(words(f"federation.{at_microsoft}", domain=record.app.domain))
    return Note(" ".join(says))
