"""Who can be written to in Teams: by policy, after a loss, as a guest, gone and back again."""

from __future__ import annotations

import asyncio

import pytest

from sandbox.page import reading
from tests.scenario.conftest import WITHIN, NewApp, Stage, own_stage, said
from tests.waiting import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


stage = own_stage  # what is done to people here must not change whom others ask.


@pytest.fixture(autouse=True)
def only_gita(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody of the tenant is in Slack, so Teams alone decides who can be asked."""
    for person in stage.world.teams.service.people():
        if person.key not in ("ola", "oskar"):
            monkeypatch.setattr(person, "slack_id", None)


async def test_somebody_for_whom_a_policy_installed_it_gets_their_letter(
    stage: Stage, new_app: NewApp
) -> None:
    """The bot never heard of it; it opens the conversation by the object id."""
    await _forgotten(stage, "gita")
    await stage.world.teams.uninstall("gita")
    stage.world.teams.service.installed.add("gita")  # without a word to the bot
    app = await new_app("By policy")
    dm = stage.world.teams.dm_of("gita")
    since = len(dm.messages)
    await _ask(stage, app.label)
    letter = await stage.next(dm, since, said(app.label))
    assert reading.link(letter)


async def test_a_conversation_that_the_store_lost_is_opened_again(
    stage: Stage, new_app: NewApp
) -> None:
    """And the letter is the only message: no welcome, nothing twice."""
    app = await new_app("Lost")
    dm = stage.world.teams.dm_of("gita")
    since = len(dm.messages)
    await _forgotten(stage, "gita")
    await _ask(stage, app.label)
    await stage.next(dm, since, said(app.label))
    assert len([m for m in dm.messages[since:] if m.from_bot]) == 1


async def test_who_removes_the_app_is_asked_no_more_and_who_puts_it_back_is_at_once(
    stage: Stage, new_app: NewApp
) -> None:
    """No list says otherwise for an hour, either way."""
    app = await new_app("Back")

    async def told(asked: bool) -> bool:
        """What lists would say: nobody is asked in chat again and again, who says too much."""
        async with stage.redis() as store:
            who = await store.hget("{o365bot}:prospects:contoso", app.id)
        return ("Gita Global" in (who or "")) is asked

    await wait_until(lambda: told(True), within=WITHIN, what="she can be asked")
    await stage.world.teams.uninstall("gita")
    await wait_until(lambda: told(False), within=WITHIN, what="nobody says that she can be asked")
    await stage.world.teams.install("gita")
    await wait_until(lambda: told(True), within=WITHIN, what="she can be asked again")
    dm = stage.world.teams.dm_of("gita")
    since = len(dm.messages)
    await _ask(stage, app.label)
    await stage.next(dm, since, said(app.label))


async def test_three_who_send_at_once_on_two_platforms_send_one_letter(
    stage: Stage, new_app: NewApp
) -> None:
    """Two accounts of operators, and one of them twice: each is told that she is asked."""
    app = await new_app("At once")
    dm = stage.world.teams.dm_of("gita")
    since = len(dm.messages)
    words = f"send {app.label} now"
    await asyncio.gather(
        stage.command(f"/o365 {words}", said(app.label, "Gita Global")),
        stage.ask_in_teams(words, said(app.label, "Gita Global")),
        stage.ask_in_teams(words, said(app.label, "Gita Global")),
    )
    letter = await stage.next(dm, since, said(app.label))
    await stage.ask_in_teams(words, said(app.label))  # and once it is there
    assert [m for m in dm.messages[since:] if m.from_bot and said(app.label)(m)] == [letter]


async def _ask(stage: Stage, label: str) -> None:
    await stage.ask_in_teams(f"send {label} now", said(label, "Gita Global"))


async def _forgotten(stage: Stage, user: str) -> None:
    """The store has lost the conversation."""
    teams = stage.world.teams
    person = teams.service.find(user)
    assert person is not None
    keys = (
        f"{{o365bot}}:conversation:{teams.dm_of(user).id}",
        f"{{o365bot}}:personal:{teams.service.object_id(person)}",
    )
    async with stage.redis() as store:
        assert await store.delete(*keys) == len(keys)
