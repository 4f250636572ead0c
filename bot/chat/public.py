"""What others will see is confirmed first: what it says, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chat.consent.personal import plain
from bot.chat.words import Words
from bot.domain.delivery.notices import Channel
from bot.message import Buttons, Command, Message, Text


def ask(words: Words, verb: str, channels: Sequence[Channel]) -> Message:
    """Shall it be posted there? `verb` is `remind` or `report`."""
    if not channels:
        return plain(words("public.nowhere"))
    named = (
        words("public.channel", platform=words(f"platform.{one.platform.value}"), id=one.channel_id)
        for one in channels
    )
    text = words(f"public.{verb}", places=words("phrase.comma").join(named))
    post = Command("sure", words(f"public.{verb}_button"), f"{verb} sure")
    return Message(text, (Text(text), Buttons((post,))))
