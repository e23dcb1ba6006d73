"""What waits for its day: one of a kind a line, begun or taken back but never both, and asked about only where it can be had."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simplane.core import clock, tenancy
from simplane.core.db import transaction
from simplane.fleet import comings, reactions
from simplane.fleet.actions import change_plan, scheduling, take_back, terminate
from simplane.fleet.errors import LineBusy
from simplane.fleet.models import FleetLine, Operation, Plan
from simplane.organizations.models import Organization
from simplane.policies import rule_acts
from simplane.policies.models import Approval
from simplane.workforce import actions as workforce
from tests.api.v1.company import line, plan
from tests.companies import company, employee

pytestmark = pytest.mark.django_db(transaction=True)
WHY: dict[str, Any] = {"asked_by": "user:1 mia@acme.example", "reason": "travels more"}


def changeable() -> tuple[Organization, FleetLine, Plan]:
    """Acme with a line, and a plan that it may be changed to."""
    acme = company()
    able: dict[str, Any] = {"change": "emulated", "suppliers": ["esimgo"]}
    small, big = plan(acme, **able), plan(acme, "Europe 20 GB", minor=15_00, **able)
    return acme, line(acme, small, employee(acme), supplier="esimgo", change="emulated"), big


def test_who_takes_a_change_back_in_the_moment_it_begins_is_not_sold_it() -> None:
    acme, used, big = changeable()
    with tenancy.scope(acme.pk):
        made = change_plan(used.public_id, big.public_id, **WHY, on=clock.now().date() + timedelta(days=1))
        take_back(made.public_id, asked_by="user:1 mia@acme.example")

    # What a worker read before that.
    with tenancy.everywhere(), transaction():
        assert scheduling.begin(made) is False

    with tenancy.scope(acme.pk):
        made.refresh_from_db()
        assert (made.state, made.due_at, FleetLine.objects.get().wanted_plan) == ("cancelled", None, None)


def test_nobody_is_asked_about_a_second_planned_change_and_one_asked_before_ends_with_words() -> None:
    acme, used, big = changeable()
    day = clock.now().date() + timedelta(days=3)
    with tenancy.scope(acme.pk):
        rule = rule_acts.make(acme.pk, "approval_above", {"amount_minor": 12_00, "currency": "EUR"})
        asked = change_plan(used.public_id, big.public_id, **WHY, on=day)
        rule_acts.retire(acme.pk, rule.public_id, version=rule.version)
        planned = change_plan(used.public_id, big.public_id, **WHY, on=day + timedelta(days=1))
        assert (asked.state, planned.state) == ("awaiting_approval", "scheduled")

    reactions.granted(acme.pk, "operation", asked.public_id)

    with tenancy.scope(acme.pk):
        asked.refresh_from_db()
        assert (asked.state, "planned for this line meanwhile" in asked.problem) == ("refused", True)
        assert FleetLine.objects.get().wanted_plan == big
        rule_acts.make(acme.pk, "approval_above", {"amount_minor": 12_00, "currency": "EUR"})
        with pytest.raises(LineBusy, match="planned"):
            change_plan(used.public_id, big.public_id, **WHY, on=day)
        assert Approval.objects.count() == 1


def test_who_comes_back_finds_the_end_that_was_planned_before_they_left() -> None:
    acme, used, _ = changeable()
    day = clock.now().date() + timedelta(days=90)
    person = used.employee
    assert person is not None
    with tenancy.scope(acme.pk):
        terminate(used.public_id, **WHY, on=day)
        workforce.leave(person.public_id)
    comings.left(acme.pk, person.pk)
    with tenancy.scope(acme.pk):
        assert Operation.objects.get(state="scheduled").asked_by == "rule:leaver"
        Operation.objects.filter(kind="suspend").update(state="done", due_at=None)
        workforce.rejoin(person.public_id)

    for _ in range(2):
        comings.joined(acme.pk, person.pk)
        with tenancy.scope(acme.pk):
            Operation.objects.filter(kind="reactivate").update(state="done", due_at=None)

    with tenancy.scope(acme.pk):
        planned = Operation.objects.get(state="scheduled")
        assert (planned.kind, planned.asked_by, planned.effective_on) == ("terminate", WHY["asked_by"], day)
        take_back(planned.public_id, asked_by=WHY["asked_by"])
    comings.joined(acme.pk, person.pk)
    with tenancy.scope(acme.pk):
        assert not Operation.objects.filter(state="scheduled").exists()
