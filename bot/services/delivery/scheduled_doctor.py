"""The doctor comes by himself: what he finds broken, or about to end, is told to the operators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from bot.domain.doctor.finding import Finding, Grade
from bot.ports.system import Clock
from bot.services.delivery.monitor import Monitor
from bot.services.doctor import Doctor

EVERY = timedelta(minutes=30)
FIRST = timedelta(minutes=10)
"""After the start: a process that starts again and again must not examine each time."""

# What a scan or the next message tells of by itself, and answers that only the next one can mend.
_TOLD_ELSEWHERE = frozenset(
    {"okta_sign_in", "okta_scope", "okta_role", "okta_read", "entra_sign_in", "entra_permission"}
    | {"entra_read", "answer"}
)
# What ends, by the check that dates it (and the place, where one check looks at several).
_ENDING: Mapping[tuple[str, str], str] = {
    ("registration_secret", "entra"): "entra.client_secret",
    ("registration_secret", "teams:registration"): "teams.app_password",
    ("mail_certificate", "mail"): "mail-server",
    ("address_certificate", "address"): "public_url",
    ("server_certificate", "store"): "redis.url",
    ("server_certificate", "webhook"): "webhook.url",
}


class ScheduledDoctor:
    """`dates`: what the settings themselves say of what ends (UTC), by its key."""

    def __init__(
        self, doctor: Doctor, monitor: Monitor, clock: Clock, dates: Mapping[str, datetime]
    ) -> None:
        self._doctor = doctor
        self._monitor = monitor
        self._clock = clock
        self._dates = dates
        self._next = clock.now() + FIRST
        self._broken: Mapping[str, str] = {}
        self._answered = False

    async def run(self) -> None:
        """Called often; examines when it is time. Raises StoreError."""
        now = self._clock.now()
        if now < self._next:
            await self._monitor.ends(self._dates)
            return
        self._next = now + EVERY
        findings = await self._doctor.examine()
        await self._monitor.ends({**dict(dated(findings)), **self._dates}, whole=True)
        # From inside some networks the public address never answers: only what did so is missed.
        address = [one for one in findings if one.check == "address_answer"]
        self._answered |= any(one.grade is Grade.GOOD for one in address)
        missed = [one for one in findings if self._answered or one not in address]
        before, self._broken = self._broken, dict(broken(missed))
        # Twice in a row: what passes by itself is nobody's business.
        await self._monitor.examined({p: why for p, why in self._broken.items() if p in before})


def dated(findings: Iterable[Finding]) -> Iterator[tuple[str, datetime]]:
    """What ends when, by the key of the settings that it is about."""
    for one in findings:
        at, key = one.found.values.get("date"), _ENDING.get((one.check, one.place))
        if key is not None and isinstance(at, datetime):
            yield key, at


def broken(findings: Iterable[Finding]) -> Iterator[tuple[str, str]]:
    """What is broken and told of nowhere else: its place, and a reason free of secrets."""
    for one in findings:
        ending = (one.check, one.place) in _ENDING or one.check == "settings_ends"
        if one.grade is Grade.BROKEN and one.check not in _TOLD_ELSEWHERE and not ending:
            failure = one.found.failure
            values = ", ".join(map(str, one.found.values.values()))
            reason = failure.reason if failure is not None else f"{one.found.outcome}: {values}"
            yield f"doctor:{one.place}/{one.check}", reason
