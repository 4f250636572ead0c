"""The first settings file of an installation, commented, from a few answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot.settings.sections.chat import SlackSettings, TeamsSettings
from bot.settings.sections.clouds import EntraSettings, OktaSettings
from bot.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered; "" and () for what is to be filled in later."""

    url: str
    language: str
    org: str
    okta_url: str
    okta_client_id: str = ""
    okta_key_id: str = ""
    entra_client_id: str = ""
    slack: bool = True
    slack_socket: bool = False
    slack_channel: str = ""
    slack_operators: tuple[str, ...] = ()
    teams: bool = False
    teams_app_id: str = ""
    teams_tenant_id: str = ""
    teams_channel: str = ""
    teams_operators: tuple[str, ...] = ()


OKTA_KEY, ENTRA_PEM = "okta_private_key", "entra_certificate"
SLACK_TOKEN, SLACK_SECRET = "slack_bot_token", "slack_signing_secret"
SLACK_APP_TOKEN = "slack_app_token"
TEAMS_PASSWORD = "teams_app_password"
"""The names of the secrets' files, as docs/deploy.md has them."""

_HEAD = """\
# The settings of o365bot. docs/settings.md has every key; here are those that you need.
# Lines with TODO wait for a value. `o365bot doctor --config FILE` says what is still wrong.
"""


_LAST = """\
# Your own deadline, which reminders lead up to.
# [[campaign.targets]]
# on = 2027-03-31
"""


def settings(answers: Answers, secrets: Path) -> str:
    """The file's text; secrets are named by their paths in the folder `secrets`."""
    return "\n".join((_HEAD, *_parts(answers, secrets)))


def wanted(answers: Answers) -> Mapping[str, str]:
    """The secrets that somebody has to bring: the file's name, and where each comes from."""
    found = {OKTA_KEY: "the private key (PEM) of the service app in Okta"}
    if answers.slack:
        found[SLACK_TOKEN] = "Slack: OAuth & Permissions, Bot User OAuth Token"
        if answers.slack_socket:
            found[SLACK_APP_TOKEN] = (
                "Slack: Basic Information, App-Level Tokens, one with connections:write"
            )
        else:
            found[SLACK_SECRET] = "Slack: Basic Information, Signing Secret"
    if answers.teams:
        found[TEAMS_PASSWORD] = "the client secret of the Teams bot's registration"
    return found


def _parts(a: Answers, secrets: Path) -> Iterator[str]:
    data = {"public_url": a.url, "language": a.language, "data_dir": str(secrets.parent / "var")}
    yield _table("", Settings, data)
    okta = {
        "name": a.org,
        "url": a.okta_url,
        "client_id": a.okta_client_id,
        "key_id": a.okta_key_id,
        "private_key_file": str(secrets / OKTA_KEY),
    }
    yield _table("[[okta]]", OktaSettings, okta)
    entra = {"client_id": a.entra_client_id, "certificate_file": str(secrets / ENTRA_PEM)}
    yield _table("[entra]", EntraSettings, entra)
    yield "# Administrators prove who they are at Microsoft (docs/okta-and-entra.md).\n[sign_in]\n"
    if a.slack:
        slack = {
            "bot_token_file": str(secrets / SLACK_TOKEN),
            **(
                {"app_token_file": str(secrets / SLACK_APP_TOKEN)}
                if a.slack_socket
                else {"signing_secret_file": str(secrets / SLACK_SECRET)}
            ),
            "channel": a.slack_channel,
            "operators": a.slack_operators,
        }
        yield _table("[slack]", SlackSettings, slack)
    if a.teams:
        teams = {
            "app_id": a.teams_app_id,
            "app_password_file": str(secrets / TEAMS_PASSWORD),
            "tenant_id": a.teams_tenant_id,
            "channel": a.teams_channel,
            "operators": a.teams_operators,
        }
        yield _table("[teams]", TeamsSettings, teams)
    yield _LAST


def _table(head: str, section: type[BaseModel], values: Mapping[str, object]) -> str:
    """A table with each key's own explanation. JSON's strings and lists of them are TOML's."""
    fields: Mapping[str, FieldInfo] = section.model_fields
    lines = [head] if head else []
    for key, value in values.items():
        field = fields[key.removesuffix("_file")]
        lines.append(f"# {' '.join((field.description or '').split())}")
        given = json.dumps(value, ensure_ascii=False)
        lines.append(f"{key} = {given}" if value else f"# TODO {key} = {given}")
    return "\n".join(lines) + "\n"
