"""The settings of the chat platforms."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bot.settings.address import Address, Origin
from bot.settings.section import Guid, Section, one_word, secret_value, shaped

_OTHER_TOKENS = {
    "xoxp-": "a user's token",
    "xapp-": "an app-level token",
    "xoxe": "a rotating token; turn token rotation off",
    "xoxa-": "a workspace token",
    "xoxs-": "a browser's session token",
    "xoxc-": "a browser's session token",
    "xoxd-": "a browser's session token",
    "xoxr-": "a refresh token",
}


_SLACK_CHANNEL = shaped(
    r"[CG][A-Z0-9]+",
    "a channel's id such as C0123456789, not its name; it is at the end of the channel's details",
)
_SLACK_GROUP = shaped(
    r"S[A-Z0-9]+",
    "a user group's id such as S0123456789, not its handle; find it in the group's ⋮ menu",
)
_TEAMS_CHANNEL = shaped(
    r"19:[^\s%]+@[^\s%]+",
    "a channel's id such as 19:…@thread.tacv2, with %3A written as : and %40 as @; find it in "
    "the link to the channel",
)


def _somebody(value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    """A validator of operators that were given: without any, groups may name them."""
    others = ("operator_groups", "operator_channels")
    if not value and not any(info.data.get(name) for name in others):
        raise ValueError("name at least one, or nobody can ask the bot anything here")
    return value


class SlackSettings(Section):
    """The Slack app."""

    bot_token: SecretStr = Field(description="The bot token, `xoxb-…`.")
    app_token: SecretStr | None = Field(
        None,
        description="An app-level token (`xapp-…`, scope `connections:write`), for Socket Mode: "
        "the bot opens the connection, and Slack need not reach it.",
    )
    signing_secret: SecretStr | None = Field(
        None,
        validate_default=True,
        description="The signing secret of the app, for what Slack sends over HTTP.",
    )
    channel: Annotated[
        str, shaped(r"([CG][A-Z0-9]+)?", "a channel's id such as C0123456789, not its name")
    ] = Field("", description="Id of the channel that gets board and reports.")
    operator_groups: tuple[Annotated[str, _SLACK_GROUP], ...] = Field(
        (), description="Ids (`S…`) of user groups whose members may ask and send, too."
    )
    operator_channels: tuple[Annotated[str, _SLACK_CHANNEL], ...] = Field(
        (), description="Ids of channels whose members may ask and send, too."
    )
    operators: tuple[
        Annotated[
            str,
            shaped(
                r"[UW][A-Z0-9]+",
                "a member's id such as U0123456789, not a name; find it in the ⋮ menu of their "
                "profile",
            ),
        ],
        ...,
    ] = Field((), description="Ids (`U…`) of those who may ask and send, and are told of trouble.")
    viewer_channels: tuple[Annotated[str, _SLACK_CHANNEL], ...] = Field(
        (), description="Ids of channels whose members may read, and change nothing."
    )
    api_url: Address = Field("https://slack.com/api", description="Slack's Web API.")

    _one_word = field_validator("bot_token", "signing_secret", "app_token")(one_word)

    @field_validator("bot_token")
    @classmethod
    def _of_the_bot(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if token.startswith("xoxb-"):
            return value
        for beginning, what in _OTHER_TOKENS.items():
            if token.startswith(beginning):
                raise ValueError(f"this is {what}; expected the Bot User OAuth Token, xoxb-…")
        raise ValueError("expected the Bot User OAuth Token, which begins with xoxb-")

    @field_validator("signing_secret")
    @classmethod
    def _some_way_in(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("app_token", ...) is None:
            raise ValueError("give it, or app_token for Socket Mode: Slack has no other way in")
        if value and value.get_secret_value().startswith(("xox", "xapp-")):
            raise ValueError("this is a token; expected the Signing Secret of Basic Information")
        return value

    @field_validator("app_token")
    @classmethod
    def _of_the_app(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith("xapp-"):
            raise ValueError("expected an App-Level Token, which begins with xapp-")
        return value

    _some_operator = field_validator("operators")(_somebody)


class TeamsSettings(Section):
    """The Teams bot registration (single tenant, or with a managed identity)."""

    app_id: Guid = Field(description="The bot's application id.")
    certificate: SecretStr | None = Field(
        None, description="The bot's certificate and private key in one PEM."
    )
    managed_identity: bool = Field(
        False,
        description="The bot is registered with a user-assigned managed identity, which the Azure "
        "machine or service that it runs on has; there is no secret then.",
    )
    app_password: SecretStr | None = Field(
        None, validate_default=True, description="The bot's client secret instead."
    )
    tenant_id: Guid = Field(description="The id of the tenant that the bot belongs to.")
    channel: Annotated[
        str,
        shaped(
            r"(19:[^\s%]+@[^\s%]+)?",
            "a channel's id such as 19:…@thread.tacv2, with %3A written as : and %40 as @",
        ),
    ] = Field("", description="Id of the channel that gets board and reports, `19:…`.")
    operator_groups: tuple[Guid, ...] = Field(
        (), description="Object ids of Entra groups whose members may ask and send, too."
    )
    operator_channels: tuple[Annotated[str, _TEAMS_CHANNEL], ...] = Field(
        (), description="Ids of channels whose team's members may ask and send, too."
    )
    operators: tuple[Guid, ...] = Field(
        (), description="Entra object ids of those who may ask and send, and are told of trouble."
    )
    viewer_channels: tuple[Annotated[str, _TEAMS_CHANNEL], ...] = Field(
        (), description="Ids of channels whose team's members may read, and change nothing."
    )
    openid_metadata_url: Address = Field(
        "https://login.botframework.com/v1/.well-known/openidconfiguration",
        description="Where to find the Bot Framework's keys.",
    )
    login_url: Origin = Field(
        "https://login.microsoftonline.com", description="Where the bot gets its own token."
    )
    service_urls: tuple[Address, ...] = Field(
        (
            "https://smba.trafficmanager.net/teams",
            "https://smba.infra.gcc.teams.microsoft.com/teams",
        ),
        description="Hosts that replies may go to; an activity that names another is refused.",
    )
    install_for_people: bool = Field(
        False,
        description="Install the app for somebody who is asked and does not have it, just before "
        "their first message. The bot's registration needs "
        "`TeamsAppInstallation.ReadWriteSelfForUser.All` and `AppCatalog.Read.All` at Microsoft "
        "Graph.",
    )
    graph_url: Origin = Field(
        "https://graph.microsoft.com", description="Microsoft Graph, to install the app by."
    )
    targeted_answers: bool = Field(
        False,
        description="Show answers in channels and group chats to the asker alone (Teams' targeted "
        "messages). Microsoft's pages disagree on whether every tenant has them: try it first.",
    )

    _secret = field_validator("app_password")(secret_value)

    @field_validator("app_password")
    @classmethod
    def _one_credential(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        known = [info.data.get(name, ...) for name in ("certificate", "managed_identity")]
        given = [one for one in (*known, value) if one not in (None, False)]
        if ... not in known and len(given) != 1:
            raise ValueError("give one of app_password, certificate and managed_identity")
        return value

    _some_operator = field_validator("operators")(_somebody)

    @field_validator("service_urls")
    @classmethod
    def _some_host(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("give at least one, or leave it out: the bot could answer nobody")
        return value


class LimitsSettings(Section):
    """How fast the chat platforms may be called, by all replicas together.

    What a platform publishes per channel or conversation (Slack: one message per second; Teams: 7
    in 1 s, 8 in 2 s, 60 in 30 s, 1,800 in an hour) is always kept, and so is `Retry-After`.
    """

    slack_messages_per_minute: int = Field(
        300, ge=2, description="Messages to a whole Slack workspace: Slack says “several hundred”."
    )
    slack_changes_per_minute: int = Field(
        50, ge=2, description="Changed messages (`chat.update`, tier 3)."
    )
    slack_lookups_per_minute: int = Field(
        50, ge=2, description="Checks whether a message exists (`conversations.history`, tier 3)."
    )
    teams_calls_per_second: int = Field(
        30, ge=2, description="Calls to Teams in one tenant, across all conversations."
    )
    mails_per_minute: int = Field(
        30, ge=2, description="Mails in total: Exchange Online takes 30 from one sender."
    )
