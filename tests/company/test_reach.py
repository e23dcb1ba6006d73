"""A manager reads figures of their own teams only: what a rule would have done, and how many operations went."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.fleet import bulk
from simplane.organizations.models import CompanyRole, Organization
from simplane.policies import rule_acts
from simplane.usage.spend import record_purchase
from simplane.usage.values import Holder, Purchase
from tests.billing import desk
from tests.companies import employee, team
from tests.company.members import browser_of, member
from tests.company.plans import line, plan

pytestmark = pytest.mark.django_db


def test_a_rule_is_tried_on_what_their_teams_bought(acme: Organization, settings: Any) -> None:
    desk.set_day(settings, date(2026, 10, 10))
    boss = member(acme, CompanyRole.MANAGER)
    sales = team(acme, "Sales", lead=employee(acme, "Lea Lead", user=boss))
    rule = rule_acts.make(acme.pk, "max_price", {"amount_minor": 5_00, "currency": "EUR"})
    for key, minor, of in (("op-1", 9_00, sales), ("op-2", 20_00, team(acme, "Ops"))):
        facts = {"key": key, "kind": "provision", "amount_minor": minor, "currency": "EUR", "at": clock.now()}
        with transaction():
            record_purchase(acme.pk, Purchase(holder=Holder(line_id=1, team_id=of.pk), **facts))  # type: ignore[arg-type]
    desk.set_day(settings, date(2026, 11, 3))

    def tried(who: Any) -> tuple[int, list[int]]:
        found = browser_of(who, acme).get(f"/rules/{rule.public_id}/?dry_run=1").context["tried"]
        return found.purchases, [one.facts.amount_minor for one in found.refused]

    assert (tried(member(acme)), tried(boss)) == ((2, [9_00, 20_00]), (1, [9_00]))


def test_many_operations_are_counted_for_who_asked_for_them(acme: Organization) -> None:
    boss, owner = member(acme, CompanyRole.MANAGER), member(acme)
    sim = line(acme, employee(acme), plan(acme))
    with tenancy.scope(acme.pk):
        theirs, own = (
            bulk.ask("suspend", [bulk.Wanted(sim.public_id)], asked_by=f"user:{one.pk} x@y.example", key=str(one.pk))
            for one in (owner, boss)
        )

    def seen(who: Any) -> list[int]:
        return [browser_of(who, acme).get(f"/lines/many/{one.public_id}/").status_code for one in (theirs, own)]

    assert (seen(owner), seen(boss)) == ([200, 200], [404, 200])
