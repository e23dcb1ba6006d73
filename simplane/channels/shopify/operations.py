"""Every GraphQL document we send, for Admin API 2026-10. Tests check each against the published schema."""

from __future__ import annotations

from dataclasses import dataclass

API_VERSION = "2026-10"
"""Stable since 1 October 2026, answered for at least 12 months: https://shopify.dev/docs/api/usage/versioning"""


@dataclass(frozen=True, slots=True)
class Operation:
    """One document. `changes`: it does something at the shop, so a lost answer means nobody knows."""

    name: str
    text: str
    changes: bool = False


_LINE = """
fragment LineFields on LineItem {
  id sku title quantity currentQuantity requiresShipping isGiftCard
  variant { id } product { id }
  discountedUnitPriceAfterAllDiscountsSet { shopMoney { amount currencyCode } }
}
"""
_ORDER = (
    """
fragment OrderFields on Order {
  id name createdAt processedAt updatedAt cancelledAt test displayFinancialStatus
  email phone customerLocale customer { displayName } currencyCode
  totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }
  totalRefundedSet { shopMoney { amount currencyCode } }
  lineItems(first: 25) { pageInfo { hasNextPage endCursor } nodes { ...LineFields } }
}
"""
    + _LINE
)
CHANGED_ORDERS = Operation(
    "ChangedOrders",
    """
query ChangedOrders($q: String!, $after: String) {
  orders(first: 50, after: $after, query: $q, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor } nodes { ...OrderFields }
  }
}
"""
    + _ORDER,
)
ONE_ORDER = Operation("OneOrder", "query OneOrder($id: ID!) { order(id: $id) { ...OrderFields } }\n" + _ORDER)
MORE_LINES = Operation(
    "MoreLines",
    """
query MoreLines($id: ID!, $after: String!) {
  order(id: $id) { lineItems(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...LineFields } } }
}
"""
    + _LINE,
)
OPEN_FULFILMENTS = Operation(
    "OpenFulfilments",
    """
query OpenFulfilments($id: ID!, $sent: Int!, $homes: Int!, $lines: Int!) {
  order(id: $id) {
    fulfillments(first: $sent) {
      id status trackingInfo(first: 3) { number }
      fulfillmentLineItems(first: $lines) { pageInfo { hasNextPage } nodes { quantity lineItem { id } } }
    }
    fulfillmentOrders(first: $homes) {
      pageInfo { hasNextPage }
      nodes {
        id status supportedActions { action } assignedLocation { name location { id } }
        lineItems(first: $lines) { pageInfo { hasNextPage } nodes { id remainingQuantity lineItem { id } } }
      }
    }
  }
}
""",
)
HELD_FULFILMENT = Operation(
    "HeldFulfilment",
    """
query HeldFulfilment($id: ID!) {
  fulfillmentOrder(id: $id) {
    id orderId status fulfillmentHolds { reason } lineItems(first: 100) { nodes { lineItem { id } } }
  }
}
""",
)
FULFIL = Operation(
    "Fulfil",
    """
mutation Fulfil($fulfillment: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $fulfillment) { fulfillment { id status } userErrors { field message } }
}
""",
    changes=True,
)
SUGGESTED_REFUND = Operation(
    "SuggestedRefund",
    """
query SuggestedRefund($id: ID!, $lines: [RefundLineItemInput!], $whole: Boolean) {
  order(id: $id) {
    currencyCode presentmentCurrencyCode
    refunds(first: 50) { id note }
    suggestedRefund(refundLineItems: $lines, suggestFullRefund: $whole) {
      amountSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }
      suggestedTransactions {
        gateway
        amountSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }
        parentTransaction { id }
      }
    }
  }
}
""",
)
REFUND = Operation(
    "Refund",
    """
mutation Refund($input: RefundInput!, $key: String!) {
  refundCreate(input: $input) @idempotent(key: $key) {
    refund { id totalRefundedSet { shopMoney { amount currencyCode } } } userErrors { field message }
  }
}
""",
    changes=True,
)
SUBSCRIPTIONS = Operation(
    "Subscriptions",
    """
query Subscriptions($after: String) {
  webhookSubscriptions(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { topic uri } }
}
""",
)
SUBSCRIBE = Operation(
    "Subscribe",
    """
mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    webhookSubscription { id } userErrors { field message }
  }
}
""",
    changes=True,
)
PROBE = Operation("Probe", "query Probe { shop { myshopifyDomain } }")
ALL = (
    CHANGED_ORDERS,
    ONE_ORDER,
    MORE_LINES,
    OPEN_FULFILMENTS,
    HELD_FULFILMENT,
    FULFIL,
    SUGGESTED_REFUND,
    REFUND,
    SUBSCRIPTIONS,
    SUBSCRIBE,
    PROBE,
)


def gid(kind: str, number: str) -> str:
    """`gid://shopify/Order/1030447977509`."""
    return f"gid://shopify/{kind}/{number}"
