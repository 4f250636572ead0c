"""The burn-down as a picture: what was open on each day, the date, and where the pace leads."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from PIL import Image, ImageDraw, ImageFont

from bot.domain.campaign.report import BurnDown

SIZE = (1200, 600)
LEFT, TOP, RIGHT, BOTTOM = 90, 50, 1150, 520
PAPER, INK, FAINT = "#ffffff", "#1d1c1d", "#d8d8d8"
OPEN, FORECAST, DEADLINE = "#1264a3", "#1264a3", "#c0392b"
FAR = timedelta(days=120)
"""A date or a forecast beyond this is left out: the days so far would be a dot."""


class PillowPainter:
    """Implements `bot.ports.writing.Painter`."""

    async def burn_down(self, chart: BurnDown, labels: Mapping[str, str]) -> bytes:
        return await asyncio.to_thread(draw, chart, labels)


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


def draw(chart: BurnDown, labels: Mapping[str, str]) -> bytes:
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
    small, normal = ImageFont.load_default(22), ImageFont.load_default(26)
    for count in _ticks(scale.most):
        y = scale.at(first, count)[1]
        pen.line((LEFT, y, RIGHT, y), FAINT, 1)
        pen.text((LEFT - 12, y), str(count), INK, small, anchor="rm")
    pen.text((LEFT, TOP - 14), labels["open"], INK, normal, anchor="lb")

    line = [scale.at(day.on, day.open) for day in days]
    pen.line(line, OPEN, 5, joint="curve")
    x, y = line[-1]
    pen.ellipse((x - 7, y - 7, x + 7, y + 7), OPEN)
    if shows_forecast and done_on is not None:
        _dashed(pen, line[-1], scale.at(done_on, 0), FORECAST)
        middle = ((x + scale.at(done_on, 0)[0]) / 2 + 12, (y + BOTTOM) / 2 - 12)
        pen.text(middle, labels["forecast"], FORECAST, small, anchor="lb")
    if shows_date:
        x = scale.at(on, 0)[0]
        pen.line((x, TOP, x, BOTTOM), DEADLINE, 3)
        side, beside = ("rt", x - 10) if x > (LEFT + RIGHT) / 2 else ("lt", x + 10)
        pen.text((beside, TOP + 8), labels["deadline"], DEADLINE, normal, side)
    pen.line((LEFT, BOTTOM, RIGHT, BOTTOM), INK, 2)
    now_at, half = line[-1][0], pen.textlength(labels["today"], small) / 2
    pen.text((max(now_at, LEFT + half), BOTTOM + 14), labels["today"], INK, small, anchor="mt")
    if now_at - half > LEFT + pen.textlength(labels["start"], small) + 12:  # else they overlap
        pen.text((LEFT, BOTTOM + 14), labels["start"], INK, small, anchor="lt")
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _ticks(most: int) -> list[int]:
    """Up to five round numbers from 0 to the most."""
    step = next(s for s in _steps() if most / s <= 5)
    return list(range(0, most + 1, step))


def _steps() -> list[int]:
    return [one * 10**power for power in range(6) for one in (1, 2, 5)]


def _dashed(
    pen: ImageDraw.ImageDraw, start: tuple[float, float], end: tuple[float, float], colour: str
) -> None:
    (x, y), (to_x, to_y) = start, end
    length = max(((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5, 1.0)
    for begin in range(0, int(length), 22):
        a, b = begin / length, min((begin + 12) / length, 1.0)
        dash = (x + (to_x - x) * a, y + (to_y - y) * a, x + (to_x - x) * b, y + (to_y - y) * b)
        pen.line(dash, colour, 4)
