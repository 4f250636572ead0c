"""Who draws for the services."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.domain.campaign.channels.report import BurnDown


class PillowCharts:
    """Implements `bot.ports.writing.ChartRenderer`."""

    async def burn_down(self, chart: BurnDown, labels: Mapping[str, str]) -> bytes:
        return await asyncio.to_thread(_burn_down, chart, labels)


def _burn_down(chart: BurnDown, labels: Mapping[str, str]) -> bytes:
    # A report a week is what Pillow is needed for: 5 MiB that most processes never load.
    from adapters.charts.burn_down import render

    return render(chart, labels)
