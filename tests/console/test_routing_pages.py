"""Routing: rules with an end and a reason, receipts that can be decided again, and the question what would be decided."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from simplane.core import clock
from simplane.core.db import transaction
from simplane.core.money import Money
from simplane.routing import actions
from simplane.routing.models import Receipt, Rule
from tests import factories

RULE = {"kind": "exclude", "supplier": "", "product": "", "offer": "", "amount": "", "lasts": "24", "reason": "slow"}


def _decided() -> Receipt:
    match = factories.match()
    with transaction():
        chosen = actions.choose(
            unit_id=None,
            product=match.product,
            price=Money(900, "USD"),
            refused_offers=frozenset(),
            refused_groups=frozenset(),
            stand_ins_only=False,
        )
    return Receipt.objects.get(pk=chosen.receipt_id)


def test_a_rule_is_added_with_an_end_and_its_author(console: Client) -> None:
    supplier = factories.supplier()

    console.post("/console/routing/rules/add/", RULE | {"supplier": str(supplier.pk)})

    rule = Rule.objects.get()
    assert (rule.supplier, rule.reason, rule.created_by[:5]) == (supplier, "slow", "user:")
    assert rule.valid_until is not None
    assert abs(rule.valid_until - clock.now() - timedelta(hours=24)) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "this rule would speak of everything"),
        ({"product": "NONE"}, "There is no product with this SKU."),
        ({"offer": "none"}, "There is no offer with this code."),
        ({"reason": ""}, "This field is required."),
        ({"kind": "prefer"}, "a preference needs an amount"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(console: Client, wrong: dict[str, str], said: str) -> None:
    answer = console.post("/console/routing/rules/add/", RULE | wrong, follow=True)

    assert said in answer.content.decode()
    assert not Rule.objects.exists()


def test_an_offers_code_at_two_suppliers_is_not_guessed(console: Client) -> None:
    factories.offer(code="same")
    factories.offer(code="same")

    answer = console.post("/console/routing/rules/add/", RULE | {"offer": "same"})

    assert "More than one supplier has this code" in answer.content.decode()


def test_a_rule_is_ended_and_kept(console: Client) -> None:
    rule = factories.rule(supplier=factories.supplier())

    console.post(f"/console/routing/rules/{rule.pk}/expire/")

    rule.refresh_from_db()
    assert not rule.active
    assert "Rules that ended" in console.get("/console/routing/").content.decode()


def test_a_receipt_decided_again_is_the_same(console: Client) -> None:
    receipt = _decided()

    answer = console.get(f"/console/routing/receipts/{receipt.pk}/?replay=1")

    assert "exactly the same" in answer.content.decode()


def test_a_receipt_that_comes_out_differently_shows_both(console: Client) -> None:
    receipt = _decided()
    receipt.candidates = [receipt.candidates[0] | {"value_minor": 1}]
    receipt.version = 0
    receipt.save()

    text = console.get(f"/console/routing/receipts/{receipt.pk}/?replay=1").content.decode()

    assert "the ranking was version 0 then" in text
    assert "Decided again now" in text


def test_facts_nobody_can_read_any_more_are_said_to_be(console: Client) -> None:
    receipt = factories.receipt(facts={"old": True})

    text = console.get(f"/console/routing/receipts/{receipt.pk}/?replay=1").content.decode()

    assert "The facts can not be ranked any more" in text


def test_explaining_a_sku_shows_every_candidate_and_writes_nothing(console: Client) -> None:
    match = factories.match()
    factories.match(product=match.product, state="proposed")

    answer = console.get("/console/routing/explain/", {"sku": match.product.sku, "price": "9.00", "currency": "USD"})

    verdicts = [one.verdict for one in answer.context["found"].ranking.verdicts]
    assert verdicts == ["chosen", "refused"]
    assert not Receipt.objects.exists()


@pytest.mark.parametrize(
    ("query", "said"),
    [({"sku": "NONE"}, "there is no product"), ({"sku": "A", "price": "x"}, "is not an amount")],
)
def test_a_question_that_makes_no_sense_is_answered_so(console: Client, query: dict[str, str], said: str) -> None:
    assert said in console.get("/console/routing/explain/", query).content.decode()
