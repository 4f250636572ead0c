"""What a person can see on an app's Integration tab besides the button, as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from bot.domain.evidence.rules import EvidenceKind


class Sight(StrEnum):
    """A question that is answered by yes or no; words under `sight.<value>`."""

    FIELDS = "fields"  # still there: an administrator's user name and password
    VERIFIED = "verified"  # the green mark
    TEST = "test"  # Test API Credentials

    def told(self, yes: bool) -> EvidenceKind:
        """What the answer counts as."""
        return _TOLD[self][0 if yes else 1]


_TOLD: Mapping[Sight, tuple[EvidenceKind, EvidenceKind]] = {
    Sight.FIELDS: (EvidenceKind.SAW_PASSWORD_FIELDS, EvidenceKind.SAW_NO_PASSWORD_FIELDS),
    Sight.VERIFIED: (EvidenceKind.SAW_VERIFIED, EvidenceKind.SAW_NOT_VERIFIED),
    Sight.TEST: (EvidenceKind.TEST_SUCCEEDED, EvidenceKind.TEST_FAILED),
}
ANSWERS: Mapping[str, bool] = {"yes": True, "no": False}


def told_by(answers: Mapping[str, str]) -> Iterable[EvidenceKind]:
    """What answers count as, by the sights' names; what is no yes and no no is no answer."""
    for sight in Sight:
        answer = ANSWERS.get(answers.get(sight.value, ""))
        if answer is not None:
            yield sight.told(answer)
