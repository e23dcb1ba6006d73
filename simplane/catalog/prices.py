"""Writing prices: a row is added, never changed but for its end. Parts of what `routing/pricing.py` does, which knows costs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simplane.catalog.errors import BadPrice
from simplane.catalog.markup import Markup
from simplane.catalog.models import MarkupRule, Price, Product, WholesalePrice
from simplane.catalog.scopes import LIST, Scope, agreed_prices, money_of
from simplane.core import audit, clock, context
from simplane.core.db import needs_transaction, transaction
from simplane.core.money import Money

_INSTANT = timedelta(microseconds=1)
MOST_MINOR = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """A price to be. `valid_from` None: from now on; `valid_until` None: without an end."""

    product: Product
    scope: Scope
    price: Money
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    reason: str = ""


def check(new: NewPrice) -> None:
    """Whether such a price can be at all. Raises BadPrice."""
    if not 0 <= new.price.minor <= MOST_MINOR:
        raise BadPrice(f"{new.price} is no price", fix="send an amount of zero or more")
    begins = new.valid_from or clock.now()
    if new.valid_until is not None and new.valid_until <= begins:
        raise BadPrice("this price would end before it begins", fix="choose a later end")
    if new.valid_until is not None and new.valid_until <= clock.now():
        raise BadPrice("this price would be over already", fix="choose an end in the future")
    if new.valid_from is not None and new.valid_from < clock.now() - timedelta(days=1):
        raise BadPrice("a price does not begin in the past", fix="leave the beginning empty: from now on")


@needs_transaction
def put(new: NewPrice, *, proposed_by: str = "", floor_minor: int | None = None) -> Price | WholesalePrice:
    """Add the price. `floor_minor`: an approved exception may leave so little. The product must be locked. Raises BadPrice."""
    check(new)
    actor = context.actor()[:120]
    before = agreed_prices(new.scope, new.price.currency, [new.product.pk]).get(new.product.pk)
    fields: dict[str, Any] = {
        "product": new.product,
        "currency": new.price.currency,
        "amount_minor": new.price.minor,
        "valid_until": new.valid_until,
        "reason": new.reason[:200],
        "floor_minor": floor_minor,
    }
    made: Price | WholesalePrice
    if new.scope == LIST:
        made = Price.objects.create(**fields, valid_from=_begin(new), set_by=actor)
    else:
        made = WholesalePrice.objects.create(
            **fields,
            **new.scope.columns,
            valid_from=_begin(new),
            proposed_by=proposed_by or actor,
            approved_by=actor,
            approved_at=clock.now(),
        )
    audit.note(
        "price.set",
        "price",
        f"{new.product.sku} {new.scope.key}",
        before={"price": str(money_of(before))} if before else None,
        after=_after(made, proposed_by),
        reason=new.reason,
    )
    return made


def end_price(price_id: int, *, reason: str) -> WholesalePrice:
    """A tier's or customer's price ends now; what held before it (or the next step) counts again. Raises BadPrice."""
    with transaction():
        row = WholesalePrice.objects.select_for_update(of=("self",)).select_related("product").get(pk=price_id)
        now = clock.now()
        if row.valid_until is not None and row.valid_until <= now:
            raise BadPrice("this price is over already")
        # One that has not begun ends as it begins: it never holds.
        row.valid_until = max(now, row.valid_from)
        row.save(update_fields=["valid_until"])
        scope = Scope(row.tier, row.organization)
        audit.note(
            "price.ended",
            "price",
            f"{row.product.sku} {scope.key}",
            before={"price": str(money_of(row))},
            after={"valid_until": row.valid_until.isoformat()},
            reason=reason,
        )
        return row


def set_markup(scope: Scope, rule: Markup, *, reason: str = "") -> MarkupRule:
    """From now on this rule makes the scope's proposed prices in its currency; the one before it ends. Raises BadPrice."""
    if scope == LIST:
        raise BadPrice("a rule is for a tier or a customer")
    with transaction():
        now, words = clock.now(), None
        known = MarkupRule.objects.select_for_update(of=("self",)).filter(
            **scope.columns, currency=rule.currency, valid_until__isnull=True
        )
        for old in known:
            words = str(markup_of(old))
            old.valid_until = now
            old.save(update_fields=["valid_until"])
        made = MarkupRule.objects.create(
            **scope.columns,
            currency=rule.currency,
            percent=rule.percent,
            least_minor=rule.least_minor,
            step_minor=rule.step_minor,
            ending_minor=rule.ending_minor,
            reason=reason[:200],
            created_by=context.actor()[:120],
            valid_from=now,
        )
        before = {"rule": words} if words else None
        audit.note("markup.set", "markup", scope.key, before=before, after={"rule": str(rule)}, reason=reason)
        return made


def markup_of(row: MarkupRule) -> Markup:
    """The rule of a row."""
    return Markup(
        currency=row.currency,
        percent=row.percent,
        least_minor=row.least_minor,
        step_minor=row.step_minor,
        ending_minor=row.ending_minor,
    )


def _begin(new: NewPrice) -> datetime:
    """The later word counts, also when the clock stands still."""
    now = clock.now()
    begins = max(new.valid_from or now, now)
    rows = (
        Price.objects.filter(product=new.product, currency=new.price.currency)
        if new.scope == LIST
        else WholesalePrice.objects.filter(product=new.product, currency=new.price.currency, **new.scope.columns)
    )
    while rows.filter(valid_from=begins).exists():
        begins += _INSTANT
    return begins


def _after(row: Price | WholesalePrice, proposed_by: str) -> dict[str, Any]:
    made: dict[str, Any] = {"price": str(money_of(row)), "valid_from": row.valid_from.isoformat()}
    if row.valid_until is not None:
        made["valid_until"] = row.valid_until.isoformat()
    if proposed_by:
        made["proposed_by"] = proposed_by
    return made
