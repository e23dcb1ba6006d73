"""Amounts in fields that people type into."""

from __future__ import annotations

from django import template

from simplane.core.money import Money

register = template.Library()


@register.simple_tag
def decimal(minor: int | None, currency: str) -> str:
    """`100.00`, without the currency; empty where there is no amount."""
    return "" if minor is None or not isinstance(minor, int) else str(Money(minor, currency).decimal())
