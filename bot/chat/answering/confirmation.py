"""What others will see is confirmed first: what it says, and where it goes."""

from __future__ import annotations

from collections.abc import Sequence

from bot.chat.phrases import plain
from bot.chat.words import Words
from bot.message import Buttons, ChannelName, Command, Message, Part, Text, plainly


def ask(words: Words, verb: str, channels: Sequence[ChannelName]) -> Message:
    """Shall it be posted there? `verb` is `remind` or `report`. A name may be "": not known."""
    if not channels:
        return plain(words("public.nowhere"))
    before, behind = words(f"public.{verb}", places="\0").split("\0")
    places: list[Part] = []
    for one in channels:
        platform = words(f"platform.{one.platform.value}")
        if places:
            places.append(words("phrase.comma"))
        unnamed = words("public.channel", platform=platform)
        if not one.name:  # Slack says it where the reader may know it
            places.append(ChannelName(one.platform, one.channel_id, unnamed))
        else:
            places += [one, f" ({platform})"]
    said = (before, *places, behind)
    post = Command("sure", words(f"public.{verb}_button"), f"{verb} sure")
    return Message(plainly(said), (Text(said), Buttons((post,))))
