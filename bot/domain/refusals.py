"""What a chat platform's refusal is about, and what follows from that: one table for all platforms.

Each platform's adapter has a table of its own codes that says which `Scope` a code has. What a
scope then does to a delivery stands here and nowhere else. A code that nobody knows is `UNTOLD`:
it blames neither a person nor the installation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a refusal is about."""

    PASSING = "passing"  # nothing in particular: it passes by itself
    MESSAGE = "message"  # this very message: any other would be taken
    GONE = "gone"  # the message that was to be changed: it is there no more
    PERSON = "person"  # this person cannot be written to
    CHANNEL = "channel"  # this channel cannot be written to
    ADDRESS = "address"  # the conversation lives at another address of the platform
    CALL = "call"  # the leave for this one kind of call is missing: the others go through
    INSTALLATION = "installation"  # the app as a whole: nothing gets through
    UNTOLD = "untold"  # the platform does not say, or in a word that nobody knows


@dataclass(frozen=True, slots=True)
class Refusal:
    """One line of a platform's table of codes. `hint`: what an operator can do about it."""

    scope: Scope
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What becomes of a delivery that was refused, and of what it was for.

    `tries`: after so many attempts it fails (None: it is tried until it gets through). `mended`: it
    waits until somebody mends that, and they are told; where there is nothing to wait for it fails.
    `holds`: the whole platform is left alone meanwhile. `loses_person`: the person cannot be
    written to, so their requests go to somebody else. `closes_channel`: an incident of that
    channel, until a message gets through.
    """

    tries: int | None = 1
    mended: bool = False
    holds: bool = False
    loses_person: bool = False
    closes_channel: bool = False


MOST_UNTOLD = 8
"""Attempts, over some fifteen minutes, after which a refusal that says nothing counts as final."""

CONSEQUENCES: Mapping[Scope, Consequence] = {
    Scope.PASSING: Consequence(tries=None),
    Scope.MESSAGE: Consequence(),
    Scope.GONE: Consequence(),
    Scope.PERSON: Consequence(loses_person=True),
    Scope.CHANNEL: Consequence(closes_channel=True),
    Scope.CALL: Consequence(tries=None, mended=True),
    Scope.INSTALLATION: Consequence(tries=None, mended=True, holds=True, loses_person=True),
    Scope.UNTOLD: Consequence(tries=MOST_UNTOLD, closes_channel=True),
}
"""By scope; a test holds it complete. The adapter follows an ADDRESS, or calls it UNTOLD."""
