"""Putting routing rules in force and ending them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simplane.core import clock
from simplane.core.errors import NotFound
from simplane.core.models import AuditEntry
from simplane.routing.errors import BadRule
from simplane.routing.models import Rule
from simplane.routing.rules import RuleSpec, add_rule, expire_rule
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_rule_says_who_made_it_and_why() -> None:
    supplier = factories.supplier()

    rule = add_rule(RuleSpec(kind="exclude", reason="outage", supplier_id=supplier.pk))

    assert (rule.kind, rule.supplier, rule.active, rule.created_by) == ("exclude", supplier, True, "system")
    assert AuditEntry.objects.get(action="rule.added").after == {
        "kind": "exclude",
        "reason": "outage",
        "supplier_id": supplier.pk,
        "amount_minor": 0,
    }


def test_the_same_rule_twice_is_one() -> None:
    spec = RuleSpec(kind="prefer", reason="contract", amount_minor=50)

    assert add_rule(spec) == add_rule(spec)
    assert Rule.objects.count() == 1


def test_an_expired_rule_stays_as_history() -> None:
    rule = factories.rule()

    expire_rule(rule.pk, reason="over")

    rule.refresh_from_db()
    assert rule.active is False
    assert rule.valid_until is not None
    assert AuditEntry.objects.get(action="rule.expired").reason == "over"
    with pytest.raises(NotFound):
        expire_rule(rule.pk)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "love"}, "no kind of rule"),
        ({"reason": " "}, "needs a reason"),
        ({"reason": "x" * 201}, "needs a reason"),
        ({"kind": "prefer"}, "needs an amount"),
        ({"amount_minor": 5}, "only a preference"),
        ({"offer_id": 0}, "there is no offer 0"),
        ({"supplier_id": None}, "speak of everything"),
        ({"valid_until": clock.now() - timedelta(seconds=1)}, "end before it begins"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(wrong: dict[str, Any], message: str) -> None:
    fields: dict[str, Any] = {"kind": "exclude", "reason": "outage", "supplier_id": factories.supplier().pk}

    with pytest.raises(BadRule, match=message):
        add_rule(RuleSpec(**fields | wrong))
    assert Rule.objects.count() == 0
