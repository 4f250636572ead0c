"""docs/security.md names tests and modules that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
MODULE = re.compile(r"`((?:bot|adapters|deploy|tests)/[\w/.-]+)`")


def rows() -> Iterator[list[str]]:
    """The rows of the ASVS tables: numbers, what, where, shown by, left to you."""
    chapter = PAGE[PAGE.index("## ASVS 5.0.0") : PAGE.index("### What does not apply")]
    for line in chapter.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if re.match(r"\d", cells[0]):
            yield cells


def found(named: str) -> bool:
    file, _, test = named.partition("::")
    files = list((ROOT / "tests").rglob(f"{file}.py"))
    defines = re.compile(rf"^(?:async )?def test_{test}\(" if test else "", re.MULTILINE)
    return any(defines.search(one.read_text(encoding="utf-8")) for one in files)


def test_every_row_names_tests_that_there_are() -> None:
    """By file and name; a test that was renamed is renamed there, too."""
    assert len(list(rows())) > 80
    for cells in rows():
        assert len(cells) == 5, cells
        named = re.findall(r"`(test_[\w:]+)`", cells[3])
        assert named, cells
        assert [one for one in named if not found(one)] == [], cells


def test_every_module_that_is_named_is_there() -> None:
    """Also in the text around the tables."""
    modules = MODULE.findall(PAGE)
    assert len(modules) > 50
    assert [module for module in modules if not (ROOT / module).exists()] == []


def test_no_requirement_stands_in_two_rows() -> None:
    """Each number is said once, and is one of the standard's shape."""
    numbers = [number for cells in rows() for number in re.split(r", |–", cells[0])]
    assert all(re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{1,2}", number) for number in numbers)
    assert len(numbers) == len(set(numbers))
