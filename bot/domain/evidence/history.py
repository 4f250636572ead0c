"""What is kept of evidence from scan to scan: enough to tell what may have changed since.

A look renews the standing facts. What was so before stays as well, once for each kind and tenant:
that provisioning was off, or a consent was there, must not be lost because it is otherwise now. A
record stays small however long an app lives (`condensed`).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.domain.evidence.rules import Evidence, EvidenceKind, Nature

# Topics whose former facts matter later; of all others only the newest is kept.
_WITH_PAST = frozenset({"scope", "tenant"})

OF_REGISTRATION = (
    EvidenceKind.PROVISIONING_APP_CREATED,
    EvidenceKind.OWN_SECRET_RENEWED,
    EvidenceKind.OWN_SECRET_NOT_RENEWED,
)

# Of events of one kind, or of one person's words of one kind, so many of the newest are kept.
KEPT: Mapping[Nature, int] = {Nature.EVENT: 2, Nature.WORD: 3}
# Of the people who gave words of one kind, and of the tenants that facts were read in.
PEOPLE, TENANTS = 12, 3


def set_of(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Each standing fact once in its newest look, each event and each word once.

    Events are told apart by `event_id`, a failed read by what could not be read, a person's word
    by who gave it and when: saying it again must not make what was said before unsaid.
    """
    newest: dict[Hashable, Evidence] = {}
    for item in sorted(evidence, key=lambda e: (e.seen_at, e.order())):
        newest[_name(item)] = item
    return tuple(newest.values())


def _name(item: Evidence) -> Hashable:
    """What tells a piece of evidence from all others that are kept beside it."""
    rule = item.rule
    match rule.nature:
        case Nature.FACT if rule.topic == "account":
            # Of two accounts that Okta made for the app, the later one may go first.
            return (rule.topic, item.kind, item.tenant, item.happened_at)
        case Nature.FACT if rule.topic == "registration":
            # That it had permissions is not forgotten when it has none.
            return (rule.topic, item.kind, item.tenant, item.detail.get("rights", ""))
        case Nature.FACT if rule.topic in _WITH_PAST:
            return (rule.topic, item.kind, item.tenant)
        case Nature.FACT:
            return rule.topic
        case Nature.WORD:
            return (item.kind, item.at, item.detail.get("by", ""))
        case Nature.EVENT:
            return (item.kind, item.event_id)


def newest_of_topics(evidence: Iterable[Evidence]) -> dict[str, Evidence]:
    """The standing fact of each topic that was seen last."""
    found: dict[str, Evidence] = {}
    for item in sorted(evidence, key=lambda e: (e.seen_at, e.order())):
        if item.rule.topic:
            found[item.rule.topic] = item
    return found


def registration_of(evidence: Iterable[Evidence]) -> str:
    """The client id of the app registration that Okta made for the app; "" while none is told."""
    told = (e for e in evidence if e.kind in OF_REGISTRATION and e.detail.get("client_id"))
    newest = max(told, key=Evidence.order, default=None)
    return newest.detail["client_id"] if newest is not None else ""


def consents_of(evidence: Iterable[Evidence]) -> dict[str, frozenset[str]]:
    """The client ids of the applications that consents were found of, by tenant."""
    found: dict[str, frozenset[str]] = {}
    for item in evidence:
        if item.kind is EvidenceKind.TENANT_CONSENTED and item.detail.get("app_id"):
            told = frozenset({item.detail["app_id"]})
            found[item.tenant] = found.get(item.tenant, frozenset()) | told
    return found


def merge(known: Iterable[Evidence], fresh: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """What is known after another look: events and words stay, standing facts are renewed.

    A fact that is found again as it was keeps the date since when it is so. Failed reads last only
    until the next look; what was read before them stays, with its age.
    """
    known = tuple(known)
    so_far = newest_of_topics(known)
    failures = {e.event_id: e for e in known if e.kind is EvidenceKind.READ_FAILED}
    lasting = [e for e in known if e.kind is not EvidenceKind.READ_FAILED]
    renewed = []
    for item in fresh:
        is_failure = item.kind is EvidenceKind.READ_FAILED
        before = failures.get(item.event_id) if is_failure else so_far.get(item.rule.topic)
        if before is not None and _is_the_same(before, item):
            item = replace(item, first_seen=_since(before, item))
        renewed.append(item)
    return set_of([*lasting, *renewed])


def heard(known: Iterable[Evidence], words: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """What is known after somebody said something. That is no look: failed reads last."""
    return condensed(set_of([*known, *words]))


def _is_the_same(before: Evidence, item: Evidence) -> bool:
    return (
        before.kind == item.kind
        and before.tenant in ("", item.tenant)
        and before.is_enabled is item.is_enabled
    )


def _since(*items: Evidence) -> datetime:
    return min(item.first_seen or item.seen_at for item in items)


def condensed(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """As little as tells the same: a record that no life makes large.

    A broken connection logs an event for every user it fails for, and a button can be pressed any
    number of times. The newest (`KEPT`) tell what is so and what changed last, and the oldest that
    a contradiction is there; those in between tell nothing more.
    """
    kept: list[Evidence] = []
    alike: dict[tuple[EvidenceKind, str], list[Evidence]] = {}
    tenants: dict[EvidenceKind, list[Evidence]] = {}
    for item in evidence:
        if item.kind is EvidenceKind.READ_FAILED:
            kept.append(item)
        elif item.rule.nature is Nature.FACT:
            tenants.setdefault(item.kind, []).append(item)
        else:
            who = item.detail.get("by", "") if item.rule.nature is Nature.WORD else ""
            alike.setdefault((item.kind, who), []).append(item)
    for facts in tenants.values():
        kept += sorted(facts, key=lambda e: (e.seen_at, e.order()))[-TENANTS:]
    people: dict[EvidenceKind, list[list[Evidence]]] = {}
    for (kind, _), items in alike.items():
        items.sort(key=Evidence.order)
        people.setdefault(kind, []).append(items)
    for groups in people.values():
        for items in sorted(groups, key=lambda one: one[-1].order())[-PEOPLE:]:
            newest = KEPT[items[0].rule.nature]
            kept += items if len(items) <= newest + 1 else [items[0], *items[-newest:]]
    return tuple(kept)
