"""Settings that change while the bot runs: which are taken over, and how that is said."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bot.settings.settings import Settings
from bot.wiring.reloading import TAKEN_OVER, difference, merged
from tests.wiring import settings


def changed(**values: object) -> Settings:
    """Other settings than `settings()`, read as a file would be."""
    plain = settings().model_dump(exclude_unset=True)
    plain["slack"] |= {"bot_token": "xoxb-test", "signing_secret": "secret"}
    plain["okta"][0]["api_token"] = "none"
    plain["entra"]["client_secret"] = "none"
    plain.pop("links", None)
    for name, value in values.items():
        plain[name] = {**plain.get(name, {}), **value} if isinstance(value, dict) else value
    return Settings.model_validate(plain)


def test_what_decides_is_taken_over_and_what_connects_waits() -> None:
    """Each is named by its key; a secret's key, too, and never its value."""
    new = changed(
        campaign={"per_week": 2, "targets": [{"on": date(2027, 3, 31)}]},
        slack={"operators": ["U1"], "bot_token": "xoxb-secret"},
        link_hours=24,
    )
    found = difference(changed(), new)
    assert found.taken == ("campaign.per_week", "campaign.targets", "slack.operators")
    assert found.waiting == ("link_hours", "slack.bot_token")
    assert "xoxb-secret" not in repr(found)


def test_only_what_is_taken_over_is_in_force() -> None:
    """A new token beside a new operator waits with its restart; nothing is half so."""
    new = changed(
        slack={"operators": ["U1"], "operator_groups": ["S1"], "bot_token": "xoxb-new"},
        time_zone="Europe/Berlin",
    )
    now = merged(changed(), new)
    assert now.slack is not None
    assert (now.slack.operators, now.slack.operator_groups) == (("U1",), ("S1",))
    assert now.slack.bot_token.get_secret_value() == "xoxb-test"
    assert now.time_zone == "Europe/Berlin"
    assert difference(now, new).taken == ()


def test_a_platform_that_was_not_there_waits_for_a_restart() -> None:
    """Its operators come with it."""
    teams = {
        "app_id": "00000000-0000-0000-0000-000000000002",
        "app_password": "p",
        "tenant_id": "00000000-0000-0000-0000-000000000003",
        "operators": ["00000000-0000-0000-0000-000000000004"],
    }
    new = changed(teams=teams)
    assert merged(changed(), new).teams is None
    assert "teams.app_id" in difference(changed(), new).waiting


def test_the_same_settings_are_no_change() -> None:
    """However often they are read."""
    assert difference(changed(), changed()) == difference(settings(), settings())
    assert difference(changed(), changed()).taken == ()


def test_the_docs_name_what_is_taken_over() -> None:
    """docs/deploy.md has the list."""
    text = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text()
    assert all(f"`{key}`" in text for key in TAKEN_OVER)
