"""What is stuck, apart from the list: why each app is, and the next step as a button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat.people import app_items
from bot.chat.people.app_items import AppItems
from bot.chat.words import Words
from bot.domain.campaign.intents import Policy, Reason
from bot.message import Block, Command, Group, Item, Note, Tone
from bot.ports.store.ledger import Ledger
from bot.services.campaign.stuck import StuckApp, stuck_apps

SHOWN = 8


async def at_a_standstill(
    ledger: Ledger, words: Words, policy: Policy, now: datetime
) -> list[Block]:
    """Whatever goes on for nobody now: nobody is left to ask for it, or nobody can be asked."""
    stuck = await stuck_apps(ledger, now, policy)
    # Who ended it without asking anybody else stands among those whom nobody can be asked for.
    known = [one for one in stuck if one.request.stage.is_open]
    nobody = await ledger.unreachable()
    items = [stuck_item(words, one) for one in reversed(known)]
    some = nobody[: max(0, SHOWN - len(items))]
    held = AppItems({}, await ledger.prospects_of(some), now)
    for app in await ledger.summaries_of(some):
        ref = app.ref
        who = Command(f"who:{ref}", words("button.who_short"), f"who {ref}")
        one = app_items.item(words, app, held)
        more = tuple(way for way in one.more if way.id != who.id)
        items.append(Item(one.title, one.beside, one.lines, who, more))
    marked = [_marked(one) for one in items[:SHOWN]]
    return shown(words, marked, len(known) + len(nobody)) if items else []


def _marked(item: Item) -> Item:
    """The same app stands in the list below, too, where its buttons have other ids."""
    more = tuple(replace(way, id=f"stuck:{way.id}") for way in item.more)
    button = item.button and replace(item.button, id=f"stuck:{item.button.id}")
    return replace(item, button=button, more=more)


def shown(words: Words, items: Sequence[Item], count: int, *, heading: bool = True) -> list[Block]:
    """Some of `count` apps that are stuck."""
    title = words("digest.stuck", count=count) if heading else ""
    blocks: list[Block] = [Group(tuple(items), title, Tone.ATTENTION)]
    if count > len(items):
        blocks.append(Note(words("reminder.more", count=count - len(items))))
    return blocks


def stuck_item(words: Words, one: StuckApp) -> Item:
    """Why it is stuck, and the next step as a button."""
    ref = one.app.ref
    verb, label = "who", words("button.who_short")
    if one.why == Reason.NOT_SEEN:
        verb, label = "check", words("button.check_short")
    return Item(
        one.app.app.label,
        ref.org,
        (words(f"stuck.{one.why}", name=one.request.admin_name),),
        Command(f"{verb}:{ref}", label, f"{verb} {ref}"),
        (Command(f"why:{ref}", words("button.why_short"), f"why {ref}"),),
    )
