"""The rules of placing a wholesale order as one reads them: slow, by the ORM, one order at a time.

`test_placing.py` compares it with the two SQL functions on random orders.
"""

from __future__ import annotations

import json
from datetime import timedelta
from ipaddress import ip_address, ip_network

from django.conf import settings

from simplane.catalog.models import Product, Quote, Terms
from simplane.catalog.wholesale import effective_price, terms_of
from simplane.core import audit, clock, context, events, jobs
from simplane.core.db import transaction
from simplane.core.models import StoredAnswer
from simplane.ledger.actions import hold
from simplane.ledger.models import Wallet
from simplane.ordering.events import OrderReceived, UnitsOwed
from simplane.ordering.models import Customer, Order, OrderLine, Unit
from simplane.ordering.placing import OrderWanted, Placed, stamp
from simplane.organizations.models import ApiKey

Priced = list[tuple[Product, int]]


def place(wanted: OrderWanted) -> Placed:
    """Decide one order. Rate limits are left out: they are of the key, not of the order."""
    with transaction():
        key = ApiKey.objects.select_related("organization", "parent").filter(hash=wanted.key_hash).first()
        refused = _access(key, wanted)
        if refused or key is None:
            return Placed(refused)
        with context.acting(f"api_key:{key.public_id}"):
            return _place(key, wanted)


def _access(key: ApiKey | None, wanted: OrderWanted) -> str:
    if key is None or any(_ended(one) for one in (key, key.parent)):
        return "unauthorized"
    if not all(_from_its_networks(one, wanted.address) for one in (key, key.parent)):
        return "wrong_network"
    if "orders:write" not in key.scopes:
        return "missing_scope"
    return "" if key.organization.state == "active" else f"account_{key.organization.state}"


def _ended(key: ApiKey | None) -> bool:
    return key is not None and bool(key.revoked_at or (key.expires_at and key.expires_at <= clock.now()))


def _from_its_networks(key: ApiKey | None, address: str) -> bool:
    networks = [ip_network(one) for one in key.allowed_networks] if key else []
    return not networks or any(ip_address(address) in one for one in networks)


def _place(key: ApiKey, wanted: OrderWanted) -> Placed:
    owner, terms = key.organization, terms_of(key.organization)
    wallets = Wallet.objects.select_for_update().filter(organization=owner)
    wallet = wallets.filter(currency=terms.currency if terms else "").first()
    stored = StoredAnswer.objects.filter(organization_id=owner.pk, key=wanted.idempotency_key).first()
    if stored is not None:
        same = bytes(stored.request_hash) == wanted.request_hash
        return Placed("replayed", stored.status, stored.body) if same else Placed("key_reused")
    if wallet is None or terms is None:
        return Placed("no_wallet")
    if wanted.test_fault and not owner.is_test:
        return Placed("test_fault_live")
    priced = _priced(key, wanted, terms)
    if isinstance(priced, Placed):
        return priced
    total = sum(minor * line.quantity for (_, minor), line in zip(priced, wanted.lines, strict=True))
    if terms.max_order_minor is not None and total > terms.max_order_minor:
        return Placed("order_too_large", detail={"total_minor": total, "most_minor": terms.max_order_minor})
    external = wanted.reference or wanted.public_id
    if Order.objects.filter(book="wholesale", account=owner.slug, external_id=external).exists():
        return Placed("reference_taken", detail={"reference": external})
    room = wallet.balance_minor + wallet.credit_limit_minor
    if total > room:
        return _store(owner.pk, wanted, "insufficient_funds", 402, _short(wanted, total, room, terms.currency))
    return _store(owner.pk, wanted, "created", 201, _write(key, wanted, priced, total, wallet))


def _priced(key: ApiKey, wanted: OrderWanted, terms: Terms) -> Priced | Placed:
    products = {
        one.sku: one for one in Product.objects.filter(sku__in=[line.sku for line in wanted.lines], active=True)
    }
    unknown = [line.sku for line in wanted.lines if line.sku not in products]
    if unknown:
        return Placed("unknown_sku", detail={"skus": unknown})
    priced: list[tuple[Product, int | None]] = []
    problems: list[str] = []
    for line in wanted.lines:
        product = products[line.sku]
        if line.quote is None:
            decided = effective_price(key.organization, product, terms=terms)
            priced.append((product, decided.price.minor if decided else None))
            continue
        quote = Quote.objects.filter(public_id=line.quote, organization=key.organization).first()
        problems += _problem(quote, product, line.quantity, terms.currency)
        priced.append((product, quote.amount_minor if quote else None))
    quotes = [line.quote for line in wanted.lines if line.quote is not None]
    if len(quotes) > len(set(quotes)):
        problems = ["quote_used"]
    if problems:
        return Placed(min(problems), detail={"quotes": quotes})
    return _affordable(wanted, priced, terms.currency)


def _problem(quote: Quote | None, product: Product, quantity: int, currency: str) -> list[str]:
    if quote is None or quote.product_id != product.pk or quote.currency != currency:
        return ["unknown_quote"]
    if quote.used_at is not None:
        return ["quote_used"]
    if quote.expires_at <= clock.now():
        return ["quote_expired"]
    return [] if quote.quantity == quantity else ["quote_quantity"]


def _affordable(wanted: OrderWanted, priced: list[tuple[Product, int | None]], currency: str) -> Priced | Placed:
    pairs = list(zip(priced, wanted.lines, strict=True))
    unpriced = [line.sku for (_, minor), line in pairs if minor is None]
    if unpriced:
        return Placed("no_price", detail={"skus": unpriced, "currency": currency})
    dearer = [
        {"sku": line.sku, "price_minor": minor, "max_price_minor": line.most_minor}
        for (_, minor), line in pairs
        if minor is not None and line.most_minor is not None and minor > line.most_minor
    ]
    if dearer:
        return Placed("price_above_max", detail={"lines": dearer, "currency": currency})
    return [(product, minor) for product, minor in priced if minor is not None]


def _write(key: ApiKey, wanted: OrderWanted, priced: Priced, total: int, wallet: Wallet) -> dict[str, object]:
    owner, now, external = key.organization, clock.now(), wanted.reference or wanted.public_id
    customer, _ = Customer.objects.get_or_create(
        organization=owner,
        email=wanted.email,
        defaults={"name": wanted.name, "locale": wanted.locale, "created_at": now},
    )
    order = Order.objects.create(
        organization=owner, public_id=wanted.public_id, book="wholesale", account=owner.slug, external_id=external,
        name=external, customer=customer, state="open", currency=wallet.currency, total_minor=total,
        is_test=owner.is_test, test_fault=wanted.test_fault, locale=wanted.locale, placed_at=now, paid_at=now,
        received_at=now, clock_started_at=now,
        clock_next_at=now + timedelta(seconds=settings.SIMPLANE.delivery_clock_seconds[0]),
    )  # fmt: skip
    made: list[Unit] = []
    lines = []
    for place, (line, (product, minor)) in enumerate(zip(wanted.lines, priced, strict=True), 1):
        row = OrderLine.objects.create(
            order=order, external_id=str(place), sku=line.sku, title=product.name, state="mapped", product=product,
            quantity=line.quantity, wanted=line.quantity, unit_price_minor=minor,
        )  # fmt: skip
        units = [
            Unit(
                organization=owner, public_id=f"unt_{wanted.public_id[4:]}-{len(made) + index + 1}", book="wholesale",
                account=owner.slug, external_order=external, external_line=str(place), index=index, order=order,
                order_line=row, product=product, price_minor=minor, currency=wallet.currency, state_at=now, created_at=now,
                due_at=now,
            )
            for index in range(line.quantity)
        ]  # fmt: skip
        made += Unit.objects.bulk_create(units)
        ids = [unit.public_id for unit in units]
        lines.append({"sku": line.sku, "quantity": line.quantity, "unit_price_minor": minor, "units": ids})
    if total:
        hold(wallet, total, key=wanted.public_id, subject=wanted.public_id)
    Quote.objects.filter(public_id__in=[line.quote for line in wanted.lines if line.quote]).update(used_at=now)
    events.record(OrderReceived(order_id=order.pk, source="api", state="open", name=external))
    events.record(UnitsOwed(order_id=order.pk, unit_ids=[unit.pk for unit in made]))
    after = {"total_minor": total, "currency": wallet.currency, "units": len(made)}
    audit.note("order.placed", "order", wanted.public_id, after=after)
    jobs.enqueue("ordering.start", order_id=order.pk)
    return {
        "id": wanted.public_id, "object": "order", "reference": wanted.reference, "state": "open", "test": owner.is_test,
        "currency": wallet.currency, "total_minor": total, "created_at": stamp(now), "lines": lines,
    }  # fmt: skip


def _short(wanted: OrderWanted, total: int, room: int, currency: str) -> dict[str, object]:
    return {
        "type": "urn:simplane:problem:insufficient_funds", "title": "The wallet does not cover this order", "status": 402,
        "code": "insufficient_funds", "detail": "Top up the wallet, then send the order again with a new key",
        "needed_minor": total, "available_minor": room, "currency": currency, "request_id": wanted.request_id,
    }  # fmt: skip


def _store(owner_id: int, wanted: OrderWanted, code: str, status: int, body: dict[str, object]) -> Placed:
    text = json.dumps(body)
    StoredAnswer.objects.create(
        organization_id=owner_id, key=wanted.idempotency_key, request_hash=wanted.request_hash, status=status, body=text,
        created_at=clock.now(),
    )  # fmt: skip
    return Placed(code, status, text)
