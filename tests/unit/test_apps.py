"""Apps, their references, and the tenant they point to."""

from __future__ import annotations

import pytest
from hypothesis import given

from bot.domain.inventory.apps import AppRef, AppStatus, Office365App
from tests import strategies as some


@given(some.app_refs)
def test_a_reference_is_read_back_from_its_text(ref: AppRef) -> None:
    """Tasks and buttons carry references as text."""
    assert AppRef.parse(str(ref)) == ref


@pytest.mark.parametrize("text", ["", "contoso", "contoso/", "/0oa1", "/"])
def test_a_text_that_is_no_reference_is_refused(text: str) -> None:
    """Half a reference would name an app that does not exist."""
    with pytest.raises(ValueError, match="ORG/APP_ID"):
        AppRef.parse(text)


@pytest.mark.parametrize(
    ("domain", "msft_tenant", "expected"),
    [
        ("contoso.com", "contoso", "contoso"),
        ("contoso.com", "contoso.onmicrosoft.us", "contoso.onmicrosoft.us"),
        ("contoso.com", "", "contoso.com"),
        ("", "", ""),
    ],
)
def test_the_tenant_is_looked_for_under_its_own_name_first(
    domain: str, msft_tenant: str, expected: str
) -> None:
    """`msftTenant` names the tenant; the app's domain is the way where it is not filled in."""
    app = Office365App(AppRef("contoso", "0oa1"), "O365", AppStatus.ACTIVE, domain, msft_tenant)
    assert app.tenant_name == expected
