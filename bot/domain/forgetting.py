"""Records without one person: what names them is taken out, or stands as an alias.

The rest stays: that somebody was asked for an app, when, and what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.consent.requests import ConsentRequest
from bot.domain.inventory.records import AppRecord
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.policy import AccountNote
from bot.domain.pseudonyms import Somebody


def identifiers_of(request: ConsentRequest) -> tuple[str, ...]:
    """All that the person of a request is known by."""
    chat = request.chat
    named = (str(chat), chat.email, request.admin_upn, request.admin_object_id)
    accounts = (f"entra:{request.admin_object_id}", f"teams:{request.admin_object_id}")
    return tuple(filter(None, (*named, *accounts, request.admin_name)))


def is_about(request: ConsentRequest, somebody: Somebody) -> bool:
    """Whether they are the one who was asked."""
    return somebody.is_in(" ".join(identifiers_of(request)[:-1]))


def request_without(request: ConsentRequest, somebody: Somebody, alias: str) -> ConsentRequest:
    """An ended request, or one of somebody else that they have to do with."""
    changed = request
    if is_about(request, somebody):
        changed = replace(
            changed,
            admin_object_id=alias,
            admin_name="",
            admin_upn="",
            chat=ChatIdentity(request.chat.platform, alias),
            proof=replace(request.proof, by=alias) if request.proof else None,
            snooze=replace(request.snooze, reason="") if request.snooze else None,
            suggestion="",
        )
    if changed.link is not None and somebody.is_in(changed.link.letter):
        changed = replace(changed, link=replace(changed.link, letter=""))
    if changed.suggestion and somebody.is_in(changed.suggestion):
        changed = replace(changed, suggestion="")
    if changed.asker is not None and _names(changed.asker, somebody):
        asker = ChatIdentity(changed.asker.platform, alias)
        changed = replace(changed, asker=asker, requested_by="")
    partner = changed.colleague
    if partner is not None and (
        somebody.is_in(f"{partner.name} {partner.email}")
        or (partner.chat is not None and _names(partner.chat, somebody))
    ):
        changed = replace(changed, colleague=None)
    return changed if changed == request else replace(changed, revision=request.revision + 1)


def record_without(record: AppRecord, somebody: Somebody, alias: str) -> AppRecord:
    """What logs told of them, and their name in a waiver."""

    def some(detail: Mapping[str, str]) -> dict[str, str]:
        return {k: alias if somebody.is_in(v) else v for k, v in detail.items()}

    evidence = tuple(replace(one, detail=some(one.detail)) for one in record.evidence)
    waiver = record.waiver
    if waiver is not None and somebody.is_in(f"{waiver.by} {waiver.by_name}"):
        waiver = replace(waiver, by=alias, by_name=alias)
    changed = replace(record, evidence=evidence, waiver=waiver)
    return record if changed == record else replace(changed, revision=record.revision + 1)


def note_without(note: AccountNote, somebody: Somebody, alias: str) -> AccountNote:
    """What was said of their account stays: else they would be asked, or asked again."""
    changed = replace(note, by=alias) if somebody.is_in(note.by) else note
    return note if changed == note else replace(changed, revision=note.revision + 1)


def _names(chat: ChatIdentity, somebody: Somebody) -> bool:
    return somebody.is_in(f"{chat} {chat.email}")
