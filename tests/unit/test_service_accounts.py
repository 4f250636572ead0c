"""Whose a service account of Okta's is."""

from __future__ import annotations

import pytest

from bot.domain.inventory.service_accounts import names_app

WHOLE = "0oaws5pwpwkusGK6P1d7"


@pytest.mark.parametrize(
    ("name", "app_id", "is_its"),
    [
        ("0oa1", "0oa1", True),
        ("0oa1@contoso.onmicrosoft.com", "0oa1", True),
        (" 0OA1 ", "0oa1", True),
        ("0oa1_2@contoso.com", "0oa1", True),
        ("0oa12@contoso.com", "0oa1", False),
        ("0oa1clone", "0oa1", False),
        ("0oa1", "0oa12", False),
        ("x0oa1", "0oa1", False),
        ("", "0oa1", False),
        (f"{WHOLE}@contoso.com", WHOLE, True),
        (f"{WHOLE}abc@contoso.com", WHOLE, True),
        (f"{WHOLE[:-1]}8@contoso.com", WHOLE, False),
    ],
)
def test_an_account_is_that_of_the_app_whose_id_it_begins_with(
    name: str, app_id: str, is_its: bool
) -> None:
    """Whatever follows a whole id; of a shorter one another app's may go on from there."""
    assert names_app(name, app_id) is is_its
