"""What makes a piece of evidence worth less than it looks; said beside it, wherever it is shown."""

from __future__ import annotations

from enum import StrEnum

from bot.domain.evidence.rules import Evidence, EvidenceKind

_ABSENT = frozenset({EvidenceKind.TENANT_NOT_CONSENTED, EvidenceKind.NO_SERVICE_ACCOUNT})


class Caveat(StrEnum):
    """A reservation; words under `caveat.<value>`."""

    NAME_ONLY = "name_only"  # found by its name, which anybody can take; not verified as Okta's
    BY_NAME = "by_name"  # not found, and looked for by names that may not be all there are
    DISABLED = "disabled"  # it is there, and may not sign in
    READS_ONLY = "reads_only"  # a consent by which Okta may change nothing
    OTHER_DISABLED = "other_disabled"  # another application of Okta's there may not sign in


def caveats(evidence: Evidence) -> tuple[Caveat, ...]:
    """The reservations about one piece of evidence."""
    found = []
    detail = evidence.detail
    if detail.get("publisher_is_okta") == "no" and detail.get("found_by") == "name":
        found.append(Caveat.NAME_ONLY)
    if evidence.kind in _ABSENT and detail.get("found_by", "name") == "name":
        found.append(Caveat.BY_NAME)
    if detail.get("enabled") == "no":
        found.append(Caveat.DISABLED)
    if detail.get("writes") == "no":
        found.append(Caveat.READS_ONLY)
    if detail.get("disabled_beside"):
        found.append(Caveat.OTHER_DISABLED)
    return tuple(found)
