"""The settings of Okta, Microsoft, and signing in there."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from bot.settings.address import Address, Origin, origin
from bot.settings.section import Guid, Section, one_word, secret_value, shaped


def _without_blanks(value: str) -> str:
    if not re.fullmatch(r"[!-~]*", value):
        raise ValueError("expected one word, as Okta shows it, without spaces")
    return value


def _not_the_console(value: str) -> str:
    name, console, domain = value.partition("-admin.okta")
    if console:  # nobody is given a token there
        domain, _, _ = domain.partition("/")
        raise ValueError(f"this is the Admin Console's address; try {name}.okta{domain}")
    return value


Word = Annotated[str, AfterValidator(_without_blanks)]
OrgAddress = Annotated[Address, AfterValidator(_not_the_console), AfterValidator(origin)]


class OktaSettings(Section):
    """One Okta org, read with a service app (recommended) or an API token."""

    name: Annotated[
        str,
        shaped(
            r"[a-z0-9][a-z0-9-]{0,30}",
            "up to 31 small letters, digits and hyphens such as contoso",
        ),
    ] = Field(
        description="A short name for the org: lowercase letters, digits, hyphens.",
    )
    url: OrgAddress = Field(description="The org's address, such as `https://contoso.okta.com`.")
    admin_url: Origin | None = Field(
        None, description="The Admin Console's address; derived from `url` if left out."
    )
    client_id: Word = Field("", description="The client id of the API service app.")
    private_key: SecretStr | None = Field(
        None, description="The private key of the service app, PEM (RSA or EC)."
    )
    key_id: Word = Field("", description="The key id (`kid`) that Okta shows next to the key.")
    api_token: SecretStr | None = Field(
        None,
        validate_default=True,
        description="An API token (SSWS). It has its creator's rights: a last resort.",
    )
    catalog_names: tuple[
        Annotated[str, shaped(r"[A-Za-z0-9_-]{1,100}", "an app's key name such as office365")], ...
    ] = Field(
        ("office365",),
        description="The key names in Okta's catalogue of the apps that count as Office 365. Okta "
        "documents only `office365`; name others, such as one for GCC High, as `name` in Okta's "
        "API has it.",
    )
    free_share: float = Field(
        0.2,
        ge=0,
        le=0.9,
        description="The share of each of the org's rate limits to leave to its other users.",
    )
    hook_secret: SecretStr | None = Field(
        None,
        description="What the org's event hook sends in its Authorization header, at least 16 "
        "characters (docs/event-hooks.md). Without it, no event hook is accepted.",
    )

    @field_validator("api_token")
    @classmethod
    def _the_token_alone(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and value.get_secret_value().startswith("SSWS "):
            raise ValueError("expected only the token, without SSWS before it")
        return one_word(value)

    @field_validator("catalog_names")
    @classmethod
    def _some_app(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError("give at least one, or leave it out: no app would be found")
        return value

    @field_validator("hook_secret")
    @classmethod
    def _fits_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        secret = value.get_secret_value() if value is not None else None
        if secret is not None and not re.fullmatch(r"[!-~][ -~]{14,}[!-~]", secret):
            raise ValueError("must have at least 16 characters: plain letters, digits and symbols")
        return value

    @field_validator("api_token")
    @classmethod
    def _one_credential(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        keys = ("client_id", "private_key", "key_id")
        if not info.data.keys() >= set(keys):  # one of them is wrong itself
            return value
        missing = [key for key in keys if not info.data[key]]
        app = not missing
        if missing and value is None:
            also = "" if len(missing) == len(keys) else " as well"
            raise ValueError(f"give {' and '.join(missing)}{also}, or an api_token instead")
        if app and value is not None:
            raise ValueError("give a service app or api_token, not both")
        return value


class EntraSettings(Section):
    """The app registration by which Microsoft Graph is read."""

    client_id: Guid = Field(description="The application (client) id.")
    certificate: SecretStr | None = Field(
        None, description="Certificate and private key in one PEM (recommended)."
    )
    client_secret: SecretStr | None = Field(
        None, validate_default=True, description="A client secret instead."
    )
    login_url: Origin = Field(
        "https://login.microsoftonline.com", description="The cloud's sign-in host."
    )
    graph_url: Origin = Field(
        "https://graph.microsoft.com", description="The cloud's Microsoft Graph host."
    )
    okta_app_names: tuple[Annotated[str, shaped(r"\S(.*\S)?", "a name")], ...] = Field(
        (
            "Okta Microsoft Graph Client",
            "Okta Office 365 Graph Client - SSO",
        ),
        description="The names that Okta's enterprise application may have in a tenant. Okta does "
        "not publish its ids, and its help pages disagree about the name.",
    )
    okta_app_ids: tuple[Guid, ...] = Field(
        (),
        validate_default=True,
        description="Its application ids, once you know them; they are stronger than names.",
    )

    @field_validator("okta_app_ids")
    @classmethod
    def _something_to_look_for(
        cls, value: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        if not value and info.data.get("okta_app_names") == ():
            raise ValueError("give okta_app_names or okta_app_ids, or no consent would be found")
        return value

    _secret = field_validator("client_secret")(secret_value)

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
        description="Where Microsoft sends the browser back to, under `public_url`.",
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
        "require MFA for; the bot asks for it and checks it.",
    )
