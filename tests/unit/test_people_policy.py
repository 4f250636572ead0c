"""What is said of admin accounts: in the settings and by command, and which of it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.people.admins import Holding
from bot.domain.people.policy import AccountNote, AccountRule, Mark, PeoplePolicy, mark_of
from tests.examples import ADA, BEN, NOW

LATER = NOW + timedelta(hours=1)
SETTINGS = PeoplePolicy(
    denied=frozenset({"ada"}),
    not_break_glass=frozenset({"ben@contoso.com"}),
    owners={"ada@contoso.com": "Carl@contoso.com"},
)


def note(account: str, said: AccountRule, owner: str = "", at_later: bool = False) -> AccountNote:
    return AccountNote(account, said, "Olga", LATER if at_later else NOW, owner)


def test_the_settings_count_until_something_else_is_said() -> None:
    """By object id or by address."""
    assert SETTINGS.denies(ADA.names)
    assert not SETTINGS.denies(BEN.names)
    assert SETTINGS.allows(BEN.names)
    assert SETTINGS.owner(ADA) == "carl@contoso.com"
    assert SETTINGS.owner(BEN) is None


def test_a_command_wins_over_the_settings() -> None:
    """For the account it names, under whichever of its names."""
    said = SETTINGS.with_notes(
        (
            note("ada@contoso.com", AccountRule.ALLOWED),
            note("ben", AccountRule.DENIED),
            note("ada", AccountRule.OWNER, "dora@contoso.com"),
        )
    )
    assert not said.denies(ADA.names)
    assert said.denies(BEN.names)
    assert not said.allows(BEN.names)
    assert said.owner(ADA) == "dora@contoso.com"


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_commands_the_later_one_counts(order: int) -> None:
    """Also when they name the account differently, and in whatever order they are read."""
    notes = (
        note("ada", AccountRule.DENIED),
        note("ada@contoso.com", AccountRule.ALLOWED, at_later=True),
    )
    said = PeoplePolicy().with_notes(notes[::order])
    assert not said.denies(ADA.names)
    assert said.allows(ADA.names)
    assert said.said_of([ADA.names, BEN.names]) == (notes[1],)


def test_an_account_that_is_nobodys_has_an_owner_that_is_nobody() -> None:
    """Which is another thing than an owner that is not known."""
    said = SETTINGS.with_notes((note("ada", AccountRule.OWNER, ""),))
    assert said.owner(ADA) == ""
    assert said.addresses(ADA) == ("ada@contoso.com",)


CLOUD = {"upn": "ea1@contoso.onmicrosoft.com", "given_name": ""}


@pytest.mark.parametrize(
    ("account", "mark"),
    [
        ({"display_name": "Break Glass"}, Mark.NAME),
        ({"display_name": "BREAK-GLASS 02"}, Mark.NAME),
        ({"display_name": "Notfall Zugang"}, Mark.NAME),
        ({"display_name": "Notfallzugang"}, Mark.NAME),
        ({"upn": "emergency_admin@contoso.com"}, Mark.NAME),
        ({"upn": "emergency.access2@contoso.com"}, Mark.NAME),
        ({"display_name": "Break the Glass"}, Mark.NAME),
        ({"display_name": "Cuenta de emergencia"}, Mark.NAME),
        ({"upn": "bg-01@contoso.com"}, Mark.NAME),
        ({"upn": "adm_bg2@contoso.com"}, Mark.NAME),
        ({"display_name": "Firecall 1"}, Mark.NAME),
        ({"upn": "svc_OKTA_sync_0oa1@contoso.com"}, Mark.SERVICE),
        ({"display_name": "Okta AAD Service Principal:0oa1"}, Mark.SERVICE),
        ({"upn": "svc-backup@contoso.com"}, Mark.SERVICE),
        ({"upn": "sync_dc01_0123456789ab@contoso.onmicrosoft.com"}, Mark.SERVICE),
        ({"display_name": "Dienstkonto Backup"}, Mark.SERVICE),
        ({"display_name": "On-Premises Directory Synchronization Service Account"}, Mark.SERVICE),
        (CLOUD, Mark.CLOUD_ONLY),
        ({}, None),
        ({"display_name": "Ada Breakwater"}, None),
        ({"display_name": "Ada (Service Desk)"}, None),
        ({"upn": "bgreen@contoso.com"}, None),
        ({"upn": "ada.bg@contoso.com"}, None),
        ({"display_name": "Ada Svcek", "upn": "svcek@contoso.com"}, None),
        ({"display_name": "Ada Async"}, None),
        ({"display_name": "Philippa Glass", "given_name": ""}, None),
        ({**CLOUD, "given_name": "Ada"}, None),
        ({**CLOUD, "mail": "ada@contoso.com"}, None),
        ({**CLOUD, "synced": True}, None),
        ({**CLOUD, "holding": Holding.ELIGIBLE, "may_activate": True}, None),
        ({**CLOUD, "may_activate": True}, None),
        ({"display_name": "Glass Break 1"}, Mark.NAME),
        ({"display_name": "Accès d’urgence"}, Mark.NAME),
        ({"display_name": "Acesso de emergência"}, Mark.NAME),
        ({"display_name": "Account di emergenza"}, Mark.NAME),
        ({"display_name": "Noodtoegang"}, Mark.NAME),
    ],
)
def test_an_account_that_is_tied_to_nobody_looks_like_break_glass(
    account: dict[str, Any], mark: Mark | None
) -> None:
    """By a telling name, or all of Microsoft's marks for emergency access accounts.

    A given name, a mailbox elsewhere, or an activated role points to a human.
    """
    assert mark_of(replace(ADA, **account)) is mark
