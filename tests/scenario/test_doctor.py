"""`doctor`, beside a bot that runs: in the chat and in the terminal."""

from __future__ import annotations

import json

import pytest

from tests.scenario.conftest import Stage, said
from tests.terminal import Terminal

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_operators_ask_the_bot_itself(stage: Stage) -> None:
    """It answers them alone, with what nobody can test from there and what to do about that."""
    answer = await stage.command("/o365 doctor", said("not testable"))
    assert answer.only_for == stage.world.slack.slack_id("ola")
    await stage.command("/o365 doctor", said("operator"), user="gita")


async def test_the_terminal_finds_a_running_bot_in_order(stage: Stage) -> None:
    """Only that its address is this machine's wants attention."""
    terminal = Terminal(stage.directory / "o365bot.toml")
    ran = await terminal.run("doctor", "--json")
    told = json.loads(ran.out)
    wrong = {
        (one["place"], one["check"], one["outcome"])
        for one in told["findings"]
        if one["grade"] in ("attention", "broken")
    }
    assert wrong == {("address", "address_outside", "local")}
    assert (ran.status, told["status"]) == (1, "attention")
