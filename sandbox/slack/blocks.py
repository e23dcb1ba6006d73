"""Slack's limits of block kit: one block over, and the whole message is refused as `invalid_blocks`."""

from collections.abc import Callable, Mapping
from typing import Any

Block = Mapping[str, Any]
MOST_BLOCKS = 50
MOST_BLOCK_ID = 255


def acceptable(blocks: Any) -> bool:
    """Whether Slack would show these blocks."""
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
        return False
    return all(isinstance(block, Mapping) and _known(block) for block in blocks)


def _known(block: Block) -> bool:
    check = KINDS.get(str(block.get("type")))
    block_id = block.get("block_id", "")
    return check is not None and isinstance(block_id, str) and len(block_id) <= MOST_BLOCK_ID and check(block)


def text_object(found: Any, most: int, kinds: tuple[str, ...] = ("mrkdwn", "plain_text")) -> bool:
    """A text of 1 to `most` characters of one of these kinds."""
    if not isinstance(found, Mapping) or found.get("type") not in kinds:
        return False
    if "emoji" in found and found["type"] != "plain_text":
        return False
    text = found.get("text")
    return isinstance(text, str) and 1 <= len(text) <= most


def _header(block: Block) -> bool:
    return text_object(block.get("text"), 150, ("plain_text",))


def _section(block: Block) -> bool:
    text, fields = block.get("text"), block.get("fields")
    if text is None and not fields:
        return False
    if text is not None and not text_object(text, 3000):
        return False
    if fields is None:
        return True
    return isinstance(fields, list) and 1 <= len(fields) <= 10 and all(text_object(one, 2000) for one in fields)


def _context(block: Block) -> bool:
    elements = block.get("elements")
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        return False
    return all(text_object(one, 2000) or _image(one) for one in elements)


def _actions(block: Block) -> bool:
    elements = block.get("elements")
    return isinstance(elements, list) and 1 <= len(elements) <= 25 and all(_button(one) for one in elements)


def _button(found: Any) -> bool:
    return (
        isinstance(found, Mapping)
        and found.get("type") == "button"
        and text_object(found.get("text"), 75, ("plain_text",))
        and len(str(found.get("url", ""))) <= 3000
        and len(str(found.get("value", ""))) <= 2000
        and len(str(found.get("action_id", ""))) <= 255
    )


def _image(found: Any) -> bool:
    if not isinstance(found, Mapping) or found.get("type") != "image":
        return False
    return 1 <= len(str(found.get("image_url", ""))) <= 3000 and 1 <= len(str(found.get("alt_text", ""))) <= 2000


def _divider(_: Block) -> bool:
    return True


KINDS: dict[str, Callable[[Block], bool]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "divider": _divider,
    "image": _image,
}
