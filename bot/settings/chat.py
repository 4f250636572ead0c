"""The settings of the chat platforms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from bot.settings.address import Address
from bot.settings.section import Section, shaped


class SlackSettings(Section):
    """The Slack app."""

    bot_token: SecretStr = Field(description="The bot token, `xoxb-…`.")
    signing_secret: SecretStr = Field(description="The signing secret of the app.")
    channel: Annotated[
        str, shaped(r"([CG][A-Z0-9]+)?", "a channel's id such as C0123456789, not its name")
    ] = Field("", description="Id of the channel that follows along.")
    operators: tuple[str, ...] = Field(
        (), description="Member ids (`U…`) that may ask and send. Nobody else may."
    )
    api_url: Address = Field("https://slack.com/api", description="Slack's Web API.")

    @field_validator("signing_secret")
    @classmethod
    def _not_empty(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise ValueError("must not be empty")
        return value


class TeamsSettings(Section):
    """The Teams bot registration (single tenant)."""

    app_id: str = Field(min_length=1, description="The bot's application id.")
    app_password: SecretStr = Field(description="The bot's client secret.")
    tenant_id: str = Field(min_length=1, description="The tenant the bot lives in.")
    channel: str = Field("", description="Id of the channel that follows along, `19:…`.")
    operators: tuple[str, ...] = Field(
        (), description="Entra object ids that may ask and send. Nobody else may."
    )
    openid_metadata_url: Address = Field(
        "https://login.botframework.com/v1/.well-known/openidconfiguration",
        description="Where the keys of the Bot Framework are found.",
    )
    login_url: Address = Field(
        "https://login.microsoftonline.com", description="Where the bot gets its own token."
    )
    service_urls: tuple[Address, ...] = Field(
        (
            "https://smba.trafficmanager.net/teams",
            "https://smba.infra.gcc.teams.microsoft.com",
        ),
        description="Hosts that replies may go to; an activity that names another is refused.",
    )


class LimitsSettings(Section):
    """How fast the chat platforms may be called, by all replicas together.

    What a platform publishes per channel or conversation (Slack: one message per second; Teams: 7
    in 1 s, 8 in 2 s, 60 in 30 s, 1,800 in an hour) is always kept, and so is `Retry-After`.
    """

    slack_messages_per_minute: int = Field(
        300, ge=2, description="Messages to all of a Slack workspace: Slack says “several hundred”."
    )
    slack_changes_per_minute: int = Field(
        50, ge=2, description="Changed messages (`chat.update`, tier 3)."
    )
    slack_lookups_per_minute: int = Field(
        50, ge=2, description="Looks whether a message is there (`conversations.history`, tier 3)."
    )
    teams_calls_per_second: int = Field(
        30, ge=2, description="Calls to Teams in one tenant, over all conversations."
    )
