"""Changes as writes: each record with its indexes, and what lists show of it."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.redis.keys import Keys
from adapters.redis.records import codec
from adapters.redis.records.commit import Commit, milliseconds
from adapters.redis.records.lists import LISTED, VERSION, Listed
from adapters.redis.records.search_index import place_of
from bot.domain.changes import Changes
from bot.domain.consent.onboarding import Onboarding
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.delivery.deliveries import Delivery, Phase
from bot.domain.inventory.apps import AppRef
from bot.domain.inventory.records import AppRecord
from bot.domain.summaries import summary_of

DAY = 24 * 60 * 60
ENDED_REQUESTS = 400 * DAY
ENDED_DELIVERIES = 90 * DAY


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds for which ended requests (and recipients), and ended deliveries, are kept."""

    requests: int = ENDED_REQUESTS
    deliveries: int = ENDED_DELIVERIES


OPEN_STAGES = tuple(stage for stage in Stage if stage.is_open)


class Writing:
    """Puts changes into a commit."""

    def __init__(self, keys: Keys, lifetimes: Lifetimes | None = None) -> None:
        self._keys = keys
        self._lifetimes = lifetimes or Lifetimes()

    def all_of(self, commit: Commit, changes: Changes) -> None:
        """Every change but its audit entries, which the trail appends."""
        for record in changes.apps:
            self.app(commit, record)
        for request in sorted(changes.requests, key=lambda one: one.requested_at):
            self.request(commit, request)
        for delivery in changes.deliveries:
            self.delivery(commit, delivery)
        for onboarding in changes.onboardings:
            self.onboarding(commit, onboarding)
        for delivery in changes.planned:
            commit.add(
                self._keys.delivery(delivery.key),
                codec.DELIVERY.dump(delivery),
                delivery.revision,
                index=self._keys.due(),
                member=delivery.key,
                score=delivery.due_at.timestamp(),
            )
        for note in changes.unsaid:
            commit.expect(self._keys.account_notes(), note.key, note.revision)
            commit.remove(self._keys.account_notes(), note.key)
        for note in changes.notes:
            commit.put(
                self._keys.account_notes(),
                codec.ACCOUNT_NOTE.dump(note),
                note.revision,
                field=note.key,
            )
        for one in changes.prospects:
            commit.field(
                self._keys.prospects(one.app.org), one.app.app_id, codec.PROSPECT.dump(one)
            )
            commit.member(self._keys.orgs(), one.app.org)
            self.reach(commit, one.app)
        for incident in changes.incidents:
            commit.put(
                self._keys.incidents(),
                codec.INCIDENT.dump(incident),
                incident.revision,
                field=incident.place,
            )
        for place in changes.solved:
            commit.remove(self._keys.incidents(), place)
        for recipient in changes.recipients:
            commit.put(
                self._keys.recipient(str(recipient.chat)),
                codec.RECIPIENT.dump(recipient),
                recipient.revision,
                ttl=self._lifetimes.requests,
            )
        for board in changes.boards:
            commit.put(
                self._keys.boards(),
                codec.BOARD.dump(board),
                board.revision,
                field=board.place,
            )
        for entry in (*changes.schedule, *changes.touched):
            commit.entry(self._keys.schedule(), entry)

    def app(self, commit: Commit, record: AppRecord) -> None:
        ref = record.app.ref
        commit.put(
            self._keys.apps(ref.org), codec.APP.dump(record), record.revision, field=ref.app_id
        )
        commit.member(self._keys.orgs(), ref.org)
        self.listed(commit, record)

    def request(self, commit: Commit, request: ConsentRequest) -> None:
        is_open = request.stage.is_open
        made = request.requested_at.timestamp()
        commit.put(
            self._keys.request(request.id),
            codec.REQUEST.dump(request),
            request.revision,
            ttl=None if is_open else self._lifetimes.requests,
        )
        commit.index(self._keys.open_requests(), request.id, made if is_open else None)
        self.stage(commit, request)
        commit.index(self._keys.requests_for(request.app), request.id, made)
        self.asked(commit, request)
        self.still(commit, request)
        commit.index(
            self._keys.requests_of(str(request.chat)), request.id, made if is_open else None
        )
        self.signs(commit, request)
        if request.link is not None:
            commit.set(
                self._keys.link(request.link.token_sha256), request.id, self._lifetimes.requests
            )
        commit.set(self._keys.code(plain_code(request.code)), request.id, self._lifetimes.requests)

    def still(self, commit: Commit, request: ConsentRequest) -> None:
        since = request.still_since
        commit.index(
            self._keys.still(), str(request.app), None if since is None else since.timestamp()
        )

    def signs(self, commit: Commit, request: ConsentRequest) -> None:
        made = request.requested_at.timestamp() if request.stage.is_open else None
        for sign in request.signs:
            commit.index(self._keys.requests_by_sign(sign), request.id, made)

    def stage(self, commit: Commit, request: ConsentRequest) -> None:
        number = OPEN_STAGES.index(request.stage) if request.stage.is_open else None
        commit.index(self._keys.stages(), request.id, number)

    def asked(self, commit: Commit, request: ConsentRequest) -> None:
        app = request.app
        key = self._keys.asked(app.org)
        commit.request(key, app.app_id, request.id, is_open=request.stage.is_open)
        self.reach(commit, app)

    def onboarding(self, commit: Commit, onboarding: Onboarding) -> None:
        commit.put(
            self._keys.onboarding(onboarding.id),
            codec.ONBOARDING.dump(onboarding),
            onboarding.revision,
            ttl=self._lifetimes.requests,
        )
        commit.set(
            self._keys.onboarding_link(onboarding.link), onboarding.id, self._lifetimes.requests
        )
        if onboarding.revision == 1:
            newest = self._keys.onboarding_of(onboarding.tenant_id)
            commit.set(newest, onboarding.id, self._lifetimes.requests)

    def delivery(self, commit: Commit, delivery: Delivery) -> None:
        match delivery.phase:
            case Phase.DUE:
                look_at: float | None = delivery.due_at.timestamp()
            case Phase.SENDING:
                look_at = (delivery.leased_until or delivery.due_at).timestamp()
            case Phase.SENT | Phase.FAILED:
                look_at = None
        commit.put(
            self._keys.delivery(delivery.key),
            codec.DELIVERY.dump(delivery),
            delivery.revision,
            ttl=self._lifetimes.deliveries if look_at is None else None,
        )
        commit.index(self._keys.due(), delivery.key, look_at)

    def listed(self, commit: Commit, record: AppRecord) -> None:
        """Write a record's summary, its place, its name, and when it is to be weighed again."""
        summary, ref = summary_of(record), record.app.ref
        place = place_of(summary)
        until = summary.holds_until
        commit.summary(
            f"{VERSION}.{record.revision}|"
            + LISTED.dump(Listed(place, summary.wants_consent, summary)),
            ref=ref,
            label=summary.app.label,
            summaries=self._keys.summaries(ref.org),
            place=place,
            places=self._keys.places(ref.org),
            moved=self._keys.moved(),
            verdicts=self._keys.verdicts(ref.org),
            until=None if until is None else milliseconds(until),
            names=self._keys.names(),
        )
        if summary.tenant_id:
            commit.member(self._keys.tenants(ref.org), summary.tenant_id)
        self.reach(commit, ref)

    def reach(self, commit: Commit, ref: AppRef) -> None:
        """Note whether somebody can be asked for an app, after what was written of it."""
        commit.reach(
            ref.app_id,
            unreachable=self._keys.unreachable(ref.org),
            summaries=self._keys.summaries(ref.org),
            prospects=self._keys.prospects(ref.org),
            asked=self._keys.asked(ref.org),
        )


def plain_code(code: str) -> str:
    """A code as people type it: letters and digits only, however they write the hyphen."""
    return "".join(c for c in code.upper() if c.isalnum())
