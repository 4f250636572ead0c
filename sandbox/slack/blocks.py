"""What Slack refuses in blocks: sizes, counts, required fields, unique ids.

Source of the limits: Slack's Block Kit reference (docs.slack.dev/reference/block-kit) and the
comments of the @slack/types package. Where Slack's own answer is not documented, this is on the
strict side: a test that passes here should not fail there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

Json = dict[str, Any]
Surface = Literal["message", "home", "modal"]

MAX_BLOCKS: dict[Surface, int] = {"message": 50, "home": 100, "modal": 100}
MAX_TEXT_OF_ALL_BLOCKS = 13_200  # not documented; slackapi/bolt-js issue 2509
_ELEMENTS = {
    "button",
    "static_select",
    "overflow",
    "datepicker",
    "timepicker",
    "datetimepicker",
    "users_select",
    "checkboxes",
    "radio_buttons",
    "plain_text_input",
}


def problems(blocks: Any, surface: Surface = "message") -> list[str]:
    """What is wrong with the blocks, worded as in `response_metadata.messages`; [] when nothing."""
    return list(_blocks(blocks, surface))


def text_length(blocks: list[Json]) -> int:
    """The characters of all texts together."""
    return sum(len(text) for text in _texts(blocks))


def links(value: Any) -> Iterator[str]:
    """Every address in the blocks: buttons, images, and `<https://...|...>` in texts."""
    if isinstance(value, dict):
        if isinstance(value.get("url"), str):
            yield value["url"]
        for inner in value.values():
            yield from links(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from links(inner)
    elif isinstance(value, str):
        yield from links_in_text(value)


def links_in_text(text: str) -> Iterator[str]:
    """Every `<https://...>` or `<https://...|label>` of a mrkdwn text."""
    for part in text.split("<")[1:]:
        target = part.split(">")[0].split("|")[0]
        if target.startswith(("http://", "https://")):
            yield target


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """(block, element) for everything a person can press."""
    for block in blocks:
        if block["type"] == "actions":
            yield from ((block, element) for element in block["elements"])
        elif isinstance(accessory := block.get("accessory"), dict):
            yield block, accessory


def options(element: Json) -> Iterator[Json]:
    """What can be picked from a list, or from behind a "⋮"."""
    yield from element.get("options") or []
    for group in element.get("option_groups") or []:
        yield from group["options"]


def _error(message: str, pointer: str) -> str:
    return f"[ERROR] {message} [json-pointer:{pointer}]"


def _blocks(blocks: Any, surface: Surface) -> Iterator[str]:
    if not isinstance(blocks, list):
        yield _error("must be an array", "/blocks")
        return
    if len(blocks) > MAX_BLOCKS[surface]:
        yield _error(f"no more than {MAX_BLOCKS[surface]} items allowed", "/blocks")
    seen: set[str] = set()
    tables = 0
    for number, block in enumerate(blocks):
        at = f"/blocks/{number}"
        if not isinstance(block, dict):
            yield _error("must be an object", at)
            continue
        block_id = block.get("block_id")
        if block_id is not None:
            yield from _string(block, "block_id", f"{at}/block_id", 255)
            if block_id in seen:
                yield _error("block_id already exists", f"{at}/block_id")
            seen.add(str(block_id))
        tables += block.get("type") == "table"
        yield from _block(block, at)
    if tables > 1:
        yield _error("only_one_table_allowed", "/blocks")


def _block(block: Json, at: str) -> Iterator[str]:
    match block.get("type"):
        case "section":
            yield from _section(block, at)
        case "header":
            yield from _text(block.get("text"), f"{at}/text", 150, plain=True)
        case "divider":
            return
        case "context":
            yield from _context(block, at)
        case "actions":
            yield from _items(block, "elements", at, 25)
            yield from _elements(block.get("elements"), at)
        case "image":
            yield from _image(block, at)
        case "table":
            yield from _table(block, at)
        case "markdown":
            yield from _string(block, "text", f"{at}/text", 12_000)
        case "input":
            yield from _input(block, at)
        case "rich_text" | "video":
            return
        case other:
            yield _error(f"unsupported type: {other}", f"{at}/type")


def modal_problems(view: Json) -> list[str]:
    """What is wrong with a modal (docs.slack.dev/reference/views/modal-views)."""
    found = [
        one
        for name in ("title", "submit", "close")
        for one in _text(view.get(name), f"/view/{name}", 24, plain=True)
    ]
    kept = view.get("private_metadata", "")
    if not isinstance(kept, str) or len(kept) > 3000:
        found.append(_error("must be less than 3001 characters", "/view/private_metadata"))
    return [*found, *_blocks(view.get("blocks"), "modal")]


def _input(block: Json, at: str) -> Iterator[str]:
    yield from _text(block.get("label"), f"{at}/label", 2000, plain=True)
    if block.get("hint") is not None:
        yield from _text(block["hint"], f"{at}/hint", 2000, plain=True)
    element = block.get("element")
    yield from _element(element, f"{at}/element")
    if isinstance(element, dict) and element.get("type") == "plain_text_input":
        most = element.get("max_length")
        if most is not None and not 1 <= most <= 3000:
            yield _error("must be between 1 and 3000", f"{at}/element/max_length")


def _section(block: Json, at: str) -> Iterator[str]:
    fields = block.get("fields")
    if block.get("text") is None and fields is None:
        yield _error("must define either `text` or `fields`", at)
    if block.get("text") is not None:
        yield from _text(block["text"], f"{at}/text", 3000)
    if fields is not None:
        yield from _items(block, "fields", at, 10)
        for number, field in enumerate(fields if isinstance(fields, list) else []):
            yield from _text(field, f"{at}/fields/{number}", 2000)
    if block.get("accessory") is not None:
        accessory = block["accessory"]
        if isinstance(accessory, dict) and accessory.get("type") == "image":
            yield from _image(accessory, f"{at}/accessory")
        else:
            yield from _element(accessory, f"{at}/accessory")


def _context(block: Json, at: str) -> Iterator[str]:
    yield from _items(block, "elements", at, 10)
    for number, element in enumerate(block.get("elements") or []):
        where = f"{at}/elements/{number}"
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _image(element, where)
        else:
            yield from _text(element, where, 3000)


def _elements(elements: Any, at: str) -> Iterator[str]:
    seen: set[str] = set()
    for number, element in enumerate(elements if isinstance(elements, list) else []):
        where = f"{at}/elements/{number}"
        yield from _element(element, where)
        action_id = element.get("action_id") if isinstance(element, dict) else None
        if action_id is not None and action_id in seen:
            yield _error("action_id already exists", f"{where}/action_id")
        seen.add(str(action_id))


def _element(element: Any, at: str) -> Iterator[str]:
    if not isinstance(element, dict) or element.get("type") not in _ELEMENTS:
        kind = element.get("type") if isinstance(element, dict) else None
        yield _error(f"unsupported type: {kind}", f"{at}/type")
        return
    if element.get("action_id") is not None:
        yield from _string(element, "action_id", f"{at}/action_id", 255)
    if element.get("confirm") is not None:
        yield from _confirm(element["confirm"], f"{at}/confirm")
    if element["type"] == "button":
        yield from _button(element, at)
    elif element["type"] == "overflow":
        yield from _options(element, at, 5)
    elif element["type"] == "static_select":
        if element.get("placeholder") is not None:
            yield from _text(element["placeholder"], f"{at}/placeholder", 150, plain=True)
        if "option_groups" not in element:
            yield from _options(element, at, 100)
            return
        yield from _items(element, "option_groups", at, 100)
        for number, group in enumerate(element["option_groups"] or []):
            where = f"{at}/option_groups/{number}"
            yield from _text(group.get("label"), f"{where}/label", 75, plain=True)
            yield from _options(group, where, 100)


def _options(holder: Json, at: str, limit: int) -> Iterator[str]:
    yield from _items(holder, "options", at, limit)
    for number, option in enumerate(holder.get("options") or []):
        where = f"{at}/options/{number}"
        yield from _text(option.get("text"), f"{where}/text", 75, plain=True)
        yield from _string(option, "value", f"{where}/value", 150)
        if option.get("url") is not None:
            yield from _url(option["url"], f"{where}/url")


def _button(button: Json, at: str) -> Iterator[str]:
    yield from _text(button.get("text"), f"{at}/text", 75, plain=True)
    if button.get("value") is not None:
        yield from _string(button, "value", f"{at}/value", 2000)
    if button.get("url") is not None:
        yield from _url(button["url"], f"{at}/url")
    if button.get("accessibility_label") is not None:
        yield from _string(button, "accessibility_label", f"{at}/accessibility_label", 75)
    if button.get("style") not in (None, "primary", "danger"):
        yield _error("must be a valid enum value", f"{at}/style")


def _confirm(confirm: Any, at: str) -> Iterator[str]:
    if not isinstance(confirm, dict):
        yield _error("must be an object", at)
        return
    for name, limit in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        yield from _text(confirm.get(name), f"{at}/{name}", limit, plain=name != "text")


def _image(image: Json, at: str) -> Iterator[str]:
    yield from _string(image, "alt_text", f"{at}/alt_text", 2000)
    if "slack_file" not in image:
        yield from _url(image.get("image_url"), f"{at}/image_url")


def _table(table: Json, at: str) -> Iterator[str]:
    yield from _items(table, "rows", at, 100)
    settings = table.get("column_settings")
    if isinstance(settings, list) and len(settings) > 20:
        yield _error("no more than 20 items allowed", f"{at}/column_settings")
    for number, row in enumerate(table.get("rows") or []):
        where = f"{at}/rows/{number}"
        if not isinstance(row, list) or not 1 <= len(row) <= 20:
            yield _error("must have between 1 and 20 cells", where)
            continue
        for column, cell in enumerate(row):
            kind = cell.get("type") if isinstance(cell, dict) else None
            if kind == "raw_text":
                yield from _string(cell, "text", f"{where}/{column}/text", 3000)
            elif kind not in ("rich_text", "raw_number"):
                yield _error(f"unsupported type: {kind}", f"{where}/{column}/type")


def _text(text: Any, at: str, limit: int, *, plain: bool = False) -> Iterator[str]:
    if not isinstance(text, dict):
        yield _error("missing required field: text", at)
        return
    allowed = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if text.get("type") not in allowed:
        yield _error(f"must be one of {', '.join(allowed)}", f"{at}/type")
    yield from _string(text, "text", f"{at}/text", limit)


def _string(holder: Json, name: str, at: str, limit: int) -> Iterator[str]:
    value = holder.get(name)
    if not isinstance(value, str):
        yield _error(f"missing required field: {name}", at)
    elif not value:
        yield _error("must be more than 0 characters", at)
    elif len(value) > limit:
        yield _error(f"must be less than {limit + 1} characters", at)


def _url(url: Any, at: str) -> Iterator[str]:
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        yield _error("must be a valid URL", at)
    elif len(url) > 3000:
        yield _error("must be less than 3001 characters", at)


def _items(holder: Json, name: str, at: str, limit: int) -> Iterator[str]:
    items = holder.get(name)
    if not isinstance(items, list) or not items:
        yield _error(f"missing required field: {name}", f"{at}/{name}")
    elif len(items) > limit:
        yield _error(f"no more than {limit} items allowed", f"{at}/{name}")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def pressed(blocks: list[Json], what: str) -> tuple[Json, str | None]:
    """The action of the button or option with this id, label or value, and its link, if any."""
    block, element, picked = _find(blocks, what)
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "text": element.get("text"),
        "action_ts": f"{time.time():.6f}",
    }
    if "value" in element:
        action["value"] = element["value"]
    if picked is not None:
        action["selected_option"] = {"text": picked["text"], "value": picked["value"]}
    return action, (picked or element).get("url")


def _find(blocks: list[Json], what: str) -> tuple[Json, Json, Json | None]:
    """The (block, element, option) with this id, label or value; no option for a button."""
    found = list(elements(blocks))
    for block, element in found:
        label = element.get("text", {}).get("text")
        if element["type"] == "button" and what in (element.get("action_id"), label):
            return block, element, None
    for block, element in found:
        for option in options(element):
            if what in (option["value"], option["text"]["text"]):
                return block, element, option
    raise LookupError(f"no button {what!r} in: {str(blocks)[:80]}")
