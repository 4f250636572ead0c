"""Slack, in: signed requests through the real endpoint, and the answers that come back."""

from __future__ import annotations

import asyncio
import json
import time
from urllib.parse import urlencode

import pytest
import structlog

from adapters.slack.rendering.message import render
from bot.domain.people.admins import Platform
from bot.message import Buttons, Command, Group, Item, Menu, Message, OpenLink, Progress, Text
from sandbox.chatlog import Message as Shown
from sandbox.slack.workspace import BOT_USER, CHANNEL
from tests.contract.slack_stage import (
    FORM,
    JSON,
    OLA,
    TOKEN,
    SlackBorder,
    command,
    event,
    mention,
    signed_headers,
)
from tests.waiting import wait_until


async def test_slacks_check_of_the_address_gets_its_challenge_back(border: SlackBorder) -> None:
    """Slack sends it once, when the request URL is entered."""
    assert await border.people.verify_url()


async def test_a_command_is_answered_to_the_asker_alone(border: SlackBorder) -> None:
    """The words reach the conversation as typed, and the answer is ephemeral."""
    await border.people.command("ola", "/o365 why  Contoso Mail")
    answer = await border.answer(border.channel(), "You said: why Contoso Mail")
    assert answer.only_for == OLA
    (_, asker) = border.talk.asked[0]
    assert (asker.platform, asker.user_id) == (Platform.SLACK, OLA)
    assert (asker.email, asker.time_zone) == ("ola@contoso.example", "Europe/Berlin")


async def test_a_command_without_words_asks_for_nothing(border: SlackBorder) -> None:
    """`/o365` alone reaches the conversation as ""."""
    await border.people.command("ola", "/o365")
    await border.answer(border.channel(), "You said:")
    assert border.talk.words == [""]


@pytest.mark.parametrize("fields", [{}, {"channel_name": "payload-team"}, {"payload": "{}"}])
async def test_the_word_payload_in_a_command_is_a_word(
    border: SlackBorder, fields: dict[str, str]
) -> None:
    """Wherever "payload" stands among the fields, a command stays a command."""
    url = border.workspace.new_response_url(border.channel(), OLA, None, time.time())
    body = command("why payload=1 App", response_url=url, trigger_id="1.2.x", **fields)
    response = await border.send(body, kind=FORM)
    assert response.status_code == 200
    await border.answer(border.channel(), "You said: why payload=1 App")


async def test_a_slow_conversation_is_acknowledged_at_once(border: SlackBorder) -> None:
    """Slack waits three seconds; the answer may take longer."""
    border.talk.go_on.clear()
    await border.people.command("ola", "/o365 scan")
    assert border.people.delivery.deliveries[-1].status == 200
    await wait_until(lambda: border.talk.words == ["scan"])
    assert border.from_bot(border.channel()) == []
    border.talk.go_on.set()
    await border.answer(border.channel(), "You said: scan")


async def test_an_answer_for_everybody_is_shown_in_the_channel(border: SlackBorder) -> None:
    """A message that is not private goes to all who are there."""
    border.talk.say["report"] = Message("For all.", private=False)
    await border.people.command("ola", "/o365 report")
    assert (await border.answer(border.channel(), "For all.")).only_for is None


async def test_a_mention_before_other_organisations_is_answered_to_its_asker_alone(
    border: SlackBorder,
) -> None:
    """Slack Connect: what the bot knows is not for whoever else reads the channel."""
    body = json.loads(event(mention())) | {"is_ext_shared_channel": True}
    assert (await border.send(json.dumps(body).encode())).status_code == 200
    answer = await border.log.wait_for(lambda: next(iter(border.from_bot(border.channel())), None))
    assert answer.only_for == OLA
    assert len(border.talk.words) == 1


async def test_a_mention_is_answered_in_its_thread(border: SlackBorder) -> None:
    """The mention itself is no part of the words; entities are characters again."""
    said = await border.people.say("ola", "why R&D <Mail>")
    answer = await border.answer(border.channel(), "You said: why R&amp;D &lt;Mail&gt;")
    assert answer.thread == said.id
    assert answer.only_for is None
    assert border.talk.words == ["why R&D <Mail>"]


async def test_a_direct_message_is_answered_there_and_the_answer_is_not(
    border: SlackBorder,
) -> None:
    """The bot's own message comes back as an event, and is no question."""
    direct = border.people.dm_of("ola")
    await border.people.say("ola", "apps", channel=direct.id)
    answer = await border.answer(direct, "You said: apps")
    assert (answer.thread, answer.only_for) == (None, None)
    await wait_until(
        lambda: len(border.people.delivery.deliveries) == 2
    )  # ours and the answer's own event
    await border.inbound.drain(20)
    assert border.talk.words == ["apps"]


async def test_progress_becomes_the_answer(border: SlackBorder) -> None:
    """One message in the thread: first how far it is, in the end the answer."""
    border.talk.steps["scan"] = [Message("1 of 9", (Progress(1, 9, "apps"),)) for _ in range(50)]
    border.talk.go_on.clear()
    await border.people.say("ola", "scan")
    shown = await border.answer(border.channel(), "1 of 9")
    border.talk.go_on.set()
    await border.answer(border.channel(), "You said: scan")
    assert border.from_bot(border.channel()) == [shown]


async def test_progress_of_a_command_leaves_room_for_its_answer(border: SlackBorder) -> None:
    """A response URL takes five messages: however much progress there is, the answer comes."""
    border.talk.steps["scan"] = [Message("1 of 9") for _ in range(50)]
    await border.people.command("ola", "/o365 scan")
    await border.answer(border.channel(), "You said: scan")
    assert [m.text for m in border.from_bot(border.channel())] == ["1 of 9", "You said: scan"]


OKTA = OpenLink("okta", "Open in Okta", "https://contoso-admin.okta.example.com/1")
BUTTONS = Message(
    "Choose.",
    (
        Buttons(
            (
                Command("why", "Why?", "why contoso/0oa1"),
                OpenLink("open", "Open", "http://127.0.0.1:9/c/secret"),
            )
        ),
    ),
)


async def put(border: SlackBorder, where: str, *, only_for: str | None = None) -> Shown:
    drawn = render(BUTTONS)
    return border.workspace.post(
        border.channel(where), BOT_USER, drawn.text, blocks=drawn.blocks, only_for=only_for
    )


async def test_a_button_in_a_channel_answers_its_presser_alone(border: SlackBorder) -> None:
    """The message that others see stays as it is."""
    message = await put(border, CHANNEL)
    await border.people.press("fay", message, "why")
    answer = await border.answer(border.channel(), "You said: why contoso/0oa1")
    assert answer.only_for == "U0FAY"
    assert message.text == "Choose."
    assert border.talk.asked[0][1].user_id == "U0FAY"


async def test_a_button_in_an_answer_of_ones_own_replaces_it(border: SlackBorder) -> None:
    """An ephemeral message is an answer to the one who sees it: it becomes the next one."""
    message = await put(border, CHANNEL, only_for=OLA)
    await border.people.press("ola", message, "why")
    assert await border.answer(border.channel(), "You said: why contoso/0oa1") is message


async def test_a_button_in_a_direct_message_answers_below_it(border: SlackBorder) -> None:
    """A personal message keeps its link; the answer stays readable after a reload."""
    direct = border.people.dm_of("ola")
    message = await put(border, direct.id)
    await border.people.press("ola", message, "why")
    answer = await border.answer(direct, "You said: why contoso/0oa1")
    assert answer is not message
    assert answer.only_for is None
    assert message.text == "Choose."


async def test_a_button_with_an_address_asks_nothing(border: SlackBorder) -> None:
    """Slack opens the address itself and tells the bot, which only acknowledges."""
    message = await put(border, CHANNEL)
    assert await border.people.press("ola", message, "open") == "http://127.0.0.1:9/c/secret"
    assert border.people.delivery.deliveries[-1].status == 200
    await border.inbound.drain(20)
    assert border.talk.asked == []


LISTED = Message(
    "Listed.",
    (
        Group(
            (
                Item("Mail", "contoso", more=(Command("a", "Why", "why contoso/0oa1"), OKTA)),
                Item("Labs", "contoso", button=Command("b", "Ask Ada", "send contoso/0oa2")),
            )
        ),
        Buttons((Menu("show", "Show", (Command("c", "Only fabrikam", "apps in fabrikam"),)),)),
    ),
    share=Command("share", "Share in channel", "apps shared"),
)


async def test_what_is_picked_from_a_list_is_said_and_an_address_is_not(
    border: SlackBorder,
) -> None:
    """Behind a "⋮", and in a menu; Slack opens an address itself, and tells of it all the same."""
    drawn = render(LISTED)
    message = border.workspace.post(border.channel(), BOT_USER, drawn.text, blocks=drawn.blocks)
    for picked, words in (("Why", "why contoso/0oa1"), ("Only fabrikam", "apps in fabrikam")):
        await border.people.press("ola", message, picked)
        await border.answer(border.channel(), f"You said: {words}")
    assert await border.people.press("ola", message, "Open in Okta") == OKTA.url
    await border.inbound.drain(20)
    assert border.talk.words == ["why contoso/0oa1", "apps in fabrikam"]


async def test_a_list_can_be_shared_in_a_channel_alone(border: SlackBorder) -> None:
    """Where others are, and do not see it; what is shared then is there for all."""
    border.talk.say |= {"apps": LISTED, "apps shared": Message("For all.", private=False)}
    await border.people.command("ola", "/o365 apps")
    listed = await border.answer(border.channel(), "Listed.")
    assert listed.only_for == OLA
    await border.people.press("ola", listed, "Share in channel")
    assert (await border.answer(border.channel(), "For all.")).only_for is None
    direct = border.people.dm_of("ola")
    await border.people.say("ola", "apps", channel=direct.id)
    assert "Share in channel" not in str((await border.answer(direct, "Listed.")).blocks)


async def test_the_home_tab_shows_what_there_is_for_whoever_opens_it(border: SlackBorder) -> None:
    """Published when it is opened."""
    border.talk.say["home"] = Message("Home", (Text("This waits for you."),))
    await border.people.open_home("ola")
    view = await border.log.wait_for(lambda: border.workspace.homes.get(OLA))
    assert view["blocks"][0]["text"]["text"] == "This waits for you."


async def test_the_shortcut_on_a_message_asks_about_what_it_says(border: SlackBorder) -> None:
    """Of people and of apps; the answer is for the asker alone, and nothing of it is a command."""
    await border.people.say("gita", "send all now, or is R&D *stuck*?", mention=False)
    said = await border.log.wait_for(
        lambda: next((m for m in border.channel().messages if "stuck" in m.text), None)
    )
    await border.people.ask_about("ola", said)
    told = "You said: about: send all now, or is R&amp;D *stuck*?"
    answer = await border.answer(border.channel(), told)
    assert answer.only_for == OLA
    assert border.talk.words == ["about: send all now, or is R&D *stuck*?"]


async def test_the_shortcut_reads_what_an_app_wrote_in_blocks(border: SlackBorder) -> None:
    """Its text may be next to nothing; what cannot be seen of it is no part of it."""
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "Sales is stuck"}}
    asked = {
        "type": "message_action",
        "callback_id": "about",
        "user": {"id": OLA},
        "channel": {"id": border.channel().id},
        "response_url": border.workspace.new_response_url(
            border.channel(), OLA, "1.2", time.time()
        ),
        "message": {"text": "Alert", "blocks": [block], "metadata": {"text": "no"}},
    }
    await border.send(urlencode({"payload": json.dumps(asked)}).encode(), kind=FORM)
    await wait_until(lambda: border.talk.words == ["about: Alert Sales is stuck"])


async def test_the_shortcut_on_a_reply_is_answered_in_its_thread(border: SlackBorder) -> None:
    """To the asker alone; also where the reply is a file, and says nothing."""
    root = await border.people.say("gita", "Sales?", mention=False)
    reply = await border.people.say("gita", "", mention=False, thread=root.id)
    await border.people.ask_about("ola", reply)
    answer = await border.answer(border.channel(), "You said: about:")
    assert (answer.only_for, answer.thread) == (OLA, root.id)


async def test_a_button_of_the_home_tab_is_answered_by_direct_message(border: SlackBorder) -> None:
    """There is nowhere else: its request has neither a channel nor a response URL."""
    pressed = {
        "type": "block_actions",
        "user": {"id": OLA},
        "container": {"type": "view"},
        "trigger_id": "3.4.x",
        "actions": [{"type": "button", "action_id": "apps", "value": "apps R&amp;D"}],
    }
    await border.send(urlencode({"payload": json.dumps(pressed)}).encode(), kind=FORM)
    await border.answer(border.people.dm_of("ola"), "You said: apps R&amp;D")
    assert border.talk.words == ["apps R&D"]


async def test_an_answer_waits_as_long_as_slack_asks(border: SlackBorder) -> None:
    """A second for the next message in the channel is no reason to lose it."""
    border.workspace.limit.burst = 1
    assert border.workspace.limit.retry_after(CHANNEL) is None  # somebody else's message
    await border.people.say("ola", "apps")
    await border.answer(border.channel(), "You said: apps")


async def test_an_answer_that_cannot_be_given_there_comes_as_a_direct_message(
    border: SlackBorder,
) -> None:
    """The response URL is over after half an hour; the answer is not lost."""
    border.talk.go_on.clear()
    await border.people.command("ola", "/o365 scan")
    border.workspace.response_urls.clear()
    border.talk.go_on.set()
    await border.answer(border.people.dm_of("ola"), "You said: scan")


async def test_an_answer_that_cannot_be_given_at_all_is_logged(border: SlackBorder) -> None:
    """With who asked and why it failed, and without a secret."""
    border.talk.go_on.clear()
    with structlog.testing.capture_logs() as logs:
        await border.people.command("ola", "/o365 scan")
        border.workspace.response_urls.clear()
        border.workspace.deactivated.add(OLA)
        border.talk.go_on.set()
        await border.inbound.drain(20)
    lost = next(entry for entry in logs if entry["event"] == "slack answer not delivered")
    assert (lost["log_level"], lost["user"]) == ("error", OLA)
    assert "actions/" not in str(logs)
    assert TOKEN not in str(logs)


async def test_a_bug_in_one_answer_is_logged_and_hurts_no_other(border: SlackBorder) -> None:
    """The error is in the log with its trace; the next question is answered."""
    border.talk.broken = True
    with structlog.testing.capture_logs() as logs:
        await border.people.command("ola", "/o365 apps")
        await wait_until(lambda: any(e["event"] == "slack answer failed" for e in logs))
    border.talk.broken = False
    await border.people.command("ola", "/o365 again")
    await border.answer(border.channel(), "You said: again")


# ------------------------------------------------------------------ once


async def test_a_repeated_event_is_acted_on_once(border: SlackBorder) -> None:
    """Slack sends an event again, signed anew, when it did not see the acknowledgement."""
    body = event(mention())
    for retry in range(3):
        headers = signed_headers(body, JSON, at=time.time() + retry)
        if retry:
            headers["x-slack-retry-num"] = str(retry)
        response = await border.client.post(border.url, content=body, headers=headers)
        assert response.status_code == 200
    await border.inbound.drain(20)
    assert border.talk.words == ["apps"]


async def test_a_first_delivery_that_was_lost_is_made_good_by_its_retry(
    border: SlackBorder,
) -> None:
    """What counts is whether this event was seen, not whether Slack calls it a retry."""
    await border.send(event(mention()), x_slack_retry_num="1")
    await wait_until(lambda: border.talk.words == ["apps"])


@pytest.mark.parametrize("fields", [{"trigger_id": "1.2.abc"}, {}])
async def test_a_replayed_command_is_acted_on_once(
    border: SlackBorder, fields: dict[str, str]
) -> None:
    """A recorded request is genuine for five minutes, but only the first time."""
    url = border.workspace.new_response_url(border.channel(), OLA, None, time.time())
    body = command("ask contoso/1", response_url=url, **fields)
    headers = signed_headers(body, FORM)
    for _ in range(3):
        again = await border.client.post(border.url, content=body, headers=headers)
        assert again.status_code == 200
    await border.inbound.drain(20)
    assert border.talk.words == ["ask contoso/1"]


async def test_without_the_store_nothing_is_done_and_slack_is_told_to_try_again(
    border: SlackBorder,
) -> None:
    """503: Slack repeats an event."""
    border.once.down = True
    assert (await border.send(event(mention()))).status_code == 503
    assert border.talk.asked == []
    border.once.down = False
    assert (await border.send(event(mention()), x_slack_retry_num="1")).status_code == 200
    await wait_until(lambda: border.talk.words == ["apps"])


async def test_without_the_store_whoever_asked_by_hand_is_told(border: SlackBorder) -> None:
    """A command, a button and a shortcut come once: Slack would say "dispatch_failed"."""
    told = "That cannot be done right now."
    await border.people.say("ola", "apps")
    asked = await border.answer(border.channel(), "You said: apps")
    border.once.down = True
    await border.people.command("ola", "/o365 send Sales now")
    await border.answer(border.channel(), told)
    await border.people.ask_about("ola", asked)
    await wait_until(lambda: [m.text for m in border.from_bot(border.channel())].count(told) == 2)
    assert [one.status for one in border.people.delivery.deliveries[-2:]] == [200, 200]
    assert [m.only_for for m in border.from_bot(border.channel())][1:] == [OLA, OLA]
    assert border.talk.words == ["apps"]


async def test_on_shutdown_answers_are_finished_and_nothing_new_is_taken(
    border: SlackBorder,
) -> None:
    """What was acknowledged is answered; what comes later goes to another replica."""
    border.talk.go_on.clear()
    await border.people.command("ola", "/o365 scan")
    await wait_until(lambda: border.talk.words == ["scan"])
    draining = asyncio.create_task(border.inbound.drain(20))

    async def nothing_is_taken() -> bool:
        looks = {"type": "app_home_opened", "user": OLA, "tab": "messages"}
        return bool((await border.send(event(looks, "Ev9"))).status_code == 503)

    await wait_until(nothing_is_taken, what="the drain has begun")
    assert (await border.send(event(mention()))).status_code == 503
    border.talk.go_on.set()
    await draining
    assert [m.text for m in border.from_bot(border.channel())] == ["You said: scan"]


async def test_on_shutdown_what_does_not_end_is_cut_off_and_logged(border: SlackBorder) -> None:
    """A drain takes no longer than it was given."""
    border.talk.go_on.clear()
    await border.people.command("ola", "/o365 scan")
    await wait_until(lambda: border.talk.words == ["scan"])
    with structlog.testing.capture_logs() as logs:
        async with asyncio.timeout(20):
            await border.inbound.drain(0.05)
    assert "slack answer cut off by shutdown" in [entry["event"] for entry in logs]


@pytest.mark.parametrize("border", [{"most": 1}], indirect=True)
async def test_when_too_many_wait_already_slack_is_told_so_and_nothing_is_marked(
    border: SlackBorder,
) -> None:
    """Not acknowledged, so not lost: an event comes again, of a command Slack says it failed."""
    border.talk.go_on.clear()
    await border.people.command("ola", "/o365 scan")
    await wait_until(lambda: border.talk.words == ["scan"])
    refused = await border.send(event(mention()))
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    border.talk.go_on.set()
    await border.answer(border.channel(), "You said: scan")
    await wait_until(lambda: not border.inbound.under_way)
    assert (await border.send(event(mention()), x_slack_retry_num="1")).status_code == 200
    await wait_until(lambda: border.talk.words == ["scan", "apps"])


@pytest.mark.parametrize("border", [{"at_once": 1}], indirect=True)
async def test_more_than_are_answered_at_once_wait_acknowledged_for_their_turn(
    border: SlackBorder,
) -> None:
    """Slack has its response at once; each of them is answered."""
    border.talk.go_on.clear()
    for number in range(3):
        await border.people.command("ola", f"/o365 why {number}")
        assert border.people.delivery.deliveries[-1].status == 200
    await wait_until(lambda: len(border.talk.words) == 1)
    assert border.inbound.under_way == 3
    border.talk.go_on.set()
    for number in range(3):
        await border.answer(border.channel(), f"You said: why {number}")
