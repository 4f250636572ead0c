"""Apps as items of a list: what a group of them needs, who has each, and the next step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from itertools import groupby
from typing import Any

from bot.chat import phrases
from bot.chat.words import Words
from bot.domain.campaign.planned_messages import NextMessage
from bot.domain.consent.requests import ConsentRequest, Stage
from bot.domain.consent.snooze import zone_named
from bot.domain.evidence.verdict import State
from bot.domain.inventory.apps import AppRef
from bot.domain.people.admins import Platform
from bot.domain.people.choice import Nobody
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import AppSummary, By
from bot.message import MARKS, Command, Confirm, Group, Item, Moment, Said, Tone


@dataclass(frozen=True, slots=True)
class AppItems:
    """Who is asked for apps (`requests`, open, by id), or would be, and when messages go out.

    `now` is the time that people live by. What stays in a channel tells moments by the clock of
    its `zone`, where the reader's is not known; None: an answer, which tells ages.
    """

    requests: Mapping[str, ConsentRequest]
    prospects: Mapping[AppRef, Prospect]
    now: datetime
    next_messages: Mapping[str, NextMessage] = field(default_factory=dict)
    zone: tzinfo | None = None

    def of(self, app: AppSummary) -> ConsentRequest | None:
        """The open request about an app."""
        return self.requests.get(app.request_id)

    def one(self, app: AppSummary) -> ConsentRequest | Prospect | None:
        """Whoever is asked for an app, or would be."""
        return self.of(app) or (self.prospects.get(app.ref) if app.wants_consent else None)

    def name(self, app: AppSummary) -> str:
        """Who that is; "" for nobody."""
        one = self.one(app)
        return one.admin_name if one else ""

    def key(self, app: AppSummary, by: By) -> State | str | None:
        """What an app has in common with those beside it; None: it is accepted as it is."""
        match by:
            case By.ORG:
                return app.ref.org
            case By.PERSON:
                return self.name(app)
        return None if app.is_waived else app.state


def groups(
    words: Words,
    apps: Iterable[AppSummary],
    holders: AppItems,
    counts: Mapping[Any, int],
    *,
    by: By = By.URGENCY,
    ways: bool = True,
) -> Iterator[Group]:
    """Apps that stand in the order of their groups: by what is needed, by org or by person.

    `counts` are of all there are in each group, by its key, the waived ones left out. `ways`: with
    what can be done.
    """
    for key, some in groupby(apps, lambda app: holders.key(app, by)):
        yield _group(words, key, tuple(some), holders, counts.get(key, 0), by, ways=ways)


def _group(
    words: Words,
    key: State | str | None,
    apps: tuple[AppSummary, ...],
    holders: AppItems,
    count: int,
    by: By,
    *,
    ways: bool,
) -> Group:
    why = Counter(
        prospect.nobody
        for app in apps
        if (prospect := _nobody(app, holders)) is not None and prospect.nobody is not None
    )
    said_once = {nobody for nobody, times in why.items() if times > 1}
    free = sum(_is_free(app, holders) for app in apps)
    items = (item(words, app, holders, said=said_once, ways=ways, quiet=free > 1) for app in apps)
    if by is By.URGENCY:
        title = words(f"group.{key}" if isinstance(key, State) else "group.waived")
        tone = phrases.TONES[key] if isinstance(key, State) else Tone.NEUTRAL
    else:
        title, tone = str(key) or words("group.with_nobody"), Tone.NEUTRAL
        items = (_stated(words, app, one, by) for app, one in zip(apps, items, strict=True))
    return Group(
        tuple(items),
        words("group.counted", title=title, count=max(count, len(apps))),
        tone,
        " ".join(
            (
                *((words("group.not_asked", count=free),) if free > 1 else ()),
                *(
                    words("group.nobody", count=times, why=words(f"nobody.{nobody.value}"))
                    for nobody, times in why.items()
                    if nobody in said_once
                ),
            )
        ),
    )


def _stated(words: Words, app: AppSummary, one: Item, by: By) -> Item:
    """With what it needs, which its group does not say; and without the org where that does."""
    state = words("group.waived" if app.is_waived else f"state.{app.state.value}")
    mark = MARKS.get(Tone.NEUTRAL if app.is_waived else phrases.TONES[app.state], "")
    first, *others = one.lines or ("",)
    said: Said = f"{mark} {state}".strip()
    if first:
        said = (f"{said} · ", *((first,) if isinstance(first, str) else first))
    return replace(one, lines=(said, *others), beside="" if by is By.ORG else one.beside)


def item(
    words: Words,
    app: AppSummary,
    holders: AppItems,
    *,
    said: Collection[Nobody] = (),
    ways: bool = True,
    quiet: bool = False,
) -> Item:
    """One app. `said`: why nobody can be asked, where the group has said that already; `quiet`: it
    has said, too, that nobody was asked.
    """
    prospect = _nobody(app, holders)
    line: Said = ""
    if app.waiver is not None:
        line = waived(words, app)
    elif prospect is not None and prospect.nobody is not None:
        told = prospect.nobody in said
        why = words(f"nobody.{prospect.nobody.value}")
        line = words("holder.nobody_to_ask") if told else words("holder.nobody_because", why=why)
    elif app.is_open and not (quiet and _is_free(app, holders)):
        line = holder(words, app, holders)
    return Item(
        app.app.label,
        app.ref.org,
        (line,) if line else (),
        ask(words, app, holders) if ways else None,
        tuple(_besides(words, app)) if ways else (),
    )


def waived(words: Words, app: AppSummary) -> str:
    """Until when an app is accepted as it is, by whom and why."""
    assert app.waiver is not None  # only for such apps
    waiver = app.waiver
    return words(
        "holder.waived", date=words.date(waiver.until), name=waiver.by_name, why=waiver.why
    )


def holder(words: Words, app: AppSummary, holders: AppItems) -> Said:
    """Who has it and since when, or that nobody was asked yet."""
    request = holders.of(app)
    if request is None:
        return words("holder.nobody") if app.wants_consent else ""
    name = request.admin_name
    next_message = holders.next_messages.get(request.id)
    if request.stage is Stage.REQUESTED:
        if next_message is None or next_message.at is None:
            return words("holder.requested", name=name)
        soon = words.soon(next_message.at, zone_named(request.chat.time_zone))
        return words.said("holder.going", name=name, at=Moment(next_message.at, soon))
    at = request.requested_at
    if request.stage is Stage.ACKNOWLEDGED and request.proof is not None:
        at = request.proof.at
    elif request.stage is Stage.SAVED:
        at = request.changed_at or at
    told = words.moment(at, holders.zone) if holders.zone else words.ago(at, holders.now)
    return words.said(f"holder.{request.stage.value}", name=name, at=Moment(at, told))


def ask(words: Words, app: AppSummary, holders: AppItems) -> Command | None:
    """The button that asks whoever would be asked, where nobody is; it says what they get."""
    prospect = holders.prospects.get(app.ref)
    if not app.wants_consent or holders.of(app) is not None or prospect is None:
        return None
    if prospect.platform is None or not prospect.admin_name:
        return None
    return asking(words, app.ref, app.app.label, prospect.admin_name, prospect.platform)


def asking(words: Words, ref: AppRef, label: str, name: str, platform: Platform) -> Command:
    """The button that asks somebody for an app."""
    short = words("button.ask", name=first_name(name))
    return Command(
        f"send:{ref}",
        short,
        f"send {ref}",
        confirm=Confirm(
            words("confirm.ask_title", name=name),
            words("confirm.ask", name=name, app=label, reached=words(f"reached.{platform}")),
            short,
            words("button.cancel"),
        ),
    )


def first_name(name: str) -> str:
    """What a person is called on a button; the whole name where it cannot be told."""
    parts = name.split()
    return parts[0] if len(parts) == 2 and all(map(str.isalpha, parts)) else name


def _is_free(app: AppSummary, holders: AppItems) -> bool:
    """Whether somebody should be asked, and nobody was, with nothing known in the way."""
    return app.wants_consent and holders.of(app) is None and _nobody(app, holders) is None


def _nobody(app: AppSummary, holders: AppItems) -> Prospect | None:
    """What is known of an app for which nobody is asked, and nobody can be."""
    known = holders.prospects.get(app.ref)
    if known is None or known.nobody is None or not app.wants_consent or holders.of(app):
        return None
    return known


def _besides(words: Words, app: AppSummary) -> Iterator[Command]:
    ref = app.ref
    ways = [("why", "button.why_short")]
    if app.wants_consent:
        ways.append(("who", "button.who_short"))
    if app.state is not State.NOT_APPLICABLE:
        ways.append(("check", "button.check_short"))
    if app.is_waived:
        ways.append(("unwaive", "button.back_short"))
    elif app.is_open:
        ways.append(("waive", "button.waive_short"))
    for verb, label in ways:
        yield Command(f"{verb}:{ref}", words(label), f"{verb} {ref}")
