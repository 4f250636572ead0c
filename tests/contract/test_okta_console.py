"""The way to an app's tab in Okta's Admin Console."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import Response

from adapters.okta.console import admin_address
from bot.errors import CloudAnswerInvalid, CloudUnreachable
from tests.contract.loopback import SteppingClock
from tests.contract.okta_org import HQ, Org, client_for
from tests.contract.pretend_okta import says

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.mark.parametrize(
    ("url", "admin"),
    [
        ("https://contoso.okta.com", "https://contoso-admin.okta.com"),
        ("https://contoso-admin.okta.com", "https://contoso-admin.okta.com"),
        ("https://contoso.okta-emea.com", "https://contoso-admin.okta-emea.com"),
        ("https://contoso.oktapreview.com", "https://contoso-admin.oktapreview.com"),
        ("https://contoso.okta-gov.com", "https://contoso-admin.okta-gov.com"),
        ("https://id.contoso.example", ""),
        ("https://okta.com", ""),
        ("https://a.b.okta.com", ""),
        ("http://contoso.okta.com", ""),
        ("https://contoso.okta.com.evil.example.com", ""),
    ],
)
def test_the_admin_console_is_found_from_an_okta_address(url: str, admin: str) -> None:
    """`-admin` goes before Okta's own domains only."""
    assert admin_address(url) == admin


async def test_a_custom_domain_is_resolved_once_and_without_credentials(org: Org) -> None:
    """The Admin Console is not on the custom domain; Okta says where the org is."""
    organization = {"_links": {"organization": {"href": "https://contoso.okta.com"}}}
    org.okta.resources["/.well-known/okta-organization"] = says(organization)
    for _ in range(2):
        assert await org.client.integration_tab(HQ) == (
            "https://contoso-admin.okta.com/admin/app/office365/instance/"
            f"{HQ}/#tab-user-management/api-credentials"
        )
    assert org.okta.calls == ["/.well-known/okta-organization"]
    assert org.okta.tokens == []


@pytest.mark.parametrize("href", ["https://contoso.evil.example.com", None, "javascript:x"])
async def test_an_organization_elsewhere_is_no_place_to_send_an_admin(
    org: Org, href: str | None
) -> None:
    """People sign in there with their strongest account: it must be Okta's."""
    body = {"_links": {"organization": {"href": href}}}
    org.okta.resources["/.well-known/okta-organization"] = says(body)
    with pytest.raises(CloudAnswerInvalid, match="admin_url"):
        await org.client.integration_tab(HQ)


async def test_what_cannot_be_told_is_not_asked_for_all_the_time(org: Org) -> None:
    """A page that is followed live wants the address every second; Okta is asked now and then."""
    asked = 0

    def away(request: Request) -> Response:
        nonlocal asked
        asked += 1
        return Response(status_code=503)

    org.okta.resources["/.well-known/okta-organization"] = away
    for _ in range(3):
        with pytest.raises(CloudUnreachable):
            await org.client.integration_tab(HQ)
    assert asked == 1
    organization = {"_links": {"organization": {"href": "https://contoso.okta.com"}}}
    org.okta.resources["/.well-known/okta-organization"] = says(organization)
    await org.clock.sleep(301)
    assert HQ in await org.client.integration_tab(HQ)


async def test_an_admin_address_in_the_settings_wins() -> None:
    """Nothing is asked."""
    client = client_for(
        "https://id.contoso.example", SteppingClock(), admin_url="https://admin.contoso.example"
    )
    assert (await client.integration_tab("0oa/../x")).startswith(
        "https://admin.contoso.example/admin/app/office365/instance/0oa%2F..%2Fx/#tab"
    )
    await client.aclose()
