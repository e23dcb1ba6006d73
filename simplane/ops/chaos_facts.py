"""Collects the facts for a verdict: the stand-ins' books over HTTP, ours from the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from simplane.ops.chaos_verdict import Attempt, Esim, Facts, SoldLine, UnitHere
from simplane.ops.scratch import Failed
from simplane.ops.stage import DEMO_SHOP, Stage, call

MOST_MAILS = 10_000


def collect(stage: Stage) -> Facts:
    """Everything as it stands now."""
    return Facts(
        sold=_sold(stage),
        esims=[esim for supplier in ("esimgo", "esimaccess") for esim in _esims(stage, supplier)],
        attempts=_attempts(),
        units=_units(),
        known=_lines_without_units(),
        mails=_mails(stage),
    )


def _sold(stage: Stage) -> list[SoldLine]:
    """Paid lines that are eSIMs: whatever is not shipped."""
    books = stage.control("shopify", f"shops/{DEMO_SHOP}/books", method="GET")
    return [
        SoldLine(
            order=str(order["order_id"]),
            name=order["reference"],
            line=str(line["id"]),
            quantity=line["quantity"],
            current=0 if order["cancelled"] else line["current"],
            fulfilled=line["fulfilled"],
        )
        for order in books["orders"]
        if order["charged_minor"] >= order["total_minor"]
        for line in order["lines"]
        if not line["requires_shipping"]
    ]


def _esims(stage: Stage, supplier: str) -> list[Esim]:
    orders: list[dict[str, Any]] = stage.control(supplier, "books", method="GET")["orders"]
    return [
        Esim(
            supplier=supplier,
            order_id=order["order_id"],
            reference=order["reference"] or "",
            given_back=order["refunded_minor"] >= order["charged_minor"],
        )
        for order in orders
        for _ in range(order["quantity"])
        if not order["topup"]
    ]


def _attempts() -> list[Attempt]:
    from simplane.suppliers.models import Purchase

    rows = Purchase.objects.values_list("unit_id", "supplier__vendor", "supplier_order_id", "reference", "state")
    return [
        Attempt(unit_id=unit_id, supplier=supplier, order_id=order_id, reference=reference, state=state)
        for unit_id, supplier, order_id, reference, state in rows
    ]


def _units() -> list[UnitHere]:
    from simplane.delivery.models import Message
    from simplane.ordering.models import Unit

    mails: defaultdict[int, list[str]] = defaultdict(list)
    of_message: dict[str, int] = {}
    for pk, unit_id, message_id in Message.objects.filter(kind="esim_ready").values_list("pk", "unit_id", "message_id"):
        assert unit_id is not None
        mails[unit_id].append(message_id)
        of_message[str(pk)] = unit_id
    trouble = _trouble(of_message)
    rows = Unit.objects.order_by("pk").values_list("pk", "external_order", "external_line", "state")
    return [
        UnitHere(pk=pk, order=order, line=line, state=state, trouble=trouble[pk], mails=mails[pk])
        for pk, order, line, state in rows
    ]


def _trouble(of_message: dict[str, int]) -> defaultdict[int, list[str]]:
    """Causes of open dead letters by unit, those of a unit's mail with its own."""
    from simplane.core.models import DeadLetter

    found: defaultdict[int, list[str]] = defaultdict(list)
    rows = DeadLetter.objects.filter(resolved_at__isnull=True).values_list("kind", "subject_id", "cause")
    for kind, subject, cause in rows:
        if kind == "unit":
            found[int(subject)].append(cause)
        elif kind == "message" and subject in of_message:
            found[of_message[subject]].append(cause)
    return found


def _lines_without_units() -> dict[tuple[str, str], str]:
    """Why a line we know owes nothing (yet): its SKU is not mapped, or its order is held. A person was told of both."""
    from simplane.ordering.models import Order, OrderLine

    rows = OrderLine.objects.values_list(
        "order__external_id", "external_id", "state", "order__state", "order__hold_reason"
    )
    found = {}
    for order, line, state, order_state, hold in rows:
        if state == OrderLine.State.NEEDS_MAPPING:
            found[order, line] = "dead letter: sku_unknown"
        elif order_state == Order.State.HELD:
            found[order, line] = f"held: {hold}"
    return found


def _mails(stage: Stage) -> Counter[str]:
    page = call(f"{stage.url('mail')}/api/messages?limit={MOST_MAILS}", method="GET")["messages"]
    if len(page) == MOST_MAILS:
        raise Failed(f"the catcher lists at most {MOST_MAILS} mails: run with fewer orders")
    return Counter(one["message_id"] for one in page)
