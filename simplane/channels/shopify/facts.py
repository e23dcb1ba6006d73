"""Bodies that are no order: refunds, edits, disputes, risk, holds, privacy. Only what is needed of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simplane.channels.shopify.text import JSON, BadBody, amount, member, moment, number_id, objects, text
from simplane.core.money import Money


@dataclass(frozen=True, slots=True)
class RefundFact:
    """refunds/create: money went back, with or without units."""

    order: str
    has_lines: bool
    money: Money | None
    note: str


@dataclass(frozen=True, slots=True)
class DisputeFact:
    """disputes/*: the buyer's bank asks for the money back."""

    dispute: str
    order: str
    status: str
    reason: str
    money: Money
    evidence_due: datetime | None

    @property
    def won(self) -> bool:
        """Decided for the merchant."""
        return self.status == "won"


@dataclass(frozen=True, slots=True)
class RiskFact:
    """orders/risk_assessment_changed."""

    order: str
    level: str


@dataclass(frozen=True, slots=True)
class CustomerFact:
    """customers/*: whose data, and of which orders."""

    email: str
    orders: tuple[str, ...]
    request: str


def refund(body: JSON) -> RefundFact:
    """A refunds/create body."""
    lines = objects(body, "refund_line_items")
    paid = [one for one in objects(body, "transactions") if text(one.get("kind"), 20) == "refund"]
    if "refund_line_items" not in body or "order_id" not in body:
        raise BadBody("no refund")
    sums = [amount(one.get("amount"), text(one.get("currency"), 3), "amount") for one in paid]
    # Parts in different currencies are not added up; the read that follows books the sum.
    same = {one.currency for one in sums}
    money = Money(sum(one.minor for one in sums), same.pop()) if len(same) == 1 else None
    return RefundFact(number_id(body["order_id"], "the order"), bool(lines), money, text(body.get("note"), 500))


def edited_order(body: JSON) -> str:
    """The order of an orders/edited body."""
    return number_id(member(body, "order_edit").get("order_id"), "the order")


def dispute(body: JSON) -> DisputeFact:
    """A disputes/* body."""
    currency = text(body.get("currency"), 3)
    due = body.get("evidence_due_by")
    status = text(body.get("status"), 30)
    if not status or "initiated_at" not in body:
        raise BadBody("no dispute")
    return DisputeFact(
        number_id(body.get("id"), "the dispute"),
        number_id(body.get("order_id"), "the order"),
        status,
        text(body.get("reason"), 60),
        amount(body.get("amount"), currency, "amount"),
        moment(due, "evidence_due_by") if due else None,
    )


def risk(body: JSON) -> RiskFact:
    """An orders/risk_assessment_changed body."""
    return RiskFact(
        number_id(body.get("admin_graphql_api_order_id"), "the order"), text(body.get("risk_level"), 20).lower()
    )


def fulfilment_order(body: JSON) -> str:
    """The fulfilment order of a fulfillment_orders/* body."""
    return number_id(member(body, "fulfillment_order").get("id"), "the fulfilment order")


def event_order(body: JSON) -> str:
    """The order of a next-generation Event."""
    return number_id(member(member(body, "data"), "order").get("id"), "the order")


def customer(body: JSON) -> CustomerFact:
    """A customers/data_request or customers/redact body."""
    found = body.get("orders_to_redact", body.get("orders_requested"))
    if not isinstance(found, list) or "customer" not in body:
        raise BadBody("no privacy request")
    return CustomerFact(
        text(member(body, "customer").get("email"), 320).strip(),
        tuple(number_id(one, "an order") for one in found),
        text(str(member(body, "data_request").get("id", "")), 40),
    )


def shop_domain(body: JSON) -> str:
    """The domain in a body about the whole shop."""
    return text(body.get("myshopify_domain") or body.get("shop_domain"), 120).lower()
