"""What can be asked of the bot, as data. `understanding` makes it of what people type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.evidence.rules import EvidenceKind
from bot.domain.summaries import EVERY_OPEN, Wanted


@dataclass(frozen=True, slots=True)
class ListApps:
    """Which apps need migration; or those that are accepted as they are, or all, or some.

    `shared`: for everybody who is there.
    """

    page: int = 1
    wanted: Wanted = EVERY_OPEN
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Waive:
    """Accept an app as it is: `said` is until when and why. `sure`: what that does was read."""

    app: str
    said: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Unwaive:
    """Take a waiver back."""

    app: str


@dataclass(frozen=True, slots=True)
class Help:
    """What can be said; or more about one command."""

    about: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """All that there is for somebody at once: what waits for them, and the list for operators."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Somebody greets."""


@dataclass(frozen=True, slots=True)
class Thanks:
    """Somebody is content. `parting`: and goes."""

    parting: bool = False


@dataclass(frozen=True, slots=True)
class Deadlines:
    """By when it has to be done."""


@dataclass(frozen=True, slots=True)
class Mine:
    """What waits for me. `said` ("done", "no") names none of it; `when` was said with "later"."""

    said: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class SomebodyElse:
    """Whoever was asked says that `name` is right instead. It is offered, not done.

    From anybody else it asks what waits for that person.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Notes:
    """What was said by command and still holds; who was asked sees their own."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Take back what was said: `what` names the statement, `of` the account, person or code.

    "person": remove what is kept of somebody, which is for the terminal alone.
    """

    what: str
    of: str


@dataclass(frozen=True, slots=True)
class Why:
    """What is known of one app, and how. `in_full`: with what is folded away else."""

    app: str
    in_full: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What is known of the app that somebody's message speaks of. Nothing in `text` is done."""

    text: str


@dataclass(frozen=True, slots=True)
class Who:
    """Who can do it, and why them. `in_full`: with those who are ruled out."""

    app: str
    in_full: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Ask the right person; `now`: at once, whatever their hours are.

    `sure`: also when they have the message already.
    """

    app: str
    now: bool = False
    sure: bool = False


@dataclass(frozen=True, slots=True)
class SendAll:
    """Ask for every app that is open. `sure`: many people at once, whatever their hours are."""

    now: bool = False
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """Look at one app again, now."""

    app: str


@dataclass(frozen=True, slots=True)
class ScanAll:
    """Look at every org again, now."""


@dataclass(frozen=True, slots=True)
class Examine:
    """Test every connection and permission."""


@dataclass(frozen=True, slots=True)
class RemindNow:
    """Post the reminder to the channels now; not `sure`: say first where it goes."""

    sure: bool = False


@dataclass(frozen=True, slots=True)
class Own:
    """Whose admin account it is: `owner` is the person's address, "" when it is nobody's."""

    account: str
    owner: str


@dataclass(frozen=True, slots=True)
class Deny:
    """Never ask this account."""

    account: str


@dataclass(frozen=True, slots=True)
class Allow:
    """This account may be asked."""

    account: str


@dataclass(frozen=True, slots=True)
class Onboard:
    """Let the bot read one more tenant."""

    domain: str


@dataclass(frozen=True, slots=True)
class Verify:
    """Whether a message with this code is real."""

    code: str


@dataclass(frozen=True, slots=True)
class ItIsMe:
    """The asked person takes it on, by their chat account."""

    code: str


@dataclass(frozen=True, slots=True)
class NotMe:
    """The asked person is the wrong one, `suggestion` is right. Not `sure`, it is asked back."""

    code: str
    suggestion: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Export:
    """The list as a file."""


@dataclass(frozen=True, slots=True)
class PlanAhead:
    """Who would get what in the next `days` days. `said`: what was no number of days."""

    days: int = 30
    said: str = ""


@dataclass(frozen=True, slots=True)
class ReportNow:
    """Post the report to the channels now; not `sure`: say first where it goes."""

    sure: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """Show me what a personal reminder looks like."""


@dataclass(frozen=True, slots=True)
class Later:
    """The asked person wants to hear of it then (their local time); None: offer times.

    `code` may be several, with commas, or `EVERYTHING`: all that waited when the message with the
    button was `shown` (UTC), or now.
    """

    code: str
    at: datetime | None = None
    reason: str = ""
    shown: datetime | None = None


EVERYTHING = "all"


@dataclass(frozen=True, slots=True)
class Saved:
    """The asked person has saved it in Okta."""

    code: str


@dataclass(frozen=True, slots=True)
class Saw:
    """The asked person answers what else there was; None: ask. Said as `saw CODE fields yes`."""

    code: str
    told: EvidenceKind | None = None


@dataclass(frozen=True, slots=True)
class Already:
    """The asked person says that it was done before."""

    code: str


@dataclass(frozen=True, slots=True)
class NeedsCode:
    """A command about a message to the asker, said without the message's code."""

    verb: str


@dataclass(frozen=True, slots=True)
class Away:
    """I am away up to and with that day. `ahead`: when it begins is said, too."""

    said: str
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class PartTime:
    """I do not work on these weekdays (Monday is 0); none: I work the whole week."""

    off: frozenset[int]


@dataclass(frozen=True, slots=True)
class Back:
    """I am back."""


Personal = (
    Verify
    | ItIsMe
    | NotMe
    | Later
    | Saved
    | Saw
    | Already
    | Notes
    | Forget
    | Away
    | Back
    | PartTime
    | NeedsCode
)
"""What the asked person may say, operator or not: whose code or account it is decides."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """Not understood. `closest` is the command that was perhaps meant, as it is said, or "".

    `part` is what a part of it asks, where it names no app; it changes nothing.
    """

    said: str
    closest: str = ""
    part: Command | None = None


@dataclass(frozen=True, slots=True)
class Unsure:
    """A command that changes something, but not clearly said; `clearly` is how that is said."""

    clearly: str


@dataclass(frozen=True, slots=True)
class NeedsApp:
    """A command that needs an app, said without one."""

    verb: str


@dataclass(frozen=True, slots=True)
class NeedsDomain:
    """`onboard`, said without a domain."""


@dataclass(frozen=True, slots=True)
class NeedsAccount:
    """A command that needs an account (and `owner` a person), said without."""

    verb: str


Operators = (
    ListApps
    | Deadlines
    | Why
    | About
    | Who
    | Send
    | SendAll
    | Check
    | ScanAll
    | Examine
    | RemindNow
    | Own
    | Deny
    | Allow
    | Waive
    | Unwaive
    | Onboard
    | PlanAhead
    | ReportNow
    | Sample
    | Export
    | Unclear
    | Unsure
    | NeedsApp
    | NeedsAccount
    | NeedsDomain
)
"""What is not said by just anybody."""
Command = Operators | Personal | Mine | SomebodyElse | Help | Home | Hello | Thanks
