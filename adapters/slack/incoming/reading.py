"""What of a genuine request is served, and only that, in a form that can be relied on.

Slack adds kinds and members at any time, and Bolt takes many of them for what they should be. So
nothing goes on to it but the members that are used here, each of the type that Slack documents
(docs.slack.dev/interactivity, /apis/events-api, /interactivity/implementing-slash-commands).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]

EVENTS = ("app_mention", "message", "app_home_opened")
RIGHTS = (
    "user_change",
    "subteam_members_changed",
    "subteam_updated",
    "member_joined_channel",
    "member_left_channel",
)
"""Events by which somebody may gain or lose a right."""
_COMMAND = ("command", "text", "user_id", "channel_id", "team_id", "response_url", "trigger_id")
_EVENT = ("type", "user", "text", "channel", "channel_type", "ts", "thread_ts", "subtype", "tab")
_NESTED = ("text", "blocks", "elements", "fields", "rows", "attachments")
"""Where texts stand in a message (docs.slack.dev/reference/block-kit)."""
_SLACKBOT = "USLACKBOT"
_OF_PEOPLE = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""Subtypes of what somebody typed; the others tell what happened (docs.slack.dev, "message")."""
_ACTION = ("type", "action_id", "block_id", "value")
_OBJECTS = ("team", "user", "channel", "container", "message", "view", "enterprise")


class Malformed(ValueError):
    """A part of the request has another form than Slack documents."""


def served(body: Mapping[str, Any]) -> Json | None:
    """The command, the press, the form or the event to act on; None for what is nothing of ours.

    Raises Odd.
    """
    if "command" in body:
        return _texts(body, _COMMAND)
    event = _object(body, "event")
    actions = _objects(body, "actions")
    people = _objects(body, "authorizations")
    parts = {name: _object(body, name) for name in _OBJECTS}
    match body.get("type"):
        case "block_actions" if actions:
            container, message = parts["container"], parts["message"]
            return {
                "type": "block_actions",
                **_texts(body, ("response_url", "trigger_id")),
                "user": _texts(parts["user"], ("id",)),
                "team": _texts(parts["team"], ("id",)),
                "channel": _texts(parts["channel"], ("id",)),
                "container": {
                    **_texts(container, ("thread_ts",)),
                    "is_ephemeral": container.get("is_ephemeral") is True,
                },
                "message": _texts(message, ("thread_ts",)),
                # Bolt finds its listener by the id of the first action.
                "actions": [_action(one) for one in actions],
            }
        case "message_action":
            message = parts["message"]
            return {
                "type": "message_action",
                **_texts(body, ("callback_id", "response_url", "trigger_id")),
                "user": _texts(parts["user"], ("id",)),
                "team": _texts(parts["team"], ("id",)),
                "channel": _texts(parts["channel"], ("id",)),
                "message": {**_texts(message, ("thread_ts",)), "text": " ".join(_all(message))},
            }
        case "view_submission":
            view = parts["view"]
            return {
                "type": "view_submission",
                **_texts(body, ("trigger_id",)),
                "user": _texts(parts["user"], ("id",)),
                "team": _texts(parts["team"], ("id",)),
                "view": {
                    "type": "modal",
                    **_texts(view, ("id", "callback_id", "private_metadata")),
                    "state": {"values": _filled(_object(_object(view, "state"), "values"))},
                },
            }
        case "event_callback" if event.get("type") in RIGHTS:
            named = {"user": event.get("user"), "subteam_id": event.get("subteam")}
            return {
                "type": "event_callback",
                **_texts(body, ("team_id", "event_id")),
                "event": {
                    **_texts(event, ("type", "user", "channel", "subteam_id")),
                    # some of these events have the whole object
                    **{
                        name: _texts(one, ("id",)).get("id", "")
                        for name, one in named.items()
                        if isinstance(one, Mapping)
                    },
                },
                "authorizations": [],
            }
        case "event_callback" if event.get("type") in EVENTS:
            happened = _texts(event, _EVENT) | {
                # whatever they are: that they are there is what counts
                name: True
                for name in ("bot_id", "edited", "hidden")
                if event.get(name)
            }
            if not isinstance(event.get("subtype"), str | None):
                happened["hidden"] = True
            return {
                "type": "event_callback",
                **_texts(body, ("team_id", "event_id")),
                "event": happened,
                "is_ext_shared_channel": body.get("is_ext_shared_channel") is True,
                "authorizations": [_texts(one, ("user_id",)) for one in people],
            }
    return None


def _action(action: Mapping[str, Any]) -> dict[str, Any]:
    """What was pressed, or picked from a list."""
    pressed: dict[str, Any] = {"action_id": "", **_texts(action, _ACTION)}
    if picked := _object(action, "selected_option"):
        pressed["selected_option"] = _texts(picked, ("value",))
    return pressed


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Malformed(name)
    return value


def _objects(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise Malformed(name)
    return value


def _filled(values: Mapping[str, Any]) -> Json:
    """What stands in the fields of a modal, by block and element."""
    return {
        block: {
            name: _texts(_object(elements, name), ("value", "selected_date")) for name in elements
        }
        for block in values
        for elements in (_object(values, block),)
    }


def _all(message: object) -> Iterator[str]:
    """Every text of a message, also of one that apps wrote: those have little but blocks."""
    if isinstance(message, Mapping):
        yield from _texts(message, ("text",)).values()
        message = [message.get(name) for name in _NESTED]
    if isinstance(message, list):
        for one in message:
            yield from _all(one)


def _texts(holder: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    """The members that are texts. Halves of characters, which no UTF-8 can carry, are replaced."""
    found = {name: holder.get(name) for name in names}
    return {
        name: value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        for name, value in found.items()
        if isinstance(value, str)
    }


def text_of(of: Any, name: str) -> str:
    value = of.get(name) if isinstance(of, Mapping) else None
    return value if isinstance(value, str) else ""


def said_by(event: Mapping[str, Any]) -> str:
    """The person who said it; "" for bots, edits and everything else that nobody typed.

    An edited mention comes again, with an `event_id` of its own and `edited`: it was acted on.
    """
    subtype, user = event.get("subtype") or "", text_of(event, "user")
    if event.get("bot_id") or event.get("edited") or event.get("hidden") or user == _SLACKBOT:
        return ""
    return user if subtype in _OF_PEOPLE else ""


def bot_of(body: Mapping[str, Any]) -> str:
    """Our own member id, as the envelope of an event names it."""
    return next((text_of(one, "user_id") for one in body.get("authorizations") or ()), "")
