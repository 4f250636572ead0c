"""The chain of the audit: whatever is done to its rows is found, and which row it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.audit import Finding, Head, Row, UnchainedRows, Verifier, Wrong, digest_of, sealed
from bot.domain.changes import Action

KEY = b"k" * 32


def chain(count: int, key: bytes = b"", before: Head | None = None) -> list[Row]:
    """Rows as the bot writes them."""
    head, rows = before or Head(), []
    for _ in range(count):
        n = head.number + 1
        row = Row(f"{1000 + n}-0", n, "2026-11-16T09:00:00+00:00", "o365bot", "assess", "a/1", "{}")
        row = replace(row, detail=json.dumps({"n": str(n)}))
        row = replace(row, seal=sealed(head.seal, row, key))
        head = Head(n, row.seal)
        rows.append(row)
    return rows


def head_of(rows: Sequence[Row]) -> Head:
    return Head(rows[-1].number, rows[-1].seal) if rows else Head()


def wrong(rows: Sequence[Row], head: Head, *keys: bytes, kept: Head | None = None) -> list[str]:
    """What is found, in words."""
    verifier = Verifier(keys, (head, *((kept,) if kept else ())))
    for row in rows:
        verifier.take(row)
    return [f"{one.wrong} {one.row}" for one in verifier.findings(head)]


@pytest.mark.parametrize("key", [b"", KEY])
def test_a_whole_chain_is_whole(key: bytes) -> None:
    """With a key and without, of no row, one, and many."""
    for count in (0, 1, 20):
        rows = chain(count, key)
        assert wrong(rows, head_of(rows), key) == []


@given(
    st.integers(0, 9),
    st.sampled_from(["at", "actor", "action", "subject", "detail", "seal"]),
    st.sampled_from([b"", KEY]),
)
def test_a_changed_row_is_found_and_named(which: int, column: str, key: bytes) -> None:
    """Whatever of it was changed; the rows behind it stay good, unless it is the seal itself."""
    rows = chain(10, key)
    head = head_of(rows)
    rows[which] = replace(rows[which], **{column: getattr(rows[which], column) + "x"})
    found = wrong(rows, head, key)
    assert f"changed {which + 1}" in found
    others = {f"changed {which + 1}"} | ({f"changed {which + 2}"} if column == "seal" else set())
    if column == "seal" and which == 9:
        others.add("head 10")
    assert set(found) <= others


@given(st.integers(0, 9), st.integers(1, 10), st.sampled_from([b"", KEY]))
def test_missing_rows_are_found_and_named(first: int, count: int, key: bytes) -> None:
    """At the front, in between, and at the end."""
    rows = chain(10, key)
    head, end = head_of(rows), min(first + count, 10)
    found = wrong(rows[:first] + rows[end:], head, key)
    named = set()
    for one in found:
        kind, _, which = one.partition(" ")
        assert kind == "missing"
        low, _, high = which.partition(" to ")
        named |= set(range(int(low), int(high or low) + 1))
    assert named == set(range(first + 1, end + 1))


@given(st.integers(0, 8), st.sampled_from([b"", KEY]))
def test_rows_in_another_order_are_found_and_named(which: int, key: bytes) -> None:
    """Two neighbours changed places."""
    rows = chain(10, key)
    head = head_of(rows)
    rows[which], rows[which + 1] = rows[which + 1], rows[which]
    assert f"moved {which + 1}" in wrong(rows, head, key) or which == 0


@given(st.integers(1, 10), st.integers(0, 12))
def test_an_inserted_row_is_found_and_named(place: int, number: int) -> None:
    """A copy, one with a number of its own, one with none, at any place."""
    rows = chain(10, KEY)
    head = head_of(rows)
    false = replace(rows[0], number=number, detail="{}", position="1500-0")
    found = wrong([*rows[:place], false, *rows[place:]], head, KEY)
    assert found
    assert any(one.endswith((f" {number}", "at 1500-0", "11 to 12", "11 to 11")) for one in found)


def test_the_tail_and_the_head_cut_off_together_need_a_head_that_was_kept() -> None:
    """That is what `audit export` prints one for."""
    rows = chain(10)
    kept, short = head_of(rows), rows[:7]
    assert wrong(short, head_of(short)) == []
    assert wrong(short, head_of(short), kept=kept) == ["missing 8 to 10"]
    assert wrong(rows, head_of(short)) == ["inserted 8 to 10"]
    other = chain(7) + chain(3, KEY, head_of(chain(7)))
    assert wrong(other, head_of(other), KEY, kept=kept) == ["head 10"]


def test_without_the_key_nobody_forges_a_row() -> None:
    """Neither with another key nor with none; without the key at hand it cannot be checked."""
    rows = chain(5, KEY)
    forged = [*rows, *chain(1, b"x" * 32, head_of(rows))]
    assert wrong(forged, head_of(forged), KEY) == ["other_key 6"]
    plain = [*rows, *chain(1, b"", head_of(rows))]
    assert wrong(plain, head_of(plain), KEY) == ["no_key 6"]
    assert wrong(rows, head_of(rows)) == [f"other_key {n}" for n in range(1, 6)]


def test_a_key_that_came_later_seals_from_then_on() -> None:
    """Rows from before it are counted, since they could have been forged."""
    rows = chain(3)
    rows += chain(2, KEY, head_of(rows))
    verifier = Verifier((KEY,), (head_of(rows),))
    for row in rows:
        verifier.take(row)
    assert verifier.findings(head_of(rows)) == ()
    assert verifier.without_key == 3


def test_rows_from_before_the_chain_are_sealed_together() -> None:
    """Whichever of them was changed, removed, or added, the seal does not fit."""
    former = [
        Row(f"{n}-0", 0, "2026-11-01T09:00:00+00:00", "o365bot", "ask", "a/1", f'{{"n": "{n}"}}')
        for n in range(1, 5)
    ]
    told = UnchainedRows()
    for row in former:
        told.take(digest_of(row))
    seal = Row(
        "9-0",
        1,
        "2026-11-16T09:00:00+00:00",
        "o365bot",
        Action.SEALED,
        "audit",
        json.dumps(told.told),
    )
    seal = replace(seal, seal=sealed("", seal))
    head = Head(1, seal.seal)
    assert wrong([*former, seal], head) == []
    changed = replace(former[2], actor="nobody")
    for spoilt in (
        [*former[:2], changed, former[3]],
        former[1:],
        [*former, replace(former[0], position="5-0")],
        [former[1], former[0], *former[2:]],
    ):
        assert wrong([*spoilt, seal], head) == ["unsealed 1 to 4"]
    late = replace(former[0], position="99-0")
    assert wrong([*former, seal, late], head) == ["unchained at 99-0"]
    forged = replace(late, seal="sha256:0")
    assert wrong([*former, seal, forged], head) == ["inserted at 99-0"]


def test_a_row_that_went_when_somebody_was_forgotten_leaves_its_digest() -> None:
    """Which a row of the chain must name."""
    former = [Row(f"{n}-0", 0, "", "slack:U1", "ask", "a/1", "{}") for n in range(1, 4)]
    told = UnchainedRows()
    for row in former:
        told.take(digest_of(row))
    one = Row("9-0", 1, "", "o365bot", Action.SEALED, "audit", json.dumps(told.told))
    one = replace(one, seal=sealed("", one))
    two = Row("10-0", 2, "", "o365bot", "forget", "person", json.dumps({"removed": "2-0 3-0"}))
    two = replace(two, seal=sealed(one.seal, two))
    gone = {row.position: digest_of(row) for row in former[1:]}

    def found(rows: Sequence[Row], removed: dict[str, str]) -> list[Finding]:
        verifier = Verifier((), (), removed)
        for row in rows:
            verifier.take(row)
        return list(verifier.findings(Head(rows[-1].number, rows[-1].seal)))

    assert found([former[0], one, two], gone) == []
    assert [f.wrong for f in found([one, two], gone)] == [Wrong.UNSEALED]
    everything = {row.position: digest_of(row) for row in former}
    assert found([one, two], everything) == [Finding(Wrong.MISSING, "at 1-0")]


def test_rows_that_were_kept_long_enough_are_not_missed() -> None:
    """A row of the chain says where the rest begins; without it they are missing."""
    rows = chain(10, KEY)
    trimmed = Row(
        "2000-0",
        11,
        "2026-11-16T09:00:00+00:00",
        "o365bot",
        Action.TRIMMED,
        "audit",
        json.dumps({"through": "4", "seal": rows[3].seal}),
    )
    trimmed = replace(trimmed, seal=sealed(rows[9].seal, trimmed, KEY))
    head = Head(11, trimmed.seal)
    assert wrong([*rows[4:], trimmed], head, KEY) == []
    assert wrong([*rows[5:], trimmed], head, KEY) == ["missing 1 to 5"]
    spoilt = [replace(rows[4], actor="x"), *rows[5:], trimmed]
    assert wrong(spoilt, head, KEY) == ["changed 5"]


@pytest.mark.parametrize("text", ["", "7", "|x", "x|y", "-1|x", "٣|x", "9" * 20 + "|x"])
def test_what_is_no_head_is_refused(text: str) -> None:
    """Typed by hand, or planted in the store."""
    with pytest.raises(ValueError, match="no head"):
        Head.parse(text)
