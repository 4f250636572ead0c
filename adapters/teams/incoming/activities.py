"""The Bot Framework SDK, all of it that is used: reading an activity and running its turn.

Only this module imports `botbuilder` and `botframework`. Their support has ended (README of
microsoft/botbuilder-python), so what comes out are plain dataclasses, and the SDK's successor is a
swap of this module. No state, storage, dialogs or middleware of the SDK is used; requests are
authenticated before they come here, and replies go out through `adapters.teams.outgoing.connector`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from botbuilder.core import CloudAdapterBase, InvokeResponse, TurnContext
from botbuilder.schema import Activity, ActivityTypes
from botframework.connector.auth import BotFrameworkAuthentication, ClaimsIdentity
from botframework.connector.auth.authenticate_request_result import AuthenticateRequestResult
from botframework.connector.auth.connector_factory import ConnectorFactory

from adapters.teams.incoming import dialogs
from adapters.teams.incoming.envelope import ActivityInvalid, Envelope
from adapters.teams.incoming.words import as_typed
from adapters.teams.rendering.elements import OWN, VERB, VIEW
from adapters.teams.rendering.forms import said_by
from bot.domain.normalization import exact
from bot.domain.people.admins import ChatIdentity, Platform
from bot.ports.chat import ConversationRef

Json = dict[str, Any]

CARD_ACTION = "adaptiveCard/action"
KINDS = ("personal", "channel", "groupChat")
MAX_WORDS = 2000  # characters of one command


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer goes. In a channel the conversation id names the thread.

    `only_for` is the member (`29:…`) who alone is to see it, "" for everybody there.
    `lasts`: more may be sent there later.
    """

    service_url: str
    conversation_id: str
    personal: bool
    only_for: str = ""
    lasts: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody wrote to the bot. `words` are free of mentions; "" when there was nothing else.

    `card_id` is the answer of ours whose button said the words, "" when they were typed.
    """

    asker: ChatIdentity
    words: str
    ref: ConversationRef
    place: Place
    activity_id: str
    card_id: str = ""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button on the card `card_id`, which says `words`.

    `own`: the card is an answer of ours, and no board, letter or notice.
    """

    asker: ChatIdentity
    words: str
    ref: ConversationRef
    place: Place
    card_id: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Installed:
    """The app was installed for a person, in a team or in a chat; `anew`: and not just upgraded."""

    ref: ConversationRef
    anew: bool = True


@dataclass(frozen=True, slots=True)
class Removed:
    """The app was removed from there."""

    conversation_id: str


@dataclass(frozen=True, slots=True)
class Left:
    """People left a team or a chat; `object_ids` are those that Teams tells."""

    object_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Viewed:
    """The client of somebody shows a card that many see, and asks for theirs. `view` is its name.

    Nobody pressed anything: nothing may be done because of it.
    """

    asker: ChatIdentity
    view: str
    ref: ConversationRef
    place: Place


@dataclass(frozen=True, slots=True)
class InDialog:
    """Somebody asked about a message, or went on in the dialog that came up. `words` say what.

    It may be in a chat that the bot is not in: nothing is kept of it.
    """

    asker: ChatIdentity
    words: str
    ref: ConversationRef
    place: Place


Event = Said | Pressed | InDialog | Viewed | Installed | Removed | Left
Handle = Callable[[Event], Awaitable[Json | None]]


@dataclass(frozen=True, slots=True)
class Turn:
    """An activity that was read. `event` is None when it does not concern us."""

    event: Event | None
    activity: Any = field(repr=False)  # the SDK's; nobody else looks at it


class Turns:
    """Reads activities and runs their turns through the SDK's adapter."""

    def __init__(self, app_id: str) -> None:
        self._app_id = app_id
        self._adapter = CloudAdapterBase(_AuthenticatedBefore())

    def read(self, envelope: Envelope) -> Turn:
        """Raises ActivityInvalid."""
        try:
            activity = cast(Any, Activity).deserialize(envelope.body)
        except ValueError as error:  # the SDK's DeserializationError is one
            raise ActivityInvalid("a member has another form than documented") from error
        activity.delivery_mode = None  # else the SDK may keep back what we answer
        return Turn(_event(activity, envelope), activity)

    async def run(
        self, turn: Turn, claims: Mapping[str, Any], handle: Handle
    ) -> tuple[int, Json | None] | None:
        """Run `handle` on the event, inside the SDK's turn.

        Returns status and body of the answer to an invoke (501 when nobody handled it), and None
        for other activities. What `handle` returns is the body.
        """

        async def logic(context: TurnContext) -> None:
            body = await handle(turn.event) if turn.event is not None else None
            if body is not None:
                response = InvokeResponse(status=200, body=body)
                await context.send_activity(
                    Activity(type=ActivityTypes.invoke_response, value=response)
                )

        authenticated = AuthenticateRequestResult()
        authenticated.audience = self._app_id
        authenticated.claims_identity = ClaimsIdentity(dict(claims), True, "Bearer")
        authenticated.connector_factory = _NoConnector()
        response: Any = await self._adapter.process_activity(authenticated, turn.activity, logic)
        return None if response is None else (int(response.status), response.body)


class _NoConnector(ConnectorFactory):
    """Hands the SDK something to carry: it insists on a client, and we never send through it.

    Its own client blocks a thread per request, asks for a token per turn and loses the status of
    answers that are not JSON.
    """

    async def create(self, service_url: str, audience: str) -> Any:
        return self


class _AuthenticatedBefore(BotFrameworkAuthentication):
    """What the adapter asks for when it would authenticate; here that happened before."""

    async def authenticate_request(self, activity: Activity, auth_header: str) -> NoReturn:
        raise PermissionError("activities are authenticated before they come to the SDK")

    async def authenticate_streaming_request(
        self, auth_header: str, channel_id_header: str
    ) -> NoReturn:
        raise PermissionError("streaming is not served")

    def create_connector_factory(self, claims_identity: ClaimsIdentity) -> ConnectorFactory:
        return _NoConnector()

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> Any:
        return None


def _event(activity: Activity, envelope: Envelope) -> Event | None:
    match activity.type:
        # An edit was acted on when it was new.
        case ActivityTypes.message if _is_bot(activity.from_property):
            return None  # two that answer each other never end
        case ActivityTypes.message if not _is_edit(activity):
            return Said(
                asker=_asker(activity),
                words=_words(activity),
                ref=_ref(activity, envelope),
                place=_place(activity, envelope),
                activity_id=envelope.activity_id,
                card_id=(activity.reply_to_id or "") if _is_own(activity.value) else "",
            )
        case ActivityTypes.invoke if activity.name == CARD_ACTION:
            view = _viewed(activity.value)
            if view:
                return Viewed(
                    asker=_asker(activity),
                    view=view,
                    ref=_ref(activity, envelope),
                    place=_place(activity, envelope),
                )
            data = _pressed(activity.value)
            return Pressed(
                asker=_asker(activity),
                words=" ".join(said_by(data).split())[:MAX_WORDS],
                ref=_ref(activity, envelope),
                place=_place(activity, envelope),
                card_id=activity.reply_to_id or "",
                own=_is_own(data),
            )
        case ActivityTypes.invoke if dialogs.is_ours(activity.name, activity.value):
            return InDialog(
                asker=_asker(activity),
                words=dialogs.said(activity.name, activity.value)[:MAX_WORDS],
                ref=_ref(activity, envelope),
                place=_place(activity, envelope),
            )
        case ActivityTypes.installation_update | ActivityTypes.conversation_update if (
            envelope.elsewhere
        ):
            return None  # the app is where it was
        case ActivityTypes.installation_update:
            # An upgrade also sends remove-upgrade, in no promised order: it removes nothing.
            if activity.action in ("add", "add-upgrade"):
                return Installed(_ref(activity, envelope), anew=activity.action == "add")
            if activity.action == "remove":
                return Removed(_without_thread(envelope.conversation_id))
        case ActivityTypes.conversation_update:
            if _is_among(activity.recipient, activity.members_added):
                return Installed(_ref(activity, envelope))
            if _is_among(activity.recipient, activity.members_removed):
                return Removed(_without_thread(envelope.conversation_id))
            if activity.members_removed:
                return Left(tuple(_object_ids(activity.members_removed)))
    return None


def _is_edit(activity: Activity) -> bool:
    """Edits come as `messageUpdate`, or as a message whose channel data says so."""
    data = activity.channel_data if isinstance(activity.channel_data, dict) else {}
    return data.get("eventType") in ("editMessage", "undeleteMessage", "softDeleteMessage")


def _is_bot(sender: Any) -> bool:
    """Ids of bots begin so, those of people by 29: (Microsoft Learn, "Get Teams context")."""
    return sender is not None and str(sender.id or "").startswith("28:")


def _asker(activity: Activity) -> ChatIdentity:
    """Who it was, as the signed request says; nothing of the message itself is believed."""
    sender = activity.from_property
    if sender is None or not (sender.aad_object_id or sender.id):
        raise ActivityInvalid("from has no id")
    return ChatIdentity(
        platform=Platform.TEAMS,
        user_id=exact(sender.aad_object_id) if sender.aad_object_id else sender.id,
        display_name=sender.name or "",
        time_zone=activity.local_timezone or "",
        language=activity.locale or "",
    )


def _kind(activity: Activity) -> str:
    """What Teams calls it. Some clients leave it out: then its id and what comes with it tell.

    Nothing is taken for a chat of two that is not surely one: personal links go there.
    """
    kind = activity.conversation.conversation_type
    if kind in KINDS:
        return str(kind)
    data = activity.channel_data if isinstance(activity.channel_data, dict) else {}
    if data.get("team") or data.get("channel") or data.get("teamsChannelId"):
        return "channel"
    shared = activity.conversation.is_group or not str(activity.conversation.id).startswith("a:")
    return "groupChat" if shared else "personal"


def _place(activity: Activity, envelope: Envelope) -> Place:
    personal = _kind(activity) == "personal"
    sender = activity.from_property
    asker = sender.id if sender is not None and sender.id and not personal else ""
    return Place(
        envelope.service_url,
        envelope.conversation_id,
        personal,
        only_for=asker,
        lasts=not envelope.elsewhere,
    )


def _ref(activity: Activity, envelope: Envelope) -> ConversationRef:
    kind = _kind(activity)
    sender = activity.from_property if kind == "personal" else None
    return ConversationRef(
        conversation_id=_without_thread(envelope.conversation_id),
        kind=kind,
        service_url=envelope.service_url,
        tenant_id=envelope.tenant_id,
        bot_id=(activity.recipient.id if activity.recipient else None) or "",
        user_id=(sender.id if sender else None) or "",
        object_id=exact((sender.aad_object_id if sender else None) or ""),
        name=(sender.name if sender else activity.conversation.name) or "",
        time_zone=(activity.local_timezone if sender else None) or "",
        language=(activity.locale if sender else None) or "",
    )


def _without_thread(conversation_id: str) -> str:
    """The channel of a thread: Teams names a thread `<channel>;messageid=<first message>`."""
    return conversation_id.partition(";messageid=")[0]


def _is_among(account: Any, members: Any) -> bool:
    ids = {member.id for member in members or () if member is not None}
    return account is not None and bool(account.id) and account.id in ids


def _object_ids(members: Any) -> Iterator[str]:
    for member in members:
        told = getattr(member, "aad_object_id", None)
        if isinstance(told, str) and told:
            yield exact(told)


def _words(activity: Activity) -> str:
    """What was said. A message without text may come from a button of an older client."""
    if not activity.text and isinstance(activity.value, dict):
        return " ".join(said_by(activity.value).split())[:MAX_WORDS]
    bot = activity.recipient.id if activity.recipient else None
    mentions = [
        entity.additional_properties for entity in activity.entities or () if entity is not None
    ]
    return as_typed(activity.text or "", bot or "", mentions)[:MAX_WORDS]


def _pressed(value: Any) -> Json:
    """The data of an Action.Execute that we drew. Raises ActivityInvalid for any other."""
    action = value.get("action") if isinstance(value, dict) else None
    data = action.get("data") if isinstance(action, dict) else None
    words = data.get("words") if isinstance(data, dict) else None
    if not isinstance(action, dict) or action.get("verb") != VERB or not isinstance(words, str):
        raise ActivityInvalid("value.action is not one of our buttons")
    return dict(data or {})


def _viewed(value: Any) -> str:
    """The name of a view; "" where that is not asked for. Raises ActivityInvalid."""
    action = value.get("action") if isinstance(value, dict) else None
    if not isinstance(action, dict) or action.get("verb") != VIEW:
        return ""
    data = action.get("data")
    view = data.get(VIEW) if isinstance(data, dict) else None
    if not isinstance(view, str) or not 0 < len(view) <= MAX_WORDS:
        raise ActivityInvalid("value.action names no view")
    return view


def _is_own(data: Any) -> bool:
    return isinstance(data, dict) and data.get(OWN) is True
