"""Every error that o365bot raises on purpose (docs/errors.md has them as a table).

Five kinds below one root: the settings, a cloud (Okta, Microsoft), a chat platform, the store, and
what a person or a link wanted. A driver's own error is wrapped once, at the adapter's border,
with the original as `__cause__`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from bot.domain.refusals import Scope


class O365BotError(Exception):
    """Root of all. `hint` says what the reader can do next; both are free of secrets.

    `code` is stable: the class's name in snake case.
    """

    code: ClassVar[str] = "o365bot"

    def __init_subclass__(cls) -> None:
        cls.code = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SettingsInvalid(O365BotError):
    """The settings cannot be used; `problems` holds one line per wrong key."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(
            "The settings cannot be used:\n" + "\n".join(f"  - {line}" for line in problems),
            hint="\nEvery key is explained in docs/settings.md.",
        )
        self.problems = problems


class CloudError(O365BotError):
    """An Okta or Microsoft API did not give what was asked for.

    `where` names the Okta org or Entra tenant, `call` the API call without its host.
    """

    def __init__(self, message: str, *, where: str, call: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.where = where
        self.call = call


class CloudUnreachable(CloudError):
    """No usable answer: connection, TLS, time-out, or a server error that persisted."""


class CloudThrottled(CloudError):
    """A rate limit was hit and waiting did not help. `retry_after` is in seconds.

    `told`: the API named that time. Where it did not, each further try waits longer.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str,
        call: str,
        retry_after: float,
        told: bool = True,
        hint: str = "",
    ) -> None:
        super().__init__(message, where=where, call=call, hint=hint)
        self.retry_after = retry_after
        self.told = told


class CloudRefused(CloudError):
    """401 or 403. `missing` names the scope, role or permission that would help, if known.

    `reason` is the API's own stable error code (such as `AadPremiumLicenseRequired`).
    """

    def __init__(
        self,
        message: str,
        *,
        where: str,
        call: str,
        missing: str = "",
        reason: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, where=where, call=call, hint=hint)
        self.missing = missing
        self.reason = reason


class CloudNotFound(CloudError):
    """404: the app, user or tenant does not exist there."""


class TenantUnknown(CloudNotFound):
    """No tenant has this domain."""

    def __init__(self, domain: str, *, call: str, hint: str = "") -> None:
        message = f"Microsoft knows no tenant for the domain {domain!r}."
        super().__init__(message, where=domain, call=call, hint=hint)
        self.domain = domain


class CloudAnswerInvalid(CloudError):
    """The answer is not what the API documents."""


class ChatError(O365BotError):
    """A chat platform did not accept a message. `scope`: what the refusal is about."""

    scope: ClassVar[Scope] = Scope.UNTOLD


class ChatUnreachable(ChatError):
    """The outcome is unknown, or the platform did not accept it; may be retried.

    `nothing_sent`: there was not even a connection, so nothing can have been taken.
    """

    scope = Scope.PASSING

    def __init__(self, message: str, *, hint: str = "", nothing_sent: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.nothing_sent = nothing_sent


class ChatThrottled(ChatError):
    """Too many messages, or (`searching`) look-ups. `retry_after` is in seconds."""

    scope = Scope.PASSING

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.searching = False


class PersonUnreachable(ChatError):
    """This person cannot be messaged: not installed, blocked, deactivated, not found."""

    scope = Scope.PERSON


class ChannelUnreachable(ChatError):
    """This channel cannot be posted to: archived, not a member, gone."""

    scope = Scope.CHANNEL


class MessageGone(ChatError):
    """The message to change no longer exists."""

    scope = Scope.GONE


class MessageRefused(ChatError):
    """The platform calls the message itself invalid; trying again will not help."""

    scope = Scope.MESSAGE


class ChatRefused(ChatError):
    """The platform refused, and does not say what it is about."""


class ChatMisconfigured(ChatError):
    """The installation itself is refused: token revoked, scope missing, wrong tenant."""

    scope = Scope.INSTALLATION


class ScopeMissing(ChatMisconfigured):
    """The installation lacks permission for this one kind of call; others may go through."""

    scope = Scope.CALL


def refused(scope: Scope, message: str, *, hint: str = "") -> ChatError:
    """The error of a refusal that is about `scope`.

    ADDRESS is for the adapter to follow, so it is none that is raised.
    """
    match scope:
        case Scope.PASSING:
            return ChatUnreachable(message, hint=hint, nothing_sent=True)
        case Scope.MESSAGE:
            return MessageRefused(message, hint=hint)
        case Scope.GONE:
            return MessageGone(message, hint=hint)
        case Scope.PERSON:
            return PersonUnreachable(message, hint=hint)
        case Scope.CHANNEL:
            return ChannelUnreachable(message, hint=hint)
        case Scope.CALL:
            return ScopeMissing(message, hint=hint)
        case Scope.INSTALLATION:
            return ChatMisconfigured(message, hint=hint)
        case Scope.ADDRESS | Scope.UNTOLD:
            return ChatRefused(message, hint=hint)


class StoreError(O365BotError):
    """Redis did not do what was asked."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or started."""


class StoreUnsafe(StoreError):
    """The store may lose data: it evicts keys, or is not a master."""


class StoreNewer(StoreUnsafe):
    """A newer release has brought the store into its form: this one writes nothing, and ends."""


class BackupUnusable(StoreError):
    """A backup cannot be read, written, or restored here."""


class NotDurable(StoreError):
    """Written, but too few replicas confirmed it in time: try again."""


class RecordUnreadable(StoreError):
    """The store holds a record that this version cannot read."""


class Conflict(StoreError):
    """A record changed since it was read; nothing was written."""


class ConsentError(O365BotError):
    """A personal link or a consent request cannot be used in this way."""


class LinkUnknown(ConsentError):
    """There is no such link."""


class LinkExpired(ConsentError):
    """The link has expired."""


class LinkSpent(ConsentError):
    """The link has already been used."""


class LinkRevoked(ConsentError):
    """A newer link replaced it, or the request ended."""


class StepNotAllowed(ConsentError):
    """The transition table allows no such step from this stage."""


class AppUnknown(ConsentError):
    """No app of that name. `closest` holds labels that look alike."""

    def __init__(self, name: str, closest: tuple[str, ...] = ()) -> None:
        super().__init__(f"No Office 365 app is called “{name}”.")
        self.name = name
        self.closest = closest


class AppAmbiguous(ConsentError):
    """Several apps fit the name. `choices` holds the label of each by its `org/app id` key."""

    def __init__(self, name: str, choices: Mapping[str, str]) -> None:
        super().__init__(f"“{name}” matches several apps: {', '.join(choices)}.")
        self.name = name
        self.choices = choices


class NobodyReachable(ConsentError):
    """No Global Administrator of the app's tenant can be asked."""


class NothingToDo(ConsentError):
    """The app needs no consent now."""


class AppUnreadable(NothingToDo):
    """The app called `app` cannot be read, so nobody knows whether somebody should be asked."""

    def __init__(self, app: str) -> None:
        super().__init__(f"{app} cannot be read.")
        self.app = app


class NotYours(ConsentError):
    """There is no such request, or it is somebody else's: nobody learns which."""


class AppWaived(NothingToDo):
    """The app called `app` is accepted as it is through the day `until`."""

    def __init__(self, app: str, until: date) -> None:
        super().__init__(f"{app} is accepted as it is until {until}.")
        self.app = app
        self.until = until


class WaiverUnfit(ConsentError):
    """A waiver that cannot be created or ended."""


class NothingToWaive(WaiverUnfit):
    """The app needs nothing, so there is nothing to accept."""


class NotWaived(WaiverUnfit):
    """The app has no waiver, so there is nothing to take back."""


class WaiverPast(WaiverUnfit):
    """It would end in the past."""


class WaiverTooLong(WaiverUnfit):
    """It would be longer than the settings allow; `latest` is the last day that may be."""

    def __init__(self, message: str, *, latest: date) -> None:
        super().__init__(message)
        self.latest = latest


class TooManyAbsences(O365BotError):
    """Somebody said more often that they will be away than is kept."""


class SentElsewhere(ConsentError):
    """The request is the asker's own, but was sent on the other `platform` (a Platform's value)."""

    def __init__(self, platform: str) -> None:
        super().__init__(f"That message was sent in {platform}.")
        self.platform = platform


class ProofTooWeak(ConsentError):
    """This proof of identity is too weak. `needed` is a ProofKind's value."""

    def __init__(self, message: str, *, needed: str) -> None:
        super().__init__(message)
        self.needed = needed


class SessionUnknown(ConsentError):
    """This browser has no proof of who uses it, or the proof is too old."""


class RoleLost(SessionUnknown):
    """The person is no longer a Global Administrator of that tenant; the session has ended."""


class TooManyTries(ConsentError):
    """A limit per link, request or address was reached. `retry_after` is in seconds."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("Too many attempts in a short time.")
        self.retry_after = retry_after


class SignInError(ConsentError):
    """A sign-in at Microsoft was not completed; nothing was used up."""


class SignInUnknown(SignInError):
    """The answer belongs to no sign-in started recently in this browser."""


class SignInDeclined(SignInError):
    """The person cancelled at Microsoft."""


class SignInRefused(SignInError):
    """Microsoft refused the sign-in. `reason` is its stable code, such as `AADSTS50105`."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class TokenInvalid(SignInError):
    """A token that cannot be trusted. `reason` says why, free of secrets."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The token from Microsoft is not valid: {reason}.")
        self.reason = reason
