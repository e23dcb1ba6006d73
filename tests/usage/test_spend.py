"""What was bought for whom: each purchase once, by month and cost centre, currencies apart."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from simplane.core import tenancy
from simplane.core.db import transaction
from simplane.organizations.models import Organization
from simplane.usage import spend
from simplane.usage.actions import record_purchase
from simplane.usage.load import load
from simplane.usage.values import Allocated, Holder, Purchase, Spent
from tests import factories
from tests.companies import company
from tests.usage.world import DAY, NOON, at, metered, record

pytestmark = pytest.mark.django_db
NOVEMBER, YEAR = date(2026, 11, 1), (date(2026, 1, 1), date(2027, 1, 1))


def bought(of: Organization, key: str, minor: int, *, cost_centre: int | None = 10, **fields: Any) -> bool:
    holder = Holder(line_id=1, employee_id=4, cost_centre_id=cost_centre, plan="Europe 5 GB")
    facts = {"key": key, "holder": holder, "kind": "provision", "amount_minor": minor, "currency": "EUR", "at": NOON}
    with transaction():
        return record_purchase(of.pk, Purchase(**{**facts, **fields}))


def test_spend_is_summed_by_month_cost_centre_and_currency_and_each_purchase_counts_once() -> None:
    acme, beta = company("acme"), company("beta")
    assert bought(acme, "op-1", 900)
    assert not bought(acme, "op-1", 900)
    bought(acme, "op-2", 500, cost_centre=20)
    bought(acme, "op-3", 700, currency="USD")
    bought(acme, "op-1-back", -400, kind="refund")
    bought(acme, "op-4", 100, at=NOON - 30 * DAY)
    bought(beta, "op-1", 5)

    with tenancy.scope(acme.pk):
        assert spend.by_month("cost_centre", *YEAR) == (
            Spent(month=NOVEMBER, key=10, currency="USD", amount_minor=700, purchases=1),
            Spent(month=NOVEMBER, key=10, currency="EUR", amount_minor=500, purchases=2),
            Spent(month=NOVEMBER, key=20, currency="EUR", amount_minor=500, purchases=1),
            Spent(month=date(2026, 10, 1), key=10, currency="EUR", amount_minor=100, purchases=1),
        )
        assert [one.amount_minor for one in spend.by_month("organization", NOVEMBER, YEAR[1])] == [1000, 700]
        assert [one.key for one in spend.by_month("employee", *YEAR, of="cost_centre", id=20)] == [4]
        assert spend.by_day("EUR", *YEAR) == {NOON.date(): 1000, date(2026, 10, 19): 100}
    with tenancy.scope(beta.pk):
        assert [one.amount_minor for one in spend.by_month("line", *YEAR)] == [5]


def test_what_a_cost_centre_had_bought_stands_beside_what_it_used(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, NOON)
    acme, supplier = company("acme"), factories.supplier()
    metered(acme, supplier, "L1", line_id=1, cost_centre_id=10)
    metered(acme, supplier, "L2", line_id=2)
    load(supplier.pk, [record(1, 700), record(2, 50, line="L2")])
    bought(acme, "op-1", 900)
    bought(acme, "op-2", 300, currency="USD")
    bought(acme, "op-3", 100, cost_centre=20)

    with tenancy.scope(acme.pk):
        assert spend.allocation("cost_centre", *YEAR) == (
            Allocated(key=10, spent={"EUR": 900, "USD": 300}, lines=1, bytes=700),
            Allocated(key=None, spent={}, lines=1, bytes=50),
            Allocated(key=20, spent={"EUR": 100}, lines=1, bytes=0),
        )
