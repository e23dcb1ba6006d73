"""Deciding which offer serves a unit, writing down why, and going through a decision again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection

from simplane.catalog import queries as catalog
from simplane.catalog.errors import BadPrice
from simplane.catalog.models import Product
from simplane.core import clock
from simplane.core.db import needs_transaction
from simplane.core.money import Money
from simplane.routing.errors import UnknownReceipt
from simplane.routing.facts import Request, collect
from simplane.routing.models import Receipt
from simplane.routing.rank import VERSION, rank
from simplane.routing.values import Facts, Ranking, Verdict
from simplane.routing.winner import load
from simplane.suppliers.models import Offer, Supplier

MOST_STORED = 50
"""Candidates of a receipt that are kept one by one; of the others only how many lost for which reason."""
_NOT_LISTED = {"offer_id": None, "supplier": "", "code": "", "value_minor": None, "verdict": "not listed"}
_json = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What routing decided. Without an offer nothing may be bought; `temporary` says that this may pass soon."""

    receipt_id: int
    offer: Offer | None
    supplier: Supplier | None
    why: str
    temporary: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision that was only thought through: the facts now, and what they lead to."""

    facts: Facts
    ranking: Ranking
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A stored decision beside the same facts ranked again."""

    receipt_id: int
    same: bool
    """Same winner, same order, same values and same words. Another version may differ; of very old facts `again` is empty."""
    version: int
    version_now: int
    stored: list[dict[str, Any]]
    again: list[dict[str, Any]]


@needs_transaction
def choose(
    *,
    unit_id: int | None,
    product: Product,
    price: Money,
    refused_offers: frozenset[int],
    refused_groups: frozenset[str],
    stand_ins_only: bool,
) -> Chosen:
    """Decide which offer to buy for a unit and write the receipt. Part of the caller's transaction."""
    request = Request(
        price=price, refused_offers=refused_offers, refused_groups=refused_groups, stand_ins_only=stand_ins_only
    )
    facts = collect(product, request)
    ranking = rank(facts)
    winner = ranking.chosen
    receipt_id = _write(unit_id, product, facts, ranking)
    offer = load(winner.offer_id) if winner else None
    return Chosen(
        receipt_id=receipt_id,
        offer=offer,
        supplier=offer.supplier if offer else None,
        why=in_short(facts, ranking),
        temporary=ranking.temporary,
    )


def explain(sku: str, price: Money | None = None, *, stand_ins_only: bool = False) -> Explanation:
    """What would be decided now, at a price (the list price in force). Writes nothing. Raises UnknownProduct, BadPrice."""
    product = catalog.product(sku)
    asked = price or next(iter(catalog.prices_in_force(product.pk)), None)
    if asked is None:
        raise BadPrice(f"{sku} has no list price in force", fix="give a price, or set one")
    facts = collect(product, Request(price=asked, stand_ins_only=stand_ins_only, all_matches=True))
    ranking = rank(facts)
    return Explanation(facts=facts, ranking=ranking, why=in_short(facts, ranking))


def replay(receipt_id: int) -> Replay:
    """Rank the facts of a receipt again. Writes nothing. Raises UnknownReceipt."""
    receipt = Receipt.objects.filter(pk=receipt_id).first()
    if receipt is None:
        raise UnknownReceipt(f"there is no routing receipt {receipt_id}")
    try:
        facts = msgspec.convert(receipt.facts, Facts)
    except msgspec.ValidationError:
        again = []  # written by a version whose facts were others
    else:
        again = stored_candidates(facts, rank(facts))
    return Replay(
        receipt_id=receipt.pk,
        same=again == receipt.candidates,
        version=receipt.version,
        version_now=VERSION,
        stored=receipt.candidates,
        again=again,
    )


def in_short(facts: Facts, ranking: Ranking) -> str:
    """One sentence for the timeline and the dead letter."""
    winner = ranking.chosen
    if winner is not None:
        return f"{winner.supplier} {winner.code}: {winner.reasons[0]}"
    if not facts.candidates:
        waiting = f"; {facts.not_approved} proposed or rejected" if facts.not_approved else ""
        return f"no offer is approved for {facts.sku}{waiting}"
    reasons = Counter(one.reasons[0] for one in ranking.verdicts)
    return "no offer may be bought: " + "; ".join(f"{count} × {reason}" for reason, count in reasons.most_common(3))


def stored_candidates(facts: Facts, ranking: Ranking) -> list[dict[str, Any]]:
    """The verdicts as a receipt keeps them: the first MOST_STORED, then one line a reason for the rest."""
    kept = [_stored(one) for one in ranking.verdicts[:MOST_STORED]]
    rest = Counter(
        one.reasons[0] if one.verdict == "refused" else "worth less" for one in ranking.verdicts[MOST_STORED:]
    )
    if facts.not_approved:
        rest["match is not approved"] += facts.not_approved
    return kept + [{**_NOT_LISTED, "reasons": [f"{count} × {reason}"]} for reason, count in sorted(rest.items())]


def _stored(one: Verdict) -> dict[str, Any]:
    return {
        "offer_id": one.offer_id,
        "supplier": one.supplier,
        "code": one.code,
        "value_minor": one.value_minor,
        "verdict": one.verdict,
        "reasons": list(one.reasons),
    }


def _write(unit_id: int | None, product: Product, facts: Facts, ranking: Ranking) -> int:
    winner = ranking.chosen
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO routing_receipt (unit_id, product_id, decided_at, chosen_id, price_minor, currency, facts,"
            " candidates, version) VALUES (%s, %s, %s, %s, %s, %s, %s::jsonb, %s::jsonb, %s) RETURNING id",
            [
                unit_id,
                product.pk,
                clock.now(),
                winner.offer_id if winner else None,
                facts.price_minor,
                facts.currency,
                _json.encode(facts).decode(),
                _json.encode(stored_candidates(facts, ranking)).decode(),
                VERSION,
            ],
        )
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])
