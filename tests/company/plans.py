"""A plan that a company may give out, without any supplier behind it."""

from __future__ import annotations

from typing import Any

from simplane.core import clock, tenancy
from simplane.core.ids import new_id
from simplane.fleet.models import FleetLine, Plan
from simplane.organizations.models import Organization
from simplane.workforce.models import Employee
from tests.factories import product


def plan(of: Organization, name: str = "Europe 5 GB", **fields: Any) -> Plan:
    """5 GB for 9 euros; nothing can be done with its lines but replacing them."""
    known = {"price_minor": 9_00, "currency": "EUR", "data_bytes": 5 * 10**9, "days": 30, "countries": ["DE", "FR"]}
    able = {"can_suspend": False, "can_terminate": False, "can_top_up": False, "can_replace": True, "change": "no"}
    with tenancy.everywhere():
        made: Plan = Plan.objects.create(
            organization=of,
            public_id=new_id("plan"),
            name=name,
            product=product(),
            usage_delay_seconds=300,
            updated_at=clock.now(),
            **{**known, **able, **fields},
        )
    return made


def line(of: Organization, person: Employee, on: Plan, **fields: Any) -> FleetLine:
    """A line in use, half of its data used."""
    now = clock.now()
    known = {"state": FleetLine.State.ACTIVE, "data_total": on.data_bytes, "data_used": 2 * 10**9, "usage_at": now}
    known["created_at"] = now
    with tenancy.scope(of.pk):
        made: FleetLine = FleetLine.objects.create(
            public_id=new_id("line"),
            employee=person,
            plan=on,
            state_at=now,
            wanted_at=now,
            **{**known, **fields},
        )
    return made
