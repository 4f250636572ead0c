"""Adaptive Cards: valid by the official schema, small enough, and deaf to hostile names."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from adapters.teams.rendering.card import MAX_CARD_BYTES, render
from adapters.teams.rendering.elements import ACTIONS_PER_SET, AROUND_LABEL, LETTER, PHONE
from adapters.teams.rendering.texts import escape, plain
from bot.domain.people.admins import ChatIdentity, Platform
from bot.message import (
    Block,
    Buttons,
    Cell,
    Command,
    Confirm,
    Fact,
    Facts,
    Folded,
    Group,
    Heading,
    Item,
    Mention,
    Menu,
    Message,
    Moment,
    Note,
    OpenLink,
    Progress,
    Table,
    Text,
    Tone,
)
from tests.drawing import CARDS

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
AT_NOON = "{{DATE(2026-11-29T12:00:00Z,SHORT)}}, {{TIME(2026-11-29T12:00:00Z)}}"
ADA = ChatIdentity(Platform.TEAMS, "29:ada")

MARKDOWN = MarkdownIt("commonmark")

HOSTILE = (
    "[Sign in](https://evil.example/)",
    "**bold** _italic_ `code` ~~gone~~",
    "<at>Everyone</at> <b>x</b> <https://evil.example>",
    "# heading\n- item\n1. one\n> quote\n---\n===",
    "{{DATE(2026-01-01T00:00:00Z)}} ${name}",
    "&#91;x&#93;(y) &lt;b&gt;",
    "\\[x\\](y) \\\\ ends in \\",
    "![image](https://evil.example/pixel.png)",
    "\u202egnp.exe\u202c \x00\x1b[31m \ud800",
    "[a]: https://evil.example\n[a]",
    "    indented code",
)
texts = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=80),
    st.text(alphabet="\\`*_[]()<>{}~#+-=.!&;:/1a \n|", max_size=40),
)


def elements(card: Any) -> Iterator[dict[str, Any]]:
    """Every object in the card."""
    if isinstance(card, dict):
        yield card
        for value in card.values():
            yield from elements(value)
    elif isinstance(card, list):
        for value in card:
            yield from elements(value)


def assert_valid(card: dict[str, Any]) -> None:
    """By the official schema, which does not know Teams' own member `msteams`."""
    official = {name: value for name, value in card.items() if name != "msteams"}
    CARDS.validate(official)
    assert len(json.dumps(card, ensure_ascii=False, separators=(",", ":")).encode()) <= 28 * 1024


def one_of_everything(text: str = "Contoso Mail") -> Message:
    blocks: tuple[Block, ...] = (
        Heading(text),
        Text(text),
        Facts((Fact("App", text), Fact(text, "x"))),
        Table(("App", text), ((Cell(text, Tone.GOOD), Cell("left", Tone.ATTENTION)),)),
        Progress(3, 12, text),
        Buttons(
            (
                Command("ack", text, "who Contoso Mail", primary=True),
                OpenLink("open", text, "https://bot.example.com/c/abc"),
            )
        ),
        Note((text, Mention(ADA, text))),
        Group(
            (
                Item(
                    text,
                    text,
                    (text, ("Asked ", Moment(NOON, text), text)),
                    Command("send", text, "send 1", confirm=Confirm(text, text, text, text)),
                    (Command("why", text, "why 1"), OpenLink("okta", text, "https://example.com")),
                ),
            ),
            text,
            Tone.ATTENTION,
            text,
        ),
        Folded(text, "why all", (Text(f"x {text}"),)),
        Buttons((Menu("filter", text, (Command("one", text, "apps one"),)),)),
    )
    return Message(text, blocks)


def test_every_block_becomes_its_element() -> None:
    """Heading, text, facts, table, bar and buttons are all there, in order."""
    card = render(one_of_everything())
    assert_valid(card)
    assert [element["type"] for element in card["body"]] == [
        "TextBlock",
        "TextBlock",
        "FactSet",
        "Table",
        "TextBlock",
        "ActionSet",
        "TextBlock",
        *("TextBlock", "TextBlock", "Container", "Container"),  # a group, its note, an item
        *("ActionSet", "Container"),  # what is folded
        *("ActionSet", "Container"),  # what opens
    ]
    assert card["speak"] == card["fallbackText"] == "Contoso Mail"
    assert card["body"][0]["style"] == "heading"
    header, row = card["body"][3]["rows"]
    assert [cell["items"][0]["text"] for cell in header["cells"]] == ["App", "Contoso Mail"]
    assert row["cells"][0]["items"][0]["color"] == "good"
    assert card["body"][4]["text"] == "▰▰▰▰▰▱▱▱▱▱▱▱▱▱▱▱▱▱▱▱ Contoso Mail"


def test_a_button_says_its_words_and_a_link_opens_its_address() -> None:
    """Action.Execute carries the words, also for clients that know Action.Submit only."""
    execute, link = render(one_of_everything())["body"][5]["actions"]
    assert execute["type"] == "Action.Execute"
    assert execute["verb"] == "say"
    assert execute["data"] == {"words": "who Contoso Mail", "id": "ack"}
    assert execute["style"] == "positive"
    assert execute["fallback"]["type"] == "Action.Submit"
    assert execute["fallback"]["data"] == execute["data"]
    assert link["type"] == "Action.OpenUrl"
    assert link["url"] == "https://bot.example.com/c/abc"


def test_an_item_has_its_next_step_at_its_side_and_the_rest_in_a_menu() -> None:
    """The next step asks first, below the item, without a way to us and back."""
    ask = Command(
        "send", "Ask Ada", "send contoso/1", confirm=Confirm("Ask?", "A link.", "Ask", "No")
    )
    why, okta = Command("why", "Why", "why contoso/1"), OpenLink("o", "Okta", "https://example.com")
    item = Item("*Mail*", "contoso", ("Nobody asked.",), ask, (why, okta))
    card = render(Message("x", (Group((item, Item("Labs"))),)))
    assert_valid(card)
    row, question, plain_item = card["body"]
    told, pressed = row["columns"]
    name, line = told["items"]
    assert [run["text"] for run in name["inlines"]] == ["*Mail*"]
    assert line["text"] == "contoso · Nobody asked."
    toggle, *rest = pressed["items"][0]["actions"]
    assert (toggle["type"], toggle["title"]) == ("Action.ToggleVisibility", "Ask Ada")
    assert toggle["targetElements"] == [question["id"]]
    assert question["isVisible"] is False
    yes, no = question["items"][-1]["actions"]
    assert (yes["title"], yes["data"]["words"]) == ("Ask", "send contoso/1")
    assert no["targetElements"] == [question["id"]]
    assert [(one["title"], one["mode"]) for one in rest] == [
        ("Why", "secondary"),
        ("Okta", "secondary"),
    ]
    assert plain_item["type"] == "Container"


@pytest.mark.parametrize(
    ("name", "line", "label", "beside"),
    [
        ("Office 365 HQ", "contoso", "Ask Gita", True),
        ("Office 365 HQ", "contoso", "Ask Bartholomew", False),
        ("Office 365 Northwindtraders-Europe", "contoso", "Ask Gita", False),
        ("Labs", "contoso.onmicrosoft.com", "Not me", False),
        ("Labs", "contoso.onmicrosoft.com", "", True),
    ],
)
def test_on_a_phone_no_word_is_broken_to_make_room_for_a_button(
    name: str, line: str, label: str, beside: bool
) -> None:
    """What has no room beside the text stands below it."""
    button = Command("send", label, "send x") if label else None
    why = Command("why", "Why", "why x")
    (row,) = render(Message("x", (Group((Item(name, "", (line,), button, (why,)),)),)))["body"]
    assert (row["type"] == "ColumnSet") is beside
    if not beside:
        *told, pressed = row["items"]
        assert [one["type"] for one in told] == ["RichTextBlock", "TextBlock"]
        assert [one.get("mode") for one in pressed["actions"]] == [None, "secondary"]


def test_what_is_folded_is_there_and_hidden() -> None:
    """Its button shows it in place."""
    card = render(Message("x", (Folded("All reasons", "why all", (Text("y"), Text("z"))),)))
    row, hidden = card["body"]
    assert row["actions"][0]["targetElements"] == [hidden["id"]]
    assert (hidden["isVisible"], len(hidden["items"])) == (False, 2)


def test_moments_are_told_by_the_readers_clock_and_people_are_mentioned() -> None:
    """Teams draws both by itself; somebody on another platform is named."""
    elsewhere = ChatIdentity(Platform.SLACK, "U1")
    said = (Mention(ADA, "Ada Admin"), " took it on ", Moment(NOON, "noon"), ".")
    card = render(Message("x", (Text(said), Text((Mention(elsewhere, "Ben"), " too")))))
    assert_valid(card)
    assert [one["text"] for one in card["body"]] == [
        f"<at>Ada Admin</at> took it on {AT_NOON}.",
        "Ben too",
    ]
    assert card["msteams"]["entities"] == [
        {
            "type": "mention",
            "text": "<at>Ada Admin</at>",
            "mentioned": {"id": "29:ada", "name": "Ada Admin"},
        }
    ]


def test_a_german_date_is_neither_a_list_nor_escaped() -> None:
    """The space behind its dot does not break; a phone would show a backslash."""
    assert escape("29. November 2026") == "29.\N{NO-BREAK SPACE}November 2026"
    assert "<ol>" not in MARKDOWN.render(escape("29. November 2026"))


def test_a_message_without_blocks_shows_its_summary() -> None:
    """An empty card would be an empty message."""
    assert render(Message("Done."))["body"][0]["text"] == "Done."


def test_many_buttons_are_spread_over_rows() -> None:
    """Teams shows six actions in a set and hides the rest; a phone cuts off what is wider."""
    buttons = tuple(Command(f"b{i}", f"Show {i}", f"who {i}") for i in range(14))
    card = render(Message("x", (Buttons(buttons),)))
    assert_valid(card)
    rows = [element["actions"] for element in card["body"]]
    assert sum(map(len, rows)) == 14
    for row in rows:
        assert len(row) <= ACTIONS_PER_SET
        assert sum(LETTER * len(one["title"]) + AROUND_LABEL for one in row) <= PHONE


def test_a_full_bar_means_done() -> None:
    """299 of 300 is rounded down; nothing of nothing is an empty bar."""

    def bar(done: int, total: int) -> str:
        return str(render(Message("x", (Progress(done, total, ""),)))["body"][0]["text"]).strip()

    assert bar(299, 300).count("▱") == 1
    assert bar(300, 300).count("▱") == 0
    assert bar(0, 0).count("▰") == 0
    assert bar(7, 5).count("▰") == 20


def test_a_long_table_is_shortened_and_says_so() -> None:
    """The card stays under 28 KB, keeps its buttons, and tells how many rows are not shown."""
    rows = tuple((Cell(f"Contoso app {i}"), Cell("needs consent")) for i in range(2000))
    last = Buttons((Command("more", "Show more", "apps 2"),))
    card = render(Message("x", (Text("Hello."), Table(("App", "State"), rows), last)))
    assert_valid(card)
    text, table, more, actions = card["body"]
    shown = len(table["rows"]) - 1
    assert shown > 30
    assert text["text"] == "Hello."
    assert more["text"] == f"… +{2000 - shown}"
    assert actions["actions"][0]["title"] == "Show more"


@pytest.mark.parametrize(
    "blocks",
    [
        (Text("é" * 200_000),),
        (Text("x" * 200_000), Note("y" * 200_000), Progress(1, 2, "z" * 200_000)),
        (Facts(tuple(Fact("n" * 3000, "v" * 3000) for _ in range(100))),),
        (Table(("a",), tuple((Cell("c" * 100_000),) for _ in range(50))),),
        (Buttons(tuple(Command(f"b{i}", "Go " * 200, "w" * 2000) for i in range(60))),),
        tuple(Text(f"line {i} " + "x" * 90) for i in range(3000)),
    ],
)
def test_no_message_is_too_big_for_teams(blocks: tuple[Block, ...]) -> None:
    """However long it is, the card is valid and at most 28 KB."""
    card = render(Message("s" * 100_000, blocks))
    assert_valid(card)
    assert len(json.dumps(card)) > 100
    assert MAX_CARD_BYTES == 28 * 1024


@settings(deadline=None)  # the first draw of a run is slow on a busy machine
@given(texts)
def test_hostile_texts_make_valid_cards_without_anything_to_press(text: str) -> None:
    """A name cannot add an action, a link or an image; the card stays valid."""
    card = render(one_of_everything(text))
    assert_valid(card)
    assert _kinds(card) == _kinds(render(one_of_everything()))
    for element in elements(card):
        for name in ("text", "title", "value"):
            if name in element and element.get("type") in (None, "TextBlock"):
                shown = element[name].replace(AT_NOON, "")
                assert not re.search(r"(?<!\\)://", shown)
                assert "{{" not in shown


def _kinds(card: dict[str, Any]) -> Counter[str]:
    return Counter(
        str(e["type"]) for e in elements(card) if str(e.get("type")).startswith("Action.")
    )


@settings(deadline=None)  # the first draw of a run is slow on a busy machine
@given(texts)
def test_escaped_text_reads_as_it_was_written(text: str) -> None:
    """A Markdown reader finds paragraphs of plain text only, and not a letter is lost."""
    tokens = MARKDOWN.parse(escape(text))
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    lines = []
    for token in tokens:
        children = token.children or []
        assert {child.type for child in children} <= {"text", "text_special"}
        if token.type == "inline":
            lines.append("".join(child.content for child in children))
    read = [line.replace("\N{NO-BREAK SPACE}", " ").strip() for line in lines]
    assert read == [line for line in map(plain, text.splitlines()) if line]


@settings(deadline=None)  # the first draw of a run is slow on a busy machine
@given(texts)
def test_plain_text_is_one_visible_line(text: str) -> None:
    """No control characters, no changes of direction, nothing that UTF-8 cannot carry."""
    shown = plain(text)
    assert "\n" not in shown
    assert not any(letter < " " or "\u202a" <= letter <= "\u202e" for letter in shown)
    shown.encode()
