"""Shops, people, orders and what was bought for them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from simplane.channels.models import ChannelSku, Reconciliation, Refund, Shop, WriteBack
from simplane.core import clock
from simplane.core.ids import new_id
from simplane.lines.models import Line
from simplane.ordering.models import Customer, Order, OrderLine, Unit
from simplane.suppliers.models import Purchase
from tests.factories.base import iccid, number, organization
from tests.factories.supply import offer, product


def shop(**given: Any) -> Shop:
    """A stand-in Shopify shop that answers nowhere."""
    n = number()
    fields: dict[str, Any] = {
        "organization": given.get("organization") or organization(),
        "key": f"shop-{n}",
        "channel": "shopify",
        "domain": f"shop-{n}.myshopify.com",
        "api_url": "http://127.0.0.1:9",
        "name": f"Shop {n}",
        "credentials": {"client_id": f"id-{n}", "client_secret": f"secret-{n}"},
        "is_stand_in": True,
        "created_at": clock.now(),
    }
    return Shop.objects.create(**fields | given)


def channel_sku(**given: Any) -> ChannelSku:
    """A SKU of a shop that means a product."""
    meant = given["product"] if "product" in given else product()
    fields = {"shop": given.get("shop") or shop(), "sku": meant.sku if meant else f"CASE-{number()}", "product": meant}
    return ChannelSku.objects.create(**fields | given)


def customer(**given: Any) -> Customer:
    """A person who bought."""
    n = number()
    fields = {"email": f"ana{n}@example.com", "name": f"Ana Traveller {n}", "created_at": clock.now()}
    return Customer.objects.create(**{"organization": given.get("organization") or organization()} | fields | given)


def order(**given: Any) -> Order:
    """A paid retail order of 9.00 EUR that is being served. It has no lines: `unit(order=...)` adds them."""
    n, now = number(), clock.now()
    fields: dict[str, Any] = {
        "organization": given.get("organization") or organization(),
        "public_id": new_id("ord"),
        "book": "retail",
        "account": "demo",
        "external_id": str(5_000_000_000 + n),
        "name": f"#{1000 + n}",
        "customer": given.get("customer") or customer(),
        "state": Order.State.OPEN,
        "currency": "EUR",
        "total_minor": 900,
        "placed_at": now,
        "paid_at": now,
        "received_at": now,
        "clock_started_at": now,
    }
    return Order.objects.create(**fields | given)


def order_line(**given: Any) -> OrderLine:
    """One line of quantity 1 that means a product."""
    owner = given.get("order") or order()
    meant = given["product"] if "product" in given else product()
    fields: dict[str, Any] = {
        "order": owner,
        "external_id": f"line-{number()}",
        "sku": meant.sku if meant else "UNKNOWN",
        "title": meant.name if meant else "Something",
        "state": OrderLine.State.MAPPED if meant else OrderLine.State.NEEDS_MAPPING,
        "product": meant,
        "quantity": 1,
        "wanted": 1,
        "unit_price_minor": 900,
    }
    return OrderLine.objects.create(**fields | given)


def unit(**given: Any) -> Unit:
    """One eSIM owed, waiting, with its order and line unless they are given."""
    line = given.get("order_line") or order_line(
        **{key: given[key] for key in ("order", "product") if given.get(key) is not None}
    )
    owner, now = line.order, clock.now()
    assert line.product is not None
    fields: dict[str, Any] = {
        "organization": owner.organization,
        "public_id": new_id("unt"),
        "book": owner.book,
        "account": owner.account,
        "external_order": owner.external_id,
        "external_line": line.external_id,
        "index": 1,
        "order": owner,
        "order_line": line,
        "product": line.product,
        "price_minor": line.unit_price_minor,
        "currency": owner.currency,
        "state_at": now,
        "created_at": now,
        "due_at": now,
    }
    return Unit.objects.create(**fields | given)


def purchase(**given: Any) -> Purchase:
    """An attempt without an answer yet, for a unit of its own unless `unit_id` is given."""
    bought = given.get("offer") or offer(**{"supplier": given["supplier"]} if "supplier" in given else {})
    now = clock.now()
    fields: dict[str, Any] = {
        "unit_id": given.get("unit_id") or unit().pk,
        "supplier": bought.supplier,
        "offer": bought,
        "reference": f"sp-{uuid.uuid4().hex[:20]}",
        "cost_minor": bought.cost_minor,
        "currency": bought.currency,
        "requested_at": now,
        "sent_at": now,
    }
    return Purchase.objects.create(**fields | given)


def line(**given: Any) -> Line:
    """An eSIM ready to install, with its purchase (of `offer`) unless one is given."""
    n = number()
    bought = {key: given.pop(key) for key in ("offer",) if key in given}
    paid = given.get("purchase") or purchase(
        state=Purchase.State.BOUGHT,
        outcome="ok",
        answered_at=clock.now() + timedelta(milliseconds=800),
        supplier_order_id=f"order-{n}",
        **bought,
        **{"unit_id": given["unit_id"]} if given.get("unit_id") else {},
    )
    fields: dict[str, Any] = {
        "unit_id": paid.unit_id,
        "purchase": paid,
        "supplier": paid.supplier,
        "supplier_line_id": iccid(n),
        "iccid": iccid(n),
        "smdp": "rsp.example.com",
        "matching_id": f"MATCHING-{n}",
        "issued_at": clock.now(),
        "data_total": 1_000_000_000,
    }
    return Line.objects.create(**fields | given)


def delivered_unit(**given: Any) -> Unit:
    """A unit with its purchase (of `offer`) and eSIM, handed over now."""
    bought = {key: given.pop(key) for key in ("offer",) if key in given}
    made = unit(**given)
    issued = line(unit_id=made.pk, **bought)
    now = clock.now()
    made.state, made.purchase, made.line = Unit.State.DELIVERED, issued.purchase, issued
    made.due_at, made.bought_at, made.delivered_at = None, now, now
    made.save()
    return made


def write_back(**given: Any) -> WriteBack:
    """A fulfilment that the shop took."""
    fields: dict[str, Any] = {
        "order": given.get("order") or order(),
        "shop": given.get("shop") or shop(),
        "number": 1,
        "tracking": f"SP-{number()}",
        "state": "done",
        "created_at": clock.now(),
        "done_at": clock.now(),
    }
    return WriteBack.objects.create(**fields | given)


def refund(**given: Any) -> Refund:
    """A refund that waits for a decision."""
    fields: dict[str, Any] = {
        "order": given.get("order") or order(),
        "shop": given.get("shop") or shop(),
        "key": uuid.uuid4(),
        "lines": {},
        "amount_minor": 900,
        "currency": "EUR",
        "reason": "not delivered in 15 minutes",
        "created_at": clock.now(),
    }
    return Refund.objects.create(**fields | given)


def reconciliation(**given: Any) -> Reconciliation:
    """A comparison that balanced."""
    now = clock.now()
    fields: dict[str, Any] = {
        "shop": given.get("shop") or shop(),
        "kind": "recent",
        "since": now - timedelta(hours=2),
        "until": now,
        "started_at": now,
        "finished_at": now,
        "at_shop": 10,
        "here": 10,
        "balanced": True,
    }
    return Reconciliation.objects.create(**fields | given)
