"""docs/people.md and the code say the same: every point, how it counts, every reason."""

from __future__ import annotations

import re
from pathlib import Path

from bot.chat.typed.verbs import ABOUT_ACCOUNTS
from bot.domain.people.choice import Nobody
from bot.domain.people.weighing import COST, DISQUALIFYING, OKTA_ROLES, Point

PAGE = (Path(__file__).parents[2] / "docs" / "people.md").read_text()


def rows(start: str) -> dict[str, tuple[str, ...]]:
    """The rows of the table whose first column is called `start`, by the name in that column."""
    table = PAGE[PAGE.index(f"| {start} |") :].partition("\n\n")[0]
    cells = (
        [cell.strip(" `") for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]
    )
    return {first: tuple(rest) for first, *rest in cells}


def test_every_point_is_explained_with_how_it_counts() -> None:
    """None is missing, none is left over, and the weights are those of the code."""
    points = rows("point")
    assert {*points, *OKTA_ROLES} == set(Point)
    for name, (_, counts) in points.items():
        point = Point(name)
        if point in DISQUALIFYING:
            assert counts.startswith("decisive")
        elif point in COST:
            assert counts == f"in the way, {COST[point]}"
        else:
            assert counts == "for"


def test_the_roles_of_who_sits_beside_are_explained_in_their_order() -> None:
    """The smallest role first."""
    table = PAGE[PAGE.index("| point | Okta role |") :].partition("\n\n")[0]
    assert tuple(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == OKTA_ROLES


def test_every_reason_why_nobody_can_be_asked_is_explained() -> None:
    """Each that the list of apps may show."""
    assert rows("reason").keys() == set(Nobody)


def test_every_command_about_accounts_is_explained() -> None:
    """By what is typed."""
    assert {name.split()[0] for name in rows("command")} == set(ABOUT_ACCOUNTS)
