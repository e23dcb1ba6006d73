"""One queue of what can not go on by itself."""

from __future__ import annotations

from typing import Any

import pytest

from simplane.core.db import transaction
from simplane.core.deadletters import open_letter
from simplane.core.models import DeadLetter
from simplane.core.money import Money

pytestmark = pytest.mark.django_db


def opened(**given: Any) -> DeadLetter:
    """The letter of one subject after it was opened (once more)."""
    with transaction():
        open_letter("unit", 7, **{"cause": "no_offer", "summary": "nobody sells"} | given)
    return DeadLetter.objects.get()


def test_an_open_letter_is_renewed_with_the_money_at_risk_now() -> None:
    assert (opened().money_minor, opened().seen_again) == (0, 1)
    renewed = opened(order_id=3, money=Money(900, "EUR"))
    assert (renewed.order_id, renewed.money_minor, renewed.money_currency) == (3, 900, "EUR")
    assert opened(money=Money(1000, "USD")).money_minor == 1000


def test_whoever_does_not_know_the_money_takes_none_away() -> None:
    opened(order_id=3, money=Money(900, "EUR"))
    kept = opened(cause="purchase_unknown")
    assert (kept.cause, kept.order_id, kept.money_minor, kept.money_currency) == ("purchase_unknown", 3, 900, "EUR")
