"""Every error that o365bot raises on purpose.

    O365BotError                 root: stable `code`, what happened, what to do next (`hint`)
    ├── SettingsInvalid          the settings cannot be used; lists every wrong key
    ├── CloudError               an Okta or Microsoft API did not give what was asked for
    │   ├── CloudUnreachable     no answer: connection, TLS, time-out, 5xx after retries
    │   ├── CloudThrottled       a rate limit was hit and waiting did not help
    │   ├── CloudRefused         401/403: a permission, scope or role is missing
    │   ├── CloudNotFound        404: the app, user or tenant does not exist there
    │   │   └── TenantUnknown    no tenant has that domain
    │   └── CloudAnswerInvalid   not what the API documents (HTML, truncated, huge, looping)
    ├── ChatError                a chat platform did not accept a message
    │   ├── ChatUnreachable      outcome unknown or not accepted; may be retried
    │   ├── ChatThrottled        try again after `retry_after` seconds
    │   ├── PersonUnreachable    this person cannot be messaged (not installed, blocked, gone)
    │   ├── ChannelUnreachable   this channel cannot be posted to (archived, not a member, gone)
    │   ├── MessageGone          the message to change no longer exists
    │   ├── MessageRefused       the platform calls the message itself invalid: our bug
    │   ├── ChatRefused          refused, and the platform does not say what it is about
    │   └── ChatMisconfigured    the installation itself is refused (token revoked, wrong tenant)
    │       └── ScopeMissing     it lacks permission for this one kind of call
    ├── StoreError               Redis
    │   ├── StoreUnavailable     cannot be reached or started
    │   ├── StoreUnsafe          it may evict keys or is not a master: refused at start
    │   ├── BackupUnusable       a backup cannot be read, written, or laid down here
    │   ├── NotDurable           written, but on too few replicas: try again
    │   ├── RecordUnreadable     a record that this version cannot read
    │   └── Conflict             the record changed since it was read: read and decide again
    └── ConsentError             a personal link or request cannot be used
        ├── LinkUnknown          no such link
        ├── LinkExpired          it has expired
        ├── LinkSpent            it has already been used
        ├── LinkRevoked          a newer link replaced it, or the request ended
        ├── StepNotAllowed       the transition table has no such step from this stage
        ├── AppUnknown           no app of that name
        ├── AppAmbiguous         several apps of that name
        ├── NobodyReachable      no Global Administrator can be asked
        ├── NothingToDo          the app needs no consent now
        │   ├── AppUnreadable    it cannot be read, so what it needs is unknown
        │   └── AppWaived        it is accepted as it is for now
        ├── WaiverUnfit          a waiver that is not possible
        │   ├── NothingToWaive   the app needs nothing
        │   ├── NotWaived        it has no waiver, so there is nothing to take back
        │   ├── WaiverPast       its end is in the past
        │   └── WaiverTooLong    its end is too far away
        ├── NotYours             somebody else's request, or none: the answer is the same
        ├── SentElsewhere        the asker's own request, sent on the other chat platform
        ├── ProofTooWeak         a stronger proof of identity is needed
        ├── SessionUnknown       this browser has no proof of who uses it, or too old a one
        │   └── RoleLost         the person is no longer a Global Administrator
        ├── TooManyTries         a limit per link or per address; again after `retry_after`
        └── SignInError          a sign-in at Microsoft was not completed
            ├── SignInUnknown    not started recently in this browser, or already answered
            ├── SignInDeclined   the person cancelled at Microsoft
            ├── SignInRefused    Microsoft refused; `reason` is its code
            └── TokenInvalid     the token cannot be trusted

A driver's own error is wrapped once, at the adapter's border, with the original as `__cause__`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from bot.domain.refusals import Scope


class O365BotError(Exception):
    """Root of the tree. `hint` says what the reader can do next; both are free of secrets."""

    code = "o365bot"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class SettingsInvalid(O365BotError):
    """The settings cannot be used; `problems` holds one line per wrong key."""

    code = "settings_invalid"

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

    code = "cloud_error"

    def __init__(self, message: str, *, where: str, call: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.where = where
        self.call = call


class CloudUnreachable(CloudError):
    """No usable answer: connection, TLS, time-out, or a server error that persisted."""

    code = "cloud_unreachable"


class CloudThrottled(CloudError):
    """A rate limit was hit and waiting did not help. `retry_after` is in seconds."""

    code = "cloud_throttled"

    def __init__(
        self, message: str, *, where: str, call: str, retry_after: float, hint: str = ""
    ) -> None:
        super().__init__(message, where=where, call=call, hint=hint)
        self.retry_after = retry_after


class CloudRefused(CloudError):
    """401 or 403. `missing` names the scope, role or permission that would help, if known.

    `reason` is the API's own stable error code (such as `AadPremiumLicenseRequired`).
    """

    code = "cloud_refused"

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

    code = "cloud_not_found"


class TenantUnknown(CloudNotFound):
    """No tenant has this domain."""

    code = "tenant_unknown"

    def __init__(self, domain: str, *, call: str, hint: str = "") -> None:
        message = f"Microsoft knows no tenant for the domain {domain!r}."
        super().__init__(message, where=domain, call=call, hint=hint)
        self.domain = domain


class CloudAnswerInvalid(CloudError):
    """The answer is not what the API documents."""

    code = "cloud_answer_invalid"


class ChatError(O365BotError):
    """A chat platform did not accept a message. `scope`: what the refusal is about."""

    code = "chat_error"
    scope: ClassVar[Scope] = Scope.UNTOLD


class ChatUnreachable(ChatError):
    """The outcome is unknown, or the platform did not accept it; may be retried.

    `nothing_sent`: there was not even a connection, so nothing can have been taken.
    """

    code = "chat_unreachable"
    scope = Scope.PASSING

    def __init__(self, message: str, *, hint: str = "", nothing_sent: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.nothing_sent = nothing_sent


class ChatThrottled(ChatError):
    """Too many messages, or (`looking`) look-ups. `retry_after` is in seconds."""

    code = "chat_throttled"
    scope = Scope.PASSING

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.searching = False


class PersonUnreachable(ChatError):
    """This person cannot be messaged: not installed, blocked, deactivated, not found."""

    code = "person_unreachable"
    scope = Scope.PERSON


class ChannelUnreachable(ChatError):
    """This channel cannot be posted to: archived, not a member, gone."""

    code = "channel_unreachable"
    scope = Scope.CHANNEL


class MessageGone(ChatError):
    """The message to change no longer exists."""

    code = "message_gone"
    scope = Scope.GONE


class MessageRefused(ChatError):
    """The platform calls the message itself invalid; trying again will not help."""

    code = "message_refused"
    scope = Scope.MESSAGE


class ChatRefused(ChatError):
    """The platform refused, and does not say what it is about."""

    code = "chat_refused"


class ChatMisconfigured(ChatError):
    """The installation itself is refused: token revoked, scope missing, wrong tenant."""

    code = "chat_misconfigured"
    scope = Scope.INSTALLATION


class ScopeMissing(ChatMisconfigured):
    """The installation lacks permission for this one kind of call; others may go through."""

    code = "scope_missing"
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

    code = "store_error"


class StoreUnavailable(StoreError):
    """The store cannot be reached or started."""

    code = "store_unavailable"


class StoreUnsafe(StoreError):
    """The store may lose data: it evicts keys, or is not a master."""

    code = "store_unsafe"


class BackupUnusable(StoreError):
    """A backup cannot be read, written, or laid down here."""

    code = "backup_unusable"


class NotDurable(StoreError):
    """Written, but too few replicas confirmed it in time: try again."""

    code = "not_durable"


class RecordUnreadable(StoreError):
    """The store holds a record that this version cannot read."""

    code = "record_unreadable"


class Conflict(StoreError):
    """A record changed since it was read; nothing was written."""

    code = "conflict"


class ConsentError(O365BotError):
    """A personal link or a consent request cannot be used in this way."""

    code = "consent_error"


class LinkUnknown(ConsentError):
    """There is no such link."""

    code = "link_unknown"


class LinkExpired(ConsentError):
    """The link has expired."""

    code = "link_expired"


class LinkSpent(ConsentError):
    """The link has already been used."""

    code = "link_spent"


class LinkRevoked(ConsentError):
    """A newer link replaced it, or the request ended."""

    code = "link_revoked"


class StepNotAllowed(ConsentError):
    """The transition table allows no such step from this stage."""

    code = "step_not_allowed"


class AppUnknown(ConsentError):
    """No app of that name. `closest` holds labels that look alike."""

    code = "app_unknown"

    def __init__(self, name: str, closest: tuple[str, ...] = ()) -> None:
        super().__init__(f"No Office 365 app is called “{name}”.")
        self.name = name
        self.closest = closest


class AppAmbiguous(ConsentError):
    """Several apps fit the name. `choices` holds the label of each by its `org/app id` key."""

    code = "app_ambiguous"

    def __init__(self, name: str, choices: Mapping[str, str]) -> None:
        super().__init__(f"“{name}” matches several apps: {', '.join(choices)}.")
        self.name = name
        self.choices = choices


class NobodyReachable(ConsentError):
    """No Global Administrator of the app's tenant can be asked."""

    code = "nobody_reachable"


class NothingToDo(ConsentError):
    """The app needs no consent now."""

    code = "nothing_to_do"


class AppUnreadable(NothingToDo):
    """The app called `app` cannot be read, so nobody knows whether somebody should be asked."""

    code = "app_unreadable"

    def __init__(self, app: str) -> None:
        super().__init__(f"{app} cannot be read.")
        self.app = app


class NotYours(ConsentError):
    """There is no such request, or it is somebody else's: nobody learns which."""

    code = "not_yours"


class AppWaived(NothingToDo):
    """The app called `app` is accepted as it is through the day `until`."""

    code = "app_waived"

    def __init__(self, app: str, until: date) -> None:
        super().__init__(f"{app} is accepted as it is until {until}.")
        self.app = app
        self.until = until


class WaiverUnfit(ConsentError):
    """A waiver that cannot be created or ended."""

    code = "waiver_unfit"


class NothingToWaive(WaiverUnfit):
    """The app needs nothing, so there is nothing to accept."""

    code = "nothing_to_waive"


class NotWaived(WaiverUnfit):
    """The app has no waiver, so there is nothing to take back."""

    code = "not_waived"


class WaiverPast(WaiverUnfit):
    """It would end in the past."""

    code = "waiver_past"


class WaiverTooLong(WaiverUnfit):
    """It would be longer than the settings allow; `latest` is the last day that may be."""

    code = "waiver_too_long"

    def __init__(self, message: str, *, latest: date) -> None:
        super().__init__(message)
        self.latest = latest


class SentElsewhere(ConsentError):
    """The request is the asker's own, but was sent on the other `platform` (a Platform's value)."""

    code = "sent_elsewhere"

    def __init__(self, platform: str) -> None:
        super().__init__(f"That message was sent in {platform}.")
        self.platform = platform


class ProofTooWeak(ConsentError):
    """This proof of identity is too weak. `needed` is a ProofKind's value."""

    code = "proof_too_weak"

    def __init__(self, message: str, *, needed: str) -> None:
        super().__init__(message)
        self.needed = needed


class SessionUnknown(ConsentError):
    """This browser has no proof of who uses it, or the proof is too old."""

    code = "session_unknown"


class RoleLost(SessionUnknown):
    """The person is no longer a Global Administrator of that tenant; the session has ended."""

    code = "role_lost"


class TooManyTries(ConsentError):
    """A limit per link, request or address was reached. `retry_after` is in seconds."""

    code = "too_many_tries"

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("Too many attempts in a short time.")
        self.retry_after = retry_after


class SignInError(ConsentError):
    """A sign-in at Microsoft was not completed; nothing was used up."""

    code = "sign_in_error"


class SignInUnknown(SignInError):
    """The answer belongs to no sign-in started recently in this browser."""

    code = "sign_in_unknown"


class SignInDeclined(SignInError):
    """The person cancelled at Microsoft."""

    code = "sign_in_declined"


class SignInRefused(SignInError):
    """Microsoft refused the sign-in. `reason` is its stable code, such as `AADSTS50105`."""

    code = "sign_in_refused"

    def __init__(self, message: str, *, reason: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class TokenInvalid(SignInError):
    """A token that cannot be trusted. `reason` says why, free of secrets."""

    code = "token_invalid"

    def __init__(self, reason: str, *, hint: str = "") -> None:
        super().__init__(f"The token from Microsoft is not valid: {reason}.", hint=hint)
        self.reason = reason
