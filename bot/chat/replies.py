"""Results as messages: lists, reasons, people, progress, errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from bot.chat import phrases
from bot.chat.consent import sending
from bot.chat.consent.personal import PersonalReplies
from bot.chat.forms import Forms
from bot.chat.inventory.waiving import WaiverReplies
from bot.chat.phrases import plain
from bot.chat.typed.verbs import (
    ABOUT_ACCOUNTS,
    ABOUT_APPS,
    ABOUT_MESSAGES,
)
from bot.chat.words import Words
from bot.domain.inventory.records import OrgScan
from bot.errors import AppAmbiguous, AppUnknown, O365BotError
from bot.message import (
    Buttons,
    Cell,
    Command,
    Group,
    Item,
    Message,
    Progress,
    Table,
    Text,
    Tone,
)
from bot.services.campaign.outreach import AlreadyAsked, Sent, SentAll, WouldReach
from bot.services.campaign.postpone import Absences

CHOICES = 8


class Replies:
    """Writes results out in one language; what can be said next only where it can (`in_chat`)."""

    def __init__(self, words: Words, *, in_chat: bool = True) -> None:
        self.words = self._words = words
        self._in_chat = in_chat
        self.waivers = WaiverReplies(words)
        self._forms = Forms(words)

    def org_unknown(self, org: str, orgs: Sequence[str]) -> Message:
        """No list: there is no such org."""
        names = self._words("phrase.comma").join(orgs)
        return plain(self._words("list.org_unknown", org=phrases.quoted(org), orgs=names))

    def _columns(self, *names: str) -> tuple[str, ...]:
        return tuple(self._words(f"column.{name}") for name in names)

    def sent(self, found: Sent | AlreadyAsked, link_hours: int, now: datetime) -> Message:
        """Somebody was asked and when their message goes out, or that they have it already."""
        if isinstance(found, AlreadyAsked):
            return sending.holds(self._words, found, now)
        return sending.sent(self._words, found, link_hours, now)

    def sent_all(self, found: SentAll | WouldReach) -> Message:
        """All that is open was asked for, or "now" is asked back."""
        if isinstance(found, WouldReach):
            return sending.disturbs(self._words, found)
        return sending.sent_all(self._words, found)

    def posted(self, verb: str, channels: int) -> Message:
        """It is on its way."""
        return plain(self._words(f"public.{verb}_sent", count=channels))

    def sample(self, found: Message | None) -> Message:
        """A personal reminder as its receiver would see it, and that it is none."""
        if found is None:
            return plain(self._words("sample.nobody"))
        return Message(found.summary, (Text(self._words("sample.reason")), *found.blocks))

    def part_time(self, works: frozenset[int] | None) -> Message:
        """A part-time week was noted; None: no day would be left."""
        words = self._words
        if works is None:
            return plain(words("week.empty"))
        days = words("phrase.comma").join(words.weekday(day) for day in sorted(works))
        return plain(words("week.noted", days=days))

    def away(self, wanted: date, noted: Absences) -> Message:
        """An absence was noted, perhaps for less long than `wanted`, or ended."""
        words = self._words
        if noted.said is None:
            said = [words("away.back", date=words.date(wanted))]
        else:
            said = [phrases.absence(words, "done", noted.said)]
            if noted.said.last < wanted:
                said.insert(0, words("away.capped"))
        if noted.beside:
            said.append(phrases.absences_beside(words, noted.beside))
        elif noted.said is not None and noted.said.first is not None:
            said.append(words("away.cancel"))
        return plain(" ".join(said))

    def not_asked(self) -> Message:
        """Away, said by somebody who is asked for nothing."""
        return plain(self._words("away.not_asked"))

    def away_until_when(self, first: date | None) -> Message:
        """When it begins was said, and not when it ends."""
        return plain(self._words("away.when"), self._forms.away(first))

    def no_absence(self, first: date, last: date, today: date) -> Message:
        """It ends before it begins, is over, or begins in more than a year."""
        words = self._words
        key = "swapped" if last < first else "over" if last < today else "far"
        said = words(f"away.{key}", first=words.date(first), last=words.date(last))
        return plain(said, self._forms.away())

    def no_moment(self, said: str) -> Message:
        """The day was not understood, or none was said."""
        if not said:
            return plain(self._words("away.when"), self._forms.away())
        text = self._words("away.unclear", said=phrases.quoted(said))
        return plain(text, self._forms.away())

    def scanning(self, org: str, done: int, total: int) -> Message:
        """A look at an org, while it goes on."""
        label = self._words("scan.progress", org=org, done=done, total=total)
        return Message(label, (Progress(done, total, label),))

    def scanned(self, scans: Sequence[OrgScan]) -> Message:
        """How the look at each org went."""
        words = self._words
        title = words("scan.title")
        rows = tuple(
            (
                Cell(scan.org),
                Cell(words("scan.counted", count=scan.apps)),
                Cell(scan.failure, Tone.ATTENTION)
                if scan.failure
                else Cell(words("scan.done"), Tone.GOOD),
            )
            for scan in scans
        )
        return Message(title, (Table(self._columns("org", "apps", "outcome"), rows),))

    def unclear(self, said: str, closest: str) -> Message:
        """Not understood: the closest command, or help."""
        words = self._words
        text = words("unclear.text", said=phrases.quoted(said))
        buttons = [Command("help", words("button.help"), "help")]
        if closest in ABOUT_MESSAGES:
            return PersonalReplies(words).needs_code(closest)
        if closest == "onboard":
            return PersonalReplies(words).needs_domain()
        if closest in ABOUT_APPS:
            text = words("unclear.closest_app", said=phrases.quoted(said), closest=closest)
        elif closest in ABOUT_ACCOUNTS:
            text = words("unclear.closest_account", said=phrases.quoted(said), closest=closest)
        elif closest:
            text = words(
                "unclear.closest", said=phrases.quoted(said), closest=phrases.quoted(closest)
            )
            buttons.insert(0, self._say(closest, primary=True))
        else:
            buttons.append(Command("apps", words("button.apps"), "apps"))
        return Message(text, (Text(text), Buttons(tuple(buttons))))

    def _say(self, command: str, *, primary: bool = False) -> Command:
        label = self._words("button.say", words=command)
        return Command(f"say:{command}", label, command, primary=primary)

    def needs_app(self, verb: str) -> Message:
        """A command that needs an app."""
        return plain(self._words("unclear.needs_app", verb=verb), self._forms.app(verb))

    def needs_account(self, verb: str) -> Message:
        """A command that needs an account."""
        words = self._words
        if verb == "owner":
            return plain(words("unclear.needs_owner"), self._forms.owner())
        return plain(words("unclear.needs_account", verb=verb), self._forms.account(verb))

    def error(self, error: O365BotError, verb: str = "") -> Message:
        """What went wrong, in words, and what to do next.

        `verb` is that of a command about an app: with another app it can be said again.
        """
        words = self._words
        match error:
            case AppUnknown(name=name, closest=closest) if closest:
                names = words("phrase.comma").join(closest)
                text = words("error.app_unknown_close", name=name, closest=names)
                again = [(label, "", f"{verb} {label}") for label in closest]
            case AppUnknown(name=name):
                text = self._with_hint(words("error.app_unknown", name=name), "hint.all")
                again = []
            case AppAmbiguous(name=name, choices=choices):
                return self._ambiguous(name, choices, verb)
            case _:
                return plain(phrases.error_text(words, error))
        return Message(text, (Text(text), *((self._choices(again),) if verb and again else ())))

    def about(self, found: Mapping[str, str]) -> Message:
        """A message names several apps, or none (`found`: labels by reference)."""
        words = self._words
        text = words("about.several" if found else "about.none")
        if found:
            return Message(text, (Text(text), self._apps(found, "why")))
        apps = Command("apps", words("button.apps"), "apps")
        return Message(text, (Text(text), Buttons((apps,))))

    def _apps(self, found: Mapping[str, str], verb: str) -> Group:
        """Apps to choose from for a command, by reference."""
        shown = list(found.items())[:CHOICES]
        return self._choices(
            [(label, ref.partition("/")[0], f"{verb} {ref}") for ref, label in shown]
        )

    def _choices(self, found: Sequence[tuple[str, str, str]]) -> Group:
        """Names, what is beside each, and what choosing it says: no name fits on every button."""
        choose = self._words("button.choose")
        return Group(
            tuple(
                Item(name, beside, button=Command(f"say:{said}", choose, said))
                for name, beside, said in found
            )
        )

    def _ambiguous(self, name: str, choices: Mapping[str, str], verb: str) -> Message:
        """The apps that a name fits: buttons where they can be pressed, else ids to type."""
        words = self._words
        if verb:
            text = words("error.app_ambiguous_press", name=name, count=len(choices))
            return Message(text, (Text(text), self._apps(choices, verb)))
        shown = [f"{label} ({ref})" for ref, label in list(choices.items())[:CHOICES]]
        names = words("phrase.comma").join(shown)
        if len(choices) > len(shown):
            names = words("nudge.names", names=names)
        return plain(words("error.app_ambiguous", name=name, choices=names))

    def _with_hint(self, text: str, hint: str) -> str:
        """The text, with what can be said next where that can be said."""
        return f"{text} {self._words(hint)}" if self._in_chat else text

    def broken(self, reference: str) -> Message:
        """A bug: says so, with the reference that the log line carries."""
        return plain(self._words("error.broken", reference=reference))
