"""Webhook topics: the name on the wire and the one in GraphQL."""

API_TOPICS = {
    "APP_UNINSTALLED": "app/uninstalled",
    "DISPUTES_CREATE": "disputes/create",
    "DISPUTES_UPDATE": "disputes/update",
    "FULFILLMENT_ORDERS_HOLD_RELEASED": "fulfillment_orders/hold_released",
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD": "fulfillment_orders/placed_on_hold",
    "ORDERS_CANCELLED": "orders/cancelled",
    "ORDERS_CREATE": "orders/create",
    "ORDERS_EDITED": "orders/edited",
    "ORDERS_PAID": "orders/paid",
    "ORDERS_RISK_ASSESSMENT_CHANGED": "orders/risk_assessment_changed",
    "ORDERS_UPDATED": "orders/updated",
    "REFUNDS_CREATE": "refunds/create",
}
GRAPHQL_NAMES = {topic: name for name, topic in API_TOPICS.items()}

# Only from shopify.app.toml, never in the GraphQL enum: https://shopify.dev/docs/apps/build/compliance
COMPLIANCE_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
ALL_TOPICS = (*API_TOPICS.values(), *COMPLIANCE_TOPICS)
