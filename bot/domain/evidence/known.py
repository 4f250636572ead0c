"""What is known of an app, seen from now: what counts, and what came after what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from bot.domain.evidence.history import newest_of_topics, set_of
from bot.domain.evidence.rules import (
    CLOCKS,
    SHELVES,
    SHOWS_WITHIN,
    TOKENS_LIVE,
    Direction,
    Evidence,
    EvidenceKind,
    Nature,
    Source,
)

_K = EvidenceKind

# What a directory does not find, and the work that it would show.
ABSENT: Mapping[EvidenceKind, frozenset[EvidenceKind]] = {
    _K.TENANT_NOT_CONSENTED: frozenset(
        {_K.TENANT_CONSENTED, _K.CONSENT_AUDITED, _K.SERVICE_ACCOUNT, _K.SERVICE_ACCOUNT_USED}
    ),
    _K.NO_SERVICE_ACCOUNT: frozenset({_K.SERVICE_ACCOUNT, _K.SERVICE_ACCOUNT_USED}),
    _K.NO_OWN_REGISTRATION: frozenset({_K.PROVISIONING_APP_CREATED}),
}


class Known:
    """All that is known, newest first (`everything`), and of it what counts now (`current`).

    `here` is what belongs to the tenant that the app leads to, however old. `early` is what a look
    did not find so soon after the work that it may not have shown yet: that counts for nothing.
    Whoever asks for an age leaves in `edges` when the answer will be another one.
    """

    def __init__(self, evidence: Iterable[Evidence], now: datetime) -> None:
        self.now = now
        self.edges: list[datetime] = []
        self.everything = tuple(sorted(set_of(evidence), key=Evidence.order, reverse=True))
        self.moved = newest(self.everything, lambda e: e.kind == _K.APP_MOVED)
        placed = [e for e in self.everything if e.tenant or e is self.moved]
        self.tenant = max(placed, key=lambda e: (e.seen_at, e.order())).tenant if placed else ""
        # For another domain of the tenant that it led to, or back in one where it was before.
        moved = self.moved
        self._stays_in_tenant = moved is not None and any(
            e.tenant and e.tenant == moved.tenant and e.at < moved.at for e in placed
        )
        self.here = tuple(e for e in self.everything if self._is_here(e))
        self.early = tuple(filter(self._is_early, newest_of_topics(self.here).values()))
        so_now = newest_of_topics(e for e in self.here if e not in self.early)
        self.current = tuple(
            e
            for e in self.here
            if so_now.get(e.rule.topic, e) is e
            and e not in self.early
            and (e.rule.topic or self.has_come(e))
            and self._within(e, e.shelf.some)
        )
        facts = {e.rule.topic: e for e in self.current if e.rule.topic}
        self.scope, self.consent = facts.get("scope"), facts.get("tenant")
        self.account, self.registration = facts.get("account"), facts.get("registration")
        if self.account is None or not is_proof(self.account):
            # An account of the former flow signed in before the move, too.
            self.current = tuple(e for e in self.current if e.kind != _K.SERVICE_ACCOUNT_SIGNED_IN)

    def _is_here(self, item: Evidence) -> bool:
        """False for what belongs to the tenant that the app led to before."""
        if item.tenant and item.tenant != self.tenant:
            return item.kind == _K.APP_MOVED
        if item.tenant or self.moved is None or self._stays_in_tenant:
            return True
        return not _is_of_a_tenant(item) or item.last_true >= self.moved.at

    def _is_early(self, item: Evidence) -> bool:
        """Whether it was not found within the time after the work that the work takes to show.

        The use of an account tells only where nothing is known of it from before.
        """
        work: dict[EvidenceKind, list[datetime]] = {}
        for made in self.here:
            is_work = made.kind in ABSENT.get(item.kind, ())
            if is_work and made.happened_at is not None and self.has_come(made):
                work.setdefault(made.kind, []).append(made.happened_at)
        uses = [*work.pop(_K.SERVICE_ACCOUNT_USED, ()), *work.get(_K.SERVICE_ACCOUNT, ())]
        latest = [*map(max, work.values()), *([min(uses)] if uses else ())]
        return any(at >= item.seen_at - SHOWS_WITHIN for at in latest)

    def newest(self, wanted: Callable[[Evidence], bool]) -> Evidence | None:
        """The latest piece that counts now and is `wanted`."""
        return newest(self.current, wanted)

    def has_full_weight(self, item: Evidence) -> bool:
        """True while it is not older than its shelf life, nor dated in the future."""
        return self.has_come(item) and self._within(item, item.shelf.full)

    def is_recent(self, fact: Evidence) -> bool:
        """True while the day of a fact is on the shelf that an event has."""
        ends = fact.at + SHELVES[Nature.EVENT].full
        self.edges.append(ends)
        return self.now < ends

    def was_missed_for(self, item: Evidence) -> bool:
        """True for a read that has failed for longer than a fact stays fresh."""
        ends = (item.first_seen or item.seen_at) + SHELVES[Nature.FACT].full
        self.edges.append(ends)
        return self.now >= ends

    def has_come(self, item: Evidence) -> bool:
        """False while it is dated in the future."""
        begins = max(item.at, item.last_true) - CLOCKS
        self.edges.append(begins)
        return begins <= self.now

    def _within(self, item: Evidence, span: timedelta) -> bool:
        self.edges.append(item.last_true + span)
        return self.now < item.last_true + span


def newest(items: Iterable[Evidence], wanted: Callable[[Evidence], bool]) -> Evidence | None:
    """The latest of them that is `wanted`; they come newest first."""
    return next(filter(wanted, items), None)


def _is_of_a_tenant(item: Evidence) -> bool:
    of_its_work = item.leans(Direction.DONE) or (is_machine(item) and item.leans(Direction.BROKEN))
    return of_its_work or item.rule.whole_tenant or item.rule.topic == "account"


def is_machine(item: Evidence) -> bool:
    """False for a person's word."""
    return item.rule.nature is not Nature.WORD


def is_proof(item: Evidence) -> bool:
    """Machine evidence that this very app worked by the consent."""
    return is_machine(item) and item.rule.decisive and item.leans(Direction.DONE)


def is_against(item: Evidence) -> bool:
    """Evidence that this very app does not work by the consent."""
    return (item.rule.decisive and item.leans(Direction.NOT_DONE)) or item.leans(Direction.BROKEN)


def came_after(item: Evidence, other: Evidence) -> bool:
    """Whether it surely came later.

    What two clocks date within a few minutes has no order, and an account may sign in with a token
    from before. Rows of one log have an order; of a machine and a person at the same moment the
    machine is the later one.
    """
    if not (is_machine(item) and is_machine(other)):
        outweighs = is_machine(item) and not is_machine(other)
        return item.at > other.at or (item.at == other.at and outweighs)
    is_one_log = item.rule.source is other.rule.source is Source.OKTA_LOG
    apart = timedelta(0) if is_one_log else CLOCKS
    if item.kind == _K.SERVICE_ACCOUNT_SIGNED_IN:
        apart = TOKENS_LIVE
    return item.at - other.at > apart
