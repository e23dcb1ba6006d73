"""Dead letters apart by what they are about: orders that somebody paid for, or tests, which wake nobody."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet

from simplane.core.models import DeadLetter
from simplane.ordering.models import Order, Unit

M = TypeVar("M", bound=Model)


def waiting(*, tests: bool = False) -> QuerySet[DeadLetter]:
    """Open dead letters without those of test orders, or only those."""
    of_test = Exists(Order.objects.filter(pk=OuterRef("order_id"), is_test=True))
    return DeadLetter.objects.filter(of_test if tests else ~of_test, resolved_at__isnull=True)


def without_tests(rows: QuerySet[M]) -> QuerySet[M]:
    """Rows that name their unit by `unit_id`, without those of test orders."""
    return rows.filter(~Exists(Unit.objects.filter(pk=OuterRef("unit_id"), order__is_test=True)))
