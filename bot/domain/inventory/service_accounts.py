"""Whose a service account of Okta's is: it bears the id of its app."""

from __future__ import annotations

from bot.domain.likeness import exact

WHOLE_ID = 20  # characters, as in every example of Okta's API reference


def names_app(name: str, app_id: str) -> bool:
    """Whether `name`, what follows the prefix of such an account, begins with that app's id.

    Okta calls the user name one that "begins" so; its case is not to be relied on. Of ids that are
    not whole, one may be the beginning of another.
    """
    rest = exact(name).strip()
    after = rest.removeprefix(exact(app_id))
    return after != rest and (len(app_id) >= WHOLE_ID or not after[:1].isalnum())
