"""What a company has, for tests of its addresses: rows as its jobs leave them, without a supplier."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from simplane.core import clock, tenancy
from simplane.core.ids import new_id
from simplane.fleet.models import Bulk, FleetLine, Operation, Plan, PlanPeriod
from simplane.organizations.models import Organization
from simplane.workforce.models import CostCentre, Employee
from tests import companies, factories

ESIMS = count(9_000_001)


def plan(of: Organization, name: str = "Europe 5 GB", *, minor: int = 9_00, **fields: object) -> Plan:
    """A plan that may be given out, of which everything is possible."""
    able = {f"can_{name}": True for name in ("suspend", "terminate", "top_up", "replace")}
    given = {"price_minor": minor, "currency": "EUR", "data_bytes": 5 * 10**9, "days": 30, "countries": ["DE", "ES"]}
    more = {"change": "no", "usage_delay_seconds": 900, "updated_at": clock.now(), "public_id": new_id("plan")}
    product = factories.product()
    with tenancy.everywhere():
        made: Plan = Plan.objects.create(
            organization=of, name=name, product=product, **{**able, **given, **more, **fields}
        )
    return made


def line(of: Organization, on: Plan, person: Employee | None, **fields: object) -> FleetLine:
    """A line in use."""
    now = clock.now()
    given = {"state": "active", "state_at": now, "wanted_at": now, "service": "active", "service_at": now}
    more = {"iccid": "8944500000000000001", "data_total": 5 * 10**9, "data_used": 10**9, "usage_at": now}
    place = {"team": person.team, "cost_centre": person.cost_centre} if person else {}
    base = {"public_id": new_id("line"), "line_id": next(ESIMS), "created_at": now, "plan": on, "employee": person}
    with tenancy.everywhere():
        made: FleetLine = FleetLine.objects.create(organization=of, **{**base, **given, **more, **place, **fields})
        PlanPeriod.objects.create(organization=of, line=made, plan=on, price_minor=9_00, currency="EUR", started_at=now)
    return made


def person(of: Organization, name: str = "Ana Lima") -> Employee:
    """Somebody in the team Sales, booked on CC-100."""
    sales = companies.team(of)
    with tenancy.everywhere():
        centre = CostCentre.objects.create(
            organization=of, public_id=new_id("cc"), code="CC-100", created_at=clock.now()
        )
    return companies.employee(of, name, team=sales, cost_centre=centre, external_id="4711")


def one_of_each(of: Organization) -> dict[str, str]:
    """One row of everything that has an id, by the resource of its address."""
    ana, europe = person(of), plan(of)
    used = line(of, europe, ana)
    assert ana.team is not None
    assert ana.cost_centre is not None
    now = clock.now()
    asked = {"organization": of, "asked_by": "user:1 mia@acme.example", "asked_at": now}
    over = {"state": "done", "state_at": now, "done_at": now - timedelta(seconds=1)}
    with tenancy.everywhere():
        many = Bulk.objects.create(public_id=new_id("bulk"), kind="suspend", total=1, **asked)
        done = Operation.objects.create(public_id=new_id("op"), line=used, kind="suspend", bulk=many, **asked, **over)
    return {
        "employees": ana.public_id,
        "teams": ana.team.public_id,
        "cost-centres": ana.cost_centre.public_id,
        "plans": europe.public_id,
        "lines": used.public_id,
        "operations": done.public_id,
        "bulk": many.public_id,
    }
