"""Who is in what in the pretend Slack: user groups and channels, over the Web API.

Pages, errors and scopes as docs.slack.dev/reference/methods has them for `usergroups.list`,
`usergroups.users.list` and `conversations.members`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sandbox.slack.answers import SlackError
from sandbox.slack.workspace import TEAM_ID, Workspace

Json = dict[str, Any]

PAGE = 100
LARGEST_PAGE = 1000
SCOPES = {
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "conversations.info": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "conversations.members": ("channels:read", "groups:read", "im:read", "mpim:read"),
    "users.info": ("users:read",),
    "bots.info": ("users:read",),
}
"""What a method takes; of several scopes one is enough here."""


def check_scope(workspace: Workspace, method: str) -> None:
    """Raises SlackError where the token has none of the scopes that the method takes."""
    wanted = SCOPES.get(method, ())
    if wanted and not set(wanted) & set(workspace.scopes):
        provided = ",".join(workspace.scopes)
        raise SlackError("missing_scope", needed=",".join(wanted), provided=provided)


def user_groups(workspace: Workspace, args: Json) -> Json:
    """`usergroups.list`: those that are enabled."""
    return {
        "usergroups": [
            {
                "id": group,
                "team_id": TEAM_ID,
                "is_usergroup": True,
                "name": handle,
                "handle": handle,
                "date_delete": 0,
                "user_count": len(workspace.group_members[group]),
            }
            for group, handle in workspace.groups.items()
        ]
    }


def users_of_group(workspace: Workspace, args: Json) -> Json:
    """`usergroups.users.list`: all of them at once."""
    group = args.get("usergroup")
    if group not in workspace.groups:
        raise SlackError("no_such_subteam")
    return {"users": sorted(workspace.group_members[str(group)])}


def members_of_channel(workspace: Workspace, args: Json) -> Json:
    """`conversations.members`, a page of them."""
    conversation = workspace.conversation(str(args.get("channel")))
    if conversation is None:
        raise SlackError("channel_not_found")
    limit = int(args.get("limit") or PAGE)
    if not 1 <= limit <= LARGEST_PAGE:
        raise SlackError("invalid_limit")
    start = _start(str(args.get("cursor") or ""))
    members = sorted(conversation.who)
    end = start + min(limit, workspace.page_of_members)
    cursor = base64.b64encode(f"user:{end}".encode()).decode() if end < len(members) else ""
    return {"members": members[start:end], "response_metadata": {"next_cursor": cursor}}


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("user:"))
    except (ValueError, binascii.Error) as error:
        raise SlackError("invalid_cursor") from error
