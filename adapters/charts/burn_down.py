"""The burn-down as a picture: what was open on each day, the date, and where the pace leads."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from PIL import Image, ImageDraw, ImageFont

from adapters.charts.text import width, write
from bot.domain.campaign.channels.report import BurnDown

SIZE = (800, 520)
"""Shown at some 340 pixels on a phone: what is written must be read there."""
LEFT, TOP, RIGHT, BOTTOM = 72, 64, 776, 392
LEGEND = (458, 496)
SMALL, NORMAL = 28, 32
PAPER, INK, FAINT = "#ffffff", "#1d1c1d", "#d8d8d8"
OPEN, FORECAST, NEEDED, DEADLINE = "#1264a3", "#1264a3", "#5c5c5c", "#b3261e"
FAR = timedelta(days=120)
"""A date or a forecast beyond this is left out: the days so far would be a dot."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """From days and counts to pixels."""

    first: date
    last: date
    most: int

    def at(self, day: date, count: float) -> tuple[float, float]:
        days = max((self.last - self.first).days, 1)
        x = LEFT + (RIGHT - LEFT) * (day - self.first).days / days
        return x, BOTTOM - (BOTTOM - TOP) * count / self.most


def render(chart: BurnDown, labels: Mapping[str, str]) -> bytes:
    """The picture, PNG. Takes some milliseconds of CPU."""
    days, on, done_on = chart.days, chart.deadline.on, chart.forecast.done_on
    first, today = days[0].on, days[-1]
    shows_date = first <= on <= today.on + FAR
    shows_forecast = done_on is not None and today.on < done_on <= today.on + FAR
    ends = [today.on + timedelta(days=1), *([on] if shows_date else [])]
    ends += [done_on] if shows_forecast and done_on is not None else []
    scale = _Scale(first, max(ends), max(1, *(day.open for day in days)))

    image = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(image)
    small, normal = _font(SMALL), _font(NORMAL)
    for count in _ticks(scale.most):
        y = scale.at(first, count)[1]
        pen.line((LEFT, y, RIGHT, y), FAINT, 1)
        write(pen, (LEFT - 12, y), str(count), INK, small, "rm")
    write(pen, (LEFT, TOP - 18), labels["open"], INK, normal, "lb")

    line = [scale.at(day.on, day.open) for day in days]
    pen.line(line, OPEN, 6, joint="curve")
    x, y = line[-1]
    pen.ellipse((x - 9, y - 9, x + 9, y + 9), OPEN)
    legend = iter(LEGEND)
    if shows_forecast and done_on is not None:
        _dashed(pen, line[-1], scale.at(done_on, 0), FORECAST, 5)
        _explained(pen, next(legend), labels["forecast"], FORECAST, 5, small)
    if shows_date and labels["needed"]:
        _dashed(pen, line[-1], scale.at(on, 0), NEEDED, 3)
        _explained(pen, next(legend), labels["needed"], NEEDED, 3, small)
    if shows_date:
        x = scale.at(on, 0)[0]
        pen.line((x, TOP, x, BOTTOM), DEADLINE, 4)
        side, beside = ("rb", x) if x > (LEFT + RIGHT) / 2 else ("lb", x)
        write(pen, (beside, TOP - 18), labels["deadline"], DEADLINE, normal, side)
    pen.line((LEFT, BOTTOM, RIGHT, BOTTOM), INK, 2)
    now_at, half = line[-1][0], width(pen, labels["today"], small) / 2
    write(pen, (max(now_at, LEFT + half), BOTTOM + 14), labels["today"], INK, small, "mt")
    if now_at - half > LEFT + width(pen, labels["start"], small) + 12:  # else they overlap
        write(pen, (LEFT, BOTTOM + 14), labels["start"], INK, small, "lt")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _ticks(most: int) -> list[int]:
    """Up to five round numbers from 0 to the most."""
    step = next(s for s in _steps() if most / s <= 5)
    return list(range(0, most + 1, step))


def _steps() -> list[int]:
    return [one * 10**power for power in range(6) for one in (1, 2, 5)]


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # with a size it always is
    return font


def _explained(
    pen: ImageDraw.ImageDraw,
    y: float,
    words: str,
    colour: str,
    thick: int,
    font: ImageFont.FreeTypeFont,
) -> None:
    """A line of the legend, below the picture: beside the lines it would cover something."""
    _dashed(pen, (LEFT, y), (LEFT + 56, y), colour, thick)
    write(pen, (LEFT + 70, y), words, colour, font, "lm")


def _dashed(
    pen: ImageDraw.ImageDraw,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    thick: int,
) -> None:
    (x, y), (to_x, to_y) = start, end
    length = max(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5, 1.0)
    for begin in range(0, int(length), 22):
        a, b = begin / length, min((begin + 12) / length, 1.0)
        dash = (x + (to_x - x) * a, y + (to_y - y) * a, x + (to_x - x) * b, y + (to_y - y) * b)
        pen.line(dash, colour, thick)
