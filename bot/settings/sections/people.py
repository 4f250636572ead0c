"""The settings of admin accounts, and of what their links prove."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.domain.consent.requests import ProofKind
from bot.settings.section import Guid, OptionalGuid, Section, shaped

_ADDRESS = r"[^\s@]+@[^\s@]+"
# An object id of Microsoft's, a user id of Okta's, or an address.
Account = Annotated[
    str,
    shaped(
        rf"[0-9a-fA-F]{{8}}(-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}|00u\w+|{_ADDRESS}",
        "an object id or an address, not a name",
    ),
]
Mail = Annotated[str, shaped(_ADDRESS, "an address such as ada@contoso.com")]


class LinksSettings(Section):
    """What it takes to use a personal link."""

    minimum_proof: ProofKind | None = Field(
        None,
        description="The weakest proof of identity to accept. By default: `signed_in` where "
        "`sign_in` is configured, else `chat_account`.",
    )


Where = Literal["slack", "teams", "mail"]


class PeopleSettings(Section):
    """What the organisation knows about its own admins."""

    denied: tuple[Account, ...] = Field(
        (), description="Object ids or addresses never to ask (break-glass accounts)."
    )
    not_break_glass: tuple[Account, ...] = Field(
        (), description="Accounts that look like break-glass accounts but belong to people."
    )
    owners: dict[Account, Mail] = Field(
        default_factory=dict,
        description="Admin account (object id or address) to the address of the person behind it.",
    )
    chats: dict[Account, Where] = Field(
        default_factory=dict,
        description="Admin account (object id or address) to where that person gets messages: "
        "`slack`, `teams` or `mail`. By default: the chat in which they last spoke to the bot.",
    )
    first_chat: Literal["slack", "teams"] = Field(
        "slack", description="Which chat to use for somebody who has spoken to the bot in neither."
    )


class OperatorsPageSettings(Section):
    """The operators' own page, under `public_url` + `/operators`; only to read.

    Write `[operators_page]`, even with nothing under it, to switch it on. Operators sign in at
    Microsoft, with the same app registration and redirect address as `[sign_in]`.
    """

    tenant_id: OptionalGuid = Field(
        "",
        description="The id of the tenant in which operators sign in. By default: "
        "`teams.tenant_id`.",
    )
    operators: tuple[Guid, ...] = Field(
        (),
        description="Entra object ids of those who may read it, besides the operators in Teams "
        "where that is the same tenant.",
    )
