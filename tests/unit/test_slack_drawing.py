"""How a neutral message is drawn for Slack: literally, and within every limit."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.incoming.words import as_typed, unescape
from adapters.slack.rendering.message import MAX_TABLE_ROWS, Rendered, render, render_text
from bot.domain.people.admins import ChatIdentity, Platform
from bot.message import (
    Buttons,
    Cell,
    ChannelName,
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
    Said,
    Table,
    Text,
    Tone,
)
from sandbox.slack import blocks as slack_blocks

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
ON_SLACK = ChatIdentity(Platform.SLACK, "U7")
ON_TEAMS = ChatIdentity(Platform.TEAMS, "29:x")

HOSTILE = (
    "<!channel>",
    "<@U1>",
    "<https://evil.example.com|contoso.com>",
    "*bold* _it_ ~no~ `code` ```pre```",
    "&lt;!here&gt;",
    "&" * 4000,
    "a\ud800b\x00c",
    "ola \u202egnp.exe",
    "  \n ",
    "",
)

text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=60),
    st.builds(str.__mul__, st.text("ab <&>\n", min_size=1, max_size=9), st.integers(100, 500)),
)
identifier = st.text("abcdefgh0123456789", min_size=6, max_size=12)


confirm = st.one_of(st.none(), st.builds(Confirm, text, text, text, text))


def buttons(most: int = 2000) -> st.SearchStrategy[Command | OpenLink]:
    words = st.text("abc ", min_size=1, max_size=most)
    command = st.builds(Command, identifier, text, words, st.booleans(), st.just(""), confirm)
    link = st.builds(OpenLink, identifier, text, st.just("https://o365bot.example.com/c/x"))
    return st.one_of(command, link)


parts = st.one_of(
    text,
    st.builds(Moment, st.just(NOON), text),
    st.builds(Mention, st.sampled_from((ON_SLACK, ON_TEAMS)), text),
    st.builds(ChannelName, st.sampled_from(Platform), st.sampled_from(("C01", "19:x")), text),
)
said = st.one_of(text, st.lists(parts, min_size=1, max_size=4).map(tuple))
items = st.builds(
    Item,
    text,
    text,
    st.lists(said, max_size=3).map(tuple),
    st.one_of(st.none(), buttons()),
    st.lists(buttons(150), max_size=5, unique_by=lambda button: button.id).map(tuple),
)
groups = st.builds(Group, st.lists(items, max_size=3).map(tuple), text, st.sampled_from(Tone), said)


@st.composite
def tables(draw_from: st.DrawFn) -> Table:
    columns = draw_from(st.integers(1, 20))
    cell = st.builds(Cell, text, st.sampled_from(Tone))
    row = draw_from(st.lists(cell, min_size=columns, max_size=columns).map(tuple))
    rows = (row,) * draw_from(st.sampled_from((0, 1, 7, MAX_TABLE_ROWS)))
    return Table(tuple(draw_from(text) for _ in range(columns)), rows)


@st.composite
def messages(draw_from: st.DrawFn) -> Message:
    simple = st.one_of(
        st.builds(Heading, text),
        st.builds(Text, said),
        st.builds(Note, said),
        groups,
        st.builds(lambda label: Folded(label, "why all", (Text(label),)), text),
        st.builds(Facts, st.lists(st.builds(Fact, text, text), max_size=12).map(tuple)),
        st.builds(Progress, st.integers(-5, 500), st.integers(-5, 500), text),
    )
    pressed = draw_from(st.lists(buttons(), max_size=30, unique_by=lambda button: button.id))
    blocks: list[Any] = draw_from(st.lists(simple, max_size=5))
    if draw_from(st.booleans()):
        blocks.append(draw_from(tables()))
    return Message(draw_from(text), (*blocks, Buttons(tuple(pressed))))


def texts(value: Any) -> list[dict[str, Any]]:
    """Every text object and table cell of the blocks."""
    if isinstance(value, dict):
        own = [value] if isinstance(value.get("text"), str) else []
        return own + [found for inner in value.values() for found in texts(inner)]
    if isinstance(value, list):
        return [found for inner in value for found in texts(inner)]
    return []


@given(messages())
def test_whatever_is_said_stays_within_every_limit_of_slack(message: Message) -> None:
    """Sizes, counts, required fields and unique ids, and the sum of all texts."""
    drawn = render(message)
    assert slack_blocks.problems(drawn.blocks) == []
    assert slack_blocks.text_length(drawn.blocks) <= slack_blocks.MAX_TEXT_OF_ALL_BLOCKS
    assert 1 <= len(drawn.blocks) <= 50
    assert 1 <= len(drawn.text) <= 4000  # what chat.update takes


@given(messages())
def test_no_text_of_others_is_markup(message: Message) -> None:
    """Only text that Slack shows literally: nobody is mentioned, nothing linked or set in bold."""
    drawn = render(message)
    for part in [*texts(drawn.blocks), {"type": "plain_text", "text": drawn.text}]:
        match part["type"]:
            case "raw_text":
                continue  # never interpreted
            case "mrkdwn":  # a name in bold, moments, mentions; else no sign means anything
                assert part["verbatim"] is True
                shown = re.sub(r"^\*[^*\n]+\*", "", part["text"])
                shown = re.sub(r"<!date\^\d+\^[^<>|^]+\|[^<>]*>|<@U7>|<#C01>", "", shown)
                assert not set(shown) & set("*~`<>")
                assert not re.search(r"(?<![^\W_])_|_(?![^\W_])|:[\w+-]+:|://", shown)
            case kind:
                assert kind in ("plain_text", "button")
                assert "<" not in part["text"]
                assert ">" not in part["text"]


@pytest.mark.parametrize("hostile", [h for h in HOSTILE if len(h.strip()) > 1 and len(h) < 100])
def test_a_hostile_name_is_read_as_it_is_written(hostile: str) -> None:
    """Slack shows exactly the characters of the name, save those that nobody can see."""
    seen = "".join(c for c in hostile if c not in "\ud800\x00\u202e")
    drawn = render(Message("x", (Text(hostile), Table((hostile,), ((Cell(hostile),),)))))
    section, table = drawn.blocks
    assert section["text"]["type"] == "plain_text"
    assert unescape(section["text"]["text"]) == seen
    assert [row[0]["text"] for row in table["rows"]] == [seen, seen]


def test_a_long_text_is_cut_behind_a_word() -> None:
    """The cut shows, and no word and no entity is torn apart."""
    drawn = render(Message("x", (Text("Fish & chips " * 1000),)))
    shown = drawn.blocks[0]["text"]["text"]
    assert len(shown) <= 3000
    assert shown.endswith(("Fish…", "chips…", "&amp;…"))


def test_a_large_table_keeps_all_its_rows() -> None:
    """Where all texts together would be refused, every cell gets shorter; no row is lost."""
    row = tuple(Cell("words and words and words " * 3, Tone.GOOD) for _ in range(6))
    drawn = render(Message("x", (Table(("Column",) * 6, (row,) * MAX_TABLE_ROWS),)))
    rows = drawn.blocks[0]["rows"]
    assert len(rows) == 1 + MAX_TABLE_ROWS
    assert rows[0][0]["text"] == "Column"
    assert rows[1][0]["text"].startswith("✓ words")


def test_a_tone_is_a_mark_beside_the_word_and_never_colour_alone() -> None:
    """Each tone but the neutral one has a mark of its own."""
    row = tuple(Cell("state", tone) for tone in Tone)
    drawn = render(Message("x", (Table(("a",) * 4, (row,)),)))
    shown = [cell["text"] for cell in drawn.blocks[0]["rows"][1]]
    assert all(words.endswith("state") for words in shown)
    assert len(set(shown)) == len(Tone)


def test_the_bar_is_full_only_when_all_is_done() -> None:
    """One of a thousand left still shows as left, and nothing to do is no division by zero."""

    def bar(done: int, total: int) -> str:
        return str(render(Message("x", (Progress(done, total, "apps"),))).blocks[0]["text"]["text"])

    assert "░" in bar(999, 1000)
    assert "░" not in bar(1000, 1000)
    assert bar(5, 3) == bar(3, 3)
    assert bar(0, 0) == "░" * 14 + " apps"


def test_a_message_without_blocks_shows_its_summary() -> None:
    """A section with the summary; an empty one gets a dash, since Slack refuses no text."""
    assert render(Message("Done.")).blocks[0]["text"]["text"] == "Done."
    assert render(Message("")).text == "–"


def test_block_ids_change_with_what_the_block_shows() -> None:
    """Slack asks for a new block_id when a message is updated; the same drawing is the same."""

    def ids(done: int) -> list[str]:
        drawn = render(Message("x", (Text("Checking"), Progress(done, 9, "apps"))))
        return [block["block_id"] for block in drawn.blocks]

    assert ids(1) == ids(1)
    assert ids(1)[1] != ids(2)[1]


def test_buttons_carry_their_command_or_their_address() -> None:
    """The words are the value, the command's id is the action id."""
    drawn = render(
        Message(
            "x",
            (
                Buttons(
                    (
                        Command("ask", "Ask Ada", "ask contoso/1 <now>", primary=True),
                        OpenLink("open", "Open", "https://o365bot.example.com/c/t?a=1&b=2"),
                    )
                ),
            ),
        )
    )
    ask, link = drawn.blocks[0]["elements"]
    assert (ask["action_id"], ask["value"], ask["style"]) == (
        "ask",
        "ask contoso/1 <now>",
        "primary",
    )
    assert (link["action_id"], link["url"]) == ("open", "https://o365bot.example.com/c/t?a=1&b=2")
    assert "value" not in link


WHY = Command("why:1", "Why", "why contoso/1")
WHO = Command("who:1", "Who can", "who contoso/1")
OKTA = OpenLink("okta:1", "Open in Okta", "https://contoso-admin.okta.example.com/1")
ASK = Command(
    "send:1", "Ask Ada", "send contoso/1", confirm=Confirm("Ask?", "Ada gets a link.", "Ask", "No")
)


def test_an_item_says_its_name_in_bold_and_a_moment_by_the_readers_clock() -> None:
    """One section; what cannot be set in bold safely is plain, with the moment in words."""
    asked: Said = ("Asked ", Moment(NOON, "today, 13:00 CET"), ".")
    safe, odd = render(
        Message("x", (Group((Item("Mail", "contoso", (asked,)), Item("*M*", "", (asked,)))),))
    ).blocks
    assert safe["text"]["text"] == (
        "*Mail* · contoso\nAsked <!date^1795953600^{date_short}, {time}|today, 13:00 CET>."
    )
    assert odd["text"] == {
        "type": "plain_text",
        "emoji": False,
        "text": "*M*\nAsked today, 13:00 CET.",
    }


def test_beside_an_item_stands_one_thing_to_press_and_two_stand_below_it() -> None:
    """A question before it acts; a "⋮" where there is no next step; a lone way is a button."""
    some = (
        Item("Mail", "contoso", button=ASK, more=(WHY, WHO, OKTA)),
        Item("Labs", "contoso", more=(WHY, OKTA)),
        Item("Legal", more=(WHY,)),
        Item("Sales", button=ASK),
    )
    drawn = render(Message("x", (Group(some, "Needs a consent", Tone.ATTENTION),)))
    assert slack_blocks.problems(drawn.blocks) == []
    divider, head, mail, row, labs, legal, sales = drawn.blocks
    assert (divider["type"], head["text"]["text"]) == ("divider", "*▲ Needs a consent*")
    assert "accessory" not in mail
    ask, more = row["elements"]
    assert ask["value"] == "send contoso/1"
    assert ask["confirm"]["text"]["text"] == "Ada gets a link."
    assert [one["value"] for one in more["options"][:2]] == ["why contoso/1", "who contoso/1"]
    why, okta = labs["accessory"]["options"]
    assert (why["value"], okta["url"], okta["value"][0]) == ("why contoso/1", OKTA.url, "·")
    assert legal["accessory"]["type"] == "button"
    assert sales["accessory"]["value"] == "send contoso/1"


def test_a_channel_of_slack_leads_there_and_any_other_is_named() -> None:
    """Nobody knows a channel by its id."""
    here = ChannelName(Platform.SLACK, "C0123", "#o365_moves")
    there = ChannelName(Platform.TEAMS, "19:x@thread.tacv2", "Migration")
    drawn = render(Message("x", (Text(("In ", here, ".")), Text(("In ", there, ".")))))
    assert [one["text"]["text"] for one in drawn.blocks] == ["In <#C0123>.", "In Migration."]
    assert drawn.blocks[0]["text"]["type"] == "mrkdwn"
    odd = ChannelName(Platform.SLACK, "19:x", here.name)
    (block,) = render(Message("x", (Text(("In ", odd)),))).blocks
    assert block["text"] == {"type": "plain_text", "emoji": False, "text": "In #o365_moves"}


def test_menus_and_what_is_folded_are_pressed_like_buttons() -> None:
    """Slack unfolds nothing in place: the button says the words that show it."""
    menu = Menu("filter", "Filter", (WHY, WHO))
    drawn = render(
        Message("x", (Buttons((menu, ASK)), Folded("All reasons", "why all", (Text("y"),))))
    )
    assert slack_blocks.problems(drawn.blocks) == []
    row, folded = drawn.blocks
    assert [one["type"] for one in row["elements"]] == ["static_select", "button"]
    assert folded["elements"][0]["value"] == "why all"


def test_what_can_be_shared_is_offered_where_others_are() -> None:
    """And nowhere else."""
    message = Message("x", (Text("y"),), share=Command("share", "Share in channel", "share apps"))
    assert render(message, shared=True).blocks[-1]["elements"][0]["value"] == "share apps"
    assert len(render(message).blocks) == 1


def table(*rows: str) -> Table:
    """Two columns: a name and what is said of it."""
    return Table(("App", "State"), tuple((Cell(row), Cell(f"{row} is open")) for row in rows))


def texts_of(drawn: Rendered) -> str:
    return "\n".join(block["text"]["text"] for block in drawn.blocks if "text" in block)


@pytest.mark.parametrize(
    "blocks",
    [
        (table("Sales", "Labs"), Text("and"), table("Mail"), table("Legal", "Finance")),
        (Table(("a",) * 21, ((Cell("Sales is open"),) * 21,)), table("Mail")),
        (Table(("App", "State"), ((Cell("Sales"),), (Cell("Labs"), Cell("Labs is open")))),),
    ],
)
def test_all_that_several_tables_say_is_said(blocks: tuple[Any, ...]) -> None:
    """Slack takes one table a message, and that of limited width: the others become lines."""
    message = Message("x", blocks)
    drawn = render(message)
    assert slack_blocks.problems(drawn.blocks) == []
    assert [b["type"] for b in drawn.blocks].count("table") <= 1
    shown = str(drawn.blocks)
    for block in blocks:
        if isinstance(block, Table):
            assert all(cell.text in shown for row in block.rows for cell in row)


def test_a_table_that_is_too_long_counts_what_it_leaves_out() -> None:
    """Slack takes a hundred rows."""
    drawn = render(Message("x", (table(*(f"App {n}" for n in range(MAX_TABLE_ROWS + 7))),)))
    assert slack_blocks.problems(drawn.blocks) == []
    assert drawn.blocks[-1]["elements"][0]["text"] == "… +7"


def test_a_table_has_at_most_ten_thousand_characters() -> None:
    """Told by several projects, and not by Slack's page: kept to all the same."""
    drawn = render(Message("x", (table(*("x" * 90 for _ in range(90))),)))
    assert slack_blocks.text_length(drawn.blocks) <= 10_000


def test_buttons_of_one_name_are_told_apart() -> None:
    """Slack takes an id once; what a button says does not hang on it."""
    twice = Buttons((Command("a", "A", "why 1"), Command("a", "B", "why 2"), Command("", "C", "c")))
    drawn = render(Message("x", (twice, twice)))
    elements = [e for block in drawn.blocks for e in block["elements"]]
    assert len({e["action_id"] for e in elements}) == 6
    assert [e["value"] for e in elements] == ["why 1", "why 2", "c"] * 2
    assert slack_blocks.problems(drawn.blocks) == []


@pytest.mark.parametrize(
    "blocks",
    [
        (Text("x"),) * 51,
        (Buttons((Command("a", "A", "w" * 2001),)),),
        (Buttons((Command("a", "A", ""),)),),
        (Buttons((OpenLink("a", "A", "javascript:alert(1)"),)),),
        (Buttons((OpenLink("a", "A", "https://example.com/" + "x" * 3000),)),),
    ],
)
def test_what_cannot_be_drawn_is_said_in_plain_text(blocks: tuple[Any, ...]) -> None:
    """Drawing raises, so that it is told in the log; the text is always within the limits."""
    message = Message("x", (*blocks, table("Sales"), Text("<b> & *more*")))
    with pytest.raises(ValueError, match=r".+"):
        render(message)
    drawn = render_text(message)
    assert slack_blocks.problems(drawn.blocks) == []
    assert "Sales · State: Sales is open\n&lt;b&gt; &amp; *more*" in texts_of(drawn)


@given(st.lists(text, max_size=60).map("\n".join))
def test_any_text_fits_as_plain_text(words: str) -> None:
    """Cut between lines, never inside of an entity."""
    drawn = render_text(Message("x", (Text(words * 9),)))
    assert slack_blocks.problems(drawn.blocks) == []
    for part in (block["text"]["text"] for block in drawn.blocks):
        assert not re.search(r"&(?!(amp|lt|gt);)", part)


@pytest.mark.parametrize(
    ("sent", "typed"),
    [
        ("<@U0BOT>  why <http://contoso.com|contoso.com>", "why contoso.com"),
        ("why R&amp;D &lt;Mail&gt;", "why R&D <Mail>"),
        ("<mailto:ada@contoso.com|ada@contoso.com>", "ada@contoso.com"),
        (
            "hey <@U0BOT> apps <https://example.com/a?b=c&amp;d=e>",
            "hey apps https://example.com/a?b=c&d=e",
        ),
        ("ask <@U0ADA> in <#C1|general>", "ask <@U0ADA> in #general"),
        ("<@U0BOT>", ""),
    ],
)
def test_words_are_read_as_they_were_typed(sent: str, typed: str) -> None:
    """Slack's escapes and links are undone, and the mention of the bot is no part of the words."""
    assert as_typed(sent, bot="U0BOT") == typed
