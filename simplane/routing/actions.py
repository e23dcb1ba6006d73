"""Deciding which offer serves a unit, writing down why, and going through a decision again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
from simplane.routing.facts import Request, Shelf, facts_of, look
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """One decision asked for."""

    unit_id: int | None
    product: Product
    request: Request


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
    return choose_many([Wanted(unit_id, product, request)])[0]


@needs_transaction
def choose_many(wanted: Sequence[Wanted]) -> list[Chosen]:
    """As `choose`, for several units of one moment: what is equal is looked at and decided once. Each has its receipt."""
    shelves: dict[int, Shelf] = {}
    decided: dict[tuple[int, Request], _Decision] = {}
    mine = []
    for one in wanted:
        key = one.product.pk, one.request
        if key not in decided:
            if one.product.pk not in shelves:
                shelves[one.product.pk] = look(one.product)
            decided[key] = _decide(shelves[one.product.pk], key[1])
        mine.append(decided[key])
    receipts = _write(wanted, mine)
    return [
        Chosen(
            receipt_id=receipts[one.unit_id],
            offer=made.offer,
            supplier=made.offer.supplier if made.offer else None,
            why=made.why,
            temporary=made.temporary,
        )
        for one, made in zip(wanted, mine, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decision:
    """As it goes into the receipts of all who asked the same."""

    offer: Offer | None
    why: str
    temporary: bool
    facts: msgspec.Raw
    candidates: msgspec.Raw


def _decide(shelf: Shelf, request: Request) -> _Decision:
    found = facts_of(shelf, request)
    ranking = rank(found)
    return _Decision(
        offer=load(ranking.chosen.offer_id) if ranking.chosen else None,
        why=in_short(found, ranking),
        temporary=ranking.temporary,
        facts=msgspec.Raw(_json.encode(found)),
        candidates=msgspec.Raw(_json.encode(stored_candidates(found, ranking))),
    )


def explain(sku: str, price: Money | None = None, *, stand_ins_only: bool = False) -> Explanation:
    """What would be decided now, at a price (the list price in force). Writes nothing. Raises UnknownProduct, BadPrice."""
    product = catalog.product(sku)
    asked = price or next(iter(catalog.prices_in_force(product.pk)), None)
    if asked is None:
        raise BadPrice(f"{sku} has no list price in force", fix="give a price, or set one")
    found = facts_of(look(product, all_matches=True), Request(price=asked, stand_ins_only=stand_ins_only))
    ranking = rank(found)
    return Explanation(facts=found, ranking=ranking, why=in_short(found, ranking))


def replay(receipt_id: int) -> Replay:
    """Rank the facts of a receipt again. Writes nothing. Raises UnknownReceipt."""
    receipt = Receipt.objects.filter(pk=receipt_id).first()
    if receipt is None:
        raise UnknownReceipt(f"there is no routing receipt {receipt_id}")
    try:
        found = msgspec.convert(receipt.facts, Facts)
    except msgspec.ValidationError:
        again = []  # written by a version whose facts were others
    else:
        again = stored_candidates(found, rank(found))
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


def _write(wanted: Sequence[Wanted], made: Sequence[_Decision]) -> dict[int | None, int]:
    """The receipts by their units."""
    given = [
        {
            "unit_id": one.unit_id,
            "product_id": one.product.pk,
            "chosen_id": decision.offer.pk if decision.offer else None,
            "price_minor": one.request.price.minor,
            "currency": one.request.price.currency,
            "facts": decision.facts,
            "candidates": decision.candidates,
        }
        for one, decision in zip(wanted, made, strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [clock.now(), VERSION, _json.encode(given).decode()])
        return {unit_id: pk for pk, unit_id in cursor.fetchall()}


WRITE = """
INSERT INTO routing_receipt (unit_id, product_id, decided_at, chosen_id, price_minor, currency, facts, candidates, version)
SELECT unit_id, product_id, %s, chosen_id, price_minor, currency, facts, candidates, %s
FROM json_to_recordset(%s::json) AS one (unit_id bigint, product_id bigint, chosen_id bigint, price_minor bigint,
  currency text, facts jsonb, candidates jsonb)
RETURNING id, unit_id
"""
