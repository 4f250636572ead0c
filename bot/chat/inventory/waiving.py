"""What is answered about waivers."""

from __future__ import annotations

from datetime import date, datetime

from bot.chat import phrases
from bot.chat.forms import Forms
from bot.chat.inventory.overview import paging
from bot.chat.people.app_items import waived
from bot.chat.typed.times.waiver_words import Term
from bot.chat.words import Words
from bot.domain.inventory.records import AppRecord
from bot.domain.inventory.waivers import Waiver
from bot.domain.summaries import AppSummary, Page, Part, Wanted
from bot.message import (
    Block,
    Buttons,
    Command,
    Confirm,
    Fact,
    Facts,
    Group,
    Heading,
    Item,
    Message,
    Note,
    Text,
)
from bot.services.inventory.waive import Waived


class WaiverReplies:
    """What is answered about waivers, in one language."""

    def __init__(self, words: Words) -> None:
        self._words = words

    @property
    def question(self) -> str:
        """Whether it is meant, where there is no button."""
        return self._words("waiver.question")

    def needs(self, app: str, term: Term | None, said: str, latest: date) -> Message:
        """No app, no end or no reason: what to say instead, with what was said already."""
        words = self._words
        example = {"app": app or "APP", "date": latest.isoformat()}
        if not app:
            text = words("waiver.needs_app", **example)
        elif term is None or (term.until is None and not said):
            text = words("waiver.needs_end", latest=words.date(latest), **example)
        elif term.until is None:
            text = words("waiver.end_unclear", said=phrases.quoted(said), **example)
        else:
            text = words("waiver.needs_reason", app=app, date=term.until.isoformat())
        until = term.until if term else None
        form = Forms(words).waive(app, until, latest)
        return Message(text, (Text(text),), form=form)

    def sure(self, found: Waived) -> Message:
        """What would happen, and the button that does it."""
        words, waiver, label = self._words, found.waiver, found.record.app.label
        title = words("waiver.sure_title", app=label)
        blocks: list[Block] = [Heading(title), self._facts(waiver), Text(words("waiver.sure_text"))]
        if found.asked is not None:
            blocks.append(Text(words("waiver.sure_asked", name=found.asked.admin_name)))
        said = f"waive sure {found.record.app.ref} until {waiver.until} because {waiver.why}"
        yes = words("waiver.yes")
        blocks.append(Buttons((Command("waive", yes, said, primary=True),)))
        return Message(title, tuple(blocks))

    def done(self, found: Waived) -> Message:
        """It is accepted; how to take that back."""
        words, ref = self._words, found.record.app.ref
        date = words.date(found.waiver.until)
        text = words("waiver.done", app=found.record.app.label, date=date)
        blocks: list[Block] = [Text(text)]
        if found.asked is not None:
            blocks.append(Text(words("waiver.done_asked", name=found.asked.admin_name)))
        blocks.append(Note(words("waiver.warned")))
        back = Command("unwaive", words("waiver.back"), f"unwaive {ref}")
        blocks.append(Buttons((back, Command("waivers", words("waiver.all"), "waivers"))))
        return Message(text, tuple(blocks))

    def taken_back(self, record: AppRecord) -> Message:
        """It is open again; whom to ask."""
        words, ref = self._words, record.app.ref
        text = words("waiver.taken_back", app=record.app.label)
        who = Command("who", words("button.who", app=record.app.label), f"who {ref}")
        return Message(text, (Text(text), Buttons((who,))))

    def listed(self, page: Page) -> Message:
        """What is accepted as it is: by whom, why, until when."""
        words = self._words
        if not page.shown:
            text = words("waiver.none")
            return Message(text, (Text(text),))
        title = words("waiver.title", count=page.waived)
        blocks: list[Block] = [
            Heading(title),
            Group(tuple(map(self._item, page.shown))),
        ]
        if page.pages > 1:
            blocks += paging(words, page, Wanted(Part.WAIVED))
        blocks.append(Note(words("waiver.how_back")))
        return Message(title, tuple(blocks))

    def _facts(self, waiver: Waiver) -> Facts:
        words = self._words
        return Facts(
            (
                Fact(words("column.until"), words.date(waiver.until)),
                Fact(words("column.reason"), waiver.why),
                Fact(words("column.by"), waiver.by_name),
            )
        )

    def _item(self, app: AppSummary) -> Item:
        words, ref = self._words, app.ref
        back = words("waiver.back")
        sure = Confirm(
            words("waiver.back_title", app=app.app.label),
            words("waiver.back_text"),
            back,
            words("button.cancel"),
        )
        why = Command(f"why:{ref}", words("button.why_short"), f"why {ref}")
        return Item(
            app.app.label,
            ref.org,
            (waived(words, app),),
            Command(f"unwaive:{ref}", back, f"unwaive {ref}", confirm=sure),
            (why,),
        )


def why_waived(words: Words, record: AppRecord, now: datetime) -> tuple[Text, ...]:
    """That an app is accepted as it is at `now` (UTC), if it is."""
    waiver = record.waiver
    if waiver is None or not waiver.holds(now) or not record.state(now).is_open:
        return ()
    said = {"date": words.date(waiver.until), "name": waiver.by_name, "why": waiver.why}
    return (Text(words("waiver.why", **said)),)
