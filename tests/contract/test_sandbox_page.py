"""What the page to play in is told, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.chatlog import ChatLog
from sandbox.slack import workspace as slack_workspace
from sandbox.world import World


async def test_the_page_shows_what_was_said_and_tells_of_changes(keys: Path) -> None:
    """`/state` has the messages and the apps; a taken port is replaced; only JSON may act."""
    async with (
        World(key_directory=keys, page_port=0) as world,
        world.slack.client.stream("GET", f"{world.page_url}/stream") as stream,
    ):
        events = stream.aiter_lines()
        assert await anext(events) == "event: change"
        do = f"{world.page_url}/do"
        deed = {
            "what": "say",
            "platform": "slack",
            "as": "ola",
            "conversation": slack_workspace.CHANNEL,
            "text": "good morning",
        }
        assert (await world.slack.client.post(do, data=deed)).status_code == 415
        assert (await world.slack.client.post(do, json=deed)).status_code == 200
        while await anext(events) != "event: change":
            pass
        state = (await world.slack.client.get(f"{world.page_url}/state")).json()
        said = [m["text"] for c in state["conversations"] for m in c["messages"]]
        assert said == ["good morning"]
        assert len(state["apps"]) == 12
        assert {app["org"] for app in state["apps"]} == {"Contoso", "Fabrikam"}


async def test_waiting_in_vain_says_what_was_there_instead() -> None:
    """The error of `wait_for` names its deadline."""
    with pytest.raises(TimeoutError, match=r"waited 0\.01 s in vain"):
        await ChatLog().wait_for(lambda: None, within=0.01)
