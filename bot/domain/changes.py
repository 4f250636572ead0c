"""A set of changes that the ledger writes in one atomic step, and the audit line of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.campaign.channels.board import Board
from bot.domain.consent.onboarding import Onboarding
from bot.domain.consent.requests import PASSED_ON, ConsentRequest
from bot.domain.delivery.deliveries import Delivery
from bot.domain.delivery.incidents import Incident
from bot.domain.inventory.records import AppRecord
from bot.domain.people.policy import AccountNote
from bot.domain.people.prospects import Prospect
from bot.domain.people.recipients import Recipient
from bot.domain.schedule import BOARDS, HOLD, ScheduleEntry, instead, person


class Action(StrEnum):
    """What the audit says was done, the steps of a request apart (`Step` names those)."""

    ASK = "ask"
    SEND_NOW = "send_now"
    REMIND = "remind"
    INTRODUCE = "introduce"
    STUCK = "stuck"
    DROP = "drop"
    MAIL_CAME_BACK = "mail_came_back"
    AWAY = "away"
    BACK = "back"
    PART_TIME = "part_time"
    WHOLE_WEEK = "whole_week"
    NOTE_ACCOUNT = "note_account"
    UNSAY_ACCOUNT = "unsay_account"
    ASSESS = "assess"
    WAIVE = "waive"
    UNWAIVE = "unwaive"
    WAIVER_OVER = "waiver_over"
    NOBODY_REACHABLE = "nobody_reachable"
    SOMEBODY_REACHABLE = "somebody_reachable"
    ONBOARDING_ASKED = "onboarding_asked"
    ONBOARDING_ANSWERED = "onboarding_answered"
    ONBOARDING_CONFIRMED = "onboarding_confirmed"
    ONBOARDING_DECLINED = "onboarding_declined"
    ONBOARDING_REPLACED = "onboarding_replaced"
    INCIDENT = "incident"
    INCIDENT_OVER = "incident_over"
    HOLD = "hold"
    RELEASE = "release"
    RESTORE = "restore"
    FORGET = "forget"
    SEALED = "audit_sealed"
    TRIMMED = "audit_trimmed"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to what, when, and with which particulars (UTC). Free of secrets.

    `action` is an `Action`, a `Step` or a `NewsKind`, or what another release wrote.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, str] = field(default_factory=dict, hash=False)


_ON_BOARDS = (Action.ASSESS, Action.WAIVE, Action.UNWAIVE, Action.WAIVER_OVER)


@dataclass(frozen=True, slots=True)
class Changes:
    """All or nothing. Each record carries its new revision: it is written only over the one before.

    `planned` deliveries are different: they are added unless their key exists, which is how the
    same intent found twice is carried out once. `prospects` are looks, so the last one stands.
    `unsaid` are notes, as they were read, that hold no more: they are taken out.
    `solved` names places whose incident, if they had one, is over.
    """

    apps: tuple[AppRecord, ...] = ()
    requests: tuple[ConsentRequest, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    planned: tuple[Delivery, ...] = ()
    notes: tuple[AccountNote, ...] = ()
    unsaid: tuple[AccountNote, ...] = ()
    prospects: tuple[Prospect, ...] = ()
    onboardings: tuple[Onboarding, ...] = ()
    incidents: tuple[Incident, ...] = ()
    solved: tuple[str, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    boards: tuple[Board, ...] = ()
    schedule: tuple[ScheduleEntry, ...] = ()
    audit: tuple[AuditEntry, ...] = ()

    @property
    def touched(self) -> tuple[ScheduleEntry, ...]:
        """The schedule entries that these changes are about: they are looked at at once.

        Apart from those that whoever makes the changes works off: others do it if they die.
        """
        found = {person(r.chat): r.changed_at or r.requested_at for r in self.requests}
        news = [entry.at for entry in self.audit if entry.action in _ON_BOARDS]
        news += found.values()
        if news:
            found[BOARDS] = max(news)
        for request in self.requests:
            if request.stage in PASSED_ON and request.changed_at is not None:
                found[instead(request.id)] = request.changed_at + HOLD
        return tuple(ScheduleEntry(name, at) for name, at in found.items())
