"""The files for containers: what they name must exist here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.settings.settings import Settings, load
from bot.settings.variables import CONFIG_VARIABLE, PREFIX
from tools.docs import sections

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()


def keys() -> set[str]:
    """Every variable that a setting may come from."""
    every: dict[str, type[BaseModel]] = {"": Settings, **sections()}
    names = {f"{part}.{key}".lstrip(".") for part, of in every.items() for key in of.model_fields}
    return {PREFIX + name.replace(".", "__").upper() for name in names}


@pytest.mark.parametrize("text", [DOCKERFILE, COMPOSE], ids=["Dockerfile", "docker-compose.yml"])
def test_every_variable_is_a_setting(text: str) -> None:
    """A misspelt one would keep the container from starting."""
    named = set(re.findall(rf"^\s*(?:ENV )?({PREFIX}[A-Z0-9_]+)(?:=|:)", text, re.MULTILINE))
    assert named
    assert {name.removesuffix("_FILE") for name in named} <= keys() | {CONFIG_VARIABLE}


def test_everything_that_is_copied_exists() -> None:
    """And is let through to the build."""
    let_through = (ROOT / ".dockerignore").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE):
        for name in line.split():
            assert (ROOT / name).exists()
            assert f"!{name}\n" in let_through


@pytest.mark.parametrize("config", ["", None], ids=["empty", "unset"])
def test_a_container_needs_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: str | None
) -> None:
    """Also with the variable empty that names one: an image cannot unset what it has set."""
    monkeypatch.chdir(tmp_path)
    if config is not None:
        monkeypatch.setenv(CONFIG_VARIABLE, config)
    monkeypatch.setenv("O365BOT_PUBLIC_URL", "https://bot.contoso.com")
    monkeypatch.setenv(
        "O365BOT_OKTA", '[{"name": "contoso", "url": "https://contoso.okta.com", "api_token": "x"}]'
    )
    monkeypatch.setenv("O365BOT_SLACK__BOT_TOKEN", "xoxb-x")
    monkeypatch.setenv("O365BOT_SLACK__SIGNING_SECRET", "x")
    assert load().public_url == "https://bot.contoso.com"
