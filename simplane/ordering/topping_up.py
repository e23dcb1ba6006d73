"""Adding data to an eSIM, or putting another plan on it: what fits, and the order for it, one like any other, of one unit."""

from __future__ import annotations

import json
from dataclasses import dataclass

import psycopg
from psycopg.errors import UniqueViolation

from simplane.catalog.models import Terms
from simplane.catalog.shelf import Priced, priced, shelf
from simplane.catalog.wholesale import terms_of
from simplane.core import clock, jobs
from simplane.core.batches import NotDone
from simplane.core.errors import Refusal
from simplane.core.models import StoredAnswer
from simplane.lines.models import Line, PlanChange
from simplane.lines.queries import is_over, supplier_ref
from simplane.lines.service import top_ups
from simplane.ordering import states
from simplane.ordering.models import Unit
from simplane.ordering.placing import SECONDS, OrderWanted, Placed, place_one
from simplane.organizations.models import Organization
from simplane.routing.models import Match
from simplane.suppliers import registry
from simplane.suppliers.models import Offer


class CanNotFill(Refusal):
    """This eSIM takes no data now."""

    code = "not_now"
    status = 409


class DoesNotFit(Refusal):
    """This product can not be put on this eSIM."""

    code = "does_not_fit"
    status = 422


@dataclass(frozen=True, slots=True)
class Topping:
    """An order of one product for one eSIM. `counted`: the key's rate was taken for this call before.

    `instead`: it takes the place of the eSIM's plan.
    """

    unit: Unit
    order: OrderWanted
    counted: bool
    dry: bool = False
    instead: bool = False


def choices(unit: Unit) -> list[Priced]:
    """The products that may be put on the eSIM of a unit, at its owner's prices, the cheapest first.

    Asks its supplier. Raises CanNotFill, and as `lines.service.top_ups`.
    """
    line = _fillable(unit)
    terms = terms_of(unit.organization)
    return _priced(line, terms, top_ups(line.pk)) if terms else []


def exchangeable(unit: Unit) -> list[Priced]:
    """The products whose plan may take the place of the one on a unit's eSIM. Raises as `choices`."""
    line = _fillable(unit)
    if _way(line) != PlanChange.Way.NATIVE:
        return choices(unit)
    if is_over(line):
        raise CanNotFill("this eSIM has ended", fix="order a new one")
    terms = terms_of(unit.organization)
    return _priced(line, terms, None) if terms else []


def _way(line: Line) -> PlanChange.Way:
    """How its supplier changes plans. Raises CanNotFill when it does not."""
    way = registry.capabilities(line.supplier).change_plan
    if way == "no":
        raise CanNotFill("its supplier changes no plans", fix="order an eSIM on the other plan, then end this one")
    return PlanChange.Way(way)


def may_take(unit: Unit) -> bool:
    """Whether an eSIM takes data, as far as we know (needs `line__supplier`, `line__purchase__offer` loaded)."""
    line = unit.line
    if line is None or is_over(line) or unit.state in states.GONE or unit.cancel_wanted:
        return False
    return line.purchase.offer.top_up and registry.capabilities(line.supplier).top_up


def order_id(placed: Placed) -> str:
    """The public id of an order that is placed."""
    return str(json.loads(placed.body or "{}")["id"])


def order(wanted: Topping) -> Placed:
    """Place the order; `dry`: say what it would come to. A key that was used before is answered as it was then.

    Raises CanNotFill, DoesNotFit, NotDone, and as `lines.service.top_ups`; nothing was changed then.
    """
    (line,) = wanted.order.lines
    if not _known(wanted.unit.organization, wanted.order.idempotency_key):
        fits = exchangeable(wanted.unit) if wanted.instead else choices(wanted.unit)
        if line.sku not in {one.product.sku for one in fits}:
            raise DoesNotFit(f"{line.sku} can not be put on this eSIM", fix="choose another one")
    try:
        placed = _place(wanted)
    except UniqueViolation:
        raise CanNotFill("data is being added to this eSIM already", fix="wait until that is done") from None
    except psycopg.Error as error:
        raise NotDone(type(error).__name__) from error
    if placed.code == "created" and not wanted.dry:
        jobs.wake_workers("supplier")
    return placed


def _fillable(unit: Unit) -> Line:
    if unit.line is None or unit.state in states.GONE or unit.cancel_wanted:
        raise CanNotFill("this eSIM was given back", fix="order a new one")
    if Unit.objects.filter(tops_up=unit).exclude(state__in=states.ENDED).exists():
        raise CanNotFill("data is being added to this eSIM already", fix="wait until that is done")
    return unit.line


def _priced(line: Line, terms: Terms, codes: frozenset[str] | None) -> list[Priced]:
    """Products on sale whose approved offer at the line's supplier is one that fits; None: all of them do."""
    offers = Offer.objects.filter(supplier_id=line.supplier_id, state=Offer.State.ACTIVE)
    if codes is not None:
        offers = offers.filter(code__in=codes)
    matched = Match.objects.filter(offer__in=offers, state=Match.State.APPROVED).values("product_id")
    rows = shelf(terms).filter(pk__in=matched)
    return sorted(priced(rows, terms.currency), key=lambda one: (one.price.minor, one.product.sku))


def _known(owner: Organization, key: str) -> bool:
    return StoredAnswer.objects.filter(organization_id=owner.pk, key=key).exists()


def _place(wanted: Topping) -> Placed:
    """By the same function as all orders, on a connection of its own: its commit also says which eSIM is filled."""
    with psycopg.connect(**jobs.connection_parameters(), autocommit=True) as own:
        own.execute(f"SET statement_timeout = '{SECONDS}s'")
        with own.transaction(force_rollback=wanted.dry):
            if wanted.counted:
                own.execute(NOT_TWICE, [wanted.order.key_hash])
            placed = place_one(own, wanted.order)
            if placed.code == "created":
                own.execute(BIND, [wanted.unit.pk, wanted.order.public_id])
                if wanted.instead:
                    own.execute(INSTEAD, _change(wanted))
    return placed


def _change(wanted: Topping) -> dict[str, object]:
    line = wanted.unit.line
    assert line is not None
    known = supplier_ref(line)
    return {
        "order": wanted.order.public_id,
        "line": line.pk,
        "way": _way(line),
        "old_order": known.order_id,
        "old_offer": known.offer_code,
        "now": clock.now(),
    }


INSTEAD = """
INSERT INTO lines_planchange (unit_id, line_id, way, old_order_id, old_offer_code, asked_at)
SELECT u.id, %(line)s, %(way)s, %(old_order)s, %(old_offer)s, %(now)s
FROM ordering_unit AS u JOIN ordering_order AS o ON o.id = u.order_id WHERE o.public_id = %(order)s
"""
BIND = """
UPDATE ordering_unit SET tops_up_id = %s WHERE order_id = (SELECT id FROM ordering_order WHERE public_id = %s)
"""
NOT_TWICE = """
UPDATE core_ratelimit AS x SET theoretical_arrival = x.theoretical_arrival - make_interval(secs => 60.0 / r.rate_per_minute)
FROM organizations_apikey AS k JOIN organizations_apikey AS r ON r.id = coalesce(k.parent_id, k.id)
WHERE k.hash = %s AND x.key = 'api:' || r.id
"""
"""The function counts a call as well."""
