"""The report: how fast the migration goes, as a picture and in words."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat.words import Words
from bot.domain.campaign.channels.report import BurnDown
from bot.message import Block, Fact, Facts, Heading, Message, Note, Picture, Text


def report(words: Words, chart: BurnDown, picture_url: str, org: str = "") -> Message:
    """The message. `picture_url` is where the burn-down lies, "" when there is none.

    `org` is the Okta org that it is about, "" for all of them.
    """
    today = chart.days[-1]
    title = words("report.title", done=today.done, total=today.total)
    if org:
        title = words("report.title_of_org", org=org, title=title)
    text = forecast(words, chart)
    blocks: list[Block] = [Heading(title), Text(text)]
    if picture_url:
        blocks.append(Picture(picture_url, alt(words, chart)))
    facts = [
        Fact(words("report.open"), str(today.open)),
        Fact(words("report.date"), words.date(chart.deadline.on)),
    ]
    if chart.forecast.per_week is not None:
        facts.append(Fact(words("report.pace"), words.number(chart.forecast.per_week)))
    if chart.needed is not None:
        facts.append(Fact(words("report.needed"), words.number(chart.needed)))
    blocks.append(Facts(tuple(facts)))
    blocks.append(Note(words("report.note")))
    return Message(f"{title} {text}", tuple(blocks), private=False)


def forecast(words: Words, chart: BurnDown) -> str:
    """Where it goes, in one sentence."""
    today, found = chart.days[-1], chart.forecast
    if today.open == 0:
        return words("report.all_done")
    if found.per_week is None:
        return words("report.too_early")
    if found.missing:
        return words("report.missing", count=found.missing, date=words.date(chart.deadline.on))
    if found.done_on is None:
        return words("report.standstill")
    key = "report.in_time" if found.missing == 0 else "report.late"
    return words(key, date=words.date(found.done_on))


def alt(words: Words, chart: BurnDown) -> str:
    """What the picture shows, for whoever cannot see it."""
    first, last = chart.days[0], chart.days[-1]
    return words(
        "report.alt",
        start=words.date(first.on),
        first=first.open,
        now=words.date(last.on),
        last=last.open,
        forecast=forecast(words, chart),
    )


def labels(words: Words, chart: BurnDown) -> Mapping[str, str]:
    """The words in the picture."""
    done_on = chart.forecast.done_on
    return {
        "open": words("report.open"),
        "deadline": words.day(chart.deadline.on),
        "forecast": words("report.forecast", date=words.day(done_on)) if done_on else "",
        "needed": words("report.needed_pace", count=words.number(chart.needed))
        if chart.needed is not None
        else "",
        "start": words.day(chart.days[0].on),
        "today": words.day(chart.days[-1].on),
    }
