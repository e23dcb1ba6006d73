"""What a mail that does not arrive puts at risk: what the buyer paid for the eSIM it brings."""

from __future__ import annotations

import pytest

from simplane.core.db import transaction
from simplane.core.models import DeadLetter
from simplane.ordering.actions.mailing import queue_mail
from simplane.ordering.models import Customer, Unit
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_letter_of_a_mail_without_an_address_names_the_price_of_its_unit() -> None:
    made = factories.delivered_unit()
    Customer.objects.update(email="none:demo:1")
    Unit.objects.update(price_minor=1900, currency="EUR")
    unit = Unit.objects.select_related("order__customer", "product", "line").get(pk=made.pk)
    with transaction():
        queue_mail(unit)
    letter = DeadLetter.objects.get(kind="message")
    assert (letter.cause, letter.money_minor, letter.money_currency) == ("address_missing", 1900, "EUR")
