"""The companies of a chaos run, and what they wish: as their requests would, inside their own scopes."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from simplane.ops.scratch import say
from simplane.ops.stage import Stage

PLANS = ("ESIM-GB-1GB-7D", "ESIM-EU-5GB-30D")
CAP_BYTES = 500_000_000
BUDGET_PART = 0.9
"""Hard budgets pay for so much of what is wished: the rest must be refused."""
ACTOR = "user:0 chaos"
SAY_EVERY_SECONDS = 10.0
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Company:
    """One tenant: its organization and the public ids of its plans and people."""

    pk: int
    plans: tuple[str, ...]
    people: tuple[str, ...]


def found(many: int, lines: int) -> list[Company]:
    """Companies with people, two plans, a hard budget and a hard cap a line."""
    return [_company(number, lines // many) for number in range(many)]


def _company(number: int, lines: int) -> Company:
    from simplane.catalog.models import Product
    from simplane.core import tenancy
    from simplane.fleet import onboard, plans
    from simplane.policies import budget_acts, rule_acts
    from simplane.workforce import actions

    agreed = onboard.Agreed(
        name=f"Company {number}", slug=f"company-{number}", currency="EUR", credit_minor=10_000_000, reason="chaos"
    )
    made = onboard.onboard(agreed)
    offered = [plans.offer(made, one) for one in Product.objects.filter(sku__in=PLANS).order_by("sku")]
    limit = int(BUDGET_PART * lines * sum(one.price_minor for one in offered) / len(offered))
    with tenancy.scope(made.pk):
        people = [actions.add_employee(email=f"p{one}@company-{number}.example") for one in range(max(1, lines // 4))]
        amounts = budget_acts.Amounts(limit_minor=limit, hard=True)
        budget_acts.make(made.pk, "Lines", amounts, currency="EUR")
        rule_acts.make(made.pk, "data_cap", {"cap_bytes": CAP_BYTES, "hard": True})
    return Company(made.pk, tuple(one.public_id for one in offered), tuple(one.public_id for one in people))


class Storm:
    """What all companies wish, in an order of its own for each seed."""

    def __init__(self, stage: Stage, companies: list[Company], lines: int, seed: int) -> None:
        self._stage, self._companies = stage, companies
        self._each = lines // len(companies)
        self._dice = random.Random(seed)
        self._said = time.monotonic()
        self.counts: Counter[str] = Counter()

    def blow(self) -> dict[str, int]:
        """Every company orders its lines; then what was delivered so far is used, paused, resumed, replaced, ended."""
        wishes = [one for one in self._companies for _ in range(self._each)]
        self._dice.shuffle(wishes)
        for company in wishes:
            self._wish(company, self._provision)
        for _ in range(ROUNDS):
            self._use_some()
            for company in self._companies:
                for _ in range(max(1, self._each // 4)):
                    self._wish(company, self._change)
        return dict(self.counts)

    def _wish(self, company: Company, verb: Callable[[Company], None]) -> None:
        from simplane.core import tenancy
        from simplane.core.errors import Refusal

        try:
            with tenancy.scope(company.pk):
                verb(company)
        except Refusal as refused:
            self.counts[f"refused: {refused.code}"] += 1
        if time.monotonic() - self._said > SAY_EVERY_SECONDS:
            self._said = time.monotonic()
            say(f"storm: {self.counts.total()} wishes")

    def _provision(self, company: Company) -> None:
        from simplane.fleet.actions import provision

        key = f"chaos-{self.counts.total()}"
        plan, person = self._dice.choice(company.plans), self._dice.choice(company.people)
        provision(plan, person, asked_by=ACTOR, key=key)
        if self._dice.random() < 0.1:
            provision(plan, person, asked_by=ACTOR, key=key)  # a double click
        self.counts["provision"] += 1

    def _change(self, company: Company) -> None:
        from simplane.fleet.actions import change_plan, reactivate, replace, suspend, terminate
        from simplane.fleet.models import FleetLine

        ready = FleetLine.objects.filter(line_id__isnull=False).values_list("public_id", flat=True)
        lines = list(ready.order_by("pk"))
        if not lines:
            return
        name, verb = self._dice.choices(
            (
                ("suspend", suspend),
                ("reactivate", reactivate),
                ("replace", replace),
                ("terminate", terminate),
                ("change_plan", partial(change_plan, plan_id=self._dice.choice(company.plans))),
            ),
            weights=(5, 4, 1, 1, 1),
        )[0]
        verb(self._dice.choice(lines), asked_by=ACTOR, reason="chaos")
        self.counts[name] += 1

    def _use_some(self) -> None:
        """One line in ten is used beyond its cap; the suppliers tell it in their own time, twice and out of order."""
        from simplane.lines.models import Line
        from simplane.ops.stage import CommandFailed

        rows = list(Line.objects.values_list("supplier__vendor", "supplier_line_id", "iccid").order_by("pk"))
        for vendor, key, iccid in self._dice.sample(rows, len(rows) // 10):
            name = iccid if vendor == "esimgo" else key
            for to in ({"to": "installed"}, {"to": "used", "bytes": CAP_BYTES + 1_000, "repeat": 2}):
                try:
                    self._stage.control(vendor, f"lines/{name}/advance", to)
                except (OSError, CommandFailed):
                    self.counts["use missed"] += 1  # it was down, or the line had ended
                    break
            else:
                self.counts["used"] += 1


def read_all_lines() -> None:
    """Have every line read at its supplier, as the timetable would within hours."""
    from simplane.core.db import transaction
    from simplane.lines.models import Line
    from simplane.usage.actions import refresh_soon

    with transaction():
        refresh_soon(list(Line.objects.filter(ended_at__isnull=True).values_list("pk", flat=True)))
