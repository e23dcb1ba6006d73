"""A page of thirty rows costs as many queries as a page of three."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from simplane.catalog.models import PriceProposal
from simplane.channels.models import Shop
from simplane.core import clock
from simplane.core.models import DeadLetter
from simplane.ledger.actions.adjust import propose_adjustment
from simplane.ledger.models import Wallet
from simplane.ordering.models import Customer, Unit
from simplane.ordering.resellers import onboard
from simplane.payments.actions import propose_refund
from simplane.suppliers.models import Supplier
from tests import factories
from tests.payments import rows


def _order() -> None:
    factories.delivered_unit()


def _letter() -> None:
    unit = factories.unit()
    factories.letter(subject_id=str(unit.pk), order_id=unit.order_id)


def _skus() -> None:
    factories.order_line(product=None, sku=f"NEW-{factories.number()}")
    factories.channel_sku()


def _purchase() -> None:
    supplier = Supplier.objects.filter(code="one").first() or factories.supplier(code="one")
    unit = factories.unit()
    factories.purchase(unit_id=unit.pk, supplier=supplier, state="rejected", answered_at=clock.now())


def _order_of_one_customer() -> None:
    customer = Customer.objects.first() or factories.customer()
    order = factories.order(customer=customer)
    factories.delivered_unit(order=order)
    factories.message(order_id=order.pk)


def _write_back() -> None:
    shop = Shop.objects.filter(key="demo").first() or factories.shop(key="demo")
    factories.write_back(shop=shop, state="wanted", due_at=clock.now())


def _product() -> None:
    product = factories.product()
    factories.price(product=product)
    factories.match(product=product)


def _reseller() -> None:
    onboard(f"Reseller {factories.number()}", "EUR")


def _waiting() -> None:
    owner = onboard(f"Reseller {factories.number()}", "EUR").organization
    propose_adjustment(Wallet.objects.get(organization=owner), 5, cause="goodwill", reason="late")
    PriceProposal.objects.create(
        product=factories.product(), organization=owner, currency="EUR", amount_minor=1, reason="r", left_minor=0,
        least_minor=1, proposed_by="user:1 a@simplane.example", proposed_at=clock.now(),
    )  # fmt: skip
    propose_refund(rows.top_up(organization=owner).public_id, 1, reason="asked")


LISTS: dict[str, Callable[[], object]] = {
    "/console/": _letter,
    "/console/stuck/": lambda: factories.letter(cause=f"cause_{factories.number()}"),
    "/console/stuck/no_candidate/": _letter,
    "/console/alerts/": factories.alert,
    "/console/orders/": _order,
    "/console/orders.csv": _order,
    "/console/customers/": factories.order,
    "/console/esims/": factories.line,
    "/console/mail/": factories.message,
    "/console/products/": _product,
    "/console/resellers/": _reseller,
    "/console/approvals/": _waiting,
    "/console/payments/": rows.top_up,
    "/console/payments/disputes/": rows.dispute,
    "/console/payments/payouts/": rows.payout,
    "/console/prices/": _product,
    "/console/ledger/accounts/?kind=wallet": _reseller,
    "/console/offers/": factories.offer,
    "/console/offers/review/": lambda: factories.offer_change(offer=factories.offer(state="review")),
    "/console/offers/quarantine/": factories.quarantined,
    "/console/offers/runs/": factories.catalog_run,
    "/console/matching/": lambda: factories.match(state="proposed"),
    "/console/routing/": lambda: (factories.receipt(unit_id=factories.unit().pk), factories.rule()),
    "/console/skus/": _skus,
    "/console/suppliers/": _purchase,
    "/console/suppliers/one/": _purchase,
    "/console/shops/": factories.reconciliation,
    "/console/shops/demo/": _write_back,
    "/console/webhooks/": lambda: factories.inbox_message(order_id=factories.order().pk),
    "/console/jobs/": factories.failed_job,
    "/console/audit/": factories.audit_entry,
}


@pytest.mark.parametrize("address", LISTS)
def test_more_rows_cost_no_more_queries(console: Client, address: str) -> None:
    make = LISTS[address]
    for _ in range(3):
        make()
    few = _queries(console, address)
    for _ in range(27):
        make()

    assert _queries(console, address) == few


def test_a_longer_story_costs_no_more_queries(console: Client) -> None:
    order = factories.order()
    address = f"/console/orders/{order.public_id}/"
    _happen(order.pk, factories.delivered_unit(order=order))
    few = _queries(console, address)
    for _ in range(10):
        _happen(order.pk, factories.delivered_unit(order=order))

    assert _queries(console, address) == few


def _happen(order_id: int, unit: Unit) -> None:
    factories.event(order_id=order_id, unit_id=unit.pk, data={"before": "waiting", "after": "routed"})
    factories.receipt(unit_id=unit.pk)
    factories.message(order_id=order_id, unit_id=unit.pk)
    factories.inbox_message(order_id=order_id)
    factories.install_link(order_id=order_id, unit_id=unit.pk, line=unit.line, first_seen_at=clock.now())
    factories.letter(subject_id=str(unit.pk), order_id=order_id)
    factories.audit_entry(entity="unit", entity_id=unit.public_id)


def test_one_customers_page_costs_the_same_however_much_they_bought(console: Client) -> None:
    _order_of_one_customer()
    address = f"/console/customers/{Customer.objects.get().pk}/"
    few = _queries(console, address)
    for _ in range(10):
        _order_of_one_customer()

    assert _queries(console, address) == few


def test_doing_something_to_many_letters_looks_them_up_at_once(console: Client) -> None:
    for _ in range(3):
        _letter()
    few = _preview_queries(console)
    for _ in range(27):
        _letter()

    assert _preview_queries(console) == few


def _preview_queries(console: Client) -> int:
    DeadLetter.objects.update(action="close", opened_at=clock.now() - timedelta(hours=1))
    with CaptureQueriesContext(connection) as queries:
        answer = console.post("/console/stuck/no_candidate/preview/", {"action": "close", "everything": "1"})
    assert answer.status_code == 200
    return len(queries)


def _queries(console: Client, address: str) -> int:
    console.get(address)
    with CaptureQueriesContext(connection) as queries:
        answer = console.get(address)
        assert answer.status_code == 200
        answer.getvalue()
    return len(queries)
