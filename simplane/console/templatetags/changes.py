"""What changed of an offer, field by field, in words. Only what differs is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import template

from simplane.core.errors import BadMoney
from simplane.core.money import Money
from simplane.suppliers.models import OfferChange
from simplane.ui.templatetags.show import size, words

register = template.Library()
MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after."""

    name: str
    before: str
    after: str


@register.filter
def differences(change: OfferChange | None) -> list[Difference]:
    """The fields of a change that differ; none for an offer that is new or came back as it was."""
    if change is None:
        return []
    before, after = change.before, change.after
    if isinstance(before, list) or isinstance(after, list):
        return [_sets(change.kind, [_network(one) for one in before or []], [_network(one) for one in after or []])]
    return list(_fields(before or {}, after or {}))


def _fields(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    costs = _cost(before), _cost(after)
    if costs[0] != costs[1]:
        yield Difference("cost", *costs)
    for name in sorted({*before, *after} - {"cost_minor", "currency", "supplier_price"}):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if isinstance(was, list) and isinstance(now, list):
            yield _sets(words(name), was, now)
        else:
            yield Difference(words(name), _text(name, was), _text(name, now))


def _cost(values: dict[str, Any]) -> str:
    if "cost_minor" not in values:
        return ""
    minor, currency = values["cost_minor"], values.get("currency", "")
    try:
        return Money(int(minor), str(currency)).shown()
    except BadMoney:
        return f"{minor} {currency} (minor units)".replace("  ", " ")


def _sets(name: str, before: list[str], after: list[str]) -> Difference:
    gone, new = sorted(set(before) - set(after)), sorted(set(after) - set(before))
    return Difference(name, _listed("without", gone), _listed("with", new))


def _listed(word: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"now {word} {', '.join(names[:MOST_NAMED])}{more}"


def _network(one: Any) -> str:
    if not isinstance(one, dict):
        return str(one)
    return " ".join(str(one[key]) for key in ("country", "operator", "technology") if one.get(key))


def _text(name: str, value: Any) -> str:
    if name == "data_bytes":
        return size(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not said" if value is None else words(str(value))
