"""The manifest by which the Slack app is made, with this installation's own address.

The fields are those of docs.slack.dev/reference/app-manifest; what each scope is for is told in
docs/slack.md.
"""

from __future__ import annotations

from typing import Any

from bot.chat.words import Words

SCOPES = (
    "app_mentions:read",
    "channels:read",
    "channels:history",
    "chat:write",
    "commands",
    "groups:history",
    "groups:read",
    "im:history",
    "im:write",
    "mpim:history",
    "mpim:write",
    "pins:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
EVENTS = (
    "app_home_opened",
    "app_mention",
    "member_joined_channel",
    "member_left_channel",
    "message.im",
    "subteam_members_changed",
    "subteam_updated",
    "user_change",
)


def manifest(public_url: str, words: Words, socket_mode: bool = False) -> dict[str, Any]:
    """As Slack reads it under "Create New App", "From a manifest".

    By Socket Mode the bot comes to Slack, so there is no address to name.
    """
    endpoint = {} if socket_mode else {"url": f"{public_url}/slack/events"}
    requests = {} if socket_mode else {"request_url": f"{public_url}/slack/events"}
    return {
        "display_information": {
            "name": "o365bot",
            "description": words("listing.short"),
            "long_description": words("listing.full"),
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "shortcuts": [
                {
                    "name": words("listing.about"),
                    "type": "message",
                    "callback_id": "about",
                    "description": words("listing.about_more"),
                }
            ],
            "bot_user": {"display_name": "o365bot", "always_online": True},
            "slash_commands": [
                {
                    "command": "/o365",
                    **endpoint,
                    "description": words("listing.command"),
                    "usage_hint": "help",
                    "should_escape": False,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**requests, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **requests},
            "org_deploy_enabled": False,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }
