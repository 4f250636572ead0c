"""What a person can see on an app's Integration tab besides the button, as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from bot.domain.evidence.rules import EvidenceKind


class Observation(StrEnum):
    """A question that is answered by yes or no; words under `observation.<value>`."""

    FIELDS = "fields"  # still there: an administrator's user name and password
    VERIFIED = "verified"  # the green mark
    TEST = "test"  # Test API Credentials

    def told(self, yes: bool) -> EvidenceKind:
        """What the answer counts as."""
        return _TOLD[self][0 if yes else 1]


_TOLD: Mapping[Observation, tuple[EvidenceKind, EvidenceKind]] = {
    Observation.FIELDS: (EvidenceKind.SAW_PASSWORD_FIELDS, EvidenceKind.SAW_NO_PASSWORD_FIELDS),
    Observation.VERIFIED: (EvidenceKind.SAW_VERIFIED, EvidenceKind.SAW_NOT_VERIFIED),
    Observation.TEST: (EvidenceKind.TEST_SUCCEEDED, EvidenceKind.TEST_FAILED),
}
ANSWERS: Mapping[str, bool] = {"yes": True, "no": False}


def told_by(answers: Mapping[str, str]) -> Iterable[EvidenceKind]:
    """What answers count as, by the observations' names; what is no yes and no no is no answer."""
    for observation in Observation:
        answer = ANSWERS.get(answers.get(observation.value, ""))
        if answer is not None:
            yield observation.told(answer)
