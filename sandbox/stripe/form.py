"""Stripe's form encoding: `a[b][c]=v`, `list[]=v`, `list[0][b]=v`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from sandbox.stripe.refused import Refused

NAME = re.compile(r"[^\[\]]+")
PARTS = re.compile(r"\[([^\[\]]*)\]")


def pairs(text: str) -> list[tuple[str, str]]:
    """The flat pairs as sent. Raises Refused when this is no form."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=2000)
    except ValueError as problem:
        raise Refused(f"Invalid request body: {problem}") from problem


def nested(sent: list[tuple[str, str]]) -> dict[str, Any]:
    """The pairs as a tree of dicts; lists stay dicts whose keys are numbers, a later check knows which is which."""
    tree: dict[str, Any] = {}
    for key, value in sent:
        _place(tree, _path(key), value)
    return tree


def _path(key: str) -> list[str]:
    head = NAME.match(key)
    tail = key[head.end() :] if head else ""
    steps = PARTS.findall(tail)
    if not head or "".join(f"[{step}]" for step in steps) != tail:
        raise Refused(f"Invalid parameter name: {key}", code="parameter_unknown", param=key)
    return [head.group(), *steps]


def _place(tree: dict[str, Any], path: list[str], value: str) -> None:
    *steps, last = path
    for step in steps:
        child = tree.setdefault(step or str(len(tree)), {})
        if not isinstance(child, dict):
            raise Refused(f"Invalid object: {path[0]}", param=path[0])
        tree = child
    tree[last or str(len(tree))] = value
