"""How Stripe writes JSON: two blanks, `id` and `object` first, the rest by name."""

import json
from typing import Any


def pretty(content: Any) -> bytes:
    """The bytes of an answer or of a webhook's body."""
    return json.dumps(_ordered(content), indent=2, ensure_ascii=False).encode()


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    names = sorted(value, key=lambda name: (name != "id", name != "object", name))
    return {name: _ordered(value[name]) for name in names}
