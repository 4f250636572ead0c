"""The settings of admin accounts, and of what their links prove."""

from __future__ import annotations

from pydantic import Field

from bot.domain.consent import ProofKind
from bot.settings.section import Section


class LinksSettings(Section):
    """How personal links are spent."""

    minimum_proof: ProofKind | None = Field(
        None,
        description="The weakest proof of who acts that is accepted. Left out: `signed_in` where "
        "`sign_in` is configured, else `chat_account`.",
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
