"""The Home tab and modals of the pretend Slack, over the Web API (docs.slack.dev, "Views")."""

from __future__ import annotations

import secrets
import time
from typing import Any

from sandbox.slack.answers import SlackError, check, check_modal, required
from sandbox.slack.workspace import TEAM_ID, Workspace

Json = dict[str, Any]


def publish(workspace: Workspace, args: Json) -> Json:
    """`views.publish`: the Home tab of one person."""
    user, view = required(args, "user_id"), required(args, "view")
    if workspace.person(user) is None:
        raise SlackError("invalid_arguments")
    if not isinstance(view, dict) or view.get("type") != "home":
        raise SlackError("invalid_arguments")
    check(view.get("blocks"), "home")
    workspace.homes[user] = view
    workspace.log.touch()
    return {"view": {**view, "id": f"V{user[1:]}", "team_id": TEAM_ID}}


def open_modal(workspace: Workspace, args: Json) -> Json:
    """`views.open`: once for what somebody pressed, while the trigger lasts."""
    trigger, view = required(args, "trigger_id"), required(args, "view")
    user, until = workspace.triggers.get(trigger, ("", 0.0))
    if not user:
        raise SlackError("invalid_trigger_id")
    if until < time.time():
        raise SlackError("expired_trigger_id")
    if until == float("inf"):
        raise SlackError("exchanged_trigger_id")
    if not isinstance(view, dict) or view.get("type") != "modal":
        raise SlackError("invalid_arguments")
    check_modal(view)
    workspace.triggers[trigger] = (user, float("inf"))
    opened = view | {"id": f"V{secrets.token_hex(5).upper()}", "team_id": TEAM_ID}
    workspace.modals[user] = opened
    workspace.log.touch()
    return {"view": opened}
