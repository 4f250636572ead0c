"""Everything that can be configured, read once at start and checked as a whole.

From a TOML file (named by `--config` or `O365BOT_CONFIG`) and from the environment
(`O365BOT_SLACK__BOT_TOKEN`, …), which wins. Each secret may also be given as a file: `bot_token` or
`bot_token_file`. `docs/settings.md` is written from these classes, and a test keeps it so.
"""

from __future__ import annotations

import ipaddress
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bot.domain.consent import ProofKind
from bot.errors import SettingsInvalid
from bot.settings_campaign import CampaignSettings
from bot.settings_errors import problems
from bot.settings_places import known_zone
from bot.settings_section import Section as Section
from bot.settings_section import shaped, wrong

PREFIX = "O365BOT_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(value: str) -> str:
    """An https address without query; http is taken for loopback only."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - looks whether it is one
    except ValueError:
        raise ValueError("expected an address such as https://example.com") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("expected an address such as https://example.com")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("expected https (http is taken for loopback only)")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("expected an address without user, query or fragment")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]


class RedisSettings(Section):
    """Where acknowledgements are kept."""

    url: SecretStr | None = Field(
        None,
        description="Redis >= 7.2 or Valkey: `redis://`, `rediss://`, `unix://`, "
        "`redis+sentinel://host:port,host:port/service` or `redis+cluster://host:port`. "
        "Left out, o365bot starts a Valkey server of its own in `data_dir`.",
    )
    replicas: int = Field(
        0,
        ge=0,
        le=5,
        description="How many replicas must have an acknowledgement before it is answered.",
    )

    @field_validator("replicas")
    @classmethod
    def _can_be_waited_for(cls, value: int, info: ValidationInfo) -> int:
        if "url" not in info.data:  # it is wrong itself
            return value
        url = info.data["url"].get_secret_value() if info.data["url"] else ""
        if value and (not url or url.partition("://")[0].endswith("+cluster")):
            raise ValueError("needs a redis.url of one server or of Sentinel")
        return value


class OktaSettings(Section):
    """One Okta org, read with a service app (recommended) or an API token."""

    name: Annotated[
        str,
        shaped(
            r"[a-z0-9][a-z0-9-]{0,30}",
            "up to 31 small letters, digits and hyphens such as contoso",
        ),
    ] = Field(
        description="A short name for the org: small letters, digits, hyphens.",
    )
    url: Address = Field(description="The org's address, such as `https://contoso.okta.com`.")
    admin_url: Address | None = Field(
        None, description="The Admin Console's address; found from `url` when left out."
    )
    client_id: str = Field("", description="The client id of the API service app.")
    private_key: SecretStr | None = Field(
        None, description="The private key of the service app, PEM (RSA or EC)."
    )
    key_id: str = Field("", description="The key id (`kid`) that Okta shows beside the key.")
    api_token: SecretStr | None = Field(
        None,
        validate_default=True,
        description="An API token (SSWS). It has its creator's rights: a last resort.",
    )
    free_share: float = Field(
        0.2,
        ge=0,
        le=0.9,
        description="The share of each of the org's rate limits that is left to its other users.",
    )
    hook_secret: SecretStr | None = Field(
        None,
        description="What the org's event hook sends in its Authorization header, at least 16 "
        "characters (docs/event-hooks.md). Left out, no event hook is taken.",
    )

    @field_validator("hook_secret")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:
            raise ValueError("must have at least 16 characters")
        return value

    @field_validator("api_token")
    @classmethod
    def _one_credential(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        keys = ("client_id", "private_key", "key_id")
        if not info.data.keys() >= set(keys):  # one of them is wrong itself
            return value
        app = all(info.data[key] for key in keys)
        if not app and value is None:
            raise ValueError("give client_id, private_key and key_id (or api_token)")
        if app and value is not None:
            raise ValueError("give a service app or api_token, not both")
        return value


class EntraSettings(Section):
    """The app registration by which Microsoft Graph is read."""

    client_id: str = Field(description="The application (client) id.")
    certificate: SecretStr | None = Field(
        None, description="Certificate and private key in one PEM (recommended)."
    )
    client_secret: SecretStr | None = Field(
        None, validate_default=True, description="A client secret instead."
    )
    login_url: Address = Field(
        "https://login.microsoftonline.com", description="The cloud's sign-in host."
    )
    graph_url: Address = Field(
        "https://graph.microsoft.com", description="The cloud's Microsoft Graph host."
    )
    okta_app_names: tuple[str, ...] = Field(
        (
            "Okta Microsoft Graph Client",
            "Okta Office 365 Graph Client - SSO",
        ),
        description="The names that Okta's enterprise application may have in a tenant. Okta does "
        "not publish its ids, and its help pages disagree about the name.",
    )
    okta_app_ids: tuple[str, ...] = Field(
        (), description="Its application ids, once you know them; they are stronger than names."
    )

    @field_validator("client_secret")
    @classmethod
    def _one_credential(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "certificate" in info.data and (info.data["certificate"] is None) == (value is None):
            raise ValueError("give either certificate or client_secret")
        return value


class SignInSettings(Section):
    """Signing the asked person in at their own tenant: the strong proof of who acts.

    Write `[sign_in]`, even with nothing under it, to switch it on. The app registration needs the
    redirect address `public_url` + `redirect_path`, platform "Web".
    """

    redirect_path: Annotated[
        str, shaped(r"(/[a-z0-9_-]{1,50}){1,4}", "a path such as /auth/callback")
    ] = Field(
        "/auth/callback",
        description="Where Microsoft sends the browser back to, below `public_url`.",
    )
    api_scope: Annotated[
        str, shaped(r"((api|https)://\S+/[^\s/]+)?", "a scope with its API such as api://…/proof")
    ] = Field(
        "",
        description="A scope of the registration's own API (`api://…/proof`) that takes access "
        "tokens in version 1.0: only those say whether MFA was used.",
    )
    auth_context: Annotated[str, shaped(r"(c\d{1,2})?", "c1 to c99")] = Field(
        "",
        description="A Conditional Access authentication context (`c1` to `c99`) that the tenants "
        "require MFA for; it is asked for and checked.",
    )


class LinksSettings(Section):
    """How personal links are spent."""

    minimum_proof: ProofKind | None = Field(
        None,
        description="The weakest proof of who acts that is accepted. Left out: `signed_in` where "
        "`sign_in` is configured, else `chat_account`.",
    )


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


class PeopleSettings(Section):
    """What the organisation knows about its own admins."""

    denied: tuple[str, ...] = Field(
        (), description="Object ids or addresses that are never asked (break-glass accounts)."
    )
    not_break_glass: tuple[str, ...] = Field(
        (), description="Accounts that look like break-glass accounts but are people."
    )
    owners: dict[str, str] = Field(
        default_factory=dict,
        description="Admin account (object id or address) to the address of the person behind it.",
    )


class RehearsalSettings(Section):
    """A clock that can be set forward, to see in minutes what comes in months."""

    clock_file: Path | None = Field(
        None,
        description="A file that holds a number of seconds, by which reminders, links and boards "
        "live ahead of the time. It is read again whenever it changes. Sign-ins, certificates and "
        "everything else that others check keep the real time.",
    )


class Settings(BaseSettings):
    """All settings. Build it with `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    public_url: Address = Field(
        description="Where browsers and the chat platforms reach o365bot; links are built from it."
    )
    listen: Annotated[
        str, shaped(r"[^\s:]+:\d{1,5}", "a host and a port such as 127.0.0.1:8080")
    ] = Field("127.0.0.1:8080", description="Host and port to listen on.")
    data_dir: Path = Field(Path("var"), description="Where the embedded store keeps its files.")
    language: Literal["de", "en"] = Field("en", description="The language of channel messages.")
    scan_every_minutes: int = Field(
        15, ge=1, le=1440, description="Minutes between two looks at every org."
    )
    full_scan_hours: int = Field(
        24,
        ge=1,
        le=168,
        description="Hours after which an app is read again even if nothing says that it changed.",
    )
    microsoft_minutes: int = Field(
        60,
        ge=5,
        le=1440,
        description="Minutes between two looks at a tenant whose apps are still open.",
    )
    link_hours: int = Field(336, ge=1, le=336, description="How long a personal link lives.")
    time_zone: str = Field(
        "UTC",
        description="The zone of the channels, and of people whose zone is not known, such as "
        "`Europe/Berlin`.",
    )
    redis: RedisSettings = Field(RedisSettings(), description="The store.")
    okta: tuple[OktaSettings, ...] = Field(description="The Okta orgs, at least one.")
    entra: EntraSettings | None = Field(
        None, description="Microsoft; left out, people and consents cannot be told."
    )
    sign_in: SignInSettings | None = Field(
        None, description="Signing people in; left out, the proof of who acts is weaker."
    )
    links: LinksSettings = Field(LinksSettings(), description="How personal links are spent.")
    slack: SlackSettings | None = Field(None, description="Slack; left out, it is not served.")
    teams: TeamsSettings | None = Field(
        None, validate_default=True, description="Teams; left out, it is not served."
    )
    limits: LimitsSettings = Field(
        LimitsSettings(), description="How fast the chat platforms may be called."
    )
    people: PeopleSettings = Field(PeopleSettings(), description="Your own admins.")
    campaign: CampaignSettings = Field(
        CampaignSettings(), description="Your dates, and how people are reminded of them."
    )
    rehearsal: RehearsalSettings = Field(
        RehearsalSettings(), description="For rehearsals only; leave it out in earnest."
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("okta")
    @classmethod
    def _not_none(cls, value: tuple[OktaSettings, ...]) -> tuple[OktaSettings, ...]:
        # Not `min_length`: that would also count an org whose own keys are wrong as missing.
        if not value:
            raise ValueError("give at least one org")
        names = [org.name for org in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each org needs a name of its own (twice: {', '.join(twice)})")
        return value

    @field_validator("sign_in")
    @classmethod
    def _has_a_registration(
        cls, value: SignInSettings | None, info: ValidationInfo
    ) -> SignInSettings | None:
        if value is not None and info.data.get("entra", ...) is None:
            raise ValueError("it needs entra, whose app registration signs people in")
        return value

    @field_validator("links")
    @classmethod
    def _can_be_proven(cls, value: LinksSettings, info: ValidationInfo) -> LinksSettings:
        minimum = value.minimum_proof
        if minimum is None or "sign_in" not in info.data:
            return value
        sign_in = info.data["sign_in"]
        if minimum.reaches(ProofKind.SIGNED_IN) and sign_in is None:
            raise wrong(("minimum_proof", f"{minimum} needs sign_in"))
        if minimum is ProofKind.SIGNED_IN_MFA and not (sign_in.api_scope or sign_in.auth_context):
            raise wrong(
                (
                    "minimum_proof",
                    "signed_in_mfa needs sign_in.api_scope or sign_in.auth_context, for nothing "
                    "else shows MFA",
                )
            )
        return value

    @field_validator("teams")
    @classmethod
    def _some_chat(cls, value: TeamsSettings | None, info: ValidationInfo) -> TeamsSettings | None:
        if value is None and info.data.get("slack", ...) is None:
            raise ValueError("give slack or teams (or both)")
        return value

    @field_validator("campaign")
    @classmethod
    def _of_known_orgs(cls, value: CampaignSettings, info: ValidationInfo) -> CampaignSettings:
        names = [org.name for org in info.data.get("okta", ())]
        there = f"there {'is' if len(names) == 1 else 'are'}: {', '.join(names)}"
        unknown = [
            (f"targets.{number}.{key}", f"there is no org {org!r}; {there}")
            for number, target in enumerate(value.targets)
            for key, org in (target.of_org,)
            if names and key and org not in names
        ]
        if unknown:
            raise wrong(*unknown)
        return value

    @property
    def minimum_proof(self) -> ProofKind:
        """The weakest proof of who acts that is accepted."""
        default = ProofKind.SIGNED_IN if self.sign_in else ProofKind.CHAT_ACCOUNT
        return self.links.minimum_proof or default

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file, which comes in as init values."""
        return (env_settings, init_settings)


def load(config: Path | None = None) -> Settings:
    """Read the file and the environment. Raises SettingsInvalid with one line per wrong key."""
    path = config or (Path(named) if (named := os.environ.get(CONFIG_VARIABLE)) else None)
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsInvalid((f"{path.name}: cannot be read ({error.strerror})",)) from None
        except UnicodeDecodeError:
            raise SettingsInvalid((f"{path.name}: is not TOML (not UTF-8 text)",)) from None
        except tomllib.TOMLDecodeError as error:
            raise SettingsInvalid((f"{path.name}: is not TOML ({error})",)) from None
    elif not any(name.startswith(PREFIX) and name != CONFIG_VARIABLE for name in os.environ):
        raise SettingsInvalid(
            (f"No settings file was named: give --config FILE or {CONFIG_VARIABLE}.",)
        )
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsInvalid(problems(error)) from None
    except SettingsError as error:  # names the field in quotes, and not the value
        name = f"{PREFIX}{str(error).split(chr(34))[1].upper()}"
        raise SettingsInvalid(
            (f"{name}: what this variable or one of its keys holds is not JSON",)
        ) from None
