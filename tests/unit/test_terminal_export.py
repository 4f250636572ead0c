"""The inventory for other programs: the shape that docs/terminal.md promises, and safe cells."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.terminal.rendering import console, printable, render
from bot.domain.evidence.verdict import State
from bot.domain.inventory.records import AppRecord, OrgScan
from bot.domain.people.admins import Colleague, Platform
from bot.domain.people.choice import Nobody
from bot.domain.people.prospects import Prospect
from bot.domain.summaries import summary_of
from bot.message import Buttons, Cell, Heading, Message, OpenLink, Table
from bot.services.inventory.export import (
    CSV_COLUMNS,
    Inventory,
    as_csv,
    as_json,
    safe_cell,
    why_json,
)
from tests import strategies as some
from tests.examples import APP, NOW, RECORD, REQUEST, record_of

DOC = Path(__file__).parents[2] / "docs" / "terminal.md"
ASKED = replace(REQUEST, colleague=Colleague("Sue", "sue@contoso.com"))
OTHER = record_of("0oa2", "=1+1")
FULL = Inventory(
    (summary_of(replace(RECORD, request_id="r1")), summary_of(OTHER)),
    {"r1": ASKED},
    {
        APP.ref: Prospect(APP.ref, NOW, None, "Ada", "ada@contoso.com", Platform.SLACK, "Sue"),
        OTHER.app.ref: Prospect(OTHER.app.ref, NOW, Nobody.ALL_RULED_OUT),
    },
    {"contoso": OrgScan("contoso", NOW, NOW, 2)},
)


def shape(value: Any) -> Any:
    """The names in a JSON value, without its contents."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(value[0])] if isinstance(value, list) and value else None


def documented(title: str) -> Any:
    """The example below a heading of the page."""
    found = re.search(rf"## {title}\n.*?```json\n(.*?)```", DOC.read_text(), re.DOTALL)
    assert found, title
    return json.loads(found[1])


def test_the_list_has_the_shape_that_is_documented() -> None:
    """Field by field; programs depend on it."""
    assert shape(json.loads(as_json(FULL))) == shape(documented("apps --json"))


def test_one_app_has_the_shape_that_is_documented() -> None:
    """The same app, with its evidence."""
    ours, theirs = (
        json.loads(why_json(FULL, replace(RECORD, request_id="r1"), NOW)),
        documented("why --json"),
    )
    assert shape(ours) | {"contradictions": None} == shape(theirs) | {"contradictions": None}


def test_the_columns_are_those_that_are_documented() -> None:
    """In their order."""
    found = re.search(r"## apps --csv\n.*?```text\n(.*?)\n```", DOC.read_text(), re.DOTALL)
    assert found
    assert found[1].split(",") == list(CSV_COLUMNS)


def test_apps_for_which_nobody_can_be_asked_are_counted() -> None:
    """Also in the numbers of the list; who is asked already does not count."""
    found = json.loads(as_json(FULL))
    assert found["nobody_reachable"] == 1
    assert found["counts"] == {s.value: 2 if s is State.NEEDS_CONSENT else 0 for s in State}
    assert [app["nobody"] for app in found["apps"]] == [None, "all_ruled_out"]


def test_an_empty_inventory_has_the_same_fields() -> None:
    """A program need not ask whether they are there."""
    empty = json.loads(as_json(Inventory((), {}, {}, {})))
    assert empty.keys() == json.loads(as_json(FULL)).keys()


@pytest.mark.parametrize(
    ("before", "written"),
    [
        ("", "'"),
        ("\n", "' "),
        ("\r\n\t", "' "),
        (" \u00a0", "' \u00a0"),
        ("\u200e\u202e", "'"),
        ('"', "'\""),
        ("'", "''"),
        ("a;", "a;'"),
        ("a,\n", "a,' "),
        ("a|", "a|'"),
    ],
)
def test_no_cell_begins_like_a_formula(before: str, written: str) -> None:
    """A label such as =HYPERLINK(…) is shown, and never calculated, whatever stands before it."""
    for sign in "=+-@＝＋－＠":
        assert safe_cell(f"{before}{sign}1") == f"{written}{sign}1"
        assert safe_cell(f"a{sign}b") == f"a{sign}b"


def test_a_cell_is_one_line() -> None:
    """Not every reader of CSV knows that a quoted cell may have several."""
    assert safe_cell("a\r\n=1\tb\x0bc\u2028d") == "a =1 b cd"


@given(st.lists(some.app_records, max_size=4).map(tuple))
def test_whatever_apps_are_called_the_csv_is_safe_and_read_back(
    records: tuple[AppRecord, ...],
) -> None:
    """One row an app; quotes, commas and line breaks in labels stay in their cell."""
    text = as_csv(Inventory(tuple(map(summary_of, records)), {}, {}, {}))
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert len(rows) == len(records) + 1
    for row, record in zip(rows[1:], records, strict=True):
        assert len(row) == len(CSV_COLUMNS)
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
        assert not any(letter in cell for cell in row for letter in "\n\r\t")
        assert row[CSV_COLUMNS.index("label")] == safe_cell(record.app.label)


@given(some.words)
def test_no_text_can_steer_the_terminal(text: str) -> None:
    """Neither escape sequences nor rich's own markup."""
    assert "\x1b" not in printable(f"\x1b]0;{text}\x07")


def test_a_message_is_drawn_with_its_words_and_without_chat_buttons(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Tables keep their cells whole when they go into a file."""
    long = "a label that is much longer than eighty characters " * 2
    shown = Message(
        "x",
        (
            Heading("[bold]Title[/bold]"),
            Table(("App", "State"), ((Cell(long.strip()), Cell("\x1b[31mred")),)),
            Buttons((OpenLink("o", "Open", "https://contoso-admin.okta.com/x"),)),
        ),
    )
    render(shown, console())
    out = capsys.readouterr().out
    assert "[bold]Title[/bold]" in out
    assert long.strip() in out
    assert "\x1b" not in out
    assert "Open: https://contoso-admin.okta.com/x" in out
