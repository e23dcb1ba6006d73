"""A company with a plan that both suppliers of the world serve, and turns of the real worker for it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from simplane.core import schedule, tenancy
from simplane.core.worker import run_worker
from simplane.fleet import jobs, onboard, plans  # noqa: F401  the timetable
from simplane.fleet.models import FleetLine, Operation, Plan
from simplane.organizations.models import Organization
from simplane.workforce.models import Employee
from tests.companies import employee
from tests.world import World

RESTING = ("done", "failed", "refused", "cancelled", "awaiting_approval", "scheduled")
OWNER = "user:1 mia@acme.example"


@dataclass
class Firm:
    """One company, one of its people, one plan."""

    world: World
    company: Organization
    ana: Employee
    plan: Plan

    def line(self) -> FleetLine:
        """Its only line, as it is now."""
        with tenancy.scope(self.company.pk):
            found: FleetLine = FleetLine.objects.select_related("employee", "plan", "wanted_plan").get()
            return found

    def operation(self) -> Operation:
        """The newest operation, as it is now."""
        with tenancy.scope(self.company.pk):
            found: Operation = Operation.objects.order_by("-pk")[0]
            return found

    def work(self, *, most_seconds: float = 20, until: tuple[str, ...] = RESTING) -> Operation:
        """Turns of the worker until every operation rests."""
        end = time.monotonic() + most_seconds
        while time.monotonic() < end:
            asyncio.run(_turn())
            with tenancy.everywhere():
                open_ones = Operation.objects.exclude(state__in=until).exists()
            if not open_ones:
                break
        asyncio.run(_turn())
        return self.operation()


def firm(world: World, *, credit_minor: int = 100_00) -> Firm:
    """Acme on credit, with Ana and a plan."""
    company = onboard.onboard(
        onboard.Agreed(name="Acme", slug="acme", currency="EUR", credit_minor=credit_minor, reason="agreed")
    )
    return Firm(world, company, employee(company), plans.offer(company, world.product))


async def _turn() -> None:
    for name in ("due_units", "fleet_news"):
        await schedule.run_now(name)
    await run_worker(once=True)
