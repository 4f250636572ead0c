"""The Admin Console of an org, and the way to an app's Integration tab in it."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from adapters.http.answers import Answer
from adapters.http.client import CloudClient
from adapters.okta.parse import inside, text
from bot.domain.inventory.hosts import OKTA_DOMAINS

ORGANIZATION = "/.well-known/okta-organization"


def admin_address(url: str) -> str:
    """`https://contoso-admin.okta.com` for `https://contoso.okta.com`; "" for a custom domain."""
    parts = urlsplit(url)
    name, dot, domain = (parts.hostname or "").partition(".")
    if parts.scheme != "https" or not (name and dot) or domain not in OKTA_DOMAINS:
        return ""
    return f"https://{name.removesuffix('-admin')}-admin.{domain}"


async def find_admin_address(client: CloudClient) -> str:
    """For a custom domain, which the Admin Console is not reached through: ask for the org's own.

    `client` needs no credentials. Raises CloudError.
    """
    answer = await client.get(ORGANIZATION)
    found = admin_address(_organization(answer))
    if not found:
        raise answer.invalid(
            "names no Okta domain", hint="Set admin_url for this org in the settings."
        )
    return found


def _organization(answer: Answer) -> str:
    return text(inside(answer.object(), "_links", "organization", "href"))


def integration_tab(admin_url: str, name: str, app_id: str) -> str:
    """The app's Provisioning > Integration tab; `name` is the catalogue's.

    The fragment is the Admin Console's own and not documented; where it changes, the address still
    opens the app.
    """
    return (
        f"{admin_url}/admin/app/{name}/instance/{quote(app_id, safe='')}/"
        "#tab-user-management/api-credentials"
    )
