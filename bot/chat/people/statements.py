"""What was said by command and still holds, each with the button that takes it back."""

from __future__ import annotations

from bot.chat import phrases
from bot.chat.people import people
from bot.chat.phrases import plain
from bot.chat.words import Words
from bot.domain.consent.requests import ConsentRequest
from bot.domain.consent.snooze import zone_named
from bot.domain.people.absences import Absence
from bot.domain.people.admins import ChatIdentity
from bot.domain.people.policy import AccountNote
from bot.domain.summaries import AppSummary
from bot.message import Block, Command, Group, Heading, Item, Message, Note, Text
from bot.services.campaign.statements import AllStatements, OwnTime, TakenBack, Topic

SHOWN = 20
"""Of each kind; the messages of the platforms end somewhere."""


def listed(words: Words, said: AllStatements) -> Message:
    """What holds, by kind."""
    absences = [_away(words, one.chat, each) for one in said.times for each in one.absences]
    weeks = [one for one in said.times if one.off is not None]
    groups = (
        _group(words, "accounts", [_note(words, one) for one in said.notes[:SHOWN]]),
        _group(words, "waived", [_waived(words, one) for one in said.waived[:SHOWN]]),
        _group(words, "later", [_put_off(words, one) for one in said.put_off[:SHOWN]]),
        _group(words, "away", absences[:SHOWN]),
        _group(words, "week", [_week(words, one) for one in weeks[:SHOWN]]),
    )
    shown: list[Block] = [group for group in groups if group.items]
    if not shown:
        return plain(words("statements.none"))
    title = words("statements.title")
    left = (
        len(said.notes) + said.waived_in_all + len(said.put_off) + len(absences) + len(weeks)
    ) - sum(len(group.items) for group in groups)
    more = [Note(words("statements.more", count=left))] if left > 0 else []
    return Message(title, (Heading(title), *shown, *more))


def taken_back(words: Words, done: TakenBack | None) -> Message:
    """It does not hold any more; None: nothing like it was said."""
    if done is None:
        return plain(words("statements.unknown"))
    listed = phrases.absence(words, "listed", done.absence) if done.absence is not None else ""
    text = words(f"statements.taken_{done.topic.value}", of=done.of, listed=listed)
    if done.noted is not None and done.noted.known:
        text = f"{text} {words('noted.affected', count=len(done.noted.affected))}"
    return plain(text)


def which(words: Words, chat: ChatIdentity, absences: tuple[Absence, ...]) -> Message:
    """They are back from none of these, and may have called one off."""
    text = words("away.which")
    items = [_away(words, chat, one) for one in absences]
    return Message(text, (Text(text), _group(words, "away", items)))


def for_the_terminal(words: Words) -> Message:
    """What is kept of a person goes for good: nobody says that in passing, or as somebody else."""
    return plain(words("statements.forget_person"))


def _group(words: Words, kind: str, items: list[Item]) -> Group:
    return Group(tuple(items), words(f"statements.{kind}"))


def _button(words: Words, topic: Topic, of: str) -> Command:
    label = words("statements.take_back")
    return Command(f"forget:{topic}:{of}", label, f"forget {topic} {of}")


def _note(words: Words, note: AccountNote) -> Item:
    topic = Topic(note.said.topic)
    said = people.said(words, note)
    return Item(note.account, lines=(said,), button=_button(words, topic, note.account))


def _waived(words: Words, app: AppSummary) -> Item:
    assert app.waiver is not None  # it is in this part of the list
    waiver = app.waiver
    said = words(
        "statements.until", date=words.date(waiver.until), by=waiver.by_name, why=waiver.why
    )
    back = Command(f"unwaive:{app.ref}", words("statements.take_back"), f"unwaive {app.ref}")
    return Item(app.app.label, app.ref.org, (said,), back)


def _put_off(words: Words, request: ConsentRequest) -> Item:
    assert request.snooze is not None  # it is put off
    at = words.moment(request.snooze.until, zone_named(request.snooze.zone))
    said = words("statements.put_off", name=request.admin_name, at=at)
    if request.snooze.reason:
        said = words("statements.because", said=said, why=request.snooze.reason)
    button = _button(words, Topic.LATER, request.code)
    return Item(request.app_label, request.tenant_domain, (said,), button)


def _away(words: Words, chat: ChatIdentity, absence: Absence) -> Item:
    said = phrases.absence(words, "listed", absence)
    return Item(chat.display_name or str(chat), lines=(said,),
                button=_button(words, Topic.AWAY, f"{chat} {absence.last}"))  # fmt: skip


def _week(words: Words, time: OwnTime) -> Item:
    chat, off = time.chat, sorted(time.off or ())
    days = words("phrase.comma").join(words.weekday(day) for day in off)
    said = words("statements.off", days=days) if off else words("statements.whole_week")
    return Item(chat.display_name or str(chat), lines=(said,),
                button=_button(words, Topic.WEEK, str(chat)))  # fmt: skip
