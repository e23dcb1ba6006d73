"""One row of everything, and the addresses of all pages that show them: for tests that walk the whole console."""

from __future__ import annotations

from simplane.core import clock
from simplane.core.models import Schedule
from tests import factories

PAGES = (
    "/console/",
    "/console/stuck/",
    "/console/stuck/no_offer/",
    "/console/alerts/",
    "/console/alerts/?all=1",
    "/console/orders/",
    "/console/customers/",
    "/console/esims/",
    "/console/mail/",
    "/console/products/",
    "/console/products/new/",
    "/console/offers/",
    "/console/offers/review/",
    "/console/offers/quarantine/",
    "/console/offers/runs/",
    "/console/matching/",
    "/console/matching/?state=stale",
    "/console/routing/",
    "/console/routing/explain/",
    "/console/skus/",
    "/console/suppliers/",
    "/console/shops/",
    "/console/webhooks/",
    "/console/jobs/",
    "/console/audit/",
)


def one_of_everything() -> list[str]:
    """A row of everything; the addresses of their own pages."""
    now = clock.now()
    unit = factories.delivered_unit()
    order, line = unit.order, unit.line
    assert line is not None
    line.confirmation_code_required = True
    line.save()
    shop = factories.shop(key=order.account)
    factories.reconciliation(shop=shop, balanced=False, exceptions=[{"order": "1", "name": "#1", "why": "deleted"}])
    factories.write_back(order=order, shop=shop, state="wanted", due_at=now)
    factories.refund(order=order, shop=shop)
    factories.install_link(order_id=order.pk, unit_id=unit.pk, line=line, views=1, first_seen_at=now)
    factories.message(order_id=order.pk, unit_id=unit.pk, state="failed", problem="550 no such user")
    letter = factories.letter(order_id=order.pk, detail={"receipt": 1})
    factories.letter(kind="dispute", cause="payment_disputed", order_id=order.pk, summary="#1: dispute needs_response")
    webhook = factories.inbox_message(order_id=order.pk)
    offer = factories.offer(state="review", review_reason="price rose", supplier=line.supplier)
    change = factories.offer_change(offer=offer)
    factories.quarantined(supplier=line.supplier)
    factories.price(product=unit.product)
    factories.match(product=unit.product, offer=line.purchase.offer)
    factories.match(product=unit.product, offer=offer, state="proposed", score=90, differences=["2 days more"])
    factories.rule(supplier=line.supplier)
    receipt = factories.receipt(unit_id=unit.pk, product=unit.product, chosen=offer)
    factories.alert()
    factories.audit_entry(before={"state": "open"}, after={"state": "held"}, reason="odd")
    factories.channel_sku(shop=shop, product=None)
    factories.order_line(product=None)
    factories.failed_job()
    Schedule.objects.create(name="clean_up", last_started_at=now, last_ok=False, last_problem="disk full")
    return [
        f"/console/orders/{order.public_id}/",
        f"/console/customers/{order.customer_id}/",
        f"/console/esims/{line.pk}/",
        f"/console/stuck/letter/{letter.pk}/",
        f"/console/webhooks/{webhook.pk}/",
        f"/console/products/{unit.product.sku}/",
        f"/console/products/{unit.product.sku}/?price=12.50&currency=EUR",
        f"/console/offers/{offer.pk}/",
        f"/console/offers/runs/{change.run_id}/",
        f"/console/routing/receipts/{receipt.pk}/",
        f"/console/routing/receipts/{receipt.pk}/?replay=1",
        f"/console/routing/explain/?sku={unit.product.sku}&price=&currency=",
        f"/console/suppliers/{line.supplier.code}/",
        f"/console/shops/{shop.key}/",
    ]
