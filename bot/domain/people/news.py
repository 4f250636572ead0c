"""What an operator is told of with their next digest: names only, as with notices."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class NewsKind(StrEnum):
    """What became of something that an operator asked for; words under `note.<value>`."""

    WRONG_ACCOUNT = "wrong_account"  # somebody signed in with another account
    ROLE_GONE = "role_gone"  # the person is no Global Administrator any more
    REASSIGNED = "reassigned"  # "not me": the next candidate is asked
    NOBODY_LEFT = "nobody_left"  # "not me", and there is no next candidate
    PASSED_ON = "passed_on"  # the person can do it no more: the next candidate is asked
    WITHDRAWN = "withdrawn"  # the same, and there is no next candidate
    WAIVER_ENDS = "waiver_ends"  # in a week (`subject` is the app)
    ONBOARDED = "onboarded"  # a tenant lets the bot read now (`subject` is the onboarding)


@dataclass(frozen=True, slots=True)
class News:
    """What happened to `subject`: mostly a request's id.

    `inherited`: it was for another operator, who is gone; it is passed on no further.
    """

    happened: NewsKind
    subject: str
    inherited: bool = False
