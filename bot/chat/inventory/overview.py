"""The list of apps as a message: what is left, by urgency, and the next step for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice

from bot.chat import phrases
from bot.chat.people import app_items
from bot.chat.people.app_items import AppItems
from bot.chat.typed.grammar.listed import STATES, say_list
from bot.chat.words import Words
from bot.domain.campaign.planned_messages import NextMessage
from bot.domain.evidence.verdict import State
from bot.domain.inventory.records import OrgScan
from bot.domain.summaries import EVERY_OPEN, RANKS, By, Page, Part, Wanted
from bot.message import (
    Block,
    Button,
    Buttons,
    Command,
    Confirm,
    Group,
    Heading,
    Menu,
    Message,
    Moment,
    Note,
    Said,
    Text,
)

ORGS = 40
PEOPLE = 10
"""So many orgs and people one can choose from."""
LONGEST_CHOICE = 150
"""Characters of what is said by choosing; Slack takes no more."""


@dataclass(frozen=True, slots=True)
class Due:
    """The date that apps run against, and the working days until then (negative: it has passed)."""

    on: date
    left: int


def overview(
    words: Words,
    page: Page,
    scans: Mapping[str, OrgScan],
    now: datetime,
    *,
    wanted: Wanted = EVERY_OPEN,
    next_messages: Mapping[str, NextMessage] = phrases.NO_NEXT_MESSAGES,
    due: Due | None = None,
    lived: datetime | None = None,
    in_chat: bool = True,
) -> Message:
    """A page of the apps that are wanted.

    `next_messages`: when the first message goes out to those that wait for it. `now` is the clouds'
    time, `lived` that of people (a rehearsal sets it forward).
    """
    none = not page.shown and bool(wanted.person or wanted.state or wanted.text)
    # "0 apps left" would say that all is done.
    title = words("list.none") if none else _title(words, page, scans, wanted)
    held = AppItems(page.requests, page.prospects, lived or now, next_messages)
    blocks: list[Block] = [Heading(title), Note(_line(words, page, scans, now, due))]
    if only := _only(words, wanted):
        blocks.append(Text(words("list.only", what=only)))
    if in_chat and (page.shown or wanted != EVERY_OPEN):
        blocks.append(Buttons(tuple(_ways(words, page, scans, wanted))))
    sizes = page.counts if wanted.by is By.URGENCY else page.sizes
    blocks += app_items.groups(words, page.shown, held, sizes, by=wanted.by, ways=in_chat)
    if not page.shown and only and not none:
        blocks.append(Text(words("list.none")))
    blocks += _remarks(words, page, scans, wanted, in_chat=in_chat)
    if page.pages > 1:
        blocks += paging(words, page, wanted)
    share = Command(
        "share",
        words("button.share"),
        say_list(wanted, page.number, shared=True),
        confirm=Confirm(
            words("confirm.share_title"),
            words("confirm.share"),
            words("confirm.share_yes"),
            words("button.cancel"),
        ),
    )
    return Message(title, tuple(blocks), share=share if page.shown else None)


def for_everybody(message: Message, wanted: Wanted, page: int) -> Message:
    """The same to read: what can be done stays with who may do it."""
    blocks = (
        replace(block, items=tuple(replace(one, button=None, more=()) for one in block.items))
        if isinstance(block, Group)
        else block
        for block in message.blocks
        if not isinstance(block, Buttons)
    )
    return replace(
        message, blocks=tuple(blocks), private=False, share=None, view=say_list(wanted, page)
    )


def paging(words: Words, page: Page, wanted: Wanted) -> tuple[Block, ...]:
    """Which of several pages it is, and the ways to its neighbours."""
    ways = tuple(
        Command(f"page:{number}", words(label), say_list(wanted, number))
        for label, number in (
            ("button.previous", page.number - 1),
            ("button.next", page.number + 1),
        )
        if 1 <= number <= page.pages
    )
    return (Note(words("list.page", page=page.number, pages=page.pages)), Buttons(ways))


def _title(words: Words, page: Page, scans: Mapping[str, OrgScan], wanted: Wanted) -> str:
    looked = any(scan.finished_at for scan in scans.values())
    if page.counts or (looked and not any(scan.failure for scan in scans.values())):
        count = page.open if wanted.state is None else page.counts.get(wanted.state, 0)
        if wanted.state is State.MIGRATED:
            return words("apps.title_done", count=count)
        return words("apps.title", count=count)
    return words("apps.unknown")  # no number: nobody knows it


def _line(
    words: Words, page: Page, scans: Mapping[str, OrgScan], now: datetime, due: Due | None
) -> Said:
    """Done of total, the date, how fresh: in one line."""
    parts: list[str] = []
    if page.counts:
        parts.append(phrases.progress(words, page.counts).label)
    if due is not None and page.open:
        parts.append(due_text(words, due))
    looked = [scan.finished_at for scan in scans.values() if scan.finished_at]
    if not looked:
        return " · ".join((*parts, words("apps.never_looked")))
    at = min(looked)
    scanned = words.said("list.scanned", at=Moment(at, words.ago(at, now)))
    return (*(f"{part} · " for part in parts), *scanned)


def due_text(words: Words, due: Due) -> str:
    """Until when, and how many working days that is."""
    day = words.date(due.on)
    if due.left < 0:
        return words("list.overdue", date=day)
    if due.left == 0:
        return words("list.due_now", date=day)
    return words("list.due", date=day, count=due.left)


def _only(words: Words, wanted: Wanted) -> str:
    what = [
        *((wanted.org,) if wanted.org else ()),
        *((words(f"state.{wanted.state.value}"),) if wanted.state else ()),
        *((words("list.with", name=wanted.person),) if wanted.person else ()),
    ]
    return " · ".join(what)


def _ways(
    words: Words, page: Page, scans: Mapping[str, OrgScan], wanted: Wanted
) -> Iterator[Button | Menu]:
    """What else can be shown: in another order, other orgs, states and people, what is done."""
    choices: list[tuple[str, Wanted]] = []
    if wanted != EVERY_OPEN:
        choices.append((words("button.show_open"), EVERY_OPEN))
    if wanted.part is not Part.ALL:
        choices.append((words("button.show_all"), Wanted(Part.ALL, by=wanted.by)))
    part = Part.OPEN if wanted.part is Part.WAIVED else wanted.part
    some = replace(wanted, part=part, person="")
    one = {By.ORG: wanted.org or len(scans) < 2, By.PERSON: wanted.person}
    choices += [
        (words(f"button.by_{by}"), replace(wanted, part=part, by=by))
        for by in By
        if by is not wanted.by and not one.get(by)  # one group would be no order
    ]
    choices += [
        (words(f"group.{state.value}"), replace(some, state=state))
        for state in RANKS
        if state in STATES and page.counts.get(state) and state != wanted.state
    ]
    if len(scans) > 1:
        choices += [
            (words("button.show_org", org=org), replace(some, org=org))
            for org in islice(sorted(scans), ORGS)
            if org != wanted.org
        ]
    people = dict.fromkeys(
        (
            *(request.admin_name for request in page.requests.values()),
            *(one.admin_name for one in page.prospects.values() if one.admin_name),
        )
    )
    choices += [
        (words("button.show_with", name=name), Wanted(Part.OPEN, person=name))
        for name in islice(people, PEOPLE)
        if name != wanted.person
    ]
    said = [(label, say_list(one)) for label, one in choices]
    options = tuple(
        Command(f"show:{number}", label, text)
        for number, (label, text) in enumerate(said)
        if len(text) <= LONGEST_CHOICE
    )
    if options:
        yield Menu("show", words("list.filter"), options)


def _remarks(
    words: Words, page: Page, scans: Mapping[str, OrgScan], wanted: Wanted, *, in_chat: bool
) -> Iterator[Block]:
    """What is not in the list, and what could not be read."""

    def hint(text: str, name: str) -> str:
        return f"{text} {words(name)}" if in_chat else text

    if page.waived and wanted.part is Part.OPEN and not wanted.person:
        yield Note(hint(words("waiver.also", count=page.waived), "hint.waivers"))
    if page.unreachable and page.pages > 1:
        yield Text(hint(words("apps.unreachable", count=page.unreachable), "hint.who"))
    failed = [
        words(
            "apps.org_failed" if scan.finished_at else "apps.org_unseen",
            org=scan.org,
            failure=scan.failure,
        )
        for scan in scans.values()
        if scan.failure
    ]
    if failed:
        yield Text("\n".join(failed))
    under_way = [
        words("scan.progress", org=scan.org, done=scan.done, total=scan.apps)
        for scan in scans.values()
        if scan.is_under_way
    ]
    if under_way:
        yield Note("\n".join(under_way))
