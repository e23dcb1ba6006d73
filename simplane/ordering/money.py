"""What a unit's story means in the ledger. Each posting is named by its unit, so no repetition posts twice.

Wholesale: the order's price was held when it was placed; bought captures a unit's part of it, an end without an eSIM
releases it, an end after a sale refunds it. Retail: the shop collected the money; bought is the sale.
"""

from __future__ import annotations

from collections.abc import Sequence

from simplane.core.db import needs_transaction
from simplane.ledger.actions import capture, hold, part_key, post, post_many, release
from simplane.ledger.actions.post import Fact
from simplane.ledger.chart import Kind
from simplane.ledger.models import Hold, Ledger, Wallet
from simplane.ledger.queries import was_posted
from simplane.ledger.values import AccountRef, Posting
from simplane.ordering.models import Order, Unit
from simplane.suppliers.models import Purchase

RETAIL, WHOLESALE = "retail", "wholesale"


@needs_transaction
def sold(unit: Unit, purchase: Purchase) -> None:
    """The eSIM is bought: its price is earned and its cost owed. Needs `unit.order` and `purchase.supplier` loaded."""
    cost = _cost(purchase, purchase.cost_minor)
    sales = AccountRef(Kind.SALES, unit.currency, subject=unit.book)
    if unit.book == WHOLESALE and unit.price_minor:
        capture(
            _hold_key(unit), unit.price_minor, [(sales, unit.price_minor)], part=f"{unit.public_id}:sale", also=cost
        )
        return
    sale = [Posting(_clearing(unit), sales, unit.price_minor)] if unit.price_minor else []
    if sale or cost:
        post(_fact(unit, "sale"), [*sale, *cost])


@needs_transaction
def sold_many(bought: Sequence[tuple[Unit, Purchase]]) -> None:
    """As `sold`, for units of shops."""
    facts = []
    for unit, purchase in bought:
        sales = AccountRef(Kind.SALES, unit.currency, subject=unit.book)
        sale = [Posting(_clearing(unit), sales, unit.price_minor)] if unit.price_minor else []
        postings = [*sale, *_cost(purchase, purchase.cost_minor)]
        if postings:
            facts.append((_fact(unit, "sale"), postings))
    post_many(facts)


@needs_transaction
def undone(unit: Unit, state: str) -> None:
    """The unit ended without an eSIM in the buyer's hands: give back what was paid for it. Needs `unit.order` loaded."""
    if not unit.price_minor:
        return
    wholesale = unit.book == WHOLESALE
    sale = part_key(_hold_key(unit), _sale(unit)) if wholesale else _sale(unit)
    if not was_posted(sale, ledger=ledger_of(unit.order)):
        if wholesale:
            release(_hold_key(unit), unit.price_minor, part=_free(unit), reason="not delivered")
    elif wholesale or state in (Unit.State.CANCELLED, Unit.State.REFUNDED):
        wallet = AccountRef(Kind.WALLET, unit.currency, unit.organization_id)
        refunds = AccountRef(Kind.REFUNDS, unit.currency, subject=unit.book)
        back = Posting(refunds, wallet if wholesale else _clearing(unit), unit.price_minor)
        post(_fact(unit, "refund"), [back])


@needs_transaction
def recovered(unit: Unit, purchase: Purchase, minor: int) -> None:
    """The supplier gave back (a part of) what it charged."""
    if minor:
        back = [Posting(one.credit, one.debit, one.minor) for one in _cost(purchase, minor)]
        post(_fact(unit, "recovery"), back)


@needs_transaction
def owed_again(unit: Unit) -> None:
    """A unit that was given up is tried again: set its price aside once more. Raises InsufficientFunds."""
    if unit.book != WHOLESALE or not unit.price_minor:
        return
    if was_posted(part_key(_hold_key(unit), _free(unit)), ledger=ledger_of(unit.order)):
        wallet = Wallet.objects.get(organization_id=unit.organization_id, currency=unit.currency)
        number = Hold.objects.filter(key__startswith=f"{unit.public_id}:hold:").count() + 1
        hold(wallet, unit.price_minor, key=f"{unit.public_id}:hold:{number}", subject=unit.order.public_id)


def ledger_of(order: Order) -> Ledger:
    """Test orders are play money."""
    return Ledger.TEST if order.is_test else Ledger.LIVE


def _hold_key(unit: Unit) -> str:
    """Of the order as it was placed, or of the latest retry of this unit alone."""
    own = Hold.objects.filter(key__startswith=f"{unit.public_id}:hold:").order_by("-pk")
    return own.values_list("key", flat=True).first() or unit.order.public_id


def _sale(unit: Unit) -> str:
    return f"{unit.public_id}:sale"


def _free(unit: Unit) -> str:
    return f"{unit.public_id}:free"


def _fact(unit: Unit, kind: str) -> Fact:
    return Fact(kind=kind, key=f"{unit.public_id}:{kind}", subject=unit.order.public_id, ledger=ledger_of(unit.order))


def _clearing(unit: Unit) -> AccountRef:
    """What the shop collected and has not paid out."""
    return AccountRef(Kind.CLEARING, unit.currency, subject=unit.account)


def _cost(purchase: Purchase, minor: int) -> list[Posting]:
    if not minor:
        return []
    code, currency = purchase.supplier.code, purchase.currency
    cost = AccountRef(Kind.COST, currency, subject=code)
    return [Posting(cost, AccountRef(Kind.SUPPLIER_FLOAT, currency, subject=code), minor)]
