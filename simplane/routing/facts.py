"""Everything a decision rests on: one query for the product's candidates, rules and balances; statistics as remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection

from simplane.catalog import queries as catalog
from simplane.catalog.exchange import Rates, exchanged
from simplane.catalog.models import Product
from simplane.core import clock
from simplane.core.money import Money, precision
from simplane.routing import stats
from simplane.routing.equivalence import KEEPS, compare
from simplane.routing.values import Candidate, Facts, RuleFact
from simplane.suppliers import registry
from simplane.suppliers.breakers import breaker_states
from simplane.suppliers.models import Offer, Supplier

BUYING = "order"
"""Name of the buying operation at the circuit breakers."""

SQL = f"""
SELECT context.*, offer.id, offer.code, supplier.id, supplier.code, supplier.upstream_group, match.state,
       match.offer_hash = offer.content_hash, offer.state, offer.review_reason, supplier.active,
       CASE WHEN supplier.paused_until <= %(now)s THEN '' ELSE supplier.paused_reason END, supplier.is_stand_in,
       {KEEPS}, supplier.vendor || supplier.options::text, offer.cost_minor, offer.currency,
       supplier.handling_minor, supplier.float_minor, supplier.float_currency
  FROM (SELECT (SELECT max(id) FROM catalog_exchangerate) AS newest_rate,
               (SELECT count(*) FROM routing_match WHERE product_id = %(product)s AND state <> 'approved') AS not_approved,
               (SELECT json_agg(json_build_object('rule_id', id, 'kind', kind, 'supplier_id', supplier_id, 'offer_id', offer_id,
                         'amount_minor', amount_minor, 'reason', reason) ORDER BY id)::text
                  FROM routing_rule WHERE active AND (valid_until IS NULL OR valid_until > %(now)s)
                   AND (product_id IS NULL OR product_id = %(product)s)) AS rules,
               (SELECT json_agg(json_build_array(currency, amount_minor, floor_minor))::text FROM (
                  SELECT currency, amount_minor, floor_minor FROM catalog_wholesaleprice
                   WHERE product_id = %(product)s AND floor_minor IS NOT NULL
                  UNION ALL SELECT currency, amount_minor, floor_minor FROM catalog_price
                   WHERE product_id = %(product)s AND floor_minor IS NOT NULL) AS exception) AS floors) AS context
  LEFT JOIN (routing_match AS match
       JOIN catalog_product AS product ON product.id = match.product_id
       JOIN suppliers_offer AS offer ON offer.id = match.offer_id
       JOIN suppliers_supplier AS supplier ON supplier.id = offer.supplier_id)
    ON match.product_id = %(product)s AND (match.state = 'approved' OR %(all)s)
 ORDER BY offer.id
"""  # noqa: S608  one constant text, no input


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of routing, beside the product."""

    price: Money
    refused_offers: frozenset[int] = frozenset()
    refused_groups: frozenset[str] = frozenset()
    stand_ins_only: bool = False
    only_supplier: int | None = None
    """The one whose eSIM is filled; no other can."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What stands in the database about a product's candidates at one moment, for all who ask in that moment."""

    product: Product
    all_matches: bool
    """Also candidates nobody approved, to explain them."""
    newest_rate: int | None
    not_approved: int
    rules: tuple[RuleFact, ...]
    floors: Mapping[tuple[str, int], int]
    """Of prices that a person approved below the least margin, by currency and amount: how little they may leave."""
    rows: Sequence[tuple[Any, ...]]


def look(product: Product, *, all_matches: bool = False) -> Shelf:
    """The shelf of a product now; one query."""
    values: dict[str, Any] = {"product": product.pk, "now": clock.now(), "all": all_matches}
    with connection.cursor() as cursor:
        cursor.execute(SQL, values)
        rows = cursor.fetchall()
    newest_rate, not_approved, rules, floors = rows[0][:4]
    return Shelf(
        product=product,
        all_matches=all_matches,
        newest_rate=newest_rate,
        not_approved=not_approved,
        rules=tuple(RuleFact(**one) for one in json.loads(rules or "[]")),
        floors=_floors(json.loads(floors or "[]")),
        rows=[row[4:] for row in rows if row[4] is not None],
    )


def facts_of(shelf: Shelf, request: Request) -> Facts:
    """What a decision on this request rests on."""
    product, price = shelf.product, request.price
    return Facts(
        sku=product.sku,
        price_minor=price.minor,
        currency=price.currency,
        worth_minor=price.minor or _list_price(product, price.currency),
        min_margin_minor=min(
            product.min_margin_minor, shelf.floors.get((price.currency, price.minor), product.min_margin_minor)
        ),
        refused_offers=tuple(sorted(request.refused_offers)),
        refused_groups=tuple(sorted(request.refused_groups)),
        stand_ins_only=request.stand_ins_only,
        only_supplier=request.only_supplier,
        stand_ins_allowed=settings.SIMPLANE.allow_stand_ins,
        not_approved=0 if shelf.all_matches else shelf.not_approved,
        rules=shelf.rules,
        candidates=_candidates(product, price.currency, shelf.rows, shelf.newest_rate),
    )


def _floors(approved: Sequence[tuple[str, int, int]]) -> dict[tuple[str, int], int]:
    """The same price approved twice counts with the lower floor."""
    found: dict[tuple[str, int], int] = {}
    for currency, amount, floor in approved:
        found[currency, amount] = min(floor, found.get((currency, amount), floor))
    return found


def _list_price(product: Product, currency: str) -> int:
    price = catalog.price_in_force(product.pk, currency)
    return price.minor if price else 0


def _candidates(
    product: Product, currency: str, rows: Sequence[tuple[Any, ...]], newest_rate: int | None
) -> tuple[Candidate, ...]:
    if not rows:
        return ()
    recent = stats.recent(frozenset(row[2] for row in rows))
    lacking = _lacking(product, rows)
    breakers = breaker_states()
    return tuple(
        _candidate(
            row,
            currency,
            rate=_rate(newest_rate, row[15], currency),
            recent=recent,
            lacks=lacking.get(row[0], ()),
            broken=breakers.get((row[3], BUYING)) == "open",
        )
        for row in rows
    )


def _candidate(
    row: tuple[Any, ...],
    currency: str,
    *,
    rate: Fraction | None,
    recent: stats.Stats,
    lacks: tuple[str, ...],
    broken: bool,
) -> Candidate:
    (offer_id, code, supplier_id, supplier, group, match, reviewed, state, note, active, paused, stand_in) = row[:12]
    (cost_minor, cost_currency, handling, float_minor, float_currency) = row[14:]
    record, own = recent.supplier(supplier_id), recent.offer(offer_id)
    digits = precision(currency) - precision(cost_currency)
    return Candidate(
        offer_id=offer_id,
        code=code,
        supplier_id=supplier_id,
        supplier=supplier,
        group=group,
        match=match,
        reviewed=reviewed,
        offer_state=state,
        offer_note=note,
        supplier_active=active,
        paused=paused,
        stand_in=stand_in,
        lacks=lacks,
        cost=str(Money(cost_minor, cost_currency)),
        cost_minor=None if rate is None else exchanged(cost_minor, rate, digits, up=True),
        handling_minor=handling,
        float_covers=float_minor >= cost_minor if float_minor is not None and float_currency == cost_currency else None,
        healthy=not broken and group not in recent.sick_groups,
        ok=own.ok,
        bad=own.bad,
        supplier_ok=record.ok,
        supplier_bad=record.bad,
        median_ms=record.median_ms,
    )


def _lacking(product: Product, rows: Sequence[tuple[Any, ...]]) -> dict[int, tuple[str, ...]]:
    """What was promised and an offer as it is now, or its supplier, does not give. Nearly always nothing.

    Approval checked it, but products change too, and networks do without review.
    """
    doubtful = [row[0] for row in rows if not row[12]]
    offers = Offer.objects.defer("raw").in_bulk(doubtful) if doubtful else {}
    lacking = {pk: compare(product, offer).missing for pk, offer in offers.items()}
    if product.top_up:
        for row in rows:
            if not _tops_up(row[2], row[13]):
                lacking[row[0]] = (*lacking.get(row[0], ()), "its supplier can not top up")
    return lacking


@lru_cache(maxsize=256)
def _tops_up(supplier_id: int, kind: str) -> bool:
    """Whether lines of this account can be topped up. `kind`, vendor and options: another version can do more."""
    del kind
    return registry.unshared(Supplier.objects.get(pk=supplier_id)).capabilities.top_up


def _rate(newest: int | None, base: str, quote: str) -> Fraction | None:
    return Fraction(1) if base == quote else _known_rate(newest, int(clock.now().timestamp()) // 60, base, quote)


@lru_cache(maxsize=256)
def _known_rate(newest: int | None, minute: int, base: str, quote: str) -> Fraction | None:
    """Rates are only ever added: the newest id says whether the remembered ones are all; the minute lets later ones begin."""
    del minute
    rates: Rates = catalog.rates_in_force()
    return rates.between(base, quote) if newest is not None else None
