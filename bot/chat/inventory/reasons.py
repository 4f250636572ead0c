"""What is known of one app as a message: what it needs, how that is known, and who is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.chat import phrases
from bot.chat.inventory import signing_on
from bot.chat.inventory.waiving import why_waived
from bot.chat.people import app_items, people
from bot.chat.words import Words
from bot.domain.consent.requests import ConsentRequest
from bot.domain.evidence.rules import Evidence
from bot.domain.evidence.verdict import Assessment, State
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.right_tenant import MISMATCHES
from bot.domain.people.prospects import Prospect
from bot.message import (
    Block,
    Button,
    Buttons,
    Command,
    Fact,
    Facts,
    Folded,
    Group,
    Heading,
    Message,
    OpenLink,
    Plain,
    Text,
)

STRONGEST = 3
"""So many reasons are told at once; the others on demand."""


def why(
    words: Words,
    record: AppRecord,
    now: datetime,
    *,
    lived: datetime | None = None,
    request: ConsentRequest | None = None,
    prospect: Prospect | None = None,
    in_full: bool = False,
    in_chat: bool = True,
    okta: str = "",
) -> Message:
    """What it needs, whom that is with, and why that is so; `in_full`: with all that is known.

    `lived` is the moment by which people are asked, where a rehearsal has set it forward. `okta` is
    the address of the app there, "" when it is not known.
    """
    lived = lived or now
    assessment = record.assessed(now)
    title = words("why.title", app=record.app.label, state=words(f"state.{assessment.state.value}"))
    blocks: list[Block] = [Heading(title), *why_waived(words, record, lived)]
    blocks.append(Text(phrases.next_step(words, assessment)))
    asked = people.in_short(words, record, request, prospect, lived, in_chat=in_chat)
    if asked is not None:
        blocks.append(asked)
    blocks += _cautions(words, assessment, now)
    if in_chat:
        next_step, *others = _buttons(
            words, record, assessment.state, request, prospect, lived, okta
        )
        blocks.append(Buttons((next_step, *others[:1]), tuple(others[1:])))
    blocks.append(Group((), words("why.how", how=phrases.known_how(words, assessment, now))))
    # What could not be read just now: the reasons above it may be older than they look.
    unread = tuple(one for one in assessment.beside if one.failed_part)[:STRONGEST]
    if first := (*assessment.because[:STRONGEST], *unread):
        blocks.append(Text(_lines(words, first, now)))
    more = _more(words, record, assessment, now, first)
    if in_full or not in_chat:
        blocks += more
    else:
        folded = f"why {record.app.ref} in full"
        blocks.append(Folded(words("why.more"), folded, more))
    return Message(title, tuple(blocks))


def _cautions(words: Words, assessment: Assessment, now: datetime) -> Iterator[Text]:
    """What contradicts, what is in doubt, and what looks like the wrong tenant."""
    for one in assessment.contradictions:
        done, undone = (phrases.dated(words, e, now) for e in (one.done, one.not_done))
        yield Text(words("why.contradiction", done=done, undone=undone))
    doubt = assessment.doubt
    if doubt is not None and doubt not in (c.not_done for c in assessment.contradictions):
        is_old = doubt in assessment.because and now - doubt.last_true >= doubt.shelf.full
        yield Text(
            words("why.unseen" if is_old else "why.doubt", says=phrases.dated(words, doubt, now))
        )
    for evidence in (*assessment.because, *assessment.beside):
        if evidence.kind in MISMATCHES:
            yield Text(words("why.warning", says=phrases.evidence_text(words, evidence)))


def _buttons(
    words: Words,
    record: AppRecord,
    state: State,
    request: ConsentRequest | None,
    prospect: Prospect | None,
    lived: datetime,
    okta: str,
) -> Iterator[Button]:
    ref = record.app.ref
    if record.state(lived).wants_consent and not record.is_waived:
        free = request is None or not request.stage.is_open
        if free and prospect is not None and prospect.platform is not None:
            yield app_items.asking(
                words, ref, record.app.label, prospect.admin_name, prospect.platform
            )
        yield Command("who", words("button.who_short"), f"who {ref}")
    yield Command("check", words("button.check_short"), f"check {ref}")
    if okta:
        yield OpenLink("okta", words("button.okta"), okta)
    if record.is_waived:
        yield Command("unwaive", words("button.back_short"), f"unwaive {ref}")
    elif state.is_open:
        yield Command("waive", words("button.waive_short"), f"waive {ref}")


def _more(
    words: Words,
    record: AppRecord,
    assessment: Assessment,
    now: datetime,
    told: Sequence[Evidence],
) -> tuple[Plain, ...]:
    """All else; `told` stands above."""
    blocks: list[Plain] = []
    for name, evidence in (
        ("why.because_more", assessment.because),
        ("why.beside", assessment.beside),
        ("why.past", assessment.past),
    ):
        if others := [one for one in evidence if one not in told]:
            blocks.append(Group((), words(name)))
            blocks.append(Text(_lines(words, others, now)))
    blocks.append(signing_on.note(words, record))
    tenant = record.tenant
    blocks.append(
        Facts(
            (
                Fact(words("fact.org"), record.app.ref.org),
                Fact(words("fact.tenant"), tenant.domain if tenant else words("fact.unknown")),
                Fact(words("fact.app_id"), record.app.ref.app_id),
            )
        )
    )
    return tuple(blocks)


def _lines(words: Words, evidence: Sequence[Evidence], now: datetime) -> str:
    """A line each: what was seen, where, and when."""
    return "\n".join(
        words(
            "why.line",
            what=phrases.evidence_text(words, one).removesuffix("."),
            source=phrases.source(words, one),
            when=phrases.when(words, one, now),
        )
        for one in evidence
    )
