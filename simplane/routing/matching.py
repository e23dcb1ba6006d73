"""Which offers may serve which product: proposed in SQL for all of a catalogue, decided by a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from simplane.catalog.models import Product
from simplane.core import audit, clock, context
from simplane.core.db import needs_transaction, transaction
from simplane.routing.equivalence import KEEPS, compare
from simplane.routing.errors import BrokenPromise, UnknownMatch
from simplane.routing.models import Match
from simplane.suppliers.catalog_review import lift_review
from simplane.suppliers.models import Offer

State = Match.State
NEAREST, CHEAPEST = 10, 10
"""Offers proposed for a product at each supplier: the closest ones and the cheapest ones that keep the promise."""

FITTING = f"""
WITH fitting AS (
  SELECT product.id AS product_id, offer.id AS offer_id, offer.supplier_id, offer.cost_minor,
         coalesce(offer.data_bytes::float / product.data_bytes, 1) + offer.days::float / product.days
           + 0.1 * cardinality(offer.countries) / cardinality(product.countries) AS surplus
    FROM catalog_product AS product
    JOIN suppliers_offer AS offer ON {KEEPS}
   WHERE product.active AND offer.state IN ('active', 'review')
     AND (%(products)s::bigint[] IS NULL OR product.id = ANY (%(products)s::bigint[]))
     AND (%(supplier)s::bigint IS NULL OR offer.supplier_id = %(supplier)s::bigint)
), placed AS (
  SELECT product_id, offer_id,
         row_number() OVER (PARTITION BY product_id, supplier_id ORDER BY surplus, cost_minor, offer_id) AS near,
         row_number() OVER (PARTITION BY product_id, supplier_id ORDER BY cost_minor, surplus, offer_id) AS cheap
    FROM fitting
)
SELECT product_id, offer_id FROM placed WHERE near <= %(nearest)s OR cheap <= %(cheapest)s
"""  # noqa: S608  one constant text, no input

# A rejected pair comes up again only when the offer's content is another; an approved one keeps its review.
PROPOSE = """
INSERT INTO routing_match AS known (product_id, offer_id, state, score, differences, offer_hash, proposed_at, reviewed_by)
SELECT one.product_id, one.offer_id, 'proposed', one.score, one.differences, one.offer_hash, %(now)s, ''
  FROM jsonb_to_recordset(%(rows)s)
    AS one (product_id bigint, offer_id bigint, score int, differences jsonb, offer_hash text)
ON CONFLICT (product_id, offer_id) DO UPDATE
   SET score = EXCLUDED.score, differences = EXCLUDED.differences, offer_hash = EXCLUDED.offer_hash, state = 'proposed',
       proposed_at = CASE WHEN known.state = 'proposed' THEN known.proposed_at ELSE EXCLUDED.proposed_at END
 WHERE (known.state = 'proposed' AND (known.score, known.differences, known.offer_hash)
          IS DISTINCT FROM (EXCLUDED.score, EXCLUDED.differences, EXCLUDED.offer_hash))
    OR (known.state = 'rejected' AND known.offer_hash <> EXCLUDED.offer_hash)
RETURNING xmax = 0
"""

WITHDRAW = """
DELETE FROM routing_match AS known USING suppliers_offer AS offer
 WHERE known.state = 'proposed' AND offer.id = known.offer_id
   AND (%(products)s::bigint[] IS NULL OR known.product_id = ANY (%(products)s::bigint[]))
   AND (%(supplier)s::bigint IS NULL OR offer.supplier_id = %(supplier)s::bigint)
   AND NOT EXISTS (SELECT FROM jsonb_to_recordset(%(rows)s) AS one (product_id bigint, offer_id bigint)
                    WHERE one.product_id = known.product_id AND one.offer_id = known.offer_id)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a round of proposing did."""

    new: int
    renewed: int
    withdrawn: int


def propose(*, product_ids: Iterable[int] | None = None, supplier_id: int | None = None) -> Proposal:
    """Propose offers that keep the promise of products (all, or these; of all suppliers, or one). Approves nothing.

    Repeating it changes nothing. Proposals that no longer hold are withdrawn; reviewed matches stay as they are.
    """
    scope: dict[str, Any] = {
        "products": None if product_ids is None else list(product_ids),
        "supplier": supplier_id,
        "nearest": NEAREST,
        "cheapest": CHEAPEST,
        "now": clock.now(),
    }
    with transaction(), connection.cursor() as cursor:
        cursor.execute(FITTING, scope)
        scope["rows"] = Jsonb(_compared(cursor.fetchall()))
        cursor.execute(PROPOSE, scope)
        inserted = [row[0] for row in cursor.fetchall()]
        cursor.execute(WITHDRAW, scope)
        return Proposal(new=inserted.count(True), renewed=inserted.count(False), withdrawn=cursor.rowcount)


def _compared(pairs: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    products = Product.objects.in_bulk({product_id for product_id, _ in pairs})
    offers = Offer.objects.defer("raw").in_bulk({offer_id for _, offer_id in pairs})
    made = []
    for product_id, offer_id in sorted(pairs):
        found = compare(products[product_id], offers[offer_id])
        made.append(
            {
                "product_id": product_id,
                "offer_id": offer_id,
                "score": found.score,
                "differences": found.differences,
                "offer_hash": offers[offer_id].content_hash,
            }
        )
    return made


def approve(match_ids: Iterable[int], *, note: str = "") -> int:
    """Let these offers serve their products, with their content as it is now. Returns how many.

    Raises UnknownMatch, or BrokenPromise when one of them lacks something promised; then none is approved.
    """
    with transaction():
        matches = _locked(match_ids)
        for match in matches:
            approve_one(match, note=note)
        return len(matches)


def reject(match_ids: Iterable[int], *, note: str = "") -> int:
    """Never let these offers serve their products, until their content changes. Returns how many. Raises UnknownMatch."""
    with transaction():
        matches = _locked(match_ids)
        for match in matches:
            _review(match, State.REJECTED, "match.rejected", note)
        return len(matches)


def approve_offers(offer_ids: Iterable[int], *, note: str = "") -> int:
    """A person looked at offers in review: sell them again, also under their approved matches that still keep the promise.

    Matches that no longer do stay unusable until somebody decides on them. Returns how many offers were in review.
    """
    ids = list(offer_ids)
    with transaction():
        lifted = lift_review(ids, note=note)
        approved = Match.objects.select_for_update(of=("self",)).filter(offer__in=ids, state=State.APPROVED)
        for match in approved.select_related("product", "offer").order_by("pk"):
            if match.offer_hash != match.offer.content_hash and not compare(match.product, match.offer).missing:
                approve_one(match, note=note)
        return lifted


@needs_transaction
def put_match(product: Product, offer: Offer, *, note: str) -> bool:
    """Part of a write: approve this pair unless somebody decided on it before. True when that changed something.

    Raises BrokenPromise.
    """
    known = Match.objects.select_for_update().filter(product=product, offer=offer).first()
    if known is not None and known.state != State.PROPOSED:
        return False
    match = known or Match(product=product, offer=offer, proposed_at=clock.now())
    match.product, match.offer = product, offer
    approve_one(match, note=note)
    return True


@needs_transaction
def approve_one(match: Match, *, note: str) -> None:
    """Part of a write: approve one match, with product and offer loaded. Raises BrokenPromise."""
    missing = compare(match.product, match.offer).missing
    if missing:
        raise BrokenPromise(
            f"{match.offer.code} does not keep the promise of {match.product.sku}: {'; '.join(missing)}",
            fix="choose another offer, or change the product",
        )
    _review(match, State.APPROVED, "match.approved", note)


def _review(match: Match, state: Match.State, action: str, note: str) -> None:
    found = compare(match.product, match.offer)
    before = {"state": match.state, "offer_hash": match.offer_hash} if match.pk else None
    match.state, match.offer_hash = state, match.offer.content_hash
    match.score, match.differences = found.score, found.differences
    match.reviewed_at, match.reviewed_by = clock.now(), context.actor()[:120]
    match.save()
    after = {"state": state.value, "product": match.product.sku, "offer": match.offer.code}
    audit.note(action, "match", match.pk, before=before, after=after, reason=note)


def _locked(match_ids: Iterable[int]) -> list[Match]:
    ids = set(match_ids)
    rows = Match.objects.select_for_update(of=("self",)).filter(pk__in=ids).select_related("product", "offer")
    found = list(rows.order_by("pk"))
    if len(found) != len(ids):
        raise UnknownMatch("one of these matches is no longer there", fix="load the page again")
    return found
