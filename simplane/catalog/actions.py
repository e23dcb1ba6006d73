"""Verbs of the catalogue. `put_*` are parts: they bring one thing to a wanted state inside the caller's transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from simplane.catalog import queries
from simplane.catalog.errors import BadPrice, BadRate, ProductExists
from simplane.catalog.models import ExchangeRate, Price, Product
from simplane.catalog.promise import clean
from simplane.catalog.values import Change, ProductSpec
from simplane.core import audit, clock
from simplane.core.db import needs_transaction, transaction
from simplane.core.money import Money, precision

_INSTANT = timedelta(microseconds=1)


def create_product(spec: ProductSpec) -> Product:
    """Promise something new. Raises BadProduct or ProductExists."""
    with transaction():
        if Product.objects.filter(sku=spec.sku).exists():
            raise ProductExists(f"there is a product {spec.sku} already", fix="change that one")
        put_product(spec)
        return queries.product(spec.sku)


def change_product(spec: ProductSpec, *, reason: str = "") -> Product:
    """Change a promise; its matches are judged anew by the next proposal. Raises UnknownProduct or BadProduct."""
    with transaction():
        queries.product(spec.sku)
        put_product(spec, reason=reason)
        return queries.product(spec.sku)


def set_price(sku: str, price: Money, *, valid_from: datetime | None = None, reason: str = "") -> None:
    """Ask this from a moment on (now). Earlier prices stay as history. Raises UnknownProduct or BadPrice."""
    with transaction():
        put_price(queries.product(sku), price, valid_from=valid_from, reason=reason)


def set_rate(base: str, quote: str, rate: Decimal, *, valid_from: datetime | None = None) -> None:
    """Value one `base` at `rate` of `quote` from a moment on (now). Raises BadRate."""
    with transaction():
        put_rate(base, quote, rate, valid_from=valid_from)


@needs_transaction
def put_product(spec: ProductSpec, *, reason: str = "") -> Change | None:
    """Make the product be as `spec` says. None: it was already. Raises BadProduct."""
    tidy = clean(spec)
    wanted: dict[str, Any] = {**asdict(tidy), "countries": list(tidy.countries)}
    known = Product.objects.select_for_update().filter(sku=tidy.sku).first()
    if known is None:
        Product.objects.create(**wanted)
        return _noted("product", tidy.sku, None, wanted, reason)
    now = {name: getattr(known, name) for name in wanted}
    changed = {name: value for name, value in wanted.items() if now[name] != value}
    if not changed:
        return None
    for name, value in changed.items():
        setattr(known, name, value)
    known.save(update_fields=list(changed))
    return _noted("product", tidy.sku, {name: now[name] for name in changed}, changed, reason)


@needs_transaction
def put_price(product: Product, price: Money, *, valid_from: datetime | None = None, reason: str = "") -> Change | None:
    """Make this the list price from a moment on (now). None: it is in force already. Raises BadPrice, BadMoney."""
    precision(price.currency)
    if not 0 <= price.minor < 10**15:
        raise BadPrice(f"{product.sku}: {price} is no price", fix="send an amount of zero or more")
    same = Price.objects.select_for_update().filter(product=product, currency=price.currency)
    moment = valid_from or _after_all(same.order_by("-valid_from").values_list("valid_from", flat=True).first())
    before = queries.price_in_force(product.pk, price.currency, moment)
    if before == price:
        return None
    if same.filter(valid_from=moment).exists():
        raise BadPrice(f"{product.sku} has a price from {moment:%Y-%m-%d %H:%M:%S}", fix="choose another moment")
    Price.objects.create(
        product=product,
        currency=price.currency,
        amount_minor=price.minor,
        valid_from=moment,
        reason=reason[:200],
    )
    after = {"price": str(price), "valid_from": moment.isoformat()}
    return _noted("price", product.sku, {"price": str(before)} if before else None, after, reason)


@needs_transaction
def put_rate(base: str, quote: str, rate: Decimal, *, valid_from: datetime | None = None) -> Change | None:
    """Make this the rate from a moment on (now). None: it is the rate in force then. Raises BadRate, BadMoney."""
    _check_rate(base, quote, rate)
    same = ExchangeRate.objects.select_for_update().filter(base=base, quote=quote)
    moment = valid_from or _after_all(same.order_by("-valid_from").values_list("valid_from", flat=True).first())
    before = same.filter(valid_from__lte=moment).order_by("-valid_from").first()
    if before is not None and before.rate == rate:
        return None
    if same.filter(valid_from=moment).exists():
        raise BadRate(f"{base}/{quote} has a rate from {moment:%Y-%m-%d %H:%M:%S}", fix="choose another moment")
    ExchangeRate.objects.create(base=base, quote=quote, rate=rate, valid_from=moment)
    after = {"rate": str(rate), "valid_from": moment.isoformat()}
    return _noted("rate", f"{base}/{quote}", {"rate": str(before.rate.normalize())} if before else None, after, "")


def _check_rate(base: str, quote: str, rate: Decimal) -> None:
    precision(base)
    precision(quote)
    if base == quote:
        raise BadRate(f"{base} is worth one {quote}", fix="name two currencies")
    if not rate.is_finite() or not 0 < rate < 10**10 or rate != rate.quantize(Decimal("1e-10")):
        raise BadRate(f"{rate} is no rate of {base}/{quote}", fix="a positive number with at most 10 decimals")


def _after_all(last: datetime | None) -> datetime:
    """Now, or just after the last one when the clock stands still: the later word counts."""
    now = clock.now()
    return now if last is None or last < now else last + _INSTANT


def _noted(entity: str, key: str, before: dict[str, Any] | None, after: dict[str, Any], reason: str) -> Change:
    audit.note(
        f"{entity}.{'created' if before is None else 'changed'}", entity, key, before=before, after=after, reason=reason
    )
    return Change(entity, key, before, after)
