"""The service accounts that Okta makes, and whose each is: it bears the id of its app.

Named by Okta in its support articles, as user name and as display name. That both are one account
is not documented, and accounts of the display name may be those of the former flow.
"""

from __future__ import annotations

from bot.domain.normalization import exact

UPN_PREFIX = "svc_OKTA_sync_"
NAME_PREFIX = "Okta AAD Service Principal:"
WHOLE_ID = 20  # characters, as in every example of Okta's API reference


def is_service_account(name: str) -> bool:
    """Whether this is what Okta calls such an account, of whichever app."""
    return exact(name).strip().startswith((exact(UPN_PREFIX), exact(NAME_PREFIX)))


def names_app(name: str, app_id: str) -> bool:
    """Whether `name`, what follows the prefix of such an account, begins with that app's id.

    Okta calls the user name one that "begins" so; its case is not to be relied on. Of ids that are
    not whole, one may be the beginning of another.
    """
    rest = exact(name).strip()
    after = rest.removeprefix(exact(app_id))
    return after != rest and (len(app_id) >= WHOLE_ID or not after[:1].isalnum())
