"""Builders of rows for tests: sensible defaults, unique by a counter, every field can be given by name.

They write rows only and follow no rule of the business (`unit(state="ready")` does not buy anything). A test of a rule
calls the action itself.
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from itertools import count
from typing import Any

from django.db import connection

from simplane.alerts.models import Alert
from simplane.catalog.models import Price, Product
from simplane.channels.models import ChannelSku, Reconciliation, Refund, Shop, WriteBack
from simplane.core import clock
from simplane.core.ids import new_id, secret_token
from simplane.core.models import AuditEntry, DeadLetter, Event, InboxMessage
from simplane.delivery.models import InstallLink, Message
from simplane.lines.models import Line
from simplane.ordering.models import Customer, Order, OrderLine, Unit
from simplane.organizations.models import Organization, User
from simplane.organizations.queries import operator
from simplane.routing.models import Match, Receipt, Rule
from simplane.suppliers.models import CatalogRun, Offer, OfferChange, Purchase, QuarantinedOffer, Supplier

_number = count(1)
PASSWORD = "correct horse battery staple"


def number() -> int:
    """The next number of this process."""
    return next(_number)


def organization(**given: Any) -> Organization:
    """The operator, or with `kind` another organization."""
    if not given:
        return operator()
    n = number()
    return Organization.objects.create(
        **{"slug": f"organization-{n}", "name": f"Organization {n}", "created_at": clock.now()} | given
    )


def staff(*, password: str | None = None, **given: Any) -> User:
    """A member of staff without a second factor and (hashing is slow) without a password unless one is given."""
    email = given.pop("email", f"staff{number()}@simplane.example")
    return User.objects.create_user(email, password, **{"is_staff": True, "name": "Sam Staff"} | given)


def product(**given: Any) -> Product:
    """1 GB in Spain for 7 days."""
    n = number()
    fields = {"sku": f"ES-1GB-7D-{n}", "name": f"Spain 1 GB 7 days ({n})", "countries": ["ES"], "days": 7}
    return Product.objects.create(**fields | {"data_bytes": 1_000_000_000} | given)


def price(**given: Any) -> Price:
    """9.00 EUR since yesterday."""
    fields = {"currency": "EUR", "amount_minor": 900, "valid_from": clock.now() - timedelta(days=1)}
    return Price.objects.create(**{"product": given.get("product") or product()} | fields | given)


def supplier(**given: Any) -> Supplier:
    """A stand-in account at eSIM Go that answers nowhere."""
    n = number()
    fields: dict[str, Any] = {
        "code": f"supplier-{n}",
        "vendor": "esimgo",
        "name": f"Supplier {n}",
        "base_url": "http://127.0.0.1:9",
        "credentials": {"api_key": f"key-{n}"},
        "webhook_token": secret_token(),
        "upstream_group": f"group-{n}",
        "is_stand_in": True,
    }
    return Supplier.objects.create(**fields | given)


def offer(**given: Any) -> Offer:
    """1 GB in Spain for 7 days at 3.00 USD."""
    n, now = number(), clock.now()
    fields: dict[str, Any] = {
        "supplier": given.get("supplier") or supplier(),
        "code": f"esim_1GB_7D_ES_{n}",
        "name": f"eSIM 1GB 7 days Spain {n}",
        "countries": ["ES"],
        "data_bytes": 1_000_000_000,
        "days": 7,
        "clock_start": "first_use",
        "cost_minor": 300,
        "currency": "USD",
        "supplier_price": "3.00",
        "content_hash": f"{n:064x}",
        "first_seen_at": now,
        "last_seen_at": now,
        "raw": {"name": f"esim_1GB_7D_ES_{n}"},
    }
    return Offer.objects.create(**fields | given)


def catalog_run(**given: Any) -> CatalogRun:
    """A finished pull that changed nothing."""
    now = clock.now()
    fields = {"started_at": now, "finished_at": now, "counts": {"rows": 1, "unchanged": 1}}
    return CatalogRun.objects.create(**{"supplier": given.get("supplier") or supplier()} | fields | given)


def offer_change(**given: Any) -> OfferChange:
    """A price that rose from 3.00 to 3.50."""
    changed = given.get("offer") or offer()
    run = given.get("run") or catalog_run(supplier=changed.supplier)
    fields = {
        "kind": "price",
        "before": {"cost_minor": 300, "currency": "USD"},
        "after": {"cost_minor": 350, "currency": "USD"},
    }
    return OfferChange.objects.create(**fields | {"offer": changed, "run": run} | given)


def quarantined(**given: Any) -> QuarantinedOffer:
    """A catalogue row without a price."""
    n, now = number(), clock.now()
    fields = {"code": f"bad-{n}", "reason": "no price", "raw": {}, "first_seen_at": now, "last_seen_at": now}
    return QuarantinedOffer.objects.create(**{"supplier": given.get("supplier") or supplier()} | fields | given)


def match(**given: Any) -> Match:
    """An approved equivalence."""
    served = given.get("offer") or offer()
    fields = {
        "product": given.get("product") or product(),
        "offer": served,
        "state": "approved",
        "score": 100,
        "offer_hash": served.content_hash,
        "proposed_at": clock.now(),
    }
    return Match.objects.create(**fields | given)


def rule(**given: Any) -> Rule:
    """A rule that excludes a supplier."""
    fields = {"kind": "exclude", "reason": "quality", "created_at": clock.now(), "created_by": "test"}
    return Rule.objects.create(**fields | given)


def receipt(**given: Any) -> Receipt:
    """A decision for one offer."""
    chosen = given.get("chosen") or offer()
    fields: dict[str, Any] = {
        "product": given.get("product") or product(),
        "decided_at": clock.now(),
        "chosen": chosen,
        "price_minor": 900,
        "currency": "EUR",
        "facts": {},
        "candidates": [
            {
                "offer_id": chosen.pk,
                "supplier": chosen.supplier.code,
                "code": chosen.code,
                "value_minor": 600,
                "verdict": "chosen",
                "reasons": [],
            }
        ],
        "version": 1,
    }
    return Receipt.objects.create(**fields | given)


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
        "public_id": new_id("unit"),
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


def iccid(n: int) -> str:
    """A 19-digit ICCID with a right check digit."""
    from stdnum import luhn

    head = f"89{n:016d}"
    return head + str(luhn.calc_check_digit(head))


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


def letter(**given: Any) -> DeadLetter:
    """An open dead letter of a unit, 9.00 EUR at risk."""
    fields: dict[str, Any] = {
        "kind": "unit",
        "subject_id": str(number()),
        "cause": "no_candidate",
        "summary": "no offer may serve this product",
        "money_minor": 900,
        "money_currency": "EUR",
        "opened_at": clock.now(),
    }
    return DeadLetter.objects.create(**fields | given)


def inbox_message(**given: Any) -> InboxMessage:
    """A webhook of the demo shop that was worked on."""
    n, now = number(), clock.now()
    fields: dict[str, Any] = {
        "channel": "shopify",
        "account": "demo",
        "delivery_id": f"delivery-{n}",
        "topic": "orders/paid",
        "headers": {"x-shopify-topic": "orders/paid"},
        "body": b'{"id": 1, "email": "ana@example.com"}',
        "trusted": True,
        "received_at": now,
        "state": "done",
        "handled_at": now,
    }
    return InboxMessage.objects.create(**fields | given)


def message(**given: Any) -> Message:
    """A mail that was sent."""
    n, now = number(), clock.now()
    fields: dict[str, Any] = {
        "kind": "esim_ready",
        "order_id": given.get("order_id") or order().pk,
        "to": f"ana{n}@example.com",
        "locale": "en",
        "message_id": f"<{n}.{uuid.uuid4().hex[:8]}@simplane.example>",
        "state": "sent",
        "created_at": now,
        "sent_at": now,
    }
    return Message.objects.create(**fields | given)


def install_link(**given: Any) -> InstallLink:
    """A live install link."""
    fields = {"token": secret_token(), "locale": "en", "created_at": clock.now()}
    return InstallLink.objects.create(**{"order_id": given.get("order_id") or order().pk} | fields | given)


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


def failed_job(**given: Any) -> None:
    """A job of the queue that gave up."""
    name = given.get("name", "ordering.advance")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)"
            " VALUES ('supplier', %s, %s::jsonb, 'failed', 8)",
            [name, json.dumps(given.get("arguments", {"unit_id": 1}))],
        )


def event(**given: Any) -> Event:
    """A piece of news."""
    return Event.objects.create(**{"name": "UnitMoved", "at": clock.now(), "data": {}} | given)


def audit_entry(**given: Any) -> AuditEntry:
    """A line of the audit trail."""
    fields = {"at": clock.now(), "actor": "system", "action": "order.held", "entity": "order", "entity_id": "1"}
    return AuditEntry.objects.create(**fields | given)


def alert(**given: Any) -> Alert:
    """An open alert."""
    now = clock.now()
    fields = {"rule": "float_low", "subject": f"supplier-{number()}", "level": "warning", "title": "Float is low"}
    return Alert.objects.create(**fields | {"first_at": now, "last_at": now} | given)
