"""What invoices call a unit: its product, and of a company the plan, the person and the cost centre of that time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from simplane.billing.actions import draft_month
from simplane.billing.models import BilledFact, InvoiceLine
from simplane.core import clock
from simplane.core.ids import new_id
from simplane.fleet.models import FleetLine, Operation, Plan
from simplane.organizations.models import Organization
from simplane.workforce.models import CostCentre, Employee
from tests import factories
from tests.billing.desk import OCTOBER, buys, company, on_credit, set_day

pytestmark = pytest.mark.django_db(transaction=True)


def _given_to(owner: Organization, unit_id: int, kind: str) -> None:
    now = clock.now()
    known: dict[str, Any] = {"organization": owner, "created_at": now}
    centre = CostCentre.objects.create(**known, public_id=new_id("cc"), code=f"47-{kind}")
    ana = Employee.objects.create(
        **known, public_id=new_id("emp"), user_name=kind, given_name="Ana", family_name="Lima", external_id=f"P-{kind}",
        source="hand", updated_at=now,
    )  # fmt: skip
    plan = Plan.objects.create(
        organization=owner, public_id=new_id("plan"), product=factories.product(), name="Sales Europe", price_minor=1,
        currency="EUR", days=30, countries=["DE"], can_suspend=True, can_terminate=True, can_top_up=True, can_replace=True,
        change="no", usage_delay_seconds=60, updated_at=now,
    )  # fmt: skip
    line = FleetLine.objects.create(
        **known, public_id=new_id("fl"), employee=ana, cost_centre=centre, plan=plan, state="active", state_at=now,
        wanted_at=now,
    )  # fmt: skip
    Operation.objects.create(
        organization=owner, public_id=new_id("op"), line=line, kind=kind, state="done", state_at=now, plan=plan,
        unit_id=unit_id, asked_by="user:1", asked_at=now,
    )  # fmt: skip


def test_a_unit_is_called_as_its_customer_knows_it(settings: Any) -> None:
    owner = company()
    on_credit(owner)
    made = [factories.unit(organization=owner, public_id=buys(owner, 10_00)) for _ in range(3)]
    filled = factories.unit(organization=owner, public_id=buys(owner, 10_00), tops_up=made[2])
    buys(owner, 10_00)
    _given_to(owner, made[0].pk, "provision")
    _given_to(owner, made[1].pk, "top_up")
    changed = factories.unit(organization=owner, public_id=buys(owner, 7_00))
    _given_to(owner, changed.pk, "change_plan")
    set_day(settings, date(2026, 11, 2))

    (row,) = draft_month(owner, OCTOBER).invoices

    lines = InvoiceLine.objects.filter(invoice=row).values_list("kind", "what", "sku", "cost_centre")
    plans = Plan.objects.order_by("pk").values_list("product__sku", flat=True)
    assert set(lines) == {
        ("plan", "Sales Europe", plans[0], "47-provision"),
        ("top_up", "Sales Europe", plans[1], "47-top_up"),
        ("plan", "Change to Sales Europe", plans[2], "47-change_plan"),
        ("plan", made[2].product.name, made[2].product.sku, ""),
        ("top_up", filled.product.name, filled.product.sku, ""),
        ("plan", "eSIM", "", ""),
    }
    assert sum(one.net_minor for one in InvoiceLine.objects.filter(invoice=row)) == 57_00 == row.net_minor
    people = BilledFact.objects.exclude(person="").values_list("unit", "person")
    assert set(people) == {
        (made[0].public_id, "Ana Lima (P-provision)"),
        (made[1].public_id, "Ana Lima (P-top_up)"),
        (changed.public_id, "Ana Lima (P-change_plan)"),
    }
