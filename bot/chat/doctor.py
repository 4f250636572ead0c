"""What the doctor found, in words: for the chat in short, for the terminal line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from bot.chat.words import Words
from bot.domain.doctor.checks import worst
from bot.domain.doctor.finding import Finding, Grade
from bot.message import Block, Heading, Message, Note, Text

SHOWN = 15
"""Findings in one message of a chat; the terminal shows them all."""
PRESSING = (Grade.BROKEN, Grade.ATTENTION, Grade.NOT_TESTABLE)


def found(finding: Finding, words: Words) -> str:
    """What was found."""
    values = {
        name: words.date(value.date()) if isinstance(value, datetime) else value
        for name, value in finding.found.values.items()
    }
    return words(finding.key, **values)


def reason(finding: Finding) -> str:
    """What the other side said, as it is; "" where nothing failed."""
    failure = finding.found.failure
    return failure.reason if failure is not None else ""


def to_do(finding: Finding, words: Words) -> str:
    """What to do about it; "" where it is good."""
    if finding.grade is Grade.GOOD:
        return ""
    failure = finding.found.failure
    return (failure.hint if failure is not None else "") or words(f"{finding.key}_do")


def title(findings: Sequence[Finding], words: Words) -> str:
    """How the whole is."""
    return words(f"doctor.title_{worst(findings).value}")


def counts(findings: Sequence[Finding], words: Words) -> str:
    """How many there are of each grade."""
    graded = Counter(finding.grade for finding in findings)
    return words("doctor.counts", **{grade.value: graded[grade] for grade in Grade})


def report(findings: Sequence[Finding], words: Words) -> Message:
    """What is not good, the worst first; of what is good only how much it is."""
    pressing = [one for grade in PRESSING for one in findings if one.grade is grade]
    head = title(findings, words)
    blocks: list[Block] = [Heading(head), Text(counts(findings, words))]
    for one in pressing[:SHOWN]:
        grade = words(f"doctor.grade_{one.grade.value}")
        said = (found(one, words), reason(one), to_do(one, words))
        text = f"{one.place} ({grade}): {' '.join(filter(None, said))}"
        blocks.append(Note(text) if one.grade is Grade.NOT_TESTABLE else Text(text))
    if len(pressing) > SHOWN:
        blocks.append(Note(words("doctor.more", count=len(pressing) - SHOWN)))
    return Message(head, tuple(blocks))


def under_way(words: Words) -> Message:
    """Until the answer is there."""
    text = words("doctor.looking")
    return Message(text, (Text(text),))


def aside(words: Words) -> Message:
    """Asked where others read along."""
    text = words("doctor.aside")
    return Message(text, (Text(text),))
