"""Whether somebody who was asked can still do it, by the last look at their tenant. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bot.domain.inventory.gaps import AdminGap, Gap
from bot.domain.normalization import exact
from bot.domain.people.admins import GlobalAdmin


def admin_of(object_id: str, admins: Iterable[GlobalAdmin]) -> GlobalAdmin | None:
    """The administrator with that object id among those that a look found."""
    return next((one for one in admins if exact(one.object_id) == exact(object_id)), None)


def is_out(
    object_id: str, admins: tuple[GlobalAdmin, ...] | None, gaps: Iterable[AdminGap]
) -> bool:
    """True when the look saw the role with others, or the account disabled.

    One that could not read all, such as who is eligible, shows of nobody that the role is lost.
    """
    if admins is None:
        return False
    admin = admin_of(object_id, admins)
    if admin is not None:
        return admin.enabled is False
    return not any(gap.kind in (Gap.PERMISSION, Gap.NOT_READ) for gap in gaps)
