"""Everything that can be configured, read once at start and checked as a whole.

From a TOML file (named by `--config` or `O365BOT_CONFIG`) and from the environment
(`O365BOT_SLACK__BOT_TOKEN`, …), which wins. Each secret may also be given as a file: `bot_token` or
`bot_token_file`. `docs/settings.md` is written from these classes, and a test keeps it so.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from bot.domain.consent.requests import ProofKind
from bot.domain.normalization import exact
from bot.errors import SettingsInvalid
from bot.settings.address import Origin
from bot.settings.errors import problems
from bot.settings.files import read_toml
from bot.settings.places import known_zone
from bot.settings.section import no_truth, wrong
from bot.settings.sections.campaign import CampaignSettings
from bot.settings.sections.chat import LimitsSettings, SlackSettings, TeamsSettings
from bot.settings.sections.clouds import EntraSettings, OktaSettings, SignInSettings
from bot.settings.sections.data import AuditSettings, RetentionSettings
from bot.settings.sections.mail import MailSettings
from bot.settings.sections.monitoring import MonitoringSettings, TracesSettings
from bot.settings.sections.people import LinksSettings, OperatorsPageSettings, PeopleSettings
from bot.settings.sections.rehearsal import RehearsalSettings
from bot.settings.sections.store import RedisSettings
from bot.settings.sections.webhook import WebhookSettings
from bot.settings.variables import CONFIG_VARIABLE, PREFIX, named, not_json, strange, within_lists


def _network(value: str) -> str:
    """An address or a network; not everybody, which is what a wildcard would trust."""
    try:
        network = ip_network(value)
    except ValueError:
        raise ValueError("give an address or a network, such as 10.0.0.0/8") from None
    if network.prefixlen == 0:
        raise ValueError("this would trust everybody: name your own proxies")
    return value


def _folder(value: Path) -> Path:
    if value == Path() or "\0" in str(value):
        raise ValueError("expected the path of a directory of its own")
    return value


Folder = Annotated[Path, AfterValidator(_folder)]


def _host_and_port(value: str) -> str:
    """Where to listen; an IPv6 address stands in brackets."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+):([0-9]{1,5})", value)
    if found is None or not 1 <= int(found[2]) <= 65535:
        raise ValueError("expected a host and a port such as 127.0.0.1:8080 or [::1]:8080")
    return value


class Settings(BaseSettings):
    """All settings. Build it with `load`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    public_url: Origin = Field(
        description="Where browsers and chat platforms reach o365bot; links are built from it."
    )
    listen: Annotated[str, AfterValidator(_host_and_port)] = Field(
        "127.0.0.1:8080", description="Host and port to listen on."
    )
    worker_listen: Annotated[str, AfterValidator(_host_and_port)] = Field(
        "127.0.0.1:8081",
        description="Where `o365bot run --worker` serves probes and metrics; nothing else is "
        "served there.",
    )
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        (),
        description="Addresses or networks (CIDR) of your proxies. The caller's address that they "
        "put in `X-Forwarded-For` is trusted; they must set it themselves.",
    )
    data_dir: Folder = Field(Path("var"), description="Where the embedded store keeps its files.")
    language: Literal["de", "en"] = Field("en", description="The language of channel messages.")
    scan_every_minutes: int = Field(
        15, ge=1, le=1440, description="Minutes between two scans of every org."
    )
    full_scan_hours: int = Field(
        24,
        ge=1,
        le=168,
        description="Hours after which an app is read again even if nothing says it changed.",
    )
    microsoft_minutes: int = Field(
        60,
        ge=5,
        le=1440,
        description="Minutes between two scans of a tenant whose apps are still open.",
    )
    link_hours: int = Field(
        336, ge=1, le=336, description="Hours for which a personal link is valid."
    )
    time_zone: str = Field(
        "UTC",
        description="The time zone of channels, and of people whose own is unknown, such as "
        "`Europe/Berlin`.",
    )
    redis: RedisSettings = Field(RedisSettings(), description="The store.")
    webhook: WebhookSettings | None = Field(
        None, description="Tells another system what happens; off if left out."
    )
    retention: RetentionSettings = Field(
        RetentionSettings(), description="How long what is over is kept."
    )
    audit: AuditSettings = Field(AuditSettings(), description="The audit.")
    okta: tuple[OktaSettings, ...] = Field(description="The Okta orgs, at least one.")
    entra: EntraSettings | None = Field(
        None, description="Microsoft; without it, people and consents are unknown."
    )
    sign_in: SignInSettings | None = Field(
        None, description="Signing people in; without it, the proof of identity is weaker."
    )
    links: LinksSettings = Field(
        LinksSettings(), description="What it takes to use a personal link."
    )
    slack: SlackSettings | None = Field(None, description="Slack; off if left out.")
    teams: TeamsSettings | None = Field(
        None, validate_default=True, description="Teams; off if left out."
    )
    mail: MailSettings | None = Field(
        None, description="Personal messages by mail, for people who are not in chat."
    )
    operators_page: OperatorsPageSettings | None = Field(
        None, description="A page on which operators read everything; off if left out."
    )
    limits: LimitsSettings = Field(
        LimitsSettings(), description="How fast the chat platforms may be called."
    )
    people: PeopleSettings = Field(PeopleSettings(), description="Your own admins.")
    campaign: CampaignSettings = Field(
        CampaignSettings(), description="Your deadlines, and how people are reminded of them."
    )
    monitoring: MonitoringSettings = Field(
        MonitoringSettings(), description="Who may see figures and details."
    )
    traces: TracesSettings | None = Field(
        None, description="OpenTelemetry traces; off if left out."
    )
    rehearsal: RehearsalSettings = Field(
        RehearsalSettings(), description="For rehearsals only; leave it out in production."
    )

    _numbers = field_validator("*", mode="before")(no_truth)

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
            raise ValueError(f"each org needs its own name (used twice: {', '.join(twice)})")
        if same := [
            (f"{later}.url", f"this is the org of okta.{first} ({value[first].name}) again")
            for later in range(len(value))
            for first in range(later)
            if value[first].url == value[later].url
        ]:
            raise wrong(*same)
        return value

    @field_validator("sign_in")
    @classmethod
    def _has_a_registration(
        cls, value: SignInSettings | None, info: ValidationInfo
    ) -> SignInSettings | None:
        if value is not None and info.data.get("entra", ...) is None:
            raise ValueError("needs [entra], whose app registration signs people in")
        return value

    @field_validator("links")
    @classmethod
    def _can_be_proven(cls, value: LinksSettings, info: ValidationInfo) -> LinksSettings:
        minimum = value.minimum_proof
        if minimum is None or "sign_in" not in info.data:
            return value
        sign_in = info.data["sign_in"]
        if minimum.reaches(ProofKind.SIGNED_IN) and sign_in is None:
            raise wrong(("minimum_proof", f"{minimum} needs [sign_in]"))
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

    @field_validator("teams")
    @classmethod
    def _groups_can_be_read(
        cls, value: TeamsSettings | None, info: ValidationInfo
    ) -> TeamsSettings | None:
        if value and value.operator_groups and info.data.get("entra", ...) is None:
            raise wrong(("operator_groups", "needs [entra], by which the groups' members are read"))
        return value

    @field_validator("mail")
    @classmethod
    def _is_signed_in_for(
        cls, value: MailSettings | None, info: ValidationInfo
    ) -> MailSettings | None:
        """A mail can be forwarded, so holding its link must not be the proof of who acts."""
        if value is None or not info.data.keys() >= {"sign_in", "links"}:
            return value
        minimum = info.data["links"].minimum_proof
        if info.data["sign_in"] is None or not (minimum or ProofKind.SIGNED_IN).reaches(
            ProofKind.SIGNED_IN
        ):
            raise ValueError("needs [sign_in], and no weaker links.minimum_proof")
        return value

    @field_validator("operators_page")
    @classmethod
    def _has_readers(
        cls, value: OperatorsPageSettings | None, info: ValidationInfo
    ) -> OperatorsPageSettings | None:
        if value is None or not info.data.keys() >= {"sign_in", "teams"}:
            return value
        if info.data["sign_in"] is None:
            raise ValueError("needs [sign_in], by which operators prove who they are")
        teams: TeamsSettings | None = info.data["teams"]
        home = teams.tenant_id if teams else ""
        if not (value.tenant_id or home):
            raise wrong(("tenant_id", "give the id of the tenant in which operators sign in"))
        if not value.operators and (value.tenant_id or home) != home:
            raise wrong(("operators", "name at least one, or nobody could read the page"))
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
    path = config or (Path(asked) if (asked := os.environ.get(CONFIG_VARIABLE)) else None)
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = read_toml(path)
        except ValueError as error:
            missing = "" if path.exists() else "; o365bot init writes one"
            raise SettingsInvalid((f"{path}: {error}{missing}",)) from None
    elif not any(name.startswith(PREFIX) and name != CONFIG_VARIABLE for name in os.environ):
        raise SettingsInvalid(
            (
                f"No settings file given: use --config FILE or set {CONFIG_VARIABLE}. "
                "o365bot init writes one.",
            )
        )
    if parts := tuple(within_lists(Settings.model_fields)):
        raise SettingsInvalid(parts)
    # pydantic-settings takes names in any case: of [Slack] and [slack] one would count for nothing.
    other_case = (key for key in values if key not in Settings.model_fields)
    unknown = (
        *(
            f"{key}: is not a setting; is {exact(key)} meant?"
            for key in other_case
            if exact(key) in Settings.model_fields
        ),
        *strange(Settings.model_fields),
    )
    try:
        settings = Settings(**values)
    except ValidationError as error:
        alone = ("No settings file was given (--config FILE), only variables of the environment.",)
        told = alone if path is None else ()
        lines = map(named, problems(error, Settings))
        raise SettingsInvalid((*unknown, *lines, *told)) from None
    except SettingsError as error:
        raise SettingsInvalid((not_json(error),)) from None
    if unknown:
        raise SettingsInvalid(unknown)
    return settings
