"""Who in a team has which address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from adapters.teams.roster import Roster

KAY = "33333333-cccc-4ccc-8ccc-000000000001"


async def members() -> AsyncIterator[dict[str, Any]]:
    yield {"aadObjectId": KAY, "email": "Kay@contoso.com", "userPrincipalName": "KAY@contoso.com"}
    yield {"aadObjectId": 5, "email": "odd@contoso.com"}
    yield {"objectId": "another", "email": None}


async def test_an_address_is_the_same_in_any_case_and_no_other_one_is() -> None:
    """A personal link goes to whom it leads to; the Kelvin sign is no k."""
    roster = Roster(members)
    assert await roster.who(["kAY@CONTOSO.com"]) == (KAY,)
    assert (
        await roster.who(["\u212aay@contoso.com", "kay@contoso.com\u200b", "odd@contoso.com"]) == ()
    )
