"""A unit with the rows its next step reads.

Not one join of eight tables: the server would plan that join anew every time, for longer than all else takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from simplane.catalog.models import Product
from simplane.core import rows
from simplane.lines.models import Line
from simplane.ordering.models import Customer, Order, Unit
from simplane.suppliers.models import Offer, Purchase, Supplier

_ORDER = {"o": Order, "c": Customer, "p": Product}
_FROM_ORDER = (
    "ordering_order o JOIN ordering_customer c ON c.id = o.customer_id, catalog_product p WHERE o.id = %s AND p.id = %s"
)
_FROM_ORDERS = "ordering_order o JOIN ordering_customer c ON c.id = o.customer_id WHERE o.id = ANY(%s)"
_PURCHASE = {"p": Purchase, "s": Supplier, "o": Offer}
_FROM_PURCHASE = (
    "suppliers_purchase p JOIN suppliers_supplier s ON s.id = p.supplier_id"
    " JOIN suppliers_offer o ON o.id = p.offer_id WHERE p.id = %s"
)


def with_all_it_needs(unit: Unit) -> None:
    """Order with customer, product, and where there are any: purchase with supplier and offer, line."""
    (found,) = rows.together(_ORDER, _FROM_ORDER, [unit.order_id, unit.product_id])
    unit.order, unit.product = found["o"], found["p"]
    unit.order.customer = found["c"]
    if unit.purchase_id is not None:
        (found,) = rows.together(_PURCHASE, _FROM_PURCHASE, [unit.purchase_id])
        unit.purchase = found["p"]
        found["p"].supplier, found["p"].offer = found["s"], found["o"]
    if unit.line_id is not None:
        unit.line = rows.first(Line, "WHERE t.id = %s", [unit.line_id])
    if unit.tops_up_id is not None:
        related = ("line__supplier", "line__purchase__offer", "order")
        unit.tops_up = Unit.objects.select_related(*related).get(pk=unit.tops_up_id)


def line_of(unit: Unit) -> Line:
    """The eSIM of a unit, or the one that it fills. Only of one that is bought, or a top-up."""
    line = unit.tops_up.line if unit.tops_up else unit.line
    assert line is not None
    return line


def with_order_and_product(units: Sequence[Unit]) -> None:
    """Several units with their orders, customers and products, each read once."""
    if not units:
        return
    orders = rows.together({"o": Order, "c": Customer}, _FROM_ORDERS, [list({unit.order_id for unit in units})])
    for found in orders:
        found["o"].customer = found["c"]
    by_id = {found["o"].pk: found["o"] for found in orders}
    wanted = list({unit.product_id for unit in units})
    products = {one.pk: one for one in rows.load(Product, "WHERE t.id = ANY(%s)", [wanted])}
    for unit in units:
        unit.order, unit.product = by_id[unit.order_id], products[unit.product_id]
