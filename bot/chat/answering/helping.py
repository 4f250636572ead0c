"""Help: what can be said, by what one wants to do; and more about one command."""

from __future__ import annotations

from bot.chat.typed.verbs import GROUPS, VERBS, typed
from bot.chat.words import Words
from bot.domain.people.access import Level
from bot.domain.people.admins import Platform
from bot.message import (
    Block,
    Buttons,
    Command,
    Group,
    Heading,
    Menu,
    Message,
    Note,
    Text,
)

IN_DETAIL = ("apps", "why", "who", "plan", "send", "remind", "report", "waive", "owner", "deny",
             "notme", "later", "away", "onboard")  # fmt: skip
"""Commands of which there is more to tell than one line."""
_OF_LEVEL = {
    Level.OPERATOR: VERBS,
    Level.VIEWER: (*GROUPS["see"], *GROUPS["mine"]),
}


def help_(words: Words, platform: Platform, level: Level, about: str = "") -> Message:
    """What somebody of that level can say, as it is typed on that platform; or more about one."""
    if about in _OF_LEVEL.get(level, GROUPS["mine"]):
        return _about(words, platform, about)
    title = words("help.title")
    blocks: list[Block] = [Heading(title), Text(words("help.what"))]
    match level:
        case Level.OPERATOR:
            for group, verbs in GROUPS.items():
                told = " · ".join(words(f"help.say_{verb}") for verb in verbs)
                blocks += [Group((), words(f"help.to_{group}")), Text(told)]
            # One option each, where Slack takes a hundred.
            more = (
                Command(f"help:{verb}", words(f"help.say_{verb}"), f"help {verb}") for verb in VERBS
            )
            menu = Menu("more", words("help.more"), tuple(more))
            apps = Command("apps", words("button.apps"), "apps")
            blocks += [Buttons((menu, apps)), Note(words("help.note"))]
        case Level.VIEWER:
            blocks += [Group((), words("help.to_see")), _lines(words, platform, "see")]
            blocks += _asked(words, platform)
        case _:
            blocks += _asked(words, platform)
    if level is not Level.ANYBODY and platform is Platform.SLACK:
        blocks.append(Note(words("help.slash", words=typed("apps", platform))))
    return Message(title, tuple(blocks))


def _asked(words: Words, platform: Platform) -> tuple[Block, ...]:
    said = _lines(words, platform, "mine")
    return (Text(words("help.asked")), said, Text(words("help.not_operator")))


def _lines(words: Words, platform: Platform, group: str) -> Text:
    """A line each: two columns are narrow on a phone."""
    verbs = (verb for verb in GROUPS[group] if verb != "help")
    told = ((typed(words(f"help.say_{verb}"), platform), verb) for verb in verbs)
    return Text("\n".join(f"{say} – {words(f'help.{verb}')}" for say, verb in told))


def _about(words: Words, platform: Platform, verb: str) -> Message:
    title = typed(words(f"help.say_{verb}"), platform)
    told = words(f"help.{verb}")
    blocks: list[Block] = [Heading(title), Text(f"{told[:1].upper()}{told[1:]}.")]
    if verb in IN_DETAIL:
        blocks.append(Text(words(f"help.more_{verb}")))
    blocks.append(Buttons((Command("help", words("button.help"), "help"),)))
    return Message(title, tuple(blocks))
