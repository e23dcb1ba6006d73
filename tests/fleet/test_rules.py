"""What rules, approvals and leaving do to lines: from the supplier's reading to the supplier's confirmation."""

from __future__ import annotations

import asyncio

import pytest

from simplane.core import tenancy
from simplane.fleet import comings, reactions
from simplane.fleet.actions import provision, reactivate, replace, suspend
from simplane.fleet.errors import KeyReused, NotPossible
from simplane.fleet.models import FleetLine, InstallLink, Operation
from simplane.lines.models import Line
from simplane.policies import approvals, rule_acts
from simplane.policies.models import Approval
from simplane.usage.actions import refresh_line
from simplane.usage.models import Spend
from simplane.workforce import actions as workforce
from tests.companies import team
from tests.company.members import member
from tests.fleet.firm import OWNER, Firm, firm
from tests.world import World

pytestmark = pytest.mark.slow


def with_a_line(world: World) -> Firm:
    """Acme with one line of Ana, at eSIM Go."""
    world.only(world.esimgo)
    acme = firm(world)
    with tenancy.scope(acme.company.pk):
        provision(acme.plan.public_id, acme.ana.public_id, asked_by=OWNER)
    acme.work()
    return acme


def use(acme: Firm, amount: int) -> None:
    """The phone uses data, and the supplier is asked."""
    line = Line.objects.get()
    acme.world.go.control(f"lines/{line.iccid}/advance", method="POST", to="installed")
    acme.world.go.control(f"lines/{line.iccid}/advance", method="POST", to="used", bytes=amount)
    asyncio.run(refresh_line(line.pk))


def test_a_line_over_its_hard_cap_is_suspended_at_the_supplier_and_resumes_when_the_cap_rises(world: World) -> None:
    acme = with_a_line(world)
    with tenancy.scope(acme.company.pk):
        rule = rule_acts.make(acme.company.pk, "data_cap", {"cap_bytes": 100_000_000, "hard": True}, confirm=True)
    assert acme.line().state == "ready"

    use(acme, 150_000_000)
    acme.work()

    line, last = acme.line(), acme.operation()
    with tenancy.scope(acme.company.pk):
        with pytest.raises(NotPossible, match="a rule stopped"):
            reactivate(line.public_id, asked_by=OWNER, reason="mine")
        with pytest.raises(NotPossible, match="suspended"):
            replace(line.public_id, asked_by=OWNER, reason="around it")
    assert (last.kind, last.asked_by.startswith("rule:"), last.state) == ("suspend", True, "done")
    assert (line.wanted, line.service, line.data_used) == ("suspended", "suspended", 150_000_000)
    with tenancy.scope(acme.company.pk):
        rule_acts.change(acme.company.pk, rule.public_id, {"cap_bytes": 900_000_000, "hard": True}, version=1)
    acme.work()
    assert (acme.line().wanted, acme.line().service) == ("active", "active")


def test_what_costs_more_waits_for_a_second_person(world: World) -> None:
    acme = firm(world)
    asker, boss = member(acme.company), member(acme.company)
    with tenancy.scope(acme.company.pk):
        rule_acts.make(acme.company.pk, "approval_above", {"amount_minor": 500, "currency": "EUR"})
        provision(acme.plan.public_id, acme.ana.public_id, asked_by=f"user:{asker.pk} {asker.email}")
        assert acme.line().state == "awaiting_approval"
        [question] = Approval.objects.all()
    acme.work()
    assert world.bought() == 0

    approvals.decide_as(acme.company.pk, question.public_id, boss.pk, approve=True)
    done = acme.work(until=("done", "failed", "refused"))

    assert (done.state, acme.line().state, world.bought()) == ("done", "ready", 1)


def test_a_question_that_waits_keeps_nobody_from_stopping_the_line(world: World) -> None:
    acme = with_a_line(world)
    line = acme.line()
    with tenancy.scope(acme.company.pk):
        rule_acts.make(acme.company.pk, "approval_above", {"amount_minor": 500, "currency": "EUR"})
        waiting = replace(line.public_id, asked_by=OWNER, reason="new phone", key="k")
        assert replace(line.public_id, asked_by=OWNER, reason="again", key="k").pk == waiting.pk
        with pytest.raises(KeyReused):
            suspend(line.public_id, asked_by=OWNER, reason="lost", key="k")
        suspend(line.public_id, asked_by=OWNER, reason="lost")
        waiting.refresh_from_db()
    assert waiting.state == "cancelled"
    acme.work()
    assert (acme.line().service, world.bought()) == ("suspended", 1)


def test_a_refused_wish_costs_nothing(world: World) -> None:
    acme = firm(world)
    asker, boss = member(acme.company), member(acme.company)
    with tenancy.scope(acme.company.pk):
        rule_acts.make(acme.company.pk, "approval_above", {"amount_minor": 500, "currency": "EUR"})
        provision(acme.plan.public_id, acme.ana.public_id, asked_by=f"user:{asker.pk} {asker.email}")
        [question] = Approval.objects.all()

    approvals.decide_as(acme.company.pk, question.public_id, boss.pk, approve=False, reason="not needed")
    ended = acme.work(until=("done", "failed", "refused"))

    assert (ended.state, acme.line().state, world.bought()) == ("refused", "failed", 0)
    assert "not needed" in ended.problem


def test_the_lines_of_a_leaver_are_suspended_and_a_movers_follow(world: World) -> None:
    acme = with_a_line(world)
    with tenancy.scope(acme.company.pk):
        assert Spend.objects.get().amount_minor == 9_00
    sales = team(acme.company)
    with tenancy.scope(acme.company.pk):
        workforce.change_employee(acme.ana.public_id, team_id=sales.pk)
    acme.work()
    assert acme.line().team_id == sales.pk

    with tenancy.scope(acme.company.pk):
        workforce.leave(acme.ana.public_id)
    acme.work()
    line = acme.line()
    assert (line.wanted, line.service) == ("suspended", "suspended")
    with tenancy.scope(acme.company.pk):
        assert Operation.objects.get(kind="suspend").asked_by == "rule:leaver"


def test_who_leaves_while_a_line_is_bought_or_asked_for_gets_none_that_works(world: World) -> None:
    acme = firm(world)
    with tenancy.scope(acme.company.pk):
        bought = provision(acme.plan.public_id, acme.ana.public_id, asked_by=OWNER)
        rule_acts.make(acme.company.pk, "approval_above", {"amount_minor": 500, "currency": "EUR"})
        asked = provision(acme.plan.public_id, acme.ana.public_id, asked_by=OWNER)
        workforce.leave(acme.ana.public_id)
    comings.left(acme.company.pk, acme.ana.pk)
    acme.work()

    with tenancy.scope(acme.company.pk):
        lines = {one.pk: (one.wanted, one.service, one.state) for one in FleetLine.objects.all()}
        assert lines[bought.line_id] == ("suspended", "suspended", "suspended")
        assert lines[asked.line_id][2] == "failed"
        assert not InstallLink.objects.exists()
    reactions.resume(acme.company.pk, bought.line_id, "data_cap", "a new month")
    acme.work()
    with tenancy.scope(acme.company.pk):
        assert FleetLine.objects.get(pk=bought.line_id).wanted == "suspended"
    assert world.bought() == 1
