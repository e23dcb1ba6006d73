"""A stand-in for Shopify: shops, their orders, the Admin GraphQL API for what we call, and the webhook sender."""
