"""What the doctor sees of the receiver of events: a connection, and its certificate."""

from __future__ import annotations

import time
from urllib.parse import urlsplit, urlunsplit

from adapters.webhook.post import EventRejected, Post
from bot.domain.doctor.finding import Failure
from bot.domain.doctor.seen import WebhookSeen
from bot.errors import SettingsInvalid
from bot.settings.sections.webhook import WebhookSettings


class WebhookProbe:
    """Implements `bot.ports.doctor.Probe`. Posts nothing."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings

    async def probe(self) -> WebhookSeen:
        # What stands behind its host may be a secret of the receiver's.
        parts = urlsplit(self._settings.url)
        url = urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        try:
            post = Post(self._settings, time.time)
        except SettingsInvalid as error:
            return WebhookSeen(url, Failure(error.problems[0]))
        try:
            return WebhookSeen(url, certificate_ends=await post.reach())
        except EventRejected as error:
            return WebhookSeen(url, Failure(f"{error}."))
        finally:
            await post.aclose()
