"""Slack, in: what a person typed, in every shape that Slack makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.slack.incoming.words import as_typed
from sandbox.slack.workspace import BOT_USER
from tests.contract.slack_stage import OLA, SlackBorder, event, mention
from tests.waiting import wait_until


def direct(border: SlackBorder, **more: Any) -> dict[str, Any]:
    """A direct message, as the Events API tells it (docs.slack.dev, "message.im")."""
    return {
        "type": "message",
        "channel": border.people.dm_of("ola").id,
        "channel_type": "im",
        "user": OLA,
        "text": "apps",
        "ts": "1.2",
    } | more


# A picture beside the words (docs.slack.dev/reference/events/message/file_share)
PICTURE = {
    "subtype": "file_share",
    "upload": False,
    "files": [{"id": "F0EXAMPLE", "name": "image.png", "mimetype": "image/png", "user": OLA}],
}


# What Slack's client adds to what was typed, and a message that somebody passed on
RICH = [
    {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "send all"}]},
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "apps"}]},
        ],
    }
]
SHARED = [{"is_share": True, "author_id": "U1", "text": "send all now", "fallback": "send all now"}]


@pytest.mark.parametrize(
    "more",
    [
        {},
        PICTURE,
        {"blocks": RICH},
        {"attachments": SHARED},
        {"assistant_thread": {"action_token": "1"}, "thread_ts": "1.1"},
        {"parent_user_id": BOT_USER, "thread_ts": "1.1", "team": "T1"},
        PICTURE | {"files": [{"id": "F1", "mode": "tombstone"}, None]},
        {"subtype": "thread_broadcast", "thread_ts": "1.1", "root": {"ts": "1.1"}},
        {"subtype": "me_message"},
        {"subtype": None, "client_msg_id": "00000000-0000-4000-8000-000000000000", "blocks": []},
    ],
)
async def test_people_write_with_subtypes_too(border: SlackBorder, more: dict[str, Any]) -> None:
    """A picture, a reply that the channel sees, `/me`: somebody typed it."""
    await border.send(event(direct(border, **more)))
    await wait_until(lambda: border.talk.words == ["apps"])


async def test_a_picture_without_a_word_is_answered(border: SlackBorder) -> None:
    """As a mention without a word is."""
    await border.send(event(direct(border, text="", **PICTURE)))
    await wait_until(lambda: border.talk.words == [""])


@pytest.mark.parametrize(
    "more",
    [
        {"subtype": "bot_message", "bot_id": "B1"},
        {"bot_id": "B1", "app_id": "A1"},
        {
            "subtype": "message_changed",
            "hidden": True,
            "message": {"type": "message", "user": OLA, "text": "send Sales", "edited": {}},
            "previous_message": {"type": "message", "user": OLA, "text": "send Sale"},
        },
        {"subtype": "message_deleted", "hidden": True, "deleted_ts": "1.2"},
        {"subtype": "message_replied", "hidden": True},
        {"subtype": "channel_topic", "topic": "apps"},
        {"subtype": "channel_join", "inviter": "U1"},
        {"subtype": "huddle_thread", "room": {"id": "R1"}},
        {"subtype": "sh_room_created", "room": {"id": "R1"}},
        {"subtype": "bot_add", "bot_id": "B1"},
        {"subtype": "file_comment", "comment": {"user": OLA, "comment": "apps"}},
        {"subtype": "tombstone", "hidden": True},
        {"subtype": "ekm_access_denied", "user": "UREVOKEDU"},
        {"subtype": ["file_share"]},
        {
            "subtype": "message_changed",
            "hidden": True,
            "message": {"type": "message", "bot_id": "B1", "user": "U0BOT", "text": "apps"},
        },
        {"user": "USLACKBOT"},
        {"user": [OLA]},
        {"channel_type": "mpim"},
        {"channel_type": "group"},
        {"channel_type": "channel"},
        {"channel": None},
        {"subtype": "reminder_add"},
        {"subtype": "assistant_app_thread"},
        {"subtype": "a_new_one"},
        {"edited": {"user": OLA, "ts": "1.3"}},
        {"user": None},
        {"user": ""},
    ],
)
async def test_what_nobody_typed_or_was_edited_does_nothing(
    border: SlackBorder, more: dict[str, Any]
) -> None:
    """Bots, what happened, and edits: those were acted on when they were new."""
    assert (await border.send(event(direct(border, **more)))).status_code == 200
    await border.inbound.drain(20)
    assert border.talk.words == []


async def test_an_edited_mention_acts_once(border: SlackBorder) -> None:
    """Slack tells it again as a mention, with an `event_id` of its own."""
    await border.send(event(mention("send Sales"), "Ev1"))
    await wait_until(lambda: border.talk.words == ["send Sales"])
    edited = mention("send Labs") | {"edited": {"user": OLA, "ts": "2.0"}}
    assert (await border.send(event(edited, "Ev2"))).status_code == 200
    assert (await border.send(event(edited | {"subtype": None}, "Ev3"))).status_code == 200
    await border.inbound.drain(20)
    assert border.talk.words == ["send Sales"]


async def test_a_mention_with_a_picture_is_heard(border: SlackBorder) -> None:
    """Mentions of people carry the same subtypes."""
    await border.send(event(mention("apps") | PICTURE))
    await wait_until(lambda: border.talk.words == ["apps"])


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("*apps*", "*apps*"),
        ("why :rocket: Office 365", "why 🚀 Office 365"),
        ("why R&amp;D &lt;EMEA&gt;", "why R&D <EMEA>"),
        ("why &amp;lt;", "why &lt;"),
        ("&gt; quoted\napps", "> quoted\napps"),
        ("onboard <http://contoso.com|contoso.com>", "onboard contoso.com"),
        ("open <https://contoso.com/x?a=1&amp;b=2>", "open https://contoso.com/x?a=1&b=2"),
        ("deny <mailto:ada@contoso.com|ada@contoso.com>", "deny ada@contoso.com"),
        ("deny <mailto:ada@contoso.com>", "deny ada@contoso.com"),
        ("who <@U1|ada>", "who @ada"),
        ("who <@U1>", "who <@U1>"),
        ("in <#C1|general>", "in #general"),
        ("in <#C1|>", "in <#C1>"),
        ("<!here> apps", "@here apps"),
        ("<!subteam^S1|@ops> apps", "@ops apps"),
        ("on <!date^1392734382^{date}|Feb 18>", "on Feb 18"),
        (f"<@{BOT_USER}>   apps\u00a0now", "apps now"),
        (f"hey <@{BOT_USER}> why Sales?", "hey why Sales?"),
        (f"*<@{BOT_USER}>* apps", "* * apps"),
        (":partyparrot: 10:30", ":partyparrot: 10:30"),
    ],
)
def test_words_are_as_they_were_typed(text: str, typed: str) -> None:
    """Slack's own marks are taken back; those that a person typed stay."""
    assert as_typed(text, bot=BOT_USER) == typed
