"""What is said of admin accounts: "owner X is Y", "never ask X", "X gehört niemandem"."""

from __future__ import annotations

import re

from bot.chat.typed.commands import (
    Allow,
    Deny,
    NeedsAccount,
    Own,
)
from bot.chat.typed.normalizing.spelling import pattern
from bot.domain.normalization import exact, normalized

_SOME = r"[^\s,;?!]+@[^\s,;?!]+?|[0-9a-f-]{36}"
_ADDRESS = rf"(?P<account>{_SOME})"
_ACCOUNT = re.compile(r"[^\s@]+@[^\s@]+|[\w-]*\d[\w-]*")
_OWNED = re.compile(
    r"(?P<account>\S+) (?:is|ist|gehört|gehoert|belongs to) "
    r"(?P<owner>nobody|niemand(?:em)?|[^\s,;?!]+@[^\s,;?!]+?)",
    re.IGNORECASE,
)
_BELONGS = re.compile(
    pattern(
        rf"{_ADDRESS} (?:(?:belongs to|gehört) (?P<owner>nobody|niemandem|[^\s,;?!]+@[^\s,;?!]+?)"
        r"|is (?P<genitive>[^\s,;?!]+@[^\s,;?!]+?)['’´`‘]?s account)"
    ),
    re.IGNORECASE,
)
_NOBODY = ("nobody", "niemand", "niemandem")
_NEVER = re.compile(
    pattern(
        rf"(?:never|do not|don'?t|stop) (?:ask|asking|write to) ({_SOME})(?: again| any ?more)?"
        rf"|frage? ({_SOME})(?: bitte)? (?:nie|nicht)(?: mehr| wieder)?"
        rf"|frage?(?: bitte)? nie(?:mals)?(?: mehr| wieder)? ({_SOME})"
        rf"|schreibe? ({_SOME})(?: bitte)? (?:nie|nicht)(?: mehr| wieder)? an"
        rf"|nie(?:mals)? ({_SOME}) fragen"
        rf"|({_SOME})(?: bitte)? (?:nie|nicht)(?: mehr| wieder)? fragen"
    ),
    re.IGNORECASE,
)
_MAY = re.compile(rf"(?:you may|du darfst|you can) (?:ask )?{_ADDRESS}(?: fragen)?", re.IGNORECASE)


def is_account(word: str) -> bool:
    """Whether that may name an account: an address, or an id, which has a digit in it."""
    return _ACCOUNT.fullmatch(word) is not None


def read_owner(rest: str) -> Own | NeedsAccount:
    """What stands behind "owner"."""
    owned = _OWNED.fullmatch(rest)
    return NeedsAccount("owner") if owned is None else _owned(owned["account"], owned["owner"])


def said_of_account(said: str) -> Own | Deny | Allow | None:
    """What a sentence says of an account; None: nothing plainly."""
    if (found := _NEVER.fullmatch(said)) is not None:
        return Deny(next(one for one in found.groups() if one))
    if (found := _MAY.fullmatch(said)) is not None:
        return Allow(found["account"])
    if (found := _BELONGS.fullmatch(said)) is not None:
        return _owned(found["account"], found["owner"] or found["genitive"])
    return None


def _owned(account: str, owner: str) -> Own:
    owner = exact(owner)
    return Own(account, "" if normalized(owner) in _NOBODY else owner)
