"""Fields of orders, lines and payments. What is not here is read by its name."""

from typing import Any

from sandbox.kit.books import JsonObject
from sandbox.shopify.ids import gid, stable_number
from sandbox.shopify.model import Dispute, Order, Transaction
from sandbox.shopify.money import graphql_money
from sandbox.shopify.refund import Units, everything, maximum, paybacks_for, suggested_minor
from sandbox.shopify.refusal import RefusedError
from sandbox.shopify.stamps import utc
from sandbox.shopify.totals import (
    current_total,
    financial_status,
    fulfilment_status,
    line_share,
    outstanding,
    received,
    refundable,
    refunded,
    total,
    unfulfilled,
)
from sandbox.shopify.view import Info, Of, Resolvers, money_bag, need_number, page

RECOMMENDATIONS = {"HIGH": "CANCEL", "MEDIUM": "INVESTIGATE", "LOW": "ACCEPT"}
DISPUTE_STATUSES = {"won": "ACCEPTED"}


def _lines(of: Of, info: Info, **args: Any) -> JsonObject:
    del info
    return page([Of("LineItem", of.order, line) for line in of.order.lines], args)


def _email(of: Of, info: Info) -> str | None:
    return of.order.email if info.context.sees_customers else None


def _customer(of: Of, info: Info) -> JsonObject | None:
    order = of.order
    if order.email is None or not info.context.sees_customers:
        return None
    name = f"{order.first_name} {order.last_name}".strip() or order.email
    return {"id": gid("Customer", stable_number("customer", order.shop, order.email)), "displayName": name}


def _transactions(of: Of, info: Info, **args: Any) -> list[Of]:
    del info
    return [Of("OrderTransaction", of.order, entry) for entry in of.order.transactions[: args.get("first")]]


def _parent(of: Of, info: Info) -> Of | None:
    del info
    return payment(of.order, of.it.parent_id)


def payment(order: Order, number: int | None) -> Of | None:
    """A transaction of the order, shown."""
    found = next((entry for entry in order.transactions if entry.id == number), None)
    return Of("OrderTransaction", order, found) if found else None


def _metafield(of: Of, info: Info, **args: Any) -> Of | None:
    del info
    wanted = (args.get("namespace") or "$app", args["key"])
    found = next((entry for entry in of.order.metafields if (entry.namespace, entry.key) == wanted), None)
    return Of("Metafield", of.order, found) if found else None


def _dispute(entry: Dispute) -> JsonObject:
    status = DISPUTE_STATUSES.get(entry.status, entry.status.upper())
    return {"id": gid("OrderDisputeSummary", entry.id), "initiatedAs": entry.kind.upper(), "status": status}


def _suggested(of: Of, info: Info, **args: Any) -> JsonObject | None:
    del info
    order = of.order
    if args.get("suggestFullRefund"):
        units, amount = everything(order, "NO_RESTOCK"), maximum(order)
    else:
        given = args.get("refundLineItems") or []
        units = [Units(need_number(entry["lineItemId"], "LineItem"), entry["quantity"]) for entry in given]
        try:
            amount = suggested_minor(order, units, shipping=bool(args.get("refundShipping")))
        except RefusedError:
            return None
    return {
        "amountSet": money_bag(order, amount),
        "subtotalSet": money_bag(order, amount),
        "maximumRefundableSet": money_bag(order, maximum(order)),
        "suggestedTransactions": [
            {
                "gateway": "shopify_payments",
                "kind": "SUGGESTED_REFUND",
                "amountSet": money_bag(order, entry.amount_minor),
                "parentTransaction": payment(order, entry.parent_id),
            }
            for entry in paybacks_for(order, amount)
        ],
    }


def _refundable(of: Of, info: Info) -> JsonObject | None:
    del info
    entry: Transaction = of.it
    left = refundable(of.order, entry)
    return graphql_money(left, of.order.currency) if entry.kind in ("SALE", "CAPTURE") else None


ORDER_FIELDS: Resolvers = {
    "Order": {
        "id": lambda of, _: gid("Order", of.it.id),
        "legacyResourceId": lambda of, _: str(of.it.id),
        "createdAt": lambda of, _: utc(of.it.created_ms),
        "updatedAt": lambda of, _: utc(of.it.updated_ms),
        "processedAt": lambda of, _: utc(of.it.created_ms),
        "cancelledAt": lambda of, _: utc(of.it.cancelled_ms) if of.it.cancelled_ms else None,
        "closedAt": lambda _of, _: None,
        "currencyCode": lambda of, _: of.it.currency,
        "presentmentCurrencyCode": lambda of, _: of.it.presentment_currency or of.it.currency,
        "customerLocale": lambda of, _: of.it.locale,
        "displayFinancialStatus": lambda of, _: financial_status(of.it),
        "displayFulfillmentStatus": lambda of, _: fulfilment_status(of.it),
        "disputes": lambda of, _: [_dispute(entry) for entry in of.it.disputes],
        "customer": _customer,
        "email": _email,
        "fullyPaid": lambda of, _: received(of.it) >= total(of.it),
        "lineItems": _lines,
        "metafield": _metafield,
        "phone": lambda _of, _: None,
        "risk": lambda of, _: {
            "recommendation": RECOMMENDATIONS.get(of.it.risk, "NONE"),
            "assessments": [{"riskLevel": of.it.risk}],
        },
        "suggestedRefund": _suggested,
        "totalPriceSet": lambda of, _: money_bag(of.it, total(of.it)),
        "currentTotalPriceSet": lambda of, _: money_bag(of.it, current_total(of.it)),
        "totalRefundedSet": lambda of, _: money_bag(of.it, refunded(of.it)),
        "totalReceivedSet": lambda of, _: money_bag(of.it, received(of.it)),
        "totalOutstandingSet": lambda of, _: money_bag(of.it, outstanding(of.it)),
        "transactions": _transactions,
    },
    "LineItem": {
        "id": lambda of, _: gid("LineItem", of.it.id),
        "currentQuantity": lambda of, _: of.it.current,
        "refundableQuantity": lambda of, _: of.it.current,
        "unfulfilledQuantity": lambda of, _: unfulfilled(of.order, of.it.id),
        "isGiftCard": lambda of, _: of.it.gift_card,
        "customAttributes": lambda of, _: [{"key": key, "value": value} for key, value in of.it.properties],
        "discountedUnitPriceAfterAllDiscountsSet": lambda of, _: money_bag(
            of.order, line_share(of.order, of.it.price_minor)
        ),
        "originalUnitPriceSet": lambda of, _: money_bag(of.order, of.it.price_minor),
        "product": lambda of, _: of.it.product_id and {"id": gid("Product", of.it.product_id)},
        "variant": lambda of, _: of.it.variant_id and {"id": gid("ProductVariant", of.it.variant_id), "sku": of.it.sku},
    },
    "OrderTransaction": {
        "id": lambda of, _: gid("OrderTransaction", of.it.id),
        "amountSet": lambda of, _: money_bag(of.order, of.it.amount_minor),
        "createdAt": lambda of, _: utc(of.it.at_ms),
        "processedAt": lambda of, _: utc(of.it.at_ms),
        "maximumRefundableV2": _refundable,
        "parentTransaction": _parent,
        "status": lambda _of, _: "SUCCESS",
        "test": lambda of, _: of.order.test,
    },
    "Metafield": {
        "id": lambda of, _: gid("Metafield", of.it.id),
        "updatedAt": lambda of, _: utc(of.it.at_ms),
    },
}
